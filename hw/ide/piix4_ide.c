/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82371AB (PIIX4), function 1: the IDE controller. Follows its data sheet (order
 * 290562, April 1997), chapter 5.
 *
 * The cables are channel.c. Not modelled: transfer timing and Ultra DMA (their registers keep what is
 * written); an image is as fast as the host. Unlike the chip's, IDETIM enables both channels after a reset:
 * firmware that looks for drives before it has set IDETIM (U-Boot 2025) would wait for minutes.
 */
#include "hw/ide/piix4_ide.h"
#include "util/bits.h"
#include "util/log.h"

enum { CFG_IDETIM = 0x40, CFG_SIDETIM = 0x44, CFG_UDMACTL = 0x48, CFG_UDMATIM = 0x4a };

#define IDETIM_DECODE 0x8000
#define MASTER_START  0x00000001u
#define MASTER_READ   0x00000008u       /* the bus master writes to memory */
#define MASTER_ACTIVE 0x00010000u
#define MASTER_ERROR  0x00020000u
#define MASTER_INT    0x00040000u

/* A table of physical region descriptors does not cross a 64 KiB border. */
#define TABLE_BYTES 0x10000u
#define DESCRIPTOR_END 0x80000000u

static const uint16_t command_port[PIIX4_IDE_CHANNELS] = { 0x1f0, 0x170 };
static const uint16_t control_port[PIIX4_IDE_CHANNELS] = { 0x3f6, 0x376 };

/* ---- the cables ---- */

static uint64_t command_read(void *opaque, PhysAddr addr, unsigned size)
{
    return ide_channel_read(opaque, (unsigned)addr, size);
}

static void command_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    ide_channel_write(opaque, (unsigned)addr, (uint32_t)value, size);
}

static uint64_t control_read(void *opaque, PhysAddr addr, unsigned size)
{
    return ide_channel_read_control(opaque);
}

static void control_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    ide_channel_write_control(opaque, (uint8_t)value);
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

/* Adds the memory of the next descriptors to list, at most wanted bytes of it; false when the guest's
 * memory does not have what they say. */
static bool gather(Piix4Ide *d, unsigned c, DmaList *list, uint32_t wanted)
{
    Piix4IdeMaster *m = &d->master[c];
    while (list->bytes < wanted && !m->last && m->next < TABLE_BYTES) {
        uint8_t descriptor[8];
        if (!pci_dma_read(&d->pci, m->table + m->next, descriptor, sizeof(descriptor))) {
            return false;
        }
        uint32_t base = (uint32_t)load_le(descriptor, 4) & ~1u, rest = (uint32_t)load_le(descriptor + 4, 4);
        uint32_t count = rest & 0xfffe ? rest & 0xfffe : 0x10000;
        m->next += sizeof(descriptor);
        m->last = rest & DESCRIPTOR_END;
        if (!dma_list_add(list, base, MIN(count, wanted - list->bytes))) {
            return false;
        }
    }
    return list->bytes > 0;
}

static void master_error(Piix4Ide *d, unsigned c)
{
    d->master[c].command_status = (d->master[c].command_status & ~MASTER_ACTIVE) | MASTER_ERROR;
}

/* Both have to be ready: the master started, and the drive with DMARQ up. */
static void try_transfer(Piix4Ide *d, unsigned c)
{
    Piix4IdeMaster *m = &d->master[c];
    bool to_memory = false;
    uint32_t wanted = ide_channel_dma_wanted(&d->channel[c], &to_memory);
    if (!wanted || !(m->command_status & MASTER_ACTIVE)) {
        return;
    }
    DmaList list;
    if (to_memory != ((m->command_status & MASTER_READ) != 0)) {
        guest_log("piix4-ide: channel %u: the bus master moves data against the drive's direction", c);
    } else if (!pci_dma_begin(&d->pci, &list, to_memory)) {
        guest_log("piix4-ide: channel %u: started without the right to be bus master", c);
    } else if (!gather(d, c, &list, wanted)) {
        guest_log("piix4-ide: channel %u: descriptor %u is beyond memory", c, m->next / 8);
        dma_list_end(&list, 0);
        master_error(d, c);
    } else {
        ide_channel_dma(&d->channel[c], &list);
    }
}

