/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 9P server on folders of this host: every message, in all models. */
#include "p9-client.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* ---- sessions ---- */

static void test_version(void)
{
    Client *k = client_new("security_model=none", NULL);
    OK(rpc(k, P9_TVERSION, "ds", 8192u, "9P2000.u"));
    g_assert_cmpuint(take(k, 4), ==, 8192);
    g_autofree char *version = take_string(k);
    g_assert_cmpstr(version, ==, "unknown");
    FAILS(G_EPROTO, rpc(k, P9_TATTACH, "ddssd", ROOT, P9_NO_FID, "u", "", 0u));
    FAILS(G_EMSGSIZE, rpc(k, P9_TVERSION, "ds", 100u, "9P2000.L"));
    FAILS(G_EMSGSIZE, rpc(k, P9_TVERSION, "ds", 0u, "9P2000.L"));
    OK(rpc(k, P9_TVERSION, "ds", 0xffffffffu, "9P2000.L"));
    g_assert_cmpuint(take(k, 4), ==, P9_MAX_MSIZE);
    FAILS(EBADF, rpc(k, P9_TCLUNK, "d", ROOT));
    FAILS(G_EOPNOTSUPP, rpc(k, P9_TAUTH, "dssd", 5u, "u", "", 0u));
    FAILS(EBADF, rpc(k, P9_TATTACH, "ddssd", ROOT, 5u, "u", "", 0u));
    OK(rpc(k, P9_TATTACH, "ddssd", ROOT, P9_NO_FID, "u", "", 0u));
    FAILS(EBADF, rpc(k, P9_TATTACH, "ddssd", ROOT, P9_NO_FID, "u", "", 0u));
    FAILS(EBADF, rpc(k, P9_TATTACH, "ddssd", P9_NO_FID, P9_NO_FID, "u", "", 0u));
    FAILS(G_EOPNOTSUPP, rpc(k, 6, ""));
    FAILS(G_EOPNOTSUPP, rpc(k, 126, ""));
    client_free(k);
}

/* A client may attach to a folder in the share, and to nothing else. */
static void test_attach(void)
{
    Client *k = client_new("security_model=none", NULL);
    OK(rpc(k, P9_TMKDIR, "dsdd", ROOT, "sub", 0755u, 0u));
    host_write(k, "sub/file", "x");
    OK(rpc(k, P9_TATTACH, "ddssd", F, P9_NO_FID, "u", "/sub/", 0u));
    OK(walk_to(k, F, G, "file"));
    FAILS(ENOTDIR, rpc(k, P9_TATTACH, "ddssd", 12u, P9_NO_FID, "u", "sub/file", 0u));
    FAILS(ENOENT, rpc(k, P9_TATTACH, "ddssd", 12u, P9_NO_FID, "u", "nowhere", 0u));
    FAILS(EINVAL, rpc(k, P9_TATTACH, "ddssd", 12u, P9_NO_FID, "u", "sub/../..", 0u));
    client_free(k);
}

/* ---- work, in all models ---- */

static void check_kept_xattr(const Client *k, const char *name, const char *key, unsigned size,
                             uint64_t value)
{
    g_autofree char *path = at_host(k, name), *full = g_strconcat("user.virtfs.", key, NULL);
    uint8_t bytes[9];
    g_assert_cmpint(lgetxattr(path, full, bytes, sizeof(bytes)), ==, size);
    g_assert_cmphex(load_le(bytes, size), ==, value);
}

