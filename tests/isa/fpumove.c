/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FPU moves, loads and stores, condition codes, control registers, enabled traps. */
#include "isa.h"

#if defined(__mips64) || defined(FR1)
#define FR 1
#else
#define FR 0
#endif
#ifdef __mips64
#define SET_RESUME "dla $8, 9f\n\tdla $9, trap_resume\n\tsd $8, 0($9)\n\tdla %1, 8f\n"
#else
#define SET_RESUME "la $8, 9f\n\tla $9, trap_resume\n\tsw $8, 0($9)\n\tla %1, 8f\n"
#endif
#define FP(text) ".set push\n\t.set noreorder\n\t.set hardfloat\n\t" text "\n\t.set pop"

static u64 area[16] __attribute__((aligned(64)));

static void fill(void)
{
    for (unsigned i = 0; i < 16; i++) {
        area[i] = 0x0123456789abcdefull * (i + 1);
    }
}

/* Registers 0..7 through memory. */
static void digest_registers(void)
{
    static u64 dump[8];
    asm volatile(FP("sdc1 $f0, 0(%0)\n\tsdc1 $f2, 16(%0)\n\tsdc1 $f4, 32(%0)\n\t"
                    "sdc1 $f6, 48(%0)") : : "r"(dump) : "memory");
    for (unsigned i = 0; i < 8; i += 2) {
        digest(dump[i]);
    }
}

static void moves(void)
{
    word r;
    fill();
    digest_begin();
    asm volatile(FP("ldc1 $f0, 0(%0)\n\tldc1 $f2, 8(%0)\n\tldc1 $f4, 16(%0)\n\t"
                    "ldc1 $f6, 24(%0)") : : "r"(area));
    asm volatile(FP("lwc1 $f1, 36(%0)\n\tlwc1 $f2, 40(%0)\n\tmov.s $f4, $f1\n\t"
                    "mov.d $f6, $f0") : : "r"(area));
    digest_registers();
    for (unsigned i = 0; i < corners; i++) {
        asm volatile(FP("mtc1 %1, $f3\n\tmfc1 %0, $f3") : "=r"(r) : "r"(corner[i]));
        digest(r);
        asm volatile(FP("mtc1 %1, $f2\n\tmthc1 %2, $f2\n\t"
                        "mfhc1 %0, $f2") : "=r"(r) : "r"(corner[i]), "r"(corner[corners - 1 - i]));
        digest(r);
        digest_registers();
    }
    asm volatile(FP("swc1 $f2, 64(%0)\n\tswc1 $f3, 68(%0)\n\tsdc1 $f4, 72(%0)") : : "r"(area) : "memory");
    for (unsigned i = 0; i < 16; i++) {
        digest(area[i]);
    }
    digest_end("FP_MOVES");
#ifdef __mips64
    digest_begin();
    for (unsigned i = 0; i < corners; i++) {
        asm volatile(FP("dmtc1 %1, $f2\n\tdmfc1 %0, $f2") : "=r"(r) : "r"(corner[i]));
        digest(r);
    }
    digest_end("DMTC1");
#endif
#if FR
    fill();
    digest_begin();
    asm volatile(FP("lwxc1 $f0, %1(%0)\n\tldxc1 $f2, %1(%0)\n\tluxc1 $f4, %2(%0)\n\tprefx 0, %1(%0)")
                 : : "r"(area), "r"((word)24), "r"((word)37));
    digest_registers();
    asm volatile(FP("swxc1 $f2, %1(%0)\n\tsdxc1 $f4, %2(%0)\n\tsuxc1 $f0, %3(%0)")
                 : : "r"(area), "r"((word)4), "r"((word)32), "r"((word)85) : "memory");
    for (unsigned i = 0; i < 16; i++) {
        digest(area[i]);
    }
    digest_end("FP_INDEXED");
#endif
}

#define ON_CODE(cc, text) \
    asm volatile(FP("move %0, $0\n\tctc1 %1, $31\n\t" text " $fcc" #cc ", 1f\n\tori %0, %0, 1\n\t" \
                    "ori %0, %0, 2\n1:\tori %0, %0, 4") \
                 : "=&r"(way) : "r"(fcsr)); \
    digest(way);
#define ON_ALL(text) ON_CODE(0, text) ON_CODE(1, text) ON_CODE(4, text) ON_CODE(7, text)
#define MOVE_IF(text) \
    asm volatile(FP("li %0, 1\n\tctc1 %1, $31\n\t" text " %0, %1, $fcc0\n\t" text " %0, %1, $fcc5") \
                 : "=&r"(way) : "r"(fcsr)); \
    digest(way);
