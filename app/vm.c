/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "app/drives.h"
#include "app/graphics.h"
#include "app/network.h"
#include "app/options.h"
#include "app/qtest.h"
#include "app/screens.h"
#include "app/shares.h"
#include "block/block.h"
#include "chardev/chardev_set.h"
#include "config-host.h"
#include "gdbstub/gdbstub.h"
#include "hw/core/bus.h"
#include "hw/mips/boot.h"
#include "hw/mips/malta.h"
#include "monitor/monitor.h"
#include "system/fdset.h"
#include "system/objects.h"
#include "ui/display.h"
#include "ui/vnc.h"
#include "target/mips/cpu.h"
#include "util/error.h"

struct Vm {
    const Plan *plan;
    const Settings *settings;
    Machine *machine;
    ChardevSet *chardevs;
    ObjectSet *objects;
    Drives *drives;
    NetdevSet *netdevs;
    FsdevSet *fsdevs;
    GArray *nics;                   /* of MaltaNic: what the board is to have */
    MemRegion *ram;                 /* of a machine without board, or NULL */
    GPtrArray *monitors;            /* of Monitor * */
    GPtrArray *qmps;                /* of QmpMonitor * */
    MonitorContext context;
    QtestServer *qtest;             /* or NULL */
    Screens *screens;               /* NULL until the board is there */
    JsonObject *properties;
    GdbServer *gdb;                 /* NULL until it is asked for */
    AccelReport accel;
    Chardev *serial[MALTA_SERIALS];
    Chardev *printer;
    bool broken;                    /* x-exit-preconfig has failed half-way */
};

G_STATIC_ASSERT(PLAN_SERIALS == MALTA_SERIALS);

static void add_monitor(Vm *vm, Chardev *chr)
{
    if (chr) {
        g_ptr_array_add(vm->monitors, monitor_new(&vm->context, chr));
    }
}

static void add_qmp(Vm *vm, Chardev *chr, bool pretty)
{
    if (chr) {
        g_ptr_array_add(vm->qmps, qmp_monitor_new(&vm->context, chr, pretty));
    }
}

static bool make_ports(Vm *vm, GError **err)
{
    for (unsigned i = 0; i < MALTA_SERIALS; i++) {
        const char *text = vm->plan->serial[i];
        g_autofree char *id = g_strdup_printf("serial%u", i);
        if (text && !chardev_set_open(vm->chardevs, "-serial", id, text, &vm->serial[i], err)) {
            return false;
        }
    }
    const char *printer = vm->plan->parallel;
    return !printer || chardev_set_open(vm->chardevs, "-parallel", "parallel0", printer, &vm->printer, err);
}

/* The monitors that share a serial port's device: of those who share one the first to attach has
 * the keyboard, so they come after the board. */
static bool make_shared_monitors(Vm *vm, GError **err)
{
    for (unsigned i = 0; i < MALTA_SERIALS; i++) {
        if (vm->plan->serial[i] && g_str_has_prefix(vm->plan->serial[i], "mon:")) {
            g_autofree char *id = g_strdup_printf("serial%u", i);
            add_monitor(vm, chardev_set_claim(vm->chardevs, "-serial", id, "monitor", err));
        }
    }
    return true;
}

/* -monitor, -qmp and -qmp-pretty. */
static bool make_monitors(Vm *vm, GError **err)
{
    const Settings *s = vm->settings;
    Chardev *chr;
    unsigned next = 0;
    for (guint i = 0; i < s->monitors->len + (vm->plan->monitor != NULL); i++) {
        const char *text = i < s->monitors->len ? g_ptr_array_index(s->monitors, i) : vm->plan->monitor;
        g_autofree char *id = g_strdup_printf("compat_monitor%u", next++);
        if (!chardev_set_open(vm->chardevs, "-monitor", id, text, &chr, err)) {
            return false;
        }
        add_monitor(vm, chr);
    }
    for (guint i = 0; i < s->qmps->len; i++) {
        const char *text = g_ptr_array_index(s->qmps, i);
        g_autofree char *id = g_strdup_printf("compat_monitor%u", next++);
        if (!chardev_set_open(vm->chardevs, "-qmp", id, text + 1, &chr, err)) {
            return false;
        }
        add_qmp(vm, chr, *text == 'p');
    }
    return true;
}

