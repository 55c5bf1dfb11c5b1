/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread is handed requests that hold all it needs of the guest, and writes to the arena of regions
 * only, which nobody else writes to while a request is pending. What it makes is installed by the vCPU.
 */
#include "accel/tcg/compiler.h"

struct Compiler {
    Tcg *tcg;
    IrRegion *ir;
    GThread *thread;
    GMutex lock;                /* of what follows */
    GCond changed;
    GQueue asked, done;         /* of RegionRequest */
    unsigned pending;
    bool quit;
};

/* What a later region has to know of the first block, in the part of the arena where the region lies. */
static const Block *keep_head(Arena *arena, const RegionRequest *q)
{
    Block *head = arena_alloc_meta(arena, sizeof(*head));
    *head = q->head;
    head->exits = arena_alloc_meta(arena, head->nexits * sizeof(BlockExit));
    memcpy(head->exits, q->head_exits, head->nexits * sizeof(BlockExit));
    return head;
}

static void make_region(Compiler *c, RegionRequest *q)
{
    Tcg *tcg = c->tcg;
    Arena *arena = &tcg->space.regions;
    MipsBlockInfo info;
    int64_t begun = g_get_monotonic_time();
    mips_translate_region(tcg->cpu, tcg->decoder, c->ir, q->mode, q->blocks, q->nblocks, q->pc,
                          &info);
    q->insns = info.insns;
    q->region = arena_alloc_meta(arena, sizeof(*q->region) + q->npages * sizeof(BlockSpan));
    *q->region = (Block){ .pc = q->pc, .phys = q->phys, .mode = q->mode, .tier = 2, .nspans = q->npages,
                          .insns = (uint16_t)MIN(info.insns, UINT16_MAX) };
    for (unsigned i = 0; i < q->npages; i++) {
        const RegionPage *p = &q->pages[i];
        q->region->spans[i] = (BlockSpan){ .first = p->phys + p->first,
                                           .bytes = (uint16_t)(p->end - p->first) };
        q->region->end = MAX(q->region->end, p->pc + p->end);
    }
    q->region->seed = keep_head(arena, q);
    tcg_finish(tcg, arena, c->ir, q->region);
    q->ns = (g_get_monotonic_time() - begun) * 1000;
}

static gpointer work(gpointer opaque)
{
    Compiler *c = opaque;
    g_mutex_lock(&c->lock);
    while (!c->quit) {
        RegionRequest *q = g_queue_pop_head(&c->asked);
        if (!q) {
            g_cond_wait(&c->changed, &c->lock);
            continue;
        }
        g_mutex_unlock(&c->lock);
        make_region(c, q);
        g_mutex_lock(&c->lock);
        g_queue_push_tail(&c->done, q);
        g_cond_broadcast(&c->changed);
        tcg_ask(c->tcg);
    }
    g_mutex_unlock(&c->lock);
    return NULL;
}

Compiler *compiler_new(Tcg *tcg)
{
    Compiler *c = g_new0(Compiler, 1);
    c->tcg = tcg;
    c->ir = ir_region_new();
    g_mutex_init(&c->lock);
    g_cond_init(&c->changed);
    return c;
}

void compiler_free(Compiler *c)
{
    g_mutex_lock(&c->lock);
    c->quit = true;
    g_cond_broadcast(&c->changed);
    g_mutex_unlock(&c->lock);
    if (c->thread) {
        g_thread_join(c->thread);
    }
    g_queue_clear_full(&c->asked, g_free);
    g_queue_clear_full(&c->done, g_free);
    ir_region_free(c->ir);
    g_mutex_clear(&c->lock);
    g_cond_clear(&c->changed);
    g_free(c);
}

unsigned compiler_pending(Compiler *c)
{
    return c->pending;
}

void compiler_ask(Compiler *c, RegionRequest *request)
{
    g_mutex_lock(&c->lock);
    g_queue_push_tail(&c->asked, request);
    g_cond_broadcast(&c->changed);
    g_mutex_unlock(&c->lock);
    c->pending++;
    if (!c->thread) {
        c->thread = g_thread_new("compiler", work, c);
    }
}

void compiler_wait(Compiler *c)
{
    g_mutex_lock(&c->lock);
    while (g_queue_get_length(&c->done) < c->pending) {
        g_cond_wait(&c->changed, &c->lock);
    }
    g_mutex_unlock(&c->lock);
}

RegionRequest *compiler_take(Compiler *c)
{
    if (!c->pending) {
        return NULL;
    }
    g_mutex_lock(&c->lock);
    RegionRequest *q = g_queue_pop_head(&c->done);
    g_mutex_unlock(&c->lock);
    c->pending -= q != NULL;
    return q;
}
