/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PS/2 mouse with a wheel and five buttons: IBM PS/2 Hardware Interface Technical Reference, "Mouse", and
 * the sequences of rates by which Microsoft's IntelliMouse and its Explorer make themselves known. Not
 * modelled: the rate itself (a packet is made whenever something happened and there is room).
 */
#include <stdlib.h>
#include "hw/input/ps2.h"

enum { ACK = 0xfa, RESEND = 0xfe, PASSED = 0xaa };
#define MOST_WAITING 32         /* bytes; further movement is added up until they are fetched */
#define MOST_MOVEMENT 4096

/* ---- packets ---- */

static int take(int32_t *from, int least, int most)
{
    int part = CLAMP(*from, least, most);
    *from -= part;
    return part;
}

/* Movement at scaling 2:1, which is for slow and fast hands. */
static int scaled(int v)
{
    static const uint8_t slow[] = { 0, 1, 1, 3, 6, 9 };
    int size = abs(v);
    size = size < 6 ? slow[size] : 2 * size;
    return CLAMP(v < 0 ? -size : size, -255, 255);
}

static unsigned make_packet(Ps2Mouse *m, uint8_t packet[4])
{
    int dx = take(&m->x, -255, 255), dy = take(&m->y, -255, 255);
    if (m->double_scale && !m->remote) {
        dx = scaled(dx);
        dy = scaled(dy);
    }
    packet[0] = (uint8_t)(0x08 | (m->buttons & 7) | (dx < 0 ? 0x10 : 0) | (dy < 0 ? 0x20 : 0));
    packet[1] = (uint8_t)dx;
    packet[2] = (uint8_t)dy;
    m->told = m->buttons;
    if (m->id == 0) {
        m->z = 0;
        return 3;
    }
    packet[3] = m->id == 3 ? (uint8_t)take(&m->z, -127, 127)
                           : (uint8_t)((take(&m->z, -8, 7) & 0x0f) | (m->buttons & 0x18) << 1);
    return 4;
}

static void tell(Ps2Mouse *m)
{
    while (m->reporting && !m->remote && !m->wrap && m->ps2.count < MOST_WAITING &&
           (m->x || m->y || (m->z && m->id) || m->buttons != m->told)) {
        uint8_t packet[4];
        unsigned count = make_packet(m, packet);
        ps2_push(&m->ps2, packet, count);
    }
}

static void mouse_drained(Ps2 *p)
{
    tell((Ps2Mouse *)p);
}

/* ---- what the user does ---- */

static void move(int32_t *where, int by)
{
    *where = CLAMP(*where + CLAMP(by, -MOST_MOVEMENT, MOST_MOVEMENT), -MOST_MOVEMENT, MOST_MOVEMENT);
}

/* Movement while the mouse neither tells nor is asked is lost. */
static bool listening(const Ps2Mouse *m)
{
    return m->reporting || m->remote;
}

static void press(Ps2Mouse *m, unsigned button, bool down)
{
    static const uint8_t bits[BUTTON_COUNT] = {
        [BUTTON_LEFT] = 1, [BUTTON_RIGHT] = 2, [BUTTON_MIDDLE] = 4, [BUTTON_SIDE] = 8, [BUTTON_EXTRA] = 16,
    };
    if (down && (button == BUTTON_WHEEL_UP || button == BUTTON_WHEEL_DOWN) && listening(m)) {
        move(&m->z, button == BUTTON_WHEEL_UP ? -1 : 1);
    }
    m->buttons = (uint8_t)(down ? m->buttons | bits[button] : m->buttons & ~bits[button]);
}

static void mouse_event(void *opaque, const InputEvent *event)
{
    Ps2Mouse *m = opaque;
    if (event->kind == INPUT_BUTTON) {
        press(m, event->code, event->value);
    } else if (listening(m)) {
        /* The user's y goes down, the mouse's up. */
        move(event->code == AXIS_X ? &m->x : &m->y,
             event->code == AXIS_X ? event->value : -CLAMP(event->value, -MOST_MOVEMENT, MOST_MOVEMENT));
    }
}

static void mouse_sync(void *opaque)
{
    tell(opaque);
}

/* ---- commands ---- */

static void reply(Ps2Mouse *m, uint8_t byte)
{
    ps2_reply(&m->ps2, &byte, 1);
}

static void set_defaults(Ps2Mouse *m)
{
    m->rate = 100;
    m->resolution = 2;
    m->reporting = m->remote = m->wrap = m->double_scale = false;
    m->x = m->y = m->z = 0;
    m->ps2.command = 0;
    ps2_clear(&m->ps2);
}

/* 200, 100, 80 asks for the wheel, 200, 200, 80 behind it for five buttons. */
static void heard_rate(Ps2Mouse *m, uint8_t rate)
{
    enum { NOTHING, R200, R200_100, R200_200 };
    m->rate = rate;
    if (rate == 80 && (m->knocks == R200_100 || m->knocks == R200_200)) {
        m->id = m->knocks == R200_100 && m->id == 0 ? 3 : m->knocks == R200_200 && m->id == 3 ? 4 : m->id;
        m->knocks = NOTHING;
    } else if (rate == 200) {
        m->knocks = m->knocks == R200 || m->knocks == R200_200 ? R200_200 : R200;
    } else {
        m->knocks = rate == 100 && m->knocks == R200 ? R200_100 : NOTHING;
    }
}

