/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P server and hostile guests: names, links, races, limits, garbage; and several requests at once. */
#include "p9-client.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* ---- hostile ---- */

static void test_bad_names(gconstpointer model)
{
    static const char *const bad[] = { "", ".", "..", "a/b", "/", "/etc/passwd", "../x" };
    Client *k = new_of_model(model);
    make_file(k, ROOT, F, "file", "x");
    OK(walk_to(k, ROOT, F, "file"));
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        const char *n = bad[i];
        g_assert_cmpuint(rpc(k, P9_TWALK, "ddws", ROOT, G, 1u, n), ==, strcmp(n, "..") == 0 ? 0 : EINVAL);
        rpc(k, P9_TCLUNK, "d", G);
        FAILS(EINVAL, rpc(k, P9_TMKDIR, "dsdd", ROOT, n, 0755u, 0u));
        FAILS(EINVAL, rpc(k, P9_TSYMLINK, "dssd", ROOT, n, "x", 0u));
        FAILS(EINVAL, rpc(k, P9_TMKNOD, "dsdddd", ROOT, n, S_IFREG | 0644u, 0u, 0u, 0u));
        FAILS(EINVAL, rpc(k, P9_TLINK, "dds", ROOT, F, n));
        FAILS(EINVAL, rpc(k, P9_TRENAME, "dds", F, ROOT, n));
        FAILS(EINVAL, rpc(k, P9_TRENAMEAT, "dsds", ROOT, "file", ROOT, n));
        FAILS(EINVAL, rpc(k, P9_TRENAMEAT, "dsds", ROOT, n, ROOT, "x"));
        FAILS(EINVAL, rpc(k, P9_TUNLINKAT, "dsd", ROOT, n, 0u));
        FAILS(EINVAL, rpc(k, P9_TLCREATE, "dsddd", ROOT, n, 0101u, 0600u, 0u));
    }
    FAILS(G_EPROTO, rpc(k, P9_TMKDIR, "dwrdd", ROOT, 3u, "a\0b", 3u, 0755u, 0u));
    FAILS(G_EPROTO, rpc(k, P9_TWALK, "ddwwr", ROOT, G, 1u, 3u, "a\0b", 3u));
    g_autofree char *longest = g_strnfill(256, 'n'), *longer = g_strnfill(20000, 'n');
    FAILS(G_ENAMETOOLONG, rpc(k, P9_TMKDIR, "dsdd", ROOT, longest, 0755u, 0u));
    FAILS(G_ENAMETOOLONG, rpc(k, P9_TMKDIR, "dsdd", ROOT, longer, 0755u, 0u));
    FAILS(G_ENAMETOOLONG, rpc(k, P9_TSYMLINK, "dssd", ROOT, "l", longer, 0u));
    if (strcmp(model, "mapped-file") == 0) {
        FAILS(ENOENT, walk_to(k, ROOT, G, ".virtfs_metadata"));
        FAILS(ENOENT, rpc(k, P9_TUNLINKAT, "dsd", ROOT, ".virtfs_metadata", 0x200u));
        FAILS(ENOENT, rpc(k, P9_TRENAMEAT, "dsds", ROOT, "file", ROOT, ".virtfs_metadata_root"));
    }
    FAILS(ENOTDIR, walk_to(k, F, G, "x"));
    FAILS(ENOENT, walk_to(k, ROOT, G, "file/x"));       /* a walk that ends half-way */
    client_free(k);
}

