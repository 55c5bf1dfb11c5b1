/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual map: unmapped windows, mapped kernel segments, what user mode may touch. */
#include "lib.h"

#define FILE_ID 3

static u32 is_te(const Env *e)
{
    return e->mode & (MODE_KVM_TE | MODE_SOFT_TE);
}

void case_segment_windows(Env *e)
{
    volatile u32 *p = page_at(e, 2);
    CHECK_EQ(e->base, is_te(e) ? 0x40000000 : 0x80000000);
    for (u32 i = 0; i < 16; i++) {
        p[i] = i * 0x01010101;
    }
    for (u32 i = 0; i < 16; i++) {
        CHECK_EQ(p[i], i * 0x01010101);
    }
    u32 here;
    asm volatile(".set push\n\t.set noreorder\n\tbal 1f\n\tnop\n1:\tmove %0, $31\n\t.set pop"
                 : "=r"(here) : : "$31");
    CHECK_EQ(here >> 28, e->base >> 28);
    CHECK_EQ(MFC0(15, 1) >> 30, is_te(e) ? 1 : 2);
}

void case_segment_mapped(Env *e)
{
    u32 va = mapped_segment(e) + (6u << e->page_shift), size = 1u << e->page_shift, count = e->count, v;
    TRY(e, "lw %0, 0(%1)", LIST("=&r"(v)), LIST("r"(va)));
    CHECK_TRAP(0x000, EXC_TLBL);
    CHECK_EQ(e->badvaddr, va);
    tlb_map(e, 3, va, 0, page_lo(e, 4, PTE_V | PTE_D), page_lo(e, 5, PTE_V | PTE_D));
    *page_at(e, 4) = 0x44444444;
    *page_at(e, 5) = 0x55555555;
    CHECK_EQ(*(volatile u32 *)(unsigned long)va, 0x44444444);
    CHECK_EQ(*(volatile u32 *)(unsigned long)(va + size), 0x55555555);
    *(volatile u32 *)(unsigned long)(va + 4) = 0x600d;
    CHECK_EQ(page_at(e, 4)[1], 0x600d);
    CHECK_EQ(e->count, count);
}

/* User mode has its own half only; what it may not touch is an address error. */
void case_segment_user(Env *e)
{
    u32 code = BLOB_ADDRESS(e, user_load), store = BLOB_ADDRESS(e, user_store), count = e->count;
    *page_at(e, USER_PAGE + 1) = 0x00c0ffee;
    u32 v = run_user(e, code, USER_VA + (1u << e->page_shift), 0);
    CHECK_EQ(v, 0x00c0ffee);
    check_trap(e, HERE, &count, 0x180, EXC_SYS, 0, USER_VA + 4);
    for (u32 i = 0; i < 5; i++) {
        u32 va = i == 0 ? e->base + GUEST_PAGES : i == 1 ? 0x80000000 + GUEST_PAGES : i == 2 ? 0xa0000000
               : i == 3 ? 0xc0000000 : 0xfffffffc;
        run_user(e, code, va, 0);
        check_trap(e, HERE, &count, 0x180, EXC_ADEL, 0, USER_VA);
        CHECK_EQ(e->badvaddr, va);
        CHECK_EQ(e->status & STATUS_USER, STATUS_USER);
        run_user(e, store, va, 0);
        check_trap(e, HERE, &count, 0x180, EXC_ADES, 0, USER_VA);
        CHECK_EQ(e->badvaddr, va);
    }
    if (is_te(e)) {                     /* the kernel's mapped window, even where it is mapped */
        tlb_map(e, 5, 0x60100000, 0, page_lo(e, 4, PTE_V | PTE_D), page_lo(e, 5, PTE_V | PTE_D));
        run_user(e, code, 0x60100000, 0);
        check_trap(e, HERE, &count, 0x180, EXC_ADEL, 0, USER_VA);
        CHECK_EQ(e->badvaddr, 0x60100000);
    }
}

/* Above 0xc0000000 a trap-and-emulate host has nothing; in software it is kseg2. */
void case_segment_kseg2_te(Env *e)
{
    u32 count = e->count, v, va = 0xc0000000;
    TRY(e, "lw %0, 0x20(%1)", LIST("=&r"(v)), LIST("r"(va)));
    CHECK_TRAP(0x000, EXC_TLBL);
    CHECK_EQ(e->badvaddr, 0xc0000020);
}

void case_segment_ebase(Env *e)
{
    u32 old = MFC0(15, 1), bev = MFC0(12, 0);
    MTC0(12, 0, bev | STATUS_BEV);
    MTC0(15, 1, 0xffffffff);
    CHECK_EQ(MFC0(15, 1) & 0x3ffff000, e->mode & MODE_KVM_TE ? 0x1ffff000 : 0x3ffff000);
    CHECK_EQ(MFC0(15, 1) >> 30, is_te(e) ? 1 : 2);
    CHECK_EQ(MFC0(15, 1) & 0xfff, old & 0xfff);
    MTC0(15, 1, 0);
    CHECK_EQ(MFC0(15, 1) & ~0x3ffu, is_te(e) ? 0x40000000 : 0x80000000);
    MTC0(15, 1, old);
    CHECK_EQ(MFC0(15, 1), old);
    MTC0(12, 0, bev);
}
