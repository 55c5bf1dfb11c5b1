/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The FPU against the host's IEEE unit: a million random and corner operands for each
 * operation, all four rounding modes, results and flags. NaN operands follow the legacy
 * MIPS rules, which are written out here once more.
 */
#include "accel/tcg/ir.h"
#include "target/mips/fpu.h"

#include <fenv.h>
#include <math.h>
#include <string.h>

#define COUNT 1000000

static const int host_modes[4] = { FE_TONEAREST, FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD };

/* Called, not expanded in line: the expansion knows one rounding mode only. */
static double (*volatile host_rint)(double) = rint;

static uint64_t seed;

static uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Corner exponents and fractions come up as often as plain random bits. */
static uint64_t operand(unsigned exp_bits, unsigned frac_bits)
{
    uint64_t r = next(), frac = next() & ((UINT64_C(1) << frac_bits) - 1);
    uint64_t exp = next() & ((1u << exp_bits) - 1);
    uint64_t bias = (1u << (exp_bits - 1)) - 1, top = (1u << exp_bits) - 1;
    if (r & 1) {
        const uint64_t corners[] = {
            0, 1, 2, bias - 1, bias, bias + 1, bias + frac_bits, top - 1, top, bias + 31,
        };
        exp = corners[(r >> 8) % G_N_ELEMENTS(corners)];
    }
    if (r & 2) {
        const uint64_t all = (UINT64_C(1) << frac_bits) - 1;
        const uint64_t corners[] = { 0, 1, all, all - 1, UINT64_C(1) << (frac_bits - 1), frac & 0xff };
        frac = corners[(r >> 16) % G_N_ELEMENTS(corners)];
    }
    return (r >> 63) << (exp_bits + frac_bits) | exp << frac_bits | frac;
}

static uint32_t operand_s(void) { return (uint32_t)operand(8, 23); }
static uint64_t operand_d(void) { return operand(11, 52); }

static unsigned host_flags(void)
{
    int f = fetestexcept(FE_ALL_EXCEPT);
    return (f & FE_INEXACT ? FP_INEXACT : 0) | (f & FE_UNDERFLOW ? FP_UNDERFLOW : 0) |
           (f & FE_OVERFLOW ? FP_OVERFLOW : 0) | (f & FE_DIVBYZERO ? FP_DIVZERO : 0) |
           (f & FE_INVALID ? FP_INVALID : 0);
}

static MipsCpu *new_cpu(void)
{
    return g_new0(MipsCpu, 1);
}

static void begin_op(MipsCpu *cpu, unsigned rm)
{
    cpu->fcr31 = rm;
}

static void expect_flags(const MipsCpu *cpu, unsigned want, uint64_t a, uint64_t b)
{
    unsigned cause = cpu->fcr31 >> 12 & 0x3f, flags = cpu->fcr31 >> 2 & 0x1f;
    if (cause != want || flags != want) {
        g_error("operands %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x rm %u: Cause %x Flags %x, want %x",
                a, b, cpu->fcr31 & 3, cause, flags, want);
    }
}

static bool nan_s(uint64_t v) { return (v & 0x7fffffff) > 0x7f800000; }
static bool nan_d(uint64_t v) { return (v << 1) > UINT64_C(0xffe0000000000000); }
static bool snan_s(uint64_t v) { return nan_s(v) && (v >> 22 & 1); }
static bool snan_d(uint64_t v) { return nan_d(v) && (v >> 51 & 1); }
#define DEFAULT_s UINT32_C(0x7fbfffff)
#define DEFAULT_d UINT64_C(0x7ff7ffffffffffff)

