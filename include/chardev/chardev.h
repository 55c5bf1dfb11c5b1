/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character devices: the host end of a serial port or a monitor. One back end, at most
 * one front end at a time (a mux shares one back end among several). Everything under
 * the machine lock; callbacks come from the main thread with it held.
 */
#ifndef CHARDEV_CHARDEV_H
#define CHARDEV_CHARDEV_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Chardev Chardev;

typedef enum {
    CHR_OPENED,     /* a peer is there, or was already when the front end attached */
    CHR_CLOSED,
    CHR_BREAK,      /* the peer sent a break */
} ChardevEvent;

typedef struct {
    /* How many bytes the front end takes now; 0 stops input until chardev_accept_input. */
    size_t (*can_receive)(void *opaque);
    void (*receive)(void *opaque, const uint8_t *data, size_t len);
    void (*event)(void *opaque, ChardevEvent event);    /* may be NULL */
    /* The keyboard turns to this front end or away from it; without a mux it turns to it
     * right after CHR_OPENED. May be NULL. */
    void (*focus)(void *opaque, bool here);
    /* All that was queued is with the host. May be NULL. */
    void (*written)(void *opaque);
} ChardevFrontend;

/* Connects the front end; frontend NULL disconnects. */
void chardev_attach(Chardev *chr, const ChardevFrontend *frontend, void *opaque);
/* Queues len bytes for the host; never blocks. What the host does not take now is kept,
 * up to 1 MiB, beyond which the oldest is dropped. A back end without a peer discards. */
void chardev_write(Chardev *chr, const void *data, size_t len);
/* Moves what out begins with to chr, in pieces, as long as nothing is queued there: nothing is ever dropped
 * of it. Again when the front end's written() is called. */
void chardev_write_from(Chardev *chr, GString *out);
/* Whether output is still queued: a UART may hold THRE low meanwhile. */
bool chardev_output_pending(const Chardev *chr);
/* How many bytes may be written now with nothing dropped. */
size_t chardev_output_room(const Chardev *chr);
/* A descriptor that the peer sent along with what was received; the oldest first, the caller's
 * to close. -1: there is none. What nobody takes is closed with the connection. */
int chardev_take_fd(Chardev *chr);
/* The front end has room again. */
void chardev_accept_input(Chardev *chr);
/* A break for the host; lost on the way when the host's end knows no such thing. */
void chardev_send_break(Chardev *chr);
const char *chardev_id(const Chardev *chr);

#endif
