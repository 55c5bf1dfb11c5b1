/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Around json-glib's parser and generator. The words of a text are checked first, for the parser reads
 * more than RFC 8259 allows (comments, single quotes, hexadecimal, "var", control characters), and
 * numbers that it cannot keep become strings; what stands beside what is left to it.
 */
#include "util/json_text.h"

#include <math.h>
#include <string.h>
#include "util/error.h"

/* Of one value, brackets and commas too: an element costs up to some 300 bytes and some microseconds. */
#define WORDS_MAX (1u << 19)
#define MARK "\xef\xbf\xbf"         /* U+FFFF */

/* ---- the words of one value ---- */

typedef struct {
    const char *at, *end;
    GString *out;               /* for the parser */
    char last;                  /* the first byte of the word before; 0 at the start */
    unsigned depth, words, members;
    const char *problem;
} Text;

static bool bad(Text *t, const char *problem)
{
    t->problem = problem;
    return false;
}

static bool read_hex(Text *t, unsigned *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, t->at++) {
        if (t->at >= t->end || !g_ascii_isxdigit(*t->at)) {
            return bad(t, "\\u needs four hexadecimal digits");
        }
        *code = *code << 4 | (unsigned)g_ascii_xdigit_value(*t->at);
    }
    return true;
}

static bool check_unicode(Text *t)
{
    unsigned code, low;
    if (!read_hex(t, &code)) {
        return false;
    }
    if (code >= 0xd800 && code < 0xdc00 && t->end - t->at >= 2 && t->at[0] == '\\' && t->at[1] == 'u') {
        t->at += 2;
        if (!read_hex(t, &low) || low < 0xdc00 || low > 0xdfff) {
            return bad(t, "half of a surrogate pair");
        }
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    return code == 0 ? bad(t, "\\u0000 in a string")
         : code >= 0xd800 && code <= 0xdfff ? bad(t, "half of a surrogate pair")
         : code != 0xffff || bad(t, "U+FFFF, which is no character, in a string");
}

static bool check_escape(Text *t)
{
    char c = t->at < t->end ? *t->at++ : '\0';
    if (c == 'u') {
        return check_unicode(t);
    }
    return (c && strchr("\"\\/bfnrt", c)) || bad(t, "an escape sequence that there is not");
}

/* A character outside of escapes. */
static bool check_character(Text *t)
{
    gunichar code = g_utf8_get_char_validated(t->at, t->end - t->at);
    if ((unsigned char)*t->at < 0x20) {
        return bad(t, "a control character in a string");
    }
    if (code >= (gunichar)-2) {
        return bad(t, "a string that is not UTF-8");
    }
    t->at = g_utf8_next_char(t->at);
    return code != 0xffff || bad(t, "U+FFFF, which is no character, in a string");
}

static bool check_string(Text *t)
{
    const char *first = t->at++;
    while (t->at < t->end && *t->at != '"') {
        if (*t->at != '\\' ? !check_character(t) : (t->at++, !check_escape(t))) {
            return false;
        }
    }
    if (t->at >= t->end) {
        return bad(t, "a string without end");
    }
    t->at++;
    g_string_append_len(t->out, first, t->at - first);
    return true;
}

/* A number of RFC 8259 that gint64 does not hold, or with fraction or exponent. */
static bool is_other_number(const char *text)
{
    return g_regex_match_simple("^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?$", text,
                                G_REGEX_DOLLAR_ENDONLY, 0);
}

bool json_is_word_byte(char c)
{
    return g_ascii_isalnum(c) || (c && strchr("+-._", c));
}

static bool check_word(Text *t)
{
    static const char *const words[] = { "null", "true", "false", NULL };
    const char *first = t->at;
    gint64 number;
    while (t->at < t->end && json_is_word_byte(*t->at)) {
        t->at++;
    }
    g_autofree char *text = g_strndup(first, (gsize)(t->at - first));
    const char *digits = text + (*text == '-');
    if (!g_ascii_isdigit(*digits)) {
        g_string_append(t->out, text);
        return g_strv_contains(words, text) || bad(t, *text ? "a word other than true, false and null"
                                                            : "a character that can be nowhere");
    }
    if (!(*digits == '0' && digits[1]) &&
        g_ascii_string_to_signed(text, 10, INT64_MIN, INT64_MAX, &number, NULL)) {
        g_string_append(t->out, text);
        return true;
    }
    g_string_append_printf(t->out, "\"" MARK "%s\"", text);
    return !is_other_number(text) ? bad(t, "a number that is none")
         : isfinite(g_ascii_strtod(text, NULL)) || bad(t, "a number that is too large");
}

static bool check_punctuation(Text *t, char c)
{
    g_string_append_c(t->out, *t->at++);
    t->members += c == ':';
    if (c == ':' && t->last != '"') {
        return bad(t, "a member's name in double quotes is missing");
    }
    if ((c == '}' || c == ']') && t->depth-- == 0) {
        return bad(t, "a bracket that closes nothing");
    }
    if ((c == '{' || c == '[') && t->depth++ == JSON_DEPTH_MAX) {
        return bad(t, "nested too deep");
    }
    return true;
}

static bool check_words(Text *t)
{
    while (t->at < t->end) {
        char c = *t->at;
        if (c && strchr(" \t\r\n", c)) {
            g_string_append_c(t->out, c);
            t->at++;
            continue;
        }
        bool punctuation = c && strchr("{}[]:,", c);
        if (t->last && t->depth == 0) {
            return bad(t, "something behind the value");
        }
        if (++t->words > WORDS_MAX) {
            return bad(t, "too many elements");
        }
        if (!(punctuation ? check_punctuation(t, c) : c == '"' ? check_string(t) : check_word(t))) {
            return false;
        }
        t->last = c;
    }
    return t->last || bad(t, "a value is missing");
}

/* Of all objects in it. */
static unsigned count_members(JsonNode *value)
{
    unsigned count = 0;
    if (JSON_NODE_HOLDS_ARRAY(value)) {
        JsonArray *array = json_node_get_array(value);
        for (guint i = 0; i < json_array_get_length(array); i++) {
            count += count_members(json_array_get_element(array, i));
        }
    } else if (JSON_NODE_HOLDS_OBJECT(value)) {
        JsonObjectIter iter;
        JsonNode *member;
        json_object_iter_init(&iter, json_node_get_object(value));
        while (json_object_iter_next(&iter, NULL, &member)) {
            count += 1 + count_members(member);
        }
    }
    return count;
}

static JsonNode *parse(Text *t, GError **err)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) why = NULL;
    if (!json_parser_load_from_data(parser, t->out->str, (gssize)t->out->len, &why)) {
        const char *text = strstr(why->message, "Parse error: ");
        error_set(err, "JSON parse error: %s", text ? text + strlen("Parse error: ") : why->message);
        return NULL;
    }
    JsonNode *value = json_parser_steal_root(parser);
    if (count_members(value) != t->members) {       /* it keeps the last of equal ones */
        json_node_unref(value);
        error_set(err, "JSON parse error: the same member twice");
        return NULL;
    }
    return value;
}

