/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Branches, exits, indirect jumps, exceptions, and calls of helpers. */
#include "accel/tcg/jit/x86_64/gen.h"
#include "accel/tcg/flat.h"
#include "accel/tcg/softmmu.h"

/* ---- labels ---- */

static void jump_to_label(Gen *g, uint8_t *at, int64_t label)
{
    LabelUse use = { at, (unsigned)label };
    g_array_append_val(g->label_uses, use);
}

static void label(Gen *g, const IrOp *op)
{
    g->label_at[op->imm] = g->a.p;
    g->calls = false;
    gen_forget_values(g);
    for (unsigned i = 0; i < g->nblocks; i++) {
        if (g->blocks[i].first == g->now) {
            g->dirty = g->blocks[i].dirty_in;
        }
    }
    if (op->mem & 1) {
        Stub s = { .kind = STUB_POLL, .dirty = g->dirty, .imm = (int64_t)g->r->label_pc[op->imm] };
        x_alu_mi(&g->a, false, ALU_CMP, RBP, CPU(exit_request), 0);
        s.from[0] = x_jcc(&g->a, CC_NE);
        g_array_append_val(g->stubs, s);
    }
}

/* ---- direct exits ---- */

static BlockExit *new_exit(Gen *g, uint64_t pc, ExitKind kind)
{
    BlockExit x = { .pc = g->r->word == IR_I32 ? (uint64_t)(int32_t)pc : pc, .from = g->b,
                    .kind = kind };
    g_array_append_val(g->exits, x);
    return &g_array_index(g->exits, BlockExit, g->exits->len - 1);
}

/* RAX = exit n. Its place in memory is known when all are counted: its number stands for it. */
static void load_exit(Gen *g, unsigned n)
{
    LabelUse later = { NULL, n };
    x_opcode(&g->a, 8, X_LEA);
    x_8(&g->a, RAX << 3 | 5);
    later.at = g->a.p;
    x_32(&g->a, 0);
    g_array_append_val(g->exit_uses, later);
}

/* A way back, or not surely forward: every loop looks for requests somewhere. */
static bool goes_back(const Gen *g, uint64_t pc)
{
    return pc <= g->b->end;
}

/* [cmp exec entry, frame]: where a page of code is, in the tables of the mode. */
static void compare_frame(Gen *g, uint64_t pc, uint32_t frame)
{
    x_rm(&g->a, false, 0x81, ALU_CMP, R15, flat_exec_disp(pc, g->user));
    x_32(&g->a, frame);
}

/*
 * [cmp exit_request, 0; jne back]  [cmp exec entry, frame; jne back]  jmp next  back: to the run loop.
 * The jump at first goes on to what follows.
 */
void gen_exit(Gen *g, uint64_t pc, ExitKind kind)
{
    Asm *a = &g->a;
    unsigned n = g->exits->len;
    BlockExit *x = new_exit(g, pc, kind);
    uint8_t *skip[2] = { NULL, NULL };
    bool same = tcg_same_mapping(g->tcg, g->b->pc, x->pc);
    x->checks_page = !same && !(g->b->mode & MODE_ADDR64);
    if (goes_back(g, x->pc)) {
        x_alu_mi(a, false, ALU_CMP, RBP, CPU(exit_request), 0);
        skip[0] = x_jcc_short(a, CC_NE);
    }
    if (x->checks_page) {
        compare_frame(g, x->pc, 0xffffffff);
        skip[1] = x_jcc(a, CC_NE);
    }
    x->site = x_jmp(a);
    for (int i = 0; i < 2; i++) {
        if (skip[i] && i == 0) {
            x_patch_short(skip[i], a->p);
        } else if (skip[i]) {
            x_patch(skip[i], a->p);
        }
    }
    load_exit(g, n);
    x_jmp_to(a, g->jit->exit, g->exec);
}

