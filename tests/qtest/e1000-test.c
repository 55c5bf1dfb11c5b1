/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82540EM in slot 11: EEPROM both ways, PHY, rings, checksums, segmentation, VLANs, filters, interrupts.
 * */
#include <string.h>
#include <zlib.h>
#include "util/bits.h"
#include "wire.h"

#define MEM   0x12000000u
#define IO    0x1000u
#define RX    0x20000u
#define TX    0x30000u
#define RXBUF 0x40000u
#define TXBUF 0x80000u
#define RING  8u

enum { CTRL = 0, STATUS = 8, EECD = 0x10, EERD = 0x14, MDIC = 0x20, VET = 0x38, ICR = 0xc0, ITR = 0xc4,
       ICS = 0xc8,
       IMS = 0xd0, IMC = 0xd8, RCTL = 0x100, TCTL = 0x400, RDBAL = 0x2800, RDLEN = 0x2808, RDH = 0x2810,
       RDT = 0x2818, TDBAL = 0x3800, TDLEN = 0x3808, TDH = 0x3810, TDT = 0x3818, GPRC = 0x4074, GPTC = 0x4080,
       RXCSUM = 0x5000, MTA = 0x5200, RAL = 0x5400, VFTA = 0x5600 };
enum { EOP = 1, IFCS = 2, TSE = 4, RS = 8, DEXT = 0x20, VLE = 0x40 };

static const uint8_t own_mac[6] = { 0x52, 0x54, 0x00, 0x01, 0x02, 0x03 };
static const uint8_t other_mac[6] = { 2, 0, 0, 0, 0, 9 };

static uint32_t rd(QTest *q, unsigned at)
{
    return (uint32_t)le_read(q, MEM + at, 4);
}

static void wr(QTest *q, unsigned at, uint32_t value)
{
    le_write(q, MEM + at, value, 4);
}

static void start(QTest *q, uint32_t rctl)
{
    wire_enable(q, IO, 2, MEM, 0);
    wr(q, CTRL, 1u << 26);
    wr(q, CTRL, rd(q, CTRL) | 0x40);
    wr(q, RDBAL, RX);
    wr(q, RDLEN, RING * 16);
    for (unsigned n = 0; n < RING; n++) {
        ram_put(q, RX + n * 16, 8, RXBUF + n * 0x1000);
        ram_put(q, RX + n * 16 + 8, 8, 0);
    }
    wr(q, RDT, RING - 1);
    wr(q, RCTL, rctl | 0x8002);
    wr(q, TDBAL, TX);
    wr(q, TDLEN, RING * 16);
    wr(q, TCTL, 0xa);
}

static void put_tx(QTest *q, unsigned n, uint64_t addr, uint64_t rest)
{
    ram_put(q, TX + n * 16, 8, addr);
    ram_put(q, TX + n * 16 + 8, 8, rest);
}

static void fill(uint8_t *frame, size_t len, const uint8_t *to, unsigned seed)
{
    for (size_t i = 0; i < len; i++) {
        frame[i] = (uint8_t)(i * 7 + seed);
    }
    memcpy(frame, to, 6);
}

static bool wait_for(QTest *q, unsigned descriptor)
{
    for (unsigned i = 0; i < 1000; i++) {
        if (ram_get(q, RX + descriptor * 16 + 12, 1) & 1) {
            return true;
        }
        g_usleep(2000);
    }
    return false;
}

static void expect_received(QTest *q, unsigned n, const uint8_t *frame, size_t len)
{
    uint8_t got[4096];
    size_t padded = MAX(len, 60);
    g_assert_true(wait_for(q, n));
    g_assert_cmpuint(ram_get(q, RX + n * 16 + 8, 2), ==, padded + 4);
    g_assert_cmphex(ram_get(q, RX + n * 16 + 12, 2) & 0xff03, ==, 3);
    ram_read(q, RXBUF + n * 0x1000, got, padded + 4);
    g_assert_cmpint(memcmp(got, frame, len), ==, 0);
    g_assert_cmphex(load_le(got + padded, 4), ==, crc32(0, got, (uInt)padded));
}

/* ---- registers ---- */

static unsigned wires(QTest *q, unsigned out, unsigned bits)
{
    unsigned in = 0;
    while (bits--) {
        uint32_t di = out >> bits & 1 ? 4 : 0;
        wr(q, EECD, 2 | di);
        wr(q, EECD, 3 | di);
        in = in << 1 | (rd(q, EECD) >> 3 & 1);
        wr(q, EECD, 2 | di);
    }
    return in;
}

