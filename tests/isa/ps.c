/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paired single (64-bit FPUs that have it). */
#include "isa.h"

#define FP(text) ".set push\n\t.set noreorder\n\t.set hardfloat\n\t.set mips64r2\n\t" text "\n\t.set pop"

static u32 single(void)
{
    u64 r = random64();
    u32 exp = r & 1 ? (u32)(r >> 8) & 255 : 120 + ((u32)(r >> 8) & 15);
    if (exp == 255) {
        return 0x7f800000;                      /* NaNs have rules of their own, see fpu */
    }
    return (u32)(r >> 63) << 31 | exp << 23 | ((u32)(r >> 32) & 0x7fffff);
}

static u64 pair(void)
{
    return (u64)single() << 32 | single();
}

#define OPERATE(id, text) do { \
        digest_begin(); \
        for (u32 n = 0; n < 5000; n++) { \
            word fcsr = (n & 3) | (n & 4 ? 0xfe800000u : n & 8 ? 0xaa000000u : 0), r; \
            asm volatile(FP("dmtc1 %2, $f2\n\tdmtc1 %3, $f4\n\tdmtc1 %4, $f6\n\tdmtc1 %5, $f0\n\t" \
                            "ctc1 %0, $31\n\t" text \
                            "\n\tcfc1 %0, $31\n\tdmfc1 %1, $f0\n\tctc1 $0, $31") \
                         : "+&r"(fcsr), "=&r"(r) : "r"(pair()), "r"(pair()), "r"(pair()), "r"(pair())); \
            digest(r); \
            digest(fcsr); \
        } \
        digest_end(#id); \
    } while (0)

void test_main(void)
{
    random_start(9);
    OPERATE(ADD_PS, "add.ps $f0, $f2, $f4");
    OPERATE(SUB_PS, "sub.ps $f0, $f2, $f4");
    OPERATE(MUL_PS, "mul.ps $f0, $f2, $f4");
    OPERATE(ABS_PS, "abs.ps $f0, $f2");
    OPERATE(NEG_PS, "neg.ps $f0, $f2");
    OPERATE(MOV_PS, "mov.ps $f0, $f2");
    OPERATE(MADD_PS, "madd.ps $f0, $f2, $f4, $f6");
    OPERATE(MSUB_PS, "msub.ps $f0, $f2, $f4, $f6");
    OPERATE(NMADD_PS, "nmadd.ps $f0, $f2, $f4, $f6");
    OPERATE(NMSUB_PS, "nmsub.ps $f0, $f2, $f4, $f6");
    OPERATE(PLL_PS, "pll.ps $f0, $f2, $f4");
    OPERATE(PLU_PS, "plu.ps $f0, $f2, $f4");
    OPERATE(PUL_PS, "pul.ps $f0, $f2, $f4");
    OPERATE(PUU_PS, "puu.ps $f0, $f2, $f4");
    OPERATE(CVT_PS_S, "cvt.ps.s $f0, $f2, $f4");
    OPERATE(CVT_S_PL, "cvt.s.pl $f8, $f2\n\tmfc1 $8, $f8\n\tmtc1 $8, $f0");
    OPERATE(CVT_S_PU, "cvt.s.pu $f8, $f2\n\tmfc1 $8, $f8\n\tmtc1 $8, $f0");
    OPERATE(C_EQ_PS, "c.eq.ps $fcc0, $f2, $f4");
    OPERATE(C_LT_PS, "c.lt.ps $fcc2, $f2, $f4");
    OPERATE(C_LE_PS, "c.le.ps $fcc4, $f2, $f2");
    OPERATE(MOVF_PS, "movf.ps $f0, $f2, $fcc0");
    OPERATE(MOVT_PS, "movt.ps $f0, $f2, $fcc2");
    OPERATE(MOVZ_PS, "movz.ps $f0, $f2, $0");
    OPERATE(MOVN_PS, "movn.ps $f0, $f2, $29");
    OPERATE(ALNV_PS, "li $8, 4\n\talnv.ps $f0, $f2, $f4, $8\n\tli $8, 8\n\talnv.ps $f10, $f2, $f4, $8");
}
