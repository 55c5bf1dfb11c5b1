/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the clusters of a qcow2 image's disk lie in its file: L1 and L2 tables. */
#include <errno.h>
#include "block/qcow2.h"

/* ---- entries ---- */

/* Compressed data have their offset in the low bits and, above, how many sectors follow their first. */
static unsigned packed_bits(const Qcow2 *q)
{
    return 62 - (q->cluster_bits - 8);
}

static uint64_t packed_offset(const Qcow2 *q, uint64_t entry)
{
    return entry & ((UINT64_C(1) << packed_bits(q)) - 1);
}

uint32_t qcow2_packed_bytes(const Qcow2 *q, uint64_t entry)
{
    uint64_t more = (entry & ~(QCOW2_COPIED | QCOW2_COMPRESSED_FLAG)) >> packed_bits(q);
    return (uint32_t)((more + 1) * 512 - (packed_offset(q, entry) & 511));
}

int qcow2_decode(Qcow2 *q, uint64_t entry, Qcow2Kind *kind, uint64_t *host)
{
    uint64_t end = block_size(q->node->file);
    if (entry & QCOW2_COMPRESSED_FLAG) {
        *kind = QCOW2_COMPRESSED;
        *host = packed_offset(q, entry);
        return *host < end && *host >= q->cluster_size ? 0
               : qcow2_broken(q, "compressed data at 0x%" G_GINT64_MODIFIER "x", *host);
    }
    bool zero = entry & QCOW2_ZERO_FLAG;
    *host = entry & QCOW2_OFFSET_MASK;
    if ((*host & (q->cluster_size - 1)) || *host >= end || (zero && q->version == 2)) {
        return qcow2_broken(q, "L2 entry 0x%" G_GINT64_MODIFIER "x", entry);
    }
    *kind = *host ? (zero ? QCOW2_ZERO_ALLOCATED : QCOW2_NORMAL) : zero ? QCOW2_ZERO_PLAIN : QCOW2_UNALLOCATED;
    return 0;
}

void qcow2_free_entry(Qcow2 *q, uint64_t entry)
{
    if (entry & QCOW2_COMPRESSED_FLAG) {
        uint64_t at = packed_offset(q, entry), end = at + qcow2_packed_bytes(q, entry);
        uint64_t first = at >> q->cluster_bits, last = (end - 1) >> q->cluster_bits;
        for (uint64_t c = first; c <= last; c++) {
            qcow2_free_later(q, c << q->cluster_bits, 1);
        }
    } else if (entry & QCOW2_OFFSET_MASK) {
        qcow2_free_later(q, entry & QCOW2_OFFSET_MASK, 1);
    }
}

/* ---- L2 tables ---- */

static void l1_set(Qcow2 *q, uint32_t index, uint64_t value)
{
    bool clean = q->l1_dirty_from == q->l1_dirty_to;
    q->l1[index] = value;
    q->l1_dirty_from = clean ? index : MIN(q->l1_dirty_from, index);
    q->l1_dirty_to = clean ? index + 1 : MAX(q->l1_dirty_to, index + 1);
}

/* A table of our own, where there is none or one that snapshots have too. */
static int own_table(Qcow2 *q, uint32_t index, uint64_t old, Qcow2Table **t)
{
    uint64_t offset, got;
    int r = old ? qcow2_cache_get(q, &q->l2, old, t) : qcow2_cache_make_room(q, &q->l2);
    if (r != 0) {
        return r;
    }
    r = qcow2_alloc(q, 1, true, &offset, &got);
    if (r != 0) {
        return r;
    }
    if (old) {
        qcow2_cache_move(q, &q->l2, *t, offset);
        qcow2_free_later(q, old, 1);
    } else {
        *t = qcow2_cache_add(q, &q->l2, offset);
    }
    l1_set(q, index, offset | QCOW2_COPIED);
    return 0;
}

static int get_table(Qcow2 *q, uint64_t offset, bool write, Qcow2Table **t)
{
    uint64_t index = offset >> (q->cluster_bits + qcow2_l2_bits(q));
    *t = NULL;
    if (index >= q->l1_entries) {
        return -EIO;
    }
    uint64_t entry = q->l1[index], at = entry & QCOW2_OFFSET_MASK;
    if ((at & (q->cluster_size - 1)) || at >= block_size(q->node->file)) {
        return qcow2_broken(q, "L1 entry 0x%" G_GINT64_MODIFIER "x", entry);
    }
    if (write && !(at && (entry & QCOW2_COPIED))) {
        return own_table(q, (uint32_t)index, at, t);
    }
    return at ? qcow2_cache_get(q, &q->l2, at, t) : 0;
}

