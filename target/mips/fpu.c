/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FPU arithmetic on the host's IEEE unit; NaNs, tiny results and FCSR by hand. */
#include "target/mips/fpu_internal.h"
#include "target/mips/hostfp.h"

#include <math.h>

#define FCSR_FS (1u << 24)
#define FCSR_EN_UNDERFLOW (1u << 8)

/* One format at a time: the suffix, its bits, its host type. */
#define FORMAT(x, Bits, Host, to_host, to_bits, SIGN) \
    Bits fpu_nan_##x(Bits a, Bits b, unsigned *flags) \
    { \
        if (is_snan_##x(a) || is_snan_##x(b)) { \
            *flags |= FP_INVALID; \
        } \
        return QNAN_##SIGN; \
    } \
    Bits fpu_tiny_##x(const MipsCpu *cpu, Bits r, unsigned *flags) \
    { \
        if (is_subnormal_##x(r)) { \
            if (cpu->fcr31 & FCSR_FS) { \
                *flags |= FP_UNDERFLOW | FP_INEXACT; \
                return r & ~(~(Bits)0 >> 1); \
            } \
            if (cpu->fcr31 & FCSR_EN_UNDERFLOW) { \
                *flags |= FP_UNDERFLOW; \
            } \
        } \
        return r; \
    } \
    /* The host's result, its NaN replaced by the one of MIPS. */ \
    static Bits finish_##x(const MipsCpu *cpu, Host r, unsigned *flags) \
    { \
        Bits v = to_bits(r); \
        return is_nan_##x(v) ? QNAN_##SIGN : fpu_tiny_##x(cpu, v, flags); \
    } \
    typedef Host (*Op2_##x)(Host, Host); \
    static inline Bits binary_##x(MipsCpu *cpu, Bits a, Bits b, unsigned *flags, Op2_##x op) \
    { \
        if (__builtin_expect(is_nan_##x(a) || is_nan_##x(b), 0)) { \
            return fpu_nan_##x(a, b, flags); \
        } \
        Host x_ = to_host(a), y_ = to_host(b); \
        hostfp_begin(cpu->fcr31 & 3); \
        HOSTFP_FENCE(x_); \
        Host r_ = op(x_, y_); \
        HOSTFP_FENCE(r_); \
        *flags |= hostfp_end(); \
        return finish_##x(cpu, r_, flags); \
    } \
    static inline Host add_##x(Host a, Host b) { return a + b; } \
    static inline Host sub_##x(Host a, Host b) { return a - b; } \
    static inline Host mul_##x(Host a, Host b) { return a * b; } \
    static inline Host div_##x(Host a, Host b) { return a / b; } \
    static Bits sqrt_value_##x(MipsCpu *cpu, Bits a, unsigned *flags) \
    { \
        if (is_nan_##x(a)) { \
            return fpu_nan_##x(a, a, flags); \
        } \
        if (a >> (8 * sizeof(a) - 1) && (Bits)(a << 1)) { \
            *flags |= FP_INVALID; \
            return QNAN_##SIGN; \
        } \
        Host x_ = to_host(a); \
        hostfp_begin(cpu->fcr31 & 3); \
        HOSTFP_FENCE(x_); \
        Host r_ = SQRT_##x(x_); \
        HOSTFP_FENCE(r_); \
        *flags |= hostfp_end(); \
        return finish_##x(cpu, r_, flags); \
    } \
    static Bits div_value_##x(MipsCpu *cpu, Bits a, Bits b, unsigned *flags) \
    { \
        return binary_##x(cpu, a, b, flags, div_##x); \
    } \
    static Bits product_sum_##x(MipsCpu *cpu, Bits a, Bits b, Bits c, unsigned kind, unsigned *flags) \
    { \
        Bits p = binary_##x(cpu, a, b, flags, mul_##x); \
        Bits r = kind & 1 ? binary_##x(cpu, p, c, flags, sub_##x) : binary_##x(cpu, p, c, flags, add_##x); \
        return kind & 2 && !is_nan_##x(r) ? r ^ ~(~(Bits)0 >> 1) : r; \
    }

#define SQRT_s(v) sqrtf(v)
#define SQRT_d(v) sqrt(v)
FORMAT(s, uint32_t, float, float_of, bits_s, S)
FORMAT(d, uint64_t, double, double_of, bits_d, D)

#define ONE_s UINT32_C(0x3f800000)
#define ONE_d UINT64_C(0x3ff0000000000000)

#define BINARY(name, x, Bits) \
    Bits fpu_##name##_##x(MipsCpu *cpu, Bits a, Bits b) \
    { \
        unsigned flags = 0; \
        Bits r = binary_##x(cpu, a, b, &flags, name##_##x); \
        fpu_flags(cpu, flags); \
        return r; \
    }
#define UNARY(name, x, Bits, expr) \
    Bits fpu_##name##_##x(MipsCpu *cpu, Bits a) \
    { \
        unsigned flags = 0; \
        Bits r = (expr); \
        fpu_flags(cpu, flags); \
        return r; \
    }
/* ABS and NEG are arithmetic in the legacy mode: a NaN gives what any operation gives. */
#define OPERATIONS(x, Bits) \
    BINARY(add, x, Bits) BINARY(sub, x, Bits) BINARY(mul, x, Bits) BINARY(div, x, Bits) \
    UNARY(sqrt, x, Bits, sqrt_value_##x(cpu, a, &flags)) \
    UNARY(recip, x, Bits, div_value_##x(cpu, ONE_##x, a, &flags)) \
    UNARY(rsqrt, x, Bits, div_value_##x(cpu, ONE_##x, sqrt_value_##x(cpu, a, &flags), &flags)) \
    UNARY(abs, x, Bits, is_nan_##x(a) ? fpu_nan_##x(a, a, &flags) : a & (~(Bits)0 >> 1)) \
    UNARY(neg, x, Bits, is_nan_##x(a) ? fpu_nan_##x(a, a, &flags) : a ^ ~(~(Bits)0 >> 1)) \
    Bits fpu_muladd_##x(MipsCpu *cpu, Bits a, Bits b, Bits c, unsigned kind) \
    { \
        unsigned flags = 0; \
        Bits r = product_sum_##x(cpu, a, b, c, kind, &flags); \
        fpu_flags(cpu, flags); \
        return r; \
    }
OPERATIONS(s, uint32_t)
OPERATIONS(d, uint64_t)

/* cond: bit 0 true if unordered, 1 if equal, 2 if less; bit 3: quiet NaNs are invalid too. */
static uint32_t compare(MipsCpu *cpu, bool unordered, bool signaling, bool equal, bool less, unsigned cond)
{
    bool invalid = signaling || (unordered && (cond & 8));
    fpu_flags(cpu, invalid ? FP_INVALID : 0);
    return (unordered && (cond & 1)) || (equal && (cond & 2)) || (less && (cond & 4));
}

uint32_t fpu_cmp_s(MipsCpu *cpu, uint32_t a, uint32_t b, unsigned cond)
{
    bool unordered = is_nan_s(a) || is_nan_s(b), signaling = is_snan_s(a) || is_snan_s(b);
    float x = float_of(a), y = float_of(b);
    return compare(cpu, unordered, signaling, !unordered && x == y, !unordered && x < y, cond);
}

uint32_t fpu_cmp_d(MipsCpu *cpu, uint64_t a, uint64_t b, unsigned cond)
{
    bool unordered = is_nan_d(a) || is_nan_d(b), signaling = is_snan_d(a) || is_snan_d(b);
    double x = double_of(a), y = double_of(b);
    return compare(cpu, unordered, signaling, !unordered && x == y, !unordered && x < y, cond);
}

/* ---- paired single: both halves compute before FCSR sees their flags together ---- */

static uint32_t ps_half(MipsCpu *cpu, PsOp op, uint32_t a, uint32_t b, unsigned *flags)
{
    switch (op) {
    case PS_ADD: return binary_s(cpu, a, b, flags, add_s);
    case PS_SUB: return binary_s(cpu, a, b, flags, sub_s);
    case PS_MUL: return binary_s(cpu, a, b, flags, mul_s);
    case PS_ABS: return is_nan_s(a) ? fpu_nan_s(a, a, flags) : a & 0x7fffffff;
    default:     return is_nan_s(a) ? fpu_nan_s(a, a, flags) : a ^ 0x80000000;
    }
}

uint64_t fpu_ps(MipsCpu *cpu, PsOp op, uint64_t a, uint64_t b)
{
    unsigned flags = 0;
    uint32_t low = ps_half(cpu, op, (uint32_t)a, (uint32_t)b, &flags);
    uint32_t high = ps_half(cpu, op, (uint32_t)(a >> 32), (uint32_t)(b >> 32), &flags);
    fpu_flags(cpu, flags);
    return (uint64_t)high << 32 | low;
}

uint64_t fpu_ps_muladd(MipsCpu *cpu, uint64_t a, uint64_t b, uint64_t c, unsigned kind)
{
    unsigned flags = 0;
    uint32_t low = product_sum_s(cpu, (uint32_t)a, (uint32_t)b, (uint32_t)c, kind, &flags);
    uint32_t high = product_sum_s(cpu, (uint32_t)(a >> 32), (uint32_t)(b >> 32), (uint32_t)(c >> 32), kind,
                                  &flags);
    fpu_flags(cpu, flags);
    return (uint64_t)high << 32 | low;
}

static unsigned ps_compare(uint32_t a, uint32_t b, unsigned cond, unsigned *flags)
{
    bool unordered = is_nan_s(a) || is_nan_s(b);
    if (is_snan_s(a) || is_snan_s(b) || (unordered && (cond & 8))) {
        *flags |= FP_INVALID;
    }
    float x = float_of(a), y = float_of(b);
    return (unordered && (cond & 1)) || (!unordered && x == y && (cond & 2)) ||
           (!unordered && x < y && (cond & 4));
}

unsigned fpu_ps_cmp(MipsCpu *cpu, uint64_t a, uint64_t b, unsigned cond)
{
    unsigned flags = 0;
    unsigned low = ps_compare((uint32_t)a, (uint32_t)b, cond, &flags);
    unsigned high = ps_compare((uint32_t)(a >> 32), (uint32_t)(b >> 32), cond, &flags);
    fpu_flags(cpu, flags);
    return low | high << 1;
}

/* ---- control registers: condition code 0 is bit 23, 1..7 are bits 25..31 ---- */

#define FCSR_CODES 0xfe800000u

uint32_t fpu_fcsr(MipsCpu *cpu)
{
    fpu_sync(cpu);
    uint32_t v = cpu->fcr31 | cpu->fcc[0] << 23;
    for (unsigned cc = 1; cc < 8; cc++) {
        v |= cpu->fcc[cc] << (24 + cc);
    }
    return v;
}

void fpu_set_fcsr(MipsCpu *cpu, uint32_t v)
{
    /* FCSR.RM 0..3 nearest, zero, up, down; MXCSR.RC 0 nearest, 1 down, 2 up, 3 zero. */
    cpu->mxcsr = 0x1f80 | (-v & 3) << 13;
    cpu->fp_last.op = 0;
    cpu->fcr31 = v & ~FCSR_CODES;
    cpu->fcc[0] = v >> 23 & 1;
    for (unsigned cc = 1; cc < 8; cc++) {
        cpu->fcc[cc] = v >> (24 + cc) & 1;
    }
}

uint32_t fpu_control_read(MipsCpu *cpu, unsigned n)
{
    uint32_t v = fpu_fcsr(cpu);
    switch (n) {
    case 0:  return cpu->model->fcr0;
    case 25: return (v >> 24 & 0xfe) | (v >> 23 & 1);                   /* FCCR */
    case 26: return v & 0x0003f07c;                                     /* FEXR */
    case 28: return (v & 0x00000f83) | (v >> 22 & 4);                   /* FENR */
    case 31: return v;
    default: return 0;
    }
}

void fpu_control_write(MipsCpu *cpu, unsigned n, uint32_t v)
{
    uint32_t old = fpu_fcsr(cpu);
    bool was_exact = fpu_is_exact(cpu);
    switch (n) {
    case 25: v = (old & ~FCSR_CODES) | (v & 0xfe) << 24 | (v & 1) << 23; break;
    case 26: v = (old & ~0x0003f07cu) | (v & 0x0003f07c); break;
    case 28: v = (old & ~0x01000f83u) | (v & 0x00000f83) | (v & 4) << 22; break;
    case 31: v = (old & ~cpu->model->fcr31_rw) | (v & cpu->model->fcr31_rw); break;
    default: return;
    }
    fpu_set_fcsr(cpu, v);
    if (fpu_is_exact(cpu) != was_exact) {
        mips_mode_update(cpu);
    }
    /* A Cause bit whose trap is enabled traps at once; E always does. */
    if ((v >> 12 & 0x3f) & ((v >> 7 & 0x1f) | FP_UNIMP)) {
        mips_raise(cpu, EXC_FPE);
    }
}
