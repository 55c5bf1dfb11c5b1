/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "accel/tcg/debug.h"

#include "accel/tcg/softmmu.h"
#include "target/mips/fpu.h"

struct TcgDebug {
    unsigned generation;        /* of the points that are in force */
    GArray *breaks;             /* of uint64_t, in order */
    GArray *watches;            /* of DebugPoint */
    DebugRequest request;
    bool skip;                  /* the last stop was at skip_pc: its instruction is run once */
    uint64_t skip_pc;
    bool quiet;                 /* watchpoints do not matter now */
    DebugStop watch;            /* what tcg_debug_access has found */
    JumpEntry *no_jump;         /* an empty table, so that a step ends */
};

static TcgDebug *debug_new(void)
{
    TcgDebug *d = g_new0(TcgDebug, 1);
    d->breaks = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    d->watches = g_array_new(FALSE, FALSE, sizeof(DebugPoint));
    d->no_jump = g_new0(JumpEntry, TCG_JUMP_SIZE);
    return d;
}

void tcg_debug_free(Tcg *tcg)
{
    TcgDebug *d = tcg->debug;
    if (d) {
        g_array_free(d->breaks, TRUE);
        g_array_free(d->watches, TRUE);
        g_free(d->no_jump);
        g_free(d);
        tcg->debug = NULL;
    }
}

/* ---- points ---- */

