/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System controller: GT-64120A data sheet, chapters 4, 8 and 13. */
#include "client.h"

static void test_reset(QTest *q)
{
    g_assert_cmphex(gt_read(q, 0x068), ==, 0xa0);
    g_assert_cmphex(gt_read(q, 0x048), ==, 0x80);
    g_assert_cmphex(gt_read(q, 0xc00), ==, qt_big(q) ? 0 : 0x00010001);
    g_assert_cmphex(gt_read(q, 0x000), ==, qt_big(q) ? 0 : 0x1000);
}

/* The window of the ports goes where the firmware of a Malta puts it. */
static void test_window(QTest *q)
{
    gt_write(q, 0x048, 0x18000000 >> 21);
    gt_write(q, 0x050, 0x40);
    gt_write(q, 0x0f0, 0);
    qt_write(q, 0x18000070, 0x0e, 1);
    qt_write(q, 0x18000071, 0x99, 1);
    g_assert_cmphex(qt_read(q, 0x18000071, 1), ==, 0x99);
    g_assert_cmphex(qt_in(q, 0x71), ==, 0xff);
    g_autofree char *port = qt_ok(q, "inb 0x71");
    g_assert_cmpstr(port, ==, "0x0099");
    qt_reset(q);
    qt_out(q, 0x70, 0x0e);
    g_assert_cmphex(qt_in(q, 0x71), ==, 0x99);
}

/* A PCI cycle that nobody answers sets bit 18, which the mask lets through. */
static void test_master_abort(QTest *q)
{
    qt_listen_out(q, "gt64120", 0, NULL);
    gt_write(q, 0xc1c, 1u << 18);
    g_assert_cmphex(pci_read(q, 20, 0, 0), ==, 0xffffffff);
    g_assert_true(qt_level(q, 0));
    g_assert_cmphex(gt_read(q, 0xc18), ==, 0x40040001);
    gt_write(q, 0xc18, ~(1u << 18));
    g_assert_false(qt_level(q, 0));
    g_assert_cmphex(gt_read(q, 0xc18), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/gt64120/reset", NULL, test_reset);
    qt_add("/gt64120/window", NULL, test_window);
    qt_add("/gt64120/master-abort", NULL, test_master_abort);
    return g_test_run();
}
