/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floating point on SSE. The guest's rounding mode is in MXCSR, which also collects the flags; a result
 * that is a NaN (an operand was one, or the operation is invalid) is thrown away and made by the exact
 * functions, which know the guest's NaNs: MXCSR's invalid flag therefore never means anything.
 * FCSR.Cause is rebuilt from the last operation when somebody asks (target/mips/fpu_lazy.c).
 * Where a trap may be enabled or denormals are flushed, every operation is exact.
 */
#include "accel/tcg/jit/x86_64/gen.h"

#define SD 0xf2000f00u
#define SS 0xf3000f00u
#define X_UCOMISS 0x00000f2eu
#define X_UCOMISD 0x66000f2eu
#define X_ANDPS   0x00000f54u
#define X_XORPS   0x00000f57u

static bool is_float(IrType type)
{
    return type == IR_F32 || type == IR_F64;
}

static bool is_double(IrType type)
{
    return type == IR_F64;
}

static IrType arg_type(const Gen *g, const IrOp *op, int n)
{
    return (IrType)g->r->ops[op->arg[n]].type;
}

/* What names the operation to the exact functions: see fp_last in MipsCpu. */
static uint32_t exact_op(const IrOp *op)
{
    return op->code | (uint32_t)op->type << 8 | (uint32_t)op->imm << 16;
}

/* The operands' registers, in the stub's terms. */
static Stub fp_stub(Gen *g, const IrOp *op)
{
    Stub s = { .kind = STUB_FP, .op = g->now, .dirty = g->dirty, .fp_op = exact_op(op),
               .fp_arg = { -1, -1, -1 } };
    for (int i = 0; i < 3 && op->arg[i]; i++) {
        bool f = is_float(arg_type(g, op, i));
        s.fp_arg[i] = (int8_t)(f ? gen_xmm(g, op->arg[i]) : gen_int(g, op->arg[i]));
        s.fp_int |= (uint8_t)(f ? 0 : 1u << i);
    }
    s.dst_xmm = is_float((IrType)op->type);
    return s;
}

/* Notes the operands before the result takes a register of theirs. */
static void record(Gen *g, const IrOp *op, const Stub *s)
{
    static const int32_t at[3] = { CPU(fp_last.a), CPU(fp_last.b), CPU(fp_last.c) };
    if (!g->v[g->now].record) {
        return;
    }
    for (int i = 0; i < 3 && op->arg[i]; i++) {
        if (s->fp_int >> i & 1) {
            x_rm(&g->a, true, X_MOV_STORE, s->fp_arg[i], RBP, at[i]);
        } else {
            x_rm(&g->a, false, X_MOVSD_STORE, s->fp_arg[i], RBP, at[i]);
        }
    }
    x_mov_mi(&g->a, false, RBP, CPU(fp_last.op), (int32_t)s->fp_op);
}

/* xmm d is the result unless it is a NaN. */
static void check_nan(Gen *g, bool wide, Stub *s, int d)
{
    x_rr(&g->a, false, wide ? X_UCOMISD : X_UCOMISS, d, d);
    s->from[0] = x_jcc(&g->a, CC_P);
    s->dst = (int8_t)d;
}

static void move_xmm(Gen *g, int d, int s)
{
    if (d != s) {
        x_rr(&g->a, false, X_MOVAPS, d, s);
    }
}

/* The way back from the stub; operands are noted, and not looked at any more. */
static void come_back(Gen *g, const IrOp *op, Stub *s)
{
    s->back = g->a.p;
    g_array_append_val(g->stubs, *s);
    record(g, op, s);
}

/* The result, in xmm0 or EAX on both ways, goes to its place. */
static void finish(Gen *g, const IrOp *op, Stub *s)
{
    come_back(g, op, s);
    int d = gen_def(g, g->now, 0, -1);
    if (is_float((IrType)op->type)) {
        move_xmm(g, d, 0);
    } else {
        x_mov_rr(&g->a, true, d, RAX);
    }
}

