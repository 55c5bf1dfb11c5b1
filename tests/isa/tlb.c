/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TLB: refill, invalid, modified, write, probe, read, ASID, global, page sizes, wired. */
#include "isa.h"

#define MFC0(reg, sel) ({ word v_; asm volatile("mfc0 %0, $" #reg ", " #sel : "=r"(v_)); v_; })
#define MTC0(reg, sel, v) asm volatile("mtc0 %0, $" #reg ", " #sel "\n\tehb" : : "r"((word)(v)))
#ifdef __mips64
#define SET_RESUME "dla $8, 9f\n\tdla $9, trap_resume\n\tsd $8, 0($9)\n\t"
#define MTC0L(reg, v) asm volatile("dmtc0 %0, $" #reg "\n\tehb" : : "r"((word)(v)))
#define MFC0L(reg) ({ word v_; asm volatile("dmfc0 %0, $" #reg : "=r"(v_)); v_; })
#else
#define SET_RESUME "la $8, 9f\n\tla $9, trap_resume\n\tsw $8, 0($9)\n\t"
#define MTC0L(reg, v) MTC0(reg, 0, v)
#define MFC0L(reg) MFC0(reg, 0)
#endif

/* A load or store that may trap: what it got, which trap, what CP0 then holds. */
static void access(word address, int store)
{
    word r = 0x7777;
    u32 before = trap_count;
    if (store) {
        asm volatile(".set push\n\t.set noreorder\n\t" SET_RESUME "sw %0, 0(%1)\n\tnop\n9:\n\t.set pop"
                     : : "r"((word)0x2468), "r"(address) : "$8", "$9", "memory");
    } else {
        asm volatile(".set push\n\t.set noreorder\n\t" SET_RESUME "lw %0, 0(%1)\n\tnop\n9:\n\t.set pop"
                     : "+&r"(r) : "r"(address) : "$8", "$9", "memory");
    }
    digest(r);
    digest(trap_count - before);
    if (trap_count != before) {
        digest(trap_cause & 0x7c);
        digest(trap_vector);
        digest(trap_badvaddr);
        digest(MFC0L(10));
        digest((u32)MFC0(4, 0) & 0x007ffff0);
#ifdef __mips64
        digest(MFC0L(20) & 0x1ffffffffull);
#endif
    }
    trap_resume = 0;
}

/* Physical pages of 4 KiB at 4 MiB, each filled with its number. */
#define PAGES 64
#define PHYS 0x400000u

static void prepare(void)
{
    for (u32 p = 0; p < PAGES; p++) {
        volatile u32 *page = (volatile u32 *)(long)(int)(0xa0000000 + PHYS + p * 4096);
        for (u32 i = 0; i < 1024; i += 256) {
            page[i] = p << 16 | i;
        }
    }
    for (u32 i = 0; i < 16; i++) {
        MTC0L(10, (word)(long)(int)(0x80000000 + i * 0x2000));
        MTC0L(2, 0);
        MTC0L(3, 0);
        MTC0(5, 0, 0);
        MTC0(0, 0, i);
        asm volatile("tlbwi\n\tehb");
    }
}

/* flags: G 1, V 2, D 4. */
static void map(u32 index, word va, u32 page0, u32 page1, u32 flags0, u32 flags1, u32 mask)
{
    MTC0L(10, va);
    MTC0L(2, (PHYS / 4096 + page0) << 6 | 3 << 3 | flags0);
    MTC0L(3, (PHYS / 4096 + page1) << 6 | 3 << 3 | flags1);
    MTC0(5, 0, mask);
    MTC0(0, 0, index);
    asm volatile("tlbwi\n\tehb");
    MTC0(5, 0, 0);
}

/* A partial access to a page that is not mapped: BadVAddr has all bits of its address. */
#define PART_FAULT(text) do { \
        for (word at = 0x123450; at < 0x123458; at++) { \
            word r = 0x7777; \
            asm volatile(".set push\n\t.set noreorder\n\t" SET_RESUME text " %0, 4(%1)\n\tnop\n9:\n\t" \
                         ".set pop" \
                         : "+&r"(r) : "r"(at) : "$8", "$9", "memory"); \
            digest(r); \
            digest(trap_badvaddr); \
            trap_resume = 0; \
        } \
    } while (0)

