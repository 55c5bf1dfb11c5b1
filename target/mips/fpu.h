/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MIPS floating point, exactly: results, flags, Cause and enabled traps of FCSR (MD00086,
 * 5.6; IEEE 754-1985), with the legacy NaN encoding: a signaling NaN has its first fraction
 * bit set, and every result that is no number, of NaN operands too, is 0x7fbfffff or
 * 0x7ff7ffffffffffff.
 *
 * Each function sets FCSR.Cause and Flags of the vCPU, or raises EXC_FPE when a trap is
 * enabled, before anything else of the CPU has changed. Values are raw bits.
 *
 * Machine code that computes on the host's unit leaves Flags in cpu->mxcsr and the last
 * operation in cpu->fp_last; fpu_sync makes FCSR true. Only code of a mode without MODE_FPX
 * leaves such state, and what reads or writes FCSR as a whole syncs first. The operations
 * from fpu_add to fpu_ps_cmp do not: who calls them sees to it that fp_last.op is 0 (the
 * interpreter never makes it anything else, fpu_exact and the helpers of PS clear it).
 */
#ifndef TARGET_MIPS_FPU_H
#define TARGET_MIPS_FPU_H

#include <stdint.h>
#include "target/mips/cpu.h"

enum { FP_INEXACT = 1, FP_UNDERFLOW = 2, FP_OVERFLOW = 4, FP_DIVZERO = 8, FP_INVALID = 16, FP_UNIMP = 32 };

/* Rounding of fpu_to_*: a direction, or the one of FCSR. */
enum { ROUND_NEAREST, ROUND_ZERO, ROUND_UP, ROUND_DOWN, ROUND_CURRENT };

#define FPU_BINARY(name) \
    uint32_t fpu_##name##_s(MipsCpu *cpu, uint32_t a, uint32_t b); \
    uint64_t fpu_##name##_d(MipsCpu *cpu, uint64_t a, uint64_t b);
#define FPU_UNARY(name) \
    uint32_t fpu_##name##_s(MipsCpu *cpu, uint32_t a); \
    uint64_t fpu_##name##_d(MipsCpu *cpu, uint64_t a);
FPU_BINARY(add) FPU_BINARY(sub) FPU_BINARY(mul) FPU_BINARY(div)
FPU_UNARY(sqrt) FPU_UNARY(recip) FPU_UNARY(rsqrt) FPU_UNARY(abs) FPU_UNARY(neg)
#undef FPU_BINARY
#undef FPU_UNARY

/* kind 0..3: a * b + c, a * b - c, and both negated; rounded after the product. */
uint32_t fpu_muladd_s(MipsCpu *cpu, uint32_t a, uint32_t b, uint32_t c, unsigned kind);
uint64_t fpu_muladd_d(MipsCpu *cpu, uint64_t a, uint64_t b, uint64_t c, unsigned kind);
/* C.cond.fmt: 1 or 0. */
uint32_t fpu_cmp_s(MipsCpu *cpu, uint32_t a, uint32_t b, unsigned cond);
uint32_t fpu_cmp_d(MipsCpu *cpu, uint64_t a, uint64_t b, unsigned cond);

uint32_t fpu_d_to_s(MipsCpu *cpu, uint64_t a);
uint64_t fpu_s_to_d(MipsCpu *cpu, uint32_t a);
uint32_t fpu_w_to_s(MipsCpu *cpu, uint32_t a);
uint32_t fpu_l_to_s(MipsCpu *cpu, uint64_t a);
uint64_t fpu_w_to_d(MipsCpu *cpu, uint32_t a);
uint64_t fpu_l_to_d(MipsCpu *cpu, uint64_t a);
uint32_t fpu_s_to_w(MipsCpu *cpu, uint32_t a, unsigned rounding);
uint32_t fpu_d_to_w(MipsCpu *cpu, uint64_t a, unsigned rounding);
uint64_t fpu_s_to_l(MipsCpu *cpu, uint32_t a, unsigned rounding);
uint64_t fpu_d_to_l(MipsCpu *cpu, uint64_t a, unsigned rounding);

/* Paired single: op on both halves; the upper one is the high word. */
typedef enum { PS_ADD, PS_SUB, PS_MUL, PS_ABS, PS_NEG } PsOp;
uint64_t fpu_ps(MipsCpu *cpu, PsOp op, uint64_t a, uint64_t b);
uint64_t fpu_ps_muladd(MipsCpu *cpu, uint64_t a, uint64_t b, uint64_t c, unsigned kind);
/* Bit 0: the lower comparison, bit 1: the upper. */
unsigned fpu_ps_cmp(MipsCpu *cpu, uint64_t a, uint64_t b, unsigned cond);

/* What MODE_FPX says: FCSR enables a trap, or has FS set. Otherwise no operation raises. */
static inline bool fpu_is_exact(const MipsCpu *cpu)
{
    return cpu->fcr31 & 0x01000f80;
}

/* FCSR as software reads it, and all of it made anew; a debugger's view, nothing traps. */
uint32_t fpu_fcsr(MipsCpu *cpu);
void fpu_set_fcsr(MipsCpu *cpu, uint32_t value);
/* CTC1 and CFC1 of control register n (0, 25, 26, 28, 31); a write may raise EXC_FPE, and one of
 * 28 or 31 may change the mode. */
uint32_t fpu_control_read(MipsCpu *cpu, unsigned n);
void fpu_control_write(MipsCpu *cpu, unsigned n, uint32_t value);

/* ---- fpu_lazy.c ---- */

/* Flags that cpu->mxcsr has gathered go to FCSR, and Cause becomes that of fp_last. Never raises. */
void fpu_sync(MipsCpu *cpu);
/* The operation op = IrCode | IrType << 8 | imm << 16 of the IR on raw bits by the functions above;
 * sets Flags and Cause, clears fp_last.op, may raise where a trap is enabled. */
uint64_t fpu_exact(MipsCpu *cpu, uint32_t op, uint64_t a, uint64_t b, uint64_t c);

#endif
