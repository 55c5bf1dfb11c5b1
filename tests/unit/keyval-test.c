/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/keyval.h"
#include "util/error.h"

#include <string.h>

static KeyVal *parsed(const char *text, const char *implied)
{
    GError *err = NULL;
    KeyVal *kv = keyval_new("-thing");
    g_assert_true(keyval_parse(kv, text, implied, &err));
    g_assert_no_error(err);
    return kv;
}

static void assert_message(GError *err, const char *part)
{
    g_assert_nonnull(err);
    g_assert_nonnull(strstr(err->message, "-thing"));
    if (!strstr(err->message, part)) {
        g_error("'%s' lacks '%s'", err->message, part);
    }
    g_error_free(err);
}

static void test_plain(void)
{
    g_autoptr(KeyVal) kv = parsed("tcp,host=a,,b,port=4,path=x=y,empty=", "type");
    g_assert_cmpstr(keyval_get(kv, "type"), ==, "tcp");
    g_assert_cmpstr(keyval_get(kv, "host"), ==, "a,b");
    g_assert_cmpstr(keyval_get(kv, "port"), ==, "4");
    g_assert_cmpstr(keyval_get(kv, "path"), ==, "x=y");
    g_assert_cmpstr(keyval_get(kv, "empty"), ==, "");
    g_assert_null(keyval_get(kv, "absent"));
    g_assert_true(keyval_finish(kv, NULL));
}

static void test_implied(void)
{
    g_autoptr(KeyVal) kv = parsed("a,,b,c=d", "type");
    g_assert_cmpstr(keyval_get(kv, "type"), ==, "a,b");
    g_autoptr(KeyVal) keyed = parsed("c=d,type=z", "type");
    g_assert_cmpstr(keyval_get(keyed, "type"), ==, "z");
    g_autoptr(KeyVal) none = parsed("c=d", "type");
    g_assert_null(keyval_get(none, "type"));
}

static void test_bool(void)
{
    g_autoptr(KeyVal) kv = parsed("server,nowait,nodelay,a=yes,b=off,c=maybe", NULL);
    bool server = false, wait = true, nodelay = false, a = false, b = true, c = true, absent = true;
    GError *err = NULL;
    g_assert_true(keyval_get_bool(kv, "server", &server, NULL) && server);
    g_assert_true(keyval_get_bool(kv, "wait", &wait, NULL) && !wait);
    g_assert_true(keyval_get_bool(kv, "nodelay", &nodelay, NULL) && nodelay);
    g_assert_true(keyval_get_bool(kv, "a", &a, NULL) && a);
    g_assert_true(keyval_get_bool(kv, "b", &b, NULL) && !b);
    g_assert_true(keyval_get_bool(kv, "absent", &absent, NULL) && absent);
    g_assert_false(keyval_get_bool(kv, "c", &c, &err));
    assert_message(err, "c=maybe");
    g_assert_true(keyval_finish(kv, NULL));
}

static void test_merge(void)
{
    g_autoptr(KeyVal) kv = parsed("malta,usb=on", "type");
    GError *err = NULL;
    g_assert_true(keyval_parse(kv, "usb=off,accel=tcg", "type", &err));
    g_assert_cmpstr(keyval_get(kv, "type"), ==, "malta");
    g_assert_cmpstr(keyval_get(kv, "usb"), ==, "off");
    g_assert_cmpstr(keyval_get(kv, "accel"), ==, "tcg");

    g_autoptr(KeyVal) all = keyval_new("-thing");
    keyval_merge(all, kv);
    keyval_set(all, "accel", "kvm");
    g_assert_cmpstr(keyval_get(all, "accel"), ==, "kvm");
    g_assert_cmpstr(keyval_get(all, "usb"), ==, "off");
}

static void test_unknown(void)
{
    g_autoptr(KeyVal) kv = parsed("malta,bogus=1", "type");
    GError *err = NULL;
    keyval_get(kv, "type");
    keyval_get(kv, "accel");
    g_assert_false(keyval_finish(kv, &err));
    g_assert_nonnull(strstr(err->message, "'bogus'"));
    assert_message(err, "type, accel");
}

static void test_json(void)
{
    g_autoptr(KeyVal) kv = parsed("{\"type\": \"malta\", \"on\": true, \"n\": 18446744073709551615, "
                                  "\"file\": {\"driver\": \"raw\", \"list\": [\"a\", 2]}}", "type");
    uint64_t n = 0;
    g_assert_cmpstr(keyval_get(kv, "type"), ==, "malta");
    g_assert_cmpstr(keyval_get(kv, "on"), ==, "on");
    g_assert_true(keyval_get_number(kv, "n", 0, UINT64_MAX, &n, NULL));
    g_assert_cmpuint(n, ==, UINT64_MAX);
    g_assert_cmpstr(keyval_get(kv, "file.driver"), ==, "raw");
    g_assert_cmpstr(keyval_get(kv, "file.list.1"), ==, "2");
}

