/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is typed at a terminal. */
#include "ui/terminal_internal.h"

static const struct { Key key; VTermKey vterm; } specials[] = {
    { KEY_RET, VTERM_KEY_ENTER }, { KEY_KP_ENTER, VTERM_KEY_ENTER }, { KEY_TAB, VTERM_KEY_TAB },
    { KEY_BACKSPACE, VTERM_KEY_BACKSPACE }, { KEY_ESC, VTERM_KEY_ESCAPE }, { KEY_UP, VTERM_KEY_UP },
    { KEY_DOWN, VTERM_KEY_DOWN }, { KEY_LEFT, VTERM_KEY_LEFT }, { KEY_RIGHT, VTERM_KEY_RIGHT },
    { KEY_INSERT, VTERM_KEY_INS }, { KEY_DELETE, VTERM_KEY_DEL }, { KEY_HOME, VTERM_KEY_HOME },
    { KEY_END, VTERM_KEY_END }, { KEY_PGUP, VTERM_KEY_PAGEUP }, { KEY_PGDN, VTERM_KEY_PAGEDOWN },
    { KEY_F1, VTERM_KEY_FUNCTION(1) }, { KEY_F2, VTERM_KEY_FUNCTION(2) }, { KEY_F3, VTERM_KEY_FUNCTION(3) },
    { KEY_F4, VTERM_KEY_FUNCTION(4) }, { KEY_F5, VTERM_KEY_FUNCTION(5) }, { KEY_F6, VTERM_KEY_FUNCTION(6) },
    { KEY_F7, VTERM_KEY_FUNCTION(7) }, { KEY_F8, VTERM_KEY_FUNCTION(8) }, { KEY_F9, VTERM_KEY_FUNCTION(9) },
    { KEY_F10, VTERM_KEY_FUNCTION(10) }, { KEY_F11, VTERM_KEY_FUNCTION(11) },
    { KEY_F12, VTERM_KEY_FUNCTION(12) },
};

static VTermModifier modifiers_of(unsigned held)
{
    return (held & DISPLAY_SHIFT ? VTERM_MOD_SHIFT : 0) | (held & DISPLAY_CTRL ? VTERM_MOD_CTRL : 0) |
           (held & DISPLAY_ALT ? VTERM_MOD_ALT : 0);
}

/* Half a screen, as far as there is something. */
static void turn_back(Terminal *t, int way)
{
    int back = (int)t->back + way * (int)MAX(t->rows / 2, 1);
    unsigned now = (unsigned)CLAMP(back, 0, (int)g_queue_get_length(t->past));
    if (now != t->back) {
        t->back = now;
        terminal_changed(t, -1);
    }
}

void terminal_key(void *opaque, const DisplayKey *key)
{
    Terminal *t = opaque;
    if ((key->modifiers & DISPLAY_SHIFT) && (key->key == KEY_PGUP || key->key == KEY_PGDN)) {
        turn_back(t, key->key == KEY_PGUP ? 1 : -1);
        return;
    }
    VTermModifier modifiers = modifiers_of(key->modifiers);
    VTermKey special = VTERM_KEY_NONE;
    for (size_t i = 0; i < G_N_ELEMENTS(specials); i++) {
        special = specials[i].key == key->key ? specials[i].vterm : special;
    }
    if (special == VTERM_KEY_NONE && key->character == 0) {
        return;
    }
    if (t->back) {
        t->back = 0;
        terminal_changed(t, -1);
    }
    if (special != VTERM_KEY_NONE) {
        vterm_keyboard_key(t->vt, special, modifiers);
    } else {
        /* The character has Shift in it already. */
        vterm_keyboard_unichar(t->vt, key->character, modifiers & ~VTERM_MOD_SHIFT);
    }
}
