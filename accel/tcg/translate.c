/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From guest code to blocks: translation to IR, its passes, the back end; with their logs. */
#include "accel/tcg/tcg.h"
#include "target/mips/helpers.h"
#include "util/log.h"

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

static void log_ir(const IrRegion *r, LogMask which, const char *title)
{
    if (log_enabled(which)) {
        g_autoptr(GString) text = g_string_new(NULL);
        ir_print(r, mips_slot_name, text);
        log_line(which, "%s\n%s", title, text->str);
    }
}

static void verify(const Tcg *tcg, const IrRegion *r, const char *after)
{
    if (tcg->verify) {
        g_autofree char *problem = ir_verify(r);
        if (problem) {
            g_autoptr(GString) text = g_string_new(NULL);
            ir_print(r, mips_slot_name, text);
            g_error("IR after %s: %s\n%s", after, problem, text->str);
        }
    }
}

static void note_coverage(Tcg *tcg, const MipsBlockInfo *info)
{
    for (unsigned i = 0; i < info->insns; i++) {
        if (info->lines[i] < mips_insn_count()) {
            tcg->covered[info->lines[i]] = 1;
        }
    }
}

/* FCSR's reader is harmless: what it reads is the CPU's own. */
static bool has_effects(const IrRegion *r)
{
    for (IrVal v = 1; v < r->nops; v++) {
        const IrOp *op = &r->ops[v];
        if (op->code == IR_CALL && op->helper != &helper_cfc1 &&
            (op->helper->effects & (IR_READS | IR_WRITES))) {
            return true;
        }
    }
    return false;
}

void tcg_finish(Tcg *tcg, Arena *arena, IrRegion *r, Block *b)
{
    log_ir(r, LOG_IR, "IR:");
    verify(tcg, r, "translation");
    ir_dse(r);
    ir_dce(r);
    if (b->tier == 2) {
        ir_pages(r);
    }
    log_ir(r, LOG_IR_OPT, "IR, optimized:");
    verify(tcg, r, "the passes");
    b->has_effects = has_effects(r);
    tcg->backend->make(tcg, arena, r, b);
    if (log_enabled(LOG_OUT_ASM)) {
        g_autoptr(GString) text = g_string_new(NULL);
        tcg->backend->print(tcg, b, text);
        log_line(LOG_OUT_ASM, "OUT, tier %u, pc 0x%" G_GINT64_MODIFIER "x:\n%s", b->tier, b->pc, text->str);
    }
}

void tcg_interpret(Tcg *tcg, IrRegion *r)
{
    MipsCpu *cpu = tcg->cpu;
    Arena *arena = &tcg->space.blocks;
    MipsBlockInfo info;
    uint64_t phys;
    unsigned avail;
    cpu->cur_op = NULL;
    const uint8_t *code = tcg_code_at(tcg, &phys, &avail);
    mips_translate_block(cpu, tcg->decoder, r, cpu->pc, cpu->mode, code, avail, 1, &info);
    size_t code_used = arena->code.used, meta_used = arena->meta.used;
    Block b = { .pc = cpu->pc, .mode = cpu->mode, .tier = 1 };
    interp_backend.make(tcg, arena, r, &b);
    arena->code.used = code_used;               /* nothing else is made while it runs */
    arena->meta.used = meta_used;
    interp_backend.run(tcg, b.code);
}

Block *tcg_translate(Tcg *tcg, uint64_t phys, const uint8_t *code, unsigned avail)
{
    MipsCpu *cpu = tcg->cpu;
    MipsBlockInfo info;
    int64_t begun = g_get_monotonic_time();
    mips_translate_block(cpu, tcg->decoder, tcg->region, cpu->pc, cpu->mode, code, avail,
                         tcg->one_insn ? 1 : MIPS_MAX_BLOCK - 1, &info);
    note_coverage(tcg, &info);
    log_block(tcg, &info, code);
    Block *b = arena_alloc_meta(&tcg->space.blocks, sizeof(*b) + sizeof(BlockSpan));
    *b = (Block){ .pc = cpu->pc, .phys = phys, .mode = cpu->mode, .insns = (uint16_t)info.insns, .tier = 1,
                  .end = cpu->pc + info.bytes, .countdown = (int32_t)tcg->hot, .nspans = 1 };
    b->spans[0] = (BlockSpan){ .first = phys, .bytes = (uint16_t)info.bytes };
    tcg_finish(tcg, &tcg->space.blocks, tcg->region, b);
    tcg->stats.code_bytes += b->code_size;
    if (tcg->perf && tcg->backend->executable) {
        perf_log_block(tcg->perf, b);
    }
    tcg->stats.translate_ns += (uint64_t)(g_get_monotonic_time() - begun) * 1000;
    tcg->stats.blocks++;
    tcg->stats.insns += info.insns;
    return b;
}