/* EAX = the target: on at once if it is that of the first time, else by a look-up. */
static void jump_cached(Gen *g)
{
    Asm *a = &g->a;
    unsigned n = g->exits->len;
    BlockExit *x = new_exit(g, 1, EXIT_INDIRECT);
    x->checks_page = true;
    x_8(a, 0x3d);                                   /* CMP EAX, imm32: never 1 as it is */
    x_32(a, 1);
    x_jcc(a, CC_NE);
    uint8_t *miss = a->p;
    x_alu_mi(a, false, ALU_CMP, RBP, CPU(exit_request), 0);
    uint8_t *asked = x_jcc(a, CC_NE);
    compare_frame(g, 0, 0);
    uint8_t *moved = x_jcc(a, CC_NE);
    uint8_t *site = x->site = x_jmp(a);
    x_patch(asked, a->p);
    x_patch(moved, a->p);
    g_assert(a->p == site + JIT_IC_LOOKUP && miss == site + JIT_IC_MISS + 4);
    x_mov_ri_flags(a, false, RDX, g->b->mode);
    x_jmp_to(a, g->jit->jump[g->user], g->exec);
    g_assert(a->p == site + JIT_IC_FIRST);
    x_patch(miss - 4, a->p);
    x_rr(a, true, X_MOVSXD, RAX, RAX);
    x_rm(a, true, X_MOV_STORE, RAX, RBP, CPU(pc));
    load_exit(g, n);
    x_jmp_to(a, g->jit->leave, g->exec);
}

static void exit_if(Gen *g, const IrOp *op)
{
    HostCond cc = gen_test(g, op->arg[0]);
    Stub s = { .kind = STUB_EXIT, .dirty = g->dirty, .imm = op->imm };
    s.from[0] = x_jcc(&g->a, cc);
    g_array_append_val(g->stubs, s);
}

static void exit_moved(Gen *g, const IrOp *op)
{
    g_assert(!(g->b->mode & MODE_ADDR64));
    compare_frame(g, (uint64_t)op->imm, (uint32_t)g->r->ops[op->arg[0]].imm);
    Stub s = { .kind = STUB_EXIT, .dirty = g->dirty, .imm = op->imm };
    s.from[0] = x_jcc(&g->a, CC_NE);
    g_array_append_val(g->stubs, s);
}

/* The label that operation v is, or -1. */
static int64_t label_of(const Gen *g, IrVal v)
{
    return v < g->r->nops && g->r->ops[v].code == IR_LABEL ? g->r->ops[v].imm : -1;
}

/* A branch to what comes next needs no code. */
static void branch(Gen *g, const IrOp *op)
{
    if (g->skip != g->now && label_of(g, g->now + 1) != op->imm) {
        jump_to_label(g, x_jmp(&g->a), op->imm);
    }
}

/* When only a BR lies between here and the label, the condition is turned round and the BR left out. */
static void branch_if(Gen *g, const IrOp *op)
{
    HostCond cc = gen_test(g, op->arg[0]);
    const IrOp *next = &g->r->ops[g->now + 1];
    if (next->code == IR_BR && label_of(g, g->now + 2) == op->imm) {
        jump_to_label(g, x_jcc(&g->a, cc ^ 1u), next->imm);
        g->skip = g->now + 1;
    } else {
        jump_to_label(g, x_jcc(&g->a, cc), op->imm);
    }
}

/* ---- calls and returns of the guest ---- */

/* Notes where the guest's function will return to: a way out of this block, at its end. */
static void push_return(Gen *g, const IrOp *op)
{
    Asm *a = &g->a;
    g->calls = true;
    if (g->b->mode & MODE_ADDR64) {
        return;
    }
    x_rm(a, false, X_MOV_LOAD, RAX, RBP, STATE(return_top));
    x_alu_ri(a, false, ALU_ADD, RAX, sizeof(JitReturn));
    x_alu_ri(a, false, ALU_AND, RAX, (JIT_RETURNS - 1) * (int32_t)sizeof(JitReturn));
    x_rm(a, false, X_MOV_STORE, RAX, RBP, STATE(return_top));
    x_alu_rr(a, true, ALU_ADD, RAX, RBP);
    x_mov_mi(a, false, RAX, STATE(returns[0].pc), (int32_t)op->imm);
    x_mov_mi(a, false, RAX, STATE(returns[0].mode), (int32_t)g->b->mode);
    x_rm(a, false, X_MOV_LOAD, RCX, RBP, CPU(exec_epoch));
    x_rm(a, false, X_MOV_STORE, RCX, RAX, STATE(returns[0].epoch));
    x_opcode(a, 8, X_LEA);
    x_8(a, RCX << 3 | 5);
    Stub s = { .kind = STUB_EXIT, .imm = op->imm, .exit = EXIT_RETURN };
    s.from[0] = a->p;
    x_32(a, 0);
    x_rm(a, true, X_MOV_STORE, RCX, RAX, STATE(returns[0].code));
    g_array_append_val(g->stubs, s);
}

