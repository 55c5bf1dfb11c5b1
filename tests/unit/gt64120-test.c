/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw-test.h"
#include "hw/pci/gt64120.h"

static void cfg_addr(Bench *b, unsigned slot, unsigned function, unsigned reg)
{
    gt_write(b, GT_BASE, 0xcf8, 0x80000000 | slot << 11 | function << 8 | reg);
}

/* What the kernel does: other devices' data as the CPU loads them, the bridge's own as
 * little endian; big-endian machines have byte swapping on, little-endian ones off. */
static uint32_t cfg_read(Bench *b, unsigned slot, unsigned function, unsigned reg)
{
    cfg_addr(b, slot, function, reg);
    return slot ? (uint32_t)phys_read(b, GT_BASE + 0xcfc, 4) : gt_read(b, GT_BASE, 0xcfc);
}

static void cfg_write(Bench *b, unsigned slot, unsigned function, unsigned reg, uint32_t v)
{
    cfg_addr(b, slot, function, reg);
    phys_write(b, GT_BASE + 0xcfc, v, 4);
}

static void test_identity(void)
{
    for (unsigned big = 0; big < 2; big++) {
        Bench *b = bench_new(big);
        g_assert_cmphex(cfg_read(b, 0, 0, 0), ==, 0x462011ab);
        g_assert_cmphex(cfg_read(b, 0, 0, 8), ==, 0x05800010);
        g_assert_cmphex(cfg_read(b, 10, 0, 0), ==, 0x71108086);
        g_assert_cmphex(cfg_read(b, 10, 3, 0), ==, 0x71138086);
        g_assert_cmphex(cfg_read(b, 10, 0, 0xc) >> 16, ==, 0x80);
        bench_free(b);
    }
}

/* The other setting of MByteSwap turns the bytes of the data round, not those of the bridge. */
static void test_byte_swap(void)
{
    for (unsigned big = 0; big < 2; big++) {
        Bench *b = bench_new(big);
        uint32_t command = gt_read(b, GT_BASE, 0xc00);
        g_assert_cmphex(command, ==, big ? 0 : 0x00010001);
        gt_write(b, GT_BASE, 0xc00, command ^ 1);
        g_assert_cmphex(cfg_read(b, 10, 0, 0), ==, 0x86801071);
        g_assert_cmphex(cfg_read(b, 0, 0, 0), ==, 0x462011ab);
        gt_write(b, GT_BASE, 0xc00, command);
        cfg_write(b, 10, 0, 0x60, 0x0b0a0908);
        g_assert_cmphex(cfg_read(b, 10, 0, 0x60), ==, 0x0b0a0908);
        /* Narrow accesses reach the same bytes. */
        cfg_addr(b, 10, 0, 0x60);
        unsigned lane = big ? 3 : 0;
        g_assert_cmphex(phys_read(b, GT_BASE + 0xcfc + lane, 1), ==, 0x08);
        phys_write(b, GT_BASE + 0xcfc + lane, 0x0f, 1);
        g_assert_cmphex(cfg_read(b, 10, 0, 0x60), ==, 0x0b0a090f);
        g_assert_cmphex(phys_read(b, GT_BASE + 0xcfc + (big ? 0 : 2), 2), ==, 0x0b0a);
        bench_free(b);
    }
}

static void test_absent(void)
{
    Bench *b = bench_new(false);
    gt_write(b, GT_BASE, 0xc18, 0);
    g_assert_cmphex(cfg_read(b, 10, 0, 0), ==, 0x71108086);
    g_assert_cmphex(gt_read(b, GT_BASE, 0xc18), ==, 0);
    g_assert_cmphex(cfg_read(b, 10, 4, 0), ==, 0xffffffff);
    g_assert_cmphex(gt_read(b, GT_BASE, 0xc18) & (1 << 18), ==, 1 << 18);
    gt_write(b, GT_BASE, 0xc18, ~(1u << 18));
    g_assert_cmphex(gt_read(b, GT_BASE, 0xc18), ==, 0);
    cfg_write(b, 11, 0, 4, 7);
    g_assert_cmphex(gt_read(b, GT_BASE, 0xc18) & (1 << 18), ==, 1 << 18);
    gt_write(b, GT_BASE, 0xc18, 0);
    cfg_write(b, 31, 7, 0, 0x00120002);             /* a special cycle */
    g_assert_cmphex(gt_read(b, GT_BASE, 0xc18), ==, 0);
    gt_write(b, GT_BASE, 0xcf8, 0x00005000);        /* not enabled */
    g_assert_cmphex(phys_read(b, GT_BASE + 0xcfc, 4), ==, 0xffffffff);
    gt_write(b, GT_BASE, 0xcf8, 0x80015000);        /* bus 1 */
    g_assert_cmphex(phys_read(b, GT_BASE + 0xcfc, 4), ==, 0xffffffff);
    /* Unmasked, it interrupts CoreHI. */
    g_assert_false(b->cpu->input[3]);
    gt_write(b, GT_BASE, 0xc1c, 1 << 18);
    g_assert_true(b->cpu->input[3]);
    gt_write(b, GT_BASE, 0xc18, 0);
    g_assert_false(b->cpu->input[3]);
    bench_free(b);
}

