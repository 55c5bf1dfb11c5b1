/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serial EEPROM 24C02 (Atmel AT24C02 data sheet): byte and page write, current, random
 * and sequential read. Not modelled: the 5 ms that a write takes.
 */
#include "hw/misc/i2c_eeprom.h"
#include "util/error.h"
#include "util/log.h"

#define PAGE 8

static void eeprom_start(void *opaque, bool read)
{
    ((I2cEeprom *)opaque)->expect_pointer = !read;
}

static uint8_t eeprom_read(void *opaque)
{
    I2cEeprom *e = opaque;
    return e->contents[e->pointer++];
}

static bool eeprom_write(void *opaque, uint8_t byte)
{
    I2cEeprom *e = opaque;
    if (e->expect_pointer) {
        e->pointer = byte;
        e->expect_pointer = false;
        return true;
    }
    if (e->write_protected) {
        guest_log("%s: write to the protected EEPROM at 0x%02x", device_name(&e->dev), e->pointer);
    } else {
        e->contents[e->pointer] = byte;
    }
    /* The pointer wraps inside the page. */
    e->pointer = (uint8_t)((e->pointer & ~(PAGE - 1)) | ((e->pointer + 1) & (PAGE - 1)));
    return true;
}

static void eeprom_stop(void *opaque)
{
    ((I2cEeprom *)opaque)->expect_pointer = false;
}

static bool i2c_eeprom_realize(Device *dev, GError **err)
{
    I2cEeprom *e = (I2cEeprom *)dev;
    g_assert(e->bus);
    if (e->address > 0x7f) {
        return error_set(err, "%s: address 0x%x is not a 7-bit I2C address; 0x50 to 0x57 would work",
                         device_name(dev), e->address);
    }
    e->target = (I2cTarget){
        .address = (uint8_t)e->address, .opaque = e, .start = eeprom_start, .read = eeprom_read,
        .write = eeprom_write, .stop = eeprom_stop,
    };
    i2c_add(e->bus, &e->target);
    return true;
}

static void i2c_eeprom_reset(Device *dev)
{
    ((I2cEeprom *)dev)->expect_pointer = false;
}

static const VmField i2c_eeprom_state[] = {
    VM_BUFFER(I2cEeprom, contents), VM_U8(I2cEeprom, pointer), VM_BOOL(I2cEeprom, expect_pointer),
    { 0 }
};

const DeviceType i2c_eeprom_type = {
    "smbus-eeprom", sizeof(I2cEeprom), .description = "24C02 serial EEPROM",
    .state = i2c_eeprom_state, .realize = i2c_eeprom_realize, .reset = i2c_eeprom_reset,
};
