/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interval timer: 8254 data sheet, at 1.193182 MHz. */
#include "client.h"

static void load(QTest *q, uint8_t control, unsigned count)
{
    qt_out(q, 0x43, control);
    qt_out(q, 0x40, (uint8_t)count);
    qt_out(q, 0x40, (uint8_t)(count >> 8));
}

/* Mode 2 raises interrupt 0 each 11932 clocks: 10 ms, a hundred times a second. */
static void test_rate(QTest *q)
{
    qt_listen_out(q, "isa-pit", 0, NULL);
    load(q, 0x34, 11932);
    unsigned before = qt_rises(q, 0);
    qt_step(q, 1000000000);
    g_assert_cmpuint(qt_rises(q, 0) - before, ==, 99);
    qt_step(q, 10000000);
    g_assert_cmpuint(qt_rises(q, 0) - before, ==, 100);
}

static void test_one_shot(QTest *q)
{
    qt_listen_out(q, "isa-pit", 0, NULL);
    load(q, 0x30, 1193);
    g_assert_false(qt_level(q, 0));
    qt_step(q, 900000);
    g_assert_false(qt_level(q, 0));
    g_autofree char *end = qt_ok(q, "clock_step");
    g_assert_true(qt_level(q, 0));
    int64_t at = g_ascii_strtoll(end, NULL, 10);
    g_assert_cmpint(at, >=, 1000000);
    g_assert_cmpint(at, <, 1002000);
}

static void test_latch(QTest *q)
{
    load(q, 0x34, 0x8000);
    qt_step(q, 1000000);
    qt_out(q, 0x43, 0x00);
    qt_step(q, 1000000);
    unsigned latched = qt_in(q, 0x40);
    latched |= qt_in(q, 0x40) << 8;
    g_assert_cmpuint(0x8000 - latched, >=, 1191);
    g_assert_cmpuint(0x8000 - latched, <=, 1194);
    qt_out(q, 0x43, 0xe2);          /* read back the status */
    g_assert_cmphex(qt_in(q, 0x40), ==, 0xb4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/i8254/rate", NULL, test_rate);
    qt_add("/i8254/one-shot", NULL, test_one_shot);
    qt_add("/i8254/latch", NULL, test_latch);
    return g_test_run();
}
