/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other end of a network card's cable: frames on a stream socket that the emulator connects to. */
#ifndef TESTS_QTEST_WIRE_H
#define TESTS_QTEST_WIRE_H

#include "client.h"

typedef struct {
    char *dir, *path;
    int fd;
} Wire;

/* A machine with the device in slot 11, plugged into the wire; model may have properties behind it. */
QTest *wire_start(Wire *w, const char *model, bool big_endian);
void wire_end(Wire *w, QTest *q);
void wire_send(Wire *w, const void *frame, size_t len);
/* The next frame, in a buffer of 65536 bytes; its length, or -1 when none comes within ms. */
int wire_receive(Wire *w, void *frame, int ms);
/* Adds path/le and path/be, as qt_add. */
void wire_add(const char *path, const char *model, void (*func)(QTest *q, Wire *w));

/* The device's function: ports at io, memory at mem, both decoded, bus master. */
void wire_enable(QTest *q, uint32_t io, unsigned io_bar, uint32_t mem, unsigned mem_bar);

/* Accesses of PCI devices, which are little endian. */
uint64_t le_read(QTest *q, uint64_t addr, unsigned size);
void le_write(QTest *q, uint64_t addr, uint64_t value, unsigned size);

/* Guest memory as bytes, and as numbers in little endian. */
void ram_write(QTest *q, uint64_t addr, const void *data, size_t len);
void ram_read(QTest *q, uint64_t addr, void *data, size_t len);
void ram_put(QTest *q, uint64_t addr, unsigned size, uint64_t value);
uint64_t ram_get(QTest *q, uint64_t addr, unsigned size);

#endif
