/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CP0 as a guest of VZ meets it: registers that the hardware leaves to the host's kernel, those that
 * it serves itself, what a guest may change in Config, mapped segments, and the timer across exits.
 * The fields are those of MD00090; which registers there are, the guest's own Config says.
 */
#include "lib.h"

#define FILE_ID 11
#define TIMER 7

enum { CONFIG3_CDMM = 3, CONFIG3_VINT = 5, CONFIG3_CTXTC = 9, CONFIG3_RXI = 12, CONFIG3_ULRI = 13,
       CONFIG3_BI = 26, CONFIG3_BP = 27, CONFIG3_CMGCR = 29 };
enum { CONFIG5_MRP = 3, CONFIG5_LLB = 4 };

/* ---- what there is ---- */

#define NEXT_CONFIG(v, sel) ((v) >> 31 ? MFC0(16, sel) : 0)

/* Config n, of 1 to 5, or 0: the chain of M bits ends before it. */
static u32 config(u32 n)
{
    u32 v = MFC0(16, 0);
    v = NEXT_CONFIG(v, 1);
    v = n >= 2 ? NEXT_CONFIG(v, 2) : v;
    v = n >= 3 ? NEXT_CONFIG(v, 3) : v;
    v = n >= 4 ? NEXT_CONFIG(v, 4) : v;
    return n >= 5 ? NEXT_CONFIG(v, 5) : v;
}

static u32 has(u32 n, u32 bit)
{
    return config(n) >> bit & 1;
}

/* 0: Release 1, 1: 2 to 5, 2: 6. */
static u32 release(void)
{
    return MFC0(16, 0) >> 10 & 7;
}

/* Writes a register and checks which bits of it stay. */
#define KEEPS(reg, sel, v, mask) do { \
    MTC0(reg, sel, v); \
    CHECK_EQ(MFC0(reg, sel) & (mask), (v) & (mask)); \
} while (0)

/* ---- the timer at two rates ---- */

/* A host can leave Count to the hardware only at the hardware's rate: any other has it emulated. */
static u32 rates(const Env *e)
{
    return e->mode & MODE_KVM_VZ ? 2 : 1;
}

/* Sets rate n of those; 0 is the one found. Returns it in MHz. */
static u32 use_rate(Env *e, u32 n, u32 found)
{
    u32 rate = found >> n;
    if (e->mode & MODE_KVM_VZ) {
        CHECK_EQ(act(ACT_SET_COUNT_HZ, rate), 0);
    }
    return rate / 1000000;
}

#define EACH_RATE(body) do { \
    u32 found_ = act(ACT_GET_COUNT_HZ, 0); \
    for (u32 n_ = 0; n_ < rates(e); n_++) { \
        body(e, use_rate(e, n_, found_)); \
    } \
    use_rate(e, 0, found_); \
    CHECK_EQ(e->count, 0); \
} while (0)

/* Sets Compare that many ticks ahead, further when Count is past it already. Returns it. */
static u32 arm(u32 ticks)
{
    u32 due;
    do {
        due = MFC0(9, 0) + ticks;
        MTC0(11, 0, due);
        ticks += ticks;
    } while ((int)(MFC0(9, 0) - due) >= 0);
    return due;
}

/* Waits for the timer in Cause for at most a second. */
static u32 wait_timer(void)
{
    u32 start = usec();
    while (!(MFC0(13, 0) & CAUSE_TI) && usec() - start < 1000000) {
    }
    return MFC0(13, 0) & (CAUSE_TI | CAUSE_IP(TIMER));
}

/* note: 0 how many interrupts, 1 Count at the last */
HANDLER static void on_compare(Env *e)
{
    e->note[1] = MFC0(9, 0);
    MTC0(11, 0, e->note[1] - 1);
    if (++e->note[0] > 1000 || (e->cause & 0x7c)) {
        e->handler = 0;
    }
}

/* Arms the timer and lets its interrupt come. Returns when it is due. */
static u32 expect_interrupt(Env *e, u32 ticks)
{
    e->note[0] = 0;
    HANDLE(e, on_compare);
    u32 due = arm(ticks);
    MTC0(12, 0, im(e, TIMER) | STATUS_IE);
    return due;
}

static void check_interrupt(Env *e, u32 where, u32 due)
{
    MTC0(12, 0, 0);
    e->handler = 0;
    check(e, where, e->note[0], 1);
    check(e, where, (int)(e->note[1] - due) >= 0, 1);
    check(e, where, MFC0(13, 0) & CAUSE_TI, 0);
    e->count = 0;
}

