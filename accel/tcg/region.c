/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second tier: when a block has been entered often, it and the blocks that its branches lead to
 * become one region, in which guest registers stay in host registers across branches and loops.
 * Only what has been executed is taken, from a few pages; calls leave the region.
 */
#include "accel/tcg/compiler.h"
#include "accel/tcg/softmmu.h"

#define MAX_INSNS 700
/* Blocks entered less than this part of what makes a block hot are left out. */
#define COLD_PART 32
/* Requests at a time, and what each may take of the arena. */
#define MAX_PENDING 6u
#define REGION_ROOM (UINT64_C(1) << 19)

typedef struct {
    Tcg *tcg;
    const Block *head;
    const Block *blocks[MIPS_MAX_REGION];       /* of tier 1 */
    unsigned nblocks, insns;
    struct { uint64_t pc, phys; } pages[REGION_PAGES];
    unsigned npages;
} Collection;

/* The memory of the page that pc is in, which becomes one of the region's; false if there are too many,
 * or where it is cannot be told or made sure of later. */
static bool page_of(Collection *c, uint64_t pc, uint64_t *phys)
{
    uint64_t page = pc & SOFTMMU_PAGE_MASK;
    for (unsigned i = 0; i < c->npages; i++) {
        if (c->pages[i].pc == page) {
            *phys = c->pages[i].phys;
            return true;
        }
    }
    if (c->npages == REGION_PAGES || !softmmu_code_at(c->tcg->cpu, page, phys) ||
        ((c->head->mode & MODE_ADDR64) && !tcg_same_mapping(c->tcg, c->head->pc, pc))) {
        return false;
    }
    c->pages[c->npages].pc = page;
    c->pages[c->npages++].phys = *phys;
    return true;
}

/* The block of tier 1 at pc, whether or not a region has taken its place. */
static const Block *seed_at(Collection *c, uint64_t pc)
{
    uint64_t phys;
    if (!page_of(c, pc, &phys)) {
        return NULL;
    }
    const Block *b = tcg_find_block(c->tcg, phys + (pc & ~SOFTMMU_PAGE_MASK), pc, c->head->mode);
    return b && b->tier == 2 ? b->seed : b;
}

static bool is_warm(const Tcg *tcg, const Block *b)
{
    return (int64_t)tcg->hot - b->countdown >= (int64_t)tcg->hot / COLD_PART;
}

static bool add(Collection *c, const Block *b)
{
    for (unsigned i = 0; i < c->nblocks; i++) {
        if (c->blocks[i]->pc == b->pc) {
            return true;
        }
    }
    if (c->nblocks == MIPS_MAX_REGION || c->insns + b->insns > MAX_INSNS) {
        return false;
    }
    c->blocks[c->nblocks++] = b;
    c->insns += b->insns;
    return true;
}

static void collect(Collection *c)
{
    c->pages[0].pc = c->head->pc & SOFTMMU_PAGE_MASK;
    c->pages[0].phys = c->head->phys & SOFTMMU_PAGE_MASK;
    c->npages = 1;
    add(c, c->head);
    for (unsigned i = 0; i < c->nblocks; i++) {
        const Block *b = c->blocks[i];
        for (unsigned k = 0; k < b->nexits; k++) {
            const BlockExit *x = &b->exits[k];
            unsigned npages = c->npages;
            const Block *to = x->kind == EXIT_JUMP ? seed_at(c, x->pc) : NULL;
            if (!to || !is_warm(c->tcg, to) || !add(c, to)) {
                c->npages = npages;         /* a page was looked at for nothing */
            }
        }
    }
}

/* By address, so that most branches fall through, and loops look for requests once. */
static int by_pc(const void *x, const void *y)
{
    const MipsRegionBlock *a = x, *b = y;
    return a->pc < b->pc ? -1 : a->pc > b->pc;
}

static void list_pages(const Collection *c, RegionRequest *q)
{
    for (unsigned i = 0; i < c->npages; i++) {
        RegionPage *p = &q->pages[i];
        const CodePage *page = tcg_code_page_of(c->tcg, c->pages[i].phys);
        p->pc = c->pages[i].pc;
        p->phys = c->pages[i].phys;
        p->serial = page->serial;
        p->kills = page->kills;
        p->first = 4096;
        p->end = 0;
        memcpy(p->code, softmmu_page_host(p->phys), sizeof(p->code));
    }
    q->npages = c->npages;
}

/* How many bytes of code b is made of. */
static unsigned bytes_of(const Block *b)
{
    return (unsigned)(b->end - b->pc);
}

static void list_blocks(const Collection *c, RegionRequest *q)
{
    for (unsigned i = 0; i < c->nblocks; i++) {
        const Block *b = c->blocks[i];
        RegionPage *p = q->pages;
        while (p->pc != (b->pc & SOFTMMU_PAGE_MASK)) {
            p++;
        }
        unsigned at = (unsigned)(b->pc - p->pc);
        bool fixed = tcg_is_unmapped(c->tcg, b->pc);
        q->blocks[i] = (MipsRegionBlock){ .pc = b->pc, .code = p->code + at, .avail = bytes_of(b),
                                          .frame = fixed ? 0 : flat_frame(p->phys) };
        p->first = MIN(p->first, at);
        p->end = MAX(p->end, at + bytes_of(b));
    }
    qsort(q->blocks, c->nblocks, sizeof(q->blocks[0]), by_pc);
    q->nblocks = c->nblocks;
}

static void keep_head(RegionRequest *q, const Block *b)
{
    q->head = *b;
    q->head.nexits = q->head.nspans = 0;
    for (unsigned i = 0; i < b->nexits && q->head.nexits < REGION_HEAD_EXITS; i++) {
        if (b->exits[i].kind == EXIT_JUMP) {
            q->head_exits[q->head.nexits++] = b->exits[i];
        }
    }
}

static RegionRequest *make_request(Tcg *tcg, const Block *b)
{
    Collection c = { .tcg = tcg, .head = b };
    RegionRequest *q = g_new(RegionRequest, 1);
    q->pc = b->pc;
    q->phys = b->phys;
    q->mode = b->mode;
    collect(&c);
    keep_head(q, b);
    list_pages(&c, q);
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
    const void *code = tcg_find_code(tcg);
    if (!code) {
        return;
    }
    Block *b = block_of_code(code);
    unsigned pending = compiler_pending(tcg->compiler);
    if (b->countdown >= 0 || b->tier != 1) {
        return;
    }
    if (b->mode & (MODE_DS | MODE_SPLIT)) {             /* these lead nowhere */
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

/* The block that the request is for, if it is there and its pages are as they were. */
static Block *block_for(const Tcg *tcg, const RegionRequest *q)
{
    Block *b = tcg_find_block(tcg, q->phys, q->pc, q->mode);
    for (unsigned i = 0; i < q->npages; i++) {
        const CodePage *page = tcg_code_page_of(tcg, q->pages[i].phys);
        if (!page || page->serial != q->pages[i].serial || page->kills != q->pages[i].kills) {
            return NULL;
        }
    }
    return b && b->tier == 1 ? b : NULL;
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
