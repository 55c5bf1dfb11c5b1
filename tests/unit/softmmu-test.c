/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The soft TLB: what is filled, who sees it, and what takes it away. */
#include "mmu-test.h"

#define USER_VA UINT64_C(0x00400000)
#define SSEG UINT64_C(0xffffffffc0000000)
#define RW (LO_V | LO_D)

/* An unmapped segment is filled in runs, a TLB entry as a pair; TLBWI of it drops both. */
static void test_fill(void)
{
    Mmu f;
    mmu_begin(&f, "4Kc", true);
    g_assert_false(mmu_has(&f, KSEG0 + 0x5000, FLAT_READ));
    g_assert_cmpuint(mmu_load(&f, KSEG0 + 0x5000), ==, 5);
    g_assert_true(mmu_has(&f, KSEG0 + 0x5000, FLAT_WRITE));
    g_assert_true(mmu_has(&f, KSEG0, FLAT_READ));
    g_assert_true(mmu_has(&f, KSEG0 + 0xf000, FLAT_READ));
    g_assert_false(mmu_has(&f, KSEG0 + 0x10000, FLAT_READ));
    g_assert_false(mmu_has(&f, KSEG0 + 0x5000, FLAT_EXEC));
    g_assert_cmpuint(mmu_fetch(&f, KSEG0 + 0x7000), ==, 7);
    g_assert_true(mmu_has(&f, KSEG0 + 0x5000, FLAT_EXEC));
    g_assert_cmpuint(mmu_load(&f, KSEG0 + 0x5002), ==, RAISED | EXC_ADEL);

    mmu_write_at(&f, 3, USER_VA, 1, 0x20, LO_V);
    g_assert_cmpuint(mmu_load(&f, USER_VA + 0x1000), ==, 0x21);
    g_assert_true(mmu_has(&f, USER_VA, FLAT_READ));
    g_assert_false(mmu_has(&f, USER_VA, FLAT_WRITE));
    g_assert_cmpuint(mmu_store(&f, USER_VA, 1), ==, RAISED | EXC_MOD);
    g_assert_true(mmu_probe(&f, USER_VA, 1));
    mmu_entry(&f, KSEG0, 1, 0, 0);
    uint32_t epoch = f.cpu->exec_epoch;
    tlb_write_indexed(f.cpu);
    g_assert_cmpuint(f.cpu->exec_epoch, ==, epoch);        /* no code went */
    g_assert_false(mmu_has(&f, USER_VA, FLAT_READ));
    g_assert_false(mmu_has(&f, USER_VA + 0x1000, FLAT_READ));
    g_assert_true(mmu_has(&f, KSEG0, FLAT_READ));
    g_assert_cmpuint(mmu_load(&f, USER_VA), ==, TLBL_REFILL);
    mmu_end(&f);
}

/* Exec entries follow XI and not RI; dropping one is seen in exec_epoch. */
static void test_exec(void)
{
    Mmu f;
    mmu_begin(&f, "P5600", true);
    cp0_write(f.cpu, CP0(5, 1), 0xc8000000, false);
    mmu_entry(&f, USER_VA, 0, 0x30, RW);
    cp0_write(f.cpu, C0_ENTRYLO0, 0x30 << 6 | RW | 0x80000000, false);     /* RI */
    cp0_write(f.cpu, C0_ENTRYLO1, 0x31 << 6 | RW | 0x40000000, false);     /* XI */
    cp0_write(f.cpu, C0_INDEX, 1, false);
    tlb_write_indexed(f.cpu);
    g_assert_cmpuint(mmu_fetch(&f, USER_VA), ==, 0x30);
    g_assert_true(mmu_has(&f, USER_VA, FLAT_EXEC));
    g_assert_false(mmu_has(&f, USER_VA + 0x1000, FLAT_EXEC));
    g_assert_cmpuint(mmu_load(&f, USER_VA), ==, RAISED | EXC_TLBRI);
    g_assert_cmpuint(mmu_store(&f, USER_VA, 7), ==, 0);
    g_assert_false(mmu_has(&f, USER_VA, FLAT_READ));
    g_assert_true(mmu_has(&f, USER_VA, FLAT_WRITE));
    g_assert_cmpuint(mmu_fetch(&f, USER_VA + 0x1000), ==, RAISED | EXC_TLBXI);
    g_assert_cmpuint(mmu_load(&f, USER_VA + 0x1000), ==, 0x31);
    uint32_t epoch = f.cpu->exec_epoch;
    g_assert_true(mmu_probe(&f, USER_VA, 0));
    tlb_write_indexed(f.cpu);
    g_assert_cmpuint(f.cpu->exec_epoch, !=, epoch);
    g_assert_false(mmu_has(&f, USER_VA, FLAT_EXEC));
    mmu_end(&f);
}

