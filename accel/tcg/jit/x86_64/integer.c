/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integer operations. */
#include "accel/tcg/jit/x86_64/gen.h"

static bool wide_op(const IrOp *op)
{
    return op->type == IR_I64;
}

/* A second operand: in a register, or a constant or in memory, which need none. */
typedef struct {
    int reg;                    /* or -1 */
    int32_t mem, imm;           /* mem: GEN_NO_SLOT when it is the constant imm */
} Operand;

/* Asked for before the result gets its register, which may be the operand's. */
static Operand operand(Gen *g, IrVal v)
{
    Operand o = { .reg = -1, .mem = GEN_NO_SLOT };
    if (!gen_imm(g, v, &o.imm)) {
        o.mem = gen_dies(g, v) ? gen_mem(g, v) : GEN_NO_SLOT;
        o.reg = o.mem == GEN_NO_SLOT ? gen_int(g, v) : -1;
    }
    return o;
}

/* d op= o. */
static void alu(Gen *g, bool wide, HostAlu op, int d, Operand o)
{
    if (o.reg >= 0) {
        x_alu_rr(&g->a, wide, op, d, o.reg);
    } else if (o.mem != GEN_NO_SLOT) {
        x_alu_rm(&g->a, wide, op, d, RBP, o.mem);
    } else {
        x_alu_ri(&g->a, wide, op, d, o.imm);
    }
}

static void copy_or_load_const(Gen *g, bool wide, int d, IrVal v)
{
    int32_t imm;
    if (gen_imm(g, v, &imm)) {
        x_mov_ri(&g->a, wide, d, imm);
    } else {
        x_mov_rr(&g->a, true, d, gen_int(g, v));
    }
}

static void add(Gen *g, const IrOp *op)
{
    bool wide = wide_op(op);
    int a = gen_int(g, op->arg[0]);
    Operand b = operand(g, op->arg[1]);
    int d = gen_def(g, g->now, op->arg[0], -1);
    if (d == a) {
        alu(g, wide, ALU_ADD, d, b);
    } else if (d == b.reg) {
        x_alu_rr(&g->a, wide, ALU_ADD, d, a);
    } else if (b.reg >= 0) {
        x_rmx(&g->a, wide, X_LEA, d, a, b.reg, 0, 0);
    } else if (b.mem != GEN_NO_SLOT) {
        x_mov_rr(&g->a, wide, d, a);
        alu(g, wide, ALU_ADD, d, b);
    } else {
        x_rm(&g->a, wide, X_LEA, d, a, b.imm);
    }
}

/* AND, OR, XOR and, with finish, NOR. */
static void logic(Gen *g, const IrOp *op, HostAlu which, bool invert)
{
    bool wide = wide_op(op);
    int a = gen_int(g, op->arg[0]);
    Operand b = operand(g, op->arg[1]);
    bool constant = b.reg < 0 && b.mem == GEN_NO_SLOT;
    int d = gen_def(g, g->now, op->arg[0], -1);
    if (d == b.reg && d != a) {
        x_alu_rr(&g->a, wide, which, d, a);
    } else if (which == ALU_AND && constant && (b.imm == 0xff || b.imm == 0xffff)) {
        x_rr8(&g->a, false, b.imm == 0xff ? X_MOVZX8 : X_MOVZX16, d, a);
    } else {
        x_mov_rr(&g->a, true, d, a);
        alu(g, wide, which, d, b);
    }
    if (invert) {
        x_rr(&g->a, wide, 0xf7, 2, d);
    }
}

static void subtract(Gen *g, const IrOp *op)
{
    bool wide = wide_op(op);
    Operand b = operand(g, op->arg[1]);
    int32_t imm;
    if (gen_imm(g, op->arg[0], &imm)) {
        int d = gen_def(g, g->now, 0, b.reg);
        x_mov_ri(&g->a, wide, d, imm);
        alu(g, wide, ALU_SUB, d, b);
        return;
    }
    int a = gen_int(g, op->arg[0]);
    int d = gen_def(g, g->now, op->arg[0], a == b.reg ? -1 : b.reg);
    x_mov_rr(&g->a, true, d, a);
    alu(g, wide, ALU_SUB, d, b);
}