#define BINARY_TEST(x, Bits, Host, name, op) \
    static void test_##name##_##x(void) \
    { \
        MipsCpu *cpu = new_cpu(); \
        seed = 88172645463325252u; \
        for (unsigned i = 0; i < COUNT; i++) { \
            Bits a = operand_##x(), b = operand_##x(), want; \
            unsigned rm = i & 3, flags = 0; \
            if (nan_##x(a) || nan_##x(b)) { \
                bool signaling = snan_##x(a) || snan_##x(b); \
                want = DEFAULT_##x; \
                flags = signaling ? FP_INVALID : 0; \
            } else { \
                volatile Host ha, hb, hr; \
                memcpy((void *)&ha, &a, sizeof(a)); \
                memcpy((void *)&hb, &b, sizeof(b)); \
                fesetround(host_modes[rm]); \
                feclearexcept(FE_ALL_EXCEPT); \
                hr = ha op hb; \
                flags = host_flags(); \
                fesetround(FE_TONEAREST); \
                memcpy(&want, (void *)&hr, sizeof(want)); \
                want = nan_##x(want) ? DEFAULT_##x : want; \
            } \
            begin_op(cpu, rm); \
            Bits got = fpu_##name##_##x(cpu, a, b); \
            if (got != want) { \
                g_error(#name "." #x " %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x rm %u: " \
                        "%" G_GINT64_MODIFIER "x, want %" G_GINT64_MODIFIER "x", \
                        (uint64_t)a, (uint64_t)b, rm, (uint64_t)got, (uint64_t)want); \
            } \
            expect_flags(cpu, flags, a, b); \
        } \
        g_free(cpu); \
    }

BINARY_TEST(s, uint32_t, float, add, +)
BINARY_TEST(s, uint32_t, float, sub, -)
BINARY_TEST(s, uint32_t, float, mul, *)
BINARY_TEST(s, uint32_t, float, div, /)
BINARY_TEST(d, uint64_t, double, add, +)
BINARY_TEST(d, uint64_t, double, sub, -)
BINARY_TEST(d, uint64_t, double, mul, *)
BINARY_TEST(d, uint64_t, double, div, /)

static void test_sqrt(void)
{
    MipsCpu *cpu = new_cpu();
    seed = 1;
    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t a = operand_d(), want;
        unsigned rm = i & 3, flags;
        if (nan_d(a)) {
            flags = snan_d(a) ? FP_INVALID : 0;
            want = DEFAULT_d;
        } else {
            volatile double ha;
            memcpy((void *)&ha, &a, 8);
            fesetround(host_modes[rm]);
            feclearexcept(FE_ALL_EXCEPT);
            volatile double hr = sqrt(ha);
            flags = host_flags();
            fesetround(FE_TONEAREST);
            memcpy(&want, (void *)&hr, 8);
            want = nan_d(want) ? DEFAULT_d : want;
        }
        begin_op(cpu, rm);
        g_assert_cmphex(fpu_sqrt_d(cpu, a), ==, want);
        expect_flags(cpu, flags, a, 0);
    }
    g_free(cpu);
}

static void test_d_to_s(void)
{
    MipsCpu *cpu = new_cpu();
    seed = 2;
    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t a = operand_d();
        unsigned rm = i & 3;
        if (nan_d(a)) {
            begin_op(cpu, rm);
            g_assert_cmphex(fpu_d_to_s(cpu, a), ==, DEFAULT_s);
            expect_flags(cpu, snan_d(a) ? FP_INVALID : 0, a, 0);
            continue;
        }
        volatile double ha;
        memcpy((void *)&ha, &a, 8);
        fesetround(host_modes[rm]);
        feclearexcept(FE_ALL_EXCEPT);
        volatile float hr = (float)ha;
        unsigned flags = host_flags();
        fesetround(FE_TONEAREST);
        uint32_t want;
        memcpy(&want, (void *)&hr, 4);
        begin_op(cpu, rm);
        g_assert_cmphex(fpu_d_to_s(cpu, a), ==, want);
        expect_flags(cpu, flags, a, 0);
    }
    g_free(cpu);
}

