/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Refcounts of a qcow2 image: how often a cluster of the file is referred to; what has 0 is free. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "block/qcow2.h"

/* Clusters behind the end of the file that are looked at for a free one; those of a right image are. */
#define BEYOND_MAX (1u << 20)

static uint64_t reftable_entries(const Qcow2 *q)
{
    return ((uint64_t)q->reftable_clusters << q->cluster_bits) / 8;
}

uint64_t qcow2_refblock_entries(const Qcow2 *q)
{
    return ((uint64_t)q->cluster_size * 8) >> q->refcount_order;
}

uint64_t qcow2_refcount_max(const Qcow2 *q)
{
    return q->refcount_order == 6 ? UINT64_MAX : (UINT64_C(1) << (1u << q->refcount_order)) - 1;
}

/* ---- entries of a block: big-endian, those of less than a byte from the lowest bit on ---- */

static uint64_t get(const Qcow2 *q, const Qcow2Table *t, uint64_t i)
{
    const uint8_t *p = t->data + ((i << q->refcount_order) >> 3);
    switch (q->refcount_order) {
    case 3: return *p;
    case 4: return (uint64_t)p[0] << 8 | p[1];
    case 5: return GUINT32_FROM_BE(*(const uint32_t *)(const void *)p);
    case 6: return GUINT64_FROM_BE(*(const uint64_t *)(const void *)p);
    default: return *p >> ((i << q->refcount_order) & 7) & ((1u << (1u << q->refcount_order)) - 1);
    }
}

static void set(const Qcow2 *q, Qcow2Table *t, uint64_t i, uint64_t value)
{
    uint64_t at = (i << q->refcount_order) >> 3;
    uint8_t *p = t->data + at;
    unsigned bytes = q->refcount_order < 3 ? 1 : 1u << (q->refcount_order - 3);
    if (q->refcount_order < 3) {
        unsigned shift = (i << q->refcount_order) & 7, mask = (1u << (1u << q->refcount_order)) - 1;
        *p = (uint8_t)((*p & ~(mask << shift)) | (unsigned)value << shift);
    } else {
        for (unsigned b = 0; b < bytes; b++) {
            p[b] = (uint8_t)(value >> (8 * (bytes - 1 - b)));
        }
    }
    qcow2_table_dirty(t, (uint32_t)at, bytes);
}

/* ---- blocks ---- */

/* The block with the cluster's count; NULL when there is none, which stands for zeros. */
static int block_of(Qcow2 *q, uint64_t cluster, Qcow2Table **t)
{
    uint64_t index = cluster / qcow2_refblock_entries(q);
    uint64_t offset = index < reftable_entries(q) ? q->reftable[index] & ~UINT64_C(0x1ff) : 0;
    *t = NULL;
    if (!offset) {
        return 0;
    }
    if ((offset & (q->cluster_size - 1)) || offset >= block_size(q->node->file)) {
        return qcow2_broken(q, "refcount block %" G_GUINT64_FORMAT " at 0x%" G_GINT64_MODIFIER "x", index,
                            offset);
    }
    return qcow2_cache_get(q, &q->refs, offset, t);
}

int qcow2_refcount(Qcow2 *q, uint64_t cluster, uint64_t *out)
{
    Qcow2Table *t;
    int r = block_of(q, cluster, &t);
    *out = r == 0 && t ? get(q, t, cluster % qcow2_refblock_entries(q)) : 0;
    return r;
}

int qcow2_refcount_set(Qcow2 *q, uint64_t cluster, uint64_t value)
{
    Qcow2Table *t;
    int r = block_of(q, cluster, &t);
    if (r == 0 && t) {
        set(q, t, cluster % qcow2_refblock_entries(q), value);
    }
    return r == 0 && !t ? -EIO : r;
}

int qcow2_refcount_add(Qcow2 *q, uint64_t first, uint64_t count, int delta)
{
    for (uint64_t c = first; c < first + count; c++) {
        Qcow2Table *t;
        int r = block_of(q, c, &t);
        if (r != 0) {
            return r;
        }
        uint64_t i = c % qcow2_refblock_entries(q), n = t ? get(q, t, i) : 0;
        if (!t || n == (delta < 0 ? 0 : qcow2_refcount_max(q))) {
            return qcow2_broken(q, "cluster 0x%" G_GINT64_MODIFIER "x is counted %" G_GUINT64_FORMAT " times",
                                c << q->cluster_bits, n);
        }
        set(q, t, i, delta < 0 ? n - 1 : n + 1);
        if (delta < 0 && n == 1) {
            q->free_hint = MIN(q->free_hint, c);
        }
    }
    return 0;
}

