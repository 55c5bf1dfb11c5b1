/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82371AB's SMBus host controller: data sheet section 7.3, with the memory module's EEPROM at 0x50. */
#include "client.h"

#define SMB (QT_IO + 0x1180)
#define EEPROM 0x50

enum { STS, SLV_STS, CNT, CMD, ADD, DAT0, DAT1, BLK };
enum { INTER = 2, DEV_ERR = 4, FAILED = 0x10 };
enum { QUICK, BYTE, BYTE_DATA, WORD_DATA, ILLEGAL, BLOCK };

static unsigned in(QTest *q, unsigned reg)
{
    return (unsigned)qt_read(q, SMB + reg, 1);
}

static void out(QTest *q, unsigned reg, unsigned value)
{
    qt_write(q, SMB + reg, value, 1);
}

static void enable(QTest *q, unsigned config)
{
    pci_write(q, 10, 3, 0x90, 0x1180);
    pci_write(q, 10, 3, 0xd0, config << 16);
    pci_write(q, 10, 3, 0x04, 1);
    g_assert_cmphex(pci_read(q, 10, 3, 0x90), ==, 0x1181);
}

/* Starts a transaction and gives what the status is then, which is cleared. */
static unsigned run(QTest *q, unsigned address, bool read, unsigned protocol, unsigned command)
{
    out(q, ADD, address << 1 | read);
    out(q, CMD, command);
    out(q, CNT, 0x40 | protocol << 2);
    unsigned status = in(q, STS);
    out(q, STS, status);
    g_assert_cmphex(in(q, STS), ==, 0);
    g_assert_cmphex(in(q, CNT), ==, protocol << 2);
    return status;
}

static void test_place(QTest *q)
{
    g_assert_cmphex(pci_read(q, 10, 3, 0x90), ==, 1);
    enable(q, 1);
    g_assert_cmphex(in(q, STS), ==, 0);
    out(q, DAT0, 0x5a);
    g_assert_cmphex(in(q, DAT0), ==, 0x5a);
    pci_write(q, 10, 3, 0x04, 0);               /* I/O space off */
    g_assert_cmphex(in(q, DAT0), ==, 0xff);
    pci_write(q, 10, 3, 0x04, 1);
    pci_write(q, 10, 3, 0xd0, 0);               /* the host controller off: nothing starts */
    g_assert_cmphex(run(q, EEPROM, false, QUICK, 0), ==, 0);
    pci_write(q, 10, 3, 0xd0, 0xffffffff);
    g_assert_cmphex(pci_read(q, 10, 3, 0xd0), ==, 0xff0f0000);
    g_assert_cmphex(pci_read(q, 10, 3, 0xd4), ==, 0);
}

static void test_who_is_there(QTest *q)
{
    enable(q, 1);
    for (unsigned address = 3; address < 0x78; address++) {
        unsigned expected = address == EEPROM ? INTER : DEV_ERR;
        g_assert_cmphex(run(q, address, false, QUICK, 0), ==, expected);
        g_assert_cmphex(run(q, address, true, BYTE, 0), ==, expected);
    }
    g_assert_cmphex(run(q, EEPROM, true, ILLEGAL, 0), ==, DEV_ERR);
}

static void test_spd(QTest *q)
{
    uint8_t spd[64], sum = 0;
    enable(q, 1);
    for (unsigned i = 0; i < 64; i++) {
        g_assert_cmphex(run(q, EEPROM, true, BYTE_DATA, i), ==, INTER);
        spd[i] = (uint8_t)in(q, DAT0);
        sum = (uint8_t)(sum + (i < 63 ? spd[i] : 0));
    }
    g_assert_cmphex(sum, ==, spd[63]);
    g_assert_cmpint(spd[0], ==, 128);
    g_assert_cmpint(spd[2], ==, 4);             /* SDRAM */
    /* The same in words, and byte by byte from an address that was sent before. */
    g_assert_cmphex(run(q, EEPROM, true, WORD_DATA, 2), ==, INTER);
    g_assert_cmphex(in(q, DAT0), ==, spd[2]);
    g_assert_cmphex(in(q, DAT1), ==, spd[3]);
    g_assert_cmphex(run(q, EEPROM, false, BYTE, 3), ==, INTER);
    for (unsigned i = 3; i < 8; i++) {
        g_assert_cmphex(run(q, EEPROM, true, BYTE, 0), ==, INTER);
        g_assert_cmphex(in(q, DAT0), ==, spd[i]);
    }
    /* It is protected. */
    out(q, DAT0, 0xaa);
    run(q, EEPROM, false, BYTE_DATA, 0);
    run(q, EEPROM, true, BYTE_DATA, 0);
    g_assert_cmphex(in(q, DAT0), ==, 128);
}