static void reply_status(Ps2Mouse *m)
{
    uint8_t b = m->buttons;
    uint8_t status = (uint8_t)((b & 1) << 2 | (b & 4) >> 1 | (b & 2) >> 1 | m->double_scale << 4 |
                               m->reporting << 5 | m->remote << 6);
    ps2_reply(&m->ps2, (uint8_t[]){ ACK, status, m->resolution, m->rate }, 4);
}

static void reply_packet(Ps2Mouse *m)
{
    uint8_t bytes[5] = { ACK };
    ps2_reply(&m->ps2, bytes, 1 + make_packet(m, bytes + 1));
}

static void reset_by_command(Ps2Mouse *m)
{
    set_defaults(m);
    m->id = m->knocks = 0;
    ps2_reply(&m->ps2, (const uint8_t[]){ ACK, PASSED, 0 }, 3);
}

static void simple_command(Ps2Mouse *m, uint8_t byte)
{
    switch (byte) {
    case 0xe6: case 0xe7:
        m->double_scale = byte == 0xe7;
        break;
    case 0xe8: case 0xf3:
        m->ps2.command = byte;
        break;
    case 0xea: case 0xf0:
        m->remote = byte == 0xf0;
        break;
    case 0xec: case 0xee:
        m->wrap = byte == 0xee;
        break;
    case 0xf4: case 0xf5:
        m->reporting = byte == 0xf4;
        break;
    case 0xf6:
        set_defaults(m);
        break;
    default:
        reply(m, RESEND);
        return;
    }
    reply(m, ACK);
}

static void mouse_write(Ps2 *p, uint8_t byte)
{
    Ps2Mouse *m = (Ps2Mouse *)p;
    uint8_t due = m->ps2.command;
    m->ps2.command = 0;
    if (m->wrap && byte != 0xec && byte != 0xff) {
        reply(m, byte);
    } else if (due == 0xe8) {
        m->resolution = byte & 3;
        reply(m, ACK);
    } else if (due == 0xf3) {
        heard_rate(m, byte);
        reply(m, ACK);
    } else if (byte == 0xe9) {
        reply_status(m);
    } else if (byte == 0xeb) {
        reply_packet(m);
    } else if (byte == 0xf2) {
        ps2_reply(&m->ps2, (uint8_t[]){ ACK, m->id }, 2);
    } else if (byte == 0xff) {
        reset_by_command(m);
    } else {
        simple_command(m, byte);
    }
}

/* ---- the device ---- */

static const Ps2Ops mouse_wire = { mouse_write, mouse_drained };
static const InputOps mouse_ops = {
    "PS/2 Mouse", 1u << INPUT_BUTTON | 1u << INPUT_REL, mouse_event, mouse_sync,
};

static bool mouse_realize(Device *dev, GError **err)
{
    ((Ps2 *)dev)->ops = &mouse_wire;
    ((Ps2 *)dev)->taker = input_add(dev->machine->input, &mouse_ops, dev);
    return true;
}

static void mouse_reset(Device *dev)
{
    Ps2Mouse *m = (Ps2Mouse *)dev;
    set_defaults(m);
    m->id = m->knocks = 0;
    m->buttons = m->told = 0;
}

static void mouse_finalize(Device *dev)
{
    input_remove(((Ps2 *)dev)->taker);
}

static bool mouse_post_load(Device *dev, GError **err)
{
    Ps2Mouse *m = (Ps2Mouse *)dev;
    m->id = m->id == 3 || m->id == 4 ? m->id : 0;
    m->x = CLAMP(m->x, -MOST_MOVEMENT, MOST_MOVEMENT);
    m->y = CLAMP(m->y, -MOST_MOVEMENT, MOST_MOVEMENT);
    m->z = CLAMP(m->z, -MOST_MOVEMENT, MOST_MOVEMENT);
    return ps2_loaded(&m->ps2, err);
}

static const VmField mouse_state[] = {
    VM_STRUCT(Ps2Mouse, ps2, ps2_state), VM_U8(Ps2Mouse, id), VM_U8(Ps2Mouse, knocks), VM_U8(Ps2Mouse, rate),
    VM_U8(Ps2Mouse, resolution), VM_BOOL(Ps2Mouse, reporting), VM_BOOL(Ps2Mouse, remote),
    VM_BOOL(Ps2Mouse, wrap), VM_BOOL(Ps2Mouse, double_scale), VM_U8(Ps2Mouse, buttons), VM_U8(Ps2Mouse, told),
    VM_I32(Ps2Mouse, x), VM_I32(Ps2Mouse, y), VM_I32(Ps2Mouse, z),
    { 0 }
};

const DeviceType ps2_mouse_type = {
    "ps2-mouse", sizeof(Ps2Mouse), .description = "PS/2 mouse with a wheel and five buttons",
    .state = mouse_state, .realize = mouse_realize, .reset = mouse_reset, .finalize = mouse_finalize,
    .post_load = mouse_post_load, .outputs = ps2_outputs,
};