/* ---- registers that the host's kernel serves ---- */

static void check_count(Env *e, u32 mhz)
{
    u32 back = 0, last;
    for (u32 i = 0; i < 3; i++) {
        u32 v = i == 0 ? 0x7fffff80 : i == 1 ? 0xffffff80 : 0x01234567, t = usec();
        MTC0(9, 0, v);
        last = MFC0(9, 0);
        CHECK(last - v <= (usec() - t + 2) * (mhz + 1));
        for (u32 k = 0; k < 100; k++) {
            u32 now = MFC0(9, 0);
            back += (int)(now - last) < 0;
            last = now;
        }
    }
    CHECK_EQ(back, 0);
}

void case_vz_count(Env *e)
{
    EACH_RATE(check_count);
}

static void check_compare(Env *e, u32 mhz)
{
    u32 far = MFC0(9, 0) - 2;
    MTC0(11, 0, far);
    CHECK_EQ(MFC0(11, 0), far);
    CHECK_EQ(MFC0(13, 0) & (CAUSE_TI | CAUSE_IP(TIMER)), 0);
    u32 due = arm(500 * mhz);
    CHECK_EQ(MFC0(11, 0), due);
    CHECK_EQ(wait_timer(), CAUSE_TI | CAUSE_IP(TIMER));
    CHECK((int)(MFC0(9, 0) - due) >= 0);
    CHECK_EQ(MFC0(11, 0), due);
    MTC0(11, 0, due);                           /* the same value acknowledges, too */
    CHECK_EQ(MFC0(13, 0) & (CAUSE_TI | CAUSE_IP(TIMER)), 0);
}

void case_vz_compare(Env *e)
{
    EACH_RATE(check_compare);
}

/* PRId, and where the CPU's own device registers and the coherence manager's are. */
void case_vz_identity(Env *e)
{
    u32 prid = MFC0(15, 0);
    CHECK(prid >> 16 & 0xff);
    CHECK(prid >> 8 & 0xff);
    CHECK_EQ(MFC0(15, 0), prid);
    if (has(3, CONFIG3_CDMM)) {
        CHECK_EQ(MFC0(15, 2), MFC0(15, 2));
    }
    if (has(3, CONFIG3_CMGCR)) {
        CHECK_EQ(MFC0(15, 3) & 0x7ff, 0);
    }
    CHECK_EQ(e->count, 0);
}

/* LL, LLAddr = 0 if clear, SC: what SC says. */
static u32 store_linked(volatile u32 *p, u32 v, u32 clear)
{
    u32 done;
    asm volatile(".set push\n\t.set noreorder\n\tll %0, 0(%1)\n\tbeqz %3, 1f\n\tnop\n\tmtc0 $0, $17\n\tehb\n"
                 "1:\tmove %0, %2\n\tsc %0, 0(%1)\n\t.set pop"
                 : "=&r"(done) : "r"(p), "r"(v), "r"(clear) : "memory");
    return done;
}

/* Writing 0 to LLAddr ends a linked access, where LLAddr can be written. */
void case_vz_lladdr(Env *e)
{
    volatile u32 *p = page_at(e, 0);
    u32 tries = 0;
    *p = 1;
    while (!store_linked(p, 2, 0) && tries < 1000) {
        tries++;
    }
    CHECK_EQ(*p, 2);
    if (has(5, CONFIG5_LLB)) {
        for (u32 i = 0; i < 10; i++) {
            CHECK_EQ(store_linked(p, 3, 1), 0);
            CHECK_EQ(MFC0(17, 0) & 1, 0);
        }
        CHECK_EQ(*p, 2);
    }
    CHECK_EQ(e->count, 0);
}

/* Every attribute register keeps an address and S of its own; V is left off meanwhile. */
void case_vz_maar(Env *e)
{
    u32 saved[64], last;
    CHECK_EQ(e->count, 0);
    if (!has(5, CONFIG5_MRP)) {
        return;
    }
    MTC0(17, 2, 0x3f);
    last = MFC0(17, 2);
    if (!CHECK(last < 0x3f && last & 1)) {      /* they come in pairs */
        return;
    }
    for (u32 i = 0; i <= last; i++) {
        KEEPS(17, 2, i, ~0u);
        saved[i] = MFC0(17, 1);
        MTC0(17, 1, (0x01234000 + (i << 12)) | 2);
    }
    for (u32 i = 0; i <= last; i++) {
        MTC0(17, 2, i);
        CHECK_EQ(MFC0(17, 1), (0x01234000 + (i << 12)) | 2);
        MTC0(17, 1, saved[i]);
        CHECK_EQ(MFC0(17, 1), saved[i]);
    }
}