static void partial(void)
{
    digest_begin();
    PART_FAULT("lwl"); PART_FAULT("lwr"); PART_FAULT("swl"); PART_FAULT("swr");
    PART_FAULT("b 8f\n\tlwl %0, 4(%1)\n8:\tlwr");
#ifdef __mips64
    PART_FAULT("ldl"); PART_FAULT("ldr"); PART_FAULT("sdl"); PART_FAULT("sdr");
#endif
    digest_end("PARTIAL_FAULT");
}

static void basic(void)
{
    digest_begin();
    MTC0(10, 0, 0);
    access(0x10000, 0);                         /* refill */
    access(0x10000, 1);
    map(2, 0x10000, 1, 2, 6, 2, 0);
    access(0x10000, 0);
    access(0x10400, 0);
    access(0x11000, 0);
    access(0x10000, 1);
    access(0x11000, 1);                         /* modified */
    access(0x10000, 0);
    map(2, 0x10000, 1, 2, 4, 6, 0);
    access(0x10000, 0);                         /* invalid */
    access(0x10000, 1);
    access(0x11000, 1);
    access((word)(long)(int)0xc0000000, 0);     /* kseg3 */
    map(3, (word)(long)(int)0xc0000000, 5, 6, 7, 7, 0);
    access((word)(long)(int)0xc0000000, 0);
    access((word)(long)(int)0xc0001000, 1);
    digest_end("TLBWI");
}

static void asids(void)
{
    digest_begin();
    map(4, 0x20000 | 5, 7, 8, 6, 6, 0);
    MTC0(10, 0, 5);
    access(0x20000, 0);
    MTC0(10, 0, 6);
    access(0x20000, 0);
    map(4, 0x20000 | 6, 9, 10, 6, 6, 0);
    MTC0(10, 0, 6);
    access(0x20000, 0);
    MTC0(10, 0, 5);
    access(0x20000, 0);
    map(4, 0x20000 | 6, 11, 12, 7, 7, 0);
    MTC0(10, 0, 9);
    access(0x20000, 0);
    MTC0(10, 0, 0);
    digest_end("TLB_ASID");
}

static void sizes(void)
{
    static const u32 masks[] = { 0, 3, 15, 63 };
    digest_begin();
    for (unsigned k = 0; k < COUNT_OF(masks); k++) {
        u32 page = (masks[k] + 1) * 4096;
        map(5, 0x1000000, 0, masks[k] + 1 < PAGES / 2 ? masks[k] + 1 : 0, 6, 6, masks[k] << 13);
        access(0x1000000, 0);
        access(0x1000000 + page / 2, 0);
        access(0x1000000 + page, 0);
        access(0x1000000 + 2 * page, 0);
        access(0x1000000 - 4096, 0);
    }
    map(5, 0x2000000, 0, 0, 0, 0, 0);
    digest_end("TLB_SIZES");
}

static void probe_and_read(void)
{
    digest_begin();
    map(6, 0x30000 | 3, 13, 14, 6, 2, 0);
    MTC0(10, 0, 0x30000 | 3);
    asm volatile("tlbp\n\tehb");
    digest(MFC0(0, 0));
    MTC0(10, 0, 0x30000 | 4);
    asm volatile("tlbp\n\tehb");
    digest(MFC0(0, 0) >> 31 & 1);
    MTC0(0, 0, 6);
    asm volatile("tlbr\n\tehb");
    digest(MFC0L(10));
    digest(MFC0L(2));
    digest(MFC0L(3));
    digest(MFC0(5, 0));
    MTC0(10, 0, 0);
    digest_end("TLBP_TLBR");
}

static void random_entries(void)
{
    digest_begin();
    MTC0(6, 0, 8);
    digest(MFC0(6, 0));
    for (u32 i = 0; i < 200; i++) {
        u32 r = (u32)MFC0(1, 0);
        digest(r >= 8);
    }
    for (u32 i = 0; i < 40; i++) {
        MTC0L(10, 0x100000 + i * 0x2000);
        MTC0L(2, (PHYS / 4096 + i) << 6 | 0x1e);
        MTC0L(3, (PHYS / 4096 + i + 1) << 6 | 0x1e);
        asm volatile("tlbwr\n\tehb");
        access(0x100000 + i * 0x2000, 0);       /* the last one written is there */
        access(0x100000 + i * 0x2000 + 0x1000, 0);
    }
    access((word)(long)(int)0xc0000000, 0);     /* wired ones stay */
    MTC0(6, 0, 0);
    digest_end("TLBWR");
}

void test_main(void)
{
    prepare();
    partial();
    basic();
    asids();
    sizes();
    probe_and_read();
    random_entries();
}
