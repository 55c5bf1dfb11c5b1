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

/* Arms the timer for the next moment at which Count equals Compare. */
static void rearm(MipsCpu *cpu)
{
    if (cpu->count_stands) {
        __atomic_store_n(&cpu->compare_at, INT64_MAX, __ATOMIC_RELEASE);
        timer_cancel(cpu->timer);
        return;
    }
    uint64_t ticks = elapsed_ticks(cpu, clock_now(cpu->base.machine->clock, CLOCK_VIRTUAL));
    uint32_t ahead = cpu->cp0.compare - (uint32_t)ticks;
    uint64_t at = ticks + (ahead ? ahead : UINT64_C(1) << 32);
    int64_t deadline = cpu->count_zero + ticks_to_ns(cpu, at);
    __atomic_store_n(&cpu->compare_at, deadline, __ATOMIC_RELEASE);
    timer_arm(cpu->timer, deadline);
}

void mips_timer_poll(MipsCpu *cpu)
{
    if (clock_now(cpu->base.machine->clock, CLOCK_VIRTUAL) >=
        __atomic_load_n(&cpu->compare_at, __ATOMIC_ACQUIRE)) {
        __atomic_store_n(&cpu->timer_pending, 1, __ATOMIC_RELEASE);
    }
}

static void timer_fired(void *opaque)
{
    MipsCpu *cpu = opaque;
    __atomic_store_n(&cpu->timer_pending, 1, __ATOMIC_RELEASE);
    /* Wakes it; the line stays as it is. */
    cpu->base.ops->set_irq(&cpu->base, 5, __atomic_load_n(&cpu->irq_lines, __ATOMIC_RELAXED) >> 15 & 1);
    rearm(cpu);
}

static void set_zero(MipsCpu *cpu, uint32_t count)
{
    cpu->count_zero = clock_now(cpu->base.machine->clock, CLOCK_VIRTUAL) - ticks_to_ns(cpu, count);
}

void mips_count_set(MipsCpu *cpu, uint32_t value)
{
    machine_lock(cpu->base.machine);
    cpu->count_stopped = value;
    set_zero(cpu, value);
    rearm(cpu);
    machine_unlock(cpu->base.machine);
}

void mips_compare_set(MipsCpu *cpu, uint32_t value)
{
    machine_lock(cpu->base.machine);
    cpu->cp0.compare = value;
    __atomic_store_n(&cpu->timer_pending, 0, __ATOMIC_RELEASE);
    rearm(cpu);
    machine_unlock(cpu->base.machine);
}

void mips_count_stop(MipsCpu *cpu, bool stop)
{
    machine_lock(cpu->base.machine);
    cpu->count_stands = stop;
    if (stop) {
        cpu->count_stopped = (uint32_t)elapsed_ticks(cpu, clock_now(cpu->base.machine->clock, CLOCK_VIRTUAL));
    } else {
        set_zero(cpu, cpu->count_stopped);
    }
    rearm(cpu);
    machine_unlock(cpu->base.machine);
}

void mips_timer_init(MipsCpu *cpu)
{
    cpu->timer = timer_new(cpu->base.machine->clock, CLOCK_VIRTUAL, timer_fired, cpu);
}

void mips_timer_reset(MipsCpu *cpu)
{
    cpu->timer_pending = 0;
    cpu->count_stands = false;
    cpu->count_stopped = 0;
    set_zero(cpu, 0);
    __atomic_store_n(&cpu->compare_at, INT64_MAX, __ATOMIC_RELEASE);
    timer_cancel(cpu->timer);
}
