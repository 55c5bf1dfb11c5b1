/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects: memory, secrets, random numbers. */
#include <glib/gstdio.h>
#include <string.h>
#include "system/objects.h"

static void expect_added(ObjectSet *set, const char *text)
{
    GError *err = NULL;
    bool good = object_set_add_text(set, "-object", text, &err);
    g_assert_no_error(err);
    g_assert_true(good);
}

static void expect_refused(ObjectSet *set, const char *text, const char *part)
{
    GError *err = NULL;
    if (object_set_add_text(set, "-object", text, &err) || !strstr(err->message, part)) {
        g_error("'%s': '%s' lacks '%s'", text, err ? err->message : "no error", part);
    }
    g_clear_error(&err);
}

static void test_refused(void)
{
    ObjectSet *set = object_set_new();
    expect_added(set, "rng-builtin,id=a");
    expect_refused(set, "rng-builtin,id=a", "already");
    expect_refused(set, "rng-builtin", "'id' is missing");
    expect_refused(set, "id=x", "'qom-type' is missing");
    expect_refused(set, "rng-builtin,id=1", "id '1'");
    expect_refused(set, "frob,id=x", "no object type 'frob'");
    expect_refused(set, "iothread,id=x", "'iothread' is not there");
    expect_refused(set, "rng-builtin,id=x,frob=1", "unknown property 'frob'");
    expect_refused(set, "memory-backend-ram,id=x", "multiple of 64K");
    expect_refused(set, "memory-backend-ram,id=x,size=65537", "multiple of 64K");
    expect_refused(set, "memory-backend-ram,id=x,size=1M,merge=on", "merge=on");
    expect_refused(set, "memory-backend-ram,id=x,size=1M,share=maybe", "on or off");
    expect_refused(set, "memory-backend-ram,id=x,size=8192P", "MiB");
    expect_refused(set, "memory-backend-file,id=x,size=1M", "'mem-path' is missing");
    expect_refused(set, "memory-backend-file,id=x,size=1M,mem-path=/nonexistent/x",
                   "mem-path=/nonexistent/x");
    g_assert_null(object_at(set, 1));
    GError *err = NULL;
    g_assert_false(object_set_remove(set, "b", &err));
    g_clear_error(&err);
    g_assert_true(object_set_remove(set, "a", NULL));
    g_assert_null(object_find(set, "a"));
    object_set_free(set);
}

static void test_memory(void)
{
    ObjectSet *set = object_set_new();
    GError *err = NULL;
    expect_added(set, "memory-backend-ram,id=m,size=1M,prealloc=on,dump=off");
    expect_added(set, "rng-builtin,id=r");
    g_assert_null(object_memory_claim(set, "m", 2 << 20, "me", &err));
    g_assert_nonnull(strstr(err->message, "1 MiB"));
    g_clear_error(&err);
    g_assert_null(object_memory_claim(set, "r", 1 << 20, "me", &err));
    g_clear_error(&err);
    MemRegion *ram = object_memory_claim(set, "m", 1 << 20, "me", &err);
    g_assert_no_error(err);
    g_assert_cmpuint(mem_size(ram), ==, 1 << 20);
    memset(mem_host(ram), 1, 1 << 20);
    g_assert_null(object_memory_claim(set, "m", 1 << 20, "you", &err));
    g_assert_nonnull(strstr(err->message, "used by me"));
    g_clear_error(&err);
    g_assert_false(object_set_remove(set, "m", &err));
    g_assert_nonnull(strstr(err->message, "in use by me"));
    g_clear_error(&err);
    g_autoptr(JsonNode) size = object_find(set, "m")->type->get(object_find(set, "m"), "size");
    g_autofree char *text = json_text_write(size, false);
    g_assert_cmpstr(text, ==, "1048576");
    object_set_free(set);
}

