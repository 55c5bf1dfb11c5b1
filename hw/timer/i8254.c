/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 8254 programmable interval timer, as in the 82371AB: three counters at
 * 1.193182 MHz. Follows the 8254 data sheet (order 231164).
 *
 * The counters are functions of the virtual clock; a timer only runs for the rising edges
 * of OUT 0. Not modelled: the single low clock of OUT 0 in modes 2, 4 and 5 as a wire (its
 * line is pulsed at the rising edge), and edges that come faster than 50,000 a second
 * (they merge).
 */
#include "hw/timer/i8254.h"
#include "util/log.h"

#define NS UINT64_C(1000000000)
#define MIN_EDGE_NS 20000

static uint64_t now_ticks(const I8254 *pit)
{
    uint64_t ns = (uint64_t)clock_now(pit->dev.machine->clock, CLOCK_VIRTUAL);
    return ns / NS * I8254_HZ + ns % NS * I8254_HZ / NS;
}

/* The first nanosecond of a tick. */
static int64_t tick_time(uint64_t tick)
{
    return (int64_t)(tick / I8254_HZ * NS + (tick % I8254_HZ * NS + I8254_HZ - 1) / I8254_HZ);
}

/* ---- counting ---- */

static uint32_t modulus(const I8254Counter *c)
{
    return c->bcd ? 10000 : 65536;
}

static uint32_t from_digits(const I8254Counter *c, uint16_t v)
{
    if (!c->bcd) {
        return v;
    }
    return (v >> 12) * 1000u + ((v >> 8) & 15) * 100u + ((v >> 4) & 15) * 10u + (v & 15);
}

static uint16_t to_digits(const I8254Counter *c, uint32_t v)
{
    if (!c->bcd) {
        return (uint16_t)v;
    }
    return (uint16_t)(v / 1000 % 10 << 12 | v / 100 % 10 << 8 | v / 10 % 10 << 4 | v % 10);
}

/* The effective count: 0 stands for the modulus, and the illegal 1 of modes 2 and 3 for 2. */
static uint32_t count_of(const I8254Counter *c, uint16_t written)
{
    uint32_t n = from_digits(c, written);
    n = n ? n : modulus(c);
    return n == 1 && (c->mode == 2 || c->mode == 3) ? 2 : n;
}

/* Clocks since the count was loaded into the counting element. */
static uint64_t elapsed(const I8254Counter *c, uint64_t now)
{
    if (c->stopped) {
        return c->held;
    }
    return now > c->start ? now - c->start : 0;
}

static bool counting(const I8254Counter *c)
{
    return c->loaded && (c->started || (c->mode != 1 && c->mode != 5));
}

/* A count written in modes 2 and 3 takes over at the end of the period that runs now. */
static void queue_count(I8254Counter *c, uint16_t value, uint64_t now)
{
    uint64_t periods = c->stopped ? 0 : elapsed(c, now) / count_of(c, c->initial);
    c->start += periods * count_of(c, c->initial);
    c->edges -= (int64_t)periods;
    c->next = value;
    c->next_valid = true;
}

static void settle(I8254Counter *c, uint64_t now)
{
    uint64_t e = elapsed(c, now);
    uint32_t n = count_of(c, c->initial);
    if (!c->next_valid || !counting(c) || c->stopped || e < n) {
        return;
    }
    c->start += n;
    c->edges--;
    c->initial = c->next;
    c->next_valid = false;
}

static uint16_t current_count(I8254Counter *c, uint64_t now)
{
    settle(c, now);
    uint32_t n = count_of(c, c->initial), mod = modulus(c), value;
    uint64_t e = counting(c) ? elapsed(c, now) : 0;
    if (c->mode == 2) {
        value = n - (uint32_t)(e % n);
    } else if (c->mode == 3) {
        uint32_t pos = (uint32_t)(e % n), high = (n + 1) / 2;
        value = (n & ~1u) - 2 * (pos < high ? pos : pos - high);
    } else {
        value = (uint32_t)((n + mod - e % mod) % mod);
    }
    return to_digits(c, value % mod);
}

static bool out_level(I8254Counter *c, uint64_t now)
{
    settle(c, now);
    if (!counting(c)) {
        return c->mode != 0;
    }
    uint32_t n = count_of(c, c->initial);
    uint64_t e = elapsed(c, now);
    switch (c->mode) {
    case 0:
    case 1:
        return e >= n;
    case 2:
        return c->stopped || e % n != n - 1;
    case 3:
        return c->stopped || e % n < (n + 1) / 2;
    default:
        return e != n;
    }
}

/* How often OUT has risen since the count was loaded, and in *next the clock of the next
 * rise (UINT64_MAX: none). */
