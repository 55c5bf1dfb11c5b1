/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Motorola MC146818A real-time clock, as the 82371AB contains it (its data sheet, section
 * 4.2.4): time of day, alarm, periodic and update interrupts, 114 bytes of RAM.
 *
 * Time of day is the virtual clock plus an offset, which starts at the host's UTC plus
 * -rtc base. Flags in register C are worked out when somebody looks; a timer runs only
 * for enabled interrupts. Not modelled: square wave, daylight saving (DSE is kept only),
 * the extended bank at 0x72.
 */
#include <string.h>
#include "hw/timer/mc146818.h"

enum { REG_SEC, REG_SEC_ALARM, REG_MIN, REG_MIN_ALARM, REG_HOUR, REG_HOUR_ALARM, REG_WDAY, REG_DAY, REG_MONTH,
       REG_YEAR, REG_A, REG_B, REG_C, REG_D, CMOS_CENTURY = 0x32 };

enum { A_UIP = 0x80 };
enum { B_SET = 0x80, B_PIE = 0x40, B_AIE = 0x20, B_UIE = 0x10, B_BINARY = 4, B_24H = 2 };
enum { C_IRQF = 0x80, C_PF = 0x40, C_AF = 0x20, C_UF = 0x10 };
enum { D_VRT = 0x80 };

#define SECOND INT64_C(1000000000)
#define UIP_NS 244000           /* UIP rises this long before the update */

static int64_t now(const Mc146818 *r)
{
    return clock_now(r->dev.machine->clock, r->dev.machine->rtc_clock);
}

/* ---- the calendar ---- */

static uint8_t encode(const Mc146818 *r, int v)
{
    return (uint8_t)(r->cmos[REG_B] & B_BINARY ? v : v / 10 << 4 | v % 10);
}

static int decode(const Mc146818 *r, uint8_t v)
{
    return r->cmos[REG_B] & B_BINARY ? v : (v >> 4) * 10 + (v & 15);
}

static uint8_t encode_hour(const Mc146818 *r, int hour)
{
    if (r->cmos[REG_B] & B_24H) {
        return encode(r, hour);
    }
    return encode(r, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? 0x80 : 0);
}

