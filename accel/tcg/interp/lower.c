/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From IR to the interpreter's code. A value that was read from a slot, or is written to
 * one next, lives in that slot; others get temporaries. A comparison that only decides an
 * exit becomes part of the exit.
 */
#include <string.h>
#include "accel/tcg/interp/interp.h"

#define TEMPS ((int)(sizeof(((MipsCpu *)0)->temp) / 8))
#define TEMP0 offsetof(MipsCpu, temp)
#define NOWHERE 0xffff

typedef struct {
    const IrRegion *r;
    Lowered *out;
    const int32_t *handlers;
    GArray *code;               /* of InterpOp */
    GArray *snaps;              /* of uint16_t */
    uint32_t *last_use;         /* by value */
    IrVal *root;                /* the value whose place this one shares */
    uint16_t *loc;              /* of roots */
    uint8_t *deferred;          /* comparisons done by their exit */
    IrVal in_slot[96];          /* live roots that lie in slots */
    unsigned nin_slot;
    uint8_t temp_used[128];
    IrVal now;
} Lower;

static const uint16_t base_code[IR_OPCODES] = {
#define IR_UN(name, text, flags, expr) [IR_##name] = IOP_##name##_32,
#define IR_BIN(name, text, flags, expr) [IR_##name] = IOP_##name##_32rr,
#define IR_CMP(name, text, flags, expr) [IR_##name] = IOP_##name##_32rr,
#include "accel/tcg/ops.def"
    [IR_SELECT] = IOP_SELECT_32, [IR_EXTRACT] = IOP_EXTRACT_32, [IR_DEPOSIT] = IOP_DEPOSIT_32,
    [IR_EXT_S] = IOP_EXT_S, [IR_EXT_U] = IOP_EXT_U, [IR_FADD] = IOP_FADD_S, [IR_FSUB] = IOP_FSUB_S,
    [IR_FMUL] = IOP_FMUL_S, [IR_FDIV] = IOP_FDIV_S, [IR_FSQRT] = IOP_FSQRT_S, [IR_FRECIP] = IOP_FRECIP_S,
    [IR_FRSQRT] = IOP_FRSQRT_S, [IR_FABS] = IOP_FABS_S, [IR_FNEG] = IOP_FNEG_S, [IR_FMULADD] = IOP_FMULADD_S,
    [IR_FCVT_SD] = IOP_FCVT_SD, [IR_FCVT_DS] = IOP_FCVT_DS, [IR_FCVT_SI] = IOP_FCVT_SI,
    [IR_FCVT_SL] = IOP_FCVT_SL, [IR_FCVT_DI] = IOP_FCVT_DI, [IR_FCVT_DL] = IOP_FCVT_DL,
    [IR_FTOI_IS] = IOP_FTOI_IS, [IR_FTOI_ID] = IOP_FTOI_ID, [IR_FTOI_LS] = IOP_FTOI_LS,
    [IR_FTOI_LD] = IOP_FTOI_LD, [IR_FCMP_S] = IOP_FCMP_S, [IR_FCMP_D] = IOP_FCMP_D,
    [IR_TRAP_IF] = IOP_TRAP_IF_32, [IR_RAISE] = IOP_RAISE,
};

static unsigned width_of(IrType type)
{
    return type == IR_I64 || type == IR_F64 ? 8 : 4;
}

static bool is_wide(const Lower *l, IrVal v)
{
    return width_of(ir_type(l->r, v)) == 8;
}

/* ---- lifetimes ---- */

static bool shares_place(IrCode code)
{
    return code == IR_TRUNC || code == IR_BITS_SI || code == IR_BITS_IS || code == IR_BITS_DL ||
           code == IR_BITS_LD;
}

static void use(Lower *l, IrVal v, IrVal at)
{
    v = l->root[v];
    if (l->last_use[v] < at) {
        l->last_use[v] = at;
    }
}

