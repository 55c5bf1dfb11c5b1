/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uhci.h"

#include <string.h>
#include "util/bits.h"

#define IO 0x1c00u

unsigned uh_in(QTest *q, unsigned reg)
{
    return (unsigned)le_read(q, QT_IO + IO + reg, 2);
}

void uh_out(QTest *q, unsigned reg, unsigned value)
{
    le_write(q, QT_IO + IO + reg, value, 2);
}

void uh_start(QTest *q)
{
    uint8_t list[4096];
    for (unsigned i = 0; i < 1024; i++) {
        store_le(list + 4 * i, 4, UHCI_QUEUE | LINK_QUEUE);
    }
    ram_write(q, UHCI_FRAME_LIST, list, sizeof(list));
    ram_put(q, UHCI_QUEUE, 4, LINK_END);
    ram_put(q, UHCI_QUEUE + 4, 4, LINK_END);
    pci_write(q, 10, 2, 0x20, IO);
    pci_write(q, 10, 2, 0x04, 5);
    le_write(q, QT_IO + IO + FRBASEADD, UHCI_FRAME_LIST, 4);
    uh_out(q, USBCMD, 1);
}

void uh_reset_port(QTest *q, unsigned port)
{
    unsigned reg = PORTSC1 + 2 * port;
    uh_out(q, reg, 0x200);
    qt_step(q, 50 * UHCI_MS);
    uh_out(q, reg, 0);
    uh_out(q, reg, 0x000e);
    g_assert_cmphex(uh_in(q, reg) & 0x120f, ==, 0x0005);
}

uint32_t uh_token(unsigned pid, unsigned address, unsigned endpoint, bool toggle, unsigned len)
{
    return pid | address << 8 | endpoint << 15 | (unsigned)toggle << 19 | ((len - 1) & 0x7ff) << 21;
}

uint32_t uh_td_at(unsigned n)
{
    return UHCI_TDS + 16 * n;
}

void uh_td(QTest *q, unsigned n, bool last, uint32_t status, uint32_t token, uint32_t buffer)
{
    uint8_t td[16];
    store_le(td, 4, last ? LINK_END : uh_td_at(n + 1) | LINK_DEPTH);
    store_le(td + 4, 4, status);
    store_le(td + 8, 4, token);
    store_le(td + 12, 4, buffer);
    ram_write(q, uh_td_at(n), td, sizeof(td));
}

uint32_t uh_status(QTest *q, unsigned n)
{
    return (uint32_t)ram_get(q, uh_td_at(n) + 4, 4);
}

unsigned uh_actual(QTest *q, unsigned n)
{
    return (uh_status(q, n) + 1) & 0x7ff;
}

void uh_queue(QTest *q, unsigned n)
{
    ram_put(q, UHCI_QUEUE + 4, 4, uh_td_at(n));
}

uint32_t uh_element(QTest *q)
{
    return (uint32_t)ram_get(q, UHCI_QUEUE + 4, 4);
}

uint32_t uh_wait(QTest *q, unsigned n)
{
    for (unsigned i = 0; i < 5000; i++) {
        qt_step(q, i < 8 ? UHCI_MS : 8 * UHCI_MS);
        if (!(uh_status(q, n) & TD_ACTIVE)) {
            return uh_status(q, n);
        }
        g_usleep(i < 50 ? 0 : 1000);
    }
    g_error("descriptor %u is still active: 0x%08x", n, uh_status(q, n));
}

int uh_control(QTest *q, unsigned address, unsigned type, unsigned request, unsigned value, unsigned index,
               void *data, unsigned len)
{
    bool in = type & 0x80;
    unsigned n = 1, got = 0;
    uint8_t setup[8] = { (uint8_t)type, (uint8_t)request };
    store_le(setup + 2, 2, value);
    store_le(setup + 4, 2, index);
    store_le(setup + 6, 2, len);
    ram_write(q, UHCI_DATA, setup, 8);
    if (len && !in) {
        ram_write(q, UHCI_DATA + 0x100, data, len);
    }
    uh_td(q, 0, false, TD_ACTIVE | TD_3_ERRORS, uh_token(PID_SETUP, address, 0, false, 8), UHCI_DATA);
    for (unsigned at = 0; at < len; at += 8, n++) {
        uh_td(q, n, false, TD_ACTIVE | TD_3_ERRORS | (in ? TD_SPD : 0),
              uh_token(in ? PID_IN : PID_OUT, address, 0, n & 1, MIN(8, len - at)), UHCI_DATA + 0x100 + at);
    }
    uh_td(q, n, true, TD_ACTIVE | TD_3_ERRORS, uh_token(in && len ? PID_OUT : PID_IN, address, 0, true, 0),
          0);
    uh_queue(q, 0);
    for (unsigned i = 0; i <= n; i++) {
        uint32_t status = uh_wait(q, i);
        if (status & TD_STALLED) {
            ram_put(q, UHCI_QUEUE + 4, 4, LINK_END);
            return -1;
        }
        got += i && i < n ? uh_actual(q, i) : 0;
        if (in && i && i < n && uh_actual(q, i) < MIN(8, len - 8 * (i - 1))) {
            g_assert_cmphex(uh_element(q) & ~15u, ==, uh_td_at(i));     /* it stopped there */
            uh_queue(q, n);
            i = n - 1;
        }
    }
    if (in && len) {
        ram_read(q, UHCI_DATA + 0x100, data, got);
    }
    return (int)got;
}

int uh_packet(QTest *q, unsigned pid, unsigned address, unsigned endpoint, bool *toggle, void *data,
              unsigned len)
{
    if (pid == PID_OUT && len) {
        ram_write(q, UHCI_DATA, data, len);
    }
    uh_td(q, 0, true, TD_ACTIVE | TD_3_ERRORS, uh_token(pid, address, endpoint, *toggle, len), UHCI_DATA);
    uh_queue(q, 0);
    qt_step(q, 8 * UHCI_MS);
    uint32_t status = uh_status(q, 0);
    /* Neither done nor refused: it waits for the host's disk, which has no part in the machine's time. */
    for (unsigned tries = 0; (status & TD_ACTIVE) && !(status & TD_NAK) && tries < 1000; tries++) {
        g_usleep(10000);
        qt_step(q, UHCI_MS);
        status = uh_status(q, 0);
    }
    ram_put(q, UHCI_QUEUE + 4, 4, LINK_END);
    if (status & TD_STALLED) {
        return -1;
    }
    if (status & TD_ACTIVE) {
        g_assert_cmphex(status & TD_NAK, ==, TD_NAK);
        return -2;
    }
    unsigned got = uh_actual(q, 0);
    if (pid == PID_IN && got) {
        ram_read(q, UHCI_DATA, data, got);
    }
    *toggle = !*toggle;
    return (int)got;
}

void uh_configure(QTest *q, unsigned address)
{
    g_assert_cmpint(uh_control(q, 0, 0x00, 5, address, 0, NULL, 0), ==, 0);
    g_assert_cmpint(uh_control(q, address, 0x00, 9, 1, 0, NULL, 0), ==, 0);
}

void uh_key(QTest *q, const char *key, bool down)
{
    g_autofree char *command = g_strdup_printf(
        "{\"execute\": \"input-send-event\", \"arguments\": {\"events\": [{\"type\": \"key\", "
        "\"data\": {\"down\": %s, "
        "\"key\": {\"type\": \"qcode\", \"data\": \"%s\"}}}]}}", down ? "true" : "false", key);
    g_autoptr(JsonNode) reply = qt_qmp(q, command);
    g_assert_nonnull(reply);
}
