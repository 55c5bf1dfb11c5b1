/* SPDX-License-Identifier: GPL-2.0-or-later */
/* c, s, C, S and vCont; and what is told when the machine has stopped. */
#include "gdbstub/gdb.h"

#include <string.h>

/* ---- the end of a run ---- */

static int signal_of(RunState state)
{
    switch (state) {
    case RUN_PAUSED:         return GDB_INT;
    case RUN_SHUTDOWN:       return GDB_QUIT;
    case RUN_INTERNAL_ERROR: return GDB_ABRT;
    default:                 return GDB_TRAP;
    }
}

static void append_register(GString *out, Cpu *cpu, unsigned n)
{
    uint8_t bytes[8];
    cpu->ops->debug->read_register(cpu, n, bytes);
    g_string_append_printf(out, "%02x:", n);
    append_hex(out, bytes, cpu->ops->debug->register_size(cpu, n));
    g_string_append_c(out, ';');
}

static void append_stop(GdbServer *s, int signal, GString *out)
{
    static const char *const watch[] = {
        [DEBUG_WATCH_WRITE] = "watch", [DEBUG_WATCH_READ] = "rwatch", [DEBUG_WATCH_ACCESS] = "awatch",
    };
    enum { SP = 29, PC = 37 };
    const DebugStop *stop = &debug_of(s->machine)->stop;
    bool ours = s->machine->state == RUN_DEBUG;
    s->cpu = ours ? stop->cpu : s->cpu;
    g_string_append_printf(out, "T%02xthread:%x;", signal, s->cpu + 1);
    append_register(out, gdb_cpu(s), SP);
    append_register(out, gdb_cpu(s), PC);
    if (ours && stop->why == DEBUG_AT_WATCH) {
        uint64_t addr = gdb_cpu(s)->is_64bit ? stop->addr : stop->addr & 0xffffffff;
        g_string_append_printf(out, "%s:%" G_GINT64_MODIFIER "x;", watch[stop->kind], addr);
    }
}

void gdb_tell_stop(GdbServer *s)
{
    g_autoptr(GString) text = g_string_new(NULL);
    s->waiting = false;
    append_stop(s, signal_of(s->machine->state), text);
    gdb_send(s, text);
}

/* A client that asks this has just come, or has forgotten all. */
void gdb_last_stop(GdbServer *s, Args *args, GString *reply)
{
    gdb_forget_points(s);
    append_stop(s, GDB_TRAP, reply);
}

/* ---- going on ---- */

static bool can_step(const GdbServer *s, GString *reply)
{
    const MachineRunner *runner = s->machine->runner;
    if (!runner || !runner->can_debug) {
        reply_error(reply, "what runs the CPU has no steps; -accel tcg has them");
        return false;
    }
    return true;
}

static bool is(const DebugRequest *r, DebugAction action)
{
    return r->action == action;
}

/* Has the machine go on as requests (one for each CPU) say; the answer comes when it stops. */
static void go(GdbServer *s, const DebugRequest *requests, GString *reply)
{
    Machine *machine = s->machine;
    Debug *debug = debug_of(machine);
    bool any = false;
    for (unsigned i = 0; i < machine->cpus->len; i++) {
        if (is(&requests[i], DEBUG_STEP) && !can_step(s, reply)) {
            return;
        }
        any = any || !is(&requests[i], DEBUG_STAND);
    }
    if (machine->state == RUN_INTERNAL_ERROR) {
        reply_error(reply, "the guest cannot go on after an internal error; monitor system_reset resets it");
        return;
    }
    if (!any) {
        append_stop(s, 0, reply);
        return;
    }
    for (unsigned i = 0; i < machine->cpus->len; i++) {
        g_array_index(debug->requests, DebugRequest, i) = requests[i];
    }
    debug->stop.why = DEBUG_NO_STOP;
    s->waiting = s->goes_on = true;
    machine_start(machine);
}

static DebugRequest step_request(const GdbServer *s)
{
    return (DebugRequest){ .action = s->sstep & SSTEP_ENABLE ? DEBUG_STEP : DEBUG_RUN,
                           .no_interrupts = s->sstep & SSTEP_NO_INTERRUPTS };
}