static void test_files(gconstpointer model)
{
    Client *k = new_of_model(model);
    bool mapped = g_str_has_prefix(model, "mapped");
    make_file(k, ROOT, F, "file", "some text");
    g_autofree char *text = host_read(k, "file");
    g_assert_cmpstr(text, ==, "some text");
    OK(walk_to(k, ROOT, F, "file"));
    Attr a = attr_of(k, F);
    g_assert_cmphex(a.mode, ==, S_IFREG | 0640);
    g_assert_cmpuint(a.size, ==, 9);
    OK(rpc(k, P9_TSETATTR, "dddddqqqqq", F, 1u, 04751u, 0u, 0u, UINT64_C(0), UINT64_C(0), UINT64_C(0),
           UINT64_C(0), UINT64_C(0)));
    g_assert_cmphex(attr_of(k, F).mode, ==, S_IFREG | 04751);
    OK(rpc(k, P9_TSETATTR, "dddddqqqqq", F, 8u | 0x120u, 0u, 0u, 0u, UINT64_C(4), UINT64_C(0), UINT64_C(0),
           UINT64_C(1234567890), UINT64_C(5)));
    a = attr_of(k, F);
    g_assert_cmpuint(a.size, ==, 4);
    g_assert_cmpuint(a.mtime, ==, 1234567890);
    FAILS(EINVAL, rpc(k, P9_TSETATTR, "dddddqqqqq", F, 0x120u, 0u, 0u, 0u, UINT64_C(4), UINT64_C(0),
                      UINT64_C(0), UINT64_C(0), UINT64_C(0x3fffffff)));
    uint32_t error = rpc(k, P9_TSETATTR, "dddddqqqqq", F, 6u, 0u, 1234u, 5678u, UINT64_C(0), UINT64_C(0),
                         UINT64_C(0), UINT64_C(0), UINT64_C(0));
    g_assert_cmpuint(error, ==, 0);
    a = attr_of(k, F);
    if (mapped || is_root()) {
        g_assert_cmpuint(a.uid, ==, 1234);
        g_assert_cmpuint(a.gid, ==, 5678);
    }
    struct stat st;
    g_autofree char *path = at_host(k, "file");
    g_assert_cmpint(stat(path, &st), ==, 0);
    /* A new owner or size has taken the set-user-ID bit. */
    g_assert_cmphex(st.st_mode & 07777, ==, mapped ? 0600 : 0751);
    if (strcmp(model, "mapped-xattr") == 0) {
        check_kept_xattr(k, "file", "uid", 4, 1234);
        check_kept_xattr(k, "file", "gid", 4, 5678);
        check_kept_xattr(k, "file", "mode", 4, S_IFREG | 04751);
    }
    if (strcmp(model, "mapped-file") == 0) {
        g_autofree char *kept = host_read(k, ".virtfs_metadata/file");
        g_assert_nonnull(strstr(kept, "virtfs.uid=1234\n"));
        g_assert_nonnull(strstr(kept, "virtfs.gid=5678\n"));
        g_assert_nonnull(strstr(kept, "virtfs.mode=35305\n"));
    }
    client_free(k);
}