static void unary(Gen *g, const IrOp *op, unsigned ext)
{
    int a = gen_int(g, op->arg[0]), d = gen_def(g, g->now, op->arg[0], -1);
    x_mov_rr(&g->a, true, d, a);
    x_rr(&g->a, wide_op(op), 0xf7, (int)ext, d);
}

static void extend(Gen *g, uint32_t x_op, bool wide, IrVal arg)
{
    int a = gen_int(g, arg);
    x_rr8(&g->a, wide, x_op, gen_def(g, g->now, arg, -1), a);
}

static void byte_swap(Gen *g, const IrOp *op)
{
    int a = gen_int(g, op->arg[0]), d = gen_def(g, g->now, op->arg[0], -1);
    x_mov_rr(&g->a, true, d, a);
    x_opcode(&g->a, x_rex(wide_op(op), 0, 0, d), 0x0fc8 | (d & 7));
}

/* With BSR a zero leaves the register undefined: -1 is put in its place. */
static void count_zeros(Gen *g, const IrOp *op)
{
    bool wide = wide_op(op);
    int a = gen_int(g, op->arg[0]), d = gen_def(g, g->now, op->arg[0], -1);
    if (g->jit->lzcnt) {
        x_rr(&g->a, wide, X_LZCNT, d, a);
        return;
    }
    x_mov_ri(&g->a, true, RCX, -1);
    x_rr(&g->a, wide, X_BSR, RAX, a);
    x_rr(&g->a, wide, 0x0f40 | CC_E, RAX, RCX);
    x_mov_ri(&g->a, false, RCX, wide ? 63 : 31);
    x_alu_rr(&g->a, wide, ALU_SUB, RCX, RAX);
    x_mov_rr(&g->a, wide, d, RCX);
}

/* ---- shifts ---- */

static void shift_by_register(Gen *g, const IrOp *op, HostShift how)
{
    static const uint8_t pp[8] = { [SHIFT_SHL] = 1, [SHIFT_SHR] = 3, [SHIFT_SAR] = 2 };
    bool wide = wide_op(op);
    int n = gen_int(g, op->arg[1]), a = gen_int(g, op->arg[0]);
    if (g->jit->bmi2 && how != SHIFT_ROR) {
        x_vex(&g->a, wide, pp[how], 2, 0xf7, gen_def(g, g->now, op->arg[0], -1), n, a);
        return;
    }
    x_mov_rr(&g->a, false, RCX, n);
    int d = gen_def(g, g->now, op->arg[0], -1);
    x_mov_rr(&g->a, true, d, a);
    x_rr(&g->a, wide, 0xd3, how, d);
}

static void shift(Gen *g, const IrOp *op, HostShift how)
{
    int32_t n;
    if (!gen_imm(g, op->arg[1], &n)) {
        shift_by_register(g, op, how);
        return;
    }
    bool wide = wide_op(op);
    n &= wide ? 63 : 31;
    int a = gen_int(g, op->arg[0]), d = gen_def(g, g->now, op->arg[0], -1);
    x_mov_rr(&g->a, true, d, a);
    if (n) {
        x_shift_ri(&g->a, wide, how, d, (unsigned)n);
    }
}

static void extract(Gen *g, const IrOp *op)
{
    unsigned pos = op->imm & 0xff, len = (unsigned)(op->imm >> 8);
    bool wide = wide_op(op);
    unsigned width = wide ? 64 : 32;
    int a = gen_int(g, op->arg[0]), d = gen_def(g, g->now, op->arg[0], -1);
    if (pos == 0 && (len == 8 || len == 16)) {
        x_rr8(&g->a, false, len == 8 ? X_MOVZX8 : X_MOVZX16, d, a);
        return;
    }
    if (pos + len < width && len > 31) {
        x_mov_rr(&g->a, true, d, a);
        x_shift_ri(&g->a, wide, SHIFT_SHL, d, width - pos - len);
        x_shift_ri(&g->a, wide, SHIFT_SHR, d, width - len);
        return;
    }
    x_mov_rr(&g->a, true, d, a);
    if (pos) {
        x_shift_ri(&g->a, wide, SHIFT_SHR, d, pos);
    }
    if (pos + len < width) {
        x_alu_ri(&g->a, false, ALU_AND, d, (int32_t)((UINT32_C(1) << len) - 1));
    }
}

