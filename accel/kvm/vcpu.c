/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU's thread. It leaves KVM_RUN for a signal that is blocked everywhere else, so that
 * none is lost between looking for requests and entering; immediate_exit does the same on
 * kernels that have it, and ends a run that only completes a load.
 */
#include "accel/kvm/vcpu.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "accel/kvm/abi.h"
#include "util/error.h"
#include "util/log.h"

#define KICK_SIGNAL SIGUSR1
#define MIPS_SIGSET_BYTES 16        /* the kernel takes no other length */
#define LINES (7u << 10)            /* Cause.IP4..2; the kernel owns IP7, the rest cannot be told */

/* ---- interrupt lines ---- */

static int tell_line(const KvmVcpu *v, unsigned n, bool level)
{
    KvmMipsInterrupt irq = { KVM_MIPS_THIS_CPU, level ? (int32_t)n : -(int32_t)n };
    return kvm_vm_ioctl(v->vm, v->fd, KVM_INTERRUPT, (uintptr_t)&irq);
}

static void tell_lines(KvmVcpu *v, uint32_t which, uint32_t levels)
{
    for (unsigned n = 2; n <= 4; n++) {
        if (which & 0x100u << n) {
            tell_line(v, n, levels & 0x100u << n);
            v->counts.interrupts += levels >> (8 + n) & 1;
        }
    }
}

void kvm_vcpu_update_lines(KvmVcpu *v)
{
    uint32_t now = __atomic_load_n(&v->cpu->irq_lines, __ATOMIC_ACQUIRE) & LINES;
    uint32_t before = __atomic_exchange_n(&v->lines, now, __ATOMIC_ACQ_REL);
    tell_lines(v, now ^ before, now);
}

/* Trap-and-emulate delivers a raised line once; one that is still up is raised again. */
static void assert_again(KvmVcpu *v)
{
    if (v->vm->type == KVM_TYPE_TE && __atomic_load_n(&v->lines, __ATOMIC_ACQUIRE)) {
        machine_lock(v->cpu->base.machine);
        uint32_t lines = __atomic_load_n(&v->lines, __ATOMIC_ACQUIRE);
        tell_lines(v, lines, lines);
        machine_unlock(v->cpu->base.machine);
    }
}

/* ---- running ---- */

static void drain_kicks(void)
{
    const struct timespec at_once = { 0 };
    sigset_t kick;
    sigemptyset(&kick);
    sigaddset(&kick, KICK_SIGNAL);
    while (sigtimedwait(&kick, NULL, &at_once) == KICK_SIGNAL) {
    }
}

/* A load's register and PC are written on the next run; this one goes no further. */
static void complete_load(KvmVcpu *v)
{
    v->run->immediate_exit = 1;
    pthread_kill(pthread_self(), KICK_SIGNAL);
    kvm_vm_ioctl(v->vm, v->fd, KVM_RUN, 0);
    drain_kicks();
    v->run->immediate_exit = 0;
}

static void report(KvmVcpu *v, const char *why)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) err = NULL;
    Cpu *cpu = &v->cpu->base;
    uint64_t paddr, insn;
    if (!kvm_regs_get(v, &err)) {
        g_printerr("valletta: %s\nvalletta: nor can its registers be read: %s\n", why,
                   err->message);
        return;
    }
    cpu->ops->describe(cpu, text);
    if (cpu->ops->translate(cpu, v->cpu->pc, &paddr) && as_span(cpu->machine->as, paddr).host &&
        as_read(cpu->machine->as, paddr, 4, v->cpu->big_endian, &insn) == MEM_OK) {
        g_string_append_printf(text, "instruction at pc: %08x\n", (uint32_t)insn);
    }
    g_printerr("valletta: %s\n%svalletta: the machine is stopped; system_reset and cont in the monitor start "
               "it anew\n", why, text->str);
}

/* The guest cannot go on: the machine stops, and its registers are what they were. */
static void give_up(KvmVcpu *v, const char *why)
{
    report(v, why);
    g_mutex_lock(&v->lock);
    v->park = true;
    g_mutex_unlock(&v->lock);
    machine_request_error_stop(v->cpu->base.machine);
}

static void run_once(KvmVcpu *v)
{
    g_autofree char *why = NULL;
    assert_again(v);
    v->counts.runs++;
    int r = kvm_vm_ioctl(v->vm, v->fd, KVM_RUN, 0);
    if (r == -EINTR || r == -EAGAIN) {
        v->counts.signals++;
        drain_kicks();
        return;
    }
    if (r < 0) {
        why = g_strdup_printf("KVM_RUN: %s", g_strerror(-r));
    } else if (kvm_vcpu_handle_exit(v, &why)) {
        return;
    }
    give_up(v, why);
}

/* ---- requests ---- */

static void copy_out(KvmVcpu *v)
{
    g_autoptr(GError) err = NULL;
    if (v->entered) {
        complete_load(v);
        if (!kvm_regs_get(v, &err)) {
            g_printerr("valletta: the guest's registers are unknown: %s\n", err->message);
        }
    }
}

static void copy_in(KvmVcpu *v)
{
    g_autoptr(GError) err = NULL;
    v->entered = true;
    if (!kvm_regs_put(v, &err)) {
        g_printerr("valletta: the guest's registers could not be set: %s\n", err->message);
    }
}

