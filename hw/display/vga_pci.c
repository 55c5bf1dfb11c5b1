/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VGA with the Bochs display interface ("VBE dispi") on the PCI bus: 1234:1111. The registers are those
 * that Linux's bochs driver and the Bochs VGA BIOS document: indices 0 to 10 behind ports 0x1ce and 0x1d0
 * (0x1cf for who can), or all of them in BAR 2:
 *
 *   0x000 EDID, 128 bytes      0x400 the ports 0x3c0 to 0x3df, one byte each
 *   0x500 dispi registers, two bytes each      0x600 how many bytes follow from there: 8
 *   0x604 0xbebebebe: pixels are big endian, 0x1e1e1e1e: little; reset: as the CPU is
 *
 * BAR 0 is the video memory. Not modelled: 4 bits per pixel, a BIOS.
 */
#include <string.h>
#include "hw/display/edid.h"
#include "hw/display/vga_internal.h"
#include "util/bits.h"
#include "util/error.h"
#include "util/log.h"

#define MMIO_SIZE   0x1000
#define EXT_SIZE    8
#define ENDIAN_BIG    0xbebebebeu
#define ENDIAN_LITTLE 0x1e1e1e1eu

enum {
    D_ID, D_XRES, D_YRES, D_BPP, D_ENABLE, D_BANK, D_VIRT_WIDTH, D_VIRT_HEIGHT, D_X_OFFSET, D_Y_OFFSET,
    D_MEMORY_64K, D_COUNT,
};
enum { E_ENABLED = 1, E_CAPABILITIES = 2, E_DAC_8BIT = 0x20, E_LINEAR = 0x40, E_NO_CLEAR = 0x80 };

typedef struct {
    PciDevice pci;
    Vga vga;
    MemRegion *mmio, *ports;
    uint32_t vgamem_mb, edid_width, edid_height;
    bool has_edid;
    uint8_t edid[EDID_BYTES];
    uint16_t index, dispi[D_COUNT];
    bool big_endian;
} VgaPci;

static VgaPci *of_vga(Vga *v)
{
    return (VgaPci *)v->dev;
}

/* ---- the mode ---- */

static unsigned bytes_per_pixel(const VgaPci *s)
{
    return (s->dispi[D_BPP] + 7u) / 8;
}

static uint32_t pitch_of(const VgaPci *s)
{
    return s->dispi[D_VIRT_WIDTH] * bytes_per_pixel(s);
}

static bool dispi_mode(Vga *v, VgaMode *m)
{
    const VgaPci *s = of_vga(v);
    if (!(s->dispi[D_ENABLE] & E_ENABLED)) {
        return false;
    }
    m->kind = s->dispi[D_BPP] == 8 ? VGA_BYTES : s->dispi[D_BPP] == 15 ? VGA_RGB15
            : s->dispi[D_BPP] == 16 ? VGA_RGB16 : s->dispi[D_BPP] == 24 ? VGA_RGB24 : VGA_RGB32;
    m->width = s->dispi[D_XRES];
    m->height = s->dispi[D_YRES];
    m->pitch = pitch_of(s);
    m->start = s->dispi[D_Y_OFFSET] * m->pitch + s->dispi[D_X_OFFSET] * bytes_per_pixel(s);
    m->big_endian = s->big_endian;
    return true;
}

/* ---- dispi registers ---- */

static uint16_t dispi_read(const VgaPci *s, unsigned index)
{
    if (index >= D_COUNT) {
        return 0;
    }
    if (s->dispi[D_ENABLE] & E_CAPABILITIES) {
        switch (index) {
        case D_XRES:
        case D_YRES:
            return VGA_MOST_PIXELS;
        case D_BPP:
            return 32;
        default:
            break;
        }
    }
    return index == D_MEMORY_64K ? (uint16_t)(s->vga.ram_size >> 16) : s->dispi[index];
}

/* A virtual width that the memory has enough of, and the height that follows. */
static bool set_virtual_width(VgaPci *s, unsigned width)
{
    uint32_t pitch = width * bytes_per_pixel(s);
    if (width < s->dispi[D_XRES] || (uint64_t)pitch * s->dispi[D_YRES] > s->vga.ram_size) {
        return false;
    }
    s->dispi[D_VIRT_WIDTH] = (uint16_t)width;
    s->dispi[D_VIRT_HEIGHT] = (uint16_t)MIN(s->vga.ram_size / pitch, UINT16_MAX);
    return true;
}

static void clear_screen(VgaPci *s)
{
    uint32_t len = MIN(pitch_of(s) * s->dispi[D_YRES], s->vga.ram_size);
    memset(s->vga.ram, 0, len);
    vga_note_write(&s->vga, 0, len);
}

