/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floating point (MD00086, MD00087). Fields: ft = rt, fs = rd, fd = sa. */
#include "target/mips/fpu.h"
#include "target/mips/helpers.h"
#include "target/mips/insn.h"
#include "util/bits.h"

/* ---- registers: with FR = 0 an odd single is the upper half of the even register ---- */

static size_t half_slot(const Trans *t, unsigned n, bool high)
{
    size_t upper = 4 - IR_LOW32, lower = IR_LOW32;
    if (!(t->mode & MODE_FR)) {
        high = high || (n & 1);
        n &= ~1u;
    }
    return offsetof(MipsCpu, fpr) + 8 * n + (high ? upper : lower);
}

static size_t double_slot(const Trans *t, unsigned n)
{
    return offsetof(MipsCpu, fpr) + 8 * (t->mode & MODE_FR ? n : n & ~1u);
}

static IrVal get(Trans *t, IrType type, unsigned n)
{
    bool wide = type == IR_F64 || type == IR_I64;
    return ir_get(t->ir, type, wide ? double_slot(t, n) : half_slot(t, n, false));
}

static void set(Trans *t, unsigned n, IrVal v)
{
    IrType type = ir_type(t->ir, v);
    bool wide = type == IR_F64 || type == IR_I64;
    ir_set(t->ir, wide ? double_slot(t, n) : half_slot(t, n, false), v);
}

/* With FR = 0 a 64-bit operand in an odd register is UNPREDICTABLE: the pair is used. */

/* ---- moves between register files ---- */

TRANS(MFC1)  { set_gpr32(t, i->rt, get(t, IR_I32, i->rd)); }
TRANS(MTC1)  { set(t, i->rd, gpr32(t, i->rt)); }
TRANS(DMFC1) { set_gpr(t, i->rt, get(t, IR_I64, i->rd)); }
TRANS(DMTC1) { set(t, i->rd, gpr(t, i->rt)); }
TRANS(MFHC1) { set_gpr32(t, i->rt, ir_get(t->ir, IR_I32, half_slot(t, i->rd, true))); }
TRANS(MTHC1) { ir_set(t->ir, half_slot(t, i->rd, true), gpr32(t, i->rt)); }

TRANS(CFC1)
{
    set_gpr32(t, i->rt, ir_to_i32(t->ir, ir_call(t->ir, &helper_cfc1, konst(t, i->rd), 0, 0)));
}

TRANS(CTC1)
{
    ir_call(t->ir, &helper_ctc1, konst(t, i->rd), gpr32(t, i->rt), 0);
    if (i->rd == 28 || i->rd == 31) {       /* MODE_FPX */
        t->flow = FLOW_LEAVE;
    }
}

/* ---- loads and stores ---- */

static IrVal indexed(Trans *t, const Insn *i)
{
    return add(t, insn_base(t, i->rs), insn_base(t, i->rt));
}

static void load_single(Trans *t, IrVal base, int32_t disp, unsigned fd)
{
    set(t, fd, ir_load(t->ir, IR_F32, insn_mem(t, 4, false), base, disp));
}

static void load_double(Trans *t, IrVal base, int32_t disp, unsigned fd)
{
    set(t, fd, ir_load(t->ir, IR_F64, insn_mem(t, 8, false), base, disp));
}

static void store_single(Trans *t, IrVal base, int32_t disp, unsigned fs)
{
    ir_store(t->ir, insn_mem(t, 4, false), base, disp, get(t, IR_F32, fs));
}

static void store_double(Trans *t, IrVal base, int32_t disp, unsigned fs)
{
    ir_store(t->ir, insn_mem(t, 8, false), base, disp, get(t, IR_F64, fs));
}

TRANS(LWC1)  { load_single(t, insn_base(t, i->rs), i->imm, i->rt); }
TRANS(LDC1)  { load_double(t, insn_base(t, i->rs), i->imm, i->rt); }
TRANS(SWC1)  { store_single(t, insn_base(t, i->rs), i->imm, i->rt); }
TRANS(SDC1)  { store_double(t, insn_base(t, i->rs), i->imm, i->rt); }
TRANS(LWXC1) { load_single(t, indexed(t, i), 0, i->sa); }
TRANS(LDXC1) { load_double(t, indexed(t, i), 0, i->sa); }
TRANS(SWXC1) { store_single(t, indexed(t, i), 0, i->rd); }
TRANS(SDXC1) { store_double(t, indexed(t, i), 0, i->rd); }
TRANS(PREFX) { }

