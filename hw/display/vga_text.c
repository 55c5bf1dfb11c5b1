/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text on the VGA. Each cell is drawn when it looks different from what was drawn; what blinks makes the
 * display be asked again, but only while somebody looks at something that blinks.
 */
#include <string.h>
#include "hw/display/vga_internal.h"

#define FRAME_NS  (INT64_C(1000000000) / 60)
#define CURSOR_NS (8 * FRAME_NS)        /* shown, and not */
#define LOOK_CURSOR (1u << 16)
#define LOOK_HIDDEN (1u << 17)
#define NOTHING     UINT32_MAX

typedef struct {
    unsigned columns, rows;
    bool cursor_on, chars_on;           /* of what blinks */
    bool blinks;                        /* something does */
    uint32_t cursor;                    /* byte of video memory of the cell with it */
} Text;

/* ---- the font ---- */

/* The fonts that a cell's bit 3 chooses lie in plane 2, at multiples of 8 KiB. */
static uint32_t font_base(const Vga *v, bool a)
{
    unsigned s = v->seq[3];
    unsigned low = a ? s >> 2 & 3 : s & 3, high = a ? s >> 5 & 1 : s >> 4 & 1;
    return low * 0x4000 + high * 0x2000;
}

/* Whether it is another one than before. */
static bool load_fonts(Vga *v)
{
    bool other = false;
    for (unsigned n = 0; n < 2; n++) {
        uint32_t base = font_base(v, n);
        for (unsigned i = 0; i < VGA_FONT_BYTES; i++) {
            uint8_t byte = v->ram[((base + i) * 4 + 2) & (v->ram_size - 1)];
            other |= v->font[n][i] != byte;
            v->font[n][i] = byte;
        }
    }
    return other;
}

/* ---- a cell ---- */

static bool blinking(const Vga *v)
{
    return v->ar[0x10] & 0x08;
}

/* The dots of a cell's line, the leftmost in the highest of cell_width bits. */
static unsigned dots_of(const Vga *v, uint32_t look, unsigned line)
{
    uint8_t character = (uint8_t)look, attribute = (uint8_t)(look >> 8);
    unsigned dots = line < 32 ? v->font[attribute >> 3 & 1][character * 32u + line] : 0;
    bool drawing = (character & 0xe0) == 0xc0 && (v->ar[0x10] & 4);
    unsigned cursor_first = v->drawn.cursor & 0xff, cursor_last = v->drawn.cursor >> 8;
    if (v->drawn.cell_width == 9) {
        dots = dots << 1 | (drawing ? dots & 1 : 0);
    }
    if (look & LOOK_HIDDEN) {
        dots = 0;
    }
    if ((v->ar[0x10] & 2) && (attribute & 7) == 1 && line == (v->cr[0x14] & 0x1fu)) {
        dots = 0x1ff;                   /* underlined */
    }
    if ((look & LOOK_CURSOR) && line >= cursor_first && line <= cursor_last) {
        dots = 0x1ff;
    }
    return dots;
}

static void draw_cell(const Vga *v, unsigned column, unsigned row, uint32_t look)
{
    const VgaMode *m = &v->drawn;
    uint8_t attribute = (uint8_t)(look >> 8), enabled = v->ar[0x12];
    uint32_t fore = v->colour_of16[attribute & 0x0f & enabled];
    uint32_t back = v->colour_of16[attribute >> 4 & (blinking(v) ? 7 : 15) & enabled];
    unsigned height = m->scans * m->doubled, width = m->cell_width * m->dot_repeat;
    for (unsigned y = 0; y < height && row * height + y < m->height; y++) {
        uint32_t *out = vga_surface_line(v, row * height + y) + column * width;
        unsigned dots = dots_of(v, look, y / m->doubled);
        for (unsigned x = 0; x < width; x++) {
            out[x] = dots >> (m->cell_width - 1 - x / m->dot_repeat) & 1 ? fore : back;
        }
    }
}

static uint32_t look_of(const Vga *v, Text *t, uint32_t at)
{
    uint32_t look = v->ram[at] | (uint32_t)v->ram[at + 1] << 8;
    if (at == t->cursor) {
        t->blinks = true;
        look |= t->cursor_on ? LOOK_CURSOR : 0;
    }
    if (blinking(v) && (look & 0x8000)) {
        t->blinks = true;
        look |= t->chars_on ? 0 : LOOK_HIDDEN;
    }
    return look;
}

/* ---- the screen ---- */

static void prepare(Vga *v, Text *t)
{
    const VgaMode *m = &v->drawn;
    int64_t phase = clock_now(v->dev->machine->clock, CLOCK_VIRTUAL) / CURSOR_NS;
    unsigned height = m->scans * m->doubled;
    *t = (Text){ .columns = m->width / (m->cell_width * m->dot_repeat),
                 .rows = (m->height + height - 1) / height, .cursor_on = !(phase & 1),
                 .chars_on = !(phase & 2), .cursor = NOTHING };
    if ((m->cursor & 0xff) <= m->cursor >> 8) {
        t->cursor = (uint32_t)(v->cr[0x0e] << 8 | v->cr[0x0f]) * 4 & (v->ram_size - 1);
    }
    if (v->n_cells != t->columns * t->rows) {
        v->n_cells = t->columns * t->rows;
        g_free(v->cells);
        v->cells = g_new(uint32_t, v->n_cells);
        v->all = true;
    }
}

static void blink_later(const Vga *v, const Text *t)
{
    if (t->blinks) {
        int64_t now = clock_now(v->dev->machine->clock, CLOCK_VIRTUAL);
        timer_arm(v->blink, (now / CURSOR_NS + 1) * CURSOR_NS);
    }
}

void vga_draw_text(Vga *v, bool any_dirty)
{
    const VgaMode *m = &v->drawn;
    Text t;
    prepare(v, &t);
    bool all = ((any_dirty || v->all) && load_fonts(v)) || v->all;
    unsigned width = m->cell_width * m->dot_repeat, height = m->scans * m->doubled;
    for (unsigned row = 0; row < t.rows; row++) {
        unsigned first = t.columns, last = 0;
        for (unsigned column = 0; column < t.columns; column++) {
            uint32_t *cell = &v->cells[row * t.columns + column];
            uint32_t look = look_of(v, &t, (m->start + row * m->pitch + column * 4) & (v->ram_size - 4));
            if (all || look != *cell) {
                *cell = look;
                draw_cell(v, column, row, look);
                first = MIN(first, column);
                last = column;
            }
        }
        if (first <= last && first < t.columns) {
            display_changed(v->display, (int)(first * width), (int)(row * height),
                            (int)((last - first + 1) * width), (int)height);
        }
    }
    blink_later(v, &t);
}
