/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vCPU's thread: runs blocks, takes exceptions and interrupts, sleeps in WAIT, parks
 * when the machine stops.
 */
#include <unistd.h>
#include "accel/tcg/check.h"
#include "accel/tcg/compiler.h"
#include "accel/tcg/debug.h"
#include "accel/tcg/softmmu.h"
#include "accel/tcg/tcg.h"
#include "config-host.h"
#include "util/log.h"

/* ---- what the CPU asks of its engine ---- */

static void G_GNUC_NORETURN unwind(MipsCpu *cpu)
{
    siglongjmp(*cpu->unwind_buf, 1);
}

static void code_changed(MipsCpu *cpu, uint64_t paddr, uint64_t len)
{
    MemSpan span = as_span(cpu->base.machine->as, paddr);
    if (span.host) {
        tcg_code_written(cpu->engine_data, span.ram_id, MIN(len, span.len));
    }
}

static void wake(MipsCpu *cpu)
{
    Tcg *tcg = cpu->engine_data;
    g_mutex_lock(&tcg->lock);
    g_cond_broadcast(&tcg->changed);
    g_mutex_unlock(&tcg->lock);
}

/* Of a CPU that is parked: when it goes on. */
static void deadline_changed(MipsCpu *cpu)
{
    Tcg *tcg = cpu->engine_data;
    if (g_thread_self() == tcg->thread) {
        tcg_deadline_set(tcg);
    }
}

static const MipsEngine engine = {
    .drop_page = softmmu_drop_page, .drop_all = softmmu_drop_all, .displace = softmmu_displace,
    .drop_displaced = softmmu_drop_displaced, .mode_changed = softmmu_mode_changed,
    .peek_code = softmmu_peek_code,
    .code_changed = code_changed, .unwind = unwind, .wake = wake,
    .deadline_changed = deadline_changed,
};

void tcg_ask(Tcg *tcg)
{
    __atomic_store_n(&tcg->asked, 1, __ATOMIC_RELEASE);
    mips_kick(tcg->cpu);
}

/* Somebody wrote memory; another thread only leaves a note. */
static void memory_written(void *opaque, uint64_t ram_id, uint64_t len)
{
    Tcg *tcg = opaque;
    if (g_thread_self() == tcg->thread) {
        tcg_code_written(tcg, ram_id, len);
        return;
    }
    CodeRange range = { ram_id, len };
    g_mutex_lock(&tcg->lock);
    g_array_append_val(tcg->written, range);
    g_mutex_unlock(&tcg->lock);
    tcg_ask(tcg);
}

/* Of a CPU that rests at once, else by its own thread. */
static void collect_writes(void *opaque, MemWritten *w)
{
    Tcg *tcg = opaque;
    g_mutex_lock(&tcg->lock);
    bool now = tcg->resting;
    if (now) {
        softmmu_settle(tcg->cpu, w);
    } else if (!g_ptr_array_find(tcg->to_settle, w, NULL)) {
        g_ptr_array_add(tcg->to_settle, w);
    }
    g_mutex_unlock(&tcg->lock);
    if (!now) {
        tcg_ask(tcg);
    }
}

static const MemWriteEngine write_engine = { false, collect_writes };

static void settle_writes(Tcg *tcg)
{
    g_mutex_lock(&tcg->lock);
    for (unsigned i = 0; i < tcg->to_settle->len; i++) {
        softmmu_settle(tcg->cpu, g_ptr_array_index(tcg->to_settle, i));
        mem_settled(g_ptr_array_index(tcg->to_settle, i));
    }
    g_ptr_array_set_size(tcg->to_settle, 0);
    g_mutex_unlock(&tcg->lock);
}

/* The memory map is another one: neither soft TLB entries nor chains hold any more. */
static void take_map_change(Tcg *tcg)
{
    softmmu_drop_all(tcg->cpu);
    tcg_flush(tcg);
}

static void map_changed(void *opaque)
{
    Tcg *tcg = opaque;
    if (g_thread_self() == tcg->thread) {
        take_map_change(tcg);
        return;
    }
    __atomic_store_n(&tcg->map_changed, 1, __ATOMIC_RELEASE);
    tcg_ask(tcg);
}

/* ---- the run loop ---- */

static void take_written(Tcg *tcg)
{
    g_mutex_lock(&tcg->lock);
    for (unsigned i = 0; i < tcg->written->len; i++) {
        const CodeRange *r = &g_array_index(tcg->written, CodeRange, i);
        tcg_code_written(tcg, r->ram_id, r->len);
    }
    g_array_set_size(tcg->written, 0);
    g_mutex_unlock(&tcg->lock);
}

static bool may_sleep(MipsCpu *cpu)
{
    mips_timer_poll(cpu);
    return cpu->halted && !(mips_cause(cpu) & cpu->cp0.status & ST_IM);
}

