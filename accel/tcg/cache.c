/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block cache: finding, translating, chaining and killing blocks. */
#include "accel/tcg/debug.h"
#include "accel/tcg/softmmu.h"
#include "accel/tcg/tcg.h"

#define PAGE(ram_id) ((ram_id) & SOFTMMU_PAGE_MASK)
#define IN_PAGE(ram_id) ((unsigned)((ram_id) & ~SOFTMMU_PAGE_MASK))

static unsigned hash_index(uint64_t phys, uint64_t pc, uint32_t mode)
{
    uint64_t h = (phys >> 2) * 0x9e3779b97f4a7c15u ^ pc >> 12 ^ (uint64_t)mode << 20;
    return (unsigned)(h >> 20 ^ h) & (TCG_HASH_SIZE - 1);
}

/* ---- pages with code ---- */

static CodePage *find_page(const Tcg *tcg, uint64_t ram_id)
{
    uint64_t page = PAGE(ram_id);
    return g_hash_table_lookup(tcg->code_pages, &page);
}

const CodePage *tcg_code_page_of(const Tcg *tcg, uint64_t ram_id)
{
    return find_page(tcg, ram_id);
}

bool tcg_page_has_code(const Tcg *tcg, uint64_t ram_id)
{
    return find_page(tcg, ram_id) != NULL;
}

static uint64_t line_mask(unsigned first, unsigned last)
{
    return (~UINT64_C(0) >> (63 - last / 64)) & (~UINT64_C(0) << first / 64);
}

static void enter_page(Tcg *tcg, Block *b, BlockSpan *s)
{
    CodePage *p = find_page(tcg, s->first);
    if (!p) {
        p = g_new0(CodePage, 1);
        p->ram_id = PAGE(s->first);
        p->serial = ++tcg->page_serial;
        g_hash_table_insert(tcg->code_pages, &p->ram_id, p);
        softmmu_protect(tcg->cpu, p->ram_id);
    }
    s->block = b;
    s->next = p->spans;
    p->spans = s;
    p->lines |= line_mask(IN_PAGE(s->first), IN_PAGE(s->first) + s->bytes - 1u);
}

static void leave_page(Tcg *tcg, BlockSpan *s)
{
    CodePage *p = find_page(tcg, s->first);
    for (BlockSpan **link = &p->spans; *link; link = &(*link)->next) {
        if (*link == s) {
            *link = s->next;
            break;
        }
    }
    if (!p->spans) {
        g_hash_table_remove(tcg->code_pages, &p->ram_id);
    }
}

/* ---- death ---- */

static void unchain_exit(Tcg *tcg, BlockExit *x)
{
    if (!x->to) {
        return;
    }
    for (BlockExit **p = &x->to->incoming; *p; p = &(*p)->next) {
        if (*p == x) {
            *p = x->next;
            break;
        }
    }
    x->to = NULL;
    tcg->backend->unlink(tcg, x);
}

/* Nothing leads to it any more; its code stays until its part of the arena is filled anew. */
static void kill_block(Tcg *tcg, Block *b)
{
    b->dead = true;
    for (unsigned i = 0; i < b->nspans; i++) {
        leave_page(tcg, &b->spans[i]);
    }
    while (b->incoming) {
        unchain_exit(tcg, b->incoming);
    }
    for (unsigned i = 0; i < b->nexits; i++) {
        unchain_exit(tcg, &b->exits[i]);
    }
    for (Block **p = &tcg->hash[hash_index(b->phys, b->pc, b->mode)]; *p; p = &(*p)->hash_next) {
        if (*p == b) {
            *p = b->hash_next;
            break;
        }
    }
    if (tcg->jump[tcg_jump_index(b->pc)].code == b->code) {
        tcg->jump[tcg_jump_index(b->pc)] = (JumpEntry){ 0 };
    }
    tcg->cpu->exec_epoch++;
    tcg->stats.invalidated++;
}

