/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The UHCI controller: ports, schedule, interrupts, what is fatal; and a keyboard at its port 1. */
#include "uhci.h"

#include <string.h>

#define KEYBOARD "-device usb-kbd,id=k"
#define DISK "-blockdev driver=null-co,node-name=n,size=1048576,read-zeroes=on " \
             "-device usb-storage,drive=n,id=d"

static void do_qmp(QTest *q, const char *command)
{
    g_autoptr(JsonNode) reply = qt_qmp(q, command);
    g_assert_nonnull(reply);
}

/* ---- registers and ports ---- */

static void test_registers(QTest *q)
{
    g_assert_cmphex(pci_read(q, 10, 2, 0), ==, 0x71128086);
    g_assert_cmphex(pci_read(q, 10, 2, 8) >> 8, ==, 0x0c0300);
    g_assert_cmphex(pci_read(q, 10, 2, 0x3c) >> 8 & 0xff, ==, 4);       /* INTD# */
    g_assert_cmphex(pci_read(q, 10, 2, 0x60) & 0xff, ==, 0x10);
    g_assert_cmphex(pci_read(q, 10, 2, 0xc0) & 0xffff, ==, 0x2000);
    pci_write(q, 10, 2, 0x20, 0xffffffff);
    g_assert_cmphex(pci_read(q, 10, 2, 0x20), ==, 0xffffffe1);
    uh_start(q);
    g_assert_cmphex(uh_in(q, USBSTS), ==, 0);
    uh_out(q, USBCMD, 0);
    g_assert_cmphex(uh_in(q, USBSTS), ==, 0x20);                        /* halted */
    uh_out(q, FRNUM, 0x7fe);
    uh_out(q, USBCMD, 1);
    qt_step(q, 5 * UHCI_MS);
    g_assert_cmphex(uh_in(q, FRNUM), ==, 3);                            /* 11 bits */
    qt_step(q, 1000 * UHCI_MS);
    g_assert_cmphex(uh_in(q, FRNUM), ==, 1003);
    uh_out(q, USBINTR, 0xffff);
    g_assert_cmphex(uh_in(q, USBINTR), ==, 0x0f);
    uh_out(q, USBCMD, 2);                                               /* HCRESET */
    g_assert_cmphex(uh_in(q, USBCMD), ==, 0);
    g_assert_cmphex(uh_in(q, USBINTR), ==, 0);
    g_assert_cmphex(uh_in(q, USBSTS), ==, 0x20);
    g_assert_cmphex(uh_in(q, PORTSC1) & 0x80, ==, 0x80);
    g_assert_cmphex(uh_in(q, 0x14) & 0x80, ==, 0);                      /* there is no third port */
}

static void test_ports(QTest *q)
{
    uh_start(q);
    g_assert_cmphex(uh_in(q, PORTSC1), ==, 0x01a3);         /* low speed, connected, changed, D- high */
    g_assert_cmphex(uh_in(q, PORTSC2), ==, 0x0080);
    uh_out(q, PORTSC2, 4);
    g_assert_cmphex(uh_in(q, PORTSC2), ==, 0x0080);         /* nothing to enable */
    uh_out(q, PORTSC1, 2);
    g_assert_cmphex(uh_in(q, PORTSC1), ==, 0x01a1);
    uh_reset_port(q, 0);
    do_qmp(q, "{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"usb-tablet\", \"id\": \"t\", "
           "\"port\": \"2\"}}");
    g_assert_cmphex(uh_in(q, PORTSC2), ==, 0x0093);         /* full speed */
    do_qmp(q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"t\"}}");
    g_assert_cmphex(uh_in(q, PORTSC2), ==, 0x0082);
    do_qmp(q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"k\"}}");
    g_assert_cmphex(uh_in(q, PORTSC1), ==, 0x008a);         /* enable has changed, too */
    uh_out(q, PORTSC1, 0x0a);
    g_assert_cmphex(uh_in(q, PORTSC1), ==, 0x0080);
}

