/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies between the bytes of a connection and those of the front end: telnet, or websocket. A wire
 * reads and writes nothing itself; its owner moves bytes in and out. Machine lock held.
 */
#ifndef CHARDEV_WIRE_H
#define CHARDEV_WIRE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More than this waiting in out: what the peer sends is left alone until it has read. */
#define WIRE_BACKLOG (16u << 10)

typedef struct Wire Wire;

typedef struct {
    const char *name;
    size_t size;
    void (*start)(Wire *wire);          /* may be NULL */
    /* Takes bytes from the peer and says how many: fewer when a break stands behind them, or at the end.
     * What is meant for the front end, never more than was taken, goes to wire->in; answers to wire->out. */
    size_t (*receive)(Wire *wire, const uint8_t *data, size_t len);
    /* Appends to wire->out what stands for data. */
    void (*send)(Wire *wire, const uint8_t *data, size_t len);
    void (*send_break)(Wire *wire);     /* may be NULL */
    void (*finish)(Wire *wire);         /* may be NULL */
} WireType;

struct Wire {
    const WireType *type;
    GByteArray *in, *out;
    guint out_head;             /* what is before it in out is written */
    bool open;                  /* the peer has said what must come first */
    bool broke;                 /* a break came; whoever sees it clears it */
    bool ended;                 /* nothing more is taken; what is in out is the last */
    bool detached;              /* its connection is gone */
};

extern const WireType telnet_wire, websocket_wire;

/* One with a reference. */
Wire *wire_new(const WireType *type);
Wire *wire_ref(Wire *wire);
/* NULL is allowed. */
void wire_unref(Wire *wire);
/* How much waits to be written. */
size_t wire_pending(const Wire *wire);
/* That many bytes of it are with the host. */
void wire_written(Wire *wire, size_t len);
static inline const uint8_t *wire_output(const Wire *wire)
{
    return wire->out->data + wire->out_head;
}

#endif