static void test_open(gconstpointer model)
{
    Client *k = new_of_model(model);
    make_file(k, ROOT, F, "file", "0123456789");
    OK(walk_to(k, ROOT, F, "file"));
    OK(rpc(k, P9_TLOPEN, "dd", F, 2u));
    FAILS(EBUSY, rpc(k, P9_TLOPEN, "dd", F, 2u));
    OK(rpc(k, P9_TREAD, "dqd", F, UINT64_C(3), 4u));
    g_assert_cmpuint(take(k, 4), ==, 4);
    g_assert_cmpint(memcmp(k->at, "3456", 4), ==, 0);
    OK(rpc(k, P9_TREAD, "dqd", F, UINT64_C(10), 4u));
    g_assert_cmpuint(take(k, 4), ==, 0);
    OK(rpc(k, P9_TWRITE, "dqdr", F, UINT64_C(8), 4u, "abcd", 4u));
    OK(rpc(k, P9_TFSYNC, "dd", F, 1u));
    OK(rpc(k, P9_TFSYNC, "d", F));
    g_autofree char *now = read_fid(k, F);
    g_assert_cmpstr(now, ==, "01234567abcd");
    /* Once it is removed it lives as long as it is open. */
    OK(rpc(k, P9_TUNLINKAT, "dsd", ROOT, "file", 0u));
    g_assert_false(host_has(k, "file"));
    g_assert_cmpuint(attr_of(k, F).nlink, ==, 0);
    OK(rpc(k, P9_TSETATTR, "dddddqqqqq", F, 8u, 0u, 0u, 0u, UINT64_C(2), UINT64_C(0), UINT64_C(0),
           UINT64_C(0), UINT64_C(0)));
    g_autofree char *rest = read_fid(k, F);
    g_assert_cmpstr(rest, ==, "01");
    make_file(k, ROOT, G, "file", "another");
    g_assert_cmpuint(attr_of(k, F).size, ==, 2);
    clunk(k, F);
    /* What is there is opened, or not. */
    OK(walk_to(k, ROOT, F, ""));
    FAILS(EEXIST, rpc(k, P9_TLCREATE, "dsddd", F, "file", 0301u, 0600u, 0u));
    OK(rpc(k, P9_TLCREATE, "dsddd", F, "file", 01102u, 0600u, 0u));
    g_assert_cmpuint(attr_of(k, F).size, ==, 0);
    OK(walk_to(k, ROOT, G, ""));
    FAILS(EISDIR, rpc(k, P9_TLOPEN, "dd", G, 1u));
    FAILS(EINVAL, rpc(k, P9_TLOPEN, "dd", G, 3u));
    OK(rpc(k, P9_TLOPEN, "dd", G, 0u));
    FAILS(EISDIR, rpc(k, P9_TREAD, "dqd", G, UINT64_C(0), 4u));
    FAILS(EBADF, rpc(k, P9_TWRITE, "dqdr", G, UINT64_C(0), 4u, "abcd", 4u));
    client_free(k);
}

static void test_names(gconstpointer model)
{
    Client *k = new_of_model(model);
    bool mapped = g_str_has_prefix(model, "mapped");
    OK(rpc(k, P9_TMKDIR, "dsdd", ROOT, "d", 01775u, 1000u));
    FAILS(EEXIST, rpc(k, P9_TMKDIR, "dsdd", ROOT, "d", 0755u, 1000u));
    OK(walk_to(k, ROOT, F, "d"));
    g_assert_cmphex(attr_of(k, F).mode, ==, S_IFDIR | 01775);
    OK(rpc(k, P9_TSYMLINK, "dssd", F, "link", "../../etc/passwd", 1000u));
    OK(walk_to(k, F, G, "link"));
    g_assert_cmphex(attr_of(k, G).mode, ==, S_IFLNK | 0777);
    OK(rpc(k, P9_TREADLINK, "d", G));
    g_autofree char *target = take_string(k);
    g_assert_cmpstr(target, ==, "../../etc/passwd");
    FAILS(G_ELOOP, rpc(k, P9_TLOPEN, "dd", G, 0u));
    g_autofree char *link_path = at_host(k, "d/link");
    g_assert_cmpint(g_file_test(link_path, G_FILE_TEST_IS_SYMLINK), ==, !mapped);
    make_file(k, F, 12, "a", "A");
    OK(walk_to(k, F, 12, "a"));
    OK(rpc(k, P9_TLINK, "dds", F, 12u, "b"));
    g_assert_cmpuint(attr_of(k, 12).nlink, ==, 2);
    FAILS(EEXIST, rpc(k, P9_TLINK, "dds", F, 12u, "b"));
    OK(walk_to(k, F, 13, "b"));
    g_assert_cmphex(attr_of(k, 13).mode, ==, S_IFREG | 0640);
    OK(rpc(k, P9_TSETATTR, "dddddqqqqq", 13u, 1u, 0604u, 0u, 0u, UINT64_C(0), UINT64_C(0), UINT64_C(0),
           UINT64_C(0), UINT64_C(0)));
    g_assert_cmphex(attr_of(k, 12).mode, ==, S_IFREG | 0604);
    /* A rename between two names of one file changes nothing; one onto another replaces it. */
    OK(rpc(k, P9_TRENAMEAT, "dsds", F, "a", F, "b"));
    OK(rpc(k, P9_TGETATTR, "dq", 12u, UINT64_C(0)));
    make_file(k, F, 14, "c", "CC");
    OK(rpc(k, P9_TRENAMEAT, "dsds", F, "c", ROOT, "e"));
    OK(rpc(k, P9_TRENAME, "dds", 12u, ROOT, "e"));
    g_assert_cmphex(attr_of(k, 12).mode, ==, S_IFREG | 0604);
    g_assert_cmpuint(attr_of(k, 12).size, ==, 1);
    FAILS(EINVAL, rpc(k, P9_TRENAMEAT, "dsds", ROOT, "d", F, "inside"));
    FAILS(G_ENOTEMPTY, rpc(k, P9_TUNLINKAT, "dsd", ROOT, "d", 0x200u));
    FAILS(EISDIR, rpc(k, P9_TUNLINKAT, "dsd", ROOT, "d", 0u));
    FAILS(EINVAL, rpc(k, P9_TUNLINKAT, "dsd", ROOT, "d", 0x201u));
    OK(rpc(k, P9_TREMOVE, "d", 13u));
    FAILS(EBADF, rpc(k, P9_TREMOVE, "d", 13u));
    OK(rpc(k, P9_TREMOVE, "d", G));
    OK(rpc(k, P9_TUNLINKAT, "dsd", ROOT, "d", 0x200u));
    FAILS(ENOENT, rpc(k, P9_TGETATTR, "dq", F, UINT64_C(0)));
    g_assert_false(host_has(k, "d"));
    OK(walk_to(k, ROOT, 15, ""));
    FAILS(EBUSY, rpc(k, P9_TREMOVE, "d", 15u));
    client_free(k);
}

