/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's TLB: vectors, what CP0 holds afterwards, page sizes, ASIDs. */
#include "lib.h"

#define FILE_ID 4
#define VA 0x00400000u

#define LOAD_TRY(va) ({ u32 v_ = 0x7777; TRY(e, "lw %0, 0(%1)", LIST("+&r"(v_)), LIST("r"(va))); v_; })
#define STORE_TRY(va, v) TRY(e, "sw %0, 0(%1)", LIST(), LIST("r"((u32)(v)), "r"(va)))

static void check_fault(Env *e, u32 where, u32 va, u32 asid, u32 context)
{
    check(e, where, e->badvaddr, va);
    check(e, where, e->entryhi, (va & 0xffffe000) | asid);
    /* A trap-and-emulate host leaves Context as it was. */
    check(e, where, e->context, e->mode & MODE_KVM_TE ? context : (context & 0xff800000) | va >> 13 << 4);
}

void case_tlb_refill(Env *e)
{
    u32 count = e->count, va = VA + 0x1234;
    MTC0(4, 0, 0xa5800000);
    MTC0(10, 0, 0x17);
    CHECK_EQ(LOAD_TRY(va), 0x7777);
    CHECK_TRAP(0x000, EXC_TLBL);
    check_fault(e, HERE, va, 0x17, 0xa5800000);
    va = mapped_segment(e) + 0x5678;
    STORE_TRY(va, 1);
    CHECK_TRAP(0x000, EXC_TLBS);
    check_fault(e, HERE, va, 0x17, 0xa5800000);
}

HANDLER static void refill(Env *e)
{
    u32 pair = e->badvaddr >> (e->page_shift + 1) & 3;
    MTC0(2, 0, page_lo(e, 2 * pair, PTE_V | PTE_D));
    MTC0(3, 0, page_lo(e, 2 * pair + 1, PTE_V | PTE_D));
    MTC0(5, 0, ((2u << e->page_shift) - 1) & ~0x1fffu);
    asm volatile("tlbwr\n\tehb" : : : "memory");
    e->note[0]++;
    if (e->vector != 0 || e->note[0] > 100) {
        e->handler = 0;         /* the next one is unexpected, and ends the case */
    }
}

/* The ordinary refill: TLBWR, and the access again. */
void case_tlb_refill_handler(Env *e)
{
    u32 size = 1u << e->page_shift;
    for (u32 i = 0; i < 8; i++) {
        *page_at(e, i) = 0xabc0 + i;
    }
    MTC0(6, 0, 0);
    MTC0(10, 0, 1);
    HANDLE(e, refill);
    for (u32 i = 0; i < 8; i++) {
        CHECK_EQ(*(volatile u32 *)(unsigned long)(VA + i * size), 0xabc0 + i);
    }
    CHECK_EQ(e->note[0], 4);
    for (u32 i = 0; i < 8; i++) {
        *(volatile u32 *)(unsigned long)(VA + i * size) = i;
        CHECK_EQ(*page_at(e, i), i);
    }
    CHECK(e->note[0] <= 8);
    e->handler = 0;
}

void case_tlb_invalid(Env *e)
{
    u32 count = e->count, odd = VA + (1u << e->page_shift);
    MTC0(4, 0, 0);
    *page_at(e, 0) = 0x1000;
    tlb_map(e, 2, VA, 3, page_lo(e, 0, PTE_V | PTE_D), 0);
    CHECK_EQ(LOAD_TRY(VA), 0x1000);
    CHECK_EQ(LOAD_TRY(odd), 0x7777);
    CHECK_TRAP(0x180, EXC_TLBL);
    check_fault(e, HERE, odd, 3, 0);
    MTC0(4, 0, 0);
    STORE_TRY(odd, 1);
    CHECK_TRAP(0x180, EXC_TLBS);
    check_fault(e, HERE, odd, 3, 0);
    tlb_map(e, 2, VA, 3, page_lo(e, 0, PTE_D), page_lo(e, 1, PTE_V | PTE_D));
    CHECK_EQ(LOAD_TRY(VA), 0x7777);
    CHECK_TRAP(0x180, EXC_TLBL);
    *page_at(e, 1) = 0x2000;
    CHECK_EQ(LOAD_TRY(odd), 0x2000);
}

