/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw-test.h"
#include "hw/isa/superio.h"

#define COM1 0x3f8
#define CBUS_UART 0x1f000900

static void host_sends(Chardev *chr, const char *text)
{
    size_t len = strlen(text);
    while (len) {
        size_t n = MIN(chr->frontend->can_receive(chr->opaque), len);
        if (!n) {
            return;
        }
        chr->frontend->receive(chr->opaque, (const uint8_t *)text, n);
        text += n;
        len -= n;
    }
}

static bool irq4(Bench *b)
{
    Superio *s = bench_device(b, "fdc37m81x-superio");
    return s->uart[0].irq.level;
}

static void test_transmit(void)
{
    Bench *b = bench_new(false);
    g_assert_cmphex(inb(b, COM1 + 5), ==, 0x60);
    outb(b, COM1 + 4, 0x08);
    outb(b, COM1 + 1, 0x02);
    g_assert_true(irq4(b));                         /* THRE at once */
    g_assert_cmphex(inb(b, COM1 + 2), ==, 0x02);    /* reading it clears it */
    g_assert_false(irq4(b));
    outb(b, COM1, 'A');
    g_assert_true(irq4(b));
    g_assert_cmpstr(b->serial[0].out->str, ==, "A");
    outb(b, COM1 + 4, 0);                           /* OUT2 gates the line */
    g_assert_false(irq4(b));
    /* The host lags: the guest waits. */
    b->serial[0].stuck = true;
    outb(b, COM1, 'B');
    g_assert_cmphex(inb(b, COM1 + 5), ==, 0);
    bench_step(b->m, 2000000);
    g_assert_cmphex(inb(b, COM1 + 5), ==, 0);
    b->serial[0].stuck = false;
    bench_step(b->m, 2000000);
    g_assert_cmphex(inb(b, COM1 + 5), ==, 0x60);
    g_assert_cmpstr(b->serial[0].out->str, ==, "AB");
    bench_free(b);
}

static void test_receive(void)
{
    Bench *b = bench_new(false);
    host_sends(&b->serial[0], "xyz");
    g_assert_cmphex(inb(b, COM1 + 5), ==, 0x61);
    g_assert_cmphex(inb(b, COM1), ==, 'x');         /* no FIFO: one at a time */
    g_assert_cmphex(inb(b, COM1 + 5), ==, 0x60);
    g_assert_cmpuint(b->serial[0].accepts, >, 0);
    outb(b, COM1 + 2, 0x81);                        /* FIFO, trigger at 8 */
    outb(b, COM1 + 4, 0x08);
    outb(b, COM1 + 1, 0x05);
    host_sends(&b->serial[0], "1234567");
    g_assert_false(irq4(b));
    host_sends(&b->serial[0], "8");
    g_assert_true(irq4(b));
    g_assert_cmphex(inb(b, COM1 + 2), ==, 0xc4);
    g_assert_cmphex(inb(b, COM1), ==, '1');
    g_assert_false(irq4(b));
    bench_step(b->m, 60000000);                     /* four characters later: time-out */
    g_assert_cmphex(inb(b, COM1 + 2), ==, 0xcc);
    for (char c = '2'; c <= '8'; c++) {
        g_assert_cmphex(inb(b, COM1), ==, c);
    }
    g_assert_cmphex(inb(b, COM1 + 2), ==, 0xc1);
    host_sends(&b->serial[0], "0123456789abcdefgh");
    g_assert_cmpuint(b->serial[0].frontend->can_receive(b->serial[0].opaque), ==, 0);
    for (unsigned i = 0; i < 16; i++) {
        inb(b, COM1);
    }
    g_assert_cmphex(inb(b, COM1 + 5), ==, 0x60);
    bench_free(b);
}

static void test_break(void)
{
    Bench *b = bench_new(false);
    outb(b, COM1 + 2, 0x01);
    outb(b, COM1 + 4, 0x08);
    outb(b, COM1 + 1, 0x04);
    host_sends(&b->serial[0], "a");
    b->serial[0].frontend->event(b->serial[0].opaque, CHR_BREAK);
    g_assert_cmphex(inb(b, COM1 + 5), ==, 0xe1);    /* an error waits in the FIFO */
    inb(b, COM1);
    g_assert_true(irq4(b));
    g_assert_cmphex(inb(b, COM1 + 2), ==, 0xc6);
    g_assert_cmphex(inb(b, COM1 + 5), ==, 0x71);
    g_assert_cmphex(inb(b, COM1 + 5), ==, 0x61);
    g_assert_cmphex(inb(b, COM1), ==, 0);
    outb(b, COM1 + 3, 0x43);
    outb(b, COM1 + 3, 0x43);
    g_assert_cmpuint(b->serial[0].breaks, ==, 1);
    bench_free(b);
}

