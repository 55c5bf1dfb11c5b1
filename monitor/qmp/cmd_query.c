/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is: machine, CPUs, memory, PCI; and what there is none of. */
#include <string.h>
#include "accel/accel.h"
#include "hw/pci/pci.h"
#include "monitor/qmp/qmp.h"
#include "monitor/tree.h"
#include "target/mips/model.h"
#include "util/error.h"

static bool target_is_64bit(const MonitorContext *c)
{
    return g_str_has_prefix(c->target, "mips64");
}

QMP(query_name)
{
    *ret = json_object();
    if (call->c->machine->name) {
        json_set_string(*ret, "name", call->c->machine->name);
    }
    return true;
}

QMP(query_uuid)
{
    *ret = json_object();
    json_set_string(*ret, "UUID", call->c->uuid ? call->c->uuid : "00000000-0000-0000-0000-000000000000");
    return true;
}

QMP(query_target)
{
    *ret = json_object();
    json_set_string(*ret, "arch", call->c->target);
    return true;
}

QMP(query_kvm)
{
    *ret = json_object();
    json_set_bool(*ret, "enabled", g_strcmp0(call->c->accel->name, "kvm") == 0);
    json_set_bool(*ret, "present", call->c->accel->kvm_present);
    return true;
}

/* ---- machines and CPUs ---- */

static Json *machine_info(const char *name)
{
    Json *info = json_object();
    json_set_string(info, "name", name);
    json_set_int(info, "cpu-max", 1);
    json_set_bool(info, "hotpluggable-cpus", false);
    json_set_bool(info, "numa-mem-supported", false);
    json_set_bool(info, "deprecated", false);
    json_set_bool(info, "acpi", false);
    return info;
}

QMP(query_machines)
{
    Json *malta = machine_info("malta"), *none = machine_info("none");
    g_autofree char *cpu = g_strdup_printf("%s-mips-cpu", mips_model_default(target_is_64bit(call->c)));
    json_set_bool(malta, "is-default", true);
    json_set_string(malta, "default-cpu-type", cpu);
    json_set_string(malta, "default-ram-id", "mips_malta.ram");
    *ret = json_array();
    json_add(*ret, none);
    json_add(*ret, malta);
    return true;
}

QMP(query_cpu_definitions)
{
    const MipsModel *model;
    *ret = json_array();
    for (unsigned i = 0; (model = mips_model_at(i)); i++) {
        if (model->is_64bit && !target_is_64bit(call->c)) {
            continue;
        }
        g_autofree char *type = g_strdup_printf("%s-mips-cpu", model->name);
        Json *info = json_object();
        json_set_string(info, "name", model->name);
        json_set_string(info, "typename", type);
        json_set_bool(info, "static", false);
        json_set_bool(info, "deprecated", false);
        json_add(*ret, info);
    }
    return true;
}

QMP(query_cpus_fast)
{
    GPtrArray *cpus = call->c->machine->cpus;
    *ret = json_array();
    for (guint i = 0; i < cpus->len; i++) {
        Cpu *cpu = g_ptr_array_index(cpus, i);
        g_autofree char *path = tree_cpu_path(cpu->index);
        Json *info = json_object();
        json_set_int(info, "cpu-index", cpu->index);
        json_set_string(info, "qom-path", path);
        json_set_int(info, "thread-id", __atomic_load_n(&cpu->thread_id, __ATOMIC_ACQUIRE));
        json_set_string(info, "target", call->c->target);
        json_add(*ret, info);
    }
    return true;
}

QMP(query_hotpluggable_cpus)
{
    return error_set(err, "machine does not support hot-plugging CPUs");
}

/* ---- memory ---- */

QMP(query_memory_size)
{
    *ret = json_object();
    json_set_uint(*ret, "base-memory", call->c->machine->ram_size);
    return true;
}

QMP(query_memdev)
{
    static const char *const copied[] = { "size", "merge", "dump", "prealloc", "share", "reserve" };
    Object *obj;
    *ret = json_array();
    for (unsigned i = 0; (obj = object_at(call->c->objects, i)); i++) {
        if (!object_is_memory(obj)) {
            continue;
        }
        Json *info = json_object();
        json_set_string(info, "id", obj->id);
        for (size_t k = 0; k < G_N_ELEMENTS(copied); k++) {
            json_set(info, copied[k], obj->type->get(obj, copied[k]));
        }
        json_set(info, "host-nodes", json_array());
        json_set_string(info, "policy", "default");
        json_add(*ret, info);
    }
    return true;
}

/* ---- PCI ---- */

