/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -object filter-buffer: frames wait for the end of an interval of the guest's time, then all go on. */
#include <string.h>
#include "net/filter.h"
#include "util/error.h"

/* What may wait: as much as a port's own queue takes when they go on all at once. */
#define FRAMES_MAX 1024
#define BYTES_MAX  (2u << 20)

typedef struct {
    bool sent;
    size_t len;
    uint8_t data[];
} Waiting;

typedef struct {
    Filter filter;
    uint64_t interval_us;
    Timer *timer;
    GQueue frames;              /* of Waiting * */
    size_t bytes;
} Buffer;

static void release(Buffer *b)
{
    GQueue frames = b->frames;
    g_queue_init(&b->frames);
    b->bytes = 0;
    Waiting *w;
    while ((w = g_queue_pop_head(&frames))) {
        filter_pass(&b->filter, w->sent, w->data, w->len);
        g_free(w);
    }
}

static void arm(Buffer *b)
{
    Clock *clock = b->filter.obj->machine->clock;
    timer_arm(b->timer, clock_now(clock, CLOCK_VIRTUAL) + (int64_t)b->interval_us * 1000);
}

static void interval_ends(void *opaque)
{
    release(opaque);
    arm(opaque);
}

static bool buffer_frame(Filter *f, bool sent, const uint8_t *frame, size_t len)
{
    Buffer *b = (Buffer *)f;
    if (b->frames.length >= FRAMES_MAX || b->bytes + len > BYTES_MAX) {
        return false;           /* as on a network that is full */
    }
    Waiting *w = g_malloc(sizeof(Waiting) + len);
    *w = (Waiting){ sent, len };
    memcpy(w->data, frame, len);
    g_queue_push_tail(&b->frames, w);
    b->bytes += len;
    return false;
}

static void buffer_switched(Filter *f)
{
    Buffer *b = (Buffer *)f;
    if (f->on) {
        arm(b);
    } else {
        timer_cancel(b->timer);
        release(b);
    }
}

static void buffer_stop(Filter *f)
{
    Buffer *b = (Buffer *)f;
    g_clear_pointer(&b->timer, timer_free);
    g_queue_clear_full(&b->frames, g_free);
    b->bytes = 0;
}

static const FilterOps buffer_ops = { buffer_frame, buffer_switched, buffer_stop };

static bool check_interval(uint64_t interval, GError **err)
{
    return (interval >= 1 && interval <= UINT32_MAX) ||
           error_set(err, "interval=: must be 1 to %u microseconds", UINT32_MAX);
}

static bool buffer_make(Object *obj, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props);
    Buffer *b = g_new0(Buffer, 1);
    obj->state = b;
    g_queue_init(&b->frames);
    if (!filter_read(&b->filter, &buffer_ops, obj, props, err) ||
        !keyval_get_number(props, "interval", 0, UINT64_MAX, &b->interval_us, err) ||
        !keyval_finish(props, err)) {
        return false;
    }
    if (!check_interval(b->interval_us, err)) {
        g_prefix_error(err, "%s: filter-buffer '%s': ", option, obj->id);
        return false;
    }
    if (!filter_start(&b->filter, option, err)) {
        return false;
    }
    b->timer = timer_new(obj->machine->clock, CLOCK_VIRTUAL, interval_ends, b);
    if (b->filter.on) {
        arm(b);
    }
    return true;
}

static void buffer_free(Object *obj)
{
    Buffer *b = obj->state;
    if (b->filter.port) {
        release(b);             /* the network goes on without the filter */
    }
    filter_clear(&b->filter);
    g_free(b);
}

static JsonNode *buffer_get(const Object *obj, const char *prop)
{
    const Buffer *b = obj->state;
    return strcmp(prop, "interval") == 0 ? json_number_new(b->interval_us) : filter_get(&b->filter, prop);
}

static bool buffer_set(Object *obj, const char *prop, const char *value, GError **err)
{
    Buffer *b = obj->state;
    uint64_t interval = 0;
    if (strcmp(prop, "interval") != 0) {
        return filter_set(obj, prop, value, err);
    }
    if (!keyval_size(value, 1, &interval)) {
        return error_set(err, "interval: '%s' is no number", value);
    }
    if (!check_interval(interval, err)) {
        return false;
    }
    b->interval_us = interval;
    if (b->filter.on && b->timer) {
        arm(b);
    }
    return true;
}

static const ObjectProp buffer_props[] = {
    FILTER_PROPS, { "interval", "uint32", "microseconds of the guest's time" }, { 0 },
};

const ObjectType filter_buffer = { "filter-buffer", "netfilter", buffer_props, buffer_make, buffer_free,
                                   buffer_get, .set = buffer_set, .after_networks = true };
