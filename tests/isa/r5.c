/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Release 5 cores add and Linux uses: TLB invalidation, RI and XI, KScratch. */
#include "isa.h"

#define MFC0(reg, sel) ({ word v_; asm volatile("mfc0 %0, $" #reg ", " #sel : "=r"(v_)); v_; })
#define MTC0(reg, sel, v) asm volatile("mtc0 %0, $" #reg ", " #sel "\n\tehb" : : "r"((word)(v)))
#define SET_RESUME "la $8, 9f\n\tla $9, trap_resume\n\tsw $8, 0($9)\n\t"

static void load(word address)
{
    word r = 0x7777;
    u32 before = trap_count;
    asm volatile(".set push\n\t.set noreorder\n\t" SET_RESUME "lw %0, 0(%1)\n\tnop\n9:\n\t.set pop"
                 : "+&r"(r) : "r"(address) : "$8", "$9", "memory");
    digest(r == 0x7777);
    digest(trap_count - before);
    if (trap_count != before) {
        digest(trap_cause & 0x7c);
        digest(trap_vector);
    }
    trap_resume = 0;
}

static void map(u32 index, word hi, u32 flags)
{
    MTC0(10, 0, hi);
    MTC0(2, 0, (0x400000 >> 12) << 6 | 0x1e | flags);
    MTC0(3, 0, (0x401000 >> 12) << 6 | 0x1e | flags);
    MTC0(5, 0, 0);
    MTC0(0, 0, index);
    asm volatile("tlbwi\n\tehb");
}

static void invalidate(void)
{
    digest_begin();
    MTC0(6, 0, 0);
    asm volatile(".word 0x42000004\n\tehb");    /* tlbinvf */
    load(0x10000);
    map(1, 0x10001, 0);
    map(2, 0x20002, 0);
    map(3, 0x30001, 1);
    MTC0(10, 0, 1);
    load(0x10000);
    load(0x30000);
    asm volatile(".word 0x42000003\n\tehb");    /* tlbinv: ASID 1 */
    load(0x10000);
    load(0x30000);
    MTC0(10, 0, 2);
    load(0x20000);
    asm volatile(".word 0x42000004\n\tehb");
    load(0x20000);
    load(0x30000);
    MTC0(10, 0, 0);
    digest_end("TLBINV");
}

static void inhibit(void)
{
    digest_begin();
    MTC0(5, 1, 0xe0000000);                     /* RIE, XIE, no codes of their own */
    map(1, 0x40000, 0x80000000);
    load(0x40000);
    MTC0(5, 1, 0xe8000000 & 0xc8000000);        /* IEC */
    load(0x40000);
    map(1, 0x40000, 0x40000000);
    load(0x40000);
    digest((u32)MFC0(5, 1) & 0xc8000000);
    MTC0(5, 1, 0);
    digest_end("RI_XI");
}

static void scratch(void)
{
    digest_begin();
    MTC0(31, 2, 0x12345678);
    MTC0(31, 3, 0x9abcdef0);
    digest(MFC0(31, 2));
    digest(MFC0(31, 3));
    digest_end("KSCRATCH");
}

/* Two registers behind an index: address bits 31..16 in 27..12, S and VL. */
static void attributes(void)
{
    static const u32 values[] = { 0xffffffff, 0x01234003, 0x0ffff002, 0x80000ff0, 0 };
    digest_begin();
    for (u32 i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        MTC0(17, 2, 0);
        MTC0(17, 1, values[i]);
        MTC0(17, 2, 1);
        MTC0(17, 1, ~values[i]);
        digest(MFC0(17, 1));
        MTC0(17, 2, 0);
        digest(MFC0(17, 1));
    }
    digest_end("MAAR");
}

void test_main(void)
{
    attributes();
    invalidate();
    inhibit();
    scratch();
}