/* Parks or sleeps in WAIT as long as there is reason to; true if it did. */
static bool sleep_while_asked(Tcg *tcg)
{
    bool slept = false, was_parked = false;
    g_mutex_lock(&tcg->lock);
    while (!tcg->quit && (tcg->park || may_sleep(tcg->cpu))) {
        slept = tcg->resting = true;
        if (tcg->park && !tcg->parked) {
            tcg->parked = was_parked = true;
            g_cond_broadcast(&tcg->changed);
        }
        if (tcg->park) {
            g_cond_wait(&tcg->changed, &tcg->lock);
        } else {
            tcg_deadline_sleep(tcg);
        }
        tcg->parked = tcg->parked && tcg->park;
        if (was_parked && !tcg->park) {
            tcg_deadline_set(tcg);
            was_parked = false;
        }
    }
    tcg->resting = false;
    if (tcg->quit) {
        tcg->parked = true;
        g_cond_broadcast(&tcg->changed);
    }
    g_mutex_unlock(&tcg->lock);
    return slept;
}

static bool quit_asked(Tcg *tcg)
{
    g_mutex_lock(&tcg->lock);
    bool quit = tcg->quit;
    g_mutex_unlock(&tcg->lock);
    return quit;
}

/* Handles what was asked of the thread: map changes, parking, ending, WAIT. False: end. Most often it
 * is an interrupt that is to be taken, and nothing was asked. */
static bool handle_requests(Tcg *tcg)
{
    do {
        __atomic_store_n(&tcg->cpu->exit_request, 0, __ATOMIC_SEQ_CST);
        if (!__atomic_exchange_n(&tcg->asked, 0, __ATOMIC_ACQ_REL) && !tcg->cpu->halted) {
            mips_timer_poll(tcg->cpu);
            return true;
        }
        if (__atomic_exchange_n(&tcg->map_changed, 0, __ATOMIC_ACQ_REL)) {
            take_map_change(tcg);
        }
        take_written(tcg);
        settle_writes(tcg);
        tcg_install_regions(tcg);
    } while (sleep_while_asked(tcg) && !quit_asked(tcg));
    tcg->cpu->halted = 0;
    return !quit_asked(tcg);
}

static void log_entry(Tcg *tcg, const Block *b)
{
    if (log_enabled(LOG_EXEC)) {
        log_line(LOG_EXEC, "exec 0x%" G_GINT64_MODIFIER "x mode %x (%u instructions)", b->pc, b->mode,
                 b->insns);
    }
    if (log_enabled(LOG_CPU)) {
        g_autoptr(GString) text = g_string_new(NULL);
        tcg->cpu->base.ops->describe(&tcg->cpu->base, text);
        log_line(LOG_CPU, "%s", text->str);
    }
}

void tcg_interrupt(Tcg *tcg)
{
    MipsCpu *cpu = tcg->cpu;
    cpu->exc.code = EXC_INT;
    cpu->exc.refill = false;
    cpu->exc.bd = cpu->mode & MODE_DS;
    tcg->stats.interrupts++;
    mips_take_exception(cpu);
}

/* Answers what was asked for meanwhile; false: the thread is to end. */
static bool attend(Tcg *tcg)
{
    tcg->stats.attended++;
    do {
        if (!handle_requests(tcg)) {
            return false;
        }
    } while (tcg->debug && tcg_debug_attend(tcg));
    if (mips_irq_ready(tcg->cpu)) {
        tcg_interrupt(tcg);
    }
    return true;
}

/* Runs until asked to stop; an exception comes back through sigsetjmp. */
static void run_guest(Tcg *tcg)
{
    MipsCpu *cpu = tcg->cpu;
    BlockExit *volatile left_by = NULL;
    cpu->unwind_buf = &tcg->unwind_buf;
    cpu->cur_op = NULL;
    if (sigsetjmp(tcg->unwind_buf, 0)) {
        if (cpu->cur_op) {
            tcg->backend->restore(tcg);
        } else {
            cpu->exc.bd = cpu->mode & MODE_DS;      /* the fetch of a block */
        }
        if (cpu->exc.code == EXC_NONE) {
            tcg_debug_at_watch(tcg);
        } else {
            tcg->stats.exceptions++;
            mips_take_exception(cpu);
        }
        left_by = NULL;
    }
    for (;;) {
        cpu->cur_op = NULL;
        if (__atomic_load_n(&cpu->exit_request, __ATOMIC_ACQUIRE)) {
            if (!attend(tcg)) {
                return;
            }
            left_by = NULL;
        }
        if (tcg_make_room(tcg, &tcg->space.blocks, TCG_CACHE_ROOM)) {
            left_by = NULL;
        }
        const void *code = tcg_find_code(tcg);
        if (!code) {
            tcg_debug_at_break(tcg);
            continue;
        }
        if (left_by && left_by->kind == EXIT_INDIRECT) {
            left_by->pc = cpu->pc;
        }
        if (left_by && left_by->pc == cpu->pc) {
            tcg_chain(tcg, left_by, block_of_code(code));
        }
        if (log_enabled(LOG_EXEC | LOG_CPU)) {
            log_entry(tcg, block_of_code(code));
        }
        RunResult result = tcg->check ? check_run(tcg->check, code) : tcg->backend->run(tcg, code);
        left_by = result.why == RUN_EXIT ? result.exit : NULL;
        tcg->stats.left[result.why]++;
        if (result.why == RUN_HOT) {
            tcg_optimize(tcg);
        }
    }
}