/* A block's first byte is its count: byte 1 of the module is 8. */
static void test_block(QTest *q)
{
    uint8_t spd[16];
    enable(q, 1);
    for (unsigned i = 0; i < sizeof(spd); i++) {
        run(q, EEPROM, true, BYTE_DATA, i);
        spd[i] = (uint8_t)in(q, DAT0);
    }
    g_assert_cmphex(run(q, EEPROM, true, BLOCK, 1), ==, INTER);
    g_assert_cmphex(in(q, DAT0), ==, 8);
    in(q, CNT);                                 /* to the block's begin */
    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmphex(in(q, BLK), ==, spd[2 + i]);
    }
    g_assert_cmphex(run(q, EEPROM, true, BLOCK, 0), ==, DEV_ERR);      /* 128 bytes are no block */
    g_assert_cmphex(run(q, EEPROM, true, BLOCK, 62), ==, DEV_ERR);     /* nor is none */
    for (unsigned count = 0; count < 256; count++) {
        out(q, DAT0, count);
        unsigned expected = count >= 1 && count <= 32 ? INTER : DEV_ERR;
        g_assert_cmphex(run(q, EEPROM, false, BLOCK, 0), ==, expected);
    }
    in(q, CNT);
    for (unsigned i = 0; i < 100; i++) {        /* its index goes round */
        out(q, BLK, i);
    }
    in(q, CNT);
    g_assert_cmphex(in(q, BLK), ==, 96);
}

static void test_interrupt(QTest *q)
{
    enable(q, 9);
    qt_listen_out(q, "PIIX4_PM", 0, NULL);
    run(q, EEPROM, false, QUICK, 0);
    g_assert_false(qt_level(q, 0));             /* not asked for */
    out(q, ADD, EEPROM << 1);
    out(q, CNT, 0x41);
    in(q, STS);
    g_assert_true(qt_level(q, 0));
    out(q, STS, INTER);
    in(q, STS);
    g_assert_false(qt_level(q, 0));
    out(q, ADD, 0x22 << 1);                     /* nobody is there: an interrupt, too */
    out(q, CNT, 0x41);
    in(q, STS);
    g_assert_true(qt_level(q, 0));
    out(q, STS, DEV_ERR);
    out(q, CNT, 0x03);                          /* KILL, and nothing starts until it is cleared */
    g_assert_cmphex(in(q, STS), ==, FAILED);
    g_assert_true(qt_level(q, 0));
    out(q, STS, FAILED);
    g_assert_false(qt_level(q, 0));
    out(q, CNT, 0x43);
    g_assert_cmphex(in(q, STS), ==, FAILED);
    out(q, STS, 0xff);
    out(q, CNT, 0x41);
    g_assert_cmphex(in(q, STS), ==, DEV_ERR);
    pci_write(q, 10, 3, 0xd0, 1 << 16);         /* SMI# instead */
    in(q, STS);
    g_assert_false(qt_level(q, 0));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/piix4-smbus/place", NULL, test_place);
    qt_add("/piix4-smbus/who-is-there", NULL, test_who_is_there);
    qt_add("/piix4-smbus/spd", NULL, test_spd);
    qt_add("/piix4-smbus/block", NULL, test_block);
    qt_add("/piix4-smbus/interrupt", NULL, test_interrupt);
    return g_test_run();
}
