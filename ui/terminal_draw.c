/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal's picture, and its text for displays that show text themselves. */
#include "ui/terminal_internal.h"
#include "util/log.h"

#define FORE 0xd0d0d0
#define BACK 0x000000
#define CURSOR_LINES 2          /* of a cell's, at its bottom */

void terminal_changed(Terminal *t, int row)
{
    row = row < 0 ? row : row + (int)t->back;
    if (row < 0) {
        t->all = true;
    } else if (row < (int)t->rows) {
        t->dirty[row] = true;
    }
    display_request(t->display);
}

/* ---- cells ---- */

static uint32_t colour_of(const Terminal *t, VTermColor colour, uint32_t otherwise)
{
    if (VTERM_COLOR_IS_DEFAULT_FG(&colour) || VTERM_COLOR_IS_DEFAULT_BG(&colour)) {
        return otherwise;
    }
    vterm_screen_convert_color_to_rgb(t->screen, &colour);
    return (uint32_t)colour.rgb.red << 16 | (uint32_t)colour.rgb.green << 8 | colour.rgb.blue;
}

static DisplayCell look_of(const Terminal *t, unsigned column, unsigned row, unsigned *cells)
{
    VTermScreenCell cell;
    *cells = 1;
    if (!terminal_cell(t, column, row, &cell)) {
        return (DisplayCell){ ' ', FORE, BACK, false, false };
    }
    uint32_t fore = colour_of(t, cell.fg, FORE), back = colour_of(t, cell.bg, BACK);
    bool second = cell.chars[0] == (uint32_t)-1;        /* of a wide character, which its first cell draws */
    *cells = cell.width == 2 && column + 1 < t->columns ? 2 : 1;
    return (DisplayCell){ second ? 0 : cell.chars[0] ? cell.chars[0] : ' ', cell.attrs.reverse ? back : fore,
                          cell.attrs.reverse ? fore : back, cell.attrs.bold, cell.attrs.underline };
}

static bool text_of(void *opaque, DisplayText *text)
{
    const Terminal *t = opaque;
    unsigned cells;
    text->columns = t->columns;
    text->rows = t->rows;
    g_array_set_size(text->cells, t->columns * t->rows);
    for (unsigned i = 0; i < t->columns * t->rows; i++) {
        g_array_index(text->cells, DisplayCell, i) = look_of(t, i % t->columns, i / t->columns, &cells);
    }
    text->cursor_row = terminal_cursor_row(t);
    text->cursor_column = text->cursor_row < 0 ? -1 : t->cursor.col;
    return true;
}

/* ---- pixels ---- */

static uint32_t mix(uint32_t back, uint32_t fore, unsigned cover)
{
    uint32_t out = 0;
    for (unsigned shift = 0; shift < 24; shift += 8) {
        unsigned b = back >> shift & 0xff, f = fore >> shift & 0xff;
        out |= ((b * (255 - cover) + f * cover + 127) / 255) << shift;
    }
    return out;
}

static void draw_cell(Terminal *t, unsigned column, unsigned row, const DisplayCell *look,
                      unsigned cells, bool cursor)
{
    unsigned width = glyphs_width(t->glyphs) * cells, height = glyphs_height(t->glyphs);
    pixman_image_t *surface = display_surface(t->display);
    size_t stride = (size_t)pixman_image_get_stride(surface) / 4;
    uint32_t *out = pixman_image_get_data(surface) + row * height * stride +
                    column * (size_t)glyphs_width(t->glyphs);
    const uint8_t *cover = look->character == ' ' ? NULL :
                           glyphs_find(t->glyphs, look->character, look->bold, cells);
    for (unsigned y = 0; y < height; y++, out += stride) {
        bool line = (look->underlined && y == height - 2) || (cursor && y >= height - CURSOR_LINES);
        for (unsigned x = 0; x < width; x++) {
            out[x] = line ? look->fore :
                     cover ? mix(look->back, look->fore, cover[y * width + x]) : look->back;
        }
    }
}

static void draw_row(Terminal *t, unsigned row)
{
    unsigned height = glyphs_height(t->glyphs), cells;
    int cursor = terminal_cursor_row(t) == (int)row ? t->cursor.col : -1;
    for (unsigned column = 0; column < t->columns; column += cells) {
        DisplayCell look = look_of(t, column, row, &cells);
        if (look.character == 0) {
            look.character = ' ';
        }
        draw_cell(t, column, row, &look, cells, cursor == (int)column);
    }
    display_changed(t->display, 0, (int)(row * height), (int)display_width(t->display), (int)height);
}

/* False: there is nothing to draw with. */
static bool prepare(Terminal *t)
{
    if (!t->glyphs && !t->cannot_draw) {
        GError *err = NULL;
        t->glyphs = glyphs_new(&err);
        t->cannot_draw = !t->glyphs;
        if (t->cannot_draw) {
            g_printerr("valletta: the terminal %s cannot be drawn: %s\n", display_name(t->display),
                       err->message);
            g_error_free(err);
        }
    }
    return t->glyphs;
}

static void on_update(void *opaque)
{
    Terminal *t = opaque;
    if (!prepare(t)) {
        return;
    }
    display_resize(t->display, t->columns * glyphs_width(t->glyphs), t->rows * glyphs_height(t->glyphs));
    for (unsigned row = 0; row < t->rows; row++) {
        if (t->all || t->dirty[row]) {
            t->dirty[row] = false;
            draw_row(t, row);
        }
    }
    t->all = false;
}

static void on_invalidate(void *opaque)
{
    Terminal *t = opaque;
    t->all = true;
}

const DisplayOps terminal_display_ops = {
    .update = on_update, .invalidate = on_invalidate, .text = text_of, .key = terminal_key,
};
