/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the translator has done so far, for "info jit". */
#include "accel/tcg/softmmu.h"
#include "accel/tcg/tcg.h"

#define U64 "%" G_GUINT64_FORMAT

static void line(GString *out, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void line(GString *out, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_string_append_printf(out, "%-20s ", name);
    g_string_append_vprintf(out, format, args);
    g_string_append_c(out, '\n');
    va_end(args);
}

static void describe_code(const Tcg *tcg, GString *out)
{
    const TcgStats *s = &tcg->stats;
    size_t room = (tcg->space.blocks.code.part_size + tcg->space.regions.code.part_size) * ARENA_PARTS;
    bool one_tier = tcg->backend->executable && !tcg->hot;
    line(out, "back end", "%s%s", tcg->backend->name, one_tier ? ", first tier only" : "");
    line(out, "blocks made", U64 " of " U64 " instructions, %.3f s", s->blocks, s->insns,
         (double)s->translate_ns / 1e9);
    line(out, "regions made", U64 " of " U64 " instructions, %.3f s of another thread", s->regions,
         s->region_insns, (double)s->region_ns / 1e9);
    line(out, "code", U64 " bytes made, room for %zu MiB, emptied in part " U64 " times", s->code_bytes,
         room >> 20, s->evictions);
    line(out, "blocks killed", U64 "; pages with code now %u", s->invalidated,
         g_hash_table_size(tcg->code_pages));
}

static void describe_running(const Tcg *tcg, GString *out)
{
    const TcgStats *s = &tcg->stats;
    line(out, "chains made", U64, s->chained);
    line(out, "code left", U64 " times to find a block, " U64 " by a way out not chained, " U64 " hot",
         s->left[RUN_LOOKUP], s->left[RUN_EXIT], s->left[RUN_HOT]);
    line(out, "attended", U64 " requests; interrupts " U64 ", exceptions " U64, s->attended, s->interrupts,
         s->exceptions);
}

static void describe_memory(const Softmmu *m, GString *out)
{
    line(out, "pages entered", U64, m->fills);
    if (m->victims) {
        line(out, "TLB entries kept", U64 " that TLBWR displaced, dropped again " U64 " times", m->displaced,
             m->victim_drops);
    } else {
        line(out, "TLB entries kept", "none (victims=off)");
    }
}

void tcg_describe(const Tcg *tcg, GString *out)
{
    describe_code(tcg, out);
    describe_running(tcg, out);
    describe_memory(tcg->cpu->softmmu, out);
}