static void find_lifetimes(Lower *l)
{
    const IrRegion *r = l->r;
    g_autofree uint16_t *uses = g_new0(uint16_t, r->nops);
    for (IrVal v = 1; v < r->nops; v++) {
        const IrOp *op = &r->ops[v];
        l->root[v] = shares_place(op->code) ? l->root[op->arg[0]] : v;
        for (int i = 0; i < 3; i++) {
            uses[op->arg[i]]++;
        }
    }
    for (IrVal v = 1; v < r->nops; v++) {
        const IrOp *op = &r->ops[v];
        if (op->code == IR_EXIT_IF && uses[op->arg[0]] == 1 &&
            ir_op_info[r->ops[op->arg[0]].code].kind == IR_KIND_CMP) {
            l->deferred[op->arg[0]] = 1;
            use(l, r->ops[op->arg[0]].arg[0], v);
            use(l, r->ops[op->arg[0]].arg[1], v);
        }
        for (int i = 0; i < 3; i++) {
            if (op->arg[i]) {
                use(l, op->arg[i], v);
            }
        }
    }
}

/* ---- places ---- */

static void emit(Lower *l, InterpCode code, unsigned d, unsigned a, unsigned b, unsigned c, int64_t imm)
{
    InterpOp op = { l->handlers[code], (uint16_t)d, (uint16_t)a, (uint16_t)b, (uint16_t)c, (int32_t)imm };
    g_assert(imm == op.imm);
    uint16_t snap = l->r->ops[l->now].snap;
    g_array_append_val(l->code, op);
    g_array_append_val(l->snaps, snap);
}

static void emit_const(Lower *l, unsigned d, bool wide, int64_t value)
{
    if (!wide || value == (int32_t)value) {
        emit(l, wide ? IOP_MOVI_64 : IOP_MOVI_32, d, 0, 0, 0, (int32_t)value);
    } else {
        emit(l, IOP_MOVI_64W, d, 0, value >> 32 & 0xffff, value >> 48 & 0xffff, (int32_t)value);
    }
}

static uint16_t new_temp(Lower *l)
{
    for (int i = 0; i < TEMPS; i++) {
        if (!l->temp_used[i]) {
            l->temp_used[i] = 1;
            return (uint16_t)(TEMP0 + 8 * i);
        }
    }
    g_assert_not_reached();     /* the translator bounds the size of blocks */
}

static bool is_temp(uint16_t loc)
{
    return loc >= TEMP0 && loc < TEMP0 + 8 * TEMPS;
}

static void release(Lower *l, IrVal v)
{
    v = l->root[v];
    if (v && l->last_use[v] <= l->now && l->loc[v] != NOWHERE) {
        if (is_temp(l->loc[v])) {
            l->temp_used[(l->loc[v] - TEMP0) / 8] = 0;
        }
        l->loc[v] = NOWHERE;
    }
}

/* The place of a value, its low half when the value shares it from a wider one; constants
 * are put into a temporary, which lives until the end of the operation. */
static uint16_t place(Lower *l, IrVal v)
{
    IrVal root = l->root[v];
    const IrOp *op = &l->r->ops[root];
    if (op->code == IR_CONST && l->loc[root] == NOWHERE) {
        l->loc[root] = new_temp(l);
        emit_const(l, l->loc[root], is_wide(l, root), op->imm);
    }
    g_assert(l->loc[root] != NOWHERE);
    return l->loc[root] + (is_wide(l, root) && !is_wide(l, v) ? IR_LOW32 : 0);
}

static bool overlaps(const Lower *l, IrVal v, size_t slot, unsigned size)
{
    size_t at = l->loc[v];
    return at < slot + size && slot < at + width_of(ir_type(l->r, v));
}

/* Values that live on in [slot, slot + size) get temporaries, before it is overwritten. */
static void vacate(Lower *l, size_t slot, unsigned size, IrVal keep)
{
    for (unsigned i = 0; i < l->nin_slot;) {
        IrVal v = l->in_slot[i];
        bool live = l->loc[v] != NOWHERE && !is_temp(l->loc[v]) && l->last_use[v] > l->now;
        if (!live) {
            l->in_slot[i] = l->in_slot[--l->nin_slot];
            continue;
        }
        if (v != keep && overlaps(l, v, slot, size)) {
            uint16_t t = new_temp(l);
            emit(l, is_wide(l, v) ? IOP_MOV_64 : IOP_MOV_32, t, l->loc[v], 0, 0, 0);
            l->loc[v] = t;
            l->in_slot[i] = l->in_slot[--l->nin_slot];
            continue;
        }
        i++;
    }
}