/* To integers in each direction, against the host's own conversions where it has them. */
static void test_to_int(void)
{
    MipsCpu *cpu = new_cpu();
    seed = 3;
    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t a = operand_d();
        unsigned rm = i & 3;
        volatile double ha;
        memcpy((void *)&ha, &a, 8);
        fesetround(host_modes[rm]);
        volatile double r = host_rint(ha);
        fesetround(FE_TONEAREST);
        bool fits64 = r >= -9223372036854775808.0 && r < 9223372036854775808.0;
        bool fits32 = r >= -2147483648.0 && r < 2147483648.0;
        unsigned inexact = r != ha ? FP_INEXACT : 0;
        begin_op(cpu, rm);
        g_assert_cmphex(fpu_d_to_l(cpu, a, ROUND_CURRENT), ==, fits64 ? (uint64_t)(int64_t)r : INT64_MAX);
        expect_flags(cpu, fits64 ? inexact : FP_INVALID, a, 0);
        begin_op(cpu, 0);
        g_assert_cmphex(fpu_d_to_w(cpu, a, rm), ==, fits32 ? (uint32_t)(int32_t)r : INT32_MAX);
        g_assert_cmphex(cpu->fcr31 >> 12, ==, fits32 ? inexact : FP_INVALID);
    }
    g_free(cpu);
}

static void test_from_int(void)
{
    MipsCpu *cpu = new_cpu();
    seed = 4;
    for (unsigned i = 0; i < COUNT; i++) {
        int64_t v = (int64_t)next() >> (next() & 63);
        unsigned rm = i & 3;
        fesetround(host_modes[rm]);
        feclearexcept(FE_ALL_EXCEPT);
        volatile int64_t hv = v;
        volatile float hr = (float)hv;
        unsigned flags = host_flags();
        fesetround(FE_TONEAREST);
        uint32_t want;
        memcpy(&want, (void *)&hr, 4);
        begin_op(cpu, rm);
        g_assert_cmphex(fpu_l_to_s(cpu, (uint64_t)v), ==, want);
        expect_flags(cpu, flags, (uint64_t)v, 0);
    }
    g_free(cpu);
}

static void test_compare(void)
{
    MipsCpu *cpu = new_cpu();
    seed = 5;
    for (unsigned i = 0; i < COUNT; i++) {
        uint32_t a = operand_s(), b = i % 5 ? operand_s() : a;
        unsigned cond = i & 15;
        float x, y;
        memcpy(&x, &a, 4);
        memcpy(&y, &b, 4);
        bool un = nan_s(a) || nan_s(b);
        unsigned want = (un && (cond & 1)) || (!un && x == y && (cond & 2)) || (!un && x < y && (cond & 4));
        begin_op(cpu, 0);
        g_assert_cmpuint(fpu_cmp_s(cpu, a, b, cond), ==, want);
        expect_flags(cpu, snan_s(a) || snan_s(b) || (un && (cond & 8)) ? FP_INVALID : 0, a, b);
    }
    g_free(cpu);
}

/* MADD rounds twice: it equals MUL then ADD, flags together. */
static void test_muladd(void)
{
    MipsCpu *cpu = new_cpu();
    seed = 6;
    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t a = operand_d(), b = operand_d(), c = operand_d();
        unsigned rm = i & 3, kind = i >> 2 & 3;
        begin_op(cpu, rm);
        uint64_t p = fpu_mul_d(cpu, a, b);
        uint64_t want = kind & 1 ? fpu_sub_d(cpu, p, c) : fpu_add_d(cpu, p, c);
        unsigned flags = cpu->fcr31 >> 2 & 0x1f;
        if (kind & 2 && !nan_d(want)) {
            want ^= UINT64_C(1) << 63;
        }
        begin_op(cpu, rm);
        g_assert_cmphex(fpu_muladd_d(cpu, a, b, c, kind), ==, want);
        expect_flags(cpu, flags, a, b);
    }
    g_free(cpu);
}

