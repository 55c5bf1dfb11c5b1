/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Z and z: breakpoints and watchpoints, in force when the machine goes on. */
#include "gdbstub/gdb.h"

#include "util/error.h"

/* gdb takes back what it has set; a client that sets more than this is none. */
#define POINTS_MAX 1024

static bool can(const GdbServer *s, DebugKind kind, GError **err)
{
    const MachineRunner *runner = s->machine->runner;
    if (!runner || !runner->can_debug) {
        return error_set(err, "%s on MIPS has no breakpoints, watchpoints and steps; -accel tcg has them",
                         runner ? runner->name : "a machine without CPUs");
    }
    return runner->can_debug(s->machine, kind, err);
}

static void change(GdbServer *s, Args *args, GString *reply, bool set)
{
    Cpu *cpu = gdb_cpu(s);
    g_autoptr(GError) err = NULL;
    uint64_t kind, addr, len;
    if (!args_hex(args, &kind) || !args_take(args, ',') || !args_hex(args, &addr) || !args_take(args, ',') ||
        !args_hex(args, &len) || !(args_at_end(args) || args_take(args, ';'))) {
        g_string_append(reply, GDB_MALFORMED);
        return;
    }
    if (kind > DEBUG_WATCH_ACCESS) {
        return;                         /* no such kind: an empty answer */
    }
    bool watch = kind >= DEBUG_WATCH_WRITE;
    DebugPoint point = { (DebugKind)kind, cpu->ops->debug->canonical(cpu, addr), watch ? len : 4 };
    if (watch ? len == 0 || point.addr + (len - 1) < point.addr : (addr & 3) != 0) {
        g_string_append(reply, GDB_MALFORMED);
    } else if (set && debug_of(s->machine)->points->len >= POINTS_MAX) {
        reply_error(reply, "too many breakpoints");
    } else if (set && !can(s, (DebugKind)kind, &err)) {
        reply_error(reply, err->message);
    } else {
        debug_set_point(s->machine, &point, set);
        g_string_append(reply, "OK");
    }
}

void gdb_insert(GdbServer *s, Args *args, GString *reply)
{
    change(s, args, reply, true);
}

void gdb_remove(GdbServer *s, Args *args, GString *reply)
{
    change(s, args, reply, false);
}

void gdb_forget_points(GdbServer *s)
{
    Machine *machine = s->machine;
    bool running = machine->state == RUN_RUNNING && machine->runner;
    if (!machine->debug) {
        return;
    }
    if (running) {
        machine->runner->pause(machine);
    }
    debug_stopped(machine);             /* a step under way, or a stop on its way: nobody waits for it */
    debug_clear_points(machine);
    if (running) {
        machine->runner->resume(machine);
    }
}