static void enter_slot(Lower *l, IrVal v, size_t slot)
{
    l->loc[v] = (uint16_t)slot;
    if (l->nin_slot == G_N_ELEMENTS(l->in_slot)) {
        vacate(l, 0, 0, 0);
    }
    if (l->nin_slot == G_N_ELEMENTS(l->in_slot)) {      /* full of live ones: use a temporary */
        uint16_t t = new_temp(l);
        emit(l, is_wide(l, v) ? IOP_MOV_64 : IOP_MOV_32, t, (unsigned)slot, 0, 0, 0);
        l->loc[v] = t;
        return;
    }
    l->in_slot[l->nin_slot++] = v;
}

static bool slot_in_use(const Lower *l, size_t slot, unsigned size)
{
    for (unsigned i = 0; i < l->nin_slot; i++) {
        IrVal v = l->in_slot[i];
        if (l->loc[v] != NOWHERE && !is_temp(l->loc[v]) && l->last_use[v] > l->now &&
            overlaps(l, v, slot, size)) {
            return true;
        }
    }
    return false;
}

/* The slot that the result of the current operation can be made in directly: it is SET
 * there next, and nothing looks at the slot before. NOWHERE if there is none. */
static uint16_t direct_slot(const Lower *l)
{
    const IrRegion *r = l->r;
    for (IrVal v = l->now + 1; v < r->nops && v < l->now + 6; v++) {
        const IrOp *op = &r->ops[v];
        if (op->code == IR_SET) {
            size_t slot = (size_t)op->imm;
            if (op->arg[0] != l->now) {
                continue;
            }
            /* SETs in between must be of other slots. */
            for (IrVal w = l->now + 1; w < v; w++) {
                const IrOp *other = &r->ops[w];
                if ((other->code == IR_SET || other->code == IR_GET) && (size_t)other->imm < slot + 8 &&
                    slot < (size_t)other->imm + 8) {
                    return NOWHERE;
                }
            }
            return slot_in_use(l, slot, width_of((IrType)op->type)) ? NOWHERE : (uint16_t)slot;
        }
        if (ir_op_info[op->code].effects & ~(IR_COMM | IR_READS)) {
            return NOWHERE;
        }
    }
    return NOWHERE;
}

/* Where the result of the current operation goes. */
static uint16_t result_place(Lower *l)
{
    IrVal v = l->now;
    uint16_t slot = direct_slot(l);
    if (slot != NOWHERE) {
        enter_slot(l, v, slot);
    } else {
        l->loc[v] = new_temp(l);
    }
    return l->loc[v];
}

/* ---- operations ---- */

static bool is_fresh_const(const Lower *l, IrVal v)
{
    return l->r->ops[v].code == IR_CONST && l->loc[v] == NOWHERE;
}

static bool fits_imm(const Lower *l, IrVal v)
{
    int64_t imm = l->r->ops[v].imm;
    return is_fresh_const(l, v) && (!is_wide(l, v) || imm == (int32_t)imm);
}

static void lower_set(Lower *l, const IrOp *op)
{
    size_t slot = (size_t)op->imm;
    IrVal v = op->arg[0];
    bool wide = width_of((IrType)op->type) == 8;
    vacate(l, slot, width_of((IrType)op->type), l->root[v]);
    if (is_fresh_const(l, v)) {
        emit_const(l, (unsigned)slot, wide, l->r->ops[v].imm);
    } else if (place(l, v) != slot) {
        emit(l, wide ? IOP_MOV_64 : IOP_MOV_32, (unsigned)slot, place(l, v), 0, 0, 0);
        /* A wider value that is only partly kept by this slot stays where it is. */
        IrVal root = l->root[v];
        if (root == v && is_temp(l->loc[v]) && l->last_use[v] > l->now) {
            l->temp_used[(l->loc[v] - TEMP0) / 8] = 0;
            enter_slot(l, v, slot);
        }
    }
}

static void lower_binary(Lower *l, const IrOp *op)
{
    bool wide = op->type == IR_I64;
    unsigned a = place(l, op->arg[0]);
    if (fits_imm(l, op->arg[1])) {
        int32_t imm = (int32_t)l->r->ops[op->arg[1]].imm;
        emit(l, base_code[op->code] + (wide ? 3 : 1), result_place(l), a, 0, 0, imm);
    } else {
        unsigned b = place(l, op->arg[1]);
        emit(l, base_code[op->code] + (wide ? 2 : 0), result_place(l), a, b, 0, 0);
    }
}

