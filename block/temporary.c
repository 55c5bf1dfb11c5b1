/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is written on top of an image and is gone in the end: a nameless file of the host, as large as the
 * disk and sparse, and in memory one bit for each cluster that it has. The image below is only read.
 *
 * A cluster that is not there yet belongs to one request until its bit is set, after its bytes are
 * in the file; so a bit that is set stays, and such clusters are read and written without a lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "block/driver.h"
#include "util/error.h"

#define CLUSTER (64 * KIB)

/* Clusters that one request fills. */
typedef struct {
    uint64_t first, end;
    GList link;
} Claim;

typedef struct {
    int fd;
    uint64_t *present;          /* bits; atomic */
    GMutex lock;
    GCond changed;
    GQueue claims;              /* of Claim; lock */
} Temporary;

/* ---- opening ---- */

static int nameless_file(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) {
        return fd;
    }
    g_autofree char *name = g_build_filename(folder, "valletta-XXXXXX", NULL);
    fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) {
        unlink(name);
    }
    return fd;
}

static bool make_file(BlockNode *node, GError **err)
{
    Temporary *t = node->state;
    const char *folder = g_getenv("TMPDIR");
    folder = folder && *folder ? folder : "/var/tmp";
    t->fd = nameless_file(folder);
    if (t->fd < 0) {
        return error_set(err, "cannot make a temporary file in %s: %s; TMPDIR names another folder", folder,
                         g_strerror(errno));
    }
    if (ftruncate(t->fd, (off_t)node->size) != 0) {
        error_set(err, "a temporary file of %" G_GUINT64_FORMAT " bytes in %s: %s; TMPDIR names another "
                  "folder", node->size, folder, g_strerror(errno));
        close(t->fd);
        return false;
    }
    return true;
}

static bool temporary_open(BlockNode *node, KeyVal *options, GError **err)
{
    Temporary *t = node->state;
    if (!block_open_backing(node, options, NULL, NULL, err)) {
        return false;
    }
    if (!node->backing) {
        return error_set(err, "driver=temporary: needs backing=, the image below");
    }
    node->size = block_size(node->backing);
    node->filename = g_strdup(node->backing->filename);
    if (!make_file(node, err)) {
        return false;
    }
    t->present = g_new0(uint64_t, node->size / CLUSTER / 64 + 1);
    g_mutex_init(&t->lock);
    g_cond_init(&t->changed);
    g_queue_init(&t->claims);
    return true;
}

static void temporary_close(BlockNode *node)
{
    Temporary *t = node->state;
    close(t->fd);
    g_free(t->present);
    g_mutex_clear(&t->lock);
    g_cond_clear(&t->changed);
}

/* ---- which clusters are there ---- */

static bool is_present(const Temporary *t, uint64_t cluster)
{
    return __atomic_load_n(&t->present[cluster / 64], __ATOMIC_ACQUIRE) >> (cluster % 64) & 1;
}

static void set_present(Temporary *t, uint64_t first, uint64_t end)
{
    for (uint64_t c = first; c < end; c++) {
        __atomic_fetch_or(&t->present[c / 64], UINT64_C(1) << (c % 64), __ATOMIC_RELEASE);
    }
}

/* From offset on, at most bytes: what is all there, or all not. */
static uint64_t run_of(const Temporary *t, uint64_t offset, uint64_t bytes, bool *present)
{
    uint64_t c = offset / CLUSTER, end = (offset + bytes - 1) / CLUSTER + 1;
    *present = is_present(t, c);
    while (++c < end && is_present(t, c) == *present) {
    }
    return MIN(c * CLUSTER - offset, bytes);
}

/* Lock held; waits until no other request fills one of them. */
static void claim(Temporary *t, Claim *mine)
{
    GList *l = t->claims.head;
    while (l) {
        const Claim *c = l->data;
        if (c->first < mine->end && mine->first < c->end) {
            g_cond_wait(&t->changed, &t->lock);
            l = t->claims.head;
        } else {
            l = l->next;
        }
    }
    mine->link = (GList){ .data = mine };
    g_queue_push_tail_link(&t->claims, &mine->link);
}

/* Claims what bytes from offset on touch and is not there yet: the bytes of that, or 0: all of the
 * returned *there bytes are. */
static uint64_t claim_absent(Temporary *t, uint64_t offset, uint64_t bytes, Claim *mine, uint64_t *there)
{
    bool present;
    uint64_t n = run_of(t, offset, bytes, &present);
    if (!present) {
        *mine = (Claim){ offset / CLUSTER, (offset + n - 1) / CLUSTER + 1 };
        g_mutex_lock(&t->lock);
        claim(t, mine);
        n = run_of(t, offset, n, &present);
        if (present) {                          /* somebody else was first */
            g_queue_unlink(&t->claims, &mine->link);
            g_cond_broadcast(&t->changed);
        }
        g_mutex_unlock(&t->lock);
    }
    *there = n;
    return present ? 0 : n;
}

static void unclaim(Temporary *t, Claim *mine, uint64_t first, uint64_t end)
{
    set_present(t, first, end);
    g_mutex_lock(&t->lock);
    g_queue_unlink(&t->claims, &mine->link);
    g_cond_broadcast(&t->changed);
    g_mutex_unlock(&t->lock);
}

/* ---- reading and writing ---- */

/* All of it; the file is as large as the disk. */
static int transfer(const Temporary *t, bool write, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    uint64_t left = iov_bytes(iov, niov), done = 0;
    g_autofree struct iovec *part = g_new(struct iovec, niov);
    while (left) {
        int n = (int)MIN(iov_part(part, iov, niov, done, MIN(left, GIB)), 1024u);
        ssize_t r = write ? pwritev(t->fd, part, n, (off_t)(offset + done))
                          : preadv(t->fd, part, n, (off_t)(offset + done));
        if (r < 0 && errno != EINTR) {
            return -errno;
        }
        if (r == 0) {
            return -EIO;
        }
        done += r > 0 ? (uint64_t)r : 0;
        left -= r > 0 ? (uint64_t)r : 0;
    }
    return 0;
}

