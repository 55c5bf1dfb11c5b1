/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Galileo Technology GT-64120A system controller for MIPS CPUs, data sheet revision 1.1:
 * CPU address decode (chapter 4), PCI 0 host bridge and configuration (chapter 8),
 * interrupt controller (chapter 13). Registers are little endian whatever the CPU is.
 *
 * Byte order: configuration data passes as little-endian bytes while MByteSwap (bit 0 of
 * the PCI 0 command register) is set and with its bytes reversed while it is clear, but
 * the bridge's own registers are never reversed. PCI memory and I/O keep their byte
 * addresses. I/O addresses wrap at 32 MiB: agents decode no more of them.
 *
 * Not modelled: SDRAM controller (the RAM is where the board puts it, the decode registers
 * for it are kept only), the PCI target side with its BARs (bus masters see RAM at 0),
 * DMA engines, timers (both refuse to start), PCI 1, I2O.
 */
#include "hw/pci/gt64120.h"
#include "hw/pci/gt64120_regs.h"
#include "util/bits.h"
#include "util/log.h"

#define CAUSE_MASTER_ABORT (1u << 18)
#define CAUSE_LATCHED      0x3ffffffeu
#define CMD_SWAPS_OFF      0x00010001u     /* MByteSwap and SByteSwap: do not swap */
#define CPU_LITTLE         0x00001000u
#define CFG_ENABLE         0x80000000u
#define GRAIN_SHIFT        21
#define ISD_SIZE           0x200000
#define IO_SIZE            0x2000000u
#define MEM_SIZE           (UINT64_C(1) << 32)

#define REG(gt, offset) ((gt)->reg[(offset) / 4])

/* ---- interrupts ---- */

static void update_irq(Gt64120 *gt)
{
    irq_set(&gt->irq, REG(gt, GT_INT_CAUSE) & REG(gt, GT_INT_MASK) & CAUSE_LATCHED);
}

static void raise_cause(Gt64120 *gt, uint32_t bits)
{
    REG(gt, GT_INT_CAUSE) |= bits;
    update_irq(gt);
}

/* Bit 0 sums up all causes, bit 30 those that the CPU's mask lets through. */
uint64_t gt64120_cause_read(Device *dev, const Reg *reg)
{
    Gt64120 *gt = (Gt64120 *)dev;
    uint32_t cause = REG(gt, GT_INT_CAUSE) & CAUSE_LATCHED;
    return cause | (cause != 0) | (cause & REG(gt, GT_INT_MASK) ? 1u << 30 : 0);
}

/* Writing 0 clears. */
void gt64120_cause_written(Device *dev, const Reg *reg, uint64_t value)
{
    Gt64120 *gt = (Gt64120 *)dev;
    REG(gt, GT_INT_CAUSE) &= (uint32_t)value;
    update_irq(gt);
}

void gt64120_mask_written(Device *dev, const Reg *reg, uint64_t value)
{
    update_irq((Gt64120 *)dev);
}

uint64_t gt64120_iack_read(Device *dev, const Reg *reg)
{
    Gt64120 *gt = (Gt64120 *)dev;
    return gt->acknowledge ? gt->acknowledge(gt->acknowledge_opaque) : 0xff;
}

uint64_t gt64120_pci1_read(Device *dev, const Reg *reg)
{
    guest_log("gt64120: read of %s, but nothing is on PCI 1", reg->name);
    return UINT32_MAX;
}

/* ---- address decode ---- */

static const struct {
    const char *name;
    uint16_t low, high, remap;
} windows[GT64120_WINDOWS] = {
    { "pci0-io", GT_PCI0IO_LOW, GT_PCI0IO_HIGH, GT_PCI0IO_REMAP },
    { "pci0-mem0", GT_PCI0M0_LOW, GT_PCI0M0_HIGH, GT_PCI0M0_REMAP },
    { "pci0-mem1", GT_PCI0M1_LOW, GT_PCI0M1_HIGH, GT_PCI0M1_REMAP },
};

