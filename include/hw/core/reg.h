/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Register tables: reset, masks, storage and hooks of each register of a device. */
#ifndef HW_CORE_REG_H
#define HW_CORE_REG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "system/memory.h"

typedef struct Device Device;
typedef struct DeviceType DeviceType;
typedef struct Reg Reg;

struct Reg {
    uint32_t addr;              /* from the start of the region; a multiple of the width */
    const char *name;
    uint64_t reset;
    uint64_t rw;                /* bits that a write sets */
    uint64_t w1c;               /* bits that writing 1 clears */
    size_t storage, size;       /* AT(Type, field); size 0: nothing is stored */
    uint64_t (*read)(Device *dev, const Reg *reg);      /* NULL: what is stored */
    /* After the storage changed; value is what the guest wrote, unmasked, with the bytes
     * that it did not write taken from the register. */
    void (*written)(Device *dev, const Reg *reg, uint64_t value);
};

#define AT(Type, field) offsetof(Type, field), sizeof(((Type *)0)->field)

/* The register at addr, or NULL. */
const Reg *reg_find(const DeviceType *type, uint32_t addr);
/* What is stored for the register; 0 without storage. */
uint64_t reg_stored(const Device *dev, const Reg *reg);
void reg_store(Device *dev, const Reg *reg, uint64_t value);
/* One access of 1 to reg_width bytes; an unknown register reads 0 and is logged. */
uint64_t reg_read(Device *dev, uint32_t addr, unsigned size);
void reg_write(Device *dev, uint32_t addr, uint64_t value, unsigned size);
/* Gives every register of the table its reset value. */
void reg_reset(Device *dev);
/* An MMIO region of size bytes that is the device's table. */
MemRegion *reg_region_new(Device *dev, const char *name, uint64_t size);

#endif
