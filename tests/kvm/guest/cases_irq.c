/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupt lines 2 to 4 as the outside drives them, and the software interrupts. */
#include "lib.h"

#define FILE_ID 7

/* note: 0 interrupts, 1 Cause at the last, 2 the line, 3 at which one to lower it (0: never) */
HANDLER static void on_line(Env *e)
{
    e->note[0]++;
    e->note[1] = e->cause;
    if (e->note[0] == e->note[3]) {
        act(ACT_LOWER, e->note[2]);
    }
    if (e->note[0] >= 50) {             /* more than any case asks for: enough */
        act(ACT_LOWER, e->note[2]);
        MTC0(13, 0, 0);
    }
    if (e->cause & 0x7c) {
        e->handler = 0;
    }
}

static void expect(Env *e, u32 line, u32 lower_at)
{
    for (u32 i = 0; i < 8; i++) {
        e->note[i] = 0;
    }
    e->note[2] = line;
    e->note[3] = lower_at;
    HANDLE(e, on_line);
}

/* Lets interrupts come for us; the doorbell gives the outside its turn. */
static void stay(u32 us)
{
    u32 start = usec();
    while (usec() - start < us) {
    }
}

/* Until n interrupts came, a second at most. */
static void await(Env *e, u32 n)
{
    u32 start = usec();
    volatile u32 *came = e->note;
    while (*came < n && usec() - start < 1000000) {
    }
}

void case_irq_lines(Env *e)
{
    for (u32 line = 2; line <= 4; line++) {
        expect(e, line, 1);
        act(ACT_RAISE, line);
        CHECK_EQ(MFC0(13, 0) & 0xfc00, CAUSE_IP(line));
        CHECK_EQ(e->note[0], 0);
        MTC0(12, 0, im(e, line) | STATUS_IE);
        await(e, 1);
        MTC0(12, 0, 0);
        CHECK_EQ(e->note[0], 1);
        CHECK_EQ(e->note[1] & 0xfc7c, CAUSE_IP(line));
        CHECK_EQ(e->vector, 0x180);
        CHECK_EQ(MFC0(13, 0) & 0xfc00, 0);
        MTC0(12, 0, im(e, line) | STATUS_IE);
        stay(2000);
        MTC0(12, 0, 0);
        CHECK_EQ(e->note[0], 1);
    }
}

/* A line that is masked waits, and may be taken back. */
void case_irq_masked(Env *e)
{
    expect(e, 3, 1);
    if (e->extra_im) {                  /* on such hosts IM0 alone decides */
        report_defect(DEFECT_IM0);
        return;
    }
    act(ACT_RAISE, 3);
    MTC0(12, 0, 0x8400 | 0x1000 | STATUS_IE);
    stay(2000);
    CHECK_EQ(e->note[0], 0);
    CHECK_EQ(MFC0(13, 0) & 0xfc00, CAUSE_IP(3));
    MTC0(12, 0, 0x0800);                /* unmasked, but IE off */
    stay(2000);
    CHECK_EQ(e->note[0], 0);
    MTC0(12, 0, 0x0800 | STATUS_IE);
    await(e, 1);
    CHECK_EQ(e->note[0], 1);
    MTC0(12, 0, 0);
    expect(e, 2, 1);
    act(ACT_RAISE, 2);
    act(ACT_LOWER, 2);
    CHECK_EQ(MFC0(13, 0) & 0xfc00, 0);
    MTC0(12, 0, 0x0400 | STATUS_IE);
    stay(2000);
    MTC0(12, 0, 0);
    CHECK_EQ(e->note[0], 0);
}

void case_irq_iv(Env *e)
{
    MTC0(13, 0, CAUSE_IV);
    expect(e, 2, 1);
    act(ACT_RAISE, 2);
    MTC0(12, 0, im(e, 2) | STATUS_IE);
    await(e, 1);
    MTC0(12, 0, 0);
    CHECK_EQ(e->note[0], 1);
    CHECK_EQ(e->vector, 0x200);
    MTC0(13, 0, 0);
}

