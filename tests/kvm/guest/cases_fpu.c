/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The FPU: lazily enabled, both register models, its own exception, saved from outside. */
#include "lib.h"

#define FILE_ID 8

/* The cases are compiled without FPU; these pieces use it. */
#define FPU(insns, outs, ins) asm volatile(".set push\n\t.set noreorder\n\t.set hardfloat\n\t" insns \
                                           "\n\t.set pop" : outs : ins : "memory")
#define FPU64(insns, outs, ins) FPU(".set fp=64\n\t" insns, LIST(outs), LIST(ins))

static void enable(u32 fr)
{
    MTC0(12, 0, STATUS_CU1 | fr);
}

void case_fpu_arith(Env *e)
{
    u32 lo, hi;
    enable(0);
    CHECK_EQ(MFC0(12, 0) & (STATUS_CU1 | STATUS_FR), STATUS_CU1);
    CHECK_EQ(MFC0(16, 1) & 1, 1);
    FPU("ctc1 $0, $31\n\tmtc1 %1, $f2\n\tmtc1 %2, $f4\n\tadd.s $f6, $f2, $f4\n\tmul.s $f8, $f6, $f4\n\t"
        "mfc1 %0, $f8", LIST("=r"(lo)), LIST("r"(0x3fc00000), "r"(0x40200000)));
    CHECK_EQ(lo, 0x41200000);                   /* (1.5 + 2.5) * 2.5 = 10 */
    FPU("mtc1 $0, $f0\n\tmtc1 %2, $f1\n\tmtc1 $0, $f2\n\tmtc1 %3, $f3\n\tdiv.d $f4, $f0, $f2\n\t"
        "mfc1 %0, $f4\n\tmfc1 %1, $f5", LIST("=r"(lo), "=r"(hi)), LIST("r"(0x3ff00000), "r"(0x40080000)));
    CHECK_EQ(hi, 0x3fd55555);                   /* 1 / 3 */
    CHECK_EQ(lo, 0x55555555);
    FPU("cfc1 %0, $31", LIST("=r"(lo)), LIST("r"(0)));
    CHECK_EQ(lo & 0x0003107c, 0x00001004);      /* inexact, cause and flag */
    enable(0);
    MTC0(12, 0, 0);
    enable(0);
    FPU("mfc1 %0, $f5", LIST("=r"(hi)), LIST("r"(0)));
    CHECK_EQ(hi, 0x3fd55555);                   /* stays while the FPU is off */
}

/* FR = 0: f1 is the upper half of the double in f0. */
void case_fpu_fr0(Env *e)
{
    u32 lo, hi;
    volatile u32 *p = page_at(e, 0);
    p[0] = p[1] = 0;
    enable(0);
    FPU("mtc1 %0, $f20\n\tmtc1 %1, $f21\n\tsdc1 $f20, 0(%2)", LIST(),
        LIST("r"(0x11111111), "r"(0x22222222), "r"(p)));
#ifdef __MIPSEL__
    lo = p[0], hi = p[1];
#else
    lo = p[1], hi = p[0];
#endif
    CHECK_EQ(lo, 0x11111111);
    CHECK_EQ(hi, 0x22222222);
    FPU("mfhc1 %0, $f20", LIST("=r"(hi)), LIST("r"(0)));
    CHECK_EQ(hi, 0x22222222);
}

