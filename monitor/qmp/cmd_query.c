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
    JsonObject *info = qmp_return_object(ret);
    if (call->c->machine->name) {
        json_object_set_string_member(info, "name", call->c->machine->name);
    }
    return true;
}

QMP(query_uuid)
{
    JsonObject *info = qmp_return_object(ret);
    json_object_set_string_member(info, "UUID",
                                  call->c->uuid ? call->c->uuid : "00000000-0000-0000-0000-000000000000");
    return true;
}

QMP(query_target)
{
    JsonObject *info = qmp_return_object(ret);
    json_object_set_string_member(info, "arch", call->c->target);
    return true;
}

QMP(query_kvm)
{
    JsonObject *info = qmp_return_object(ret);
    json_object_set_boolean_member(info, "enabled", g_strcmp0(call->c->accel->name, "kvm") == 0);
    json_object_set_boolean_member(info, "present", call->c->accel->kvm_present);
    return true;
}

/* ---- machines and CPUs ---- */

static JsonObject *machine_info(const char *name)
{
    JsonObject *info = json_object_new();
    json_object_set_string_member(info, "name", name);
    json_object_set_int_member(info, "cpu-max", 1);
    json_object_set_boolean_member(info, "hotpluggable-cpus", false);
    json_object_set_boolean_member(info, "numa-mem-supported", false);
    json_object_set_boolean_member(info, "deprecated", false);
    json_object_set_boolean_member(info, "acpi", false);
    return info;
}

QMP(query_machines)
{
    JsonObject *malta = machine_info("malta"), *none = machine_info("none");
    g_autofree char *cpu = g_strdup_printf("%s-mips-cpu", mips_model_default(target_is_64bit(call->c)));
    json_object_set_boolean_member(malta, "is-default", true);
    json_object_set_string_member(malta, "default-cpu-type", cpu);
    json_object_set_string_member(malta, "default-ram-id", "mips_malta.ram");
    JsonArray *list = qmp_return_array(ret);
    json_array_add_object_element(list, none);
    json_array_add_object_element(list, malta);
    return true;
}

QMP(query_cpu_definitions)
{
    const MipsModel *model;
    JsonArray *list = qmp_return_array(ret);
    for (unsigned i = 0; (model = mips_model_at(i)); i++) {
        if (model->is_64bit && !target_is_64bit(call->c)) {
            continue;
        }
        g_autofree char *type = g_strdup_printf("%s-mips-cpu", model->name);
        JsonObject *info = json_object_new();
        json_object_set_string_member(info, "name", model->name);
        json_object_set_string_member(info, "typename", type);
        json_object_set_boolean_member(info, "static", false);
        json_object_set_boolean_member(info, "deprecated", false);
        json_array_add_object_element(list, info);
    }
    return true;
}