static int decode_hour(const Mc146818 *r, uint8_t v)
{
    if (r->cmos[REG_B] & B_24H) {
        return decode(r, v);
    }
    return decode(r, v & 0x7f) % 12 + (v & 0x80 ? 12 : 0);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t days_from_date(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = y / 400, yoe = y % 400;
    int doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return (int64_t)era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void date_from_days(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int doe = (int)(z - era * 146097);
    int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = (int)(yoe + era * 400) + (*month <= 2);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Seconds since 1970 of the guest's time of day. */
static int64_t seconds_at(const Mc146818 *r, int64_t t)
{
    return floor_div(t + r->offset, SECOND);
}

/* What -rtc says that the clock reads now, where nobody has set it. */
static int64_t host_seconds(const Mc146818 *r)
{
    int64_t seconds = g_get_real_time() / 1000000 + r->dev.machine->rtc_offset;
    if (r->dev.machine->rtc_localtime) {
        GDateTime *local = g_date_time_new_now_local();
        seconds += g_date_time_get_utc_offset(local) / 1000000;
        g_date_time_unref(local);
    }
    return seconds;
}

static void registers_from_time(Mc146818 *r)
{
    int64_t seconds = seconds_at(r, now(r));
    int64_t days = floor_div(seconds, 86400);
    int in_day = (int)(seconds - days * 86400), year, month, day;
    date_from_days(days, &year, &month, &day);
    r->cmos[REG_SEC] = encode(r, in_day % 60);
    r->cmos[REG_MIN] = encode(r, in_day / 60 % 60);
    r->cmos[REG_HOUR] = encode_hour(r, in_day / 3600);
    r->cmos[REG_WDAY] = encode(r, (int)(((days + 4) % 7 + 7) % 7) + 1);
    r->cmos[REG_DAY] = encode(r, day);
    r->cmos[REG_MONTH] = encode(r, month);
    r->cmos[REG_YEAR] = encode(r, year % 100);
}

/* The chip counts years modulo 100; the century is the one of 1970..2069. */
static void time_from_registers(Mc146818 *r)
{
    int year = decode(r, r->cmos[REG_YEAR]);
    year += year < 70 ? 2000 : 1900;
    int month = CLAMP(decode(r, r->cmos[REG_MONTH]), 1, 12);
    int64_t days = days_from_date(year, month, decode(r, r->cmos[REG_DAY]));
    int64_t seconds = days * 86400 + decode_hour(r, r->cmos[REG_HOUR]) * 3600 +
                      decode(r, r->cmos[REG_MIN]) * 60 + decode(r, r->cmos[REG_SEC]);
    r->offset = seconds * SECOND + r->halted_fraction - now(r);
    machine_event(r->dev.machine, MACHINE_RTC_CHANGED, SHUTDOWN_NONE, seconds - host_seconds(r));
}

/* ---- flags and interrupts ---- */

/* The periodic rate in ns; 0: off. Rate selector and divider of register A. */
static int64_t period_ns(const Mc146818 *r)
{
    unsigned rs = r->cmos[REG_A] & 15, divider = (r->cmos[REG_A] >> 4) & 7;
    if (rs == 0 || divider > 2) {
        return 0;
    }
    if (divider == 2 && rs <= 2) {
        rs += 7;
    }
    return (SECOND << (rs - 1)) / 32768;
}

/* The field for an alarm matches; the top two bits make it "any". */
static bool alarm_field(const Mc146818 *r, unsigned reg, int value, bool hour)
{
    uint8_t v = r->cmos[reg];
    if ((v & 0xc0) == 0xc0) {
        return true;
    }
    return (hour ? decode_hour(r, v) : decode(r, v)) == value;
}

static bool alarm_matches(const Mc146818 *r, int64_t seconds)
{
    int in_day = (int)(seconds - floor_div(seconds, 86400) * 86400);
    return alarm_field(r, REG_SEC_ALARM, in_day % 60, false) &&
           alarm_field(r, REG_MIN_ALARM, in_day / 60 % 60, false) &&
           alarm_field(r, REG_HOUR_ALARM, in_day / 3600, true);
}

static void update_irq(Mc146818 *r)
{
    bool level = r->cmos[REG_C] & r->cmos[REG_B] & (C_PF | C_AF | C_UF);
    r->cmos[REG_C] = (uint8_t)((r->cmos[REG_C] & ~C_IRQF) | (level ? C_IRQF : 0));
    if (level != r->irq.level) {
        irq_set(&r->irq, level);
    }
}

/* Sets the flags of what happened since the last look. */
static void collect_flags(Mc146818 *r)
{
    int64_t t = now(r), period = period_ns(r);
    if (period && floor_div(t, period) != floor_div(r->flags_at, period)) {
        r->cmos[REG_C] |= C_PF;
    }
    if (!r->halted) {
        int64_t from = seconds_at(r, r->flags_at), to = seconds_at(r, t);
        if (to != from) {
            r->cmos[REG_C] |= C_UF;
        }
        from = MAX(from, to - 86400);
        for (int64_t s = from + 1; s <= to && !(r->cmos[REG_C] & C_AF); s++) {
            if (alarm_matches(r, s)) {
                r->cmos[REG_C] |= C_AF;
            }
        }
    }
    r->flags_at = t;
    update_irq(r);
}

/* Arms the timer for the next event whose interrupt is enabled and not pending yet. */
static void rearm(Mc146818 *r)
{
    int64_t t = now(r), period = period_ns(r), next = INT64_MAX;
    uint8_t wanted = r->cmos[REG_B] & (uint8_t)~r->cmos[REG_C];
    if ((wanted & B_PIE) && period) {
        next = (floor_div(t, period) + 1) * period;
    }
    if ((wanted & (B_UIE | B_AIE)) && !r->halted) {
        next = MIN(next, (seconds_at(r, t) + 1) * SECOND - r->offset);
    }
    if (next == INT64_MAX) {
        timer_cancel(r->timer);
    } else {
        timer_arm(r->timer, next);
    }
}

static void timer_fired(void *opaque)
{
    collect_flags(opaque);
    rearm(opaque);
}

/* ---- registers ---- */

/* The divider runs with 010 only (and the two other time bases); 11x holds it in reset. */
static void run_or_halt(Mc146818 *r, bool divider_was_reset)
{
    bool divider_reset = (r->cmos[REG_A] & 0x60) == 0x60;
    bool halt = divider_reset || (r->cmos[REG_B] & B_SET);
    if (halt && !r->halted) {
        registers_from_time(r);
        int64_t t = now(r) + r->offset;
        r->halted_fraction = t - floor_div(t, SECOND) * SECOND;
    }
    if (divider_was_reset && !divider_reset) {
        r->halted_fraction = SECOND / 2;        /* the first update comes half a second later */
    }
    if (!halt && r->halted) {
        time_from_registers(r);
        r->flags_at = now(r);
    }
    r->halted = halt;
}

static void write_register(Mc146818 *r, unsigned reg, uint8_t value)
{
    bool divider_reset = (r->cmos[REG_A] & 0x60) == 0x60;
    collect_flags(r);
    switch (reg) {
    case REG_A:
        if (!r->halted) {
            registers_from_time(r);
        }
        r->cmos[REG_A] = value & 0x7f;
        run_or_halt(r, divider_reset);
        break;
    case REG_B:
        if (!r->halted) {
            registers_from_time(r);
        }
        r->cmos[REG_B] = value & B_SET ? value & (uint8_t)~B_UIE : value;
        run_or_halt(r, divider_reset);
        break;
    case REG_C:
    case REG_D:
        break;
    case REG_SEC: case REG_MIN: case REG_HOUR: case REG_WDAY: case REG_DAY: case REG_MONTH: case REG_YEAR:
        if (!r->halted) {
            /* Set while it runs: the other fields keep counting. */
            int64_t t = now(r) + r->offset;
            registers_from_time(r);
            r->halted_fraction = t - floor_div(t, SECOND) * SECOND;
            r->cmos[reg] = value;
            time_from_registers(r);
            r->flags_at = now(r);
            break;
        }
        r->cmos[reg] = value;
        break;
    default:
        r->cmos[reg] = value;
        break;
    }
    update_irq(r);
    rearm(r);
}

/* How far into the second the calendar is, in ns. */
static int64_t fraction(const Mc146818 *r)
{
    int64_t t = now(r) + r->offset;
    return t - floor_div(t, SECOND) * SECOND;
}

/* Software finds the beginning of a second by reading UIP until it changes. When it has done so for
 * some time, whoever runs it is told how long it will have to go on. */
#define POLLS 64

static uint8_t read_a(Mc146818 *r)
{
    int64_t in_second = r->halted ? 0 : fraction(r), change = SECOND - UIP_NS;
    bool uip = in_second >= change;
    uint8_t value = r->cmos[REG_A] | (uip ? A_UIP : 0);
    r->polls = value == r->polled ? r->polls + 1 : 0;
    r->polled = value;
    if (r->polls >= POLLS && !r->halted && !uip) {
        __atomic_store_n(&r->dev.machine->poll_ns, change - in_second, __ATOMIC_RELAXED);
    }
    return value;
}

static uint8_t read_register(Mc146818 *r, unsigned reg)
{
    uint8_t value;
    if (reg == REG_A) {
        return read_a(r);
    }
    r->polls = 0;
    switch (reg) {
    case REG_C:
        collect_flags(r);
        value = r->cmos[REG_C];
        r->cmos[REG_C] = 0;
        update_irq(r);
        rearm(r);
        return value;
    case REG_D:
        return D_VRT;
    case REG_SEC: case REG_MIN: case REG_HOUR: case REG_WDAY: case REG_DAY: case REG_MONTH: case REG_YEAR:
        if (!r->halted) {
            registers_from_time(r);
        }
        return r->cmos[reg];
    default:
        return r->cmos[reg];
    }
}

static uint64_t port_read(void *opaque, PhysAddr addr, unsigned size)
{
    Mc146818 *r = opaque;
    return addr & 1 ? read_register(r, r->index) : 0xff;    /* the index is write-only */
}

static void port_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Mc146818 *r = opaque;
    if (addr & 1) {
        write_register(r, r->index, (uint8_t)value);
    } else {
        r->index = value & 0x7f;        /* bit 7 masks NMI, which nothing here raises */
    }
}

/* ---- the device ---- */

static void set_from_host(Mc146818 *r)
{
    r->offset = host_seconds(r) * SECOND - now(r);
    r->flags_at = now(r);
}

static bool mc146818_realize(Device *dev, GError **err)
{
    static const MemOps ops = { .read = port_read, .write = port_write, .max_size = 1 };
    Mc146818 *r = (Mc146818 *)dev;
    r->timer = timer_new(dev->machine->clock, dev->machine->rtc_clock, timer_fired, r);
    r->io = mem_io_new("rtc", 2, &ops, r);
    /* The battery kept these; a reset does not touch them. */
    r->cmos[REG_A] = 0x26;
    r->cmos[REG_B] = B_24H;
    set_from_host(r);
    registers_from_time(r);
    r->cmos[CMOS_CENTURY] = 0x20;
    return true;
}

static void mc146818_reset(Device *dev)
{
    Mc146818 *r = (Mc146818 *)dev;
    collect_flags(r);
    r->cmos[REG_B] &= (uint8_t)~(B_PIE | B_AIE | B_UIE | 8);
    r->cmos[REG_C] = 0;
    r->index = 0;
    timer_cancel(r->timer);
    irq_lower(&r->irq);
}

static bool mc146818_post_load(Device *dev, GError **err)
{
    Mc146818 *r = (Mc146818 *)dev;
    r->index &= 0x7f;
    irq_lower(&r->irq);
    collect_flags(r);
    rearm(r);
    return true;
}

static void mc146818_finalize(Device *dev)
{
    Mc146818 *r = (Mc146818 *)dev;
    if (r->timer) {
        timer_free(r->timer);
    }
    mem_free(r->io);
}

static const VmField mc146818_state[] = {
    VM_BUFFER(Mc146818, cmos), VM_U8(Mc146818, index), VM_I64(Mc146818, offset),
    VM_I64(Mc146818, halted_fraction), VM_BOOL(Mc146818, halted), VM_I64(Mc146818, flags_at),
    { 0 }
};

static const IrqPins mc146818_outputs[] = { { NULL, 1, offsetof(Mc146818, irq) }, { 0 } };

const DeviceType mc146818_type = {
    "mc146818rtc", sizeof(Mc146818), .parent = "isa-device", .description = "MC146818 real-time clock",
    .state = mc146818_state, .realize = mc146818_realize, .reset = mc146818_reset,
    .finalize = mc146818_finalize, .post_load = mc146818_post_load,
    .outputs = mc146818_outputs,
};