/* Held as a device holds it: again and again until the device lets go. */
void case_irq_level(Env *e)
{
    expect(e, 2, 5);
    act(ACT_HOLD, 2);
    MTC0(12, 0, im(e, 2) | STATUS_IE);
    await(e, 5);
    stay(2000);
    MTC0(12, 0, 0);
    CHECK_EQ(e->note[0], 5);
    CHECK_EQ(MFC0(13, 0) & 0xfc00, 0);
}

/* Raised once and not lowered: a trap-and-emulate host delivers it once, a real line again
 * and again. */
void case_irq_edge(Env *e)
{
    expect(e, 4, 0);
    act(ACT_RAISE, 4);
    MTC0(12, 0, im(e, 4) | STATUS_IE);
    await(e, e->mode & MODE_KVM_TE ? 1 : 50);
    stay(2000);
    MTC0(12, 0, 0);
    CHECK_EQ(e->note[0], e->mode & MODE_KVM_TE ? 1 : 50);
    if (e->mode & MODE_KVM_TE) {
        CHECK_EQ(MFC0(13, 0) & 0xfc00, CAUSE_IP(4));
    }
    act(ACT_LOWER, 4);
    CHECK_EQ(MFC0(13, 0) & 0xfc00, 0);
}

/* From another thread while the CPU sleeps. */
void case_irq_wait(Env *e)
{
    for (u32 line = 2; line <= 4; line++) {
        u32 loops = 0, start = usec();
        expect(e, line, 1);
        act(ACT_RAISE_AFTER, line | 20 << 8);
        MTC0(12, 0, im(e, line) | STATUS_IE);
        volatile u32 *came = e->note;
        while (!*came && loops < 1000) {
            asm volatile("wait" : : : "memory");
            loops++;
        }
        MTC0(12, 0, 0);
        CHECK_EQ(e->note[0], 1);
        CHECK(loops < 100);
        CHECK(usec() - start >= 20000);
        while (*bell(BELL_BUSY)) {
        }
    }
}

HANDLER static void leave_user(Env *e)
{
    e->note[0]++;
    e->note[1] = e->cause;
    e->note[4] = e->status;
    e->note[5] = e->epc;
    act(ACT_LOWER, e->note[2]);
    e->handler = 0;
    e->epc = e->resume;
    MTC0(12, 0, STATUS_EXL);
}

/* An interrupt takes the CPU out of user mode, and nothing else does. */
void case_irq_user(Env *e)
{
    expect(e, 2, 0);
    HANDLE(e, leave_user);
    act(ACT_RAISE_AFTER, 2 | 20 << 8);
    run_user(e, BLOB_ADDRESS(e, user_spin), 0, im(e, 2) | STATUS_IE);
    CHECK_EQ(e->note[0], 1);
    CHECK_EQ(e->note[1] & 0xfc7c, CAUSE_IP(2));
    CHECK_EQ(e->note[4] & (STATUS_USER | STATUS_EXL), STATUS_USER | STATUS_EXL);
    CHECK_EQ(e->note[5] & ~7u, USER_VA);
    MTC0(12, 0, 0);
    while (*bell(BELL_BUSY)) {
    }
}

HANDLER static void on_software(Env *e)
{
    e->note[0]++;
    e->note[1] = e->cause;
    MTC0(13, 0, 0);
}

void case_irq_software(Env *e)
{
    for (u32 line = 0; line < 2; line++) {
        expect(e, line, 0);
        HANDLE(e, on_software);
        MTC0(12, 0, CAUSE_IP(line) | STATUS_IE);
        MTC0(13, 0, CAUSE_IP(line));
        await(e, 1);
        MTC0(12, 0, 0);
        CHECK_EQ(e->note[0], 1);
        CHECK_EQ(e->note[1] & 0x37c, CAUSE_IP(line));
    }
}
