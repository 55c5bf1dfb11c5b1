/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver of the board's UHCI controller, for tests: one queue that each frame leads to. */
#ifndef TESTS_QTEST_UHCI_H
#define TESTS_QTEST_UHCI_H

#include "wire.h"

#define UHCI_FRAME_LIST 0x100000u
#define UHCI_QUEUE 0x102000u
#define UHCI_TDS 0x103000u              /* 16 bytes each */
#define UHCI_DATA 0x110000u
#define UHCI_MS INT64_C(1000000)

enum { USBCMD = 0x00, USBSTS = 0x02, USBINTR = 0x04, FRNUM = 0x06, FRBASEADD = 0x08,
       PORTSC1 = 0x10, PORTSC2 = 0x12 };
enum { PID_OUT = 0xe1, PID_IN = 0x69, PID_SETUP = 0x2d };
enum { LINK_END = 1, LINK_QUEUE = 2, LINK_DEPTH = 4 };
#define TD_ACTIVE 0x00800000u
#define TD_STALLED 0x00400000u
#define TD_BABBLE 0x00100000u
#define TD_NAK 0x00080000u
#define TD_TIMEOUT 0x00040000u
#define TD_IOC 0x01000000u
#define TD_SPD 0x20000000u
#define TD_3_ERRORS 0x18000000u

unsigned uh_in(QTest *q, unsigned reg);
void uh_out(QTest *q, unsigned reg, unsigned value);
/* Ports decoded, frame list made, queue empty, running. */
void uh_start(QTest *q);
/* Resets and enables the port (0 or 1), which has a device. */
void uh_reset_port(QTest *q, unsigned port);

uint32_t uh_token(unsigned pid, unsigned address, unsigned endpoint, bool toggle, unsigned len);
/* Writes descriptor n, linked depth-first to the next one, or last. */
void uh_td(QTest *q, unsigned n, bool last, uint32_t status, uint32_t token, uint32_t buffer);
uint32_t uh_td_at(unsigned n);
uint32_t uh_status(QTest *q, unsigned n);
/* Bytes that were moved. */
unsigned uh_actual(QTest *q, unsigned n);
/* The queue begins with descriptor n now. */
void uh_queue(QTest *q, unsigned n);
uint32_t uh_element(QTest *q);
/* Steps until descriptor n is not active any more (a disk takes its time); its status. */
uint32_t uh_wait(QTest *q, unsigned n);

/* A control transfer to a device whose endpoint 0 has packets of 8: the bytes of data, or -1: it stalled. */
int uh_control(QTest *q, unsigned address, unsigned type, unsigned request, unsigned value, unsigned index,
               void *data, unsigned len);
/* One packet of an endpoint; its length, -1: it stalled, -2: NAK. toggle is turned over with an answer. */
int uh_packet(QTest *q, unsigned pid, unsigned address, unsigned endpoint, bool *toggle, void *data,
              unsigned len);
/* Address and configuration 1 for what answers to address 0. */
void uh_configure(QTest *q, unsigned address);
/* A key goes down or up. */
void uh_key(QTest *q, const char *key, bool down);

#endif
