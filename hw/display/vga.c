/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VGA: its registers. IBM PS/2 Hardware Interface Technical Reference, Common Interfaces (S84F-9809),
 * "Video Subsystem"; this file the registers, vga_mem.c the memory as the CPU sees it, vga_draw.c and
 * vga_text.c what the screen shows.
 *
 * The ports and the window at 0xa0000 are there whatever the PCI command register says: no firmware of these
 * boards turns them on, and drivers for them expect them. Not modelled: split screens, smooth scrolling
 * of text, light pens, the vertical interrupt, the exact length of a frame (it is 1/60 s, of 525 lines).
 */
#include <string.h>
#include "hw/display/vga_internal.h"
#include "util/error.h"

#define FRAME_NS   (INT64_C(1000000000) / 60)
#define LINES      525
#define LINE_NS    (FRAME_NS / LINES)
#define BLINK_NS   (16 * FRAME_NS)      /* of the cursor; characters take twice that */

#define AR_ON      0x20     /* of the index: the palette belongs to the screen */
#define CR_PROTECT 0x80     /* of CR11 */

static const uint8_t own_index_mask[3] = { 0x07, 0x0f, 0x1f };

/* ---- registers behind an index ---- */

static uint8_t *group_regs(Vga *v, VgaGroup group)
{
    return group == VGA_SEQ ? v->seq : group == VGA_GR ? v->gr : v->cr;
}

static uint8_t index_read(Vga *v, VgaGroup group)
{
    uint8_t value, index = v->index[group];
    if (v->chip->reg_read && v->chip->reg_read(v, group, index, &value)) {
        return value;
    }
    unsigned count = group == VGA_SEQ ? 5 : group == VGA_GR ? 9 : 25;
    return index < count ? group_regs(v, group)[index] : 0xff;
}

static void index_write(Vga *v, VgaGroup group, uint8_t value)
{
    static const uint8_t seq_bits[5] = { 0x03, 0x3d, 0x0f, 0x3f, 0x0e };
    static const uint8_t gr_bits[9] = { 0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff };
    uint8_t index = v->index[group];
    if (v->chip->reg_write && v->chip->reg_write(v, group, index, value)) {
        vga_changed(v);
        return;
    }
    if (group == VGA_SEQ && index < 5) {
        v->seq[index] = value & seq_bits[index];
    } else if (group == VGA_GR && index < 9) {
        v->gr[index] = value & gr_bits[index];
        if (index != 5 && index != 6) {
            return;                     /* how the CPU sees memory */
        }
    } else if (group == VGA_CR && index < 25) {
        if (index < 8 && (v->cr[0x11] & CR_PROTECT)) {
            value = index == 7 ? (uint8_t)((v->cr[7] & ~0x10) | (value & 0x10)) : v->cr[index];
        }
        v->cr[index] = value;
    }
    vga_changed(v);
}

/* ---- attribute controller ---- */

static uint8_t attribute_read(const Vga *v)
{
    unsigned index = v->ar_index & 0x1f;
    return index < 0x15 ? v->ar[index] : 0;
}

static void attribute_write(Vga *v, uint8_t value)
{
    unsigned index = v->ar_index & 0x1f;
    v->ar_data = !v->ar_data;
    if (v->ar_data) {
        v->ar_index = value & 0x3f;
        vga_changed(v);
        return;
    }
    if (index < 16 && (v->ar_index & AR_ON)) {
        return;                         /* the screen has the palette */
    }
    if (index < 0x15) {
        static const uint8_t bits[5] = { 0xef, 0xff, 0x3f, 0x0f, 0x0f };
        v->ar[index] = value & (index < 16 ? 0x3f : bits[index - 16]);
        v->colours_changed = true;
        vga_changed(v);
    }
}

/* ---- DAC ---- */

static uint8_t *palette_entry(Vga *v, unsigned index)
{
    uint8_t *rgb;
    if (v->chip->palette_entry && v->chip->palette_entry(v, index, &rgb)) {
        return rgb;
    }
    return v->palette + 3 * index;
}

