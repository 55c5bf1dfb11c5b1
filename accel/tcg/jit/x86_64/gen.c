/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The generator's main loop, and the stubs behind the code. */
#include "accel/tcg/jit/x86_64/gen.h"
#include "accel/tcg/softmmu.h"

/* ---- stubs ---- */

static void call_slow(Gen *g, unsigned kind)
{
    x_call_to(&g->a, g->jit->slow[g->has_fp][kind], g->exec);
}

/* RCX = the address, as the slow path wants it: sign-extended. */
static void pass_address(Gen *g, const Stub *s)
{
    if (!s->addr64) {
        x_rr(&g->a, true, X_MOVSXD, RCX, RCX);
    }
    x_rm(&g->a, true, X_MOV_STORE, RCX, RBP, STATE(arg));
}

static void jump_back(Gen *g, const Stub *s)
{
    x_patch(x_jmp(&g->a), s->back);
}

/* What a PAGE did not help: its own look into the tables, before C code. */
static void try_unpaged(Gen *g, const Stub *s)
{
    uint8_t *slow[2];
    if (s->paged && gen_unpaged(g, s, slow)) {
        jump_back(g, s);
        x_patch(slow[0], g->a.p);
        x_patch(slow[1], g->a.p);
    }
}

static void stub_load(Gen *g, const Stub *s)
{
    const IrOp *op = &g->r->ops[s->op];
    try_unpaged(g, s);
    pass_address(g, s);
    gen_snapshot(g, s->op, s->dirty);
    call_slow(g, JIT_SLOW_LOAD + (op->mem & IR_MEM_SIZE));
    gen_load_result(g, op, s->dst);
    jump_back(g, s);
}

static void stub_store(Gen *g, const Stub *s)
{
    const IrOp *op = &g->r->ops[s->op];
    try_unpaged(g, s);
    pass_address(g, s);
    if (s->src_imm) {
        x_mov_mi(&g->a, true, RBP, STATE(arg[1]), (int32_t)s->imm);
    } else if (s->src_xmm) {
        x_rm(&g->a, false, X_MOVSD_STORE, s->src, RBP, STATE(arg[1]));
    } else {
        x_rm(&g->a, true, X_MOV_STORE, s->src, RBP, STATE(arg[1]));
    }
    gen_snapshot(g, s->op, s->dirty);
    call_slow(g, JIT_SLOW_STORE + (op->mem & IR_MEM_SIZE));
    jump_back(g, s);
}

static void stub_fp(Gen *g, const Stub *s)
{
    for (int i = 0; i < 3 && s->fp_arg[i] >= 0; i++) {
        if (s->fp_int >> i & 1) {
            x_rm(&g->a, true, X_MOV_STORE, s->fp_arg[i], RBP, STATE(arg) + 8 * i);
        } else {
            x_rm(&g->a, false, X_MOVSD_STORE, s->fp_arg[i], RBP, STATE(arg) + 8 * i);
        }
    }
    x_mov_mi(&g->a, false, RBP, STATE(arg[3]), (int32_t)s->fp_op);
    if (g->r->ops[s->op].snap != IR_NO_SNAP) {
        gen_snapshot(g, s->op, s->dirty);
    }
    call_slow(g, JIT_SLOW_FP);
    if (s->dst_xmm) {
        x_rm(&g->a, false, X_MOVSD_LOAD, s->dst, RBP, STATE(result));
    } else {
        x_rm(&g->a, true, X_MOV_LOAD, RAX, RBP, STATE(result));
    }
    jump_back(g, s);
}

static void stub_trap(Gen *g, const Stub *s)
{
    gen_store_homes(g, s->dirty);
    gen_snapshot(g, s->op, 0);
    x_mov_mi(&g->a, false, RBP, STATE(arg), (int32_t)s->imm);
    x_rm(&g->a, true, X_LEA, RDI, RBP, -GEN_BIAS);
    x_call_abs(&g->a, (const void *)jit_raise);
    x_jmp_to(&g->a, g->jit->leave_block, g->exec);
}

