/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mappings that TLBWR has displaced: they go on being used, and each way in which software can
 * take a translation away, or find out that it is not in the TLB, takes them away too.
 */
#include "mmu-test.h"

#define USER_VA UINT64_C(0x00400000)
#define RW (LO_V | LO_D)
#define PAIRS 40u                       /* more than the 4Kc's 16 entries */
#define FIRST_PAGE 0x40u

static uint64_t va_of(unsigned pair)
{
    return USER_VA + pair * 0x2000;
}

static unsigned page_of(unsigned pair)
{
    return FIRST_PAGE + 2 * pair;
}

static bool in_tlb(const Mmu *f, uint64_t vaddr)
{
    for (unsigned i = 0; i < f->cpu->tlb_entries; i++) {
        const MipsTlbEntry *e = &f->cpu->tlb[i];
        bool same = ((e->vpn2 ^ vaddr) & ~(uint64_t)(e->mask | 0x1fff)) == 0;
        if (same && e->valid && (e->page[0].v || e->page[1].v)) {
            return true;
        }
    }
    return false;
}

static bool is_soft(Mmu *f, uint64_t vaddr)
{
    return f->cpu->mode & MODE_ADDR64 ? softmmu_wide_host(f->cpu, vaddr, 4, false) != NULL
                                      : mmu_has(f, vaddr, FLAT_READ);
}

/* Many pairs by TLBWR, each used once. */
static void use_pairs(Mmu *f, unsigned asid, unsigned flags)
{
    for (unsigned i = 0; i < PAIRS; i++) {
        mmu_write_random(f, va_of(i), asid, page_of(i), flags);
        g_assert_cmpuint(mmu_load(f, va_of(i)), ==, page_of(i));
    }
}

/* The n-th pair that has been displaced and is still used. */
static unsigned victim(Mmu *f, unsigned n)
{
    for (unsigned i = 0; i < PAIRS; i++) {
        if (is_soft(f, va_of(i)) && !in_tlb(f, va_of(i)) && n-- == 0) {
            return i;
        }
    }
    g_assert_not_reached();
}

static unsigned count_soft(Mmu *f)
{
    unsigned n = 0;
    for (unsigned i = 0; i < PAIRS; i++) {
        n += is_soft(f, va_of(i));
    }
    return n;
}

/* Of those that are used, only those are left that the TLB has. */
static void expect_no_victims(Mmu *f)
{
    for (unsigned i = 0; i < PAIRS; i++) {
        g_assert_true(!is_soft(f, va_of(i)) || in_tlb(f, va_of(i)));
    }
}

static void begin(Mmu *f)
{
    mmu_begin(f, "4Kc", true);
    use_pairs(f, 1, LO_V);
}

static void test_kept(void)
{
    Mmu f;
    begin(&f);
    g_assert_cmpuint(f.m->displaced, >=, PAIRS - 16);
    g_assert_cmpuint(count_soft(&f), ==, PAIRS);
    for (unsigned i = 0; i < PAIRS; i++) {
        g_assert_cmpuint(mmu_load(&f, va_of(i) + 0x1000), ==, page_of(i) + 1);
    }
    mmu_asid(&f, 2);
    g_assert_cmpuint(mmu_load(&f, va_of(0)), ==, TLBL_REFILL);
    mmu_end(&f);

    mmu_begin(&f, "4Kc", false);
    use_pairs(&f, 1, LO_V);
    g_assert_cmpuint(f.m->displaced, ==, 0);
    g_assert_cmpuint(count_soft(&f), <=, 16);
    expect_no_victims(&f);
    mmu_end(&f);
}

/* What a mapping does not permit is for the TLB to decide, which knows nothing of it. */
static void test_refill(void)
{
    Mmu f;
    begin(&f);
    unsigned v = victim(&f, 0), other = victim(&f, 1);
    g_assert_cmpuint(mmu_store(&f, va_of(v) + 0x1000, 1), ==, TLBS_REFILL);
    g_assert_false(is_soft(&f, va_of(v)));
    g_assert_false(is_soft(&f, va_of(v) + 0x1000));
    g_assert_true(is_soft(&f, va_of(other)));
    g_assert_cmpuint(mmu_load(&f, va_of(v)), ==, TLBL_REFILL);
    mmu_end(&f);
}

