/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes and requests: what is written is read, by other programs' locks too. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include "block/block.h"

typedef struct {
    Machine *machine;
    BlockGraph *graph;
    char *path;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    f->machine = machine_new(NULL);
    f->graph = block_graph_new(f->machine);
    int fd = g_file_open_tmp("valletta-block-XXXXXX", &f->path, NULL);
    g_assert_cmpint(ftruncate(fd, 1 << 20), ==, 0);
    close(fd);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    block_graph_stop(f->graph);
    block_graph_free(f->graph);
    machine_free(f->machine);
    g_unlink(f->path);
    g_free(f->path);
}

static BlockNode *open_text(Fixture *f, const char *text, GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new("-blockdev");
    g_assert_true(keyval_parse(kv, text, "driver", NULL));
    return block_open(f->graph, kv, err);
}

static BlockNode *open_raw(Fixture *f, const char *more, GError **err)
{
    g_autofree char *text = g_strdup_printf("raw,file.driver=file,file.filename=%s%s", f->path, more);
    return open_text(f, text, err);
}

static void refuse(Fixture *f, const char *text, const char *why)
{
    g_autoptr(GError) err = NULL;
    g_assert_null(open_text(f, text, &err));
    g_assert_nonnull(err);
    if (!strstr(err->message, why)) {
        g_test_message("'%s' is not in: %s", why, err->message);
        g_test_fail();
    }
}

static void test_read_write(Fixture *f, gconstpointer data)
{
    char out[4096], in[4096];
    BlockNode *n = open_raw(f, data, NULL);
    g_assert_nonnull(n);
    memset(out, 0x5a, sizeof(out));
    g_assert_cmpint(block_write(n, 1000, out, sizeof(out)), ==, 0);
    g_assert_cmpint(block_read(n, 1000, in, sizeof(in)), ==, 0);
    g_assert_cmpmem(in, sizeof(in), out, sizeof(out));
    g_assert_cmpint(block_read(n, 900, in, sizeof(in)), ==, 0);
    g_assert_cmpint(in[99], ==, 0);
    g_assert_cmpint(in[100], ==, 0x5a);
    g_assert_cmpint(block_zero(n, 2000, 100, true), ==, 0);
    g_assert_cmpint(block_read(n, 1999, in, 102), ==, 0);
    g_assert_true(in[0] == 0x5a && in[1] == 0 && in[100] == 0 && in[101] == 0x5a);
    g_assert_cmpint(block_write(n, (1 << 20) - 10, out, 11), ==, -EIO);
    g_assert_cmpint(block_read(n, UINT64_MAX - 4, in, 10), ==, -EIO);
    g_assert_cmpint(block_flush(n), ==, 0);
    block_unref(n);
}

static void test_errors(Fixture *f, gconstpointer data)
{
    refuse(f, "raw,file.driver=file,file.filename=/nowhere/disk.img", "Could not open '/nowhere/disk.img'");
    refuse(f, "raw,file=other", "no node of that name");
    refuse(f, "cooked", "driver=cooked: not there");
    refuse(f, "null-co,size=1M,colour=red", "colour");
    refuse(f, "null-co,node-name=1st", "node-name=1st");
    refuse(f, "raw,file.driver=file,file.filename=/tmp", "'/tmp': Is a directory");
    refuse(f, "raw,size=2M,file.driver=null-co,file.size=1M", "leave the 1048576 bytes");
    g_assert_null(block_at(f->graph, 0));
}

static void test_locks(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    BlockNode *n = open_raw(f, "", NULL);
    g_assert_null(open_raw(f, "", &err));
    g_assert_nonnull(strstr(err->message, "another process uses the image"));
    block_unref(n);
    BlockNode *a = open_raw(f, ",read-only=on", NULL), *b = open_raw(f, ",read-only=on", NULL);
    g_assert_true(a && b);
    g_assert_cmpint(block_write(a, 0, "x", 1), ==, -EPERM);
    block_unref(a);
    block_unref(b);
}

typedef struct {
    BlockRequest request;
    struct iovec iov;
    uint32_t word;
    unsigned *done;
    int error;
} Write;

static void written(BlockRequest *r, int error)
{
    Write *w = r->opaque;
    w->error = error;
    ++*w->done;
}

