/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Characters as pictures, in the host's monospaced font; by Pango, which is loaded when one is drawn. */
#ifndef UI_GLYPHS_H
#define UI_GLYPHS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Glyphs Glyphs;

/* NULL with err: the library is missing. */
Glyphs *glyphs_new(GError **err);
/* NULL is allowed. */
void glyphs_free(Glyphs *glyphs);
/* The size of a cell, in pixels. */
unsigned glyphs_width(const Glyphs *glyphs);
unsigned glyphs_height(const Glyphs *glyphs);
/* How much of each pixel the character covers (0 to 255): glyphs_height rows of cells * glyphs_width bytes,
 * cells 1 or 2. Valid until the next call. */
const uint8_t *glyphs_find(Glyphs *glyphs, uint32_t character, bool bold, unsigned cells);

#endif