/* local_flush_tlb_page: TLBP, and TLBWI if there is an entry. */
static void test_flush_page(void)
{
    Mmu f;
    begin(&f);
    unsigned v = victim(&f, 0), other = victim(&f, 1), entry = 0;
    g_assert_false(mmu_probe(&f, va_of(v), 1));
    g_assert_false(is_soft(&f, va_of(v) + 0x1000));
    g_assert_cmpuint(mmu_load(&f, va_of(v)), ==, TLBL_REFILL);
    while (!in_tlb(&f, va_of(entry))) {
        entry++;
    }
    g_assert_true(mmu_probe(&f, va_of(entry), 1));
    mmu_entry(&f, KSEG0 + 0x2000, 1, 0, 0);
    tlb_write_indexed(f.cpu);
    mmu_asid(&f, 1);
    g_assert_cmpuint(mmu_load(&f, va_of(entry)), ==, TLBL_REFILL);
    g_assert_cmpuint(mmu_load(&f, va_of(other)), ==, page_of(other));
    mmu_end(&f);
}

/* local_flush_tlb_all: all entries by TLBWI, and what is unmapped stays. */
static void test_flush_all(void)
{
    Mmu f;
    begin(&f);
    g_assert_cmpuint(mmu_load(&f, KSEG0 + 0x3000), ==, 3);
    uint64_t drops = f.m->victim_drops;
    for (unsigned i = 0; i < 16; i++) {
        mmu_write_at(&f, i, KSEG0 + i * 0x2000, 1, 0, 0);
    }
    g_assert_cmpuint(f.m->victim_drops, ==, drops + 1);
    g_assert_cmpuint(count_soft(&f), ==, 0);
    g_assert_true(is_soft(&f, KSEG0 + 0x3000));
    for (unsigned i = 0; i < PAIRS; i++) {
        g_assert_cmpuint(mmu_load(&f, va_of(i)), ==, TLBL_REFILL);
    }
    /* Another address space's went as well: ASIDs are used again after this. */
    use_pairs(&f, 2, LO_V);
    mmu_write_at(&f, 0, KSEG0, 1, 0, 0);
    mmu_asid(&f, 2);
    expect_no_victims(&f);
    mmu_end(&f);
}

/* TLBWI is for the entry that TLBP found only until Index or the TLB is written. */
static void test_indexed(void)
{
    Mmu f;
    for (int way = 0; way < 3; way++) {
        unsigned entry = 0;
        begin(&f);
        victim(&f, 0);
        while (!in_tlb(&f, va_of(entry))) {
            entry++;
        }
        g_assert_true(mmu_probe(&f, va_of(entry), 1));
        if (way == 0) {
            cp0_write(f.cpu, C0_INDEX, f.cpu->cp0.index, false);
        } else if (way == 1) {
            tlb_write_random(f.cpu);
        } else {
            g_assert_false(mmu_probe(&f, UINT64_C(0x7fff0000), 1));
            f.cpu->cp0.index = 0;
        }
        victim(&f, 0);
        tlb_write_indexed(f.cpu);
        expect_no_victims(&f);
        mmu_end(&f);
    }
}

/* TLBINV, TLBINVF, and TLBR, which shows what is there. */
static void test_invalidate_and_read(void)
{
    Mmu f;
    for (int way = 0; way < 3; way++) {
        begin(&f);
        victim(&f, 0);
        if (way < 2) {
            tlb_invalidate(f.cpu, way);
            g_assert_cmpuint(count_soft(&f), ==, 0);
        } else {
            cp0_write(f.cpu, C0_INDEX, 0, false);
            tlb_read(f.cpu);
            mmu_asid(&f, 1);
            expect_no_victims(&f);
        }
        mmu_end(&f);
    }
}

/* A new entry hides what was there for its ASID, and with G for all. */
static void test_overlap(void)
{
    Mmu f;
    begin(&f);
    unsigned v = victim(&f, 0), w = victim(&f, 1);
    mmu_write_random(&f, va_of(v), 1, 0x1f0, LO_V);
    g_assert_cmpuint(mmu_load(&f, va_of(v)), ==, 0x1f0);
    mmu_write_random(&f, va_of(w), 2, 0x1f2, LO_V);
    g_assert_cmpuint(mmu_load(&f, va_of(w)), ==, 0x1f2);
    mmu_asid(&f, 1);
    g_assert_cmpuint(mmu_load(&f, va_of(w)), ==, page_of(w));
    mmu_write_random(&f, va_of(w), 2, 0x1f4, LO_V | LO_G);
    mmu_asid(&f, 1);
    g_assert_false(is_soft(&f, va_of(w)));
    g_assert_cmpuint(mmu_load(&f, va_of(w)), ==, 0x1f4);
    mmu_end(&f);
}

