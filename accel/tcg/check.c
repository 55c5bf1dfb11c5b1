/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter as the machine code's oracle. State and memory are put back after a block has run, and the
 * interpreter goes from there, one instruction at a time, until it stands where machine code ended, with
 * the same registers; then memory must be the same too. Blocks that access devices, or change what is not in
 * MipsCpu (the TLB, the timer), are not compared; nor those where entries that TLBWR has displaced are gone
 * when the interpreter needs them.
 */
#include "accel/tcg/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "accel/tcg/softmmu.h"
#include "target/mips/fpu.h"

/* A region may have gone round its loops: what took longer is not compared. */
#define MAX_STEPS 100000

typedef struct {
    uint8_t *host;
    unsigned size;
    uint64_t old, made;         /* raw bytes, before and after machine code */
} Store;

struct Check {
    Tcg *tcg;
    unsigned every, left;
    GArray *stores;             /* of Store */
    bool noting, impossible;
    MipsCpu before, after;
    IrRegion *ir;
    uint64_t compared, skipped;
};

Check *check_new(Tcg *tcg, unsigned every)
{
    Check *c = g_new0(Check, 1);
    c->tcg = tcg;
    c->every = c->left = every;
    c->stores = g_array_new(FALSE, FALSE, sizeof(Store));
    c->ir = ir_region_new();
    return c;
}

void check_free(Check *c)
{
    g_array_free(c->stores, TRUE);
    ir_region_free(c->ir);
    g_free(c);
}

static uint64_t bytes_at(const uint8_t *p, unsigned size)
{
    uint64_t v = 0;
    memcpy(&v, p, size);
    return v;
}

void check_store(Check *c, uint8_t *host, unsigned size)
{
    if (c->noting) {
        Store s = { host, size, bytes_at(host, size), 0 };
        g_array_append_val(c->stores, s);
    }
}

void check_only_once(Check *c)
{
    c->impossible = true;
}

/* Helpers that change or read more than MipsCpu. */
static bool can_be_done_twice(const Block *b)
{
    return !b->has_effects && !(b->mode & (MODE_DS | MODE_SPLIT));
}

/* ---- state ---- */

/* What other threads and the engine write stays as it is. */
static void put_back(MipsCpu *cpu, const MipsCpu *from)
{
    MipsCpu now = *cpu;
    *cpu = *from;
    cpu->exit_request = __atomic_load_n(&now.exit_request, __ATOMIC_RELAXED);
    cpu->irq_lines = now.irq_lines;
    cpu->exec_epoch = now.exec_epoch;
    cpu->unwind_buf = now.unwind_buf;
    cpu->engine->mode_changed(cpu);
}

static bool same_registers(const MipsCpu *a, const MipsCpu *b, unsigned width)
{
    for (int i = 1; i < 32; i++) {
        if (memcmp(&a->gpr[i], &b->gpr[i], width) != 0) {
            return false;
        }
    }
    return memcmp(&a->hi, &b->hi, width) == 0 && memcmp(&a->lo, &b->lo, width) == 0;
}

/* Machine code that leaves an unaligned access to be split says so in the mode. */
static bool same_state(const MipsCpu *a, const MipsCpu *b)
{
    return a->pc == b->pc && ((a->mode ^ b->mode) & ~MODE_SPLIT) == 0 &&
           same_registers(a, b, a->base.is_64bit ? 8 : 4) && memcmp(a->fpr, b->fpr, sizeof(a->fpr)) == 0 &&
           memcmp(a->fcc, b->fcc, sizeof(a->fcc)) == 0 && a->fcr31 == b->fcr31 &&
           memcmp(&a->cp0, &b->cp0, sizeof(a->cp0)) == 0 && a->llbit == b->llbit;
}

/* ---- the interpreter's part ---- */

/* One instruction; whether it took an exception. */
static bool interpret_once(Check *c)
{
    Tcg *tcg = c->tcg;
    bool volatile raised = false;
    sigjmp_buf buf, *outer = tcg->cpu->unwind_buf;
    tcg->cpu->unwind_buf = &buf;
    if (sigsetjmp(buf, 0) == 0) {
        tcg_interpret(tcg, c->ir);
    } else {
        if (tcg->cpu->cur_op) {
            interp_backend.restore(tcg);
        }
        mips_take_exception(tcg->cpu);
        raised = true;
    }
    tcg->cpu->cur_op = NULL;
    tcg->cpu->unwind_buf = outer;
    return raised;
}

/* ---- the comparison ---- */

static void print_state(const char *title, MipsCpu *cpu, GString *out)
{
    g_string_append_printf(out, "--- %s\n", title);
    cpu->base.ops->describe(&cpu->base, out);
}

