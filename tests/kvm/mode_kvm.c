/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's cases in the host's KVM: a VM, anew for each case. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include "tests/kvm/bell.h"
#include "tests/kvm/kvm_guest.h"

#define TIME_LIMIT 60           /* seconds */

typedef struct {
    KvmGuest *guest;
    bool held[8];
    Bell bell;
} KvmRun;

/* ---- what the guest may ask for ---- */

static void set_line(void *opaque, unsigned line, bool level, bool hold)
{
    KvmRun *run = opaque;
    run->held[line] = level && hold;
    int e = kvm_guest_interrupt(run->guest, level ? (int)line : -(int)line);
    if (e < 0) {
        result_fail(run->bell.result, "KVM_INTERRUPT %s%u: %s", level ? "" : "-", line, g_strerror(-e));
    }
}

static void must(KvmRun *run, const char *what, int e)
{
    if (e < 0) {
        result_fail(run->bell.result, "%s: %s", what, g_strerror(-e));
    }
}

static uint32_t count_hz(void *opaque)
{
    KvmRun *run = opaque;
    uint64_t hz = 0;
    must(run, "reading COUNT_HZ", kvm_guest_get(run->guest, KVM_MIPS_COUNT_HZ, &hz));
    return (uint32_t)hz;
}

/* Count written while COUNT_CTL is 1 counts as written at COUNT_RESUME: that is what makes the
 * time between not have been. */
static void stop_clock(void *opaque, uint32_t ms)
{
    KvmRun *run = opaque;
    uint64_t count = 0;
    must(run, "COUNT_CTL = 1", kvm_guest_set(run->guest, KVM_MIPS_COUNT_CTL, 1));
    must(run, "reading Count", kvm_guest_get(run->guest, KVM_MIPS_CP0_32(9, 0), &count));
    g_usleep(ms * 1000);
    uint64_t now = (uint64_t)g_get_monotonic_time() * 1000;
    must(run, "COUNT_RESUME", kvm_guest_set(run->guest, KVM_MIPS_COUNT_RESUME, now));
    must(run, "writing Count", kvm_guest_set(run->guest, KVM_MIPS_CP0_32(9, 0), count));
    must(run, "COUNT_CTL = 0", kvm_guest_set(run->guest, KVM_MIPS_COUNT_CTL, 0));
    bell_idle(&run->bell);
}

/* Every FPR and FCSR out, other values in and out again, the first ones back. The number of
 * registers that did not keep what was written. */
static uint32_t swap_fpu(KvmRun *run)
{
    KvmGuest *g = run->guest;
    uint64_t status = 0, old[32], csr = 0, v;
    uint32_t wrong = 0;
    must(run, "reading Status", kvm_guest_get(g, KVM_MIPS_CP0_32(12, 0), &status));
    bool wide = status & 0x04000000;
    uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;
    must(run, "reading FCSR", kvm_guest_get(g, KVM_MIPS_FCR_CSR, &csr));
    for (unsigned i = 0; i < 32; i++) {
        uint64_t id = wide ? KVM_MIPS_FPR64(i) : KVM_MIPS_FPR32(i);
        must(run, "reading a register", kvm_guest_get(g, id, &old[i]));
    }
    for (unsigned i = 0; i < 32; i++) {
        uint64_t id = wide ? KVM_MIPS_FPR64(i) : KVM_MIPS_FPR32(i);
        must(run, "writing a register", kvm_guest_set(g, id, UINT64_C(0xdead0000beef0000) + i));
    }
    must(run, "writing FCSR", kvm_guest_set(g, KVM_MIPS_FCR_CSR, 0));
    for (unsigned i = 0; i < 32; i++) {
        uint64_t id = wide ? KVM_MIPS_FPR64(i) : KVM_MIPS_FPR32(i);
        v = 0;
        must(run, "reading a register back", kvm_guest_get(g, id, &v));
        wrong += v != ((UINT64_C(0xdead0000beef0000) + i) & mask);
        must(run, "restoring a register", kvm_guest_set(g, id, old[i]));
    }
    must(run, "restoring FCSR", kvm_guest_set(g, KVM_MIPS_FCR_CSR, csr));
    return wrong;
}

static int64_t act(void *opaque, uint32_t action, uint32_t arg)
{
    KvmRun *run = opaque;
    switch (action) {
    case ACT_SET_COUNT_HZ:
        must(run, "COUNT_HZ", kvm_guest_set(run->guest, KVM_MIPS_COUNT_HZ, arg));
        return 0;
    case ACT_FPU_SWAP:
        return swap_fpu(run);
    default:
        return -1;
    }
}

static void ended(void *opaque)
{
}

static const BellOps kvm_ops = {
    .set_line = set_line, .count_hz = count_hz, .act = act, .stop_clock = stop_clock, .ended = ended,
};

/* ---- exits ---- */

