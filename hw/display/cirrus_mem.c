/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CL-GD5446's video memory as the CPU sees it: the linear window (BAR 0) and the one at 0xa0000 with its
 * banks. Technical Reference Manual, registers GR5, GR9 to GRB, SR17.
 *
 * BAR 0 has 32 MiB: in the lower half video memory, repeated; in the upper one only data of block transfers.
 * While no transfer needs the CPU, the first copy is plain memory. A transfer makes it lead here, where it
 * stays for a while, because changing it costs the CPUs what they know of memory: the longer, the sooner the
 * last changes were undone by the next transfer.
 *
 * Not modelled: apertures that swap bytes, memory-mapped registers at the end of linear memory, the
 * read path of by-8 and by-16 addressing (it reads bytes).
 */
#include "hw/display/cirrus_internal.h"
#include "util/bits.h"

#define LINEAR_SIZE   0x2000000u
#define LINEAR_HALF   0x1000000u
#define PLAIN_FIRST   4096u
#define PLAIN_LAST    (1u << 22)
#define LONG_NS       20000000          /* a change that lasted so long was worth it */

#define REGISTERS_AT  0x18000           /* in the window, when SR17 says so */

/* ---- direct access ---- */

static bool writes_are_plain(const Cirrus *c)
{
    return !(c->vga.gr[0x0b] & (GRB_EXTENDED_WRITES | GRB_BY_8));
}

void cirrus_set_direct(Cirrus *c, bool direct)
{
    c->plain = 0;
    direct = direct && writes_are_plain(c);
    if (c->direct != direct) {
        int64_t now = clock_now(c->vga.dev->machine->clock, CLOCK_VIRTUAL);
        if (!direct && now - c->direct_since >= LONG_NS) {
            c->plain_most = PLAIN_FIRST;
        }
        c->direct_since = now;
        c->direct = direct;
        mem_set_enabled(c->vga.vram, direct);
    }
}

void cirrus_mem_transfer(Cirrus *c)
{
    cirrus_set_direct(c, false);
}

/* Many accesses and no transfer: those after these are worth the change. */
static void count_plain(Cirrus *c, unsigned bytes)
{
    c->plain += bytes;
    if (c->plain >= c->plain_most && writes_are_plain(c)) {
        c->plain_most = MIN(c->plain_most * 4, PLAIN_LAST);
        cirrus_set_direct(c, true);
    }
}

/* ---- bytes of packed pixels ---- */

static uint32_t scaled(const Cirrus *c, uint32_t addr)
{
    uint8_t grb = c->vga.gr[0x0b];
    return (grb & GRB_BY_16) && (grb & GRB_EXTENDED_WRITES) ? addr << 4 : grb & GRB_BY_8 ? addr << 3 : addr;
}

/* Write modes 4 and 5: the bits of a byte are pixels, in the colours of GR1 and, mode 5, GR0. */
static void write_bits(Cirrus *c, uint32_t addr, uint8_t bits)
{
    Vga *v = &c->vga;
    bool opaque = (v->gr[5] & 7) == 5, wide = v->gr[0x0b] & GRB_BY_16;
    unsigned bytes = wide ? 2 : 1;
    for (unsigned i = 0; i < 8; i++) {
        bool set = bits >> (7 - i) & 1;
        uint32_t at = (addr + i * bytes) & (v->ram_size - bytes);
        if (set || opaque) {
            v->ram[at] = v->gr[set ? 0x01 : 0x00];
            if (wide) {
                v->ram[at + 1] = v->gr[set ? 0x11 : 0x10];
            }
        }
    }
    vga_note_write(v, addr, 8 * bytes);
}

static void packed_write(Cirrus *c, uint32_t addr, uint8_t value)
{
    Vga *v = &c->vga;
    addr = scaled(c, addr);
    if ((v->gr[0x0b] & GRB_EXTENDED_WRITES) && (v->gr[5] & 4)) {
        write_bits(c, addr, value);
        return;
    }
    v->ram[addr & (v->ram_size - 1)] = value;
    vga_note_write(v, addr, 1);
}

