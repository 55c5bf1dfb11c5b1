/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images made by hand, byte by byte: what lies where in the file, and what is refused. What other
 * programs make of images, and of ours, is in tests/block.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include "block/block.h"

enum { CLUSTER = 4096, REFTABLE = 1, REFBLOCK = 2, L1 = 3, L2 = 4, DATA = 5, CLUSTERS = 6 };
#define COPIED (UINT64_C(1) << 63)

typedef struct {
    Machine *machine;
    BlockGraph *graph;
    char *folder, *path;
    uint8_t image[CLUSTERS * CLUSTER];
} Fixture;

static void put(Fixture *f, unsigned cluster, unsigned at, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++) {
        f->image[cluster * CLUSTER + at + i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
}

static void save(Fixture *f)
{
    g_assert_true(g_file_set_contents(f->path, (const char *)f->image, sizeof(f->image), NULL));
}

/* 1 MiB, whose first cluster is full of 0x5a. */
static void make(Fixture *f)
{
    put(f, 0, 0, 4, 0x514649fb);
    put(f, 0, 4, 4, 3);
    put(f, 0, 20, 4, 12);
    put(f, 0, 24, 8, 1 << 20);
    put(f, 0, 36, 4, 1);
    put(f, 0, 40, 8, L1 * CLUSTER);
    put(f, 0, 48, 8, REFTABLE * CLUSTER);
    put(f, 0, 56, 4, 1);
    put(f, 0, 96, 4, 4);
    put(f, 0, 100, 4, 104);
    put(f, REFTABLE, 0, 8, REFBLOCK * CLUSTER);
    for (unsigned i = 0; i < CLUSTERS; i++) {
        put(f, REFBLOCK, 2 * i, 2, 1);
    }
    put(f, L1, 0, 8, COPIED | L2 * CLUSTER);
    put(f, L2, 0, 8, COPIED | DATA * CLUSTER);
    memset(f->image + DATA * CLUSTER, 0x5a, CLUSTER);
}

static void set_up(Fixture *f, gconstpointer data)
{
    f->machine = machine_new(NULL);
    f->graph = block_graph_new(f->machine);
    f->folder = g_dir_make_tmp("valletta-qcow2-XXXXXX", NULL);
    f->path = g_build_filename(f->folder, "image", NULL);
    make(f);
    save(f);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    block_graph_free(f->graph);
    machine_free(f->machine);
    g_unlink(f->path);
    g_rmdir(f->folder);
    g_free(f->path);
    g_free(f->folder);
}

static BlockNode *open_image(Fixture *f, const char *more, GError **err)
{
    g_autofree char *text = g_strdup_printf("qcow2,file.driver=file,file.filename=%s%s", f->path, more);
    g_autoptr(KeyVal) kv = keyval_new("-blockdev");
    g_assert_true(keyval_parse(kv, text, "driver", NULL));
    return block_open(f->graph, kv, err);
}

/* What is in the file now, in the file's byte order. */
static uint64_t look(Fixture *f, uint64_t at)
{
    uint64_t v;
    g_autofree char *data = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(f->path, &data, &len, NULL));
    g_assert_cmpuint(at + 8, <=, len);
    memcpy(&v, data + at, 8);
    return GUINT64_FROM_BE(v);
}

static void test_read(Fixture *f, gconstpointer data)
{
    uint8_t buf[3 * CLUSTER];
    BlockNode *n = open_image(f, ",read-only=on", NULL);
    g_assert_nonnull(n);
    g_assert_cmpuint(block_size(n), ==, 1 << 20);
    g_assert_cmpint(block_read(n, 1, buf, sizeof(buf)), ==, 0);
    g_assert_true(buf[0] == 0x5a && buf[CLUSTER - 2] == 0x5a && buf[CLUSTER - 1] == 0 && buf[2 * CLUSTER] == 0);
    g_assert_cmpint(block_read(n, (1 << 20) - 1, buf, 2), ==, -EIO);
    g_assert_cmpint(block_write(n, 0, buf, 1), ==, -EPERM);
    block_unref(n);
}

/* In place where the cluster is there; else behind the last one, and only a flush tells the tables. */
static void test_write(Fixture *f, gconstpointer data)
{
    BlockNode *n = open_image(f, "", NULL);
    g_assert_cmpint(block_write(n, 10, "abc", 3), ==, 0);
    g_assert_cmphex(look(f, DATA * CLUSTER + 8), ==, 0x5a5a6162635a5a5a);
    g_assert_cmpint(block_write(n, 8 * CLUSTER + 8, "01234567", 8), ==, 0);
    g_assert_cmphex(look(f, 6 * CLUSTER + 8), ==, 0x3031323334353637);
    g_assert_cmphex(look(f, L2 * CLUSTER + 64), ==, 0);
    g_assert_cmpint(block_flush(n), ==, 0);
    g_assert_cmphex(look(f, L2 * CLUSTER + 64), ==, COPIED | 6 * CLUSTER);
    g_assert_cmphex(look(f, REFBLOCK * CLUSTER + 8), ==, 0x0001000100010000);
    block_unref(n);
    g_assert_cmphex(look(f, L1 * CLUSTER), ==, COPIED | L2 * CLUSTER);
}

