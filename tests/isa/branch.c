/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Branches and jumps: taken and not, links, annulled delay slots; all in small loops too. */
#include "isa.h"

/* Bit 0: the delay slot ran; bit 1: fell through; bit 2: arrived. */
#define BRANCH(id, text, operands) do { \
        digest_begin(); \
        for (unsigned i = 0; i < corners; i++) { \
            for (unsigned j = 0; j < corners; j++) { \
                word way = 0, link = 0; \
                asm volatile(".set push\n\t.set noreorder\n\tmove $31, $0\n\tla $8, 8f\n" \
                             "8:\t" text " " operands ", 9f\n\t" \
                             "ori %0, %0, 1\n\tori %0, %0, 2\n9:\tori %0, %0, 4\n\t" \
                             "beqz $31, 7f\n\tmove %1, $0\n\tsubu %1, $31, $8\n7:\t.set pop" \
                             : "+&r"(way), "=&r"(link) : "r"(corner[i]), "r"(corner[j]) : "$8", "$31"); \
                digest(way); \
                digest(link); \
            } \
        } \
        digest_end(#id); \
    } while (0)

static void jumps(void)
{
    word way, link;
    digest_begin();
    way = 0;
    asm volatile(".set push\n\t.set noreorder\n\tj 9f\n\tori %0, %0, 1\n\tori %0, %0, 2\n"
                 "9:\tori %0, %0, 4\n\t.set pop"
                 : "+r"(way));
    digest(way);
    digest_end("J");
    digest_begin();
    way = 0;
    asm volatile(".set push\n\t.set noreorder\n\tla $8, 8f\n8:\tjal 9f\n\tori %0, %0, 1\n\tori %0, %0, 2\n"
                 "9:\tori %0, %0, 4\n\tsubu %1, $31, $8\n\t"
                 ".set pop" : "+&r"(way), "=&r"(link) : : "$8", "$31");
    digest(way);
    digest(link);
    digest_end("JAL");
    digest_begin();
    way = 0;
    asm volatile(".set push\n\t.set noreorder\n\tla $8, 9f\n\tjr $8\n\taddiu $8, $8, 4\n\tori %0, %0, 2\n"
                 "9:\tori %0, %0, 4\n\t.set pop" : "+&r"(way) : : "$8");
    digest(way);
    way = 0;
    asm volatile(".set push\n\t.set noreorder\n\tla $8, 9f\n\tla $10, 8f\n8:\tjalr $9, $8\n\t"
                 "ori %0, %0, 1\n\tori %0, %0, 2\n"
                 "9:\tori %0, %0, 4\n\tsubu %1, $9, $10\n\t"
                 ".set pop" : "+&r"(way), "=&r"(link) : : "$8", "$9", "$10");
    digest(way);
    digest(link);
    digest_end("JR_JALR");
}

/* The delay slot changes what the branch has compared. */
static void slots(void)
{
    digest_begin();
    for (word n = 1; n < 40; n++) {
        word count = 0, left = n;
        asm volatile(".set push\n\t.set noreorder\n1:\taddiu %0, %0, 1\n\tbnez %1, 1b\n\t"
                     "addiu %1, %1, -1\n\t.set pop"
                     : "+&r"(count), "+&r"(left));
        digest(count);
        digest(left);
    }
    digest_end("SLOTS");
}

void test_main(void)
{
    BRANCH(BEQ, "beq", "%2, %3"); BRANCH(BNE, "bne", "%2, %3"); BRANCH(BEQL, "beql", "%2, %3");
    BRANCH(BNEL, "bnel", "%2, %3");
    BRANCH(BLEZ, "blez", "%2"); BRANCH(BGTZ, "bgtz", "%2"); BRANCH(BLTZ, "bltz", "%2");
    BRANCH(BGEZ, "bgez", "%2");
    BRANCH(BLEZL, "blezl", "%2"); BRANCH(BGTZL, "bgtzl", "%2"); BRANCH(BLTZL, "bltzl", "%2");
    BRANCH(BGEZL, "bgezl", "%2");
    BRANCH(BLTZAL, "bltzal", "%2"); BRANCH(BGEZAL, "bgezal", "%2");
    BRANCH(BLTZALL, "bltzall", "%2"); BRANCH(BGEZALL, "bgezall", "%2");
    jumps();
    slots();
}
