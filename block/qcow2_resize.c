/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A larger disk in a qcow2 image. */
#include <errno.h>
#include <string.h>
#include "block/qcow2.h"

/* The fields from the size to the L1 table's offset, which follow each other, at once. */
static int write_header(Qcow2 *q, uint64_t size, uint32_t l1_entries, uint64_t l1_offset)
{
    uint8_t head[QCOW2_AT_L1 + 12 - QCOW2_AT_SIZE];
    int r = qcow2_pread(q, QCOW2_AT_SIZE, head, sizeof(head));
    if (r != 0) {
        return r;
    }
    size = GUINT64_TO_BE(size);
    l1_entries = GUINT32_TO_BE(l1_entries);
    l1_offset = GUINT64_TO_BE(l1_offset);
    memcpy(head, &size, 8);
    memcpy(head + QCOW2_AT_L1 - QCOW2_AT_SIZE, &l1_entries, 4);
    memcpy(head + QCOW2_AT_L1 + 4 - QCOW2_AT_SIZE, &l1_offset, 8);
    r = qcow2_sync(q);
    r = r == 0 ? qcow2_pwrite(q, QCOW2_AT_SIZE, head, sizeof(head)) : r;
    return r == 0 ? qcow2_sync(q) : r;
}

/* A copy of the L1 table with room for entries, elsewhere in the file. All tables are written. */
static int grow_l1(Qcow2 *q, uint32_t entries)
{
    uint64_t offset, got, *l1 = g_new0(uint64_t, entries);
    uint64_t clusters = qcow2_clusters(q, (uint64_t)entries * 8);
    int r = qcow2_alloc(q, clusters, true, &offset, &got);
    if (r == 0) {
        if (q->l1_entries) {
            memcpy(l1, q->l1, (size_t)q->l1_entries * 8);
        }
        r = qcow2_refs_write(q);
        r = r == 0 && q->reftable_dirty_from != q->reftable_dirty_to ? -EAGAIN : r;
        r = r == 0 ? qcow2_write_entries(q, offset, l1, entries) : r;
        r = r == 0 ? write_header(q, block_size(q->node), entries, offset) : r;
        if (r != 0) {
            qcow2_refcount_add(q, offset >> q->cluster_bits, clusters, -1);
        }
    }
    if (r != 0) {
        g_free(l1);
        return r;
    }
    qcow2_free_later(q, q->l1_offset, qcow2_clusters(q, (uint64_t)q->l1_entries * 8));
    g_free(q->l1);
    q->l1 = l1;
    q->l1_offset = offset;
    q->l1_entries = entries;
    return 0;
}

/* The new table has nothing that the old one on disk does not have: so it refers to nothing that is not
 * there. Refcounts that need a new refcount block are written first; then it is tried again. */
static int ensure_l1(Qcow2 *q, uint64_t size)
{
    uint64_t per_entry = UINT64_C(1) << (q->cluster_bits + qcow2_l2_bits(q));
    uint64_t entries = size / per_entry + (size % per_entry != 0);
    int r = 0;
    if (entries > QCOW2_L1_MAX / 8) {
        return -EFBIG;
    }
    do {
        r = qcow2_flush(q->node);
        if (r != 0) {
            return r;
        }
        g_mutex_lock(&q->flush_lock);           /* nobody is in the middle of writing it */
        g_mutex_lock(&q->lock);
        if (entries > q->l1_entries) {
            r = q->l1_dirty_from == q->l1_dirty_to ? grow_l1(q, (uint32_t)entries) : -EAGAIN;
        }
        g_mutex_unlock(&q->lock);
        g_mutex_unlock(&q->flush_lock);
    } while (r == -EAGAIN);
    return r;
}

int qcow2_truncate(BlockNode *node, uint64_t size)
{
    Qcow2 *q = qcow2_of(node);
    uint64_t old = block_size(node);
    if (size < old) {
        return -ENOTSUP;
    }
    if (size == old) {
        return 0;
    }
    if (size % BLOCK_SECTOR) {
        return -EINVAL;
    }
    int r = size > INT64_MAX ? -EFBIG : ensure_l1(q, size);
    if (r != 0) {
        return r;
    }
    uint64_t backing = node->backing ? block_size(node->backing) : 0;
    if (backing > old) {            /* what it has there does not become part of the disk */
        r = qcow2_zero(node, old, MIN(size, backing) - old, false);
    }
    g_mutex_lock(&q->lock);
    r = r == 0 ? write_header(q, size, q->l1_entries, q->l1_offset) : r;
    if (r == 0) {
        __atomic_store_n(&node->size, size, __ATOMIC_RELAXED);
    }
    g_mutex_unlock(&q->lock);
    return r;
}
