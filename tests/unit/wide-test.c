/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/wide.h"

#include <glib.h>

/* From the outside: products that are known without a type of 128 bits. */
static void test_known(void)
{
    g_assert_cmpuint(wide_mulhu_parts(UINT64_MAX, UINT64_MAX), ==, UINT64_MAX - 1);
    g_assert_cmpuint(wide_mulhu_parts(UINT64_C(1) << 63, 6), ==, 3);
    g_assert_cmpuint(wide_mulhu_parts(UINT32_MAX, UINT32_MAX), ==, 0);
    g_assert_cmpint(wide_mulhs(-1, 1), ==, -1);
    g_assert_cmpint(wide_mulhs(-1, -1), ==, 0);
    g_assert_cmpint(wide_mulhs(INT64_MIN, INT64_MIN), ==, INT64_C(1) << 62);
    g_assert_cmpint(wide_mulhs(INT64_MIN, 2), ==, -1);
    g_assert_cmpuint(wide_muldiv(UINT64_C(1) << 60, 999999999, 1000000000), ==,
                     UINT64_C(1152921503453925471));
    g_assert_cmpuint(wide_muldiv(UINT64_MAX, UINT32_MAX, UINT32_MAX), ==, UINT64_MAX);
    g_assert_cmpuint(wide_muldiv(7, 3, 2), ==, 10);
    g_assert_cmpuint(wide_muldiv(0, 5, 1), ==, 0);
}

#ifdef __SIZEOF_INT128__
static uint64_t random64(void)
{
    uint64_t bits = (uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
    return bits >> (g_test_rand_int() & 63);
}

/* The portable ways against the compiler's own type. */
static void test_random(void)
{
    for (int i = 0; i < 200000; i++) {
        uint64_t a = random64(), b = random64();
        uint32_t x = (uint32_t)random64(), c = (uint32_t)random64() | 1;
        g_assert_cmpuint(wide_mulhu_parts(a, b), ==, (uint64_t)((unsigned __int128)a * b >> 64));
        g_assert_cmpint(wide_mulhs((int64_t)a, -(int64_t)b), ==,
                        (int64_t)((__int128)(int64_t)a * -(int64_t)b >> 64));
        g_assert_cmpuint(wide_muldiv(a, x, c), ==, (uint64_t)((unsigned __int128)a * x / c));
    }
}
#endif

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wide/known", test_known);
#ifdef __SIZEOF_INT128__
    g_test_add_func("/wide/random", test_random);
#endif
    return g_test_run();
}
