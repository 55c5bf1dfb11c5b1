/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EEPROMs through the FPGA's two wires, driven bit by bit. */
#include "hw-test.h"
#include "hw/misc/i2c_eeprom.h"

#define I2C_INP 0x1f000b00
#define I2C_OE  0x1f000b08
#define I2C_OUT 0x1f000b10
#define SDA 1
#define SCL 2

static void wires(Bench *b, unsigned levels)
{
    phys_write(b, I2C_OUT, 0, 4);
    phys_write(b, I2C_OE, ~levels & 3, 4);
}

static void start(Bench *b)
{
    wires(b, SDA);
    wires(b, SDA | SCL);
    wires(b, SCL);
    wires(b, 0);
}

static void stop(Bench *b)
{
    wires(b, 0);
    wires(b, SCL);
    wires(b, SCL | SDA);
}

static bool clock_bit(Bench *b, bool sda)
{
    wires(b, sda ? SDA : 0);
    wires(b, SCL | (sda ? SDA : 0));
    bool in = phys_read(b, I2C_INP, 4) & SDA;
    wires(b, sda ? SDA : 0);
    return in;
}

/* True when it was acknowledged. */
static bool send(Bench *b, uint8_t byte)
{
    for (unsigned i = 0; i < 8; i++) {
        clock_bit(b, byte & (0x80 >> i));
    }
    return !clock_bit(b, true);
}

static uint8_t receive(Bench *b, bool more)
{
    uint8_t byte = 0;
    for (unsigned i = 0; i < 8; i++) {
        byte = (uint8_t)(byte << 1 | clock_bit(b, true));
    }
    clock_bit(b, !more);
    return byte;
}

static void read_from(Bench *b, uint8_t address, uint8_t at, uint8_t *buf, unsigned len)
{
    start(b);
    g_assert_true(send(b, (uint8_t)(address << 1)));
    g_assert_true(send(b, at));
    start(b);
    g_assert_true(send(b, (uint8_t)(address << 1 | 1)));
    for (unsigned i = 0; i < len; i++) {
        buf[i] = receive(b, i + 1 < len);
    }
    stop(b);
}

static void test_spd(void)
{
    static const struct {
        uint64_t mib;
        uint8_t type, rows, density;
    } cases[] = {
        { 16, 4, 1, 0x04 }, { 128, 4, 1, 0x20 }, { 256, 4, 1, 0x40 }, { 384, 4, 2, 0x60 },
        { 512, 4, 1, 0x80 }, { 1024, 4, 2, 0x80 }, { 2048, 7, 2, 0x01 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Bench *b = bench_new_ram(i & 1, cases[i].mib << 20);
        uint8_t spd[64];
        unsigned sum = 0;
        read_from(b, 0x50, 0, spd, sizeof(spd));
        for (unsigned j = 0; j < 63; j++) {
            sum += spd[j];
        }
        g_assert_cmphex(spd[63], ==, sum & 0xff);
        g_assert_cmphex(spd[0], ==, 128);
        g_assert_cmphex(spd[2], ==, cases[i].type);
        g_assert_cmphex(spd[5], ==, cases[i].rows);
        g_assert_cmphex(spd[31], ==, cases[i].density);
        bench_free(b);
    }
}

static void test_write(void)
{
    Bench *b = bench_new(false);
    uint8_t buf[8];
    start(b);
    g_assert_true(send(b, 0x56 << 1));
    g_assert_true(send(b, 0x10));
    for (unsigned i = 0; i < 9; i++) {
        g_assert_true(send(b, (uint8_t)(0xa0 + i)));
    }
    stop(b);
    read_from(b, 0x56, 0x10, buf, 8);
    g_assert_cmphex(buf[0], ==, 0xa8);      /* the ninth wrapped inside the page */
    g_assert_cmphex(buf[7], ==, 0xa7);
    read_from(b, 0x56, 0x18, buf, 1);
    g_assert_cmphex(buf[0], ==, 0xff);
    /* The module's EEPROM is protected. */
    start(b);
    g_assert_true(send(b, 0x50 << 1));
    g_assert_true(send(b, 0));
    send(b, 0);
    stop(b);
    read_from(b, 0x50, 0, buf, 1);
    g_assert_cmphex(buf[0], ==, 128);
    bench_free(b);
}

static void test_nobody(void)
{
    Bench *b = bench_new(true);
    start(b);
    g_assert_false(send(b, 0x42 << 1));
    g_assert_false(send(b, 0));
    stop(b);
    g_assert_cmphex(phys_read(b, I2C_INP, 4), ==, 3);
    /* Saved in the middle of a byte, it goes on where it was. */
    start(b);
    for (unsigned i = 0; i < 5; i++) {
        clock_bit(b, 0xa0 & (0x80 >> i));
    }
    check_round_trip(bench_device(b, "malta-fpga"));
    for (unsigned i = 5; i < 8; i++) {
        clock_bit(b, 0xa0 & (0x80 >> i));
    }
    g_assert_false(clock_bit(b, true));
    stop(b);
    bench_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/i2c/spd", test_spd);
    g_test_add_func("/i2c/write", test_write);
    g_test_add_func("/i2c/nobody", test_nobody);
    return g_test_run();
}
