/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A debugger's breakpoints, watchpoints and steps. No block begins at a breakpoint and none goes past
 * one, so that what is translated needs no checks: the way to a breakpoint leads through the run loop,
 * which finds no code there. Pages with watchpoints are not in the tables of the soft TLB, and the slow path
 * looks at addresses. Steps are the interpreter's, one instruction at a time, whatever the back end is.
 */
#ifndef ACCEL_TCG_DEBUG_H
#define ACCEL_TCG_DEBUG_H

#include "accel/tcg/tcg.h"

typedef struct TcgDebug TcgDebug;

void tcg_debug_free(Tcg *tcg);
/* Takes over what machine->debug asks for; false: this CPU is to stand still. vCPU parked or about to park
 * for the first time, machine lock held. */
bool tcg_debug_resume(Tcg *tcg);

/* ---- the vCPU's thread, with tcg->debug ---- */

/* Makes the steps that are asked for; true: requests are to be looked at again. */
bool tcg_debug_attend(Tcg *tcg);
/* Cuts the *avail bytes at pc that a block may be made of before the next breakpoint; false: there is one
 * at pc. */
bool tcg_debug_limit(const Tcg *tcg, uint64_t pc, unsigned *avail);
/* The CPU stands at a breakpoint. */
void tcg_debug_at_break(Tcg *tcg);
/* A data access that is about to be made: leaves for the run loop with EXC_NONE where it is watched. */
void tcg_debug_access(Tcg *tcg, uint64_t vaddr, unsigned size, bool write);
/* It did, and the state was restored. */
void tcg_debug_at_watch(Tcg *tcg);

#endif
