/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USB devices on the board's controller: hub, mouse, tablet, disk. */
#include "uhci.h"

#include <string.h>
#include "util/bits.h"

#define DISK "-blockdev driver=null-co,node-name=n,size=1048576,read-zeroes=on " \
             "-device usb-storage,drive=n,id=d,serial=abc"

static void do_qmp(QTest *q, const char *command)
{
    g_autoptr(JsonNode) reply = qt_qmp(q, command);
    g_assert_nonnull(reply);
}

static void refuse(QTest *q, const char *command)
{
    g_autoptr(JsonNode) reply = qt_qmp(q, command);
    g_assert_null(reply);
}

#define ADD(driver, more) "{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"" driver "\"" more "}}"
#define DEL(id) "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"" id "\"}}"

/* ---- the hub ---- */

static void port_status(QTest *q, unsigned hub, unsigned port, unsigned status, unsigned change)
{
    uint8_t d[4];
    g_assert_cmpint(uh_control(q, hub, 0xa3, 0, 0, port, d, 4), ==, 4);
    g_assert_cmphex(load_le(d, 2), ==, status);
    g_assert_cmphex(load_le(d + 2, 2), ==, change);
}

static void test_hub(QTest *q)
{
    uint8_t d[64];
    bool toggle = false;
    uh_start(q);
    uh_reset_port(q, 0);
    uh_configure(q, 3);
    g_assert_cmpint(uh_control(q, 3, 0xa0, 6, 0x2900, 0, d, 64), ==, 9);
    g_assert_cmphex(d[2], ==, 8);
    g_assert_cmpint(uh_control(q, 3, 0xa0, 0, 0, 0, d, 4), ==, 4);
    g_assert_cmpint(uh_packet(q, PID_IN, 3, 1, &toggle, d, 2), ==, -2);
    for (unsigned n = 1; n <= 8; n++) {
        port_status(q, 3, n, 0x100, 0);
    }
    g_assert_cmpint(uh_control(q, 3, 0xa3, 0, 0, 9, d, 4), ==, -1);
    g_assert_cmpint(uh_control(q, 3, 0xa3, 0, 0, 0, d, 4), ==, -1);
    /* A keyboard comes to port 8. */
    do_qmp(q, ADD("usb-kbd", ", \"id\": \"k\", \"port\": \"1.8\""));
    refuse(q, ADD("usb-kbd", ", \"port\": \"1.8\""));
    refuse(q, ADD("usb-kbd", ", \"port\": \"1.9\""));
    refuse(q, ADD("usb-kbd", ", \"port\": \"2.1\""));
    g_assert_cmpint(uh_packet(q, PID_IN, 3, 1, &toggle, d, 2), ==, 2);
    g_assert_cmphex(load_le(d, 2), ==, 0x100);
    port_status(q, 3, 8, 0x301, 1);
    g_assert_cmpint(uh_control(q, 3, 0x23, 1, 16, 8, NULL, 0), ==, 0);
    port_status(q, 3, 8, 0x301, 0);
    /* It answers when its port is enabled, and not when it is suspended. */
    uh_td(q, 0, true, TD_ACTIVE | 0x08000000u, uh_token(PID_IN, 0, 0, true, 0), 0);
    uh_queue(q, 0);
    g_assert_cmphex(uh_wait(q, 0) & TD_TIMEOUT, ==, TD_TIMEOUT);
    g_assert_cmpint(uh_control(q, 3, 0x23, 3, 4, 8, NULL, 0), ==, 0);
    port_status(q, 3, 8, 0x303, 0x10);
    g_assert_cmpint(uh_control(q, 3, 0x23, 1, 20, 8, NULL, 0), ==, 0);
    uh_configure(q, 4);
    g_assert_cmpint(uh_control(q, 4, 0x00, 3, 1, 0, NULL, 0), ==, 0);
    g_assert_cmpint(uh_control(q, 3, 0x23, 3, 2, 8, NULL, 0), ==, 0);
    port_status(q, 3, 8, 0x307, 0);
    uh_td(q, 0, true, TD_ACTIVE | 0x08000000u, uh_token(PID_IN, 4, 1, false, 8), UHCI_DATA);
    uh_queue(q, 0);
    g_assert_cmphex(uh_wait(q, 0) & TD_TIMEOUT, ==, TD_TIMEOUT);
    uh_key(q, "a", true);                       /* which wakes its port */
    port_status(q, 3, 8, 0x303, 4);
    toggle = false;
    g_assert_cmpint(uh_packet(q, PID_IN, 4, 1, &toggle, d, 8), ==, 8);
    g_assert_cmphex(d[2], ==, 4);
    /* It goes; so does a hub with what is behind it. */
    do_qmp(q, DEL("k"));
    port_status(q, 3, 8, 0x100, 5);
    do_qmp(q, ADD("usb-hub", ", \"id\": \"h2\", \"port\": \"1.2\""));
    do_qmp(q, ADD("usb-tablet", ", \"id\": \"t\", \"port\": \"1.2.5\""));
    do_qmp(q, DEL("h2"));
    refuse(q, DEL("t"));
    do_qmp(q, ADD("usb-hub", ", \"id\": \"h2\", \"port\": \"1.2\""));
    do_qmp(q, ADD("usb-tablet", ", \"id\": \"t\", \"port\": \"1.2.5\""));
    do_qmp(q, DEL("h"));
    refuse(q, DEL("h2"));
    refuse(q, DEL("t"));
}