void case_vz_shadow(Env *e)
{
    if (release() >= 1) {
        u32 v = MFC0(12, 2), sets = v >> 26 & 15;
        CHECK((v & 15) <= sets);
        CHECK((v >> 6 & 15) <= sets);
        CHECK((v >> 12 & 15) <= sets);
        if (sets && has(3, CONFIG3_VINT)) {
            v = MFC0(12, 3);
            for (u32 i = 0; i < 32; i += 4) {
                CHECK((v >> i & 15) <= sets);
            }
        }
    }
    CHECK_EQ(e->count, 0);
}

/* Registers of the implementation's own: read, and what was read written to ErrCtl. */
void case_vz_own_registers(Env *e)
{
    u32 config6 = MFC0(16, 6), config7 = MFC0(16, 7), errctl = MFC0(26, 0);
    CHECK_EQ(MFC0(16, 6), config6);
    CHECK_EQ(MFC0(16, 7), config7);
    KEEPS(26, 0, errctl, ~0u);
    CHECK_EQ(e->count, 0);
}

/* The bytes of a cache whose description in Config1 has its lowest bit there; *line: of a line. */
static u32 cache_size(u32 shift, u32 *line)
{
    u32 v = config(1) >> shift, sets = (v >> 6 & 7) == 7 ? 32 : 64u << (v >> 6 & 7);
    *line = v >> 3 & 7 ? 2u << (v >> 3 & 7) : 0;
    return sets * *line * ((v & 7) + 1);
}

#define CACHE_ALL(e, op, shift) do { \
    u32 line_, size_ = cache_size(shift, &line_); \
    for (u32 at_ = 0; at_ < size_; at_ += line_) { \
        asm volatile("cache " #op ", 0(%0)" : : "r"((e)->base + at_) : "memory"); \
    } \
    asm volatile("sync\n\tehb" : : : "memory"); \
} while (0)

/* The code at p, which returns a number, written anew, both caches gone through by index, run. */
static u32 run_new_code(Env *e, volatile u32 *p, u32 number)
{
    u32 v;
    p[0] = 0x03e00008;                          /* jr ra */
    p[1] = 0x24020000 | number;                 /* li v0, number */
    CACHE_ALL(e, 0x01, 7);                      /* index, write back and invalidate, D */
    CACHE_ALL(e, 0x00, 16);                     /* index, invalidate, I */
    asm volatile(".set push\n\t.set noreorder\n\tjalr.hb %1\n\tli $2, 0\n\tmove %0, $2\n\t.set pop"
                 : "=r"(v) : "r"(p) : "$2", "$31", "memory");
    return v;
}

/* What is in the caches survives, and code that was written is run. A host that moves the CPU to
 * another core in the midst of it breaks that, so there are three attempts. */
void case_vz_cache_index(Env *e)
{
    volatile u32 *p = page_at(e, 0), *code = page_at(e, 6);
    for (u32 i = 0; i < 256; i++) {
        p[i] = i * 0x01010101;
    }
    for (u32 round = 1; round < 4; round++) {
        u32 v = 0;
        for (u32 attempt = 0; attempt < 3 && v != round; attempt++) {
            v = run_new_code(e, code, round);
        }
        CHECK_EQ(v, round);
    }
    for (u32 i = 0; i < 256; i++) {
        CHECK_EQ(p[i], i * 0x01010101);
    }
    CHECK_EQ(e->count, 0);
}

static u32 read_cc(void)
{
    u32 v;
    asm volatile("rdhwr %0, $2" : "=r"(v) : : "memory");
    return v;
}

static void check_rdhwr(Env *e, u32 mhz)
{
    u32 start = usec(), first = MFC0(9, 0), before = first;
    for (u32 i = 0; i < 20; i++) {
        u32 cc = read_cc(), after = MFC0(9, 0);
        CHECK(cc - before <= after - before);
        before = after;
    }
    CHECK(before - first <= (usec() - start + 2) * (mhz + 1));
}

