/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions: overflow, traps, SYSCALL, BREAK, reserved and unusable instructions, address
 * errors; in delay slots too; destination registers stay as they were. */
#include "isa.h"

#ifdef __mips64
#define SET_RESUME "dla $8, 9f\n\tdla $9, trap_resume\n\tsd $8, 0($9)\n\t"
#define SET_START "dla %1, 8f\n\t"
#else
#define SET_RESUME "la $8, 9f\n\tla $9, trap_resume\n\tsw $8, 0($9)\n\t"
#define SET_START "la %1, 8f\n\t"
#endif

/* Runs text with %2 and %3 as operands and %0 as destination; digests trap and result. */
#define TRY(text, a, b) do { \
        word r = 0x5555, start; \
        u32 before = trap_count; \
        asm volatile(".set push\n\t.set noreorder\n\t.set noat\n\t" SET_RESUME SET_START "8:\t" text "\n\t" \
                     "nop\n9:\t.set pop" \
                     : "+&r"(r), "=&r"(start) : "r"((word)(a)), "r"((word)(b)) : "$8", "$9", "$10", \
                                  "memory", "hi", "lo"); \
        digest(trap_count - before); \
        if (trap_count != before) { \
            digest_trap(start); \
        } \
        digest(r); \
        trap_resume = 0; \
    } while (0)
#define TRAPS(id, text) do { \
        digest_begin(); \
        for (unsigned i = 0; i < corners; i++) { \
            for (unsigned j = 0; j < corners; j++) { \
                TRY(text, corner[i], corner[j]); \
            } \
        } \
        digest_end(#id); \
    } while (0)
#define WORD_TRAPS(id, text) do { \
        digest_begin(); \
        for (unsigned i = 0; i < corners; i++) { \
            for (unsigned j = 0; j < corners; j++) { \
                TRY(text, (long)(int)corner[i], (long)(int)corner[j]); \
            } \
        } \
        digest_end(#id); \
    } while (0)
#define ONCE(id, text, a, b) do { \
        digest_begin(); \
        TRY(text, a, b); \
        digest_end(#id); \
    } while (0)

static u32 data[8] __attribute__((aligned(32)));

static void address_errors(void)
{
    word p = (word)data;
    digest_begin();
    TRY("lh %0, 1(%2)", p, 0); digest(trap_badvaddr - p);
    TRY("lhu %0, 3(%2)", p, 0); digest(trap_badvaddr - p);
    TRY("lw %0, 1(%2)", p, 0); digest(trap_badvaddr - p);
    TRY("lw %0, 2(%2)", p, 0); digest(trap_badvaddr - p);
    TRY("sh %2, 1(%2)", p, 0); digest(trap_badvaddr - p);
    TRY("sw %2, 2(%2)", p, 0); digest(trap_badvaddr - p);
    TRY("ll %0, 2(%2)", p, 0); digest(trap_badvaddr - p);
    TRY("li $10, 1\n\tb 7f\n\tlw %0, 3(%2)\n7:", p, 0); digest(trap_badvaddr - p);
#ifdef __mips64
    TRY("ld %0, 4(%2)", p, 0); digest(trap_badvaddr - p);
    TRY("sd %2, 2(%2)", p, 0); digest(trap_badvaddr - p);
    TRY("lwu %0, 1(%2)", p, 0); digest(trap_badvaddr - p);
    TRY("lld %0, 4(%2)", p, 0); digest(trap_badvaddr - p);
    TRY("lw %0, 0(%2)", 0x4000000000000000, 0);
    TRY("lw %0, 0(%2)", 0x0000800000000000, 0); digest(trap_badvaddr);
    TRY("lw %0, 0(%2)", 0xc000800000000000, 0); digest(trap_badvaddr);
    TRY("lw %0, 0(%2)", 0x9010000000000000, 0); digest(trap_badvaddr);
    TRY("lw %0, 0(%2)", 0xffffffff7fffff00, 0); digest(trap_badvaddr);
#endif
    TRY("addiu $10, %2, 2\n\tjr $10\n\tnop", p, 0); digest(trap_badvaddr - p);
    digest_end("ADDRESS_ERROR");
}

