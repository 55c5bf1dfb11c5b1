/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VGA's memory as the CPU sees it: the sequencer's and the graphics controller's part in an access.
 *
 * Byte 4 * n + p of video memory is byte n of plane p, also where addresses are chained or even and odd: the
 * address bits that then choose the plane count no bytes within it. The chip leaves gaps there and skips them
 * when it shows the memory (word and doubleword mode of the CRT controller); here there are none to skip.
 */
#include "hw/display/vga_internal.h"
#include "util/bits.h"

#define SEQ_PLANES(v)   ((v)->seq[2])
#define SEQ_CHAIN4(v)   ((v)->seq[4] & 0x08)
#define SEQ_NO_ODD(v)   ((v)->seq[4] & 0x04)
#define GR_READ_ODD(v)  ((v)->gr[5] & 0x10)

/* A byte for each of the planes of which the bit is set. */
static uint32_t spread(uint8_t planes)
{
    uint32_t out = 0;
    for (unsigned p = 0; p < 4; p++) {
        out |= planes >> p & 1 ? 0xffu << 8 * p : 0;
    }
    return out;
}

static uint32_t four(uint8_t byte)
{
    return byte * 0x01010101u;
}

static uint8_t *word_at(Vga *v, uint32_t offset)
{
    return v->ram + ((offset * 4) & (v->ram_size - 1));
}

void vga_note_write(Vga *v, uint32_t offset, uint32_t len)
{
    AddressSpace *as = v->dev->machine->as;
    offset &= v->ram_size - 1;
    len = MIN(len, v->ram_size);
    uint32_t here = MIN(len, v->ram_size - offset);
    as_note_write(as, v->ram + offset, here);
    as_note_write(as, v->ram, len - here);
}

bool vga_decode(const Vga *v, uint32_t offset, uint32_t *addr)
{
    static const struct { uint32_t first, size; } maps[4] = {
        { 0, 0x20000 }, { 0, 0x10000 }, { 0x10000, 0x8000 }, { 0x18000, 0x8000 },
    };
    unsigned n = v->gr[6] >> 2 & 3;
    *addr = offset - maps[n].first;
    return *addr < maps[n].size;
}

/* ---- reading ---- */

/* The bits in which all planes that are cared for have the colour. */
static uint8_t compare(const Vga *v)
{
    uint32_t differ = (v->latch ^ spread(v->gr[2])) & spread(v->gr[7]);
    differ |= differ >> 16;
    differ |= differ >> 8;
    return (uint8_t)~differ;
}

uint8_t vga_read_at(Vga *v, uint32_t addr)
{
    unsigned plane = v->gr[4] & 3;
    uint32_t offset = addr;
    if (SEQ_CHAIN4(v)) {
        plane = addr & 3;
        offset = addr >> 2;
    } else if (GR_READ_ODD(v)) {
        plane = (plane & 2) | (addr & 1);
        offset = addr >> 1;
    }
    v->latch = (uint32_t)load_le(word_at(v, offset), 4);
    return v->gr[5] & 8 && !SEQ_CHAIN4(v) ? compare(v) : (uint8_t)(v->latch >> 8 * plane);
}

/* ---- writing ---- */

static uint32_t combine(const Vga *v, uint32_t data)
{
    switch (v->gr[3] >> 3 & 3) {
    case 1:
        return data & v->latch;
    case 2:
        return data | v->latch;
    case 3:
        return data ^ v->latch;
    default:
        return data;
    }
}

static uint8_t rotate(const Vga *v, uint8_t value)
{
    unsigned n = v->gr[3] & 7;
    return (uint8_t)(value >> n | value << (8 - n));
}

/* What the four write modes make of a byte for the planes. */
static uint32_t to_planes(const Vga *v, uint8_t value)
{
    uint32_t data, mask = four(v->gr[8]), set = spread(v->gr[0]);
    switch (v->gr[5] & 3) {
    case 0: {
        uint32_t enabled = spread(v->gr[1]);
        data = combine(v, (four(rotate(v, value)) & ~enabled) | (set & enabled));
        break;
    }
    case 1:
        return v->latch;
    case 2:
        data = combine(v, spread(value & 0x0f));
        break;
    default:
        data = combine(v, set);
        mask &= four(rotate(v, value));
        break;
    }
    return (data & mask) | (v->latch & ~mask);
}

void vga_write_at(Vga *v, uint32_t addr, uint8_t value)
{
    uint8_t planes = SEQ_PLANES(v);
    uint32_t offset = addr;
    if (SEQ_CHAIN4(v)) {
        planes &= (uint8_t)(1 << (addr & 3));
        offset = addr >> 2;
    } else if (!SEQ_NO_ODD(v)) {
        planes &= addr & 1 ? 0x0a : 0x05;
        offset = addr >> 1;
    }
    uint32_t mask = spread(planes);
    if (mask) {
        uint8_t *word = word_at(v, offset);
        uint32_t old = (uint32_t)load_le(word, 4);
        store_le(word, 4, (to_planes(v, value) & mask) | (old & ~mask));
        vga_note_write(v, (uint32_t)(word - v->ram), 4);
    }
}
