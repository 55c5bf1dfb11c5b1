/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw-test.h"
#include "hw/timer/mc146818.h"

#define SECOND INT64_C(1000000000)

static uint8_t get(Bench *b, uint8_t reg)
{
    outb(b, 0x70, reg);
    return inb(b, 0x71);
}

static void set(Bench *b, uint8_t reg, uint8_t v)
{
    outb(b, 0x70, reg);
    outb(b, 0x71, v);
}

static Bench *start(Mc146818 **rtc)
{
    Bench *b = bench_new(false);
    *rtc = bench_device(b, "mc146818rtc");
    return b;
}

/* Sets the date the way drivers do: SET, registers, go. */
static void set_time(Bench *b, const char *digits)
{
    static const uint8_t regs[] = { 9, 8, 7, 4, 2, 0 };
    uint8_t mode = get(b, 11);
    set(b, 11, mode | 0x80);
    for (unsigned i = 0; i < 6; i++) {
        set(b, regs[i], (uint8_t)((digits[2 * i] - '0') << 4 | (digits[2 * i + 1] - '0')));
    }
    set(b, 11, mode);
}

static void check_time(Bench *b, const char *digits)
{
    static const uint8_t regs[] = { 9, 8, 7, 4, 2, 0 };
    char now[13] = "";
    for (unsigned i = 0; i < 6; i++) {
        g_snprintf(now + 2 * i, 3, "%02x", get(b, regs[i]));
    }
    g_assert_cmpstr(now, ==, digits);
}

static void count_change(void *opaque, const MachineEvent *event)
{
    MachineEvent *last = opaque;
    if (event->kind == MACHINE_RTC_CHANGED) {
        *last = *event;
    }
}

/* Whoever listens hears how far the guest has moved the clock. */
static void test_change(void)
{
    Mc146818 *rtc;
    Bench *b = start(&rtc);
    MachineEvent last = { .kind = MACHINE_STOPPED };
    GDateTime *there = g_date_time_new_utc(2030, 1, 2, 3, 4, 5);
    machine_add_event_listener(b->m, count_change, &last);
    set_time(b, "300102030405");
    gint64 wanted = g_date_time_to_unix(there) - g_get_real_time() / G_USEC_PER_SEC;
    g_assert_cmpint(last.kind, ==, MACHINE_RTC_CHANGED);
    g_assert_cmpint(ABS(last.seconds - wanted), <=, 2);
    machine_remove_event_listener(b->m, &last);
    last.kind = MACHINE_STOPPED;
    set_time(b, "260102030405");
    g_assert_cmpint(last.kind, ==, MACHINE_STOPPED);
    g_date_time_unref(there);
    bench_free(b);
}

/* The machine's clock begins with the host's UTC. */
static void test_host_time(void)
{
    Mc146818 *rtc;
    Bench *b = start(&rtc);
    GDateTime *now = g_date_time_new_now_utc();
    unsigned year = get(b, 9);
    g_assert_cmpuint((year >> 4) * 10 + (year & 15), ==, (unsigned)g_date_time_get_year(now) % 100);
    g_assert_cmphex(get(b, 13), ==, 0x80);
    g_date_time_unref(now);
    bench_free(b);
}

static void test_calendar(void)
{
    static const struct {
        const char *from;
        int64_t seconds;
        const char *to;
        uint8_t weekday;
    } cases[] = {
        { "240228235959", 1, "240229000000", 5 },
        { "240229235959", 1, "240301000000", 6 },
        { "230228235959", 1, "230301000000", 4 },
        { "991231235959", 1, "000101000000", 7 },
        { "000228120000", 86400, "000229120000", 3 },
        { "261122150000", 3600 * 24 * 40, "270101150000", 6 },
    };
    Mc146818 *rtc;
    Bench *b = start(&rtc);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        set_time(b, cases[i].from);
        check_time(b, cases[i].from);
        bench_step(b->m, cases[i].seconds * SECOND);
        check_time(b, cases[i].to);
        g_assert_cmpuint(get(b, 6), ==, cases[i].weekday);
    }
    bench_free(b);
}