JsonNode *json_text_read(const char *text, size_t len, GError **err)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Text t = { .at = text, .end = text + len, .out = out };
    if (!check_words(&t)) {
        error_set(err, "JSON parse error: %s", t.problem);
        return NULL;
    }
    return parse(&t, err);
}

/* ---- writing ---- */

/* Behind the string that begins at p with a quote. */
static const char *string_end(const char *p)
{
    for (p++; *p != '"'; p++) {
        p += *p == '\\';
    }
    return p + 1;
}

static bool is_marked(const char *p, const char *end)
{
    size_t mark = strlen("\"" MARK);
    return g_str_has_prefix(p, "\"" MARK) && p + mark + strspn(p + mark, "0123456789+-.eE") + 1 == end;
}

char *json_text_write(JsonNode *value, bool pretty)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    json_generator_set_root(generator, value);
    json_generator_set_pretty(generator, pretty);
    json_generator_set_indent(generator, 4);
    gsize len;
    g_autofree char *raw = json_generator_to_data(generator, &len);
    g_autofree char *text = g_utf8_make_valid(raw, (gssize)len);
    GString *out = g_string_sized_new(len + len / 4);
    for (const char *p = text; *p; ) {
        const char *end = *p == '"' ? string_end(p) : p + 1;
        if (is_marked(p, end)) {
            p += strlen("\"" MARK);
            g_string_append_len(out, p, end - 1 - p);
        } else if (!g_str_has_prefix(p, " :")) {        /* as other programs write it: "a": 1, */
            g_string_append_len(out, p, end - p);
        }
        if (!pretty && (*p == ':' || *p == ',')) {
            g_string_append_c(out, ' ');
        }
        p = end;
    }
    return g_string_free(out, FALSE);
}

/* ---- numbers ---- */

JsonNode *json_number_new(uint64_t value)
{
    if (value <= INT64_MAX) {
        return json_node_init_int(json_node_alloc(), (gint64)value);
    }
    g_autofree char *text = g_strdup_printf(MARK "%" G_GUINT64_FORMAT, value);
    return json_node_init_string(json_node_alloc(), text);
}

static const char *any_text(JsonNode *value)
{
    return json_node_get_value_type(value) == G_TYPE_STRING ? json_node_get_string(value) : NULL;
}

const char *json_number_text(JsonNode *value)
{
    const char *text = any_text(value);
    return text && g_str_has_prefix(text, MARK) ? text + strlen(MARK) : NULL;
}

const char *json_string_text(JsonNode *value)
{
    return json_number_text(value) ? NULL : any_text(value);
}

bool json_number_int(JsonNode *value, int64_t *out)
{
    if (json_node_get_value_type(value) != G_TYPE_INT64) {
        return false;
    }
    *out = json_node_get_int(value);
    return true;
}

bool json_number_uint(JsonNode *value, uint64_t *out)
{
    const char *text = json_number_text(value);
    int64_t number;
    if (text) {
        return g_ascii_string_to_unsigned(text, 10, 0, UINT64_MAX, out, NULL);
    }
    if (!json_number_int(value, &number) || number < 0) {
        return false;
    }
    *out = (uint64_t)number;
    return true;
}