static uint8_t dac_data_read(Vga *v)
{
    uint8_t value = palette_entry(v, v->dac_read)[v->dac_part];
    v->dac_part = (uint8_t)((v->dac_part + 1) % 3);
    v->dac_read = (uint8_t)(v->dac_read + (v->dac_part == 0));
    return value;
}

static void dac_data_write(Vga *v, uint8_t value)
{
    v->dac_value[v->dac_part] = v->dac_wide ? value : value & 0x3f;
    v->dac_part = (uint8_t)((v->dac_part + 1) % 3);
    if (v->dac_part == 0) {
        memcpy(palette_entry(v, v->dac_write), v->dac_value, 3);
        v->dac_write++;
        v->colours_changed = true;
        vga_changed(v);
    }
}

static uint8_t dac_read(Vga *v, unsigned port)
{
    uint8_t value;
    if (port != 0x3c6 && v->chip->palette_used) {
        v->chip->palette_used(v);
    }
    switch (port) {
    case 0x3c6:
        return v->chip->mask_read && v->chip->mask_read(v, &value) ? value : v->pel_mask;
    case 0x3c7:
        return v->dac_reading ? 3 : 0;
    case 0x3c8:
        return v->dac_write;
    default:
        return dac_data_read(v);
    }
}

static void dac_write(Vga *v, unsigned port, uint8_t value)
{
    if (port != 0x3c6 && v->chip->palette_used) {
        v->chip->palette_used(v);
    }
    switch (port) {
    case 0x3c6:
        if (!v->chip->mask_write || !v->chip->mask_write(v, value)) {
            v->pel_mask = value;
        }
        v->colours_changed = true;
        vga_changed(v);
        break;
    case 0x3c7:
    case 0x3c8:
        v->dac_reading = port == 0x3c7;
        *(v->dac_reading ? &v->dac_read : &v->dac_write) = value;
        v->dac_part = 0;
        break;
    default:
        dac_data_write(v, value);
        break;
    }
}

/* ---- ports ---- */

/* Bits 0 (no picture) and 3 (vertical retrace) follow the clock, as software waits for their edges. */
static uint8_t status1(Vga *v)
{
    int64_t at = clock_now(v->dev->machine->clock, CLOCK_VIRTUAL) % FRAME_NS;
    int64_t line = at / LINE_NS;
    bool retrace = line >= 490 && line < 492;
    bool hidden = line >= 480 || at % LINE_NS > LINE_NS * 4 / 5;
    v->ar_data = false;
    return (uint8_t)((hidden ? 1 : 0) | (retrace ? 8 : 0));
}

/* The CRT controller and what is beside it are at 0x3bx or 0x3dx. */
static bool is_there(const Vga *v, unsigned port)
{
    return (port & ~0xfu) == 0x3c0 || (port >= 0x3d0) == (v->misc & 1);
}

uint8_t vga_port_read(Vga *v, unsigned port)
{
    if (!is_there(v, port)) {
        return 0xff;
    }
    switch (port) {
    case 0x3c0:
        return v->ar_index;
    case 0x3c1:
        return attribute_read(v);
    case 0x3c2:
        return 0x10;                    /* a monitor is there */
    case 0x3c4:
        return v->index[VGA_SEQ];
    case 0x3c5:
        return index_read(v, VGA_SEQ);
    case 0x3c6: case 0x3c7: case 0x3c8: case 0x3c9:
        return dac_read(v, port);
    case 0x3ca:
        return v->feature;
    case 0x3cc:
        return v->misc;
    case 0x3ce:
        return v->index[VGA_GR];
    case 0x3cf:
        return index_read(v, VGA_GR);
    case 0x3b4: case 0x3d4:
        return v->index[VGA_CR];
    case 0x3b5: case 0x3d5:
        return index_read(v, VGA_CR);
    case 0x3ba: case 0x3da:
        return status1(v);
    default:
        return 0xff;
    }
}

