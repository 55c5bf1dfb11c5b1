/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multiply, divide, accumulate, HI and LO. Division by zero is UNPREDICTABLE and left out. */
#include "isa.h"

#define HILO(id, text, skip) do { \
        digest_begin(); \
        for (unsigned i = 0; i < corners + 64; i++) { \
            for (unsigned j = 0; j < corners; j++) { \
                word a = i < corners ? corner[i] : RANDOM, b = corner[j], h, l; \
                if (skip) { \
                    continue; \
                } \
                asm volatile("mthi %4\n\tmtlo %5\n\t" text " %2, %3\n\tmfhi %0\n\tmflo %1" \
                             : "=&r"(h), "=&r"(l) : "r"(a), "r"(b), "r"(corner[i % corners]), "r"(corner[j]) \
                             : "hi", "lo"); \
                digest(h); \
                digest(l); \
            } \
        } \
        digest_end(#id); \
    } while (0)

#define RANDOM ((word)(long)(int)random64())
#define NO_DIV ((int)b == 0 || ((int)a == (int)0x80000000 && (int)b == -1) || WIDE(a) || WIDE(b))
#define WIDE(v) ((word)(long)(int)(v) != (v))

void test_main(void)
{
    random_start(2);
    HILO(MULT, "mult", WIDE(a) || WIDE(b));
    HILO(MULTU, "multu", WIDE(a) || WIDE(b));
    HILO(MADD, "madd", WIDE(a) || WIDE(b) || WIDE(corner[i % corners]));
    HILO(MADDU, "maddu", WIDE(a) || WIDE(b) || WIDE(corner[i % corners]));
    HILO(MSUB, "msub", WIDE(a) || WIDE(b) || WIDE(corner[i % corners]));
    HILO(MSUBU, "msubu", WIDE(a) || WIDE(b) || WIDE(corner[i % corners]));
    HILO(DIV, "div $0,", NO_DIV);
    HILO(DIVU, "divu $0,", NO_DIV);
#ifdef __mips64
#undef RANDOM
#define RANDOM ((word)random64())
    HILO(DMULT, "dmult", 0);
    HILO(DMULTU, "dmultu", 0);
    HILO(DDIV, "ddiv $0,", b == 0 || (a == 1ull << 63 && b == (word)-1));
    HILO(DDIVU, "ddivu $0,", b == 0);
#endif
}
