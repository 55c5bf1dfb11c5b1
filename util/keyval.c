/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/keyval.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "util/error.h"
#include "util/json_text.h"
#include "util/wide.h"

typedef struct {
    char *key;
    char *value;        /* NULL: a bare word, or JSON's null */
    bool null;
} Item;

struct KeyVal {
    char *option;
    GPtrArray *items;   /* of Item *, in the order given */
    GPtrArray *known;   /* of char *: keys that were looked up, in that order */
    GPtrArray *nullable;        /* of char *: those that were asked whether they are null */
    bool help;
};

static void item_free(gpointer data)
{
    Item *item = data;
    g_free(item->key);
    g_free(item->value);
    g_free(item);
}

KeyVal *keyval_new(const char *option)
{
    KeyVal *kv = g_new0(KeyVal, 1);
    kv->option = g_strdup(option);
    kv->items = g_ptr_array_new_with_free_func(item_free);
    kv->known = g_ptr_array_new_with_free_func(g_free);
    kv->nullable = g_ptr_array_new_with_free_func(g_free);
    return kv;
}

void keyval_free(KeyVal *kv)
{
    if (!kv) {
        return;
    }
    g_free(kv->option);
    g_ptr_array_free(kv->items, TRUE);
    g_ptr_array_free(kv->known, TRUE);
    g_ptr_array_free(kv->nullable, TRUE);
    g_free(kv);
}

static void add_item(KeyVal *kv, char *key, char *value)
{
    Item *item = g_new0(Item, 1);
    item->key = key;
    item->value = value;
    g_ptr_array_add(kv->items, item);
}

static void add_copy(KeyVal *kv, const char *key, const Item *item)
{
    Item *copy = g_new(Item, 1);
    *copy = (Item){ g_strdup(key), g_strdup(item->value), item->null };
    g_ptr_array_add(kv->items, copy);
}

static void add_null(KeyVal *kv, const char *key)
{
    const Item null = { .null = true };
    add_copy(kv, key, &null);
}

static bool has(GPtrArray *keys, const char *key)
{
    return g_ptr_array_find_with_equal_func(keys, key, g_str_equal, NULL);
}

static void know(GPtrArray *keys, const char *key)
{
    if (!has(keys, key)) {
        g_ptr_array_add(keys, g_strdup(key));
    }
}

/* Copies text up to a comma that is not doubled; *end is set behind that comma. */
static char *take_value(const char *text, const char **end)
{
    GString *out = g_string_new(NULL);
    while (*text) {
        if (*text == ',') {
            text++;
            if (*text != ',') {
                break;
            }
        }
        g_string_append_c(out, *text++);
    }
    *end = text;
    return g_string_free(out, FALSE);
}

static bool is_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "?") == 0;
}

static void add_json(KeyVal *kv, const char *key, JsonNode *value);

static void add_members(KeyVal *kv, const char *prefix, JsonObject *object)
{
    JsonObjectIter iter;
    const char *key;
    JsonNode *value;
    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &key, &value)) {
        g_autofree char *full = g_strconcat(prefix, key, NULL);
        add_json(kv, full, value);
    }
}

static void add_elements(KeyVal *kv, const char *key, JsonArray *array)
{
    for (guint i = 0; i < json_array_get_length(array); i++) {
        g_autofree char *full = g_strdup_printf("%s.%u", key, i);
        add_json(kv, full, json_array_get_element(array, i));
    }
}

/* One member, or element, called key. */
static void add_json(KeyVal *kv, const char *key, JsonNode *value)
{
    if (JSON_NODE_HOLDS_NULL(value)) {
        add_null(kv, key);
        return;
    }
    if (JSON_NODE_HOLDS_ARRAY(value)) {
        add_elements(kv, key, json_node_get_array(value));
        return;
    }
    if (JSON_NODE_HOLDS_OBJECT(value)) {
        g_autofree char *prefix = g_strconcat(key, ".", NULL);
        add_members(kv, prefix, json_node_get_object(value));
        return;
    }
    const char *text = json_string_text(value);
    if (json_node_get_value_type(value) == G_TYPE_BOOLEAN) {
        text = json_node_get_boolean(value) ? "on" : "off";
    }
    add_item(kv, g_strdup(key), text ? g_strdup(text) : json_text_write(value, false));
}

void keyval_add_json(KeyVal *kv, JsonObject *object)
{
    add_members(kv, "", object);
}

static bool parse_json(KeyVal *kv, const char *text, GError **err)
{
    g_autoptr(JsonNode) value = json_text_read(text, strlen(text), err);
    if (!value) {
        g_prefix_error(err, "%s: ", kv->option);
        return false;
    }
    keyval_add_json(kv, json_node_get_object(value));       /* it begins with '{' */
    return true;
}

