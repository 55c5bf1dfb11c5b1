/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is typed at the terminal: for one of ours as it is, for the machine made to keys that are pressed. */
#include "ui/curses_internal.h"

#define HOLD_MS 10
#define MOST_AT_ONCE 1024       /* a paste does not keep the program from its other work */
enum { ESCAPE = 27, DELETE = 127 };

static const struct { int code; Key key; } specials[] = {
    { CURSES_UP, KEY_UP }, { CURSES_DOWN, KEY_DOWN }, { CURSES_LEFT, KEY_LEFT },
    { CURSES_RIGHT, KEY_RIGHT }, { CURSES_HOME, KEY_HOME }, { CURSES_END, KEY_END },
    { CURSES_PPAGE, KEY_PGUP }, { CURSES_NPAGE, KEY_PGDN },
    { CURSES_IC, KEY_INSERT }, { CURSES_DC, KEY_DELETE }, { CURSES_BACKSPACE, KEY_BACKSPACE },
    { CURSES_ENTER, KEY_KP_ENTER },
};

static Key special_key(int code)
{
    for (size_t i = 0; i < G_N_ELEMENTS(specials); i++) {
        if (specials[i].code == code) {
            return specials[i].key;
        }
    }
    if (code > CURSES_F0 && code <= CURSES_F0 + 12) {
        return code <= CURSES_F0 + 10 ? (Key)(KEY_F1 + code - CURSES_F0 - 1) :
               code == CURSES_F0 + 11 ? KEY_F11 : KEY_F12;
    }
    return KEY_UNMAPPED;
}

/* ---- to the machine ---- */

static void press(const CursesScreen *s, Key key, unsigned held)
{
    Key keys[5];
    size_t n = 0;
    static const struct { unsigned modifier; Key key; } modifiers[] = {
        { DISPLAY_CTRL, KEY_CTRL }, { DISPLAY_ALT, KEY_ALT }, { DISPLAY_SHIFT, KEY_SHIFT },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(modifiers); i++) {
        if (held & modifiers[i].modifier) {
            keys[n++] = modifiers[i].key;
        }
    }
    keys[n++] = key;
    input_press(s->machine->input, keys, n, HOLD_MS);
}

static void press_character(const CursesScreen *s, uint32_t character, unsigned held)
{
    KeymapPlace place;
    uint32_t keysym = character < 0x100 ? character : 0x1000000 | character;
    if (!keymap_find(s->keymap, keysym, &place)) {
        return;
    }
    if (place.modifiers & KEYMAP_ALTGR) {
        Key keys[3] = { KEY_ALT_R, place.key, place.key };
        bool shift = place.modifiers & KEYMAP_SHIFT;
        keys[1] = shift ? KEY_SHIFT : place.key;
        input_press(s->machine->input, keys, shift ? 3 : 2, HOLD_MS);
        return;
    }
    press(s, place.key, held | (place.modifiers & KEYMAP_SHIFT ? DISPLAY_SHIFT : 0));
}

/* ---- what was typed ---- */

static void give(CursesScreen *s, Key key, uint32_t character, unsigned held)
{
    if (display_takes_keys(s->display)) {
        display_key(s->display, &(DisplayKey){ key, character, held });
    } else if (key != KEY_UNMAPPED) {
        press(s, key, held);
    } else {
        press_character(s, character, held);
    }
}

/* A control character is a key with Ctrl, but for the few that have a key of their own. */
static void give_character(CursesScreen *s, uint32_t c, unsigned held)
{
    if (c == '\r' || c == '\n') {
        give(s, KEY_RET, 0, held);
    } else if (c == '\t') {
        give(s, KEY_TAB, 0, held);
    } else if (c == ESCAPE) {
        give(s, KEY_ESC, 0, held);
    } else if (c == DELETE || c == '\b') {
        give(s, KEY_BACKSPACE, 0, held);
    } else if (c < ' ') {
        give(s, KEY_UNMAPPED, c == 0 ? ' ' : c <= 26 ? c - 1 + 'a' : c + '@', held | DISPLAY_CTRL);
    } else {
        give(s, KEY_UNMAPPED, c, held);
    }
}

/* One key; false: there is none. */
static bool take(CursesScreen *s, unsigned held)
{
    wint_t c;
    int kind = s->lib.wget_wch(s->window, &c);
    if (kind == ERR) {
        return false;
    }
    if (kind == KEY_CODE_YES) {
        if (c == CURSES_BTAB) {
            give(s, KEY_TAB, 0, held | DISPLAY_SHIFT);
        } else if (special_key((int)c) != KEY_UNMAPPED) {
            give(s, special_key((int)c), 0, held);
        }
    } else if (c == ESCAPE && !held) {          /* Alt sends it first */
        if (!take(s, DISPLAY_ALT)) {
            give(s, KEY_ESC, 0, 0);
        }
    } else if (held && c >= '1' && c <= '9' && display_at(s->machine->displays, c - '1')) {
        curses_show(s, c - '1');
    } else {
        give_character(s, c, held);
    }
    return true;
}

void curses_heed_keys(CursesScreen *s)
{
    for (unsigned i = 0; i < MOST_AT_ONCE && take(s, 0); i++) {
    }
}
