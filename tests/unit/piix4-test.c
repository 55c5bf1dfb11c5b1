/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw-test.h"
#include "hw/isa/piix4.h"

/* Whether the guest asked for a reset or the end since the machine was made. */
static ShutdownCause outcome(Bench *b)
{
    machine_unlock(b->m);
    while (g_main_context_iteration(b->m->context, FALSE)) {
    }
    machine_lock(b->m);
    return b->m->shutdown_cause;
}

static Piix4Pm *start(Bench **b)
{
    *b = bench_new(false);
    (*b)->m->no_reboot = true;              /* a reset shows as a shutdown cause */
    Piix4Pm *pm = bench_device(*b, "PIIX4_PM");
    pci_config_write(&pm->pci, 0x40, 0x1000, 4);
    pci_config_write(&pm->pci, 0x80, 1, 1);
    return pm;
}

static uint32_t in(Bench *b, unsigned port, unsigned size)
{
    return (uint32_t)phys_read(b, PCI_IO_BASE + port, size);
}

static void test_place(void)
{
    Bench *b;
    Piix4Pm *pm = start(&b);
    g_assert_cmphex(pci_config_read(&pm->pci, 0x40, 4), ==, 0x1001);
    phys_write(b, PCI_IO_BASE + 0x1034, 0x12345678, 4);
    g_assert_cmphex(in(b, 0x1034, 4), ==, 0x12345678);
    pci_config_write(&pm->pci, 0x40, 0x2000, 4);
    g_assert_cmphex(in(b, 0x2034, 4), ==, 0x12345678);
    g_assert_cmphex(in(b, 0x1034, 4), ==, 0xffffffff);
    check_round_trip(&pm->pci.dev);
    pci_config_write(&pm->pci, 0x80, 0, 1);
    g_assert_cmphex(in(b, 0x2034, 4), ==, 0xffffffff);
    bench_free(b);
}

static void test_timer(void)
{
    Bench *b;
    Piix4Pm *pm = start(&b);
    uint32_t t0 = in(b, 0x1008, 4);
    bench_step(b->m, 1000000000);
    g_assert_cmpuint((in(b, 0x1008, 4) - t0) & 0xffffff, ==, 3579545);
    g_assert_cmphex(in(b, 0x1000, 2), ==, 0);
    bench_step(b->m, 1400000000);           /* bit 23 changes after 2.34 s */
    g_assert_cmphex(in(b, 0x1000, 2), ==, 1);
    phys_write(b, PCI_IO_BASE + 0x1000, 1, 2);
    g_assert_cmphex(in(b, 0x1000, 2), ==, 0);
    phys_write(b, PCI_IO_BASE + 0x1004, 1, 2);
    phys_write(b, PCI_IO_BASE + 0x1002, 1, 2);
    g_assert_false(pm->sci.level);
    bench_step(b->m, 2400000000);
    g_assert_true(pm->sci.level);
    phys_write(b, PCI_IO_BASE + 0x1000, 1, 2);
    g_assert_false(pm->sci.level);
    bench_free(b);
}

static void test_power_off(void)
{
    Bench *b;
    start(&b);
    phys_write(b, PCI_IO_BASE + 0x1004, 0x0400, 2);         /* a type alone does nothing */
    g_assert_cmpint(outcome(b), ==, SHUTDOWN_NONE);
    phys_write(b, PCI_IO_BASE + 0x1004, 0x2400, 2);         /* suspend to RAM: not there */
    g_assert_cmpint(outcome(b), ==, SHUTDOWN_NONE);
    phys_write(b, PCI_IO_BASE + 0x1004, 0x2000, 2);
    g_assert_cmpint(outcome(b), ==, SHUTDOWN_GUEST_POWEROFF);
    bench_free(b);
}

