/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zeros and discards in a qcow2 image: whole clusters by their entries, the rest by writing. What is
 * discarded reads as zeros too, never as what a backing image has; version 2 has no way to say that, so
 * there a discard above a backing image does nothing.
 */
#include <errno.h>
#include "block/qcow2.h"

typedef enum { DISCARD, ZERO_KEEP, ZERO_UNMAP } What;

/* Rewrite entries in pieces of so many clusters, so that others get the lock. */
#define PIECE 8192u

/* What an entry becomes; false: as it is. */
static bool new_entry(const Qcow2 *q, uint64_t old, Qcow2Kind kind, What what, bool backing, uint64_t *new)
{
    bool ours = (kind == QCOW2_NORMAL || kind == QCOW2_ZERO_ALLOCATED) && (old & QCOW2_COPIED);
    *new = backing ? QCOW2_ZERO_FLAG : 0;
    if (kind == QCOW2_ZERO_PLAIN || (kind == QCOW2_UNALLOCATED && !backing)) {
        return false;
    }
    if (what == ZERO_KEEP && ours && q->version == 3) {
        *new = old | QCOW2_ZERO_FLAG;
    }
    return *new != old;
}

/* Version 2 knows only clusters that are not there; those do not read as zeros above a backing image. */
static bool can_do(const Qcow2 *q, Qcow2Kind kind, What what, bool backing)
{
    return q->version == 3 || (!backing && (kind == QCOW2_UNALLOCATED || what != ZERO_KEEP));
}

/* The clusters from first on that lie in one table, at most count; *done of them are done. */
static int set_in(Qcow2 *q, Qcow2Table *t, uint64_t first, uint64_t count, What what, uint64_t *done)
{
    unsigned mask = (1u << qcow2_l2_bits(q)) - 1;
    for (*done = 0; *done < count; ++*done) {
        unsigned index = (unsigned)(first + *done) & mask;
        uint64_t old = qcow2_entry(t, index), new, host;
        uint64_t at = (first + *done) << q->cluster_bits;
        bool backing = q->node->backing && at < block_size(q->node->backing);
        Qcow2Kind kind;
        int r = qcow2_decode(q, old, &kind, &host);
        if (r != 0) {
            return r;
        }
        if (!can_do(q, kind, what, backing)) {
            return -ENOTSUP;
        }
        if (new_entry(q, old, kind, what, backing, &new)) {
            qcow2_entry_set(t, index, new);
            if (!(new & QCOW2_OFFSET_MASK)) {
                qcow2_free_entry(q, old);
            }
        }
    }
    return 0;
}

/* Some of count clusters from first on. Lock held. */
static int set_some(Qcow2 *q, uint64_t first, uint64_t count, What what, uint64_t *done)
{
    uint64_t offset = first << q->cluster_bits;
    uint64_t in_table = (1u << qcow2_l2_bits(q)) - (first & ((1u << qcow2_l2_bits(q)) - 1));
    Qcow2Table *t;
    count = MIN(MIN(count, in_table), PIECE);
    bool backing = q->node->backing && offset < block_size(q->node->backing);
    *done = 0;
    for (;;) {
        int r = qcow2_l2(q, offset, false, &t);
        if (r == 0 && !t && !backing) {
            *done = count;          /* nothing there: zeros already */
            return 0;
        }
        r = r == 0 ? qcow2_l2(q, offset, true, &t) : r;
        if (r != 0) {
            return r;
        }
        uint64_t n = qcow2_changeable(q, first, count);
        if (n) {
            return set_in(q, t, first, n, what, done);
        }
    }
}

/* ---- what cannot be said by an entry ---- */

static int write_zeros(Qcow2 *q, uint64_t offset, uint64_t bytes)
{
    g_autofree uint8_t *zeros = g_malloc0(MIN(bytes, MIB));
    int r = 0;
    while (bytes && r == 0) {
        struct iovec iov = { zeros, (size_t)MIN(bytes, MIB) };
        r = qcow2_writev(q->node, offset, &iov, 1);
        offset += iov.iov_len;
        bytes -= iov.iov_len;
    }
    return r;
}

/* Within one cluster. */
static int zero_part(Qcow2 *q, uint64_t offset, uint64_t bytes)
{
    Qcow2Run run;
    if (!bytes) {
        return 0;
    }
    int r = qcow2_find(q, offset, bytes, &run);
    if (r == 0 && (run.kind == QCOW2_NORMAL || run.kind == QCOW2_COMPRESSED)) {
        g_mutex_lock(&q->lock);
        qcow2_unuse(q, run.use);
        g_mutex_unlock(&q->lock);
    }
    return r || qcow2_reads_zero(q, run.kind, offset) ? r : write_zeros(q, offset, bytes);
}

/* ---- ranges ---- */

static int set_clusters(Qcow2 *q, uint64_t first, uint64_t end, What what)
{
    bool full = false;
    while (first < end) {
        uint64_t done;
        g_mutex_lock(&q->lock);
        int r = set_some(q, first, end - first, what, &done);
        full = q->frees->len > QCOW2_FREES_MAX;
        g_mutex_unlock(&q->lock);
        first += done;
        if (r == -ENOTSUP) {
            r = what == DISCARD ? 0 : write_zeros(q, first << q->cluster_bits, q->cluster_size);
            first++;
        }
        if (r == 0 && full) {
            r = qcow2_flush(q->node);
        }
        if (r != 0) {
            return r;
        }
    }
    return 0;
}

/* The last cluster of a disk is whole where the disk ends. */
static void whole_clusters(const Qcow2 *q, uint64_t offset, uint64_t bytes, uint64_t *first, uint64_t *end)
{
    *first = qcow2_clusters(q, offset);
    *end = (offset + bytes) >> q->cluster_bits;
    if (offset + bytes == block_size(q->node)) {
        *end = qcow2_clusters(q, offset + bytes);
    }
}

int qcow2_discard(BlockNode *node, uint64_t offset, uint64_t bytes)
{
    Qcow2 *q = qcow2_of(node);
    uint64_t first, end;
    whole_clusters(q, offset, bytes, &first, &end);
    return first < end ? set_clusters(q, first, end, DISCARD) : 0;
}

int qcow2_zero(BlockNode *node, uint64_t offset, uint64_t bytes, bool unmap)
{
    Qcow2 *q = qcow2_of(node);
    uint64_t first, end, stop = offset + bytes;
    whole_clusters(q, offset, bytes, &first, &end);
    uint64_t head = MIN(first << q->cluster_bits, stop) - offset;
    uint64_t tail = MAX(end, first) << q->cluster_bits;
    int r = zero_part(q, offset, head);
    if (r == 0 && first < end) {
        r = set_clusters(q, first, end, unmap ? ZERO_UNMAP : ZERO_KEEP);
    }
    return r == 0 && tail < stop ? zero_part(q, tail, stop - tail) : r;
}