/* A connection, and a key, end a global suspend; a key that of a port. */
static void test_resume(QTest *q)
{
    uh_start(q);
    uh_reset_port(q, 0);
    uh_configure(q, 5);
    g_assert_cmpint(uh_control(q, 5, 0x00, 3, 1, 0, NULL, 0), ==, 0);   /* remote wakeup */
    uh_out(q, PORTSC1, 0x1004);
    uh_key(q, "a", true);
    g_assert_cmphex(uh_in(q, PORTSC1) & 0x1044, ==, 0x1044);
    uh_out(q, PORTSC1, 0x1004);
    g_assert_cmphex(uh_in(q, PORTSC1) & 0x1044, ==, 0x0004);
    uh_out(q, USBCMD, 0);
    uh_out(q, USBCMD, 8);
    uh_out(q, USBINTR, 2);
    g_assert_cmphex(uh_in(q, USBSTS), ==, 0x20);
    uh_key(q, "b", true);
    g_assert_cmphex(uh_in(q, USBSTS), ==, 0x24);
    g_assert_cmphex(uh_in(q, USBCMD), ==, 0x18);
    uh_out(q, USBCMD, 8);
    uh_out(q, USBSTS, 4);
    do_qmp(q, "{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"usb-mouse\", "
           "\"port\": \"2\"}}");
    g_assert_cmphex(uh_in(q, USBSTS), ==, 0x24);
}

/* ---- transfers ---- */

static void test_control(QTest *q)
{
    uint8_t d[256];
    uh_start(q);
    uh_reset_port(q, 0);
    g_assert_cmpint(uh_control(q, 0, 0x80, 6, 0x0100, 0, d, 8), ==, 8);
    g_assert_cmphex(d[7], ==, 8);
    g_assert_cmpint(uh_control(q, 0, 0x00, 9, 1, 0, NULL, 0), ==, -1);  /* not before it has an address */
    g_assert_cmpint(uh_control(q, 0, 0x00, 5, 5, 0, NULL, 0), ==, 0);
    g_assert_cmpint(uh_control(q, 5, 0x80, 6, 0x0100, 0, d, 64), ==, 18);
    g_assert_cmphex(d[8] | d[9] << 8, ==, 0x0627);
    g_assert_cmpint(uh_control(q, 5, 0x80, 6, 0x0200, 0, d, 255), ==, 34);
    g_assert_cmphex(d[2], ==, 34);
    g_assert_cmphex(d[9 + 5], ==, 3);                                           /* HID */
    g_assert_cmpint(uh_control(q, 5, 0x80, 6, 0x0300, 0, d, 255), ==, 4);
    g_assert_cmpint(uh_control(q, 5, 0x80, 6, 0x0302, 0x409, d, 255), ==, 2 + 2 * 12);
    g_assert_cmpmem(d + 2, 6, "U\0S\0B\0", 6);
    g_assert_cmpint(uh_control(q, 5, 0x80, 6, 0x0303, 0x409, d, 255), ==, -1);  /* it has no serial number */
    g_assert_cmpint(uh_control(q, 5, 0x80, 6, 0x0600, 0, d, 10), ==, -1);
    g_assert_cmpint(uh_control(q, 5, 0x80, 8, 0, 0, d, 1), ==, 1);
    g_assert_cmphex(d[0], ==, 0);
    g_assert_cmpint(uh_control(q, 5, 0x00, 9, 2, 0, NULL, 0), ==, -1);
    g_assert_cmpint(uh_control(q, 5, 0x00, 9, 1, 0, NULL, 0), ==, 0);
    g_assert_cmpint(uh_control(q, 5, 0x80, 8, 0, 0, d, 1), ==, 1);
    g_assert_cmphex(d[0], ==, 1);
    g_assert_cmpint(uh_control(q, 5, 0x81, 6, 0x2200, 0, d, 255), ==, 65);      /* report descriptor */
    g_assert_cmpint(uh_control(q, 5, 0x02, 3, 0, 0x81, NULL, 0), ==, 0);        /* halt */
    g_assert_cmpint(uh_control(q, 5, 0x82, 0, 0, 0x81, d, 2), ==, 2);
    g_assert_cmphex(d[0], ==, 1);
    bool toggle = false;
    g_assert_cmpint(uh_packet(q, PID_IN, 5, 1, &toggle, d, 8), ==, -1);
    g_assert_cmpint(uh_control(q, 5, 0x02, 1, 0, 0x81, NULL, 0), ==, 0);
    g_assert_cmpint(uh_packet(q, PID_IN, 5, 1, &toggle, d, 8), ==, -2);
    uh_reset_port(q, 0);
    g_assert_cmpint(uh_control(q, 0, 0x80, 8, 0, 0, d, 1), ==, 1);
    g_assert_cmphex(d[0], ==, 0);
}