/* One access: the doorbell, or RAM that a trap-and-emulate guest sees through 0x8... */
static bool mmio(KvmRun *run)
{
    struct kvm_run *k = run->guest->run;
    uint64_t phys = k->mmio.phys_addr;
    unsigned len = k->mmio.len;
    if (phys >= BELL_PHYS && phys + len <= BELL_PHYS + BELL_SIZE && len >= 1 && len <= 4) {
        bell_access(&run->bell, (uint32_t)(phys - BELL_PHYS), k->mmio.data, len, k->mmio.is_write);
        return true;
    }
    if (phys + len <= GUEST_RAM && len <= 8) {
        uint8_t *p = run->guest->ram + phys;
        memcpy(k->mmio.is_write ? p : k->mmio.data, k->mmio.is_write ? k->mmio.data : p, len);
        return true;
    }
    result_fail(run->bell.result, "MMIO %s of %u bytes at 0x%" G_GINT64_MODIFIER "x, where nothing is",
                k->mmio.is_write ? "write" : "read", len, phys);
    return false;
}

static void describe(KvmRun *run)
{
    KvmMipsRegs regs;
    uint64_t cause = 0, status = 0, bad = 0, epc = 0;
    Result *r = run->bell.result;
    if (kvm_test_ioctl(run->guest->kvm, run->guest->vcpu, KVM_MIPS_GET_REGS, (uintptr_t)&regs) < 0) {
        return;
    }
    kvm_guest_get(run->guest, KVM_MIPS_CP0_32(13, 0), &cause);
    kvm_guest_get(run->guest, KVM_MIPS_CP0_32(12, 0), &status);
    kvm_guest_get(run->guest, KVM_MIPS_CP0_64(8, 0), &bad);
    kvm_guest_get(run->guest, KVM_MIPS_CP0_64(14, 0), &epc);
    result_note(r, "PC 0x%08x ra 0x%08x Status 0x%08x Cause 0x%08x EPC 0x%08x BadVAddr 0x%08x",
                (uint32_t)regs.pc, (uint32_t)regs.gpr[31], (uint32_t)status, (uint32_t)cause, (uint32_t)epc,
                (uint32_t)bad);
}

static void gave_up(KvmRun *run, const GuestCase *c)
{
    Result *r = run->bell.result;
    if (c->fatal & run->bell.mode->bit) {
        r->checks++;
        result_note(r, "the host's kernel gives up the VM, as documented");
        return;
    }
    result_fail(r, "the host's kernel gives up the VM with an internal error (its log says more)");
    describe(run);
}

/* False: the run is over. */
static bool handle_exit(KvmRun *run, const GuestCase *c)
{
    switch (run->guest->run->exit_reason) {
    case KVM_EXIT_MMIO:
        return mmio(run);
    case KVM_EXIT_IRQ_WINDOW_OPEN:      /* WAIT is over */
        return true;
    case KVM_EXIT_INTERNAL_ERROR:
        gave_up(run, c);
        return false;
    default:
        result_fail(run->bell.result, "KVM_RUN exits with reason %u", run->guest->run->exit_reason);
        describe(run);
        return false;
    }
}

static void run_guest(KvmRun *run, const GuestCase *c)
{
    gint64 deadline = g_get_monotonic_time() + TIME_LIMIT * G_USEC_PER_SEC;
    while (!run->bell.done) {
        for (int line = 2; line <= 4; line++) {
            if (run->held[line]) {
                kvm_guest_interrupt(run->guest, line);
            }
        }
        int e = kvm_guest_run(run->guest);
        if (g_get_monotonic_time() > deadline) {
            result_fail(run->bell.result, "no end within %u seconds", TIME_LIMIT);
            describe(run);
            return;
        }
        if (e < 0 && e != -EINTR) {
            result_fail(run->bell.result, "KVM_RUN: %s", g_strerror(-e));
            return;
        }
        if (e >= 0 && !handle_exit(run, c)) {
            return;
        }
    }
    if (c->fatal & run->bell.mode->bit) {
        result_note(run->bell.result, "the host's kernel does better than documented");
    }
}

static void woken(int signal_number)
{
}

/* A signal every so often gets KVM_RUN to return. */
static void interrupt_each(unsigned us)
{
    struct sigaction action = { .sa_handler = woken };
    struct itimerval each = { .it_interval.tv_usec = us, .it_value.tv_usec = us };
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &each, NULL);
}

