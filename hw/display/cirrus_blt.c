/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BitBLT engine of the CL-GD5446: its Technical Reference Manual (Cirrus Logic, second edition, November
 * 1996), chapter "BitBLT engine" and registers GR0, GR1, GR10 to GR15, GR20 to GR35.
 *
 * A transfer is done row by row: the row of the source, or what a pattern or bits expand to, then the
 * raster operation with the row of the destination. Without the CPU it is done when the register that starts
 * it has been written: at most 8192 bytes by 2048 rows. Addresses wrap at the end of video memory, so nothing
 * outside of it is reached. A row's source is read before its destination is written.
 *
 * Not modelled: suspending, and the settings that the manual rules out: transparency with a colour key where
 * pixels have 24 or 32 bits (ignored), both ends in the CPU's memory (refused).
 */
#include <string.h>
#include "hw/display/cirrus_internal.h"
#include "util/bits.h"
#include "util/log.h"

#define PATTERN_ROWS 8

/* ---- raster operations ---- */

#define EACH(expression) \
    for (unsigned i = 0; i < n; i++) { \
        unsigned s = src[i], d = dst[i]; \
        (void)s; \
        (void)d; \
        out[i] = (uint8_t)(expression); \
    } \
    break

/* The sixteen of GR32. */
static void combine(uint8_t rop, uint8_t *out, const uint8_t *src, const uint8_t *dst, unsigned n)
{
    switch (rop) {
    case 0x00: EACH(0);
    case 0x90: EACH(~(s | d));
    case 0x50: EACH(~s & d);
    case 0xd0: EACH(~s);
    case 0x09: EACH(s & ~d);
    case 0x0b: EACH(~d);
    case 0x59: EACH(s ^ d);
    case 0xda: EACH(~(s & d));
    case 0x05: EACH(s & d);
    case 0x95: EACH(~(s ^ d));
    case 0xd6: EACH(~s | d);
    case 0x0d: EACH(s);
    case 0xad: EACH(s | ~d);
    case 0x6d: EACH(s | d);
    case 0x0e: EACH(0xff);
    default: EACH(d);                   /* 0x06 */
    }
}

/* ---- video memory ---- */

static void fetch(const Vga *v, uint32_t at, uint8_t *out, uint32_t n)
{
    at &= v->ram_size - 1;
    uint32_t here = MIN(n, v->ram_size - at);
    memcpy(out, v->ram + at, here);
    memcpy(out + here, v->ram, n - here);
}

static void put(Vga *v, uint32_t at, const uint8_t *from, uint32_t n)
{
    at &= v->ram_size - 1;
    uint32_t here = MIN(n, v->ram_size - at);
    memcpy(v->ram + at, from, here);
    memcpy(v->ram, from + here, n - here);
    vga_note_write(v, at, n);
}

/* ---- a row ---- */

/* What is to be combined with the destination, and which of its bytes change. */
typedef struct {
    uint8_t src[BLT_ROW_MOST + 4], mask[BLT_ROW_MOST + 4];
    bool masked;
} Row;

static bool patterned(const CirrusBlt *b)
{
    return b->mode & BLT_PATTERN;
}

static bool solid(const CirrusBlt *b)
{
    return (b->ext & BLT_SOLID) && (b->mode & BLT_EXPAND);
}

static unsigned pattern_pitch(const CirrusBlt *b)
{
    return b->mode & BLT_EXPAND ? 1 : b->depth == 3 ? 32 : 8u * b->depth;
}

/* The pattern's row for the transfer's, from video memory or from what the CPU gave. */
static void pattern_row(Vga *v, const CirrusBlt *b, uint8_t out[32])
{
    unsigned pitch = pattern_pitch(b), at = (b->row + b->src) % PATTERN_ROWS * pitch;
    if (b->mode & BLT_FROM_SYSTEM) {
        memcpy(out, b->data + at, pitch);
    } else {
        fetch(v, (b->src & ~(pitch * PATTERN_ROWS - 1)) + at, out, pitch);
    }
}

