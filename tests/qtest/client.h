/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine without running CPUs, driven from a test: one process per QTest, its qtest and
 * QMP sockets connected. Anything that goes wrong with the process or the protocol aborts.
 */
#ifndef TESTS_QTEST_CLIENT_H
#define TESTS_QTEST_CLIENT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "util/json_text.h"

#define QT_IO 0x10000000u       /* the ports, where the GT-64120 has them after a reset */
#define QT_GT 0x14000000u       /* its registers */
#define QT_IRQS 64

typedef struct QTest QTest;

/* Starts the program of $VALLETTA with args, words apart by spaces. */
QTest *qt_start(const char *args, bool big_endian);
/* Ends it with SIGTERM, which must give exit status 0. */
void qt_end(QTest *q);
bool qt_big(const QTest *q);
/* Adds path/le and path/be: func on a Malta of that byte order with extra args. */
void qt_add(const char *path, const char *args, void (*func)(QTest *q));

/* Sends one line; the reply to it, freed by the caller. */
char *qt_ask(QTest *q, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same, and it must begin with "OK"; what follows. */
char *qt_ok(QTest *q, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The "return" of a QMP command, NULL for an error; freed by the caller. */
JsonNode *qt_qmp(QTest *q, const char *command);

/* Accesses in the byte order of the CPU. */
uint64_t qt_read(QTest *q, uint64_t addr, unsigned size);
void qt_write(QTest *q, uint64_t addr, uint64_t value, unsigned size);
uint8_t qt_in(QTest *q, unsigned port);
void qt_out(QTest *q, unsigned port, uint8_t value);
/* GT-64120 registers, as its data sheet numbers their bits. */
uint32_t gt_read(QTest *q, unsigned reg);
void gt_write(QTest *q, unsigned reg, uint32_t value);
/* PCI configuration space of a function of bus 0; reg a multiple of 4. */
uint32_t pci_read(QTest *q, unsigned slot, unsigned function, unsigned reg);
void pci_write(QTest *q, unsigned slot, unsigned function, unsigned reg, uint32_t value);

/* Nanoseconds; the time then. */
int64_t qt_step(QTest *q, int64_t ns);
/* Intercepts lines of the n-th device of the type; output NULL: the unnamed ones. */
void qt_listen_out(QTest *q, const char *type, unsigned n, const char *output);
void qt_listen_in(QTest *q, const char *type, unsigned n);
void qt_set_input(QTest *q, const char *type, unsigned n, int input, bool level);
/* The level of an intercepted line, and how often it has risen. */
bool qt_level(QTest *q, unsigned n);
unsigned qt_rises(QTest *q, unsigned n);
/* Asks the monitor for a reset and waits for its end. */
void qt_reset(QTest *q);
/* For one that a register asked for: the number of resets seen, and waiting for the one after it. */
unsigned qt_resets(QTest *q);
void qt_wait_reset(QTest *q, unsigned before);

#endif
