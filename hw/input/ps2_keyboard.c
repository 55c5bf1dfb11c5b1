/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PS/2 keyboard: IBM PS/2 Hardware Interface Technical Reference, "Keyboard (101- and 102-key)". Not
 * modelled: scan code set 3 (it is refused, as newer keyboards do), repetition of a key that is held (the
 * display's host repeats it), the power-on self test, which firmware has read before the machine starts.
 */
#include "hw/input/ps2.h"

enum { ACK = 0xfa, RESEND = 0xfe, PASSED = 0xaa };

static void reply(Ps2Keyboard *k, uint8_t byte)
{
    ps2_reply(&k->ps2, &byte, 1);
}

/* ---- keys ---- */

typedef struct {
    uint8_t bytes[8];
    unsigned count;
} Codes;

/* A make or break code of set 2, with its prefix, or the same in set 1. */
static void add_code(const Ps2Keyboard *k, Codes *c, unsigned set2, bool down)
{
    if (set2 & KEY_EXTENDED) {
        c->bytes[c->count++] = 0xe0;
    }
    if (k->set == 2) {
        if (!down) {
            c->bytes[c->count++] = 0xf0;
        }
        c->bytes[c->count++] = (uint8_t)set2;
    } else {
        c->bytes[c->count++] = (uint8_t)(key_set2_to_set1((uint8_t)set2) | (down ? 0 : 0x80));
    }
}

/* Pause says that it went down and up at once, and with Ctrl it is another key. */
static void add_pause(const Ps2Keyboard *k, Codes *c)
{
    if (k->ctrl) {
        add_code(k, c, KEY_EXTENDED | 0x7e, true);
        add_code(k, c, KEY_EXTENDED | 0x7e, false);
        return;
    }
    for (unsigned up = 0; up < 2; up++) {
        c->bytes[c->count++] = 0xe1;
        add_code(k, c, 0x14, !up);
        add_code(k, c, 0x77, !up);
    }
}

/* Print comes with a shift of its own unless one is down, and with Alt it is SysRq. */
static void add_print(const Ps2Keyboard *k, Codes *c, bool down)
{
    if (k->alt) {
        add_code(k, c, 0x84, down);
    } else if (k->ctrl || k->shift) {
        add_code(k, c, KEY_EXTENDED | 0x7c, down);
    } else {
        add_code(k, c, KEY_EXTENDED | (down ? 0x12 : 0x7c), down);
        add_code(k, c, KEY_EXTENDED | (down ? 0x7c : 0x12), down);
    }
}

static void note_modifier(Ps2Keyboard *k, Key key, bool down)
{
    if (key == KEY_CTRL || key == KEY_CTRL_R) {
        k->ctrl = down;
    } else if (key == KEY_ALT || key == KEY_ALT_R) {
        k->alt = down;
    } else if (key == KEY_SHIFT || key == KEY_SHIFT_R) {
        k->shift = down;
    }
}

static void keyboard_event(void *opaque, const InputEvent *event)
{
    Ps2Keyboard *k = opaque;
    Key key = (Key)event->code;
    unsigned set2 = key_codes(key)->set2;
    Codes c = { .count = 0 };
    note_modifier(k, key, event->value);
    if (!k->scanning || !set2) {
        return;
    }
    if (key == KEY_PAUSE) {
        if (event->value) {
            add_pause(k, &c);
        }
    } else if (key == KEY_PRINT) {
        add_print(k, &c, event->value);
    } else if (key == KEY_LANG1 || key == KEY_LANG2) {
        if (event->value) {
            c.bytes[c.count++] = (uint8_t)set2;     /* these two never say that they went up */
        }
    } else {
        add_code(k, &c, set2, event->value);
    }
    ps2_push(&k->ps2, c.bytes, c.count);
}

/* ---- commands ---- */

static void set_defaults(Ps2Keyboard *k)
{
    k->set = 2;
    k->ps2.command = 0;
    ps2_clear(&k->ps2);
}

static void set_leds(Ps2Keyboard *k, uint8_t leds)
{
    k->leds = leds & 7;
    input_set_leds(k->ps2.dev.machine->input, k->leds);
}

static void parameter(Ps2Keyboard *k, uint8_t command, uint8_t value)
{
    switch (command) {
    case 0xed:
        set_leds(k, value);
        reply(k, ACK);
        break;
    case 0xf0:
        if (value == 0) {
            ps2_reply(&k->ps2, (uint8_t[]){ ACK, k->set }, 2);
        } else if (value <= 2) {
            k->set = value;
            reply(k, ACK);
        } else {
            reply(k, RESEND);
        }
        break;
    default:            /* F3, rate and delay of repetitions; FB to FD, a key of set 3 */
        reply(k, ACK);
        break;
    }
}

static void keyboard_write(Ps2 *p, uint8_t byte)
{
    Ps2Keyboard *k = (Ps2Keyboard *)p;
    uint8_t due = k->ps2.command;
    k->ps2.command = 0;
    if (due && byte < 0xed) {
        parameter(k, due, byte);
        return;
    }
    switch (byte) {
    case 0xed: case 0xf0: case 0xf3: case 0xfb: case 0xfc: case 0xfd:
        k->ps2.command = byte;
        reply(k, ACK);
        break;
    case 0xee:          /* echo */
        reply(k, 0xee);
        break;
    case 0xf2:
        ps2_reply(&k->ps2, (const uint8_t[]){ ACK, 0xab, 0x83 }, 3);
        break;
    case 0xf4:
        ps2_clear(&k->ps2);
        k->scanning = true;
        reply(k, ACK);
        break;
    case 0xf5: case 0xf6:
        set_defaults(k);
        k->scanning = byte == 0xf6;
        reply(k, ACK);
        break;
    case 0xf7: case 0xf8: case 0xf9: case 0xfa:     /* ways of set 3 */
        reply(k, ACK);
        break;
    case 0xff:
        set_defaults(k);
        k->scanning = true;
        set_leds(k, 0);
        ps2_reply(&k->ps2, (const uint8_t[]){ ACK, PASSED }, 2);
        break;
    default:
        reply(k, RESEND);
        break;
    }
}

/* ---- the device ---- */

static const Ps2Ops keyboard_wire = { keyboard_write, NULL };
static const InputOps keyboard_ops = { "PS/2 Keyboard", 1u << INPUT_KEY, keyboard_event, NULL };

static bool keyboard_realize(Device *dev, GError **err)
{
    ((Ps2 *)dev)->ops = &keyboard_wire;
    ((Ps2 *)dev)->taker = input_add(dev->machine->input, &keyboard_ops, dev);
    return true;
}

static void keyboard_reset(Device *dev)
{
    Ps2Keyboard *k = (Ps2Keyboard *)dev;
    set_defaults(k);
    k->scanning = true;
    k->ctrl = k->alt = k->shift = false;
    set_leds(k, 0);
}

static void keyboard_finalize(Device *dev)
{
    input_remove(((Ps2 *)dev)->taker);
}

static bool keyboard_post_load(Device *dev, GError **err)
{
    Ps2Keyboard *k = (Ps2Keyboard *)dev;
    k->set = k->set == 1 ? 1 : 2;
    set_leds(k, k->leds);
    return ps2_loaded(&k->ps2, err);
}

static const VmField keyboard_state[] = {
    VM_STRUCT(Ps2Keyboard, ps2, ps2_state), VM_U8(Ps2Keyboard, set), VM_BOOL(Ps2Keyboard, scanning),
    VM_U8(Ps2Keyboard, leds), VM_BOOL(Ps2Keyboard, ctrl), VM_BOOL(Ps2Keyboard, alt),
    VM_BOOL(Ps2Keyboard, shift),
    { 0 }
};

const DeviceType ps2_keyboard_type = {
    "ps2-kbd", sizeof(Ps2Keyboard), .description = "PS/2 keyboard", .state = keyboard_state,
    .realize = keyboard_realize, .reset = keyboard_reset, .finalize = keyboard_finalize,
    .post_load = keyboard_post_load, .outputs = ps2_outputs,
};
