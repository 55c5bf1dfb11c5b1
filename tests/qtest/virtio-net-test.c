/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-net-pci: VIRTIO 1.1, section 5.1. */
#include "virtio.h"

#include <string.h>
#include "util/bits.h"

#define SLOT 11u
#define TX VD_DATA
#define RX (VD_DATA + 0x10000u)
#define CTRL (VD_DATA + 0x20000u)
#define ACK (VD_DATA + 0x21000u)

enum { F_CSUM = 1 << 0, F_HOST_TSO4 = 1 << 11, F_MRG_RXBUF = 1 << 15, F_CTRL_VQ = 1 << 17,
       F_CTRL_RX = 1 << 18 };

static void start(Virtio *v, QTest *q, bool legacy, uint64_t features)
{
    vd_init(v, q, SLOT, legacy);
    vd_accept(v, features);
    for (unsigned n = 0; n < 3; n++) {
        vd_queue(v, n);
    }
    vd_ready(v);
}

static unsigned head_size(const Virtio *v, uint64_t features)
{
    return v->legacy && !(features & F_MRG_RXBUF) ? 10 : 12;
}

static void make_frame(uint8_t *frame, size_t len, const char *to)
{
    memset(frame, 0x33, len);
    memcpy(frame, to, 6);
    memcpy(frame + 6, "\x52\x54\0\1\2\3\x88\xb5", 8);
}

static void add_rx(Virtio *v, uint32_t len)
{
    const VdBuffer b = { RX + 0x1000u * (v->queue[0].next_avail % 8), len, true };
    vd_add(v, 0, &b, 1, false);
    vd_kick(v, 0);
}

static void send(Virtio *v, uint64_t features, const uint8_t *head, const uint8_t *frame, size_t len)
{
    unsigned n = head_size(v, features);
    uint8_t bytes[12] = { 0 };
    memcpy(bytes, head, n < 10 ? n : 10);
    ram_write(v->q, TX, bytes, n);
    ram_write(v->q, TX + n, frame, len);
    const VdBuffer b = { TX, n + (uint32_t)len, false };
    g_assert_cmpuint(vd_do(v, 1, &b, 1), ==, 0);
}

static void both_ways(QTest *q, Wire *w, bool legacy)
{
    static const uint8_t none[10];
    uint8_t frame[1000], got[65536];
    Virtio v;
    start(&v, q, legacy, 0);
    unsigned n = head_size(&v, 0);
    for (unsigned i = 0; i < 6; i++) {
        g_assert_cmphex(vd_config(&v, i, 1), ==, (uint8_t)"\x52\x54\0\1\2\3"[i]);
    }
    make_frame(frame, sizeof(frame), "\x52\x54\0\7\7\7");
    send(&v, 0, none, frame, sizeof(frame));
    g_assert_cmpint(wire_receive(w, got, 5000), ==, sizeof(frame));
    g_assert_cmpmem(got, sizeof(frame), frame, sizeof(frame));
    /* To us, in one buffer; the next one waits until there is another. */
    add_rx(&v, 2048);
    wire_send(w, frame, sizeof(frame));
    g_assert_cmpuint(vd_wait(&v, 0), ==, n + sizeof(frame));
    ram_read(q, RX, got, n + sizeof(frame));
    g_assert_cmpmem(got + n, sizeof(frame), frame, sizeof(frame));
    wire_send(w, frame, 100);
    g_usleep(20000);
    uint32_t len;
    g_assert_false(vd_used(&v, 0, &len));
    add_rx(&v, 2048);
    g_assert_cmpuint(vd_wait(&v, 0), ==, n + 100);
}

/* One frame in several buffers, as the header says; one of them too small for the header is an error. */
static void merged(QTest *q, Wire *w, bool legacy)
{
    uint8_t frame[1000], got[600];
    Virtio v;
    start(&v, q, legacy, F_MRG_RXBUF);
    make_frame(frame, sizeof(frame), "\x52\x54\0\1\2\3");
    for (unsigned i = 0; i < 2; i++) {
        add_rx(&v, 600);
    }
    wire_send(w, frame, sizeof(frame));
    g_assert_cmpuint(vd_wait(&v, 0), ==, 600);
    g_assert_cmpuint(vd_wait(&v, 0), ==, 12 + 1000 - 600);
    g_assert_cmpuint(vd_get(&v, RX + 10, 2), ==, 2);
    ram_read(q, RX + 12, got, 588);
    g_assert_cmpmem(got, 588, frame, 588);
    ram_read(q, RX + 0x1000, got, 412);
    g_assert_cmpmem(got, 412, frame + 588, 412);
    add_rx(&v, 5);
    wire_send(w, frame, 200);
    for (int i = 0; i < 1000 && !(vd_status(&v) & VD_NEEDS_RESET); i++) {
        g_usleep(1000);
    }
    g_assert_cmphex(vd_status(&v) & VD_NEEDS_RESET, ==, VD_NEEDS_RESET);
}

