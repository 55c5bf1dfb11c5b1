/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interpreter as a back end: blocks from lowered regions, chains, exceptions. */
#include "accel/tcg/interp/interp.h"

static void *keep(Arena *arena, const void *from, size_t size)
{
    void *p = arena_alloc_meta(arena, size);
    memcpy(p, from, size);
    return p;
}

static void make(Tcg *tcg, Arena *arena, const IrRegion *r, Block *b)
{
    Lowered low;
    interp_lower(r, &low);
    InterpBlock *extra = arena_alloc_meta(arena, sizeof(*extra));
    *extra = (InterpBlock){
        .nops = low.nops, .nsnaps = (uint16_t)r->nsnaps,
        .op_snap = keep(arena, low.op_snap, low.nops * sizeof(*low.op_snap)),
        .snaps = keep(arena, r->snaps, r->nsnaps * sizeof(*r->snaps)),
    };
    b->code_size = low.nops * (uint32_t)sizeof(InterpOp);
    Block **behind = arena_alloc_code(arena, sizeof(b) + b->code_size);
    *behind = b;
    InterpOp *code = (InterpOp *)(void *)(behind + 1);
    memcpy(code, low.code, b->code_size);
    b->code = code;
    b->extra = extra;
    b->nexits = low.nexits;
    b->exits = arena_alloc_meta(arena, low.nexits * sizeof(BlockExit));
    for (unsigned i = 0; i < low.nexits; i++) {
        b->exits[i] = (BlockExit){ .pc = low.exit_pc[i], .from = b, .site = &code[low.exit_op[i]] };
    }
    g_free(low.code);
    g_free(low.op_snap);
    g_free(low.exit_pc);
    g_free(low.exit_op);
}

static RunResult run(Tcg *tcg, const void *code)
{
    BlockExit *exit = interp_run(tcg->cpu, code, &tcg->interpreted);
    return (RunResult){ exit ? RUN_EXIT : RUN_LOOKUP, exit };
}

static void chain(Tcg *tcg, BlockExit *exit, const Block *to)
{
    InterpOp *op = exit->site;
    op->c = 1;
    op->imm = (int32_t)((const char *)to->code - (char *)op);
}

static void unchain(Tcg *tcg, BlockExit *exit)
{
    InterpOp *op = exit->site;
    op->c = 0;
    op->imm = (int32_t)(exit - exit->from->exits);
}

/* Guest registers are in their slots already. */
static void restore(Tcg *tcg)
{
    MipsCpu *cpu = tcg->cpu;
    const InterpOp *op = cpu->cur_op, *code = tcg->interpreted;
    const InterpBlock *b = block_of_code(code)->extra;
    g_assert(op >= code && op < code + b->nops);
    uint16_t snap = b->op_snap[op - code];
    g_assert(snap < b->nsnaps);
    cpu->pc = b->snaps[snap].pc;
    cpu->exc.bd = b->snaps[snap].delay_slot;
}

const TcgBackend interp_backend = {
    .name = "interpreter", .make = make, .run = run, .link = chain,
    .unlink = unchain, .restore = restore, .print = interp_print,
};
