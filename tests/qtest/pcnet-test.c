/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCnet in slot 11: registers, initialization block, rings of each style, filters, loopback. */
#include <string.h>
#include <zlib.h>
#include "util/bits.h"
#include "wire.h"

#define IO    0x1000u
#define INIT  0x10000u
#define RX    0x20000u      /* rings */
#define TX    0x30000u
#define RXBUF 0x40000u      /* buffer n at + n * 0x1000 */
#define TXBUF 0x80000u
#define RINGS 4u            /* descriptors: 2^2 */

static const uint8_t own_mac[6] = { 0x52, 0x54, 0x00, 0x01, 0x02, 0x03 };

/* ---- registers, 16 bits wide ---- */

static uint16_t csr(QTest *q, unsigned n)
{
    le_write(q, QT_IO + IO + 0x12, n, 2);
    return (uint16_t)le_read(q, QT_IO + IO + 0x10, 2);
}

static void set_csr(QTest *q, unsigned n, uint16_t value)
{
    le_write(q, QT_IO + IO + 0x12, n, 2);
    le_write(q, QT_IO + IO + 0x10, value, 2);
}

static uint16_t bcr(QTest *q, unsigned n)
{
    le_write(q, QT_IO + IO + 0x12, n, 2);
    return (uint16_t)le_read(q, QT_IO + IO + 0x16, 2);
}

static void set_bcr(QTest *q, unsigned n, uint16_t value)
{
    le_write(q, QT_IO + IO + 0x12, n, 2);
    le_write(q, QT_IO + IO + 0x16, value, 2);
}

static void enable(QTest *q)
{
    wire_enable(q, IO, 0, 0x12000000, 1);
}

/* ---- rings ---- */

static unsigned style;

static uint64_t desc(unsigned base, unsigned n)
{
    return base + n * (style ? 16 : 8);
}

static void put_desc(QTest *q, unsigned base, unsigned n, uint32_t buffer, unsigned flags, unsigned size)
{
    unsigned count = (0u - size) & 0xfff;
    if (style == 0) {
        ram_put(q, desc(base, n), 4, (uint32_t)flags << 16 | buffer);
        ram_put(q, desc(base, n) + 4, 4, 0xf000 | count);
        return;
    }
    ram_put(q, desc(base, n) + (style == 3 ? 8 : 0), 4, buffer);
    ram_put(q, desc(base, n) + (style == 3 ? 0 : 8), 4, 0);
    ram_put(q, desc(base, n) + 4, 4, (uint32_t)flags << 16 | 0xf000 | count);
}

/* The upper byte of the flags, where OWN, ERR, STP and ENP are. */
static unsigned flags_of(QTest *q, unsigned base, unsigned n)
{
    return (unsigned)ram_get(q, desc(base, n) + (style ? 7 : 3), 1) << 8;
}

static unsigned message_count(QTest *q, unsigned n)
{
    return (unsigned)ram_get(q, desc(RX, n) + (style == 0 ? 6 : style == 3 ? 0 : 8), 2) & 0xfff;
}

static void init(QTest *q, unsigned mode, uint64_t filter)
{
    unsigned at = INIT;
    set_csr(q, 0, 4);
    set_bcr(q, 20, (uint16_t)style);
    if (style == 0) {
        ram_put(q, at, 2, mode);
        ram_write(q, at + 2, own_mac, 6);
        ram_put(q, at + 8, 8, filter);
        ram_put(q, at + 16, 4, 2u << 29 | RX);
        ram_put(q, at + 20, 4, 2u << 29 | TX);
    } else {
        ram_put(q, at, 4, 2u << 28 | 2u << 20 | mode);
        ram_write(q, at + 4, own_mac, 6);
        ram_put(q, at + 12, 8, filter);
        ram_put(q, at + 20, 4, RX);
        ram_put(q, at + 24, 4, TX);
    }
    for (unsigned n = 0; n < RINGS; n++) {
        put_desc(q, RX, n, RXBUF + n * 0x1000, 0x8000, 0x600);
        put_desc(q, TX, n, 0, 0, 0x600);
    }
    set_csr(q, 1, INIT & 0xffff);
    set_csr(q, 2, INIT >> 16);
    set_csr(q, 0, 1);
    g_assert_cmphex(csr(q, 0), ==, 0x0181);         /* IDON, INTR, INIT */
    set_csr(q, 0, 0x0142);                          /* IDON is cleared; IENA, STRT */
    g_assert_cmphex(csr(q, 0) & ~0x0080, ==, 0x0073);
}

