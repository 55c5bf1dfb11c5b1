/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and pointers of VNC clients, made to what a person at the machine would do. */
#include "ui/vnc_internal.h"

static Input *input_of(const VncClient *client)
{
    return client->server->machine->input;
}

static void press(VncClient *client, Key key, bool down)
{
    if (key == KEY_UNMAPPED || (!down && !client->pressed[key])) {
        return;
    }
    client->pressed[key] = down;
    input_key(input_of(client), key, down);
}

/* ---- characters ---- */

static bool is_modifier(Key key)
{
    static const Key modifiers[] = { KEY_SHIFT, KEY_SHIFT_R, KEY_CTRL, KEY_CTRL_R, KEY_ALT, KEY_ALT_R,
                                     KEY_META_L, KEY_META_R };
    for (size_t i = 0; i < G_N_ELEMENTS(modifiers); i++) {
        if (key == modifiers[i]) {
            return true;
        }
    }
    return false;
}

/* A key of a pair of modifiers is given another state, or back the one that the client holds it in. */
static void override(VncClient *client, Key key, bool down)
{
    if (client->pressed[key] != down) {
        input_key(input_of(client), key, down);
    }
}

static void restore(VncClient *client, Key key, bool instead_of)
{
    if (client->pressed[key] != instead_of) {
        input_key(input_of(client), key, client->pressed[key]);
    }
}

static bool is_letter(uint32_t keysym)
{
    return keysym < 0x80 && g_ascii_isalpha((char)keysym);
}

/* Presses what makes the character in the guest's layout; the modifiers that the client holds may be those
 * of another layout. */
static void press_character(VncClient *client, uint32_t keysym, const KeymapPlace *place)
{
    bool shift = place->modifiers & KEYMAP_SHIFT, altgr = place->modifiers & KEYMAP_ALTGR;
    bool held_shift = client->pressed[KEY_SHIFT] || client->pressed[KEY_SHIFT_R];
    bool held_altgr = client->pressed[KEY_ALT_R];
    bool command = client->pressed[KEY_CTRL] || client->pressed[KEY_CTRL_R] || client->pressed[KEY_ALT] ||
                   client->pressed[KEY_META_L] || client->pressed[KEY_META_R];
    if (is_letter(keysym) && input_leds(input_of(client)) & LED_CAPS) {
        shift = !shift;
    }
    if (command || (shift == held_shift && altgr == held_altgr)) {
        press(client, place->key, true);      /* with Ctrl or Alt the place is meant */
        return;
    }
    override(client, KEY_SHIFT, shift);
    if (!shift) {
        override(client, KEY_SHIFT_R, false);
    }
    override(client, KEY_ALT_R, altgr);
    press(client, place->key, true);
    restore(client, KEY_ALT_R, altgr);
    if (!shift) {
        restore(client, KEY_SHIFT_R, false);
    }
    restore(client, KEY_SHIFT, shift);
}

/* The keys of a character; that of a mark, if it needs one, is pressed and released. False: it has none. */
static bool find_place(VncClient *client, uint32_t keysym, bool down, KeymapPlace *place)
{
    KeymapPlace dead;
    if (keymap_find(client->server->keymap, keysym, place)) {
        return true;
    }
    if (!keymap_find_pair(client->server->keymap, keysym, &dead, place)) {
        return false;
    }
    if (down) {
        press_character(client, keysym, &dead);
        press(client, dead.key, false);
    }
    return true;
}

static void press_symbol(VncClient *client, uint32_t keysym, bool down)
{
    KeymapPlace place;
    if (!find_place(client, keysym, down, &place)) {
        return;
    }
    if (down && place.is_character) {
        press_character(client, keysym, &place);
    } else if (down || client->pressed[place.key]) {
        press(client, place.key, down);
    } else {
        /* Its modifier went up first, so the client calls it by another character now. */
        for (Key key = 1; key < KEY_COUNT; key++) {
            if (!is_modifier(key)) {
                press(client, key, false);
            }
        }
    }
}

/* ---- keys that are not for the guest ---- */

