/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel linked at 0x40000000: the segments that KVM's trap-and-emulate mode gives it. */
#include "isa.h"

#define MFC0(reg, sel) ({ word v_; asm volatile("mfc0 %0, $" #reg ", " #sel : "=r"(v_)); v_; })
#define MTC0(reg, sel, v) asm volatile("mtc0 %0, $" #reg ", " #sel "\n\tehb" : : "r"((word)(v)))
#define SET_RESUME "la $8, 9f\n\tla $9, trap_resume\n\tsw $8, 0($9)\n\t"

static void digest_fault(void)
{
    digest(trap_cause & 0x7c);
    digest(trap_vector);
    digest(trap_badvaddr);
    if ((trap_cause >> 2 & 31) <= 3) {          /* an address error leaves these UNDEFINED */
        digest(MFC0(10, 0));
        digest(MFC0(4, 0) & 0x007ffff0);
    }
}

static void access(word address)
{
    word r = 0x7777;
    u32 before = trap_count;
    asm volatile(".set push\n\t.set noreorder\n\t" SET_RESUME "lw %0, 0(%1)\n\tnop\n9:\n\t.set pop"
                 : "+&r"(r) : "r"(address) : "$8", "$9", "memory");
    digest(r);
    digest(trap_count - before);
    if (trap_count != before) {
        digest_fault();
    }
    trap_resume = 0;
}

static void map(u32 index, word hi, u32 page)
{
    MTC0(10, 0, hi);
    MTC0(2, 0, page << 6 | 0x1e);
    MTC0(3, 0, (page + 1) << 6 | 0x1e);
    MTC0(5, 0, 0);
    MTC0(0, 0, index);
    asm volatile("tlbwi\n\tehb");
    MTC0(10, 0, 0);
}

static void segments(void)
{
    volatile u32 *low = (volatile u32 *)0x40400000, *same = (volatile u32 *)0x80400000;
    digest_begin();
    digest(MFC0(15, 1) >> 30);
    MTC0(15, 1, 0x00110000);
    digest(MFC0(15, 1) & 0xfffff000);
    extern char vectors[];
    MTC0(15, 1, vectors);
    *low = 0x600d600d;
    digest(*same);
    *(volatile u32 *)0xa0400004 = 0xcafe;
    digest(low[1]);
    low[1024] = 0x11112222;                     /* physical 0x401000 */
    low[2048] = 0x33334444;                     /* and 0x402000 */
    digest_end("USEG_KSEG0");
    digest_begin();
    access(0x60001230);
    access(0x7ffff000);
    access(0x30000010);
    access(0xc0000020);
    map(2, 0x60002000, 0x402);
    access(0x60002000);
    map(3, 0x00020000, 0x402);
    access(0x00020000);
    digest_end("USEG_MAPPED");
}

#define LW_V0_A0 0x8c820000
#define SYNCI_A0 0x049f0000
#define SYSCALL 0x0000000c

/* User mode: code in a mapped page, insn on address, then a SYSCALL. */
static void from_user(u32 insn, word address)
{
    volatile u32 *page = (volatile u32 *)0x40403000;
    u32 before = trap_count;
    page[0] = insn;
    page[1] = SYSCALL;
    asm volatile("synci 0(%0)\n\tsynci 4(%0)\n\tsync" : : "r"(page) : "memory");
    map(4, 0x00040000, 0x403);
    asm volatile(".set push\n\t.set noreorder\n\t" SET_RESUME
                 "move $4, %0\n\tli $8, 0x40000\n\tmtc0 $8, $14\n\tmfc0 $8, $12\n\tori $8, $8, 0x12\n\t"
                 "mtc0 $8, $12\n\tehb\n\t"
                 "eret\n9:\n\t.set pop"
                 : : "r"(address) : "$2", "$4", "$8", "$9", "memory");
    digest(trap_count - before);
    digest_fault();
    trap_resume = 0;
}

static void protection(void)
{
    digest_begin();
    from_user(LW_V0_A0, 0x00040000);                      /* its own page: ends in the SYSCALL */
    from_user(LW_V0_A0, 0x40400000);
    from_user(LW_V0_A0, 0x40000000);
    from_user(LW_V0_A0, 0x60002000);
    from_user(LW_V0_A0, 0x7fffe000);
    from_user(LW_V0_A0, 0x80400000);
    from_user(LW_V0_A0, 0x3ffff000);
    digest_end("USEG_USER");
    /* May raise an address error (MD00086, SYNCI); cores that KVM was made for do not. */
    digest_begin();
    from_user(SYNCI_A0, 0x00040000);
    from_user(SYNCI_A0, 0x40400000);
    from_user(SYNCI_A0, 0x80400000);
    digest_end("USEG_SYNCI");
}

void test_main(void)
{
    segments();
    protection();
}
