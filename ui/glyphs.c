/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/glyphs.h"
#include <gmodule.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>
#include "util/error.h"

#define LIBRARY "libpangocairo-1.0.so.0"
#define FONT "Monospace"
#define POINTS 13               /* pixels of an em: cells of about 8 by 16 */
#define MOST_KEPT 4096          /* the guest chooses the characters */
#define LARGEST_CELL 64

#define PANGO_FUNCTIONS(F) F(pango_cairo_create_layout) F(pango_cairo_show_layout) \
    F(pango_font_description_from_string) F(pango_font_description_set_absolute_size) \
    F(pango_font_description_set_weight) F(pango_font_description_free) F(pango_layout_set_font_description) \
    F(pango_layout_set_text) F(pango_layout_get_pixel_size) F(cairo_image_surface_create) F(cairo_create) \
    F(cairo_destroy) F(cairo_surface_destroy) F(cairo_surface_flush) F(cairo_image_surface_get_data) \
    F(cairo_image_surface_get_stride) F(cairo_move_to)

struct Glyphs {
#define FUNCTION(name) __typeof__(&name) name;
    PANGO_FUNCTIONS(FUNCTION)
#undef FUNCTION
    unsigned width, height;
    GHashTable *kept;           /* coverage by character, weight and width */
};

static bool load(Glyphs *g)
{
    GModule *module = g_module_open(LIBRARY, G_MODULE_BIND_LOCAL | G_MODULE_BIND_LAZY);
    bool ok = module != NULL;
#define FUNCTION(name) ok = ok && g_module_symbol(module, #name, (gpointer *)&g->name);
    PANGO_FUNCTIONS(FUNCTION)
#undef FUNCTION
    if (module) {
        g_module_make_resident(module);
    }
    return ok;
}

/* A layout with the text, for drawing with cr. */
static PangoLayout *lay_out(const Glyphs *g, cairo_t *cr, const char *text, bool bold)
{
    PangoLayout *layout = g->pango_cairo_create_layout(cr);
    PangoFontDescription *font = g->pango_font_description_from_string(FONT);
    g->pango_font_description_set_absolute_size(font, POINTS * PANGO_SCALE);
    g->pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    g->pango_layout_set_font_description(layout, font);
    g->pango_layout_set_text(layout, text, -1);
    g->pango_font_description_free(font);
    return layout;
}

static void measure(Glyphs *g)
{
    cairo_surface_t *surface = g->cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    cairo_t *cr = g->cairo_create(surface);
    PangoLayout *layout = lay_out(g, cr, "MMMMMMMMMM", false);
    int width, height;
    g->pango_layout_get_pixel_size(layout, &width, &height);
    g->width = CLAMP((unsigned)(width + 5) / 10, 1, LARGEST_CELL);
    g->height = CLAMP((unsigned)height, 1, LARGEST_CELL);
    g_object_unref(layout);
    g->cairo_destroy(cr);
    g->cairo_surface_destroy(surface);
}

Glyphs *glyphs_new(GError **err)
{
    Glyphs *g = g_new0(Glyphs, 1);
    if (!load(g)) {
        g_free(g);
        error_set(err, LIBRARY " is missing, which draws text (Debian: libpangocairo-1.0-0)");
        return NULL;
    }
    g->kept = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
    measure(g);
    return g;
}

void glyphs_free(Glyphs *g)
{
    if (g) {
        g_hash_table_destroy(g->kept);
        g_free(g);
    }
}

unsigned glyphs_width(const Glyphs *g)
{
    return g->width;
}

unsigned glyphs_height(const Glyphs *g)
{
    return g->height;
}

static uint8_t *draw(const Glyphs *g, uint32_t character, bool bold, unsigned width)
{
    char text[8] = { 0 };
    uint8_t *out = g_malloc0((size_t)width * g->height);
    cairo_surface_t *surface = g->cairo_image_surface_create(CAIRO_FORMAT_A8, (int)width, (int)g->height);
    cairo_t *cr = g->cairo_create(surface);
    g_unichar_to_utf8(character, text);
    PangoLayout *layout = lay_out(g, cr, text, bold);
    g->pango_cairo_show_layout(cr, layout);
    g->cairo_surface_flush(surface);
    const uint8_t *from = g->cairo_image_surface_get_data(surface);
    int stride = g->cairo_image_surface_get_stride(surface);
    for (unsigned y = 0; from && y < g->height; y++) {
        memcpy(out + (size_t)y * width, from + (size_t)y * (size_t)stride, width);
    }
    g_object_unref(layout);
    g->cairo_destroy(cr);
    g->cairo_surface_destroy(surface);
    return out;
}

const uint8_t *glyphs_find(Glyphs *g, uint32_t character, bool bold, unsigned cells)
{
    if (!g_unichar_validate(character) || !g_unichar_isprint(character)) {
        character = 0xfffd;             /* the replacement character */
    }
    gpointer key = GUINT_TO_POINTER(character << 2 | (bold ? 2u : 0) | (cells == 2));
    uint8_t *glyph = g_hash_table_lookup(g->kept, key);
    if (!glyph) {
        if (g_hash_table_size(g->kept) >= MOST_KEPT) {
            g_hash_table_remove_all(g->kept);
        }
        glyph = draw(g, character, bold, g->width * (cells == 2 ? 2 : 1));
        g_hash_table_insert(g->kept, key, glyph);
    }
    return glyph;
}