/* EAX = the target: if it is what the last call expected, on without a look-up. */
static void pop_return(Gen *g)
{
    Asm *a = &g->a;
    uint8_t *miss[4];
    x_rm(a, false, X_MOV_LOAD, RCX, RBP, STATE(return_top));
    x_rm(a, false, X_LEA, RDX, RCX, -(int32_t)sizeof(JitReturn));
    x_alu_ri(a, false, ALU_AND, RDX, (JIT_RETURNS - 1) * (int32_t)sizeof(JitReturn));
    x_alu_rr(a, true, ALU_ADD, RCX, RBP);
    x_alu_rm(a, false, ALU_CMP, RAX, RCX, STATE(returns[0].pc));
    miss[0] = x_jcc_short(a, CC_NE);
    x_rm(a, false, X_MOV_STORE, RDX, RBP, STATE(return_top));
    x_alu_mi(a, false, ALU_CMP, RCX, STATE(returns[0].mode), (int32_t)g->b->mode);
    miss[1] = x_jcc_short(a, CC_NE);
    x_rm(a, false, X_MOV_LOAD, RDX, RBP, CPU(exec_epoch));
    x_alu_rm(a, false, ALU_CMP, RDX, RCX, STATE(returns[0].epoch));
    miss[2] = x_jcc_short(a, CC_NE);
    x_alu_mi(a, false, ALU_CMP, RBP, CPU(exit_request), 0);
    miss[3] = x_jcc_short(a, CC_NE);
    x_rm(a, false, 0xff, 4, RCX, STATE(returns[0].code));
    for (unsigned i = 0; i < G_N_ELEMENTS(miss); i++) {
        x_patch_short(miss[i], a->p);
    }
}

static void jump(Gen *g, const IrOp *op)
{
    Asm *a = &g->a;
    bool wide = g->r->ops[op->arg[0]].type == IR_I64;
    int target = gen_int(g, op->arg[0]);
    gen_store_homes(g, g->dirty);
    x_mov_rr(a, wide, RAX, target);
    if (g->b->mode & MODE_ADDR64) {
        x_rm(a, true, X_MOV_STORE, RAX, RBP, CPU(pc));
        x_jmp_to(a, g->jit->leave_block, g->exec);
        return;
    }
    if (op->mem & 1) {
        pop_return(g);
        x_mov_ri(a, false, RDX, g->b->mode);
        x_jmp_to(a, g->jit->jump[g->user], g->exec);
    } else {
        jump_cached(g);
    }
}

/* ---- exceptions ---- */

void gen_snapshot(Gen *g, IrVal op, uint32_t dirty)
{
    const IrSnapshot *from = &g->r->snaps[g->r->ops[op].snap];
    JitSnap *snap = arena_alloc_meta(g->arena, sizeof(*snap));
    *snap = (JitSnap){ .pc = from->pc, .block = g->extra, .dirty = dirty, .delay_slot = from->delay_slot };
    x_rip(&g->a, true, X_LEA, RAX, (intptr_t)snap, g->exec, 0);
    x_rm(&g->a, true, X_MOV_STORE, RAX, RBP, CPU(cur_op));
}

static void raise_now(Gen *g, const IrOp *op)
{
    Stub s = { .kind = STUB_TRAP, .op = g->now, .dirty = g->dirty, .imm = op->imm };
    s.from[0] = x_jmp(&g->a);
    g_array_append_val(g->stubs, s);
}