static void fill(uint8_t *frame, size_t len, const uint8_t *to, unsigned seed)
{
    for (size_t i = 0; i < len; i++) {
        frame[i] = (uint8_t)(i * 7 + seed);
    }
    memcpy(frame, to, 6);
}

static bool wait_for(QTest *q, unsigned bit)
{
    for (unsigned i = 0; i < 1000; i++) {
        if (csr(q, 0) & bit) {
            return true;
        }
        g_usleep(2000);
    }
    return false;
}

/* The frame in receive buffer n, with its check sequence. */
static void expect_received(QTest *q, unsigned n, const uint8_t *frame, size_t len)
{
    uint8_t got[2048];
    size_t padded = MAX(len, 60);
    g_assert_cmphex(flags_of(q, RX, n) & 0xff00, ==, 0x0300);
    g_assert_cmpuint(message_count(q, n), ==, padded + 4);
    ram_read(q, RXBUF + n * 0x1000, got, padded + 4);
    g_assert_cmpint(memcmp(got, frame, len), ==, 0);
    g_assert_cmphex(load_le(got + padded, 4), ==, crc32(0, got, (uInt)padded));
}

/* ---- tests ---- */

static void test_registers(QTest *q, Wire *w)
{
    static const uint8_t signature[] = { 'W', 'W' };
    uint8_t prom[16];
    unsigned sum = 0;
    g_assert_cmphex(pci_read(q, 11, 0, 0), ==, 0x20001022);
    g_assert_cmphex(pci_read(q, 11, 0, 8) >> 16, ==, 0x0200);
    pci_write(q, 11, 0, 0x10, 0xffffffff);
    pci_write(q, 11, 0, 0x14, 0xffffffff);
    g_assert_cmphex(pci_read(q, 11, 0, 0x10), ==, 0xffffffe1);
    g_assert_cmphex(pci_read(q, 11, 0, 0x14), ==, 0xffffffe0);
    enable(q);
    for (unsigned i = 0; i < 16; i++) {
        prom[i] = (uint8_t)le_read(q, QT_IO + IO + i, 1);
        sum += i == 12 || i == 13 ? 0 : prom[i];
    }
    g_assert_cmpint(memcmp(prom, own_mac, 6), ==, 0);
    g_assert_cmpint(memcmp(prom + 14, signature, 2), ==, 0);
    g_assert_cmpuint(prom[12] | prom[13] << 8, ==, sum);
    le_read(q, QT_IO + IO + 0x14, 2);                   /* reset */
    g_assert_cmphex(csr(q, 0), ==, 0x0004);
    g_assert_cmphex(le_read(q, QT_IO + IO + 0x12, 2), ==, 0);
    set_csr(q, 88, 0);
    g_assert_cmphex(le_read(q, QT_IO + IO + 0x12, 2), ==, 88);
    g_assert_cmphex(csr(q, 88) | (uint32_t)csr(q, 89) << 16, ==, 0x02625003);
    g_assert_cmphex(csr(q, 12) | (uint32_t)csr(q, 13) << 16, ==, load_le(own_mac, 4));
    g_assert_cmphex(bcr(q, 4), ==, 0x80c0);             /* link */
    set_bcr(q, 33, 0x1e << 5 | 1);
    g_assert_cmphex(bcr(q, 34) & 0x0024, ==, 0x0024);   /* link, negotiated */
    set_bcr(q, 33, 3 << 5 | 1);
    g_assert_cmphex(bcr(q, 34), ==, 0xffff);
    set_bcr(q, 20, 2);
    g_assert_cmphex(bcr(q, 20), ==, 0x0302);
    /* A double word at RDP switches to the wide layout, also of the memory BAR. */
    le_write(q, QT_IO + IO + 0x10, 0, 4);
    le_write(q, QT_IO + IO + 0x14, 88, 4);
    g_assert_cmphex(le_read(q, QT_IO + IO + 0x10, 4), ==, 0x5003);
    le_write(q, 0x12000014, 89, 4);
    g_assert_cmphex(le_read(q, 0x12000010, 4), ==, 0x0262);
    le_read(q, QT_IO + IO + 0x18, 4);
    g_assert_cmphex(le_read(q, QT_IO + IO + 0x14, 4), ==, 0);
    qt_reset(q);
    enable(q);
    g_assert_cmphex(csr(q, 88), ==, 0x5003);            /* words again */
}