static void and_mask(Gen *g, bool wide, int d, uint64_t mask)
{
    if (!wide || (int64_t)mask == (int32_t)mask) {
        x_alu_ri(&g->a, wide, ALU_AND, d, (int32_t)mask);
    } else {
        x_mov_ri(&g->a, true, RCX, (int64_t)mask);
        x_alu_rr(&g->a, true, ALU_AND, d, RCX);
    }
}

static void deposit(Gen *g, const IrOp *op)
{
    unsigned pos = op->imm & 0xff, len = (unsigned)(op->imm >> 8);
    bool wide = wide_op(op);
    unsigned width = wide ? 64 : 32;
    uint64_t ones = len == 64 ? ~UINT64_C(0) : (UINT64_C(1) << len) - 1;
    /* The field in RAX, first: the result may take its register. */
    copy_or_load_const(g, wide, RAX, op->arg[1]);
    if (pos + len < width) {
        and_mask(g, wide, RAX, ones);
    }
    if (pos) {
        x_shift_ri(&g->a, wide, SHIFT_SHL, RAX, pos);
    }
    int a = gen_int(g, op->arg[0]), d = gen_def(g, g->now, op->arg[0], -1);
    x_mov_rr(&g->a, true, d, a);
    and_mask(g, wide, d, ~(ones << pos));
    x_alu_rr(&g->a, wide, ALU_OR, d, RAX);
}

/* ---- multiplication and division ---- */

/* The next operation, when it is code on the same operands: both are made at once. */
static IrVal partner(const Gen *g, const IrOp *op, IrCode code)
{
    IrVal next = g->now + 1;
    if (next >= g->r->nops) {
        return 0;
    }
    const IrOp *n = &g->r->ops[next];
    return n->code == code && n->arg[0] == op->arg[0] && n->arg[1] == op->arg[1] ? next : 0;
}

static void multiply(Gen *g, const IrOp *op)
{
    bool wide = wide_op(op);
    int32_t imm;
    int a = gen_int(g, op->arg[0]);
    if (gen_imm(g, op->arg[1], &imm)) {
        x_rr(&g->a, wide, 0x69, gen_def(g, g->now, op->arg[0], -1), a);
        x_32(&g->a, (uint32_t)imm);
        return;
    }
    int b = gen_int(g, op->arg[1]), d = gen_def(g, g->now, op->arg[0], -1);
    if (d == b) {
        x_rr(&g->a, wide, X_IMUL, d, a);
    } else {
        x_mov_rr(&g->a, true, d, a);
        x_rr(&g->a, wide, X_IMUL, d, b);
    }
}

/* A result of an operation that made it in a register for single operations. */
static void define_from(Gen *g, IrVal v, bool wide, int from)
{
    x_mov_rr(&g->a, wide, gen_def(g, v, 0, -1), from);
}

/* 32 by 32 bits in one register of 64; the low half is the next operation, if it is wanted. */
static void multiply_high32(Gen *g, const IrOp *op, bool is_signed)
{
    IrVal low = partner(g, op, IR_MUL);
    int a = gen_int(g, op->arg[0]), b = gen_int(g, op->arg[1]);
    x_rr(&g->a, is_signed, is_signed ? X_MOVSXD : X_MOV_LOAD, RAX, a);
    x_rr(&g->a, is_signed, is_signed ? X_MOVSXD : X_MOV_LOAD, RCX, b);
    x_rr(&g->a, true, X_IMUL, RAX, RCX);
    g->pinned[GEN_INT] = 0;
    if (low) {
        define_from(g, low, false, RAX);
    }
    x_shift_ri(&g->a, true, SHIFT_SHR, RAX, 32);
    define_from(g, g->now, false, RAX);
}

static void multiply_high64(Gen *g, const IrOp *op, bool is_signed)
{
    IrVal low = partner(g, op, IR_MUL);
    int b = gen_int(g, op->arg[1]);
    x_mov_rr(&g->a, true, RCX, b);
    x_mov_rr(&g->a, true, RAX, gen_int(g, op->arg[0]));
    gen_free_reg(g, RDX);
    x_rr(&g->a, true, 0xf7, is_signed ? 5 : 4, RCX);
    g->pinned[GEN_INT] = 1u << RDX;
    x_mov_rr(&g->a, true, RCX, RDX);
    if (low) {
        define_from(g, low, true, RAX);
    }
    define_from(g, g->now, true, RCX);
}