static int64_t rises(I8254Counter *c, uint64_t now, uint64_t *next)
{
    *next = UINT64_MAX;
    if (!counting(c)) {
        return 0;
    }
    uint32_t n = count_of(c, c->initial);
    uint64_t e = elapsed(c, now), count, at;
    if (c->mode == 2 || c->mode == 3) {
        count = e / n;
        at = (count + 1) * n;
    } else {
        at = c->mode >= 4 ? (uint64_t)n + 1 : n;
        count = e >= at;
    }
    if (!c->stopped && at > e) {
        *next = c->start + at;
    }
    return (int64_t)count;
}

/* ---- OUT 0 ---- */

static void rearm(I8254 *pit, uint64_t now)
{
    uint64_t next;
    pit->counter[0].edges = rises(&pit->counter[0], now, &next);
    if (next == UINT64_MAX) {
        timer_cancel(pit->timer);
        return;
    }
    int64_t soonest = clock_now(pit->dev.machine->clock, CLOCK_VIRTUAL) + MIN_EDGE_NS;
    timer_arm(pit->timer, MAX(tick_time(next), soonest));
}

static void timer_fired(void *opaque)
{
    I8254 *pit = opaque;
    I8254Counter *c = &pit->counter[0];
    uint64_t now = now_ticks(pit), next;
    bool rose = rises(c, now, &next) > c->edges;
    settle(c, now);
    if (rose) {
        irq_lower(&pit->out0);
        irq_raise(&pit->out0);
    }
    rearm(pit, now);
}

/* After the guest changed counter n. */
static void changed(I8254 *pit, unsigned n, uint64_t now)
{
    if (n == 0) {
        irq_set(&pit->out0, out_level(&pit->counter[0], now));
        rearm(pit, now);
    }
}

/* ---- ports ---- */

static void restart(I8254Counter *c, uint64_t now)
{
    c->start = now + 1;
    c->held = 0;
    if (c->next_valid) {
        c->initial = c->next;
        c->next_valid = false;
    }
}

static void load_count(I8254Counter *c, uint16_t value, uint64_t now)
{
    settle(c, now);
    if ((c->mode == 2 || c->mode == 3 || c->started) && c->loaded) {
        queue_count(c, value, now);
        return;
    }
    c->initial = value;
    c->next_valid = false;
    c->loaded = true;
    c->stopped = !c->gate && c->mode != 1 && c->mode != 5;
    restart(c, now);
}

static void counter_write(I8254 *pit, unsigned n, uint8_t value)
{
    I8254Counter *c = &pit->counter[n];
    uint64_t now = now_ticks(pit);
    if (c->access == 3 && !c->write_msb) {
        c->write_low = value;
        c->write_msb = true;
        if (c->mode == 0 && c->loaded) {
            /* The first byte stops a mode 0 count and lowers OUT. */
            c->loaded = false;
            changed(pit, n, now);
        }
        return;
    }
    uint16_t count = c->access == 1 ? value : (uint16_t)(value << 8);
    if (c->access == 3) {
        count |= c->write_low;
        c->write_msb = false;
    }
    load_count(c, count, now);
    changed(pit, n, now);
}

static void latch_count(I8254Counter *c, uint64_t now)
{
    if (!c->latched) {
        c->latch = current_count(c, now);
        c->latched = c->access;
    }
}

static void latch_status(I8254Counter *c, uint64_t now)
{
    if (!c->status_latched) {
        bool null_count = !c->loaded || c->next_valid || now < c->start;
        c->status = (uint8_t)((out_level(c, now) ? 0x80 : 0) | (null_count ? 0x40 : 0) | c->access << 4 |
                              c->mode << 1 | c->bcd);
        c->status_latched = true;
    }
}

static void control_write(I8254 *pit, uint8_t value)
{
    uint64_t now = now_ticks(pit);
    unsigned select = value >> 6, access = (value >> 4) & 3;
    if (select == 3) {
        for (unsigned n = 0; n < 3; n++) {
            if (value & (2u << n)) {
                if (!(value & 0x20)) {
                    latch_count(&pit->counter[n], now);
                }
                if (!(value & 0x10)) {
                    latch_status(&pit->counter[n], now);
                }
            }
        }
        return;
    }
    I8254Counter *c = &pit->counter[select];
    if (access == 0) {
        latch_count(c, now);
        return;
    }
    unsigned mode = (value >> 1) & 7;
    *c = (I8254Counter){
        .mode = (uint8_t)(mode > 5 ? mode & 3 : mode), .access = (uint8_t)access, .bcd = value & 1,
        .gate = c->gate, .initial = c->initial,
    };
    changed(pit, select, now);
}