static void test_eeprom(QTest *q, Wire *w)
{
    unsigned sum = 0;
    g_assert_cmphex(pci_read(q, 11, 0, 0), ==, 0x100e8086);
    wire_enable(q, IO, 2, MEM, 0);
    for (unsigned i = 0; i < 64; i++) {
        wr(q, EERD, i << 8 | 1);
        g_assert_cmphex(rd(q, EERD) & 0x10, ==, 0x10);
        unsigned word = rd(q, EERD) >> 16;
        sum += word;
        wr(q, EECD, 2);
        wires(q, 6, 3);                 /* start, read */
        wires(q, i, 6);
        g_assert_cmphex(wires(q, 0, 16), ==, word);
        wr(q, EECD, 0);
        if (i < 3) {
            g_assert_cmphex(word, ==, load_le(own_mac + 2 * i, 2));
        }
    }
    g_assert_cmphex(sum & 0xffff, ==, 0xbaba);
    g_assert_cmphex(rd(q, RAL), ==, load_le(own_mac, 4));
    g_assert_cmphex(rd(q, RAL + 4), ==, 0x80000000 | load_le(own_mac + 4, 2));
}

static void test_registers(QTest *q, Wire *w)
{
    wire_enable(q, IO, 2, MEM, 0);
    wr(q, MDIC, 2u << 26 | 1u << 21 | 2u << 16);
    g_assert_cmphex(rd(q, MDIC), ==, 0x18220141);
    wr(q, MDIC, 2u << 26 | 1u << 21 | 1u << 16);
    g_assert_cmphex(rd(q, MDIC) & 0x24, ==, 0x24);
    wr(q, MDIC, 2u << 26 | 7u << 21 | 2u << 16);
    g_assert_cmphex(rd(q, MDIC) & 0x50000000, ==, 0x50000000);
    wr(q, CTRL, 0x40);
    g_assert_cmphex(rd(q, STATUS) & 0xc3, ==, 0x83);
    /* Registers through the two ports. */
    le_write(q, QT_IO + IO, STATUS, 4);
    g_assert_cmphex(le_read(q, QT_IO + IO + 4, 4), ==, rd(q, STATUS));
    le_write(q, QT_IO + IO, VET, 4);
    le_write(q, QT_IO + IO + 4, 0x8100, 4);
    g_assert_cmphex(rd(q, VET), ==, 0x8100);
    /* Interrupts: set, masked, cleared by reading. */
    (void)rd(q, ICR);
    wr(q, ICS, 0x81);
    wr(q, IMS, 0x80);
    wr(q, IMC, 0x80);
    g_assert_cmphex(rd(q, IMS), ==, 0);
    g_assert_cmphex(rd(q, ICR), ==, 0x81);
    g_assert_cmphex(rd(q, ICR), ==, 0);
    wr(q, CTRL, 1u << 26);
    g_assert_cmphex(rd(q, VET), ==, 0);
}

/* The pin, seen at the interrupt controllers. */
static void test_throttle(QTest *q, Wire *w)
{
    wire_enable(q, IO, 2, MEM, 0);
    pci_write(q, 10, 0, 0x60, 0x03030303);          /* PIRQs to IRQ 3 */
    qt_listen_in(q, "isa-i8259", 0);
    wr(q, ITR, 1000);                               /* 256 us apart */
    wr(q, IMS, 0x80);
    wr(q, ICS, 0x80);
    g_assert_true(qt_level(q, 3));
    (void)rd(q, ICR);
    g_assert_false(qt_level(q, 3));
    wr(q, ICS, 0x80);
    qt_step(q, 100000);
    g_assert_false(qt_level(q, 3));
    qt_step(q, 200000);
    g_assert_true(qt_level(q, 3));
    wr(q, IMC, 0x80);
    g_assert_false(qt_level(q, 3));
}

/* ---- transmitting ---- */

