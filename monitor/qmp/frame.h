/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream of JSON values that comes in pieces. */
#ifndef MONITOR_QMP_FRAME_H
#define MONITOR_QMP_FRAME_H

#include <json-glib/json-glib.h>
#include <stddef.h>

typedef struct Framer Framer;

/* For each value, or for each piece of input that is none, got is called once: with value
 * (which it takes), or with value NULL and err (which stays ours). It must not free the
 * framer. */
typedef void (*FramerGot)(void *opaque, JsonNode *value, const GError *err);
Framer *framer_new(FramerGot got, void *opaque);
void framer_free(Framer *framer);
/* After an error the input goes on at the next '{', '[' or control character; bytes 0xfe and
 * 0xff always end what was begun. */
void framer_feed(Framer *framer, const void *data, size_t len);
/* Forgets what was begun. */
void framer_reset(Framer *framer);

#endif
