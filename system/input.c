/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who gets what a person does, and key presses that take their time. */
#include <glib.h>
#include "system/input.h"

#define MAX_WAITING 1024

struct InputTaker {
    Input *input;
    const InputOps *ops;
    void *opaque;
    unsigned number;
    bool touched;               /* since the last sync */
};

typedef struct {
    void (*func)(void *opaque);
    void *opaque;
} Listener;

/* A change of a key that is to come, and how long the next one waits behind it. */
typedef struct {
    Key key;
    bool down;
    unsigned pause_ms;
} Change;

struct Input {
    Clock *clock;
    GPtrArray *takers;          /* of InputTaker *, the preferred one first */
    GArray *listeners;
    GQueue changes;             /* of Change * */
    Timer *timer;
    unsigned next_number, leds;
    bool absolute;              /* as listeners were told */
};

static void play(void *opaque);

Input *input_new(Clock *clock)
{
    Input *input = g_new0(Input, 1);
    input->clock = clock;
    input->takers = g_ptr_array_new();
    input->listeners = g_array_new(FALSE, FALSE, sizeof(Listener));
    input->timer = timer_new(clock, CLOCK_VIRTUAL, play, input);
    return input;
}

void input_free(Input *input)
{
    g_assert(input->takers->len == 0);
    timer_free(input->timer);
    g_queue_clear_full(&input->changes, g_free);
    g_ptr_array_free(input->takers, TRUE);
    g_array_free(input->listeners, TRUE);
    g_free(input);
}

/* ---- takers ---- */

static void tell(Input *input)
{
    for (unsigned i = 0; i < input->listeners->len; i++) {
        Listener *l = &g_array_index(input->listeners, Listener, i);
        l->func(l->opaque);
    }
}

static InputTaker *taker_of(const Input *input, unsigned kinds)
{
    for (unsigned i = 0; i < input->takers->len; i++) {
        InputTaker *t = g_ptr_array_index(input->takers, i);
        if (t->ops->kinds & kinds) {
            return t;
        }
    }
    return NULL;
}

bool input_takes(const Input *input, InputKind kind)
{
    return taker_of(input, 1u << kind);
}

bool input_is_absolute(const Input *input)
{
    const InputTaker *t = taker_of(input, 1u << INPUT_REL | 1u << INPUT_ABS);
    return t && (t->ops->kinds & 1u << INPUT_ABS);
}

static void takers_changed(Input *input)
{
    bool absolute = input_is_absolute(input);
    if (absolute != input->absolute) {
        input->absolute = absolute;
        tell(input);
    }
}

InputTaker *input_add(Input *input, const InputOps *ops, void *opaque)
{
    InputTaker *t = g_new0(InputTaker, 1);
    *t = (InputTaker){ input, ops, opaque, input->next_number++, false };
    g_ptr_array_add(input->takers, t);
    takers_changed(input);
    return t;
}

void input_remove(InputTaker *taker)
{
    if (taker) {
        Input *input = taker->input;
        g_ptr_array_remove(input->takers, taker);
        g_free(taker);
        takers_changed(input);
    }
}

void input_prefer(InputTaker *taker)
{
    Input *input = taker->input;
    g_ptr_array_remove(input->takers, taker);
    g_ptr_array_insert(input->takers, 0, taker);
    takers_changed(input);
}

void input_retire(InputTaker *taker)
{
    Input *input = taker->input;
    g_ptr_array_remove(input->takers, taker);
    g_ptr_array_add(input->takers, taker);
    takers_changed(input);
}

const InputTaker *input_taker(const Input *input, unsigned n)
{
    return n < input->takers->len ? g_ptr_array_index(input->takers, n) : NULL;
}

const InputOps *input_taker_ops(const InputTaker *taker)
{
    return taker->ops;
}

unsigned input_taker_number(const InputTaker *taker)
{
    return taker->number;
}

bool input_prefer_number(Input *input, unsigned number)
{
    for (unsigned i = 0; i < input->takers->len; i++) {
        InputTaker *t = g_ptr_array_index(input->takers, i);
        if (t->number == number) {
            input_prefer(t);
            return true;
        }
    }
    return false;
}

/* ---- events ---- */

bool input_send(Input *input, const InputEvent *event)
{
    InputTaker *t = taker_of(input, 1u << event->kind);
    if (t) {
        t->ops->event(t->opaque, event);
        t->touched = true;
    }
    return t;
}

void input_sync(Input *input)
{
    for (unsigned i = 0; i < input->takers->len; i++) {
        InputTaker *t = g_ptr_array_index(input->takers, i);
        if (t->touched && t->ops->sync) {
            t->ops->sync(t->opaque);
        }
        t->touched = false;
    }
}

void input_key(Input *input, Key key, bool down)
{
    input_send(input, &(InputEvent){ INPUT_KEY, key, down });
    input_sync(input);
}

void input_button(Input *input, InputButton button, bool down)
{
    input_send(input, &(InputEvent){ INPUT_BUTTON, button, down });
    input_sync(input);
}

/* Makes the changes whose time has come. */
static void play(void *opaque)
{
    Input *input = opaque;
    while (!g_queue_is_empty(&input->changes)) {
        g_autofree Change *c = g_queue_pop_head(&input->changes);
        input_key(input, c->key, c->down);
        if (c->pause_ms) {
            timer_arm(input->timer, clock_now(input->clock, CLOCK_VIRTUAL) + c->pause_ms * INT64_C(1000000));
            return;
        }
    }
}

static void add_change(Input *input, Key key, bool down, unsigned pause_ms)
{
    Change *c = g_new(Change, 1);
    *c = (Change){ key, down, pause_ms };
    g_queue_push_tail(&input->changes, c);
}

bool input_press(Input *input, const Key *keys, size_t count, unsigned hold_ms)
{
    if (count > MAX_WAITING / 2 || input->changes.length + 2 * count > MAX_WAITING) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        add_change(input, keys[i], true, i + 1 == count ? hold_ms : 0);
    }
    /* A pause behind it, too: the same key pressed twice is two presses. */
    for (size_t i = count; i-- > 0;) {
        add_change(input, keys[i], false, i == 0 ? hold_ms : 0);
    }
    if (!timer_armed(input->timer)) {
        play(input);
    }
    return true;
}

/* ---- what displays want to know ---- */

void input_set_leds(Input *input, unsigned leds)
{
    if (leds != input->leds) {
        input->leds = leds;
        tell(input);
    }
}

unsigned input_leds(const Input *input)
{
    return input->leds;
}

void input_add_listener(Input *input, void (*func)(void *opaque), void *opaque)
{
    Listener l = { func, opaque };
    g_array_append_val(input->listeners, l);
}

void input_remove_listener(Input *input, void *opaque)
{
    for (unsigned i = input->listeners->len; i-- > 0;) {
        if (g_array_index(input->listeners, Listener, i).opaque == opaque) {
            g_array_remove_index(input->listeners, i);
        }
    }
}

const char *input_button_name(InputButton button)
{
    static const char *const names[BUTTON_COUNT] = {
        "left", "middle", "right", "wheel-up", "wheel-down", "side", "extra", "wheel-left", "wheel-right",
    };
    return names[button];
}