/* Ports that nobody names: a hub makes more of the last one. */
static void test_many(QTest *q)
{
    for (unsigned i = 0; i < 20; i++) {
        do_qmp(q, ADD("usb-mouse", ""));
    }
    do_qmp(q, ADD("usb-hub", ", \"id\": \"a\", \"port\": \"2.8.8.6\""));
    do_qmp(q, ADD("usb-hub", ", \"id\": \"b\", \"port\": \"2.8.8.6.1\""));
    refuse(q, ADD("usb-hub", ", \"port\": \"2.8.8.6.1.1\""));
    do_qmp(q, ADD("usb-mouse", ", \"port\": \"2.8.8.6.1.1\""));
    refuse(q, ADD("usb-storage", ", \"port\": \"2.8.8.6.1.2\""));
    refuse(q, ADD("usb-storage", ", \"drive\": \"nobody\""));
    do_qmp(q, DEL("a"));
    qt_reset(q);
}

/* A second controller, a card, with a name. */
static void test_card(QTest *q)
{
    do_qmp(q, ADD("piix3-usb-uhci", ", \"id\": \"u\", \"addr\": \"0c\""));
    g_assert_cmphex(pci_read(q, 12, 0, 0), ==, 0x70208086);
    do_qmp(q, ADD("usb-hub", ", \"id\": \"h\", \"bus\": \"u.0\", \"port\": \"1\""));
    do_qmp(q, ADD("usb-kbd", ", \"id\": \"k\", \"bus\": \"u.0\", \"port\": \"1.1\""));
    refuse(q, ADD("usb-kbd", ", \"bus\": \"u.1\""));
    do_qmp(q, DEL("u"));
    refuse(q, DEL("k"));
    g_assert_cmphex(pci_read(q, 12, 0, 0), ==, 0xffffffff);
}

/* ---- pointers ---- */

#define SEND(events) "{\"execute\": \"input-send-event\", \"arguments\": {\"events\": [" events "]}}"
#define REL(axis, value) "{\"type\": \"rel\", \"data\": {\"axis\": \"" axis "\", \"value\": " value "}}"
#define PLACE(axis, value) "{\"type\": \"abs\", \"data\": {\"axis\": \"" axis "\", \"value\": " value "}}"
#define BUTTON(down, button) "{\"type\": \"btn\", \"data\": {\"down\": " down ", \"button\": \"" button "\"}}"

static void expect(QTest *q, unsigned address, bool *toggle, const uint8_t *wanted, int len)
{
    uint8_t d[8] = { 0 };
    g_assert_cmpint(uh_packet(q, PID_IN, address, 1, toggle, d, 8), ==, len);
    g_assert_cmpmem(d, MAX(len, 0), wanted, MAX(len, 0));
}

