/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of a qcow2 image that are in memory, no more than a bound; the longest unused goes first. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "block/qcow2.h"

enum { TABLES_MIN = 4 };

void qcow2_cache_init(Qcow2Cache *c, uint64_t bytes, uint32_t cluster_size)
{
    c->by_offset = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_queue_init(&c->order);
    c->limit = (unsigned)CLAMP(bytes / cluster_size, TABLES_MIN, 1u << 20);
}

static void table_free(Qcow2Table *t)
{
    free(t->data);
    g_free(t);
}

void qcow2_cache_clear(Qcow2Cache *c)
{
    if (!c->by_offset) {
        return;
    }
    for (GList *l; (l = g_queue_pop_head_link(&c->order)) != NULL;) {
        table_free(l->data);
    }
    g_clear_pointer(&c->by_offset, g_hash_table_destroy);
}

void qcow2_table_dirty(Qcow2Table *t, uint32_t from, uint32_t bytes)
{
    bool clean = t->dirty_from == t->dirty_to;
    t->dirty_from = clean ? from : MIN(t->dirty_from, from);
    t->dirty_to = clean ? from + bytes : MAX(t->dirty_to, from + bytes);
}

void qcow2_entry_set(Qcow2Table *t, unsigned index, uint64_t value)
{
    ((uint64_t *)(void *)t->data)[index] = GUINT64_TO_BE(value);
    qcow2_table_dirty(t, index * 8, 8);
}

/* Refcount blocks may be written at any time: what is too high does no harm, and it is lowered only
 * when nothing on disk refers to the cluster. */
static int write_table(Qcow2 *q, Qcow2Table *t)
{
    if (t->dirty_from == t->dirty_to) {
        return 0;
    }
    int r = qcow2_pwrite(q, t->offset + t->dirty_from, t->data + t->dirty_from, t->dirty_to - t->dirty_from);
    if (r == 0) {
        t->dirty_from = t->dirty_to = 0;
    }
    return r;
}

int qcow2_refs_write(Qcow2 *q)
{
    int r = 0;
    for (GList *l = q->refs.order.head; l && r == 0; l = l->next) {
        r = write_table(q, l->data);
    }
    return r;
}

static void drop(Qcow2Cache *c, Qcow2Table *t)
{
    g_queue_unlink(&c->order, &t->link);
    g_hash_table_remove(c->by_offset, &t->offset);
    table_free(t);
}

int qcow2_cache_make_room(Qcow2 *q, Qcow2Cache *c)
{
    while (c->order.length >= c->limit) {
        Qcow2Table *victim = NULL;
        for (GList *l = c->order.tail; l && !victim; l = l->prev) {
            Qcow2Table *t = l->data;
            victim = !t->busy && t->dirty_from == t->dirty_to ? t : NULL;
        }
        if (!victim && c == &q->refs) {
            victim = c->order.tail->data;
            int r = write_table(q, victim);
            if (r != 0) {
                return r;
            }
        }
        if (!victim) {
            return -EAGAIN;
        }
        drop(c, victim);
    }
    return 0;
}

static Qcow2Table *insert(Qcow2Cache *c, uint64_t offset, uint8_t *data)
{
    Qcow2Table *t = g_new0(Qcow2Table, 1);
    t->offset = offset;
    t->data = data;
    t->link.data = t;
    g_queue_push_head_link(&c->order, &t->link);
    g_hash_table_insert(c->by_offset, &t->offset, t);
    return t;
}

static Qcow2Table *look_up(Qcow2Cache *c, uint64_t offset)
{
    Qcow2Table *t = g_hash_table_lookup(c->by_offset, &offset);
    if (t && c->order.head != &t->link) {
        g_queue_unlink(&c->order, &t->link);
        g_queue_push_head_link(&c->order, &t->link);
    }
    return t;
}

int qcow2_cache_get(Qcow2 *q, Qcow2Cache *c, uint64_t offset, Qcow2Table **out)
{
    *out = look_up(c, offset);
    if (*out) {
        return 0;
    }
    int r = qcow2_cache_make_room(q, c);
    if (r != 0) {
        return r;
    }
    uint8_t *data = qcow2_buffer(q->cluster_size);
    r = qcow2_pread(q, offset, data, q->cluster_size);
    if (r != 0) {
        free(data);
        return r;
    }
    *out = insert(c, offset, data);
    return 0;
}

Qcow2Table *qcow2_cache_add(Qcow2 *q, Qcow2Cache *c, uint64_t offset)
{
    Qcow2Table *old = look_up(c, offset);       /* of a table that was there and is no more */
    if (old) {
        drop(c, old);
    }
    uint8_t *data = qcow2_buffer(q->cluster_size);
    memset(data, 0, q->cluster_size);
    Qcow2Table *t = insert(c, offset, data);
    qcow2_table_dirty(t, 0, q->cluster_size);
    return t;
}

void qcow2_cache_move(Qcow2 *q, Qcow2Cache *c, Qcow2Table *t, uint64_t offset)
{
    Qcow2Table *old = g_hash_table_lookup(c->by_offset, &offset);
    if (old) {
        drop(c, old);
    }
    g_hash_table_remove(c->by_offset, &t->offset);
    t->offset = offset;
    g_hash_table_insert(c->by_offset, &t->offset, t);
    qcow2_table_dirty(t, 0, q->cluster_size);
}

bool qcow2_cache_has(const Qcow2Cache *c, uint64_t offset)
{
    return g_hash_table_contains(c->by_offset, &offset);
}