void case_tlb_modified(Env *e)
{
    u32 count = e->count;
    MTC0(4, 0, 0);
    *page_at(e, 0) = 0x1111;
    tlb_map(e, 2, VA, 5, page_lo(e, 0, PTE_V), page_lo(e, 1, PTE_V | PTE_D));
    CHECK_EQ(LOAD_TRY(VA), 0x1111);
    STORE_TRY(VA, 0x2222);
    CHECK_TRAP(0x180, EXC_MOD);
    check_fault(e, HERE, VA, 5, 0);
    CHECK_EQ(*page_at(e, 0), 0x1111);
    tlb_map(e, 2, VA, 5, page_lo(e, 0, PTE_V | PTE_D), page_lo(e, 1, PTE_V));
    STORE_TRY(VA, 0x3333);
    CHECK_EQ(*page_at(e, 0), 0x3333);
    STORE_TRY(VA + (1u << e->page_shift), 0x4444);
    CHECK_TRAP(0x180, EXC_MOD);
    tlb_map(e, 2, VA, 5, page_lo(e, 0, PTE_V), page_lo(e, 1, PTE_V));   /* from writable to not */
    STORE_TRY(VA, 0x5555);
    CHECK_TRAP(0x180, EXC_MOD);
    CHECK_EQ(*page_at(e, 0), 0x3333);
}

/* A trap-and-emulate host takes the host's own page size only. */
void case_tlb_pagemask(Env *e)
{
    u32 usual = e->page_shift;
    for (u32 shift = 12; shift <= 16; shift += 2) {
        u32 size = 1u << shift, count = e->count;
        e->page_shift = shift;
        *page_at(e, 0) = shift;
        *page_at(e, 1) = shift + 100;
        page_at(e, 2)[-1] = shift + 200;
        tlb_map(e, 7, VA, 0, page_lo(e, 0, PTE_V | PTE_D), page_lo(e, 1, PTE_V | PTE_D));
        CHECK_EQ(LOAD_TRY(VA), shift);
        CHECK_EQ(LOAD_TRY(VA + size), shift + 100);
        CHECK_EQ(LOAD_TRY(VA + 2 * size - 4), shift + 200);
        CHECK_EQ(LOAD_TRY(VA + 2 * size), 0x7777);
        CHECK_TRAP(0x000, EXC_TLBL);
        LOAD_TRY(VA - 4);
        CHECK_TRAP(0x000, EXC_TLBL);
    }
    e->page_shift = usual;
}

/* Entries below Wired survive any number of TLBWR. */
void case_tlb_wired(Env *e)
{
    u32 wired = 8, kept = 0;
    MTC0(6, 0, 0);
    for (u32 i = 0; i < wired; i++) {
        tlb_map(e, i, VA + (i * 2 << e->page_shift), 9, page_lo(e, i, PTE_V), page_lo(e, i, PTE_V));
    }
    MTC0(6, 0, wired);
    CHECK_EQ(MFC0(6, 0), wired);
    for (u32 i = 0; i < 300; i++) {
        MTC0(10, 0, (VA + 0x1000000 + (i * 2 << e->page_shift)) | 9);
        asm volatile("tlbwr\n\tehb" : : : "memory");
    }
    for (u32 i = 0; i < wired; i++) {
        MTC0(0, 0, i);
        asm volatile("tlbr\n\tehb" : : : "memory");
        kept += MFC0(10, 0) == ((VA + (i * 2 << e->page_shift)) | 9);
    }
    if (kept != wired && e->mode & MODE_KVM_TE) {
        report_defect(DEFECT_WIRED);
    } else {
        CHECK_EQ(kept, wired);
    }
    MTC0(6, 0, 0);
}

void case_tlb_probe_read(Env *e)
{
    u32 mask = ((2u << e->page_shift) - 1) & ~0x1fffu;
    u32 lo0 = page_lo(e, 2, PTE_V | PTE_D), lo1 = page_lo(e, 3, PTE_V);
    tlb_map(e, 12, VA, 4, lo0, lo1);
    tlb_map(e, 13, VA + 0x100000, 4, lo0 | PTE_G, lo1 | PTE_G);
    MTC0(10, 0, VA | 4);
    asm volatile("tlbp\n\tehb" : : : "memory");
    CHECK_EQ(MFC0(0, 0), 12);
    MTC0(10, 0, VA | 5);
    asm volatile("tlbp\n\tehb" : : : "memory");
    CHECK_EQ(MFC0(0, 0) >> 31, 1);
    MTC0(10, 0, (VA + 0x100000) | 5);           /* global: any ASID */
    asm volatile("tlbp\n\tehb" : : : "memory");
    CHECK_EQ(MFC0(0, 0), 13);
    MTC0(10, 0, 0);
    MTC0(2, 0, 0);
    MTC0(3, 0, 0);
    MTC0(5, 0, 0);
    MTC0(0, 0, 12);
    asm volatile("tlbr\n\tehb" : : : "memory");
    CHECK_EQ(MFC0(10, 0), VA | 4);
    CHECK_EQ(MFC0(2, 0), lo0);
    CHECK_EQ(MFC0(3, 0), lo1);
    CHECK_EQ(MFC0(5, 0), mask);
    MTC0(0, 0, 13);
    asm volatile("tlbr\n\tehb" : : : "memory");
    CHECK_EQ(MFC0(2, 0), lo0 | PTE_G);
    CHECK_EQ(MFC0(3, 0), lo1 | PTE_G);
}