static void G_GNUC_NORETURN report(Check *c, const Block *b, const char *what)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "valletta: -accel tcg,check=%u: machine code and interpreter disagree: %s\n"
                           "block at 0x%" G_GINT64_MODIFIER "x, mode %x, tier %u, %u instructions\n",
                           c->every, what, b->pc, b->mode, b->tier, b->insns);
    print_state("before", &c->before, text);
    print_state("machine code", &c->after, text);
    print_state("interpreter", c->tcg->cpu, text);
    c->tcg->backend->print(c->tcg, b, text);
    fputs(text->str, stderr);
    exit(1);
}

static void compare_memory(Check *c, const Block *b, guint by_code)
{
    for (guint i = 0; i < by_code; i++) {
        const Store *s = &g_array_index(c->stores, Store, i);
        if (bytes_at(s->host, s->size) != s->made) {
            report(c, b, "what was stored");
        }
    }
    /* Whatever the interpreter alone has written must not be another value than before. */
    for (guint i = by_code; i < c->stores->len; i++) {
        const Store *s = &g_array_index(c->stores, Store, i);
        bool known = bytes_at(s->host, s->size) == s->old;
        for (guint k = 0; k < by_code && !known; k++) {
            const Store *o = &g_array_index(c->stores, Store, k);
            known = o->host < s->host + s->size && s->host < o->host + o->size;
        }
        if (!known) {
            report(c, b, "a store that machine code did not make");
        }
    }
}

/* Undoes the stores of machine code, the last one first. */
static void undo(Check *c)
{
    for (guint i = 0; i < c->stores->len; i++) {
        Store *s = &g_array_index(c->stores, Store, i);
        s->made = bytes_at(s->host, s->size);
    }
    for (guint i = c->stores->len; i-- > 0;) {
        const Store *s = &g_array_index(c->stores, Store, i);
        memcpy(s->host, &s->old, s->size);
    }
}

/* Memory and state as machine code left them. */
static void give_up(Check *c, guint by_code)
{
    for (guint i = c->stores->len; i-- > by_code;) {
        const Store *s = &g_array_index(c->stores, Store, i);
        memcpy(s->host, &s->old, s->size);
    }
    for (guint i = 0; i < by_code; i++) {
        const Store *s = &g_array_index(c->stores, Store, i);
        memcpy(s->host, &s->made, s->size);
    }
    put_back(c->tcg->cpu, &c->after);
    c->skipped++;
}

static void do_again(Check *c, const Block *b)
{
    MipsCpu *cpu = c->tcg->cpu;
    c->after = *cpu;
    undo(c);
    guint by_code = c->stores->len;
    bool displaced = ((Softmmu *)cpu->softmmu)->victims_live;
    put_back(cpu, &c->before);
    for (unsigned steps = 0; !same_state(cpu, &c->after); steps++) {
        bool raised = interpret_once(c);
        bool done = same_state(cpu, &c->after);
        if (!done && (steps == MAX_STEPS || (raised && displaced))) {
            give_up(c, by_code);
            return;
        }
        if (!done && (raised || c->impossible)) {
            report(c, b, raised ? "an exception" : "the interpreter accesses a device");
        }
    }
    compare_memory(c, b, by_code);
    put_back(cpu, &c->after);
    c->compared++;
}

RunResult check_run(Check *c, const void *code)
{
    Tcg *tcg = c->tcg;
    MipsCpu *cpu = tcg->cpu;
    const Block *b = block_of_code(code);
    if (--c->left || !can_be_done_twice(b)) {
        c->left += c->left == 0;
        return tcg->backend->run(tcg, code);
    }
    c->left = c->every;
    fpu_sync(cpu);
    c->before = *cpu;
    g_array_set_size(c->stores, 0);
    c->impossible = false;
    c->noting = true;
    RunResult result = { RUN_LOOKUP, NULL };
    sigjmp_buf buf, *outer = cpu->unwind_buf;
    cpu->unwind_buf = &buf;
    if (sigsetjmp(buf, 0) == 0) {
        result = tcg->backend->run(tcg, code);
    } else {
        tcg->backend->restore(tcg);
        mips_take_exception(cpu);
    }
    cpu->unwind_buf = outer;
    cpu->cur_op = NULL;
    fpu_sync(cpu);
    if (!c->impossible && result.why != RUN_HOT && cpu->pc != c->before.pc) {
        do_again(c, b);
    } else {
        c->skipped++;
    }
    c->noting = false;
    return (RunResult){ result.why == RUN_HOT ? RUN_HOT : RUN_LOOKUP, NULL };
}