/* Each ASID has what it filled, also after more of them than there are tables. */
static void test_asids(void)
{
    Mmu f;
    mmu_begin(&f, "24Kc", true);
    for (unsigned asid = 1; asid <= 40; asid++) {
        mmu_write_at(&f, asid, USER_VA, asid, 2 * asid, LO_V);
        g_assert_false(mmu_has(&f, USER_VA, FLAT_READ));
        g_assert_cmpuint(mmu_load(&f, USER_VA), ==, 2 * asid);
    }
    uint32_t epoch = f.cpu->exec_epoch;
    mmu_asid(&f, 39);
    g_assert_cmpuint(f.cpu->exec_epoch, !=, epoch);
    g_assert_true(mmu_has(&f, USER_VA, FLAT_READ));
    mmu_asid(&f, 1);
    g_assert_false(mmu_has(&f, USER_VA, FLAT_READ));
    for (unsigned asid = 40; asid >= 1; asid--) {
        mmu_asid(&f, asid);
        g_assert_cmpuint(mmu_load(&f, USER_VA), ==, 2 * asid);
    }
    /* One ASID's entry takes only its own mapping away. */
    g_assert_true(mmu_probe(&f, USER_VA, 7));
    mmu_entry(&f, KSEG0, 7, 0, 0);
    tlb_write_indexed(f.cpu);
    g_assert_cmpuint(mmu_load(&f, USER_VA), ==, TLBL_REFILL);
    mmu_asid(&f, 8);
    g_assert_true(mmu_has(&f, USER_VA, FLAT_READ));
    mmu_end(&f);
}

/* What is not global in the high half is gone with its ASID; what is global stays. */
static void test_high_half(void)
{
    Mmu f;
    mmu_begin(&f, "24Kc", true);
    mmu_write_at(&f, 0, KSEG3, 1, 0x40, LO_V | LO_G);
    g_assert_cmpuint(mmu_load(&f, KSEG3), ==, 0x40);
    mmu_asid(&f, 2);
    g_assert_true(mmu_has(&f, KSEG3, FLAT_READ));
    mmu_write_at(&f, 1, KSEG3 + 0x2000, 2, 0x50, LO_V);
    g_assert_cmpuint(mmu_load(&f, KSEG3 + 0x2000), ==, 0x50);
    g_assert_cmpuint(mmu_load(&f, KSEG0 + 0x1000), ==, 1);
    mmu_asid(&f, 1);
    g_assert_false(mmu_has(&f, KSEG3 + 0x2000, FLAT_READ));
    g_assert_true(mmu_has(&f, KSEG0 + 0x1000, FLAT_READ));
    g_assert_cmpuint(mmu_load(&f, KSEG3 + 0x2000), ==, TLBL_REFILL);
    mmu_end(&f);
}

