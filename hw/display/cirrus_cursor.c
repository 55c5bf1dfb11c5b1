/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CL-GD5446's hardware cursor, 32 by 32 or 64 by 64: Technical Reference Manual, SR10 to SR13. It is
 * drawn into the picture, as one of its four colours inverts what is below.
 */
#include "hw/display/cirrus_internal.h"
#include "util/bits.h"

#define PATTERN_AREA 0x4000u            /* at the end of video memory */

enum { CURSOR_ON = 0x01, CURSOR_LARGE = 0x04 };     /* of SR12 */

static unsigned size_of(const Cirrus *c)
{
    return c->vga.seq[0x12] & CURSOR_LARGE ? 64 : 32;
}

static uint32_t pattern_at(const Cirrus *c)
{
    unsigned n = c->vga.seq[0x13] & (size_of(c) == 64 ? 0x3c : 0x3f);
    return c->vga.ram_size - PATTERN_AREA + n * 256;
}

static uint32_t colour(const Cirrus *c, unsigned n)
{
    uint32_t out = 0;
    for (unsigned i = 0; i < 3; i++) {
        unsigned v = c->cursor_rgb[n][i] & 0x3fu;
        out = out << 8 | v << 2 | v >> 4;
    }
    return out;
}

/* The row's bits of the two planes, the leftmost dot in bit 63. */
static void planes_of(const Cirrus *c, unsigned row, uint64_t plane[2])
{
    const uint8_t *p = c->vga.ram + pattern_at(c);
    if (size_of(c) == 64) {
        plane[0] = load_be(p + row * 16, 8);
        plane[1] = load_be(p + row * 16 + 8, 8);
    } else {
        plane[0] = load_be(p + row * 4, 4) << 32;
        plane[1] = load_be(p + 128 + row * 4, 4) << 32;
    }
}

void cirrus_cursor_overlay(Vga *v, unsigned y, uint32_t *line, unsigned width)
{
    const Cirrus *c = cirrus_of(v);
    uint64_t plane[2];
    if (!(v->seq[0x12] & CURSOR_ON) || y < c->cursor_y || y >= c->cursor_y + size_of(c)) {
        return;
    }
    planes_of(c, y - c->cursor_y, plane);
    for (unsigned i = 0; i < size_of(c) && c->cursor_x + i < width; i++) {
        uint32_t *dot = &line[c->cursor_x + i];
        switch ((plane[0] >> (63 - i) & 1) | (plane[1] >> (63 - i) & 1) << 1) {
        case 1:
            *dot ^= 0xffffff;
            break;
        case 2:
            *dot = colour(c, 0);
            break;
        case 3:
            *dot = colour(c, 15);
            break;
        default:
            break;
        }
    }
}

void cirrus_cursor_changes(Cirrus *c)
{
    if (c->vga.seq[0x12] & CURSOR_ON) {
        vga_line_changed(&c->vga, c->cursor_y, size_of(c));
    }
}

void cirrus_cursor_updating(Vga *v)
{
    Cirrus *c = cirrus_of(v);
    uint32_t first = pattern_at(c) >> 12;
    if (v->dirty[first] || v->dirty[MIN(first + 1, (v->ram_size >> 12) - 1)]) {
        cirrus_cursor_changes(c);
    }
}