/* Low and high are address bits 35..21 and 27..21: the window ends under the low
 * register's bits 35..28. The remap register replaces the bits that all its addresses share. */
static void place_window(Gt64120 *gt, unsigned i)
{
    uint32_t low = REG(gt, windows[i].low), remap = REG(gt, windows[i].remap);
    uint32_t high = (low & ~0x7fu) | REG(gt, windows[i].high);
    mem_free(gt->window[i]);
    gt->window[i] = NULL;
    if (high < low) {
        return;
    }
    uint32_t inside = low ^ high;
    while (inside & (inside + 1)) {
        inside |= inside >> 1;
    }
    uint64_t first = (uint64_t)low << GRAIN_SHIFT, size = (uint64_t)(high - low + 1) << GRAIN_SHIFT;
    uint64_t target = (uint64_t)((remap & ~inside) | (low & inside)) << GRAIN_SHIFT;
    MemRegion *space = i == 0 ? gt->pci_io : gt->pci_mem;
    target &= mem_size(space) - 1;
    size = MIN(size, mem_size(space) - target);
    gt->window[i] = mem_alias_new(windows[i].name, space, target, size);
    mem_add(gt->dev.machine->memory, first, gt->window[i], -1);
}

static void place_all(Gt64120 *gt)
{
    mem_batch_begin(gt->dev.machine->as);
    for (unsigned i = 0; i < GT64120_WINDOWS; i++) {
        place_window(gt, i);
    }
    mem_set_offset(gt->isd, (uint64_t)REG(gt, GT_ISD) << GRAIN_SHIFT);
    mem_batch_commit(gt->dev.machine->as);
}

void gt64120_decode_written(Device *dev, const Reg *reg, uint64_t value)
{
    place_all((Gt64120 *)dev);
}

/* A write to a low register loads the remap register of the same window, too. */
void gt64120_low_written(Device *dev, const Reg *reg, uint64_t value)
{
    static const struct {
        uint16_t low, remap;
    } pairs[] = {
        { 0x008, 0x0d0 }, { 0x018, 0x0d8 }, { 0x028, 0x0e0 }, { 0x038, 0x0e8 }, { 0x048, 0x0f0 },
        { 0x058, 0x0f8 }, { 0x080, 0x100 }, { 0x090, 0x108 }, { 0x0a0, 0x110 }, { 0x0b0, 0x118 },
    };
    Gt64120 *gt = (Gt64120 *)dev;
    for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++) {
        if (pairs[i].low == reg->addr) {
            REG(gt, pairs[i].remap) = value & 0x7ff;
        }
    }
    place_all(gt);
}

/* ---- PCI configuration ---- */

static PciDevice *addressed(Gt64120 *gt)
{
    uint32_t addr = REG(gt, GT_PCI0_CFGADDR);
    if (!(addr & CFG_ENABLE) || extract32(addr, 16, 8) != 0) {
        return NULL;
    }
    return pci_bus_find(gt->bus, (uint8_t)(addr >> 8));
}

/* Device 0 is the bridge itself. */
static bool swaps(const Gt64120 *gt)
{
    return !(REG(gt, GT_PCI0_CMD) & 1) && (REG(gt, GT_PCI0_CFGADDR) & 0x00fff800);
}

/* The register behind byte lane of the data port, for an access of size bytes. */
static unsigned config_reg(const Gt64120 *gt, PhysAddr lane, unsigned size)
{
    unsigned in_word = swaps(gt) ? 4 - (unsigned)lane - size : (unsigned)lane;
    return (REG(gt, GT_PCI0_CFGADDR) & 0xfc) + in_word;
}

