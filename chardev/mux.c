/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One keyboard and screen for several front ends: all of them write, one of them has the
 * focus and is typed to. Ctrl-a is looked at here, before any queue, so that Ctrl-a x works
 * however little the guest reads.
 */
#include "chardev/backend.h"

#include <string.h>

#define ESCAPE 0x01             /* Ctrl-a */
#define TYPED_AHEAD_MAX (64u << 10)

struct Mux {
    Chardev *below;
    GPtrArray *ports;           /* of Chardev *, owned */
    guint focus;
    bool escaped;
    bool timestamps, line_start;
    gint64 timestamp_zero;      /* us */
};

typedef struct {
    Mux *mux;
    GByteArray *typed;          /* what the front end has had no room for */
    bool pumping;
} Port;

static const char mux_help[] =
    "\r\n"
    "Ctrl-a h   show this help\r\n"
    "Ctrl-a x   end the emulator\r\n"
    "Ctrl-a c   turn the keyboard to the next: console, monitor\r\n"
    "Ctrl-a b   send a break to the guest\r\n"
    "Ctrl-a t   begin each line with the time, or no longer\r\n"
    "Ctrl-a s   write changed disk data to its files\r\n"
    "Ctrl-a Ctrl-a   send a Ctrl-a (so does Ctrl-a a)\r\n";

/* ---- ports ---- */

static void port_pump(Chardev *chr)
{
    Port *port = chr->state;
    if (port->pumping) {
        return;         /* the front end asked for more from within its receive */
    }
    port->pumping = true;
    size_t room;
    while (port->typed->len > 0 && (room = chardev_room(chr)) > 0) {
        uint8_t buf[256];
        guint n = (guint)MIN(MIN(room, sizeof(buf)), port->typed->len);
        memcpy(buf, port->typed->data, n);
        g_byte_array_remove_range(port->typed, 0, n);
        chardev_deliver(chr, buf, n);
    }
    port->pumping = false;
}

static void write_stamped(Mux *mux, const uint8_t *data, size_t len)
{
    while (len > 0) {
        if (mux->line_start) {
            gint64 ms = (g_get_monotonic_time() - mux->timestamp_zero) / 1000;
            g_autofree char *stamp = g_strdup_printf("[%02d:%02d:%02d.%03d] ", (int)(ms / 3600000),
                (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000));
            chardev_write(mux->below, stamp, strlen(stamp));
            mux->line_start = false;
        }
        const uint8_t *end = memchr(data, '\n', len);
        size_t n = end ? (size_t)(end - data) + 1 : len;
        chardev_write(mux->below, data, n);
        mux->line_start = end != NULL;
        data += n;
        len -= n;
    }
}

static void port_send(Chardev *chr, const void *data, size_t len)
{
    Mux *mux = ((Port *)chr->state)->mux;
    if (mux->timestamps) {
        write_stamped(mux, data, len);
    } else {
        chardev_write(mux->below, data, len);
    }
}

static void port_close(Chardev *chr)
{
    Port *port = chr->state;
    g_byte_array_free(port->typed, TRUE);
    g_free(port);
}

static char *port_describe(const Chardev *chr)
{
    return g_strdup("mux");
}

static const ChardevBackend port_backend = {
    .name = "mux",
    .close = port_close,
    .send = port_send,
    .frontend_changed = port_pump,
    .describe = port_describe,
};

/* ---- the keyboard ---- */

static void say(Mux *mux, const char *text)
{
    chardev_write(mux->below, text, strlen(text));
}

static Chardev *focused(Mux *mux)
{
    return mux->ports->len ? g_ptr_array_index(mux->ports, mux->focus) : NULL;
}

static void switch_focus(Mux *mux)
{
    if (mux->ports->len > 1) {
        chardev_focus(focused(mux), false);
        mux->focus = (mux->focus + 1) % mux->ports->len;
        chardev_focus(focused(mux), true);
    }
}

