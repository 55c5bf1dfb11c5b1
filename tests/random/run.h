/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a program in one engine, in a machine of its own. */
#ifndef TESTS_RANDOM_RUN_H
#define TESTS_RANDOM_RUN_H

#include "accel/accel.h"
#include "tests/random/program.h"

typedef struct {
    const char *name;
    bool interpreter, no_victims, no_page_tables, one_insn;
    bool small_cache;           /* a part of it is full after 120 KiB of code */
    bool at_once;               /* regions are waited for: the same run each time */
    unsigned check;             /* each so manieth block again in the interpreter, one instruction a time */
    bool oracle;                /* the outside one */
    bool named_only;            /* takes no part unless it is asked for */
    unsigned hot;
} Engine;

typedef enum { RUN_ENDED, RUN_HANGS, RUN_CRASHES } How;

typedef struct {
    How how;
    uint64_t pc;                /* if it hangs */
    uint64_t regions, invalidated, exceptions, interrupts;      /* as the engine has counted them */
    uint8_t ram[MEM_SIZE];      /* as it was at the end */
} Outcome;

/* The reference first. */
extern const Engine engines[];
extern const unsigned engine_count;
const Engine *engine_find(const char *name);

/* quiet: nothing on standard error, of an engine that is known to crash. */
Outcome *run_program(const Program *p, const Engine *engine, double time_limit, bool quiet);
Outcome *outcome_new(void);
void outcome_free(Outcome *outcome);

bool outcomes_differ(const Outcome *a, const Outcome *b);
/* The physical address of the first byte that differs, or -1. */
int64_t outcome_difference(const Outcome *a, const Outcome *b);
/* Guest instructions that were executed, about. */
/* Whether it was ended because of too many exceptions: what else it did may be anything. */
bool outcome_given_up(const Program *p, const Outcome *outcome);
uint64_t outcome_instructions(const Program *p, const Outcome *outcome);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outcome, outcome_free)

#endif
