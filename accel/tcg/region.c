/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second tier: when a block has been entered often, it and the blocks that its branches lead to
 * become one region, in which guest registers stay in host registers across branches and loops.
 * Only what has been executed is taken, and what lies in the same page; calls leave the region.
 */
#include "accel/tcg/compiler.h"

#define MAX_BLOCKS 48
#define MAX_INSNS 700
/* Blocks entered less than this part of what makes a block hot are left out. */
#define COLD_PART 32
/* Requests at a time, and what each may take of the arena. */
#define MAX_PENDING 6u
#define REGION_ROOM (UINT64_C(1) << 19)

typedef struct {
    Tcg *tcg;
    const Block *head;
    const Block *blocks[MAX_BLOCKS];    /* of tier 1 */
    unsigned nblocks, insns;
} Collection;

/* The block of tier 1 at pc, whether or not a region has taken its place. */
static const Block *seed_at(const Collection *c, uint64_t pc)
{
    const Block *b = tcg_find_block(c->tcg, c->head->phys + (pc - c->head->pc), pc, c->head->mode);
    return b && b->tier == 2 ? b->seed : b;
}

static bool is_warm(const Tcg *tcg, const Block *b)
{
    return (int64_t)tcg->hot - b->countdown >= (int64_t)tcg->hot / COLD_PART;
}

static void add(Collection *c, const Block *b)
{
    for (unsigned i = 0; i < c->nblocks; i++) {
        if (c->blocks[i]->pc == b->pc) {
            return;
        }
    }
    if (c->nblocks < MAX_BLOCKS && c->insns + b->insns <= MAX_INSNS) {
        c->blocks[c->nblocks++] = b;
        c->insns += b->insns;
    }
}

static void collect(Collection *c)
{
    add(c, c->head);
    for (unsigned i = 0; i < c->nblocks; i++) {
        const Block *b = c->blocks[i];
        for (unsigned k = 0; k < b->nexits; k++) {
            const BlockExit *x = &b->exits[k];
            if (x->kind != EXIT_JUMP || (x->pc ^ c->head->pc) >> 12) {
                continue;
            }
            const Block *to = seed_at(c, x->pc);
            if (to && is_warm(c->tcg, to)) {
                add(c, to);
            }
        }
    }
}

/* By address, so that most branches fall through; the head is entered by a jump if it is not first. */
static int by_pc(const void *x, const void *y)
{
    const MipsRegionBlock *a = x, *b = y;
    return a->pc < b->pc ? -1 : a->pc > b->pc;
}

static void list_blocks(const Collection *c, RegionRequest *q)
{
    uint64_t first = UINT64_MAX, end = 0;
    for (unsigned i = 0; i < c->nblocks; i++) {
        const Block *b = c->blocks[i];
        q->blocks[i] = (MipsRegionBlock){ .pc = b->pc, .code = q->code + (b->pc & 0xfff), .avail = b->bytes };
        first = MIN(first, b->pc);
        end = MAX(end, b->pc + b->bytes);
    }
    qsort(q->blocks + 1, c->nblocks - 1, sizeof(q->blocks[0]), by_pc);
    q->nblocks = c->nblocks;
    q->first = q->phys - (q->pc - first);
    q->bytes = (uint16_t)(end - first);
}

static void keep_head(RegionRequest *q, const Block *b)
{
    q->head = *b;
    q->head.nexits = 0;
    for (unsigned i = 0; i < b->nexits && q->head.nexits < REGION_HEAD_EXITS; i++) {
        if (b->exits[i].kind == EXIT_JUMP) {
            q->head_exits[q->head.nexits++] = b->exits[i];
        }
    }
}

static RegionRequest *make_request(Tcg *tcg, const Block *b)
{
    const CodePage *page = tcg_code_page_of(tcg, b->first);
    Collection c = { .tcg = tcg, .head = b };
    RegionRequest *q = g_new(RegionRequest, 1);
    *q = (RegionRequest){ .pc = b->pc, .phys = b->phys, .mode = b->mode, .page_serial = page->serial,
                          .page_kills = page->kills };
    memcpy(q->code, tcg_code_page(tcg, b->pc), sizeof(q->code));
    collect(&c);
    keep_head(q, b);
    list_blocks(&c, q);
    return q;
}

static unsigned max_pending(const Tcg *tcg)
{
    size_t part = tcg->space.regions.meta.part_size;
    return MAX(1u, (unsigned)MIN(MAX_PENDING, part / REGION_ROOM / 2));
}

void tcg_optimize(Tcg *tcg)
{
    Block *b = block_of_code(tcg_find_code(tcg));
    unsigned pending = compiler_pending(tcg->compiler);
    if (b->countdown >= 0 || b->tier != 1) {
        return;
    }
    if (b->mode & MODE_DS) {            /* a lone delay slot leads nowhere */
        b->countdown = INT32_MAX;
        return;
    }
    /* The arena is the compiler's alone while it works: room for all that it has to do must be there. */
    if (pending == 0) {
        tcg_make_room(tcg, &tcg->space.regions, max_pending(tcg) * REGION_ROOM);
    } else if (pending == max_pending(tcg)) {
        b->countdown = (int32_t)tcg->hot / 4;
        return;
    }
    b->countdown = INT32_MAX;
    compiler_ask(tcg->compiler, make_request(tcg, b));
    if (tcg->at_once) {
        compiler_wait(tcg->compiler);
        tcg_install_regions(tcg);
    }
}

/* The block that the request is for, if it is there and its page is as it was. */
static Block *block_for(const Tcg *tcg, const RegionRequest *q)
{
    Block *b = tcg_find_block(tcg, q->phys, q->pc, q->mode);
    const CodePage *page = b ? tcg_code_page_of(tcg, b->first) : NULL;
    bool same = page && page->serial == q->page_serial && page->kills == q->page_kills;
    return same && b->tier == 1 ? b : NULL;
}

void tcg_install_regions(Tcg *tcg)
{
    RegionRequest *q;
    while (tcg->compiler && (q = compiler_take(tcg->compiler))) {
        Block *b = block_for(tcg, q);
        if (b) {
            tcg_replace_block(tcg, b, q->region);
            tcg->stats.regions++;
            tcg->stats.region_insns += q->insns;
            tcg->stats.code_bytes += q->region->code_size;
            if (tcg->perf) {
                perf_log_block(tcg->perf, q->region);
            }
        }
        tcg->stats.region_ns += (uint64_t)q->ns;
        g_free(q);
    }
}