/* What a snapshot has too is not written to: it moves. */
static void test_shared(Fixture *f, gconstpointer data)
{
    uint8_t byte;
    put(f, REFBLOCK, 2 * DATA, 2, 2);
    put(f, L2, 0, 8, DATA * CLUSTER);
    save(f);
    BlockNode *n = open_image(f, "", NULL);
    g_assert_cmpint(block_write(n, 8, "01234567", 8), ==, 0);
    g_assert_cmpint(block_read(n, 16, &byte, 1), ==, 0);
    g_assert_cmpint(byte, ==, 0x5a);
    block_unref(n);
    g_assert_cmphex(look(f, DATA * CLUSTER + 8), ==, 0x5a5a5a5a5a5a5a5a);
    g_assert_cmphex(look(f, L2 * CLUSTER), ==, COPIED | 6 * CLUSTER);
    g_assert_cmphex(look(f, REFBLOCK * CLUSTER + 8), ==, 0x0001000100010000);
}

/* A cluster that was given up is used again once a flush has said so, and not before. */
static void test_discard(Fixture *f, gconstpointer data)
{
    uint8_t byte = 1;
    BlockNode *n = open_image(f, ",discard=unmap", NULL);
    g_assert_cmpint(block_discard(n, 0, CLUSTER), ==, 0);
    g_assert_cmpint(block_read(n, 5, &byte, 1), ==, 0);
    g_assert_cmpint(byte, ==, 0);
    g_assert_cmpint(block_write(n, CLUSTER, "01234567", 8), ==, 0);
    g_assert_cmphex(look(f, 6 * CLUSTER), ==, 0x3031323334353637);
    g_assert_cmpint(block_flush(n), ==, 0);
    g_assert_cmphex(look(f, L2 * CLUSTER), ==, 0);
    g_assert_cmpint(block_write(n, 2 * CLUSTER, "abcdefgh", 8), ==, 0);
    g_assert_cmphex(look(f, DATA * CLUSTER), ==, 0x6162636465666768);
    g_assert_cmphex(look(f, DATA * CLUSTER + 8), ==, 0);
    block_unref(n);
}

/* Version 3 says "zeros" in the entry, and keeps the cluster unless it may be given back. */
static void test_zero(Fixture *f, gconstpointer data)
{
    BlockNode *n = open_image(f, ",discard=unmap", NULL);
    g_assert_cmpint(block_zero(n, 0, CLUSTER, false), ==, 0);
    g_assert_cmpint(block_flush(n), ==, 0);
    g_assert_cmphex(look(f, L2 * CLUSTER), ==, COPIED | DATA * CLUSTER | 1);
    g_assert_cmpint(block_write(n, 8, "01234567", 8), ==, 0);
    g_assert_cmphex(look(f, DATA * CLUSTER), ==, 0);
    g_assert_cmpint(block_flush(n), ==, 0);
    g_assert_cmphex(look(f, L2 * CLUSTER), ==, COPIED | DATA * CLUSTER);
    g_assert_cmpint(block_zero(n, 0, CLUSTER, true), ==, 0);
    block_unref(n);
    g_assert_cmphex(look(f, L2 * CLUSTER), ==, 0);
    g_assert_cmphex(look(f, REFBLOCK * CLUSTER + 8), ==, 0x0001000000000000);
}

static void test_info(Fixture *f, gconstpointer data)
{
    BlockInfo info;
    BlockNode *n = open_image(f, ",read-only=on", NULL);
    block_info(n, &info);
    g_assert_true(info.cluster_size == CLUSTER && !info.dirty && !info.backing_name && info.snapshot_count == 0);
    JsonObject *specific = json_object_get_object_member(info.specific, "data");
    g_assert_cmpstr(json_object_get_string_member(info.specific, "type"), ==, "qcow2");
    g_assert_cmpstr(json_object_get_string_member(specific, "compat"), ==, "1.1");
    g_assert_cmpint(json_object_get_int_member(specific, "refcount-bits"), ==, 16);
    block_info_clear(&info);
    block_unref(n);
}

