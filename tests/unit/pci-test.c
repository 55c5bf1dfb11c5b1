/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw-test.h"
#include "hw/pci/gt64120.h"

/* A card with a memory BAR of 4 KiB and an I/O BAR of 32 bytes. */
typedef struct {
    PciDevice pci;
    MemRegion *mem, *io;
    unsigned written;
} Card;

static uint64_t card_read(void *opaque, PhysAddr addr, unsigned size)
{
    return 0x50 + addr;
}

static void card_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
}

static bool card_realize(Device *dev, GError **err)
{
    static const MemOps ops = { .read = card_read, .write = card_write };
    Card *c = (Card *)dev;
    c->mem = mem_io_new("card-mem", 0x1000, &ops, c);
    c->io = mem_io_new("card-io", 0x20, &ops, c);
    pci_device_add_bar(&c->pci, 0, false, c->mem);
    pci_device_add_bar(&c->pci, 1, true, c->io);
    return true;
}

static void card_reset(Device *dev)
{
    pci_device_reset((PciDevice *)dev);
}

static bool card_post_load(Device *dev, GError **err)
{
    pci_device_post_load((PciDevice *)dev);
    return true;
}

static void card_finalize(Device *dev)
{
    mem_free(((Card *)dev)->mem);
    mem_free(((Card *)dev)->io);
}

static void card_written(PciDevice *pci, unsigned reg, unsigned size)
{
    ((Card *)pci)->written++;
}

static const PciInfo card_info = {
    .vendor = 0x1234, .device = 0x5678, .class_code = 0x0200, .int_pin = 1, .config_written = card_written,
};
static const VmField card_state[] = { PCI_STATE(Card, pci), { 0 } };
static const DeviceType card_type = {
    "card", sizeof(Card), .state = card_state, .bus_info = &card_info, .realize = card_realize,
    .reset = card_reset, .finalize = card_finalize, .post_load = card_post_load,
};

static Card *plug(Bench *b, unsigned slot)
{
    Gt64120 *gt = bench_device(b, "gt64120");
    PciDevice *pci = pci_device_new(gt->bus, &card_type, PCI_DEVFN(slot, 0));
    g_assert_true(pci_device_realize(pci, NULL));
    return (Card *)pci;
}

static void test_config(void)
{
    Bench *b = bench_new(false);
    PciDevice *pci = &plug(b, 18)->pci;
    pci_config_write(pci, 0, 0xffffffff, 4);
    g_assert_cmphex(pci_config_read(pci, 0, 4), ==, 0x56781234);
    pci_config_write(pci, PCI_COMMAND, 0xffff, 2);
    g_assert_cmphex(pci_config_read(pci, PCI_COMMAND, 2), ==, 7);
    pci_config_set(pci, PCI_STATUS, 0xa000, 2);
    pci_config_write(pci, PCI_STATUS, 0x2000, 2);
    g_assert_cmphex(pci_config_read(pci, PCI_STATUS, 2), ==, 0x8000);
    pci_config_write(pci, PCI_INT_LINE, 0x10b, 2);
    g_assert_cmphex(pci_config_read(pci, PCI_INT_LINE, 2), ==, 0x010b);
    g_assert_cmpuint(((Card *)pci)->written, ==, 4);
    bench_free(b);
}

static void test_bars(void)
{
    Bench *b = bench_new(false);
    Card *c = plug(b, 18);
    PciDevice *pci = &c->pci;
    pci_config_write(pci, 0x10, 0xffffffff, 4);
    pci_config_write(pci, 0x14, 0xffffffff, 4);
    g_assert_cmphex(pci_config_read(pci, 0x10, 4), ==, 0xfffff000);
    g_assert_cmphex(pci_config_read(pci, 0x14, 4), ==, 0xffffffe1);
    g_assert_cmphex(pci_config_read(pci, 0x18, 4), ==, 0);
    pci_config_write(pci, 0x10, 0x10400000, 4);
    pci_config_write(pci, 0x14, 0x2000, 4);
    g_assert_cmphex(phys_read(b, 0x10400004, 4), ==, 0xffffffff);   /* not enabled */
    pci_config_write(pci, PCI_COMMAND, PCI_COMMAND_MEM, 2);
    g_assert_cmphex(phys_read(b, 0x10400004, 4), ==, 0x54);
    g_assert_cmphex(inb(b, 0x2001), ==, 0xff);
    pci_config_write(pci, PCI_COMMAND, 3, 2);
    g_assert_cmphex(inb(b, 0x2001), ==, 0x51);
    pci_config_write(pci, 0x10, 0x10500000, 4);
    g_assert_cmphex(phys_read(b, 0x10400004, 4), ==, 0xffffffff);
    g_assert_cmphex(phys_read(b, 0x10500004, 4), ==, 0x54);
    check_round_trip(&pci->dev);
    g_assert_cmphex(phys_read(b, 0x10500004, 4), ==, 0x54);
    device_reset(&pci->dev);
    g_assert_cmphex(phys_read(b, 0x10500004, 4), ==, 0xffffffff);
    /* At the very end of the space, and beyond it. */
    pci_config_write(pci, PCI_COMMAND, 3, 2);
    pci_config_write(pci, 0x10, 0xfffff000, 4);
    pci_config_write(pci, 0x14, 0xffffffe0, 4);
    bench_free(b);
}

