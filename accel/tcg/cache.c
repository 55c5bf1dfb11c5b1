/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block cache: finding, translating, chaining and killing blocks. */
#include "accel/tcg/softmmu.h"
#include "accel/tcg/tcg.h"
#include "util/log.h"

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

bool tcg_page_has_code(const Tcg *tcg, uint64_t ram_id)
{
    return find_page(tcg, ram_id) != NULL;
}

static uint64_t line_mask(unsigned first, unsigned last)
{
    return (~UINT64_C(0) >> (63 - last / 64)) & (~UINT64_C(0) << first / 64);
}

static void enter_page(Tcg *tcg, Block *b)
{
    CodePage *p = find_page(tcg, b->phys);
    if (!p) {
        p = g_new0(CodePage, 1);
        p->ram_id = PAGE(b->phys);
        g_hash_table_insert(tcg->code_pages, &p->ram_id, p);
        softmmu_protect(tcg->cpu, p->ram_id);
    }
    b->page_next = p->blocks;
    p->blocks = b;
    p->lines |= line_mask(IN_PAGE(b->phys), IN_PAGE(b->phys) + b->bytes - 1u);
}

/* ---- death ---- */

static void unchain_exit(BlockExit *x)
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
    x->op->c = 0;
    x->op->imm = (int32_t)(x - x->from->exits);
}

/* Its code lies in the arena. */
static void block_free(Block *b)
{
    g_free(b->op_snap);
    g_free(b->snaps);
    g_free(b->exits);
    g_free(b);
}