static bool good_mode(const VgaPci *s)
{
    static const uint8_t depths[] = { 8, 15, 16, 24, 32 };
    return memchr(depths, s->dispi[D_BPP], sizeof(depths)) && s->dispi[D_XRES] && s->dispi[D_YRES] &&
           s->dispi[D_XRES] <= VGA_MOST_PIXELS && s->dispi[D_YRES] <= VGA_MOST_PIXELS;
}

static void enable_written(VgaPci *s, uint16_t value)
{
    bool was = s->dispi[D_ENABLE] & E_ENABLED;
    if ((value & E_ENABLED) && !was) {
        if (!good_mode(s) || !set_virtual_width(s, s->dispi[D_XRES])) {
            guest_log("VGA: a mode of %ux%u with %u bits a pixel cannot be", s->dispi[D_XRES],
                      s->dispi[D_YRES], s->dispi[D_BPP]);
            value &= (uint16_t)~E_ENABLED;
        } else {
            s->dispi[D_X_OFFSET] = s->dispi[D_Y_OFFSET] = 0;
            if (!(value & E_NO_CLEAR)) {
                clear_screen(s);
            }
        }
    }
    s->dispi[D_ENABLE] = value & (E_ENABLED | E_CAPABILITIES | E_DAC_8BIT | E_LINEAR | E_NO_CLEAR);
    s->vga.bank = s->dispi[D_ENABLE] & E_ENABLED ? s->vga.bank : 0;
    if (s->vga.dac_wide != !!(value & E_DAC_8BIT)) {
        s->vga.dac_wide = value & E_DAC_8BIT;
        s->vga.colours_changed = true;
    }
}

static void dispi_write(VgaPci *s, unsigned index, uint16_t value)
{
    bool on = s->dispi[D_ENABLE] & E_ENABLED;
    switch (index) {
    case D_ID:
        if (value >= 0xb0c0 && value <= 0xb0c5) {
            s->dispi[D_ID] = value;
        }
        break;
    case D_XRES: case D_YRES: case D_BPP:
        if (!on) {
            s->dispi[index] = index == D_BPP && value == 0 ? 8 : value;
        }
        break;
    case D_ENABLE:
        enable_written(s, value);
        break;
    case D_BANK:
        s->dispi[D_BANK] = value;
        s->vga.bank = (uint32_t)value << 16 & (s->vga.ram_size - 1);
        break;
    case D_VIRT_WIDTH:
        if (on && !set_virtual_width(s, value)) {
            guest_log("VGA: a virtual width of %u cannot be", value);
        }
        break;
    case D_X_OFFSET: case D_Y_OFFSET:
        s->dispi[index] = value;
        break;
    default:
        break;
    }
    vga_changed(&s->vga);
}

/* The index at 0, the data at 1 and 2. */
static uint64_t ports_read(void *opaque, PhysAddr addr, unsigned size)
{
    const VgaPci *s = opaque;
    return addr == 0 ? s->index : dispi_read(s, s->index);
}

static void ports_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    VgaPci *s = opaque;
    if (addr == 0) {
        s->index = (uint16_t)value;
    } else {
        dispi_write(s, s->index, (uint16_t)value);
    }
}

/* ---- BAR 2 ---- */

static uint8_t mmio_byte(VgaPci *s, unsigned at)
{
    if (at < sizeof(s->edid)) {
        return s->has_edid ? s->edid[at] : 0;
    }
    if (at >= 0x400 && at < 0x420) {
        return vga_port_read(&s->vga, 0x3c0 + at - 0x400);
    }
    if (at >= 0x500 && at < 0x500 + 2 * D_COUNT) {
        return (uint8_t)(dispi_read(s, (at - 0x500) / 2) >> 8 * (at & 1));
    }
    if (at >= 0x600 && at < 0x608) {
        uint64_t value = EXT_SIZE | (uint64_t)(s->big_endian ? ENDIAN_BIG : ENDIAN_LITTLE) << 32;
        return (uint8_t)(value >> 8 * (at - 0x600));
    }
    return 0;
}

static uint64_t mmio_read(void *opaque, PhysAddr addr, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)mmio_byte(opaque, (unsigned)addr + i) << 8 * i;
    }
    return value;
}

static void mmio_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    VgaPci *s = opaque;
    unsigned at = (unsigned)addr;
    if (at >= 0x400 && at < 0x420) {
        for (unsigned i = 0; i < size; i++) {
            vga_port_write(&s->vga, 0x3c0 + at + i - 0x400, (uint8_t)(value >> 8 * i));
        }
    } else if (at >= 0x500 && at < 0x500 + 2 * D_COUNT) {
        for (unsigned i = 0; i + 2 <= size; i += 2) {
            dispi_write(s, (at + i - 0x500) / 2, (uint16_t)(value >> 8 * i));
        }
    } else if (at == 0x604 && size == 4 && (value == ENDIAN_BIG || value == ENDIAN_LITTLE)) {
        s->big_endian = value == ENDIAN_BIG;
        vga_changed(&s->vga);
    } else {
        guest_log("VGA: write of %u bytes at 0x%03x of BAR 2, where nothing is to be written", size, at);
    }
}

