/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON values: their making and their text. */
#include "util/json.h"

#include <math.h>
#include <string.h>

struct Json {
    JsonKind kind;
    union {
        bool truth;
        int64_t i;
        uint64_t u;
        double d;
        char *text;
        GPtrArray *items;       /* of Json *: elements, or members' values */
    };
    GPtrArray *keys;            /* of an object: char *, beside items */
};

static Json *make(JsonKind kind)
{
    Json *value = g_new0(Json, 1);
    value->kind = kind;
    return value;
}

Json *json_null(void)
{
    return make(JSON_NULL);
}

Json *json_bool(bool truth)
{
    Json *value = make(JSON_BOOL);
    value->truth = truth;
    return value;
}

Json *json_int(int64_t i)
{
    Json *value = make(JSON_INT);
    value->i = i;
    return value;
}

Json *json_uint(uint64_t u)
{
    if (u <= INT64_MAX) {
        return json_int((int64_t)u);
    }
    Json *value = make(JSON_UINT);
    value->u = u;
    return value;
}

Json *json_double(double d)
{
    Json *value = make(JSON_DOUBLE);
    value->d = isfinite(d) ? d : 0;     /* JSON has no word for the others */
    return value;
}

Json *json_string(const char *text)
{
    Json *value = make(JSON_STRING);
    value->text = g_utf8_make_valid(text ? text : "", -1);
    return value;
}

static void free_item(gpointer item)
{
    json_free(item);
}

Json *json_array(void)
{
    Json *value = make(JSON_ARRAY);
    value->items = g_ptr_array_new_with_free_func(free_item);
    return value;
}

Json *json_object(void)
{
    Json *value = make(JSON_OBJECT);
    value->items = g_ptr_array_new_with_free_func(free_item);
    value->keys = g_ptr_array_new_with_free_func(g_free);
    return value;
}

void json_free(Json *value)
{
    if (!value) {
        return;
    }
    if (value->kind == JSON_STRING) {
        g_free(value->text);
    } else if (value->kind == JSON_ARRAY || value->kind == JSON_OBJECT) {
        g_ptr_array_free(value->items, TRUE);
    }
    if (value->keys) {
        g_ptr_array_free(value->keys, TRUE);
    }
    g_free(value);
}

Json *json_copy(const Json *value)
{
    if (value->kind != JSON_ARRAY && value->kind != JSON_OBJECT) {
        Json *plain = g_memdup2(value, sizeof(*value));
        if (value->kind == JSON_STRING) {
            plain->text = g_strdup(value->text);
        }
        return plain;
    }
    Json *copy = value->kind == JSON_ARRAY ? json_array() : json_object();
    for (unsigned i = 0; i < value->items->len; i++) {
        g_ptr_array_add(copy->items, json_copy(json_at(value, i)));
        if (value->keys) {
            g_ptr_array_add(copy->keys, g_strdup(json_key(value, i)));
        }
    }
    return copy;
}

void json_add(Json *array, Json *value)
{
    g_assert(array->kind == JSON_ARRAY);
    g_ptr_array_add(array->items, value);
}

void json_set(Json *object, const char *key, Json *value)
{
    g_assert(object->kind == JSON_OBJECT);
    for (unsigned i = 0; i < object->keys->len; i++) {
        if (strcmp(json_key(object, i), key) == 0) {
            json_free(object->items->pdata[i]);
            object->items->pdata[i] = value;
            return;
        }
    }
    json_append(object, key, value);
}

void json_append(Json *object, const char *key, Json *value)
{
    g_ptr_array_add(object->keys, g_strdup(key));
    g_ptr_array_add(object->items, value);
}

void json_set_string(Json *object, const char *key, const char *text)
{
    json_set(object, key, json_string(text));
}

void json_set_int(Json *object, const char *key, int64_t value)
{
    json_set(object, key, json_int(value));
}

void json_set_uint(Json *object, const char *key, uint64_t value)
{
    json_set(object, key, json_uint(value));
}

void json_set_bool(Json *object, const char *key, bool value)
{
    json_set(object, key, json_bool(value));
}

/* ---- looking ---- */

JsonKind json_kind(const Json *value)
{
    return value->kind;
}

const char *json_kind_name(JsonKind kind)
{
    static const char *const names[] = {
        [JSON_NULL] = "null", [JSON_BOOL] = "boolean", [JSON_INT] = "integer", [JSON_UINT] = "integer",
        [JSON_DOUBLE] = "number", [JSON_STRING] = "string", [JSON_ARRAY] = "array", [JSON_OBJECT] = "object",
    };
    return names[kind];
}