/* Kills what lies in the part of the arena that comes next and begins to fill it. */
static void evict_part(Tcg *tcg, Arena *arena)
{
    arena_next_part(arena);
    Block **head = &arena->blocks[arena->part];
    for (Block *b = *head; b; b = b->part_next) {
        if (!b->dead) {
            kill_block(tcg, b);
        }
    }
    tcg->stats.evictions += *head != NULL;
    *head = NULL;
}

bool tcg_make_room(Tcg *tcg, Arena *arena, size_t room)
{
    if (arena_left(arena) >= room) {
        return false;
    }
    evict_part(tcg, arena);
    return true;
}

/* The first of these spans that overlaps bytes first..last of the page; *lines: lines of those before. */
static BlockSpan *overlapping(BlockSpan *s, unsigned first, unsigned last, uint64_t *lines)
{
    for (; s; s = s->next) {
        unsigned start = IN_PAGE(s->first), end = start + s->bytes - 1u;
        if (start <= last && end >= first) {
            return s;
        }
        *lines |= line_mask(start, end);
    }
    return NULL;
}

/* Kills the blocks of a page that depend on bytes first..last of it. A block may have several spans here. */
static void kill_in_page(Tcg *tcg, CodePage *p, unsigned first, unsigned last)
{
    uint64_t page = p->ram_id, lines = 0;
    BlockSpan *s;
    p->kills++;
    while (p && (s = overlapping(p->spans, first, last, &lines))) {
        kill_block(tcg, s->block);
        p = find_page(tcg, page);
        lines = 0;
    }
    if (p) {
        p->lines = lines;
    }
}

void tcg_code_written(Tcg *tcg, uint64_t ram_id, uint64_t len)
{
    uint64_t end = ram_id + len;
    while (ram_id < end) {
        uint64_t in_page = MIN(end - ram_id, 4096 - IN_PAGE(ram_id));
        CodePage *p = find_page(tcg, ram_id);
        unsigned first = IN_PAGE(ram_id), last = first + (unsigned)in_page - 1;
        if (p && (p->lines & line_mask(first, last))) {
            kill_in_page(tcg, p, first, last);
        }
        ram_id += in_page;
    }
}

void tcg_kill_at(Tcg *tcg, uint64_t pc)
{
    /* The block before it ends there. By the place in the page alone: in whatever memory pc may be. */
    unsigned last = IN_PAGE(pc) + 3, first = IN_PAGE(pc) < 4 ? 0 : IN_PAGE(pc) - 4;
    g_autoptr(GArray) pages = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    GHashTableIter it;
    gpointer page;
    g_hash_table_iter_init(&it, tcg->code_pages);
    while (g_hash_table_iter_next(&it, NULL, &page)) {
        g_array_append_val(pages, ((CodePage *)page)->ram_id);
    }
    for (guint i = 0; i < pages->len; i++) {            /* killing in one page may empty another */
        CodePage *p = find_page(tcg, g_array_index(pages, uint64_t, i));
        if (p) {
            kill_in_page(tcg, p, first, last);
        }
    }
}

void tcg_flush(Tcg *tcg)
{
    GHashTableIter it;
    gpointer page;
    /* Killing the last block of a page takes the page out of the table. */
    while (g_hash_table_iter_init(&it, tcg->code_pages), g_hash_table_iter_next(&it, NULL, &page)) {
        kill_block(tcg, ((CodePage *)page)->spans->block);
    }
}

/* ---- chains ---- */

/* kseg0, kseg1, and what stands for kseg0 in a trap-and-emulate kernel. */
bool tcg_is_unmapped(const Tcg *tcg, uint64_t pc)
{
    const MipsCpu *cpu = tcg->cpu;
    return pc >> 30 == 0xffffffff80000000 >> 30 || (cpu->useg_kernel && pc >> 29 == 0x40000000 >> 29);
}