static void test_formats(void)
{
    Mc146818 *rtc;
    Bench *b = start(&rtc);
    set_time(b, "260101130500");
    set(b, 11, 0x06);                       /* binary, 24 hours */
    g_assert_cmpuint(get(b, 4), ==, 13);
    g_assert_cmpuint(get(b, 9), ==, 26);
    set(b, 11, 0x00);                       /* BCD, 12 hours */
    g_assert_cmphex(get(b, 4), ==, 0x81);
    set(b, 4, 0x12);                        /* 12 a.m. */
    set(b, 11, 0x02);
    g_assert_cmphex(get(b, 4), ==, 0x00);
    g_assert_cmphex(get(b, 2), ==, 0x05);
    bench_free(b);
}

static void test_update_in_progress(void)
{
    Mc146818 *rtc;
    Bench *b = start(&rtc);
    set(b, 10, 0x76);                       /* divider reset: stands */
    set_time(b, "260101000000");
    bench_step(b->m, 10 * SECOND);
    check_time(b, "260101000000");
    set(b, 10, 0x26);                       /* the first update after half a second */
    bench_step(b->m, SECOND / 2 - 300000);
    check_time(b, "260101000000");
    g_assert_cmphex(get(b, 10), ==, 0x26);
    bench_step(b->m, 100000);
    g_assert_cmphex(get(b, 10), ==, 0xa6);
    bench_step(b->m, 200000);
    g_assert_cmphex(get(b, 10), ==, 0x26);
    check_time(b, "260101000001");
    bench_free(b);
}

static void test_interrupts(void)
{
    Mc146818 *rtc;
    Bench *b = start(&rtc);
    unsigned n = 0;
    get(b, 12);
    set(b, 11, 0x42);                       /* periodic, 1024 Hz */
    for (unsigned i = 0; i < 20000; i++) {
        bench_step(b->m, 50000);
        if (rtc->irq.level) {
            g_assert_cmphex(get(b, 12) & 0xc0, ==, 0xc0);
            g_assert_false(rtc->irq.level);
            n++;
        }
    }
    g_assert_cmpuint(n, >=, 1023);
    g_assert_cmpuint(n, <=, 1025);
    set(b, 11, 0x12);                       /* update ended */
    get(b, 12);
    bench_step(b->m, SECOND);
    g_assert_true(rtc->irq.level);
    g_assert_cmphex(get(b, 12) & 0x90, ==, 0x90);
    check_round_trip(&rtc->dev);
    bench_free(b);
}

static void test_alarm(void)
{
    Mc146818 *rtc;
    Bench *b = start(&rtc);
    set_time(b, "260101115950");
    set(b, 1, 0x05);
    set(b, 3, 0x00);
    set(b, 5, 0x12);
    set(b, 11, 0x22);
    get(b, 12);
    bench_step(b->m, 14 * SECOND);
    g_assert_false(rtc->irq.level);
    bench_step(b->m, SECOND);
    g_assert_true(rtc->irq.level);
    g_assert_cmphex(get(b, 12) & 0xa0, ==, 0xa0);
    set(b, 3, 0xff);                        /* any minute */
    set(b, 5, 0xc0);                        /* any hour */
    bench_step(b->m, 60 * SECOND);
    g_assert_true(rtc->irq.level);
    get(b, 12);
    /* Without the interrupt the flag is there when somebody looks. */
    set(b, 11, 0x02);
    bench_step(b->m, 60 * SECOND);
    g_assert_false(rtc->irq.level);
    g_assert_cmphex(get(b, 12) & 0xa0, ==, 0x20);
    bench_free(b);
}

static void test_ram(void)
{
    Mc146818 *rtc;
    Bench *b = start(&rtc);
    for (unsigned i = 14; i < 128; i++) {
        set(b, (uint8_t)i, (uint8_t)(i ^ 0x5a));
    }
    machine_reset(b->m);
    bench_set_windows(b);
    for (unsigned i = 14; i < 128; i++) {
        g_assert_cmphex(get(b, (uint8_t)i), ==, i ^ 0x5a);
    }
    bench_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mc146818/host-time", test_host_time);
    g_test_add_func("/mc146818/change", test_change);
    g_test_add_func("/mc146818/calendar", test_calendar);
    g_test_add_func("/mc146818/formats", test_formats);
    g_test_add_func("/mc146818/update-in-progress", test_update_in_progress);
    g_test_add_func("/mc146818/interrupts", test_interrupts);
    g_test_add_func("/mc146818/alarm", test_alarm);
    g_test_add_func("/mc146818/ram", test_ram);
    return g_test_run();
}
