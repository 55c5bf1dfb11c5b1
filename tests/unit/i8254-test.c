/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values are those of the 8254 data sheet's timing diagrams. */
#include "hw-test.h"
#include "hw/timer/i8254.h"

/* Steps the clock to the first nanosecond at which ticks clocks have passed since it was 0. */
static void to_tick(Bench *b, uint64_t tick)
{
    int64_t ns = (int64_t)((tick * 1000000000 + I8254_HZ - 1) / I8254_HZ);
    bench_step(b->m, ns - clock_now(b->m->clock, CLOCK_VIRTUAL));
}

static unsigned count(Bench *b, unsigned n)
{
    outb(b, 0x43, (uint8_t)(n << 6));
    unsigned low = inb(b, 0x40 + n);
    return low | (unsigned)inb(b, 0x40 + n) << 8;
}

static void load(Bench *b, unsigned n, uint8_t mode, unsigned value)
{
    outb(b, 0x43, (uint8_t)(n << 6 | 0x30 | mode));
    outb(b, 0x40 + n, (uint8_t)value);
    outb(b, 0x40 + n, (uint8_t)(value >> 8));
}

static bool out(Bench *b, unsigned n)
{
    return i8254_out(bench_device(b, "isa-pit"), n);
}

/* The count is loaded one clock after it was written. */
static void test_mode0(void)
{
    Bench *b = bench_new(false);
    load(b, 0, 0x00, 4);
    g_assert_false(out(b, 0));
    to_tick(b, 1);
    g_assert_cmpuint(count(b, 0), ==, 4);
    to_tick(b, 4);
    g_assert_cmpuint(count(b, 0), ==, 1);
    g_assert_false(out(b, 0));
    to_tick(b, 5);
    g_assert_cmpuint(count(b, 0), ==, 0);
    g_assert_true(out(b, 0));
    to_tick(b, 6);
    g_assert_cmpuint(count(b, 0), ==, 0xffff);
    g_assert_true(out(b, 0));
    bench_free(b);
}

static void test_mode2(void)
{
    Bench *b = bench_new(false);
    static const unsigned seen[] = { 3, 2, 1, 3, 2, 1 };
    load(b, 1, 0x04, 3);
    for (unsigned i = 0; i < 6; i++) {
        to_tick(b, 1 + i);
        g_assert_cmpuint(count(b, 1), ==, seen[i]);
        g_assert_cmpint(out(b, 1), ==, seen[i] != 1);
    }
    /* A new count takes over after the period. */
    outb(b, 0x41, 5);
    outb(b, 0x41, 0);
    g_assert_cmpuint(count(b, 1), ==, 1);
    to_tick(b, 7);
    g_assert_cmpuint(count(b, 1), ==, 5);
    bench_free(b);
}

static void test_mode3(void)
{
    Bench *b = bench_new(false);
    static const unsigned even[] = { 4, 2, 4, 2 }, odd[] = { 4, 2, 0, 4, 2 };
    load(b, 1, 0x06, 4);
    for (unsigned i = 0; i < 8; i++) {
        to_tick(b, 1 + i);
        g_assert_cmpuint(count(b, 1), ==, even[i % 4]);
        g_assert_cmpint(out(b, 1), ==, i % 4 < 2);
    }
    load(b, 1, 0x06, 5);
    for (unsigned i = 0; i < 5; i++) {
        to_tick(b, 9 + i);
        g_assert_cmpuint(count(b, 1), ==, odd[i]);
        g_assert_cmpint(out(b, 1), ==, i < 3);
    }
    bench_free(b);
}

static void test_mode4(void)
{
    Bench *b = bench_new(false);
    load(b, 0, 0x08, 3);
    for (unsigned tick = 1; tick < 8; tick++) {
        to_tick(b, tick);
        g_assert_cmpint(out(b, 0), ==, tick != 4);
    }
    bench_free(b);
}

/* Modes 1 and 5 wait for the gate; mode 0 and 2 stop without it. Port 0x61 drives it. */
static void test_gate(void)
{
    Bench *b = bench_new(false);
    outb(b, 0x61, 0);
    load(b, 2, 0x02, 3);
    to_tick(b, 10);
    g_assert_cmphex(inb(b, 0x61) & 0x20, ==, 0x20);
    outb(b, 0x61, 1);
    to_tick(b, 12);
    g_assert_cmphex(inb(b, 0x61) & 0x21, ==, 0x01);
    to_tick(b, 14);
    g_assert_cmphex(inb(b, 0x61) & 0x20, ==, 0x20);
    load(b, 2, 0x00, 100);
    to_tick(b, 25);
    g_assert_cmpuint(count(b, 2), ==, 90);
    outb(b, 0x61, 0);
    to_tick(b, 50);
    g_assert_cmpuint(count(b, 2), ==, 90);
    outb(b, 0x61, 1);
    to_tick(b, 60);
    g_assert_cmpuint(count(b, 2), ==, 80);
    load(b, 2, 0x04, 100);
    to_tick(b, 71);
    outb(b, 0x61, 0);
    g_assert_true(out(b, 2));
    outb(b, 0x61, 1);               /* starts again */
    to_tick(b, 72);
    g_assert_cmpuint(count(b, 2), ==, 100);
    bench_free(b);
}