static void test_keyboard(QTest *q)
{
    static const uint8_t nothing[8];
    uint8_t d[8];
    bool toggle = false;
    uh_start(q);
    uh_reset_port(q, 0);
    uh_configure(q, 5);
    g_assert_cmpint(uh_control(q, 5, 0x21, 10, 0, 0, NULL, 0), ==, 0);          /* SET_IDLE: for ever */
    g_assert_cmpint(uh_packet(q, PID_IN, 5, 1, &toggle, d, 8), ==, -2);
    uh_key(q, "shift", true);
    uh_key(q, "a", true);
    uh_key(q, "a", false);
    uh_key(q, "shift", false);
    static const uint8_t wanted[4][3] = { { 2, 0, 0 }, { 2, 0, 4 }, { 2, 0, 0 }, { 0, 0, 0 } };
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmpint(uh_packet(q, PID_IN, 5, 1, &toggle, d, 8), ==, 8);
        g_assert_cmpmem(d, 3, wanted[i], 3);
    }
    g_assert_cmpint(uh_packet(q, PID_IN, 5, 1, &toggle, d, 8), ==, -2);
    /* More than the queue holds: nothing stays down. */
    for (unsigned i = 0; i < 100; i++) {
        uh_key(q, "b", true);
        uh_key(q, "b", false);
    }
    int got;
    while ((got = uh_packet(q, PID_IN, 5, 1, &toggle, d, 8)) >= 0) {
    }
    g_assert_cmpint(got, ==, -2);
    g_assert_cmpmem(d, 8, nothing, 8);
    /* Seven keys are too many for a report. */
    static const char *const keys[] = { "a", "b", "c", "d", "e", "f", "g" };
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        uh_key(q, keys[i], true);
        g_assert_cmpint(uh_packet(q, PID_IN, 5, 1, &toggle, d, 8), ==, 8);
        g_assert_cmphex(d[7], ==, i < 5 ? 0 : i == 5 ? 9 : 1);
    }
    /* Each 24 ms a report without news; then a lamp. */
    g_assert_cmpint(uh_control(q, 5, 0x21, 10, 6 << 8, 0, NULL, 0), ==, 0);
    qt_step(q, 30 * UHCI_MS);
    g_assert_cmpint(uh_packet(q, PID_IN, 5, 1, &toggle, d, 8), ==, 8);
    g_assert_cmpint(uh_packet(q, PID_IN, 5, 1, &toggle, d, 8), ==, -2);
    d[0] = 2;
    g_assert_cmpint(uh_control(q, 5, 0x21, 9, 0x0200, 0, d, 1), ==, 1);
    g_assert_cmpint(uh_control(q, 5, 0xa1, 1, 0x0200, 0, d, 1), ==, 1);
    g_assert_cmphex(d[0], ==, 2);
    g_assert_cmpint(uh_control(q, 5, 0x21, 9, 0x0200, 0, d, 2), ==, -1);
}