/* With the FPU off every FPU instruction raises CpU 1; coprocessor 2 is never there. */
static void unusable(void)
{
    digest_begin();
    asm volatile("mfc0 $8, $12\n\tli $9, 0x20000000\n\tnor $9, $9, $0\n\tand $8, $8, $9\n\t"
                 "mtc0 $8, $12\n\tehb" : : : "$8", "$9");
    TRY(".set hardfloat\n\tmfc1 %0, $f0", 0, 0);
    TRY(".set hardfloat\n\tadd.s $f0, $f0, $f0", 0, 0);
    TRY(".set hardfloat\n\tldc1 $f0, 0(%2)", data, 0);
    TRY(".set hardfloat\n\tswc1 $f0, 1(%2)", data, 0);
    TRY(".set hardfloat\n\tbc1t 7f\n\tnop\n7:", 0, 0);
    TRY(".word 0x03e10001 & ~0x1f0000 | 0x10000", 0, 0);
    asm volatile("mfc0 $8, $12\n\tli $9, 0x20000000\n\tor $8, $8, $9\n\tmtc0 $8, $12\n\t"
                 "ehb" : : : "$8", "$9");
    TRY(".word 0xc8000000", 0, 0);
    TRY(".word 0xe8000000", 0, 0);
    TRY(".word 0xd8000000", 0, 0);
    TRY(".word 0xf8000000", 0, 0);
    digest_end("UNUSABLE");
    digest_begin();
    TRY(".word 0x48000000", 0, 0);
    digest_end("COP2");
}

/* Encodings that no line of the table has. */
static void reserved(void)
{
    digest_begin();
    TRY(".word 0x00000035", 0, 0);
    TRY(".word 0x00000028", 0, 0);
    TRY(".word 0x04070000", 0, 0);
    TRY(".word 0x7000003e", 0, 0);
    TRY(".word 0x7c00001f & ~7 | 6", 0, 0);
    TRY(".word 0x4c00003f & ~0x20 | 0x1f", 0, 0);
    digest_end("RESERVED");
}

void test_main(void)
{
    WORD_TRAPS(ADD, "add %0, %2, %3"); WORD_TRAPS(SUB, "sub %0, %2, %3");
    WORD_TRAPS(ADDI, "addi %0, %2, 32767"); WORD_TRAPS(ADDI_NEG, "addi %0, %2, -32768");
    TRAPS(TEQ, "teq %2, %3"); TRAPS(TNE, "tne %2, %3"); TRAPS(TGE, "tge %2, %3"); TRAPS(TGEU, "tgeu %2, %3");
    TRAPS(TLT, "tlt %2, %3"); TRAPS(TLTU, "tltu %2, %3");
    TRAPS(TEQI, "teqi %2, 7"); TRAPS(TNEI, "tnei %2, -1"); TRAPS(TGEI, "tgei %2, -2");
    TRAPS(TGEIU, "tgeiu %2, -2");
    TRAPS(TLTI, "tlti %2, 31"); TRAPS(TLTIU, "tltiu %2, -2");
#ifdef __mips64
    TRAPS(DADD, "dadd %0, %2, %3"); TRAPS(DSUB, "dsub %0, %2, %3"); TRAPS(DADDI, "daddi %0, %2, 32767");
#endif
    ONCE(SYSCALL, "syscall", 0, 0);
    ONCE(BREAK, "break", 0, 0);
    ONCE(SYSCALL_IN_SLOT, "b 7f\n\tsyscall\n7:", 0, 0);
    ONCE(BREAK_IN_SLOT, "bne %2, %3, 7f\n\tbreak\n7:", 1, 1);
    ONCE(TRAP_IN_LIKELY_SLOT, "beql %2, %3, 7f\n\tteq $0, $0\n7:", 1, 1);
    ONCE(ANNULLED_SLOT, "beql %2, %3, 7f\n\tteq $0, $0\n7:", 1, 2);
    ONCE(OVERFLOW_IN_SLOT, "jal 7f\n\tadd %0, %2, %3\n7:", 0x7fffffff, 1);
    address_errors();
    unusable();
    reserved();
}
