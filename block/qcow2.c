/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qcow2 images, versions 2 and 3, as the format's specification (docs/interop/qcow2) describes them.
 *
 * There are: backing images, zero clusters, compressed clusters (read), internal snapshots (kept),
 * refcounts of any width, larger disks. Not there, and refused: encryption, external data files, extended
 * L2 entries. Bitmaps are marked as out of date. What is on the disk when, is in qcow2_flush.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "block/qcow2.h"
#include "util/error.h"

/* Files grow by so much at once. */
#define GROW MIB

enum { COMPLAINTS_MAX = 8 };

int qcow2_broken(Qcow2 *q, const char *format, ...)
{
    unsigned n = __atomic_fetch_add(&q->complaints, 1, __ATOMIC_RELAXED);
    if (n < COMPLAINTS_MAX) {
        va_list args;
        va_start(args, format);
        g_autofree char *text = g_strdup_vprintf(format, args);
        va_end(args);
        g_printerr("valletta: %s: broken image: %s%s\n", q->node->file->filename, text,
                   n == COMPLAINTS_MAX - 1 ? "; no more is told" : "");
    }
    return -EIO;
}

/* ---- the file ---- */

void *qcow2_buffer(size_t len)
{
    void *buf;
    g_assert(posix_memalign(&buf, 4096, len) == 0);
    return buf;
}

int qcow2_pread_list(Qcow2 *q, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    uint64_t size = block_size(q->node->file), bytes = iov_bytes(iov, niov);
    uint64_t there = offset < size ? MIN(bytes, size - offset) : 0;
    if (there == bytes) {
        return block_readv(q->node->file, offset, iov, niov);
    }
    iov_zero(iov, niov, there, bytes - there);
    g_autofree struct iovec *part = g_new(struct iovec, niov);
    return there ? block_readv(q->node->file, offset, part, iov_part(part, iov, niov, 0, there)) : 0;
}

int qcow2_pread(Qcow2 *q, uint64_t offset, void *buf, size_t len)
{
    struct iovec iov = { buf, len };
    return qcow2_pread_list(q, offset, &iov, 1);
}

int qcow2_reserve(Qcow2 *q, uint64_t end)
{
    if (end <= block_size(q->node->file)) {
        return 0;
    }
    int r = block_truncate(q->node->file, (end + GROW - 1) & ~(GROW - 1));
    return r == -ENOTSUP ? -ENOSPC : r;
}

int qcow2_pwrite(Qcow2 *q, uint64_t offset, const void *buf, size_t len)
{
    int r = qcow2_reserve(q, offset + len);
    return r ? r : block_write(q->node->file, offset, buf, len);
}

int qcow2_write_u64(Qcow2 *q, uint64_t offset, uint64_t value)
{
    value = GUINT64_TO_BE(value);
    return qcow2_pwrite(q, offset, &value, sizeof(value));
}

int qcow2_write_entries(Qcow2 *q, uint64_t offset, const uint64_t *entries, size_t count)
{
    uint64_t *buf = qcow2_buffer(count * 8);
    for (size_t i = 0; i < count; i++) {
        buf[i] = GUINT64_TO_BE(entries[i]);
    }
    int r = qcow2_pwrite(q, offset, buf, count * 8);
    free(buf);
    return r;
}

int qcow2_read_entries(Qcow2 *q, uint64_t offset, uint64_t *entries, size_t count)
{
    int r = qcow2_pread(q, offset, entries, count * 8);
    for (size_t i = 0; r == 0 && i < count; i++) {
        entries[i] = GUINT64_FROM_BE(entries[i]);
    }
    return r;
}

int qcow2_sync(Qcow2 *q)
{
    return q->node->no_flush ? 0 : block_flush(q->node->file);
}

/* ---- opening ---- */

static bool read_options(Qcow2 *q, KeyVal *options, GError **err)
{
    uint64_t refs = 0, l2 = 0, all = 0;
    bool lazy;                          /* they are written with the tables in any case */
    if (!keyval_get_bool(options, "lazy-refcounts", &lazy, err) ||
        !keyval_get_size(options, "l2-cache-size", 1, &l2, err) ||
        !keyval_get_size(options, "refcount-cache-size", 1, &refs, err) ||
        !keyval_get_size(options, "cache-size", 1, &all, err)) {
        return false;
    }
    if (all && (l2 > all || refs > all || (l2 && refs))) {
        return error_set(err, "cache-size: is that of both caches; it goes with a smaller l2-cache-size, or "
                         "a smaller refcount-cache-size");
    }
    if (!refs) {
        refs = all && l2 ? all - l2 : MIN(all ? all / 4 : 8 * MIB, 8 * MIB);
    }
    if (!l2) {
        l2 = all ? all - MIN(refs, all) : 32 * MIB;
    }
    qcow2_cache_init(&q->l2, l2, q->cluster_size);
    qcow2_cache_init(&q->refs, refs, q->cluster_size);
    return true;
}