int qcow2_refblock_new(Qcow2 *q, uint64_t index, uint64_t cluster)
{
    int r = qcow2_cache_make_room(q, &q->refs);
    if (r == 0) {
        r = qcow2_reserve(q, (cluster + 1) << q->cluster_bits);
    }
    if (r != 0) {
        return r;
    }
    qcow2_cache_add(q, &q->refs, cluster << q->cluster_bits);
    q->reftable[index] = cluster << q->cluster_bits;
    bool clean = q->reftable_dirty_from == q->reftable_dirty_to;
    q->reftable_dirty_from = clean ? (uint32_t)index : MIN(q->reftable_dirty_from, (uint32_t)index);
    q->reftable_dirty_to = clean ? (uint32_t)index + 1 : MAX(q->reftable_dirty_to, (uint32_t)index + 1);
    q->fresh_from = MAX(q->fresh_from, (cluster + 1) << q->cluster_bits);
    return qcow2_refcount_set(q, cluster, 1);
}

/* ---- a larger table ---- */

/* A new table lies with the blocks that count it and them in an area that the old one does not reach. */
typedef struct {
    uint64_t start, blocks, clusters, entries;      /* start, blocks and clusters (of the table): clusters */
} Area;

static int plan_area(const Qcow2 *q, uint64_t index, Area *a)
{
    uint64_t per_block = qcow2_refblock_entries(q), per_cluster = q->cluster_size / 8;
    a->start = MAX(qcow2_clusters(q, block_size(q->node->file)), reftable_entries(q) * per_block);
    a->blocks = 1;
    for (;;) {
        uint64_t last = a->start / per_block + a->blocks;
        a->entries = MAX(MAX(index, last) + 1, reftable_entries(q) * 3 / 2);
        a->clusters = (a->entries + per_cluster - 1) / per_cluster;
        uint64_t end = a->start + a->blocks + a->clusters;
        uint64_t needed = (end - 1) / per_block - a->start / per_block + 1;
        if (needed <= a->blocks) {
            break;
        }
        a->blocks = needed;
    }
    a->entries = a->clusters * per_cluster;
    return a->entries * 8 > QCOW2_REFTABLE_MAX || (a->start + a->blocks + a->clusters) >> (55 - q->cluster_bits)
           ? -EFBIG : 0;
}

static int write_block(Qcow2 *q, const Area *a, uint64_t n)
{
    uint64_t per_block = qcow2_refblock_entries(q), first = (a->start / per_block + n) * per_block;
    uint64_t end = a->start + a->blocks + a->clusters;
    Qcow2Table t = { .data = qcow2_buffer(q->cluster_size) };
    memset(t.data, 0, q->cluster_size);
    for (uint64_t c = MAX(first, a->start); c < MIN(first + per_block, end); c++) {
        set(q, &t, c - first, 1);
    }
    int r = qcow2_pwrite(q, (a->start + n) << q->cluster_bits, t.data, q->cluster_size);
    free(t.data);
    return r;
}

/* Offset and length follow each other in the header. */
static int switch_tables(Qcow2 *q, uint64_t offset, uint32_t clusters)
{
    uint8_t head[12];
    offset = GUINT64_TO_BE(offset);
    clusters = GUINT32_TO_BE(clusters);
    memcpy(head, &offset, 8);
    memcpy(head + 8, &clusters, 4);
    int r = qcow2_sync(q);
    r = r == 0 ? qcow2_pwrite(q, QCOW2_AT_REFTABLE, head, sizeof(head)) : r;
    return r == 0 ? qcow2_sync(q) : r;
}

/* All of it is on disk before the header refers to it; the old table goes later. */
int qcow2_reftable_grow(Qcow2 *q, uint64_t index)
{
    Area a;
    int r = plan_area(q, index, &a);
    if (r != 0) {
        return r;
    }
    uint64_t at = (a.start + a.blocks) << q->cluster_bits, *table = g_new0(uint64_t, a.entries);
    memcpy(table, q->reftable, reftable_entries(q) * 8);
    r = qcow2_refs_write(q);
    for (uint64_t n = 0; n < a.blocks && r == 0; n++) {
        table[a.start / qcow2_refblock_entries(q) + n] = (a.start + n) << q->cluster_bits;
        r = write_block(q, &a, n);
    }
    r = r == 0 ? qcow2_write_entries(q, at, table, a.entries) : r;
    r = r == 0 ? switch_tables(q, at, (uint32_t)a.clusters) : r;
    if (r != 0) {
        g_free(table);
        return r;
    }
    qcow2_free_later(q, q->reftable_offset, q->reftable_clusters);
    g_free(q->reftable);
    q->reftable = table;
    q->reftable_offset = at;
    q->reftable_clusters = (uint32_t)a.clusters;
    q->reftable_dirty_from = q->reftable_dirty_to = 0;
    q->fresh_from = MAX(q->fresh_from, at + (a.clusters << q->cluster_bits));
    return 0;
}