/* RAX = dividend, RCX = divisor; quotient in RAX, remainder in RDX, for 0 and -1 too. */
static void divide_checked(Gen *g, bool wide, bool is_signed)
{
    Asm *a = &g->a;
    x_rr(a, wide, X_TEST, RCX, RCX);
    uint8_t *zero = x_jcc_short(a, CC_E), *minus = NULL, *done[2];
    if (is_signed) {
        x_alu_ri(a, wide, ALU_CMP, RCX, -1);
        minus = x_jcc_short(a, CC_E);
        x_opcode(a, wide ? 8 : 0, 0x99);                /* CDQ, CQO */
    } else {
        x_mov_ri(a, false, RDX, 0);
    }
    x_rr(a, wide, 0xf7, is_signed ? 7 : 6, RCX);
    x_8(a, 0xeb);
    x_8(a, 0);
    done[0] = a->p - 1;
    x_patch_short(zero, a->p);
    x_mov_rr(a, true, RDX, RAX);
    if (is_signed) {                                    /* 1 for a negative dividend, else -1 */
        x_shift_ri(a, wide, SHIFT_SAR, RAX, wide ? 63 : 31);
        x_rr(a, wide, 0xf7, 2, RAX);
        x_alu_ri(a, wide, ALU_OR, RAX, 1);
        x_8(a, 0xeb);
        x_8(a, 0);
        done[1] = a->p - 1;
        x_patch_short(minus, a->p);
        x_rr(a, wide, 0xf7, 3, RAX);
        x_mov_ri(a, false, RDX, 0);
        x_patch_short(done[1], a->p);
    } else {
        x_mov_ri(a, true, RAX, -1);
    }
    x_patch_short(done[0], a->p);
}

static void divide(Gen *g, const IrOp *op, bool is_signed, bool remainder)
{
    bool wide = wide_op(op);
    IrVal other = remainder ? 0 : partner(g, op, is_signed ? IR_REMS : IR_REMU);
    copy_or_load_const(g, wide, RCX, op->arg[1]);
    copy_or_load_const(g, wide, RAX, op->arg[0]);
    gen_free_reg(g, RDX);
    divide_checked(g, wide, is_signed);
    g->pinned[GEN_INT] = 1u << RDX;
    if (remainder) {
        x_mov_rr(&g->a, true, RAX, RDX);
    } else if (other) {
        x_mov_rr(&g->a, true, RCX, RDX);
        define_from(g, other, wide, RCX);
    }
    define_from(g, g->now, wide, RAX);
}

/* ---- comparisons ---- */

static const uint8_t conditions[IR_OPCODES] = {
    [IR_EQ] = CC_E, [IR_NE] = CC_NE, [IR_LTS] = CC_L, [IR_LES] = CC_LE, [IR_GTS] = CC_G, [IR_GES] = CC_GE,
    [IR_LTU] = CC_B, [IR_GEU] = CC_AE,
};

static HostCond swapped(HostCond cc)
{
    switch (cc) {
    case CC_L:  return CC_G;
    case CC_G:  return CC_L;
    case CC_LE: return CC_GE;
    case CC_GE: return CC_LE;
    case CC_B:  return CC_A;
    case CC_AE: return CC_BE;
    default:    return cc;
    }
}

HostCond gen_compare(Gen *g, const IrOp *cmp)
{
    HostCond cc = conditions[cmp->code];
    bool wide = wide_op(cmp);
    IrVal a = cmp->arg[0], b = cmp->arg[1];
    int32_t imm, mem;
    if (gen_imm(g, a, &imm) && !gen_imm(g, b, &imm)) {
        IrVal t = a;
        a = b;
        b = t;
        cc = swapped(cc);
    }
    bool constant = gen_imm(g, b, &imm);
    if (constant && gen_dies(g, a) && (mem = gen_mem(g, a)) != GEN_NO_SLOT) {
        x_alu_mi(&g->a, wide, ALU_CMP, RBP, mem, imm);
    } else if (constant && imm == 0 && cc != CC_B && cc != CC_AE && cc != CC_BE && cc != CC_A) {
        int r = gen_int(g, a);
        x_rr(&g->a, wide, X_TEST, r, r);
    } else {
        int r = gen_int(g, a);
        alu(g, wide, ALU_CMP, r, operand(g, b));
    }
    return cc;
}

