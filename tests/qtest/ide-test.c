/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ATA and ATAPI drives on the PIIX4's cables: ATA/ATAPI-6 chapters 8 and 9, 82371AB chapter 5. */
#include "client.h"

#include <string.h>
#include <unistd.h>

enum { DATA = 0x1f0, ERROR = 0x1f1, COUNT = 0x1f2, LOW = 0x1f3, MID = 0x1f4, HIGH = 0x1f5, DEVICE = 0x1f6,
       STATUS = 0x1f7, CONTROL = 0x3f6 };
enum { ERR = 1, DRQ = 8, DRDY = 0x40, BSY = 0x80 };

#define MASTER 0x1100
#define TABLE 0x8000u
#define MEMORY 0x10000u
#define SECTOR 512u
#define DISK_SECTORS 2048u
#define CD_BLOCKS 64u

static uint8_t status(QTest *q)
{
    uint8_t value = qt_in(q, CONTROL);
    for (int i = 0; i < 5000 && (value & BSY); i++) {
        g_usleep(1000);
        value = qt_in(q, CONTROL);
    }
    g_assert_cmphex(value & BSY, ==, 0);
    return value;
}

static void enable(QTest *q)
{
    pci_write(q, 10, 1, 0x40, 0x80008000);
    pci_write(q, 10, 1, 0x20, MASTER);
    pci_write(q, 10, 1, 0x04, 0x00000005);
}

static void command(QTest *q, uint8_t device, uint32_t lba, unsigned count, uint8_t code)
{
    qt_out(q, DEVICE, (uint8_t)(0xe0 | device << 4 | lba >> 24));
    qt_out(q, COUNT, (uint8_t)count);
    qt_out(q, LOW, (uint8_t)lba);
    qt_out(q, MID, (uint8_t)(lba >> 8));
    qt_out(q, HIGH, (uint8_t)(lba >> 16));
    qt_out(q, STATUS, code);
}

/* The data register of a cable; its bytes come in order whatever the CPU is. */
static uint16_t data_in(QTest *q, unsigned port)
{
    uint16_t value = (uint16_t)qt_read(q, QT_IO + port, 2);
    return qt_big(q) ? GUINT16_SWAP_LE_BE(value) : value;
}

static void data_out(QTest *q, unsigned port, unsigned value)
{
    qt_write(q, QT_IO + port, qt_big(q) ? GUINT16_SWAP_LE_BE((uint16_t)value) : value, 2);
}

static uint16_t word(QTest *q)
{
    return data_in(q, DATA);
}

static void read_words(QTest *q, uint16_t *to, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        to[i] = word(q);
    }
}

/* Word 0 of sector n of the disk, and block n of the CD, has n in it. */
static void test_identify(QTest *q)
{
    uint16_t id[256];
    enable(q);
    command(q, 0, 0, 0, 0xec);
    g_assert_cmphex(status(q), ==, DRDY | 0x10 | DRQ);
    read_words(q, id, 256);
    g_assert_cmphex(status(q) & DRQ, ==, 0);
    g_assert_cmphex(id[0], ==, 0x0040);
    g_assert_cmpuint(id[60] | (uint32_t)id[61] << 16, ==, DISK_SECTORS);
    g_assert_cmpuint(id[100], ==, DISK_SECTORS);
    g_assert_cmphex(id[10], ==, 'a' << 8 | 'b');            /* serial=abc */
    g_assert_cmphex(id[11], ==, 'c' << 8 | ' ');
    g_assert_cmphex(id[83] & 0x0400, ==, 0x0400);
    command(q, 1, 0, 0, 0xec);                              /* nobody there: drive 0 answers for it */
    g_assert_cmphex(qt_in(q, STATUS), ==, 0);
}

