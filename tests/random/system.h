/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the parts of what stands around a program. */
#ifndef TESTS_RANDOM_SYSTEM_H
#define TESTS_RANDOM_SYSTEM_H

#include "tests/random/generate.h"

/* In the page of the handlers, which K0 points to in the general one. */
enum { HANDLER_AT = 0, HANDLER_V0 = 8, HANDLER_V1 = 16, HANDLER_TICKS = 32 };

/* ---- mmu.c ---- */

/* The page tables in memory. */
void mmu_tables(Gen *g);
void mmu_refill(Gen *g, Asm *a);
/* A fault that only shows that another alias has changed the page: the TLB is made true, and on to again;
 * nothing is to be seen of it. Else on to other. */
void mmu_stale(Gen *g, Asm *a, Label other, Label again);
/* A fault at a page that is only not valid or not writable yet: made so, and on to again, where the
 * instruction is repeated. K1 holds Cause; on to other if it is something else. */
void mmu_fault(Gen *g, Asm *a, Label other, Label again);
/* Takes everything out of the TLB; uses AT, V0 and V1. */
void mmu_flush_all(Gen *g, Asm *a);
/* The system call that V0 names, then on to done; K1 is lost. */
void mmu_calls(Gen *g, Asm *a, Label done);

#endif
