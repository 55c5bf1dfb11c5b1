/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/vm.h"

#include <string.h>
#include <sys/mman.h>
#include "chardev/chardev_set.h"
#include "config-host.h"
#include "hw/mips/boot.h"
#include "hw/mips/malta.h"
#include "monitor/monitor.h"
#include "target/mips/cpu.h"
#include "util/error.h"

struct Vm {
    Machine *machine;
    ChardevSet *chardevs;
    GPtrArray *monitors;            /* of Monitor * */
    MonitorContext context;
    AccelReport accel;
    Chardev *serial[MALTA_SERIALS];
};

G_STATIC_ASSERT(PLAN_SERIALS == MALTA_SERIALS);

static void add_monitor(Vm *vm, Chardev *chr)
{
    if (chr) {
        g_ptr_array_add(vm->monitors, monitor_new(&vm->context, chr));
    }
}

static bool make_serials(Vm *vm, const Plan *plan, GError **err)
{
    for (unsigned i = 0; i < MALTA_SERIALS; i++) {
        g_autofree char *id = g_strdup_printf("serial%u", i);
        if (plan->serial[i] &&
            !chardev_set_open(vm->chardevs, "-serial", id, plan->serial[i], &vm->serial[i], err)) {
            return false;
        }
    }
    return true;
}

/* After the board: of those who share a mux the first to attach has the keyboard. */
static bool make_monitors(Vm *vm, const Plan *plan, const Settings *s, GError **err)
{
    Chardev *chr;
    for (unsigned i = 0; i < MALTA_SERIALS; i++) {
        if (plan->serial[i] && g_str_has_prefix(plan->serial[i], "mon:")) {
            g_autofree char *id = g_strdup_printf("serial%u", i);
            add_monitor(vm, chardev_set_claim(vm->chardevs, "-serial", id, "monitor", err));
        }
    }
    for (guint i = 0; i < s->monitors->len; i++) {
        g_autofree char *id = g_strdup_printf("compat_monitor%u", i);
        if (!chardev_set_open(vm->chardevs, "-monitor", id, g_ptr_array_index(s->monitors, i), &chr, err)) {
            return false;
        }
        add_monitor(vm, chr);
    }
    if (plan->monitor) {
        if (!chardev_set_open(vm->chardevs, "-monitor", "compat_monitor0", plan->monitor, &chr, err)) {
            return false;
        }
        add_monitor(vm, chr);
    }
    return true;
}

/* -mon [chardev=]ID[,mode=readline] */
static bool make_mons(Vm *vm, const Settings *s, GError **err)
{
    for (guint i = 0; i < s->mons->len; i++) {
        g_autoptr(KeyVal) kv = keyval_new("-mon");
        if (!keyval_parse(kv, g_ptr_array_index(s->mons, i), "chardev", err)) {
            return false;
        }
        const char *id = keyval_get(kv, "chardev"), *mode = keyval_get(kv, "mode");
        const char *user = keyval_get(kv, "id");
        if (!keyval_finish(kv, err)) {
            return false;
        }
        if (!id) {
            return error_set(err, "-mon: needs the id of a -chardev");
        }
        if (mode && strcmp(mode, "readline") != 0) {
            return error_set(err, "-mon mode=%s: not there yet; there is mode=readline", mode);
        }
        Chardev *chr = chardev_set_claim(vm->chardevs, "-mon", id, user ? user : "monitor", err);
        if (!chr) {
            return false;
        }
        add_monitor(vm, chr);
    }
    return true;
}

static void set_up_machine(Machine *machine, const Plan *plan, const Settings *s)
{
    machine->ram_size = plan->ram_size;
    machine->big_endian = plan->big_endian;
    machine->is_64bit = plan->model->is_64bit;
    machine->useg_kernel = plan->has_kernel && plan->kernel.kind == KERNEL_USEG;
    machine->name = g_strdup(plan->name);
    machine->no_reboot = s->no_reboot;
    machine->no_shutdown = s->no_shutdown;
    machine->rtc_localtime = plan->rtc_localtime;
    machine->rtc_clock = plan->rtc_clock;
    machine->rtc_offset = plan->rtc_offset;
    as_set_bus(machine->as, &machine->lock, machine->big_endian);
}

static bool make_board(Vm *vm, const Plan *plan, GError **err)
{
    MaltaConfig config = { .bios = plan->bios };
    memcpy(config.serial, vm->serial, sizeof(config.serial));
    if (!mips_cpu_new(vm->machine, plan->model, 0, err) || !malta_build(vm->machine, &config, err)) {
        return false;
    }
    if (!plan->dump_guest_core) {
        madvise(malta_ram(vm->machine), plan->ram_size, MADV_DONTDUMP);
    }
    return !plan->has_kernel || boot_load(vm->machine, &plan->boot, err);
}

static bool make_all(Vm *vm, const Plan *plan, const Settings *s, GError **err)
{
    set_up_machine(vm->machine, plan, s);
    vm->context = (MonitorContext){ vm->machine, vm->chardevs, VALLETTA_VERSION, s->uuid, &vm->accel,
                                     &plan->kvm };
    for (guint i = 0; i < s->chardevs->len; i++) {
        if (!chardev_set_add(vm->chardevs, g_ptr_array_index(s->chardevs, i), err)) {
            return false;
        }
    }
    if (!make_serials(vm, plan, err) || !make_board(vm, plan, err) || !make_monitors(vm, plan, s, err) ||
        !make_mons(vm, s, err) || !accel_start(vm->machine, &plan->accel, &plan->kvm, &vm->accel, err)) {
        return false;
    }
    machine_reset(vm->machine);
    return true;
}

Vm *vm_new(const Plan *plan, const Settings *s, GError **err)
{
    Vm *vm = g_new0(Vm, 1);
    vm->machine = machine_new(NULL);
    vm->monitors = g_ptr_array_new_with_free_func((GDestroyNotify)monitor_free);
    machine_lock(vm->machine);
    vm->chardevs = chardev_set_new(vm->machine);
    bool ok = make_all(vm, plan, s, err);
    machine_unlock(vm->machine);
    if (!ok) {
        vm_free(vm);
        return NULL;
    }
    return vm;
}

ShutdownCause vm_run(Vm *vm, bool start_stopped)
{
    Machine *machine = vm->machine;
    chardev_set_wait(vm->chardevs);
    if (machine->shutdown_cause != SHUTDOWN_NONE) {
        return machine->shutdown_cause;
    }
    if (!start_stopped) {
        machine_lock(machine);
        machine_start(machine);
        machine_unlock(machine);
    }
    return machine_run(machine);
}

void vm_end(Vm *vm)
{
    machine_request_shutdown(vm->machine, SHUTDOWN_HOST_SIGNAL);
}

void vm_free(Vm *vm)
{
    if (!vm) {
        return;
    }
    if (vm->machine->runner) {
        vm->machine->runner->stop(vm->machine);
    }
    machine_lock(vm->machine);
    chardev_set_flush(vm->chardevs);
    g_ptr_array_free(vm->monitors, TRUE);
    machine_unlock(vm->machine);
    machine_free(vm->machine);
    chardev_set_free(vm->chardevs);
    accel_report_clear(&vm->accel);
    g_free(vm);
}