void case_tlb_asid(Env *e)
{
    u32 count = e->count;
    for (u32 i = 0; i < 4; i++) {
        *page_at(e, i) = 0xa51d0 + i;
    }
    tlb_map(e, 2, VA, 1, page_lo(e, 0, PTE_V | PTE_D), page_lo(e, 0, PTE_V));
    tlb_map(e, 3, VA, 2, page_lo(e, 1, PTE_V), page_lo(e, 1, PTE_V));
    tlb_map(e, 4, VA + 0x100000, 2, page_lo(e, 2, PTE_V | PTE_G), page_lo(e, 3, PTE_V | PTE_G));
    for (u32 round = 0; round < 3; round++) {
        MTC0(10, 0, 1);
        CHECK_EQ(LOAD_TRY(VA), 0xa51d0);
        CHECK_EQ(LOAD_TRY(VA + 0x100000), 0xa51d2);
        MTC0(10, 0, 2);
        CHECK_EQ(LOAD_TRY(VA), 0xa51d1);
        CHECK_EQ(LOAD_TRY(VA + 0x100000), 0xa51d2);
        CHECK_EQ(e->count, count);
        STORE_TRY(VA, 1);
        CHECK_TRAP(0x180, EXC_MOD);
        MTC0(10, 0, 3);
        CHECK_EQ(LOAD_TRY(VA), 0x7777);
        CHECK_TRAP(0x000, EXC_TLBL);
        CHECK_EQ(LOAD_TRY(VA + 0x100000), 0xa51d2);
    }
}

/* Code in a mapped page; then the page goes away under it. */
void case_tlb_fetch(Env *e)
{
    volatile u32 *p = page_at(e, 6);
    u32 count = e->count, v, va = VA + 0x40;
    p[16] = 0x03e00008;         /* jr ra */
    p[17] = 0x24020042;         /* li v0, 0x42 */
    sync_code(p + 16, 2);
    tlb_map(e, 9, VA, 0, page_lo(e, 6, PTE_V), page_lo(e, 7, PTE_V));
    asm volatile(".set push\n\t.set noreorder\n\tjalr %1\n\tli $2, 0\n\tmove %0, $2\n\t.set pop"
                 : "=r"(v) : "r"(va) : "$2", "$31", "memory");
    CHECK_EQ(v, 0x42);
    tlb_map(e, 9, VA, 0, page_lo(e, 6, 0), page_lo(e, 7, PTE_V));
    TRY(e, "jalr %0", LIST(), LIST("r"(va)));
    check_trap(e, HERE, &count, 0x180, EXC_TLBL, 0, va);
    CHECK_EQ(e->badvaddr, va);
    tlb_map(e, 9, VA + 0x200000, 0, page_lo(e, 6, PTE_V), page_lo(e, 7, PTE_V));
    TRY(e, "jalr %0", LIST(), LIST("r"(va)));
    check_trap(e, HERE, &count, 0x000, EXC_TLBL, 0, va);
}

/* The kernel-private page of a trap-and-emulate host: the CP0 file, at 4 * (8 * rd + sel). */
void case_tlb_commpage(Env *e)
{
    u32 va = e->page_shift >= 16 ? 0 : 0x8000 - (1u << e->page_shift);
    volatile u32 *p = (volatile u32 *)(unsigned long)va;
    CHECK_EQ(p[8 * 15], MFC0(15, 0));
    MTC0(14, 0, 0x40123454);
    CHECK_EQ(p[8 * 14], 0x40123454);
    CHECK_EQ(p[8 * 16 + 1], MFC0(16, 1));
}