static void config_abort(Gt64120 *gt)
{
    uint32_t addr = REG(gt, GT_PCI0_CFGADDR);
    /* Device 31 of bus 0 stands for a special cycle, which nobody is to answer. */
    if ((addr & CFG_ENABLE) && extract32(addr, 11, 13) != 31) {
        raise_cause(gt, CAUSE_MASTER_ABORT);
    }
}

static uint64_t config_data_read(void *opaque, PhysAddr addr, unsigned size)
{
    Gt64120 *gt = opaque;
    PciDevice *pci = addressed(gt);
    if (!pci) {
        config_abort(gt);
        return UINT32_MAX;
    }
    uint32_t value = pci_config_read(pci, config_reg(gt, addr, size), size);
    return swaps(gt) ? bswap_size(value, size) : value;
}

static void config_data_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Gt64120 *gt = opaque;
    PciDevice *pci = addressed(gt);
    if (!pci) {
        config_abort(gt);
        return;
    }
    value = swaps(gt) ? bswap_size(value, size) : value;
    pci_config_write(pci, config_reg(gt, addr, size), (uint32_t)value, size);
}

/* ---- PCI cycles that nobody answers ---- */

static uint64_t nobody_read(void *opaque, PhysAddr addr, unsigned size)
{
    Gt64120 *gt = opaque;
    guest_log("gt64120: PCI read of %u bytes at 0x%" G_GINT64_MODIFIER "x: master abort", size, addr);
    raise_cause(gt, CAUSE_MASTER_ABORT);
    return UINT64_MAX;
}

static void nobody_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Gt64120 *gt = opaque;
    guest_log("gt64120: PCI write of %u bytes at 0x%" G_GINT64_MODIFIER "x: master abort", size, addr);
    raise_cause(gt, CAUSE_MASTER_ABORT);
}

/* The ISA bridge claims all of the first 64 KiB; a bus without a device there floats. */
static uint64_t isa_read(void *opaque, PhysAddr addr, unsigned size)
{
    if (addr < 0x10000) {
        guest_log("isa: read of %u bytes at port 0x%04x: nothing there", size, (unsigned)addr);
        return UINT64_MAX;
    }
    return nobody_read(opaque, addr, size);
}

static void isa_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    if (addr < 0x10000) {
        if (addr != 0x80) {     /* the POST code port is written for its delay */
            guest_log("isa: write of %u bytes at port 0x%04x: nothing there", size, (unsigned)addr);
        }
        return;
    }
    nobody_write(opaque, addr, value, size);
}

/* ---- the device ---- */

static bool gt64120_realize(Device *dev, GError **err)
{
    static const MemOps data_ops = { .read = config_data_read, .write = config_data_write };
    static const MemOps mem_ops = { .read = nobody_read, .write = nobody_write };
    static const MemOps io_ops = { .read = isa_read, .write = isa_write };
    Gt64120 *gt = (Gt64120 *)dev;
    gt->pci_mem = mem_container_new("pci-mem", MEM_SIZE);
    gt->pci_io = mem_container_new("pci-io", IO_SIZE);
    dev->machine->io = gt->pci_io;
    gt->nobody_mem = mem_io_new("pci-mem-nobody", MEM_SIZE, &mem_ops, gt);
    gt->nobody_io = mem_io_new("pci-io-nobody", IO_SIZE, &io_ops, gt);
    mem_add(gt->pci_mem, 0, gt->nobody_mem, -1);
    mem_add(gt->pci_io, 0, gt->nobody_io, -1);
    gt->isd = mem_container_new("gt64120", ISD_SIZE);
    gt->regs = reg_region_new(dev, "gt64120-regs", ISD_SIZE);
    gt->config_data = mem_io_new("gt64120-config-data", 4, &data_ops, gt);
    mem_add(gt->isd, 0, gt->regs, 0);
    mem_add(gt->isd, GT_PCI0_CFGDATA, gt->config_data, 1);
    mem_add(dev->machine->memory, 0, gt->isd, 1);
    gt->bus = pci_bus_new(dev->machine, dev, gt->pci_mem, gt->pci_io);
    return true;
}