/* User mode sees the low half of the same tables and nothing of the kernel's. */
static void test_modes(void)
{
    Mmu f;
    mmu_begin(&f, "4Kc", true);
    mmu_write_at(&f, 0, USER_VA, 1, 0x60, RW);
    mmu_write_at(&f, 1, KSEG3, 1, 0x40, RW | LO_G);
    mmu_write_at(&f, 2, SSEG, 1, 0x44, RW | LO_G);
    g_assert_cmpuint(mmu_load(&f, KSEG0), ==, 0);
    g_assert_cmpuint(mmu_load(&f, KSEG3), ==, 0x40);
    g_assert_cmpuint(mmu_load(&f, USER_VA), ==, 0x60);
    uint8_t *flat = f.cpu->flat;
    uint32_t epoch = f.cpu->exec_epoch;
    uint64_t fills = f.m->fills;
    for (unsigned ksu = 1; ksu <= 2; ksu++) {
        f.cpu->cp0.status = ksu << 3;                       /* the model itself has no supervisor mode */
        mips_mode_update(f.cpu);
        g_assert_true(mmu_has(&f, USER_VA, FLAT_WRITE));
        g_assert_false(mmu_has(&f, KSEG0, FLAT_READ));
        g_assert_false(mmu_has(&f, KSEG3, FLAT_READ));
        g_assert_cmpuint(mmu_load(&f, USER_VA + 0x1000), ==, 0x61);
        g_assert_cmpuint(mmu_load(&f, KSEG0), ==, RAISED | EXC_ADEL);
        g_assert_cmpuint(mmu_fetch(&f, KSEG0), ==, RAISED | EXC_ADEL);
        g_assert_cmpuint(mmu_load(&f, KSEG3), ==, RAISED | EXC_ADEL);
        g_assert_cmpuint(mmu_load(&f, SSEG), ==, ksu == 1 ? 0x44 : RAISED | EXC_ADEL);
        g_assert_false(mmu_has(&f, SSEG, FLAT_READ));       /* the supervisor's has only the slow way */
    }
    mmu_set_status(&f, 0);
    g_assert_true(mmu_has(&f, KSEG0, FLAT_READ));
    g_assert_true(mmu_has(&f, KSEG3, FLAT_READ));
    g_assert_true(f.cpu->flat == flat);
    g_assert_cmpuint(f.cpu->exec_epoch, ==, epoch);
    g_assert_cmpuint(f.m->fills, ==, fills);
    /* With ERL the low half is unmapped, and nothing of that stays. */
    mmu_set_status(&f, ST_ERL);
    g_assert_cmpuint(mmu_load(&f, 0x3000), ==, 3);
    g_assert_false(mmu_has(&f, 0x3000, FLAT_READ));
    mmu_set_status(&f, 0);
    g_assert_cmpuint(mmu_load(&f, 0x3000), ==, TLBL_REFILL);
    mmu_end(&f);
}

/* A page that gets code is protected under each of its addresses, and only that page. */
static void test_code(void)
{
    static const unsigned asids[2] = { 1, 2 };
    Mmu f;
    mmu_begin(&f, "4Kc", true);
    memset(f.host + 0x70000, 0, 0x1000);                    /* NOPs */
    for (int i = 0; i < 2; i++) {
        mmu_write_at(&f, asids[i], USER_VA, asids[i], 0x70, RW);
        g_assert_cmpuint(mmu_store(&f, USER_VA, 0), ==, 0);
    }
    g_assert_cmpuint(mmu_store(&f, KSEG0 + 0x70000, 0), ==, 0);
    g_assert_cmpuint(mmu_store(&f, KSEG1 + 0x70000, 0), ==, 0);
    f.cpu->pc = KSEG0 + 0x70100;
    g_assert_nonnull(tcg_find_code(f.tcg));
    g_assert_true(tcg_page_has_code(f.tcg, (uintptr_t)f.host + 0x70000));
    for (int i = 0; i < 2; i++) {
        mmu_asid(&f, asids[i]);
        g_assert_false(mmu_has(&f, USER_VA, FLAT_WRITE));
        g_assert_true(mmu_has(&f, USER_VA, FLAT_READ));
        g_assert_true(mmu_has(&f, USER_VA + 0x1000, FLAT_WRITE));
    }
    g_assert_false(mmu_has(&f, KSEG0 + 0x70000, FLAT_WRITE));
    g_assert_false(mmu_has(&f, KSEG1 + 0x70000, FLAT_WRITE));
    g_assert_true(mmu_has(&f, KSEG0 + 0x71000, FLAT_WRITE));
    /* Data in the page may be written and leaves the code; then the code itself. */
    g_assert_cmpuint(mmu_store(&f, USER_VA + 0x800, 5), ==, 0);
    g_assert_false(mmu_has(&f, USER_VA, FLAT_WRITE));
    g_assert_true(tcg_page_has_code(f.tcg, (uintptr_t)f.host + 0x70000));
    g_assert_cmpuint(mmu_store(&f, USER_VA + 0x100, 5), ==, 0);
    g_assert_false(tcg_page_has_code(f.tcg, (uintptr_t)f.host + 0x70000));
    g_assert_true(mmu_has(&f, USER_VA, FLAT_WRITE));
    mmu_end(&f);
}