/* Slot and pin to PIRQ to ISA interrupt, shared and level-triggered. */
static void test_interrupts(void)
{
    Bench *b = bench_new(false);
    Gt64120 *gt = bench_device(b, "gt64120");
    PciDevice *piix4 = pci_bus_find(gt->bus, PCI_DEVFN(10, 0));
    PciDevice *one = &plug(b, 11)->pci, *two = &plug(b, 19)->pci, *three = &plug(b, 18)->pci;
    for (unsigned slot = 18; slot < 22; slot++) {
        g_assert_cmpint(gt->bus->route(gt->bus->opaque, slot, 0), ==, (int)slot - 18);
        g_assert_cmpint(gt->bus->route(gt->bus->opaque, slot, 3), ==, (int)(slot - 18 + 3) % 4);
    }
    g_assert_cmpint(gt->bus->route(gt->bus->opaque, 10, 3), ==, 3);
    pci_config_write(piix4, 0x60, 0x8080800a, 4);
    pci_config_write(piix4, 0x61, 11, 1);
    outb(b, 0xa0, 0x11);
    outb(b, 0xa1, 0x28);
    outb(b, 0xa1, 0x02);
    outb(b, 0xa1, 0x01);
    outb(b, 0x20, 0x11);
    outb(b, 0x21, 0x20);
    outb(b, 0x21, 0x04);
    outb(b, 0x21, 0x01);
    outb(b, 0x4d1, 0x0c);
    pci_device_set_irq(one, true);          /* PIRQB */
    pci_device_set_irq(two, true);          /* PIRQB, too */
    g_assert_cmphex(gt_read(b, GT_BASE, 0xc34), ==, 0x2b);
    outb(b, 0xa0, 0x20);
    outb(b, 0x20, 0x20);
    pci_device_set_irq(one, false);
    g_assert_true(b->cpu->input[0]);
    pci_device_set_irq(two, false);
    g_assert_false(b->cpu->input[0]);
    pci_device_set_irq(three, true);        /* PIRQA */
    g_assert_cmphex(gt_read(b, GT_BASE, 0xc34), ==, 0x2a);
    outb(b, 0xa0, 0x20);
    outb(b, 0x20, 0x20);
    pci_config_write(piix4, 0x60, 0x80, 1); /* routed nowhere: the line falls */
    g_assert_false(b->cpu->input[0]);
    pci_config_write(piix4, 0x60, 10, 1);
    g_assert_true(b->cpu->input[0]);
    device_reset(&three->dev);
    g_assert_false(b->cpu->input[0]);
    bench_free(b);
}

static void test_taken(void)
{
    Bench *b = bench_new(false);
    Gt64120 *gt = bench_device(b, "gt64120");
    GError *err = NULL;
    g_assert_false(pci_device_realize(pci_device_new(gt->bus, &card_type, PCI_DEVFN(10, 0)), &err));
    g_assert_nonnull(strstr(err->message, "10.0 is taken by 'PIIX4'"));
    g_error_free(err);
    g_assert_cmphex(pci_config_read(pci_bus_find(gt->bus, PCI_DEVFN(10, 0)), 0, 4), ==, 0x71108086);
    bench_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/config", test_config);
    g_test_add_func("/pci/bars", test_bars);
    g_test_add_func("/pci/interrupts", test_interrupts);
    g_test_add_func("/pci/taken", test_taken);
    return g_test_run();
}