int qcow2_l2(Qcow2 *q, uint64_t offset, bool write, Qcow2Table **out)
{
    int r;
    while ((r = get_table(q, offset, write, out)) == -EAGAIN) {
        g_mutex_unlock(&q->lock);
        int error = qcow2_flush(q->node);
        g_mutex_lock(&q->lock);
        if (error) {
            return error;
        }
    }
    return r;
}

/* ---- finding ---- */

static bool goes_on(const Qcow2 *q, const Qcow2Run *run, uint64_t clusters, Qcow2Kind kind, uint64_t host)
{
    bool zero = kind == QCOW2_ZERO_PLAIN || kind == QCOW2_ZERO_ALLOCATED;
    switch (run->kind) {
    case QCOW2_UNALLOCATED:     return kind == QCOW2_UNALLOCATED;
    case QCOW2_ZERO_PLAIN:
    case QCOW2_ZERO_ALLOCATED:  return zero;
    case QCOW2_NORMAL:          return kind == QCOW2_NORMAL &&
                                       host == run->host + (clusters << q->cluster_bits);
    case QCOW2_COMPRESSED:      return false;
    }
    return false;
}

/* In one table, from entry index on. */
static int find_in(Qcow2 *q, const Qcow2Table *t, unsigned index, uint64_t clusters, Qcow2Run *run)
{
    uint64_t n = 1;
    run->entry = qcow2_entry(t, index);
    int r = qcow2_decode(q, run->entry, &run->kind, &run->host);
    for (; r == 0 && n < clusters; n++) {
        Qcow2Kind kind;
        uint64_t host;
        if (qcow2_decode(q, qcow2_entry(t, index + (unsigned)n), &kind, &host) != 0 ||
            !goes_on(q, run, n, kind, host)) {
            break;
        }
    }
    run->bytes = n << q->cluster_bits;
    return r;
}

int qcow2_find(Qcow2 *q, uint64_t offset, uint64_t bytes, Qcow2Run *run)
{
    uint64_t inside = offset & (q->cluster_size - 1);
    uint64_t index = offset >> q->cluster_bits & ((1u << qcow2_l2_bits(q)) - 1);
    uint64_t clusters = MIN(qcow2_clusters(q, inside + bytes), (1u << qcow2_l2_bits(q)) - index);
    Qcow2Table *t;
    g_mutex_lock(&q->lock);
    int r = qcow2_l2(q, offset, false, &t);
    if (r == 0 && t) {
        r = find_in(q, t, (unsigned)index, clusters, run);
    } else {
        *run = (Qcow2Run){ QCOW2_UNALLOCATED, 0, 0, clusters << q->cluster_bits };
    }
    run->bytes = MIN(run->bytes - inside, bytes);
    if (r == 0 && run->kind == QCOW2_NORMAL) {
        run->host += inside;
    }
    if (r == 0 && (run->kind == QCOW2_NORMAL || run->kind == QCOW2_COMPRESSED)) {
        run->use = qcow2_use(q);
    }
    g_mutex_unlock(&q->lock);
    return r;
}

/* ---- who uses and who changes clusters ---- */

unsigned qcow2_use(Qcow2 *q)
{
    unsigned use = q->epoch & 1;
    q->users[use]++;
    return use;
}

void qcow2_unuse(Qcow2 *q, unsigned use)
{
    if (--q->users[use] == 0) {
        g_cond_broadcast(&q->changed);
    }
}

/* Those that begin from now on are of the other parity, so this ends. */
void qcow2_wait_uses(Qcow2 *q)
{
    unsigned old = q->epoch++ & 1;
    while (q->users[old]) {
        g_cond_wait(&q->changed, &q->lock);
    }
}

uint64_t qcow2_changeable(Qcow2 *q, uint64_t first, uint64_t count)
{
    for (GList *l = q->changes.head; l; l = l->next) {
        const Qcow2Change *c = l->data;
        if (first >= c->first && first < c->first + c->count) {
            g_cond_wait(&q->changed, &q->lock);
            return 0;
        }
        if (c->first > first) {
            count = MIN(count, c->first - first);
        }
    }
    return count;
}

void qcow2_change_begin(Qcow2 *q, Qcow2Change *change)
{
    change->link = (GList){ .data = change };
    g_queue_push_tail_link(&q->changes, &change->link);
}

void qcow2_change_end(Qcow2 *q, Qcow2Change *change)
{
    g_queue_unlink(&q->changes, &change->link);
    g_cond_broadcast(&q->changed);
}