/* The same register for user mode, if HWREna says so. */
void case_vz_rdhwr(Env *e)
{
    volatile u32 *p = page_at(e, 0);
    EACH_RATE(check_rdhwr);
    p[0] = 0x7c02103b;                          /* rdhwr v0, $2 */
    p[1] = 0x0000000c;                          /* syscall */
    MTC0(7, 0, 4);
    u32 count = e->count, before = MFC0(9, 0), cc = run_user(e, (u32)(unsigned long)p, 0, 0);
    u32 after = MFC0(9, 0);
    check_trap(e, HERE, &count, 0x180, EXC_SYS, 0, USER_VA + 4);
    CHECK(cc - before <= after - before);
    MTC0(7, 0, 0);
    CHECK_EQ(run_user(e, (u32)(unsigned long)p, 0, 0), 0);
    check_trap(e, HERE, &count, 0x180, EXC_RI, 0, USER_VA);
}

static void check_wait(Env *e, u32 mhz)
{
    u32 loops = 0, due = expect_interrupt(e, 5000 * mhz);
    while (!e->note[0] && loops < 100) {
        asm volatile("wait" : : : "memory");
        loops++;
    }
    check_interrupt(e, HERE, due);
}

void case_vz_wait(Env *e)
{
    EACH_RATE(check_wait);
}

/* ---- registers of the hardware ---- */

void case_vz_addresses(Env *e)
{
    u32 count = e->count, v, va = 0x00765000;
    if (has(3, CONFIG3_CTXTC)) {
        MTC0(4, 1, 0x007ffff0);                 /* ContextConfig: Context as it is without it */
    }
    KEEPS(14, 0, 0x80123454, ~0u);
    KEEPS(14, 0, 0x7fedcba8, ~0u);
    KEEPS(30, 0, 0xbfc01230, ~0u);
    KEEPS(30, 0, 0x40404044, ~0u);
    KEEPS(10, 0, 0xa5a5e0a5, ~0u);
    KEEPS(10, 0, 0x5a5a005a, ~0u);
    KEEPS(4, 0, 0xa5800000, 0xff80000f);
    KEEPS(4, 0, 0x5a000000, 0xff80000f);
    for (u32 i = 0; i < 2; i++) {
        va += i << 20;
        TRY(e, "lw %0, 0x123c(%1)", LIST("=&r"(v)), LIST("r"(va)));
        CHECK_TRAP(0x000, EXC_TLBL);
        CHECK_EQ(MFC0(8, 0), va + 0x123c);
        CHECK_EQ(MFC0(4, 0), 0x5a000000 | ((va + 0x123c) >> 13 << 4));
        CHECK_EQ(MFC0(10, 0), ((va + 0x123c) & ~0x1fffu) | 0x5a);
        MTC0(4, 0, 0x5a000000 ^ 0x007ffff0);    /* BadVPN2 is not for software */
        *bell(BELL_ACCESSES) = 0;               /* and after an exit */
        CHECK_EQ(MFC0(8, 0), va + 0x123c);
        CHECK_EQ(MFC0(4, 0), 0x5a000000 | ((va + 0x123c) >> 13 << 4));
    }
    MTC0(10, 0, 0);
}

/* How many entries Random reaches. */
static u32 tlb_size(void)
{
    u32 n = config(1) >> 25 & 63, config4 = config(4), kind = config4 >> 14 & 3;
    n |= kind == 1 ? (config4 & 0xff) << 6 : kind == 3 ? (config4 >> 24 & 15) << 6 : 0;
    return n + 1;
}

void case_vz_tlb_registers(Env *e)
{
    u32 size = tlb_size(), outside = 0, old = MFC0(5, 1);
    KEEPS(0, 0, size - 1, 0x7fffffff);
    KEEPS(0, 0, 3, 0x7fffffff);
    for (u32 i = 0; i < 2; i++) {
        u32 v = page_lo(e, i ? 0xa5 : 0x5a, i ? PTE_V : PTE_D | PTE_G);
        KEEPS(2, 0, v, 0x3fffffff);
        KEEPS(3, 0, v ^ 7, 0x3fffffff);
        CHECK_EQ(MFC0(2, 0), v);
    }
    KEEPS(5, 0, 0x6000, ~0u);
    KEEPS(5, 0, 0x1e000, ~0u);
    KEEPS(5, 0, 0, ~0u);
    KEEPS(6, 0, 5, 0xffff);
    if (release() < 2) {
        for (u32 i = 0; i < 100; i++) {
            u32 n = MFC0(1, 0);
            outside += n < 5 || n >= size;
        }
        CHECK_EQ(outside, 0);
    }
    KEEPS(6, 0, 0, 0xffff);
    if (has(3, CONFIG3_RXI)) {
        KEEPS(5, 1, old | 0xc0000000, ~0u);
        MTC0(5, 1, old);
    }
    CHECK_EQ(e->count, 0);
}