/* c and s: the threads of Hc; the others stand only while one steps. */
static void resume(GdbServer *s, Args *args, GString *reply, bool step)
{
    unsigned n = s->machine->cpus->len;
    g_autofree DebugRequest *requests = g_new0(DebugRequest, n);
    uint64_t pc;
    if (!args_at_end(args)) {
        if (!args_hex(args, &pc) || !args_at_end(args)) {
            g_string_append(reply, GDB_MALFORMED);
            return;
        }
        gdb_cpu(s)->ops->debug->set_pc(gdb_cpu(s), pc);
    }
    for (unsigned i = 0; i < n; i++) {
        bool meant = s->resumed == ALL_CPUS ? i == s->cpu || !step : i == s->resumed;
        requests[i] = !meant ? (DebugRequest){ .action = DEBUG_STAND }
                    : step ? step_request(s) : (DebugRequest){ .action = DEBUG_RUN };
    }
    go(s, requests, reply);
}

void gdb_continue(GdbServer *s, Args *args, GString *reply)
{
    resume(s, args, reply, false);
}

void gdb_step(GdbServer *s, Args *args, GString *reply)
{
    resume(s, args, reply, true);
}

/* A machine has no signals: the number is read and does nothing. */
static bool take_signal(Args *args)
{
    uint64_t signal;
    return args_hex(args, &signal) && signal <= 0xff;
}

static void resume_signal(GdbServer *s, Args *args, GString *reply, bool step)
{
    if (!take_signal(args) || !(args_at_end(args) || args_take(args, ';'))) {
        g_string_append(reply, GDB_MALFORMED);
        return;
    }
    resume(s, args, reply, step);
}

void gdb_continue_signal(GdbServer *s, Args *args, GString *reply)
{
    resume_signal(s, args, reply, false);
}

void gdb_step_signal(GdbServer *s, Args *args, GString *reply)
{
    resume_signal(s, args, reply, true);
}

/* ---- vCont ---- */

/* ACTION[:THREAD]; false: it is none. */
static bool take_action(const GdbServer *s, Args *args, DebugRequest *request, unsigned *cpu)
{
    char what = args_at_end(args) ? '\0' : *args->at++;
    *request = what == 's' || what == 'S' || what == 'r' ? step_request(s)
             : (DebugRequest){ .action = what == 't' ? DEBUG_STAND : DEBUG_RUN };
    *cpu = ALL_CPUS;
    if (!what || !strchr("csCStr", what)) {
        return false;
    }
    if ((what == 'C' || what == 'S') && !take_signal(args)) {
        return false;
    }
    if (what == 'r' && (!args_hex(args, &request->first) || !args_take(args, ',') ||
                        !args_hex(args, &request->end))) {
        return false;
    }
    request->first = gdb_cpu(s)->ops->debug->canonical(gdb_cpu(s), request->first);
    request->end = gdb_cpu(s)->ops->debug->canonical(gdb_cpu(s), request->end);
    return !args_take(args, ':') || args_thread(s, args, cpu);
}

void gdb_vcont(GdbServer *s, Args *args, GString *reply)
{
    unsigned n = s->machine->cpus->len;
    g_autofree DebugRequest *requests = g_new0(DebugRequest, n);
    g_autofree bool *told = g_new0(bool, n);
    for (unsigned i = 0; i < n; i++) {
        requests[i].action = DEBUG_STAND;
    }
    do {
        DebugRequest request;
        unsigned cpu;
        if (!take_action(s, args, &request, &cpu)) {
            g_string_append(reply, GDB_MALFORMED);
            return;
        }
        for (unsigned i = 0; i < n; i++) {          /* the first action that names a thread counts */
            if (!told[i] && (cpu == ALL_CPUS || cpu == i)) {
                told[i] = true;
                requests[i] = request;
            }
        }
    } while (args_take(args, ';'));
    if (args_at_end(args)) {
        go(s, requests, reply);
    } else {
        g_string_append(reply, GDB_MALFORMED);
    }
}

void gdb_vcont_query(GdbServer *s, Args *args, GString *reply)
{
    g_string_append(reply, "vCont;c;C;s;S;t;r");
}

/* vCtrlC; the stop is told on its own. */
void gdb_interrupt_command(GdbServer *s, Args *args, GString *reply)
{
    g_string_append(reply, "OK");
}
