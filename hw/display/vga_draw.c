/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the VGA shows: the mode that its registers make, and graphics; text is in vga_text.c. */
#include <string.h>
#include "hw/display/vga_internal.h"
#include "util/bits.h"

/* ---- the mode ---- */

static bool is_blank(const Vga *v)
{
    return !(v->ar_index & 0x20) || (v->seq[1] & 0x20);
}

static VgaKind graphics_kind(const Vga *v)
{
    return v->gr[5] & 0x40 ? VGA_BYTES : v->gr[5] & 0x20 ? VGA_PAIRS : VGA_PLANAR;
}

void vga_own_mode(const Vga *v, VgaMode *m)
{
    const uint8_t *cr = v->cr;
    unsigned columns = cr[1] + 1u, halved = v->seq[1] & 0x08 ? 2 : 1;
    m->height = (cr[0x12] | (cr[7] & 0x02u) << 7 | (cr[7] & 0x40u) << 3) + 1;
    m->height *= cr[0x17] & 4 ? 2 : 1;
    m->scans = (cr[9] & 0x1f) + 1u;
    m->doubled = cr[9] & 0x80 ? 2 : 1;
    m->start = (uint32_t)(cr[0x0c] << 8 | cr[0x0d]) * 4;
    m->pitch = cr[0x13] * 8u;
    m->pan = v->ar[0x13] & 0x0f;
    m->dot_repeat = halved;
    if (v->gr[6] & 1) {
        m->kind = graphics_kind(v);
        m->row_bits = (cr[0x17] & 1 ? 0u : 1u) | (cr[0x17] & 2 ? 0u : 2u);
        m->width = columns * 8 * halved;
        if (m->kind == VGA_BYTES) {
            m->dot_repeat *= 2;         /* a pixel is two times four bits */
            m->pan /= 2;
        }
        m->pan &= 7;
    } else {
        m->kind = VGA_TEXT;
        m->pan = 0;
        m->cell_width = v->seq[1] & 1 ? 8 : 9;
        m->width = columns * m->cell_width * halved;
        m->cursor = cr[0x0a] & 0x20 ? 0xff : (cr[0x0a] & 0x1fu) | (cr[0x0b] & 0x1fu) << 8;
    }
}

static void find_mode(Vga *v, VgaMode *m)
{
    memset(m, 0, sizeof(*m));
    m->scans = m->doubled = m->dot_repeat = 1;
    if (!v->chip->mode || !v->chip->mode(v, m)) {
        vga_own_mode(v, m);
    }
    m->width = CLAMP(m->width, 1, VGA_MOST_PIXELS);
    m->height = CLAMP(m->height, 1, VGA_MOST_PIXELS);
    m->start &= v->ram_size - 1;
    if (is_blank(v)) {
        *m = (VgaMode){ .kind = VGA_BLANK, .width = display_width(v->display),
                        .height = display_height(v->display) };
    }
}

/* ---- colours ---- */

static uint32_t dac_colour(const Vga *v, unsigned index)
{
    const uint8_t *rgb = v->palette + 3 * (index & v->pel_mask);
    uint32_t out = 0;
    for (unsigned i = 0; i < 3; i++) {
        /* The largest value of six bits is all of the light there is. */
        unsigned c = v->dac_wide ? rgb[i] : (rgb[i] << 2 | rgb[i] >> 4) & 0xffu;
        out = out << 8 | c;
    }
    return out;
}

static void find_colours(Vga *v)
{
    for (unsigned i = 0; i < 256; i++) {
        v->colour_of[i] = dac_colour(v, i);
    }
    for (unsigned i = 0; i < 16; i++) {
        unsigned index = v->ar[i];
        if (v->ar[0x10] & 0x80) {
            index = (index & 0x0f) | (v->ar[0x14] & 3u) << 4;
        }
        v->colour_of16[i] = v->colour_of[index | (v->ar[0x14] & 0x0cu) << 4];
    }
    v->colours_changed = false;
}

/* ---- pixels of a line ---- */

typedef struct {
    const Vga *v;
    uint32_t at;                    /* of the line's first byte */
} Source;

/* Up to four bytes of video memory, which wraps. */
static uint32_t fetch(const Source *s, uint32_t offset, unsigned bytes)
{
    uint32_t at = (s->at + offset) & (s->v->ram_size - 1);
    if (at + bytes <= s->v->ram_size) {
        return (uint32_t)load_le(s->v->ram + at, bytes);
    }
    uint32_t out = 0;
    for (unsigned i = 0; i < bytes; i++) {
        out |= (uint32_t)s->v->ram[(at + i) & (s->v->ram_size - 1)] << 8 * i;
    }
    return out;
}

static void line_planar(const Source *s, uint32_t *out, unsigned dots)
{
    const Vga *v = s->v;
    uint8_t enabled = v->ar[0x12];
    for (unsigned x = 0; x < dots; x += 8) {
        uint32_t planes = fetch(s, x / 2, 4);
        for (unsigned i = 0; i < 8; i++) {
            unsigned bit = 7 - i;
            unsigned pixel = (planes >> bit & 1) | (planes >> (bit + 7) & 2) | (planes >> (bit + 14) & 4) |
                             (planes >> (bit + 21) & 8);
            out[x + i] = v->colour_of16[pixel & enabled];
        }
    }
}

