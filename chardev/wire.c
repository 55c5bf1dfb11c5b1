/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "chardev/wire.h"

Wire *wire_new(const WireType *type)
{
    Wire *wire = g_rc_box_alloc0(type->size);
    wire->type = type;
    wire->in = g_byte_array_new();
    wire->out = g_byte_array_new();
    if (type->start) {
        type->start(wire);
    }
    return wire;
}

Wire *wire_ref(Wire *wire)
{
    return g_rc_box_acquire(wire);
}

static void wire_clear(gpointer data)
{
    Wire *wire = data;
    if (wire->type->finish) {
        wire->type->finish(wire);
    }
    g_byte_array_free(wire->in, TRUE);
    g_byte_array_free(wire->out, TRUE);
}

void wire_unref(Wire *wire)
{
    if (wire) {
        g_rc_box_release_full(wire, wire_clear);
    }
}

size_t wire_pending(const Wire *wire)
{
    return wire->out->len - wire->out_head;
}

void wire_written(Wire *wire, size_t len)
{
    wire->out_head += (guint)len;
    if (wire->out_head == wire->out->len) {
        g_byte_array_set_size(wire->out, 0);
        wire->out_head = 0;
    } else if (wire->out_head > WIRE_BACKLOG) {
        g_byte_array_remove_range(wire->out, 0, wire->out_head);
        wire->out_head = 0;
    }
}
