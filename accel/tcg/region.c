/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second tier: when a block has been entered often, it and the blocks that its branches lead to
 * become one region, in which guest registers stay in host registers across branches and loops.
 * Only what has been executed is taken, and what lies in the same page; calls leave the region.
 */
#include "accel/tcg/tcg.h"

#define MAX_BLOCKS 48
#define MAX_INSNS 700
/* Blocks entered less than this part of what makes a block hot are left out. */
#define COLD_PART 32

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

static void translate(Collection *c, const uint8_t *page, Block *region, MipsBlockInfo *info)
{
    MipsRegionBlock list[MAX_BLOCKS];
    uint64_t first = UINT64_MAX, end = 0;
    for (unsigned i = 0; i < c->nblocks; i++) {
        const Block *b = c->blocks[i];
        list[i] = (MipsRegionBlock){ .pc = b->pc, .code = page + (b->pc & 0xfff), .avail = b->bytes };
        first = MIN(first, b->pc);
        end = MAX(end, b->pc + b->bytes);
    }
    qsort(list + 1, c->nblocks - 1, sizeof(list[0]), by_pc);
    region->first = region->phys - (region->pc - first);
    region->bytes = (uint16_t)(end - first);
    mips_translate_region(c->tcg->cpu, c->tcg->decoder, c->tcg->region, region->mode, list, c->nblocks, info);
}

/* What a later region has to know of the block, in the part of the arena where the region lies. */
static const Block *keep_seed(Tcg *tcg, const Block *b)
{
    Block *seed = arena_alloc_meta(&tcg->arena, sizeof(*seed));
    *seed = *b;
    seed->exits = arena_alloc_meta(&tcg->arena, b->nexits * sizeof(BlockExit));
    memcpy(seed->exits, b->exits, b->nexits * sizeof(BlockExit));
    return seed;
}

void tcg_optimize(Tcg *tcg)
{
    MipsCpu *cpu = tcg->cpu;
    int64_t begun = g_get_monotonic_time();
    Block *b = block_of_code(tcg_find_code(tcg));
    bool first_time = b->countdown < 0;
    b->countdown = INT32_MAX;
    if (!first_time || b->tier != 1 || (b->mode & MODE_DS)) {
        return;
    }
    Collection c = { .tcg = tcg, .head = b };
    MipsBlockInfo info;
    collect(&c);
    Block *region = arena_alloc_meta(&tcg->arena, sizeof(*region));
    *region = (Block){ .pc = b->pc, .phys = b->phys, .mode = b->mode, .tier = 2 };
    region->seed = keep_seed(tcg, b);
    translate(&c, tcg_code_page(tcg, cpu->pc), region, &info);
    region->insns = (uint16_t)info.insns;
    tcg_finish(tcg, region);
    tcg_replace_block(tcg, b, region);
    tcg->stats.regions++;
    tcg->stats.region_insns += info.insns;
    tcg->stats.region_ns += (uint64_t)(g_get_monotonic_time() - begun) * 1000;
}