static void set_index(Vga *v, VgaGroup group, uint8_t value)
{
    uint8_t mask = v->chip->index_mask[group];
    v->index[group] = value & (mask ? mask : own_index_mask[group]);
}

void vga_port_write(Vga *v, unsigned port, uint8_t value)
{
    if (!is_there(v, port)) {
        return;
    }
    switch (port) {
    case 0x3c0: case 0x3c1:
        attribute_write(v, value);
        break;
    case 0x3c2:
        v->misc = value;
        vga_changed(v);
        break;
    case 0x3c4:
        set_index(v, VGA_SEQ, value);
        break;
    case 0x3c5:
        index_write(v, VGA_SEQ, value);
        break;
    case 0x3c6: case 0x3c7: case 0x3c8: case 0x3c9:
        dac_write(v, port, value);
        break;
    case 0x3ce:
        set_index(v, VGA_GR, value);
        break;
    case 0x3cf:
        index_write(v, VGA_GR, value);
        break;
    case 0x3b4: case 0x3d4:
        set_index(v, VGA_CR, value);
        break;
    case 0x3b5: case 0x3d5:
        index_write(v, VGA_CR, value);
        break;
    case 0x3ba: case 0x3da:
        v->feature = value & 0x0b;
        break;
    default:
        break;
    }
}

static uint64_t mono_read(void *opaque, PhysAddr addr, unsigned size)
{
    return vga_port_read(opaque, 0x3b4 + (unsigned)addr);
}

static void mono_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    vga_port_write(opaque, 0x3b4 + (unsigned)addr, (uint8_t)value);
}

static uint64_t ports_read(void *opaque, PhysAddr addr, unsigned size)
{
    return vga_port_read(opaque, 0x3c0 + (unsigned)addr);
}

static void ports_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    vga_port_write(opaque, 0x3c0 + (unsigned)addr, (uint8_t)value);
}

static uint64_t colour_read(void *opaque, PhysAddr addr, unsigned size)
{
    return vga_port_read(opaque, 0x3d4 + (unsigned)addr);
}

static void colour_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    vga_port_write(opaque, 0x3d4 + (unsigned)addr, (uint8_t)value);
}

/* ---- the window ---- */

static uint64_t window_read(void *opaque, PhysAddr addr, unsigned size)
{
    Vga *v = opaque;
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        uint32_t at, offset = (uint32_t)addr + i;
        uint8_t byte = v->chip->window_read ? v->chip->window_read(v, offset)
                     : vga_decode(v, offset, &at) ? vga_read_at(v, v->bank + at) : 0xff;
        value |= (uint64_t)byte << 8 * i;
    }
    return value;
}

static void window_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Vga *v = opaque;
    for (unsigned i = 0; i < size; i++) {
        uint32_t at, offset = (uint32_t)addr + i;
        uint8_t byte = (uint8_t)(value >> 8 * i);
        if (v->chip->window_write) {
            v->chip->window_write(v, offset, byte);
        } else if (vga_decode(v, offset, &at)) {
            vga_write_at(v, v->bank + at, byte);
        }
    }
}

/* ---- life ---- */

/* The first write since it was drawn, or all writes up to a collection are known. */
static void touched(void *opaque, bool settled)
{
    Vga *v = opaque;
    if (settled) {
        display_settled(v->display);
    } else {
        display_request(v->display);
    }
}

static void blink(void *opaque)
{
    display_request(((Vga *)opaque)->display);
}