/* Two bits of planes 0 and 2, then of 1 and 3. */
static void line_pairs(const Source *s, uint32_t *out, unsigned dots)
{
    const Vga *v = s->v;
    uint8_t enabled = v->ar[0x12];
    for (unsigned x = 0; x < dots; x += 8) {
        uint32_t planes = fetch(s, x / 2, 4);
        for (unsigned i = 0; i < 8; i++) {
            unsigned shift = 8 * (i / 4) + 6 - 2 * (i % 4);
            unsigned pixel = (planes >> shift & 3) | (planes >> (shift + 16) & 3) << 2;
            out[x + i] = v->colour_of16[pixel & enabled];
        }
    }
}

static void line_bytes(const Source *s, uint32_t *out, unsigned dots)
{
    for (unsigned x = 0; x < dots; x += 4) {
        uint32_t four = fetch(s, x, 4);
        for (unsigned i = 0; i < 4; i++) {
            out[x + i] = s->v->colour_of[four >> 8 * i & 0xff];
        }
    }
}

static uint32_t from555(uint32_t p)
{
    uint32_t r = p >> 10 & 31, g = p >> 5 & 31, b = p & 31;
    return (r << 3 | r >> 2) << 16 | (g << 3 | g >> 2) << 8 | (b << 3 | b >> 2);
}

static uint32_t from565(uint32_t p)
{
    uint32_t r = p >> 11 & 31, g = p >> 5 & 63, b = p & 31;
    return (r << 3 | r >> 2) << 16 | (g << 2 | g >> 4) << 8 | (b << 3 | b >> 2);
}

static void line_words(const Source *s, uint32_t *out, unsigned dots, const VgaMode *m)
{
    for (unsigned x = 0; x < dots; x++) {
        uint32_t p = fetch(s, 2 * x, 2);
        p = m->big_endian ? (p >> 8 | p << 8) & 0xffff : p;
        out[x] = m->kind == VGA_RGB15 ? from555(p) : from565(p);
    }
}

static void line_triples(const Source *s, uint32_t *out, unsigned dots, const VgaMode *m)
{
    for (unsigned x = 0; x < dots; x++) {
        uint32_t p = fetch(s, 3 * x, 3);
        out[x] = m->big_endian ? bswap_size(p, 4) >> 8 : p;
    }
}

static void line_longs(const Source *s, uint32_t *out, unsigned dots, const VgaMode *m)
{
    for (unsigned x = 0; x < dots; x++) {
        uint32_t p = fetch(s, 4 * x, 4);
        out[x] = (m->big_endian ? (uint32_t)bswap_size(p, 4) : p) & 0xffffff;
    }
}

/* dots (and up to seven more) from the line's first. */
static void decode(const Source *s, const VgaMode *m, uint32_t *out, unsigned dots)
{
    switch (m->kind) {
    case VGA_PLANAR:
        line_planar(s, out, dots);
        break;
    case VGA_PAIRS:
        line_pairs(s, out, dots);
        break;
    case VGA_BYTES:
        line_bytes(s, out, dots);
        break;
    case VGA_RGB15:
    case VGA_RGB16:
        line_words(s, out, dots, m);
        break;
    case VGA_RGB24:
        line_triples(s, out, dots, m);
        break;
    default:
        line_longs(s, out, dots, m);
        break;
    }
}

/* Where the line's pixels are: in memory of v's, or in room where they had to be made wider. */
static uint32_t *make_line(const Vga *v, const VgaMode *m, uint32_t at, uint32_t *room)
{
    const Source s = { v, at };
    unsigned dots = (m->width + m->dot_repeat - 1) / m->dot_repeat;
    decode(&s, m, v->line, dots + m->pan);
    if (m->dot_repeat == 1) {
        return v->line + m->pan;
    }
    const uint32_t *dot = v->line + m->pan;
    unsigned width = m->width, shift = m->dot_repeat / 2;       /* 2 or 4 pixels */
    for (unsigned x = 0; x < width; x++) {
        room[x] = dot[x >> shift];
    }
    return room;
}

/* ---- what of it is new ---- */

/* A part of a line, of several, or nothing: begin is not before end. */
typedef struct { unsigned begin, end; } Columns;

#define STRETCH 64u                     /* pixels that are compared at once */

static Columns difference(const uint32_t *a, const uint32_t *b, unsigned width)
{
    Columns c = { 0, width };
    while (c.begin + STRETCH <= width && memcmp(a + c.begin, b + c.begin, STRETCH * sizeof(*a)) == 0) {
        c.begin += STRETCH;
    }
    while (c.begin < width && a[c.begin] == b[c.begin]) {
        c.begin++;
    }
    while (c.end >= c.begin + STRETCH &&
           memcmp(a + c.end - STRETCH, b + c.end - STRETCH, STRETCH * sizeof(*a)) == 0) {
        c.end -= STRETCH;
    }
    while (c.end > c.begin && a[c.end - 1] == b[c.end - 1]) {
        c.end--;
    }
    return c;
}