/* Links that somebody at the host has made lead nowhere, whatever is asked of them. */
static void test_links_of_the_host(gconstpointer model)
{
    Client *k = new_of_model(model);
    g_autofree char *secret = g_build_filename(k->outside, "secret", NULL);
    g_autofree char *folder = at_host(k, "folder"), *file = at_host(k, "file"), *up = at_host(k, "up");
    g_autofree char *fd = at_host(k, "fd");
    g_assert_true(g_file_set_contents(secret, "secret", -1, NULL));
    g_assert_cmpint(symlink(k->outside, folder) | symlink(secret, file) | symlink("..", up) |
                    symlink("/proc/self/cwd", fd), ==, 0);
    static const char *const beyond[] = { "folder/secret", "up/x", "fd/x" };
    for (unsigned i = 0; i < G_N_ELEMENTS(beyond); i++) {
        FAILS(ENOENT, walk_to(k, ROOT, F, beyond[i]));
    }
    OK(walk_to(k, ROOT, F, "folder"));
    FAILS(ENOTDIR, walk_to(k, F, G, "secret"));
    FAILS(ENOTDIR, rpc(k, P9_TMKDIR, "dsdd", F, "made", 0755u, 0u));
    FAILS(ENOTDIR, rpc(k, P9_TUNLINKAT, "dsd", F, "secret", 0u));
    FAILS(ENOTDIR, rpc(k, P9_TRENAMEAT, "dsds", F, "secret", ROOT, "mine"));
    FAILS(ENOTDIR, rpc(k, P9_TRENAMEAT, "dsds", ROOT, "file", F, "put"));
    FAILS(ENOTDIR, rpc(k, P9_TLCREATE, "dsddd", F, "secret", 0102u, 0600u, 0u));
    FAILS(ENOTDIR, rpc(k, P9_TSYMLINK, "dssd", F, "made", "x", 0u));
    FAILS(G_ELOOP, rpc(k, P9_TLOPEN, "dd", F, 0u));
    FAILS(ENOTDIR, rpc(k, P9_TATTACH, "ddssd", G, P9_NO_FID, "u", "folder", 0u));
    OK(walk_to(k, ROOT, G, "file"));
    FAILS(G_ELOOP, rpc(k, P9_TLOPEN, "dd", G, 0u));
    FAILS(G_ELOOP, rpc(k, P9_TLOPEN, "dd", G, 01002u));
    OK(walk_to(k, ROOT, 12, ""));
    FAILS(G_ELOOP, rpc(k, P9_TLCREATE, "dsddd", 12u, "file", 01102u, 0600u, 0u));
    g_assert_cmpuint(rpc(k, P9_TSETATTR, "dddddqqqqq", G, 8u, 0u, 0u, 0u, UINT64_C(0), UINT64_C(0),
                         UINT64_C(0), UINT64_C(0), UINT64_C(0)), !=, 0);
    rpc(k, P9_TSETATTR, "dddddqqqqq", G, 7u, 0777u, 4321u, 4321u, UINT64_C(0), UINT64_C(0), UINT64_C(0),
        UINT64_C(0), UINT64_C(0));
    OK(rpc(k, P9_TREADLINK, "d", G));
    OK(rpc(k, P9_TLINK, "dds", ROOT, G, "hard"));       /* of the link itself */
    struct stat st;
    g_assert_cmpint(stat(secret, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, 6);
    g_assert_cmpuint(st.st_uid, ==, geteuid());
    g_assert_cmpuint(st.st_nlink, ==, 1);
    g_assert_cmphex(st.st_mode & 0777, !=, 0777);
    g_autoptr(GDir) list = g_dir_open(k->outside, 0, NULL);
    g_assert_cmpstr(g_dir_read_name(list), ==, "secret");
    g_assert_null(g_dir_read_name(list));
    client_free(k);
}

typedef struct {
    char *a, *b;
    int end;
} Swapper;

static gpointer swap_all_the_time(gpointer data)
{
    Swapper *s = data;
    while (!g_atomic_int_get(&s->end)) {
        g_assert_cmpint(renameat2(AT_FDCWD, s->a, AT_FDCWD, s->b, RENAME_EXCHANGE), ==, 0);
    }
    return NULL;
}

/* Somebody at the host exchanges a folder on the way for a link that leads out, all the time. */
static void race(bool openat2)
{
    Client *k = client_new("security_model=none", NULL);
    k->share->openat2 = k->share->openat2 && openat2;
    g_autofree char *good = at_host(k, "d"), *link = at_host(k, "l"), *inner = at_host(k, "d/e");
    g_autofree char *out = g_build_filename(k->outside, "e", NULL);
    g_autofree char *secret = g_build_filename(out, "file", NULL);
    g_assert_cmpint(mkdir(good, 0755) | mkdir(inner, 0755) | mkdir(out, 0755), ==, 0);
    g_assert_cmpint(symlink(k->outside, link), ==, 0);
    g_assert_true(g_file_set_contents(secret, "secret", -1, NULL));
    host_write(k, "d/e/file", "inside");
    Swapper s = { good, link, 0 };
    GThread *thread = g_thread_new("swap", swap_all_the_time, &s);
    unsigned reached = 0;
    gint64 end = g_get_monotonic_time() + G_USEC_PER_SEC / 2;
    for (uint32_t i = 0; g_get_monotonic_time() < end || (reached == 0 && i < 100000); i++) {
        if (walk_to(k, ROOT, F, "d/e/file") != 0) {
            continue;
        }
        if (rpc(k, P9_TLOPEN, "dd", F, 0u) == 0) {
            g_autofree char *text = read_fid(k, F);
            g_assert_cmpstr(text, ==, "inside");
            reached++;
        }
        clunk(k, F);
        if (walk_to(k, ROOT, F, "d/e") == 0) {
            rpc(k, P9_TMKDIR, "dsdd", F, "made", 0755u, 0u);
            rpc(k, P9_TUNLINKAT, "dsd", F, "made", 0x200u);
            rpc(k, P9_TUNLINKAT, "dsd", F, "secret", 0u);
            clunk(k, F);
        }
    }
    g_atomic_int_set(&s.end, 1);
    g_thread_join(thread);
    g_assert_cmpuint(reached, >, 0);
    g_autoptr(GDir) list = g_dir_open(out, 0, NULL);
    g_assert_cmpstr(g_dir_read_name(list), ==, "file");
    g_assert_null(g_dir_read_name(list));
    client_free(k);
}

static void test_race(void)
{
    race(true);
}

static void test_race_by_steps(void)
{
    race(false);
}

static void test_limits(void)
{
    Client *k = client_new("security_model=none", NULL);
    uint32_t n = 0, error = 0;
    while (error == 0 && n <= P9_MAX_FIDS) {
        error = walk_to(k, ROOT, 1000 + n++, "");
    }
    g_assert_cmpuint(error, ==, ENFILE);
    g_assert_cmpuint(n, ==, P9_MAX_FIDS);
    begin_session(k);
    make_file(k, ROOT, F, "file", "x");
    k->set->max_open = 50;
    for (n = 0, error = 0; error == 0 && n <= 50; n++) {
        OK(walk_to(k, ROOT, 1000 + n, "file"));
        error = rpc(k, P9_TLOPEN, "dd", 1000 + n, 0u);
    }
    g_assert_cmpuint(error, ==, EMFILE);
    g_assert_cmpuint(n, ==, 51);
    begin_session(k);
    g_assert_cmpint(k->set->open_files, ==, 0);
    for (n = 0, error = 0; error == 0 && n <= P9_XATTR_TOTAL / P9_XATTR_BYTES; n++) {
        OK(walk_to(k, ROOT, 1000 + n, "file"));
        error = rpc(k, P9_TXATTRCREATE, "dsqd", 1000 + n, "user.a", (uint64_t)P9_XATTR_BYTES, 0u);
    }
    g_assert_cmpuint(error, ==, ENOMEM);
    begin_session(k);
    OK(walk_to(k, ROOT, F, "file"));
    FAILS(E2BIG, rpc(k, P9_TXATTRCREATE, "dsqd", F, "user.a", UINT64_MAX, 0u));
    OK(rpc(k, P9_TXATTRCREATE, "dsqd", F, "user.a", UINT64_C(65536), 0u));
    clunk(k, ROOT);
    client_free(k);
}

/* Counts, sizes and offsets that cannot be. */
static void test_sizes(void)
{
    Client *k = client_new("security_model=none", NULL);
    make_file(k, ROOT, F, "file", "text");
    OK(walk_to(k, ROOT, F, "file"));
    OK(rpc(k, P9_TLOPEN, "dd", F, 2u));
    OK(rpc(k, P9_TREAD, "dqd", F, UINT64_C(0), 0xffffffffu));
    g_assert_cmpuint(take(k, 4), ==, 4);
    FAILS(EINVAL, rpc(k, P9_TREAD, "dqd", F, UINT64_MAX, 16u));
    FAILS(G_EPROTO, rpc(k, P9_TWRITE, "dqdr", F, UINT64_C(0), 0xffffffffu, "x", 1u));
    FAILS(G_EPROTO, rpc(k, P9_TWRITE, "dqdr", F, UINT64_C(0), 2u, "x", 1u));
    FAILS(EFBIG, rpc(k, P9_TWRITE, "dqdr", F, UINT64_MAX, 1u, "x", 1u));
    FAILS(G_EPROTO, rpc(k, P9_TWALK, "ddw", ROOT, G, 17u));
    FAILS(G_EPROTO, rpc(k, P9_TWALK, "ddw", ROOT, G, 0xffffu));
    FAILS(EBUSY, rpc(k, P9_TWALK, "ddws", F, F, 1u, "x"));
    FAILS(EBADF, rpc(k, P9_TREAD, "dqd", 77u, UINT64_C(0), 1u));
    /* A reply for which there is no room, and a message that says that it is longer than it is. */
    GByteArray *m = message_new(P9_TGETATTR, 5);
    put_bytes(m, 4, F);
    put_bytes(m, 8, 0);
    FAILS(132u, rpc_message(k, m, 50));
    m = message_new(P9_TREAD, 5);
    put_bytes(m, 4, F);
    put_bytes(m, 8, 0);
    put_bytes(m, 4, 100);
    OK(rpc_message(k, m, 13));
    g_assert_cmpuint(take(k, 4), ==, 2);
    static const uint32_t sizes[] = { 0, 6, 12, 0x7fffffff, 0xffffffff };
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        m = message_new(P9_TCLUNK, 5);
        put_bytes(m, 4, F);
        store_le(m->data, 4, sizes[i]);
        Pending *p = submit(k, m, 100);
        wait_for(p);
        g_assert_cmpuint(p->room[4], ==, P9_RLERROR);
        pending_free(p);
    }
    OK(rpc(k, P9_TVERSION, "ds", 4096u, "9P2000.L"));
    OK(rpc(k, P9_TATTACH, "ddssd", ROOT, P9_NO_FID, "user", "", 1000u));
    static const uint8_t big[5000];
    OK(walk_to(k, ROOT, F, "file"));
    OK(rpc(k, P9_TLOPEN, "dd", F, 2u));
    FAILS(G_EMSGSIZE, rpc(k, P9_TWRITE, "dqdr", F, UINT64_C(0), 5000u, big, 5000u));
    OK(rpc(k, P9_TWRITE, "dqdr", F, UINT64_C(0), 4000u, big, 4000u));
    OK(rpc(k, P9_TWRITE, "dqdr", F, UINT64_C(4000), 4000u, big, 4000u));
    OK(rpc(k, P9_TREAD, "dqd", F, UINT64_C(0), 8000u));
    g_assert_cmpuint(k->size, ==, 4096);
    client_free(k);
}

