/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the protocol share. */
#ifndef ACCEL_QTEST_INTERNAL_H
#define ACCEL_QTEST_INTERNAL_H

#include "accel/qtest/qtest.h"

struct Qtest {
    Machine *machine;
    const QtestHost *host;
    void *opaque;
    AddressSpace *io;           /* made when it is first asked for */
    GString *in;                /* the line that is not complete yet */
    bool overflow;              /* it was too long: the rest is dropped */
    bool level[QTEST_IRQS];
};

typedef struct {
    const char *name;
    unsigned min_words, max_words;      /* of arguments */
    const char *usage;
    /* words: the arguments, ended by NULL. Sends one reply. */
    void (*run)(Qtest *q, char **words);
} QtestCommand;

/* Accesses; ended by { 0 }. */
extern const QtestCommand qtest_memory_commands[];

/* A line to the client; the newline is added. */
void qtest_reply(Qtest *q, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Decimal, 0x hex or 0 octal, a sign allowed; false after a reply that says what is wrong. */
bool qtest_number(Qtest *q, const char *word, uint64_t *value);

#endif
