/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads and stores of all sizes, unaligned halves, LL and SC, PREF, SYNC, SYNCI, CACHE. */
#include "isa.h"

static u8 area[64] __attribute__((aligned(64)));

static void fill(void)
{
    for (unsigned i = 0; i < sizeof(area); i++) {
        area[i] = (u8)(i * 37 + 0x85);
    }
}

static void digest_area(void)
{
    for (unsigned i = 0; i < sizeof(area); i++) {
        digest(area[i]);
    }
}

#define LOAD1(text, offset) do { \
        word r = (word)(int)0x89abcdef; \
        asm volatile(text " %0, " #offset "(%1)" : "+r"(r) : "r"(area + 16) : "memory"); \
        digest(r); \
    } while (0)
#define STORE1(text, offset) do { \
        asm volatile(text " %0, " #offset "(%1)" : : "r"((word)0x0123456789abcdefull), "r"(area + 16) \
                     : "memory"); \
    } while (0)
#define LOAD(id, text, size) do { \
        fill(); \
        digest_begin(); \
        LOAD1(text, 0); LOAD1(text, size); LOAD1(text, -size); LOAD1(text, 16); \
        digest_end(#id); \
    } while (0)
#define STORE(id, text, size) do { \
        fill(); \
        digest_begin(); \
        STORE1(text, 0); STORE1(text, size); STORE1(text, -16); STORE1(text, 32); \
        digest_area(); \
        digest_end(#id); \
    } while (0)
#define LOAD_PART(id, text) do { \
        fill(); \
        digest_begin(); \
        LOAD1(text, 0); LOAD1(text, 1); LOAD1(text, 2); LOAD1(text, 3); \
        LOAD1(text, 4); LOAD1(text, 5); LOAD1(text, 6); LOAD1(text, 7); \
        digest_end(#id); \
    } while (0)
#define STORE_PART1(text, offset) do { \
        fill(); \
        STORE1(text, offset); \
        digest_area(); \
    } while (0)
#define STORE_PART(id, text) do { \
        digest_begin(); \
        STORE_PART1(text, 0); STORE_PART1(text, 1); STORE_PART1(text, 2); STORE_PART1(text, 3); \
        STORE_PART1(text, 4); STORE_PART1(text, 5); STORE_PART1(text, 6); STORE_PART1(text, 7); \
        digest_end(#id); \
    } while (0)

#define LINKED(id, ll, sc) do { \
        word a, ok, broken; \
        fill(); \
        digest_begin(); \
        asm volatile(ll " %0, 8(%2)\n\tmove %1, %3\n\t" sc " %1, 8(%2)" \
                     : "=&r"(a), "=&r"(ok) : "r"(area), "r"((word)0x13579bdf) : "memory"); \
        digest(a); \
        digest(ok); \
        digest_area(); \
        trap_resume = 0; \
        /* A trap between the two breaks the link. */ \
        asm volatile(".set push\n\t.set noreorder\n\t" STORE_RESUME("9f") \
                     ll " %0, 8(%1)\n\tsyscall\n9:\tli %0, 77\n\t" sc " %0, 8(%1)\n\t.set pop" \
                     : "=&r"(broken) : "r"(area) : "memory", "$8", "$9"); \
        digest(broken); \
        trap_resume = 0; \
        digest_area(); \
        digest_end(#id); \
    } while (0)

#ifdef __mips64
#define STORE_RESUME(label) "dla $8, " label "\n\tdla $9, trap_resume\n\tsd $8, 0($9)\n\t"
#else
#define STORE_RESUME(label) "la $8, " label "\n\tla $9, trap_resume\n\tsw $8, 0($9)\n\t"
#endif

/* Code that is written, made visible with SYNCI, and run. */
static u32 code[16] __attribute__((aligned(64)));

static void synci(void)
{
    digest_begin();
    for (unsigned n = 0; n < 4; n++) {
        word r;
        code[0] = 0x03e00008;                       /* jr ra */
        code[1] = 0x24020000 | (n * 1111);          /* addiu v0, zero, n */
        asm volatile("synci 0(%0)\n\tsync" : : "r"(code) : "memory");
        if (n == 3) {
            asm volatile("cache 0x10, 0(%0)\n\tcache 0x15, 0(%0)\n\t"
                         "cache 0x19, 0(%0)" : : "r"(code) : "memory");
        }
        asm volatile("jalr.hb %1\n\tmove %0, $2" : "=r"(r) : "r"(code) : "$2", "$31", "memory");
        digest(r);
    }
    asm volatile("pref 0, 0(%0)\n\tpref 30, 0(%0)" : : "r"(area));
    digest_end("SYNCI");
}

void test_main(void)
{
    LOAD(LB, "lb", 1); LOAD(LBU, "lbu", 1); LOAD(LH, "lh", 2); LOAD(LHU, "lhu", 2); LOAD(LW, "lw", 4);
    STORE(SB, "sb", 1); STORE(SH, "sh", 2); STORE(SW, "sw", 4);
    LOAD_PART(LWL, "lwl"); LOAD_PART(LWR, "lwr"); STORE_PART(SWL, "swl"); STORE_PART(SWR, "swr");
    LINKED(LL_SC, "ll", "sc");
#ifdef __mips64
    LOAD(LWU, "lwu", 4); LOAD(LD, "ld", 8); STORE(SD, "sd", 8);
    LOAD_PART(LDL, "ldl"); LOAD_PART(LDR, "ldr"); STORE_PART(SDL, "sdl"); STORE_PART(SDR, "sdr");
    LINKED(LLD_SCD, "lld", "scd");
#endif
    synci();
}
