/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A 256-byte serial EEPROM (24C02) on I2C, and what a memory module's one says. */
#ifndef HW_MISC_I2C_EEPROM_H
#define HW_MISC_I2C_EEPROM_H

#include "hw/core/device.h"
#include "hw/core/i2c.h"

typedef struct {
    Device dev;
    I2cBus *bus;                /* these are set before it is realized */
    uint32_t address;           /* 0x50..0x57 */
    bool write_protected;
    uint8_t contents[256];      /* at power-on and now: a reset does not change it */

    uint8_t pointer;
    bool expect_pointer;        /* the next byte written is the word address */
    I2cTarget target;
} I2cEeprom;

extern const DeviceType i2c_eeprom_type;

/* Fills contents with the serial presence detect data of one module of ram_size bytes
 * (JEDEC 21-C, section 4.1.2.5); sizes that no module of two rows has are rounded down. */
void spd_eeprom_fill(uint8_t contents[256], uint64_t ram_size);

#endif