/* d = x op y; d is not y, and only with AVX x. */
static void two_operands(Gen *g, bool wide, uint32_t code, int d, int x, int y)
{
    if (g->jit->avx) {
        x_vex(&g->a, false, wide ? 3 : 2, 1, code, d, x, y);
    } else {
        move_xmm(g, d, x);
        x_rr(&g->a, false, (wide ? SD : SS) | code, d, y);
    }
}

/* The operands stay what they are until the result has been looked at: what is to take the place of one
 * is made in xmm0. */
static void arith(Gen *g, const IrOp *op, uint32_t code)
{
    bool wide = is_double((IrType)op->type);
    Stub s = fp_stub(g, op);
    int d = gen_def(g, g->now, 0, -1);
    int t = d == s.fp_arg[0] || d == s.fp_arg[1] ? 0 : d;
    two_operands(g, wide, code, t, s.fp_arg[0], s.fp_arg[1]);
    check_nan(g, wide, &s, t);
    come_back(g, op, &s);
    move_xmm(g, d, t);
}

static void square_root(Gen *g, const IrOp *op)
{
    bool wide = is_double((IrType)op->type);
    Stub s = fp_stub(g, op);
    x_rr(&g->a, false, (wide ? SD : SS) | 0x51, 0, s.fp_arg[0]);
    check_nan(g, wide, &s, 0);
    finish(g, op, &s);
}

static void mask_sign(Gen *g, bool wide, bool negate)
{
    unsigned which = wide ? (negate ? JIT_MASK_SIGN_D : JIT_MASK_ABS_D)
                          : (negate ? JIT_MASK_SIGN_S : JIT_MASK_ABS_S);
    x_rip(&g->a, false, negate ? X_XORPS : X_ANDPS, 0, g->jit->masks + 16 * (intptr_t)which, g->exec, 0);
}

static void sign_op(Gen *g, const IrOp *op)
{
    bool wide = is_double((IrType)op->type);
    Stub s = fp_stub(g, op);
    x_rr(&g->a, false, X_MOVAPS, 0, s.fp_arg[0]);
    check_nan(g, wide, &s, 0);
    mask_sign(g, wide, op->code == IR_FNEG);
    finish(g, op, &s);
}

static void muladd(Gen *g, const IrOp *op)
{
    bool wide = is_double((IrType)op->type);
    uint32_t prefix = wide ? SD : SS;
    Stub s = fp_stub(g, op);
    two_operands(g, wide, 0x59, 0, s.fp_arg[0], s.fp_arg[1]);
    x_rr(&g->a, false, prefix | (op->imm & 1 ? 0x5c : 0x58), 0, s.fp_arg[2]);
    check_nan(g, wide, &s, 0);
    if (op->imm & 2) {
        mask_sign(g, wide, true);
    }
    finish(g, op, &s);
}

static void between_floats(Gen *g, const IrOp *op, bool to_double)
{
    Stub s = fp_stub(g, op);
    x_rr(&g->a, false, X_MOVAPS, 0, s.fp_arg[0]);
    x_rr(&g->a, false, (to_double ? SS : SD) | 0x5a, 0, 0);
    check_nan(g, to_double, &s, 0);
    finish(g, op, &s);
}

static void from_int(Gen *g, const IrOp *op)
{
    bool wide = is_double((IrType)op->type), from64 = arg_type(g, op, 0) == IR_I64;
    Stub s = fp_stub(g, op);
    x_rr(&g->a, false, X_XORPS, 0, 0);
    x_rr(&g->a, from64, (wide ? SD : SS) | 0x2a, 0, s.fp_arg[0]);
    record(g, op, &s);
    x_rr(&g->a, false, X_MOVAPS, gen_def(g, g->now, 0, -1), 0);
}

/* ROUNDSS, ROUNDSD into xmm0; mode: 0..3 nearest, down, up, zero, and 8: no inexact flag. */
static void round_float(Gen *g, bool wide, int from, unsigned mode)
{
    x_rr(&g->a, false, 0x663a0f0au | wide, 0, from);
    x_8(&g->a, mode);
}