static int temporary_readv(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    Temporary *t = node->state;
    uint64_t bytes = iov_bytes(iov, niov), done = 0;
    g_autofree struct iovec *part = g_new(struct iovec, niov);
    int r = 0;
    while (done < bytes && r == 0) {
        bool present;
        uint64_t n = run_of(t, offset + done, bytes - done, &present);
        unsigned parts = iov_part(part, iov, niov, done, n);
        r = present ? transfer(t, false, offset + done, part, parts)
                    : block_readv(node->backing, offset + done, part, parts);
        done += n;
    }
    return r;
}

/* What the image below has, from one place to another. */
static int copy_up(BlockNode *node, uint64_t from, uint64_t to)
{
    if (from >= to) {
        return 0;
    }
    struct iovec iov = { g_malloc(to - from), to - from };
    int r = block_readv(node->backing, from, &iov, 1);
    r = r == 0 ? transfer(node->state, true, from, &iov, 1) : r;
    g_free(iov.iov_base);
    return r;
}

/* What surrounds the bytes from offset on in their clusters. */
static int copy_edges(BlockNode *node, uint64_t offset, uint64_t bytes)
{
    uint64_t first = offset / CLUSTER * CLUSTER, stop = offset + bytes;
    uint64_t last = MIN((stop + CLUSTER - 1) / CLUSTER * CLUSTER, node->size);
    int r = copy_up(node, first, offset);
    return r == 0 ? copy_up(node, stop, last) : r;
}

/* At most 1 GiB of zeros, in clusters that are there or this request's own. */
static int put_zeros(Temporary *t, uint64_t offset, uint64_t bytes)
{
    if (fallocate(t->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)bytes) == 0) {
        return 0;
    }
    struct iovec iov = { g_malloc0(MIN(bytes, MIB)), 0 };
    int r = 0;
    for (uint64_t done = 0; done < bytes && r == 0; done += iov.iov_len) {
        iov.iov_len = MIN(bytes - done, MIB);
        r = transfer(t, true, offset + done, &iov, 1);
    }
    g_free(iov.iov_base);
    return r;
}

/* iov NULL: zeros. *done: how far it came. */
static int put(BlockNode *node, uint64_t offset, uint64_t bytes, const struct iovec *iov, unsigned niov,
               uint64_t *done)
{
    Temporary *t = node->state;
    Claim mine;
    uint64_t absent = claim_absent(t, offset, bytes, &mine, done);
    int r = absent ? copy_edges(node, offset, absent) : 0;
    if (r == 0 && !iov) {
        r = put_zeros(t, offset, *done);
    } else if (r == 0) {
        g_autofree struct iovec *part = g_new(struct iovec, niov);
        r = transfer(t, true, offset, part, iov_part(part, iov, niov, 0, *done));
    }
    if (absent) {
        uint64_t first = offset / CLUSTER, end = r == 0 ? (offset + absent - 1) / CLUSTER + 1 : first;
        unclaim(t, &mine, first, end);
    }
    return r;
}

static int temporary_writev(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    uint64_t bytes = iov_bytes(iov, niov), done = 0, n = 0;
    g_autofree struct iovec *rest = g_new(struct iovec, niov);
    int r = 0;
    for (; done < bytes && r == 0; done += n) {
        unsigned parts = iov_part(rest, iov, niov, done, bytes - done);
        r = put(node, offset + done, bytes - done, rest, parts, &n);
    }
    return r;
}

static int temporary_zero(BlockNode *node, uint64_t offset, uint64_t bytes, bool unmap)
{
    uint64_t n = 0;
    int r = 0;
    for (uint64_t done = 0; done < bytes && r == 0; done += n) {
        r = put(node, offset + done, MIN(bytes - done, GIB), NULL, 0, &n);
    }
    return r;
}

/* Whole clusters read as zeros from now on. */
static int temporary_discard(BlockNode *node, uint64_t offset, uint64_t bytes)
{
    uint64_t first = (offset + CLUSTER - 1) / CLUSTER * CLUSTER, end = (offset + bytes) / CLUSTER * CLUSTER;
    return first < end ? temporary_zero(node, first, end - first, true) : 0;
}

/* Nobody will look for it after the end. */
static int temporary_flush(BlockNode *node)
{
    return 0;
}

static uint64_t temporary_allocated(BlockNode *node)
{
    const Temporary *t = node->state;
    struct stat st;
    return fstat(t->fd, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

static int temporary_status(BlockNode *node, uint64_t offset, uint64_t bytes, BlockStatus *status,
                            uint64_t *run)
{
    bool present;
    *run = run_of(node->state, offset, bytes, &present);
    *status = present ? BLOCK_DATA : BLOCK_NOTHING;
    return 0;
}

static void temporary_info(BlockNode *node, BlockInfo *info)
{
    info->cluster_size = CLUSTER;
    info->backing_name = g_strdup(node->backing->filename);
    info->backing_format = g_strdup(node->backing->driver->name);
}

const BlockDriver block_driver_temporary = {
    "temporary", sizeof(Temporary), .open = temporary_open, .close = temporary_close,
    .readv = temporary_readv, .writev = temporary_writev, .zero = temporary_zero,
    .discard = temporary_discard, .flush = temporary_flush, .allocated = temporary_allocated,
    .info = temporary_info, .status = temporary_status,
};