/* Bits become pixels of the two colours. */
static void expand(Row *r, const CirrusBlt *b, const uint8_t *bits, unsigned period)
{
    bool transparent = b->mode & BLT_TRANSPARENT, invert = transparent && (b->ext & BLT_INVERT);
    unsigned pixels = (b->width + b->depth - 1) / b->depth;
    const uint8_t *fore = invert ? b->back : b->fore;
    uint8_t *src = r->src, *mask = r->mask;
    for (unsigned x = 0; x < pixels; x++) {
        unsigned at = period ? x % period : x;
        bool set = (bits[at / 8] >> (7 - at % 8) & 1) != invert;
        const uint8_t *colour = set ? fore : b->back;
        for (unsigned i = 0; i < b->depth; i++) {
            *src++ = colour[i];
            *mask++ = set ? 0xff : 0;
        }
    }
    r->masked = transparent;
}

static void fill(Row *r, const CirrusBlt *b)
{
    for (unsigned i = 0; i < b->width; i++) {
        r->src[i] = b->fore[i % b->depth];
    }
}

static void repeat(Row *r, const CirrusBlt *b, const uint8_t *pattern)
{
    for (unsigned i = 0; i < b->width; i++) {
        r->src[i] = pattern[i % (8u * b->depth)];
    }
}

/* Where the row's first byte is; backwards, addresses name the last one. */
static uint32_t row_at(const CirrusBlt *b, uint32_t first, uint32_t pitch)
{
    return b->mode & BLT_BACKWARDS ? first - b->row * pitch - (b->width - 1) : first + b->row * pitch;
}

/* Bits of rows follow each other, each row from a byte of its own. */
static uint32_t bits_of_row(const CirrusBlt *b)
{
    return ((b->width + b->depth - 1) / b->depth + 7) / 8;
}

static void make_source(Vga *v, const CirrusBlt *b, Row *r)
{
    uint8_t bits[BLT_ROW_MOST / 8 + 4] = { 0 }, pattern[32];
    r->masked = false;
    if (solid(b)) {
        fill(r, b);
    } else if (patterned(b)) {
        pattern_row(v, b, pattern);
        if (b->mode & BLT_EXPAND) {
            expand(r, b, pattern, 8);
        } else {
            repeat(r, b, pattern);
        }
    } else if (b->mode & BLT_EXPAND) {
        if (b->mode & BLT_FROM_SYSTEM) {
            memcpy(bits, b->data, bits_of_row(b));
        } else {
            fetch(v, b->src + b->row * bits_of_row(b), bits, bits_of_row(b));
        }
        expand(r, b, bits, 0);
    } else if (b->mode & BLT_FROM_SYSTEM) {
        memcpy(r->src, b->data, b->width);
    } else {
        fetch(v, row_at(b, b->src, b->src_pitch), r->src, b->width);
    }
}

/* Pixels that come out in the key's colour leave the destination as it is. */
static void apply_key(Row *r, const CirrusBlt *b, const uint8_t *out)
{
    if (!(b->mode & BLT_TRANSPARENT) || (b->mode & BLT_EXPAND) || b->depth > 2) {
        return;
    }
    for (unsigned i = 0; i < b->width; i += b->depth) {
        bool is_key = out[i] == (b->key & 0xff) &&
                      (b->depth == 1 || i + 1 == b->width || out[i + 1] == b->key >> 8);
        memset(r->mask + i, is_key ? 0 : 0xff, b->depth);
    }
    r->masked = true;
}

/* Bytes at the left that expansions and patterns leave out: GR2F. */
static unsigned left_out(const CirrusBlt *b)
{
    if (!(b->mode & (BLT_EXPAND | BLT_PATTERN))) {
        return 0;
    }
    unsigned n = b->depth == 3 ? b->skip & 0x1f : (b->skip & 7u) * b->depth;
    return MIN(n, b->width);
}

