/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FPU arithmetic, conversions and comparisons: random and corner operands in all rounding
 * modes; results and the whole FCSR. COUNT operands for each operation.
 */
#include "isa.h"

#ifndef COUNT
#define COUNT 100000
#endif

static struct { u64 a, b, c, r; } v __attribute__((aligned(16)));

/* Corner exponents and fractions come up as often as plain random bits. */
static u64 operand(u32 exp_bits, u32 frac_bits)
{
    u64 r = random64(), frac = random64() & ((1ull << frac_bits) - 1);
    u32 top = (1u << exp_bits) - 1, bias = top >> 1, exp = (u32)(r >> 20) & top;
    u32 high = (u32)(r >> 16) & 7;
    if (r & 1) {
        static const signed char near_bias[] = { -1, 0, 1, 23, 31, 32, 52, 62, 63, 64 };
        u32 k = (u32)(r >> 8) & 15;
        u32 near = k >= 5 && k - 5 < sizeof(near_bias) ? k - 5 : 0;
        exp = k < 3 ? k : k < 5 ? top - (k - 3) : bias + (u32)near_bias[near];
    }
    if (r & 2) {
        u64 all = (1ull << frac_bits) - 1;
        switch (high) {
        case 0: frac = 0; break;
        case 1: frac = 1; break;
        case 2: frac = all; break;
        case 3: frac = all - 1; break;
        case 4: frac = 1ull << (frac_bits - 1); break;
        default: frac &= 0xff; break;
        }
    }
    return (r >> 63) << (exp_bits + frac_bits) | (u64)exp << frac_bits | frac;
}

static u64 operand_s(void) { return operand(8, 23); }
static u64 operand_d(void) { return operand(11, 52); }
static u64 operand_w(void) { return (u32)((int)random64() >> (random64() & 31)); }
static u64 __attribute__((unused)) operand_l(void)
{
    return (u64)((long long)random64() >> (random64() & 63));
}

static int is_nan_s(u64 x) { return (x & 0x7fffffff) > 0x7f800000; }
static int is_nan_d(u64 x) { return (x & 0x7fffffffffffffff) > 0x7ff0000000000000; }

static void put_s(u64 *to, u64 x) { *(volatile u32 *)to = (u32)x; }
static void put_w(u64 *to, u64 x) { *(volatile u32 *)to = (u32)x; }
static void put_d(u64 *to, u64 x) { *(volatile u64 *)to = x; }
static void __attribute__((unused)) put_l(u64 *to, u64 x) { *(volatile u64 *)to = x; }
static u64 get_s(void) { return *(volatile u32 *)&v.r; }
static u64 get_w(void) { return *(volatile u32 *)&v.r; }
static u64 get_d(void) { return *(volatile u64 *)&v.r; }
static u64 __attribute__((unused)) get_l(void) { return *(volatile u64 *)&v.r; }

#define LOAD_s "lwc1"
#define LOAD_w "lwc1"
#define LOAD_d "ldc1"
#define LOAD_l "ldc1"
#define STORE_s "swc1"
#define STORE_w "swc1"
#define STORE_d "sdc1"
#define STORE_l "sdc1"

