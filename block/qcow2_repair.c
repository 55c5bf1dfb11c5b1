/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Refcounts of a qcow2 image with the dirty bit, whose last writer did not write them: they are counted
 * anew from the tables. What the tables themselves say must be sound; if not, the image is refused.
 */
#include <errno.h>
#include <stdlib.h>
#include "block/qcow2.h"
#include "util/error.h"

/* Counts of so many clusters are in memory together, and of all together in so many bytes at most. */
enum { PAGE = 2048 };
#define COUNTS_MAX (128 * MIB)

typedef struct {
    Qcow2 *q;
    GHashTable *pages;          /* of uint16_t[PAGE], by cluster / PAGE */
    uint64_t end;               /* clusters of the file; later, of what was added to it too */
    uint64_t budget;            /* bytes of tables that may still be read */
    const char *wrong;          /* what makes it hopeless */
} Repair;

static bool hopeless(Repair *p, const char *why)
{
    p->wrong = p->wrong ? p->wrong : why;
    return false;
}

/* ---- counting ---- */

static uint16_t *page_of(Repair *p, uint64_t cluster, bool make)
{
    uint64_t key = cluster / PAGE;
    uint16_t *page = g_hash_table_lookup(p->pages, &key);
    if (!page && make && (g_hash_table_size(p->pages) + 1) * PAGE * sizeof(*page) <= COUNTS_MAX) {
        page = g_new0(uint16_t, PAGE);
        g_hash_table_insert(p->pages, g_memdup2(&key, sizeof(key)), page);
    }
    return page;
}

static uint16_t counted(Repair *p, uint64_t cluster)
{
    const uint16_t *page = page_of(p, cluster, false);
    return page ? page[cluster % PAGE] : 0;
}

/* once: it is a table, which nothing else may be. */
static bool count(Repair *p, uint64_t offset, uint64_t bytes, bool once)
{
    uint64_t first = offset >> p->q->cluster_bits, n = qcow2_clusters(p->q, bytes);
    for (uint64_t c = first; c < first + n; c++) {
        if (c >= p->end) {
            return hopeless(p, "a table refers to what is not there");
        }
        uint16_t *page = page_of(p, c, true);
        if (!page) {
            return hopeless(p, "it is too large to be repaired here");
        }
        if ((once && page[c % PAGE]) || page[c % PAGE] == UINT16_MAX) {
            return hopeless(p, "a cluster is used twice");
        }
        page[c % PAGE]++;
    }
    return true;
}

static bool spend(Repair *p, uint64_t bytes)
{
    if (bytes > p->budget) {
        return hopeless(p, "its tables are larger than what it takes on the host");
    }
    p->budget -= bytes;
    return true;
}

static bool count_entry(Repair *p, uint64_t entry)
{
    Qcow2 *q = p->q;
    Qcow2Kind kind;
    uint64_t host;
    if (qcow2_decode(q, entry, &kind, &host) != 0) {
        return hopeless(p, "an L2 entry is broken");
    }
    if (kind == QCOW2_COMPRESSED) {
        uint64_t from = host & ~(uint64_t)(q->cluster_size - 1);
        uint64_t end = MIN(host + qcow2_packed_bytes(q, entry), p->end << q->cluster_bits);
        return count(p, from, end - from, false);
    }
    return !host || count(p, host, q->cluster_size, false);
}

/* shared: snapshots may have the same L2 tables. */
static bool count_l1(Repair *p, uint64_t offset, const uint64_t *l1, uint64_t entries, bool shared)
{
    Qcow2 *q = p->q;
    uint32_t per_table = q->cluster_size / 8;
    g_autofree uint64_t *l2 = g_new(uint64_t, per_table);
    if (!count(p, offset, entries * 8, true)) {
        return false;
    }
    for (uint64_t i = 0; i < entries; i++) {
        uint64_t at = l1[i] & QCOW2_OFFSET_MASK;
        if (!at) {
            continue;
        }
        if ((at & (q->cluster_size - 1)) || !count(p, at, q->cluster_size, !shared) ||
            !spend(p, q->cluster_size) || qcow2_read_entries(q, at, l2, per_table) != 0) {
            return hopeless(p, "an L1 entry is broken");
        }
        for (uint32_t n = 0; n < per_table; n++) {
            if (l2[n] && !count_entry(p, l2[n])) {
                return false;
            }
        }
    }
    return true;
}

static bool count_snapshots(Repair *p)
{
    Qcow2 *q = p->q;
    if (q->snapshots_bytes && !count(p, q->snapshots_offset, q->snapshots_bytes, true)) {
        return false;
    }
    for (unsigned i = 0; i < q->snapshot_count; i++) {
        const Qcow2Snapshot *s = &q->snapshots[i];
        g_autofree uint64_t *l1 = g_new(uint64_t, s->l1_entries);
        if (!spend(p, s->l1_entries * 8) || qcow2_read_entries(q, s->l1_offset, l1, s->l1_entries) != 0 ||
            !count_l1(p, s->l1_offset, l1, s->l1_entries, true)) {
            return hopeless(p, "a snapshot's table cannot be read");
        }
    }
    return true;
}