#define SCRATCH(n) do { \
    if (has(4, 16 + (n))) { \
        KEEPS(31, n, 0x89abcd00 + (n), ~0u); \
    } \
} while (0)

void case_vz_control(Env *e)
{
    u32 cause = MFC0(13, 0), intctl = MFC0(12, 1);
    KEEPS(12, 0, 0x5a00 | STATUS_USER | STATUS_EXL, 0x0040ff17);
    KEEPS(12, 0, 0xa500 | 4, 0x0040ff17);       /* ERL */
    KEEPS(12, 0, STATUS_BEV, 0x0040ff17);
    KEEPS(12, 0, 0, 0x0040ff17);
    KEEPS(13, 0, cause ^ (CAUSE_IV | 0x300), CAUSE_IV | 0x300);
    KEEPS(13, 0, cause, CAUSE_IV | 0x300);
    MTC0(13, 0, cause ^ (CAUSE_BD | 0x7c));     /* what exceptions write is not for software */
    CHECK_EQ(MFC0(13, 0) & (CAUSE_BD | 0x7c), cause & (CAUSE_BD | 0x7c));
    MTC0(13, 0, cause);
    CHECK_EQ(intctl >> 29, TIMER);
    if (has(3, CONFIG3_VINT)) {
        KEEPS(12, 1, intctl ^ 0x20, 0xfc0003e0);
        KEEPS(12, 1, intctl, 0xfc0003e0);
    }
    KEEPS(7, 0, 0xf, 0xf);
    KEEPS(7, 0, 0, ~0u);
    if (has(3, CONFIG3_ULRI)) {
        KEEPS(7, 0, 0x2000000f, 0x2000000f);
        KEEPS(7, 0, 0, ~0u);
        KEEPS(4, 2, 0x13572468, ~0u);
    }
    SCRATCH(2);
    SCRATCH(3);
    SCRATCH(4);
    SCRATCH(5);
    SCRATCH(6);
    SCRATCH(7);
    CHECK_EQ(e->count, 0);
}

/* The instruction that raised the last exception, and the branch before it. */
void case_vz_bad_instruction(Env *e)
{
    u32 count = e->count, zero = 0;
    TRY(e, "syscall 0x155", LIST(), LIST("r"(zero)));
    CHECK_TRAP(0x180, EXC_SYS);
    if (has(3, CONFIG3_BI)) {
        *bell(BELL_ACCESSES) = 0;               /* an exit leaves the guest's own alone */
        CHECK_EQ(MFC0(8, 1), 0x0000000c | 0x155 << 6);
    }
    TRY(e, "b 1f\n\ttne %0, %1, 0x2a\n1:", LIST(), LIST("r"(zero), "r"(e)));
    CHECK_TRAP_BD(EXC_TR);
    if (has(3, CONFIG3_BP)) {
        *bell(BELL_ACCESSES) = 0;
        CHECK_EQ(MFC0(8, 2), 0x10000001);
        CHECK_EQ(MFC0(8, 1) & 0xfc00ffff, 0x36 | 0x2a << 6);
    }
}

/* ---- Config ---- */

/* A write that turns all bits but those of may changes nothing. */
#define FIXED(sel, may) do { \
    u32 old_ = MFC0(16, sel); \
    MTC0(16, sel, old_ ^ ~(may)); \
    CHECK_EQ(MFC0(16, sel), old_); \
    MTC0(16, sel, old_); \
} while (0)

/* K0 is turned only where no cache is real. Config5: of the others some can be written. */
void case_vz_config(Env *e)
{
    u32 old = MFC0(16, 0), fixed5 = 1 | 1u << CONFIG5_MRP | 1u << CONFIG5_LLB | 1u << 28;
    FIXED(0, 7u);
    if (e->mode & MODE_SOFT_STD) {
        for (u32 k0 = 2; k0 < 4; k0++) {
            KEEPS(16, 0, (old & ~7u) | k0, ~0u);
        }
        MTC0(16, 0, old);
    }
    if (config(1)) {
        FIXED(1, 0u);
    }
    if (config(3)) {
        FIXED(3, 1u << 16);                     /* ISAOnExc */
    }
    if (config(4)) {
        FIXED(4, 0x1f00u);                      /* the FTLB's page size */
    }
    if (config(5)) {
        FIXED(5, ~fixed5);
    }
    CHECK_EQ(MFC0(16, 0), old);
    CHECK_EQ(e->count, 0);
}

