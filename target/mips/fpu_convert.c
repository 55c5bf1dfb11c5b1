/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FPU conversions between formats. */
#include "target/mips/fpu_internal.h"
#include "target/mips/hostfp.h"

#include <math.h>

uint32_t fpu_d_to_s(MipsCpu *cpu, uint64_t a)
{
    unsigned flags = 0;
    uint32_t r;
    if (is_nan_d(a)) {
        flags = is_snan_d(a) ? FP_INVALID : 0;
        r = QNAN_S;
    } else {
        double x = double_of(a);
        hostfp_begin(cpu->fcr31 & 3);
        HOSTFP_FENCE(x);
        float f = (float)x;
        HOSTFP_FENCE(f);
        flags = hostfp_end();
        r = fpu_tiny_s(cpu, bits_s(f), &flags);
    }
    fpu_flags(cpu, flags);
    return r;
}

uint64_t fpu_s_to_d(MipsCpu *cpu, uint32_t a)
{
    fpu_flags(cpu, is_snan_s(a) ? FP_INVALID : 0);
    if (is_nan_s(a)) {
        return QNAN_D;
    }
    return bits_d((double)float_of(a));
}

#define FROM_INT(name, From, Host, Bits, to_bits) \
    Bits fpu_##name(MipsCpu *cpu, From a) \
    { \
        volatile int64_t v = sizeof(a) == 4 ? (int64_t)(int32_t)a : (int64_t)a; \
        hostfp_begin(cpu->fcr31 & 3); \
        Host r = (Host)v; \
        HOSTFP_FENCE(r); \
        fpu_flags(cpu, hostfp_end()); \
        return to_bits(r); \
    }
FROM_INT(w_to_s, uint32_t, float, uint32_t, bits_s)
FROM_INT(l_to_s, uint64_t, float, uint32_t, bits_s)
FROM_INT(w_to_d, uint32_t, double, uint64_t, bits_d)
FROM_INT(l_to_d, uint64_t, double, uint64_t, bits_d)

/* x rounded to an integral value in the direction; exact in a double. */
static double round_to(double x, unsigned rounding)
{
    switch (rounding) {
    case ROUND_NEAREST: return nearbyint(x);
    case ROUND_ZERO:    return trunc(x);
    case ROUND_UP:      return ceil(x);
    default:         return floor(x);
    }
}

/* To an integer of bits bits: the largest positive one when it does not fit (legacy). */
static int64_t to_int(MipsCpu *cpu, double x, unsigned rounding, unsigned bits)
{
    double limit = bits == 32 ? 2147483648.0 : 9223372036854775808.0;
    int64_t largest = bits == 32 ? INT32_MAX : INT64_MAX;
    double r = round_to(x, rounding == ROUND_CURRENT ? cpu->fcr31 & 3 : rounding);
    if (!(r >= -limit && r < limit)) {
        fpu_flags(cpu, FP_INVALID);
        return largest;
    }
    fpu_flags(cpu, r != x ? FP_INEXACT : 0);
    return (int64_t)r;
}

uint32_t fpu_s_to_w(MipsCpu *cpu, uint32_t a, unsigned rounding)
{
    return (uint32_t)to_int(cpu, float_of(a), rounding, 32);
}

uint32_t fpu_d_to_w(MipsCpu *cpu, uint64_t a, unsigned rounding)
{
    return (uint32_t)to_int(cpu, double_of(a), rounding, 32);
}

uint64_t fpu_s_to_l(MipsCpu *cpu, uint32_t a, unsigned rounding)
{
    return (uint64_t)to_int(cpu, float_of(a), rounding, 64);
}

uint64_t fpu_d_to_l(MipsCpu *cpu, uint64_t a, unsigned rounding)
{
    return (uint64_t)to_int(cpu, double_of(a), rounding, 64);
}