static void test_mouse(QTest *q)
{
    bool toggle = false;
    uh_start(q);
    uh_reset_port(q, 0);
    uh_configure(q, 5);
    do_qmp(q, SEND(REL("x", "300") ", " REL("y", "-2")));
    do_qmp(q, SEND(BUTTON("true", "left")));
    do_qmp(q, SEND(BUTTON("false", "left")));
    do_qmp(q, SEND(BUTTON("true", "wheel-down")));
    expect(q, 5, &toggle, (const uint8_t[]){ 0, 127, 0xfe, 0 }, 4);
    expect(q, 5, &toggle, (const uint8_t[]){ 0, 127, 0, 0 }, 4);
    expect(q, 5, &toggle, (const uint8_t[]){ 0, 46, 0, 0 }, 4);
    expect(q, 5, &toggle, (const uint8_t[]){ 1, 0, 0, 0 }, 4);
    expect(q, 5, &toggle, (const uint8_t[]){ 0, 0, 0, 0xff }, 4);
    expect(q, 5, &toggle, NULL, -2);
    g_assert_cmpint(uh_control(q, 5, 0x21, 11, 0, 0, NULL, 0), ==, 0);          /* boot protocol */
    do_qmp(q, SEND(REL("x", "-1")));
    expect(q, 5, &toggle, (const uint8_t[]){ 0, 0xff, 0 }, 3);
    /* Clicks without end, and nobody listens. */
    for (unsigned i = 0; i < 50; i++) {
        do_qmp(q, SEND(BUTTON("true", "right")));
        do_qmp(q, SEND(BUTTON("false", "right")));
    }
    uint8_t d[8];
    int got;
    while ((got = uh_packet(q, PID_IN, 5, 1, &toggle, d, 8)) == 3) {
    }
    g_assert_cmpint(got, ==, -2);
    g_assert_cmphex(d[0], ==, 0);
}

static void test_tablet(QTest *q)
{
    bool toggle = false;
    uh_start(q);
    uh_reset_port(q, 0);
    uh_configure(q, 5);
    g_assert_cmpint(uh_control(q, 5, 0x21, 11, 0, 0, NULL, 0), ==, -1);         /* has no boot protocol */
    do_qmp(q, SEND(PLACE("x", "4660") ", " PLACE("y", "32767")));
    do_qmp(q, SEND(BUTTON("true", "middle")));
    expect(q, 5, &toggle, (const uint8_t[]){ 0, 0x34, 0x12, 0xff, 0x7f, 0 }, 6);
    expect(q, 5, &toggle, (const uint8_t[]){ 4, 0x34, 0x12, 0xff, 0x7f, 0 }, 6);
    expect(q, 5, &toggle, NULL, -2);
}

/* ---- the disk ---- */

typedef struct {
    QTest *q;
    bool in, out;               /* toggles */
} Disk;

static int receive(Disk *d, void *data, unsigned len)
{
    int got;
    unsigned tries = 0;
    while ((got = uh_packet(d->q, PID_IN, 5, 1, &d->in, data, len)) == -2 && tries++ < 2000) {
        g_usleep(1000);
    }
    return got;
}

static void send_command(Disk *d, const uint8_t *cdb, unsigned len, bool in, unsigned bytes)
{
    uint8_t c[31] = { 'U', 'S', 'B', 'C', 1, 2, 3, 4, [12] = in ? 0x80 : 0, [14] = (uint8_t)len };
    store_le(c + 8, 4, bytes);
    memcpy(c + 15, cdb, len);
    g_assert_cmpint(uh_packet(d->q, PID_OUT, 5, 2, &d->out, c, 31), ==, 31);
}

static void expect_status(Disk *d, unsigned status, unsigned residue)
{
    uint8_t c[64];
    g_assert_cmpint(receive(d, c, 64), ==, 13);
    g_assert_cmpmem(c, 8, "USBS\1\2\3\4", 8);
    g_assert_cmpuint(load_le(c + 8, 4), ==, residue);
    g_assert_cmpuint(c[12], ==, status);
}

static void unhalt(Disk *d, unsigned endpoint)
{
    g_assert_cmpint(uh_control(d->q, 5, 0x02, 1, 0, endpoint, NULL, 0), ==, 0);
    *(endpoint & 0x80 ? &d->in : &d->out) = false;
}

