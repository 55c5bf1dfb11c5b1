/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Count, Compare and the timer's interrupt, line 7. */
#include "lib.h"

#define FILE_ID 6
#define TIMER 7

static u32 hz(void)
{
    return act(ACT_GET_COUNT_HZ, 0);
}

/* Lets that many microseconds of the host pass. */
static void pass(u32 us)
{
    u32 start = usec();
    while (usec() - start < us) {
    }
}

/* Checks that Count advanced by ticks, within a part of them and what the bell costs. */
static void check_ticks(Env *e, u32 where, u32 got, u32 least, u32 most)
{
    e->checks++;
    if (got < least) {
        check(e, where, got, least);
    } else if (got > most) {
        check(e, where, got, most);
    }
}

/* Count against the host's clock over a span; the readings of both bracket each other. */
static void check_rate(Env *e, u32 where, u32 rate)
{
    u32 mhz = rate / 1000000;
    u32 t0 = usec(), c0 = MFC0(9, 0), t1 = usec();
    pass(40000);
    u32 t2 = usec(), c1 = MFC0(9, 0), t3 = usec();
    u32 least = (t2 - t1) * mhz, most = (t3 - t0 + 2) * mhz;
    check_ticks(e, where, c1 - c0, least - least / 64, most + most / 64);
}

void case_timer_count(Env *e)
{
    u32 rate = hz();
    log_value(LOG_COUNT_HZ, rate);
    CHECK(rate >= 1000000 && rate <= 1000000000);
    if (e->mode & (MODE_KVM_TE | MODE_SOFT_TE)) {
        CHECK_EQ(rate, 100000000);          /* what a trap-and-emulate kernel is built for */
    }
    check_rate(e, HERE, rate);
}

void case_timer_count_write(Env *e)
{
    u32 mhz = hz() / 1000000;
    u32 t0 = usec();
    MTC0(9, 0, 0x10000000);
    u32 c = MFC0(9, 0);
    u32 t1 = usec();
    check_ticks(e, HERE, c, 0x10000000, 0x10000000 + (t1 - t0 + 2) * mhz);
    MTC0(9, 0, 0xffffff00);                 /* and over the end */
    pass(1000);
    CHECK(MFC0(9, 0) < 0x40000000);
}

void case_timer_hz(Env *e)
{
    u32 rate = hz(), t0 = usec(), before = MFC0(9, 0);
    CHECK_EQ(act(ACT_SET_COUNT_HZ, 20000000), 0);
    u32 after = MFC0(9, 0), t1 = usec();
    CHECK_EQ(hz(), 20000000);
    check_ticks(e, HERE, after - before, 0, (t1 - t0 + 2) * (rate / 1000000));
    check_rate(e, HERE, 20000000);
    CHECK_EQ(act(ACT_SET_COUNT_HZ, rate), 0);
    check_rate(e, HERE, rate);
}

void case_timer_dc(Env *e)
{
    u32 mhz = hz() / 1000000, cause = MFC0(13, 0), begin = usec(), before = MFC0(9, 0);
    MTC0(13, 0, cause | CAUSE_DC);
    CHECK_EQ(MFC0(13, 0) & CAUSE_DC, CAUSE_DC);
    u32 c0 = MFC0(9, 0);
    check_ticks(e, HERE, c0 - before, 1, (usec() - begin + 2) * mhz);
    pass(5000);
    CHECK_EQ(MFC0(9, 0), c0);
    MTC0(9, 0, 0x1000);
    CHECK_EQ(MFC0(9, 0), 0x1000);
    pass(2000);
    CHECK_EQ(MFC0(9, 0), 0x1000);
    u32 t0 = usec();
    MTC0(13, 0, cause & ~CAUSE_DC);
    u32 c1 = MFC0(9, 0), t1 = usec();
    check_ticks(e, HERE, c1, 0x1000, 0x1000 + (t1 - t0 + 2) * mhz);
    CHECK_EQ(MFC0(13, 0) & CAUSE_DC, 0);
    pass(1000);
    check_ticks(e, HERE, MFC0(9, 0) - c1, 990 * mhz, 0x7fffffff);
}

/* Sets Compare that many ticks ahead; a busy host may let Count pass it before it is written, and
 * then it is set anew. Returns it. */
static u32 arm(u32 ticks)
{
    u32 due;
    do {
        due = MFC0(9, 0) + ticks;
        MTC0(11, 0, due);
    } while ((int)(MFC0(9, 0) - due) >= 0);
    return due;
}

/* Waits for bit in Cause for at most a second. */
static u32 wait_cause(u32 bit)
{
    u32 start = usec();
    while (!(MFC0(13, 0) & bit) && usec() - start < 1000000) {
    }
    return MFC0(13, 0) & bit;
}

void case_timer_compare(Env *e)
{
    u32 rate = hz();
    arm(rate / 4);
    CHECK_EQ(MFC0(13, 0) & (CAUSE_TI | CAUSE_IP(TIMER)), 0);
    for (u32 i = 0; i < 3; i++) {
        u32 due = arm(rate / 200), cause = MFC0(13, 0);
        if ((int)(MFC0(9, 0) - due) < 0) {      /* else a busy host was too late to look */
            CHECK_EQ(cause & (CAUSE_TI | CAUSE_IP(TIMER)), 0);      /* acknowledged by the write */
        }
        CHECK(wait_cause(CAUSE_TI));
        CHECK_EQ(MFC0(13, 0) & CAUSE_IP(TIMER), CAUSE_IP(TIMER));
        CHECK((int)(MFC0(9, 0) - due) >= 0);
    }
    MTC0(11, 0, MFC0(11, 0) - 1);
    CHECK_EQ(MFC0(13, 0) & (CAUSE_TI | CAUSE_IP(TIMER)), 0);
    CHECK_EQ(e->count, 0);
}

