/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and writing JSON, whole and in pieces. */
#include <string.h>
#include "util/json.h"

static void test_values(void)
{
    static const char *const same[] = {
        "null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808",
        "9223372036854775808", "18446744073709551615", "1.5", "-0.25", "\"\"",
            "\"a\\\"\\\\\\n\\u0001\"", "[]",
        "{}", "[1, [2, {\"a\": []}]]", "{\"b\": 1, \"a\": {\"c\": null}}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
        GError *err = NULL;
        g_autoptr(Json) value = json_parse(same[i], strlen(same[i]), &err);
        g_assert_no_error(err);
        g_autoptr(Json) copy = json_copy(value);
        g_autofree char *text = json_print(copy, false);
        g_assert_cmpstr(text, ==, same[i]);
    }
}

static void test_numbers(void)
{
    const char text[] = "[-1, 9223372036854775807, 9223372036854775808, 1.0, 18446744073709551616, 1e2, -0]";
    static const JsonKind kinds[] = { JSON_INT, JSON_INT, JSON_UINT, JSON_DOUBLE, JSON_DOUBLE, JSON_DOUBLE,
                                      JSON_INT };
    g_autoptr(Json) list = json_parse(text, strlen(text), NULL);
    int64_t i;
    uint64_t u;
    double d;
    for (unsigned n = 0; n < G_N_ELEMENTS(kinds); n++) {
        g_assert_cmpint(json_kind(json_at(list, n)), ==, kinds[n]);
        g_assert_true(json_get_double(json_at(list, n), &d));
    }
    g_assert_true(json_get_int(json_at(list, 0), &i) && i == -1);
    g_assert_false(json_get_uint(json_at(list, 0), &u));
    g_assert_true(json_get_uint(json_at(list, 1), &u) && u == INT64_MAX);
    g_assert_false(json_get_int(json_at(list, 2), &i));
    g_assert_true(json_get_uint(json_at(list, 2), &u) && u == UINT64_C(1) << 63);
    g_assert_false(json_get_int(json_at(list, 3), &i));
}

static void test_strings(void)
{
    const char text[] = "\"\\u00e9\\ud83d\\ude00\\/\\b\\t \xc3\xa9\"";
    g_autoptr(Json) value = json_parse(text, strlen(text), NULL);
    g_assert_cmpstr(json_text(value), ==, "\xc3\xa9\xf0\x9f\x98\x80/\b\t \xc3\xa9");
    g_autoptr(Json) broken = json_string("a\xff");
    g_assert_cmpstr(json_text(broken), ==, "a\xef\xbf\xbd");
}

static void test_refused(void)
{
    static const char *const bad[] = {
        "", " ", "{", "[1,]", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}", "[1 2]",
            "01", "1.",
        ".5", "+1", "-", "1e", "0x10", "NaN", "Infinity", "-Infinity", "nul", "truefalse", "True",
            "\"a", "\"\\x\"",
        "\"\\u12\"", "\"\\ud800\"", "\"\\udc00x\"", "\"\\ud800\\u0041\"", "\"\\u0000\"", "\"\t\"", "\"\xff\"",
        "\"\xc3\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "1 2", "{} {}", "// x\n1", "/* x */ 1", "%p",
            "[%d]", "1e999",
        "{\"a\":1,\"a\":2}", "\xef\xbb\xbf" "1",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        GError *err = NULL;
        Json *value = json_parse(bad[i], strlen(bad[i]), &err);
        if (value) {
            g_error("'%s' was read", bad[i]);
        }
        g_assert_nonnull(strstr(err->message, "JSON parse error: "));
        g_clear_error(&err);
    }
    g_assert_null(json_parse("1\0", 2, NULL));
}

static void test_depth(void)
{
    for (unsigned depth = 1000; depth <= 100000; depth *= 100) {
        g_autoptr(GString) text = g_string_new(NULL);
        for (unsigned i = 0; i < depth; i++) {
            g_string_append_c(text, '[');
        }
        for (unsigned i = 0; i < depth; i++) {
            g_string_append_c(text, ']');
        }
        g_autoptr(Json) value = json_parse(text->str, text->len, NULL);
        g_assert_cmpint(value != NULL, ==, depth <= 1024);
    }
}