/* A change of the memory map leaves nothing. */
static void test_drop_all(void)
{
    Mmu f;
    mmu_begin(&f, "4Kc", true);
    mmu_write_at(&f, 0, USER_VA, 1, 0x60, RW);
    g_assert_cmpuint(mmu_load(&f, USER_VA), ==, 0x60);
    g_assert_cmpuint(mmu_fetch(&f, KSEG0), ==, 0);
    mmu_asid(&f, 2);
    softmmu_drop_all(f.cpu);
    g_assert_false(mmu_has(&f, KSEG0, FLAT_EXEC));
    mmu_asid(&f, 1);
    g_assert_false(mmu_has(&f, USER_VA, FLAT_READ));
    g_assert_cmpuint(mmu_load(&f, USER_VA), ==, 0x60);
    mmu_end(&f);
}

/* Pages that are not memory as a whole are not kept: the rest of them is something else. */
static void test_partial_page(void)
{
    Mmu f;
    mmu_begin(&f, "4Kc", true);
    MemRegion *rom = mem_rom_new("rom", 0x10000, NULL);
    MemRegion *part = mem_alias_new("part", rom, 0, 0x100);
    memset(mem_host(rom), 0xee, 0x100);
    mem_add(f.machine->memory, 0x80000, part, 1);
    softmmu_drop_all(f.cpu);
    g_assert_cmpuint(mmu_load(&f, KSEG0 + 0x80100), ==, 0);
    g_assert_cmphex(mmu_load(&f, KSEG0 + 0x80000), ==, 0xeeeeeeee);
    g_assert_false(mmu_has(&f, KSEG0 + 0x80000, FLAT_READ));
    g_assert_cmpuint(mmu_load(&f, KSEG0 + 0x81000), ==, 0x81);
    g_assert_true(mmu_has(&f, KSEG0 + 0x81000, FLAT_READ));
    mem_del(part);
    mem_free(part);
    mem_free(rom);
    mmu_end(&f);
}

