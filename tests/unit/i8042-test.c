/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw-test.h"
#include "hw/input/i8042.h"

static uint8_t ask(Bench *b, uint8_t command)
{
    outb(b, 0x64, command);
    g_assert_cmphex(inb(b, 0x64) & 1, ==, 1);
    uint8_t v = inb(b, 0x60);
    g_assert_cmphex(inb(b, 0x64) & 1, ==, 0);
    return v;
}

static void test_controller(void)
{
    Bench *b = bench_new(false);
    g_assert_cmphex(inb(b, 0x64), ==, 0x10);
    g_assert_cmphex(ask(b, 0xaa), ==, 0x55);
    g_assert_cmphex(inb(b, 0x64) & 4, ==, 4);
    g_assert_cmphex(ask(b, 0xab), ==, 0x00);
    g_assert_cmphex(ask(b, 0xa9), ==, 0x00);
    outb(b, 0x64, 0x60);
    outb(b, 0x60, 0x47);
    g_assert_cmphex(ask(b, 0x20), ==, 0x47);
    outb(b, 0x64, 0xa7);
    outb(b, 0x64, 0xad);
    g_assert_cmphex(ask(b, 0x20), ==, 0x77);
    outb(b, 0x64, 0x65);
    outb(b, 0x60, 0x99);
    g_assert_cmphex(ask(b, 0x25), ==, 0x99);
    g_assert_cmphex(ask(b, 0xd0) & 3, ==, 3);
    bench_free(b);
}

/* Empty sockets: the time-out, not an acknowledge. */
static void test_nobody(void)
{
    Bench *b = bench_new(false);
    outb(b, 0x60, 0xff);
    g_assert_cmphex(inb(b, 0x64) & 0x61, ==, 0x41);
    g_assert_cmphex(inb(b, 0x60), ==, 0xfe);
    outb(b, 0x64, 0xd4);
    outb(b, 0x60, 0xff);
    g_assert_cmphex(inb(b, 0x64) & 0x61, ==, 0x61);
    g_assert_cmphex(inb(b, 0x60), ==, 0xfe);
    bench_free(b);
}

static void test_interrupts(void)
{
    Bench *b = bench_new(false);
    I8042 *k = bench_device(b, "i8042");
    outb(b, 0x64, 0x60);
    outb(b, 0x60, 0x03);
    outb(b, 0x64, 0xd2);
    outb(b, 0x60, 0x1c);
    g_assert_true(k->irq_kbd.level && !k->irq_aux.level);
    g_assert_cmpint(k->irq_kbd.n, ==, 1);
    check_round_trip(&k->dev);
    g_assert_cmphex(inb(b, 0x60), ==, 0x1c);
    g_assert_false(k->irq_kbd.level);
    outb(b, 0x64, 0xd3);
    outb(b, 0x60, 0x08);
    g_assert_true(k->irq_aux.level && !k->irq_kbd.level);
    g_assert_cmpint(k->irq_aux.n, ==, 12);
    bench_free(b);
}

static void test_reset(void)
{
    static const uint8_t sequences[][3] = { { 0x64, 0xfe }, { 0x64, 0xd1, 0x00 } };
    for (unsigned i = 0; i < 2; i++) {
        Bench *b = bench_new(false);
        b->m->no_reboot = true;
        outb(b, 0x64, 0xff);                /* pulses nothing */
        outb(b, sequences[i][0], sequences[i][1]);
        if (i) {
            outb(b, 0x60, sequences[i][2]);
        }
        machine_unlock(b->m);
        while (g_main_context_iteration(b->m->context, FALSE)) {
        }
        machine_lock(b->m);
        g_assert_cmpint(b->m->shutdown_cause, ==, SHUTDOWN_GUEST_RESET);
        bench_free(b);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/i8042/controller", test_controller);
    g_test_add_func("/i8042/nobody", test_nobody);
    g_test_add_func("/i8042/interrupts", test_interrupts);
    g_test_add_func("/i8042/reset", test_reset);
    return g_test_run();
}