/* ---- segments ---- */

/* Both mapped segments from end to end. */
void case_vz_mapped_segments(Env *e)
{
    for (u32 i = 0; i < 4; i++) {
        u32 va = i == 0 ? 0xc0000000 : i == 1 ? 0xdfffe000 : i == 2 ? 0xe0000000 : 0xffffe000;
        u32 count = e->count, v;
        volatile u32 *p = (volatile u32 *)(unsigned long)va;
        TRY(e, "lw %0, 0x10(%1)", LIST("=&r"(v)), LIST("r"(va)));
        CHECK_TRAP(0x000, EXC_TLBL);
        CHECK_EQ(e->badvaddr, va + 0x10);
        tlb_map(e, 10 + i, va, 0, page_lo(e, 2 * i, PTE_V | PTE_D), page_lo(e, 2 * i + 1, PTE_V));
        page_at(e, 2 * i)[4] = 0x5e600000 + i;
        page_at(e, 2 * i + 1)[1023] = 0x5e700000 + i;
        CHECK_EQ(p[4], 0x5e600000 + i);
        CHECK_EQ(p[2047], 0x5e700000 + i);
        p[5] = va;
        CHECK_EQ(page_at(e, 2 * i)[5], va);
        TRY(e, "sw %0, 0x1000(%0)", LIST(), LIST("r"(va)));
        CHECK_TRAP(0x180, EXC_MOD);
        CHECK_EQ(e->badvaddr, va + 0x1000);
    }
}

/* With ERL set useg is memory itself, uncached; the same address is mapped without it. */
void case_vz_useg_erl(Env *e)
{
    u32 count = e->count, v, phys = GUEST_PAGES + 0x3000;
    volatile u32 *uncached = (volatile u32 *)(unsigned long)(0xa0000000u + phys);
    volatile u32 *useg = (volatile u32 *)(unsigned long)phys;
    *uncached = 0x0e410e41;
    TRY(e, "lw %0, 0(%1)", LIST("=&r"(v)), LIST("r"(phys)));
    CHECK_TRAP(0x000, EXC_TLBL);
    MTC0(12, 0, 4);
    u32 got = *useg;
    useg[1] = 0x1e411e41;
    MTC0(12, 0, 0);
    CHECK_EQ(got, 0x0e410e41);
    CHECK_EQ(uncached[1], 0x1e411e41);
    TRY(e, "lw %0, 0(%1)", LIST("=&r"(v)), LIST("r"(phys)));
    CHECK_TRAP(0x000, EXC_TLBL);
}

/* ---- the timer across exits ---- */

static void check_count_exits(Env *e, u32 mhz)
{
    u32 t0 = usec(), first = MFC0(9, 0), t1 = usec(), last = first, back = 0;
    for (u32 i = 0; i < 500; i++) {
        *bell(BELL_ACCESSES) = 0;
        u32 now = MFC0(9, 0);
        back += (int)(now - last) < 0;
        last = now;
    }
    u32 t2 = usec();
    last = MFC0(9, 0);
    u32 t3 = usec(), least = (t2 - t1) * mhz, most = (t3 - t0 + 2) * (mhz + 1);
    CHECK_EQ(back, 0);
    CHECK(last - first >= least - least / 64);
    CHECK(last - first <= most + most / 64);
}

/* Over many exits Count neither goes back nor stands nor runs ahead. */
void case_vz_count_exits(Env *e)
{
    EACH_RATE(check_count_exits);
}

/* Compare in the midst of exits, at ever other distances: none may be lost. */
static void check_compare_exits(Env *e, u32 mhz)
{
    for (u32 i = 0; i < 50; i++) {
        u32 due = arm((20 + 3 * i) * mhz);
        for (u32 k = 0; k < 5; k++) {
            *bell(BELL_ACCESSES) = 0;
        }
        CHECK_EQ(wait_timer(), CAUSE_TI | CAUSE_IP(TIMER));
        CHECK((int)(MFC0(9, 0) - due) >= 0);
        MTC0(11, 0, due - 1);
        CHECK_EQ(MFC0(13, 0) & CAUSE_TI, 0);
    }
    for (u32 i = 0; i < 20; i++) {
        u32 due = expect_interrupt(e, (20 + 7 * i) * mhz), start = usec();
        while (!*(volatile u32 *)e->note && usec() - start < 1000000) {
        }
        check_interrupt(e, HERE, due);
    }
}

void case_vz_compare_exits(Env *e)
{
    EACH_RATE(check_compare_exits);
}
