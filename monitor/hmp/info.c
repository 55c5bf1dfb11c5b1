/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "info". */
#include <string.h>
#include "hw/intc/i8259.h"
#include "hw/pci/pci.h"
#include "hw/usb/usb.h"
#include "monitor/commands.h"
#include "monitor/tree.h"
#include "util/error.h"
#include "util/log.h"

COMMAND(info_status)
{
    RunState state = c->machine->state;
    bool plain = state == RUN_RUNNING || state == RUN_PAUSED;
    g_string_append_printf(out, "VM status: %s%s%s%s\n", state == RUN_RUNNING ? "running" : "paused",
                           plain ? "" : " (", plain ? "" : run_state_name(state), plain ? "" : ")");
    return true;
}

COMMAND(info_version)
{
    g_string_append_printf(out, "%d.%d.%d (valletta %s)\n", QMP_LEVEL_MAJOR, QMP_LEVEL_MINOR,
                           QMP_LEVEL_MICRO, c->version);
    return true;
}

COMMAND(info_balloon)
{
    const Balloon *b = c->machine->balloon;
    if (b) {
        g_string_append_printf(out, "balloon: actual=%" G_GUINT64_FORMAT "\n", b->bytes(b->opaque) / MIB);
    } else {
        g_string_append(out, "There is no balloon device.\n");
    }
    return true;
}

COMMAND(info_name)
{
    if (c->machine->name) {
        g_string_append_printf(out, "%s\n", c->machine->name);
    }
    return true;
}

COMMAND(info_uuid)
{
    g_string_append_printf(out, "%s\n", c->uuid ? c->uuid : "00000000-0000-0000-0000-000000000000");
    return true;
}

/* ---- CPUs ---- */

static bool each_cpu(const MonitorContext *c, GString *out, void (*func)(Cpu *cpu, GString *out))
{
    bool running = commands_park(c);
    for (guint i = 0; i < c->machine->cpus->len; i++) {
        func(g_ptr_array_index(c->machine->cpus, i), out);
    }
    commands_unpark(c, running);
    if (c->machine->cpus->len == 0) {
        g_string_append(out, "No CPU available\n");
    }
    return true;
}

static void registers_of(Cpu *cpu, GString *out)
{
    g_string_append_printf(out, "CPU#%u\n", cpu->index);
    cpu->ops->describe(cpu, out);
}

static void tlb_of(Cpu *cpu, GString *out)
{
    g_string_append_printf(out, "CPU#%u\n", cpu->index);
    cpu->ops->describe_tlb(cpu, out);
}

static void line_of(Cpu *cpu, GString *out)
{
    g_string_append_printf(out, "%c CPU #%u: %s, thread_id=%d%s\n", cpu->index ? ' ' : '*', cpu->index,
                           cpu->model, __atomic_load_n(&cpu->thread_id, __ATOMIC_ACQUIRE),
                           cpu->ops->halted(cpu) ? " (halted)" : "");
}

COMMAND(info_registers)
{
    return each_cpu(c, out, registers_of);
}

COMMAND(info_tlb)
{
    return each_cpu(c, out, tlb_of);
}

COMMAND(info_cpus)
{
    return each_cpu(c, out, line_of);
}

/* ---- memory ---- */

COMMAND(info_mtree)
{
    g_autofree char *text = as_describe(c->machine->as);
    g_string_append(out, text);
    return true;
}

COMMAND(info_memory_size)
{
    g_string_append_printf(out, "base memory: %" G_GUINT64_FORMAT "\n", c->machine->ram_size);
    return true;
}

COMMAND(info_memdev)
{
    Object *obj;
    for (unsigned i = 0; (obj = object_at(c->objects, i)); i++) {
        if (object_is_memory(obj)) {
            g_string_append_printf(out, "memory backend: %s\n  size:  %" G_GUINT64_FORMAT "\n  used by: %s\n",
                                   obj->id, object_memory_size(obj), obj->user ? obj->user : "nothing");
        }
    }
    return true;
}