/* ---- allocation ---- */

static bool overlaps(const Qcow2 *q, uint64_t offset, uint64_t bytes, uint64_t table, uint64_t table_bytes)
{
    return table_bytes && offset < table + table_bytes && table < offset + bytes;
}

/* What is counted as free must not be what is in use. */
static bool is_in_use(const Qcow2 *q, uint64_t first, uint64_t count)
{
    uint64_t offset = first << q->cluster_bits, bytes = count << q->cluster_bits;
    if (overlaps(q, offset, bytes, 0, q->cluster_size) ||
        overlaps(q, offset, bytes, q->l1_offset, (uint64_t)q->l1_entries * 8) ||
        overlaps(q, offset, bytes, q->reftable_offset, (uint64_t)q->reftable_clusters << q->cluster_bits) ||
        overlaps(q, offset, bytes, q->snapshots_offset, q->snapshots_bytes)) {
        return true;
    }
    for (uint64_t c = first; c < first + count; c++) {
        if (qcow2_cache_has(&q->l2, c << q->cluster_bits) || qcow2_cache_has(&q->refs, c << q->cluster_bits)) {
            return true;
        }
    }
    return false;
}

static int in_use(Qcow2 *q, uint64_t cluster)
{
    return qcow2_broken(q, "cluster 0x%" G_GINT64_MODIFIER "x is in use and counted as free",
                        cluster << q->cluster_bits);
}

typedef struct {
    uint64_t first, run;
} Found;

/* Goes on counting free clusters from *c to the end of t's; true when that is enough. */
static bool scan_block(const Qcow2 *q, const Qcow2Table *t, uint64_t want, bool all, uint64_t *c, Found *f)
{
    uint64_t per_block = qcow2_refblock_entries(q), end = (*c / per_block + 1) * per_block;
    for (; *c < end; ++*c) {
        if (get(q, t, *c % per_block) == 0) {
            f->first = f->run ? f->first : *c;
            if (++f->run == want) {
                return true;
            }
        } else if (f->run && !all) {
            return true;
        } else {
            f->run = 0;
        }
    }
    return false;
}

static int find_free(Qcow2 *q, uint64_t want, bool all, Found *f)
{
    uint64_t c = q->free_hint;
    *f = (Found){ 0 };
    for (;;) {
        uint64_t index = c / qcow2_refblock_entries(q);
        uint64_t end = qcow2_clusters(q, block_size(q->node->file)) + want + BEYOND_MAX;
        if (c > end) {
            return qcow2_broken(q, "all clusters behind its end are counted");
        }
        bool known = index < reftable_entries(q), has_block = known && q->reftable[index];
        if (!has_block && f->run && !all) {
            return 0;
        }
        if (has_block) {
            Qcow2Table *t;
            int r = block_of(q, c, &t);
            if (r != 0 || !t) {
                return r ? r : -EIO;
            }
            if (scan_block(q, t, want, all, &c, f)) {
                return 0;
            }
            continue;
        }
        if (known && is_in_use(q, c, 1)) {
            return in_use(q, c);
        }
        int r = known ? qcow2_refblock_new(q, index, c) : qcow2_reftable_grow(q, index);
        if (r != 0) {
            return r;
        }
        f->run = 0;
    }
}

int qcow2_alloc(Qcow2 *q, uint64_t want, bool all, uint64_t *offset, uint64_t *got)
{
    Found f;
    int r = find_free(q, want, all, &f);
    if (r != 0) {
        return r;
    }
    if ((f.first + f.run) >> (55 - q->cluster_bits)) {
        return -EFBIG;
    }
    if (is_in_use(q, f.first, f.run)) {
        return in_use(q, f.first);
    }
    r = qcow2_reserve(q, (f.first + f.run) << q->cluster_bits);
    r = r == 0 ? qcow2_refcount_add(q, f.first, f.run, 1) : r;
    if (r != 0) {
        return r;
    }
    if (!all || want == 1) {
        q->free_hint = f.first + f.run;
    }
    q->fresh_from = MAX(q->fresh_from, (f.first + f.run) << q->cluster_bits);
    *offset = f.first << q->cluster_bits;
    *got = f.run;
    return 0;
}

/* Ranges that follow each other become one. */
void qcow2_free_later(Qcow2 *q, uint64_t offset, uint64_t clusters)
{
    Qcow2Range *last = q->frees->len ? &g_array_index(q->frees, Qcow2Range, q->frees->len - 1) : NULL;
    if (last && last->offset + (last->clusters << q->cluster_bits) == offset) {
        last->clusters += clusters;
    } else if (clusters) {
        Qcow2Range range = { offset, clusters };
        g_array_append_val(q->frees, range);
    }
}
