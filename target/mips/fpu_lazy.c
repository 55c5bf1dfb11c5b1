/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FCSR of machine code that computes on the host's unit: Flags are gathered there, Cause is
 * made when somebody looks, by doing the last operation once more. Only where no trap is
 * enabled and FS is clear, hence the result of that is known already and nothing raises.
 */
#include "accel/tcg/ir.h"
#include "target/mips/fpu.h"

enum { MX_ZERO = 1 << 2, MX_OVERFLOW = 1 << 3, MX_UNDERFLOW = 1 << 4, MX_INEXACT = 1 << 5, MX_FLAGS = 0x3f };

/* An invalid operation never is among them: its result is not the host's, so it is done here. */
void fpu_sync(MipsCpu *cpu)
{
    uint32_t m = cpu->mxcsr;
    unsigned flags = (m & MX_INEXACT ? FP_INEXACT : 0) | (m & MX_UNDERFLOW ? FP_UNDERFLOW : 0) |
                     (m & MX_OVERFLOW ? FP_OVERFLOW : 0) | (m & MX_ZERO ? FP_DIVZERO : 0);
    cpu->fcr31 |= flags << 2;
    cpu->mxcsr = m & ~(uint32_t)MX_FLAGS;
    if (cpu->fp_last.op) {
        fpu_exact(cpu, cpu->fp_last.op, cpu->fp_last.a, cpu->fp_last.b, cpu->fp_last.c);
    }
}

#define ONE(CODE, name) \
    case IR_##CODE: return wide ? fpu_##name##_d(cpu, a) : fpu_##name##_s(cpu, (uint32_t)a);
#define TWO(CODE, name) \
    case IR_##CODE: return wide ? fpu_##name##_d(cpu, a, b) : fpu_##name##_s(cpu, (uint32_t)a, (uint32_t)b);

static uint64_t arithmetic(MipsCpu *cpu, IrCode code, bool wide, unsigned imm, uint64_t a, uint64_t b,
                           uint64_t c)
{
    switch (code) {
    TWO(FADD, add) TWO(FSUB, sub) TWO(FMUL, mul) TWO(FDIV, div)
    ONE(FSQRT, sqrt) ONE(FRECIP, recip) ONE(FRSQRT, rsqrt) ONE(FABS, abs) ONE(FNEG, neg)
    case IR_FMULADD:
        return wide ? fpu_muladd_d(cpu, a, b, c, imm)
                    : fpu_muladd_s(cpu, (uint32_t)a, (uint32_t)b, (uint32_t)c, imm);
    default:
        g_assert_not_reached();
    }
}

uint64_t fpu_exact(MipsCpu *cpu, uint32_t op, uint64_t a, uint64_t b, uint64_t c)
{
    IrCode code = op & 0xff;
    IrType type = op >> 8 & 0xff;
    unsigned imm = op >> 16;
    cpu->fp_last.op = 0;
    switch (code) {
    case IR_FCVT_SD: return fpu_d_to_s(cpu, a);
    case IR_FCVT_DS: return fpu_s_to_d(cpu, (uint32_t)a);
    case IR_FCVT_SI: return fpu_w_to_s(cpu, (uint32_t)a);
    case IR_FCVT_SL: return fpu_l_to_s(cpu, a);
    case IR_FCVT_DI: return fpu_w_to_d(cpu, (uint32_t)a);
    case IR_FCVT_DL: return fpu_l_to_d(cpu, a);
    case IR_FTOI_IS: return fpu_s_to_w(cpu, (uint32_t)a, imm);
    case IR_FTOI_ID: return fpu_d_to_w(cpu, a, imm);
    case IR_FTOI_LS: return fpu_s_to_l(cpu, (uint32_t)a, imm);
    case IR_FTOI_LD: return fpu_d_to_l(cpu, a, imm);
    case IR_FCMP_S:  return fpu_cmp_s(cpu, (uint32_t)a, (uint32_t)b, imm);
    case IR_FCMP_D:  return fpu_cmp_d(cpu, a, b, imm);
    default:         return arithmetic(cpu, code, type == IR_F64, imm, a, b, c);
    }
}