/* A fid stays at its file when folders above it are renamed by clients. */
static void test_ancestors(gconstpointer model)
{
    Client *k = new_of_model(model);
    OK(rpc(k, P9_TMKDIR, "dsdd", ROOT, "a", 0755u, 0u));
    OK(walk_to(k, ROOT, F, "a"));
    OK(rpc(k, P9_TMKDIR, "dsdd", F, "b", 0755u, 0u));
    OK(walk_to(k, F, G, "b"));
    make_file(k, G, 12, "c", "content");
    OK(walk_to(k, ROOT, 12, "a/b/c"));
    OK(rpc(k, P9_TRENAMEAT, "dsds", ROOT, "a", ROOT, "z"));
    OK(rpc(k, P9_TMKDIR, "dsdd", ROOT, "a", 0755u, 0u));
    OK(rpc(k, P9_TGETATTR, "dq", 12u, UINT64_C(0)));
    OK(rpc(k, P9_TRENAME, "dds", G, ROOT, "y"));
    g_assert_true(host_has(k, "y/c"));
    OK(rpc(k, P9_TLOPEN, "dd", 12u, 0u));
    g_autofree char *text = read_fid(k, 12);
    g_assert_cmpstr(text, ==, "content");
    /* ".." is the folder where it lies now, and the share's own above that. */
    OK(walk_to(k, G, 13, ".."));
    g_assert_cmpuint(attr_of(k, 13).qid_path, ==, attr_of(k, ROOT).qid_path);
    OK(walk_to(k, G, 14, "../../../.."));
    g_assert_cmpuint(attr_of(k, 14).qid_path, ==, attr_of(k, ROOT).qid_path);
    client_free(k);
}

