/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small programs in which engines differed once. */
#include "tests/random/generate.h"

/* A loop around body that is entered often enough. */
static void begin_loop(Gen *g, Label *head, unsigned trips)
{
    put(g, I_TYPE(OP_ADDIU, R_S0, R_ZERO, trips));
    *head = asm_here(g->a);
}

static void end_loop(Gen *g, Label head)
{
    put(g, I_TYPE(OP_ADDIU, R_S0, R_S0, -1));
    asm_branch(g->a, I_TYPE(OP_BGTZ, 0, R_S0, 0), head);
    put(g, NOP);
}

/* A region of one basic block that branches to itself: homes were loaded again in each round. */
static void likely_self_loop(Gen *g)
{
    Label head;
    begin_loop(g, &head, 100);
    put(g, I_TYPE(OP_ADDIU, R_S0, R_S0, -1));
    asm_branch(g->a, I_TYPE(OP_BGTZL, 0, R_S0, 0), head);
    put(g, I_TYPE(OP_ADDIU, R_V0, R_V0, 3));
}

/* A single that is its home's lower half, for the last time, goes to the same home. */
static void half_of_home(Gen *g)
{
    Label head;
    begin_loop(g, &head, 100);
    put(g, COP1(16, 0, 6) | 6u << 6 | 6);       /* MOV.S f6, f6 */
    put(g, COP1(16, 0, 6) | 7u << 6 | 6);       /* MOV.S f7, f6 */
    put(g, COP1(16, 6, 7) | 6u << 6);           /* ADD.S f6, f7, f6 */
    end_loop(g, head);
}

const Known known[] = {
    { "likely-self-loop", 2, "MIPS64R2-generic", true, likely_self_loop },
    { "likely-self-loop-32", 1, "24Kf", false, likely_self_loop },
    { "half-of-home", 1, "24Kf", false, half_of_home },
    { "half-of-home-64", 2, "20Kc", true, half_of_home },
};

const unsigned known_count = G_N_ELEMENTS(known);
