/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All character devices of a machine by their ids: what -chardev, -serial and -monitor
 * make. Main thread, machine lock held, unless said otherwise.
 */
#ifndef CHARDEV_CHARDEV_SET_H
#define CHARDEV_CHARDEV_SET_H

#include <glib.h>
#include <stdbool.h>
#include "chardev/chardev.h"
#include "chardev/screens.h"
#include "system/machine.h"
#include "util/keyval.h"

typedef struct ChardevSet ChardevSet;

ChardevSet *chardev_set_new(Machine *machine);
/* From now on screens, which stays the caller's, shows what is of the back end "vc". */
void chardev_set_screens(ChardevSet *set, const ChardevScreens *screens);
/* Writes out what is queued, waiting for the host for at most a second. */
void chardev_set_flush(ChardevSet *set);
/* Closes all and restores the terminal; the machine may be gone. NULL is allowed. */
void chardev_set_free(ChardevSet *set);

/* The -chardev option: "BACKEND,id=ID,...". False with err ("-chardev: ..."). */
bool chardev_set_add(ChardevSet *set, const char *text, GError **err);
/* The same from properties "backend", "id" ...; the caller keeps props. */
bool chardev_set_add_props(ChardevSet *set, KeyVal *props, GError **err);
/* From chardev_set_wait on a TCP client connects in the background: the device is there at once, without a
 * peer. When id is such a one, ready is called once from the main context (true), with the reason when the
 * connection failed or the device was closed; else false. Without a ready a failure is a line on stderr. */
typedef void (*ChardevReady)(void *opaque, const GError *err);
bool chardev_set_connecting(ChardevSet *set, const char *id, ChardevReady ready, void *opaque);
/* Gives the device called id another back end, as chardev_set_add_props; what uses it sees the peer go and
 * another come. False with err: it is as it was. */
bool chardev_set_change(ChardevSet *set, const char *id, KeyVal *props, GError **err);
/* Adds to a ring buffer, as its front end does. False with err when id is none. */
bool chardev_set_ring_write(ChardevSet *set, const char *id, const void *data, size_t len, GError **err);
/* Takes at most max bytes out of it, the oldest first; the caller's. NULL with err. */
GByteArray *chardev_set_ring_read(ChardevSet *set, const char *id, size_t max, GError **err);
/* Closes the device called id, which nothing may be using. */
bool chardev_set_remove(ChardevSet *set, const char *id, GError **err);

/* The short form of -serial and -monitor: "stdio", "mon:stdio", "tcp:host:port,...",
 * "chardev:ID" ...; option begins the error messages, id names what is made. *out is what
 * the front end attaches to, NULL for "none". */
bool chardev_set_open(ChardevSet *set, const char *option, const char *id, const char *text,
                      Chardev **out, GError **err);

/* What a front end called user may attach to for the device called id: the device itself
 * or, when it is a mux, a new port of it. NULL with err when there is none or it is taken. */
Chardev *chardev_set_claim(ChardevSet *set, const char *option, const char *id, const char *user,
                           GError **err);

/* Disconnects the front end of what was opened or claimed; somebody else may claim it then. */
void chardev_release(Chardev *chr);

/* Runs the main context until every server with wait=on has its first client, or until a
 * shutdown is requested; ends the start. Lock not held. */
void chardev_set_wait(ChardevSet *set);

/* A break from the host to the front end of the device called id. */
bool chardev_set_break(ChardevSet *set, const char *id, GError **err);

/* What there is, one after the other, until index is behind the last (false). The texts are
 * the caller's to free. */
typedef struct {
    char *id, *filename, *backend;
    bool frontend_open;
} ChardevInfo;
bool chardev_set_info(ChardevSet *set, unsigned index, ChardevInfo *info);
void chardev_info_clear(ChardevInfo *info);
/* Names of the back ends, ended by NULL. */
const char *const *chardev_backend_names(void);

/* "info chardev", and the text of -chardev help; the caller frees it. */
char *chardev_set_describe(ChardevSet *set);
char *chardev_set_help(void);

#endif