static void test_nodes(gconstpointer model)
{
    Client *k = new_of_model(model);
    bool mapped = g_str_has_prefix(model, "mapped");
    OK(rpc(k, P9_TMKNOD, "dsdddd", ROOT, "fifo", S_IFIFO | 0644u, 0u, 0u, 0u));
    OK(walk_to(k, ROOT, F, "fifo"));
    g_assert_cmphex(attr_of(k, F).mode, ==, S_IFIFO | 0644);
    FAILS(ENXIO, rpc(k, P9_TLOPEN, "dd", F, 0u));
    OK(walk_to(k, ROOT, 12, ""));
    FAILS(ENXIO, rpc(k, P9_TLCREATE, "dsddd", 12u, "fifo", 0101u, 0600u, 0u));
    FAILS(EINVAL, rpc(k, P9_TMKNOD, "dsdddd", ROOT, "x", S_IFDIR | 0644u, 0u, 0u, 0u));
    FAILS(EINVAL, rpc(k, P9_TMKNOD, "dsdddd", ROOT, "x", 0644u, 0u, 0u, 0u));
    if (mapped || is_root()) {
        OK(rpc(k, P9_TMKNOD, "dsdddd", ROOT, "null", S_IFCHR | 0666u, 1u, 3u, 0u));
        OK(walk_to(k, ROOT, G, "null"));
        Attr a = attr_of(k, G);
        g_assert_cmphex(a.mode, ==, S_IFCHR | 0666);
        g_assert_cmphex(a.rdev, ==, makedev(1, 3));
        FAILS(ENXIO, rpc(k, P9_TLOPEN, "dd", G, 0u));
        OK(rpc(k, P9_TREMOVE, "d", G));
    }
    OK(rpc(k, P9_TREMOVE, "d", F));
    g_assert_false(host_has(k, "fifo"));
    client_free(k);
}

/* Entries of a folder, in replies of that size; each must come once. */
static void list_folder(Client *k, unsigned count, unsigned files)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    uint64_t offset = 0;
    OK(walk_to(k, ROOT, F, ""));
    OK(rpc(k, P9_TLOPEN, "dd", F, 0200000u));
    for (;;) {
        OK(rpc(k, P9_TREADDIR, "dqd", F, offset, count));
        unsigned bytes = (unsigned)take(k, 4);
        g_assert_cmpuint(bytes, <=, count);
        const uint8_t *end = k->at + bytes;
        if (bytes == 0) {
            break;
        }
        while (k->at < end) {
            take(k, 5);
            take(k, 8);
            offset = take(k, 8);
            take(k, 1);
            g_assert_true(g_hash_table_add(seen, take_string(k)));
        }
    }
    g_assert_cmpuint(g_hash_table_size(seen), ==, files + 2);
    g_assert_true(g_hash_table_contains(seen, ".."));
    clunk(k, F);
}

static void test_readdir(gconstpointer model)
{
    Client *k = new_of_model(model);
    list_folder(k, 65536, 0);
    for (unsigned i = 0; i < 300; i++) {
        g_autofree char *name = g_strdup_printf("a-name-of-some-length-%u", i);
        make_file(k, ROOT, F, name, "");
    }
    list_folder(k, 65536, 300);
    list_folder(k, 300, 300);
    list_folder(k, 128 * 1024 - 24, 300);
    OK(walk_to(k, ROOT, F, ""));
    FAILS(EBADF, rpc(k, P9_TREADDIR, "dqd", F, UINT64_C(0), 100u));
    OK(rpc(k, P9_TLOPEN, "dd", F, 0u));
    FAILS(EINVAL, rpc(k, P9_TREADDIR, "dqd", F, UINT64_C(0), 10u));
    FAILS(EINVAL, rpc(k, P9_TREADDIR, "dqd", F, UINT64_MAX, 1000u));
    OK(rpc(k, P9_TREADDIR, "dqd", F, UINT64_C(0), 0xffffffffu));
    client_free(k);
}