bool keyval_parse(KeyVal *kv, const char *text, const char *implied, GError **err)
{
    if (text[0] == '{') {
        return parse_json(kv, text, err);
    }
    for (bool first = true; *text; first = false) {
        size_t len = strcspn(text, "=,");
        if (text[len] == '=') {
            if (len == 0) {
                return error_set(err, "%s: no key before '%s'", kv->option, text);
            }
            char *key = g_strndup(text, len);
            add_item(kv, key, take_value(text + len + 1, &text));
            continue;
        }
        char *word = take_value(text, &text);
        if (is_help(word)) {
            kv->help = true;
            g_free(word);
        } else if (first && implied) {
            add_item(kv, g_strdup(implied), word);
        } else if (*word == '\0') {
            g_free(word);
            return error_set(err, "%s: an empty item between commas", kv->option);
        } else {
            add_item(kv, word, NULL);
        }
    }
    return true;
}

void keyval_set(KeyVal *kv, const char *key, const char *value)
{
    add_item(kv, g_strdup(key), g_strdup(value));
}

void keyval_merge(KeyVal *kv, const KeyVal *other)
{
    for (guint i = 0; i < other->items->len; i++) {
        const Item *item = g_ptr_array_index(other->items, i);
        add_copy(kv, item->key, item);
    }
    kv->help |= other->help;
}

KeyVal *keyval_sub(KeyVal *kv, const char *prefix)
{
    KeyVal *sub = keyval_new(kv->option);
    for (guint i = 0; i < kv->items->len; i++) {
        const Item *item = g_ptr_array_index(kv->items, i);
        if (g_str_has_prefix(item->key, prefix)) {
            add_copy(sub, item->key + strlen(prefix), item);
            know(kv->known, item->key);
            know(kv->nullable, item->key);      /* sub's to judge */
        }
    }
    return sub;
}

bool keyval_is_empty(const KeyVal *kv)
{
    return kv->items->len == 0;
}

bool keyval_wants_help(const KeyVal *kv)
{
    return kv->help;
}

const char *keyval_option(const KeyVal *kv)
{
    return kv->option;
}

/* What item says about key: its value, "on", "off", or NULL when it is about another; null is "". */
static const char *item_answer(const Item *item, const char *key)
{
    if (strcmp(item->key, key) == 0) {
        return item->value ? item->value : item->null ? "" : "on";
    }
    if (!item->value && !item->null && g_str_has_prefix(item->key, "no") && strcmp(item->key + 2, key) == 0) {
        return "off";
    }
    return NULL;
}

static bool is_known(const KeyVal *kv, const Item *item)
{
    for (guint i = 0; i < kv->known->len; i++) {
        if (item_answer(item, g_ptr_array_index(kv->known, i))) {
            return true;
        }
    }
    return false;
}

bool keyval_is_null(KeyVal *kv, const char *key)
{
    know(kv->known, key);
    know(kv->nullable, key);
    for (guint i = kv->items->len; i > 0; i--) {
        const Item *item = g_ptr_array_index(kv->items, i - 1);
        if (strcmp(item->key, key) == 0) {
            return item->null;
        }
    }
    return false;
}

const char *keyval_get(KeyVal *kv, const char *key)
{
    know(kv->known, key);
    for (guint i = kv->items->len; i > 0; i--) {
        const Item *item = g_ptr_array_index(kv->items, i - 1);
        const char *answer = item_answer(item, key);
        if (answer) {
            return item->null ? NULL : answer;
        }
    }
    return NULL;
}

char *keyval_take(KeyVal *kv, const char *key)
{
    char *value = g_strdup(keyval_get(kv, key));
    for (guint i = kv->items->len; i > 0; i--) {
        if (item_answer(g_ptr_array_index(kv->items, i - 1), key)) {
            g_ptr_array_remove_index(kv->items, i - 1);
        }
    }
    return value;
}

/* Whether key is "list.N" or "list.N.str". */
static bool is_element(const char *key, const char *list)
{
    size_t len = strlen(list);
    if (strncmp(key, list, len) != 0 || key[len] != '.' || !g_ascii_isdigit(key[len + 1])) {
        return false;
    }
    const char *rest = key + len + 1 + strspn(key + len + 1, "0123456789");
    return !*rest || strcmp(rest, ".str") == 0;
}