/* All messages cut short at each byte, and then random ones: each has a reply. */
static void test_garbage(gconstpointer model)
{
    static const uint8_t types[] = { 8, 12, 14, 16, 18, 20, 22, 24, 26, 30, 32, 40, 50, 52, 54, 70, 72, 74,
                                     76, 100, 102, 104, 108, 110, 116, 118, 120, 122 };
    static const char *const words[] = { "file", "d", "d2", "..", "link", "user.a", "", "9P2000.L" };
    Client *k = new_of_model(model);
    g_autoptr(GRand) rng = g_rand_new_with_seed(9);
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        for (unsigned len = 0; len < 40 && types[i] != P9_TVERSION; len++) {
            uint8_t bytes[40] = { ROOT, 0, 0, 0, 1 };
            rpc(k, types[i], "r", bytes, len);
            if (types[i] == P9_TCLUNK || types[i] == P9_TREMOVE) {
                begin_session(k);
            }
        }
    }
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t type = types[g_rand_int_range(rng, 0, G_N_ELEMENTS(types))];
        GByteArray *m = message_new(type, (uint16_t)g_rand_int_range(rng, 0, 8));
        for (int j = g_rand_int_range(rng, 0, 8); j > 0; j--) {
            const char *word = words[g_rand_int_range(rng, 0, G_N_ELEMENTS(words))];
            uint32_t number = g_rand_boolean(rng) ? (uint32_t)g_rand_int_range(rng, 0, 6) : g_rand_int(rng);
            if (g_rand_int_range(rng, 0, 3) == 0) {
                put_bytes(m, 2, strlen(word));
                g_byte_array_append(m, (const uint8_t *)word, (guint)strlen(word));
            } else {
                put_bytes(m, 1u << g_rand_int_range(rng, 0, 4), number);
            }
        }
        rpc_message(k, m, 11 + (uint32_t)g_rand_int_range(rng, 0, 9000));
        if (i % 50 == 0) {
            begin_session(k);
            make_file(k, ROOT, 2, "file", "text");
            rpc(k, P9_TMKDIR, "dsdd", ROOT, "d", 0755u, 0u);
            walk_to(k, ROOT, 3, "d");
            walk_to(k, ROOT, 4, "file");
        }
    }
    client_free(k);
}

