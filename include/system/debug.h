/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a debugger asks of the machine: where to stop, and how each CPU goes on. Who debugs
 * writes it, what runs the CPUs (MachineRunner) heeds it from its next resume on, and says
 * why a CPU has stopped. Machine lock held for all.
 */
#ifndef SYSTEM_DEBUG_H
#define SYSTEM_DEBUG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Machine Machine;

typedef enum {
    DEBUG_SOFT_BREAK, DEBUG_HARD_BREAK, DEBUG_WATCH_WRITE, DEBUG_WATCH_READ, DEBUG_WATCH_ACCESS,
} DebugKind;

/* Virtual addresses as the CPU's registers hold them; of a breakpoint len means nothing. */
typedef struct {
    DebugKind kind;
    uint64_t addr, len;
} DebugPoint;

typedef enum { DEBUG_RUN, DEBUG_STEP, DEBUG_STAND } DebugAction;

/* How one CPU goes on. */
typedef struct {
    DebugAction action;
    uint64_t first, end;        /* DEBUG_STEP: at least one instruction, then as long as PC is in there */
    bool no_interrupts;         /* DEBUG_STEP: interrupts wait */
} DebugRequest;

typedef enum { DEBUG_NO_STOP, DEBUG_AFTER_STEP, DEBUG_AT_BREAK, DEBUG_AT_WATCH } DebugWhy;

typedef struct {
    DebugWhy why;
    unsigned cpu;
    DebugKind kind;             /* at a watchpoint: its kind, and the first watched byte of the access */
    uint64_t addr;
} DebugStop;

typedef struct {
    GArray *points;             /* of DebugPoint */
    unsigned generation;        /* another one after each change of the points */
    GArray *requests;           /* of DebugRequest, for each CPU; DEBUG_RUN again once the machine stops */
    DebugStop stop;             /* why the machine is in RUN_DEBUG */
    bool pending;               /* a CPU has stopped and the machine will: nobody goes on */
} Debug;

/* machine->debug, made if need be. */
Debug *debug_of(Machine *machine);
void debug_free(Debug *debug);
/* Adds a point or takes it away, if it is not, or is, there. */
void debug_set_point(Machine *machine, const DebugPoint *point, bool set);
void debug_clear_points(Machine *machine);
/* A vCPU's thread: it stops, and the machine will. The first of several counts. */
void debug_report(Machine *machine, const DebugStop *stop);
/* The machine stands: requests are done with. */
void debug_stopped(Machine *machine);
/* How CPU n goes on now. */
DebugRequest debug_request(const Machine *machine, unsigned n);

#endif
