/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program in which two engines differ, made small, and what there is to say about it. */
#ifndef TESTS_RANDOM_SHRINK_H
#define TESTS_RANDOM_SHRINK_H

#include "tests/random/run.h"

/* Whether the engine's run differs from the reference's. */
bool engines_differ(const Program *p, const Engine *reference, const Engine *engine, double time_limit);
/* Makes instructions NOPs while the difference remains. */
void shrink(Program *p, const Engine *reference, const Engine *engine, double time_limit);
/* Prints what differs and the code, as TAP comments; log: what the engine's run is to log, or NULL. */
void report_difference(const Program *p, const Engine *reference, const Engine *engine, double time_limit,
                       const char *log);

#endif
