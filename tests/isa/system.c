/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CP0 moves and write masks that all R2 cores share, EI and DI, RDHWR, interrupts, WAIT. */
#include "isa.h"

#define MFC0(reg, sel) ({ word v_; asm volatile("mfc0 %0, $" #reg ", " #sel : "=r"(v_)); v_; })
#define MTC0(reg, sel, v) asm volatile("mtc0 %0, $" #reg ", " #sel "\n\tehb" : : "r"((word)(v)))

/* Writes ones, zeros and patterns; what reads back. */
#define MASK(reg, sel, keep) do { \
        for (unsigned k = 0; k < COUNT_OF(patterns); k++) { \
            MTC0(reg, sel, patterns[k]); \
            digest((u32)MFC0(reg, sel) & (keep)); \
        } \
    } while (0)

static const u32 patterns[] = { 0, 0xffffffff, 0x55555555, 0xaaaaaaaa, 0x12345678 };

static void masks(void)
{
    digest_begin(); MASK(4, 0, 0xff800000); digest_end("MFC0_CONTEXT");
    digest_begin(); MASK(10, 0, 0xffffe0ff); MTC0(10, 0, 0); digest_end("MFC0_ENTRYHI");
    digest_begin(); MASK(11, 0, 0xffffffff); digest_end("MFC0_COMPARE");
    digest_begin(); MASK(14, 0, 0xffffffff); digest_end("MFC0_EPC");
    digest_begin(); MASK(30, 0, 0xffffffff); digest_end("MFC0_ERROREPC");
    digest_begin(); MASK(7, 0, 0x0000000f); MTC0(7, 0, 0); digest_end("MFC0_HWRENA");
    digest_begin(); MASK(2, 0, 0x03ffffff); digest_end("MFC0_ENTRYLO0");
    digest_begin(); MASK(3, 0, 0x03ffffff); digest_end("MFC0_ENTRYLO1");
    digest_begin();
    for (u32 m = 0; m < 8; m++) {
        MTC0(5, 0, ((1u << 2 * m) - 1) << 13);
        digest(MFC0(5, 0));
    }
    MTC0(5, 0, 0);
    digest_end("MFC0_PAGEMASK");
    digest_begin();
    digest(MFC0(15, 0) >> 16 & 0xff);
    digest((u32)MFC0(15, 1) & 0xfffff000);
    digest(MFC0(16, 0) & 0x8000ff80);
    digest_end("MFC0_CONFIG");
#ifdef __mips64
    word v;
    digest_begin();
    for (unsigned i = 0; i < corners; i++) {
        asm volatile("dmtc0 %1, $14\n\tehb\n\tdmfc0 %0, $14" : "=r"(v) : "r"(corner[i]));
        digest(v);
        asm volatile("dmtc0 %1, $10\n\tehb\n\tdmfc0 %0, $10" : "=r"(v) : "r"(corner[i]));
        digest(v & 0xc00000ffffffe0ff);
        asm volatile("dmtc0 %1, $4\n\tehb\n\tdmfc0 %0, $4" : "=r"(v) : "r"(corner[i]));
        digest(v >> 23);
    }
    asm volatile("dmtc0 $0, $10\n\tehb");
    digest_end("DMFC0");
#endif
}

static void ei_di(void)
{
    word was[4];
    digest_begin();
    MTC0(11, 0, MFC0(9, 0) - 1);                /* no timer for a while */
    asm volatile("di %0\n\tehb" : "=r"(was[0]));
    asm volatile("ei %0\n\tehb" : "=r"(was[1]));
    asm volatile("di %0\n\tehb" : "=r"(was[2]));
    was[3] = MFC0(12, 0);
    for (int i = 0; i < 4; i++) {
        digest(was[i] & 0x1f);
    }
    digest_end("EI_DI");
}

static void hardware_registers(void)
{
    word cpunum, step, res, gpr;
    digest_begin();
    asm volatile("rdhwr %0, $0" : "=r"(cpunum));
    asm volatile("rdhwr %0, $1" : "=r"(step));
    asm volatile("rdhwr %0, $3" : "=r"(res));
    digest(cpunum);
    digest(step > 0);
    digest(res > 0);
    digest_end("RDHWR");
    digest_begin();
    asm volatile("rdpgpr %0, %1" : "=r"(gpr) : "r"((word)4711));
    digest(gpr);
    gpr = 0;
    asm volatile("wrpgpr $8, %1\n\tmove %0, $8" : "=r"(gpr) : "r"((word)1174) : "$8");
    digest(gpr);
    digest_end("RDPGPR");
}

/* A software interrupt, then the timer that ends WAIT: which bits, where to. */
#ifdef __mips64
#define SET_RESUME "dla $8, 9f\n\tdla $9, trap_resume\n\tsd $8, 0($9)\n\t"
#else
#define SET_RESUME "la $8, 9f\n\tla $9, trap_resume\n\tsw $8, 0($9)\n\t"
#endif

static void interrupts(void)
{
    u32 before = trap_count;
    digest_begin();
    MTC0(13, 0, 0);
    asm volatile(".set push\n\t.set noreorder\n\t" SET_RESUME
                 "mfc0 $8, $12\n\tori $8, $8, 0x0101\n\tmtc0 $8, $12\n\tehb\n\tli $9, 0x100\n\t"
                 "mtc0 $9, $13\n\tehb\n"
                 "1:\tb 1b\n\tnop\n9:\n\t.set pop" : : : "$8", "$9", "memory");
    digest(trap_count - before);
    digest(trap_cause & 0x37c);
    digest(trap_vector);
    MTC0(13, 0, 0x00800000);                    /* IV: the vector of its own */
    asm volatile(".set push\n\t.set noreorder\n\t" SET_RESUME
                 "mfc0 $8, $12\n\tori $8, $8, 0x0101\n\tmtc0 $8, $12\n\tehb\n\t"
                 "li $9, 0x00800100\n\tmtc0 $9, $13\n\tehb\n1:\tb 1b\n\tnop\n9:\n\t"
                 ".set pop" : : : "$8", "$9", "memory");
    digest(trap_count - before);
    digest(trap_cause & 0x37c);
    digest(trap_vector);
    MTC0(13, 0, 0);
    u32 target = (u32)MFC0(9, 0) + 2000000;
    MTC0(11, 0, target);
    asm volatile(".set push\n\t.set noreorder\n\t" SET_RESUME
                 "mfc0 $8, $12\n\tori $8, $8, 0xff01\n\txori $8, $8, 0x7f00\n\tmtc0 $8, $12\n\tehb\n"
                 "1:\twait\n\tb 1b\n\tnop\n9:\n\t.set pop"
                 : : : "$8", "$9", "memory");
    digest(trap_count - before);
    digest(trap_cause & 0x4000807c);
    digest((int)((u32)MFC0(9, 0) - target) >= 0);
    MTC0(12, 0, MFC0(12, 0) & ~0xff01u);
    MTC0(11, 0, 0);
    digest(MFC0(13, 0) & 0x40008000);           /* acknowledged by the write */
    trap_resume = 0;
    digest_end("WAIT");
}

void test_main(void)
{
    masks();
    ei_di();
    hardware_registers();
    interrupts();
}