static void test_probe(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    g_assert_cmpstr(block_probe_format(f->path, NULL), ==, "qcow2");
    put(f, 0, 4, 4, 9);
    save(f);
    g_assert_cmpstr(block_probe_format(f->path, NULL), ==, "raw");
    g_assert_true(g_file_set_contents(f->path, "short", 5, NULL));
    g_assert_cmpstr(block_probe_format(f->path, NULL), ==, "raw");
    g_assert_null(block_probe_format("/nowhere/disk", &err));
    g_assert_nonnull(strstr(err->message, "/nowhere/disk"));
}

static void test_broken_headers(Fixture *f, gconstpointer data)
{
    static const struct { unsigned at, bytes; uint64_t value; const char *why; } cases[] = {
        { 20, 4, 22, "clusters of 2^22" }, { 20, 4, 8, "clusters of 2^8" }, { 24, 8, UINT64_MAX, "too large" },
        { 24, 8, UINT64_C(1) << 40, "L1 table" }, { 36, 4, 0, "L1 table" }, { 36, 4, 5 << 20, "L1 table" },
        { 40, 8, L1 * CLUSTER + 8, "L1 table" }, { 40, 8, UINT64_C(1) << 62, "L1 table" },
        { 48, 8, 100, "refcount table" }, { 56, 4, 4096, "refcount table" }, { 56, 4, 0, "refcount table" },
        { 60, 4, 70000, "snapshots" }, { 60, 4, 1, "snapshot 0" }, { 32, 4, 1, "encrypted (AES)" },
        { 72, 8, 4, "external data file" }, { 72, 8, 16, "extended L2" }, { 72, 8, 32, "'bit 5'" },
        { 72, 8, 2, "corrupt" }, { 96, 4, 7, "2^7 bits" }, { 100, 4, 96, "header of 96" },
        { 100, 4, 8192, "header of 8192" }, { 16, 4, 2000, NULL },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) err = NULL;
        make(f);
        put(f, 0, cases[i].at, cases[i].bytes, cases[i].value);
        save(f);
        BlockNode *n = open_image(f, "", &err);
        if (!cases[i].why) {            /* the length of a name that is not there */
            g_assert_no_error(err);
            block_unref(n);
        } else if (n || !strstr(err->message, cases[i].why)) {
            g_error("case %zu: '%s' is not in: %s", i, cases[i].why, n ? "(opened)" : err->message);
        }
        memset(f->image, 0, CLUSTER);
    }
}

/* Entries that lead nowhere are errors of the request, and nothing is written where they point. */
static void test_broken_entries(Fixture *f, gconstpointer data)
{
    static const struct { unsigned cluster; uint64_t value; } cases[] = {
        { L1, COPIED | (L2 * CLUSTER + 512) }, { L1, COPIED | UINT64_C(1) << 50 }, { L2, COPIED | 512 },
        { L2, COPIED | UINT64_C(1) << 50 }, { L2, UINT64_C(1) << 62 | UINT64_C(1) << 40 },
        { L2, UINT64_C(1) << 62 | 100 }, { L2, UINT64_C(1) << 62 | DATA * CLUSTER },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint8_t byte;
        make(f);
        put(f, cases[i].cluster, 0, 8, cases[i].value);
        save(f);
        BlockNode *n = open_image(f, "", NULL);
        g_assert_cmpint(block_read(n, 0, &byte, 1), ==, -EIO);
        g_assert_cmpint(block_write(n, 0, "x", 1), ==, -EIO);
        g_assert_cmpint(block_flush(n), ==, 0);
        block_unref(n);
    }
}

/* A cluster that is counted as free and in use is not handed out. */
static void test_broken_refcounts(Fixture *f, gconstpointer data)
{
    static const unsigned wrong[] = { 0, REFTABLE, REFBLOCK, L1, L2 };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        make(f);
        put(f, REFBLOCK, 2 * wrong[i], 2, 0);
        save(f);
        BlockNode *n = open_image(f, "", NULL);
        g_assert_cmpint(block_write(n, 9 * CLUSTER, "x", 1), ==, -EIO);
        block_unref(n);
        g_autofree char *now = NULL;
        gsize len;
        g_assert_true(g_file_get_contents(f->path, &now, &len, NULL));
        g_assert_cmpmem(now, MIN(len, sizeof(f->image)), f->image, sizeof(f->image));
    }
}

#define ADD(name, function) g_test_add("/qcow2/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("read", test_read);
    ADD("write", test_write);
    ADD("shared", test_shared);
    ADD("discard", test_discard);
    ADD("zero", test_zero);
    ADD("info", test_info);
    ADD("probe", test_probe);
    ADD("broken-headers", test_broken_headers);
    ADD("broken-entries", test_broken_entries);
    ADD("broken-refcounts", test_broken_refcounts);
    return g_test_run();
}