/* A 64-bit CPU: the kernel's addresses are hashed, those of a 32-bit program flat. */
static void test_wide(void)
{
    Mmu f;
    mmu_begin(&f, "5KEc", true);
    g_assert_cmpuint(mmu_load(&f, KSEG0 + 0x5000), ==, 5);
    g_assert_cmpuint(mmu_load(&f, UINT64_C(0x9800000000006000)), ==, RAISED | EXC_ADEL);
    mmu_set_status(&f, ST_KX);
    g_assert_cmpuint(mmu_load(&f, UINT64_C(0x9800000000006000)), ==, 6);
    g_assert_false(mmu_has(&f, KSEG0 + 0x5000, FLAT_READ));
    g_assert_nonnull(softmmu_wide_host(f.cpu, KSEG0 + 0x5000, 4, true));
    mmu_write_at(&f, 0, USER_VA, 1, 0x60, RW);
    mmu_write_at(&f, 1, KSEG3, 1, 0x40, RW | LO_G);
    g_assert_cmpuint(mmu_load(&f, KSEG3), ==, 0x40);
    g_assert_cmpuint(mmu_fetch(&f, KSEG3), ==, 0x40);
    g_assert_cmpuint(mmu_load(&f, USER_VA), ==, 0x60);
    mmu_set_status(&f, 2 << 3);
    g_assert_false(f.cpu->mode & MODE_ADDR64);
    g_assert_cmpuint(mmu_load(&f, USER_VA), ==, 0x60);
    g_assert_true(mmu_has(&f, USER_VA, FLAT_WRITE));
    uint32_t epoch = f.cpu->exec_epoch;
    mmu_set_status(&f, ST_KX);
    g_assert_nonnull(softmmu_wide_host(f.cpu, USER_VA, 4, true));
    mmu_set_status(&f, 2 << 3);
    g_assert_cmpuint(f.cpu->exec_epoch, ==, epoch);
    /* Both go with the entry; so do addresses of kseg3, whose VPN2 has fewer bits. */
    mmu_set_status(&f, ST_KX);
    g_assert_true(mmu_probe(&f, USER_VA, 1));
    mmu_entry(&f, KSEG0, 1, 0, 0);
    tlb_write_indexed(f.cpu);
    g_assert_true(mmu_probe(&f, KSEG3, 1));
    mmu_entry(&f, KSEG0 + 0x2000, 1, 0, 0);
    tlb_write_indexed(f.cpu);
    g_assert_cmpuint(mmu_load(&f, USER_VA), ==, TLBL_REFILL);
    g_assert_cmpuint(mmu_load(&f, KSEG3), ==, TLBL_REFILL);
    g_assert_cmpuint(mmu_fetch(&f, KSEG3), ==, TLBL_REFILL);
    uint64_t end = (UINT64_C(3) << 62) + (UINT64_C(1) << f.cpu->model->segbits);
    g_assert_cmpuint(mmu_load(&f, end - 0x20000000), ==, RAISED | EXC_ADEL);
    g_assert_cmpuint(mmu_load(&f, end - 0x80001000), ==, TLBL_REFILL);
    mmu_set_status(&f, 2 << 3);
    g_assert_false(mmu_has(&f, USER_VA, FLAT_READ));
    mmu_end(&f);
}

/* Trap-and-emulate segments: the low half has kernel pages, which user mode does not see, and an
 * unmapped segment, which no TLB instruction touches. */
static void test_useg_kernel(void)
{
    Mmu f;
    mmu_begin(&f, "24Kc", true);
    f.cpu->useg_kernel = true;
    mips_mode_update(f.cpu);
    mmu_asid(&f, 1);
    mmu_write_at(&f, 0, UINT64_C(0x60000000), 1, 0x40, RW);
    mmu_write_at(&f, 1, USER_VA, 1, 0x60, RW);
    g_assert_cmpuint(mmu_load(&f, 0x40005000), ==, 5);
    g_assert_cmpuint(mmu_load(&f, 0x60000000), ==, 0x40);
    g_assert_cmpuint(mmu_load(&f, USER_VA), ==, 0x60);
    mmu_set_status(&f, 2 << 3);
    g_assert_cmpuint(mmu_load(&f, 0x40005000), ==, RAISED | EXC_ADEL);
    g_assert_cmpuint(mmu_load(&f, 0x60000000), ==, RAISED | EXC_ADEL);
    g_assert_cmpuint(mmu_load(&f, USER_VA), ==, 0x60);
    mmu_set_status(&f, 0);
    for (unsigned i = 2; softmmu_displace(f.cpu) && i < 4; i++) {
        mmu_write_at(&f, i, KSEG0 + i * 0x2000, 1, 0, 0);
        mmu_asid(&f, 1);
        g_assert_true(mmu_has(&f, 0x40005000, FLAT_READ));
        g_assert_false(mmu_has(&f, 0x60000000, FLAT_READ));
        g_assert_false(mmu_has(&f, USER_VA, FLAT_READ));
        g_assert_cmpuint(mmu_load(&f, 0x60001000), ==, 0x41);
    }
    mmu_end(&f);
}

