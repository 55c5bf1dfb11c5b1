/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib.h"

u32 act(u32 action, u32 arg)
{
    *bell(BELL_ACTION_ARG) = arg;
    *bell(BELL_ACTION) = action;
    return *bell(BELL_RESULT);
}

void log_value(u32 id, u32 value)
{
    *bell(BELL_LOG_ID) = id;
    *bell(BELL_LOG) = value;
}

void report_defect(u32 defect)
{
    *bell(BELL_DEFECT) = defect;
}

int check(Env *e, u32 where, u32 got, u32 want)
{
    e->checks++;
    if (got == want) {
        return 1;
    }
    *bell(BELL_FAIL_WHERE) = where;
    *bell(BELL_FAIL_GOT) = got;
    *bell(BELL_FAIL_WANT) = want;
    return 0;
}

void check_trap(Env *e, u32 where, u32 *count, u32 vector, u32 code, u32 bd, u32 epc)
{
    if (check(e, where, e->count - *count, 1)) {
        check(e, where, e->vector, vector);
        check(e, where, e->cause >> 2 & 31, code);
        check(e, where, e->cause & CAUSE_BD, bd);
        check(e, where, e->epc, epc);
    }
    *count = e->count;
}

u32 page_lo(const Env *e, u32 n, u32 flags)
{
    return (GUEST_PAGES + (n << e->page_shift)) >> 12 << 6 | 3 << 3 | flags;
}

volatile u32 *page_at(const Env *e, u32 n)
{
    return ram(e, GUEST_PAGES + (n << e->page_shift));
}

void tlb_map(const Env *e, u32 index, u32 va, u32 asid, u32 lo0, u32 lo1)
{
    MTC0(10, 0, va | asid);
    MTC0(2, 0, lo0);
    MTC0(3, 0, lo1);
    MTC0(5, 0, ((2u << e->page_shift) - 1) & ~0x1fffu);
    MTC0(0, 0, index);
    asm volatile("tlbwi\n\tehb" : : : "memory");
    MTC0(10, 0, asid);
}

u32 mapped_segment(const Env *e)
{
    return e->mode & (MODE_KVM_TE | MODE_SOFT_TE) ? 0x60000000 : 0xc0000000;
}

void sync_code(volatile u32 *p, u32 words)
{
    for (u32 i = 0; i < words; i++) {
        asm volatile("synci 0(%0)" : : "r"(p + i) : "memory");
    }
    asm volatile("sync\n\tehb" : : : "memory");
}

u32 run_user(Env *e, u32 code, u32 arg, u32 status)
{
    volatile u32 *from = (volatile u32 *)(unsigned long)code, *to = page_at(e, USER_PAGE);
    for (u32 i = 0; i < 8; i++) {
        to[i] = from[i];
    }
    sync_code(to, 8);
    u32 flags = PTE_V | PTE_D;
    tlb_map(e, 40, USER_VA, 0, page_lo(e, USER_PAGE, flags), page_lo(e, USER_PAGE + 1, flags));
    MTC0(14, 0, USER_VA);
    MTC0(12, 0, (MFC0(12, 0) & ~0xff1fu) | status | STATUS_USER | STATUS_EXL);
    register u32 a0 asm("$4") = arg;
    register u32 v0 asm("$2") = 0;
    TRY(e, "eret", LIST("+r"(v0)), LIST("r"(a0)));
    return v0;
}

u32 usec(void)
{
    return act(ACT_HOST_USEC, 0);
}

enum {
#define CASE(function, name, modes, fatal, needs) NUMBER_##function,
#include "cases.def"
#undef CASE
};

void guest_main(u32 number, Env *e);

void guest_main(u32 number, Env *e)
{
    e->mode = *bell(BELL_MODE);
    e->page_shift = *bell(BELL_PAGE_SHIFT);
    e->extra_im = *bell(BELL_EXTRA_IM);
    switch (number) {
#define CASE(function, name, modes, fatal, needs) \
    case NUMBER_##function: \
        case_##function(e); \
        break;
#include "cases.def"
#undef CASE
    default:
        check(e, 1 << 16 | __LINE__, number, 0);
    }
    *bell(BELL_DONE) = e->checks;
}
