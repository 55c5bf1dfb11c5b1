/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "system/debug.h"

#include "system/machine.h"

Debug *debug_of(Machine *machine)
{
    if (!machine->debug) {
        machine->debug = g_new0(Debug, 1);
        machine->debug->points = g_array_new(FALSE, TRUE, sizeof(DebugPoint));
        machine->debug->requests = g_array_new(FALSE, TRUE, sizeof(DebugRequest));
    }
    g_array_set_size(machine->debug->requests, machine->cpus->len);
    return machine->debug;
}

void debug_free(Debug *debug)
{
    if (debug) {
        g_array_free(debug->points, TRUE);
        g_array_free(debug->requests, TRUE);
        g_free(debug);
    }
}

void debug_set_point(Machine *machine, const DebugPoint *point, bool set)
{
    Debug *d = debug_of(machine);
    for (guint i = 0; i < d->points->len; i++) {
        const DebugPoint *p = &g_array_index(d->points, DebugPoint, i);
        if (p->kind == point->kind && p->addr == point->addr && p->len == point->len) {
            if (!set) {
                g_array_remove_index(d->points, i);
                d->generation++;
            }
            return;
        }
    }
    if (set) {
        g_array_append_val(d->points, *point);
        d->generation++;
    }
}

void debug_clear_points(Machine *machine)
{
    Debug *d = debug_of(machine);
    if (d->points->len) {
        g_array_set_size(d->points, 0);
        d->generation++;
    }
}

void debug_report(Machine *machine, const DebugStop *stop)
{
    Debug *d = debug_of(machine);
    if (!d->pending) {
        d->pending = true;
        d->stop = *stop;
        machine_request_debug_stop(machine);
    }
}

void debug_stopped(Machine *machine)
{
    Debug *d = machine->debug;
    if (d) {
        d->pending = false;
        g_array_set_size(d->requests, 0);
        g_array_set_size(d->requests, machine->cpus->len);
    }
}

DebugRequest debug_request(const Machine *machine, unsigned n)
{
    const Debug *d = machine->debug;
    return d && n < d->requests->len ? g_array_index(d->requests, DebugRequest, n)
                                     : (DebugRequest){ .action = DEBUG_RUN };
}
