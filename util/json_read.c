/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading JSON. The stream is first cut into values, by its brackets and strings alone; a
 * whole value is then read strictly. So a mistake inside brackets costs the value up to its
 * end, and a byte that can be nowhere costs what was begun and what follows it up to
 * something that may begin anew.
 */
#include "util/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "util/error.h"

#define DEPTH_MAX 1024
#define VALUE_MAX (64u << 20)
/* Of one value: each costs some 40 bytes of ours, whatever it is. */
#define ELEMENTS_MAX (2u << 20)

/* ---- one value, strictly ---- */

typedef struct {
    const char *at, *end;
    unsigned depth, elements;
    const char *problem;
} Text;

static Json *read_value(Text *t);

static Json *bad(Text *t, const char *problem)
{
    if (!t->problem) {
        t->problem = problem;
    }
    return NULL;
}

static void skip_space(Text *t)
{
    while (t->at < t->end && memchr(" \t\r\n", *t->at, 4)) {
        t->at++;
    }
}

static bool take(Text *t, char c)
{
    skip_space(t);
    if (t->at < t->end && *t->at == c) {
        t->at++;
        return true;
    }
    return false;
}

/* Four hexadecimal digits. */
static bool read_hex(Text *t, unsigned *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, t->at++) {
        if (t->at >= t->end || !g_ascii_isxdigit(*t->at)) {
            return false;
        }
        *code = *code << 4 | (unsigned)g_ascii_xdigit_value(*t->at);
    }
    return true;
}

static bool read_unicode(Text *t, GString *out)
{
    unsigned code, low;
    if (!read_hex(t, &code)) {
        bad(t, "\\u needs four hexadecimal digits");
        return false;
    }
    if (code >= 0xd800 && code < 0xdc00 && t->end - t->at >= 2 && t->at[0] == '\\' && t->at[1] == 'u') {
        t->at += 2;
        if (!read_hex(t, &low) || low < 0xdc00 || low > 0xdfff) {
            bad(t, "half of a surrogate pair");
            return false;
        }
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code == 0 || (code >= 0xd800 && code <= 0xdfff)) {
        bad(t, code ? "half of a surrogate pair" : "\\u0000 in a string");
        return false;
    }
    g_string_append_unichar(out, code);
    return true;
}

static bool read_escape(Text *t, GString *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = t->at < t->end ? *t->at++ : '\0';
    const char *found = c ? strchr(from, c) : NULL;
    if (found) {
        g_string_append_c(out, to[found - from]);
        return true;
    }
    if (c == 'u') {
        return read_unicode(t, out);
    }
    bad(t, "an escape sequence that there is not");
    return false;
}

/* Behind the opening quote. NULL when it is none. */
static char *read_string(Text *t)
{
    g_autoptr(GString) out = g_string_new(NULL);
    while (t->at < t->end && *t->at != '"') {
        unsigned char c = (unsigned char)*t->at++;
        if (c < 0x20) {
            return bad(t, "a control character in a string"), NULL;
        }
        if (c != '\\') {
            g_string_append_c(out, (char)c);
        } else if (!read_escape(t, out)) {
            return NULL;
        }
    }
    if (t->at >= t->end) {
        return bad(t, "a string without end"), NULL;
    }
    t->at++;
    if (!g_utf8_validate(out->str, (gssize)out->len, NULL)) {
        return bad(t, "a string that is not UTF-8"), NULL;
    }
    return g_strdup(out->str);
}

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && g_ascii_isdigit(*p)) {
        p++;
    }
    return p;
}

/* The end of the number at p, NULL when it is none; *whole: without fraction and exponent. */
static const char *number_end(const char *p, const char *end, bool *whole)
{
    p += p < end && *p == '-';
    const char *first = p;
    p = skip_digits(p, end);
    if (p == first || (*first == '0' && p - first > 1)) {
        return NULL;
    }
    *whole = true;
    if (p < end && *p == '.') {
        first = p + 1;
        p = skip_digits(first, end);
        *whole = false;
        if (p == first) {
            return NULL;
        }
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '+' || *p == '-');
        first = p;
        p = skip_digits(first, end);
        *whole = false;
        if (p == first) {
            return NULL;
        }
    }
    return p;
}

