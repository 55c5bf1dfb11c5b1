/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gdbstub/packet.h"

#include <glib.h>
#include <string.h>

typedef enum { OUTSIDE, INSIDE, ESCAPED, CHECKSUM_1, CHECKSUM_2 } State;

struct Packets {
    const PacketOps *ops;
    void *opaque;
    State state;
    GString *data;          /* of the packet that is coming in */
    bool too_long;
    uint8_t sum;
    char digit;
    bool acks, stop_acks;
    bool resent;            /* since the last bytes came */
    GQueue unacked;         /* of GString: frames; the first one was sent */
};

Packets *packets_new(const PacketOps *ops, void *opaque)
{
    Packets *p = g_new0(Packets, 1);
    p->ops = ops;
    p->opaque = opaque;
    p->data = g_string_new(NULL);
    p->acks = true;
    g_queue_init(&p->unacked);
    return p;
}

static void free_frame(gpointer frame)
{
    g_string_free(frame, TRUE);
}

void packets_reset(Packets *p)
{
    p->state = OUTSIDE;
    p->acks = true;
    p->stop_acks = false;
    g_queue_clear_full(&p->unacked, free_frame);
}

void packets_free(Packets *p)
{
    packets_reset(p);
    g_string_free(p->data, TRUE);
    g_free(p);
}

/* ---- out ---- */

static void send_first(Packets *p)
{
    const GString *frame = g_queue_peek_head(&p->unacked);
    if (frame) {
        p->ops->send(p->opaque, frame->str, frame->len);
    }
}

static GString *make_frame(const char *data, size_t len)
{
    GString *frame = g_string_new("$");
    uint8_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        if (strchr("#$}*", data[i]) && data[i]) {
            g_string_append_c(frame, '}');
            g_string_append_c(frame, (char)(data[i] ^ 0x20));
        } else {
            g_string_append_c(frame, data[i]);
        }
    }
    for (gsize i = 1; i < frame->len; i++) {
        sum = (uint8_t)(sum + (uint8_t)frame->str[i]);
    }
    g_string_append_printf(frame, "#%02x", sum);
    return frame;
}

void packets_send(Packets *p, const char *data, size_t len)
{
    GString *frame = make_frame(data, len);
    if (!p->acks) {
        p->ops->send(p->opaque, frame->str, frame->len);
        free_frame(frame);
        return;
    }
    g_queue_push_tail(&p->unacked, frame);
    if (g_queue_get_length(&p->unacked) == 1) {
        send_first(p);
    }
}

void packets_stop_acks(Packets *p)
{
    p->stop_acks = true;
}

static void acknowledged(Packets *p)
{
    GString *frame = g_queue_pop_head(&p->unacked);
    if (frame) {
        free_frame(frame);
        send_first(p);
    }
}

/* The client goes on: it has what was sent. */
static void all_acknowledged(Packets *p)
{
    while (!g_queue_is_empty(&p->unacked)) {
        acknowledged(p);
    }
}

/* ---- in ---- */

static void begin(Packets *p)
{
    all_acknowledged(p);
    p->state = INSIDE;
    p->sum = 0;
    p->too_long = false;
    g_string_truncate(p->data, 0);
}

static void outside(Packets *p, char c)
{
    if (c == '$') {
        begin(p);
    } else if (c == 3) {
        p->ops->interrupt(p->opaque);
    } else if (c == '+') {
        acknowledged(p);
    } else if (c == '-' && !p->resent) {
        p->resent = true;
        send_first(p);
    }
}

static void add(Packets *p, char c)
{
    if (p->data->len < PACKET_MAX) {
        g_string_append_c(p->data, c);
    } else {
        p->too_long = true;
    }
}

static void inside(Packets *p, char c)
{
    if (c == '#') {
        p->state = CHECKSUM_1;
        return;
    }
    if (c == '$') {
        begin(p);
        return;
    }
    p->sum = (uint8_t)(p->sum + (uint8_t)c);
    if (p->state == ESCAPED) {
        p->state = INSIDE;
        add(p, (char)(c ^ 0x20));
    } else if (c == '}') {
        p->state = ESCAPED;
    } else {
        add(p, c);
    }
}

static void end(Packets *p, char second)
{
    int high = g_ascii_xdigit_value(p->digit), low = g_ascii_xdigit_value(second);
    bool good = high >= 0 && low >= 0 && high * 16 + low == p->sum;
    p->state = OUTSIDE;
    if (p->acks) {
        p->ops->send(p->opaque, good ? "+" : "-", 1);
    }
    if (!good) {
        if (!p->acks) {
            p->ops->refused(p->opaque, "wrong checksum");
        }
        return;
    }
    if (p->too_long) {
        p->ops->refused(p->opaque, "packet too long");
        return;
    }
    p->ops->packet(p->opaque, p->data->str, p->data->len);
    if (p->stop_acks) {
        p->acks = p->stop_acks = false;
    }
}

void packets_receive(Packets *p, const uint8_t *data, size_t len)
{
    p->resent = false;
    for (size_t i = 0; i < len; i++) {
        char c = (char)data[i];
        switch (p->state) {
        case OUTSIDE:
            outside(p, c);
            break;
        case INSIDE:
        case ESCAPED:
            inside(p, c);
            break;
        case CHECKSUM_1:
            p->digit = c;
            p->state = CHECKSUM_2;
            break;
        case CHECKSUM_2:
            end(p, c);
            break;
        }
    }
}
