/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FDC37M817: configuration ports and what they move. */
#include "client.h"

static void set(QTest *q, uint8_t index, uint8_t value)
{
    qt_out(q, 0x3f0, index);
    qt_out(q, 0x3f1, value);
}

static uint8_t get(QTest *q, uint8_t index)
{
    qt_out(q, 0x3f0, index);
    return qt_in(q, 0x3f1);
}

static void test_configuration(QTest *q)
{
    g_assert_cmphex(qt_in(q, 0x3f1), ==, 0xff);
    qt_out(q, 0x3f0, 0x55);
    set(q, 0x07, 4);
    g_assert_cmphex(get(q, 0x60) << 8 | get(q, 0x61), ==, 0x3f8);
    g_assert_cmphex(get(q, 0x70), ==, 4);
    qt_out(q, 0x3f0, 0xaa);
    g_assert_cmphex(qt_in(q, 0x3f1), ==, 0xff);
}

/* The first UART goes to port 0x2e8 and interrupt 10. */
static void test_move(QTest *q)
{
    qt_listen_in(q, "isa-i8259", 0);
    qt_out(q, 0x3f0, 0x55);
    set(q, 0x07, 4);
    set(q, 0x60, 0x02);
    set(q, 0x61, 0xe8);
    set(q, 0x70, 10);
    qt_out(q, 0x3f0, 0xaa);
    qt_out(q, 0x2ef, 0x77);
    g_assert_cmphex(qt_in(q, 0x2ef), ==, 0x77);
    g_assert_cmphex(qt_in(q, 0x3ff), ==, 0xff);
    qt_out(q, 0x2e9, 0x02);
    qt_out(q, 0x2ec, 0x08);
    g_assert_true(qt_level(q, 10));
    g_assert_false(qt_level(q, 4));
    qt_reset(q);
    g_assert_cmphex(qt_in(q, 0x3fd), ==, 0x60);
    g_assert_false(qt_level(q, 10));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/superio/configuration", NULL, test_configuration);
    qt_add("/superio/move", NULL, test_move);
    return g_test_run();
}
