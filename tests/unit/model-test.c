/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU models: found, refused with the way out, and never claiming what is not there. */
#include "target/mips/model.h"

#include <string.h>

static const char *const names[] = {
    "4Kc", "4KEcR1", "4KEc", "24Kc", "24KEc", "24Kf", "34Kf", "74Kf", "M14Kc", "P5600",
    "5Kc", "5Kf", "20Kc", "5KEc", "5KEf", "MIPS64R2-generic",
};

static void test_find(void)
{
    GError *err = NULL;
    g_assert_nonnull(mips_model_find("24kF", false, NULL));
    g_assert_null(mips_model_find("5Kc", false, &err));
    g_assert_nonnull(strstr(err->message, "64-bit"));
    g_clear_error(&err);
    g_assert_null(mips_model_find("486", true, &err));
    g_assert_nonnull(strstr(err->message, "MIPS64R2-generic"));
    g_clear_error(&err);
    g_assert_nonnull(mips_model_find(mips_model_default(true), true, NULL));
}

static void test_claims(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const MipsModel *m = mips_model_find(names[i], true, NULL);
        g_assert_nonnull(m);
        uint32_t c1 = m->config[1], c3 = m->config[3], c5 = m->config[5];
        g_assert_cmpuint(c1 & 0x7e, ==, 0);                 /* C2 MD PC WR CA EP */
        g_assert_cmpuint(c1 & 1, ==, m->fcr0 != 0);
        g_assert_cmpuint((c1 >> 25 & 63) + 1u, ==, m->tlb_entries);
        g_assert_cmpuint(c3 & (1u << 2 | 3u << 10 | 3u << 14 | 1u << 28 | 1u << 23 | 1u << 4), ==, 0);
        g_assert_cmpuint(c5 & (1u << 28 | 1u << 29), ==, 0); /* EVA, CV */
        g_assert_cmpuint(m->config[0] >> 13 & 3, ==, m->is_64bit ? 2 : 0);
        g_assert_cmpuint(m->fcr0 & (1u << 19 | 1u << 23), ==, 0);   /* 3D, HAS2008 */
        g_assert_cmpuint(m->count_hz, >, 0);
        /* Each Config register but the last says that there is another. */
        for (int n = 0; n < 5 && m->config[n + 1]; n++) {
            g_assert_cmpuint(m->config[n] >> 31, ==, 1);
        }
    }
}

static void test_can_run(void)
{
    const MipsModel *m4k = mips_model_find("4Kc", true, NULL), *m5k = mips_model_find("5Kc", true, NULL);
    const MipsModel *m24 = mips_model_find("24Kf", true, NULL);
    const MipsModel *m64 = mips_model_find("MIPS64R2-generic", true, NULL);
    GError *err = NULL;
    g_assert_true(mips_model_can_run(m24, 7, false, NULL));
    g_assert_false(mips_model_can_run(m4k, 7, false, NULL));
    g_assert_true(mips_model_can_run(m4k, 5, false, NULL));
    g_assert_true(mips_model_can_run(m5k, 6, true, NULL));
    g_assert_false(mips_model_can_run(m5k, 8, true, NULL));
    g_assert_false(mips_model_can_run(m5k, 7, false, NULL));
    g_assert_true(mips_model_can_run(m64, 7, false, NULL));
    g_assert_false(mips_model_can_run(m24, 9, false, &err));
    g_assert_nonnull(strstr(err->message, "Release 6"));
    g_clear_error(&err);
    g_assert_false(mips_model_can_run(m24, 8, true, &err));
    g_assert_nonnull(strstr(err->message, "64-bit"));
    g_clear_error(&err);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/model/find", test_find);
    g_test_add_func("/model/claims", test_claims);
    g_test_add_func("/model/can-run", test_can_run);
    return g_test_run();
}
