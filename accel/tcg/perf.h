/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells perf where machine code lies and what it was made of. */
#ifndef ACCEL_TCG_PERF_H
#define ACCEL_TCG_PERF_H

#include <glib.h>
#include <stdbool.h>
#include "accel/tcg/block.h"

typedef struct PerfLog PerfLog;

/* map: a line a block in /tmp/perf-PID.map, which "perf report" reads. dump: jit-PID.dump in the current
 * folder, with the code, for "perf record -k 1" and "perf inject --jit". NULL with err when neither file
 * can be made. */
PerfLog *perf_log_new(bool map, bool dump, GError **err);
void perf_log_free(PerfLog *log);
/* A block has code. */
void perf_log_block(PerfLog *log, const Block *b);

#endif
