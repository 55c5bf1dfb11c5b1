/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine without anything that runs its CPUs, and the line protocol by which a test
 * program does what a CPU would: accesses, time, interrupt lines. Main thread, machine
 * lock held for all.
 */
#ifndef ACCEL_QTEST_QTEST_H
#define ACCEL_QTEST_QTEST_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include "system/machine.h"

/* Sets machine->runner to one that runs nothing, and makes virtual time stand at 0 until
 * clock_advance moves it. Before the first start. */
void qtest_start_all(Machine *machine);
/* The same clock for a machine without CPUs. */
void qtest_stop_time(Machine *machine);

typedef struct Qtest Qtest;

/* What the protocol cannot do by itself; opaque is qtest_new's. */
typedef struct {
    /* One line for the client, with its newline. */
    void (*send)(void *opaque, const char *line, size_t len);
    /* A line came in that is about to be answered; for the log. */
    void (*received)(void *opaque, const char *line);
    /* From now on qtest_irq is called for the unnamed inputs, or for the outputs called name (NULL:
     * the unnamed ones), of the device at path. False with err. */
    bool (*intercept)(void *opaque, const char *path, bool outputs, const char *name, GError **err);
    /* Drives input n of the group called name (NULL: the unnamed ones). False with err. */
    bool (*set_input)(void *opaque, const char *path, const char *name, int n, bool level, GError **err);
} QtestHost;

/* host outlives the protocol. */
Qtest *qtest_new(Machine *machine, const QtestHost *host, void *opaque);
void qtest_free(Qtest *q);
/* A client is there, or another one: what was left of a line is dropped, all levels are low. */
void qtest_opened(Qtest *q);
/* Bytes of the client, lines or parts of them; whole lines are answered before it returns. */
void qtest_input(Qtest *q, const uint8_t *data, size_t len);
/* Line n of the intercepted ones has this level now; tells the client when that is a change. */
void qtest_irq(Qtest *q, int n, bool level);

#define QTEST_IRQS 64

#endif
