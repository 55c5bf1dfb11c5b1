/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cirrus Logic CL-GD5446: Technical Reference Manual (second edition, November 1996), chapters "Extension
 * registers" and "PCI configuration registers"; this file registers and modes, cirrus_mem.c the memory,
 * cirrus_blt.c the BitBLT engine, cirrus_cursor.c the cursor.
 *
 * There is no BIOS here that would initialize the chip, so that it starts as one leaves it: extensions
 * unlocked (SR6), registers at the colour addresses, memory size in SRF and SR15.
 *
 * Not modelled: the video window and its capture port (CR31 to CR5D only keep what is written), clocks (the
 * synthesizer's registers do, too), the EEPROM, signature generator and power management.
 */
#include <string.h>
#include "hw/display/cirrus_internal.h"
#include "util/error.h"
#include "util/log.h"

#define MMIO_SIZE   0x1000
#define CHIP_ID     0xb8                /* CR27: the family's number and no revision */
#define UNLOCK      0x12
#define LOCKED      0x0f
#define HIDDEN_READS 4                  /* of 0x3c6, then the next access is the hidden register's */

/* ---- sequencer ---- */

static bool unlocked(const Vga *v)
{
    return v->seq[6] == UNLOCK;
}

static void cursor_place(Cirrus *c, unsigned index, uint8_t value)
{
    uint16_t place = (uint16_t)(value << 3 | index >> 5);
    cirrus_cursor_changes(c);
    *(index & 1 ? &c->cursor_y : &c->cursor_x) = place;
    cirrus_cursor_changes(c);
}

static bool seq_write(Cirrus *c, unsigned index, uint8_t value)
{
    Vga *v = &c->vga;
    unsigned reg = index & 0x1f;
    if (reg < 6) {
        return false;
    }
    if (reg == 6) {
        v->seq[6] = (value & 0x17) == UNLOCK ? UNLOCK : LOCKED;
        return true;
    }
    if (!unlocked(v)) {
        guest_log("cirrus-vga: write of SR%02X while extensions are locked", reg);
        return true;
    }
    switch (reg) {
    case 0x10: case 0x11:
        cursor_place(c, index, value);
        break;
    case 0x12: case 0x13:
        cirrus_cursor_changes(c);
        v->seq[reg] = value;
        cirrus_cursor_changes(c);
        break;
    case 0x17:
        v->seq[reg] = (uint8_t)((v->seq[reg] & 0x38) | (value & ~0x38));
        break;
    default:
        v->seq[reg] = value;
        break;
    }
    return true;
}

static bool seq_read(const Vga *v, unsigned index, uint8_t *value)
{
    unsigned reg = index & 0x1f;
    if (reg < 6) {
        return false;
    }
    *value = reg == 6 || unlocked(v) ? v->seq[reg] : 0xff;
    return true;
}

/* ---- graphics controller ---- */

static void start_written(Cirrus *c, uint8_t value)
{
    uint8_t *reg = &c->vga.gr[0x31], old = *reg;
    *reg = (uint8_t)((old & (BLT_BUSY | BLT_START | BLT_PROGRESS)) |
                     (value & (BLT_AUTOSTART | BLT_RESET | 0x10)));
    if (value & BLT_RESET) {
        cirrus_blt_reset(c);
    } else if ((value & BLT_START) && !(old & BLT_START)) {
        *reg |= BLT_START;
        cirrus_blt_start(c);
    }
}

void cirrus_gr_write(Cirrus *c, unsigned index, uint8_t value)
{
    static const uint8_t bits[64] = {
        [0x21] = 0x1f, [0x23] = 0x07, [0x25] = 0x1f, [0x27] = 0x1f, [0x2a] = 0x3f, [0x2e] = 0x3f,
    };
    Vga *v = &c->vga;
    if (index == 0x31) {
        start_written(c, value);
        return;
    }
    v->gr[index] = bits[index] ? value & bits[index] : value;
    if (index == 0x0b && c->direct && (value & (GRB_EXTENDED_WRITES | GRB_BY_8))) {
        cirrus_set_direct(c, false);
    }
    if (index == 0x2a && (v->gr[0x31] & (BLT_AUTOSTART | BLT_START)) == BLT_AUTOSTART) {
        v->gr[0x31] |= BLT_START;
        cirrus_blt_start(c);
    }
}

uint8_t cirrus_gr_read(Cirrus *c, unsigned index)
{
    return c->vga.gr[index];
}

/* GR0 and GR1 have all eight bits for colours, GR5 one more for write modes. */
static bool gr_write(Cirrus *c, unsigned index, uint8_t value)
{
    Vga *v = &c->vga;
    if (index >= 9 && !unlocked(v)) {
        guest_log("cirrus-vga: write of GR%02X while extensions are locked", index);
        return true;
    }
    if (index == 5 && unlocked(v)) {
        v->gr[5] = value & 0x7f;
        return true;
    }
    if (index <= 1 && unlocked(v)) {
        v->gr[index] = value;
        return true;
    }
    if (index < 9) {
        return false;
    }
    cirrus_gr_write(c, index, value);
    return true;
}

/* ---- CRT controller ---- */

static bool cr_write(Cirrus *c, unsigned index, uint8_t value)
{
    if (index < 0x19) {
        return false;
    }
    if (!unlocked(&c->vga)) {
        guest_log("cirrus-vga: write of CR%02X while extensions are locked", index);
    } else if (index < 0x22 || index > 0x27) {
        c->vga.cr[index] = value;
    }
    return true;
}

static bool cr_read(const Vga *v, unsigned index, uint8_t *value)
{
    switch (index) {
    case 0x22:
        *value = (uint8_t)(v->latch >> 8 * (v->gr[4] & 3));
        return true;
    case 0x24:
        *value = v->ar_data ? 0x80 : 0;
        return true;
    case 0x26:
        *value = v->ar_index;
        return true;
    case 0x27:
        *value = CHIP_ID;
        return true;
    default:
        *value = v->cr[index];
        return index >= 0x19;
    }
}

/* ---- what the VGA asks ---- */

static bool chip_write(Vga *v, VgaGroup group, unsigned index, uint8_t value)
{
    Cirrus *c = cirrus_of(v);
    return group == VGA_SEQ ? seq_write(c, index, value) : group == VGA_GR ? gr_write(c, index, value)
         : cr_write(c, index, value);
}

static bool chip_read(Vga *v, VgaGroup group, unsigned index, uint8_t *value)
{
    switch (group) {
    case VGA_SEQ:
        return seq_read(v, index, value);
    case VGA_CR:
        return cr_read(v, index, value);
    default:
        *value = index < 9 || unlocked(v) ? cirrus_gr_read(cirrus_of(v), index) : 0xff;
        return true;
    }
}

static bool mask_read(Vga *v, uint8_t *value)
{
    Cirrus *c = cirrus_of(v);
    if (c->dac_reads < HIDDEN_READS) {
        c->dac_reads++;
        return false;
    }
    c->dac_reads = 0;
    *value = c->hidden_dac;
    return true;
}

static bool mask_write(Vga *v, uint8_t value)
{
    Cirrus *c = cirrus_of(v);
    bool hidden = c->dac_reads == HIDDEN_READS;
    c->dac_reads = 0;
    if (hidden) {
        c->hidden_dac = value;
    }
    return hidden;
}

static void palette_used(Vga *v)
{
    cirrus_of(v)->dac_reads = 0;
}

/* While SR12 says so, the cursor's colours are in the place of the screen's. */
static bool palette_entry(Vga *v, unsigned index, uint8_t **rgb)
{
    Cirrus *c = cirrus_of(v);
    if (!(v->seq[0x12] & 2)) {
        return false;
    }
    *rgb = c->cursor_rgb[index & 15];
    return true;
}

static VgaKind packed_kind(const Cirrus *c)
{
    bool is_565 = (c->hidden_dac & 0x0f) == 1;
    switch (c->vga.seq[7] >> 1 & 7) {
    case 1: case 3:
        return is_565 ? VGA_RGB16 : VGA_RGB15;
    case 2:
        return VGA_RGB24;
    case 4:
        return VGA_RGB32;
    default:
        return VGA_BYTES;
    }
}

static bool chip_mode(Vga *v, VgaMode *m)
{
    const Cirrus *c = cirrus_of(v);
    const uint8_t *cr = v->cr;
    vga_own_mode(v, m);
    m->start += ((cr[0x1b] & 0x01u) << 16 | (cr[0x1b] & 0x0cu) << 15 | (cr[0x1d] & 0x80u) << 12) * 4;
    m->pitch = (cr[0x13] | (cr[0x1b] & 0x10u) << 4) * 8;
    m->height *= cr[0x1a] & 1 ? 2 : 1;          /* interlaced */
    if (v->seq[7] & 1) {
        m->kind = packed_kind(c);
        m->width = (cr[1] + 1u) * 8;
        m->dot_repeat = 1;
        m->row_bits = m->pan = m->cell_width = m->cursor = 0;
        if ((c->hidden_dac & 0xcf) == 0x4a) {   /* two pixels of 8 bits at a clock */
            m->kind = VGA_BYTES;
            m->width *= 2;
        }
    }
    return true;
}

/* ---- BAR 1 ---- */

static uint64_t mmio_read(void *opaque, PhysAddr addr, unsigned size)
{
    Cirrus *c = opaque;
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        unsigned at = (unsigned)addr + i;
        int reg = at >= 0x100 ? cirrus_blt_register(at - 0x100) : -1;
        uint8_t byte = at < 0x20 ? vga_port_read(&c->vga, 0x3c0 + at)
                     : reg >= 0 ? cirrus_gr_read(c, (unsigned)reg) : 0xff;
        value |= (uint64_t)byte << 8 * i;
    }
    return value;
}