/* ---- the schedule ---- */

/* A packet with the other toggle than expected is no news, for either side. */
static void test_toggles(QTest *q)
{
    uint8_t d[8];
    bool toggle = true;
    uh_start(q);
    uh_reset_port(q, 0);
    uh_configure(q, 5);
    g_assert_cmpint(uh_control(q, 5, 0x21, 10, 0, 0, NULL, 0), ==, 0);
    uh_key(q, "a", true);
    uh_key(q, "a", false);
    /* DATA0 comes where DATA1 is awaited: dropped; the next one is right. */
    g_assert_cmpint(uh_packet(q, PID_IN, 5, 1, &toggle, d, 8), ==, 8);
    g_assert_cmphex(d[2], ==, 0);
}

static void test_interrupts(QTest *q)
{
    uh_start(q);
    uh_reset_port(q, 0);
    pci_write(q, 10, 0, 0x60, 0x0b0a0b0a | 0x0b000000);
    qt_listen_in(q, "isa-i8259", 0);
    /* Of a descriptor that is over, too. */
    uh_td(q, 0, true, TD_IOC, 0, 0);
    uh_queue(q, 0);
    uh_out(q, USBSTS, 0x1f);
    qt_step(q, 8 * UHCI_MS);
    g_assert_cmphex(uh_in(q, USBSTS), ==, 1);
    g_assert_false(qt_level(q, 11));
    uh_out(q, USBINTR, 4);
    qt_read(q, 0, 4);
    g_assert_true(qt_level(q, 11));
    pci_write(q, 10, 2, 0xc0, 0);               /* USBPIRQDEN */
    qt_read(q, 0, 4);
    g_assert_false(qt_level(q, 11));
    pci_write(q, 10, 2, 0xc0, 0x2000);
    ram_put(q, UHCI_QUEUE + 4, 4, LINK_END);
    uh_out(q, USBSTS, 1);
    qt_read(q, 0, 4);
    g_assert_false(qt_level(q, 11));
    /* A short packet, with and without SPD. */
    for (unsigned spd = 0; spd < 2; spd++) {
        uint8_t setup[8] = { 0x80, 6, 0, 1, 0, 0, 4, 0 };
        ram_write(q, UHCI_DATA, setup, 8);
        uh_td(q, 0, false, TD_ACTIVE, uh_token(PID_SETUP, 0, 0, false, 8), UHCI_DATA);
        uh_td(q, 1, false, TD_ACTIVE | (spd ? TD_SPD : 0), uh_token(PID_IN, 0, 0, true, 8), UHCI_DATA);
        uh_td(q, 2, true, TD_ACTIVE, uh_token(PID_OUT, 0, 0, true, 0), 0);
        uh_out(q, USBINTR, 8);
        uh_queue(q, 0);
        uh_wait(q, 1);
        qt_step(q, 8 * UHCI_MS);
        g_assert_cmpuint(uh_actual(q, 1), ==, 4);
        g_assert_cmphex(uh_status(q, 2) & TD_ACTIVE, ==, spd ? TD_ACTIVE : 0);
        g_assert_cmphex(uh_in(q, USBSTS), ==, spd);
        g_assert_cmpint(qt_level(q, 11), ==, spd);
    }
}

