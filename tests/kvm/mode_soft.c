/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's cases in our own engine: a CPU, RAM and the doorbell, anew for each case. */
#include <string.h>
#include "accel/tcg/tcg.h"
#include "tests/kvm/bell.h"
#include "util/bits.h"

#define CPU_MODEL "24Kf"
#define TIME_LIMIT 30           /* seconds */

typedef struct {
    Machine *machine;
    Cpu *cpu;
    MemRegion *ram, *io;
    Bell bell;
    uint32_t stop_ms;
    bool timed_out;
} SoftRun;

static uint64_t io_read(void *opaque, PhysAddr addr, unsigned size)
{
    SoftRun *run = opaque;
    uint8_t bytes[8];
    bell_access(&run->bell, (uint32_t)addr, bytes, size, false);
    return run->machine->big_endian ? load_be(bytes, size) : load_le(bytes, size);
}

static void io_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    SoftRun *run = opaque;
    uint8_t bytes[8];
    if (run->machine->big_endian) {
        store_be(bytes, size, value);
    } else {
        store_le(bytes, size, value);
    }
    bell_access(&run->bell, (uint32_t)addr, bytes, size, true);
}

static const MemOps io_ops = {
    .read = io_read, .write = io_write, .endian = MEM_NATIVE, .min_size = 1, .max_size = 4,
    .narrow_writes = true,
};

/* ---- what the guest may ask for ---- */

static void set_line(void *opaque, unsigned line, bool level, bool hold)
{
    SoftRun *run = opaque;
    machine_lock(run->machine);
    run->cpu->ops->set_irq(run->cpu, line - 2, level);
    machine_unlock(run->machine);
}

static uint32_t count_hz(void *opaque)
{
    SoftRun *run = opaque;
    return mips_cpu(run->cpu)->count_hz;
}

/* In the main thread, as every stop of the machine. */
static gboolean stop_and_start(gpointer opaque)
{
    SoftRun *run = opaque;
    machine_lock(run->machine);
    machine_stop(run->machine, RUN_PAUSED);
    machine_unlock(run->machine);
    g_usleep(run->stop_ms * 1000);
    machine_lock(run->machine);
    machine_start(run->machine);
    machine_unlock(run->machine);
    bell_idle(&run->bell);
    return G_SOURCE_REMOVE;
}

static void stop_clock(void *opaque, uint32_t ms)
{
    SoftRun *run = opaque;
    run->stop_ms = ms;
    g_idle_add(stop_and_start, run);
}

static void ended(void *opaque)
{
    SoftRun *run = opaque;
    machine_request_shutdown(run->machine, SHUTDOWN_GUEST_POWEROFF);
}

static const BellOps soft_ops = {
    .set_line = set_line, .count_hz = count_hz, .stop_clock = stop_clock, .ended = ended,
};

/* ---- one run ---- */

static gboolean time_is_up(gpointer opaque)
{
    SoftRun *run = opaque;
    run->timed_out = true;
    machine_request_shutdown(run->machine, SHUTDOWN_HOST_SIGNAL);
    return G_SOURCE_CONTINUE;
}

/* NEED_STORM: the CPU is torn out of its code a thousand times a second. */
static gboolean disturb(gpointer opaque)
{
    SoftRun *run = opaque;
    mips_kick(mips_cpu(run->cpu));
    return G_SOURCE_CONTINUE;
}

static bool build(SoftRun *run, const Mode *mode, GError **err)
{
    Machine *machine = run->machine;
    AccelConfig config;
    accel_config_init(&config);
    config.tcg = config.ir_checks = true;
    const char *accel = g_getenv("VALLETTA_TEST_ACCEL");
    if (accel && !accel_parse(&config, accel, err)) {
        return false;
    }
    const MipsModel *model = mips_model_find(CPU_MODEL, false, err);
    if (!model) {
        return false;
    }
    machine->ram_size = GUEST_RAM;
    machine->big_endian = mode->big_endian;
    machine->useg_kernel = mode->bit == MODE_SOFT_TE;
    as_set_bus(machine->as, &machine->lock, machine->big_endian);
    run->ram = mem_ram_new("ram", GUEST_RAM, err);
    if (!run->ram) {
        return false;
    }
    mem_add(machine->memory, 0, run->ram, 0);
    run->io = mem_io_new("doorbell", BELL_SIZE, &io_ops, run);
    mem_add(machine->memory, BELL_PHYS, run->io, 0);
    run->cpu = mips_cpu_new(machine, model, 0, err);
    if (!run->cpu) {
        return false;
    }
    return tcg_start_all(machine, &config, err);
}

static void enter(SoftRun *run, const Mode *mode, unsigned number)
{
    size_t size;
    const unsigned char *code = mode_blob(mode->big_endian, &size);
    uint64_t base = mode->bit == MODE_SOFT_TE ? 0x40000000 : 0xffffffff80000000;
    MipsCpu *cpu = mips_cpu(run->cpu);
    memcpy(mem_host(run->ram) + GUEST_CODE, code, size);
    machine_reset(run->machine);
    cpu->pc = base + GUEST_CODE;
    cpu->gpr[4] = number;
    cpu->gpr[5] = base;
}

static void describe_cpu(SoftRun *run, Result *r)
{
    g_autoptr(GString) text = g_string_new(NULL);
    run->cpu->ops->describe(run->cpu, text);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(text->str), "\n", 12);
    for (unsigned i = 0; i < 11 && lines[i]; i++) {
        result_note(r, "%s", lines[i]);
    }
}

static void run_until_end(SoftRun *run, unsigned needs)
{
    guint limit = g_timeout_add_seconds(TIME_LIMIT, time_is_up, run);
    guint storm = needs & NEED_STORM ? g_timeout_add(1, disturb, run) : 0;
    machine_lock(run->machine);
    machine_start(run->machine);
    machine_unlock(run->machine);
    machine_run(run->machine);
    g_source_remove(limit);
    if (storm) {
        g_source_remove(storm);
    }
    machine_lock(run->machine);
    machine_stop(run->machine, RUN_PAUSED);
    machine_unlock(run->machine);
    bell_clear(&run->bell);
}

void mode_soft_run(const Mode *mode, unsigned number, Result *r)
{
    g_autoptr(GError) err = NULL;
    SoftRun run = {
        .machine = machine_new(NULL),
        .bell = { .mode = mode, .ops = &soft_ops, .result = r, .page_shift = 12 },
    };
    run.bell.opaque = &run;
    machine_lock(run.machine);
    bool built = build(&run, mode, &err);
    if (built) {
        enter(&run, mode, number);
    }
    machine_unlock(run.machine);
    if (built) {
        run_until_end(&run, guest_cases[number].needs);
        if (run.timed_out && !run.bell.done) {
            result_fail(r, "no end within %u seconds", TIME_LIMIT);
            describe_cpu(&run, r);
        }
        run.machine->runner->stop(run.machine);
    } else {
        result_fail(r, "%s", err->message);
    }
    machine_lock(run.machine);
    mem_free(run.io);
    mem_free(run.ram);
    machine_unlock(run.machine);
    machine_free(run.machine);
}
