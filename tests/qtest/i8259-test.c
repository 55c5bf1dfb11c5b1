/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt controllers: 8259A data sheet; their lines through the ISA bridge to the CPU. */
#include "client.h"

static void init(QTest *q)
{
    static const uint8_t words[][2] = {
        { 0x20, 0x11 }, { 0x21, 0x20 }, { 0x21, 0x04 }, { 0x21, 0x01 },
        { 0xa0, 0x11 }, { 0xa1, 0x28 }, { 0xa1, 0x02 }, { 0xa1, 0x01 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        qt_out(q, words[i][0], words[i][1]);
    }
}

static void test_mask(QTest *q)
{
    init(q);
    g_assert_cmphex(qt_in(q, 0x21), ==, 0x00);
    qt_out(q, 0x21, 0x5a);
    qt_out(q, 0xa1, 0xa5);
    g_assert_cmphex(qt_in(q, 0x21), ==, 0x5a);
    g_assert_cmphex(qt_in(q, 0xa1), ==, 0xa5);
}

/* Cascaded input 12: request, acknowledge through the GT-64120's register, service, EOI. */
static void test_acknowledge(QTest *q)
{
    init(q);
    qt_listen_out(q, "isa-i8259", 0, NULL);
    qt_out(q, 0x21, 0xfb);
    qt_out(q, 0xa1, 0xff);
    qt_set_input(q, "isa-i8259", 0, 12, true);
    g_assert_false(qt_level(q, 0));
    qt_out(q, 0xa1, 0xef);
    g_assert_true(qt_level(q, 0));
    g_assert_cmphex(qt_in(q, 0xa0), ==, 0x10);
    g_assert_cmphex(gt_read(q, 0xc34) & 0xff, ==, 0x2c);
    g_assert_false(qt_level(q, 0));
    qt_out(q, 0xa0, 0x0b);
    g_assert_cmphex(qt_in(q, 0xa0), ==, 0x10);
    qt_out(q, 0xa0, 0x20);
    g_assert_cmphex(qt_in(q, 0xa0), ==, 0x00);
}

/* ELCR makes an input follow its level. */
static void test_level(QTest *q)
{
    init(q);
    qt_listen_out(q, "isa-i8259", 0, NULL);
    qt_out(q, 0x4d0, 0xff);
    g_assert_cmphex(qt_in(q, 0x4d0), ==, 0xf8);
    qt_set_input(q, "isa-i8259", 0, 5, true);
    g_assert_true(qt_level(q, 0));
    qt_set_input(q, "isa-i8259", 0, 5, false);
    g_assert_false(qt_level(q, 0));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/i8259/mask", NULL, test_mask);
    qt_add("/i8259/acknowledge", NULL, test_acknowledge);
    qt_add("/i8259/level", NULL, test_level);
    return g_test_run();
}
