/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the gdb server share. */
#ifndef GDBSTUB_GDB_H
#define GDBSTUB_GDB_H

#include "chardev/chardev.h"
#include "gdbstub/gdbstub.h"
#include "gdbstub/packet.h"
#include "system/cpu.h"
#include "system/debug.h"
#include "system/machine.h"

/* Signals as gdb numbers them. */
enum { GDB_INT = 2, GDB_QUIT = 3, GDB_TRAP = 5, GDB_ABRT = 6 };

/* Bits of qqemu.sstep. */
enum { SSTEP_ENABLE = 1, SSTEP_NO_INTERRUPTS = 2, SSTEP_KNOWN = 3 };

struct GdbServer {
    const MonitorContext *context;
    Machine *machine;
    Chardev *chr;               /* NULL: it serves nowhere */
    char *chardev;              /* id of the device that it has made itself, or NULL */
    Packets *packets;
    GString *out;               /* waits for room in chr */
    bool attached;              /* a client has spoken and not detached */
    bool goes_on;               /* the machine is to run when the client goes away */
    bool waiting;               /* the client waits for the machine to stop */
    bool in_monitor;            /* a monitor command of the client runs */
    unsigned cpu;               /* of g, m ...: an index */
    unsigned resumed;           /* of c and s: an index, or all */
    unsigned listed;            /* threads that qsThreadInfo has told */
    bool physical;              /* memory commands take physical addresses */
    unsigned sstep;
};

#define ALL_CPUS (~0u)

/* The rest of a packet; the text ends with a 0 that does not belong to it. */
typedef struct {
    const char *at, *end;
} Args;

/* The answers to what cannot be read, and to memory that is not there or not to be written. */
#define GDB_MALFORMED "E22"
#define GDB_NO_MEMORY "E14"

/* A number in hexadecimal digits, at most 16; false: there is none. */
bool args_hex(Args *a, uint64_t *value);
/* Takes c if it comes next. */
bool args_take(Args *a, char c);
bool args_take_text(Args *a, const char *text);
static inline bool args_at_end(const Args *a)
{
    return a->at == a->end;
}
/* A thread id: *cpu is its index, or ALL_CPUS for -1 and, as any will do, the first for 0. */
bool args_thread(const GdbServer *s, Args *a, unsigned *cpu);
/* Pairs of digits to the end into out; false: they are none. */
bool args_bytes(Args *a, GByteArray *out);
void append_hex(GString *out, const void *bytes, size_t len);
/* "E.TEXT" */
void reply_error(GString *reply, const char *text);

Cpu *gdb_cpu(const GdbServer *s);

/* server.c: a packet on its own, before the answer. */
void gdb_send(GdbServer *s, const GString *text);

/* Each handles what follows the command's letters and makes the answer: nothing appended means that there is
 * no such command. */
typedef void GdbCommand(GdbServer *s, Args *args, GString *reply);

/* query.c */
GdbCommand gdb_query, gdb_set, gdb_thread_alive, gdb_choose_thread;
/* registers.c */
GdbCommand gdb_read_registers, gdb_write_registers, gdb_read_register, gdb_write_register;
/* memory.c */
GdbCommand gdb_read_memory, gdb_write_memory, gdb_write_binary;
/* breakpoint.c */
GdbCommand gdb_insert, gdb_remove;
/* resume.c; these answer when the machine stops. */
GdbCommand gdb_continue, gdb_continue_signal, gdb_step, gdb_step_signal, gdb_vcont, gdb_last_stop;
GdbCommand gdb_vcont_query, gdb_interrupt_command;
/* The machine has stopped while the client waits. */
void gdb_tell_stop(GdbServer *s);
/* Takes all points away, and steps and stops that are under way; in force at once. */
void gdb_forget_points(GdbServer *s);

#endif