static void do_row(Cirrus *c)
{
    CirrusBlt *b = &c->blt;
    Row r;
    uint8_t dst[BLT_ROW_MOST], out[BLT_ROW_MOST];
    uint32_t at = row_at(b, b->dst, b->dst_pitch), skip = left_out(b);
    make_source(&c->vga, b, &r);
    fetch(&c->vga, at, dst, b->width);
    combine(b->rop, out, r.src, dst, b->width);
    apply_key(&r, b, out);
    for (unsigned i = 0; r.masked && i < b->width; i++) {
        out[i] = (uint8_t)((out[i] & r.mask[i]) | (dst[i] & ~r.mask[i]));
    }
    put(&c->vga, at + skip, out + skip, b->width - skip);
    b->row++;
}

/* ---- a transfer ---- */

static bool active(const Cirrus *c)
{
    return c->vga.gr[0x31] & BLT_BUSY;
}

static void end(Cirrus *c)
{
    c->vga.gr[0x31] &= (uint8_t)~(BLT_BUSY | BLT_START | BLT_PROGRESS);
    vga_changed(&c->vga);
}

static void do_rows(Cirrus *c)
{
    while (c->blt.row < c->blt.height) {
        do_row(c);
    }
    end(c);
}

static uint32_t get_le(const uint8_t *gr, unsigned bytes, uint32_t mask)
{
    return (uint32_t)load_le(gr, bytes) & mask;
}

static void latch(Cirrus *c)
{
    const uint8_t *gr = c->vga.gr;
    CirrusBlt *b = &c->blt;
    *b = (CirrusBlt){
        .mode = gr[0x30], .ext = gr[0x33], .rop = gr[0x32], .skip = gr[0x2f],
        .depth = (uint8_t)(((gr[0x30] & BLT_DEPTH) >> 4) + 1),
        .width = get_le(gr + 0x20, 2, 0x1fff) + 1, .height = get_le(gr + 0x22, 2, 0x7ff) + 1,
        .dst_pitch = get_le(gr + 0x24, 2, 0x1fff), .src_pitch = get_le(gr + 0x26, 2, 0x1fff),
        .dst = get_le(gr + 0x28, 3, 0x3fffff), .src = get_le(gr + 0x2c, 3, 0x3fffff),
        .back = { gr[0x00], gr[0x10], gr[0x12], gr[0x14] },
        .fore = { gr[0x01], gr[0x11], gr[0x13], gr[0x15] },
        .key = (uint16_t)(gr[0x34] | gr[0x35] << 8),
    };
    if (b->mode & (BLT_EXPAND | BLT_PATTERN)) {
        b->mode &= (uint8_t)~BLT_BACKWARDS;
    }
    if (solid(b)) {
        b->mode &= (uint8_t)~BLT_FROM_SYSTEM;
    }
}

/* Bytes from the CPU for a row, or for all of the pattern. */
static uint32_t bytes_needed(const CirrusBlt *b)
{
    if (patterned(b)) {
        return pattern_pitch(b) * PATTERN_ROWS;
    }
    if (b->mode & BLT_EXPAND) {
        return b->ext & BLT_DWORDS ? (bits_of_row(b) + 3) & ~3u : bits_of_row(b);
    }
    return (b->width + 3) & ~3u;
}

static void next_row_out(Cirrus *c)
{
    CirrusBlt *b = &c->blt;
    memset(b->data, 0, b->need);
    fetch(&c->vga, row_at(b, b->src, b->src_pitch), b->data, b->width);
    b->have = 0;
    b->row++;
}

void cirrus_blt_start(Cirrus *c)
{
    CirrusBlt *b = &c->blt;
    latch(c);
    if ((b->mode & BLT_FROM_SYSTEM) && (b->mode & BLT_TO_SYSTEM)) {
        guest_log("cirrus-vga: a transfer from and to the CPU");
        end(c);
        return;
    }
    c->vga.gr[0x31] |= BLT_BUSY | BLT_PROGRESS;
    if (!(b->mode & (BLT_FROM_SYSTEM | BLT_TO_SYSTEM))) {
        do_rows(c);
        return;
    }
    b->need = b->mode & BLT_TO_SYSTEM ? (b->width + 3) & ~3u : bytes_needed(b);
    if (b->mode & BLT_TO_SYSTEM) {
        next_row_out(c);
    }
    cirrus_mem_transfer(c);
}

