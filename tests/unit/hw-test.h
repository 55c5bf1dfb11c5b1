/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A board on a bench: a Malta whose clock moves when the test says so, whose serial lines
 * end in strings, and whose CPU only records its interrupt inputs. To be included by one
 * .c file of a test program: it defines the clock and the character devices.
 */
#ifndef TESTS_UNIT_HW_TEST_H
#define TESTS_UNIT_HW_TEST_H

#include <glib.h>
#include <string.h>
#include "chardev/chardev_set.h"
#include "hw/core/device.h"
#include "hw/mips/malta.h"
#include "system/clock.h"
#include "system/machine.h"
#include "util/bits.h"

/* ---- the clock ---- */

struct Clock {
    int64_t now[2];
    GPtrArray *timers;
};

struct Timer {
    Clock *clock;
    ClockType type;
    TimerFunc func;
    void *opaque;
    int64_t deadline;
};

Clock *clock_new(GMainContext *context, GRecMutex *lock)
{
    Clock *clock = g_new0(Clock, 1);
    clock->timers = g_ptr_array_new();
    return clock;
}

void clock_free(Clock *clock)
{
    g_assert_cmpuint(clock->timers->len, ==, 0);    /* every chip freed its timers */
    g_ptr_array_free(clock->timers, TRUE);
    g_free(clock);
}

int64_t clock_now(Clock *clock, ClockType type)
{
    return clock->now[type];
}

void clock_set_running(Clock *clock, bool running)
{
}

Timer *timer_new(Clock *clock, ClockType type, TimerFunc func, void *opaque)
{
    Timer *t = g_new0(Timer, 1);
    *t = (Timer){ clock, type, func, opaque, INT64_MAX };
    g_ptr_array_add(clock->timers, t);
    return t;
}

void timer_free(Timer *timer)
{
    g_ptr_array_remove(timer->clock->timers, timer);
    g_free(timer);
}

void timer_arm(Timer *timer, int64_t deadline)
{
    timer->deadline = deadline;
}

void timer_cancel(Timer *timer)
{
    timer->deadline = INT64_MAX;
}

bool timer_armed(const Timer *timer)
{
    return timer->deadline != INT64_MAX;
}

int64_t timer_deadline(const Timer *timer)
{
    return timer->deadline;
}

int64_t clock_next_deadline(Clock *clock)
{
    int64_t next = INT64_MAX;
    for (unsigned i = 0; i < clock->timers->len; i++) {
        Timer *t = g_ptr_array_index(clock->timers, i);
        next = t->type == CLOCK_VIRTUAL ? MIN(next, t->deadline) : next;
    }
    return next;
}

static Timer *first_due(Clock *clock, int64_t ns)
{
    Timer *due = NULL;
    for (unsigned i = 0; i < clock->timers->len; i++) {
        Timer *t = g_ptr_array_index(clock->timers, i);
        if (t->deadline <= clock->now[t->type] + ns && (!due || t->deadline < due->deadline)) {
            due = t;
        }
    }
    return due;
}

/* Lets both clocks run for ns nanoseconds. */
static inline void bench_step(Machine *m, int64_t ns)
{
    Clock *clock = m->clock;
    Timer *t;
    while ((t = first_due(clock, ns))) {
        int64_t step = MAX(t->deadline - clock->now[t->type], 0);
        clock->now[0] += step;
        clock->now[1] += step;
        ns -= step;
        t->deadline = INT64_MAX;
        t->func(t->opaque);
    }
    clock->now[0] += ns;
    clock->now[1] += ns;
}

/* ---- character devices ---- */

struct Chardev {
    const ChardevFrontend *frontend;
    void *opaque;
    GString *out;
    bool stuck;             /* the host takes nothing */
    unsigned breaks, accepts;
};

void chardev_attach(Chardev *chr, const ChardevFrontend *frontend, void *opaque)
{
    chr->frontend = frontend;
    chr->opaque = opaque;
}

void chardev_write(Chardev *chr, const void *data, size_t len)
{
    g_string_append_len(chr->out, data, (gssize)len);
}

bool chardev_output_pending(const Chardev *chr)
{
    return chr->stuck;
}

size_t chardev_output_room(const Chardev *chr)
{
    return SIZE_MAX;
}

void chardev_accept_input(Chardev *chr)
{
    chr->accepts++;
}

void chardev_send_break(Chardev *chr)
{
    chr->breaks++;
}

const char *chardev_id(const Chardev *chr)
{
    return "bench";
}

/* There is no set of them: a device is given its own. */
Chardev *chardev_set_claim(ChardevSet *set, const char *option, const char *id, const char *user,
                           GError **err)
{
    return NULL;
}

void chardev_release(Chardev *chr)
{
}

/* ---- the board ---- */

typedef struct {
    Cpu cpu;
    bool input[6];
    unsigned rises[6];
} BenchCpu;

typedef struct {
    Machine *m;
    BenchCpu *cpu;
    Chardev serial[MALTA_SERIALS], display;
} Bench;

static inline void bench_cpu_reset(Cpu *cpu)
{
}

