/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I2C: a bus of byte-level targets, and a bit-level port for software that drives the two
 * wires itself. I2C-bus specification version 2.1, chapter 3. Machine lock held for all.
 */
#ifndef HW_CORE_I2C_H
#define HW_CORE_I2C_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "hw/core/state.h"

typedef struct I2cTarget I2cTarget;

/* Held by value in the device that listens. */
struct I2cTarget {
    uint8_t address;            /* 7 bits */
    void *opaque;
    void (*start)(void *opaque, bool read);     /* START with its address */
    uint8_t (*read)(void *opaque);              /* next byte to the controller */
    bool (*write)(void *opaque, uint8_t byte);  /* true: acknowledged */
    void (*stop)(void *opaque);                 /* STOP, or START for somebody else */
};

typedef struct {
    GPtrArray *targets;         /* of I2cTarget * */
    int16_t selected;           /* address of the target that is spoken to; -1: none */
} I2cBus;

void i2c_init(I2cBus *bus);
void i2c_clear(I2cBus *bus);
void i2c_add(I2cBus *bus, I2cTarget *target);
/* One transfer: start (again: repeated start), bytes, stop. Start and write return
 * whether somebody acknowledged; a read without a target gives 0xff. */
bool i2c_start(I2cBus *bus, uint8_t address, bool read);
bool i2c_write(I2cBus *bus, uint8_t byte);
uint8_t i2c_read(I2cBus *bus);
void i2c_stop(I2cBus *bus);

/* The wires as a bit-banging controller drives and sees them. */
typedef struct {
    I2cBus *bus;
    bool scl, sda;              /* what the controller drives; false = pulled low */
    bool sda_target;            /* what the target drives */
    uint8_t phase;              /* 0 idle, 1 address, 2 write, 3 read, 4 ignored until stop */
    uint8_t bits;               /* of the current byte done, 0..8; 8: acknowledge bit is next */
    uint8_t shift;
    bool acknowledged;          /* by the controller, of the byte it read */
} I2cPort;

extern const VmField i2c_port_state[];

void i2c_port_reset(I2cPort *port);
/* The controller's new levels for both wires. */
void i2c_port_drive(I2cPort *port, bool scl, bool sda);
/* The data wire as seen by everybody. */
bool i2c_port_sda(const I2cPort *port);

#endif
