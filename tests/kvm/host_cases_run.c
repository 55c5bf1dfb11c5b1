/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM_RUN from outside: completion of a load, interrupts' numbers, the clock's registers. */
#include <errno.h>
#include <string.h>
#include "tests/kvm/kvm_guest.h"

#define CODE 0x2000

static const uint32_t code[] = {
    0x3c08bf00,             /* lui   t0, 0xbf00 */
    0x2402007b,             /* li    v0, 123 */
    0x8d020980,             /* lw    v0, 0x980(t0) */
    0x10000002,             /* b     . + 12 */
    0x8d030984,             /* lw    v1, 0x984(t0): in the slot */
    0x24030001,             /* li    v1, 1: not executed */
    0xad020988,             /* sw    v0, 0x988(t0) */
    0xad03098c,             /* sw    v1, 0x98c(t0) */
    0x1000ffff, 0,          /* b     . */
};

static bool get_regs(KvmGuest *g, Result *r, KvmMipsRegs *regs)
{
    return EXPECT(r, kvm_test_ioctl(g->kvm, g->vcpu, KVM_MIPS_GET_REGS, (uintptr_t)regs), 0);
}

/* Runs to an access of that device register. */
static bool run_to(KvmGuest *g, Result *r, uint64_t phys, bool write)
{
    int e;
    do {
        e = kvm_guest_run(g);
    } while (e == -EINTR);
    return EXPECT(r, e, 0) && EXPECT(r, g->run->exit_reason, KVM_EXIT_MMIO) &&
           EXPECT(r, g->run->mmio.phys_addr, phys) && EXPECT(r, g->run->mmio.is_write, write) &&
           EXPECT(r, g->run->mmio.len, 4);
}

static void complete(KvmGuest *g, Result *r)
{
    g->run->immediate_exit = 1;
    EXPECT(r, kvm_guest_run(g), -EINTR);
    g->run->immediate_exit = 0;
}

/* A load is complete only after the next KVM_RUN, for which immediate_exit is enough; a store
 * has moved on when it exits. */
static void case_completion(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    KvmMipsRegs regs;
    uint32_t answer = 0x8badf00d, second = 0x12344321, data;
    if (!g) {
        return;
    }
    memcpy(g->ram + CODE, code, sizeof(code));
    EXPECT(r, kvm_guest_enter(g, CODE, 0, 0), 0);
    if (!run_to(g, r, BELL_PHYS + 0x80, false) || !get_regs(g, r, &regs)) {
        return;
    }
    EXPECT(r, regs.gpr[2], 123);
    memcpy(g->run->mmio.data, &answer, 4);
    complete(g, r);
    get_regs(g, r, &regs);
    EXPECT(r, regs.gpr[2], kvm_test_word(kvm, (uint64_t)(int64_t)(int32_t)answer));
    EXPECT(r, regs.pc, kvm->base + CODE + 12);
    complete(g, r);                             /* once is enough, twice does no harm */
    if (!run_to(g, r, BELL_PHYS + 0x84, false)) {
        return;
    }
    memcpy(g->run->mmio.data, &second, 4);
    complete(g, r);
    get_regs(g, r, &regs);
    EXPECT(r, regs.gpr[3], second);
    EXPECT(r, regs.pc, kvm->base + CODE + 24);  /* where the branch goes */
    if (!run_to(g, r, BELL_PHYS + 0x88, true)) {
        return;
    }
    memcpy(&data, g->run->mmio.data, 4);
    EXPECT(r, data, answer);
    get_regs(g, r, &regs);
    EXPECT(r, regs.pc, kvm->base + CODE + 28);
    if (run_to(g, r, BELL_PHYS + 0x8c, true)) {
        memcpy(&data, g->run->mmio.data, 4);
        EXPECT(r, data, second);
    }
}