QMP(query_cpus_fast)
{
    GPtrArray *cpus = call->c->machine->cpus;
    JsonArray *list = qmp_return_array(ret);
    for (guint i = 0; i < cpus->len; i++) {
        Cpu *cpu = g_ptr_array_index(cpus, i);
        g_autofree char *path = tree_cpu_path(cpu->index);
        JsonObject *info = json_object_new();
        json_object_set_int_member(info, "cpu-index", cpu->index);
        json_object_set_string_member(info, "qom-path", path);
        json_object_set_int_member(info, "thread-id", __atomic_load_n(&cpu->thread_id, __ATOMIC_ACQUIRE));
        json_object_set_string_member(info, "target", call->c->target);
        json_array_add_object_element(list, info);
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
    JsonObject *info = qmp_return_object(ret);
    json_object_set_member(info, "base-memory", json_number_new(call->c->machine->ram_size));
    return true;
}

QMP(query_memdev)
{
    static const char *const copied[] = { "size", "merge", "dump", "prealloc", "share", "reserve" };
    Object *obj;
    JsonArray *list = qmp_return_array(ret);
    for (unsigned i = 0; (obj = object_at(call->c->objects, i)); i++) {
        if (!object_is_memory(obj)) {
            continue;
        }
        JsonObject *info = json_object_new();
        json_object_set_string_member(info, "id", obj->id);
        for (size_t k = 0; k < G_N_ELEMENTS(copied); k++) {
            json_object_set_member(info, copied[k], obj->type->get(obj, copied[k]));
        }
        json_object_set_array_member(info, "host-nodes", json_array_new());
        json_object_set_string_member(info, "policy", "default");
        json_array_add_object_element(list, info);
    }
    return true;
}

/* ---- PCI ---- */

static JsonArray *pci_regions(const PciDevice *pci)
{
    JsonArray *list = json_array_new();
    for (unsigned n = 0; n < PCI_BARS; n++) {
        const PciBar *bar = &pci->bar[n];
        if (!bar->mr) {
            continue;
        }
        JsonObject *region = json_object_new();
        uint32_t value = pci_config_get(pci, PCI_BAR0 + 4 * n, 4);
        uint32_t address = value & (bar->io ? ~UINT32_C(3) : ~UINT32_C(15));
        json_object_set_int_member(region, "bar", n);
        json_object_set_string_member(region, "type", bar->io ? "io" : "memory");
        json_object_set_int_member(region, "address", bar->mapped ? (int64_t)address : -1);
        json_object_set_member(region, "size", json_number_new(mem_size(bar->mr)));
        if (!bar->io) {
            json_object_set_boolean_member(region, "prefetch", value & PCI_BAR_PREFETCH);
            json_object_set_boolean_member(region, "mem_type_64", false);
        }
        json_array_add_object_element(list, region);
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

static JsonObject *pci_info(const PciDevice *pci)
{
    JsonObject *info = json_object_new(), *class_info = json_object_new(), *id = json_object_new();
    json_object_set_int_member(info, "bus", 0);
    json_object_set_int_member(info, "slot", pci->devfn >> 3);
    json_object_set_int_member(info, "function", pci->devfn & 7);
    unsigned class = pci_config_get(pci, PCI_CLASS, 2);
    json_object_set_int_member(class_info, "class", class);
    if (class_name(class)) {
        json_object_set_string_member(class_info, "desc", class_name(class));
    }
    json_object_set_object_member(info, "class_info", class_info);
    json_object_set_int_member(id, "device", pci_config_get(pci, PCI_DEVICE, 2));
    json_object_set_int_member(id, "vendor", pci_config_get(pci, PCI_VENDOR, 2));
    if (pci_config_get(pci, PCI_SUBVENDOR, 2)) {
        json_object_set_int_member(id, "subsystem", pci_config_get(pci, PCI_SUBDEVICE, 2));
        json_object_set_int_member(id, "subsystem-vendor", pci_config_get(pci, PCI_SUBVENDOR, 2));
    }
    json_object_set_object_member(info, "id", id);
    if (pci->config[PCI_INT_PIN]) {
        json_object_set_int_member(info, "irq", pci->config[PCI_INT_LINE]);
    }
    json_object_set_int_member(info, "irq_pin", pci->config[PCI_INT_PIN]);
    json_object_set_string_member(info, "qdev_id", pci->dev.id ? pci->dev.id : "");
    json_object_set_array_member(info, "regions", pci_regions(pci));
    return info;
}

QMP(query_pci)
{
    const Bus *base = bus_find(call->c->machine, "pci");
    JsonArray *list = qmp_return_array(ret);
    if (!base) {
        return true;
    }
    const PciBus *bus = base->opaque;
    JsonObject *info = json_object_new();
    JsonArray *devices = json_array_new();
    for (guint i = 0; i < bus->devices->len; i++) {
        json_array_add_object_element(devices, pci_info(g_ptr_array_index(bus->devices, i)));
    }
    json_object_set_int_member(info, "bus", 0);
    json_object_set_array_member(info, "devices", devices);
    json_array_add_object_element(list, info);
    return true;
}

/* ---- the rest ---- */

QMP(query_options)
{
    const char *option = qmp_text(args, "option");
    g_autoptr(JsonArray) all = call->c->options();
    JsonArray *list = qmp_return_array(ret);
    for (guint i = 0; i < json_array_get_length(all); i++) {
        JsonObject *info = json_array_get_object_element(all, i);
        if (!option || strcmp(qmp_text(info, "option"), option) == 0) {
            json_array_add_object_element(list, json_object_ref(info));
        }
    }
    return !option || json_array_get_length(list) || error_set(err, "invalid option name: %s", option);
}

/* What this program has none of, and clients ask for in any case. */
QMP(query_nothing)
{
    qmp_return_array(ret);
    return true;
}

QMP(query_capabilities)
{
    JsonObject *events = json_object_new();
    json_object_set_string_member(events, "capability", "events");
    json_object_set_boolean_member(events, "state", *qmp_hub_migration_events(call->c->hub));
    JsonArray *list = qmp_return_array(ret);
    json_array_add_object_element(list, events);
    return true;
}

QMP(set_capabilities)
{
    JsonArray *list = json_object_get_array_member(args, "capabilities");
    for (guint i = 0; i < json_array_get_length(list); i++) {       /* the schema lets only events through */
        *qmp_hub_migration_events(call->c->hub) = qmp_bool(json_array_get_object_element(list, i), "state");
    }
    return true;
}

static const Balloon *the_balloon(QmpCall *call, GError **err)
{
    const Balloon *b = call->c->machine->balloon;
    if (!b) {
        g_set_error(err, VALLETTA_ERROR, ERROR_DEVICE_NOT_ACTIVE, "No balloon device has been activated");
    }
    return b;
}

QMP(query_balloon)
{
    const Balloon *b = the_balloon(call, err);
    if (b) {
        json_object_set_int_member(qmp_return_object(ret), "actual", (gint64)b->bytes(b->opaque));
    }
    return b != NULL;
}

QMP(balloon)
{
    const Balloon *b = the_balloon(call, err);
    gint64 bytes = json_object_get_int_member(args, "value");
    if (!b) {
        return false;
    }
    if (bytes <= 0) {
        return error_set(err, "Parameter 'value' expects a size");
    }
    b->ask(b->opaque, (uint64_t)bytes);
    return true;
}

#define NONE(command, type) { command, query_nothing, .ret = type, .doc = "There are none: an empty list." }

const QmpCommand qmp_query_commands[] = {
    { "balloon", balloon, MEMBERS({ "value", "int", "bytes that the guest should have" }),
      .doc = "Asks the guest to put memory into its balloon, or to take some out." },
    { "query-balloon", query_balloon, .ret = "BalloonInfo",
      .doc = "What the balloon has left to the guest." },
    { "migrate-set-capabilities", set_capabilities,
      MEMBERS({ "capabilities", "[MigrationCapabilityStatus]", NULL }),
      .doc = "Says what a migration will do; there is none yet, clients set events in any case." },
    { "query-command-line-options", query_options, MEMBERS({ "option?", "str", "only this one" }),
      .ret = "[CommandLineOptionInfo]", .flags = QMP_PRECONFIG, .doc = "The options of the command line." },
    { "query-cpu-definitions", query_cpu_definitions, .ret = "[CpuDefinitionInfo]", .flags = QMP_PRECONFIG,
      .doc = "The CPU models." },
    { "query-cpus-fast", query_cpus_fast, .ret = "[CpuInfoFast]", .doc = "The CPUs, without stopping them." },
    { "query-hotpluggable-cpus", query_hotpluggable_cpus, .ret = "[HotpluggableCPU]",
      .doc = "Is refused: CPUs cannot be added." },
    NONE("query-iothreads", "[IOThreadInfo]"),
    { "query-kvm", query_kvm, .ret = "KvmInfo", .doc = "Whether KVM is there and runs the guest." },
    { "query-machines", query_machines, .ret = "[MachineInfo]", .flags = QMP_PRECONFIG,
      .doc = "The machines." },
    { "query-memdev", query_memdev, .ret = "[Memdev]", .doc = "The memory back ends." },
    { "query-memory-size-summary", query_memory_size, .ret = "MemoryInfo", .doc = "The guest's memory." },
    { "query-migrate-capabilities", query_capabilities, .ret = "[MigrationCapabilityStatus]",
      .doc = "What a migration would do; there is none yet." },
    { "query-name", query_name, .ret = "NameInfo", .flags = QMP_PRECONFIG | QMP_OOB, .doc = "The -name." },
    { "query-pci", query_pci, .ret = "[PciBusInfo]", .doc = "The PCI buses and what is on them." },
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
