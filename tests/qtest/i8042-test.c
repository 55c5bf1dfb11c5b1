/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyboard controller: IBM PS/2 Technical Reference. */
#include "client.h"

static void test_self_test(QTest *q)
{
    qt_out(q, 0x64, 0xaa);
    g_assert_cmphex(qt_in(q, 0x64) & 0x05, ==, 0x05);
    g_assert_cmphex(qt_in(q, 0x60), ==, 0x55);
    g_assert_cmphex(qt_in(q, 0x64) & 0x01, ==, 0);
    qt_reset(q);
    g_assert_cmphex(qt_in(q, 0x64) & 0x05, ==, 0);
}

static void test_interrupts(QTest *q)
{
    qt_listen_out(q, "i8042", 0, NULL);
    qt_out(q, 0x64, 0x60);
    qt_out(q, 0x60, 0x03);
    qt_out(q, 0x64, 0xd2);
    qt_out(q, 0x60, 0x1c);
    g_assert_true(qt_level(q, 0));
    g_assert_cmphex(qt_in(q, 0x60), ==, 0x1c);
    g_assert_false(qt_level(q, 0));
    qt_out(q, 0x64, 0xd3);
    qt_out(q, 0x60, 0x08);
    g_assert_false(qt_level(q, 0));
    g_assert_true(qt_level(q, 1));
    g_assert_cmphex(qt_in(q, 0x64) & 0x21, ==, 0x21);
    g_assert_cmphex(qt_in(q, 0x60), ==, 0x08);
    g_assert_false(qt_level(q, 1));
}

static void test_reset_line(QTest *q)
{
    unsigned before = qt_resets(q);
    qt_out(q, 0x64, 0xfe);
    qt_wait_reset(q, before);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/i8042/self-test", NULL, test_self_test);
    qt_add("/i8042/interrupts", NULL, test_interrupts);
    qt_add("/i8042/reset-line", NULL, test_reset_line);
    return g_test_run();
}