static void test_disk(QTest *q)
{
    static const uint8_t ready[6] = { 0 }, inquiry[6] = { 0x12, [4] = 36 }, sense[6] = { 3, [4] = 18 };
    static const uint8_t read_10[10] = { 0x28, [8] = 3 }, write_10[10] = { 0x2a, [8] = 1 };
    static const uint8_t unknown[6] = { 0x99 };
    Disk d = { q, false, false };
    uint8_t data[64];
    uh_start(q);
    uh_reset_port(q, 0);
    uh_configure(q, 5);
    g_assert_cmpint(uh_control(q, 5, 0xa1, 0xfe, 0, 0, data, 1), ==, 1);
    g_assert_cmphex(data[0], ==, 0);
    send_command(&d, ready, 6, false, 0);
    expect_status(&d, 1, 0);                            /* power on */
    send_command(&d, sense, 6, true, 18);
    g_assert_cmpint(receive(&d, data, 64), ==, 18);
    g_assert_cmphex(data[2], ==, 6);
    g_assert_cmphex(data[12], ==, 0x29);
    expect_status(&d, 0, 0);
    send_command(&d, inquiry, 6, true, 64);             /* more than there is: a short packet */
    g_assert_cmpint(receive(&d, data, 64), ==, 36);
    expect_status(&d, 0, 28);
    send_command(&d, read_10, 10, true, 1536);
    for (unsigned i = 0; i < 24; i++) {
        g_assert_cmpint(receive(&d, data, 64), ==, 64);
    }
    expect_status(&d, 0, 0);
    send_command(&d, write_10, 10, false, 512);
    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmpint(uh_packet(q, PID_OUT, 5, 2, &d.out, data, 64), ==, 64);
    }
    expect_status(&d, 0, 0);
    /* No data where some were asked for: it stalls, and what was wrong is kept. */
    send_command(&d, unknown, 6, true, 64);
    g_assert_cmpint(receive(&d, data, 64), ==, -1);
    unhalt(&d, 0x81);
    expect_status(&d, 1, 64);
    send_command(&d, sense, 6, true, 18);
    g_assert_cmpint(receive(&d, data, 64), ==, 18);
    g_assert_cmphex(data[12], ==, 0x20);
    expect_status(&d, 0, 0);
    /* Less room than the command needs, and the wrong way: a phase error. */
    send_command(&d, read_10, 10, true, 512);
    g_assert_cmpint(receive(&d, data, 64), ==, -1);
    unhalt(&d, 0x81);
    expect_status(&d, 2, 512);
    /* 4 GiB at once. */
    send_command(&d, read_10, 10, true, 0xfffffe00);
    g_assert_cmpint(receive(&d, data, 64), ==, -1);
    unhalt(&d, 0x81);
    expect_status(&d, 1, 0xfffffe00);
    /* What is no command: both ways stall until the reset. */
    memset(data, 0x55, 31);
    g_assert_cmpint(uh_packet(q, PID_OUT, 5, 2, &d.out, data, 31), ==, -1);
    unhalt(&d, 0x81);
    unhalt(&d, 0x02);
    g_assert_cmpint(receive(&d, data, 64), ==, -1);
    g_assert_cmpint(uh_control(q, 5, 0x21, 0xff, 0, 0, NULL, 0), ==, 0);
    unhalt(&d, 0x81);
    unhalt(&d, 0x02);
    send_command(&d, ready, 6, false, 0);
    expect_status(&d, 0, 0);
    /* It is pulled in the middle of a command; its node is free then. */
    send_command(&d, read_10, 10, true, 1536);
    do_qmp(q, DEL("d"));
    do_qmp(q, ADD("usb-storage", ", \"id\": \"d\", \"drive\": \"n\""));
    uh_reset_port(q, 0);
    uh_configure(q, 5);
    d = (Disk){ q, false, false };
    send_command(&d, ready, 6, false, 0);
    expect_status(&d, 1, 0);
}