static void test_windows(void)
{
    Bench *b = bench_new(false);
    uint64_t v;
    /* The reset place of the registers is free now. */
    g_assert_cmpint(as_read(b->m->as, GT_RESET_BASE, 4, false, &v), ==, MEM_OK);    /* PCI memory 0 */
    g_assert_cmphex(v, ==, 0xffffffff);
    /* I/O moves, the ports follow. */
    outb(b, 0x80, 0x5c);
    /* High below low: off. */
    gt_write(b, GT_BASE, 0x058, 0x0a0);
    gt_write(b, GT_BASE, 0x060, 0x1f);
    g_assert_cmpint(as_read(b->m->as, 0x14000000, 4, false, &v), ==, MEM_NOTHING_THERE);
    gt_write(b, GT_BASE, 0x048, 0x17000000 >> 21);
    gt_write(b, GT_BASE, 0x050, 0x38);
    g_assert_cmphex(gt_read(b, GT_BASE, 0x0f0), ==, 0x17000000 >> 21);  /* low loads remap */
    gt_write(b, GT_BASE, 0x0f0, 0);
    g_assert_cmphex(phys_read(b, 0x17000080, 1), ==, 0x5c);
    /* Registers move again. */
    gt_write(b, GT_BASE, 0x068, 0x1a000000 >> 21);
    g_assert_cmphex(gt_read(b, 0x1a000000, 0x050), ==, 0x38);
    machine_reset(b->m);
    g_assert_cmphex(gt_read(b, GT_RESET_BASE, 0x068), ==, 0x0a0);
    g_assert_cmphex(phys_read(b, 0x10000080, 1), ==, 0);            /* reset window, reset port */
    bench_free(b);
}

/* Memory windows reach BARs; the remap register changes the address on the bus. */
static void test_remap(void)
{
    Bench *b = bench_new(false);
    Gt64120 *gt = bench_device(b, "gt64120");
    MemRegion *ram = mem_ram_new("target", 0x10000, NULL);
    mem_add(gt->pci_mem, 0x12000000, ram, 1);
    phys_write(b, 0x12000004, 0xfeedface, 4);
    g_assert_cmphex(load_le(mem_host(ram) + 4, 4), ==, 0xfeedface);
    mem_set_offset(ram, 0x42000000);
    gt_write(b, GT_BASE, 0x0f8, 0x40000000 >> 21);
    g_assert_cmphex(phys_read(b, 0x12000004, 4), ==, 0xfeedface);
    mem_free(ram);
    bench_free(b);
}

/* A guest that moves windows at random, over RAM, over itself, does no harm. */
static void test_random_windows(void)
{
    static const uint16_t regs[] = { 0x048, 0x050, 0x058, 0x060, 0x080, 0x088, 0x0f0, 0x0f8, 0x100 };
    Bench *b = bench_new(true);
    GRand *rand = g_rand_new_with_seed(7);
    for (unsigned i = 0; i < 3000; i++) {
        gt_write(b, GT_BASE, regs[g_rand_int_range(rand, 0, G_N_ELEMENTS(regs))], g_rand_int(rand));
        uint64_t v;
        as_read(b->m->as, (uint64_t)g_rand_int(rand) << (g_rand_int(rand) & 3), 4, true, &v);
    }
    phys_write(b, 0x1000, 0x12345678, 4);
    g_assert_cmphex(phys_read(b, 0x1000, 4), ==, 0x12345678);
    g_assert_cmphex(phys_read(b, 0x1f000208, 4), ==, 2);
    g_rand_free(rand);
    check_round_trip(bench_device(b, "gt64120"));
    bench_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gt64120/identity", test_identity);
    g_test_add_func("/gt64120/byte-swap", test_byte_swap);
    g_test_add_func("/gt64120/absent", test_absent);
    g_test_add_func("/gt64120/windows", test_windows);
    g_test_add_func("/gt64120/remap", test_remap);
    g_test_add_func("/gt64120/random-windows", test_random_windows);
    return g_test_run();
}
