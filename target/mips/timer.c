/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Count and Compare on the virtual clock (MD00090, 9.22 and 9.26). */
#include "target/mips/cpu.h"
#include "util/wide.h"

#define NS 1000000000

static int64_t ticks_to_ns(const MipsCpu *cpu, uint64_t ticks)
{
    uint64_t ns = wide_muldiv(ticks, NS, cpu->count_hz);
    return (int64_t)(wide_muldiv(ns, cpu->count_hz, NS) < ticks ? ns + 1 : ns);
}

static uint64_t elapsed_ticks(const MipsCpu *cpu, int64_t now)
{
    return wide_muldiv((uint64_t)(now - cpu->count_zero), cpu->count_hz, NS);
}

uint32_t mips_count_get(MipsCpu *cpu)
{
    if (cpu->cp0.cause & CA_DC) {
        return cpu->count_stopped;
    }
    return (uint32_t)elapsed_ticks(cpu, clock_now(cpu->base.machine->clock, CLOCK_VIRTUAL));
}

/* Finds the next moment at which Count equals Compare and tells the engine, which is to look
 * then. */
static void rearm(MipsCpu *cpu)
{
    int64_t deadline = INT64_MAX;
    if (!cpu->count_stands) {
        uint64_t ticks = elapsed_ticks(cpu, clock_now(cpu->base.machine->clock, CLOCK_VIRTUAL));
        uint32_t ahead = cpu->cp0.compare - (uint32_t)ticks;
        deadline = cpu->count_zero + ticks_to_ns(cpu, ticks + (ahead ? ahead : UINT64_C(1) << 32));
    }
    cpu->compare_at = deadline;
    if (cpu->engine && cpu->engine->deadline_changed) {
        cpu->engine->deadline_changed(cpu);
    }
}

void mips_timer_poll(MipsCpu *cpu)
{
    if (clock_now(cpu->base.machine->clock, CLOCK_VIRTUAL) >= cpu->compare_at) {
        cpu->timer_pending = true;
    }
}

static void set_zero(MipsCpu *cpu, uint32_t count)
{
    cpu->count_zero = clock_now(cpu->base.machine->clock, CLOCK_VIRTUAL) - ticks_to_ns(cpu, count);
}

void mips_count_set(MipsCpu *cpu, uint32_t value)
{
    cpu->count_stopped = value;
    set_zero(cpu, value);
    rearm(cpu);
}

void mips_compare_set(MipsCpu *cpu, uint32_t value)
{
    cpu->cp0.compare = value;
    cpu->timer_pending = false;
    rearm(cpu);
}

void mips_count_stop(MipsCpu *cpu, bool stop)
{
    cpu->count_stands = stop;
    if (stop) {
        cpu->count_stopped = (uint32_t)elapsed_ticks(cpu, clock_now(cpu->base.machine->clock, CLOCK_VIRTUAL));
    } else {
        set_zero(cpu, cpu->count_stopped);
    }
    rearm(cpu);
}

void mips_timer_reset(MipsCpu *cpu)
{
    cpu->timer_pending = false;
    cpu->count_stands = false;
    cpu->count_stopped = 0;
    set_zero(cpu, 0);
    rearm(cpu);
}