/* A disc that can be taken out, in a reader. */
static void test_reader(QTest *q)
{
    static const uint8_t ready[6] = { 0 }, inquiry[6] = { 0x12, [4] = 36 }, capacity[10] = { 0x25 };
    static const uint8_t sense[6] = { 3, [4] = 18 }, read_10[10] = { 0x28, [5] = 3, [8] = 2 };
    static const uint8_t write_10[10] = { 0x2a, [8] = 1 }, eject[6] = { 0x1b, [4] = 2 };
    Disk d = { q, false, false };
    uint8_t data[64];
    uh_start(q);
    uh_reset_port(q, 0);
    uh_configure(q, 5);
    send_command(&d, inquiry, 6, true, 36);
    g_assert_cmpint(receive(&d, data, 64), ==, 36);
    g_assert_cmphex(data[0], ==, 5);
    g_assert_cmphex(data[1], ==, 0x80);
    expect_status(&d, 0, 0);
    send_command(&d, ready, 6, false, 0);
    expect_status(&d, 1, 0);                            /* power on */
    send_command(&d, sense, 6, true, 18);
    g_assert_cmpint(receive(&d, data, 64), ==, 18);
    expect_status(&d, 0, 0);
    send_command(&d, capacity, 10, true, 8);
    g_assert_cmpint(receive(&d, data, 64), ==, 8);
    g_assert_cmpuint(load_be(data, 4), ==, (1 << 20) / 2048 - 1);
    g_assert_cmpuint(load_be(data + 4, 4), ==, 2048);
    expect_status(&d, 0, 0);
    send_command(&d, read_10, 10, true, 4096);
    for (unsigned i = 0; i < 64; i++) {
        g_assert_cmpint(receive(&d, data, 64), ==, 64);
    }
    expect_status(&d, 0, 0);
    send_command(&d, write_10, 10, false, 2048);
    for (unsigned i = 0; i < 32; i++) {
        g_assert_cmpint(uh_packet(q, PID_OUT, 5, 2, &d.out, data, 64), ==, 64);
    }
    expect_status(&d, 1, 2048);
    send_command(&d, eject, 6, false, 0);
    expect_status(&d, 0, 0);
    send_command(&d, capacity, 10, true, 8);
    g_assert_cmpint(receive(&d, data, 64), ==, -1);
    unhalt(&d, 0x81);
    expect_status(&d, 1, 8);
    send_command(&d, sense, 6, true, 18);
    g_assert_cmpint(receive(&d, data, 64), ==, 18);
    g_assert_cmphex(data[2], ==, 2);
    g_assert_cmphex(data[12], ==, 0x3a);
    expect_status(&d, 0, 0);
    do_qmp(q, "{\"execute\": \"blockdev-close-tray\", \"arguments\": {\"device\": \"c\"}}");
    send_command(&d, ready, 6, false, 0);
    expect_status(&d, 1, 0);                            /* there is another disc, for all it knows */
    send_command(&d, ready, 6, false, 0);
    expect_status(&d, 0, 0);
    do_qmp(q, DEL("d"));
}

/* ---- the serial line ---- */

static void test_serial(QTest *q)
{
    bool in = false, out = false;
    uint8_t d[64];
    uh_start(q);
    uh_reset_port(q, 0);
    uh_configure(q, 5);
    g_assert_cmpint(uh_control(q, 5, 0xc0, 10, 0, 0, d, 1), ==, 1);
    g_assert_cmpuint(d[0], ==, 16);
    g_assert_cmpint(uh_control(q, 5, 0x40, 9, 1, 0, NULL, 0), ==, 0);
    g_assert_cmpint(uh_control(q, 5, 0xc0, 10, 0, 0, d, 1), ==, 1);
    g_assert_cmpuint(d[0], ==, 1);
    g_assert_cmpint(uh_control(q, 5, 0xc0, 5, 0, 0, d, 2), ==, 2);
    g_assert_cmphex(d[0] & 1, ==, 1);
    g_assert_cmphex(d[1], ==, 0x60);
    g_assert_cmpint(uh_control(q, 5, 0x40, 0x90, 0, 0, NULL, 0), ==, -1);
    g_assert_cmpint(uh_packet(q, PID_IN, 5, 1, &in, d, 64), ==, -2);
    memcpy(d, "hello", 5);
    g_assert_cmpint(uh_packet(q, PID_OUT, 5, 2, &out, d, 5), ==, 5);
    g_autoptr(JsonNode) text = qt_qmp(q, "{\"execute\": \"ringbuf-read\", \"arguments\": {\"device\": \"r\", "
                                         "\"size\": 100}}");
    g_assert_cmpstr(json_node_get_string(text), ==, "hello");
    refuse(q, ADD("usb-serial", ""));
    refuse(q, ADD("usb-serial", ", \"chardev\": \"r\""));
    do_qmp(q, DEL("s"));
    do_qmp(q, ADD("usb-serial", ", \"chardev\": \"r\""));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/usb/hub", "-device usb-hub,id=h,port=1", test_hub);
    qt_add("/usb/many", NULL, test_many);
    qt_add("/usb/card", NULL, test_card);
    qt_add("/usb/mouse", "-device usb-mouse", test_mouse);
    qt_add("/usb/tablet", "-device usb-tablet", test_tablet);
    qt_add("/usb/disk", DISK, test_disk);
    qt_add("/usb/reader", "-drive driver=null-co,if=none,id=c,media=cdrom,size=1048576,read-zeroes=on "
           "-device usb-storage,drive=c,id=d", test_reader);
    qt_add("/usb/serial", "-chardev ringbuf,id=r -device usb-serial,chardev=r,id=s", test_serial);
    return g_test_run();
}