static void type_byte(Mux *mux, uint8_t byte)
{
    Chardev *chr = focused(mux);
    Port *port = chr ? chr->state : NULL;
    if (port && port->typed->len < TYPED_AHEAD_MAX) {
        g_byte_array_append(port->typed, &byte, 1);
    }
}

static void toggle_timestamps(Mux *mux)
{
    mux->timestamps = !mux->timestamps;
    mux->line_start = false;
    mux->timestamp_zero = g_get_monotonic_time();
}

static void escape_command(Mux *mux, uint8_t byte)
{
    switch (byte) {
    case 'h':
    case '?':
        say(mux, mux_help);
        break;
    case 'x':
        say(mux, "\r\nvalletta: ended by Ctrl-a x\r\n");
        machine_request_shutdown(mux->below->machine, SHUTDOWN_UI);
        break;
    case 'c':
        switch_focus(mux);
        break;
    case 'b':
        if (focused(mux)) {
            chardev_event(focused(mux), CHR_BREAK);
        }
        break;
    case 't':
        toggle_timestamps(mux);
        break;
    case 's':
        say(mux, "\r\nvalletta: disks are written when the guest flushes them, and at the end\r\n");
        break;
    case 'a':
    case ESCAPE:
        type_byte(mux, ESCAPE);
        break;
    default:
        break;
    }
}

static size_t mux_can_receive(void *opaque)
{
    Mux *mux = opaque;
    Chardev *chr = focused(mux);
    Port *port = chr ? chr->state : NULL;
    size_t room = port ? TYPED_AHEAD_MAX - port->typed->len : CHARDEV_CHUNK;
    return MAX(room, 1);        /* an escape may follow */
}

static void mux_receive(void *opaque, const uint8_t *data, size_t len)
{
    Mux *mux = opaque;
    for (size_t i = 0; i < len; i++) {
        if (mux->escaped) {
            mux->escaped = false;
            escape_command(mux, data[i]);
        } else if (data[i] == ESCAPE) {
            mux->escaped = true;
        } else {
            type_byte(mux, data[i]);
        }
    }
    for (guint i = 0; i < mux->ports->len; i++) {
        port_pump(g_ptr_array_index(mux->ports, i));
    }
}

static void mux_event(void *opaque, ChardevEvent event)
{
    Mux *mux = opaque;
    if (event == CHR_BREAK) {
        if (focused(mux)) {
            chardev_event(focused(mux), CHR_BREAK);
        }
        return;
    }
    for (guint i = 0; i < mux->ports->len; i++) {
        chardev_set_connected(g_ptr_array_index(mux->ports, i), event == CHR_OPENED);
    }
}

static void mux_written(void *opaque)
{
    Mux *mux = opaque;
    for (guint i = 0; i < mux->ports->len; i++) {
        chardev_written(g_ptr_array_index(mux->ports, i));
    }
}

static const ChardevFrontend mux_frontend = {
    mux_can_receive, mux_receive, mux_event, .written = mux_written,
};

Mux *mux_new(Chardev *below)
{
    Mux *mux = g_new0(Mux, 1);
    mux->below = below;
    mux->ports = g_ptr_array_new_with_free_func((GDestroyNotify)chardev_free);
    chardev_attach(below, &mux_frontend, mux);
    return mux;
}

void mux_free(Mux *mux)
{
    if (mux) {
        g_ptr_array_free(mux->ports, TRUE);
        g_free(mux);
    }
}

Chardev *mux_add_port(Mux *mux)
{
    Chardev *chr = chardev_new(mux->below->machine, &port_backend, mux->below->id);
    Port *port = g_new0(Port, 1);
    port->mux = mux;
    port->typed = g_byte_array_new();
    chr->state = port;
    chr->below = mux->below;
    chr->connected = mux->below->connected;
    g_ptr_array_add(mux->ports, chr);
    return chr;
}

bool mux_has_focus(const Chardev *chr)
{
    return focused(((Port *)chr->state)->mux) == chr;
}

const char *mux_focus_user(const Mux *mux)
{
    return mux->ports->len ? ((Chardev *)g_ptr_array_index(mux->ports, mux->focus))->user : NULL;
}
