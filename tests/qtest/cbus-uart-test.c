/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The third port: words 8 bytes apart in the FPGA's space, on the CPU's third input. */
#include "client.h"

#define UART 0x1f000900

static void test_registers(QTest *q)
{
    g_assert_cmphex(qt_read(q, UART + 8 * 5, 4), ==, 0x60);
    qt_write(q, UART + 8 * 7, 0xa5, 4);
    g_assert_cmphex(qt_read(q, UART + 8 * 7, 4), ==, 0xa5);
    g_assert_cmphex(qt_read(q, UART + 8 * 7 + (qt_big(q) ? 3 : 0), 1), ==, 0xa5);
    g_assert_cmphex(qt_read(q, UART + 8 * 7 + 4, 4), ==, 0);
}

static void test_interrupt(QTest *q)
{
    qt_listen_in(q, "malta-board", 0);
    qt_write(q, UART + 8, 0x02, 4);         /* no OUT2 gate here */
    g_assert_true(qt_level(q, 2));
    qt_write(q, UART + 8, 0x00, 4);
    g_assert_false(qt_level(q, 2));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/cbus-uart/registers", NULL, test_registers);
    qt_add("/cbus-uart/interrupt", NULL, test_interrupt);
    return g_test_run();
}