static Json *read_number(Text *t)
{
    bool whole;
    const char *end = number_end(t->at, t->end, &whole);
    if (!end) {
        return bad(t, "a number that is none");
    }
    g_autofree char *text = g_strndup(t->at, (gsize)(end - t->at));
    t->at = end;
    errno = 0;
    if (whole && *text == '-') {
        int64_t i = g_ascii_strtoll(text, NULL, 10);
        if (!errno) {
            return json_int(i);
        }
    } else if (whole) {
        uint64_t u = g_ascii_strtoull(text, NULL, 10);
        if (!errno) {
            return json_uint(u);
        }
    }
    double d = g_ascii_strtod(text, NULL);
    return isfinite(d) ? json_double(d) : bad(t, "a number that is too large");
}

static Json *read_word(Text *t)
{
    static const char *const words[] = { "null", "true", "false" };
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        size_t len = strlen(words[i]);
        if ((size_t)(t->end - t->at) >= len && memcmp(t->at, words[i], len) == 0) {
            t->at += len;
            return i == 0 ? json_null() : json_bool(i == 1);
        }
    }
    return bad(t, "a word other than true, false and null");
}

static Json *read_array(Text *t)
{
    g_autoptr(Json) array = json_array();
    if (take(t, ']')) {
        return g_steal_pointer(&array);
    }
    do {
        Json *value = read_value(t);
        if (!value) {
            return NULL;
        }
        json_add(array, value);
    } while (take(t, ','));
    return take(t, ']') ? g_steal_pointer(&array) : bad(t, "',' or ']' is missing");
}

/* keys: of this object, for a quick look. */
static bool read_member(Text *t, Json *object, GHashTable *keys)
{
    if (!take(t, '"')) {
        bad(t, "a member's name in double quotes is missing");
        return false;
    }
    char *key = read_string(t);
    if (!key) {
        return false;
    }
    if (!g_hash_table_add(keys, key)) {
        bad(t, "the same member twice");
        return false;
    }
    if (!take(t, ':')) {
        bad(t, "':' is missing");
        return false;
    }
    Json *value = read_value(t);
    if (value) {
        json_append(object, key, value);
    }
    return value != NULL;
}

static Json *read_object(Text *t)
{
    g_autoptr(Json) object = json_object();
    g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (take(t, '}')) {
        return g_steal_pointer(&object);
    }
    do {
        if (!read_member(t, object, keys)) {
            return NULL;
        }
    } while (take(t, ','));
    return take(t, '}') ? g_steal_pointer(&object) : bad(t, "',' or '}' is missing");
}

static Json *read_value(Text *t)
{
    Json *value;
    skip_space(t);
    if (t->depth >= DEPTH_MAX || ++t->elements > ELEMENTS_MAX) {
        return bad(t, t->depth >= DEPTH_MAX ? "nested too deep" : "too many elements");
    }
    if (t->at >= t->end) {
        return bad(t, "a value is missing");
    }
    t->depth++;
    char c = *t->at;
    if (c == '{' || c == '[') {
        t->at++;
        value = c == '{' ? read_object(t) : read_array(t);
    } else if (c == '"') {
        t->at++;
        g_autofree char *text = read_string(t);
        value = text ? json_string(text) : NULL;
    } else {
        value = c == '-' || g_ascii_isdigit(c) ? read_number(t) : read_word(t);
    }
    t->depth--;
    return value;
}

Json *json_parse(const char *text, size_t len, GError **err)
{
    Text t = { .at = text, .end = text + len };
    Json *value = read_value(&t);
    skip_space(&t);
    if (value && t.at < t.end) {
        json_free(value);
        value = bad(&t, "something behind the value");
    }
    if (!value) {
        error_set(err, "JSON parse error: %s", t.problem);
    }
    return value;
}

/* ---- the stream ---- */

struct JsonReader {
    JsonGot got;
    void *opaque;
    GString *text;              /* of the value that was begun */
    enum { BETWEEN, STRING, ESCAPE, WORD, RECOVERY } state;
    char quote;                 /* of the string */
    GString *open;              /* closing brackets that are due, innermost last */
};