static void test_statfs_and_xattrs(gconstpointer model)
{
    static uint8_t value[5000] = "value";
    Client *k = new_of_model(model);
    bool mapped = g_str_has_prefix(model, "mapped");
    OK(rpc(k, P9_TSTATFS, "d", ROOT));
    take(k, 8);
    g_assert_cmpuint(take(k, 8), >, 0);
    make_file(k, ROOT, F, "file", "x");
    OK(walk_to(k, ROOT, F, "file"));
    OK(walk_to(k, ROOT, G, "file"));
    OK(rpc(k, P9_TXATTRCREATE, "dsqd", G, "user.mine", UINT64_C(2500), 0u));
    OK(rpc(k, P9_TWRITE, "dqdr", G, UINT64_C(0), 2000u, value, 2000u));
    FAILS(ENOSPC, rpc(k, P9_TWRITE, "dqdr", G, UINT64_C(2000), 1000u, value, 1000u));
    FAILS(ENOSPC, rpc(k, P9_TWRITE, "dqdr", G, UINT64_MAX, 1000u, value, 1000u));
    OK(rpc(k, P9_TWRITE, "dqdr", G, UINT64_C(2000), 500u, value, 500u));
    uint32_t error = rpc(k, P9_TCLUNK, "d", G);
    if (error == G_EOPNOTSUPP) {
        g_test_skip("the file system has no extended attributes");
        client_free(k);
        return;
    }
    OK(error);
    OK(rpc(k, P9_TXATTRWALK, "dds", F, G, "user.mine"));
    g_assert_cmpuint(take(k, 8), ==, 2500);
    OK(rpc(k, P9_TREAD, "dqd", G, UINT64_C(0), 10000u));
    g_assert_cmpuint(take(k, 4), ==, 2500);
    g_assert_cmpint(memcmp(k->at, value, 2000), ==, 0);
    OK(rpc(k, P9_TREAD, "dqd", G, UINT64_MAX, 10u));
    g_assert_cmpuint(take(k, 4), ==, 0);
    clunk(k, G);
    OK(rpc(k, P9_TXATTRWALK, "dds", F, G, ""));
    g_assert_cmpuint(take(k, 8), ==, 10);       /* and nothing of user.virtfs.* */
    OK(rpc(k, P9_TREAD, "dqd", G, UINT64_C(0), 100u));
    take(k, 4);
    g_assert_cmpstr((const char *)k->at, ==, "user.mine");
    clunk(k, G);
    FAILS(G_ENODATA, rpc(k, P9_TXATTRWALK, "dds", F, G, "user.other"));
    FAILS(G_EOPNOTSUPP, rpc(k, P9_TXATTRWALK, "dds", F, G, "security.capability"));
    FAILS(EBADF, rpc(k, P9_TCLUNK, "d", G));
    if (mapped) {
        FAILS(G_ENODATA, rpc(k, P9_TXATTRWALK, "dds", F, G, "user.virtfs.uid"));
        OK(walk_to(k, F, G, ""));
        FAILS(EPERM, rpc(k, P9_TXATTRCREATE, "dsqd", G, "user.virtfs.uid", UINT64_C(4), 0u));
        clunk(k, G);
    }
    /* Half a value is none; no value is the end of one. */
    OK(walk_to(k, F, G, ""));
    OK(rpc(k, P9_TXATTRCREATE, "dsqd", G, "user.mine", UINT64_C(100), 0u));
    FAILS(EINVAL, rpc(k, P9_TCLUNK, "d", G));
    OK(walk_to(k, F, G, ""));
    OK(rpc(k, P9_TXATTRCREATE, "dsqd", G, "user.mine", UINT64_C(0), 0u));
    clunk(k, G);
    FAILS(G_ENODATA, rpc(k, P9_TXATTRWALK, "dds", F, G, "user.mine"));
    client_free(k);
}

