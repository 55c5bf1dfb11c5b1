/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random programs here and in the outside oracle. */
#ifndef TESTS_RANDOM_OUTSIDE_H
#define TESTS_RANDOM_OUTSIDE_H

#include "tests/random/run.h"

/* What is told of each program: where it differs, or NULL where it does not; the program is the callee's to
 * change. */
typedef void OutsideReport(void *opaque, Program *p, const Engine *engine, const Outcome *ours,
                           bool differs);

/* Compares engine with the oracle on n programs, of any targets and models; sorts them. */
void outside_compare(Program **programs, unsigned n, const Engine *engine, double time_limit,
                     OutsideReport *report, void *opaque);

#endif