static Columns draw_line(Vga *v, const VgaMode *m, unsigned y, uint32_t at)
{
    uint32_t *out = vga_surface_line(v, y), *line = make_line(v, m, at, v->all ? out : v->wide);
    if (v->chip->overlay) {
        v->chip->overlay(v, y, line, m->width);
    }
    Columns c = v->all ? (Columns){ 0, m->width } : difference(line, out, m->width);
    if (line != out) {
        memcpy(out + c.begin, line + c.begin, (c.end - c.begin) * sizeof(*out));
    }
    return c;
}

/* ---- which lines ---- */

static unsigned line_length(const VgaMode *m)
{
    static const uint8_t eighths[] = {
        [VGA_PLANAR] = 4, [VGA_PAIRS] = 4, [VGA_BYTES] = 8, [VGA_RGB15] = 16, [VGA_RGB16] = 16,
        [VGA_RGB24] = 24, [VGA_RGB32] = 32,
    };
    unsigned dots = (m->width + m->dot_repeat - 1) / m->dot_repeat + m->pan;
    return (dots * eighths[m->kind] + 31) / 32 * 4;
}

static uint32_t line_address(const Vga *v, const VgaMode *m, unsigned y)
{
    unsigned scan = y / m->doubled;
    uint32_t at = m->start + scan / m->scans * m->pitch;
    scan %= m->scans;
    if (m->row_bits & 1) {
        at = (at & ~0x8000u) | (scan & 1) << 15;
    }
    if (m->row_bits & 2) {
        at = (at & ~0x10000u) | (scan & 2) << 15;
    }
    return at & (v->ram_size - 1);
}

static bool any_dirty(const Vga *v, uint32_t at, uint32_t len)
{
    uint32_t pages = v->ram_size >> 12;
    for (uint32_t page = at >> 12; page <= (at + len - 1) >> 12; page++) {
        if (v->dirty[page & (pages - 1)]) {
            return true;
        }
    }
    return false;
}

/* Lines that have changed one below the other are told as one part of the picture. */
static void draw_graphics(Vga *v, const VgaMode *m)
{
    unsigned first = 0, length = line_length(m);
    Columns all = { m->width, 0 };
    for (unsigned y = 0; y <= m->height; y++) {
        uint32_t at = line_address(v, m, y);
        Columns c = { 0, 0 };
        if (y < m->height && (v->all || v->line_dirty[y] || any_dirty(v, at, length))) {
            c = draw_line(v, m, y, at);
        }
        if (c.begin < c.end) {
            all.begin = MIN(all.begin, c.begin);
            all.end = MAX(all.end, c.end);
            continue;
        }
        if (y > first) {
            display_changed(v->display, (int)all.begin, (int)first, (int)(all.end - all.begin),
                            (int)(y - first));
        }
        first = y + 1;
        all = (Columns){ m->width, 0 };
    }
}

static void draw_blank(Vga *v, const VgaMode *m)
{
    if (v->all) {
        for (unsigned y = 0; y < m->height; y++) {
            memset(vga_surface_line(v, y), 0, m->width * 4);
        }
        display_changed(v->display, 0, 0, (int)m->width, (int)m->height);
    }
}

/* ---- what the display asks ---- */

static bool take_pages(Vga *v)
{
    bool any = false;
    for (uint32_t page = 0; page < v->ram_size >> 12; page++) {
        v->dirty[page] = mem_take_written(v->written, page);
        any |= v->dirty[page];
    }
    return any;
}

static void vga_collect(void *opaque)
{
    Vga *v = opaque;
    mem_collect_writes(v->dev->machine->as, v->written);
}

static void vga_update(void *opaque)
{
    Vga *v = opaque;
    VgaMode mode;
    find_mode(v, &mode);
    bool any = take_pages(v);       /* before they are read */
    if (memcmp(&mode, &v->drawn, sizeof(mode)) != 0 || v->colours_changed) {
        v->drawn = mode;
        v->all = true;
        display_resize(v->display, mode.width, mode.height);
    }
    if (v->all) {
        find_colours(v);
    }
    if (v->chip->updating) {
        v->chip->updating(v);
    }
    if (mode.kind == VGA_BLANK) {
        draw_blank(v, &mode);
    } else if (mode.kind == VGA_TEXT) {
        vga_draw_text(v, any);
    } else {
        draw_graphics(v, &mode);
    }
    memset(v->line_dirty, 0, VGA_MOST_PIXELS);
    v->all = false;
}

static void vga_invalidate(void *opaque)
{
    ((Vga *)opaque)->all = true;
}

void vga_line_changed(Vga *v, unsigned y, unsigned lines)
{
    for (unsigned i = 0; i < lines && y + i < VGA_MOST_PIXELS; i++) {
        v->line_dirty[y + i] = 1;
    }
    vga_changed(v);
}

const DisplayOps vga_display_ops = {
    .collect = vga_collect, .update = vga_update, .invalidate = vga_invalidate,
    .text = vga_text,
};