/* The first breakpoint that is not below pc: its place in the list. */
static guint first_from(const GArray *breaks, uint64_t pc)
{
    guint low = 0, high = breaks->len;
    while (low < high) {
        guint middle = (low + high) / 2;
        if (g_array_index(breaks, uint64_t, middle) < pc) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool has_break(const GArray *breaks, uint64_t pc)
{
    guint i = first_from(breaks, pc);
    return i < breaks->len && g_array_index(breaks, uint64_t, i) == pc;
}

static int by_address(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

static GArray *list_breaks(const Debug *from)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    for (guint i = 0; i < from->points->len; i++) {
        const DebugPoint *p = &g_array_index(from->points, DebugPoint, i);
        if (p->kind == DEBUG_SOFT_BREAK || p->kind == DEBUG_HARD_BREAK) {
            g_array_append_val(list, p->addr);
        }
    }
    g_array_sort(list, by_address);
    return list;
}

/* Kills what was made without those of a that are not in b, or for them. */
static void kill_changed(Tcg *tcg, const GArray *a, const GArray *b)
{
    for (guint i = 0; i < a->len; i++) {
        uint64_t pc = g_array_index(a, uint64_t, i);
        if (!has_break(b, pc)) {
            tcg_kill_at(tcg, pc);
        }
    }
}

static void take_watches(Tcg *tcg, const Debug *from)
{
    GArray *watches = tcg->debug->watches;
    bool any = watches->len;
    g_array_set_size(watches, 0);
    for (guint i = 0; i < from->points->len; i++) {
        const DebugPoint *p = &g_array_index(from->points, DebugPoint, i);
        if (p->kind >= DEBUG_WATCH_WRITE) {
            g_array_append_val(watches, *p);
        }
    }
    if (any || watches->len) {
        softmmu_watch(tcg->cpu, watches->len ? watches : NULL);
    }
}

static void take_points(Tcg *tcg, const Debug *from)
{
    TcgDebug *d = tcg->debug;
    GArray *old = d->breaks, *new = list_breaks(from);
    d->generation = from->generation;
    d->breaks = new;
    kill_changed(tcg, old, new);
    kill_changed(tcg, new, old);
    g_array_free(old, TRUE);
    take_watches(tcg, from);
}

bool tcg_debug_resume(Tcg *tcg)
{
    const Machine *machine = tcg->cpu->base.machine;
    const Debug *from = machine->debug;
    if (!from) {
        return true;
    }
    DebugRequest request = debug_request(machine, tcg->cpu->base.index);
    if (!tcg->debug && !from->generation && request.action == DEBUG_RUN) {
        return !from->pending;
    }
    tcg_wait_parked(tcg);
    if (!tcg->debug) {
        tcg->debug = debug_new();
    }
    if (tcg->debug->generation != from->generation) {
        take_points(tcg, from);
    }
    tcg->debug->request = request;
    return !from->pending && request.action != DEBUG_STAND;
}

bool tcg_debug_limit(const Tcg *tcg, uint64_t pc, unsigned *avail)
{
    const GArray *breaks = tcg->debug->breaks;
    guint i = first_from(breaks, pc);
    if (i < breaks->len) {
        uint64_t ahead = g_array_index(breaks, uint64_t, i) - pc;
        *avail = (unsigned)MIN(ahead, *avail);
    }
    return *avail >= 4;
}

/* ---- stopping ---- */

static void stop(Tcg *tcg, DebugStop why, bool skip)
{
    Machine *machine = tcg->cpu->base.machine;
    why.cpu = tcg->cpu->base.index;
    tcg->debug->request.action = DEBUG_RUN;
    tcg->debug->skip = skip;
    tcg->debug->skip_pc = tcg->cpu->pc;
    machine_lock(machine);
    debug_report(machine, &why);
    machine_unlock(machine);
    tcg_park(tcg, true);
}

void tcg_debug_at_break(Tcg *tcg)
{
    stop(tcg, (DebugStop){ .why = DEBUG_AT_BREAK }, true);
}

void tcg_debug_at_watch(Tcg *tcg)
{
    MipsCpu *cpu = tcg->cpu;
    if (cpu->exc.bd && !(cpu->mode & MODE_DS)) {
        cpu->pc -= 4;                           /* the branch is done again */
    }
    cpu->mode &= ~(uint32_t)MODE_SPLIT;
    stop(tcg, tcg->debug->watch, true);
}

void tcg_debug_access(Tcg *tcg, uint64_t vaddr, unsigned size, bool write)
{
    TcgDebug *d = tcg->debug;
    for (guint i = 0; i < d->watches->len && !d->quiet; i++) {
        const DebugPoint *p = &g_array_index(d->watches, DebugPoint, i);
        bool meant = p->kind == DEBUG_WATCH_ACCESS || (p->kind == DEBUG_WATCH_WRITE) == write;
        if (meant && vaddr < p->addr + p->len && p->addr < vaddr + size) {
            d->watch = (DebugStop){ .why = DEBUG_AT_WATCH, .kind = p->kind, .addr = MAX(vaddr, p->addr) };
            tcg->cpu->exc.code = EXC_NONE;
            tcg->cpu->engine->unwind(tcg->cpu);
        }
    }
}

/* ---- steps ---- */

/* One instruction, a branch with its delay slot, and what it raises; false: a watchpoint was in the way. */
static bool step(Tcg *tcg)
{
    MipsCpu *cpu = tcg->cpu;
    tcg_make_room(tcg, &tcg->space.blocks, TCG_CACHE_ROOM);
    JumpEntry *const jump = tcg->jump;
    sigjmp_buf buf, *const outer = cpu->unwind_buf;
    cpu->mode &= ~(uint32_t)MODE_SPLIT;
    fpu_sync(cpu);
    tcg->jump = tcg->debug->no_jump;
    cpu->unwind_buf = &buf;
    bool raised = sigsetjmp(buf, 0);
    if (!raised) {
        do {
            tcg_interpret(tcg, tcg->region);
        } while (cpu->mode & MODE_DS);
    } else if (cpu->cur_op) {
        interp_backend.restore(tcg);
    } else {
        cpu->exc.bd = cpu->mode & MODE_DS;
    }
    cpu->unwind_buf = outer;
    cpu->cur_op = NULL;
    tcg->jump = jump;
    if (raised && cpu->exc.code == EXC_NONE) {
        tcg_debug_at_watch(tcg);
        return false;
    }
    if (raised) {
        tcg->stats.exceptions++;
        mips_take_exception(cpu);
    }
    return true;
}

/* Past where the last stop was, if the CPU is still there. */
static bool skip(Tcg *tcg)
{
    TcgDebug *d = tcg->debug;
    bool there = d->skip && d->skip_pc == tcg->cpu->pc;
    d->skip = false;
    d->quiet = there;
    bool done = there && step(tcg);
    d->quiet = false;
    return done;
}

/* Makes one step; true: its end is to be judged. */
static bool step_or_interrupt(Tcg *tcg)
{
    if (skip(tcg)) {
        return true;
    }
    if (!tcg->debug->request.no_interrupts && mips_irq_ready(tcg->cpu)) {
        tcg_interrupt(tcg);
        return true;
    }
    return step(tcg);
}

bool tcg_debug_attend(Tcg *tcg)
{
    TcgDebug *d = tcg->debug;
    MipsCpu *cpu = tcg->cpu;
    if (d->request.action != DEBUG_STEP) {
        return skip(tcg) && cpu->halted;
    }
    do {
        if (!step_or_interrupt(tcg)) {
            return true;
        }
        if (cpu->pc - d->request.first >= d->request.end - d->request.first) {
            stop(tcg, (DebugStop){ .why = DEBUG_AFTER_STEP }, false);
        } else if (has_break(d->breaks, cpu->pc)) {
            tcg_debug_at_break(tcg);
        }
    } while (!cpu->halted && !__atomic_load_n(&cpu->exit_request, __ATOMIC_ACQUIRE));
    tcg_ask(tcg);               /* what asked may have been an interrupt alone */
    return true;
}
