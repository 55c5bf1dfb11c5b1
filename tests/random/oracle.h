/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outside oracle: Debian's qemu-system-mips*, which shares no code with the engines. Many programs run
 * in one boot of it, and its RAM is a file that we see too. */
#ifndef TESTS_RANDOM_ORACLE_H
#define TESTS_RANDOM_ORACLE_H

#include "tests/random/run.h"

/* In one boot. */
#define ORACLE_MOST 400

/* The emulator for the target, or NULL when it is not installed; to be freed. */
char *oracle_find(const Target *target);
/*
 * Runs 1 to ORACLE_MOST programs, all of one target and model and made for an oracle; outcomes (to be freed
 * with outcome_free) are in their order. A program that does not end within the time limit is RUN_HANGS, one
 * at which the emulator ends is RUN_CRASHES.
 */
void oracle_run(const Program *const *programs, unsigned n, double time_limit, Outcome **outcomes);

#endif
