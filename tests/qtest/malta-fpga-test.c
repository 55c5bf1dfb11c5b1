/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Malta user's manual, chapter 6. */
#include "client.h"

#define FPGA 0x1f000000

static void test_registers(QTest *q)
{
    g_assert_cmphex(qt_read(q, 0x1fc00010, 4), ==, 0x420);
    g_assert_cmphex(qt_read(q, FPGA + 0x208, 4), ==, qt_big(q) ? 2 : 0);
    qt_write(q, FPGA + 0x408, 0x1ff, 4);
    g_assert_cmphex(qt_read(q, FPGA + 0x408, 4), ==, 0xff);
    qt_write(q, FPGA + 0xa00, 0xa5, 4);
    g_assert_cmphex(qt_read(q, FPGA + 0xa00, 4), ==, 0xa5);
    qt_reset(q);
    g_assert_cmphex(qt_read(q, FPGA + 0x408, 4), ==, 0);
    g_assert_cmphex(qt_read(q, FPGA + 0xa00, 4), ==, 0);
}

static void test_soft_reset(QTest *q)
{
    unsigned before = qt_resets(q);
    qt_write(q, FPGA + 0x408, 0x81, 4);
    qt_write(q, FPGA + 0x500, 0x42, 4);
    qt_wait_reset(q, before);
    g_assert_cmphex(qt_read(q, FPGA + 0x408, 4), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/malta-fpga/registers", NULL, test_registers);
    qt_add("/malta-fpga/soft-reset", NULL, test_soft_reset);
    return g_test_run();
}