static void test_transmit(QTest *q, Wire *w)
{
    uint8_t frame[1514], got[65536];
    start(q, 0);
    fill(frame, sizeof(frame), other_mac, 1);
    ram_write(q, TXBUF, frame, sizeof(frame));
    put_tx(q, 0, TXBUF, 700);
    put_tx(q, 1, TXBUF + 700, 814 | (uint64_t)(EOP | IFCS | RS) << 24);
    wr(q, TDT, 2);
    g_assert_cmpint(wire_receive(w, got, 5000), ==, 1514);
    g_assert_cmpint(memcmp(got, frame, 1514), ==, 0);
    g_assert_cmpuint(rd(q, TDH), ==, 2);
    g_assert_cmphex(ram_get(q, TX + 16 + 12, 1), ==, 1);
    g_assert_cmphex(ram_get(q, TX + 12, 1), ==, 0);
    g_assert_cmphex(rd(q, ICR) & 3, ==, 3);
    g_assert_cmpuint(rd(q, GPTC), ==, 1);
    g_assert_cmpuint(rd(q, GPTC), ==, 0);
    /* Short frames are padded; a tag goes in. */
    wr(q, VET, 0x8100);
    wr(q, CTRL, rd(q, CTRL) | 1u << 30);
    put_tx(q, 2, TXBUF, 30 | (uint64_t)(EOP | IFCS | RS | VLE) << 24 | (uint64_t)0x1234 << 48);
    wr(q, TDT, 3);
    g_assert_cmpint(wire_receive(w, got, 5000), ==, 60);
    g_assert_cmphex(load_be(got + 12, 4), ==, 0x81001234);
    g_assert_cmpint(memcmp(got + 16, frame + 12, 18), ==, 0);
}

/* An IPv4 packet with TCP and a payload, sums 0 but for the pseudo header's. */
static size_t tcp_packet(uint8_t *frame, size_t payload, bool with_length)
{
    uint8_t *ip = frame + 14, *tcp = ip + 20;
    uint32_t pseudo = 6 + (with_length ? 20 + (uint32_t)payload : 0);
    memset(frame, 0, 54);
    memcpy(frame, other_mac, 6);
    memcpy(frame + 6, own_mac, 6);
    store_be(frame + 12, 2, 0x0800);
    ip[0] = 0x45;
    store_be(ip + 2, 2, 40 + payload);
    store_be(ip + 4, 2, 0xfffe);
    ip[8] = 64;
    ip[9] = 6;
    store_be(ip + 12, 4, 0x0a00020f);
    store_be(ip + 16, 4, 0x0a000202);
    store_be(tcp, 4, 0x12340050);
    store_be(tcp + 4, 4, 0xfffffff0);
    tcp[12] = 0x50;
    tcp[13] = 0x19;                     /* ACK, PSH, FIN */
    for (unsigned i = 12; i < 20; i += 2) {
        pseudo += (uint32_t)load_be(ip + i, 2);
    }
    store_be(tcp + 16, 2, (pseudo & 0xffff) + (pseudo >> 16));
    for (size_t i = 0; i < payload; i++) {
        frame[54 + i] = (uint8_t)(i * 11);
    }
    return 54 + payload;
}

