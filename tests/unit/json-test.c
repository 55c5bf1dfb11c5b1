/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and writing JSON, whole and in pieces. */
#include <string.h>
#include "monitor/qmp/frame.h"
#include "util/json_text.h"

static JsonNode *must_read(const char *text)
{
    GError *err = NULL;
    JsonNode *value = json_text_read(text, strlen(text), &err);
    g_assert_no_error(err);
    return value;
}

/* Numbers come back digit by digit. */
static void test_values(void)
{
    static const char *const same[] = {
        "null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808",
        "9223372036854775808", "18446744073709551615", "123456789012345678901234567890",
        "-9223372036854775809",
        "1.5", "-0.25", "1e20", "1.10", "-2E-2", "\"\"", "\"a\\\"\\\\\\n\\u0001\"", "[]", "{}",
        "[1, [2, {\"a\": []}]]", "{\"b\": 1, \"a\": {\"c\": null}}",
        "[18446744073709551615, \"18446744073709551615\"]",
        "{\"a\": 1.50, \"1.50\": \"\\\"1.5 : 1,\"}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
        g_autoptr(JsonNode) value = must_read(same[i]);
        g_autoptr(JsonNode) copy = json_node_copy(value);
        g_autofree char *text = json_text_write(copy, false);
        g_assert_cmpstr(text, ==, same[i]);
    }
}

static void expect_number(const char *text, const int64_t *wanted, const uint64_t *unsigned_wanted)
{
    g_autoptr(JsonNode) value = must_read(text);
    int64_t i = 0;
    uint64_t u = 0;
    g_assert_cmpint(json_number_int(value, &i), ==, wanted != NULL);
    g_assert_cmpint(i, ==, wanted ? *wanted : 0);
    g_assert_cmpint(json_number_uint(value, &u), ==, unsigned_wanted != NULL);
    g_assert_cmpuint(u, ==, unsigned_wanted ? *unsigned_wanted : 0);
    g_assert_null(json_string_text(value));
}

static void test_numbers(void)
{
    expect_number("-1", &(int64_t){ -1 }, NULL);
    expect_number("9223372036854775807", &(int64_t){ INT64_MAX }, &(uint64_t){ INT64_MAX });
    expect_number("-9223372036854775808", &(int64_t){ INT64_MIN }, NULL);
    expect_number("18446744071562067968", NULL, &(uint64_t){ 0xffffffff80000000 });
    expect_number("18446744073709551615", NULL, &(uint64_t){ UINT64_MAX });
    expect_number("18446744073709551616", NULL, NULL);
    expect_number("-9223372036854775809", NULL, NULL);
    expect_number("1.0", NULL, NULL);
    expect_number("1e2", NULL, NULL);
    g_autoptr(JsonNode) large = json_number_new(UINT64_MAX), small = json_number_new(7);
    g_autofree char *text = json_text_write(large, false);
    g_assert_cmpstr(text, ==, "18446744073709551615");
    g_assert_cmpint(json_node_get_int(small), ==, 7);
    g_assert_null(json_number_text(small));
}

static void test_strings(void)
{
    g_autoptr(JsonNode) value = must_read("\"\\u00e9\\ud83d\\ude00\\/\\b\\t \xc3\xa9\"");
    g_assert_cmpstr(json_string_text(value), ==, "\xc3\xa9\xf0\x9f\x98\x80/\b\t \xc3\xa9");
    g_autoptr(JsonNode) digits = must_read("\"123\""), broken = json_string_new("a\xff");
    g_autofree char *text = json_text_write(broken, false);
    g_assert_cmpstr(json_string_text(digits), ==, "123");
    g_assert_cmpstr(text, ==, "\"a\xef\xbf\xbd\"");
}

/* Texts of the host that look like a number of ours do no harm. */
static void test_marks(void)
{
    g_autoptr(JsonNode) inner = json_string_new("\"\xef\xbf\xbf" "12\"");
    g_autoptr(JsonNode) word = json_string_new("\xef\xbf\xbf" "x");
    g_autofree char *first = json_text_write(inner, false), *second = json_text_write(word, false);
    g_assert_cmpstr(first, ==, "\"\\\"\xef\xbf\xbf" "12\\\"\"");
    g_assert_cmpstr(second, ==, "\"\xef\xbf\xbf" "x\"");
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
        "{\"a\":1,\"a\":2}", "[{\"b\":{\"a\":1,\"c\":2,\"a\":1}}]", "\xef\xbb\xbf" "1",
        "var x = 1", "'a'", "[1]]", "{]", "[}",
        "\"\\uffff\"", "\"\xef\xbf\xbf" "1\"", "{1.5:1}", "{1:1}", "{true:1}",
        "[1 \"a\"]", "[1:2]", ",", ":",
        "{\"a\",\"b\"}", "\"a\"\"b\"", "[\"a\"1]", "-a", "- 1", "1-1",
        "--1", "0x", "1_0", "\"\\u 123\"", "\"\\u+123\"",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        GError *err = NULL;
        JsonNode *value = json_text_read(bad[i], strlen(bad[i]), &err);
        if (value) {
            g_error("'%s' was read", bad[i]);
        }
        g_assert_nonnull(strstr(err->message, "JSON parse error: "));
        g_clear_error(&err);
    }
    g_assert_null(json_text_read("1\0", 2, NULL));
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
        g_autoptr(JsonNode) value = json_text_read(text->str, text->len, NULL);
        g_assert_cmpint(value != NULL, ==, depth <= 1024);
    }
}

static void test_pretty(void)
{
    const char text[] = "{\"a\":[1,2],\"b\":[]}";
    g_autoptr(JsonNode) value = json_text_read(text, strlen(text), NULL);
    g_autofree char *pretty = json_text_write(value, true);
    g_assert_cmpstr(pretty, ==, "{\n    \"a\": [\n        1,\n        2\n    ],\n    \"b\": []\n}");
}

/* ---- the stream ---- */

/* Values as text, errors as "!", one behind the other. */
static void got(void *opaque, JsonNode *value, const GError *err)
{
    GString *all = opaque;
    if (value) {
        g_autofree char *text = json_text_write(value, false);
        g_string_append_printf(all, "%s;", text);
        json_node_unref(value);
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
        Framer *framer = framer_new(got, all);
        for (size_t at = 0; at < strlen(input); at += piece) {
            framer_feed(framer, input + at, MIN(piece, strlen(input) - at));
        }
        framer_free(framer);
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
    Framer *framer = framer_new(got, all);
    framer_feed(framer, input->str, input->len);
    g_assert_cmpstr(all->str, ==, "!;7;");
    framer_feed(framer, "{\"a\":", 5);
    framer_reset(framer);
    framer_feed(framer, "8\n", 2);
    g_assert_cmpstr(all->str, ==, "!;7;8;");
    framer_free(framer);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/values", test_values);
    g_test_add_func("/json/numbers", test_numbers);
    g_test_add_func("/json/strings", test_strings);
    g_test_add_func("/json/marks", test_marks);
    g_test_add_func("/json/refused", test_refused);
    g_test_add_func("/json/depth", test_depth);
    g_test_add_func("/json/pretty", test_pretty);
    g_test_add_func("/json/stream", test_stream);
    g_test_add_func("/json/recovery", test_recovery);
    g_test_add_func("/json/too-deep", test_too_deep);
    return g_test_run();
}