/* A displaced entry for all ASIDs is found gone under any of them. */
static void test_global(void)
{
    Mmu f;
    mmu_begin(&f, "4Kc", true);
    use_pairs(&f, 1, LO_V | LO_G);
    mmu_asid(&f, 1);
    unsigned v = victim(&f, 0), w = victim(&f, 1);
    g_assert_false(mmu_probe(&f, va_of(v), 2));
    mmu_write_random(&f, va_of(w), 2, 0x1f0, LO_V);
    mmu_asid(&f, 1);
    g_assert_cmpuint(mmu_load(&f, va_of(v)), ==, TLBL_REFILL);
    g_assert_cmpuint(mmu_load(&f, va_of(w)), ==, TLBL_REFILL);
    mmu_end(&f);

    /* The same in kseg3. */
    mmu_begin(&f, "4Kc", true);
    for (unsigned i = 0; i < PAIRS; i++) {
        mmu_write_random(&f, KSEG3 + i * 0x2000, 1, page_of(i), LO_V | LO_G);
        g_assert_cmpuint(mmu_load(&f, KSEG3 + i * 0x2000), ==, page_of(i));
    }
    unsigned i = 0;
    while (in_tlb(&f, KSEG3 + i * 0x2000)) {
        i++;
    }
    mmu_asid(&f, 2);
    g_assert_cmpuint(mmu_load(&f, KSEG3 + i * 0x2000), ==, page_of(i));
    g_assert_false(mmu_probe(&f, KSEG3 + i * 0x2000, 2));
    g_assert_cmpuint(mmu_load(&f, KSEG3 + i * 0x2000), ==, TLBL_REFILL);
    mmu_end(&f);
}

/* Large pages are gone when they are displaced, and hide small ones when they are written. */
static void test_page_mask(void)
{
    const uint64_t big = UINT64_C(0x10000000);
    Mmu f;
    begin(&f);
    unsigned v = victim(&f, 0);
    victim(&f, 1);
    cp0_write(f.cpu, C0_PAGEMASK, 0x1e000, false);          /* a pair of 64 KiB */
    victim(&f, 1);                                          /* the register alone changes nothing */
    mmu_entry(&f, va_of(v) & ~UINT64_C(0x1ffff), 1, 0, 0);
    tlb_write_random(f.cpu);
    g_assert_false(is_soft(&f, va_of(v)));
    g_assert_cmpuint(mmu_load(&f, va_of(v)), ==, TLBL);     /* not valid */
    cp0_write(f.cpu, C0_ENTRYHI, big | 1, true);
    cp0_write(f.cpu, C0_ENTRYLO0, 0x100 << 6 | RW, false);
    cp0_write(f.cpu, C0_ENTRYLO1, 0x110 << 6 | RW, false);
    tlb_write_random(f.cpu);
    cp0_write(f.cpu, C0_PAGEMASK, 0, false);
    g_assert_cmpuint(mmu_load(&f, big + 0x13000), ==, 0x113);
    g_assert_cmpuint(mmu_load(&f, big + 0xf000), ==, 0x10f);
    for (unsigned i = 0; in_tlb(&f, big); i++) {
        g_assert_true(is_soft(&f, big + 0x13000));
        mmu_write_random(&f, UINT64_C(0x20000000) + i * 0x2000, 1, 0, LO_V);
    }
    g_assert_false(is_soft(&f, big + 0x13000));
    g_assert_false(is_soft(&f, big + 0xf000));
    g_assert_cmpuint(mmu_load(&f, big), ==, TLBL_REFILL);
    mmu_end(&f);
}

