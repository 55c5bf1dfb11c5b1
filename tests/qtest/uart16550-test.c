/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first port of the Super I/O: PC16550D data sheet, section 8. */
#include "client.h"

#define UART 0x3f8

static void test_reset(QTest *q)
{
    static const uint8_t values[8] = { 0x00, 0x00, 0x01, 0x00, 0x00, 0x60, 0x00, 0x00 };
    qt_out(q, UART + 7, 0x5a);
    qt_out(q, UART + 4, 0x0f);
    qt_reset(q);
    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmphex(qt_in(q, UART + i), ==, values[i]);
    }
}

static void test_masks(QTest *q)
{
    qt_out(q, UART + 1, 0xff);
    g_assert_cmphex(qt_in(q, UART + 1), ==, 0x0f);
    qt_out(q, UART + 4, 0xff);
    g_assert_cmphex(qt_in(q, UART + 4), ==, 0x1f);
    qt_out(q, UART + 3, 0x83);
    qt_out(q, UART, 0x34);
    qt_out(q, UART + 1, 0x12);
    g_assert_cmphex(qt_in(q, UART), ==, 0x34);
    qt_out(q, UART + 3, 0x03);
    g_assert_cmphex(qt_in(q, UART + 1), ==, 0x0f);
}

/* In loop-back a byte that is sent is received; the interrupt needs OUT2, which loop-back cuts off. */
static void test_loopback(QTest *q)
{
    qt_out(q, UART + 2, 0x07);
    qt_out(q, UART + 4, 0x10);
    qt_out(q, UART, 'x');
    g_assert_cmphex(qt_in(q, UART + 5), ==, 0x61);
    g_assert_cmphex(qt_in(q, UART), ==, 'x');
    g_assert_cmphex(qt_in(q, UART + 5), ==, 0x60);
}

static void test_transmit_interrupt(QTest *q)
{
    qt_listen_out(q, "fdc37m81x-superio", 0, "uart1");
    qt_out(q, UART + 1, 0x02);
    g_assert_false(qt_level(q, 0));
    qt_out(q, UART + 4, 0x08);
    g_assert_true(qt_level(q, 0));
    g_assert_cmphex(qt_in(q, UART + 2), ==, 0x02);
    g_assert_false(qt_level(q, 0));
    qt_out(q, UART, 'a');
    g_assert_true(qt_level(q, 0));
}

/* Fewer bytes than the trigger level: the interrupt comes after four characters' time. */
static void test_receive_timeout(QTest *q)
{
    qt_listen_out(q, "fdc37m81x-superio", 0, "uart1");
    qt_out(q, UART + 3, 0x83);
    qt_out(q, UART, 1);
    qt_out(q, UART + 3, 0x03);
    qt_out(q, UART + 2, 0xc7);
    qt_out(q, UART + 4, 0x10);
    qt_out(q, UART, 'x');
    qt_out(q, UART + 4, 0x08);
    qt_out(q, UART + 1, 0x01);
    g_assert_false(qt_level(q, 0));
    qt_step(q, 300000);
    g_assert_false(qt_level(q, 0));
    qt_step(q, 100000);
    g_assert_true(qt_level(q, 0));
    g_assert_cmphex(qt_in(q, UART + 2), ==, 0xcc);
    qt_in(q, UART);
    g_assert_false(qt_level(q, 0));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/uart16550/reset", NULL, test_reset);
    qt_add("/uart16550/masks", NULL, test_masks);
    qt_add("/uart16550/loopback", NULL, test_loopback);
    qt_add("/uart16550/transmit-interrupt", NULL, test_transmit_interrupt);
    qt_add("/uart16550/receive-timeout", NULL, test_receive_timeout);
    return g_test_run();
}
