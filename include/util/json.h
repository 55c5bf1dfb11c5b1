/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON values (RFC 8259). Of our own because the numbers of a machine go up to 2^64 - 1 and
 * input comes in pieces from anybody: integers, unsigned ones above INT64_MAX and fractions are
 * kept apart, members keep their order, and nothing but RFC 8259 is read. Not for several
 * threads at once.
 */
#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    JSON_NULL, JSON_BOOL,
    JSON_INT,           /* fits int64_t */
    JSON_UINT,          /* above INT64_MAX */
    JSON_DOUBLE, JSON_STRING, JSON_ARRAY, JSON_OBJECT,
} JsonKind;

typedef struct Json Json;

/* ---- making; the caller owns the result ---- */
Json *json_null(void);
Json *json_bool(bool value);
Json *json_int(int64_t value);
Json *json_uint(uint64_t value);
Json *json_double(double value);
/* text is UTF-8 (anything else becomes U+FFFD); NULL is "". */
Json *json_string(const char *text);
Json *json_array(void);
Json *json_object(void);
Json *json_copy(const Json *value);
/* With all below it; NULL is allowed. */
void json_free(Json *value);

/* Appends to an array; takes value. */
void json_add(Json *array, Json *value);
/* Adds a member, or replaces it where it stands; takes value. */
void json_set(Json *object, const char *key, Json *value);
/* The same for a member that is known not to be there. */
void json_append(Json *object, const char *key, Json *value);
void json_set_string(Json *object, const char *key, const char *text);
void json_set_int(Json *object, const char *key, int64_t value);
void json_set_uint(Json *object, const char *key, uint64_t value);
void json_set_bool(Json *object, const char *key, bool value);

/* ---- looking; the results belong to the value ---- */
JsonKind json_kind(const Json *value);
/* "null", "boolean", "integer", "number", "string", "array" or "object". */
const char *json_kind_name(JsonKind kind);
/* False unless it is a number that fits. */
bool json_get_int(const Json *value, int64_t *out);
bool json_get_uint(const Json *value, uint64_t *out);
bool json_get_double(const Json *value, double *out);
/* Of a boolean; false for all else, NULL too. */
bool json_truth(const Json *value);
/* Of a string; NULL for all else, NULL too. */
const char *json_text(const Json *value);
/* Elements of an array, members of an object; else 0. */
unsigned json_length(const Json *value);
const Json *json_at(const Json *value, unsigned index);
const char *json_key(const Json *object, unsigned index);
/* NULL when there is no such member, or value is no object. */
const Json *json_member(const Json *object, const char *key);
const char *json_member_text(const Json *object, const char *key);

/* ---- text ---- */
/* On one line, or indented by four columns a level; freed by the caller. */
char *json_print(const Json *value, bool pretty);
/* One value and white space around it; NULL with err. */
Json *json_parse(const char *text, size_t len, GError **err);

/* ---- a stream of values that comes in pieces ---- */
typedef struct JsonReader JsonReader;

/* For each value, or for each piece of input that is none, got is called once: with value
 * (which it takes), or with value NULL and err (which stays ours). It must not free the
 * reader. */
typedef void (*JsonGot)(void *opaque, Json *value, const GError *err);
JsonReader *json_reader_new(JsonGot got, void *opaque);
void json_reader_free(JsonReader *reader);
/* After an error the input goes on at the next '{', '[' or control character; bytes 0xfe and
 * 0xff always end what was begun. */
void json_reader_feed(JsonReader *reader, const void *data, size_t len);
/* Forgets what was begun. */
void json_reader_reset(JsonReader *reader);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Json, json_free)

#endif