static void test_pretty(void)
{
    const char text[] = "{\"a\":[1,{}],\"b\":[]}";
    g_autoptr(Json) value = json_parse(text, strlen(text), NULL);
    g_autofree char *pretty = json_print(value, true);
    g_assert_cmpstr(pretty, ==, "{\n    \"a\": [\n        1,\n        {}\n    ],\n    \"b\": []\n}");
}

/* ---- the stream ---- */

/* Values as text, errors as "!", one behind the other. */
static void got(void *opaque, Json *value, const GError *err)
{
    GString *all = opaque;
    if (value) {
        g_autofree char *text = json_print(value, false);
        g_string_append_printf(all, "%s;", text);
        json_free(value);
    } else {
        g_assert_nonnull(err);
        g_string_append(all, "!;");
    }
}

/* Fed whole, and byte by byte. */
static void expect_stream(const char *input, const char *wanted)
{
    for (size_t piece = 1; piece <= strlen(input); piece += strlen(input) > 1 ? strlen(input) - 1 : 1) {
        g_autoptr(GString) all = g_string_new(NULL);
        JsonReader *reader = json_reader_new(got, all);
        for (size_t at = 0; at < strlen(input); at += piece) {
            json_reader_feed(reader, input + at, MIN(piece, strlen(input) - at));
        }
        json_reader_free(reader);
        if (strcmp(all->str, wanted) != 0) {
            g_error("'%s' gave '%s', not '%s'", input, all->str, wanted);
        }
    }
}

static void test_stream(void)
{
    expect_stream("{\"a\":1}{\"b\":[2]}\n[3]", "{\"a\": 1};{\"b\": [2]};[3];");
    expect_stream("{\"a\":\"}{\\\"\"}", "{\"a\": \"}{\\\"\"};");
    expect_stream("1 null \"x\"", "1;null;\"x\";");
    expect_stream(" \r\n\t", "");
    expect_stream("{\"a\"", "");
}

/* Each mistake is told once, and what follows is read. */
static void test_recovery(void)
{
    static const char *const bad[] = {
        "{]\n", "{\xff", "{\x01", "{'bad \xff", "{'execute': 'nonexistent', 'id':'\n'", "%p\n", "nonsense\n",
        "{\"a\" 1}", "{\"a\": %d}\n", "]\n", "}\n", ",\n", "{\"a\": \"\x02\"}\n", "\"\xff", "[1,]", "// x\n",
        "{'a': 1}", "\\\n", "{\"a\": 01}", "{\"a\": \"\\q\"}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *input = g_strconcat(bad[i], "{\"ok\": true}\n", NULL);
        expect_stream(input, "!;{\"ok\": true};");
    }
}

static void test_too_deep(void)
{
    g_autoptr(GString) input = g_string_new(NULL), all = g_string_new(NULL);
    for (unsigned i = 0; i < 1025; i++) {
        g_string_append(input, i ? "1,[" : "[");
    }
    g_string_append(input, "\n7\n");
    JsonReader *reader = json_reader_new(got, all);
    json_reader_feed(reader, input->str, input->len);
    g_assert_cmpstr(all->str, ==, "!;7;");
    json_reader_feed(reader, "{\"a\":", 5);
    json_reader_reset(reader);
    json_reader_feed(reader, "8\n", 2);
    g_assert_cmpstr(all->str, ==, "!;7;8;");
    json_reader_free(reader);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/values", test_values);
    g_test_add_func("/json/numbers", test_numbers);
    g_test_add_func("/json/strings", test_strings);
    g_test_add_func("/json/refused", test_refused);
    g_test_add_func("/json/depth", test_depth);
    g_test_add_func("/json/pretty", test_pretty);
    g_test_add_func("/json/stream", test_stream);
    g_test_add_func("/json/recovery", test_recovery);
    g_test_add_func("/json/too-deep", test_too_deep);
    return g_test_run();
}