static void mmio_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Cirrus *c = opaque;
    for (unsigned i = 0; i < size; i++) {
        unsigned at = (unsigned)addr + i;
        int reg = at >= 0x100 ? cirrus_blt_register(at - 0x100) : -1;
        if (at < 0x20) {
            vga_port_write(&c->vga, 0x3c0 + at, (uint8_t)(value >> 8 * i));
        } else if (reg >= 0) {
            cirrus_gr_write(c, (unsigned)reg, (uint8_t)(value >> 8 * i));
        }
    }
}

/* ---- life ---- */

static bool cirrus_realize(Device *dev, GError **err)
{
    static const MemOps mmio_ops = { .read = mmio_read, .write = mmio_write, .narrow_writes = true };
    static const VgaChip chip = {
        .reg_read = chip_read, .reg_write = chip_write, .mask_read = mask_read, .mask_write = mask_write,
        .palette_used = palette_used, .palette_entry = palette_entry, .mode = chip_mode,
        .window_read = cirrus_window_read, .window_write = cirrus_window_write,
        .updating = cirrus_cursor_updating, .overlay = cirrus_cursor_overlay,
        .index_mask = { 0xff, 0x3f, 0x3f },
    };
    Cirrus *c = (Cirrus *)dev;
    if (c->vgamem_mb < 1 || c->vgamem_mb > 16 || (c->vgamem_mb & (c->vgamem_mb - 1))) {
        return error_set(err, "%s: vgamem_mb=%u: must be 1, 2, 4, 8 or 16; a CL-GD5446 has up to 4",
                         device_name(dev), c->vgamem_mb);
    }
    c->vga.dev = dev;
    c->vga.chip = &chip;
    c->vga.ram_size = c->vgamem_mb << 20;
    if (!vga_realize(&c->vga, &c->pci, err)) {
        return false;
    }
    cirrus_mem_realize(c);
    c->mmio = mem_io_new("cirrus-mmio", MMIO_SIZE, &mmio_ops, c);
    pci_device_add_bar(&c->pci, 0, false, c->linear);
    pci_device_add_bar(&c->pci, 1, false, c->mmio);
    return true;
}