static unsigned index_of(const Piix4Ide *d, const IdeChannel *ch)
{
    return (unsigned)(ch - d->channel);
}

static void dma_ready(void *opaque, IdeChannel *ch)
{
    try_transfer(opaque, index_of(opaque, ch));
}

/* All memory has been used when the table's end was reached with it: then the master is idle. */
static void dma_moved(void *opaque, IdeChannel *ch, bool all)
{
    Piix4IdeMaster *m = &((Piix4Ide *)opaque)->master[index_of(opaque, ch)];
    if (all && m->last) {
        m->command_status &= ~MASTER_ACTIVE;
    }
}

static void interrupt(void *opaque, IdeChannel *ch, bool level)
{
    Piix4Ide *d = opaque;
    unsigned c = index_of(d, ch);
    if (level) {
        d->master[c].command_status |= MASTER_INT;
    }
    irq_set(&d->irq[c], level);
}

/* Active from the start until the transfer ends, or until software stops it. */
static void master_written(Device *dev, const Reg *reg, uint64_t value)
{
    Piix4Ide *d = (Piix4Ide *)dev;
    unsigned c = reg->addr >= 8;
    Piix4IdeMaster *m = &d->master[c];
    bool start = m->command_status & MASTER_START;
    if (!start) {
        m->command_status &= ~MASTER_ACTIVE;
        m->started = false;
    } else if (!m->started) {
        m->started = true;
        m->next = 0;
        m->last = false;
        m->command_status |= MASTER_ACTIVE;
        try_transfer(d, c);
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
    static const MemOps command_ops = { .read = command_read, .write = command_write };
    static const MemOps control_ops = { .read = control_read, .write = control_write, .max_size = 1 };
    static const char *const names[] = { "ide.0", "ide.1" };
    Piix4Ide *d = (Piix4Ide *)dev;
    const IdeHost host = { dma_ready, dma_moved, interrupt, d };
    for (unsigned c = 0; c < PIIX4_IDE_CHANNELS; c++) {
        d->command_io[c] = mem_io_new(c ? "ide2" : "ide1", 8, &command_ops, &d->channel[c]);
        d->control_io[c] = mem_io_new(c ? "ide2-control" : "ide1-control", 1, &control_ops, &d->channel[c]);
        store_le(d->pci.wmask + CFG_IDETIM + 2 * c, 2, 0xffff);
        ide_channel_init(&d->channel[c], dev->machine, dev, names[c], &host);
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
    Piix4Ide *d = (Piix4Ide *)dev;
    pci_device_reset(&d->pci);
    for (unsigned c = 0; c < PIIX4_IDE_CHANNELS; c++) {
        pci_config_set(&d->pci, CFG_IDETIM + 2 * c, IDETIM_DECODE, 2);
        d->master[c].started = d->master[c].last = false;
        d->master[c].next = 0;
        ide_channel_reset(&d->channel[c]);
    }
    place_channels((Piix4Ide *)dev);
}

static bool piix4_ide_post_load(Device *dev, GError **err)
{
    Piix4Ide *d = (Piix4Ide *)dev;
    pci_device_post_load(&d->pci);
    place_channels(d);
    for (unsigned c = 0; c < PIIX4_IDE_CHANNELS; c++) {
        ide_channel_loaded(&d->channel[c]);
    }
    return true;
}

static void piix4_ide_finalize(Device *dev)
{
    Piix4Ide *d = (Piix4Ide *)dev;
    for (unsigned c = 0; c < PIIX4_IDE_CHANNELS; c++) {
        ide_channel_clear(&d->channel[c]);
        mem_free(d->command_io[c]);
        mem_free(d->control_io[c]);
    }
    mem_free(d->master_io);
}

static const VmField master_state[] = {
    VM_U32(Piix4IdeMaster, command_status), VM_U32(Piix4IdeMaster, table),
    VM_U32(Piix4IdeMaster, next), VM_BOOL(Piix4IdeMaster, last), VM_BOOL(Piix4IdeMaster, started),
    { 0 }
};

static const VmField piix4_ide_state[] = {
    PCI_STATE(Piix4Ide, pci), VM_STRUCTS(Piix4Ide, master, master_state),
    VM_STRUCTS(Piix4Ide, channel, ide_channel_state),
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