static void test_init(QTest *q, Wire *w)
{
    enable(q);
    for (style = 0; style <= 3; style++) {
        init(q, 0, UINT64_C(0x8877665544332211));
        g_assert_cmphex(csr(q, 76), ==, 0xfffc);
        g_assert_cmphex(csr(q, 78), ==, 0xfffc);
        g_assert_cmphex(csr(q, 24) | (uint32_t)csr(q, 25) << 16, ==, RX);
        g_assert_cmphex(csr(q, 30) | (uint32_t)csr(q, 31) << 16, ==, TX);
        g_assert_cmphex(csr(q, 11), ==, 0x8877);
        set_csr(q, 24, 0);                              /* not while it runs */
        g_assert_cmphex(csr(q, 24), ==, RX & 0xffff);
        set_csr(q, 0, 4);
        g_assert_cmphex(csr(q, 0), ==, 0x0004);
        set_csr(q, 24, 0x40);
        g_assert_cmphex(csr(q, 24), ==, 0x40);
    }
    /* A block that is no memory, and one while mastership is off. */
    set_csr(q, 1, 0);
    set_csr(q, 2, 0x1f00);
    set_csr(q, 0, 1);
    g_assert_cmphex(csr(q, 0) & 0x8901, ==, 0x8801);
    set_csr(q, 0, 4);
    pci_write(q, 11, 0, 0x04, 3);
    set_csr(q, 2, INIT >> 16);
    set_csr(q, 0, 1);
    g_assert_cmphex(csr(q, 0) & 0x8901, ==, 0x8801);
}

static void test_transmit(QTest *q, Wire *w)
{
    uint8_t frame[1514], got[65536];
    static const uint8_t to[6] = { 2, 0, 0, 0, 0, 9 };
    enable(q);
    for (style = 0; style <= 3; style++) {
        init(q, 0, 0);
        fill(frame, sizeof(frame), to, style);
        ram_write(q, TXBUF, frame, sizeof(frame));
        put_desc(q, TX, 1, TXBUF + 700, 0x8100, 814);   /* ENP */
        put_desc(q, TX, 0, TXBUF, 0x8200, 700);         /* STP */
        set_csr(q, 0, 0x0048);
        g_assert_cmpint(wire_receive(w, got, 5000), ==, 1514);
        g_assert_cmpint(memcmp(got, frame, 1514), ==, 0);
        g_assert_cmphex(csr(q, 0) & 0x02c0, ==, 0x02c0);        /* TINT, INTR, IENA */
        g_assert_cmphex(flags_of(q, TX, 0) & 0xff00, ==, 0x0200);
        g_assert_cmphex(flags_of(q, TX, 1) & 0xff00, ==, 0x0100);
        set_csr(q, 0, 0x0240);
        g_assert_cmphex(csr(q, 0) & 0x0280, ==, 0);
        /* Short: as it is, or padded with APAD_XMT; without TDMD the ring is polled. */
        set_csr(q, 4, 0x0115 | 0x0800);
        put_desc(q, TX, 2, TXBUF, 0x8300, 20);
        qt_step(q, 100000000);
        g_assert_cmpint(wire_receive(w, got, 5000), ==, 60);
        set_csr(q, 4, 0x0115);
        put_desc(q, TX, 3, TXBUF, 0x8300, 20);
        set_csr(q, 0, 0x0048);
        g_assert_cmpint(wire_receive(w, got, 5000), ==, 20);
        /* A frame whose rest is not there: underflow, and the transmitter is off. */
        put_desc(q, TX, 0, TXBUF, 0x8200, 100);
        set_csr(q, 0, 0x0048);
        g_assert_cmphex(flags_of(q, TX, 0) & 0xc000, ==, 0x4000);
        g_assert_cmphex(csr(q, 0) & 0x0010, ==, 0);
        g_assert_cmpint(wire_receive(w, got, 20), ==, -1);
    }
}

static void test_receive(QTest *q, Wire *w)
{
    static const uint8_t everybody[6] = { 255, 255, 255, 255, 255, 255 }, other[6] = { 2, 0, 0, 0, 0, 9 };
    uint8_t frame[1514];
    enable(q);
    for (style = 0; style <= 3; style++) {
        init(q, 0, 0);
        fill(frame, sizeof(frame), other, 1);
        wire_send(w, frame, 100);                       /* for somebody else */
        fill(frame, sizeof(frame), own_mac, 2);
        wire_send(w, frame, sizeof(frame));
        g_assert_true(wait_for(q, 0x0400));
        expect_received(q, 0, frame, sizeof(frame));
        g_assert_cmphex(csr(q, 0) & 0x04c0, ==, 0x04c0);
        set_csr(q, 0, 0x0440);
        fill(frame, sizeof(frame), everybody, 3);
        wire_send(w, frame, 42);
        g_assert_true(wait_for(q, 0x0400));
        expect_received(q, 1, frame, 42);
        /* Over two buffers. */
        put_desc(q, RX, 2, RXBUF + 0x2000, 0x8000, 0x300);
        set_csr(q, 0, 0x0440);
        fill(frame, sizeof(frame), own_mac, 4);
        wire_send(w, frame, 1000);
        g_assert_true(wait_for(q, 0x0400));
        g_assert_cmphex(flags_of(q, RX, 2) & 0xff00, ==, 0x0200);
        g_assert_cmphex(flags_of(q, RX, 3) & 0xff00, ==, 0x0100);
        g_assert_cmpuint(message_count(q, 3), ==, 1004);
    }
}