/* What does not fit, and the least integer, which looks the same, goes the exact way. */
static void to_int(Gen *g, const IrOp *op)
{
    enum { NEAREST, ZERO, UP, DOWN, CURRENT };
    static const uint8_t host_mode[4] = { [NEAREST] = 0, [DOWN] = 1, [UP] = 2, [ZERO] = 3 };
    bool from_double = arg_type(g, op, 0) == IR_F64, to64 = op->type == IR_I64;
    uint32_t prefix = from_double ? SD : SS;
    Stub s = fp_stub(g, op);
    int from = s.fp_arg[0];
    bool directed = op->imm != ZERO && op->imm != CURRENT;
    if (directed) {
        round_float(g, from_double, from, host_mode[op->imm] | 8u);
        from = 0;
    }
    x_rr(&g->a, to64, prefix | (op->imm == CURRENT ? 0x2d : 0x2c), RAX, from);
    x_alu_ri(&g->a, to64, ALU_CMP, RAX, 1);
    s.from[0] = x_jcc(&g->a, CC_O);
    if (directed) {                 /* it fits: now the inexact flag counts */
        round_float(g, from_double, s.fp_arg[0], host_mode[op->imm]);
    }
    finish(g, op, &s);
}

/* Ordered operands: equal, less, or both, as the predicate says. */
static void compare(Gen *g, const IrOp *op)
{
    static const uint8_t cc[4] = { 0, CC_E, CC_B, CC_BE };
    bool wide = arg_type(g, op, 0) == IR_F64;
    unsigned which = (unsigned)op->imm >> 1 & 3;
    Stub s = fp_stub(g, op);
    x_rr(&g->a, false, wide ? X_UCOMISD : X_UCOMISS, s.fp_arg[0], s.fp_arg[1]);
    s.from[0] = x_jcc(&g->a, CC_P);
    if (which) {
        x_rr8(&g->a, false, 0x0f90u | cc[which], 0, RAX);
        x_rr8(&g->a, false, X_MOVZX8, RAX, RAX);
    } else {
        x_mov_ri(&g->a, false, RAX, 0);
    }
    finish(g, op, &s);
}

/* Always by the exact functions. */
static void exact(Gen *g, const IrOp *op)
{
    Stub s = fp_stub(g, op);
    s.from[0] = x_jmp(&g->a);
    finish(g, op, &s);
}

static void bits(Gen *g, const IrOp *op)
{
    bool wide = op->type == IR_I64 || op->type == IR_F64;
    if (is_float((IrType)op->type)) {
        int a = gen_int(g, op->arg[0]);
        x_rr(&g->a, wide, X_MOVD_TO, gen_def(g, g->now, 0, -1), a);
    } else {
        int a = gen_xmm(g, op->arg[0]);
        x_rr(&g->a, wide, X_MOVD_FROM, a, gen_def(g, g->now, 0, -1));
    }
}

void gen_float(Gen *g, const IrOp *op)
{
    if (op->code >= IR_BITS_SI && op->code <= IR_BITS_LD) {
        bits(g, op);
        return;
    }
    if (!g->r->fp_fast || !g->jit->sse41) {
        exact(g, op);
        return;
    }
    switch (op->code) {
    case IR_FADD:  arith(g, op, 0x58); break;
    case IR_FSUB:  arith(g, op, 0x5c); break;
    case IR_FMUL:  arith(g, op, 0x59); break;
    case IR_FDIV:  arith(g, op, 0x5e); break;
    case IR_FSQRT: square_root(g, op); break;
    case IR_FABS: case IR_FNEG: sign_op(g, op); break;
    case IR_FMULADD: muladd(g, op); break;
    case IR_FCVT_SD: between_floats(g, op, false); break;
    case IR_FCVT_DS: between_floats(g, op, true); break;
    case IR_FCVT_SI: case IR_FCVT_SL: case IR_FCVT_DI: case IR_FCVT_DL: from_int(g, op); break;
    case IR_FTOI_IS: case IR_FTOI_ID: case IR_FTOI_LS: case IR_FTOI_LD: to_int(g, op); break;
    case IR_FCMP_S: case IR_FCMP_D: compare(g, op); break;
    default: exact(g, op);
    }
}
