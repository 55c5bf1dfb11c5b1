/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots and jobs under a guest that writes all the time: the disk stays what the guest made of it. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include "block/job.h"

enum { DISK = 24 << 20, SLOTS = 12, IMAGES = 4 };

typedef struct {
    BlockRequest request;
    struct iovec iov;
    struct Fixture *f;
    uint32_t unit;              /* which part of the disk is its own: requests in flight never overlap */
    uint64_t offset;
    size_t len;
} Slot;

typedef struct Fixture {
    Machine *machine;
    BlockGraph *graph;
    char *folder, *path[IMAGES];
    BlockUser *user;
    uint8_t *disk;              /* what it must hold */
    GRand *rand;
    Slot slots[SLOTS];
    bool ending;
    unsigned inflight, written;
    GHashTable *events;         /* names of statuses that were told */
    char *error;
} Fixture;

static BlockNode *open_image(Fixture *f, unsigned n, const char *more)
{
    g_autofree char *text = g_strdup_printf("qcow2,discard=unmap,node-name=n%u,file.driver=file,"
                                            "file.filename=%s%s", n, f->path[n], more);
    g_autoptr(KeyVal) kv = keyval_new("-blockdev");
    g_autoptr(GError) err = NULL;
    g_assert_true(keyval_parse(kv, text, "driver", NULL));
    BlockNode *node = block_open(f->graph, kv, &err);
    g_assert_no_error(err);
    return node;
}

static void happened(void *opaque, BlockJob *job, BlockJobEvent event)
{
    Fixture *f = opaque;
    if (event == BLOCK_JOB_STATUS_CHANGED) {
        g_hash_table_add(f->events, (gpointer)block_job_status_name(block_job_status(job)));
    }
    if (block_job_error(job) && !f->error) {
        f->error = g_strdup(block_job_error(job));
    }
}

static void create(Fixture *f, unsigned n, uint64_t size, unsigned cluster, const char *backing)
{
    Qcow2Layout layout = { .size = size, .cluster_size = cluster, .backing_name = (char *)backing,
                           .backing_format = (char *)(backing ? "qcow2" : NULL) };
    g_autoptr(GError) err = NULL;
    qcow2_create(f->graph, f->path[n], &layout, &err);
    g_assert_no_error(err);
}

static void set_up(Fixture *f, gconstpointer data)
{
    f->machine = machine_new(NULL);
    f->graph = block_graph_new(f->machine);
    f->folder = g_dir_make_tmp("valletta-job-XXXXXX", NULL);
    f->disk = g_malloc0(DISK);
    f->rand = g_rand_new_with_seed(7);
    f->events = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < IMAGES; i++) {
        g_autofree char *name = g_strdup_printf("%u.qcow2", i);
        f->path[i] = g_build_filename(f->folder, name, NULL);
    }
    block_graph_on_job(f->graph, happened, f);
    create(f, 0, DISK, 65536, NULL);
    BlockNode *node = open_image(f, 0, "");
    f->user = block_user_new(f->graph, "hd", node, NULL);
    block_unref(node);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    block_graph_stop(f->graph);
    block_graph_free(f->graph);
    machine_free(f->machine);
    for (unsigned i = 0; i < IMAGES; i++) {
        g_unlink(f->path[i]);
        g_free(f->path[i]);
    }
    g_rmdir(f->folder);
    g_free(f->folder);
    g_free(f->disk);
    g_rand_free(f->rand);
    g_hash_table_destroy(f->events);
    g_free(f->error);
}

/* ---- the guest ---- */

static void submit(Slot *s);

static void done(BlockRequest *r, int error)
{
    Slot *s = r->opaque;
    Fixture *f = s->f;
    g_assert_cmpint(error, ==, 0);
    if (r->op == BLOCK_WRITE) {
        memcpy(f->disk + s->offset, s->iov.iov_base, s->len);
    } else {
        memset(f->disk + s->offset, 0, s->len);
    }
    f->inflight--;
    f->written++;
    if (!f->ending) {
        submit(s);
    }
}

