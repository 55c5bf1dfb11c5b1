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

/* ---- for displays that show text ---- */

/* Code page 437 without what it shares with ASCII: 0 to 31, and from 127 on. */
static const uint16_t low_characters[] = {
    0x0020, 0x263a, 0x263b, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022, 0x25d8, 0x25cb, 0x25d9, 0x2642, 0x2640,
    0x266a, 0x266b, 0x263c, 0x25ba, 0x25c4, 0x2195, 0x203c, 0x00b6, 0x00a7, 0x25ac, 0x21a8, 0x2191, 0x2193,
    0x2192, 0x2190, 0x221f, 0x2194, 0x25b2, 0x25bc,
};
static const uint16_t high_characters[] = {
    0x2302, 0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef,
    0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9, 0x00ff,
    0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1,
    0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593,
    0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
    0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560,
    0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518,
    0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580, 0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5,
    0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264,
    0x2320, 0x2321, 0x00f7, 0x2248, 0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

static uint32_t unicode_of(uint8_t character)
{
    return character < 32 ? low_characters[character] : character < 127 ? character :
           high_characters[character - 127];
}

static DisplayCell cell_of(const Vga *v, uint32_t look)
{
    uint8_t attribute = (uint8_t)(look >> 8), enabled = v->ar[0x12];
    return (DisplayCell){
        .character = look & LOOK_HIDDEN ? ' ' : unicode_of((uint8_t)look),
        .fore = v->colour_of16[attribute & 0x0f & enabled] & 0xffffff,
        .back = v->colour_of16[attribute >> 4 & (blinking(v) ? 7 : 15) & enabled] & 0xffffff,
        .underlined = (v->ar[0x10] & 2) && (attribute & 7) == 1,
    };
}

bool vga_text(void *opaque, DisplayText *text)
{
    Vga *v = opaque;
    Text t;
    if (v->drawn.kind != VGA_TEXT || !v->cells) {
        return false;
    }
    prepare(v, &t);
    text->columns = t.columns;
    text->rows = t.rows;
    text->cursor_column = text->cursor_row = -1;
    g_array_set_size(text->cells, t.columns * t.rows);
    for (unsigned i = 0; i < t.columns * t.rows; i++) {
        unsigned row = i / t.columns, column = i % t.columns;
        uint32_t at = (v->drawn.start + row * v->drawn.pitch + column * 4) & (v->ram_size - 4);
        g_array_index(text->cells, DisplayCell, i) = cell_of(v, v->cells[i] & ~LOOK_CURSOR);
        if (at == t.cursor) {
            text->cursor_column = (int)column;
            text->cursor_row = (int)row;
        }
    }
    return true;
}
