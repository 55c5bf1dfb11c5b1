/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw-test.h"
#include "hw/intc/i8259.h"

static I8259 *start(Bench **b)
{
    *b = bench_new(false);
    I8259 *pic = bench_device(*b, "isa-i8259");
    /* As an operating system does: vectors 0x20 and 0x28, nothing masked. */
    outb(*b, 0x20, 0x11);
    outb(*b, 0x21, 0x20);
    outb(*b, 0x21, 0x04);
    outb(*b, 0x21, 0x01);
    outb(*b, 0xa0, 0x11);
    outb(*b, 0xa1, 0x28);
    outb(*b, 0xa1, 0x02);
    outb(*b, 0xa1, 0x01);
    return pic;
}

static void pulse(I8259 *pic, int n)
{
    i8259_set_irq(pic, n, true);
    i8259_set_irq(pic, n, false);
}

static bool cpu_line(Bench *b)
{
    return b->cpu->input[0];
}

static void test_vectors(void)
{
    Bench *b;
    I8259 *pic = start(&b);
    for (int n = 0; n < 16; n++) {
        if (n == 2) {
            continue;
        }
        g_assert_false(cpu_line(b));
        pulse(pic, n);
        g_assert_true(cpu_line(b));
        /* The board's acknowledge register gives the same. */
        g_assert_cmphex(gt_read(b, GT_BASE, 0xc34), ==, 0x20 + n);
        g_assert_false(cpu_line(b));
        if (n >= 8) {
            outb(b, 0xa0, 0x20);
        }
        outb(b, 0x20, 0x20);
    }
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x27);      /* spurious */
    outb(b, 0x20, 0x0b);
    g_assert_cmphex(inb(b, 0x20), ==, 0);
    bench_free(b);
}

static void test_priority(void)
{
    Bench *b;
    I8259 *pic = start(&b);
    pulse(pic, 4);
    pulse(pic, 1);
    pulse(pic, 10);
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x21);
    g_assert_false(cpu_line(b));            /* 10 and 4 wait for the end of 1 */
    pulse(pic, 0);
    g_assert_true(cpu_line(b));             /* 0 nests */
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x20);
    outb(b, 0x20, 0x0b);
    g_assert_cmphex(inb(b, 0x20), ==, 0x03);
    outb(b, 0x20, 0x20);                    /* ends the better one: 0 */
    g_assert_cmphex(inb(b, 0x20), ==, 0x02);
    outb(b, 0x20, 0x61);                    /* specific, 1 */
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x2a);      /* the slave stands before 4 */
    outb(b, 0xa0, 0x20);
    outb(b, 0x20, 0x20);
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x24);
    bench_free(b);
}

static void test_mask(void)
{
    Bench *b;
    I8259 *pic = start(&b);
    outb(b, 0x21, 0x10);
    g_assert_cmphex(inb(b, 0x21), ==, 0x10);
    pulse(pic, 4);
    g_assert_false(cpu_line(b));
    outb(b, 0x20, 0x0a);
    g_assert_cmphex(inb(b, 0x20), ==, 0x10);
    outb(b, 0x21, 0);
    g_assert_true(cpu_line(b));
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x24);
    /* Special mask mode: with 4 in service and masked, 6 gets through. */
    pulse(pic, 6);
    outb(b, 0x21, 0x10);
    g_assert_false(cpu_line(b));
    outb(b, 0x20, 0x68);
    g_assert_true(cpu_line(b));
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x26);
    outb(b, 0x20, 0x20);                    /* spares the masked one */
    outb(b, 0x20, 0x0b);
    g_assert_cmphex(inb(b, 0x20), ==, 0x10);
    bench_free(b);
}

static void test_rotation(void)
{
    Bench *b;
    I8259 *pic = start(&b);
    pulse(pic, 3);
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x23);
    outb(b, 0x20, 0xa0);                    /* rotate on EOI: 3 is lowest now */
    pulse(pic, 3);
    pulse(pic, 0);
    pulse(pic, 5);
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x25);
    outb(b, 0x20, 0x20);
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x20);
    outb(b, 0x20, 0x20);
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x23);
    outb(b, 0x20, 0x20);
    outb(b, 0x20, 0xc7);                    /* set priority: back to normal */
    pulse(pic, 5);
    pulse(pic, 0);
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x20);
    bench_free(b);
}

static void test_auto_eoi(void)
{
    Bench *b;
    I8259 *pic = start(&b);
    outb(b, 0x20, 0x11);
    outb(b, 0x21, 0x40);
    outb(b, 0x21, 0x04);
    outb(b, 0x21, 0x03);
    outb(b, 0x20, 0x80);                    /* and rotate */
    pulse(pic, 1);
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x41);
    outb(b, 0x20, 0x0b);
    g_assert_cmphex(inb(b, 0x20), ==, 0);
    pulse(pic, 1);
    pulse(pic, 7);
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x47);
    bench_free(b);
}

static void test_poll(void)
{
    Bench *b;
    I8259 *pic = start(&b);
    outb(b, 0x20, 0x0c);
    g_assert_cmphex(inb(b, 0x20), ==, 0x07);        /* nobody */
    pulse(pic, 12);
    outb(b, 0x20, 0x0c);
    g_assert_cmphex(inb(b, 0x20), ==, 0x82);
    outb(b, 0xa0, 0x0c);
    g_assert_cmphex(inb(b, 0xa0), ==, 0x84);
    g_assert_false(cpu_line(b));
    outb(b, 0xa0, 0x0b);
    g_assert_cmphex(inb(b, 0xa0), ==, 0x10);
    bench_free(b);
}

static void test_level(void)
{
    Bench *b;
    I8259 *pic = start(&b);
    outb(b, 0x4d0, 0xff);
    outb(b, 0x4d1, 0xff);
    g_assert_cmphex(inb(b, 0x4d0), ==, 0xf8);
    g_assert_cmphex(inb(b, 0x4d1), ==, 0xde);
    i8259_set_irq(pic, 10, true);
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x2a);
    outb(b, 0xa0, 0x20);
    outb(b, 0x20, 0x20);
    g_assert_true(cpu_line(b));             /* still asserted: again */
    i8259_set_irq(pic, 10, false);
    g_assert_false(cpu_line(b));
    /* An edge input interrupts once. */
    i8259_set_irq(pic, 1, true);
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x21);
    outb(b, 0x20, 0x20);
    g_assert_false(cpu_line(b));
    bench_free(b);
}

static void test_state(void)
{
    Bench *b;
    I8259 *pic = start(&b);
    pulse(pic, 9);
    check_round_trip(&pic->dev);
    g_assert_cmphex(i8259_acknowledge(pic), ==, 0x29);
    check_round_trip(&pic->dev);
    bench_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/i8259/vectors", test_vectors);
    g_test_add_func("/i8259/priority", test_priority);
    g_test_add_func("/i8259/mask", test_mask);
    g_test_add_func("/i8259/rotation", test_rotation);
    g_test_add_func("/i8259/auto-eoi", test_auto_eoi);
    g_test_add_func("/i8259/poll", test_poll);
    g_test_add_func("/i8259/level", test_level);
    g_test_add_func("/i8259/state", test_state);
    return g_test_run();
}