/* Back to the run loop for a reason of 0 or 1, at pc. */
static void leave_at(Gen *g, int64_t pc, int reason)
{
    x_mov_ri(&g->a, true, RCX, g->r->word == IR_I32 ? (int32_t)pc : pc);
    x_rm(&g->a, true, X_MOV_STORE, RCX, RBP, CPU(pc));
    x_mov_ri(&g->a, false, RAX, reason);
    x_jmp_to(&g->a, g->jit->leave, g->exec);
}

static void make_stub(Gen *g, const Stub *s)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(s->from); i++) {
        if (s->from[i]) {
            x_patch(s->from[i], g->a.p);
        }
    }
    switch (s->kind) {
    case STUB_LOAD:  stub_load(g, s); break;
    case STUB_STORE: stub_store(g, s); break;
    case STUB_FP:    stub_fp(g, s); break;
    case STUB_PAGE:
        x_mov_ri(&g->a, false, s->dst, 0);
        jump_back(g, s);
        break;
    case STUB_TRAP:  stub_trap(g, s); break;
    case STUB_EXIT:
        gen_store_homes(g, s->dirty);
        gen_exit(g, (uint64_t)s->imm, s->exit);
        break;
    case STUB_POLL:
        gen_store_homes(g, s->dirty);
        leave_at(g, s->imm, 0);
        break;
    case STUB_HOT:
        leave_at(g, s->imm, 1);
        break;
    }
}

void gen_make_stubs(Gen *g)
{
    for (unsigned i = 0; i < g->stubs->len; i++) {
        Stub s = g_array_index(g->stubs, Stub, i);
        make_stub(g, &s);
    }
}

/* ---- main loop ---- */

static void operation(Gen *g, const IrOp *op)
{
    unsigned effects = ir_op_info[op->code].effects;
    switch (op->code) {
    case IR_NONE: case IR_CONST: case IR_TRUNC: break;
    case IR_GET:   gen_op_get(g, op); break;
    case IR_SET:   gen_op_set(g, op); break;
    case IR_LOAD:  gen_load(g, op); break;
    case IR_STORE: gen_store(g, op); break;
    case IR_PAGE:  gen_page(g, op); break;
    case IR_CALL:  gen_call(g, op); break;
    case IR_LABEL: case IR_BR: case IR_BR_IF: case IR_EXIT_IF: case IR_EXIT_MOVED:
    case IR_PUSH_RET: case IR_TRAP_IF:
        gen_flow(g, op);
        break;
    default:
        if (effects & IR_ENDS) {
            gen_flow(g, op);
        } else if ((effects & IR_FP) || (op->code >= IR_BITS_SI && op->code <= IR_BITS_LD)) {
            gen_float(g, op);
        } else {
            gen_integer(g, op);
        }
    }
}

static void release_operands(Gen *g, const IrOp *op)
{
    for (int i = 0; i < 3; i++) {
        IrVal arg = op->arg[i];
        gen_release(g, arg);
        if (arg && g->v[arg].deferred) {
            gen_release(g, g->r->ops[arg].arg[0]);
            gen_release(g, g->r->ops[arg].arg[1]);
        }
    }
    if (op->type != IR_VOID && op->code != IR_SET) {
        gen_release(g, g->now);             /* a result that nobody uses */
    }
}

static void main_code(Gen *g)
{
    for (g->now = 1; g->now < g->r->nops; g->now++) {
        const IrOp *op = &g->r->ops[g->now];
        g->pinned[GEN_INT] = g->pinned[GEN_XMM] = 0;
        if (!g->v[g->now].deferred && g->v[g->now].reg < 0) {       /* else its partner made it */
            operation(g, op);
        }
        if (!g->v[g->now].deferred) {
            release_operands(g, op);
        }
    }
}

