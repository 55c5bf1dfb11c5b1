/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/random/shrink.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "target/mips/translate.h"
#include "util/log.h"

/* Shrinking one program: with three that differ the run is two minutes longer at most. */
#define MOST_SECONDS 40

bool engines_differ(const Program *p, const Engine *reference, const Engine *engine, double time_limit)
{
    g_autoptr(Outcome) a = run_program(p, reference, time_limit, true);
    if (a->how != RUN_ENDED) {
        return false;
    }
    g_autoptr(Outcome) b = run_program(p, engine, time_limit, true);
    return outcomes_differ(a, b);
}

typedef struct {
    Program *p;
    const Engine *reference, *engine;
    double time_limit;
    gint64 until;
} Shrink;

/* Whether what follows the word is still there, if the word serves that only. */
static bool is_needed(const Asm *a, unsigned i)
{
    unsigned next = i + 1;
    while (next < a->n && a->kept[next] == KEEP_DEFINED) {
        next++;
    }
    return a->kept[i] == KEEP_DEFINED && next < a->n && a->words[next] != NOP;
}

/* Words from at on become NOPs if the difference stays; true if any did. */
static bool try_range(Shrink *s, unsigned at, unsigned n, unsigned kept_too)
{
    Asm *a = &s->p->code;
    g_autofree uint32_t *old = g_memdup2(a->words + at, n * sizeof(uint32_t));
    unsigned changed = 0;
    for (unsigned i = at; i < at + n; i++) {
        if (a->words[i] != NOP && a->kept[i] <= kept_too && !is_needed(a, i)) {
            a->words[i] = NOP;
            changed++;
        }
    }
    if (changed && g_get_monotonic_time() < s->until &&
        engines_differ(s->p, s->reference, s->engine, s->time_limit)) {
        return true;
    }
    memcpy(a->words + at, old, n * sizeof(uint32_t));
    return false;
}

static bool pass(Shrink *s, unsigned size, unsigned kept_too)
{
    bool any = false;
    for (unsigned at = 0; at < s->p->code.n; at += size) {
        any |= try_range(s, at, MIN(size, s->p->code.n - at), kept_too);
    }
    return any;
}

void shrink(Program *p, const Engine *reference, const Engine *engine, double time_limit)
{
    Shrink s = { p, reference, engine, time_limit, g_get_monotonic_time() + MOST_SECONDS * G_USEC_PER_SEC };
    for (unsigned round = 0; round < 4; round++) {
        bool any = false;
        for (unsigned size = p->code.n; size > 0; size /= 2) {
            any |= pass(&s, size, reference->oracle ? KEEP_DEFINED : round > 0 ? KEEP_LAST : KEEP_NOTHING);
        }
        if (!any && round > 0) {
            break;
        }
    }
}

/* ---- what to say ---- */

static char *name_of(const Program *p, uint32_t at)
{
    unsigned n = (at - MEM_DUMP) / 8;
    if (at < MEM_DUMP || at >= MEM_SYSTEM) {
        return at >= MEM_DIGEST && at < MEM_DUMP
            ? g_strdup_printf("exception log or sum, offset 0x%x", at - MEM_DIGEST)
            : g_strdup("memory");
    }
    return n < 32 ? g_strdup_printf("register %u", n) : n == DUMP_HI ? g_strdup("HI")
         : n == DUMP_LO ? g_strdup("LO") : n < DUMP_FCSR ? g_strdup_printf("f%u", n - DUMP_FPR)
         : n == DUMP_FCSR ? g_strdup("FCSR") : g_strdup_printf("CP0 or FCCR, number %u", n - DUMP_FCCR);
}

static void print_word(const Program *p, const Outcome *a, const Outcome *b, uint32_t at)
{
    g_autofree char *name = name_of(p, at);
    printf("# 0x%05x (%s): %016" PRIx64 ", expected %016" PRIx64 "\n", at, name,
           program_get(p, b->ram, at & ~7u, 8), program_get(p, a->ram, at & ~7u, 8));
}

/* The exceptions, as far as the log has kept them. */
static void print_log(const Program *p, const Outcome *o, const char *who)
{
    unsigned size = p->target->is_64bit ? 8 : 4;
    uint64_t count = program_get(p, o->ram, MEM_DIGEST + DIGEST_COUNT, 4);
    printf("# exceptions of %s: %" PRIu64 "\n", who, count);
    for (uint64_t n = count > 6 ? count - 5 : 1; n <= count; n++) {
        uint32_t at = MEM_DIGEST + DIGEST_LOG + 32 * (uint32_t)(n % DIGEST_LOG_ENTRIES);
        printf("#   %" PRIu64 ": Cause %08" PRIx64 " EPC %" PRIx64 " BadVAddr %" PRIx64 "\n", n,
               program_get(p, o->ram, at, 4), program_get(p, o->ram, at + 8, size),
               program_get(p, o->ram, at + 16, size));
    }
}

static void print_code(const Program *p)
{
    MipsDecoder *decoder = mips_decoder_new();
    unsigned nops = 0;
    for (unsigned i = 0; i < p->code.n; i++) {
        uint64_t pc = p->code.va + 4 * i;
        g_autoptr(GString) text = g_string_new(NULL);
        if (p->code.words[i] == NOP) {
            nops++;
            continue;
        }
        if (nops) {
            printf("#   (%u nop)\n", nops);
            nops = 0;
        }
        mips_disassemble(decoder, p->code.words[i], pc, p->target->is_64bit, text);
        printf("#   %" PRIx64 ":  %08x  %s\n", pc, p->code.words[i], text->str);
    }
    mips_decoder_free(decoder);
}

void report_difference(const Program *p, const Engine *reference, const Engine *engine, double time_limit,
                       const char *log)
{
    g_autoptr(Outcome) a = run_program(p, reference, time_limit, true);
    if (log) {
        log_set_items(log, NULL);
    }
    g_autoptr(Outcome) b = run_program(p, engine, time_limit, false);
    int64_t at = outcome_difference(a, b);
    printf("# repeat: engine-random --seed %" PRIu64 " --kind %s --target %s --model %s --engine %s%s\n",
           p->seed, kind_name(p->kind), p->target->name, p->model->name, engine->name,
           reference->oracle ? " --oracle" : "");
    if (b->how == RUN_CRASHES) {
        printf("# %s crashes\n", engine->name);
    } else if (a->how != RUN_ENDED) {
        printf("# %s: no end\n", reference->name);
    } else if (b->how == RUN_HANGS) {
        printf("# %s: no end within %.1f s, pc %" PRIx64 "\n", engine->name, time_limit, b->pc);
    } else if (at >= 0) {
        unsigned shown = 0;
        for (uint32_t i = MEM_DIGEST; i < MEM_SIZE && shown < 10; i += 8) {
            if (memcmp(a->ram + i, b->ram + i, 8) != 0) {
                print_word(p, a, b, i);
                shown++;
            }
        }
    } else {
        printf("# this time they do not differ\n");
    }
    print_log(p, a, reference->name);
    print_log(p, b, engine->name);
    print_code(p);
}