static void test_loopback(void)
{
    Bench *b = bench_new(false);
    outb(b, COM1 + 4, 0x1a);
    g_assert_cmphex(inb(b, COM1 + 6) & 0xf0, ==, 0x90);     /* RTS -> CTS, OUT2 -> DCD */
    outb(b, COM1, 'L');
    g_assert_cmphex(inb(b, COM1 + 5), ==, 0x61);
    outb(b, COM1, 'M');
    g_assert_cmphex(inb(b, COM1 + 5), ==, 0x63);            /* overrun */
    g_assert_cmphex(inb(b, COM1), ==, 'M');
    g_assert_cmpuint(b->serial[0].out->len, ==, 0);
    g_assert_cmpuint(b->serial[0].frontend->can_receive(b->serial[0].opaque), ==, 0);
    outb(b, COM1 + 4, 0x08);
    inb(b, COM1 + 6);
    b->serial[0].frontend->event(b->serial[0].opaque, CHR_CLOSED);
    outb(b, COM1 + 1, 0x08);
    g_assert_true(irq4(b));
    g_assert_cmphex(inb(b, COM1 + 2), ==, 0x00);
    g_assert_cmphex(inb(b, COM1 + 6), ==, 0x0b);
    g_assert_false(irq4(b));
    bench_free(b);
}

static void test_divisor(void)
{
    Bench *b = bench_new(false);
    outb(b, COM1 + 3, 0x83);
    outb(b, COM1, 0x0c);
    outb(b, COM1 + 1, 0x01);
    g_assert_cmphex(inb(b, COM1), ==, 0x0c);
    g_assert_cmphex(inb(b, COM1 + 1), ==, 0x01);
    outb(b, COM1 + 3, 0x03);
    g_assert_cmphex(inb(b, COM1 + 1), ==, 0x00);
    g_assert_cmpuint(b->serial[0].out->len, ==, 0);
    outb(b, COM1 + 7, 0xa5);
    g_assert_cmphex(inb(b, COM1 + 7), ==, 0xa5);
    bench_free(b);
}

/* The third port: registers 8 bytes apart, words in the CPU's order, CPU input 2. */
static void test_cbus(void)
{
    for (unsigned big = 0; big < 2; big++) {
        Bench *b = bench_new(big);
        phys_write(b, CBUS_UART + 8, 0x02, 4);
        g_assert_true(b->cpu->input[2]);
        phys_write(b, CBUS_UART, 'C', 4);
        phys_write(b, CBUS_UART + (big ? 3 : 0), 'D', 1);
        g_assert_cmpstr(b->serial[2].out->str, ==, "CD");
        g_assert_cmphex(phys_read(b, CBUS_UART + 0x28, 4), ==, 0x60);
        host_sends(&b->serial[2], "q");
        g_assert_cmphex(phys_read(b, CBUS_UART, 4), ==, 'q');
        bench_free(b);
    }
}

/* Super-I/O configuration moves a port and its interrupt. */
static void test_superio(void)
{
    static const uint8_t steps[][2] = { { 0x07, 5 }, { 0x60, 0x03 }, { 0x61, 0xe8 }, { 0x70, 5 } };
    Bench *b = bench_new(false);
    Superio *s = bench_device(b, "fdc37m81x-superio");
    outb(b, 0x2f8, '1');
    g_assert_cmphex(inb(b, 0x3f0), ==, 0xff);
    outb(b, 0x3f0, 0x55);
    outb(b, 0x3f0, 0x20);
    g_assert_cmphex(inb(b, 0x3f1), ==, 0x4d);
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        outb(b, 0x3f0, steps[i][0]);
        outb(b, 0x3f1, steps[i][1]);
    }
    outb(b, 0x3f0, 0xaa);
    g_assert_cmphex(inb(b, 0x3f0), ==, 0xff);
    outb(b, 0x3e8, '2');
    g_assert_cmphex(inb(b, 0x2fd), ==, 0xff);
    g_assert_cmpstr(b->serial[1].out->str, ==, "12");
    g_assert_cmpint(s->uart[1].irq.n, ==, 5);
    check_round_trip(&s->dev);
    machine_reset(b->m);
    g_assert_cmpint(s->uart[1].irq.n, ==, 3);
    bench_free(b);
}

/* Through the 8259 to the CPU: a byte typed at the host interrupts. */
static void test_interrupt(void)
{
    Bench *b = bench_new(false);
    outb(b, 0x20, 0x11);
    outb(b, 0x21, 0x20);
    outb(b, 0x21, 0x04);
    outb(b, 0x21, 0x01);
    outb(b, 0x21, 0xef);
    outb(b, COM1 + 4, 0x08);
    outb(b, COM1 + 1, 0x01);
    g_assert_false(b->cpu->input[0]);
    host_sends(&b->serial[0], "k");
    g_assert_true(b->cpu->input[0]);
    g_assert_cmphex(gt_read(b, GT_BASE, 0xc34), ==, 0x24);
    bench_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/uart16550/transmit", test_transmit);
    g_test_add_func("/uart16550/receive", test_receive);
    g_test_add_func("/uart16550/break", test_break);
    g_test_add_func("/uart16550/loopback", test_loopback);
    g_test_add_func("/uart16550/divisor", test_divisor);
    g_test_add_func("/uart16550/cbus", test_cbus);
    g_test_add_func("/uart16550/superio", test_superio);
    g_test_add_func("/uart16550/interrupt", test_interrupt);
    return g_test_run();
}