static unsigned modifier_of(Key key)
{
    switch (key) {
    case KEY_SHIFT:
    case KEY_SHIFT_R:
        return DISPLAY_SHIFT;
    case KEY_CTRL:
    case KEY_CTRL_R:
        return DISPLAY_CTRL;
    case KEY_ALT:
        return DISPLAY_ALT;
    default:
        return 0;
    }
}

/* Ctrl-Alt and a digit show another of the machine's displays. */
static bool is_command(VncClient *client, Key key)
{
    VncServer *server = client->server;
    if (client->held != (DISPLAY_CTRL | DISPLAY_ALT) || key < KEY_1 || key > KEY_9 ||
        !display_at(server->machine->displays, key - KEY_1)) {
        return false;
    }
    g_mutex_lock(&server->lock);
    client->want_display = key - KEY_1;
    g_mutex_unlock(&server->lock);
    vnc_note(client, NOTE_SWITCH);
    return true;
}

/* True: it was for a terminal, or for us. */
static bool takes_key(VncClient *client, uint32_t keysym, Key key, bool down)
{
    Display *display = client->server->display;
    unsigned modifier = modifier_of(key);
    client->held = down ? client->held | modifier : client->held & ~modifier;
    if (!down) {
        return false;
    }
    if (is_command(client, key)) {
        return true;
    }
    if (!display || !display_takes_keys(display)) {
        return false;
    }
    if (!modifier) {
        display_key(display, &(DisplayKey){ key, keymap_character(keysym), client->held });
    }
    return true;
}

void vnc_key(VncClient *client, uint32_t keysym, Key key, bool down)
{
    KeymapPlace place = { .key = key };
    bool known = key != KEY_UNMAPPED || keymap_find(client->server->keymap, keysym, &place);
    if (takes_key(client, keysym, known ? place.key : KEY_UNMAPPED, down)) {
        return;
    }
    if (key != KEY_UNMAPPED) {
        press(client, key, down);
    } else {
        press_symbol(client, keysym, down);
    }
}

/* ---- the pointer ---- */

static void send_buttons(VncClient *client, unsigned mask)
{
    static const InputButton buttons[] = { BUTTON_LEFT, BUTTON_MIDDLE, BUTTON_RIGHT, BUTTON_WHEEL_UP,
                                           BUTTON_WHEEL_DOWN, BUTTON_WHEEL_LEFT, BUTTON_WHEEL_RIGHT };
    for (unsigned i = 0; i < G_N_ELEMENTS(buttons); i++) {
        if ((mask ^ client->buttons) >> i & 1) {
            input_send(input_of(client), &(InputEvent){ INPUT_BUTTON, buttons[i], mask >> i & 1 });
        }
    }
    client->buttons = mask;
}

static int to_absolute(int at, int size)
{
    return size > 1 ? (int)((int64_t)CLAMP(at, 0, size - 1) * INPUT_ABS_MAX / (size - 1)) : 0;
}

void vnc_pointer(VncClient *client, unsigned mask, int x, int y, int width, int height)
{
    Input *input = input_of(client);
    if (input_is_absolute(input)) {
        input_send(input, &(InputEvent){ INPUT_ABS, AXIS_X, to_absolute(x, width) });
        input_send(input, &(InputEvent){ INPUT_ABS, AXIS_Y, to_absolute(y, height) });
    } else {
        /* A client that knows the two ways sends movements, from the middle of all values. */
        bool told = client->pointer_modes;
        int dx = told ? x - INPUT_ABS_MAX : client->last_x < 0 ? 0 : x - client->last_x;
        int dy = told ? y - INPUT_ABS_MAX : client->last_x < 0 ? 0 : y - client->last_y;
        if (dx) {
            input_send(input, &(InputEvent){ INPUT_REL, AXIS_X, dx });
        }
        if (dy) {
            input_send(input, &(InputEvent){ INPUT_REL, AXIS_Y, dy });
        }
    }
    client->last_x = x;
    client->last_y = y;
    send_buttons(client, mask & 0x7f);
    input_sync(input);
}

void vnc_release_all(VncClient *client)
{
    for (Key key = 1; key < KEY_COUNT; key++) {
        press(client, key, false);
    }
    if (client->buttons) {
        send_buttons(client, 0);
        input_sync(input_of(client));
    }
}