/* FR = 1: 32 registers of 64 bits. */
void case_fpu_fr1(Env *e)
{
    u32 a, b, c, d;
    enable(STATUS_FR);
    CHECK_EQ(MFC0(12, 0) & STATUS_FR, STATUS_FR);
    FPU64("mtc1 %0, $f20\n\tmthc1 %1, $f20\n\tmtc1 %2, $f21\n\tmthc1 %3, $f21", LIST(),
          LIST("r"(0x11111111), "r"(0x22222222), "r"(0x33333333), "r"(0x44444444)));
    FPU64("mfc1 %0, $f20\n\tmfhc1 %1, $f20\n\tmfc1 %2, $f21\n\tmfhc1 %3, $f21",
          LIST("=r"(a), "=r"(b), "=r"(c), "=r"(d)), LIST("r"(0)));
    CHECK_EQ(a, 0x11111111);
    CHECK_EQ(b, 0x22222222);
    CHECK_EQ(c, 0x33333333);
    CHECK_EQ(d, 0x44444444);
    FPU64("mtc1 $0, $f1\n\tmthc1 %2, $f1\n\tmov.d $f31, $f1\n\tadd.d $f31, $f31, $f1\n\tmfhc1 %0, $f31\n\t"
          "mfc1 %1, $f31", LIST("=&r"(a), "=&r"(b)), LIST("r"(0x3ff80000)));
    CHECK_EQ(a, 0x40080000);                    /* 1.5 + 1.5 */
    CHECK_EQ(b, 0);
}

/* Writing a cause bit that is enabled raises the exception at the write. */
void case_fpu_fcsr(Env *e)
{
    u32 count = e->count, v;
    enable(0);
    FPU("ctc1 %0, $31", LIST(), LIST("r"(0x00000801)));     /* enable V, round to zero */
    FPU("cfc1 %0, $31", LIST("=r"(v)), LIST("r"(0)));
    CHECK_EQ(v & 0x0003ffff, 0x00000801);
    TRY(e, ".set hardfloat\n\tctc1 %0, $31", LIST(), LIST("r"(0x00010801)));
    CHECK_TRAP(0x180, EXC_FPE);
    FPU("ctc1 $0, $31", LIST(), LIST("r"(0)));
    FPU("mtc1 $0, $f0\n\tmtc1 $0, $f2\n\tdiv.s $f4, $f0, $f2\n\tctc1 %0, $31", LIST(), LIST("r"(0x00000800)));
    TRY(e, ".set hardfloat\n\tdiv.s $f4, $f0, $f2", LIST(), LIST("r"(0)));
    CHECK_TRAP(0x180, EXC_FPE);
    FPU("cfc1 %0, $31\n\tctc1 $0, $31", LIST("=r"(v)), LIST("r"(0)));
    CHECK_EQ(v >> 12 & 0x3f, 0x10);
}

#define PUT(n) FPU64("mtc1 %0, $f" #n "\n\tmthc1 %1, $f" #n, LIST(), \
                     LIST("r"(0x1000 + n), "r"(0x80002000 + n)))
#define GET(n) do { \
    FPU64("mfc1 %0, $f" #n "\n\tmfhc1 %1, $f" #n, LIST("=r"(lo), "=r"(hi)), LIST("r"(0))); \
    CHECK_EQ(lo, 0x1000 + n); \
    CHECK_EQ(hi, 0x80002000 + n); \
} while (0)
#define EVERY_FIFTH(X) X(0); X(1); X(5); X(10); X(15); X(20); X(25); X(30); X(31)

/* Registers taken out and put back from outside through ONE_REG, in both register models. */
void case_fpu_swap(Env *e)
{
    u32 lo, hi;
    enable(STATUS_FR);
    EVERY_FIFTH(PUT);
    FPU("ctc1 %0, $31", LIST(), LIST("r"(0x01000003)));
    CHECK_EQ(act(ACT_FPU_SWAP, 0), 0);
    EVERY_FIFTH(GET);
    FPU("cfc1 %0, $31", LIST("=r"(lo)), LIST("r"(0)));
    CHECK_EQ(lo, 0x01000003);
    enable(0);
    FPU("mtc1 %0, $f2\n\tmtc1 %1, $f3", LIST(), LIST("r"(0x12121212), "r"(0x34343434)));
    CHECK_EQ(act(ACT_FPU_SWAP, 0), 0);
    FPU("mfc1 %0, $f2\n\tmfc1 %1, $f3\n\tctc1 $0, $31", LIST("=&r"(lo), "=&r"(hi)), LIST("r"(0)));
    CHECK_EQ(lo, 0x12121212);
    CHECK_EQ(hi, 0x34343434);
}