/* note: 0 interrupts, 1 Cause at the first, 2 Count at the last, 3 how many more to arm, after how
 * many ticks (4), when the next is due (5), how late they were at least (6) and at most (7) */
HANDLER static void on_timer(Env *e)
{
    e->note[2] = MFC0(9, 0);
    u32 late = e->note[2] - e->note[5];
    e->note[6] = late < e->note[6] ? late : e->note[6];
    e->note[7] = late > e->note[7] ? late : e->note[7];
    if (e->note[0]++ == 0) {
        e->note[1] = e->cause;
    }
    if (e->note[3]) {
        e->note[3]--;
        e->note[5] = arm(e->note[4]);
    } else {
        MTC0(11, 0, e->note[2] - 1);
    }
    if (e->note[0] > 1000 || (e->cause & 0x7c)) {
        e->handler = 0;
    }
}

static void forget(Env *e)
{
    for (u32 i = 0; i < 8; i++) {
        e->note[i] = 0;
    }
}

/* Whether the timer's interrupt comes with that mask in Status. */
static u32 comes(Env *e, u32 mask, u32 us)
{
    u32 mhz = hz() / 1000000, start;
    forget(e);
    HANDLE(e, on_timer);
    arm(2000 * mhz);
    start = usec();
    MTC0(12, 0, mask | STATUS_IE);
    while (!e->note[0] && usec() - start < us) {
    }
    MTC0(12, 0, 0);
    e->handler = 0;
    return e->note[0];
}

/* Hosts of 5.8 to 5.12 gate every interrupt by IM0 instead of its own mask bit. */
void case_timer_im0(Env *e)
{
    if (comes(e, 0x8000, 1000000)) {
        CHECK_EQ(e->note[0], 1);
        return;
    }
    MTC0(11, 0, MFC0(9, 0) - 1);
    CHECK_EQ(comes(e, 0x8100, 1000000), 1);
    report_defect(DEFECT_IM0);
}

void case_timer_interrupt(Env *e)
{
    CHECK_EQ(comes(e, im(e, TIMER), 1000000), 1);
    CHECK_EQ(e->vector, 0x180);
    CHECK_EQ(e->note[1] & (CAUSE_TI | CAUSE_IP(TIMER) | 0x7c), CAUSE_TI | CAUSE_IP(TIMER));
    MTC0(13, 0, CAUSE_IV);
    CHECK_EQ(comes(e, im(e, TIMER), 1000000), 1);
    CHECK_EQ(e->vector, 0x200);
    MTC0(13, 0, 0);
    if (!e->extra_im) {                         /* masked: stays pending */
        forget(e);
        HANDLE(e, on_timer);
        arm(hz() / 500);
        MTC0(12, 0, STATUS_IE);
        CHECK(wait_cause(CAUSE_TI));
        pass(5000);
        MTC0(12, 0, 0);
        CHECK_EQ(MFC0(13, 0) & CAUSE_TI, CAUSE_TI);
        CHECK_EQ(e->note[0], 0);
        e->handler = 0;
    }
}

/* Ten ticks of 2 ms; how late they came is logged, and the promptest not later than 20 ms. */
void case_timer_latency(Env *e)
{
    u32 mhz = hz() / 1000000, start = usec();
    volatile u32 *came = e->note;
    forget(e);
    e->note[3] = 9;
    e->note[4] = 2000 * mhz;
    e->note[6] = ~0u;
    HANDLE(e, on_timer);
    e->note[5] = arm(2000 * mhz);
    MTC0(12, 0, im(e, TIMER) | STATUS_IE);
    while (*came < 10 && usec() - start < 5000000) {
    }
    MTC0(12, 0, 0);
    e->handler = 0;
    CHECK_EQ(e->note[0], 10);
    log_value(LOG_LATENCY, e->note[6] / mhz);
    log_value(LOG_LATENCY, e->note[7] / mhz);
    CHECK(e->note[6] / mhz < 20000);
}

void case_timer_wait(Env *e)
{
    u32 mhz = hz() / 1000000;
    for (u32 i = 0; i < 3; i++) {
        u32 loops = 0;
        forget(e);
        HANDLE(e, on_timer);
        u32 due = arm(10000 * mhz);
        MTC0(12, 0, im(e, TIMER) | STATUS_IE);
        while (!e->note[0] && loops < 1000) {
            asm volatile("wait" : : : "memory");
            loops++;
        }
        MTC0(12, 0, 0);
        e->handler = 0;
        CHECK_EQ(e->note[0], 1);
        CHECK((int)(e->note[2] - due) >= 0);
        CHECK(loops < 100);             /* it slept */
    }
}

/* Time that the machine stands still is not seen in Count. */
void case_timer_stopped(Env *e)
{
    u32 mhz = hz() / 1000000, t0 = usec(), c0 = MFC0(9, 0);
    act(ACT_STOP_CLOCK, 100);
    while (*bell(BELL_BUSY)) {
    }
    u32 c1 = MFC0(9, 0), t1 = usec(), gone = (c1 - c0) / mhz;
    CHECK(t1 - t0 >= 100000);
    CHECK(gone + 80000 < t1 - t0);
    check_rate(e, HERE, mhz * 1000000);
}
