/* SPDX-License-Identifier: GPL-2.0-or-later */
/* I2C: I2C-bus specification version 2.1. Not modelled: clock stretching, 10-bit
 * addresses, several controllers. */
#include "hw/core/i2c.h"

enum { PHASE_IDLE, PHASE_ADDRESS, PHASE_WRITE, PHASE_READ, PHASE_IGNORED };

/* ---- bytes ---- */

void i2c_init(I2cBus *bus)
{
    bus->targets = g_ptr_array_new();
    bus->selected = -1;
}

void i2c_clear(I2cBus *bus)
{
    g_clear_pointer(&bus->targets, g_ptr_array_unref);
}

void i2c_add(I2cBus *bus, I2cTarget *target)
{
    g_ptr_array_add(bus->targets, target);
}

static I2cTarget *find(const I2cBus *bus, int address)
{
    for (unsigned i = 0; i < bus->targets->len; i++) {
        I2cTarget *t = g_ptr_array_index(bus->targets, i);
        if (t->address == address) {
            return t;
        }
    }
    return NULL;
}

bool i2c_start(I2cBus *bus, uint8_t address, bool read)
{
    I2cTarget *t = find(bus, address);
    if (bus->selected >= 0 && bus->selected != address) {
        i2c_stop(bus);
    }
    if (!t) {
        return false;
    }
    bus->selected = address;
    t->start(t->opaque, read);
    return true;
}

bool i2c_write(I2cBus *bus, uint8_t byte)
{
    I2cTarget *t = find(bus, bus->selected);
    return t && t->write(t->opaque, byte);
}

uint8_t i2c_read(I2cBus *bus)
{
    I2cTarget *t = find(bus, bus->selected);
    return t ? t->read(t->opaque) : 0xff;
}

void i2c_stop(I2cBus *bus)
{
    I2cTarget *t = find(bus, bus->selected);
    bus->selected = -1;
    if (t) {
        t->stop(t->opaque);
    }
}

/* ---- bits ---- */

void i2c_port_reset(I2cPort *port)
{
    I2cBus *bus = port->bus;
    i2c_stop(bus);
    *port = (I2cPort){ .bus = bus, .scl = true, .sda = true, .sda_target = true };
}

bool i2c_port_sda(const I2cPort *port)
{
    return port->sda && port->sda_target;
}

/* Eight bits came in: who answers, and what follows. */
static void byte_received(I2cPort *p)
{
    if (p->phase == PHASE_ADDRESS) {
        bool read = p->shift & 1;
        bool ack = i2c_start(p->bus, p->shift >> 1, read);
        p->sda_target = !ack;
        p->phase = !ack ? PHASE_IGNORED : read ? PHASE_READ : PHASE_WRITE;
    } else if (p->phase == PHASE_WRITE) {
        p->sda_target = !i2c_write(p->bus, p->shift);
    }
}

static void rising_clock(I2cPort *p)
{
    if (p->bits < 8) {
        if (p->phase != PHASE_READ) {
            p->shift = (uint8_t)(p->shift << 1 | p->sda);
        }
    } else {
        p->acknowledged = !i2c_port_sda(p);
    }
}

/* The wires change while the clock is low. bits counts finished clocks; after the ninth a
 * new byte begins. */
static void falling_clock(I2cPort *p)
{
    bool was_read = p->phase == PHASE_READ;
    p->bits++;
    if (p->bits == 8 && !was_read) {
        byte_received(p);
        return;
    }
    if (p->bits == 8) {
        p->sda_target = true;           /* the controller acknowledges */
        return;
    }
    if (p->bits == 9) {
        p->bits = 0;
        p->sda_target = true;
        if (was_read) {
            if (!p->acknowledged) {
                p->phase = PHASE_IGNORED;
                return;
            }
            p->shift = i2c_read(p->bus);
        }
    }
    if (p->phase == PHASE_READ) {
        p->sda_target = (p->shift >> (7 - p->bits)) & 1;
    }
}

void i2c_port_drive(I2cPort *p, bool scl, bool sda)
{
    bool old_scl = p->scl, old_sda = p->sda;
    p->scl = scl;
    p->sda = sda;
    if (old_scl && scl && old_sda && !sda) {            /* START */
        p->phase = PHASE_ADDRESS;
        p->bits = UINT8_MAX;            /* the first falling clock belongs to START itself */
        p->shift = 0;
        p->sda_target = true;
    } else if (old_scl && scl && !old_sda && sda) {     /* STOP */
        p->phase = PHASE_IDLE;
        p->sda_target = true;
        i2c_stop(p->bus);
    } else if (p->phase == PHASE_IDLE) {
        return;
    } else if (!old_scl && scl) {
        rising_clock(p);
    } else if (old_scl && !scl) {
        if (p->bits == UINT8_MAX) {
            p->bits = 0;
        } else {
            falling_clock(p);
        }
    }
}

const VmField i2c_port_state[] = {
    VM_BOOL(I2cPort, scl), VM_BOOL(I2cPort, sda), VM_BOOL(I2cPort, sda_target), VM_U8(I2cPort, phase),
    VM_U8(I2cPort, bits), VM_U8(I2cPort, shift), VM_BOOL(I2cPort, acknowledged),
    { 0 }
};