static IrVal aligned_index(Trans *t, const Insn *i)
{
    IrVal addr = indexed(t, i);
    return and_(t, addr, ir_const(t->ir, ir_type(t->ir, addr), -8));
}

TRANS(LUXC1) { load_double(t, aligned_index(t, i), 0, i->sa); }
TRANS(SUXC1) { store_double(t, aligned_index(t, i), 0, i->rd); }

/* ---- condition codes: a slot each, 0 or 1 ---- */

static size_t code_slot(unsigned cc)
{
    return offsetof(MipsCpu, fcc) + 4 * cc;
}

static IrVal condition(Trans *t, unsigned cc)
{
    return ir_get(t->ir, IR_I32, code_slot(cc));
}

static void set_condition(Trans *t, unsigned cc, IrVal v)
{
    ir_set(t->ir, code_slot(cc), v);
}

static void branch_on(Trans *t, const Insn *i, bool on, bool likely)
{
    IrVal c = condition(t, i->word >> 18 & 7);
    insn_branch(t, on ? c : eq(t, c, konst32(t, 0)), insn_branch_target(t, i), likely);
}

TRANS(BC1F)  { branch_on(t, i, false, false); }
TRANS(BC1T)  { branch_on(t, i, true, false); }
TRANS(BC1FL) { branch_on(t, i, false, true); }
TRANS(BC1TL) { branch_on(t, i, true, true); }

static void move_gpr_if(Trans *t, const Insn *i, bool on)
{
    IrVal c = word32(t, condition(t, i->word >> 18 & 7));
    IrVal from = gpr(t, i->rs), old = gpr(t, i->rd);
    set_gpr(t, i->rd, on ? ir_select(t->ir, c, from, old) : ir_select(t->ir, c, old, from));
}

TRANS(MOVF) { move_gpr_if(t, i, false); }
TRANS(MOVT) { move_gpr_if(t, i, true); }

/* cond of type I32; moves fs to fd when it is (or is not) zero. */
static void move_fpr_if(Trans *t, const Insn *i, IrType type, IrVal cond, bool when_zero)
{
    if (type == IR_I64) {
        cond = ir_to_i64(t->ir, cond);
    }
    IrVal from = get(t, type, i->rd), old = get(t, type, i->sa);
    set(t, i->sa, when_zero ? ir_select(t->ir, cond, old, from) : ir_select(t->ir, cond, from, old));
}

static IrVal gpr_nonzero(Trans *t, unsigned n)
{
    return ir_to_i32(t->ir, ne(t, gpr(t, n), konst(t, 0)));
}

TRANS(MOVF_S)  { move_fpr_if(t, i, IR_I32, condition(t, i->word >> 18 & 7), true); }
TRANS(MOVT_S)  { move_fpr_if(t, i, IR_I32, condition(t, i->word >> 18 & 7), false); }
TRANS(MOVF_D)  { move_fpr_if(t, i, IR_I64, condition(t, i->word >> 18 & 7), true); }
TRANS(MOVT_D)  { move_fpr_if(t, i, IR_I64, condition(t, i->word >> 18 & 7), false); }
TRANS(MOVZ_S)  { move_fpr_if(t, i, IR_I32, gpr_nonzero(t, i->rt), true); }
TRANS(MOVN_S)  { move_fpr_if(t, i, IR_I32, gpr_nonzero(t, i->rt), false); }
TRANS(MOVZ_D)  { move_fpr_if(t, i, IR_I64, gpr_nonzero(t, i->rt), true); }
TRANS(MOVN_D)  { move_fpr_if(t, i, IR_I64, gpr_nonzero(t, i->rt), false); }
TRANS(MOVZ_PS) { move_fpr_if(t, i, IR_I64, gpr_nonzero(t, i->rt), true); }
TRANS(MOVN_PS) { move_fpr_if(t, i, IR_I64, gpr_nonzero(t, i->rt), false); }
TRANS(MOV_S)   { set(t, i->sa, get(t, IR_F32, i->rd)); }
TRANS(MOV_D)   { set(t, i->sa, get(t, IR_F64, i->rd)); }
TRANS(MOV_PS)  { set(t, i->sa, get(t, IR_I64, i->rd)); }

/* ---- arithmetic ---- */

static void arith2(Trans *t, const Insn *i, IrType type, IrCode code)
{
    set(t, i->sa, ir_op(t->ir, code, type, get(t, type, i->rd), get(t, type, i->rt), 0, 0));
}