static void case_interrupt_numbers(KvmTest *kvm, Result *r)
{
    static const int good[] = { 2, 3, 4 }, bad[] = { 0, 1, 5, 7, 8, -1, -5, -7, -8, 100, -100, 0x7fffffff };
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    if (!g) {
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(good); i++) {
        uint64_t cause = 0;
        EXPECT(r, kvm_guest_interrupt(g, good[i]), 0);
        EXPECT(r, kvm_guest_interrupt(g, good[i]), 0);
        EXPECT(r, kvm_guest_interrupt(g, -good[i]), 0);
        EXPECT(r, kvm_guest_interrupt(g, -good[i]), 0);
        EXPECT(r, kvm_guest_get(g, KVM_MIPS_CP0_32(13, 0), &cause), 0);
        EXPECT(r, cause & 0xfc00, 0);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        if (!EXPECT(r, kvm_guest_interrupt(g, bad[i]), -EINVAL)) {
            result_note(r, "that was number %d", bad[i]);
        }
    }
    KvmMipsInterrupt by_index = { .cpu = 0, .irq = 2 };
    EXPECT(r, kvm_test_ioctl(kvm, g->vcpu, KVM_INTERRUPT, (uintptr_t)&by_index), 0);
}

static void case_clock(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    uint64_t a = 0, b = 0, resume = 0;
    if (!g) {
        return;
    }
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_COUNT_HZ, 0), -EINVAL);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_COUNT_HZ, 1000000001), -EINVAL);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_COUNT_HZ, 1000000000), 0);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_COUNT_HZ, 1000000), 0);
    EXPECT(r, kvm_guest_get(g, KVM_MIPS_COUNT_HZ, &a), 0);
    EXPECT(r, a, 1000000);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_COUNT_CTL, 2), -EINVAL);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_COUNT_CTL, 1), 0);
    EXPECT(r, kvm_guest_get(g, KVM_MIPS_COUNT_CTL, &a), 0);
    EXPECT(r, a, 1);
    EXPECT(r, kvm_guest_get(g, KVM_MIPS_CP0_32(9, 0), &a), 0);
    g_usleep(5000);
    EXPECT(r, kvm_guest_get(g, KVM_MIPS_CP0_32(9, 0), &b), 0);
    EXPECT(r, b, a);
    EXPECT(r, kvm_guest_get(g, KVM_MIPS_COUNT_RESUME, &resume), 0);
    uint64_t now = (uint64_t)g_get_monotonic_time() * 1000;
    EXPECT(r, resume <= now && now - resume < UINT64_C(5000000000), true);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_COUNT_RESUME, now + UINT64_C(1000000000000)), -EINVAL);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_COUNT_RESUME, (uint64_t)-1), -EINVAL);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_CP0_32(9, 0), 0x1000), 0);
    EXPECT(r, kvm_guest_get(g, KVM_MIPS_CP0_32(9, 0), &b), 0);
    EXPECT(r, b, 0x1000);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_COUNT_CTL, 0), 0);
    g_usleep(5000);
    EXPECT(r, kvm_guest_get(g, KVM_MIPS_CP0_32(9, 0), &b), 0);
    EXPECT(r, b - 0x1000 >= 5000, true);
}

static void case_unsupported(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    struct kvm_mp_state state = { 0 };
    if (g) {
        EXPECT(r, kvm_test_ioctl(kvm, g->vcpu, KVM_GET_MP_STATE, (uintptr_t)&state), -ENOTTY);
        EXPECT(r, kvm_test_ioctl(kvm, g->vcpu, KVM_SET_MP_STATE, (uintptr_t)&state), -ENOTTY);
        EXPECT(r, kvm_test_ioctl(kvm, g->vm, KVM_RUN, 0), -ENOTTY);
        EXPECT(r, kvm_test_ioctl(kvm, g->vcpu, KVM_RUN, 1), -EINVAL);
    }
}

const HostCase host_cases_run[] = {
    { "run/load-completion", case_completion },
    { "run/interrupt-numbers", case_interrupt_numbers },
    { "run/clock", case_clock },
    { "run/unsupported", case_unsupported },
    { 0 },
};
