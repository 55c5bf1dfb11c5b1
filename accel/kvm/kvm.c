/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "accel/kvm/kvm.h"

#include "accel/kvm/slots.h"
#include "accel/kvm/vcpu.h"
#include "util/log.h"

struct Kvm {
    KvmVm vm;
    KvmSlots *slots;
    GPtrArray *vcpus;           /* of KvmVcpu * */
    Machine *machine;
};

/* ---- what the CPU asks of its engine: little, for KVM does it ---- */

static void nothing(MipsCpu *cpu)
{
}

static void no_page(MipsCpu *cpu, uint64_t vaddr, uint64_t size, unsigned asid)
{
}

/* Code that the kernel patched is in guest memory, and KVM keeps no copy of it. */
static void no_code(MipsCpu *cpu, uint64_t paddr, uint64_t len)
{
}

/* No guest instruction runs here, so that this can only be a reset. */
static void mode_changed(MipsCpu *cpu)
{
    KvmVcpu *v = cpu->engine_data;
    v->was_reset = true;
}

static void G_GNUC_NORETURN unwind(MipsCpu *cpu)
{
    g_error("an exception of CPU %u, which KVM runs", cpu->base.index);
}

static void wake(MipsCpu *cpu)
{
    kvm_vcpu_update_lines(cpu->engine_data);
}

static const MipsEngine engine = {
    .drop_page = no_page, .drop_all = nothing, .mode_changed = mode_changed, .code_changed = no_code,
    .unwind = unwind, .wake = wake,
};

/* ---- the machine's runner ---- */

static void each_vcpu(Machine *machine, void (*func)(KvmVcpu *))
{
    Kvm *kvm = machine->runner_data;
    for (unsigned i = 0; i < kvm->vcpus->len; i++) {
        func(g_ptr_array_index(kvm->vcpus, i));
    }
}

static void ask_park(KvmVcpu *v)
{
    kvm_vcpu_park(v, true);
}

static void unpark(KvmVcpu *v)
{
    kvm_vcpu_park(v, false);
}

/* A vCPU may be waiting for the machine lock; it is let through to its parking place. */
static void kvm_pause(Machine *machine)
{
    each_vcpu(machine, ask_park);
    machine_unlock(machine);
    each_vcpu(machine, kvm_vcpu_wait_parked);
    machine_lock(machine);
}

static void kvm_resume(Machine *machine)
{
    each_vcpu(machine, unpark);
}

static void kvm_free(Kvm *kvm)
{
    for (unsigned i = 0; i < kvm->vcpus->len; i++) {
        KvmVcpu *v = g_ptr_array_index(kvm->vcpus, i);
        v->cpu->engine = NULL;
        kvm_vcpu_free(v);
    }
    g_ptr_array_free(kvm->vcpus, TRUE);
    kvm_slots_free(kvm->slots);
    kvm_vm_close(&kvm->vm);
    g_free(kvm);
}

static void map_changed(void *opaque)
{
    Kvm *kvm = opaque;
    g_autoptr(GError) err = NULL;
    if (!kvm_slots_update(kvm->slots, &err)) {
        g_printerr("valletta: %s\n", err->message);
        machine_request_error_stop(kvm->machine);
    }
}

static void kvm_stop(Machine *machine)
{
    Kvm *kvm = machine->runner_data;
    each_vcpu(machine, kvm_vcpu_stop);
    if (log_enabled(LOG_KVM)) {
        g_autoptr(GString) text = g_string_new(NULL);
        kvm_describe(machine, text);
        log_line(LOG_KVM, "KVM: %s", g_strchomp(text->str));
    }
    machine_lock(machine);
    as_remove_listener(machine->as, map_changed, kvm);
    machine_unlock(machine);
    kvm_free(kvm);
    machine->runner_data = NULL;
}

static const MachineRunner kvm_runner = {
    "kvm", .no_flash_code = true, .pause = kvm_pause, .resume = kvm_resume, .stop = kvm_stop,
};

/* ---- start ---- */

static bool make_vcpus(Kvm *kvm, bool put_prid, GError **err)
{
    for (unsigned i = 0; i < kvm->machine->cpus->len; i++) {
        MipsCpu *cpu = mips_cpu(g_ptr_array_index(kvm->machine->cpus, i));
        KvmVcpu *v = kvm_vcpu_new(&kvm->vm, kvm->slots, cpu, put_prid, err);
        if (!v) {
            return false;
        }
        cpu->engine = &engine;
        cpu->engine_data = v;
        g_ptr_array_add(kvm->vcpus, v);
    }
    return true;
}

bool kvm_start(Machine *machine, const KvmVm *vm, bool put_prid, GError **err)
{
    Kvm *kvm = g_new0(Kvm, 1);
    kvm->vm = *vm;
    kvm->machine = machine;
    kvm->vcpus = g_ptr_array_new();
    kvm->slots = kvm_slots_new(&kvm->vm, machine->as);
    if (!kvm_slots_update(kvm->slots, err) || !make_vcpus(kvm, put_prid, err)) {
        for (unsigned i = 0; i < kvm->vcpus->len; i++) {
            kvm_vcpu_stop(g_ptr_array_index(kvm->vcpus, i));
        }
        kvm_free(kvm);
        return false;
    }
    as_add_listener(machine->as, map_changed, kvm);
    machine->runner = &kvm_runner;
    machine->runner_data = kvm;
    return true;
}

void kvm_describe(Machine *machine, GString *out)
{
    const Kvm *kvm = machine->runner_data;
    for (unsigned i = 0; i < kvm->vcpus->len; i++) {
        const KvmVcpu *v = g_ptr_array_index(kvm->vcpus, i);
        const KvmExitCounts *n = &v->counts;
        g_string_append_printf(out, "CPU %u: %" G_GUINT64_FORMAT " runs; MMIO exits: %" G_GUINT64_FORMAT
                               " to devices, %" G_GUINT64_FORMAT " to RAM, %" G_GUINT64_FORMAT
                               " to nothing; %" G_GUINT64_FORMAT " ends of WAIT; %" G_GUINT64_FORMAT
                               " signals; %"
                               G_GUINT64_FORMAT " interrupts raised; FPU %s\n", v->cpu->base.index, n->runs,
                               n->mmio_device, n->mmio_ram, n->mmio_nothing, n->windows, n->signals,
                               n->interrupts, v->has_fpu ? "on" : "off");
    }
}
