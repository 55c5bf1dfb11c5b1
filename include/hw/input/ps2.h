/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A keyboard and a mouse with a PS/2 plug, and what both have in common. Machine lock held for all. */
#ifndef HW_INPUT_PS2_H
#define HW_INPUT_PS2_H

#include "hw/core/device.h"
#include "system/input.h"

typedef struct Ps2 Ps2;

typedef struct {
    /* A byte of the host's, but not the wish for the last one again. */
    void (*write)(Ps2 *p, uint8_t byte);
    /* All that was queued has been taken; may be NULL. */
    void (*drained)(Ps2 *p);
} Ps2Ops;

struct Ps2 {
    Device dev;
    const Ps2Ops *ops;
    IrqLine ready;              /* there is a byte for the host */
    uint8_t queue[256];         /* what happened, oldest byte at head */
    uint8_t head;
    uint16_t count;
    uint8_t reply[8];           /* to a command; comes before all of the queue */
    uint8_t reply_at, reply_count;
    uint8_t command;            /* whose parameter is due; 0: none */
    uint8_t last;               /* byte sent, for a host that did not get it */
    InputTaker *taker;
};

typedef struct {
    Ps2 ps2;
    uint8_t set;                /* of scan codes: 1 or 2 */
    bool scanning;
    uint8_t leds;
    bool ctrl, alt, shift;      /* any of the two is down; Print and Pause look at them */
} Ps2Keyboard;

typedef struct {
    Ps2 ps2;
    uint8_t id;                 /* 0: three buttons; 3: a wheel; 4: and five buttons */
    uint8_t knocks;             /* how much of a sequence of rates that asks for more has been heard */
    uint8_t rate, resolution;
    bool reporting, remote, wrap, double_scale;
    uint8_t buttons, told;      /* now, and in the last packet: left, right, middle, side, extra */
    int32_t x, y, z;            /* movement that no packet has told of; y upwards, z towards the user */
} Ps2Mouse;

/* A byte from the host. */
void ps2_write(Ps2 *p, uint8_t byte);
/* The next byte for the host; the last one again when there is none. */
uint8_t ps2_read(Ps2 *p);

/* ---- for the two ---- */
/* Queues all of the bytes or, when there is no room, none (false). */
bool ps2_push(Ps2 *p, const uint8_t *bytes, unsigned count);
/* The reply to the command just written: replaces what was not fetched of an earlier one. */
void ps2_reply(Ps2 *p, const uint8_t *bytes, unsigned count);
/* Forgets what is queued. */
void ps2_clear(Ps2 *p);
/* The line has the level that goes with the loaded fields, which the controller, loaded later, looks at;
 * false when the fields are impossible. */
bool ps2_loaded(Ps2 *p, GError **err);
extern const VmField ps2_state[];
extern const IrqPins ps2_outputs[];

extern const DeviceType ps2_keyboard_type, ps2_mouse_type;

#endif