static InterpCode load_code(const Lower *l, const IrOp *op)
{
    unsigned size = op->mem & IR_MEM_SIZE, sign = op->mem & IR_MEM_SIGNED ? 1 : 0;
    bool swap = !(op->mem & IR_MEM_BIG) == (G_BYTE_ORDER == G_BIG_ENDIAN);
    bool a64 = ir_type(l->r, op->arg[0]) == IR_I64;
    InterpCode base = a64 ? IOP_LOADA64_U8_32 : IOP_LOADA32_U8_32;
    static const uint8_t narrow[2][3] = { { 0, 2, 4 }, { 0, 5, 7 } };
    static const uint8_t wide[2][4] = { { 8, 10, 12, 14 }, { 8, 15, 17, 19 } };
    if (width_of((IrType)op->type) == 4) {
        return base + narrow[swap][size] + (size < 2 ? sign : 0);
    }
    return base + wide[swap][size] + (size < 3 ? sign : 0);
}

static void lower_load(Lower *l, const IrOp *op)
{
    unsigned a = place(l, op->arg[0]);
    emit(l, load_code(l, op), result_place(l), a, 0, 0, op->imm);
}

static void lower_store(Lower *l, const IrOp *op)
{
    unsigned size = op->mem & IR_MEM_SIZE;
    bool swap = !(op->mem & IR_MEM_BIG) == (G_BYTE_ORDER == G_BIG_ENDIAN);
    bool a64 = ir_type(l->r, op->arg[0]) == IR_I64;
    InterpCode base = a64 ? IOP_STOREA64_8 : IOP_STOREA32_8;
    unsigned a = place(l, op->arg[0]), b = place(l, op->arg[1]);
    if (is_wide(l, op->arg[1]) && size < 3) {
        b += IR_LOW32;
    }
    emit(l, base + size + (swap && size ? 3 : 0), 0, a, b, 0, op->imm);
}

static void lower_call(Lower *l, const IrOp *op)
{
    unsigned p[3];
    for (int i = 0; i < 3; i++) {
        p[i] = op->arg[i] ? place(l, op->arg[i]) : TEMP0;
    }
    if (op->helper->effects & IR_WRITES) {
        vacate(l, 0, UINT16_MAX, 0);
    } else if (op->helper->effects & IR_FP) {
        vacate(l, l->r->fp_slot, 4, 0);
    }
    intptr_t distance = (intptr_t)op->helper->func - INTERP_TEXT;
    if (op->helper->returns) {
        unsigned d = result_place(l);
        emit(l, IOP_CALL, d, p[0], p[1], p[2], distance);
    } else {
        emit(l, IOP_CALL_VOID, 0, p[0], p[1], p[2], distance);
    }
}

/* The number of a new exit, which the next operation leaves by. */
static int64_t new_exit(Lower *l, uint64_t pc)
{
    unsigned n = l->out->nexits++;
    l->out->exit_pc[n] = l->r->word == IR_I32 ? (uint64_t)(int32_t)pc : pc;
    return n;
}

static void emit_exit(Lower *l, InterpCode code, unsigned d, unsigned a, unsigned b, int64_t exit)
{
    l->out->exit_op[exit] = (uint16_t)l->code->len;
    emit(l, code, d, a, b, 0, exit);
}

static void lower_exit_if(Lower *l, const IrOp *op)
{
    int64_t x = new_exit(l, (uint64_t)op->imm);
    IrVal cond = op->arg[0];
    if (!l->deferred[cond]) {
        unsigned a = place(l, cond);
        emit_exit(l, is_wide(l, cond) ? IOP_EXIT_IF_64 : IOP_EXIT_IF_32, 0, a, 0, x);
        return;
    }
    /* imm is the exit; an immediate operand rides in d and b as 32 bits. */
    const IrOp *cmp = &l->r->ops[cond];
    bool wide = cmp->type == IR_I64;
    unsigned a = place(l, cmp->arg[0]);
    int32_t imm = (int32_t)l->r->ops[cmp->arg[1]].imm;
    if (fits_imm(l, cmp->arg[1])) {
        emit_exit(l, base_code[cmp->code] + 4 + (wide ? 3 : 1), (uint32_t)imm >> 16, a,
                  (uint32_t)imm & 0xffff, x);
    } else {
        unsigned b = place(l, cmp->arg[1]);
        emit_exit(l, base_code[cmp->code] + 4 + (wide ? 2 : 0), 0, a, b, x);
    }
    release(l, cmp->arg[0]);
    release(l, cmp->arg[1]);
}

