/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The AC'97 card in slot 18: its function, a stream with interrupts at the interrupt controller, resets. */
#include <string.h>
#include "wire.h"

#define SLOT 18
#define NAM  (QT_IO + 0x1400u)
#define NABM (QT_IO + 0x1600u)
#define PO   (NABM + 0x10)
#define RING 0x10000u
#define DATA 0x20000u
#define PIRQS 0x0a0a0a0au
enum { CIV = 4, LVI = 5, SR = 6, PICB = 8, CR = 11, CNT = 0x2c, STA = 0x30, CAS = 0x34 };
enum { DCH = 1, CELV = 2, LVBCI = 4, BCIS = 8 };

static void enable(QTest *q)
{
    pci_write(q, SLOT, 0, 0x10, NAM - QT_IO);
    pci_write(q, SLOT, 0, 0x14, NABM - QT_IO);
    pci_write(q, SLOT, 0, 0x04, 5);
    le_write(q, NABM + CNT, 2, 4);
}

/* Four buffers of 10 ms; each interrupts. */
static void make_ring(QTest *q)
{
    for (unsigned n = 0; n < 32; n++) {
        ram_put(q, RING + 8 * n, 4, DATA + n % 4 * 1920);
        ram_put(q, RING + 8 * n + 4, 4, 0x80000000 | 960);
    }
    le_write(q, PO, RING, 4);
    le_write(q, PO + LVI, 3, 1);
}

static void test_function(QTest *q)
{
    g_assert_cmphex(pci_read(q, SLOT, 0, 0), ==, 0x24158086);
    g_assert_cmphex(pci_read(q, SLOT, 0, 8), ==, 0x04010001);
    g_assert_cmphex(pci_read(q, SLOT, 0, 0x3c) >> 8 & 0xff, ==, 1);
    pci_write(q, SLOT, 0, 0x10, 0xffffffff);
    pci_write(q, SLOT, 0, 0x14, 0xffffffff);
    pci_write(q, SLOT, 0, 0x18, 0xffffffff);
    g_assert_cmphex(pci_read(q, SLOT, 0, 0x10), ==, 0xffffff01);
    g_assert_cmphex(pci_read(q, SLOT, 0, 0x14), ==, 0xffffffc1);
    g_assert_cmphex(pci_read(q, SLOT, 0, 0x18), ==, 0);
    enable(q);
    g_assert_cmphex(le_read(q, NABM + STA, 4), ==, 0x100);
    g_assert_cmphex(le_read(q, NAM + 0x7c, 2), ==, 0x8384);
    g_assert_cmphex(le_read(q, NAM + 0x7e, 2), ==, 0x7600);
    le_write(q, NAM + 0x02, 0x8a0b, 2);
    g_assert_cmphex(le_read(q, NAM + 0x02, 1), ==, 0x0b);
    g_assert_cmphex(le_read(q, NAM + 0x03, 1), ==, 0x8a);
    g_assert_cmphex(le_read(q, NABM + CAS, 1), ==, 0);
    g_assert_cmphex(le_read(q, NABM + CAS, 1), ==, 1);
    qt_reset(q);
    g_assert_cmphex(pci_read(q, SLOT, 0, 0x14), ==, 1);
    enable(q);
    g_assert_cmphex(le_read(q, NAM + 0x02, 2), ==, 0x8000);
}

/* Interrupts come when they should, at the board's interrupt controller too. */
static void test_stream(QTest *q)
{
    int64_t now = 0;
    enable(q);
    make_ring(q);
    pci_write(q, 10, 0, 0x60, PIRQS);               /* all PIRQs to line 10 */
    qt_listen_in(q, "isa-i8259", 0);
    le_write(q, PO + CR, 0x15, 1);
    g_assert_cmphex(le_read(q, PO + SR, 2), ==, 0);
    for (unsigned n = 0; n < 4; n++) {
        g_assert_cmphex(le_read(q, PO + CIV, 1), ==, n);
        g_assert_cmphex(le_read(q, PO + SR, 2), ==, 0);
        while (!qt_level(q, 10)) {
            now = qt_step(q, 100000);
        }
        g_assert_cmpint(now / 100000, ==, 100 * (n + 1));
        g_assert_cmphex(le_read(q, NABM + STA, 4), ==, 0x140);
        le_write(q, PO + SR, BCIS, 1);
    }
    g_assert_cmphex(le_read(q, PO + SR, 2), ==, DCH | CELV | LVBCI);
    g_assert_true(qt_level(q, 10));
    le_write(q, PO + SR, LVBCI, 2);
    g_assert_cmphex(le_read(q, NABM + STA, 4), ==, 0x100);
    g_assert_false(qt_level(q, 10));
    le_write(q, PO + LVI, 4, 1);
    qt_step(q, 5000000);
    g_assert_cmphex(le_read(q, PO + SR, 2), ==, 0);
    g_assert_cmphex(le_read(q, PO + PICB, 2), ==, 480);
    qt_reset(q);
    enable(q);
    g_assert_cmphex(le_read(q, PO + SR, 2), ==, DCH);
    g_assert_cmphex(le_read(q, PO + PICB, 4), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/ac97/function", "-audiodev none,id=a -device AC97,addr=12,audiodev=a", test_function);
    qt_add("/ac97/stream", "-device AC97,addr=12", test_stream);
    return g_test_run();
}