static void test_errors(QTest *q)
{
    uint8_t d[8];
    uh_start(q);
    uh_reset_port(q, 0);
    /* Nobody: three times, then it stalls. */
    uh_td(q, 0, true, TD_ACTIVE | TD_3_ERRORS | TD_IOC, uh_token(PID_IN, 99, 0, false, 8), UHCI_DATA);
    uh_queue(q, 0);
    qt_step(q, UHCI_MS);
    g_assert_cmphex(uh_status(q, 0) & 0x18c40000, ==, 0x10840000);
    uh_wait(q, 0);
    g_assert_cmphex(uh_status(q, 0) & 0x18c40000, ==, TD_STALLED | TD_TIMEOUT);
    g_assert_cmphex(uh_in(q, USBSTS), ==, 3);
    uh_out(q, USBSTS, 3);
    /* Without a count: for ever. */
    uh_td(q, 0, true, TD_ACTIVE, uh_token(PID_IN, 99, 0, false, 8), UHCI_DATA);
    uh_queue(q, 0);
    qt_step(q, 100 * UHCI_MS);
    g_assert_cmphex(uh_status(q, 0) & 0x18c40000, ==, TD_ACTIVE | TD_TIMEOUT);
    /* Babble: eight bytes for a host that has room for four. */
    uint8_t setup[8] = { 0x80, 6, 0, 1, 0, 0, 8, 0 };
    ram_write(q, UHCI_DATA, setup, 8);
    uh_td(q, 0, false, TD_ACTIVE, uh_token(PID_SETUP, 0, 0, false, 8), UHCI_DATA);
    uh_td(q, 1, true, TD_ACTIVE, uh_token(PID_IN, 0, 0, true, 4), UHCI_DATA);
    uh_queue(q, 0);
    g_assert_cmphex(uh_wait(q, 1) & (TD_BABBLE | TD_STALLED), ==, TD_BABBLE | TD_STALLED);
    /* A PID that there is not, and memory that there is not. */
    uh_td(q, 0, true, TD_ACTIVE, uh_token(0x42, 0, 0, false, 8), UHCI_DATA);
    uh_out(q, USBSTS, 0x1f);
    uh_queue(q, 0);
    qt_step(q, 8 * UHCI_MS);
    g_assert_cmphex(uh_in(q, USBSTS) & 0x3c, ==, 0x30);
    g_assert_cmphex(uh_in(q, USBCMD) & 1, ==, 0);
    uh_out(q, USBSTS, 0x1f);
    ram_put(q, UHCI_QUEUE + 4, 4, 0xfffff000);
    uh_out(q, USBCMD, 1);
    qt_step(q, 8 * UHCI_MS);
    g_assert_cmphex(uh_in(q, USBSTS) & 0x3c, ==, 0x28);
    ram_put(q, UHCI_QUEUE + 4, 4, LINK_END);
    uh_out(q, USBSTS, 0x1f);
    uh_out(q, USBCMD, 1);
    g_assert_cmpint(uh_control(q, 0, 0x80, 8, 0, 0, d, 1), ==, 1);              /* and it works again */
}

/* 1280 bytes in a frame, in a loop of queues too; repeated packets are taken and dropped. */
static void test_bandwidth(QTest *q)
{
    unsigned done = 0;
    uh_start(q);
    uh_reset_port(q, 0);
    uh_configure(q, 5);
    uh_out(q, USBCMD, 0);
    for (unsigned n = 0; n < 50; n++) {
        uh_td(q, n, n == 49, TD_ACTIVE, uh_token(PID_OUT, 5, 2, true, 64), UHCI_DATA);
    }
    uh_queue(q, 0);
    ram_put(q, UHCI_QUEUE, 4, UHCI_QUEUE | LINK_QUEUE);
    for (unsigned frame = 1; frame < 4; frame++) {
        uh_out(q, USBCMD, 1);
        qt_step(q, UHCI_MS);
        uh_out(q, USBCMD, 0);
        for (done = 0; done < 50 && !(uh_status(q, done) & TD_ACTIVE); done++) {
        }
        g_assert_cmpuint(done, ==, MIN(50, 20 * frame));
    }
    /* One packet of each round: the loop is gone round until nothing is left. */
    for (unsigned n = 0; n < 10; n++) {
        uh_td(q, n, n == 9, TD_ACTIVE, uh_token(PID_OUT, 5, 2, true, 64), UHCI_DATA);
        ram_put(q, uh_td_at(n), 4, n == 9 ? LINK_END : uh_td_at(n + 1));
    }
    uh_queue(q, 0);
    uh_out(q, USBCMD, 1);
    qt_step(q, UHCI_MS);
    g_assert_cmphex(uh_status(q, 9) & TD_ACTIVE, ==, 0);
    /* Descriptors in a circle. */
    uh_td(q, 0, false, 0, 0, 0);
    ram_put(q, uh_td_at(0), 4, uh_td_at(0));
    ram_put(q, UHCI_FRAME_LIST, 4, uh_td_at(0));
    qt_step(q, 3000 * UHCI_MS);
    g_assert_cmphex(uh_in(q, USBSTS), ==, 0);
}

