/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "block/guard.h"

#include "util/keyval.h"

#define GRANULE (64 * KIB)

struct BlockGuard {
    GMutex lock;
    GCond changed;
    GQueue ranges;              /* of BlockRange */
    uint64_t size, *bits;       /* a bit for each granule that was written */
    uint64_t granules, marked, ever, hint;  /* hint: no marked one before it */
};

BlockGuard *block_guard_new(uint64_t size)
{
    BlockGuard *g = g_new0(BlockGuard, 1);
    g_mutex_init(&g->lock);
    g_cond_init(&g->changed);
    g_queue_init(&g->ranges);
    g->size = size;
    g->granules = size / GRANULE + (size % GRANULE != 0);
    g->bits = g_new0(uint64_t, g->granules / 64 + 1);
    return g;
}

void block_guard_free(BlockGuard *g)
{
    if (g) {
        g_mutex_clear(&g->lock);
        g_cond_clear(&g->changed);
        g_free(g->bits);
        g_free(g);
    }
}

static bool is_held(const BlockGuard *g, const BlockRange *range)
{
    for (const GList *l = g->ranges.head; l; l = l->next) {
        const BlockRange *r = l->data;
        if (r->job != range->job && r->offset < range->end && range->offset < r->end) {
            return true;
        }
    }
    return false;
}

void block_guard_begin(BlockGuard *g, BlockRange *range, uint64_t offset, uint64_t bytes, bool job)
{
    *range = (BlockRange){ offset, offset + bytes, job, { .data = range } };
    g_mutex_lock(&g->lock);
    while (is_held(g, range)) {
        g_cond_wait(&g->changed, &g->lock);
    }
    g_queue_push_tail_link(&g->ranges, &range->link);
    g_mutex_unlock(&g->lock);
}

static void mark(BlockGuard *g, uint64_t first, uint64_t end)
{
    g->hint = MIN(g->hint, first);
    for (uint64_t i = first; i < end; i++) {
        uint64_t bit = UINT64_C(1) << (i % 64);
        if (!(g->bits[i / 64] & bit)) {
            g->bits[i / 64] |= bit;
            g->marked++;
            g->ever++;
        }
    }
}

void block_guard_end(BlockGuard *g, BlockRange *range)
{
    g_mutex_lock(&g->lock);
    g_queue_unlink(&g->ranges, &range->link);
    if (!range->job && range->end > range->offset) {
        mark(g, range->offset / GRANULE, MIN((range->end - 1) / GRANULE + 1, g->granules));
    }
    g_cond_broadcast(&g->changed);
    g_mutex_unlock(&g->lock);
}

static bool is_marked(const BlockGuard *g, uint64_t i)
{
    return i < g->granules && (g->bits[i / 64] >> (i % 64) & 1);
}

bool block_guard_take(BlockGuard *g, uint64_t max, uint64_t *offset, uint64_t *bytes)
{
    g_mutex_lock(&g->lock);
    uint64_t first = g->hint;
    while (g->marked && !is_marked(g, first)) {
        first = first % 64 == 0 && g->bits[first / 64] == 0 ? first + 64 : first + 1;
    }
    uint64_t n = 0;
    for (; g->marked && n < MAX(max / GRANULE, 1) && is_marked(g, first + n); n++) {
        g->bits[(first + n) / 64] &= ~(UINT64_C(1) << ((first + n) % 64));
        g->marked--;
    }
    g->hint = first + n;
    *offset = first * GRANULE;
    *bytes = n ? MIN(n * GRANULE, g->size - *offset) : 0;
    g_mutex_unlock(&g->lock);
    return n != 0;
}

uint64_t block_guard_marked(BlockGuard *g, uint64_t *ever)
{
    g_mutex_lock(&g->lock);
    uint64_t marked = g->marked * GRANULE;
    *ever = g->ever * GRANULE;
    g_mutex_unlock(&g->lock);
    return marked;
}