bool tcg_same_mapping(const Tcg *tcg, uint64_t from, uint64_t pc)
{
    /* Within a page the mapping is that of the block itself; unmapped kernel addresses never
     * change theirs. */
    return (from ^ pc) >> SOFTMMU_PAGE_BITS == 0 ||
           (tcg_is_unmapped(tcg, from) && tcg_is_unmapped(tcg, pc));
}

void tcg_chain(Tcg *tcg, BlockExit *exit, Block *to)
{
    if (tcg->check || exit->from->dead || to->dead || exit->to || to->mode != exit->from->mode ||
        !(exit->checks_page || tcg_same_mapping(tcg, exit->from->pc, exit->pc))) {
        return;
    }
    exit->to = to;
    exit->next = to->incoming;
    to->incoming = exit;
    tcg->backend->link(tcg, exit, to);
    tcg->stats.chained++;
}

/* ---- finding ---- */

Block *tcg_find_block(const Tcg *tcg, uint64_t phys, uint64_t pc, uint32_t mode)
{
    for (Block *b = tcg->hash[hash_index(phys, pc, mode)]; b; b = b->hash_next) {
        if (b->phys == phys && b->pc == pc && b->mode == mode) {
            return b;
        }
    }
    return NULL;
}

static void enter_part(Arena *arena, Block *b)
{
    b->part_next = arena->blocks[arena->part];
    arena->blocks[arena->part] = b;
}

static void enter_block(Tcg *tcg, Block *b)
{
    Block **slot = &tcg->hash[hash_index(b->phys, b->pc, b->mode)];
    b->hash_next = *slot;
    *slot = b;
    for (unsigned i = 0; i < b->nspans; i++) {
        enter_page(tcg, b, &b->spans[i]);
    }
}

void tcg_replace_block(Tcg *tcg, Block *old, Block *by)
{
    BlockExit *incoming = old->incoming;
    for (BlockExit *x = incoming; x; x = x->next) {
        x->to = NULL;
    }
    old->incoming = NULL;
    kill_block(tcg, old);
    tcg->stats.invalidated--;
    enter_part(&tcg->space.regions, by);
    enter_block(tcg, by);
    while (incoming) {
        BlockExit *x = incoming;
        incoming = x->next;
        tcg->backend->unlink(tcg, x);
        tcg_chain(tcg, x, by);
    }
}

const uint8_t *tcg_code_at(Tcg *tcg, uint64_t *phys, unsigned *avail)
{
    uint64_t pc = tcg->cpu->pc;
    unsigned at = (unsigned)(pc & ~SOFTMMU_PAGE_MASK);
    *avail = 4096 - at;
    if (!softmmu_code_at(tcg->cpu, pc, phys)) {
        const SoftmmuFetch *f = softmmu_fetch(tcg->cpu, pc);
        *phys = f->ram_id + at;
        *avail = f->end - at;
    }
    return softmmu_page_host(*phys) + at;
}

const void *tcg_find_code(Tcg *tcg)
{
    MipsCpu *cpu = tcg->cpu;
    uint64_t pc = cpu->pc, phys;
    unsigned avail;
    const uint8_t *code = tcg_code_at(tcg, &phys, &avail);
    JumpEntry *j = &tcg->jump[tcg_jump_index(pc)];
    if (j->code && j->pc == pc && j->mode == cpu->mode && j->phys == phys) {
        return j->code;
    }
    Block *b = tcg_find_block(tcg, phys, pc, cpu->mode);
    if (!b) {
        if (tcg->debug && !tcg_debug_limit(tcg, pc, &avail)) {
            return NULL;
        }
        b = tcg_translate(tcg, phys, code, avail);
        enter_part(&tcg->space.blocks, b);
        enter_block(tcg, b);
    }
    if (!tcg->check) {              /* else every block returns to the run loop */
        *j = (JumpEntry){ .pc = pc, .phys = phys, .code = b->code, .mode = b->mode,
                          .frame = flat_frame(phys) };
    }
    return b->code;
}