/* Flags that a host's unit has gathered and the last operation give the FCSR of exact ones. */
static void test_lazy(void)
{
    static const struct { IrCode code; IrType type; } ops[] = {
        { IR_FADD, IR_F64 }, { IR_FDIV, IR_F64 }, { IR_FMUL, IR_F64 }, { IR_FCVT_SD, IR_F32 },
        { IR_FCMP_D, IR_I32 }, { IR_FTOI_ID, IR_I32 }, { IR_FMULADD, IR_F64 }, { IR_FSQRT, IR_F64 },
    };
    MipsCpu *exact = new_cpu(), *lazy = new_cpu();
    seed = 7;
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned k = i >> 2 & 7;
        uint32_t op = ops[k].code | ops[k].type << 8 | (i >> 5 & 3) << 16;
        uint64_t a = operand_d(), b = operand_d(), c = operand_d();
        if (i % 64 == 0) {
            fpu_set_fcsr(exact, (i >> 6 & 3) | 0x02000000);
            fpu_set_fcsr(lazy, (i >> 6 & 3) | 0x02000000);
        }
        uint64_t want = fpu_exact(exact, op, a, b, c);
        unsigned cause = exact->fcr31 >> 12 & 0x3f;
        if (cause & FP_INVALID) {
            g_assert_cmphex(fpu_exact(lazy, op, a, b, c), ==, want);
        } else {
            lazy->mxcsr |= (cause & 1) << 5 | (cause & 2) << 3 | (cause & 4) << 1 | (cause & 8) >> 1 | 2;
            lazy->fp_last.a = a;
            lazy->fp_last.b = b;
            lazy->fp_last.c = c;
            lazy->fp_last.op = op;
        }
        if (i % 3 == 0) {
            g_assert_cmphex(fpu_fcsr(lazy), ==, fpu_fcsr(exact));
            g_assert_cmphex(lazy->mxcsr, ==, exact->mxcsr);
            g_assert_cmpuint(lazy->fp_last.op, ==, 0);
        }
    }
    g_free(exact);
    g_free(lazy);
}

/* FCSR.RM as an x86 host has it. */
static void test_mxcsr(void)
{
    static const uint32_t want[4] = { 0x1f80, 0x7f80, 0x5f80, 0x3f80 };
    MipsCpu *cpu = new_cpu();
    for (unsigned rm = 0; rm < 4; rm++) {
        fpu_set_fcsr(cpu, rm);
        g_assert_cmphex(cpu->mxcsr, ==, want[rm]);
    }
    g_free(cpu);
}

/* An enabled trap raises before flags and result change. */
static sigjmp_buf trapped;

static void G_GNUC_NORETURN catch_trap(MipsCpu *cpu)
{
    siglongjmp(trapped, 1);
}

static void test_trap(void)
{
    static const MipsEngine engine = { .unwind = catch_trap };
    MipsCpu *cpu = new_cpu();
    cpu->engine = &engine;
    cpu->fcr31 = FP_DIVZERO << 7;
    if (sigsetjmp(trapped, 0) == 0) {
        fpu_div_s(cpu, 0x3f800000, 0);
        g_assert_not_reached();
    }
    g_assert_cmpuint(cpu->exc.code, ==, EXC_FPE);
    g_assert_cmphex(cpu->fcr31, ==, FP_DIVZERO << 7 | FP_DIVZERO << 12);
    /* Flush to zero: a tiny result becomes zero, with underflow and inexact. */
    cpu->fcr31 = 1u << 24;
    g_assert_cmphex(fpu_mul_s(cpu, 0x80800000, 0x3f000000), ==, 0x80000000);
    g_assert_cmphex(cpu->fcr31 >> 12 & 0x3f, ==, FP_UNDERFLOW | FP_INEXACT);
    g_free(cpu);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fpu/add.s", test_add_s);
    g_test_add_func("/fpu/sub.s", test_sub_s);
    g_test_add_func("/fpu/mul.s", test_mul_s);
    g_test_add_func("/fpu/div.s", test_div_s);
    g_test_add_func("/fpu/add.d", test_add_d);
    g_test_add_func("/fpu/sub.d", test_sub_d);
    g_test_add_func("/fpu/mul.d", test_mul_d);
    g_test_add_func("/fpu/div.d", test_div_d);
    g_test_add_func("/fpu/sqrt.d", test_sqrt);
    g_test_add_func("/fpu/cvt.s.d", test_d_to_s);
    g_test_add_func("/fpu/to-int", test_to_int);
    g_test_add_func("/fpu/cvt.s.l", test_from_int);
    g_test_add_func("/fpu/compare", test_compare);
    g_test_add_func("/fpu/muladd", test_muladd);
    g_test_add_func("/fpu/lazy", test_lazy);
    g_test_add_func("/fpu/mxcsr", test_mxcsr);
    g_test_add_func("/fpu/trap", test_trap);
    return g_test_run();
}