char **keyval_get_list(KeyVal *kv, const char *key)
{
    GPtrArray *values = g_ptr_array_new();
    keyval_get(kv, key);                        /* it is known now */
    for (guint i = 0; i < kv->items->len; i++) {
        const Item *item = g_ptr_array_index(kv->items, i);
        if (strcmp(item->key, key) == 0) {
            g_ptr_array_add(values, g_strdup(item->value ? item->value : "on"));
        } else if (item->value && is_element(item->key, key)) {
            g_ptr_array_add(values, g_strdup(item->value));
            g_ptr_array_add(kv->known, g_strdup(item->key));
        }
    }
    g_ptr_array_add(values, NULL);
    return (char **)g_ptr_array_free(values, FALSE);
}

bool keyval_get_bool(KeyVal *kv, const char *key, bool *out, GError **err)
{
    static const char *const yes[] = { "on", "yes", "true", "y", NULL };
    static const char *const no[] = { "off", "no", "false", "n", NULL };
    const char *value = keyval_get(kv, key);
    if (!value) {
        return true;
    }
    if (g_strv_contains(yes, value)) {
        *out = true;
    } else if (g_strv_contains(no, value)) {
        *out = false;
    } else {
        return error_set(err, "%s: %s=%s: must be on or off", kv->option, key, value);
    }
    return true;
}

bool keyval_get_number(KeyVal *kv, const char *key, uint64_t min, uint64_t max, uint64_t *out, GError **err)
{
    const char *value = keyval_get(kv, key);
    if (!value) {
        return true;
    }
    char *end;
    errno = 0;
    uint64_t number = g_ascii_strtoull(value, &end, 0);
    if (!g_ascii_isdigit(value[0]) || *end || errno || number < min || number > max) {
        return error_set(err, "%s: %s=%s: must be a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                         kv->option, key, value, min, max);
    }
    *out = number;
    return true;
}

bool keyval_get_size(KeyVal *kv, const char *key, uint64_t unit, uint64_t *out, GError **err)
{
    const char *value = keyval_get(kv, key);
    if (value && !keyval_size(value, unit, out)) {
        return error_set(err, "%s: %s=%s: must be a size such as 512M or 1.5G", kv->option, key, value);
    }
    return true;
}

bool keyval_finish(KeyVal *kv, GError **err)
{
    for (guint i = 0; i < kv->items->len; i++) {
        const Item *item = g_ptr_array_index(kv->items, i);
        if (item->null && !has(kv->nullable, item->key)) {
            return error_set(err, "%s: '%s' cannot be null", kv->option, item->key);
        }
        if (is_known(kv, item)) {
            continue;
        }
        g_autoptr(GString) list = g_string_new(NULL);
        for (guint k = 0; k < kv->known->len; k++) {
            g_string_append_printf(list, "%s%s", k ? ", " : "", (char *)g_ptr_array_index(kv->known, k));
        }
        return error_set(err, "%s: unknown property '%s'; it knows %s", kv->option, item->key,
                         list->len ? list->str : "none");
    }
    return true;
}

static bool suffix_unit(char suffix, uint64_t *unit)
{
    static const char letters[] = "BKMGTPE";
    const char *at = suffix ? strchr(letters, g_ascii_toupper(suffix)) : NULL;
    if (!at) {
        return false;
    }
    *unit = UINT64_C(1) << (10 * (at - letters));
    return true;
}

/* Adds the bytes of a decimal fraction of unit, at digits; *end is set behind them. */
static bool add_fraction(const char *digits, uint64_t unit, uint64_t *bytes, const char **end)
{
    uint64_t number = 0, scale = 1;
    for (; g_ascii_isdigit(*digits); digits++) {
        if (scale < UINT64_C(1000000000)) {
            scale *= 10;
            number = number * 10 + (uint64_t)(*digits - '0');
        }
    }
    *end = digits;
    uint64_t part = wide_muldiv(unit, (uint32_t)number, (uint32_t)scale);
    return !__builtin_add_overflow(*bytes, part, bytes);
}

bool keyval_size(const char *text, uint64_t unit, uint64_t *bytes)
{
    if (!g_ascii_isdigit(text[0])) {
        return false;
    }
    bool hex = text[0] == '0' && g_ascii_tolower(text[1]) == 'x';
    char *end;
    errno = 0;
    uint64_t whole = g_ascii_strtoull(text, &end, hex ? 16 : 10);
    if (errno) {
        return false;
    }
    const char *fraction = *end == '.' ? end + 1 : NULL;
    const char *suffix = fraction ? fraction + strspn(fraction, "0123456789") : end;
    if (fraction && (hex || suffix == fraction)) {
        return false;
    }
    if (*suffix && (!suffix_unit(*suffix, &unit) || suffix[1])) {
        return false;
    }
    uint64_t total;
    if (__builtin_mul_overflow(whole, unit, &total)) {
        return false;
    }
    if (fraction && !add_fraction(fraction, unit, &total, &suffix)) {
        return false;
    }
    *bytes = total;
    return true;
}