static inline void bench_cpu_irq(Cpu *cpu, unsigned line, bool level)
{
    BenchCpu *c = (BenchCpu *)cpu;
    c->rises[line] += level && !c->input[line];
    c->input[line] = level;
}

static inline void bench_cpu_free(Cpu *cpu)
{
    g_free(cpu);
}

static inline uint64_t phys_read(Bench *b, PhysAddr addr, unsigned size)
{
    uint64_t v;
    g_assert_cmpint(as_read(b->m->as, addr, size, b->m->big_endian, &v), ==, MEM_OK);
    return v;
}

static inline void phys_write(Bench *b, PhysAddr addr, uint64_t v, unsigned size)
{
    g_assert_cmpint(as_write(b->m->as, addr, size, b->m->big_endian, v), ==, MEM_OK);
}

/* GT-64120 registers as the PCI side numbers their bytes, whatever the CPU is. */
static inline uint32_t gt_read(Bench *b, PhysAddr base, unsigned reg)
{
    uint32_t v = (uint32_t)phys_read(b, base + reg, 4);
    return b->m->big_endian ? GUINT32_SWAP_LE_BE(v) : v;
}

static inline void gt_write(Bench *b, PhysAddr base, unsigned reg, uint32_t v)
{
    phys_write(b, base + reg, b->m->big_endian ? GUINT32_SWAP_LE_BE(v) : v, 4);
}

#define GT_RESET_BASE 0x14000000
#define GT_BASE       0x1be00000
#define PCI_IO_BASE   0x18000000

/* The map that Malta's firmware makes. */
static inline void bench_set_windows(Bench *b)
{
    gt_write(b, GT_RESET_BASE, 0x068, GT_BASE >> 21);
    gt_write(b, GT_BASE, 0x048, PCI_IO_BASE >> 21);
    gt_write(b, GT_BASE, 0x050, 0x40);
    gt_write(b, GT_BASE, 0x0f0, 0);
    gt_write(b, GT_BASE, 0x058, 0x10000000 >> 21);
    gt_write(b, GT_BASE, 0x060, 0x3f);
    gt_write(b, GT_BASE, 0x080, 0x18200000 >> 21);
    gt_write(b, GT_BASE, 0x088, 0x5e);
}

/* A board with 16 MiB of RAM (or ram_size), its windows set. */
static inline Bench *bench_new_ram(bool big_endian, uint64_t ram_size)
{
    static const CpuOps ops = { .reset = bench_cpu_reset, .set_irq = bench_cpu_irq, .free = bench_cpu_free };
    Bench *b = g_new0(Bench, 1);
    MaltaConfig config = { .display = &b->display };
    GError *err = NULL;
    b->m = machine_new(NULL);
    machine_lock(b->m);
    b->m->ram_size = ram_size;
    b->m->big_endian = big_endian;
    b->cpu = g_new0(BenchCpu, 1);
    b->cpu->cpu.ops = &ops;
    b->cpu->cpu.machine = b->m;
    g_ptr_array_add(b->m->cpus, b->cpu);
    b->display.out = g_string_new(NULL);
    for (unsigned i = 0; i < MALTA_SERIALS; i++) {
        b->serial[i].out = g_string_new(NULL);
        config.serial[i] = &b->serial[i];
    }
    bool built = malta_build(b->m, &config, &err);
    g_assert_no_error(err);
    g_assert_true(built);
    bench_set_windows(b);
    return b;
}

static inline Bench *bench_new(bool big_endian)
{
    return bench_new_ram(big_endian, 16 << 20);
}

static inline void bench_free(Bench *b)
{
    machine_unlock(b->m);
    machine_free(b->m);
    g_string_free(b->display.out, TRUE);
    for (unsigned i = 0; i < MALTA_SERIALS; i++) {
        g_string_free(b->serial[i].out, TRUE);
    }
    g_free(b);
}

static inline uint8_t inb(Bench *b, unsigned port)
{
    return (uint8_t)phys_read(b, PCI_IO_BASE + port, 1);
}

static inline void outb(Bench *b, unsigned port, uint8_t v)
{
    phys_write(b, PCI_IO_BASE + port, v, 1);
}

/* The first device of the type. */
static inline void *bench_device(Bench *b, const char *type)
{
    for (unsigned i = 0; i < b->m->devices->len; i++) {
        Device *dev = g_ptr_array_index(b->m->devices, i);
        if (strcmp(dev->type->name, type) == 0) {
            return dev;
        }
    }
    g_assert_not_reached();
}

/* Saves the device, changes nothing, loads it again and saves: the two must be equal. */
static inline void check_round_trip(Device *dev)
{
    GByteArray *a = g_byte_array_new(), *c = g_byte_array_new();
    GError *err = NULL;
    size_t used;
    state_save(dev, a);
    bool good = state_load(dev, a->data, a->len, &used, &err);
    g_assert_no_error(err);
    g_assert_true(good);
    g_assert_cmpuint(used, ==, a->len);
    state_save(dev, c);
    g_assert_cmpmem(a->data, a->len, c->data, c->len);
    g_byte_array_free(a, TRUE);
    g_byte_array_free(c, TRUE);
}

#endif