#define MOVE_FP_IF(text) \
    asm volatile(FP("ldc1 $f0, 0(%1)\n\tldc1 $f2, 8(%1)\n\tldc1 $f4, 16(%1)\n\tctc1 %0, $31\n\t" \
                 text " $f0, $f2, $fcc0\n\t" text " $f4, $f2, $fcc6") : : "r"(fcsr), "r"(area)); \
    digest_registers();
#define MOVE_FP_GPR(text) \
    asm volatile(FP("ldc1 $f0, 0(%1)\n\tldc1 $f2, 8(%1)\n\tldc1 $f4, 16(%1)\n\t" \
                 text " $f0, $f2, $0\n\t" text " $f4, $f2, %0") : : "r"((word)fcsr), "r"(area)); \
    digest_registers();

static void condition_codes(void)
{
    static const u32 codes[] = { 0, 1u << 23, 1u << 25, 1u << 28, 1u << 30, 1u << 31, 0xfe800000 };
    word way;
    fill();
    digest_begin();
    for (unsigned k = 0; k < COUNT_OF(codes); k++) {
        word fcsr = codes[k];
        ON_ALL("bc1f") ON_ALL("bc1t") ON_ALL("bc1fl") ON_ALL("bc1tl")
    }
    digest_end("BC1");
    digest_begin();
    for (unsigned k = 0; k < COUNT_OF(codes); k++) {
        word fcsr = (word)(int)codes[k];
        MOVE_IF("movf") MOVE_IF("movt")
        MOVE_FP_IF("movf.s") MOVE_FP_IF("movt.s") MOVE_FP_IF("movf.d") MOVE_FP_IF("movt.d")
        MOVE_FP_GPR("movz.s") MOVE_FP_GPR("movn.s") MOVE_FP_GPR("movz.d") MOVE_FP_GPR("movn.d")
    }
    digest_end("FP_CMOV");
}

#define CONTROL(n, value) \
    asm volatile(FP("ctc1 $0, $31\n\tctc1 %1, $" #n "\n\tcfc1 %0, $" #n) : "=r"(r) : "r"((word)(value))); \
    digest(r); \
    asm volatile(FP("cfc1 %0, $31") : "=r"(r)); \
    digest(r);

static void control(void)
{
    word r;
    digest_begin();
    asm volatile(FP("cfc1 %0, $0") : "=r"(r));
    digest(r & 0x00330000);
    CONTROL(31, 0xff800003) CONTROL(31, 0x00000f83) CONTROL(31, 0x0100007c)
    CONTROL(25, 0xff) CONTROL(25, 0xa5) CONTROL(26, 0x0001f07c & 0x0000707c) CONTROL(28, 0xf87)
    CONTROL(28, 0x305)
    asm volatile(FP("ctc1 $0, $31"));
    digest_end("CTC1");
}

/* Traps: by an operation, by CTC1, in a delay slot; the destination keeps its value. */
#define TRY(text, enable) do { \
        word start, fcsr = (enable); \
        u32 before = trap_count; \
        asm volatile(FP("ldc1 $f0, 0(%2)\n\tldc1 $f2, 8(%2)\n\tldc1 $f4, 16(%2)\n\tctc1 %0, $31\n\t" \
                        SET_RESUME "8:\t" text "\n\tnop\n9:\tcfc1 %0, $31\n\tctc1 $0, $31") \
                     : "+&r"(fcsr), "=&r"(start) : "r"(area) : "$8", "$9", "memory"); \
        digest(trap_count - before); \
        if (trap_count != before) { \
            digest_trap(start); \
        } \
        digest(fcsr); \
        digest_registers(); \
        trap_resume = 0; \
    } while (0)

static void traps(void)
{
    area[0] = 0x1111111122222222;
    area[1] = 0x3ff0000000000000;
    area[2] = 0;
    digest_begin();
    for (u32 enable = 0; enable < 32; enable++) {
        TRY("div.d $f0, $f2, $f4", enable << 7);
        TRY("div.d $f0, $f4, $f4", enable << 7);
        TRY("mul.d $f0, $f0, $f0", enable << 7);
        TRY("cvt.s.d $f0, $f0", enable << 7);
        TRY("c.sf.d $f0, $f2", enable << 7);
    }
    TRY("b 7f\n\tdiv.d $f0, $f2, $f4\n7:", 8 << 7);
    TRY("li $8, 0x8400\n\tctc1 $8, $31", 0);
    TRY("li $8, 0x20000\n\tctc1 $8, $31", 0);
    digest_end("FPE");
}

void test_main(void)
{
    moves();
    condition_codes();
    control();
    traps();
}