static uint8_t counter_read(I8254 *pit, unsigned n)
{
    I8254Counter *c = &pit->counter[n];
    if (c->status_latched) {
        c->status_latched = false;
        return c->status;
    }
    if (c->latched) {
        bool low = c->latched & 1;
        c->latched = low ? c->latched & 2 : 0;
        return low ? c->latch & 0xff : c->latch >> 8;
    }
    uint16_t value = current_count(c, now_ticks(pit));
    bool high = c->access == 2 || (c->access == 3 && c->read_msb);
    c->read_msb = c->access == 3 && !c->read_msb;
    return high ? value >> 8 : value & 0xff;
}

static uint64_t pit_read(void *opaque, PhysAddr addr, unsigned size)
{
    if (addr == 3) {
        guest_log("i8254: read of the write-only control port");
        return 0xff;
    }
    return counter_read(opaque, (unsigned)addr);
}

static void pit_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    if (addr == 3) {
        control_write(opaque, (uint8_t)value);
    } else {
        counter_write(opaque, (unsigned)addr, (uint8_t)value);
    }
}

void i8254_set_gate(I8254 *pit, unsigned counter, bool level)
{
    I8254Counter *c = &pit->counter[counter];
    uint64_t now = now_ticks(pit);
    bool rising = level && !c->gate;
    settle(c, now);
    if (c->gate == level) {
        return;
    }
    c->gate = level;
    if (c->mode == 1 || c->mode == 5) {
        if (rising && c->loaded) {
            c->started = true;
            restart(c, now);
        }
    } else if (!rising) {
        c->held = elapsed(c, now);
        c->stopped = true;
    } else {
        c->stopped = false;
        if (c->mode == 2 || c->mode == 3) {
            restart(c, now);
        } else {
            c->start = now - c->held;
        }
    }
    changed(pit, counter, now);
}

bool i8254_out(I8254 *pit, unsigned counter)
{
    return out_level(&pit->counter[counter], now_ticks(pit));
}

/* ---- the device ---- */

static const MemOps pit_ops = { .read = pit_read, .write = pit_write, .max_size = 1 };

static bool i8254_realize(Device *dev, GError **err)
{
    I8254 *pit = (I8254 *)dev;
    pit->timer = timer_new(dev->machine->clock, CLOCK_VIRTUAL, timer_fired, pit);
    pit->io = mem_io_new("pit", 4, &pit_ops, pit);
    return true;
}

static void i8254_reset(Device *dev)
{
    I8254 *pit = (I8254 *)dev;
    for (unsigned n = 0; n < 3; n++) {
        /* The gates of counters 0 and 1 are tied high; port 0x61 drives the third. */
        pit->counter[n] = (I8254Counter){ .mode = 3, .access = 3, .gate = n < 2 };
    }
    timer_cancel(pit->timer);
    irq_lower(&pit->out0);
}

static bool i8254_post_load(Device *dev, GError **err)
{
    I8254 *pit = (I8254 *)dev;
    for (unsigned n = 0; n < 3; n++) {
        pit->counter[n].mode %= 6;
    }
    changed(pit, 0, now_ticks(pit));
    return true;
}

static void i8254_finalize(Device *dev)
{
    I8254 *pit = (I8254 *)dev;
    if (pit->timer) {
        timer_free(pit->timer);
    }
    mem_free(pit->io);
}

static const VmField counter_state[] = {
    VM_U8(I8254Counter, mode), VM_U8(I8254Counter, access), VM_BOOL(I8254Counter, bcd),
    VM_BOOL(I8254Counter, gate), VM_BOOL(I8254Counter, loaded), VM_BOOL(I8254Counter, started),
    VM_BOOL(I8254Counter, stopped), VM_U16(I8254Counter, initial), VM_BOOL(I8254Counter, next_valid),
    VM_U16(I8254Counter, next), VM_U64(I8254Counter, start), VM_U64(I8254Counter, held),
    VM_BOOL(I8254Counter, write_msb), VM_BOOL(I8254Counter, read_msb), VM_U8(I8254Counter, write_low),
    VM_U8(I8254Counter, latched), VM_U16(I8254Counter, latch), VM_BOOL(I8254Counter, status_latched),
    VM_U8(I8254Counter, status), VM_I64(I8254Counter, edges),
    { 0 }
};

static const VmField i8254_state[] = { VM_STRUCTS(I8254, counter, counter_state), { 0 } };

static const IrqPins i8254_outputs[] = { { NULL, 1, offsetof(I8254, out0) }, { 0 } };

const DeviceType i8254_type = {
    "isa-pit", sizeof(I8254), .parent = "isa-device", .description = "8254 interval timer",
    .state = i8254_state, .realize = i8254_realize, .reset = i8254_reset, .finalize = i8254_finalize,
    .post_load = i8254_post_load,
    .outputs = i8254_outputs,
};
