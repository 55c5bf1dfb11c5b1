/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/random/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "accel/tcg/tcg.h"
#include "tests/random/generate.h"
#include "tests/random/oracle.h"

#define HOT 20

const Engine engines[] = {
    { .name = "interpreter", .interpreter = true },
    { .name = "tier2", .hot = HOT, .at_once = true },
    { .name = "tier2-async", .hot = HOT },
    { .name = "tier1" },
    { .name = "tier2-nopagetables", .hot = HOT, .at_once = true, .no_page_tables = true },
    { .name = "tier2-novictims", .hot = HOT, .at_once = true, .no_victims = true },
    { .name = "tier1-oneinsn", .one_insn = true },
    { .name = "tier2-evict", .hot = HOT, .at_once = true, .small_cache = true },
    { .name = "interpreter-novictims", .interpreter = true, .no_victims = true },
    { .name = "tier2-check", .hot = HOT, .at_once = true, .check = 5, .named_only = true },
    { .name = "qemu", .oracle = true, .named_only = true },
};

const unsigned engine_count = G_N_ELEMENTS(engines);

const Engine *engine_find(const char *name)
{
    for (unsigned i = 0; i < engine_count; i++) {
        if (strcmp(engines[i].name, name) == 0) {
            return &engines[i];
        }
    }
    return NULL;
}

typedef struct {
    Machine *machine;
    Cpu *cpu;
    MemRegion *ram, *bell;
    GMutex lock;
    GCond changed;
    bool rung;
} Run;

static uint64_t bell_read(void *opaque, PhysAddr addr, unsigned size)
{
    return 0;
}

static void bell_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Run *run = opaque;
    g_mutex_lock(&run->lock);
    run->rung = true;
    g_cond_signal(&run->changed);
    g_mutex_unlock(&run->lock);
}

static const MemOps bell_ops = {
    .read = bell_read, .write = bell_write, .endian = MEM_NATIVE, .min_size = 1, .max_size = 4,
};

static bool build(Run *run, const Program *p, const Engine *engine, GError **err)
{
    Machine *machine = run->machine;
    AccelConfig config;
    accel_config_init(&config);
    config.tcg = true;
    config.ir_checks = true;
    config.interpreter = engine->interpreter;
    config.victims = !engine->no_victims;
    config.page_tables = !engine->no_page_tables;
    config.tier2 = engine->hot;
    config.regions_at_once = engine->at_once;
    config.one_insn = engine->one_insn;
    config.check = engine->check;
    config.hot = engine->hot ? engine->hot : config.hot;
    config.cache_size = (size_t)(engine->small_cache ? 9 : 16) << 20;
    machine->ram_size = MEM_SIZE;
    machine->big_endian = p->target->big_endian;
    machine->is_64bit = p->target->is_64bit;
    as_set_bus(machine->as, &machine->lock, machine->big_endian);
    run->ram = mem_ram_new("ram", MEM_SIZE, err);
    if (!run->ram) {
        return false;
    }
    mem_add(machine->memory, 0, run->ram, 0);
    run->bell = mem_io_new("bell", 0x1000, &bell_ops, run);
    mem_add(machine->memory, MEM_BELL, run->bell, 0);
    run->cpu = mips_cpu_new(machine, p->model, 0, err);
    return run->cpu && tcg_start_all(machine, &config, err);
}

static void wait_for_bell(Run *run, double time_limit)
{
    gint64 until = g_get_monotonic_time() + (gint64)(time_limit * 1e6);
    g_mutex_lock(&run->lock);
    while (!run->rung && g_cond_wait_until(&run->changed, &run->lock, until)) {
    }
    g_mutex_unlock(&run->lock);
}