static gpointer vcpu_thread(gpointer opaque)
{
    Tcg *tcg = opaque;
    __atomic_store_n(&tcg->cpu->base.thread_id, gettid(), __ATOMIC_RELEASE);
    tcg_deadline_init(tcg);
    tcg_ask(tcg);
    run_guest(tcg);
    tcg_deadline_end(tcg);
    return NULL;
}

/* ---- life ---- */

/* Machine code where there is a generator for this host, unless the interpreter is asked for. */
static const TcgBackend *choose_backend(const AccelConfig *config)
{
#ifdef HOST_JIT
    if (!config->interpreter) {
        return &jit_backend;
    }
#endif
    return &interp_backend;
}

Tcg *tcg_new(MipsCpu *cpu, const AccelConfig *config, PerfLog *perf)
{
    Tcg *tcg = g_new0(Tcg, 1);
    tcg->cpu = cpu;
    tcg->one_insn = config->one_insn;
    tcg->verify = config->ir_checks;
    tcg->coverage = g_strdup(config->coverage);
    tcg->decoder = mips_decoder_new();
    tcg->region = ir_region_new();
    tcg->backend = choose_backend(config);
    tcg->hot = config->tier2 ? config->hot : 0;
    tcg->at_once = config->regions_at_once;
    tcg->perf = perf;
    arena_init(&tcg->space, config->cache_size, tcg->backend->executable);
    tcg->jump = g_new0(JumpEntry, TCG_JUMP_SIZE);
    tcg->hash = g_new0(Block *, TCG_HASH_SIZE);
    tcg->code_pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    tcg->covered = g_new0(uint8_t, mips_insn_count());
    tcg->written = g_array_new(FALSE, FALSE, sizeof(CodeRange));
    g_mutex_init(&tcg->lock);
    g_cond_init(&tcg->changed);
    tcg->to_settle = g_ptr_array_new();
    tcg->park = tcg->resting = true;
    cpu->engine_data = tcg;
    softmmu_init(cpu, config->page_tables, config->victims);
    cpu->engine = &engine;
    as_set_code_listener(cpu->base.machine->as, memory_written, tcg);
    as_set_write_engine(cpu->base.machine->as, &write_engine, tcg);
    as_add_listener(cpu->base.machine->as, map_changed, tcg);
    if (tcg->backend->init) {
        tcg->backend->init(tcg);
    }
    if (config->check) {
        tcg->check = check_new(tcg, config->check);
        softmmu_note_stores(cpu);
    }
    if (tcg->backend->executable && tcg->hot) {
        tcg->compiler = compiler_new(tcg);
    }
    return tcg;
}

void tcg_free(Tcg *tcg)
{
    as_set_code_listener(tcg->cpu->base.machine->as, NULL, NULL);
    as_set_write_engine(tcg->cpu->base.machine->as, NULL, NULL);
    as_remove_listener(tcg->cpu->base.machine->as, map_changed, tcg);
    tcg_flush(tcg);
    tcg_debug_free(tcg);
    if (tcg->compiler) {
        compiler_free(tcg->compiler);
    }
    if (tcg->backend->free) {
        tcg->backend->free(tcg);
    }
    if (tcg->check) {
        check_free(tcg->check);
    }
    tcg->cpu->engine = NULL;
    softmmu_free(tcg->cpu);
    mips_decoder_free(tcg->decoder);
    ir_region_free(tcg->region);
    g_hash_table_destroy(tcg->code_pages);
    g_ptr_array_free(tcg->to_settle, TRUE);
    g_array_free(tcg->written, TRUE);
    g_mutex_clear(&tcg->lock);
    g_cond_clear(&tcg->changed);
    arena_free(&tcg->space);
    g_free(tcg->hash);
    g_free(tcg->jump);
    g_free(tcg->covered);
    g_free(tcg->coverage);
    perf_log_free(tcg->perf);
    g_free(tcg);
}

void tcg_start(Tcg *tcg)
{
    g_autofree char *name = g_strdup_printf("CPU %u/TCG", tcg->cpu->base.index);
    tcg->thread = g_thread_new(name, vcpu_thread, tcg);
}

void tcg_park(Tcg *tcg, bool park)
{
    g_mutex_lock(&tcg->lock);
    tcg->park = park;
    g_cond_broadcast(&tcg->changed);
    g_mutex_unlock(&tcg->lock);
    tcg_ask(tcg);
}

void tcg_wait_parked(Tcg *tcg)
{
    g_mutex_lock(&tcg->lock);
    while (!tcg->parked) {
        g_cond_wait(&tcg->changed, &tcg->lock);
    }
    g_mutex_unlock(&tcg->lock);
}

void tcg_stop(Tcg *tcg)
{
    g_mutex_lock(&tcg->lock);
    tcg->quit = true;
    g_cond_broadcast(&tcg->changed);
    g_mutex_unlock(&tcg->lock);
    tcg_ask(tcg);
    g_thread_join(tcg->thread);
}
