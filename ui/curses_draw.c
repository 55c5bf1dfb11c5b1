/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the terminal shows: text as text, pictures as half blocks, two pixels in a cell. */
#include "ui/curses_internal.h"

#define HALF_BLOCK 0x2580       /* its upper half is in the foreground's colour */
#define GREY 0xc0c0c0

/* ---- colours ---- */

static int level_of(unsigned value)
{
    return value < 48 ? 0 : value < 115 ? 1 : ((int)value - 35) / 40;
}

/* The terminal's colour that is nearest: of the cube and the grey ramp that 256 colours have, else of 8. */
static int colour_of(const CursesScreen *s, uint32_t rgb)
{
    unsigned r = rgb >> 16 & 0xff, g = rgb >> 8 & 0xff, b = rgb & 0xff;
    if (s->colours >= 256) {
        unsigned low = MIN(r, MIN(g, b)), high = MAX(r, MAX(g, b));
        if (high - low < 10 && low > 7 && high < 239) {
            return 232 + (int)(r + g + b - 24 + 15) / 30;
        }
        return 16 + 36 * level_of(r) + 6 * level_of(g) + level_of(b);
    }
    return (r > 100) | (g > 100) << 1 | (b > 100) << 2;
}

static void put(CursesScreen *s, uint32_t character, uint32_t fore, uint32_t back, attr_t attributes)
{
    const CursesLib *lib = &s->lib;
    wchar_t text[2] = { (wchar_t)(s->utf8 || character < 0x7f ? character : '?'), 0 };
    cchar_t cell;
    int pair = s->colours ? lib->alloc_pair(colour_of(s, fore), colour_of(s, back)) : 0;
    if (!s->colours && fore < back) {
        attributes |= A_REVERSE;
    }
    lib->setcchar(&cell, text, attributes, 0, s->colours && pair > 0 ? &pair : NULL);
    lib->wadd_wch(s->window, &cell);
}

/* ---- text ---- */

static void draw_text(CursesScreen *s)
{
    const DisplayText *t = &s->text;
    /* Of what is larger than the terminal the part with the cursor is seen. */
    int first = t->cursor_row >= s->lines ? t->cursor_row - s->lines + 1 : 0;
    for (int row = 0; row < s->lines && row + first < (int)t->rows; row++) {
        for (int column = 0; column < s->columns && column < (int)t->columns; column++) {
            const DisplayCell *c = &g_array_index(t->cells, DisplayCell,
                                                  (unsigned)(row + first) * t->columns + (unsigned)column);
            if (c->character) {
                s->lib.wmove(s->window, row, column);
                put(s, c->character, c->fore, c->back,
                    (c->bold ? A_BOLD : 0) | (c->underlined ? A_UNDERLINE : 0));
            }
        }
    }
    bool cursor = t->cursor_row >= 0 && t->cursor_column < s->columns;
    s->lib.curs_set(cursor);
    if (cursor) {
        s->lib.wmove(s->window, t->cursor_row - first, t->cursor_column);
    }
}

/* ---- pictures ---- */

static void say(CursesScreen *s, int line, const char *text)
{
    s->lib.wmove(s->window, line, 0);
    for (int column = 0; column < s->columns - 1; column++) {
        put(s, *text ? (uint32_t)*text++ : ' ', 0, GREY, 0);
    }
}

/* The surface in so many pixels. */
static pixman_image_t *scaled(pixman_image_t *surface, int width, int height)
{
    pixman_image_t *to = pixman_image_create_bits(PIXMAN_x8r8g8b8, width, height, NULL, 0);
    pixman_transform_t t;
    pixman_transform_init_scale(&t, pixman_double_to_fixed((double)pixman_image_get_width(surface) / width),
                                pixman_double_to_fixed((double)pixman_image_get_height(surface) / height));
    pixman_image_set_transform(surface, &t);
    pixman_image_set_filter(surface, PIXMAN_FILTER_GOOD, NULL, 0);
    pixman_image_composite32(PIXMAN_OP_SRC, surface, NULL, to, 0, 0, 0, 0, 0, 0, width, height);
    pixman_image_set_transform(surface, NULL);
    return to;
}

static uint32_t pixel(pixman_image_t *image, int x, int y)
{
    return pixman_image_get_data(image)[y * (pixman_image_get_stride(image) / 4) + x] & 0xffffff;
}

static void draw_picture(CursesScreen *s)
{
    unsigned have_width = display_width(s->display), have_height = display_height(s->display);
    int width = s->columns, height = 2 * (s->lines - 1);
    if ((int64_t)width * have_height > (int64_t)height * have_width) {
        width = MAX((int)((int64_t)height * have_width / have_height), 1);
    } else {
        height = MAX((int)((int64_t)width * have_height / have_width) & ~1, 2);
    }
    pixman_image_t *image = scaled(display_surface(s->display), width, height);
    for (int row = 0; row < height / 2 && row < s->lines - 1; row++) {
        s->lib.wmove(s->window, row, 0);
        for (int x = 0; x < width; x++) {
            uint32_t upper = pixel(image, x, 2 * row), lower = pixel(image, x, 2 * row + 1);
            put(s, s->utf8 ? HALF_BLOCK : ' ', upper, s->utf8 ? lower : upper, 0);
        }
    }
    pixman_image_unref(image);
    g_autofree char *text = g_strdup_printf(" %s: a picture of %u x %u   Alt-1 to Alt-9: other displays",
                                            display_name(s->display), have_width, have_height);
    say(s, s->lines - 1, text);
    s->lib.curs_set(0);
}

void curses_draw(CursesScreen *s)
{
    s->lib.werase(s->window);
    if (display_text(s->display, &s->text)) {
        draw_text(s);
    } else {
        draw_picture(s);
    }
    s->lib.wrefresh(s->window);
}