/* ---- several at once ---- */

/* A request that waits for a lock of the server's, until it is let go. */
static Pending *stuck_walk(Client *k, uint16_t tag)
{
    GByteArray *m = message_new(P9_TWALK, tag);
    put_bytes(m, 4, ROOT);
    put_bytes(m, 4, 500u + tag);
    put_bytes(m, 2, 1);
    put_bytes(m, 2, 4);
    g_byte_array_append(m, (const uint8_t *)"file", 4);
    store_le(m->data, 4, m->len);
    return submit(k, m, 100);
}

static Pending *flush(Client *k, uint16_t tag, uint16_t old)
{
    GByteArray *m = message_new(P9_TFLUSH, tag);
    put_bytes(m, 2, old);
    store_le(m->data, 4, m->len);
    return submit(k, m, 11);
}

static void test_flush(void)
{
    Client *k = client_new("security_model=none", NULL);
    make_file(k, ROOT, F, "file", "x");
    g_array_set_size(k->order, 0);
    g_rw_lock_writer_lock(&k->server->tree.names);
    Pending *p[] = { stuck_walk(k, 1), flush(k, 2, 1), flush(k, 3, 2), flush(k, 4, 1), flush(k, 5, 5),
                     flush(k, 6, 99) };
    wait_for(p[5]);                 /* of nothing, nor do they wait for themselves */
    wait_for(p[4]);
    g_usleep(50000);
    g_assert_cmpuint(k->order->len, ==, 2);
    g_array_set_size(k->order, 0);
    g_rw_lock_writer_unlock(&k->server->tree.names);
    for (unsigned i = 0; i < 4; i++) {
        wait_for(p[i]);
        g_assert_cmpuint(p[i]->room[4], ==, i ? P9_TFLUSH + 1 : P9_TWALK + 1);
    }
    g_assert_cmpuint(k->order->len, ==, 4);
    g_assert_cmpuint(g_array_index(k->order, uint16_t, 0), ==, 1);
    g_assert_cmpuint(g_array_index(k->order, uint16_t, 1), ==, 2);
    for (unsigned i = 0; i < G_N_ELEMENTS(p); i++) {
        pending_free(p[i]);
    }
    client_free(k);
}