static void test_filters(QTest *q, Wire *w)
{
    static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 1 }, other[6] = { 2, 0, 0, 0, 0, 9 };
    uint8_t frame[64];
    unsigned hash = (unsigned)(~crc32(0, group, 6) & 0xffffffff) >> 26;
    enable(q);
    style = 2;
    init(q, 0, UINT64_C(1) << hash);
    fill(frame, sizeof(frame), group, 1);
    wire_send(w, frame, 64);
    g_assert_true(wait_for(q, 0x0400));
    g_assert_cmphex(ram_get(q, desc(RX, 0) + 6, 1) & 0x70, ==, 0x20);       /* LAFM */
    init(q, 0, ~(UINT64_C(1) << hash));
    wire_send(w, frame, 64);
    fill(frame, sizeof(frame), own_mac, 1);
    wire_send(w, frame, 64);
    g_assert_true(wait_for(q, 0x0400));
    expect_received(q, 0, frame, 64);                   /* the group's was dropped */
    init(q, 0x8000, 0);                                 /* promiscuous */
    fill(frame, sizeof(frame), other, 1);
    wire_send(w, frame, 64);
    g_assert_true(wait_for(q, 0x0400));
    expect_received(q, 0, frame, 64);
}

static void test_loopback(QTest *q, Wire *w)
{
    uint8_t frame[64], got[65536];
    enable(q);
    style = 2;
    init(q, 0x0044, 0);
    fill(frame, sizeof(frame), own_mac, 9);
    ram_write(q, TXBUF, frame, sizeof(frame));
    put_desc(q, TX, 0, TXBUF, 0x8300, 64);
    set_csr(q, 0, 0x0048);
    g_assert_cmphex(csr(q, 0) & 0x0600, ==, 0x0600);
    expect_received(q, 0, frame, 64);
    /* Software's own check sequence, which is wrong. */
    init(q, 0x004c, 0);
    put_desc(q, TX, 0, TXBUF, 0x8300, 64);
    set_csr(q, 0, 0x0048);
    g_assert_cmphex(flags_of(q, RX, 0), ==, 0x4b00);    /* ERR, CRC, STP, ENP */
    /* Without a buffer it is missed, and counted. */
    init(q, 0x0044, 0);
    put_desc(q, RX, 0, RXBUF, 0, 0x600);
    put_desc(q, TX, 0, TXBUF, 0x8300, 64);
    set_csr(q, 0, 0x0048);
    g_assert_cmphex(csr(q, 0) & 0x9400, ==, 0x9000);    /* ERR, MISS */
    g_assert_cmphex(csr(q, 112), ==, 1);
    g_assert_cmpint(wire_receive(w, got, 20), ==, -1);
}

/* With BSWP frames lie in memory with each double word turned round; descriptors do not. */
static void test_swap(QTest *q, Wire *w)
{
    uint8_t frame[64], turned[68], got[65536];
    enable(q);
    style = 2;
    init(q, 0, 0);
    set_csr(q, 3, 4);
    fill(frame, sizeof(frame), own_mac, 5);
    for (unsigned i = 0; i < 64; i++) {
        turned[i ^ 3] = frame[i];
    }
    ram_write(q, TXBUF, turned, 64);
    put_desc(q, TX, 0, TXBUF, 0x8300, 64);
    set_csr(q, 0, 0x0048);
    g_assert_cmpint(wire_receive(w, got, 5000), ==, 64);
    g_assert_cmpint(memcmp(got, frame, 64), ==, 0);
    wire_send(w, frame, 64);
    g_assert_true(wait_for(q, 0x0400));
    g_assert_cmpuint(message_count(q, 0), ==, 68);
    ram_read(q, RXBUF, got, 64);
    g_assert_cmpint(memcmp(got, turned, 64), ==, 0);
}

