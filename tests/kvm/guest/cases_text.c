/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's own text: instructions that a host may rewrite when it first meets them, code
 * that the guest writes, hypercalls, and the ends of what a host can do.
 */
#include "lib.h"

#define FILE_ID 9

/* Runs insn twice at the same place, with $2 = in at first: what $2 was after the first time
 * in a, after the second in b; what the instruction read as before and after in those. */
#define TWICE(insn, in) do { \
    u32 at_, n_ = 2; \
    a = b = in; \
    asm volatile(".set push\n\t.set noreorder\n\tbal 1f\n\tnop\n1:\taddiu %[at], $31, 2f - 1b\n\t" \
                 "lw %[f], 0(%[at])\n3:\tmove $2, %[b]\n\tmove %[a], %[b]\n2:\t" insn "\n\t" \
                 "move %[b], $2\n\tehb\n\taddiu %[n], %[n], -1\n\tbnez %[n], 3b\n\tnop\n\t" \
                 "lw %[l], 0(%[at])\n\t.set pop" \
                 : [at] "=&r"(at_), [f] "=&r"(before), [l] "=&r"(after), [a] "+&r"(a), [b] "+&r"(b), \
                   [n] "+&r"(n_) : : "$2", "$31", "memory"); \
} while (0)

/* Only a host with dynamic rewriting may change the text; what it changed is told. */
static void check_text(Env *e, u32 where, u32 before, u32 after)
{
    if (e->mode & MODE_KVM_TE) {
        if (before != after) {
            log_value(LOG_REWRITTEN, before);
            log_value(LOG_REWRITTEN, after);
        }
        e->checks++;
    } else {
        check(e, where, after, before);
    }
}

void case_text_mfc0(Env *e)
{
    u32 a, b, before, after, epc = e->base + 0x2468;
    MTC0(14, 0, epc);
    TWICE("mfc0 $2, $14", 0);
    CHECK_EQ(a, epc);
    CHECK_EQ(b, epc);
    check_text(e, HERE, before, after);
    TWICE("mfc0 $2, $15", 0);
    CHECK_EQ(a, b);
    CHECK_EQ(a >> 16 & 0xff, 1);                /* PRId: a MIPS core */
    check_text(e, HERE, before, after);
    TWICE("mfc0 $2, $12", 0);
    CHECK_EQ(a, 0);
    CHECK_EQ(b, 0);
    check_text(e, HERE, before, after);
}

void case_text_mtc0(Env *e)
{
    u32 a, b, before, after;
    TWICE("mtc0 $2, $14", e->base + 0x1354);
    CHECK_EQ(MFC0(14, 0), e->base + 0x1354);
    check_text(e, HERE, before, after);
    CHECK_EQ(a, b);
    TWICE("mtc0 $2, $30", e->base + 0x5554);
    CHECK_EQ(MFC0(30, 0), e->base + 0x5554);
    check_text(e, HERE, before, after);
    TWICE("mtc0 $2, $11", 0x12345);
    CHECK_EQ(MFC0(11, 0), 0x12345);
    check_text(e, HERE, before, after);
}

/* The cache operations that every host knows; memory stays what it was. */
void case_text_cache(Env *e)
{
    u32 a, b, before, after, address = (u32)(unsigned long)page_at(e, 0);
    volatile u32 *p = page_at(e, 0);
    p[0] = 0x5eed5eed;
    p[1] = 0x0dd0dd0d;
    TWICE("cache 0x15, 0($2)", address);        /* hit, write back and invalidate, D */
    check_text(e, HERE, before, after);
    TWICE("cache 0x10, 0($2)", address);        /* hit, invalidate, I */
    check_text(e, HERE, before, after);
    TWICE("cache 0x01, 0($2)", e->base);        /* index, write back and invalidate, D */
    check_text(e, HERE, before, after);
    TWICE("cache 0x00, 0($2)", e->base);        /* index, invalidate, I */
    check_text(e, HERE, before, after);
    CHECK_EQ(p[0], 0x5eed5eed);
    CHECK_EQ(p[1], 0x0dd0dd0d);
    CHECK_EQ(a, b);
}

/* Code that is changed after it ran. */
void case_text_rewrite(Env *e)
{
    volatile u32 *p = page_at(e, 3);
    for (u32 i = 1; i < 20; i++) {
        u32 v;
        p[0] = 0x03e00008;                      /* jr ra */
        p[1] = 0x24020000 | i;                  /* li v0, i */
        sync_code(p, 2);
        asm volatile(".set push\n\t.set noreorder\n\tjalr %1\n\tnop\n\tmove %0, $2\n\t.set pop"
                     : "=r"(v) : "r"(p) : "$2", "$31", "memory");
        CHECK_EQ(v, i);
    }
}

#define HYPCALL(code) (0x42000028 | (code) << 11)

void case_hypcall_zero(Env *e)
{
    u32 v;
    asm volatile("li $2, 1\n\tli $4, 2\n\t.word %1\n\tmove %0, $2"
                 : "=r"(v) : "i"(HYPCALL(0)) : "$2", "$4", "memory");
    CHECK_EQ(v, (u32)-1000);                    /* KVM_ENOSYS */
    CHECK_EQ(e->count, 0);
}

void case_hypcall_other(Env *e)
{
    u32 v;
    asm volatile("li $2, 1\n\t.word %1\n\tmove %0, $2" : "=r"(v) : "i"(HYPCALL(5)) : "$2", "memory");
    CHECK(v != 0);
}

void case_hypcall_absent(Env *e)
{
    u32 count = e->count;
    TRY(e, ".word %0", LIST(), LIST("i"(HYPCALL(0))));
    CHECK_TRAP(0x180, EXC_RI);
}

/* Nothing at physical 0x1e000000: KVM gives up, a machine has a bus error. */
void case_limit_hole(Env *e)
{
    u32 count = e->count, hole = e->base + 0x1e000000;
    TRY(e, "jr %0", LIST(), LIST("r"(hole)));
    check_trap(e, HERE, &count, 0x180, EXC_IBE, 0, hole);
}

/* A long calculation with the doorbell in between, while signals rain on the host. */
void case_limit_signals(Env *e)
{
    u32 a = 1, b = 1, start = usec(), rounds = 0;
    while (usec() - start < 300000) {
        volatile u32 *area = bell_area(0);
        for (u32 i = 0; i < 2000; i++) {
            a = a * 1664525 + 1013904223;
        }
        *area = a;
        a = *area;
        rounds++;
    }
    for (u32 i = 0; i < rounds * 2000; i++) {
        b = b * 1664525 + 1013904223;
    }
    CHECK_EQ(a, b);
    CHECK_EQ(e->count, 0);
}