static bool read_tables(Qcow2 *q, GError **err)
{
    bool write = !q->node->read_only;
    size_t entries = write ? ((size_t)q->reftable_clusters << q->cluster_bits) / 8 : 0;
    q->l1 = g_new0(uint64_t, q->l1_entries);
    q->reftable = g_new0(uint64_t, entries);
    if (qcow2_read_entries(q, q->l1_offset, q->l1, q->l1_entries) != 0 ||
        qcow2_read_entries(q, q->reftable_offset, q->reftable, entries) != 0) {
        return error_set(err, "%s: cannot read the L1 table or the refcount table", q->node->file->filename);
    }
    q->fresh_from = qcow2_clusters(q, block_size(q->node->file)) << q->cluster_bits;
    return true;
}

/* Before the first write: what others left behind is put right. */
static bool prepare(Qcow2 *q, GError **err)
{
    if ((q->incompatible & QCOW2_INCOMPAT_DIRTY) && !qcow2_repair(q, err)) {
        return false;
    }
    if (q->autoclear) {
        q->autoclear = 0;
        if (qcow2_write_u64(q, QCOW2_AT_AUTOCLEAR, 0) != 0 || qcow2_sync(q) != 0) {
            return error_set(err, "%s: cannot write the header", q->node->file->filename);
        }
    }
    return true;
}

static void release(Qcow2 *q)
{
    qcow2_cache_clear(&q->l2);
    qcow2_cache_clear(&q->refs);
    qcow2_free_snapshots(q);
    g_array_free(q->frees, TRUE);
    g_free(q->l1);
    g_free(q->reftable);
    g_free(q->unpacked_data);
    g_free(q->backing_name);
    g_free(q->backing_format);
    g_mutex_clear(&q->flush_lock);
    g_mutex_clear(&q->lock);
    g_mutex_clear(&q->unpack_lock);
    g_cond_clear(&q->changed);
}

static bool open_parts(Qcow2 *q, KeyVal *options, GError **err)
{
    BlockNode *node = q->node;
    node->file = block_open_child(node, options, "file", err);
    return node->file && qcow2_read_header(q, err) && read_options(q, options, err) &&
           qcow2_read_snapshots(q, err) && read_tables(q, err) && (node->read_only || prepare(q, err)) &&
           block_open_backing(node, options, q->backing_name, q->backing_format, err);
}

static bool qcow2_open(BlockNode *node, KeyVal *options, GError **err)
{
    Qcow2 *q = qcow2_of(node);
    q->node = node;
    g_mutex_init(&q->flush_lock);
    g_mutex_init(&q->lock);
    g_mutex_init(&q->unpack_lock);
    g_cond_init(&q->changed);
    g_queue_init(&q->changes);
    q->frees = g_array_new(FALSE, FALSE, sizeof(Qcow2Range));
    if (!open_parts(q, options, err)) {
        release(q);
        return false;
    }
    return true;
}

/* The header again, for what a reader need not look at. */
static bool qcow2_make_writable(BlockNode *node, GError **err)
{
    Qcow2 *q = qcow2_of(node);
    if (q->incompatible & QCOW2_INCOMPAT_CORRUPT) {
        return error_set(err, "%s: is marked as corrupt and cannot be written to", node->file->filename);
    }
    if (!q->reftable_clusters || !q->reftable_offset || q->reftable_offset >= block_size(node->file)) {
        return error_set(err, "%s: broken image: it has no refcount table", node->file->filename);
    }
    g_free(q->l1);
    g_free(q->reftable);
    return read_tables(q, err) && prepare(q, err);
}

/* It has been flushed; refcounts that were lowered at the end of that are still to be written. The file
 * keeps nothing that was never used. */
static int finish_writing(BlockNode *node)
{
    const Qcow2 *q = qcow2_of(node);
    int r = qcow2_flush(node);
    if (r == 0 && block_size(node->file) > q->fresh_from) {
        r = block_truncate(node->file, q->fresh_from);
    }
    return r == -ENOTSUP ? 0 : r;
}

static void qcow2_close(BlockNode *node)
{
    if (!node->read_only) {
        finish_writing(node);
    }
    release(qcow2_of(node));
}

const BlockDriver block_driver_qcow2 = {
    "qcow2", sizeof(Qcow2), .open = qcow2_open, .close = qcow2_close, .readv = qcow2_readv,
    .writev = qcow2_writev, .zero = qcow2_zero, .discard = qcow2_discard, .flush = qcow2_flush,
    .truncate = qcow2_truncate, .info = qcow2_fill_info, .make_writable = qcow2_make_writable,
    .make_read_only = finish_writing, .status = qcow2_status, .set_backing = qcow2_set_backing,
};