/* Stands as long as that is asked. False: the thread is to end. */
static bool handle_requests(KvmVcpu *v)
{
    g_mutex_lock(&v->lock);
    v->run->immediate_exit = 0;
    if (v->park && !v->quit) {
        g_mutex_unlock(&v->lock);
        copy_out(v);
        g_mutex_lock(&v->lock);
        v->parked = true;
        g_cond_broadcast(&v->changed);
        while (v->park && !v->quit) {
            g_cond_wait(&v->changed, &v->lock);
        }
        v->parked = false;
        if (!v->quit) {
            copy_in(v);
        }
        v->run->immediate_exit = 0;
    }
    bool go_on = !v->quit;
    v->parked = !go_on;
    g_cond_broadcast(&v->changed);
    g_mutex_unlock(&v->lock);
    return go_on;
}

static void block_kicks(void)
{
    sigset_t kick;
    sigemptyset(&kick);
    sigaddset(&kick, KICK_SIGNAL);
    pthread_sigmask(SIG_BLOCK, &kick, NULL);
}

static gpointer vcpu_thread(gpointer opaque)
{
    KvmVcpu *v = opaque;
    block_kicks();
    v->thread_id = pthread_self();
    __atomic_store_n(&v->cpu->base.thread_id, gettid(), __ATOMIC_RELEASE);
    while (handle_requests(v)) {
        while (!__atomic_load_n(&v->park, __ATOMIC_ACQUIRE) && !__atomic_load_n(&v->quit, __ATOMIC_ACQUIRE)) {
            run_once(v);
        }
    }
    return NULL;
}

/* ---- from other threads ---- */

static void ask(KvmVcpu *v, bool *request, bool value)
{
    g_mutex_lock(&v->lock);
    __atomic_store_n(request, value, __ATOMIC_RELEASE);
    v->run->immediate_exit = 1;
    pthread_kill(v->thread_id, KICK_SIGNAL);
    g_cond_broadcast(&v->changed);
    g_mutex_unlock(&v->lock);
}

void kvm_vcpu_park(KvmVcpu *v, bool park)
{
    ask(v, &v->park, park);
}

void kvm_vcpu_wait_parked(KvmVcpu *v)
{
    g_mutex_lock(&v->lock);
    while (!v->parked) {
        g_cond_wait(&v->changed, &v->lock);
    }
    g_mutex_unlock(&v->lock);
}

void kvm_vcpu_stop(KvmVcpu *v)
{
    ask(v, &v->quit, true);
    g_thread_join(v->thread);
}

/* ---- life ---- */

/* While the guest runs the kick is heard; the kernel puts the mask back before it returns. */
static bool set_signal_mask(KvmVcpu *v, GError **err)
{
    union {
        struct kvm_signal_mask head;
        uint8_t bytes[sizeof(struct kvm_signal_mask) + sizeof(sigset_t)];
    } arg = { .head.len = MIN(MIPS_SIGSET_BYTES, sizeof(sigset_t)) };
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    sigdelset(&mask, KICK_SIGNAL);
    memcpy(arg.head.sigset, &mask, arg.head.len);
    int r = kvm_vm_ioctl(v->vm, v->fd, KVM_SET_SIGNAL_MASK, (uintptr_t)&arg);
    return r >= 0 || error_set(err, "KVM_SET_SIGNAL_MASK: %s", g_strerror(-r));
}

static bool create(KvmVcpu *v, GError **err)
{
    v->fd = kvm_vm_ioctl(v->vm, v->vm->fd, KVM_CREATE_VCPU, v->cpu->base.index);
    if (v->fd == -ENOMEM) {
        return error_set(err, "KVM_CREATE_VCPU: no memory for its exception page (below 512 MiB on some "
                         "hosts)");
    }
    if (v->fd < 0) {
        return error_set(err, "KVM_CREATE_VCPU: %s", g_strerror(-v->fd));
    }
    v->run = v->vm->host.map(v->vm->host.opaque, v->fd, v->vm->run_size);
    if (!v->run) {
        return error_set(err, "the vCPU's shared page cannot be mapped: %s", g_strerror(errno));
    }
    return set_signal_mask(v, err) && kvm_regs_init(v, err);
}

KvmVcpu *kvm_vcpu_new(const KvmVm *vm, KvmSlots *slots, MipsCpu *cpu, bool put_prid, GError **err)
{
    KvmVcpu *v = g_new0(KvmVcpu, 1);
    *v = (KvmVcpu){ .vm = vm, .slots = slots, .cpu = cpu, .fd = -1, .put_prid = put_prid, .park = true };
    g_mutex_init(&v->lock);
    g_cond_init(&v->changed);
    if (!create(v, err)) {
        kvm_vcpu_free(v);
        return NULL;
    }
    g_autofree char *name = g_strdup_printf("CPU %u/KVM", cpu->base.index);
    v->thread = g_thread_new(name, vcpu_thread, v);
    kvm_vcpu_wait_parked(v);
    return v;
}

void kvm_vcpu_free(KvmVcpu *v)
{
    if (v->run) {
        v->vm->host.unmap(v->vm->host.opaque, v->run, v->vm->run_size);
    }
    if (v->fd >= 0) {
        v->vm->host.close(v->vm->host.opaque, v->fd);
    }
    g_mutex_clear(&v->lock);
    g_cond_clear(&v->changed);
    g_free(v);
}
