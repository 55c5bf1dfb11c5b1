/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI bus: PCI Local Bus Specification 2.1, chapter 6 (configuration space).
 * Not modelled: bridges to further buses, expansion ROMs, parity and system errors.
 */
#include <string.h>
#include "hw/pci/pci.h"
#include "util/bits.h"
#include "util/error.h"

/* Where devices without addr= go: first the slots whose interrupts operating systems know on the board,
 * then the others. */
static const uint8_t free_slots[] = { 18, 19, 20, 21, 12, 11, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 13, 14,
                                      15, 16, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static const PciInfo *info_of(const PciDevice *pci)
{
    return pci->dev.type->bus_info;
}

/* ---- the bus ---- */

static bool slot_taken(PciBus *bus, unsigned slot)
{
    for (unsigned i = 0; i < bus->devices->len; i++) {
        if (((PciDevice *)g_ptr_array_index(bus->devices, i))->devfn >> 3 == slot) {
            return true;
        }
    }
    return false;
}

/* "addr": "SLOT" or "SLOT.FUNCTION", hexadecimal as -device has it; else the first free slot. */
static bool take_address(PciBus *bus, KeyVal *props, uint8_t *devfn, GError **err)
{
    const char *addr = keyval_get(props, "addr");
    if (!addr) {
        for (size_t i = 0; i < G_N_ELEMENTS(free_slots); i++) {
            if (!slot_taken(bus, free_slots[i])) {
                *devfn = PCI_DEVFN(free_slots[i], 0);
                return true;
            }
        }
        return error_set(err, "PCI: no slot is free");
    }
    char *end;
    guint64 slot = g_ascii_strtoull(addr, &end, 16), function = 0;
    if (*end == '.') {
        function = g_ascii_strtoull(end + 1, &end, 16);
    }
    if (!g_ascii_isxdigit(*addr) || *end || slot > 31 || function > 7) {
        return error_set(err, "PCI: addr=%s: must be SLOT or SLOT.FUNCTION, up to 1f.7", addr);
    }
    *devfn = PCI_DEVFN(slot, function);
    return true;
}

static Device *make_device(Bus *base, const DeviceType *type, KeyVal *props, GError **err)
{
    uint8_t devfn = 0;
    bool multifunction = false;
    PciBus *bus = base->opaque;
    if (!take_address(bus, props, &devfn, err) ||
        !keyval_get_bool(props, "multifunction", &multifunction, err)) {
        return NULL;
    }
    PciDevice *pci = pci_device_new(bus, type, devfn);
    pci->multifunction = multifunction;
    return &pci->dev;
}

static bool realize_device(Bus *base, Device *dev, GError **err)
{
    return pci_device_realize((PciDevice *)dev, err);
}

static char *device_address(const Bus *base, const Device *dev)
{
    const PciDevice *pci = (const PciDevice *)dev;
    return g_strdup_printf("addr = %02x.%x", pci->devfn >> 3, pci->devfn & 7);
}

/*
 * There is no hot-plug controller, so the guest is not asked: it must have let go of the function. It has
 * when the function is no bus master; that is what drivers end with (Linux leaves the other bits of the
 * command register on). Of a function that never is one nobody can tell.
 */
static bool may_remove(const Bus *base, const Device *dev, GError **err)
{
    const PciDevice *pci = (const PciDevice *)dev;
    if (dev->type->graphics) {
        return error_set(err, "Device '%s' (%s) cannot be taken out: displays stay as long as the machine",
                         device_name(dev), dev->type->name);
    }
    if (!(pci->wmask[PCI_COMMAND] & PCI_COMMAND_MASTER)) {
        return error_set(err, "Device '%s' (%s) cannot be taken out: whether the guest uses it cannot be "
                         "seen", device_name(dev), dev->type->name);
    }
    return !(pci_config_get(pci, PCI_COMMAND, 2) & PCI_COMMAND_MASTER) ||
           error_set(err, "Device '%s' is in use by the guest, which must let go of it first (Linux: "
                     "echo 1 > /sys/bus/pci/devices/0000:00:%02x.%x/remove)", device_name(dev),
                     pci->devfn >> 3, pci->devfn & 7u);
}

PciBus *pci_bus_new(Machine *machine, Device *owner, MemRegion *mem, MemRegion *io)
{
    PciBus *bus = g_new0(PciBus, 1);
    bus->bus = (Bus){ .id = "pci", .type = "PCI", .takes = "pci-device", .owner = owner, .make = make_device,
                      .realize = realize_device, .may_remove = may_remove, .address = device_address,
                      .opaque = bus };
    bus_add(machine, &bus->bus);
    bus->machine = machine;
    bus->mem = mem;
    bus->io = io;
    bus->devices = g_ptr_array_new();
    return bus;
}

void pci_bus_free(PciBus *bus)
{
    if (bus) {
        g_assert(bus->devices->len == 0);
        bus_remove(bus->machine, &bus->bus);
        g_ptr_array_free(bus->devices, TRUE);
        g_free(bus);
    }
}

void pci_bus_set_irqs(PciBus *bus, int (*route)(void *opaque, unsigned slot, unsigned pin),
                      IrqHandler set_irq, void *opaque)
{
    bus->route = route;
    bus->set_irq = set_irq;
    bus->opaque = opaque;
}

PciDevice *pci_bus_find(PciBus *bus, uint8_t devfn)
{
    for (unsigned i = 0; i < bus->devices->len; i++) {
        PciDevice *pci = g_ptr_array_index(bus->devices, i);
        if (pci->devfn == devfn) {
            return pci;
        }
    }
    return NULL;
}

/* ---- interrupts ---- */

static int line_of(const PciDevice *pci)
{
    unsigned pin = pci->config[PCI_INT_PIN];
    if (!pin || !pci->bus->route) {
        return -1;
    }
    return pci->bus->route(pci->bus->opaque, pci->devfn >> 3, pin - 1);
}

void pci_device_set_irq(PciDevice *pci, bool level)
{
    int line = line_of(pci);
    pci->irq_level = level;
    if (line < 0) {
        return;
    }
    /* The lines are shared: low only when no device pulls. */
    for (unsigned i = 0; i < pci->bus->devices->len && !level; i++) {
        PciDevice *other = g_ptr_array_index(pci->bus->devices, i);
        level = other->irq_level && line_of(other) == line;
    }
    pci->bus->set_irq(pci->bus->opaque, line, level);
}

/* ---- BARs ---- */

static uint32_t bar_address(const PciDevice *pci, unsigned n)
{
    uint32_t value = pci_config_get(pci, PCI_BAR0 + 4 * n, 4);
    return value & (pci->bar[n].io ? ~UINT32_C(3) : ~UINT32_C(15));
}

static bool bar_decodes(const PciDevice *pci, unsigned n)
{
    const PciBar *bar = &pci->bar[n];
    uint16_t command = (uint16_t)pci_config_get(pci, PCI_COMMAND, 2);
    uint32_t address = bar_address(pci, n);
    uint64_t room = mem_size(bar->io ? pci->bus->io : pci->bus->mem);
    return (command & (bar->io ? PCI_COMMAND_IO : PCI_COMMAND_MEM)) && address != 0 &&
           address + mem_size(bar->mr) <= room;
}

static void map_bars(PciDevice *pci)
{
    for (unsigned n = 0; n < PCI_BARS; n++) {
        PciBar *bar = &pci->bar[n];
        if (!bar->mr) {
            continue;
        }
        bool wanted = bar_decodes(pci, n);
        if (wanted && bar->mapped) {
            mem_set_offset(bar->mr, bar_address(pci, n));
        } else if (wanted) {
            mem_add(bar->io ? pci->bus->io : pci->bus->mem, bar_address(pci, n), bar->mr, 1);
        } else if (bar->mapped) {
            mem_del(bar->mr);
        }
        bar->mapped = wanted;
    }
}

void pci_device_add_bar(PciDevice *pci, unsigned n, bool io, MemRegion *mr)
{
    uint64_t size = mem_size(mr);
    g_assert(n < PCI_BARS && (size & (size - 1)) == 0 && size >= (io ? 4u : 16u) &&
             size <= UINT32_C(1) << 31);
    pci->bar[n] = (PciBar){ .mr = mr, .io = io };
    store_le(pci->wmask + PCI_BAR0 + 4 * n, 4, (uint32_t)~(size - 1));
}

/* ---- configuration space ---- */

uint32_t pci_config_get(const PciDevice *pci, unsigned reg, unsigned size)
{
    return (uint32_t)load_le(pci->config + reg, size);
}

void pci_config_set(PciDevice *pci, unsigned reg, uint32_t value, unsigned size)
{
    store_le(pci->config + reg, size, value);
}

uint32_t pci_config_read(PciDevice *pci, unsigned reg, unsigned size)
{
    g_assert(reg + size <= 256);
    const PciInfo *info = info_of(pci);
    return info->config_read ? info->config_read(pci, reg, size) : pci_config_get(pci, reg, size);
}

void pci_config_write(PciDevice *pci, unsigned reg, uint32_t value, unsigned size)
{
    g_assert(reg + size <= 256);
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i)), w = pci->wmask[reg + i];
        uint8_t *at = &pci->config[reg + i];
        *at = (uint8_t)((*at & ~w) | (byte & w));
        *at &= (uint8_t)~(byte & pci->w1c[reg + i]);
    }
    if (reg < PCI_BAR0 + 4 * PCI_BARS && reg + size > PCI_COMMAND) {
        map_bars(pci);
    }
    if (info_of(pci)->config_written) {
        info_of(pci)->config_written(pci, reg, size);
    }
}