static void touched(void *opaque, bool settled)
{
    ++*(unsigned *)opaque;
}

static unsigned settled_pages(MemWritten *w)
{
    unsigned count = 0;
    for (unsigned page = 0; page < RAM_SIZE >> 12; page++) {
        count += mem_take_written(w, page);
    }
    return count;
}

/* Whether translated code would get at the page by itself. */
static bool direct(Mmu *f, uint64_t vaddr, bool write)
{
    return f->cpu->mode & MODE_ADDR64 ? softmmu_wide_host(f->cpu, vaddr, 4, write) != NULL
                                      : mmu_has(f, vaddr, write ? FLAT_WRITE : FLAT_READ);
}

/* What is watched can be written directly only from its first store to the next collection. */
static void test_watched(gconstpointer model)
{
    Mmu f;
    unsigned count = 0;
    mmu_begin(&f, model, true);
    if (f.cpu->base.is_64bit) {
        mmu_set_status(&f, ST_KX);
    }
    AddressSpace *as = f.machine->as;
    MemWritten *w = mem_watch_writes(as, f.ram, touched, &count);
    g_assert_cmpuint(settled_pages(w), ==, RAM_SIZE >> 12);
    mem_collect_writes(as, w);
    g_assert_cmpuint(settled_pages(w), ==, 0);

    g_assert_cmpuint(mmu_load(&f, KSEG0 + 0x5000), ==, 5);
    g_assert_false(direct(&f, KSEG0 + 0x5000, true));
    g_assert_cmpuint(mmu_store(&f, KSEG0 + 0x5000, 1), ==, 0);
    g_assert_true(direct(&f, KSEG0 + 0x5000, true));
    g_assert_false(direct(&f, KSEG0 + 0x6000, true));
    g_assert_cmpuint(mmu_store(&f, KSEG1 + 0x7000, 1), ==, 0);
    as_write(as, 0x9004, 4, false, 1);
    as_host_written(as, f.host + 0xbfff, 2);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmpuint(settled_pages(w), ==, 0);
    mem_collect_writes(as, w);
    g_assert_false(direct(&f, KSEG0 + 0x5000, true));
    g_assert_true(direct(&f, KSEG0 + 0x5000, false));
    for (unsigned page = 0; page < 16; page++) {
        bool was = page == 5 || page == 7 || page == 9 || page == 0xb || page == 0xc;
        g_assert_cmpint(mem_take_written(w, page), ==, was);
        g_assert_false(mem_take_written(w, page));
    }
    g_assert_cmpuint(mmu_store(&f, KSEG0 + 0x5000, 2), ==, 0);
    g_assert_cmpuint(count, ==, 2);
    mem_collect_writes(as, w);
    g_assert_cmpuint(settled_pages(w), ==, 1);
    mmu_end(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/softmmu/fill", test_fill);
    g_test_add_func("/softmmu/exec", test_exec);
    g_test_add_func("/softmmu/asids", test_asids);
    g_test_add_func("/softmmu/high-half", test_high_half);
    g_test_add_func("/softmmu/modes", test_modes);
    g_test_add_func("/softmmu/code", test_code);
    g_test_add_func("/softmmu/drop-all", test_drop_all);
    g_test_add_func("/softmmu/partial-page", test_partial_page);
    g_test_add_func("/softmmu/wide", test_wide);
    g_test_add_func("/softmmu/useg-kernel", test_useg_kernel);
    g_test_add_data_func("/softmmu/watched", "4Kc", test_watched);
    g_test_add_data_func("/softmmu/watched-wide", "5KEc", test_watched);
    return g_test_run();
}