/* text with $f0 as result and $f2, $f4, $f6 as operands of format in. */
#define OPERATE(id, in, out, text, skip) OPERATE_OF(id, in, out, text, skip, get_##out())
#define OPERATE_OF(id, in, out, text, skip, result) do { \
        digest_begin(); \
        for (u32 n = 0; n < COUNT; n++) { \
            u32 fcsr = n & 3; \
            u64 x = operand_##in(); \
            put_##in(&v.a, x); \
            put_##in(&v.b, operand_##in()); \
            put_##in(&v.c, operand_##in()); \
            if (skip) { \
                continue; \
            } \
            asm volatile(".set push\n\t.set hardfloat\n\t" LOAD_##in " $f2, 0(%1)\n\t" \
                         LOAD_##in " $f4, 8(%1)\n\t" \
                         LOAD_##in " $f6, 16(%1)\n\tctc1 %0, $31\n\t" text "\n\tcfc1 %0, $31\n\t" \
                         STORE_##out " $f0, 24(%1)\n\t.set pop" : "+r"(fcsr) : "r"(&v) : "memory"); \
            digest((result) ^ (u64)fcsr << 32); \
            digest(fcsr); \
        } \
        digest_end(#id); \
    } while (0)

#define COMPARE1(fmt, cond) \
    asm volatile(".set push\n\t.set hardfloat\n\t" LOAD_##fmt " $f2, 0(%1)\n\t" LOAD_##fmt " $f4, 8(%1)\n\t" \
                 "ctc1 $0, $31\n\tc." #cond "." #fmt " $f2, $f4\n\tcfc1 %0, $31\n\t.set pop" \
                 : "=r"(fcsr) : "r"(&v) : "memory"); \
    digest(fcsr);
#define COMPARE(id, fmt) do { \
        digest_begin(); \
        for (u32 n = 0; n < COUNT / 16; n++) { \
            u32 fcsr; \
            u64 x = operand_##fmt(); \
            put_##fmt(&v.a, x); \
            put_##fmt(&v.b, n & 3 ? operand_##fmt() : x); \
            COMPARE1(fmt, f) COMPARE1(fmt, un) COMPARE1(fmt, eq) COMPARE1(fmt, ueq) \
            COMPARE1(fmt, olt) COMPARE1(fmt, ult) COMPARE1(fmt, ole) COMPARE1(fmt, ule) \
            COMPARE1(fmt, sf) COMPARE1(fmt, ngle) COMPARE1(fmt, seq) COMPARE1(fmt, ngl) \
            COMPARE1(fmt, lt) COMPARE1(fmt, nge) COMPARE1(fmt, le) COMPARE1(fmt, ngt) \
        } \
        digest_end(#id); \
    } while (0)

/* ABS and NEG of a NaN are invalid here (MD00086, ABS2008 = 0), the oracle only flips bits. */
#define ARITHMETIC(F, fmt) \
    OPERATE(ADD_##F, fmt, fmt, "add." #fmt " $f0, $f2, $f4", 0); \
    OPERATE(SUB_##F, fmt, fmt, "sub." #fmt " $f0, $f2, $f4", 0); \
    OPERATE(MUL_##F, fmt, fmt, "mul." #fmt " $f0, $f2, $f4", 0); \
    OPERATE(DIV_##F, fmt, fmt, "div." #fmt " $f0, $f2, $f4", 0); \
    OPERATE(SQRT_##F, fmt, fmt, "sqrt." #fmt " $f0, $f2", 0); \
    OPERATE(ABS_##F, fmt, fmt, "abs." #fmt " $f0, $f2", is_nan_##fmt(x)); \
    OPERATE(NEG_##F, fmt, fmt, "neg." #fmt " $f0, $f2", is_nan_##fmt(x)); \
    OPERATE(ROUND_W_##F, fmt, w, "round.w." #fmt " $f0, $f2", 0); \
    OPERATE(TRUNC_W_##F, fmt, w, "trunc.w." #fmt " $f0, $f2", 0); \
    OPERATE(CEIL_W_##F, fmt, w, "ceil.w." #fmt " $f0, $f2", 0); \
    OPERATE(FLOOR_W_##F, fmt, w, "floor.w." #fmt " $f0, $f2", 0); \
    OPERATE(CVT_W_##F, fmt, w, "cvt.w." #fmt " $f0, $f2", 0); \
    OPERATE(CVT_##F##_W, w, fmt, "cvt." #fmt ".w $f0, $f2", 0); \
    COMPARE(C_##F, fmt)
/* The sign of a NaN that NMADD makes: the oracle inverts it, here it is the default NaN. */
#if defined(__mips64) || defined(FR1)
static u64 plain_nan_s(u64 x) { return is_nan_s(x) ? x & 0x7fffffff : x; }
static u64 plain_nan_d(u64 x) { return is_nan_d(x) ? x & 0x7fffffffffffffff : x; }
#endif
#define WIDE(F, fmt) \
    OPERATE(RECIP_##F, fmt, fmt, "recip." #fmt " $f0, $f2", 0); \
    OPERATE(RSQRT_##F, fmt, fmt, "rsqrt." #fmt " $f0, $f2", 0); \
    OPERATE(MADD_##F, fmt, fmt, "madd." #fmt " $f0, $f2, $f4, $f6", 0); \
    OPERATE(MSUB_##F, fmt, fmt, "msub." #fmt " $f0, $f2, $f4, $f6", 0); \
    OPERATE_OF(NMADD_##F, fmt, fmt, "nmadd." #fmt " $f0, $f2, $f4, $f6", 0, plain_nan_##fmt(get_##fmt())); \
    OPERATE_OF(NMSUB_##F, fmt, fmt, "nmsub." #fmt " $f0, $f2, $f4, $f6", 0, plain_nan_##fmt(get_##fmt())); \
    OPERATE(ROUND_L_##F, fmt, l, "round.l." #fmt " $f0, $f2", 0); \
    OPERATE(TRUNC_L_##F, fmt, l, "trunc.l." #fmt " $f0, $f2", 0); \
    OPERATE(CEIL_L_##F, fmt, l, "ceil.l." #fmt " $f0, $f2", 0); \
    OPERATE(FLOOR_L_##F, fmt, l, "floor.l." #fmt " $f0, $f2", 0); \
    OPERATE(CVT_L_##F, fmt, l, "cvt.l." #fmt " $f0, $f2", 0); \
    OPERATE(CVT_##F##_L, l, fmt, "cvt." #fmt ".l $f0, $f2", 0)

void test_main(void)
{
    random_start(7);
    ARITHMETIC(S, s);
    ARITHMETIC(D, d);
    OPERATE(CVT_S_D, d, s, "cvt.s.d $f0, $f2", 0);
    OPERATE(CVT_D_S, s, d, "cvt.d.s $f0, $f2", 0);
#if defined(__mips64) || defined(FR1)
    WIDE(S, s);
    WIDE(D, d);
#endif
}
