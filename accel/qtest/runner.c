/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs no CPU: they stay parked as their reset left them. */
#include <unistd.h>
#include "accel/qtest/qtest.h"

static void nothing(Machine *machine)
{
    /* There is no vCPU thread that could be paused, resumed or joined. */
}

void qtest_stop_time(Machine *machine)
{
    clock_set_manual(machine->clock);
}

void qtest_start_all(Machine *machine)
{
    static const MachineRunner runner = {
        .name = "qtest", .pause = nothing, .resume = nothing, .stop = nothing,
    };
    machine->runner = &runner;
    qtest_stop_time(machine);
    for (guint i = 0; i < machine->cpus->len; i++) {
        /* The CPUs have no threads of their own: who looks after them is this one. */
        __atomic_store_n(&((Cpu *)g_ptr_array_index(machine->cpus, i))->thread_id, (int)gettid(),
                         __ATOMIC_RELEASE);
    }
}