static void trap_if(Gen *g, const IrOp *op)
{
    HostCond cc = gen_test(g, op->arg[0]);
    Stub s = { .kind = STUB_TRAP, .op = g->now, .dirty = g->dirty, .imm = op->imm };
    s.from[0] = x_jcc(&g->a, cc);
    g_array_append_val(g->stubs, s);
}

/* ---- helpers ---- */

static void load_arg(Gen *g, int reg, IrVal v)
{
    const GenVal *val = &g->v[g->v[v].root];
    int32_t imm;
    if (gen_imm(g, v, &imm)) {
        x_mov_ri(&g->a, true, reg, imm);
    } else if (g->r->ops[g->v[v].root].code == IR_CONST) {
        x_mov_ri(&g->a, true, reg, g->r->ops[g->v[v].root].imm);
    } else if (val->reg >= 0) {
        x_mov_rr(&g->a, true, reg, val->reg);
    } else if (val->slot != GEN_NO_SLOT) {
        x_rm(&g->a, true, X_MOV_LOAD, reg, RBP, val->slot);
    } else {
        x_rm(&g->a, true, X_MOV_LOAD, reg, RSP, 8 * val->spill);
    }
}

/* The operands go to the state first: argument registers may hold each other's values. */
static void save_args(Gen *g, const IrOp *op)
{
    for (int i = 0; i < 3 && op->arg[i]; i++) {
        load_arg(g, RAX, op->arg[i]);
        x_rm(&g->a, true, X_MOV_STORE, RAX, RBP, STATE(arg) + 8 * i);
    }
}

/* Floating point in C has the host's MXCSR; the guest's is where the helper can see it. */
static void change_csr(Gen *g, bool to_host)
{
    Asm *a = &g->a;
    if (to_host) {
        x_rm(a, false, 0x0fae, 3, RBP, CPU(mxcsr));
    }
    x_rm(a, false, 0x0fae, 2, RBP, to_host ? STATE(host_mxcsr) : CPU(mxcsr));
    x_mov_mi(a, false, RBP, STATE(guest_csr), !to_host);
}

void gen_call(Gen *g, const IrOp *op)
{
    static const uint8_t regs[3] = { RSI, RDX, RCX };
    Asm *a = &g->a;
    unsigned effects = op->helper->effects;
    bool writes = effects & IR_WRITES, fp = effects & IR_FP;
    save_args(g, op);
    gen_before_call(g, writes);
    if (op->snap != IR_NO_SNAP) {
        gen_snapshot(g, g->now, 0);
    }
    for (int i = 0; i < 3 && op->arg[i]; i++) {
        x_rm(a, true, X_MOV_LOAD, regs[i], RBP, STATE(arg) + 8 * i);
    }
    if (fp) {
        change_csr(g, true);
    }
    x_rm(a, true, X_LEA, RDI, RBP, -GEN_BIAS);
    x_call_abs(a, (const void *)(intptr_t)op->helper->func);
    if (fp) {
        change_csr(g, false);
    }
    gen_after_call(g, writes);
    if (op->helper->returns && g->v[g->now].last > g->now) {
        x_mov_rr(a, true, gen_def(g, g->now, 0, -1), RAX);
    }
}

void gen_flow(Gen *g, const IrOp *op)
{
    switch (op->code) {
    case IR_LABEL:    label(g, op); break;
    case IR_BR:       branch(g, op); break;
    case IR_BR_IF:    branch_if(g, op); break;
    case IR_EXIT_IF:  exit_if(g, op); break;
    case IR_EXIT_MOVED: exit_moved(g, op); break;
    case IR_PUSH_RET: push_return(g, op); break;
    case IR_JUMP:     jump(g, op); break;
    case IR_TRAP_IF:  trap_if(g, op); break;
    case IR_RAISE:    raise_now(g, op); break;
    case IR_GOTO:
        gen_store_homes(g, g->dirty);
        gen_exit(g, (uint64_t)op->imm, g->calls ? EXIT_CALL : EXIT_JUMP);
        break;
    default:
        g_assert(op->code == IR_LEAVE);
        gen_store_homes(g, g->dirty);
        x_jmp_to(&g->a, g->jit->leave_block, g->exec);
    }
}
