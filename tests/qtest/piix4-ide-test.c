/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 82371AB function 1 with empty cables: data sheet chapter 5. */
#include "client.h"

#define MASTER 0x1100

static void test_channels(QTest *q)
{
    g_assert_cmphex(qt_in(q, 0x1f7), ==, 0xff);
    pci_write(q, 10, 1, 0x40, 0x80008000);
    pci_write(q, 10, 1, 0x04, 0x00000005);
    g_assert_cmphex(qt_in(q, 0x1f7), ==, 0x7f);     /* nobody there: DD7 is pulled down */
    g_assert_cmphex(qt_in(q, 0x177), ==, 0x7f);
    pci_write(q, 10, 1, 0x40, 0x00008000);
    g_assert_cmphex(qt_in(q, 0x177), ==, 0xff);
}

static void test_bus_master(QTest *q)
{
    pci_write(q, 10, 1, 0x20, MASTER);
    pci_write(q, 10, 1, 0x04, 0x00000005);
    g_assert_cmphex(qt_in(q, MASTER + 2), ==, 0);
    qt_out(q, MASTER, 0x01);
    g_assert_cmphex(qt_in(q, MASTER + 2), ==, 0x01);
    qt_out(q, MASTER, 0x00);
    g_assert_cmphex(qt_in(q, MASTER + 2), ==, 0x00);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/piix4-ide/channels", "-nodefaults", test_channels);
    qt_add("/piix4-ide/bus-master", NULL, test_bus_master);
    return g_test_run();
}
