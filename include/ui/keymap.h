/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From characters to the keys that make them: who sends characters (VNC) has to say where they are. */
#ifndef UI_KEYMAP_H
#define UI_KEYMAP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "system/keys.h"

typedef struct Keymap Keymap;

enum { KEYMAP_SHIFT = 1, KEYMAP_ALTGR = 2 };

typedef struct {
    Key key;
    unsigned modifiers;         /* KEYMAP_*, that must be held with it */
    bool is_character;          /* modifiers count; else (F1, a keypad's 7) they do not */
} KeymapPlace;

/* The guest's layout by its name, "en-us", "de", "fr" and whatever libxkbcommon knows (NULL: "en-us").
 * NULL with err: no such layout, or the library that has all but en-us is missing. */
Keymap *keymap_new(const char *layout, GError **err);
/* NULL is allowed. */
void keymap_free(Keymap *map);
/* Where the X key symbol is; false: nowhere. */
bool keymap_find(const Keymap *map, uint32_t keysym, KeymapPlace *place);
/* The two keys that make, one after the other, a character that no key has: a mark, then a letter or a blank.
 * False: there are none. */
bool keymap_find_pair(const Keymap *map, uint32_t keysym, KeymapPlace *dead, KeymapPlace *base);
/* The character that it writes, in Unicode; 0: none, or one of the old sets but Latin 1. */
uint32_t keymap_character(uint32_t keysym);

#endif