static Json *pci_regions(const PciDevice *pci)
{
    Json *list = json_array();
    for (unsigned n = 0; n < PCI_BARS; n++) {
        const PciBar *bar = &pci->bar[n];
        if (!bar->mr) {
            continue;
        }
        Json *region = json_object();
        uint32_t address = pci_config_get(pci, PCI_BAR0 + 4 * n,
                                          4) & (bar->io ? ~UINT32_C(3) : ~UINT32_C(15));
        json_set_int(region, "bar", n);
        json_set_string(region, "type", bar->io ? "io" : "memory");
        json_set_int(region, "address", bar->mapped ? (int64_t)address : -1);
        json_set_uint(region, "size", mem_size(bar->mr));
        if (!bar->io) {
            json_set_bool(region, "prefetch", false);
            json_set_bool(region, "mem_type_64", false);
        }
        json_add(list, region);
    }
    return list;
}

static const char *class_name(unsigned class)
{
    static const struct { unsigned class; const char *name; } names[] = {
        { 0x0100, "SCSI controller" }, { 0x0101, "IDE controller" }, { 0x0106, "SATA controller" },
        { 0x0108, "NVMe controller" }, { 0x0200, "Ethernet controller" }, { 0x0300, "VGA controller" },
        { 0x0580, "Memory controller" }, { 0x0600, "Host bridge" }, { 0x0601, "ISA bridge" },
        { 0x0604, "PCI bridge" }, { 0x0680, "Bridge" }, { 0x0c03, "USB controller" }, { 0x0c05, "SMBus" },
        { 0x00ff, "Unclassified device" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].class == class) {
            return names[i].name;
        }
    }
    return NULL;
}

static Json *pci_info(const PciDevice *pci)
{
    Json *info = json_object(), *class_info = json_object(), *id = json_object();
    json_set_int(info, "bus", 0);
    json_set_int(info, "slot", pci->devfn >> 3);
    json_set_int(info, "function", pci->devfn & 7);
    unsigned class = pci_config_get(pci, PCI_CLASS, 2);
    json_set_int(class_info, "class", class);
    if (class_name(class)) {
        json_set_string(class_info, "desc", class_name(class));
    }
    json_set(info, "class_info", class_info);
    json_set_int(id, "device", pci_config_get(pci, PCI_DEVICE, 2));
    json_set_int(id, "vendor", pci_config_get(pci, PCI_VENDOR, 2));
    if (pci_config_get(pci, PCI_SUBVENDOR, 2)) {
        json_set_int(id, "subsystem", pci_config_get(pci, PCI_SUBDEVICE, 2));
        json_set_int(id, "subsystem-vendor", pci_config_get(pci, PCI_SUBVENDOR, 2));
    }
    json_set(info, "id", id);
    if (pci->config[PCI_INT_PIN]) {
        json_set_int(info, "irq", pci->config[PCI_INT_LINE]);
    }
    json_set_int(info, "irq_pin", pci->config[PCI_INT_PIN]);
    json_set_string(info, "qdev_id", pci->dev.id ? pci->dev.id : "");
    json_set(info, "regions", pci_regions(pci));
    return info;
}

QMP(query_pci)
{
    const Bus *base = bus_find(call->c->machine, "pci");
    *ret = json_array();
    if (!base) {
        return true;
    }
    const PciBus *bus = base->opaque;
    Json *info = json_object(), *devices = json_array();
    for (guint i = 0; i < bus->devices->len; i++) {
        json_add(devices, pci_info(g_ptr_array_index(bus->devices, i)));
    }
    json_set_int(info, "bus", 0);
    json_set(info, "devices", devices);
    json_add(*ret, info);
    return true;
}

/* ---- the rest ---- */

QMP(query_options)
{
    const char *option = json_member_text(args, "option");
    g_autoptr(Json) all = call->c->options();
    *ret = json_array();
    for (unsigned i = 0; i < json_length(all); i++) {
        const Json *info = json_at(all, i);
        if (!option || strcmp(json_member_text(info, "option"), option) == 0) {
            json_add(*ret, json_copy(info));
        }
    }
    return !option || json_length(*ret) || error_set(err, "invalid option name: %s", option);
}

/* What this program has none of, and clients ask for in any case. */
QMP(query_nothing)
{
    *ret = json_array();
    return true;
}

QMP(query_capabilities)
{
    Json *events = json_object();
    json_set_string(events, "capability", "events");
    json_set_bool(events, "state", *qmp_hub_migration_events(call->c->hub));
    *ret = json_array();
    json_add(*ret, events);
    return true;
}

