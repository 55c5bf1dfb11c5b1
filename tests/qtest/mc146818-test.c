/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real-time clock on the virtual clock: MC146818A data sheet. */
#include "client.h"

#define RTC_ARGS "-rtc clock=vm,base=2024-02-28T23:59:58"
#define SECOND INT64_C(1000000000)

static uint8_t get(QTest *q, uint8_t reg)
{
    qt_out(q, 0x70, reg);
    return qt_in(q, 0x71);
}

static void set(QTest *q, uint8_t reg, uint8_t value)
{
    qt_out(q, 0x70, reg);
    qt_out(q, 0x71, value);
}

/* Into a leap day. The host may be a second past the date when the machine is made. */
static void test_calendar(QTest *q)
{
    qt_step(q, 4 * SECOND);
    g_assert_cmphex(get(q, 9), ==, 0x24);
    g_assert_cmphex(get(q, 8), ==, 0x02);
    g_assert_cmphex(get(q, 7), ==, 0x29);
    g_assert_cmphex(get(q, 4), ==, 0x00);
    g_assert_cmphex(get(q, 6), ==, 0x05);
    uint8_t second = get(q, 0);
    qt_step(q, 10 * SECOND);
    g_assert_cmphex(get(q, 0), ==, second + 0x10);
}

/* Rate 6 is 1024 a second. Register C clears the line when it is read. */
static void test_periodic(QTest *q)
{
    qt_listen_out(q, "mc146818rtc", 0, NULL);
    set(q, 0x0b, 0x42);
    qt_step(q, SECOND / 1024);
    g_assert_true(qt_level(q, 0));
    g_assert_cmphex(get(q, 0x0c) & 0xc0, ==, 0xc0);
    g_assert_false(qt_level(q, 0));
    g_assert_cmphex(get(q, 0x0c) & 0xc0, ==, 0);
    qt_reset(q);
    g_assert_cmphex(get(q, 0x0b), ==, 0x02);
}

static void test_alarm(QTest *q)
{
    qt_listen_out(q, "mc146818rtc", 0, NULL);
    set(q, 1, 0x30);
    set(q, 3, 0xff);
    set(q, 5, 0xff);
    set(q, 0x0b, 0x22);
    qt_step(q, 20 * SECOND);
    g_assert_false(qt_level(q, 0));
    qt_step(q, 15 * SECOND);
    g_assert_true(qt_level(q, 0));
    g_assert_cmphex(get(q, 0x0c) & 0xa0, ==, 0xa0);
}

static void test_ram(QTest *q)
{
    set(q, 0x0e, 0x12);
    set(q, 0x7f, 0x34);
    qt_reset(q);
    g_assert_cmphex(get(q, 0x0e), ==, 0x12);
    g_assert_cmphex(get(q, 0x7f), ==, 0x34);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/mc146818/calendar", RTC_ARGS, test_calendar);
    qt_add("/mc146818/periodic", RTC_ARGS, test_periodic);
    qt_add("/mc146818/alarm", RTC_ARGS, test_alarm);
    qt_add("/mc146818/ram", NULL, test_ram);
    return g_test_run();
}