static void test_requests(Fixture *f, gconstpointer data)
{
    enum { COUNT = 200 };
    g_autofree Write *writes = g_new0(Write, COUNT);
    unsigned done = 0;
    BlockNode *n = open_raw(f, "", NULL);
    BlockUser *user = block_user_new(f->graph, "disk0", n, NULL);
    g_autoptr(GError) err = NULL;
    g_assert_null(block_user_new(f->graph, "disk1", n, &err));
    g_assert_nonnull(strstr(err->message, "written to by 'disk0'"));
    machine_lock(f->machine);
    for (unsigned i = 0; i < COUNT; i++) {
        Write *w = &writes[i];
        w->word = i ^ 0x12345678;
        w->iov = (struct iovec){ &w->word, 4 };
        w->done = &done;
        w->request = (BlockRequest){ .op = BLOCK_WRITE, .offset = i * 4096, .iov = &w->iov, .niov = 1,
                                     .done = written, .opaque = w };
        block_submit(user, &w->request);
    }
    block_drain(user);
    g_assert_cmpuint(done, ==, COUNT);
    g_assert_cmpuint(block_user_stats(user, BLOCK_WRITE)->bytes, ==, 4 * COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        uint32_t word;
        g_assert_cmpint(writes[i].error, ==, 0);
        g_assert_cmpint(block_read(n, i * 4096, &word, 4), ==, 0);
        g_assert_cmphex(word, ==, i ^ 0x12345678);
    }
    block_user_set_node(user, NULL);
    block_submit(user, &writes[0].request);
    block_drain(user);
    g_assert_cmpint(writes[0].error, ==, -ENOMEDIUM);
    machine_unlock(f->machine);
    block_unref(n);
}

static void test_names(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    BlockNode *n = open_text(f, "null-co,size=1M,node-name=disk", NULL);
    block_keep(n);
    block_unref(n);
    refuse(f, "null-co,node-name=disk", "there is a node of that name");
    BlockNode *top = open_text(f, "raw,file=disk,node-name=top", NULL);
    g_assert_true(block_file(top) == n && block_size(top) == 1 << 20);
    g_assert_false(block_del(f->graph, "disk", &err));
    g_assert_nonnull(strstr(err->message, "in use"));
    block_unref(top);
    g_assert_true(block_del(f->graph, "disk", NULL));
    g_assert_null(block_find(f->graph, "disk"));
}

static void test_lists(Fixture *f, gconstpointer data)
{
    char a[3], b[5];
    struct iovec iov[2] = { { a, 3 }, { b, 5 } }, part[2];
    iov_from_buf(iov, 2, 0, "abcdefgh", 8);
    g_assert_cmpmem(b, 5, "defgh", 5);
    g_assert_cmpuint(iov_part(part, iov, 2, 2, 3), ==, 2);
    g_assert_true(part[0].iov_base == a + 2 && part[0].iov_len == 1 && part[1].iov_len == 2);
    iov_zero(iov, 2, 1, 3);
    char out[8];
    iov_to_buf(iov, 2, 0, out, 8);
    g_assert_cmpmem(out, 8, "a\0\0\0efgh", 8);
}

/* ---- overlays that vanish ---- */

enum { PARALLEL = 16, SLICE = 200000 };

typedef struct {
    BlockNode *node;
    unsigned number;
} Slice;

/* Slices that share clusters; each is written in odd pieces and read between. */
static gpointer write_slice(gpointer data)
{
    const Slice *s = data;
    uint8_t out[7001], in[7001];
    uint64_t at = (uint64_t)s->number * SLICE, end = at + SLICE;
    memset(out, (int)s->number + 1, sizeof(out));
    while (at < end) {
        size_t n = MIN(sizeof(out), end - at);
        g_assert_cmpint(block_write(s->node, at, out, n), ==, 0);
        g_assert_cmpint(block_read(s->node, at, in, n), ==, 0);
        g_assert_cmpmem(in, n, out, n);
        at += n;
    }
    g_assert_cmpint(block_zero(s->node, end - 100000, 100, true), ==, 0);
    return NULL;
}

static BlockNode *open_temporary(Fixture *f)
{
    g_autofree char *text = g_strdup_printf("temporary,discard=unmap,backing.driver=raw,backing.read-only=on,"
                                            "backing.file.driver=file,backing.file.filename=%s", f->path);
    return open_text(f, text, NULL);
}

