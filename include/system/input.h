/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person does at the machine: displays and the monitor send keys, buttons and
 * movements here, and the devices that take them have told so. Machine lock held for all.
 */
#ifndef SYSTEM_INPUT_H
#define SYSTEM_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include "system/clock.h"
#include "system/keys.h"

typedef struct Input Input;             /* one per machine */
typedef struct InputTaker InputTaker;   /* a device that takes events */

typedef enum { INPUT_KEY, INPUT_BUTTON, INPUT_REL, INPUT_ABS } InputKind;

typedef enum {
    BUTTON_LEFT, BUTTON_MIDDLE, BUTTON_RIGHT, BUTTON_WHEEL_UP, BUTTON_WHEEL_DOWN, BUTTON_SIDE, BUTTON_EXTRA,
    BUTTON_WHEEL_LEFT, BUTTON_WHEEL_RIGHT, BUTTON_COUNT
} InputButton;

enum { AXIS_X, AXIS_Y };
#define INPUT_ABS_MAX 0x7fff            /* right or lower edge of the display; 0 is the other one */
enum { LED_SCROLL = 1, LED_NUM = 2, LED_CAPS = 4 };

typedef struct {
    InputKind kind;
    unsigned code;                      /* a Key, an InputButton or an axis */
    int value;                          /* 1 down, 0 up; the movement; or the place, 0 to INPUT_ABS_MAX */
} InputEvent;

typedef struct {
    const char *name;                   /* "PS/2 mouse" */
    unsigned kinds;                     /* bits 1 << InputKind */
    void (*event)(void *opaque, const InputEvent *event);
    /* The events since the last one belong together; NULL: it does not matter. */
    void (*sync)(void *opaque);
} InputOps;

Input *input_new(Clock *clock);
/* There are no takers any more. */
void input_free(Input *input);

/* Behind those that are there; ops stays the caller's. */
InputTaker *input_add(Input *input, const InputOps *ops, void *opaque);
/* NULL is allowed. */
void input_remove(InputTaker *taker);
/* From now on the first to get what it takes. */
void input_prefer(InputTaker *taker);
/* From now on the last. */
void input_retire(InputTaker *taker);
/* The taker by its place, 0 for the one that is asked first; NULL behind the last. */
const InputTaker *input_taker(const Input *input, unsigned n);
/* Its ops and a number that stays its own. */
const InputOps *input_taker_ops(const InputTaker *taker);
unsigned input_taker_number(const InputTaker *taker);
/* Makes the taker of that number the preferred one; false: there is none. */
bool input_prefer_number(Input *input, unsigned number);

/* To the first taker of that kind; false: nobody takes such. */
bool input_send(Input *input, const InputEvent *event);
/* Ends a group: what was sent happened at one moment. */
void input_sync(Input *input);
/* One key or button goes down or up, as a group of its own. */
void input_key(Input *input, Key key, bool down);
void input_button(Input *input, InputButton button, bool down);
/* Presses the keys in their order and releases them, the last one first, hold_ms of guest time later;
 * behind presses that are still to come. False: more than 1024 changes wait already. */
bool input_press(Input *input, const Key *keys, size_t count, unsigned hold_ms);
/* Whether anybody takes events of that kind. */
bool input_takes(const Input *input, InputKind kind);
/* Whether a pointer's place counts (a tablet) and not its movement. */
bool input_is_absolute(const Input *input);

/* The keyboard's lamps, LED_*: the taker tells, displays ask. */
void input_set_leds(Input *input, unsigned leds);
unsigned input_leds(const Input *input);
/* func runs when the lamps or the way of pointing have changed. */
void input_add_listener(Input *input, void (*func)(void *opaque), void *opaque);
void input_remove_listener(Input *input, void *opaque);

/* Their names in QMP: "left", "wheel-up", "x". */
const char *input_button_name(InputButton button);

#endif