static void test_locks(void)
{
    Client *k = client_new("security_model=mapped", NULL);
    make_file(k, ROOT, F, "file", "x");
    for (uint32_t fid = F; fid <= G; fid++) {
        OK(walk_to(k, ROOT, fid, "file"));
        OK(rpc(k, P9_TLOPEN, "dd", fid, 2u));
    }
    OK(rpc(k, P9_TLOCK, "dbdqqds", F, 1u, 0u, UINT64_C(10), UINT64_C(5), 7u, "c"));
    g_assert_cmpuint(take(k, 1), ==, 0);
    OK(rpc(k, P9_TLOCK, "dbdqqds", G, 0u, 0u, UINT64_C(14), UINT64_C(0), 8u, "c"));
    g_assert_cmpuint(take(k, 1), ==, 1);
    OK(rpc(k, P9_TGETLOCK, "dbqqds", G, 0u, UINT64_C(0), UINT64_C(0), 8u, "c"));
    g_assert_cmpuint(take(k, 1), ==, 1);
    g_assert_cmpuint(take(k, 8), ==, 10);
    g_assert_cmpuint(take(k, 8), ==, 5);
    OK(rpc(k, P9_TLOCK, "dbdqqds", F, 2u, 0u, UINT64_C(0), UINT64_C(0), 7u, "c"));
    OK(rpc(k, P9_TLOCK, "dbdqqds", G, 0u, 0u, UINT64_C(14), UINT64_C(0), 8u, "c"));
    g_assert_cmpuint(take(k, 1), ==, 0);
    OK(rpc(k, P9_TGETLOCK, "dbqqds", G, 0u, UINT64_C(0), UINT64_C(0), 8u, "c"));
    g_assert_cmpuint(take(k, 1), ==, 2);
    FAILS(EINVAL, rpc(k, P9_TLOCK, "dbdqqds", F, 3u, 0u, UINT64_C(0), UINT64_C(0), 7u, "c"));
    FAILS(EINVAL, rpc(k, P9_TLOCK, "dbdqqds", F, 1u, 0u, UINT64_MAX, UINT64_MAX, 7u, "c"));
    FAILS(EBADF, rpc(k, P9_TLOCK, "dbdqqds", ROOT, 1u, 0u, UINT64_C(0), UINT64_C(0), 7u, "c"));
    client_free(k);
}

static void test_readonly(void)
{
    Client *k = client_new("security_model=none,readonly=on", NULL);
    host_write(k, "file", "text");
    FAILS(EROFS, rpc(k, P9_TMKDIR, "dsdd", ROOT, "d", 0755u, 0u));
    FAILS(EROFS, rpc(k, P9_TSYMLINK, "dssd", ROOT, "l", "x", 0u));
    FAILS(EROFS, rpc(k, P9_TMKNOD, "dsdddd", ROOT, "n", S_IFIFO | 0644u, 0u, 0u, 0u));
    FAILS(EROFS, rpc(k, P9_TUNLINKAT, "dsd", ROOT, "file", 0u));
    FAILS(EROFS, rpc(k, P9_TRENAMEAT, "dsds", ROOT, "file", ROOT, "b"));
    OK(walk_to(k, ROOT, F, "file"));
    FAILS(EROFS, rpc(k, P9_TRENAME, "dds", F, ROOT, "b"));
    FAILS(EROFS, rpc(k, P9_TLINK, "dds", ROOT, F, "b"));
    FAILS(EROFS, rpc(k, P9_TLCREATE, "dsddd", ROOT, "b", 0100u, 0600u, 0u));
    FAILS(EROFS, rpc(k, P9_TXATTRCREATE, "dsqd", F, "user.x", UINT64_C(1), 0u));
    FAILS(EROFS, rpc(k, P9_TSETATTR, "dddddqqqqq", F, 1u, 0600u, 0u, 0u, UINT64_C(0), UINT64_C(0),
                     UINT64_C(0), UINT64_C(0), UINT64_C(0)));
    FAILS(EROFS, rpc(k, P9_TLOPEN, "dd", F, 1u));
    FAILS(EROFS, rpc(k, P9_TLOPEN, "dd", F, 01000u));
    FAILS(EROFS, rpc(k, P9_TREMOVE, "d", F));
    OK(walk_to(k, ROOT, F, "file"));
    OK(rpc(k, P9_TLOPEN, "dd", F, 0u));
    FAILS(EBADF, rpc(k, P9_TWRITE, "dqdr", F, UINT64_C(0), 1u, "x", 1u));
    g_autofree char *text = read_fid(k, F);
    g_assert_cmpstr(text, ==, "text");
    client_free(k);
}

