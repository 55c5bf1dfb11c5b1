/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the tables of a qcow2 image get to the disk.
 *
 * Tables are changed in memory and written when the guest flushes, when the caches are full and at the
 * end, in this order, with a barrier (fdatasync) wherever the next step refers to the one before:
 *
 *     data (long written), refcount blocks | refcount table | L2 tables | L1 table | lower refcounts
 *
 * So at any moment, after a kill or a loss of power, the image on disk is right: clusters may be counted
 * that nothing refers to, but nothing refers to a cluster that is not counted, or that holds something
 * else. What was flushed is there; what was written and not flushed may be there or not, as on a disk
 * with a write cache. Clusters that were given up are lowered, and so free for others, only when no
 * table on disk has them any more and no I/O to them is under way.
 *
 * A flush does not stop other requests: it copies what is dirty, and writes the copies without the lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "block/qcow2.h"

typedef struct {
    Qcow2Table *table;
    uint64_t offset;
    uint32_t from, to;
    uint8_t *copy;
} TableCopy;

typedef struct {
    uint64_t offset, *copy;
    uint32_t from, to;          /* entries */
} EntriesCopy;

/* What one flush writes. */
typedef struct {
    GArray *tables;             /* of TableCopy */
    EntriesCopy reftable, l1;
    GArray *frees;              /* of Qcow2Range */
} Batch;

/* ---- with the lock ---- */

static EntriesCopy take_entries(const uint64_t *entries, uint64_t offset, uint32_t *from, uint32_t *to)
{
    EntriesCopy c = { offset + *from * UINT64_C(8), NULL, *from, *to };
    if (c.from != c.to) {
        c.copy = g_memdup2(entries + c.from, (c.to - c.from) * sizeof(*entries));
    }
    *from = *to = 0;
    return c;
}

static void untake_entries(const EntriesCopy *c, uint32_t *from, uint32_t *to)
{
    if (c->from != c->to) {
        *from = *from == *to ? c->from : MIN(*from, c->from);
        *to = MAX(*to, c->to);
    }
}

static void take_tables(Qcow2 *q, GArray *tables)
{
    for (GList *l = q->l2.order.head; l; l = l->next) {
        Qcow2Table *t = l->data;
        if (t->dirty_from == t->dirty_to) {
            continue;
        }
        uint32_t len = t->dirty_to - t->dirty_from;
        TableCopy c = { t, t->offset, t->dirty_from, t->dirty_to, qcow2_buffer(len) };
        memcpy(c.copy, t->data + t->dirty_from, len);
        t->dirty_from = t->dirty_to = 0;
        t->busy = true;
        g_array_append_val(tables, c);
    }
}

static void take(Qcow2 *q, Batch *b)
{
    b->tables = g_array_new(FALSE, FALSE, sizeof(TableCopy));
    take_tables(q, b->tables);
    b->reftable = take_entries(q->reftable, q->reftable_offset, &q->reftable_dirty_from, &q->reftable_dirty_to);
    b->l1 = take_entries(q->l1, q->l1_offset, &q->l1_dirty_from, &q->l1_dirty_to);
    b->frees = q->frees;
    q->frees = g_array_new(FALSE, FALSE, sizeof(Qcow2Range));
}

/* What could not be written is dirty again. */
static void put_back(Qcow2 *q, Batch *b)
{
    for (guint i = 0; i < b->tables->len; i++) {
        const TableCopy *c = &g_array_index(b->tables, TableCopy, i);
        qcow2_table_dirty(c->table, c->from, c->to - c->from);
    }
    untake_entries(&b->reftable, &q->reftable_dirty_from, &q->reftable_dirty_to);
    untake_entries(&b->l1, &q->l1_dirty_from, &q->l1_dirty_to);
    g_array_append_vals(q->frees, b->frees->data, b->frees->len);
    g_array_set_size(b->frees, 0);
}

static void finish(Qcow2 *q, Batch *b)
{
    for (guint i = 0; i < b->tables->len; i++) {
        TableCopy *c = &g_array_index(b->tables, TableCopy, i);
        c->table->busy = false;
        free(c->copy);
    }
    g_array_free(b->tables, TRUE);
    g_free(b->reftable.copy);
    g_free(b->l1.copy);
    g_cond_broadcast(&q->changed);
}

/* ---- without the lock ---- */

static int write_copy(Qcow2 *q, const EntriesCopy *c)
{
    return c->from == c->to ? 0 : qcow2_write_entries(q, c->offset, c->copy, c->to - c->from);
}

static int write_tables(Qcow2 *q, const GArray *tables)
{
    int r = 0;
    for (guint i = 0; i < tables->len && r == 0; i++) {
        const TableCopy *c = &g_array_index(tables, TableCopy, i);
        r = block_write(q->node->file, c->offset + c->from, c->copy, c->to - c->from);
    }
    return r;
}

static int write_batch(Qcow2 *q, const Batch *b)
{
    int r = 0;
    if (b->reftable.copy) {
        r = qcow2_sync(q);
        r = r == 0 ? write_copy(q, &b->reftable) : r;
    }
    if (r == 0 && b->tables->len) {
        r = qcow2_sync(q);
        r = r == 0 ? write_tables(q, b->tables) : r;
    }
    if (r == 0 && b->l1.copy) {
        r = qcow2_sync(q);
        r = r == 0 ? write_copy(q, &b->l1) : r;
    }
    return r == 0 ? qcow2_sync(q) : r;
}

/* ---- giving back ---- */

/* The clusters at the start of range that nobody else refers to either; at least one is looked at. */
static uint64_t count_last(Qcow2 *q, const Qcow2Range *range, bool *last)
{
    uint64_t n = 0, first = range->offset >> q->cluster_bits;
    for (; n < range->clusters; n++) {
        uint64_t refs;
        bool mine = qcow2_refcount(q, first + n, &refs) == 0 && refs == 1;
        if (n && mine != *last) {
            break;
        }
        *last = mine;
    }
    return n;
}

/* The space goes back to the host before the clusters can be used anew. */
static void give_back(Qcow2 *q, Qcow2Range range)
{
    while (range.clusters) {
        bool last = false;
        uint64_t n = count_last(q, &range, &last);
        if (last && q->node->unmap) {
            g_mutex_unlock(&q->lock);
            uint64_t end = MIN(range.offset + (n << q->cluster_bits), block_size(q->node->file));
            if (end > range.offset) {
                block_discard(q->node->file, range.offset, end - range.offset);
            }
            g_mutex_lock(&q->lock);
        }
        qcow2_refcount_add(q, range.offset >> q->cluster_bits, n, -1);
        range.offset += n << q->cluster_bits;
        range.clusters -= n;
    }
}

int qcow2_flush(BlockNode *node)
{
    Qcow2 *q = qcow2_of(node);
    Batch b;
    g_mutex_lock(&q->flush_lock);
    g_mutex_lock(&q->lock);
    int r = qcow2_refs_write(q);
    take(q, &b);
    g_mutex_unlock(&q->lock);
    if (r == 0) {
        r = write_batch(q, &b);
    }
    g_mutex_lock(&q->lock);
    if (r != 0) {
        put_back(q, &b);
    }
    finish(q, &b);
    if (b.frees->len) {
        qcow2_wait_uses(q);
    }
    for (guint i = 0; i < b.frees->len; i++) {
        give_back(q, g_array_index(b.frees, Qcow2Range, i));
    }
    g_array_free(b.frees, TRUE);
    g_mutex_unlock(&q->lock);
    g_mutex_unlock(&q->flush_lock);
    return r;
}
