/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DMA controllers: 8237A data sheet, as far as software can see them. */
#include "client.h"

static void test_address_and_count(QTest *q)
{
    qt_out(q, 0x0c, 0);
    qt_out(q, 0x02, 0x34);
    qt_out(q, 0x02, 0x12);
    qt_out(q, 0x03, 0xff);
    qt_out(q, 0x03, 0x0f);
    qt_out(q, 0x0c, 0);
    g_assert_cmphex(qt_in(q, 0x02), ==, 0x34);
    g_assert_cmphex(qt_in(q, 0x02), ==, 0x12);
    g_assert_cmphex(qt_in(q, 0x03), ==, 0xff);
    g_assert_cmphex(qt_in(q, 0x03), ==, 0x0f);
    qt_out(q, 0x83, 0xab);
    g_assert_cmphex(qt_in(q, 0x83), ==, 0xab);
}

static void test_masks(QTest *q)
{
    g_assert_cmphex(qt_in(q, 0xde) & 0x0f, ==, 0x0f);
    qt_out(q, 0xd4, 0x02);          /* clears the mask of channel 2 of the second chip */
    g_assert_cmphex(qt_in(q, 0xde) & 0x0f, ==, 0x0b);
    qt_out(q, 0xdc, 0);
    g_assert_cmphex(qt_in(q, 0xde) & 0x0f, ==, 0x00);
    qt_out(q, 0xda, 0);             /* master clear */
    g_assert_cmphex(qt_in(q, 0xde) & 0x0f, ==, 0x0f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/dma8237/address-and-count", NULL, test_address_and_count);
    qt_add("/dma8237/masks", NULL, test_masks);
    return g_test_run();
}