/* Each slot has its own sectors, which share clusters with all others. */
static void submit(Slot *s)
{
    Fixture *f = s->f;
    unsigned each = DISK / 512 / SLOTS;
    uint64_t sector = (uint64_t)g_rand_int_range(f->rand, 0, (gint32)each - 64);
    s->offset = ((sector / 16 * SLOTS + s->unit) * 16 + sector % 16) * 512;
    s->len = 512 * (size_t)g_rand_int_range(f->rand, 1, 17 - (gint32)(sector % 16));
    s->iov.iov_len = s->len;
    memset(s->iov.iov_base, g_rand_int_range(f->rand, 0, 4) ? g_rand_int_range(f->rand, 0, 256) : 0, s->len);
    s->request = (BlockRequest){ .op = g_rand_int_range(f->rand, 0, 8) ? BLOCK_WRITE : BLOCK_ZERO,
                                 .offset = s->offset, .bytes = s->len, .iov = &s->iov, .niov = 1,
                                 .unmap = true, .done = done, .opaque = s };
    f->inflight++;
    block_submit(f->user, &s->request);
}

static void begin_guest(Fixture *f)
{
    f->ending = false;
    for (unsigned i = 0; i < SLOTS; i++) {
        f->slots[i].f = f;
        f->slots[i].unit = i;
        f->slots[i].iov.iov_base = f->slots[i].iov.iov_base ? f->slots[i].iov.iov_base : g_malloc(16 * 512);
        submit(&f->slots[i]);
    }
}

static void end_guest(Fixture *f)
{
    f->ending = true;
    block_drain(f->user);
    g_assert_cmpuint(f->inflight, ==, 0);
}

/* The main thread as it runs in the program. */
static void turn(Fixture *f)
{
    machine_unlock(f->machine);
    g_main_context_iteration(NULL, FALSE);
    g_usleep(200);
    machine_lock(f->machine);
}

static void write_for(Fixture *f, unsigned requests)
{
    for (unsigned end = f->written + requests; f->written < end;) {
        turn(f);
    }
}

static void wait_status(Fixture *f, const char *status)
{
    gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
    while (!g_hash_table_contains(f->events, status)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        turn(f);
    }
    g_assert_cmpstr(f->error, ==, NULL);
}

static void verify(Fixture *f)
{
    g_autofree uint8_t *got = g_malloc(DISK);
    g_assert_cmpint(block_read(block_user_node(f->user), 0, got, DISK), ==, 0);
    for (unsigned at = 0; at < DISK; at += 4096) {
        if (memcmp(got + at, f->disk + at, 4096) != 0) {
            g_error("the disk is wrong from %u on", at);
        }
    }
}

static void snapshot(Fixture *f, unsigned n, unsigned cluster)
{
    g_autoptr(GError) err = NULL;
    create(f, n, DISK, cluster, f->path[n - 1]);
    BlockOverlay o = { block_user_node(f->user), open_image(f, n, ",backing=") };
    g_assert_true(block_snapshot(f->graph, &o, 1, &err));
    g_assert_no_error(err);
    g_assert_true(block_read_only(o.node) && block_user_node(f->user) == o.overlay);
    block_unref(o.overlay);
}

static BlockNode *image(Fixture *f, unsigned n)
{
    g_autofree char *name = g_strdup_printf("n%u", n);
    return block_find(f->graph, name);
}

static void build_chain(Fixture *f)
{
    static const unsigned clusters[IMAGES] = { 0, 4096, 65536, 16384 };
    begin_guest(f);
    for (unsigned i = 1; i < IMAGES; i++) {
        write_for(f, 300);
        snapshot(f, i, clusters[i]);
    }
    write_for(f, 300);
}

static void finish_guest(Fixture *f)
{
    write_for(f, 100);
    end_guest(f);
    verify(f);
    for (unsigned i = 0; i < SLOTS; i++) {
        g_free(f->slots[i].iov.iov_base);
    }
    machine_unlock(f->machine);
}

/* ---- the cases ---- */

static void test_commit_active(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    BlockJobOptions options = { .id = "j" };
    machine_lock(f->machine);
    build_chain(f);
    BlockJob *job = block_commit(f->graph, image(f, 3), image(f, 3), image(f, 0), NULL, &options, &err);
    g_assert_no_error(err);
    wait_status(f, "ready");
    write_for(f, 500);
    g_assert_true(block_job_complete(job, NULL));
    wait_status(f, "null");
    g_assert_true(block_user_node(f->user) == image(f, 0) && !image(f, 3) && !image(f, 1));
    g_assert_null(block_backing(image(f, 0)));
    finish_guest(f);
}

