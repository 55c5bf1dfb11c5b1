/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the translator has done so far, for "info jit". */
#include "accel/tcg/softmmu.h"
#include "accel/tcg/tcg.h"

#define U64 "%" G_GUINT64_FORMAT

static void describe_code(const Tcg *tcg, GString *out)
{
    const TcgStats *s = &tcg->stats;
    g_string_append_printf(out, "back end             %s%s\n", tcg->backend->name,
                           tcg->backend->executable && !tcg->hot ? ", first tier only" : "");
    g_string_append_printf(out, "blocks made          " U64 " of " U64 " instructions\n", s->blocks, s->insns);
    g_string_append_printf(out, "regions made         " U64 " of " U64 " instructions (blocks entered %u times)\n",
                           s->regions, s->region_insns, tcg->hot);
    g_string_append_printf(out, "time to make them    blocks %.3f s, regions %.3f s in a thread of their own\n",
                           (double)s->translate_ns / 1e9, (double)s->region_ns / 1e9);
    g_string_append_printf(out, "code                 " U64 " bytes made, room for %zu MiB\n", s->code_bytes,
                           (tcg->space.blocks.code.part_size * ARENA_PARTS * 2) >> 20);
    g_string_append_printf(out, "blocks killed        " U64 ", parts of the cache emptied " U64 "\n", s->invalidated,
                           s->evictions);
    g_string_append_printf(out, "pages with code      %u\n", g_hash_table_size(tcg->code_pages));
}

static void describe_running(const Tcg *tcg, GString *out)
{
    const TcgStats *s = &tcg->stats;
    g_string_append_printf(out, "chains made          " U64 "\n", s->chained);
    g_string_append_printf(out, "code left for        a block not found yet " U64 ", a way out not chained " U64
                           ", a hot block " U64 "\n", s->left[RUN_LOOKUP], s->left[RUN_EXIT], s->left[RUN_HOT]);
    g_string_append_printf(out, "requests attended to " U64 ", interrupts " U64 ", exceptions " U64 "\n", s->attended,
                           s->interrupts, s->exceptions);
}

static void describe_memory(const Softmmu *m, GString *out)
{
    g_string_append_printf(out, "pages entered        " U64 "\n", m->fills);
    if (m->victims) {
        g_string_append_printf(out, "TLB entries kept     " U64 " that TLBWR displaced, dropped " U64 " times\n",
                               m->displaced, m->victim_drops);
    } else {
        g_string_append(out, "TLB entries kept     none (victims=off)\n");
    }
}

void tcg_describe(const Tcg *tcg, GString *out)
{
    describe_code(tcg, out);
    describe_running(tcg, out);
    describe_memory(tcg->cpu->softmmu, out);
}
