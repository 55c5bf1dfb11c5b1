/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration space: PCI 2.1, chapter 6. */
#include "client.h"

static void test_scan(QTest *q)
{
    unsigned found = 0;
    for (unsigned slot = 0; slot < 31; slot++) {
        found += pci_read(q, slot, 0, 0) != 0xffffffff;
    }
    g_assert_cmpuint(found, ==, 2);
    g_assert_cmphex(pci_read(q, 0, 0, 0), ==, 0x462011ab);
    g_assert_cmphex(pci_read(q, 10, 1, 0), ==, 0x71118086);
    g_assert_cmphex(pci_read(q, 10, 3, 0), ==, 0x71138086);
}

/* Sizing a BAR; identity is read-only, narrow accesses reach their bytes. */
static void test_bar(QTest *q)
{
    pci_write(q, 10, 1, 0x20, 0xffffffff);
    g_assert_cmphex(pci_read(q, 10, 1, 0x20), ==, 0xfffffff1);
    pci_write(q, 10, 1, 0x00, 0);
    g_assert_cmphex(pci_read(q, 10, 1, 0x00), ==, 0x71118086);
    g_assert_cmphex(qt_read(q, QT_GT + 0xcfc + (qt_big(q) ? 2 : 0), 2), ==, 0x8086);
    g_assert_cmphex(qt_read(q, QT_GT + 0xcfc + (qt_big(q) ? 0 : 3), 1), ==, 0x71);
    qt_reset(q);
    g_assert_cmphex(pci_read(q, 10, 1, 0x20), ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/pci/scan", NULL, test_scan);
    qt_add("/pci/bar", NULL, test_bar);
    return g_test_run();
}