HostCond gen_test(Gen *g, IrVal v)
{
    if (g->v[v].deferred) {
        return gen_compare(g, &g->r->ops[v]);
    }
    int32_t mem = gen_mem(g, v);
    bool wide = gen_is_wide(g, v);
    if (mem != GEN_NO_SLOT) {
        x_alu_mi(&g->a, wide, ALU_CMP, RBP, mem, 0);
    } else {
        int r = gen_int(g, v);
        x_rr(&g->a, wide, X_TEST, r, r);
    }
    return CC_NE;
}

static void set_condition(Gen *g, const IrOp *op)
{
    HostCond cc = gen_compare(g, op);
    x_rr8(&g->a, false, 0x0f90 | cc, 0, RAX);
    x_rr8(&g->a, false, X_MOVZX8, gen_def(g, g->now, 0, -1), RAX);
}

/* Moves leave the flags alone, and so may stand between the comparison and CMOV. */
static void choose(Gen *g, const IrOp *op)
{
    bool wide = wide_op(op);
    HostCond cc = gen_test(g, op->arg[0]);
    g->pinned[GEN_INT] = 0;
    int a = gen_int(g, op->arg[1]), b = gen_int(g, op->arg[2]);
    int d = gen_def(g, g->now, op->arg[2], -1);
    if (d == a && d != b) {
        x_rr(&g->a, wide, 0x0f40u | (cc ^ 1u), d, b);
    } else {
        x_mov_rr(&g->a, true, d, b);
        x_rr(&g->a, wide, 0x0f40u | cc, d, a);
    }
}

void gen_integer(Gen *g, const IrOp *op)
{
    switch (op->code) {
    case IR_ADD:     add(g, op); break;
    case IR_SUB:     subtract(g, op); break;
    case IR_AND:     logic(g, op, ALU_AND, false); break;
    case IR_OR:      logic(g, op, ALU_OR, false); break;
    case IR_XOR:     logic(g, op, ALU_XOR, false); break;
    case IR_NOR:     logic(g, op, ALU_OR, true); break;
    case IR_NOT:     unary(g, op, 2); break;
    case IR_NEG:     unary(g, op, 3); break;
    case IR_CLZ:     count_zeros(g, op); break;
    case IR_BSWAP:   byte_swap(g, op); break;
    case IR_SEXT8:   extend(g, X_MOVSX8, wide_op(op), op->arg[0]); break;
    case IR_SEXT16:  extend(g, X_MOVSX16, wide_op(op), op->arg[0]); break;
    case IR_SEXT32:  extend(g, wide_op(op) ? X_MOVSXD : X_MOV_LOAD, wide_op(op), op->arg[0]); break;
    case IR_EXT_S:   extend(g, X_MOVSXD, true, op->arg[0]); break;
    case IR_EXT_U:   extend(g, X_MOV_LOAD, false, op->arg[0]); break;
    case IR_SHL:     shift(g, op, SHIFT_SHL); break;
    case IR_SHR:     shift(g, op, SHIFT_SHR); break;
    case IR_SAR:     shift(g, op, SHIFT_SAR); break;
    case IR_ROTR:    shift(g, op, SHIFT_ROR); break;
    case IR_EXTRACT: extract(g, op); break;
    case IR_DEPOSIT: deposit(g, op); break;
    case IR_MUL:     multiply(g, op); break;
    case IR_MULHS:   (wide_op(op) ? multiply_high64 : multiply_high32)(g, op, true); break;
    case IR_MULHU:   (wide_op(op) ? multiply_high64 : multiply_high32)(g, op, false); break;
    case IR_DIVS:    divide(g, op, true, false); break;
    case IR_DIVU:    divide(g, op, false, false); break;
    case IR_REMS:    divide(g, op, true, true); break;
    case IR_REMU:    divide(g, op, false, true); break;
    case IR_SELECT:  choose(g, op); break;
    default:
        g_assert(ir_op_info[op->code].kind == IR_KIND_CMP);
        set_condition(g, op);
    }
}
