/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What json-glib lacks: nothing but RFC 8259 is read, and numbers come back as they were. One that a
 * gint64 does not hold (above INT64_MAX, or with a fraction) is a string node of U+FFFF and its digits;
 * strings with U+FFFF, which is no character, are refused, so no other string begins like that.
 */
#ifndef UTIL_JSON_TEXT_H
#define UTIL_JSON_TEXT_H

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Brackets within brackets in one text; more is refused. */
#define JSON_DEPTH_MAX 1024

/* ---- text ---- */
/* One value and white space around it; the caller owns it. NULL with err. */
JsonNode *json_text_read(const char *text, size_t len, GError **err);
/* On one line, or indented by four columns a level; what is not UTF-8 becomes U+FFFD. Freed by the
 * caller. */
char *json_text_write(JsonNode *value, bool pretty);

/* ---- numbers ---- */
/* Of any size; the caller owns it. */
JsonNode *json_number_new(uint64_t value);
/* As it is written, when it is a number that gint64 does not hold; else NULL. Belongs to value. */
const char *json_number_text(JsonNode *value);
/* False unless it is a whole number that fits. */
bool json_number_int(JsonNode *value, int64_t *out);
bool json_number_uint(JsonNode *value, uint64_t *out);
/* A string that is no number; else NULL. Belongs to value. */
const char *json_string_text(JsonNode *value);

/* Nodes in one word; the caller owns them. NULL is "". */
static inline JsonNode *json_string_new(const char *text)
{
    return json_node_init_string(json_node_alloc(), text ? text : "");
}

static inline JsonNode *json_boolean_new(bool value)
{
    return json_node_init_boolean(json_node_alloc(), value);
}

/* Whether c may be part of a number or a word outside of strings, right or wrong. */
bool json_is_word_byte(char c);

#endif