void mode_kvm_run(const Mode *mode, unsigned number, Result *r)
{
    const GuestCase *c = &guest_cases[number];
    KvmTest *kvm = mode->kvm;
    size_t size;
    const unsigned char *code = mode_blob(mode->big_endian, &size);
    if (c->needs & NEED_FPU && kvm_test_cap(kvm, kvm->fd, KVM_MIPS_CAP_FPU) <= 0) {
        result_skip(r, "the host has no FPU for guests");
        return;
    }
    KvmRun run = {
        .guest = kvm_guest_new(kvm, r),
        .bell = {
            .mode = mode, .ops = &kvm_ops, .result = r, .extra_im = kvm->extra_im,
            .page_shift = kvm->bit == MODE_KVM_TE ? (uint32_t)__builtin_ctzl(kvm->host.page_size) : 12,
        },
    };
    if (!run.guest) {
        return;
    }
    run.bell.opaque = &run;
    memcpy(run.guest->ram + GUEST_CODE, code, size);
    if (c->needs & NEED_FPU) {
        must(&run, "enabling the FPU", kvm_guest_enable_fpu(run.guest));
    }
    must(&run, "KVM_SET_REGS", kvm_guest_enter(run.guest, GUEST_CODE, number, kvm->base));
    interrupt_each(c->needs & NEED_STORM ? 1000 : 200000);
    run_guest(&run, c);
    interrupt_each(0);
    bell_clear(&run.bell);
    kvm_guest_free(run.guest);
}

/* ---- what the host has ---- */

static bool is_mips(const KvmHost *host, char **why)
{
    if (!g_str_has_prefix(host->machine, "mips")) {
        *why = g_strdup_printf("the host is %s, not MIPS", host->machine);
        return false;
    }
    size_t size;
    if (!mode_blob(host->big_endian, &size)) {
        *why = g_strdup_printf("the program was built without a compiler for %s-endian guests",
                               host->big_endian ? "big" : "little");
        return false;
    }
    return true;
}

/* 1 is VZ on every kernel. Trap-and-emulate is 0, or 2 where 0 gives something else. */
static int create(KvmTest *kvm)
{
    static const unsigned long te_types[] = { KVM_MIPS_TYPE_0, KVM_MIPS_TYPE_TE_SINCE_5_9 };
    if (kvm->bit == MODE_KVM_VZ) {
        kvm->type = KVM_MIPS_TYPE_VZ;
        return kvm_test_vm(kvm);
    }
    int vm = -EINVAL;
    for (unsigned i = 0; i < G_N_ELEMENTS(te_types); i++) {
        kvm->type = te_types[i];
        vm = kvm_test_vm(kvm);
        if (vm >= 0 && kvm_test_cap(kvm, vm, KVM_MIPS_CAP_VZ) == 1) {
            kvm_test_close(kvm, vm);
            vm = -EINVAL;
        }
        if (vm != -EINVAL) {
            break;
        }
    }
    return vm;
}

static bool probe(KvmTest *kvm, char **why)
{
    bool vz = kvm->bit == MODE_KVM_VZ;
    kvm->fd = kvm->host.open(kvm->host.opaque);
    if (kvm->fd < 0) {
        *why = g_strdup_printf("/dev/kvm: %s", g_strerror(-kvm->fd));
        return false;
    }
    if (vz && kvm_test_cap(kvm, kvm->fd, KVM_MIPS_CAP_VZ) != 1) {
        *why = g_strdup_printf("Linux %s offers no VZ", kvm->host.release);
        return false;
    }
    int vm = create(kvm);
    if (vm < 0) {
        *why = g_strdup_printf("Linux %s offers no %s: KVM_CREATE_VM: %s", kvm->host.release,
                               vz ? "VZ" : "trap-and-emulate", g_strerror(-vm));
        return false;
    }
    bool is_vz = kvm_test_cap(kvm, vm, KVM_MIPS_CAP_VZ) == 1;
    kvm_test_close(kvm, vm);
    if (is_vz != vz) {
        *why = g_strdup_printf("Linux %s made a VM of the other type", kvm->host.release);
        return false;
    }
    return true;
}

/* Whether interrupts need Status.IM0, found out with the case that looks for it. */
static void probe_interrupts(KvmTest *kvm)
{
    g_autoptr(Result) r = result_new();
    Mode mode = { "probe", kvm->bit, kvm->host.big_endian, NULL, kvm };
    mode_kvm_run(&mode, guest_case_find("timer/im0-probe"), r);
    if (r->defects->len && !r->failures->len) {
        kvm->extra_im = 0x100;
    }
}

KvmTest *mode_kvm_open(unsigned bit, char **why)
{
    KvmTest *kvm = g_new0(KvmTest, 1);
    kvm->host = kvm_host_real();
    kvm->bit = bit;
    kvm->fd = -1;
    kvm->base = bit == MODE_KVM_TE ? 0x40000000 : 0xffffffff80000000;
    if (!is_mips(&kvm->host, why) || !probe(kvm, why)) {
        mode_kvm_close(kvm);
        return NULL;
    }
    if (bit == MODE_KVM_TE) {
        probe_interrupts(kvm);
    }
    return kvm;
}

void mode_kvm_close(KvmTest *kvm)
{
    if (kvm) {
        kvm_test_close(kvm, kvm->fd);
        g_free(kvm);
    }
}