static void test_bcd(void)
{
    Bench *b = bench_new(false);
    load(b, 0, 0x01, 0x1000);
    to_tick(b, 2);
    g_assert_cmphex(count(b, 0), ==, 0x0999);
    load(b, 0, 0x05, 0);            /* 0 stands for 10000 */
    to_tick(b, 3 + 9999);
    g_assert_cmphex(count(b, 0), ==, 0x0001);
    to_tick(b, 3 + 10000);
    g_assert_cmphex(count(b, 0), ==, 0x0000);
    bench_free(b);
}

static void test_latch(void)
{
    Bench *b = bench_new(false);
    load(b, 0, 0x04, 1000);
    to_tick(b, 101);
    outb(b, 0x43, 0xc2);            /* read back: count and status of counter 0 */
    to_tick(b, 201);
    outb(b, 0x43, 0x00);            /* a second latch is ignored */
    g_assert_cmphex(inb(b, 0x40), ==, 0xb4);        /* OUT high, loaded, LSB then MSB, mode 2 */
    unsigned low = inb(b, 0x40), high = inb(b, 0x40);
    g_assert_cmpuint(low | high << 8, ==, 900);
    low = inb(b, 0x40);
    high = inb(b, 0x40);
    g_assert_cmpuint(low | high << 8, ==, 800);
    outb(b, 0x43, 0x14);            /* LSB only */
    outb(b, 0x43, 0xe2);            /* status: null count until it is written */
    g_assert_cmphex(inb(b, 0x40), ==, 0xd4);
    outb(b, 0x40, 50);
    to_tick(b, 212);
    g_assert_cmpuint(inb(b, 0x40), ==, 40);
    bench_free(b);
}

/* The tick of an operating system: 250 Hz for one second gives 250 interrupts. */
static void test_interrupts(void)
{
    Bench *b = bench_new(false);
    I8254 *pit = bench_device(b, "isa-pit");
    unsigned ticks = 0;
    outb(b, 0x20, 0x11);
    outb(b, 0x21, 0x20);
    outb(b, 0x21, 0x04);
    outb(b, 0x21, 0x03);            /* automatic end of interrupt */
    outb(b, 0x43, 0x34);            /* OUT goes high with the mode: the first edge */
    g_assert_cmphex(gt_read(b, GT_BASE, 0xc34), ==, 0x20);
    load(b, 0, 0x04, (I8254_HZ + 125) / 250);
    for (unsigned ms = 0; ms < 1001; ms++) {
        bench_step(b->m, 1000000);
        while (b->cpu->input[0]) {
            g_assert_cmphex(gt_read(b, GT_BASE, 0xc34), ==, 0x20);
            ticks++;
        }
    }
    g_assert_cmpuint(ticks, ==, 250);
    check_round_trip(&pit->dev);
    /* A late timer still gives its edge. */
    bench_step(b->m, 2000000);
    while (b->cpu->input[0]) {
        gt_read(b, GT_BASE, 0xc34);
    }
    b->m->clock->now[CLOCK_VIRTUAL] += 50000000;
    count(b, 0);
    bench_step(b->m, 0);
    g_assert_true(b->cpu->input[0]);
    /* One shot. */
    gt_read(b, GT_BASE, 0xc34);
    load(b, 0, 0x08, 1193);
    bench_step(b->m, 900000);
    g_assert_false(b->cpu->input[0]);
    bench_step(b->m, 200000);
    g_assert_true(b->cpu->input[0]);
    gt_read(b, GT_BASE, 0xc34);
    bench_step(b->m, 1000000000);
    g_assert_false(b->cpu->input[0]);
    bench_free(b);
}

/* The shortest counts do not drown the host in timers. */
static void test_storm(void)
{
    Bench *b = bench_new(false);
    load(b, 0, 0x04, 1);
    int64_t next = clock_next_deadline(b->m->clock);
    g_assert_cmpint(next, >=, 20000);
    bench_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/i8254/mode0", test_mode0);
    g_test_add_func("/i8254/mode2", test_mode2);
    g_test_add_func("/i8254/mode3", test_mode3);
    g_test_add_func("/i8254/mode4", test_mode4);
    g_test_add_func("/i8254/gate", test_gate);
    g_test_add_func("/i8254/bcd", test_bcd);
    g_test_add_func("/i8254/latch", test_latch);
    g_test_add_func("/i8254/interrupts", test_interrupts);
    g_test_add_func("/i8254/storm", test_storm);
    return g_test_run();
}
