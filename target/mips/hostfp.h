/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's IEEE unit with a given rounding direction, and the flags that a computation
 * raised. Operands and results go through HOSTFP_FENCE, so that the compiler moves nothing
 * across. Between begin and end nothing else may use floating point.
 */
#ifndef TARGET_MIPS_HOSTFP_H
#define TARGET_MIPS_HOSTFP_H

#include <stdint.h>
#include "target/mips/fpu.h"

#if defined(__x86_64__)
#include <xmmintrin.h>

#define HOSTFP_FENCE(v) __asm__ volatile("" : "+x"(v) : : "memory")

static inline void hostfp_begin(unsigned rm)
{
    /* FCSR.RM 0..3 nearest, zero, up, down; MXCSR.RC 0 nearest, 1 down, 2 up, 3 zero. */
    static const uint16_t csr[4] = { 0x1f80, 0x7f80, 0x5f80, 0x3f80 };
    _mm_setcsr(csr[rm]);
}

static inline unsigned hostfp_end(void)
{
    unsigned f = _mm_getcsr();
    if ((f & 0x6000) != 0) {
        _mm_setcsr(0x1f80);
    }
    return (f >> 5 & 1) | (f >> 3 & 2) | (f >> 1 & 4) | (f << 1 & 8) | (f << 4 & 16);
}

#else
#include <fenv.h>

#define HOSTFP_FENCE(v) do { volatile __typeof__(v) fenced_ = (v); (v) = fenced_; } while (0)

static inline void hostfp_begin(unsigned rm)
{
    static const int modes[4] = { FE_TONEAREST, FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD };
    fesetround(modes[rm]);
    feclearexcept(FE_ALL_EXCEPT);
}

static inline unsigned hostfp_end(void)
{
    int f = fetestexcept(FE_ALL_EXCEPT);
    fesetround(FE_TONEAREST);
    return (f & FE_INEXACT ? FP_INEXACT : 0) | (f & FE_UNDERFLOW ? FP_UNDERFLOW : 0) |
           (f & FE_OVERFLOW ? FP_OVERFLOW : 0) | (f & FE_DIVBYZERO ? FP_DIVZERO : 0) |
           (f & FE_INVALID ? FP_INVALID : 0);
}
#endif

#endif