JsonReader *json_reader_new(JsonGot got, void *opaque)
{
    JsonReader *r = g_new0(JsonReader, 1);
    r->got = got;
    r->opaque = opaque;
    r->text = g_string_new(NULL);
    r->open = g_string_new(NULL);
    return r;
}

void json_reader_free(JsonReader *r)
{
    g_string_free(r->text, TRUE);
    g_string_free(r->open, TRUE);
    g_free(r);
}

void json_reader_reset(JsonReader *r)
{
    g_string_free(r->text, TRUE);       /* it may have been large */
    r->text = g_string_new(NULL);
    g_string_truncate(r->open, 0);
    r->state = BETWEEN;
}

static void fail(JsonReader *r, const char *problem)
{
    g_autoptr(GError) err = NULL;
    error_set(&err, "JSON parse error: %s", problem);
    json_reader_reset(r);
    r->got(r->opaque, NULL, err);
    r->state = RECOVERY;
}

static void emit(JsonReader *r)
{
    g_autoptr(GError) err = NULL;
    Json *value = json_parse(r->text->str, r->text->len, &err);
    json_reader_reset(r);
    r->got(r->opaque, value, err);
}

static void bracket(JsonReader *r, char c)
{
    g_string_append_c(r->text, c);
    if (c == '{' || c == '[') {
        g_string_append_c(r->open, c == '{' ? '}' : ']');
        if (r->open->len > DEPTH_MAX) {
            fail(r, "nested too deep");
        }
        return;
    }
    if (r->open->len == 0 || r->open->str[r->open->len - 1] != c) {
        fail(r, "a bracket that closes nothing");
        return;
    }
    g_string_truncate(r->open, r->open->len - 1);
    if (r->open->len == 0) {
        emit(r);
    }
}

static void between(JsonReader *r, char c)
{
    if (c && strchr("{}[]", c)) {
        bracket(r, c);
    } else if (c == '"' || c == '\'') {
        /* A single quote is wrong, but what follows is meant as a string and read over as one. */
        g_string_append_c(r->text, c);
        r->quote = c;
        r->state = STRING;
    } else if (g_ascii_isalnum(c) || (c && strchr("+-._", c))) {
        g_string_append_c(r->text, c);
        r->state = WORD;
    } else if (c && strchr(" \t\r\n", c)) {
        if (r->open->len) {
            g_string_append_c(r->text, c);
        }
    } else if (c && strchr(",:", c)) {
        g_string_append_c(r->text, c);
        if (r->open->len == 0) {
            fail(r, "',' or ':' outside of brackets");
        }
    } else {
        fail(r, "a character that can be nowhere");
    }
}

static void in_string(JsonReader *r, char c)
{
    unsigned char byte = (unsigned char)c;
    if (byte < 0x20 || byte >= 0xfe) {
        fail(r, byte < 0x20 ? "a control character in a string" : "a string that is not UTF-8");
        return;
    }
    g_string_append_c(r->text, c);
    if (r->state == ESCAPE) {
        r->state = STRING;
    } else if (c == '\\') {
        r->state = ESCAPE;
    } else if (c == r->quote) {
        r->state = BETWEEN;
        if (r->open->len == 0) {
            emit(r);
        }
    }
}

static bool ends_recovery(char c)
{
    unsigned char byte = (unsigned char)c;
    return (byte < 0x20 && byte != '\t') || byte >= 0xfe || c == '{' || c == '[';
}

static void feed_byte(JsonReader *r, char c)
{
    if (r->text->len >= VALUE_MAX) {
        fail(r, "a value of more than 64 MiB");
    }
    if (r->state == RECOVERY) {
        if (!ends_recovery(c)) {
            return;
        }
        r->state = BETWEEN;
        if ((unsigned char)c < 0x20 || (unsigned char)c >= 0xfe) {
            return;
        }
    }
    if (r->state == WORD) {
        if (g_ascii_isalnum(c) || (c && strchr("+-._", c))) {
            g_string_append_c(r->text, c);
            return;
        }
        r->state = BETWEEN;
        if (r->open->len == 0) {
            emit(r);
        }
    }
    if (r->state == BETWEEN) {
        between(r, c);
    } else {
        in_string(r, c);
    }
}

void json_reader_feed(JsonReader *r, const void *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        feed_byte(r, ((const char *)data)[i]);
    }
}