static void test_null(void)
{
    g_autoptr(KeyVal) kv = parsed("{\"backing\": null, \"file\": {\"backing\": null, \"name\": null}}", NULL);
    GError *err = NULL;
    g_assert_true(keyval_is_null(kv, "backing"));
    g_assert_null(keyval_get(kv, "backing"));
    g_assert_false(keyval_is_null(kv, "absent"));
    g_autoptr(KeyVal) file = keyval_sub(kv, "file.");
    g_assert_true(keyval_finish(kv, NULL));         /* what is in the subset is the subset's to refuse */
    g_assert_true(keyval_is_null(file, "backing"));
    g_assert_null(keyval_get(file, "name"));
    g_assert_false(keyval_finish(file, &err));
    assert_message(err, "'name' cannot be null");
    keyval_set(kv, "backing", "disk");
    g_assert_false(keyval_is_null(kv, "backing"));
    g_assert_cmpstr(keyval_get(kv, "backing"), ==, "disk");
}

static void test_bad_syntax(void)
{
    const char *bad[] = { "=x", "a=b,=y", "{\"a\":}", "{} x" };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(KeyVal) kv = keyval_new("-thing");
        GError *err = NULL;
        g_assert_false(keyval_parse(kv, bad[i], "type", &err));
        assert_message(err, "-thing");
    }
}

static void test_help(void)
{
    g_autoptr(KeyVal) bare = parsed("help", "type");
    g_assert_true(keyval_wants_help(bare));
    g_assert_null(keyval_get(bare, "type"));
    g_autoptr(KeyVal) behind = parsed("malta,help", "type");
    g_assert_true(keyval_wants_help(behind));
    g_assert_cmpstr(keyval_get(behind, "type"), ==, "malta");
    g_autoptr(KeyVal) mark = parsed("?", "type");
    g_assert_true(keyval_wants_help(mark));
    g_autoptr(KeyVal) value = parsed("type=help", NULL);
    g_assert_false(keyval_wants_help(value));
}

static void test_numbers(void)
{
    g_autoptr(KeyVal) kv = parsed("a=0x10,b=77,c=-1,d=9x,e=", NULL);
    uint64_t n = 5;
    g_assert_true(keyval_get_number(kv, "a", 0, 100, &n, NULL) && n == 16);
    g_assert_false(keyval_get_number(kv, "b", 0, 76, &n, NULL));
    g_assert_true(keyval_get_number(kv, "b", 77, 77, &n, NULL) && n == 77);
    g_assert_false(keyval_get_number(kv, "c", 0, UINT64_MAX, &n, NULL));
    g_assert_false(keyval_get_number(kv, "d", 0, 100, &n, NULL));
    g_assert_false(keyval_get_number(kv, "e", 0, 100, &n, NULL));
    g_assert_true(keyval_get_number(kv, "absent", 0, 100, &n, NULL) && n == 77);
}

static void test_sizes(void)
{
    static const struct {
        const char *text;
        bool ok;
        uint64_t bytes;
    } cases[] = {
        { "512", true, 512 * MIB },
        { "1G", true, GIB },
        { "1g", true, GIB },
        { "1.5G", true, GIB + GIB / 2 },
        { "0.25k", true, 256 },
        { "64K", true, 64 * KIB },
        { "7B", true, 7 },
        { "0x10", true, 16 * MIB },
        { "0", true, 0 },
        { "16E", false, 0 },
        { "15E", true, UINT64_C(15) << 60 },
        { "", false, 0 },
        { "G", false, 0 },
        { "-1", false, 0 },
        { " 1", false, 0 },
        { "1GB", false, 0 },
        { "1.G", false, 0 },
        { "0x1.8", false, 0 },
        { "99999999999999999999", false, 0 },
        { "1Q", false, 0 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint64_t bytes = 0;
        g_test_message("size %s", cases[i].text);
        g_assert_cmpint(keyval_size(cases[i].text, MIB, &bytes), ==, cases[i].ok);
        g_assert_cmpuint(bytes, ==, cases[i].bytes);
    }
}

static void test_list(void)
{
    g_autoptr(KeyVal) kv = keyval_new("-x");
    GError *err = NULL;
    g_assert_true(keyval_parse(kv, "f=a,g=1,f=b", NULL, &err));
    g_assert_true(keyval_parse(kv, "{\"f\": [{\"str\": \"c\"}, \"d\"]}", NULL, &err));
    g_auto(GStrv) values = keyval_get_list(kv, "f");
    g_autofree char *all = g_strjoinv(" ", values);
    g_assert_cmpstr(all, ==, "a b c d");
    g_assert_false(keyval_finish(kv, &err));        /* g */
    g_clear_error(&err);
    keyval_get(kv, "g");
    g_assert_true(keyval_finish(kv, &err));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keyval/plain", test_plain);
    g_test_add_func("/keyval/implied", test_implied);
    g_test_add_func("/keyval/bool", test_bool);
    g_test_add_func("/keyval/merge", test_merge);
    g_test_add_func("/keyval/unknown", test_unknown);
    g_test_add_func("/keyval/bad-syntax", test_bad_syntax);
    g_test_add_func("/keyval/json", test_json);
    g_test_add_func("/keyval/null", test_null);
    g_test_add_func("/keyval/help", test_help);
    g_test_add_func("/keyval/numbers", test_numbers);
    g_test_add_func("/keyval/sizes", test_sizes);
    g_test_add_func("/keyval/list", test_list);
    return g_test_run();
}