static void lower_other(Lower *l, const IrOp *op)
{
    const IrOpInfo *info = &ir_op_info[op->code];
    unsigned p[3] = { 0, 0, 0 };
    for (unsigned i = 0; i < info->nargs; i++) {
        p[i] = place(l, op->arg[i]);
    }
    InterpCode code = base_code[op->code];
    bool two_widths = info->sig[0] == 't' && op->code != IR_GET;
    if (op->code == IR_TRAP_IF) {
        code += is_wide(l, op->arg[0]);
    } else if (two_widths) {
        code += width_of((IrType)op->type) == 8;
    }
    if (info->effects & IR_FP) {
        vacate(l, l->r->fp_slot, 4, 0);
    }
    unsigned d = op->type != IR_VOID ? result_place(l) : 0;
    emit(l, code, d, p[0], p[1], p[2], op->imm);
}

static void lower_op(Lower *l, const IrOp *op)
{
    switch (op->code) {
    case IR_NONE: case IR_CONST: case IR_TRUNC: case IR_PUSH_RET:
    case IR_BITS_SI: case IR_BITS_IS: case IR_BITS_DL: case IR_BITS_LD:
        break;
    case IR_GET:     enter_slot(l, l->now, (size_t)op->imm); break;
    case IR_SET:     lower_set(l, op); break;
    case IR_LOAD:    lower_load(l, op); break;
    case IR_STORE:   lower_store(l, op); break;
    case IR_CALL:    lower_call(l, op); break;
    case IR_EXIT_IF: lower_exit_if(l, op); break;
    case IR_GOTO:    emit_exit(l, IOP_GOTO, 0, 0, 0, new_exit(l, (uint64_t)op->imm)); break;
    case IR_LEAVE:   emit(l, IOP_LEAVE, 0, 0, 0, 0, 0); break;
    case IR_JUMP:
        emit(l, is_wide(l, op->arg[0]) ? IOP_JUMP_64 : IOP_JUMP_32, 0, place(l, op->arg[0]), 0, 0, 0);
        break;
    case IR_LABEL: case IR_BR: case IR_BR_IF: case IR_EXIT_MOVED: case IR_PAGE:
        g_assert_not_reached();         /* regions of several blocks are for machine code */
    default:
        switch (ir_op_info[op->code].kind) {
        case IR_KIND_CMP:
            if (l->deferred[l->now]) {
                return;         /* its operands live until the exit */
            }
            lower_binary(l, op);
            break;
        case IR_KIND_BIN:
            lower_binary(l, op);
            break;
        default:
            lower_other(l, op);
        }
    }
    for (int i = 0; i < 3; i++) {
        release(l, op->arg[i]);
    }
    if (op->type != IR_VOID && op->code != IR_SET && l->root[l->now] == l->now) {
        release(l, l->now);     /* a result that nobody uses */
    }
}

static unsigned count_exits(const IrRegion *r)
{
    unsigned n = 0;
    for (IrVal v = 1; v < r->nops; v++) {
        n += r->ops[v].code == IR_EXIT_IF || r->ops[v].code == IR_GOTO;
    }
    return n;
}

void interp_lower(const IrRegion *r, Lowered *out)
{
    Lower l = { .r = r, .out = out, .handlers = interp_handlers() };
    unsigned nexits = count_exits(r);
    l.code = g_array_sized_new(FALSE, FALSE, sizeof(InterpOp), r->nops);
    l.snaps = g_array_sized_new(FALSE, FALSE, sizeof(uint16_t), r->nops);
    l.last_use = g_new0(uint32_t, r->nops);
    l.root = g_new0(IrVal, r->nops);
    l.loc = g_new(uint16_t, r->nops);
    l.deferred = g_new0(uint8_t, r->nops);
    memset(l.loc, 0xff, r->nops * sizeof(*l.loc));
    *out = (Lowered){ .exit_pc = g_new(uint64_t, nexits), .exit_op = g_new(uint16_t, nexits) };
    find_lifetimes(&l);
    for (l.now = 1; l.now < r->nops; l.now++) {
        lower_op(&l, &r->ops[l.now]);
    }
    out->nops = (uint16_t)l.code->len;
    out->code = (InterpOp *)(void *)g_array_free(l.code, FALSE);
    out->op_snap = (uint16_t *)(void *)g_array_free(l.snaps, FALSE);
    g_free(l.last_use);
    g_free(l.root);
    g_free(l.loc);
    g_free(l.deferred);
}