static bool count_refcounts(Repair *p)
{
    Qcow2 *q = p->q;
    uint64_t entries = ((uint64_t)q->reftable_clusters << q->cluster_bits) / 8;
    bool good = count(p, q->reftable_offset, (uint64_t)q->reftable_clusters << q->cluster_bits, true);
    for (uint64_t i = 0; good && i < entries; i++) {
        uint64_t at = q->reftable[i];
        good = !at || (!(at & (q->cluster_size - 1)) && count(p, at, q->cluster_size, true) &&
                       spend(p, q->cluster_size));
    }
    return good || hopeless(p, "the refcount table is broken");
}

/* The active tables come first: theirs are used once there. */
static bool count_all(Repair *p)
{
    Qcow2 *q = p->q;
    return count(p, 0, q->cluster_size, true) && count_l1(p, q->l1_offset, q->l1, q->l1_entries, false) &&
           count_snapshots(p) && count_refcounts(p);
}

/* ---- writing ---- */

/* A cluster behind all that is used. */
static bool add_cluster(Repair *p, uint64_t *cluster)
{
    *cluster = p->end++;
    return count(p, *cluster << p->q->cluster_bits, p->q->cluster_size, true);
}

/* Blocks are placed behind the end, where they may need another one to count them. */
static bool ensure_block(Repair *p, uint64_t cluster)
{
    Qcow2 *q = p->q;
    uint64_t per_block = qcow2_refblock_entries(q), index = cluster / per_block, place;
    for (;;) {
        uint64_t entries = ((uint64_t)q->reftable_clusters << q->cluster_bits) / 8;
        uint64_t end_index = p->end / per_block;
        if (MAX(index, end_index) >= entries) {
            return hopeless(p, "its refcount table is too small");
        }
        if (q->reftable[index]) {
            return true;
        }
        bool first_there = !q->reftable[end_index];     /* it counts itself */
        if (!add_cluster(p, &place) || qcow2_refblock_new(q, first_there ? end_index : index, place) != 0) {
            return hopeless(p, "no room for refcounts");
        }
    }
}

static bool set_count(Repair *p, uint64_t cluster, uint64_t n)
{
    uint64_t old;
    if (n > qcow2_refcount_max(p->q)) {
        return hopeless(p, "a cluster is used more often than can be counted");
    }
    if (n && !ensure_block(p, cluster)) {
        return false;
    }
    if (qcow2_refcount(p->q, cluster, &old) != 0) {
        return hopeless(p, "a refcount block cannot be read");
    }
    return old == n || qcow2_refcount_set(p->q, cluster, n) == 0 || hopeless(p, "a refcount cannot be written");
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* What is used is counted; the blocks that this needs are used then, too. */
static bool raise_all(Repair *p)
{
    GHashTableIter iter;
    g_autofree uint64_t *keys = g_new(uint64_t, g_hash_table_size(p->pages));
    gpointer key;
    unsigned n = 0;
    g_hash_table_iter_init(&iter, p->pages);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        keys[n++] = *(uint64_t *)key;
    }
    qsort(keys, n, sizeof(*keys), compare);
    for (unsigned i = 0; i < n; i++) {
        for (uint64_t c = keys[i] * PAGE; c < (keys[i] + 1) * PAGE; c++) {
            uint16_t used = counted(p, c);
            if (used && !set_count(p, c, used)) {
                return false;
            }
        }
    }
    return true;
}

/* What is not used is free. Bitmaps have clusters that are not looked for, so then all of it stays. */
static bool lower_all(Repair *p)
{
    Qcow2 *q = p->q;
    uint64_t per_block = qcow2_refblock_entries(q);
    uint64_t entries = ((uint64_t)q->reftable_clusters << q->cluster_bits) / 8;
    for (uint64_t i = 0; i < entries && !q->bitmaps; i++) {
        for (uint64_t n = 0; q->reftable[i] && n < per_block; n++) {
            uint64_t c = i * per_block + n;
            if (!set_count(p, c, counted(p, c))) {
                return false;
            }
        }
    }
    return true;
}

static bool write_all(Repair *p)
{
    Qcow2 *q = p->q;
    q->incompatible &= ~(uint64_t)QCOW2_INCOMPAT_DIRTY;
    bool good = qcow2_flush(q->node) == 0 && qcow2_write_u64(q, QCOW2_AT_INCOMPATIBLE, q->incompatible) == 0 &&
                qcow2_sync(q) == 0;
    return good || hopeless(p, "it cannot be written to");
}

bool qcow2_repair(Qcow2 *q, GError **err)
{
    Repair p = { .q = q, .end = qcow2_clusters(q, block_size(q->node->file)) };
    p.pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    p.budget = (2 * block_allocated(q->node->file) + 64 * MIB) * (1 + (uint64_t)q->snapshot_count);
    bool good = count_all(&p) && raise_all(&p) && lower_all(&p) && write_all(&p);
    g_hash_table_destroy(p.pages);
    return good || error_set(err, "%s: was not closed, and its refcounts cannot be repaired: %s; "
                             "'qemu-img check -r all' may help", q->node->file->filename, p.wrong);
}