COMMAND(info_roms)
{
    static const char *const files[] = { "kernel", "initrd", "dtb", "firmware" };
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        const char *path = json_object_get_string_member_with_default(c->properties, files[i], "");
        if (path && *path) {
            g_string_append_printf(out, "%s: %s\n", files[i], path);
        }
    }
    return true;
}

/* ---- devices ---- */

COMMAND(info_qtree)
{
    tree_describe_buses(c, out);
    return true;
}

COMMAND(info_usb)
{
    g_autofree char *list = usb_list(c->machine);
    g_string_append(out, list);
    return true;
}

COMMAND(info_qom_tree)
{
    g_autoptr(TreeNode) root = tree_new(c);
    TreeNode *node = tree_find(root, *args ? args : "/machine", err);
    if (node) {
        tree_describe(node, out);
    }
    return node != NULL;
}

static void describe_bar(const PciDevice *pci, unsigned n, GString *out)
{
    const PciBar *bar = &pci->bar[n];
    uint32_t value = pci_config_get(pci, PCI_BAR0 + 4 * n, 4);
    uint32_t address = value & (bar->io ? ~UINT32_C(3) : ~UINT32_C(15));
    const char *kind = bar->io ? "I/O"
                     : value & PCI_BAR_PREFETCH ? "32 bit prefetchable memory" : "32 bit memory";
    g_string_append_printf(out, "      BAR%u: %s at 0x%08x [0x%08x]%s.\n", n, kind, address,
                           (unsigned)(address + mem_size(bar->mr) - 1), bar->mapped ? "" : ", not mapped");
}

COMMAND(info_pci)
{
    const Bus *base = bus_find(c->machine, "pci");
    const PciBus *bus = base ? base->opaque : NULL;
    if (!bus) {
        g_string_append(out, "PCI devices not supported\n");
        return true;
    }
    for (guint i = 0; i < bus->devices->len; i++) {
        const PciDevice *pci = g_ptr_array_index(bus->devices, i);
        g_string_append_printf(out,
                               "  Bus  0, device %3u, function %u:\n    Class %04x: PCI device %04x:%04x\n",
                               pci->devfn >> 3, pci->devfn & 7, pci_config_get(pci, PCI_CLASS, 2),
                               pci_config_get(pci, PCI_VENDOR, 2), pci_config_get(pci, PCI_DEVICE, 2));
        if (pci->config[PCI_INT_PIN]) {
            g_string_append_printf(out, "      IRQ %u, pin %c\n", pci->config[PCI_INT_LINE],
                                   'A' + pci->config[PCI_INT_PIN] - 1);
        }
        for (unsigned n = 0; n < PCI_BARS; n++) {
            if (pci->bar[n].mr) {
                describe_bar(pci, n, out);
            }
        }
        g_string_append_printf(out, "      id \"%s\" (%s)\n", pci->dev.id ? pci->dev.id : "",
                               pci->dev.type->name);
    }
    return true;
}

static void describe_pic(const I8259 *pic, GString *out)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(pic->chip); i++) {
        const I8259Chip *chip = &pic->chip[i];
        g_string_append_printf(out, "pic%u: irr=%02x imr=%02x isr=%02x hprio=%u irq_base=%02x elcr=%02x "
                               "lines=%02x\n", i, chip->irr, chip->imr, chip->isr, (chip->lowest + 1) & 7,
                               chip->base, chip->elcr, chip->lines);
    }
}

COMMAND(info_pic)
{
    for (guint i = 0; i < c->machine->devices->len; i++) {
        const Device *dev = g_ptr_array_index(c->machine->devices, i);
        if (dev->type == &i8259_type) {
            describe_pic((const I8259 *)(const void *)dev, out);
            return true;
        }
    }
    g_string_append(out, "There is no interrupt controller.\n");
    return true;
}

COMMAND(info_chardev)
{
    g_autofree char *text = chardev_set_describe(c->chardevs);
    g_string_append(out, text);
    return true;
}

/* ---- what runs the CPU ---- */

COMMAND(info_accelerators)
{
    static const char *const names[] = { "kvm", "qtest", "tcg" };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_string_append_printf(out, "[%c] %s\n", strcmp(c->accel->name, names[i]) == 0 ? '*' : ' ', names[i]);
    }
    return true;
}