/* Where all entries but one are wired, software knows which one TLBWR overwrites. */
static void test_wired(void)
{
    Mmu f;
    begin(&f);
    unsigned v = victim(&f, 0);
    cp0_write(f.cpu, C0_WIRED, 15, false);
    g_assert_cmpuint(mmu_load(&f, va_of(v)), ==, page_of(v));
    uint64_t displaced = f.m->displaced;
    mmu_write_random(&f, UINT64_C(0x20000000), 1, 0x1f0, LO_V);
    g_assert_cmpuint(mmu_load(&f, UINT64_C(0x20000000)), ==, 0x1f0);
    mmu_write_random(&f, UINT64_C(0x20002000), 1, 0x1f2, LO_V);
    g_assert_cmpuint(mmu_load(&f, UINT64_C(0x20000000)), ==, TLBL_REFILL);
    g_assert_cmpuint(f.m->displaced, ==, displaced);
    /* kmap_coherent, kunmap_coherent: an entry is wired, used, and overwritten. */
    cp0_write(f.cpu, C0_WIRED, 1, false);
    mmu_write_at(&f, 0, KSEG3, 1, 0x1f0, RW | LO_G);
    expect_no_victims(&f);
    g_assert_cmpuint(mmu_load(&f, KSEG3), ==, 0x1f0);
    use_pairs(&f, 1, LO_V);
    g_assert_cmpuint(mmu_load(&f, KSEG3), ==, 0x1f0);
    cp0_write(f.cpu, C0_WIRED, 0, false);
    mmu_write_at(&f, 0, KSEG0, 1, 0, 0);
    g_assert_cmpuint(mmu_load(&f, KSEG3), ==, TLBL_REFILL);
    mmu_end(&f);
}

/* Code goes on, too, and its instructions can be seen when it raises. */
static void test_code(void)
{
    Mmu f;
    uint32_t word;
    mmu_begin(&f, "4Kc", true);
    for (unsigned i = 0; i < PAIRS; i++) {
        mmu_write_random(&f, va_of(i), 1, page_of(i), LO_V);
        g_assert_cmpuint(mmu_fetch(&f, va_of(i)), ==, page_of(i));
        g_assert_cmpuint(mmu_load(&f, va_of(i)), ==, page_of(i));
    }
    unsigned v = victim(&f, 0);
    g_assert_cmpuint(mmu_fetch(&f, va_of(v)), ==, page_of(v));
    g_assert_true(f.cpu->engine->peek_code(f.cpu, va_of(v), &word));
    g_assert_cmpuint(word, ==, page_of(v));
    uint32_t epoch = f.cpu->exec_epoch;
    g_assert_false(mmu_probe(&f, va_of(v), 1));
    g_assert_cmpuint(f.cpu->exec_epoch, !=, epoch);
    g_assert_false(f.cpu->engine->peek_code(f.cpu, va_of(v), &word));
    g_assert_cmpuint(mmu_fetch(&f, va_of(v)), ==, TLBL_REFILL);
    mmu_end(&f);
}

/* The hashed table of 64-bit addresses keeps to the same rules. */
static void test_wide(void)
{
    Mmu f;
    mmu_begin(&f, "5KEc", true);
    mmu_set_status(&f, ST_KX);
    use_pairs(&f, 1, LO_V);
    unsigned v = victim(&f, 0);
    g_assert_false(mmu_probe(&f, va_of(v), 1));
    g_assert_cmpuint(mmu_load(&f, va_of(v)), ==, TLBL_REFILL);
    v = victim(&f, 0);
    g_assert_cmpuint(mmu_store(&f, va_of(v), 1), ==, TLBS_REFILL);
    g_assert_false(is_soft(&f, va_of(v)));
    g_assert_cmpuint(mmu_load(&f, UINT64_C(0x9800000000003000)), ==, 3);
    victim(&f, 0);
    mmu_write_at(&f, 0, KSEG0, 1, 0, 0);
    expect_no_victims(&f);
    g_assert_true(is_soft(&f, UINT64_C(0x9800000000003000)));
    mmu_end(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/victims/kept", test_kept);
    g_test_add_func("/victims/refill", test_refill);
    g_test_add_func("/victims/flush-page", test_flush_page);
    g_test_add_func("/victims/flush-all", test_flush_all);
    g_test_add_func("/victims/indexed", test_indexed);
    g_test_add_func("/victims/invalidate-and-read", test_invalidate_and_read);
    g_test_add_func("/victims/overlap", test_overlap);
    g_test_add_func("/victims/global", test_global);
    g_test_add_func("/victims/page-mask", test_page_mask);
    g_test_add_func("/victims/wired", test_wired);
    g_test_add_func("/victims/code", test_code);
    g_test_add_func("/victims/wide", test_wide);
    return g_test_run();
}