bool vga_realize(Vga *v, PciDevice *pci, GError **err)
{
    static const MemOps mono_ops = { .read = mono_read, .write = mono_write, .max_size = 1 };
    static const MemOps port_ops = { .read = ports_read, .write = ports_write, .max_size = 1 };
    static const MemOps colour_ops = { .read = colour_read, .write = colour_write, .max_size = 1 };
    static const MemOps window_ops = { .read = window_read, .write = window_write, .narrow_writes = true };
    Machine *machine = v->dev->machine;
    v->vram = mem_ram_new("vga-vram", v->ram_size, err);
    if (!v->vram) {
        return false;
    }
    v->ram = mem_host(v->vram);
    v->dirty = g_malloc0(v->ram_size >> 12);
    v->line_dirty = g_malloc0(VGA_MOST_PIXELS);
    v->line = g_new0(uint32_t, VGA_MOST_PIXELS + 64);
    v->wide = g_new0(uint32_t, VGA_MOST_PIXELS);
    v->mono = mem_io_new("vga-mono", 7, &mono_ops, v);
    v->ports = mem_io_new("vga-ports", 16, &port_ops, v);
    v->colour = mem_io_new("vga-colour", 7, &colour_ops, v);
    v->window = mem_io_new("vga-window", VGA_WINDOW_SIZE, &window_ops, v);
    mem_add(pci->bus->io, 0x3b4, v->mono, 0);
    mem_add(pci->bus->io, 0x3c0, v->ports, 0);
    mem_add(pci->bus->io, 0x3d4, v->colour, 0);
    mem_add(pci->bus->mem, VGA_WINDOW, v->window, 0);
    if (machine->displays) {
        v->display = display_add(machine->displays, device_name(v->dev), 0, &vga_display_ops, v);
        v->written = mem_watch_writes(machine->as, v->vram, touched, v);
        v->blink = timer_new(machine->clock, CLOCK_VIRTUAL, blink, v);
    }
    return true;
}

void vga_finalize(Vga *v)
{
    if (v->blink) {
        timer_free(v->blink);
    }
    display_remove(v->display);
    mem_free(v->window);
    mem_free(v->mono);
    mem_free(v->ports);
    mem_free(v->colour);
    mem_free(v->vram);
    g_free(v->dirty);
    g_free(v->line_dirty);
    g_free(v->line);
    g_free(v->wide);
    g_free(v->cells);
}

void vga_changed(Vga *v)
{
    if (v->display) {
        display_request(v->display);
    }
}

void vga_reset(Vga *v)
{
    v->misc = v->feature = 0;
    memset(v->index, 0, sizeof(v->index));
    memset(v->seq, 0, sizeof(v->seq));
    memset(v->gr, 0, sizeof(v->gr));
    memset(v->cr, 0, sizeof(v->cr));
    memset(v->ar, 0, sizeof(v->ar));
    memset(v->palette, 0, sizeof(v->palette));
    memset(v->dac_value, 0, sizeof(v->dac_value));
    v->ar_index = v->dac_read = v->dac_write = v->dac_part = 0;
    v->ar_data = v->dac_reading = v->dac_wide = false;
    v->pel_mask = 0xff;
    v->latch = v->bank = 0;
    vga_post_load(v);
}

void vga_post_load(Vga *v)
{
    v->dac_part %= 3;
    v->bank &= v->ram_size - 1;
    v->all = v->colours_changed = true;
    vga_changed(v);
}

const VmField vga_state[] = {
    VM_U8(Vga, misc), VM_U8(Vga, feature), VM_ARRAY(Vga, index), VM_BUFFER(Vga, seq), VM_BUFFER(Vga, gr),
    VM_BUFFER(Vga, cr), VM_U8(Vga, ar_index), VM_BUFFER(Vga, ar), VM_BOOL(Vga, ar_data),
    VM_BUFFER(Vga, palette), VM_U8(Vga, pel_mask), VM_U8(Vga, dac_read), VM_U8(Vga, dac_write),
    VM_U8(Vga, dac_part), VM_ARRAY(Vga, dac_value), VM_BOOL(Vga, dac_reading), VM_BOOL(Vga, dac_wide),
    VM_U32(Vga, latch), VM_U32(Vga, bank),
    { 0 }
};