static void arith1(Trans *t, const Insn *i, IrType to, IrType from, IrCode code, int64_t imm)
{
    set(t, i->sa, ir_op(t->ir, code, to, get(t, from, i->rd), 0, 0, imm));
}

#define ARITH2(id, code) \
    TRANS(id##_S) { arith2(t, i, IR_F32, code); } \
    TRANS(id##_D) { arith2(t, i, IR_F64, code); }
#define ARITH1(id, code) \
    TRANS(id##_S) { arith1(t, i, IR_F32, IR_F32, code, 0); } \
    TRANS(id##_D) { arith1(t, i, IR_F64, IR_F64, code, 0); }
ARITH2(ADD, IR_FADD) ARITH2(SUB, IR_FSUB) ARITH2(MUL, IR_FMUL) ARITH2(DIV, IR_FDIV)
ARITH1(SQRT, IR_FSQRT) ARITH1(RECIP, IR_FRECIP) ARITH1(RSQRT, IR_FRSQRT)
ARITH1(ABS, IR_FABS) ARITH1(NEG, IR_FNEG)

#define TO_INT(id, rounding) \
    TRANS(id##_W_S) { arith1(t, i, IR_I32, IR_F32, IR_FTOI_IS, rounding); } \
    TRANS(id##_W_D) { arith1(t, i, IR_I32, IR_F64, IR_FTOI_ID, rounding); } \
    TRANS(id##_L_S) { arith1(t, i, IR_I64, IR_F32, IR_FTOI_LS, rounding); } \
    TRANS(id##_L_D) { arith1(t, i, IR_I64, IR_F64, IR_FTOI_LD, rounding); }
TO_INT(ROUND, ROUND_NEAREST) TO_INT(TRUNC, ROUND_ZERO) TO_INT(CEIL, ROUND_UP) TO_INT(FLOOR, ROUND_DOWN)
TO_INT(CVT, ROUND_CURRENT)

TRANS(CVT_D_S) { arith1(t, i, IR_F64, IR_F32, IR_FCVT_DS, 0); }
TRANS(CVT_S_D) { arith1(t, i, IR_F32, IR_F64, IR_FCVT_SD, 0); }
TRANS(CVT_S_W) { arith1(t, i, IR_F32, IR_I32, IR_FCVT_SI, 0); }
TRANS(CVT_D_W) { arith1(t, i, IR_F64, IR_I32, IR_FCVT_DI, 0); }
TRANS(CVT_S_L) { arith1(t, i, IR_F32, IR_I64, IR_FCVT_SL, 0); }
TRANS(CVT_D_L) { arith1(t, i, IR_F64, IR_I64, IR_FCVT_DL, 0); }

static void compare(Trans *t, const Insn *i, IrType type, IrCode code)
{
    IrVal c = ir_op(t->ir, code, IR_I32, get(t, type, i->rd), get(t, type, i->rt), 0, i->word & 15);
    set_condition(t, i->word >> 8 & 7, c);
}

TRANS(C_S) { compare(t, i, IR_F32, IR_FCMP_S); }
TRANS(C_D) { compare(t, i, IR_F64, IR_FCMP_D); }

static void muladd(Trans *t, const Insn *i, IrType type, int kind)
{
    IrVal fs = get(t, type, i->rd), ft = get(t, type, i->rt), fr = get(t, type, i->rs);
    set(t, i->sa, ir_op(t->ir, IR_FMULADD, type, fs, ft, fr, kind));
}

TRANS(MADD_S)  { muladd(t, i, IR_F32, 0); }
TRANS(MSUB_S)  { muladd(t, i, IR_F32, 1); }
TRANS(NMADD_S) { muladd(t, i, IR_F32, 2); }
TRANS(NMSUB_S) { muladd(t, i, IR_F32, 3); }
TRANS(MADD_D)  { muladd(t, i, IR_F64, 0); }
TRANS(MSUB_D)  { muladd(t, i, IR_F64, 1); }
TRANS(NMADD_D) { muladd(t, i, IR_F64, 2); }
TRANS(NMSUB_D) { muladd(t, i, IR_F64, 3); }

/* ---- paired single ---- */

static IrVal ps(Trans *t, unsigned n)
{
    return get(t, IR_I64, n);
}

static void ps_call(Trans *t, const Insn *i, const IrHelper *helper, IrVal c)
{
    set(t, i->sa, ir_call(t->ir, helper, ps(t, i->rd), ps(t, i->rt), c));
}

TRANS(ADD_PS)   { ps_call(t, i, &helper_ps_add, 0); }
TRANS(SUB_PS)   { ps_call(t, i, &helper_ps_sub, 0); }
TRANS(MUL_PS)   { ps_call(t, i, &helper_ps_mul, 0); }
TRANS(ABS_PS)   { ps_call(t, i, &helper_ps_abs, 0); }
TRANS(NEG_PS)   { ps_call(t, i, &helper_ps_neg, 0); }
TRANS(MADD_PS)  { ps_call(t, i, &helper_ps_madd, ps(t, i->rs)); }
TRANS(MSUB_PS)  { ps_call(t, i, &helper_ps_msub, ps(t, i->rs)); }
TRANS(NMADD_PS) { ps_call(t, i, &helper_ps_nmadd, ps(t, i->rs)); }
TRANS(NMSUB_PS) { ps_call(t, i, &helper_ps_nmsub, ps(t, i->rs)); }

/* The lower comparison sets code cc, the upper cc + 1; cc is even. */
TRANS(C_PS)
{
    unsigned cc = i->word >> 8 & 6;
    IrVal r = ir_to_i32(t->ir, ir_call(t->ir, &helper_ps_cmp, ps(t, i->rd), ps(t, i->rt),
                                       ir_const(t->ir, IR_I64, i->word & 15)));
    set_condition(t, cc, and_(t, r, konst32(t, 1)));
    set_condition(t, cc + 1, shr(t, r, konst32(t, 1)));
}

static IrVal lower(Trans *t, IrVal v)
{
    return ir_to_i64u(t->ir, ir_to_i32(t->ir, v));
}

static IrVal upper(Trans *t, IrVal v)
{
    return shr(t, v, ir_const(t->ir, IR_I64, 32));
}

static void pair(Trans *t, unsigned fd, IrVal high, IrVal low)
{
    set(t, fd, or_(t, shl(t, high, ir_const(t->ir, IR_I64, 32)), low));
}

TRANS(PLL_PS) { pair(t, i->sa, lower(t, ps(t, i->rd)), lower(t, ps(t, i->rt))); }
TRANS(PLU_PS) { pair(t, i->sa, lower(t, ps(t, i->rd)), upper(t, ps(t, i->rt))); }
TRANS(PUL_PS) { pair(t, i->sa, upper(t, ps(t, i->rd)), lower(t, ps(t, i->rt))); }
TRANS(PUU_PS) { pair(t, i->sa, upper(t, ps(t, i->rd)), upper(t, ps(t, i->rt))); }
TRANS(CVT_S_PL) { set(t, i->sa, ir_to_i32(t->ir, ps(t, i->rd))); }
TRANS(CVT_S_PU) { set(t, i->sa, ir_to_i32(t->ir, upper(t, ps(t, i->rd)))); }

TRANS(CVT_PS_S)
{
    pair(t, i->sa, ir_to_i64u(t->ir, get(t, IR_I32, i->rd)), ir_to_i64u(t->ir, get(t, IR_I32, i->rt)));
}

/* Two moves of one or two singles, each lower or upper half when its condition says so. */
static void ps_move_if(Trans *t, const Insn *i, bool on)
{
    unsigned cc = i->word >> 18 & 6;
    IrVal from = ps(t, i->rd), old = ps(t, i->sa), half[2];
    for (unsigned k = 0; k < 2; k++) {
        IrVal c = ir_to_i64(t->ir, condition(t, cc + k));
        IrVal f = k ? upper(t, from) : lower(t, from), o = k ? upper(t, old) : lower(t, old);
        half[k] = on ? ir_select(t->ir, c, f, o) : ir_select(t->ir, c, o, f);
    }
    pair(t, i->sa, half[1], half[0]);
}

TRANS(MOVF_PS) { ps_move_if(t, i, false); }
TRANS(MOVT_PS) { ps_move_if(t, i, true); }

/* rs mod 8 is 0 or 4, anything else UNPREDICTABLE: bit 2 decides. */
TRANS(ALNV_PS)
{
    IrVal fs = ps(t, i->rd), ft = ps(t, i->rt);
    IrVal shifted = t->cpu->big_endian
        ? or_(t, shl(t, lower(t, fs), ir_const(t->ir, IR_I64, 32)), upper(t, ft))
        : or_(t, shl(t, lower(t, ft), ir_const(t->ir, IR_I64, 32)), upper(t, fs));
    IrVal four = and_(t, ir_to_i64(t->ir, gpr(t, i->rs)), ir_const(t->ir, IR_I64, 4));
    set(t, i->sa, ir_select(t->ir, four, shifted, fs));
}