void cirrus_blt_reset(Cirrus *c)
{
    c->blt = (CirrusBlt){ 0 };
    end(c);
}

bool cirrus_blt_takes(const Cirrus *c)
{
    return active(c) && (c->blt.mode & BLT_FROM_SYSTEM);
}

bool cirrus_blt_gives(const Cirrus *c)
{
    return active(c) && (c->blt.mode & BLT_TO_SYSTEM);
}

void cirrus_blt_put(Cirrus *c, uint64_t value, unsigned size)
{
    CirrusBlt *b = &c->blt;
    for (unsigned i = 0; i < size && cirrus_blt_takes(c); i++) {
        b->data[b->have++] = (uint8_t)(value >> 8 * i);
        if (b->have < b->need) {
            continue;
        }
        b->have = 0;
        if (patterned(b)) {
            do_rows(c);
            return;
        }
        do_row(c);
        if (b->row == b->height) {
            end(c);
        }
    }
}

uint64_t cirrus_blt_get(Cirrus *c, unsigned size)
{
    CirrusBlt *b = &c->blt;
    uint64_t value = 0;
    for (unsigned i = 0; i < size && cirrus_blt_gives(c); i++) {
        value |= (uint64_t)b->data[b->have++] << 8 * i;
        if (b->have < b->need) {
            continue;
        }
        if (b->row == b->height) {
            end(c);
        } else {
            next_row_out(c);
        }
    }
    return value;
}

bool cirrus_blt_valid(const Cirrus *c)
{
    const CirrusBlt *b = &c->blt;
    if (!active(c)) {
        return true;
    }
    if (b->depth < 1 || b->depth > 4) {
        return false;
    }
    uint32_t need = b->mode & BLT_TO_SYSTEM ? (b->width + 3) & ~3u : bytes_needed(b);
    return b->width >= 1 && b->width <= BLT_ROW_MOST && b->height >= 1 &&
           b->height <= 2048 && b->row <= b->height && b->need == need && b->have < need &&
           (cirrus_blt_gives(c) || (cirrus_blt_takes(c) && b->row < b->height)) &&
           !((b->mode & BLT_BACKWARDS) && (b->mode & (BLT_EXPAND | BLT_PATTERN)));
}

int cirrus_blt_register(unsigned offset)
{
    /* Index + 1 of the register in the graphics controller. */
    static const uint8_t map[0x41] = {
        [0x00] = 0x01, 0x11, 0x13, 0x15, 0x02, 0x12, 0x14, 0x16, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,
        0x28, 0x29, 0x2a, 0x2b, [0x14] = 0x2d, 0x2e, 0x2f, 0x30, 0x31, [0x1a] = 0x33, 0x34, 0x35, 0x36,
        [0x40] = 0x32,
    };
    return offset < G_N_ELEMENTS(map) ? map[offset] - 1 : -1;
}

const VmField cirrus_blt_state[] = {
    VM_U8(CirrusBlt, mode), VM_U8(CirrusBlt, ext), VM_U8(CirrusBlt, rop), VM_U8(CirrusBlt, skip),
    VM_U8(CirrusBlt, depth), VM_U32(CirrusBlt, width), VM_U32(CirrusBlt, height), VM_U32(CirrusBlt, dst),
    VM_U32(CirrusBlt, src), VM_U32(CirrusBlt, dst_pitch), VM_U32(CirrusBlt, src_pitch),
    VM_ARRAY(CirrusBlt, fore), VM_ARRAY(CirrusBlt, back), VM_U16(CirrusBlt, key), VM_U32(CirrusBlt, row),
    VM_U32(CirrusBlt, need), VM_U32(CirrusBlt, have), VM_BUFFER(CirrusBlt, data),
    { 0 }
};