bool json_get_int(const Json *value, int64_t *out)
{
    if (!value || value->kind != JSON_INT) {
        return false;
    }
    *out = value->i;
    return true;
}

bool json_get_uint(const Json *value, uint64_t *out)
{
    if (!value || !(value->kind == JSON_UINT || (value->kind == JSON_INT && value->i >= 0))) {
        return false;
    }
    *out = value->kind == JSON_UINT ? value->u : (uint64_t)value->i;
    return true;
}

bool json_get_double(const Json *value, double *out)
{
    if (!value || value->kind < JSON_INT || value->kind > JSON_DOUBLE) {
        return false;
    }
    *out = value->kind == JSON_INT ? (double)value->i : value->kind == JSON_UINT
        ? (double)value->u : value->d;
    return true;
}

bool json_truth(const Json *value)
{
    return value && value->kind == JSON_BOOL && value->truth;
}

const char *json_text(const Json *value)
{
    return value && value->kind == JSON_STRING ? value->text : NULL;
}

unsigned json_length(const Json *value)
{
    return value->kind == JSON_ARRAY || value->kind == JSON_OBJECT ? value->items->len : 0;
}

const Json *json_at(const Json *value, unsigned index)
{
    g_assert(index < json_length(value));
    return value->items->pdata[index];
}

const char *json_key(const Json *object, unsigned index)
{
    return object->keys->pdata[index];
}

const Json *json_member(const Json *object, const char *key)
{
    if (!object || object->kind != JSON_OBJECT) {
        return NULL;
    }
    for (unsigned i = 0; i < object->keys->len; i++) {
        if (strcmp(json_key(object, i), key) == 0) {
            return json_at(object, i);
        }
    }
    return NULL;
}

const char *json_member_text(const Json *object, const char *key)
{
    return json_text(json_member(object, key));
}

/* ---- text ---- */

static void print_string(GString *out, const char *text)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    g_string_append_c(out, '"');
    for (const char *p = text; *p; p++) {
        const char *at = strchr(from, *p);
        if (at) {
            g_string_append_c(out, '\\');
            g_string_append_c(out, to[at - from]);
        } else if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            g_string_append_printf(out, "\\u%04x", (unsigned)(unsigned char)*p);
        } else {
            g_string_append_c(out, *p);
        }
    }
    g_string_append_c(out, '"');
}

static void print_double(GString *out, double d)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_dtostr(text, sizeof(text), d);
    g_string_append(out, text);
    if (!strpbrk(text, ".eE")) {
        g_string_append(out, ".0");     /* a fraction stays one */
    }
}

static void new_line(GString *out, int indent)
{
    if (indent >= 0) {
        g_string_append_printf(out, "\n%*s", 4 * indent, "");
    }
}

/* indent: the level, or -1 for everything on one line. */
static void print(GString *out, const Json *value, int indent)
{
    static const char *const brackets[] = { "[]", "{}" };
    const char *ends = brackets[value->kind == JSON_OBJECT];
    switch (value->kind) {
    case JSON_NULL:
        g_string_append(out, "null");
        return;
    case JSON_BOOL:
        g_string_append(out, value->truth ? "true" : "false");
        return;
    case JSON_INT:
        g_string_append_printf(out, "%" G_GINT64_FORMAT, value->i);
        return;
    case JSON_UINT:
        g_string_append_printf(out, "%" G_GUINT64_FORMAT, value->u);
        return;
    case JSON_DOUBLE:
        print_double(out, value->d);
        return;
    case JSON_STRING:
        print_string(out, value->text);
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    int inner = indent < 0 ? -1 : indent + 1;
    g_string_append_c(out, ends[0]);
    for (unsigned i = 0; i < value->items->len; i++) {
        g_string_append(out, i == 0 ? "" : indent < 0 ? ", " : ",");
        new_line(out, inner);
        if (value->keys) {
            print_string(out, json_key(value, i));
            g_string_append(out, ": ");
        }
        print(out, json_at(value, i), inner);
    }
    if (value->items->len) {
        new_line(out, indent);
    }
    g_string_append_c(out, ends[1]);
}

char *json_print(const Json *value, bool pretty)
{
    GString *out = g_string_new(NULL);
    print(out, value, pretty ? 0 : -1);
    return g_string_free(out, FALSE);
}