/* TCP over IPv4, 100 bytes of data, in segments of 40; segments of a byte are refused. */
static void segments(QTest *q, Wire *w, bool legacy)
{
    uint8_t frame[154], got[65536], head[10] = { 1, 1 };
    Virtio v;
    start(&v, q, legacy, F_CSUM | F_HOST_TSO4);
    make_frame(frame, sizeof(frame), "\x52\x54\0\7\7\7");
    store_be(frame + 12, 2, 0x0800);
    memset(frame + 14, 0, 40);
    frame[14] = 0x45;
    store_be(frame + 16, 2, 140);
    frame[22] = 64;
    frame[23] = 6;
    store_be(frame + 38, 4, 1000);          /* sequence number */
    frame[46] = 0x50;
    for (unsigned mss = 1; mss <= 40; mss += 39) {
        bool big = legacy && qt_big(q);
        const unsigned numbers[] = { 54, mss, 34, 16 };
        for (unsigned i = 0; i < 4; i++) {
            if (big) {
                store_be(head + 2 + 2 * i, 2, numbers[i]);
            } else {
                store_le(head + 2 + 2 * i, 2, numbers[i]);
            }
        }
        send(&v, 0, head, frame, sizeof(frame));
    }
    for (unsigned i = 0; i < 3; i++) {
        unsigned data = i < 2 ? 40 : 20;
        g_assert_cmpint(wire_receive(w, got, 5000), >=, 54 + (int)data);
        g_assert_cmpuint(load_be(got + 16, 2), ==, 40 + data);
        g_assert_cmpuint(load_be(got + 38, 4), ==, 1000 + 40 * i);
    }
    g_assert_cmpint(wire_receive(w, got, 50), ==, -1);
}

/* Without promiscuous mode only what is for us. */
static void filters(QTest *q, Wire *w, bool legacy)
{
    uint8_t frame[100];
    uint32_t len;
    Virtio v;
    start(&v, q, legacy, F_CTRL_VQ | F_CTRL_RX);
    const VdBuffer b[] = { { CTRL, 3, false }, { ACK, 1, true } };
    ram_write(q, CTRL, "\0\0\0", 3);
    ram_write(q, ACK, "\7", 1);
    g_assert_cmpuint(vd_do(&v, 2, b, 2), ==, 1);
    g_assert_cmphex(ram_get(q, ACK, 1), ==, 0);
    add_rx(&v, 2048);
    make_frame(frame, sizeof(frame), "\x52\x54\0\7\7\7");
    wire_send(w, frame, sizeof(frame));
    g_usleep(20000);
    g_assert_false(vd_used(&v, 0, &len));
    make_frame(frame, sizeof(frame), "\x52\x54\0\1\2\3");
    wire_send(w, frame, sizeof(frame));
    vd_wait(&v, 0);
    ram_write(q, CTRL, "\7\0\0", 3);
    vd_do(&v, 2, b, 2);
    g_assert_cmphex(ram_get(q, ACK, 1), ==, 1);             /* no such class */
}

#define BOTH(name) \
    static void name##_legacy(QTest *q, Wire *w) { name(q, w, true); } \
    static void name##_modern(QTest *q, Wire *w) { name(q, w, false); }
BOTH(both_ways)
BOTH(merged)
BOTH(segments)
BOTH(filters)
#define ADD(path, name) \
    wire_add("/virtio-net/" path "/legacy", "virtio-net-pci", name##_legacy); \
    wire_add("/virtio-net/" path "/modern", "virtio-net-pci", name##_modern)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("both-ways", both_ways);
    ADD("merged", merged);
    ADD("segments", segments);
    ADD("filters", filters);
    return g_test_run();
}