static uint8_t packed_read(Cirrus *c, uint32_t addr)
{
    return c->vga.ram[addr & (c->vga.ram_size - 1)];
}

/* ---- the linear window ---- */

static uint64_t linear_read(void *opaque, PhysAddr addr, unsigned size)
{
    Cirrus *c = opaque;
    uint64_t value = 0;
    if (cirrus_blt_gives(c)) {
        return cirrus_blt_get(c, size);
    }
    if (addr >= LINEAR_HALF) {
        return UINT64_MAX;
    }
    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)packed_read(c, (uint32_t)addr + i) << 8 * i;
    }
    count_plain(c, size);
    return value;
}

static void linear_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Cirrus *c = opaque;
    if (cirrus_blt_takes(c)) {
        cirrus_blt_put(c, value, size);
        return;
    }
    if (addr >= LINEAR_HALF) {
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        packed_write(c, (uint32_t)addr + i, (uint8_t)(value >> 8 * i));
    }
    count_plain(c, size);
}

/* ---- the window at 0xa0000 ---- */

static bool is_packed(const Vga *v)
{
    return v->seq[7] & 1;
}

/* The place in video memory of a byte of the window's first 64 KiB. */
static uint32_t banked(const Vga *v, uint32_t offset)
{
    uint8_t grb = v->gr[0x0b];
    unsigned shift = grb & GRB_BANKS_16K ? 14 : 12;
    if (grb & GRB_DUAL_BANKS) {
        return ((uint32_t)v->gr[offset & 0x8000 ? 0x0a : 0x09] << shift) + (offset & 0x7fff);
    }
    return ((uint32_t)v->gr[0x09] << shift) + offset;
}

/* The register at a byte of the window, or -1. */
static int register_at(const Vga *v, uint32_t offset)
{
    bool here = (v->seq[0x17] & 0x44) == 0x04 && offset >= REGISTERS_AT && offset < REGISTERS_AT + 0x100;
    return here ? cirrus_blt_register(offset - REGISTERS_AT) : -1;
}

uint8_t cirrus_window_read(Vga *v, uint32_t offset)
{
    Cirrus *c = cirrus_of(v);
    int reg = register_at(v, offset);
    uint32_t at;
    if (reg >= 0) {
        return cirrus_gr_read(c, (unsigned)reg);
    }
    if (!vga_decode(v, offset, &at)) {
        return 0xff;
    }
    if (cirrus_blt_gives(c)) {
        return (uint8_t)cirrus_blt_get(c, 1);
    }
    return is_packed(v) ? packed_read(c, banked(v, at)) : vga_read_at(v, banked(v, at));
}

void cirrus_window_write(Vga *v, uint32_t offset, uint8_t value)
{
    Cirrus *c = cirrus_of(v);
    int reg = register_at(v, offset);
    uint32_t at;
    if (reg >= 0) {
        cirrus_gr_write(c, (unsigned)reg, value);
    } else if (vga_decode(v, offset, &at)) {
        if (cirrus_blt_takes(c)) {
            cirrus_blt_put(c, value, 1);
        } else if (is_packed(v)) {
            packed_write(c, banked(v, at), value);
        } else {
            vga_write_at(v, banked(v, at), value);
        }
    }
}

/* ---- life ---- */

void cirrus_mem_realize(Cirrus *c)
{
    static const MemOps ops = { .read = linear_read, .write = linear_write, .narrow_writes = true };
    c->linear = mem_container_new("cirrus-linear", LINEAR_SIZE);
    c->linear_io = mem_io_new("cirrus-linear-io", LINEAR_SIZE, &ops, c);
    mem_add(c->linear, 0, c->linear_io, 0);
    mem_add(c->linear, 0, c->vga.vram, 1);
    c->direct = true;
    c->plain_most = PLAIN_FIRST;
}

void cirrus_mem_reset(Cirrus *c)
{
    c->plain_most = PLAIN_FIRST;
    cirrus_set_direct(c, true);
}

void cirrus_mem_finalize(Cirrus *c)
{
    mem_free(c->linear);
    mem_free(c->linear_io);
}