static void test_commit_between(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    BlockJobOptions options = { .id = "j" };
    machine_lock(f->machine);
    build_chain(f);
    g_assert_nonnull(block_commit(f->graph, image(f, 3), image(f, 2), image(f, 1), NULL, &options, &err));
    wait_status(f, "null");
    g_assert_true(block_user_node(f->user) == image(f, 3) && block_backing(image(f, 3)) == image(f, 1));
    g_assert_true(!image(f, 2) && block_read_only(image(f, 1)));
    finish_guest(f);
}

static void test_stream(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    BlockJobOptions options = { .id = "j" };
    machine_lock(f->machine);
    build_chain(f);
    BlockNode *base = data ? image(f, 0) : NULL;
    g_assert_nonnull(block_stream(f->graph, image(f, 3), base, NULL, &options, &err));
    wait_status(f, "null");
    g_assert_true(block_user_node(f->user) == image(f, 3) && block_backing(image(f, 3)) == base);
    finish_guest(f);
}

/* Cancelled, paused and ended with the program: nothing has changed. */
static void test_cancel(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    BlockJobOptions options = { .id = "j", .speed = 1 << 20 };
    machine_lock(f->machine);
    build_chain(f);
    BlockJob *job = block_commit(f->graph, image(f, 3), image(f, 3), image(f, 0), NULL, &options, &err);
    g_assert_null(block_stream(f->graph, image(f, 3), NULL, NULL, &options, &err));
    g_assert_nonnull(strstr(err->message, "job 'j' works on it"));
    write_for(f, 100);
    g_assert_true(block_job_pause(job, true, NULL));
    write_for(f, 100);
    g_assert_true(block_job_cancel(job, true, NULL));
    wait_status(f, "null");
    g_assert_true(block_user_node(f->user) == image(f, 3) && block_read_only(image(f, 0)));
    write_for(f, 100);
    g_assert_nonnull(block_commit(f->graph, image(f, 3), image(f, 3), image(f, 0), NULL, &options, NULL));
    finish_guest(f);            /* the end of the graph ends the job */
}

/* Images of every size of cluster and disk are read as zeros; the tool's word on them is tests/block's. */
static void test_create(Fixture *f, gconstpointer data)
{
    static const struct { uint64_t size; unsigned cluster; } good[] = {
        { 0, 65536 }, { 512, 512 }, { 100 << 20, 512 }, { UINT64_C(1) << 40, 65536 }, { 1 << 30, 2 << 20 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(good); i++) {
        create(f, 1, good[i].size, good[i].cluster, NULL);
        BlockNode *node = open_image(f, 1, "");
        g_assert_cmpuint(block_size(node), ==, good[i].size);
        if (good[i].size) {
            char buf[512] = "x";
            g_assert_cmpint(block_read(node, good[i].size - 512, buf, 512), ==, 0);
            g_assert_cmpint(buf[0], ==, 0);
            g_assert_cmpint(block_write(node, good[i].size - 512, "word", 4), ==, 0);
        }
        block_unref(node);
    }
    Qcow2Layout bad[] = { { .size = 513 }, { .size = 512, .cluster_size = 3000 },
                          { .size = INT64_MAX & ~511 }, { .size = 512, .cluster_size = 4 << 20 }, { .size = 512, .version = 4 },
                          { .size = 512, .backing_format = (char *)"raw" } };
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) err = NULL;
        g_assert_false(qcow2_create(f->graph, f->path[1], &bad[i], &err));
        g_assert_nonnull(err);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/job/create", Fixture, NULL, set_up, test_create, tear_down);
    g_test_add("/job/commit-active", Fixture, NULL, set_up, test_commit_active, tear_down);
    g_test_add("/job/commit-between", Fixture, NULL, set_up, test_commit_between, tear_down);
    g_test_add("/job/stream", Fixture, NULL, set_up, test_stream, tear_down);
    g_test_add("/job/stream-to-base", Fixture, "base", set_up, test_stream, tear_down);
    g_test_add("/job/cancel", Fixture, NULL, set_up, test_cancel, tear_down);
    return g_test_run();
}
