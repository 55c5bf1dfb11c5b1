/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The translator as the machine's runner. */
#include "accel/tcg/debug.h"
#include "util/error.h"

static void each_cpu(Machine *machine, void (*func)(Tcg *))
{
    for (unsigned i = 0; i < machine->cpus->len; i++) {
        func(mips_cpu(g_ptr_array_index(machine->cpus, i))->engine_data);
    }
}

static void ask_park(Tcg *tcg)
{
    tcg_park(tcg, true);
}

static void unpark(Tcg *tcg)
{
    if (tcg_debug_resume(tcg)) {
        tcg_park(tcg, false);
    }
}

/* A vCPU may be waiting for the machine lock; it is let through to its parking place. */
static void runner_pause(Machine *machine)
{
    each_cpu(machine, ask_park);
    machine_unlock(machine);
    each_cpu(machine, tcg_wait_parked);
    machine_lock(machine);
}

static void runner_resume(Machine *machine)
{
    each_cpu(machine, unpark);
}

void tcg_describe_all(Machine *machine, GString *out)
{
    for (unsigned i = 0; i < machine->cpus->len; i++) {
        tcg_describe(mips_cpu(g_ptr_array_index(machine->cpus, i))->engine_data, out);
    }
}

static void write_coverage(Tcg *tcg)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) err = NULL;
    if (!tcg->coverage) {
        return;
    }
    for (unsigned n = 0; n < mips_insn_count(); n++) {
        g_string_append_printf(text, "%s %s\n", tcg->covered[n] ? "yes" : "no", mips_insn_name(n));
    }
    if (!g_file_set_contents(tcg->coverage, text->str, (gssize)text->len, &err)) {
        g_printerr("valletta: -accel tcg,insn-coverage=%s: %s\n", tcg->coverage, err->message);
    }
}

static void runner_stop(Machine *machine)
{
    each_cpu(machine, tcg_stop);
    each_cpu(machine, write_coverage);
    machine_lock(machine);
    each_cpu(machine, tcg_free);
    machine_unlock(machine);
}

static bool runner_can_debug(Machine *machine, DebugKind kind, GError **err)
{
    for (unsigned i = 0; i < machine->cpus->len; i++) {
        const Tcg *tcg = mips_cpu(g_ptr_array_index(machine->cpus, i))->engine_data;
        if (tcg->check && kind >= DEBUG_WATCH_WRITE) {
            return error_set(err, "no watchpoints with -accel tcg,check=N, which does accesses twice");
        }
    }
    return true;
}

static const MachineRunner tcg_runner = {
    "tcg", .pause = runner_pause, .resume = runner_resume, .stop = runner_stop,
    .can_debug = runner_can_debug,
};

bool tcg_start_all(Machine *machine, const AccelConfig *config, GError **err)
{
    for (unsigned i = 0; i < machine->cpus->len; i++) {
        PerfLog *perf = NULL;
        if ((config->perf_map || config->perf_dump) &&
            !(perf = perf_log_new(config->perf_map, config->perf_dump, err))) {
            return false;
        }
        tcg_start(tcg_new(mips_cpu(g_ptr_array_index(machine->cpus, i)), config, perf));
    }
    machine->runner = &tcg_runner;
    return true;
}