typedef struct {
    Client *k;
    int held, submitted;
} Holder;

/* Holds the lock until a moment after all are submitted. */
static gpointer hold(gpointer data)
{
    Holder *h = data;
    g_rw_lock_writer_lock(&h->k->server->tree.names);
    g_atomic_int_set(&h->held, 1);
    while (!g_atomic_int_get(&h->submitted)) {
        g_usleep(1000);
    }
    g_usleep(50000);
    g_rw_lock_writer_unlock(&h->k->server->tree.names);
    return NULL;
}

/* More than there are threads are under way, and are waited for. */
static void wait_for_all(bool stop)
{
    Client *k = client_new("security_model=none", NULL);
    Pending *p[100];
    make_file(k, ROOT, F, "file", "x");
    Holder h = { .k = k };
    GThread *thread = g_thread_new("hold", hold, &h);
    while (!g_atomic_int_get(&h.held)) {
        g_usleep(1000);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(p); i++) {
        p[i] = stuck_walk(k, (uint16_t)(1 + i % 90));
    }
    g_atomic_int_set(&h.submitted, 1);
    machine_lock(k->machine);
    if (stop) {
        machine_stop(k->machine, RUN_PAUSED);
        for (unsigned i = 0; i < G_N_ELEMENTS(p); i++) {
            g_assert_true(p[i]->done);
        }
    } else {
        p9_reset(k->server);
    }
    machine_unlock(k->machine);
    g_thread_join(thread);
    for (unsigned i = 0; i < G_N_ELEMENTS(p); i++) {
        g_assert_true(p[i]->done);
        pending_free(p[i]);
    }
    if (stop) {
        OK(rpc(k, P9_TCLUNK, "d", 501u));
    } else {
        FAILS(G_EPROTO, rpc(k, P9_TCLUNK, "d", ROOT));
        begin_session(k);
        FAILS(EBADF, rpc(k, P9_TCLUNK, "d", 501u));
    }
    client_free(k);
}

/* After a reset nothing of the client stays; a machine that stands has nothing under way. */
static void test_reset(void)
{
    wait_for_all(false);
}

static void test_stop(void)
{
    wait_for_all(true);
}

/* Folders of other file systems: /proc is one in the host's root. */

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    umask(027);
    add_for_models("bad-names", test_bad_names);
    add_for_models("host-links", test_links_of_the_host);
    g_test_add_func("/fsdev/race/openat2", test_race);
    g_test_add_func("/fsdev/race/steps", test_race_by_steps);
    g_test_add_func("/fsdev/limits", test_limits);
    g_test_add_func("/fsdev/sizes", test_sizes);
    add_for_models("garbage", test_garbage);
    g_test_add_func("/fsdev/flush", test_flush);
    g_test_add_func("/fsdev/reset", test_reset);
    g_test_add_func("/fsdev/stop", test_stop);
    return g_test_run();
}
