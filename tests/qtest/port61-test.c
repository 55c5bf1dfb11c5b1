/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port 0x61: 82371AB data sheet, section 4.2.5. */
#include "client.h"

/* Counter 2 in mode 0 counts while its gate is up; OUT is bit 5. */
static void test_gate(QTest *q)
{
    g_assert_cmphex(qt_in(q, 0x61) & 0x0f, ==, 0);
    qt_out(q, 0x43, 0xb0);
    qt_out(q, 0x42, 100);
    qt_out(q, 0x42, 0);
    qt_step(q, 1000000);
    g_assert_cmphex(qt_in(q, 0x61) & 0x20, ==, 0);
    qt_out(q, 0x61, 0x01);
    qt_step(q, 50000);
    g_assert_cmphex(qt_in(q, 0x61) & 0x21, ==, 0x01);
    qt_step(q, 50000);
    g_assert_cmphex(qt_in(q, 0x61) & 0x21, ==, 0x21);
}

static void test_refresh(QTest *q)
{
    uint8_t first = qt_in(q, 0x61);
    qt_step(q, 15085);
    g_assert_cmphex(qt_in(q, 0x61), ==, first ^ 0x10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/port61/gate", NULL, test_gate);
    qt_add("/port61/refresh", NULL, test_refresh);
    return g_test_run();
}
