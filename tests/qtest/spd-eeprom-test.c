/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory module's EEPROM and the board's own, through the FPGA's two wires. */
#include "client.h"

#define FPGA 0x1f000000
#define SDA 1u
#define SCL 2u

static void wires(QTest *q, unsigned levels)
{
    qt_write(q, FPGA + 0xb08, ~levels & 3, 4);      /* open drain: what is low is driven */
    qt_write(q, FPGA + 0xb10, 0, 4);
}

static bool clock_bit(QTest *q, bool sda)
{
    unsigned data = sda ? SDA : 0;
    wires(q, data);
    wires(q, data | SCL);
    bool seen = qt_read(q, FPGA + 0xb00, 4) & SDA;
    wires(q, data);
    return seen;
}

static void start(QTest *q)
{
    wires(q, SDA);
    wires(q, SDA | SCL);
    wires(q, SCL);
    wires(q, 0);
}

static void stop(QTest *q)
{
    wires(q, 0);
    wires(q, SCL);
    wires(q, SDA | SCL);
}

static bool send(QTest *q, uint8_t byte)
{
    for (int i = 7; i >= 0; i--) {
        clock_bit(q, byte >> i & 1);
    }
    return !clock_bit(q, true);
}

static uint8_t receive(QTest *q, bool more)
{
    uint8_t byte = 0;
    for (int i = 0; i < 8; i++) {
        byte = (uint8_t)(byte << 1 | clock_bit(q, true));
    }
    clock_bit(q, !more);
    return byte;
}

static void test_spd(QTest *q)
{
    uint8_t spd[64], sum = 0;
    start(q);
    g_assert_true(send(q, 0xa0));
    g_assert_true(send(q, 0));
    start(q);
    g_assert_true(send(q, 0xa1));
    for (unsigned i = 0; i < sizeof(spd); i++) {
        spd[i] = receive(q, i + 1 < sizeof(spd));
        sum = (uint8_t)(sum + (i < 63 ? spd[i] : 0));
    }
    stop(q);
    g_assert_cmphex(spd[2], ==, 4);         /* SDRAM */
    g_assert_cmphex(spd[63], ==, sum);
    g_assert_cmpuint(spd[5] * spd[31] * 4, ==, 128);
}

static void test_absent(QTest *q)
{
    start(q);
    g_assert_false(send(q, 0x30 << 1));
    stop(q);
}

static void test_board_eeprom(QTest *q)
{
    start(q);
    g_assert_true(send(q, 0xac));
    g_assert_true(send(q, 0x10));
    g_assert_true(send(q, 0x42));
    stop(q);
    start(q);
    g_assert_true(send(q, 0xac));
    g_assert_true(send(q, 0x10));
    start(q);
    g_assert_true(send(q, 0xad));
    g_assert_cmphex(receive(q, true), ==, 0x42);
    g_assert_cmphex(receive(q, false), ==, 0xff);
    stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/eeprom/spd", NULL, test_spd);
    qt_add("/eeprom/absent", NULL, test_absent);
    qt_add("/eeprom/board", NULL, test_board_eeprom);
    return g_test_run();
}