/* What is linked into a quiet schedule is found within 32 ms; what a device has, at once. */
static void test_quiet(QTest *q)
{
    uh_start(q);
    uh_reset_port(q, 0);
    uh_configure(q, 5);
    g_assert_cmpint(uh_control(q, 5, 0x21, 10, 0, 0, NULL, 0), ==, 0);
    qt_step(q, 3000 * UHCI_MS);
    uh_td(q, 0, true, TD_ACTIVE, uh_token(PID_IN, 5, 1, false, 8), UHCI_DATA);
    uh_queue(q, 0);
    qt_step(q, 32 * UHCI_MS);
    g_assert_cmphex(uh_status(q, 0) & (TD_ACTIVE | TD_NAK), ==, TD_ACTIVE | TD_NAK);
    unsigned before = uh_in(q, FRNUM);
    qt_step(q, 500 * UHCI_MS + UHCI_MS / 2);
    g_assert_cmpuint((uh_in(q, FRNUM) - before) & 0x7ff, ==, 500);
    qt_step(q, 5000 * UHCI_MS);
    uh_key(q, "a", true);
    qt_step(q, UHCI_MS);
    g_assert_cmphex(uh_status(q, 0) & TD_ACTIVE, ==, 0);
}

/* One shot, whatever comes of it; the frame goes on behind it. */
static void test_isochronous(QTest *q)
{
    uh_start(q);
    uh_reset_port(q, 0);
    uh_configure(q, 5);
    uh_td(q, 0, false, TD_ACTIVE | 0x02000000u | TD_IOC, uh_token(PID_IN, 5, 7, false, 1023), UHCI_DATA);
    ram_put(q, uh_td_at(0), 4, UHCI_QUEUE | LINK_QUEUE);
    for (unsigned n = 0; n < 16; n++) {
        ram_put(q, UHCI_FRAME_LIST + 4 * ((uh_in(q, FRNUM) + n) & 0x3ff), 4, uh_td_at(0));
    }
    qt_step(q, 10 * UHCI_MS);
    g_assert_cmphex(uh_status(q, 0) & (TD_ACTIVE | TD_STALLED | TD_TIMEOUT), ==, TD_TIMEOUT);
    g_assert_cmpuint(uh_actual(q, 0), ==, 0);
    g_assert_cmphex(uh_in(q, USBSTS), ==, 3);
    uint8_t d[1];
    g_assert_cmpint(uh_control(q, 5, 0x80, 8, 0, 0, d, 1), ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/uhci/registers", NULL, test_registers);
    qt_add("/uhci/ports", KEYBOARD, test_ports);
    qt_add("/uhci/resume", KEYBOARD, test_resume);
    qt_add("/uhci/control", KEYBOARD, test_control);
    qt_add("/uhci/keyboard", KEYBOARD, test_keyboard);
    qt_add("/uhci/toggles", KEYBOARD, test_toggles);
    qt_add("/uhci/interrupts", KEYBOARD, test_interrupts);
    qt_add("/uhci/errors", KEYBOARD, test_errors);
    qt_add("/uhci/bandwidth", DISK, test_bandwidth);
    qt_add("/uhci/quiet", KEYBOARD, test_quiet);
    qt_add("/uhci/isochronous", KEYBOARD, test_isochronous);
    return g_test_run();
}