static void cirrus_reset(Device *dev)
{
    Cirrus *c = (Cirrus *)dev;
    Vga *v = &c->vga;
    pci_device_reset(&c->pci);
    pci_config_set(&c->pci, PCI_BAR0, PCI_BAR_PREFETCH, 4);
    pci_config_set(&c->pci, PCI_SUBVENDOR, 0x1af4, 2);
    pci_config_set(&c->pci, PCI_SUBDEVICE, 0x1100, 2);
    vga_reset(v);
    v->misc = 1;
    v->seq[0x06] = UNLOCK;
    v->seq[0x0f] = v->ram_size >= 4u << 20 ? 0x98 : v->ram_size >= 2u << 20 ? 0x18 : 0x10;
    v->seq[0x15] = v->ram_size >= 4u << 20 ? 4 : v->ram_size >= 2u << 20 ? 3 : 2;
    v->seq[0x17] = 0x20;                                /* on a PCI bus */
    v->seq[0x1f] = 0x22;                                /* memory clock */
    c->hidden_dac = c->dac_reads = 0;
    memset(c->cursor_rgb, 0, sizeof(c->cursor_rgb));
    c->cursor_x = c->cursor_y = 0;
    cirrus_blt_reset(c);
    cirrus_mem_reset(c);
}

static bool cirrus_post_load(Device *dev, GError **err)
{
    Cirrus *c = (Cirrus *)dev;
    if (!cirrus_blt_valid(c)) {
        return error_set(err, "cirrus-vga: the saved state has a block transfer that cannot be");
    }
    c->dac_reads = MIN(c->dac_reads, HIDDEN_READS);
    c->vga.index[VGA_GR] &= 0x3f;
    c->vga.index[VGA_CR] &= 0x3f;
    pci_device_post_load(&c->pci);
    vga_post_load(&c->vga);
    cirrus_set_direct(c, !cirrus_blt_takes(c) && !cirrus_blt_gives(c));
    return true;
}

