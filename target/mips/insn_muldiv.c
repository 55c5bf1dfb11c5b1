/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multiply, divide, HI and LO (MD00086, MD00087). */
#include "target/mips/insn.h"

TRANS(MFHI) { set_gpr(t, i->rd, hi(t)); }
TRANS(MFLO) { set_gpr(t, i->rd, lo(t)); }
TRANS(MTHI) { set_hi(t, gpr(t, i->rs)); }
TRANS(MTLO) { set_lo(t, gpr(t, i->rs)); }

static IrVal op2(Trans *t, IrCode code, IrVal a, IrVal b)
{
    return ir_bin(t->ir, code, a, b);
}

static void set_hilo32(Trans *t, IrVal h, IrVal l)
{
    set_hi(t, word32(t, h));
    set_lo(t, word32(t, l));
}

static void multiply(Trans *t, const Insn *i, IrCode high)
{
    IrVal a = gpr32(t, i->rs), b = gpr32(t, i->rt);
    IrVal h = op2(t, high, a, b), l = mul(t, a, b);
    set_hilo32(t, h, l);
}

TRANS(MULT)  { multiply(t, i, IR_MULHS); }
TRANS(MULTU) { multiply(t, i, IR_MULHU); }

/* HI and LO of MUL are UNPREDICTABLE; they stay. */
TRANS(MUL) { set_gpr32(t, i->rd, mul(t, gpr32(t, i->rs), gpr32(t, i->rt))); }

static void divide(Trans *t, IrVal a, IrVal b, IrCode quotient, IrCode remainder)
{
    IrVal q = op2(t, quotient, a, b), r = op2(t, remainder, a, b);
    if (ir_type(t->ir, q) == IR_I32) {
        set_hilo32(t, r, q);
    } else {
        set_hi(t, r);
        set_lo(t, q);
    }
}

TRANS(DIV)   { divide(t, gpr32(t, i->rs), gpr32(t, i->rt), IR_DIVS, IR_REMS); }
TRANS(DIVU)  { divide(t, gpr32(t, i->rs), gpr32(t, i->rt), IR_DIVU, IR_REMU); }
TRANS(DDIV)  { divide(t, gpr(t, i->rs), gpr(t, i->rt), IR_DIVS, IR_REMS); }
TRANS(DDIVU) { divide(t, gpr(t, i->rs), gpr(t, i->rt), IR_DIVU, IR_REMU); }

static void multiply64(Trans *t, const Insn *i, IrCode high)
{
    IrVal a = gpr(t, i->rs), b = gpr(t, i->rt);
    IrVal h = op2(t, high, a, b), l = mul(t, a, b);
    set_hi(t, h);
    set_lo(t, l);
}

TRANS(DMULT)  { multiply64(t, i, IR_MULHS); }
TRANS(DMULTU) { multiply64(t, i, IR_MULHU); }

/* HI:LO plus or minus the product of the low halves. */
static void accumulate(Trans *t, const Insn *i, bool is_signed, IrCode how)
{
    IrVal a = gpr32(t, i->rs), b = gpr32(t, i->rt);
    IrVal wide_a = is_signed ? ir_to_i64(t->ir, a) : ir_to_i64u(t->ir, a);
    IrVal wide_b = is_signed ? ir_to_i64(t->ir, b) : ir_to_i64u(t->ir, b);
    IrVal product = mul(t, wide_a, wide_b);
    IrVal thirty_two = ir_const(t->ir, IR_I64, 32);
    IrVal high = shl(t, ir_to_i64(t->ir, hi(t)), thirty_two);
    IrVal acc = or_(t, high, ir_to_i64u(t->ir, ir_to_i32(t->ir, lo(t))));
    acc = op2(t, how, acc, product);
    set_hilo32(t, ir_to_i32(t->ir, shr(t, acc, thirty_two)), ir_to_i32(t->ir, acc));
}

TRANS(MADD)  { accumulate(t, i, true, IR_ADD); }
TRANS(MADDU) { accumulate(t, i, false, IR_ADD); }
TRANS(MSUB)  { accumulate(t, i, true, IR_SUB); }
TRANS(MSUBU) { accumulate(t, i, false, IR_SUB); }