/* Frames wait while there is no buffer. */
static void test_waiting(QTest *q, Wire *w)
{
    uint8_t frame[64];
    enable(q);
    style = 2;
    init(q, 0, 0);
    for (unsigned n = 0; n < RINGS; n++) {
        put_desc(q, RX, n, RXBUF + n * 0x1000, 0, 0x600);
    }
    for (unsigned i = 0; i < 3; i++) {
        fill(frame, sizeof(frame), own_mac, i);
        wire_send(w, frame, sizeof(frame));
    }
    g_usleep(50000);
    g_assert_cmphex(csr(q, 0) & 0x1400, ==, 0);
    for (unsigned n = 0; n < RINGS; n++) {
        put_desc(q, RX, n, RXBUF + n * 0x1000, 0x8000, 0x600);
    }
    qt_step(q, 10000000);
    g_assert_true(wait_for(q, 0x0400));
    for (unsigned i = 0; i < 3; i++) {
        fill(frame, sizeof(frame), own_mac, i);
        expect_received(q, i, frame, sizeof(frame));
    }
}

/* Suspended, the rings stand still and may be looked at; then they go on. */
static void test_suspend(QTest *q, Wire *w)
{
    uint8_t frame[64], got[65536];
    enable(q);
    style = 2;
    init(q, 0, 0);
    set_csr(q, 5, 1);
    g_assert_cmphex(csr(q, 5), ==, 1);
    fill(frame, sizeof(frame), own_mac, 1);
    ram_write(q, TXBUF, frame, sizeof(frame));
    put_desc(q, TX, 0, TXBUF, 0x8300, 64);
    set_csr(q, 0, 0x0048);
    wire_send(w, frame, sizeof(frame));
    g_assert_cmpint(wire_receive(w, got, 50), ==, -1);
    g_assert_cmphex(csr(q, 0) & 0x0600, ==, 0);
    set_csr(q, 5, 0);
    g_assert_cmpint(wire_receive(w, got, 5000), ==, 64);
    g_assert_true(wait_for(q, 0x0400));
    expect_received(q, 0, frame, 64);
}

static void set_link(QTest *q, const char *name, bool up)
{
    g_autofree char *command = g_strdup_printf("{\"execute\": \"set_link\", \"arguments\": {\"name\": "
        "\"%s\", \"up\": %s}}", name, up ? "true" : "false");
    json_node_unref(qt_qmp(q, command));
}

static void test_link(QTest *q, Wire *w)
{
    enable(q);
    set_link(q, "n", false);
    g_assert_cmphex(bcr(q, 4), ==, 0x00c0);
    set_link(q, "pcnet.0", true);
    set_link(q, "n", true);
    set_bcr(q, 33, 0x1e << 5 | 1);
    g_assert_cmphex(bcr(q, 34) & 4, ==, 0);             /* it was down since the last look */
    g_assert_cmphex(bcr(q, 34) & 4, ==, 4);
    json_node_unref(qt_qmp(q, "{\"execute\": \"netdev_del\", \"arguments\": {\"id\": \"n\"}}"));
    g_assert_cmphex(bcr(q, 4), ==, 0x00c0);
}

/* Rings that a guest should not make: each end of the work is near. */
static void test_hostile(QTest *q, Wire *w)
{
    enable(q);
    style = 2;
    init(q, 0, 0);
    set_csr(q, 0, 4);
    set_csr(q, 30, 0);
    set_csr(q, 31, 0x1e00);             /* flash: all ones, and cannot be handed back */
    set_csr(q, 78, 1);                  /* 65535 descriptors */
    set_csr(q, 0, 0x0042);
    g_assert_cmphex(csr(q, 0) & 0x8810, ==, 0x8800);
    init(q, 0, 0);
    for (unsigned n = 0; n < RINGS; n++) {              /* one frame without an end */
        put_desc(q, TX, n, TXBUF, n ? 0x8000 : 0x8200, 4096);
    }
    set_csr(q, 0, 0x0048);
    g_assert_cmphex(csr(q, 0) & 0x0010, ==, 0);
    g_assert_cmphex(csr(q, 88), ==, 0x5003);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    wire_add("/pcnet/registers", "pcnet", test_registers);
    wire_add("/pcnet/init", "pcnet", test_init);
    wire_add("/pcnet/transmit", "pcnet", test_transmit);
    wire_add("/pcnet/receive", "pcnet", test_receive);
    wire_add("/pcnet/filters", "pcnet", test_filters);
    wire_add("/pcnet/loopback", "pcnet", test_loopback);
    wire_add("/pcnet/swap", "pcnet", test_swap);
    wire_add("/pcnet/waiting", "pcnet", test_waiting);
    wire_add("/pcnet/suspend", "pcnet", test_suspend);
    wire_add("/pcnet/link", "pcnet", test_link);
    wire_add("/pcnet/hostile", "pcnet", test_hostile);
    return g_test_run();
}