static void gt64120_reset(Device *dev)
{
    Gt64120 *gt = (Gt64120 *)dev;
    bool big = dev->machine->big_endian;
    REG(gt, GT_CPU_CONFIG) = big ? 0 : CPU_LITTLE;
    REG(gt, GT_PCI0_CMD) = big ? 0 : CMD_SWAPS_OFF;
    place_all(gt);
    update_irq(gt);
}

static bool gt64120_post_load(Device *dev, GError **err)
{
    place_all((Gt64120 *)dev);
    update_irq((Gt64120 *)dev);
    return true;
}

static void gt64120_finalize(Device *dev)
{
    Gt64120 *gt = (Gt64120 *)dev;
    for (unsigned i = 0; i < GT64120_WINDOWS; i++) {
        mem_free(gt->window[i]);
    }
    pci_bus_free(gt->bus);
    mem_free(gt->config_data);
    mem_free(gt->regs);
    mem_free(gt->isd);
    mem_free(gt->nobody_io);
    mem_free(gt->nobody_mem);
    dev->machine->io = NULL;
    mem_free(gt->pci_io);
    mem_free(gt->pci_mem);
}

static const VmField gt64120_state[] = { VM_ARRAY(Gt64120, reg), { 0 } };

static const IrqPins gt64120_outputs[] = { { NULL, 1, offsetof(Gt64120, irq) }, { 0 } };

const DeviceType gt64120_type = {
    "gt64120", sizeof(Gt64120), .parent = "sys-bus-device", .description = "GT-64120A system controller",
    .regs = gt64120_table, .reg_endian = MEM_LITTLE, .state = gt64120_state, .realize = gt64120_realize,
    .reset = gt64120_reset, .finalize = gt64120_finalize, .post_load = gt64120_post_load,
    .outputs = gt64120_outputs,
};

/* ---- function 0 of device 0 ---- */

typedef struct {
    PciDevice pci;
} Gt64120Pci;

static bool pci_function_realize(Device *dev, GError **err)
{
    /* The target side is not modelled: these six registers only keep what is written. */
    static const uint32_t masks[PCI_BARS] = {
        0xfffff000, 0xfffff000, 0xfffff000, 0xfffff000, 0xfffff000, 0xfffff000,
    };
    PciDevice *pci = (PciDevice *)dev;
    for (unsigned n = 0; n < PCI_BARS; n++) {
        store_le(pci->wmask + PCI_BAR0 + 4 * n, 4, masks[n]);
    }
    return true;
}

static void pci_function_reset(Device *dev)
{
    static const uint32_t bars[PCI_BARS] = {
        0x00000008, 0x01000008, 0x1c000000, 0x1f000000, 0x14000000, 0x14000001,
    };
    PciDevice *pci = (PciDevice *)dev;
    pci_device_reset(pci);
    for (unsigned n = 0; n < PCI_BARS; n++) {
        pci_config_set(pci, PCI_BAR0 + 4 * n, bars[n], 4);
    }
}

static bool pci_function_post_load(Device *dev, GError **err)
{
    pci_device_post_load((PciDevice *)dev);
    return true;
}

static const VmField pci_function_state[] = { PCI_STATE(Gt64120Pci, pci), { 0 } };

static const PciInfo pci_function_info = {
    .vendor = 0x11ab, .device = 0x4620, .revision = 0x10, .class_code = 0x0580, .status = 0x0280,
    .command = 0, .command_mask = 0x0157,
};

const DeviceType gt64120_pci_type = {
    "gt64120_pci", sizeof(Gt64120Pci), .parent = "pci-device", .description = "GT-64120A, PCI function",
    .state = pci_function_state, .bus_info = &pci_function_info, .realize = pci_function_realize,
    .reset = pci_function_reset, .post_load = pci_function_post_load,
};