static void test_multidevs(void)
{
    Client *k = client_new("security_model=none,readonly=on,multidevs=forbid", "/");
    FAILS(ENODEV, walk_to(k, ROOT, F, "proc"));
    client_free(k);
    k = client_new("security_model=none,readonly=on,multidevs=remap", "/");
    struct stat st;
    OK(walk_to(k, ROOT, F, "proc"));
    g_assert_cmpint(stat("/proc", &st), ==, 0);
    g_assert_cmpuint(attr_of(k, F).qid_path, !=, st.st_ino);
    g_assert_cmpint(stat("/", &st), ==, 0);
    g_assert_cmpuint(attr_of(k, ROOT).qid_path, ==, st.st_ino);
    client_free(k);
}

static void test_options(void)
{
    static const struct { const char *options, *wanted; } bad[] = {
        { "readonly=on", "needs security_model" },
        { "security_model=odd", "must be mapped-xattr" },
        { "security_model=none,fmode=0600", "goes with security_model=mapped" },
        { "security_model=mapped,fmode=999", "octal" },
        { "security_model=mapped,dmode=01777", "octal" },
        { "security_model=mapped,writeout=later", "must be immediate" },
        { "security_model=mapped,multidevs=some", "remap, forbid or warn" },
        { "security_model=mapped,throttling.bps-total=1", "throttling.bps-total" },
        { "security_model=mapped,path=/nonexistent", "/nonexistent" },
    };
    Client *k = client_new("security_model=mapped-file,fmode=0644,dmode=0755,writeout=immediate,"
                           "multidevs=warn", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) err = NULL;
        g_assert_false(add_share(k, "t", k->folder, bad[i].options, &err));
        g_assert_nonnull(strstr(err->message, bad[i].wanted));
    }
    g_autoptr(GError) err = NULL;
    g_assert_false(add_share(k, "s", k->folder, "security_model=none", &err));
    g_assert_nonnull(strstr(err->message, "already"));
    make_file(k, ROOT, F, "file", "x");
    OK(rpc(k, P9_TMKDIR, "dsdd", ROOT, "d", 0700u, 0u));
    struct stat st;
    g_autofree char *file = at_host(k, "file"), *folder = at_host(k, "d");
    g_assert_cmpint(stat(file, &st), ==, 0);
    g_assert_cmphex(st.st_mode, ==, S_IFREG | 0644);
    g_assert_cmpint(stat(folder, &st), ==, 0);
    g_assert_cmphex(st.st_mode, ==, S_IFDIR | 0755);
    client_free(k);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    umask(027);
    g_test_add_func("/fsdev/version", test_version);
    g_test_add_func("/fsdev/attach", test_attach);
    add_for_models("files", test_files);
    add_for_models("open", test_open);
    add_for_models("names", test_names);
    add_for_models("ancestors", test_ancestors);
    add_for_models("nodes", test_nodes);
    add_for_models("readdir", test_readdir);
    add_for_models("xattrs", test_statfs_and_xattrs);
    g_test_add_func("/fsdev/locks", test_locks);
    g_test_add_func("/fsdev/readonly", test_readonly);
    g_test_add_func("/fsdev/multidevs", test_multidevs);
    g_test_add_func("/fsdev/options", test_options);
    return g_test_run();
}