/* ---- bus master ---- */

static bool is_master(const PciDevice *pci)
{
    return pci_config_get(pci, PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
}

bool pci_dma_read(PciDevice *pci, uint64_t addr, void *buf, uint64_t len)
{
    return is_master(pci) && dma_read(pci->bus->machine->as, addr, buf, len);
}

bool pci_dma_write(PciDevice *pci, uint64_t addr, const void *buf, uint64_t len)
{
    return is_master(pci) && dma_write(pci->bus->machine->as, addr, buf, len);
}

bool pci_dma_begin(PciDevice *pci, DmaList *list, bool to_memory)
{
    *list = (DmaList){ 0 };
    if (is_master(pci)) {
        dma_list_begin(list, pci->bus->machine->as, to_memory);
    }
    return is_master(pci);
}

/* ---- life ---- */

static void detach(Device *dev)
{
    PciDevice *pci = (PciDevice *)dev;
    g_ptr_array_remove(pci->bus->devices, pci);
}

PciDevice *pci_device_new(PciBus *bus, const DeviceType *type, uint8_t devfn)
{
    PciDevice *pci = (PciDevice *)device_new(bus->machine, type);
    const PciInfo *info = info_of(pci);
    pci->bus = bus;
    pci->devfn = devfn;
    store_le(pci->wmask + PCI_COMMAND, 2, info->command_mask ? info->command_mask : 7);
    pci->wmask[PCI_CACHE_LINE] = 0xff;
    pci->wmask[PCI_LATENCY] = 0xf8;
    pci->wmask[PCI_INT_LINE] = info->int_pin ? 0xff : 0;
    store_le(pci->w1c + PCI_STATUS, 2, 0xf900);
    return pci;
}

bool pci_device_realize(PciDevice *pci, GError **err)
{
    PciDevice *there = pci_bus_find(pci->bus, pci->devfn);
    if (there) {
        error_set(err, "%s: PCI address %u.%u is taken by '%s'; another addr= would work",
                  device_name(&pci->dev), pci->devfn >> 3, pci->devfn & 7, device_name(&there->dev));
        device_free(&pci->dev);
        return false;
    }
    g_ptr_array_add(pci->bus->devices, pci);
    pci->dev.detach = detach;
    return device_realize(&pci->dev, err);
}

void pci_device_reset(PciDevice *pci)
{
    const PciInfo *info = info_of(pci);
    if (pci->irq_level) {
        pci_device_set_irq(pci, false);
    }
    memset(pci->config, 0, sizeof(pci->config));
    pci_config_set(pci, PCI_VENDOR, info->vendor, 2);
    pci_config_set(pci, PCI_DEVICE, info->device, 2);
    pci_config_set(pci, PCI_COMMAND, info->command, 2);
    pci_config_set(pci, PCI_STATUS, info->status, 2);
    pci_config_set(pci, PCI_REVISION, info->revision, 1);
    pci_config_set(pci, PCI_CLASS_PROG, info->prog_if, 1);
    pci_config_set(pci, PCI_CLASS, info->class_code, 2);
    pci_config_set(pci, PCI_HEADER, info->multifunction || pci->multifunction ? 0x80 : 0, 1);
    pci_config_set(pci, PCI_INT_PIN, info->int_pin, 1);
    for (unsigned n = 0; n < PCI_BARS; n++) {
        if (pci->bar[n].mr) {
            pci_config_set(pci, PCI_BAR0 + 4 * n, pci->bar[n].io, 4);
        }
    }
    map_bars(pci);
}

void pci_device_post_load(PciDevice *pci)
{
    const PciInfo *info = info_of(pci);
    /* What identifies the device is not the stream's to say. */
    pci_config_set(pci, PCI_VENDOR, info->vendor, 2);
    pci_config_set(pci, PCI_DEVICE, info->device, 2);
    pci_config_set(pci, PCI_INT_PIN, info->int_pin, 1);
    map_bars(pci);
    pci_device_set_irq(pci, pci->irq_level);
}
