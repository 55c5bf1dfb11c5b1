/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor flash: two 28F160S5 (data sheet 290609) on a 32-bit bus. */
#include "client.h"

#define FLASH 0x1e000000
#define BLOCK (FLASH + 0x80000)

static uint32_t word(QTest *q, uint32_t addr)
{
    return (uint32_t)qt_read(q, addr, 4);
}

static void command(QTest *q, uint32_t addr, uint32_t value)
{
    qt_write(q, addr, value, 4);
}

static void test_identity(QTest *q)
{
    g_assert_cmphex(word(q, BLOCK), ==, 0xffffffff);
    command(q, FLASH, 0x00900090);
    g_assert_cmphex(word(q, FLASH), ==, 0x00890089);
    g_assert_cmphex(word(q, FLASH + 4), ==, 0x00d000d0);
    command(q, FLASH, 0x00980098);
    g_assert_cmphex(word(q, FLASH + 0x40), ==, 0x00510051);
    command(q, FLASH, 0x00ff00ff);
    g_assert_cmphex(word(q, BLOCK), ==, 0xffffffff);
}

/* Programming clears bits, erasing sets them; a reset ends commands and keeps contents. */
static void test_program_and_erase(QTest *q)
{
    command(q, BLOCK + 8, 0x00400040);
    command(q, BLOCK + 8, 0x12345678);
    g_assert_cmphex(word(q, BLOCK + 8), ==, 0x00800080);
    qt_reset(q);
    g_assert_cmphex(word(q, BLOCK + 8), ==, 0x12345678);
    g_assert_cmphex(qt_read(q, BLOCK + 8, 1), ==, qt_big(q) ? 0x12 : 0x78);
    command(q, BLOCK, 0x00200020);
    command(q, BLOCK, 0x00d000d0);
    command(q, BLOCK, 0x00ff00ff);
    g_assert_cmphex(word(q, BLOCK + 8), ==, 0xffffffff);
}

static void test_lock(QTest *q)
{
    command(q, BLOCK, 0x00600060);
    command(q, BLOCK, 0x00010001);
    command(q, BLOCK, 0x00400040);
    command(q, BLOCK, 0x00000000);
    g_assert_cmphex(word(q, BLOCK), ==, 0x00920092);
    command(q, BLOCK, 0x00ff00ff);
    g_assert_cmphex(word(q, BLOCK), ==, 0xffffffff);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/cfi-flash/identity", NULL, test_identity);
    qt_add("/cfi-flash/program-and-erase", NULL, test_program_and_erase);
    qt_add("/cfi-flash/lock", NULL, test_lock);
    return g_test_run();
}