static void test_pio(QTest *q)
{
    uint16_t buf[512];
    enable(q);
    command(q, 0, 5, 2, 0x20);
    for (unsigned s = 0; s < 2; s++) {
        g_assert_cmphex(status(q) & DRQ, ==, DRQ);
        read_words(q, buf, 256);
        g_assert_cmpuint(buf[0], ==, 5 + s);
    }
    g_assert_cmphex(status(q), ==, DRDY | 0x10);
    command(q, 0, 7, 1, 0x30);
    g_assert_cmphex(status(q) & DRQ, ==, DRQ);
    for (unsigned i = 0; i < 256; i++) {
        data_out(q, DATA, 0x1234 + i);
    }
    g_assert_cmphex(status(q), ==, DRDY | 0x10);
    command(q, 0, 0, 0, 0xe7);
    g_assert_cmphex(status(q), ==, DRDY | 0x10);
    command(q, 0, 7, 2, 0xc4);                              /* both sectors in one block */
    g_assert_cmphex(status(q) & DRQ, ==, DRQ);
    read_words(q, buf, 512);
    g_assert_cmphex(buf[1], ==, 0x1235);
    g_assert_cmpuint(buf[256], ==, 8);
    g_assert_cmphex(status(q), ==, DRDY | 0x10);
}

static void test_errors(QTest *q)
{
    enable(q);
    command(q, 0, DISK_SECTORS - 1, 2, 0x20);
    g_assert_cmphex(status(q) & (ERR | DRQ), ==, ERR);
    g_assert_cmphex(qt_in(q, ERROR), ==, 0x10);             /* ID not found */
    command(q, 0, 0, 0, 0xb0);                              /* SMART is not there */
    g_assert_cmphex(status(q) & ERR, ==, ERR);
    g_assert_cmphex(qt_in(q, ERROR), ==, 0x04);
    command(q, 0, 0, 3, 0xc6);                              /* 3 is no power of two */
    g_assert_cmphex(qt_in(q, ERROR), ==, 0x04);
}

static void start_dma(QTest *q, bool to_memory, unsigned bytes)
{
    unsigned first = bytes / 2 & ~1u;
    uint32_t words[] = { MEMORY, first, MEMORY + 0x20000, (bytes - first) | 0x80000000u };
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned b = 0; b < 4; b++) {                  /* little endian in memory */
            qt_write(q, TABLE + 4 * i + b, words[i] >> (8 * b) & 0xff, 1);
        }
    }
    for (unsigned b = 0; b < 4; b++) {
        qt_out(q, MASTER + 4 + b, (uint8_t)(TABLE >> (8 * b)));
    }
    qt_out(q, MASTER + 2, 0x06);
    qt_out(q, MASTER, (uint8_t)((to_memory ? 8 : 0) | 1));
}

static unsigned byte(QTest *q, uint32_t addr)
{
    return (unsigned)qt_read(q, addr, 1);
}

static void test_dma(QTest *q)
{
    qt_listen_in(q, "isa-i8259", 0);
    enable(q);
    command(q, 0, 20, 4, 0xc8);
    start_dma(q, true, 4 * SECTOR);
    g_assert_cmphex(status(q), ==, DRDY | 0x10);
    g_assert_cmphex(qt_in(q, MASTER + 2) & 0x07, ==, 0x04); /* interrupt, and idle: the table was used up */
    g_assert_true(qt_level(q, 14));
    g_assert_cmphex(qt_in(q, STATUS) & ERR, ==, 0);
    g_assert_false(qt_level(q, 14));
    g_assert_cmpuint(byte(q, MEMORY), ==, 20);
    g_assert_cmpuint(byte(q, MEMORY + SECTOR), ==, 21);
    g_assert_cmpuint(byte(q, MEMORY + 0x20000 + SECTOR), ==, 23);
    qt_out(q, MASTER, 0);
    /* Write what was read elsewhere, with 48 bits of address. */
    qt_out(q, COUNT, 0);
    qt_out(q, LOW, 0);
    qt_out(q, MID, 0);
    qt_out(q, HIGH, 0);
    command(q, 0, 100, 4, 0x35);
    start_dma(q, false, 4 * SECTOR);
    g_assert_cmphex(status(q), ==, DRDY | 0x10);
    qt_out(q, MASTER, 0);
    command(q, 0, 103, 1, 0x20);
    status(q);
    g_assert_cmpuint(word(q), ==, 23);
}

