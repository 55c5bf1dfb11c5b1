/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option strings "a=b,c,nod,e=x,,y": ordered keys with values. A doubled comma stands for
 * a comma in a value, a bare word for word=on, a bare "noword" for word=off; the first
 * item may be a bare value for an implied key. Looking a key up marks it as known: what
 * was never looked up is an error in keyval_finish.
 */
#ifndef UTIL_KEYVAL_H
#define UTIL_KEYVAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "util/json_text.h"

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

typedef struct KeyVal KeyVal;

/* An empty set; option ("-machine") begins each error message made here. */
KeyVal *keyval_new(const char *option);
/* NULL is allowed. */
void keyval_free(KeyVal *kv);
/* Adds the items of text; of equal keys the later one counts. implied: the key of a bare
 * first item, or NULL. Text that begins with '{' is a JSON object. False with err for an
 * empty key or bad JSON. */
bool keyval_parse(KeyVal *kv, const char *text, const char *implied, GError **err);
/* Adds the members of a JSON object: true becomes on, what is nested gets keys as "a.b" and
 * "list.0". A null is absent to those who get the key; keyval_is_null tells it apart. */
void keyval_add_json(KeyVal *kv, JsonObject *object);
/* Replaces or adds one key. */
void keyval_set(KeyVal *kv, const char *key, const char *value);
/* Takes the items with that key out: the value that counted, the caller's ("on" or "off" of a bare
 * word), or NULL. */
char *keyval_take(KeyVal *kv, const char *key);
/* Adds all items of other, in order. */
void keyval_merge(KeyVal *kv, const KeyVal *other);
/* The items whose keys begin with prefix, without it, as a set of their own; they are known now. */
KeyVal *keyval_sub(KeyVal *kv, const char *prefix);
/* Whether nothing was given. */
bool keyval_is_empty(const KeyVal *kv);
/* Whether a bare "help" or "?" was among the items. */
bool keyval_wants_help(const KeyVal *kv);
/* The option's name as given to keyval_new. */
const char *keyval_option(const KeyVal *kv);

/* Whether the key is there and JSON's null. Those that nobody asks so are an error in keyval_finish. */
bool keyval_is_null(KeyVal *kv, const char *key);
/* The value, or NULL when absent; owned by kv, valid until kv changes. */
const char *keyval_get(KeyVal *kv, const char *key);
/* All values of a key that may be repeated, in order: "key=a,key=b", and the elements of a list as JSON text
 * has it, plain or as {"str": ...}. Ended by NULL; free with g_strfreev. */
char **keyval_get_list(KeyVal *kv, const char *key);
/* These leave *out alone when the key is absent; false with err when the value is not what
 * it should be. Booleans: on/off, yes/no, true/false, y/n. */
bool keyval_get_bool(KeyVal *kv, const char *key, bool *out, GError **err);
/* A decimal, 0x or 0 number from min to max. */
bool keyval_get_number(KeyVal *kv, const char *key, uint64_t min, uint64_t max, uint64_t *out, GError **err);
/* Bytes: see keyval_size. */
bool keyval_get_size(KeyVal *kv, const char *key, uint64_t unit, uint64_t *out, GError **err);

/* Err naming the option and the keys it knows (those looked up so far) when a key was
 * given that was never looked up. */
bool keyval_finish(KeyVal *kv, GError **err);

/* "512", "1.5G", "64k", "0x100000" to bytes; a number without suffix (B K M G T P E) is in
 * units of unit bytes. False when text is anything else or exceeds 64 bits. */
bool keyval_size(const char *text, uint64_t unit, uint64_t *bytes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyVal, keyval_free)

#endif
