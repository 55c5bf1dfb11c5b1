/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the FPU share: formats, NaNs, FCSR update. */
#ifndef TARGET_MIPS_FPU_INTERNAL_H
#define TARGET_MIPS_FPU_INTERNAL_H

#include <stdbool.h>
#include <string.h>
#include "target/mips/fpu.h"

#define QNAN_S UINT32_C(0x7fbfffff)
#define QNAN_D UINT64_C(0x7ff7ffffffffffff)

static inline bool is_nan_s(uint32_t v) { return (v & 0x7fffffff) > 0x7f800000; }
static inline bool is_nan_d(uint64_t v) { return (v & INT64_MAX) > UINT64_C(0x7ff0000000000000); }
static inline bool is_snan_s(uint32_t v) { return is_nan_s(v) && (v & 0x00400000); }
static inline bool is_snan_d(uint64_t v) { return is_nan_d(v) && (v & UINT64_C(0x0008000000000000)); }
static inline bool is_subnormal_s(uint32_t v) { return (v & 0x7f800000) == 0 && (v & 0x007fffff); }
static inline bool is_subnormal_d(uint64_t v)
{
    return (v & UINT64_C(0x7ff0000000000000)) == 0 && (v & UINT64_C(0x000fffffffffffff));
}

static inline float float_of(uint32_t v)
{
    float f;
    memcpy(&f, &v, 4);
    return f;
}

static inline uint32_t bits_s(float f)
{
    uint32_t v;
    memcpy(&v, &f, 4);
    return v;
}

static inline double double_of(uint64_t v)
{
    double f;
    memcpy(&f, &v, 8);
    return f;
}

static inline uint64_t bits_d(double f)
{
    uint64_t v;
    memcpy(&v, &f, 8);
    return v;
}

/* Cause becomes flags; raises EXC_FPE if one of them is enabled, else they are sticky. */
static inline void fpu_flags(MipsCpu *cpu, unsigned flags)
{
    cpu->fcr31 = (cpu->fcr31 & ~0x3f000u) | flags << 12;
    if (flags & (cpu->fcr31 >> 7 & 0x1f)) {
        mips_raise(cpu, EXC_FPE);
    }
    cpu->fcr31 |= (flags & 0x1f) << 2;
}

/* The result of an operation on operands of which one is a NaN, and its flags. */
uint32_t fpu_nan_s(uint32_t a, uint32_t b, unsigned *flags);
uint64_t fpu_nan_d(uint64_t a, uint64_t b, unsigned *flags);
/* Applies FS and the underflow rule of an enabled trap to a rounded result. */
uint32_t fpu_tiny_s(const MipsCpu *cpu, uint32_t r, unsigned *flags);
uint64_t fpu_tiny_d(const MipsCpu *cpu, uint64_t r, unsigned *flags);

#endif