/* ---- the device ---- */

static bool vga_pci_realize(Device *dev, GError **err)
{
    static const MemOps port_ops = { .read = ports_read, .write = ports_write, .min_size = 2, .max_size = 2 };
    static const MemOps mmio_ops = { .read = mmio_read, .write = mmio_write, .narrow_writes = true };
    static const VgaChip chip = { .mode = dispi_mode };
    VgaPci *s = (VgaPci *)dev;
    if (s->vgamem_mb < 1 || s->vgamem_mb > 256 || (s->vgamem_mb & (s->vgamem_mb - 1))) {
        return error_set(err, "%s: vgamem_mb=%u: must be a power of two up to 256; 16 would work",
                         device_name(dev), s->vgamem_mb);
    }
    if (s->edid_width < 320 || s->edid_width > 4095 || s->edid_height < 200 || s->edid_height > 4095) {
        return error_set(err, "%s: xres=%u,yres=%u: must be from 320x200 to 4095x4095; 1280x800 would work",
                         device_name(dev), s->edid_width, s->edid_height);
    }
    edid_fill(s->edid, s->edid_width, s->edid_height);
    s->vga.dev = dev;
    s->vga.chip = &chip;
    s->vga.ram_size = s->vgamem_mb << 20;
    if (!vga_realize(&s->vga, &s->pci, err)) {
        return false;
    }
    s->mmio = mem_io_new("vga-mmio", MMIO_SIZE, &mmio_ops, s);
    s->ports = mem_io_new("vga-dispi", 4, &port_ops, s);
    mem_add(s->pci.bus->io, 0x1ce, s->ports, 0);
    pci_device_add_bar(&s->pci, 0, false, s->vga.vram);
    pci_device_add_bar(&s->pci, 2, false, s->mmio);
    return true;
}

static void vga_pci_reset(Device *dev)
{
    VgaPci *s = (VgaPci *)dev;
    pci_device_reset(&s->pci);
    pci_config_set(&s->pci, PCI_BAR0, PCI_BAR_PREFETCH, 4);
    pci_config_set(&s->pci, PCI_SUBVENDOR, 0x1af4, 2);
    pci_config_set(&s->pci, PCI_SUBDEVICE, 0x1100, 2);
    memset(s->dispi, 0, sizeof(s->dispi));
    s->dispi[D_ID] = 0xb0c5;
    s->dispi[D_BPP] = 8;
    s->index = 0;
    s->big_endian = dev->machine->big_endian;
    vga_reset(&s->vga);
}

static bool vga_pci_post_load(Device *dev, GError **err)
{
    VgaPci *s = (VgaPci *)dev;
    if ((s->dispi[D_ENABLE] & E_ENABLED) &&
        (!good_mode(s) || s->dispi[D_VIRT_WIDTH] < s->dispi[D_XRES] ||
         (uint64_t)pitch_of(s) * s->dispi[D_YRES] > s->vga.ram_size)) {
        return error_set(err, "VGA: the saved state has a mode that cannot be");
    }
    pci_device_post_load(&s->pci);
    vga_post_load(&s->vga);
    return true;
}

static void vga_pci_finalize(Device *dev)
{
    VgaPci *s = (VgaPci *)dev;
    mem_free(s->mmio);
    mem_free(s->ports);
    vga_finalize(&s->vga);
}

static const VmField vga_pci_state[] = {
    PCI_STATE(VgaPci, pci), VM_STRUCT(VgaPci, vga, vga_state), VM_U16(VgaPci, index), VM_ARRAY(VgaPci, dispi),
    VM_BOOL(VgaPci, big_endian),
    { 0 }
};

static const Prop vga_pci_props[] = {
    { "vgamem_mb", PROP_U32, offsetof(VgaPci, vgamem_mb), "16", "MiB of video memory" },
    { "edid", PROP_BOOL, offsetof(VgaPci, has_edid), "on", "there is a monitor that tells its modes" },
    { "xres", PROP_U32, offsetof(VgaPci, edid_width), "1280", "columns of its best mode" },
    { "yres", PROP_U32, offsetof(VgaPci, edid_height), "800", "lines of its best mode" },
    { 0 }
};

static const PciInfo vga_pci_info = {
    .vendor = 0x1234, .device = 0x1111, .class_code = 0x0300, .revision = 2,
    .command_mask = PCI_COMMAND_IO | PCI_COMMAND_MEM,
};

const DeviceType vga_pci_type = {
    "VGA", sizeof(VgaPci), .parent = "pci-device", .description = "VGA with the Bochs display interface",
    .user_creatable = true, .graphics = true, .state = vga_pci_state, .props = vga_pci_props,
    .bus_info = &vga_pci_info, .realize = vga_pci_realize, .reset = vga_pci_reset,
    .finalize = vga_pci_finalize, .post_load = vga_pci_post_load,
};