static uint16_t ones(const uint8_t *data, size_t len, uint32_t sum)
{
    for (size_t i = 0; i < len; i++) {
        sum += i & 1 ? data[i] : (uint32_t)data[i] << 8;
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static void check_packet(const uint8_t *frame, size_t payload, unsigned id, uint32_t sequence, unsigned flags)
{
    const uint8_t *ip = frame + 14, *tcp = ip + 20;
    g_assert_cmpuint(load_be(ip + 2, 2), ==, 40 + payload);
    g_assert_cmphex(load_be(ip + 4, 2), ==, id & 0xffff);
    g_assert_cmphex(ones(ip, 20, 0), ==, 0xffff);
    g_assert_cmphex(ones(tcp, 20 + payload, ones(ip + 12, 8, 0) + 6 + 20 + (uint32_t)payload), ==, 0xffff);
    g_assert_cmphex(load_be(tcp + 4, 4), ==, sequence);
    g_assert_cmphex(tcp[13], ==, flags);
}

static void put_context(QTest *q, unsigned n, unsigned mss, unsigned payload)
{
    unsigned command = DEXT | 3 | (mss ? TSE : 0);
    put_tx(q, n, 14 | 24 << 8 | 33 << 16 | UINT64_C(34) << 32 | UINT64_C(50) << 40,
           payload | (uint64_t)command << 24 | UINT64_C(54) << 40 | (uint64_t)mss << 48);
}

static void test_offload(QTest *q, Wire *w)
{
    uint8_t frame[8192], got[65536];
    uint64_t data = (uint64_t)1 << 20 | (uint64_t)(EOP | IFCS | RS | DEXT) << 24 | UINT64_C(3) << 40;
    start(q, 0);
    size_t len = tcp_packet(frame, 333, true);
    ram_write(q, TXBUF, frame, len);
    put_context(q, 0, 0, 0);
    put_tx(q, 1, TXBUF, len | data);
    wr(q, TDT, 2);
    g_assert_cmpint(wire_receive(w, got, 5000), ==, (int)len);
    check_packet(got, 333, 0xfffe, 0xfffffff0, 0x19);
    /* 3001 bytes in segments of 1000: the numbers run on, the last has PSH and FIN. */
    len = tcp_packet(frame, 3001, false);
    ram_write(q, TXBUF, frame, len);
    put_context(q, 2, 1000, 3001);
    put_tx(q, 3, TXBUF, 100 | (data & ~((uint64_t)EOP << 24)) | (uint64_t)TSE << 24);
    put_tx(q, 4, TXBUF + 100, (len - 100) | data | (uint64_t)TSE << 24);
    wr(q, TDT, 5);
    for (unsigned i = 0; i < 4; i++) {
        size_t payload = i < 3 ? 1000 : 1;
        int n = wire_receive(w, got, 5000);
        g_assert_cmpint(n, ==, (int)MAX(54 + payload, 60));
        check_packet(got, payload, 0xfffe + i, 0xfffffff0 + i * 1000, i < 3 ? 0x10 : 0x19);
        g_assert_cmpint(memcmp(got + 54, frame + 54 + i * 1000, payload), ==, 0);
    }
    g_assert_cmpint(wire_receive(w, got, 20), ==, -1);
}

/* ---- receiving ---- */

static void test_receive(QTest *q, Wire *w)
{
    static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0x12, 0x34 };
    uint8_t frame[1514];
    start(q, 0);
    fill(frame, sizeof(frame), other_mac, 1);
    wire_send(w, frame, 100);           /* for somebody else */
    fill(frame, sizeof(frame), own_mac, 2);
    wire_send(w, frame, sizeof(frame));
    expect_received(q, 0, frame, sizeof(frame));
    g_assert_cmphex(rd(q, ICR) & 0x80, ==, 0x80);
    g_assert_cmpuint(rd(q, GPRC), ==, 1);
    fill(frame, sizeof(frame), (const uint8_t *)"\xff\xff\xff\xff\xff\xff", 3);
    wire_send(w, frame, 42);
    expect_received(q, 1, frame, 42);
    fill(frame, sizeof(frame), group, 4);
    wire_send(w, frame, 64);            /* the hash does not have it, then it has */
    wire_send(w, frame, 65);
    unsigned hash = 0x3412 >> 4;
    fill(frame, sizeof(frame), own_mac, 5);
    wire_send(w, frame, 80);
    expect_received(q, 2, frame, 80);
    wr(q, MTA + (hash >> 5) * 4, 1u << (hash & 31));
    fill(frame, sizeof(frame), group, 4);
    wire_send(w, frame, 64);
    expect_received(q, 3, frame, 64);
    /* Buffers of 256 bytes: several for one. */
    wr(q, RCTL, 0x8002 | 3 << 16);
    fill(frame, sizeof(frame), own_mac, 6);
    wire_send(w, frame, 600);
    g_assert_true(wait_for(q, 6));
    g_assert_cmpuint(ram_get(q, RX + 4 * 16 + 8, 2), ==, 256);
    g_assert_cmphex(ram_get(q, RX + 4 * 16 + 12, 1) & 3, ==, 1);
    g_assert_cmpuint(ram_get(q, RX + 6 * 16 + 8, 2), ==, 604 - 512);
    g_assert_cmphex(ram_get(q, RX + 6 * 16 + 12, 1) & 3, ==, 3);
    /* No more buffers: it waits, and comes when there are. */
    wr(q, RCTL, 0x8002);
    g_assert_cmpuint(rd(q, RDH), ==, 7);
    wire_send(w, frame, 100);
    g_usleep(30000);
    g_assert_cmphex(ram_get(q, RX + 7 * 16 + 12, 1), ==, 0);
    wr(q, RDT, 2);
    expect_received(q, 7, frame, 100);
}

static void test_receive_sums(QTest *q, Wire *w)
{
    uint8_t frame[2048];
    start(q, 1u << 26);                 /* SECRC */
    wr(q, RXCSUM, 0x300);
    size_t len = tcp_packet(frame, 333, true);
    memcpy(frame, own_mac, 6);
    store_be(frame + 14 + 10, 2, (uint16_t)~ones(frame + 14, 20, 0));
    store_be(frame + 34 + 16, 2, (uint16_t)~ones(frame + 34, 353, 0));
    wire_send(w, frame, len);
    g_assert_true(wait_for(q, 0));
    g_assert_cmpuint(ram_get(q, RX + 8, 2), ==, len);
    g_assert_cmphex(ram_get(q, RX + 12, 2), ==, 0x0063);        /* IPCS, TCPCS, EOP, DD */
    frame[60] ^= 1;
    wire_send(w, frame, len);
    g_assert_true(wait_for(q, 1));
    g_assert_cmphex(ram_get(q, RX + 16 + 12, 2), ==, 0x2063);   /* TCPE */
    frame[60] ^= 1;
    frame[22] ^= 1;
    wire_send(w, frame, len);
    g_assert_true(wait_for(q, 2));
    g_assert_cmphex(ram_get(q, RX + 32 + 12, 2), ==, 0x4063);   /* IPE */
}

static void test_vlan(QTest *q, Wire *w)
{
    uint8_t frame[100], got[128];
    start(q, 1u << 18);                 /* VFE */
    wr(q, VET, 0x8100);
    wr(q, CTRL, rd(q, CTRL) | 1u << 30);
    wr(q, VFTA + 4 * 1, 1u << 2);       /* VLAN 34 */
    fill(frame, sizeof(frame), own_mac, 1);
    store_be(frame + 12, 4, 0x81000023);
    wire_send(w, frame, sizeof(frame));
    store_be(frame + 12, 4, 0x8100a022);
    wire_send(w, frame, sizeof(frame));
    g_assert_true(wait_for(q, 0));
    g_assert_cmpuint(ram_get(q, RX + 8, 2), ==, 100);           /* less the tag, plus check sequence */
    g_assert_cmphex(ram_get(q, RX + 12, 1) & 8, ==, 8);
    g_assert_cmphex(ram_get(q, RX + 14, 2), ==, 0xa022);
    ram_read(q, RXBUF, got, 96);
    g_assert_cmpint(memcmp(got + 12, frame + 16, 84), ==, 0);
    g_assert_cmphex(ram_get(q, RX + 16 + 12, 1), ==, 0);        /* VLAN 35's was dropped */
}

/* What a guest should not do: it ends soon and hurts nobody. */
static void test_hostile(QTest *q, Wire *w)
{
    uint64_t data = (uint64_t)1 << 20 | (uint64_t)(RS | DEXT | TSE) << 24 | UINT64_C(3) << 40;
    uint8_t got[65536];
    start(q, 0);
    put_context(q, 0, 1, 0xfffff);      /* a byte a segment */
    put_tx(q, 1, TXBUF, 200 | data);
    put_context(q, 2, 0, 0);            /* within the frame */
    put_tx(q, 3, TXBUF, 0x1000 | data | (uint64_t)EOP << 24);
    wr(q, TDT, 4);
    while (wire_receive(w, got, 500) > 0) {
        continue;
    }
    g_assert_cmpuint(rd(q, TDH), ==, 4);
    put_tx(q, 4, 0x1f000000, 0xffff | (uint64_t)(RS | EOP) << 24);      /* too long, and no memory */
    put_tx(q, 5, UINT64_MAX - 5, 100 | (uint64_t)(RS | EOP | IFCS) << 24);
    wr(q, TDT, 6);
    g_assert_cmpuint(rd(q, TDH), ==, 6);
    wr(q, TDT, 0xffff);                 /* beyond the ring */
    wr(q, TDH, 0xfff0);
    wr(q, RDT, 0xffff);
    wr(q, TDLEN, 0);
    wr(q, TDT, 1);
    g_assert_cmpint(wire_receive(w, got, 20), ==, -1);
    g_assert_cmphex(rd(q, STATUS) & 2, ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    wire_add("/e1000/eeprom", "e1000", test_eeprom);
    wire_add("/e1000/registers", "e1000", test_registers);
    wire_add("/e1000/throttle", "e1000", test_throttle);
    wire_add("/e1000/transmit", "e1000", test_transmit);
    wire_add("/e1000/offload", "e1000", test_offload);
    wire_add("/e1000/receive", "e1000", test_receive);
    wire_add("/e1000/receive-sums", "e1000", test_receive_sums);
    wire_add("/e1000/vlan", "e1000", test_vlan);
    wire_add("/e1000/hostile", "e1000", test_hostile);
    return g_test_run();
}