QMP(set_capabilities)
{
    const Json *list = json_member(args, "capabilities");
    for (unsigned i = 0; i < json_length(list); i++) {      /* the schema lets only events through */
        *qmp_hub_migration_events(call->c->hub) = json_truth(json_member(json_at(list, i), "state"));
    }
    return true;
}

QMP(query_balloon)
{
    g_set_error(err, VALLETTA_ERROR, ERROR_DEVICE_NOT_ACTIVE, "No balloon device has been activated");
    return false;
}

#define NONE(command, type) { command, query_nothing, .ret = type, .doc = "There are none: an empty list." }

const QmpCommand qmp_query_commands[] = {
    { "balloon", query_balloon, MEMBERS({ "value", "int", NULL }),
      .doc = "Is refused: there is no balloon." },
    { "query-balloon", query_balloon, .ret = "MemoryInfo", .doc = "Is refused: there is no balloon." },
    { "migrate-set-capabilities", set_capabilities,
      MEMBERS({ "capabilities", "[MigrationCapabilityStatus]", NULL }),
      .doc = "Says what a migration will do; there is none yet, clients set events in any case." },
    NONE("query-block", "[BlockInfo]"),
    NONE("query-block-jobs", "[JobInfo]"),
    { "query-blockstats", query_nothing, MEMBERS({ "query-nodes?", "bool", NULL }), .ret = "[BlockStats]",
      .doc = "There are no disks: an empty list." },
    { "query-command-line-options", query_options, MEMBERS({ "option?", "str", "only this one" }),
      .ret = "[CommandLineOptionInfo]", .flags = QMP_PRECONFIG, .doc = "The options of the command line." },
    { "query-cpu-definitions", query_cpu_definitions, .ret = "[CpuDefinitionInfo]", .flags = QMP_PRECONFIG,
      .doc = "The CPU models." },
    { "query-cpus-fast", query_cpus_fast, .ret = "[CpuInfoFast]", .doc = "The CPUs, without stopping them." },
    { "query-hotpluggable-cpus", query_hotpluggable_cpus, .ret = "[HotpluggableCPU]",
      .doc = "Is refused: CPUs cannot be added." },
    NONE("query-iothreads", "[IOThreadInfo]"),
    NONE("query-jobs", "[JobInfo]"),
    { "query-kvm", query_kvm, .ret = "KvmInfo", .doc = "Whether KVM is there and runs the guest." },
    { "query-machines", query_machines, .ret = "[MachineInfo]", .flags = QMP_PRECONFIG,
      .doc = "The machines." },
    { "query-memdev", query_memdev, .ret = "[Memdev]", .doc = "The memory back ends." },
    { "query-memory-size-summary", query_memory_size, .ret = "MemoryInfo", .doc = "The guest's memory." },
    NONE("query-mice", "[MouseInfo]"),
    { "query-migrate-capabilities", query_capabilities, .ret = "[MigrationCapabilityStatus]",
      .doc = "What a migration would do; there is none yet." },
    { "query-name", query_name, .ret = "NameInfo", .flags = QMP_PRECONFIG | QMP_OOB, .doc = "The -name." },
    { "query-named-block-nodes", query_nothing, MEMBERS({ "flat?", "bool", NULL }),
      .ret = "[BlockDeviceInfo]",
      .doc = "There are no disks: an empty list." },
    { "query-pci", query_pci, .ret = "[PciBusInfo]", .doc = "The PCI buses and what is on them." },
    { "query-rx-filter", query_nothing, MEMBERS({ "name?", "str", NULL }), .ret = "[RxFilterInfo]",
      .doc = "There is no network: an empty list." },
    { "query-stats", query_nothing,
      MEMBERS({ "target", "StatsTarget", NULL }, { "providers?", "[StatsRequest]", NULL },
              { "vcpus?", "[str]", "with target vcpu" }),
      .ret = "[StatsResult]",
      .doc = "Nothing counts: an empty list." },
    { "query-stats-schemas", query_nothing, MEMBERS({ "provider?", "StatsProvider", NULL }),
      .ret = "[StatsSchema]",
      .doc = "Nothing counts: an empty list." },
    { "query-target", query_target, .ret = "TargetInfo", .flags = QMP_PRECONFIG,
      .doc = "Which kind of guest." },
    NONE("query-tpm", "[TPMInfo]"),
    NONE("query-tpm-models", "[str]"),
    NONE("query-tpm-types", "[str]"),
    { "query-uuid", query_uuid, .ret = "UuidInfo", .flags = QMP_PRECONFIG | QMP_OOB, .doc = "The -uuid." },
    { 0 },
};