/* A table that is too short, one that points nowhere, a direction that is not the drive's. */
static void test_bad_tables(QTest *q)
{
    enable(q);
    command(q, 0, 20, 8, 0xc8);
    start_dma(q, true, 4 * SECTOR);
    g_usleep(20000);
    g_assert_cmphex(qt_in(q, MASTER + 2) & 0x05, ==, 0);    /* idle, no interrupt: the drive wants more */
    qt_out(q, MASTER, 0);
    start_dma(q, true, 4 * SECTOR);
    g_assert_cmphex(status(q), ==, DRDY | 0x10);
    g_assert_cmpuint(byte(q, MEMORY), ==, 24);
    qt_out(q, MASTER, 0);
    command(q, 0, 20, 1, 0xc8);
    qt_out(q, MASTER + 7, 0x70);                            /* a table where nothing is */
    qt_out(q, MASTER + 2, 0x06);
    qt_out(q, MASTER, 9);
    g_assert_cmphex(qt_in(q, MASTER + 2) & 0x03, ==, 0x02);
    qt_out(q, MASTER, 0);
    command(q, 0, 20, 1, 0xc8);
    start_dma(q, false, SECTOR);
    g_assert_cmphex(qt_in(q, MASTER + 2) & 0x01, ==, 0x01);
    qt_out(q, CONTROL, 0x04);                               /* a soft reset ends it */
    qt_out(q, CONTROL, 0x00);
    g_assert_cmphex(status(q), ==, DRDY | 0x10);
    g_assert_cmphex(qt_in(q, ERROR), ==, 0x01);
}

/* TRIM whose table ends before its block does: what an earlier command has left in the buffer is no list. */
static void test_short_trim(QTest *q)
{
    enable(q);
    command(q, 0, 7, 1, 0x30);
    status(q);
    for (unsigned i = 0; i < 256; i++) {
        data_out(q, DATA, i % 4 == 0 ? 50 : i % 4 == 3 ? 1 : 0);    /* one sector from 50 */
    }
    status(q);
    qt_out(q, ERROR, 1);
    qt_out(q, COUNT, 0);
    command(q, 0, 0, 1, 0x06);
    start_dma(q, false, SECTOR / 2);
    status(q);
    qt_out(q, MASTER, 0);
    command(q, 0, 50, 1, 0x20);
    status(q);
    g_assert_cmpuint(word(q), ==, 50);
    command(q, 0, 0, 0, 0xe7);
    /* And a whole one: sector 52. */
    for (unsigned i = 0; i < SECTOR / 2; i++) {
        qt_write(q, MEMORY + i, i == 0 ? 52 : i == 6, 1);
        qt_write(q, MEMORY + 0x20000 + i, 0, 1);
    }
    qt_out(q, ERROR, 1);
    qt_out(q, COUNT, 0);
    command(q, 0, 0, 1, 0x06);
    start_dma(q, false, SECTOR);
    g_assert_cmphex(status(q), ==, DRDY | 0x10);
    qt_out(q, MASTER, 0);
    command(q, 0, 52, 1, 0x20);
    status(q);
    g_assert_cmpuint(word(q), ==, 0);
}

static void packet(QTest *q, const uint8_t *cdb, unsigned limit)
{
    qt_out(q, 0x176, 0xa0);
    qt_out(q, 0x171, 0);
    qt_out(q, 0x174, (uint8_t)limit);
    qt_out(q, 0x175, (uint8_t)(limit >> 8));
    qt_out(q, 0x177, 0xa0);
    for (unsigned i = 0; i < 12; i += 2) {
        data_out(q, 0x170, cdb[i] | (unsigned)cdb[i + 1] << 8);
    }
    for (int i = 0; i < 5000 && (qt_in(q, 0x376) & BSY); i++) {
        g_usleep(1000);
    }
}

