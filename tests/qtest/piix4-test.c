/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 82371AB function 0: data sheet sections 4.1 and 4.2. */
#include "client.h"

static void test_identity(QTest *q)
{
    g_assert_cmphex(pci_read(q, 10, 0, 0x00), ==, 0x71108086);
    g_assert_cmphex(pci_read(q, 10, 0, 0x08) >> 8, ==, 0x060100);
    g_assert_cmphex(pci_read(q, 10, 0, 0x0c) >> 16 & 0xff, ==, 0x80);
    g_assert_cmphex(pci_read(q, 10, 0, 0x60), ==, 0x80808080);
}

/* PIRQB, routed to ISA interrupt 11 and then to none. */
static void test_routing(QTest *q)
{
    qt_listen_in(q, "isa-i8259", 0);
    pci_write(q, 10, 0, 0x60, 0xffff0bff);
    g_assert_cmphex(pci_read(q, 10, 0, 0x60), ==, 0x8f8f0b8f);
    g_autofree char *path = qt_ok(q, "set_irq_in /machine/unattached/device[4] pirq 1 1");
    g_assert_true(qt_level(q, 11));
    pci_write(q, 10, 0, 0x60, 0xffff8bff);
    g_assert_false(qt_level(q, 11));
}

/* The interrupt that the first 8259A acknowledges through the GT-64120: 8 and more come from the second. */
static uint8_t acknowledge(QTest *q)
{
    return (uint8_t)gt_read(q, 0xc34);
}

/* Two cards on IRQ 10: while one is served the other one asks, and is heard when it is over. */
static void test_shared(QTest *q)
{
    static const uint8_t init[] = { 0x11, 0x08, 0x04, 0x01 }, init2[] = { 0x11, 0x70, 0x02, 0x01 };
    for (unsigned i = 0; i < 4; i++) {
        qt_out(q, i ? 0x21 : 0x20, init[i]);
        qt_out(q, i ? 0xa1 : 0xa0, init2[i]);
    }
    qt_out(q, 0x21, 0);
    qt_out(q, 0xa1, 0);
    qt_out(q, 0x4d1, 0x0c);
    pci_write(q, 10, 0, 0x60, 0x0b0b0a0a);
    g_free(qt_ok(q, "set_irq_in /machine/unattached/device[4] pirq 0 1"));
    g_assert_cmphex(acknowledge(q), ==, 0x72);
    g_free(qt_ok(q, "set_irq_in /machine/unattached/device[4] pirq 1 1"));
    g_free(qt_ok(q, "set_irq_in /machine/unattached/device[4] pirq 0 0"));
    qt_out(q, 0xa0, 0x20);
    qt_out(q, 0x20, 0x20);
    g_assert_cmphex(acknowledge(q), ==, 0x72);
    g_free(qt_ok(q, "set_irq_in /machine/unattached/device[4] pirq 1 0"));
    qt_out(q, 0xa0, 0x20);
    qt_out(q, 0x20, 0x20);
    g_assert_cmphex(acknowledge(q), ==, 0x0f);       /* nobody: the spurious one */
}

static void test_reset_control(QTest *q)
{
    unsigned before = qt_resets(q);
    pci_write(q, 10, 0, 0x60, 0x0a0a0a0a);
    qt_out(q, 0xcf9, 0x02);
    qt_out(q, 0xcf9, 0x06);
    qt_wait_reset(q, before);
    g_assert_cmphex(pci_read(q, 10, 0, 0x60), ==, 0x80808080);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/piix4/identity", NULL, test_identity);
    qt_add("/piix4/routing", NULL, test_routing);
    qt_add("/piix4/shared", NULL, test_shared);
    qt_add("/piix4/reset-control", NULL, test_reset_control);
    return g_test_run();
}