static void test_memory_of_a_file(void)
{
    g_autofree char *folder = g_dir_make_tmp("valletta-objects-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "ram", NULL);
    for (int share = 0; share <= 1; share++) {
        ObjectSet *set = object_set_new();
        g_autofree char *text =
            g_strdup_printf("memory-backend-file,id=f,size=64K,mem-path=%s,share=%s", path,
                                                share ? "on" : "off");
        g_autofree char *contents = NULL;
        gsize len;
        expect_added(set, text);
        MemRegion *ram = object_memory_claim(set, "f", 64 << 10, "me", NULL);
        g_assert_cmpuint(mem_host(ram)[100], ==, 0);
        mem_host(ram)[100] = 0x5a;
        g_assert_true(g_file_get_contents(path, &contents, &len, NULL));
        g_assert_cmpuint(len, ==, 64 << 10);
        g_assert_cmphex((guchar)contents[100], ==, share ? 0x5a : 0);
        object_set_free(set);
    }
    /* A nameless file in a folder leaves nothing behind. */
    ObjectSet *set = object_set_new();
    g_autofree char *text = g_strdup_printf("memory-backend-file,id=f,size=64K,mem-path=%s", folder);
    expect_added(set, text);
    g_unlink(path);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    object_set_free(set);
}

static void expect_secret(ObjectSet *set, const char *id, const char *wanted)
{
    g_autoptr(GBytes) bytes = object_secret(set, id, NULL);
    g_assert_nonnull(bytes);
    g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), wanted, strlen(wanted));
}

static void test_secrets(void)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("valletta-secret-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    g_assert_true(g_file_set_contents(path, "c2VjcmV0\n", -1, NULL));
    g_autofree char *of_file = g_strdup_printf("secret,id=f,file=%s,format=base64", path);
    ObjectSet *set = object_set_new();
    expect_added(set, "secret,id=d,data=open sesame");
    expect_added(set, "secret,id=b,data=YQ==,format=base64");
    expect_added(set, of_file);
    expect_secret(set, "d", "open sesame");
    expect_secret(set, "b", "a");
    expect_secret(set, "f", "secret");
    expect_refused(set, "secret,id=x", "either");
    expect_refused(set, "secret,id=x,data=a,file=b", "either");
    expect_refused(set, "secret,id=x,data=%%,format=base64", "not base64");
    expect_refused(set, "secret,id=x,data=a,format=hex", "raw or base64");
    expect_refused(set, "secret,id=x,file=/nonexistent", "/nonexistent");
    expect_refused(set, "secret,id=x,data=a,keyid=d", "keyid");
    g_assert_null(object_secret(set, "nobody", NULL));
    /* The monitor never shows it. */
    Object *obj = object_find(set, "d");
    for (const ObjectProp *p = obj->type->props; p->name; p++) {
        g_autoptr(JsonNode) value = obj->type->get(obj, p->name);
        g_assert_null(strstr(json_string_text(value), "sesame"));
    }
    object_set_free(set);
    g_unlink(path);
}

static void test_random(void)
{
    ObjectSet *set = object_set_new();
    uint8_t a[64] = { 0 }, b[64] = { 0 };
    GError *err = NULL;
    expect_added(set, "rng-builtin,id=a");
    expect_added(set, "rng-random,id=b");
    expect_added(set, "rng-random,id=empty,filename=/dev/null");
    expect_refused(set, "rng-random,id=x,filename=/nonexistent", "/nonexistent");
    g_assert_true(object_rng_read(set, "a", a, sizeof(a), &err));
    g_assert_true(object_rng_read(set, "b", b, sizeof(b), &err));
    g_assert_true(memcmp(a, b, sizeof(a)) != 0);
    g_assert_false(object_rng_read(set, "empty", a, sizeof(a), &err));
    g_assert_nonnull(strstr(err->message, "end of file"));
    g_clear_error(&err);
    g_assert_false(object_rng_read(set, "nobody", a, sizeof(a), &err));
    g_clear_error(&err);
    object_set_free(set);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/objects/refused", test_refused);
    g_test_add_func("/objects/memory", test_memory);
    g_test_add_func("/objects/memory-of-a-file", test_memory_of_a_file);
    g_test_add_func("/objects/secrets", test_secrets);
    g_test_add_func("/objects/random", test_random);
    return g_test_run();
}
