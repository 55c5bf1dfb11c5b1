/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CL-GD5446 as its files see it. */
#ifndef HW_DISPLAY_CIRRUS_INTERNAL_H
#define HW_DISPLAY_CIRRUS_INTERNAL_H

#include "hw/display/vga_internal.h"

#define BLT_ROW_MOST 8192           /* bytes of a row: the width has 13 bits */

/* Bits of the graphics controller's extended registers. */
enum {
    GRB_DUAL_BANKS = 0x01, GRB_BY_8 = 0x02, GRB_EXTENDED_WRITES = 0x04, GRB_BY_16 = 0x10,
    GRB_BANKS_16K = 0x20,
};
enum {
    BLT_BACKWARDS = 0x01, BLT_TO_SYSTEM = 0x02, BLT_FROM_SYSTEM = 0x04, BLT_TRANSPARENT = 0x08,
    BLT_DEPTH = 0x30, BLT_PATTERN = 0x40, BLT_EXPAND = 0x80,                        /* of GR30 */
};
enum {
    BLT_BUSY = 0x01, BLT_START = 0x02, BLT_RESET = 0x04, BLT_PROGRESS = 0x08, BLT_AUTOSTART = 0x80, /* GR31 */
};
enum { BLT_DWORDS = 0x01, BLT_INVERT = 0x02, BLT_SOLID = 0x04 };                    /* of GR33 */

/* A block transfer as it was when it began, and how far it is. */
typedef struct {
    uint8_t mode, ext, rop, skip, depth;    /* depth: bytes of a pixel */
    uint32_t width, height;                 /* bytes, rows */
    uint32_t dst, src, dst_pitch, src_pitch;
    uint8_t fore[4], back[4];
    uint16_t key;
    uint32_t row;                           /* the next one */
    uint32_t need, have;                    /* bytes that pass the bus for a row (or a pattern); that did */
    uint8_t data[BLT_ROW_MOST + 4];         /* those */
} CirrusBlt;

typedef struct {
    PciDevice pci;
    Vga vga;
    uint32_t vgamem_mb;
    MemRegion *linear, *linear_io, *mmio;
    bool direct;                            /* the linear window is memory, no transfer needs to see it */
    uint32_t plain, plain_most;             /* accesses without a transfer since the last; to go direct */
    int64_t direct_since;                   /* CLOCK_VIRTUAL, of the last change of direct */

    uint8_t hidden_dac, dac_reads;          /* reads of 0x3c6 in a row */
    uint8_t cursor_rgb[16][3];              /* the first and the last */
    uint16_t cursor_x, cursor_y;
    CirrusBlt blt;
} Cirrus;

static inline Cirrus *cirrus_of(Vga *v)
{
    return (Cirrus *)v->dev;
}

/* ---- cirrus_blt.c ---- */
extern const VmField cirrus_blt_state[];
/* Begins what the registers say and, unless the CPU has a part in it, ends it. */
void cirrus_blt_start(Cirrus *c);
void cirrus_blt_reset(Cirrus *c);
/* Bytes from and for the CPU while cirrus_blt_takes or cirrus_blt_gives. */
bool cirrus_blt_takes(const Cirrus *c);
bool cirrus_blt_gives(const Cirrus *c);
void cirrus_blt_put(Cirrus *c, uint64_t value, unsigned size);
uint64_t cirrus_blt_get(Cirrus *c, unsigned size);
/* Whether what was loaded can be. */
bool cirrus_blt_valid(const Cirrus *c);
/* The memory-mapped registers: byte offset of 256, or -1 when nothing is there. */
int cirrus_blt_register(unsigned offset);

/* ---- cirrus_cursor.c ---- */
void cirrus_cursor_overlay(Vga *v, unsigned y, uint32_t *line, unsigned width);
/* The lines where it is are to be drawn again: before and after it changes. */
void cirrus_cursor_changes(Cirrus *c);
void cirrus_cursor_updating(Vga *v);

/* ---- cirrus_mem.c ---- */
void cirrus_mem_realize(Cirrus *c);
void cirrus_mem_reset(Cirrus *c);
void cirrus_mem_finalize(Cirrus *c);
/* The linear window becomes memory, or leads to the device. */
void cirrus_set_direct(Cirrus *c, bool direct);
/* A transfer with the CPU begins. */
void cirrus_mem_transfer(Cirrus *c);
uint8_t cirrus_window_read(Vga *v, uint32_t offset);
void cirrus_window_write(Vga *v, uint32_t offset, uint8_t value);
/* As if through index and data. */
uint8_t cirrus_gr_read(Cirrus *c, unsigned index);
void cirrus_gr_write(Cirrus *c, unsigned index, uint8_t value);

#endif