static void test_temporary_parallel(Fixture *f, gconstpointer data)
{
    GThread *threads[PARALLEL];
    Slice slices[PARALLEL];
    g_autofree uint8_t *image = g_malloc(PARALLEL * SLICE + 5000), *all = g_malloc(PARALLEL * SLICE + 5000);
    memset(image, 0xee, PARALLEL * SLICE + 5000);
    g_assert_true(g_file_set_contents(f->path, (char *)image, PARALLEL * SLICE + 5000, NULL));
    g_assert_cmpint(g_chmod(f->path, 0400), ==, 0);
    BlockNode *n = open_temporary(f);
    g_assert_nonnull(n);
    for (unsigned i = 0; i < PARALLEL; i++) {
        slices[i] = (Slice){ n, i };
        threads[i] = g_thread_new("slice", write_slice, &slices[i]);
    }
    for (unsigned i = 0; i < PARALLEL; i++) {
        g_thread_join(threads[i]);
    }
    g_assert_cmpint(block_read(n, 0, all, PARALLEL * SLICE + 5000), ==, 0);
    for (unsigned i = 0; i < PARALLEL * SLICE; i++) {
        unsigned inside = i % SLICE;
        g_assert_cmphex(all[i], ==, inside >= 100000 && inside < 100100 ? 0 : i / SLICE + 1);
    }
    g_assert_cmphex(all[PARALLEL * SLICE], ==, 0xee);
    g_assert_cmphex(all[PARALLEL * SLICE + 4999], ==, 0xee);
    block_unref(n);
    g_autofree char *after = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(f->path, &after, &len, NULL));
    g_assert_cmpmem(after, len, image, PARALLEL * SLICE + 5000);
}

static void test_temporary_zeros(Fixture *f, gconstpointer data)
{
    char buf[512];
    g_autofree char *image = g_malloc(1 << 20);
    memset(image, 0x77, 1 << 20);
    g_assert_true(g_file_set_contents(f->path, image, 1 << 20, NULL));
    BlockNode *n = open_temporary(f);
    g_assert_cmpuint(block_allocated(n), ==, 0);
    g_assert_cmpint(block_discard(n, 65536 - 10, 65536 + 20), ==, 0);
    g_assert_cmpint(block_read(n, 65536 - 4, buf, 8), ==, 0);
    g_assert_cmpmem(buf, 8, "wwww\0\0\0\0", 8);
    g_assert_cmpint(block_read(n, 131072 - 4, buf, 8), ==, 0);
    g_assert_cmpmem(buf, 8, "\0\0\0\0wwww", 8);
    g_assert_cmpint(block_zero(n, 200000, 500000, false), ==, 0);
    g_assert_cmpint(block_read(n, 199998, buf, 4), ==, 0);
    g_assert_cmpmem(buf, 4, "ww\0\0", 4);
    g_assert_cmpint(block_read(n, 699998, buf, 4), ==, 0);
    g_assert_cmpmem(buf, 4, "\0\0ww", 4);
    g_assert_cmpint(block_write(n, (1 << 20) - 2, "abc", 3), ==, -EIO);
    g_assert_cmpint(block_truncate(n, 2 << 20), ==, -ENOTSUP);
    block_unref(n);
    refuse(f, "temporary", "needs backing=");
    g_setenv("TMPDIR", "/nowhere", TRUE);
    refuse(f, "temporary,backing.driver=null-co", "temporary file in /nowhere");
    g_unsetenv("TMPDIR");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/block/read-write", Fixture, "", set_up, test_read_write, tear_down);
    g_test_add("/block/direct", Fixture, ",cache.direct=on", set_up, test_read_write, tear_down);
    g_test_add("/block/errors", Fixture, NULL, set_up, test_errors, tear_down);
    g_test_add("/block/locks", Fixture, NULL, set_up, test_locks, tear_down);
    g_test_add("/block/requests", Fixture, NULL, set_up, test_requests, tear_down);
    g_test_add("/block/names", Fixture, NULL, set_up, test_names, tear_down);
    g_test_add("/block/lists", Fixture, NULL, set_up, test_lists, tear_down);
    g_test_add("/block/temporary/parallel", Fixture, NULL, set_up, test_temporary_parallel, tear_down);
    g_test_add("/block/temporary/zeros", Fixture, NULL, set_up, test_temporary_zeros, tear_down);
    return g_test_run();
}