COMMAND(info_jit)
{
    bool running = commands_park(c);
    if (c->machine->cpus->len) {
        accel_describe_jit(c->machine, c->accel, out);
    } else {
        g_string_append(out, "No CPU available\n");
    }
    commands_unpark(c, running);
    return true;
}

COMMAND(info_kvm)
{
    accel_describe_kvm(c->machine, c->accel, out);
    return true;
}

COMMAND(info_trace_events)
{
    const char *pattern = *args ? args : "*", *name;
    LogMask bit;
    for (unsigned i = 0; (name = log_item(i, &bit)); i++) {
        if (g_pattern_match_simple(pattern, name)) {
            g_string_append_printf(out, "%s : state %d\n", name, (log_mask() & bit) != 0);
        }
    }
    return true;
}

COMMAND(info_network)
{
    g_autofree char *text = netdev_set_describe(c->netdevs);
    g_string_append(out, text);
    return true;
}

COMMAND(info_usernet)
{
    g_autofree char *text = netdev_set_describe_users(c->netdevs);
    g_string_append(out, text);
    return true;
}

const MonitorCommand hmp_info_commands[] = {
    { "accelerators", NULL, "", "what runs the CPU", info_accelerators },
    { "balloon", NULL, "", "what the balloon has left to the guest", info_balloon },
    { "chardev", NULL, "", "the character devices", info_chardev },
    { "cpus", NULL, "", "the CPUs and their threads", info_cpus },
    { "jit", NULL, "", "what the translator has made and how it was used", info_jit },
    { "kvm", NULL, "", "whether KVM runs the guest, of which type, and why", info_kvm },
    { "mem", NULL, "", "the same as info tlb", info_tlb },
    { "memdev", NULL, "", "the memory back ends", info_memdev },
    { "memory_size_summary", NULL, "", "how much memory the guest has", info_memory_size },
    { "mtree", NULL, "", "the physical memory map", info_mtree },
    { "name", NULL, "", "the machine's -name", info_name },
    { "network", NULL, "", "the network devices and what they are plugged into", info_network },
    { "pci", NULL, "", "the PCI devices", info_pci },
    { "pic", NULL, "", "the interrupt controller", info_pic },
    { "qom-tree", NULL, "[PATH]", "what there is, as a tree", info_qom_tree, ARG_PATH },
    { "qtree", NULL, "", "the devices, by bus", info_qtree },
    { "registers", NULL, "", "the CPU's registers", info_registers },
    { "roms", NULL, "", "the files that were loaded", info_roms },
    { "status", NULL, "", "running or not", info_status },
    { "tlb", NULL, "", "the CPU's TLB", info_tlb },
    { "trace-events", NULL, "[ITEM]", "what is logged; ITEM may hold * and ?", info_trace_events, ARG_LOG },
    { "usb", NULL, "", "the USB devices", info_usb },
    { "usernet", NULL, "", "the connections of user networks", info_usernet },
    { "uuid", NULL, "", "the machine's -uuid", info_uuid },
    { "version", NULL, "", "the program's version", info_version },
    { 0 },
};

/* What there is none of; a sentence says so, for these are asked by habit. */
#define NOTHING(what, about, sentence) { what, NULL, "", about, NULL, ARG_OTHER, sentence "\n" }

const MonitorCommand hmp_info_absent[] = {
    NOTHING("capture", "sound that is recorded", "Nothing is (-audiodev wav does)."),
    NOTHING("history", "the lines typed", "Only a monitor with a terminal remembers lines."),
    NOTHING("hotpluggable-cpus", "CPUs that could be added", "CPUs cannot be added."),
    NOTHING("iothreads", "threads of disks", "There are none."),
    NOTHING("irq", "counts of interrupts", "Interrupts are not counted; info pic shows those that wait."),
    NOTHING("migrate", "migration", "Machine state cannot be saved or moved."),
    NOTHING("numa", "NUMA nodes", "0 nodes"),
    NOTHING("tpm", "TPMs", "There is no TPM."),
    { 0 },
};