/* The power button sets its bit, and interrupts a guest that has asked for it. */
static void test_power_button(void)
{
    Bench *b;
    Piix4Pm *pm = start(&b);
    machine_press_power_button(b->m);
    g_assert_cmphex(in(b, 0x1000, 2), ==, 0x0100);
    g_assert_false(pm->sci.level);
    phys_write(b, PCI_IO_BASE + 0x1000, 0x0100, 2);
    phys_write(b, PCI_IO_BASE + 0x1004, 1, 2);
    phys_write(b, PCI_IO_BASE + 0x1002, 0x0100, 2);
    g_assert_false(pm->sci.level);
    machine_press_power_button(b->m);
    g_assert_true(pm->sci.level);
    phys_write(b, PCI_IO_BASE + 0x1000, 0x0100, 2);
    g_assert_false(pm->sci.level);
    bench_free(b);
}

static void test_reset_control(void)
{
    Bench *b;
    start(&b);
    outb(b, 0xcf9, 0x02);
    g_assert_cmpint(outcome(b), ==, SHUTDOWN_NONE);
    g_assert_cmphex(inb(b, 0xcf9), ==, 0x02);
    outb(b, 0xcf9, 0x06);
    g_assert_cmpint(outcome(b), ==, SHUTDOWN_GUEST_RESET);
    bench_free(b);
}

/* What a kernel writes while it starts. */
static void test_dma(void)
{
    Bench *b;
    start(&b);
    outb(b, 0x0c, 0);
    outb(b, 0x04, 0x34);
    outb(b, 0x04, 0x12);
    g_assert_cmphex(inb(b, 0x04), ==, 0x34);
    g_assert_cmphex(inb(b, 0x04), ==, 0x12);
    g_assert_cmphex(inb(b, 0xde), ==, 0xff);
    outb(b, 0xd4, 0x00);
    g_assert_cmphex(inb(b, 0xde), ==, 0xfe);
    outb(b, 0x81, 0x7f);
    g_assert_cmphex(inb(b, 0x81), ==, 0x7f);
    outb(b, 0xda, 0);
    g_assert_cmphex(inb(b, 0xde), ==, 0xff);
    check_round_trip(bench_device(b, "i8237"));
    bench_free(b);
}

/* Two cables without drives: what a probe sees, and when the ports answer at all. */
static void test_ide(void)
{
    Bench *b;
    start(&b);
    PciDevice *ide = bench_device(b, "piix4-ide");
    g_assert_cmphex(pci_config_read(ide, 0, 4), ==, 0x71118086);
    g_assert_cmphex(pci_config_read(ide, 8, 4) >> 8, ==, 0x010180);
    pci_config_write(ide, PCI_COMMAND, 5, 2);
    g_assert_cmphex(inb(b, 0x1f7), ==, 0x7f);
    pci_config_write(ide, 0x40, 0, 4);
    g_assert_cmphex(inb(b, 0x1f7), ==, 0xff);
    pci_config_write(ide, 0x40, 0x80008000, 4);
    g_assert_cmphex(inb(b, 0x1f7), ==, 0x7f);
    g_assert_cmphex(inb(b, 0x376), ==, 0x7f);
    outb(b, 0x172, 0x55);
    g_assert_cmphex(inb(b, 0x172), ==, 0x7f);
    pci_config_write(ide, 0x20, 0x3001, 4);
    g_assert_cmphex(pci_config_read(ide, 0x20, 4), ==, 0x3001);
    outb(b, 0x3008, 0x09);
    g_assert_cmphex(inb(b, 0x3008), ==, 0x09);
    g_assert_cmphex(inb(b, 0x300a), ==, 0x01);
    outb(b, 0x3008, 0);
    g_assert_cmphex(inb(b, 0x300a), ==, 0x00);
    check_round_trip(&ide->dev);
    g_assert_cmphex(inb(b, 0x1f7), ==, 0x7f);
    pci_config_write(ide, PCI_COMMAND, 0, 2);
    g_assert_cmphex(inb(b, 0x1f7), ==, 0xff);
    bench_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/piix4/place", test_place);
    g_test_add_func("/piix4/timer", test_timer);
    g_test_add_func("/piix4/power-off", test_power_off);
    g_test_add_func("/piix4/power-button", test_power_button);
    g_test_add_func("/piix4/reset-control", test_reset_control);
    g_test_add_func("/piix4/dma", test_dma);
    g_test_add_func("/piix4/ide", test_ide);
    return g_test_run();
}