/* Nothing leads to it any more; its memory lives until no block runs. */
static void kill_block(Tcg *tcg, Block *b)
{
    b->dead = true;
    while (b->incoming) {
        unchain_exit(b->incoming);
    }
    for (unsigned i = 0; i < b->nexits; i++) {
        unchain_exit(&b->exits[i]);
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
    g_ptr_array_add(tcg->graveyard, b);
    tcg->stats.invalidated++;
}

void tcg_bury(Tcg *tcg)
{
    for (unsigned i = 0; i < tcg->graveyard->len; i++) {
        block_free(g_ptr_array_index(tcg->graveyard, i));
    }
    g_ptr_array_set_size(tcg->graveyard, 0);
    if (tcg->flushed) {
        arena_empty(&tcg->arena);
        tcg->flushed = false;
    }
}

void tcg_make_room(Tcg *tcg)
{
    if (arena_left(&tcg->arena) < TCG_CACHE_ROOM) {
        tcg_flush(tcg);
    }
}

/* Kills the blocks of a page that overlap bytes first..last of it. */
static void kill_in_page(Tcg *tcg, CodePage *p, unsigned first, unsigned last)
{
    uint64_t lines = 0;
    for (Block **link = &p->blocks; *link;) {
        Block *b = *link;
        unsigned start = IN_PAGE(b->phys), end = start + b->bytes - 1u;
        if (start <= last && end >= first) {
            *link = b->page_next;
            kill_block(tcg, b);
        } else {
            lines |= line_mask(start, end);
            link = &b->page_next;
        }
    }
    p->lines = lines;
    if (!p->blocks) {
        g_hash_table_remove(tcg->code_pages, &p->ram_id);
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

void tcg_flush(Tcg *tcg)
{
    GHashTableIter it;
    gpointer page;
    g_hash_table_iter_init(&it, tcg->code_pages);
    while (g_hash_table_iter_next(&it, NULL, &page)) {
        CodePage *p = page;
        while (p->blocks) {
            Block *b = p->blocks;
            p->blocks = b->page_next;
            kill_block(tcg, b);
        }
    }
    g_hash_table_remove_all(tcg->code_pages);
    tcg->flushed = true;
    tcg->stats.flushes++;
}

/* ---- birth ---- */

static void log_block(Tcg *tcg, const MipsBlockInfo *info, const uint8_t *code)
{
    uint64_t pc = tcg->cpu->pc;
    g_autoptr(GString) text = g_string_new(NULL);
    if (log_enabled(LOG_IN_ASM)) {
        g_string_append_printf(text, "IN: pc 0x%" G_GINT64_MODIFIER "x mode %x\n", pc, tcg->cpu->mode);
        for (unsigned i = 0; i < info->bytes; i += 4) {
            uint32_t word;
            memcpy(&word, code + i, 4);
            word = tcg->cpu->big_endian ? GUINT32_FROM_BE(word) : GUINT32_FROM_LE(word);
            g_string_append_printf(text, "0x%08" G_GINT64_MODIFIER "x:  %08x  ", pc + i, word);
            mips_disassemble(tcg->decoder, word, pc + i, tcg->cpu->base.is_64bit, text);
            g_string_append_c(text, '\n');
        }
        log_line(LOG_IN_ASM, "%s", text->str);
    }
}

static void log_ir(Tcg *tcg, LogMask which, const char *title)
{
    if (log_enabled(which)) {
        g_autoptr(GString) text = g_string_new(NULL);
        ir_print(tcg->region, mips_slot_name, text);
        log_line(which, "%s\n%s", title, text->str);
    }
}

static void verify(Tcg *tcg, const char *after)
{
    if (tcg->verify) {
        g_autofree char *problem = ir_verify(tcg->region);
        if (problem) {
            g_autoptr(GString) text = g_string_new(NULL);
            ir_print(tcg->region, mips_slot_name, text);
            g_error("IR after %s: %s\n%s", after, problem, text->str);
        }
    }
}

/* The block of what was lowered, with its exits, in the arena. Takes the arrays. */
static Block *make_block(Tcg *tcg, Lowered *low)
{
    size_t code_size = low->nops * sizeof(InterpOp);
    Block *b = g_new(Block, 1);
    Block **behind = arena_alloc(&tcg->arena, sizeof(b) + code_size);
    *behind = b;
    *b = (Block){ .code = (InterpOp *)(void *)(behind + 1), .nops = low->nops, .nexits = low->nexits,
                  .op_snap = low->op_snap, .nsnaps = (uint16_t)tcg->region->nsnaps };
    b->snaps = g_memdup2(tcg->region->snaps, b->nsnaps * sizeof(*b->snaps));
    b->exits = g_new0(BlockExit, low->nexits);
    memcpy(b->code, low->code, code_size);
    for (unsigned i = 0; i < low->nexits; i++) {
        b->exits[i] = (BlockExit){ .pc = low->exit_pc[i], .from = b, .op = &b->code[low->exit_op[i]] };
    }
    g_free(low->code);
    g_free(low->exit_pc);
    g_free(low->exit_op);
    return b;
}

static Block *translate(Tcg *tcg, uint64_t phys, const uint8_t *code, unsigned avail)
{
    MipsCpu *cpu = tcg->cpu;
    MipsBlockInfo info;
    Lowered low;
    mips_translate_block(cpu, tcg->decoder, tcg->region, cpu->pc, cpu->mode, code, avail,
                         tcg->one_insn ? 1 : MIPS_MAX_BLOCK - 1, &info);
    for (unsigned i = 0; i < info.insns; i++) {
        if (info.lines[i] < mips_insn_count()) {
            tcg->covered[info.lines[i]] = 1;
        }
    }
    log_block(tcg, &info, code);
    log_ir(tcg, LOG_IR, "IR:");
    verify(tcg, "translation");
    ir_dce(tcg->region);
    log_ir(tcg, LOG_IR_OPT, "IR, optimized:");
    verify(tcg, "dead code elimination");
    interp_lower(tcg->region, &low);
    Block *b = make_block(tcg, &low);
    b->pc = cpu->pc;
    b->phys = phys;
    b->mode = cpu->mode;
    b->bytes = (uint16_t)info.bytes;
    b->insns = (uint16_t)info.insns;
    if (log_enabled(LOG_OUT_ASM)) {
        g_autoptr(GString) text = g_string_new(NULL);
        interp_print(b, mips_slot_name, text);
        log_line(LOG_OUT_ASM, "OUT:\n%s", text->str);
    }
    tcg->stats.blocks++;
    tcg->stats.insns += info.insns;
    return b;
}

/* kseg0, kseg1, and what stands for kseg0 in a trap-and-emulate kernel. */
static bool is_unmapped(const MipsCpu *cpu, uint64_t pc)
{
    return pc >> 30 == 0xffffffff80000000 >> 30 || (cpu->useg_kernel && pc >> 29 == 0x40000000 >> 29);
}

void tcg_chain(Tcg *tcg, BlockExit *exit, Block *to)
{
    /* Within a page the mapping is that of the block itself; unmapped kernel addresses
     * never change theirs. Everything else is looked up each time. */
    uint64_t from = exit->from->pc;
    bool unmapped = is_unmapped(tcg->cpu, from) && is_unmapped(tcg->cpu, exit->pc);
    bool same_page = (from ^ exit->pc) >> SOFTMMU_PAGE_BITS == 0;
    if (exit->from->dead || to->dead || exit->to || to->mode != exit->from->mode ||
        !(unmapped || same_page)) {
        return;
    }
    exit->to = to;
    exit->op->c = 1;
    exit->op->imm = (int32_t)((char *)to->code - (char *)exit->op);
    exit->next = to->incoming;
    to->incoming = exit;
}

const InterpOp *tcg_find_code(Tcg *tcg)
{
    MipsCpu *cpu = tcg->cpu;
    uint64_t pc = cpu->pc;
    const SoftmmuFetch *f = softmmu_fetch_entry(cpu, pc);
    if (f->tag != softmmu_tag(cpu, pc, 4)) {
        f = softmmu_fetch(cpu, pc);
    }
    uint64_t phys = f->ram_id + (pc & ~SOFTMMU_PAGE_MASK);
    JumpEntry *j = &tcg->jump[tcg_jump_index(pc)];
    if (j->code && j->pc == pc && j->mode == cpu->mode && j->phys == phys) {
        return j->code;
    }
    Block **slot = &tcg->hash[hash_index(phys, pc, cpu->mode)];
    Block *b;
    for (b = *slot; b; b = b->hash_next) {
        if (b->phys == phys && b->pc == pc && b->mode == cpu->mode) {
            break;
        }
    }
    if (!b) {
        unsigned at = (unsigned)(pc & ~SOFTMMU_PAGE_MASK);
        b = translate(tcg, phys, f->host + at, f->end - at);
        b->hash_next = *slot;
        *slot = b;
        enter_page(tcg, b);
    }
    *j = (JumpEntry){ .pc = pc, .phys = phys, .code = b->code, .mode = b->mode };
    return b->code;
}