static void execute(Run *run, const Program *p, double time_limit, Outcome *out)
{
    machine_lock(run->machine);
    program_load(p, mem_host(run->ram));
    machine_reset(run->machine);
    mips_cpu(run->cpu)->pc = p->start;
    machine_start(run->machine);
    machine_unlock(run->machine);
    wait_for_bell(run, time_limit);
    machine_lock(run->machine);
    machine_stop(run->machine, RUN_PAUSED);
    machine_unlock(run->machine);
    out->pc = mips_cpu(run->cpu)->pc;
    memcpy(out->ram, mem_host(run->ram), MEM_SIZE);
    const TcgStats *stats = &((Tcg *)mips_cpu(run->cpu)->engine_data)->stats;
    out->regions = stats->regions;
    out->invalidated = stats->invalidated;
    out->exceptions = stats->exceptions;
    out->interrupts = stats->interrupts;
    run->machine->runner->stop(run->machine);
    out->how = run->rung ? RUN_ENDED : RUN_HANGS;
}

static void run_here(const Program *p, const Engine *engine, double time_limit, Outcome *out)
{
    g_autoptr(GError) err = NULL;
    Run run = { .machine = machine_new(NULL) };
    g_mutex_init(&run.lock);
    g_cond_init(&run.changed);
    machine_lock(run.machine);
    bool built = build(&run, p, engine, &err);
    machine_unlock(run.machine);
    if (!built) {
        g_error("%s", err->message);
    }
    execute(&run, p, time_limit, out);
    machine_lock(run.machine);
    mem_free(run.bell);
    mem_free(run.ram);
    machine_unlock(run.machine);
    machine_free(run.machine);
    g_mutex_clear(&run.lock);
    g_cond_clear(&run.changed);
}

/* In a process of its own: what crashes or cannot be stopped is a result too. */
Outcome *run_program(const Program *p, const Engine *engine, double time_limit, bool quiet)
{
    Outcome *out = NULL;
    int status = 0;
    if (engine->oracle) {
        oracle_run(&p, 1, time_limit, &out);
        return out;
    }
    out = outcome_new();
    fflush(NULL);
    pid_t child = fork();
    g_assert(child >= 0);
    if (child == 0) {
        const struct rlimit none = { 0, 0 };
        setrlimit(RLIMIT_CORE, &none);
        if (quiet) {
            dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        }
        alarm((unsigned)time_limit + 5);
        run_here(p, engine, time_limit, out);
        fflush(NULL);
        _exit(0);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (status) {
        out->how = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? RUN_HANGS : RUN_CRASHES;
    }
    return out;
}

Outcome *outcome_new(void)
{
    Outcome *out = mmap(NULL, sizeof(Outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert(out != MAP_FAILED);
    return out;
}

void outcome_free(Outcome *out)
{
    if (out) {
        munmap(out, sizeof(*out));
    }
}

bool outcomes_differ(const Outcome *a, const Outcome *b)
{
    return a->how != b->how || (a->how == RUN_ENDED && outcome_difference(a, b) >= 0);
}

/* What says most comes first: the log of exceptions, then the registers, then memory. */
int64_t outcome_difference(const Outcome *a, const Outcome *b)
{
    static const struct { uint32_t first, end; } parts[] = {
        { MEM_DIGEST, MEM_DUMP }, { MEM_DUMP, MEM_SYSTEM }, { MEM_VECTORS, MEM_PRIVATE },
        { MEM_SYSTEM, MEM_SIZE },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
        uint32_t size = parts[i].end - parts[i].first;
        const uint8_t *x = a->ram + parts[i].first, *y = b->ram + parts[i].first;
        for (uint32_t k = 0; memcmp(x, y, size) != 0 && k < size; k++) {
            if (x[k] != y[k]) {
                return parts[i].first + k;
            }
        }
    }
    return -1;
}

bool outcome_given_up(const Program *p, const Outcome *out)
{
    return program_get(p, out->ram, MEM_DIGEST + DIGEST_COUNT, 4) >= MAX_EXCEPTIONS;
}

uint64_t outcome_instructions(const Program *p, const Outcome *out)
{
    unsigned size = p->target->is_64bit ? 8 : 4;
    uint64_t left = program_get(p, out->ram, MEM_DUMP + 8 * R_FUEL, size);
    uint64_t exceptions = program_get(p, out->ram, MEM_DIGEST + DIGEST_COUNT, 4);
    return out->how == RUN_ENDED ? (uint32_t)(GEN_FUEL - left) + 45 * exceptions : 0;
}