static bool make_mon(Vm *vm, const char *text, GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new("-mon");
    bool pretty = false;
    if (!keyval_parse(kv, text, "chardev", err) || !keyval_get_bool(kv, "pretty", &pretty, err)) {
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
    bool control = g_strcmp0(mode, "control") == 0;
    if (mode && !control && strcmp(mode, "readline") != 0) {
        return error_set(err, "-mon mode=%s: must be readline or control", mode);
    }
    if (pretty && !control) {
        return error_set(err, "-mon pretty=on: goes with mode=control");
    }
    Chardev *chr = chardev_set_claim(vm->chardevs, "-mon", id, user ? user : "monitor", err);
    if (chr && control) {
        add_qmp(vm, chr, pretty);
    } else {
        add_monitor(vm, chr);
    }
    return chr != NULL;
}

/* -qtest */
static bool make_qtest(Vm *vm, GError **err)
{
    const Settings *s = vm->settings;
    Chardev *chr = NULL;
    if (!s->qtest) {
        return !s->qtest_log || error_set(err, "-qtest-log %s: goes with -qtest DEV", s->qtest_log);
    }
    if (!chardev_set_open(vm->chardevs, "-qtest", "qtest", s->qtest, &chr, err)) {
        return false;
    }
    vm->qtest = chr ? qtest_server_new(&vm->context, chr, s->qtest_log, err) : NULL;
    return vm->qtest || !chr;
}

static bool make_mons(Vm *vm, GError **err)
{
    for (guint i = 0; i < vm->settings->mons->len; i++) {
        if (!make_mon(vm, g_ptr_array_index(vm->settings->mons, i), err)) {
            return false;
        }
    }
    return make_monitors(vm, err) && make_qtest(vm, err);
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

/* What the monitor tells of the machine; strings that were not given are "". */
static JsonObject *machine_properties(const Plan *plan, const Settings *s)
{
    JsonObject *p = json_object_new();
    json_object_set_string_member(p, "accel", "tcg");
    json_object_set_string_member(p, "endian", plan->big_endian ? "big" : "little");
    json_object_set_string_member(p, "kvm-type", kvm_type_name(plan->kvm.type));
    json_object_set_member(p, "kernel", json_string_new(s->kernel));
    json_object_set_member(p, "initrd", json_string_new(s->initrd));
    json_object_set_member(p, "append", json_string_new(s->append));
    json_object_set_member(p, "dtb", json_string_new(s->dtb));
    json_object_set_member(p, "firmware", json_string_new(s->bios));
    json_object_set_member(p, "memory-backend", json_string_new(plan->memory_backend));
    json_object_set_boolean_member(p, "dump-guest-core", plan->dump_guest_core);
    json_object_set_boolean_member(p, "mem-merge", false);
    json_object_set_boolean_member(p, "graphics", false);
    json_object_set_boolean_member(p, "usb", true);
    return p;
}

/* The memory of -machine memory-backend=; true with *ram NULL when there is none. */
static bool claim_memory(Vm *vm, MemRegion **ram, GError **err)
{
    const char *id = vm->plan->memory_backend;
    *ram = NULL;
    if (!id) {
        return true;
    }
    Object *obj = object_find(vm->objects, id);
    if (!vm->plan->ram_given && obj && object_is_memory(obj)) {
        vm->machine->ram_size = object_memory_size(obj);
    }
    *ram = object_memory_claim(vm->objects, id, vm->machine->ram_size, "the machine", err);
    if (!*ram) {
        g_prefix_error(err, "-machine ");
    }
    return *ram != NULL;
}

/* -machine none: memory at address 0 if some was asked for, and nothing else. */
static bool make_none(Vm *vm, GError **err)
{
    MemRegion *ram;
    if (!claim_memory(vm, &ram, err)) {
        return false;
    }
    if (!ram && vm->machine->ram_size) {
        ram = vm->ram = mem_ram_new("ram", vm->machine->ram_size, err);
        if (!ram) {
            return false;
        }
    }
    if (ram) {
        mem_add(vm->machine->memory, 0, ram, 0);
    }
    return accel_probe(vm->machine, &vm->plan->accel, &vm->plan->kvm, &vm->accel, err);
}

static bool make_malta(Vm *vm, GError **err)
{
    const Plan *plan = vm->plan;
    MaltaConfig config = { .bios = plan->bios, .nics = (const MaltaNic *)(const void *)vm->nics->data,
                           .nic_count = vm->nics->len };
    memcpy(config.serial, vm->serial, sizeof(config.serial));
    config.printer = vm->printer;
    if (!claim_memory(vm, &config.ram, err) || !mips_cpu_new(vm->machine, plan->model, 0, err) ||
        !malta_build(vm->machine, &config, err)) {
        return false;
    }
    if (!plan->dump_guest_core) {
        madvise(malta_ram(vm->machine), vm->machine->ram_size, MADV_DONTDUMP);
    }
    return !plan->has_kernel || boot_load(vm->machine, &plan->boot, err);
}

static bool add_devices(Vm *vm, GError **err)
{
    for (guint i = 0; i < vm->settings->devices->len; i++) {
        const char *text = g_ptr_array_index(vm->settings->devices, i);
        g_autoptr(KeyVal) props = keyval_new("-device");
        if (!keyval_parse(props, text, "driver", err)) {
            return false;
        }
        if (!device_add(vm->machine, props, err)) {
            g_prefix_error(err, "-device %s: ", text);
            return false;
        }
    }
    return true;
}

/* -add-fd: from now on the descriptor belongs to its set. */
static bool add_fd(Vm *vm, const char *text, GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new("-add-fd");
    uint64_t fd = 0, set = 0;
    if (!keyval_parse(kv, text, NULL, err) || !keyval_get_number(kv, "fd", 0, INT_MAX, &fd, err) ||
        !keyval_get_number(kv, "set", 0, INT64_MAX, &set, err)) {
        return false;
    }
    bool complete = keyval_get(kv, "fd") && keyval_get(kv, "set");
    const char *opaque = keyval_get(kv, "opaque");
    if (!keyval_finish(kv, err)) {
        return false;
    }
    if (!complete) {
        return error_set(err, "-add-fd %s: needs fd=N and set=M", text);
    }
    int flags = fcntl((int)fd, F_GETFD);
    if (fd <= STDERR_FILENO || flags < 0 || (flags & FD_CLOEXEC)) {
        return error_set(err, "-add-fd fd=%d: is no descriptor that was inherited for this", (int)fd);
    }
    fcntl((int)fd, F_SETFD, FD_CLOEXEC);        /* so that it is taken once */
    fdsets_add(vm->machine->fdsets, (int64_t)set, (int)fd, opaque);
    return true;
}

/* -object, those that name network back ends and those that do not. */
static bool make_objects(Vm *vm, bool after_networks, GError **err)
{
    for (guint i = 0; i < vm->settings->objects->len; i++) {
        const char *text = g_ptr_array_index(vm->settings->objects, i);
        g_autoptr(KeyVal) props = keyval_new("-object");
        if (!keyval_parse(props, text, "qom-type", err)) {
            return false;
        }
        const char *name = keyval_get(props, "qom-type");
        const ObjectType *type = name ? object_type_find(name) : NULL;
        if ((type && type->after_networks) == after_networks && !object_set_add(vm->objects, props, err)) {
            return false;
        }
    }
    return true;
}

/* What does not need the machine: so all of it is there before x-exit-preconfig. */
static bool make_host_side(Vm *vm, GError **err)
{
    const Settings *s = vm->settings;
    for (guint i = 0; i < s->fds->len; i++) {
        if (!add_fd(vm, g_ptr_array_index(s->fds, i), err)) {
            return false;
        }
    }
    if (!make_objects(vm, false, err)) {
        return false;
    }
    for (guint i = 0; i < s->chardevs->len; i++) {
        if (!chardev_set_add(vm->chardevs, g_ptr_array_index(s->chardevs, i), err)) {
            return false;
        }
    }
    vm->drives = drives_open(vm->machine, s, !vm->plan->no_board, err);
    return vm->drives && shares_open(vm->fsdevs, s, err) && make_ports(vm, err) &&
           network_make(vm->netdevs, s, vm->plan, vm->nics, err) && make_objects(vm, true, err);
}

static bool make_board(Vm *vm, GError **err)
{
    const Plan *plan = vm->plan;
    if (plan->no_board) {
        if (vm->settings->vga && strcmp(vm->settings->vga, "none") != 0) {
            return error_set(err, "-vga %s: there is no board that a card could be on", vm->settings->vga);
        }
        return make_none(vm, err) && shares_plug(vm->machine, vm->settings, err) && add_devices(vm, err);
    }
    bool qtest = plan->accel.qtest || vm->settings->qtest;
    return make_malta(vm, err) && graphics_plug(vm->machine, vm->settings, qtest, err) &&
           drives_plug(vm->drives, vm->machine, err) && shares_plug(vm->machine, vm->settings, err) &&
           add_devices(vm, err);
}

/* Where its displays are shown. */
static bool make_screens(Vm *vm, GError **err)
{
    vm->screens = screens_new(vm->machine, &vm->plan->screens, vm->settings, err);
    return vm->screens;
}

/* -gdb and -s, and the monitor's gdbserver. */
static bool serve_gdb(Vm *vm, const char *option, const char *device, GError **err)
{
    if (!vm->gdb) {
        vm->gdb = gdb_server_new(&vm->context);
    }
    return gdb_server_listen(vm->gdb, option, device, err);
}

static bool monitor_gdbserver(void *opaque, const char *device, GString *out, GError **err)
{
    bool none = strcmp(device, "none") == 0;
    if (!serve_gdb(opaque, "gdbserver", device, err)) {
        return false;
    }
    if (none) {
        g_string_append(out, "Disabled gdbserver\n");
    } else {
        g_string_append_printf(out, "Waiting for gdb connection on device '%s'\n", device);
    }
    return true;
}

/* After the monitors, as what runs the CPUs may have something to say. */
static bool start_runner(Vm *vm, GError **err)
{
    if (!vm->plan->no_board &&
        !accel_start(vm->machine, &vm->plan->accel, &vm->plan->kvm, &vm->accel, err)) {
        return false;
    }
    json_object_set_string_member(vm->properties, "accel", vm->accel.name);
    machine_reset(vm->machine);
    return !vm->settings->gdb || serve_gdb(vm, "-gdb", vm->settings->gdb, err);
}

static bool exit_preconfig(void *opaque, GError **err)
{
    Vm *vm = opaque;
    if (vm->broken) {
        return error_set(err, "making the machine has failed before; quit is what is left");
    }
    vm->broken = !make_board(vm, err) || !make_screens(vm, err) || !start_runner(vm, err);
    if (vm->broken) {
        return false;
    }
    vm->context.preconfig = false;
    if (!vm->settings->start_stopped) {
        machine_start(vm->machine);
    }
    return true;
}

static bool make_all(Vm *vm, GError **err)
{
    if (!make_host_side(vm, err)) {
        return false;
    }
    if (vm->settings->preconfig) {
        vm->context.preconfig = true;
        return make_shared_monitors(vm, err) && make_mons(vm, err);
    }
    return make_board(vm, err) && make_screens(vm, err) && make_shared_monitors(vm, err) &&
        make_mons(vm, err) &&
        start_runner(vm, err);
}

Vm *vm_new(const Plan *plan, const Settings *s, GError **err)
{
    Vm *vm = g_new0(Vm, 1);
    vm->plan = plan;
    vm->settings = s;
    vm->machine = machine_new(NULL);
    vm->accel.name = "tcg";
    vm->monitors = g_ptr_array_new_with_free_func((GDestroyNotify)monitor_free);
    vm->qmps = g_ptr_array_new_with_free_func((GDestroyNotify)qmp_monitor_free);
    vm->machine->blocks = block_graph_new(vm->machine);
    machine_lock(vm->machine);
    set_up_machine(vm->machine, plan, s);
    vm->chardevs = chardev_set_new(vm->machine);
    vm->objects = object_set_new();
    vm->machine->objects = vm->objects;
    vm->machine->chardevs = vm->chardevs;
    object_set_use_machine(vm->objects, vm->machine);
    net_set_new(vm->machine);
    vm->machine->displays = display_set_new(vm->machine);
    vm->machine->vncs = vnc_set_new(vm->machine);
    vm->netdevs = netdev_set_new(vm->machine, vm->chardevs);
    vm->nics = network_nics_new();
    vm->machine->fsdevs = vm->fsdevs = fsdev_set_new(vm->machine);
    vm->properties = machine_properties(plan, s);
    vm->context = (MonitorContext){
        .machine = vm->machine, .chardevs = vm->chardevs, .objects = vm->objects,
        .netdevs = vm->netdevs,
        .version = VALLETTA_VERSION, .uuid = s->uuid, .target = plan->target,
        .machine_type = plan->no_board ? "none" : "malta", .cpu_model = plan->model->name,
        .properties = vm->properties, .accel = &vm->accel, .kvm = &plan->kvm,
        .exit_preconfig = exit_preconfig, .options = options_describe, .gdbserver = monitor_gdbserver,
        .app = vm,
    };
    vm->context.hub = qmp_hub_new(&vm->context);
    bool ok = make_all(vm, err);
    machine_unlock(vm->machine);
    if (ok && plan->mem_lock && mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
        ok = error_set(err, "-overcommit mem-lock=on: %s", g_strerror(errno));
    }
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
    if (!start_stopped && !vm->context.preconfig) {
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
    screens_free(vm->screens);
    vnc_set_free(vm->machine->vncs);
    vm->machine->vncs = NULL;
    machine_lock(vm->machine);
    gdb_server_end(vm->gdb);
    chardev_set_flush(vm->chardevs);
    g_ptr_array_free(vm->monitors, TRUE);
    g_ptr_array_free(vm->qmps, TRUE);
    qtest_server_free(vm->qtest);
    netdev_set_free(vm->netdevs);
    g_array_free(vm->nics, TRUE);
    machine_unlock(vm->machine);
    qmp_hub_free(vm->context.hub);
    BlockGraph *blocks = vm->machine->blocks;
    block_graph_stop(blocks);
    fsdev_set_stop(vm->fsdevs);
    DisplaySet *displays = vm->machine->displays;
    machine_free(vm->machine);
    display_set_free(displays);
    block_graph_free(blocks);
    drives_free(vm->drives);
    fsdev_set_free(vm->fsdevs);
    gdb_server_free(vm->gdb);
    chardev_set_free(vm->chardevs);
    mem_free(vm->ram);
    object_set_free(vm->objects);
    accel_report_clear(&vm->accel);
    g_clear_pointer(&vm->properties, json_object_unref);
    g_free(vm);
}