static void test_packets(QTest *q)
{
    static const uint8_t ready[12] = { 0x00 }, sense[12] = { 0x03, 0, 0, 0, 18 };
    static const uint8_t inquiry[12] = { 0x12, 0, 0, 0, 36 }, read[12] = { 0x28, 0, 0, 0, 0, 3, 0, 0, 2 };
    static const uint8_t bad[12] = { 0x28, 0, 0, 0, 0, CD_BLOCKS, 0, 0, 1 };
    enable(q);
    qt_out(q, 0x176, 0xa0);
    g_assert_cmphex(qt_in(q, 0x174), ==, 0x14);             /* the signature of a packet device */
    g_assert_cmphex(qt_in(q, 0x175), ==, 0xeb);
    packet(q, ready, 0);
    g_assert_cmphex(qt_in(q, 0x376) & ERR, ==, 0);
    packet(q, inquiry, 512);
    g_assert_cmpuint(qt_in(q, 0x174), ==, 36);
    g_assert_cmphex(data_in(q, 0x170), ==, 0x8005);
    packet(q, read, 2048);
    for (unsigned block = 3; block < 5; block++) {
        g_assert_cmpuint(qt_in(q, 0x174) | qt_in(q, 0x175) << 8, ==, 2048);
        for (unsigned i = 0; i < 1024; i++) {
            unsigned value = data_in(q, 0x170);
            g_assert_cmpuint(i ? block : value, ==, block);
        }
    }
    g_assert_cmphex(qt_in(q, 0x376) & (DRQ | ERR), ==, 0);
    packet(q, bad, 2048);
    g_assert_cmphex(qt_in(q, 0x376) & ERR, ==, ERR);
    g_assert_cmphex(qt_in(q, 0x171) >> 4, ==, 5);           /* illegal request */
    packet(q, sense, 512);
    uint16_t data[9];
    for (unsigned i = 0; i < 9; i++) {
        data[i] = data_in(q, 0x170);
    }
    g_assert_cmphex(data[1] & 0xff, ==, 5);
    g_assert_cmphex(data[6], ==, 0x0021);
}

static char *image(unsigned count, unsigned size)
{
    char *path;
    g_autofree char *data = g_malloc0((gsize)count * size);
    for (unsigned i = 0; i < count; i++) {
        data[(gsize)i * size] = (char)i;
        data[(gsize)i * size + 1] = (char)(i >> 8);
    }
    close(g_file_open_tmp("valletta-ide-XXXXXX", &path, NULL));
    g_assert_true(g_file_set_contents(path, data, (gssize)count * size, NULL));
    return path;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *disk = image(DISK_SECTORS, SECTOR), *cd = image(CD_BLOCKS, 2048);
    g_autofree char *hd = g_strdup_printf("-drive file=%s,format=raw,if=none,id=d "
                                          "-device ide-hd,drive=d,serial=abc", disk);
    g_autofree char *trimmed = g_strdup_printf("-drive file=%s,format=raw,if=none,id=d,discard=unmap "
                                               "-device ide-hd,drive=d", disk);
    g_autofree char *cdrom = g_strdup_printf("-drive file=%s,format=raw,media=cdrom,index=2", cd);
    qt_add("/ide/identify", hd, test_identify);
    qt_add("/ide/pio", hd, test_pio);
    qt_add("/ide/errors", hd, test_errors);
    qt_add("/ide/dma", hd, test_dma);
    qt_add("/ide/bad-tables", hd, test_bad_tables);
    qt_add("/ide/short-trim", trimmed, test_short_trim);
    qt_add("/ide/packets", cdrom, test_packets);
    int result = g_test_run();
    unlink(disk);
    unlink(cd);
    return result;
}