/* Entry of the block: the word before it points to the block. */
static void begin(Gen *g)
{
    Block *b = g->b;
    memcpy(g->a.p, &b, sizeof(b));
    g->a.p += sizeof(b);
    b->code = g->a.p + g->exec;
    if (b->countdown > 0 && b->tier == 1) {
        Stub s = { .kind = STUB_HOT, .imm = (int64_t)b->pc };
        x_rip(&g->a, false, 0x83, ALU_SUB, (intptr_t)&b->countdown, g->exec, 1);
        x_8(&g->a, 1);
        s.from[0] = x_jcc(&g->a, CC_S);
        g_array_append_val(g->stubs, s);
    }
    if (!g->once) {
        for (uint32_t m = g->blocks[0].live_in; m; m &= m - 1) {
            gen_load_home(g, (unsigned)__builtin_ctz(m));
        }
        g->valid = ~0u;
    }
}

static void keep_exits(Gen *g)
{
    Block *b = g->b;
    b->nexits = (uint16_t)g->exits->len;
    b->exits = arena_alloc_meta(g->arena, b->nexits * sizeof(BlockExit));
    if (b->nexits) {                /* else the array has no memory */
        memcpy(b->exits, g->exits->data, b->nexits * sizeof(BlockExit));
    }
    for (unsigned i = 0; i < g->exit_uses->len; i++) {
        const LabelUse *u = &g_array_index(g->exit_uses, LabelUse, i);
        int32_t distance = (int32_t)((intptr_t)&b->exits[u->label] - ((intptr_t)u->at + 4 + g->exec));
        memcpy(u->at, &distance, 4);
    }
    for (unsigned i = 0; i < g->label_uses->len; i++) {
        const LabelUse *u = &g_array_index(g->label_uses, LabelUse, i);
        x_patch(u->at, g->label_at[u->label]);
    }
}

void jit_generate(Tcg *tcg, Arena *arena, const IrRegion *r, Block *b)
{
    uint8_t *at = arena_code_next(arena);
    Gen gen = {
        .tcg = tcg, .jit = tcg->backend_data, .arena = arena, .r = r, .b = b, .exec = arena->exec,
        .user = b->mode & MODE_KSU, .wide = r->word == IR_I64,
        .a = { .p = at, .start = at, .end = at + arena_code_left(arena) },
        .v = g_new(GenVal, r->nops), .label_at = g_new0(uint8_t *, r->nlabels + 1),
        .label_uses = g_array_new(FALSE, FALSE, sizeof(LabelUse)),
        .exit_uses = g_array_new(FALSE, FALSE, sizeof(LabelUse)),
        .stubs = g_array_new(FALSE, FALSE, sizeof(Stub)),
        .exits = g_array_new(FALSE, FALSE, sizeof(BlockExit)),
    };
    Gen *g = &gen;
    g->v[0] = (GenVal){ .reg = -1, .home = -1, .hint = -1, .spill = -1, .slot = GEN_NO_SLOT };
    g->extra = arena_alloc_meta(arena, sizeof(*g->extra));
    *g->extra = (JitBlock){ 0 };
    g->homes = g->extra->homes;
    gen_plan(g);
    g->extra->nhomes = g->nhomes;
    arena_shrink_meta(arena, (JIT_MAX_HOMES - g->nhomes) * sizeof(JitHome));
    begin(g);
    main_code(g);
    gen_make_stubs(g);
    keep_exits(g);
    g_assert(g->a.p < g->a.end);
    b->code_size = (uint32_t)(g->a.p - at);
    b->extra = g->extra;
    arena_alloc_code(arena, b->code_size);
    g_free(g->v);
    g_free(g->blocks);
    g_free(g->label_at);
    g_array_free(g->label_uses, TRUE);
    g_array_free(g->exit_uses, TRUE);
    g_array_free(g->stubs, TRUE);
    g_array_free(g->exits, TRUE);
}
