/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82371AB (PIIX4), function 1: the IDE controller. Follows its data sheet (order
 * 290562, April 1997), chapter 5.
 *
 * No drives are connected to the two cables: their registers read as an undriven bus with
 * the pull-down on DD7 that ATA-4 (section 4.3) asks for, writes reach nobody, and a bus
 * master that is started waits for a request that does not come. Not modelled: drives,
 * transfer timing and Ultra DMA (their registers keep what is written).
 */
#include "hw/ide/piix4_ide.h"
#include "util/bits.h"

enum { CFG_IDETIM = 0x40, CFG_SIDETIM = 0x44, CFG_UDMACTL = 0x48, CFG_UDMATIM = 0x4a };

#define IDETIM_DECODE 0x8000
#define MASTER_START  0x00000001u
#define MASTER_ACTIVE 0x00010000u
#define EMPTY_CABLE   UINT64_C(0xff7fff7f)

static const uint16_t command_port[PIIX4_IDE_CHANNELS] = { 0x1f0, 0x170 };
static const uint16_t control_port[PIIX4_IDE_CHANNELS] = { 0x3f6, 0x376 };

/* ---- the cables ---- */

static uint64_t cable_read(void *opaque, PhysAddr addr, unsigned size)
{
    return EMPTY_CABLE;
}

static void cable_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    /* There is no drive that could take it. */
}

static void place_channels(Piix4Ide *d)
{
    bool io = pci_config_get(&d->pci, PCI_COMMAND, 2) & PCI_COMMAND_IO;
    for (unsigned c = 0; c < PIIX4_IDE_CHANNELS; c++) {
        bool wanted = io && (pci_config_get(&d->pci, CFG_IDETIM + 2 * c, 2) & IDETIM_DECODE);
        if (wanted && !d->decoding[c]) {
            mem_add(d->pci.bus->io, command_port[c], d->command_io[c], 0);
            mem_add(d->pci.bus->io, control_port[c], d->control_io[c], 0);
        } else if (!wanted && d->decoding[c]) {
            mem_del(d->command_io[c]);
            mem_del(d->control_io[c]);
        }
        d->decoding[c] = wanted;
    }
}

static void config_written(PciDevice *pci, unsigned reg, unsigned size)
{
    place_channels((Piix4Ide *)pci);
}

/* ---- bus master ---- */

/* Active from the start until the transfer ends, or until software stops it. */
static void master_written(Device *dev, const Reg *reg, uint64_t value)
{
    Piix4Ide *d = (Piix4Ide *)dev;
    for (unsigned c = 0; c < PIIX4_IDE_CHANNELS; c++) {
        uint32_t *r = &d->master[c].command_status;
        *r = *r & MASTER_START ? *r | MASTER_ACTIVE : *r & ~MASTER_ACTIVE;
    }
}

static const Reg piix4_ide_regs[] = {
    /* addr  name     reset rw          w1c */
    { 0x00, "BMICP_BMISP", 0, 0x00600009, 0x00060000, AT(Piix4Ide, master[0].command_status),
      .written = master_written },
    { 0x04, "BMIDTPP", 0, 0xfffffffc, 0, AT(Piix4Ide, master[0].table) },
    { 0x08, "BMICS_BMISS", 0, 0x00600009, 0x00060000, AT(Piix4Ide, master[1].command_status),
      .written = master_written },
    { 0x0c, "BMIDTPS", 0, 0xfffffffc, 0, AT(Piix4Ide, master[1].table) },
    { 0 }
};

/* ---- the device ---- */

static bool piix4_ide_realize(Device *dev, GError **err)
{
    static const MemOps ops = { .read = cable_read, .write = cable_write };
    Piix4Ide *d = (Piix4Ide *)dev;
    for (unsigned c = 0; c < PIIX4_IDE_CHANNELS; c++) {
        d->command_io[c] = mem_io_new(c ? "ide2" : "ide1", 8, &ops, d);
        d->control_io[c] = mem_io_new(c ? "ide2-control" : "ide1-control", 1, &ops, d);
        store_le(d->pci.wmask + CFG_IDETIM + 2 * c, 2, 0xffff);
    }
    d->pci.wmask[CFG_SIDETIM] = 0xff;
    d->pci.wmask[CFG_UDMACTL] = 0x0f;
    store_le(d->pci.wmask + CFG_UDMATIM, 2, 0x3333);
    d->master_io = reg_region_new(dev, "ide-bus-master", 16);
    pci_device_add_bar(&d->pci, 4, true, d->master_io);
    return true;
}

static void piix4_ide_reset(Device *dev)
{
    pci_device_reset((PciDevice *)dev);
    place_channels((Piix4Ide *)dev);
}

static bool piix4_ide_post_load(Device *dev, GError **err)
{
    pci_device_post_load((PciDevice *)dev);
    place_channels((Piix4Ide *)dev);
    return true;
}

static void piix4_ide_finalize(Device *dev)
{
    Piix4Ide *d = (Piix4Ide *)dev;
    for (unsigned c = 0; c < PIIX4_IDE_CHANNELS; c++) {
        mem_free(d->command_io[c]);
        mem_free(d->control_io[c]);
    }
    mem_free(d->master_io);
}

static const VmField master_state[] = {
    VM_U32(Piix4IdeMaster, command_status), VM_U32(Piix4IdeMaster, table),
    { 0 }
};

static const VmField piix4_ide_state[] = {
    PCI_STATE(Piix4Ide, pci), VM_STRUCTS(Piix4Ide, master, master_state),
    { 0 }
};

static const PciInfo piix4_ide_info = {
    .vendor = 0x8086, .device = 0x7111, .revision = 0x01, .class_code = 0x0101, .prog_if = 0x80,
    .status = 0x0280, .command_mask = 0x0005, .config_written = config_written,
};

const DeviceType piix4_ide_type = {
    "piix4-ide", sizeof(Piix4Ide), .parent = "pci-device", .description = "82371AB (PIIX4) IDE controller",
    .regs = piix4_ide_regs, .state = piix4_ide_state, .bus_info = &piix4_ide_info,
    .realize = piix4_ide_realize, .reset = piix4_ide_reset,
    .finalize = piix4_ide_finalize, .post_load = piix4_ide_post_load,
};
