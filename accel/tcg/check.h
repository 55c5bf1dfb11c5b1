/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -accel tcg,check=N: each N-th block is done again by the interpreter, and both must agree. */
#ifndef ACCEL_TCG_CHECK_H
#define ACCEL_TCG_CHECK_H

#include "accel/tcg/tcg.h"

typedef struct Check Check;

/* Blocks do not lead to each other and stores all take the slow path, where they are noted. */
Check *check_new(Tcg *tcg, unsigned every);
void check_free(Check *c);
/* Runs code, as the back end does; now and then compares. Ends the program with both states at the first
 * difference. An exception unwinds as ever. */
RunResult check_run(Check *c, const void *code);
/* Memory is about to be written there. */
void check_store(Check *c, uint8_t *host, unsigned size);
/* Something was done that cannot be done twice: an access to a device, a displaced entry forgotten. */
void check_only_once(Check *c);

#endif