static void cirrus_finalize(Device *dev)
{
    Cirrus *c = (Cirrus *)dev;
    cirrus_mem_finalize(c);
    mem_free(c->mmio);
    vga_finalize(&c->vga);
}

static const VmField cirrus_state[] = {
    PCI_STATE(Cirrus, pci), VM_STRUCT(Cirrus, vga, vga_state), VM_U8(Cirrus, hidden_dac),
    VM_U8(Cirrus, dac_reads), VM_BUFFER(Cirrus, cursor_rgb), VM_U16(Cirrus, cursor_x),
    VM_U16(Cirrus, cursor_y), VM_STRUCT(Cirrus, blt, cirrus_blt_state),
    { 0 }
};

static const Prop cirrus_props[] = {
    { "vgamem_mb", PROP_U32, offsetof(Cirrus, vgamem_mb), "4", "MiB of video memory" },
    { 0 }
};

static const PciInfo cirrus_info = {
    .vendor = 0x1013, .device = 0x00b8, .class_code = 0x0300,
    .command_mask = PCI_COMMAND_IO | PCI_COMMAND_MEM,
};

const DeviceType cirrus_type = {
    "cirrus-vga", sizeof(Cirrus), .parent = "pci-device", .description = "Cirrus Logic CL-GD5446",
    .user_creatable = true, .graphics = true, .state = cirrus_state, .props = cirrus_props,
    .bus_info = &cirrus_info, .realize = cirrus_realize, .reset = cirrus_reset, .finalize = cirrus_finalize,
    .post_load = cirrus_post_load,
};
