/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Register tables. */
#include "hw/core/device.h"
#include "util/bits.h"
#include "util/log.h"

static unsigned reg_width(const DeviceType *type)
{
    return type->reg_width ? type->reg_width : 4;
}

const Reg *reg_find(const DeviceType *type, uint32_t addr)
{
    for (const Reg *r = type->regs; r && r->name && r->addr <= addr; r++) {
        if (r->addr == addr) {
            return r;
        }
    }
    return NULL;
}

uint64_t reg_stored(const Device *dev, const Reg *reg)
{
    const void *p = (const char *)dev + reg->storage;
    switch (reg->size) {
    case 1:
        return *(const uint8_t *)p;
    case 2:
        return *(const uint16_t *)p;
    case 4:
        return *(const uint32_t *)p;
    case 8:
        return *(const uint64_t *)p;
    default:
        return 0;
    }
}

void reg_store(Device *dev, const Reg *reg, uint64_t value)
{
    void *p = (char *)dev + reg->storage;
    switch (reg->size) {
    case 1:
        *(uint8_t *)p = (uint8_t)value;
        break;
    case 2:
        *(uint16_t *)p = (uint16_t)value;
        break;
    case 4:
        *(uint32_t *)p = (uint32_t)value;
        break;
    case 8:
        *(uint64_t *)p = value;
        break;
    default:
        break;
    }
}

/* Where an access of size bytes at addr lies in its register, in bits from the right. */
static unsigned lane(const Device *dev, uint32_t addr, unsigned size)
{
    const DeviceType *type = dev->type;
    unsigned width = reg_width(type), below = addr & (width - 1);
    bool big = type->reg_endian == MEM_BIG || (type->reg_endian == MEM_NATIVE && dev->machine->big_endian);
    return 8 * (big ? width - size - below : below);
}

static void unknown(const Device *dev, uint32_t addr, unsigned size, const char *what)
{
    if (log_enabled(LOG_UNIMP)) {
        log_line(LOG_UNIMP, "%s: %s of %u bytes at 0x%x: no such register", device_name(dev), what, size,
                 addr);
    } else {
        guest_log("%s: %s of %u bytes at 0x%x: no such register", device_name(dev), what, size, addr);
    }
}

uint64_t reg_read(Device *dev, uint32_t addr, unsigned size)
{
    unsigned width = reg_width(dev->type);
    g_assert(size <= width);
    const Reg *reg = reg_find(dev->type, addr & ~(uint32_t)(width - 1));
    if (!reg) {
        unknown(dev, addr, size, "read");
        return 0;
    }
    uint64_t value = reg->read ? reg->read(dev, reg) : reg_stored(dev, reg);
    value = (value >> lane(dev, addr, size)) & BITS64(0, 8 * size);
    if (log_enabled(LOG_MMIO)) {
        log_line(LOG_MMIO, "mmio: %s.%s read%u -> 0x%" G_GINT64_MODIFIER "x", device_name(dev), reg->name,
                 size, value);
    }
    return value;
}

void reg_write(Device *dev, uint32_t addr, uint64_t value, unsigned size)
{
    unsigned width = reg_width(dev->type);
    g_assert(size <= width);
    const Reg *reg = reg_find(dev->type, addr & ~(uint32_t)(width - 1));
    if (!reg) {
        unknown(dev, addr, size, "write");
        return;
    }
    if (log_enabled(LOG_MMIO)) {
        log_line(LOG_MMIO, "mmio: %s.%s write%u <- 0x%" G_GINT64_MODIFIER "x", device_name(dev), reg->name,
                 size, value);
    }
    unsigned shift = lane(dev, addr, size);
    uint64_t bytes = BITS64(0, 8 * size) << shift;
    uint64_t old = reg_stored(dev, reg), in = (value << shift) & bytes;
    uint64_t set = reg->rw & bytes, clear = reg->w1c & in;
    reg_store(dev, reg, ((old & ~set) | (in & set)) & ~clear);
    if (reg->written) {
        reg->written(dev, reg, in | (old & ~bytes));
    }
}

void reg_reset(Device *dev)
{
    for (const Reg *r = dev->type->regs; r && r->name; r++) {
        reg_store(dev, r, r->reset);
    }
}

static uint64_t region_read(void *opaque, PhysAddr addr, unsigned size)
{
    return reg_read(opaque, (uint32_t)addr, size);
}

static void region_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    reg_write(opaque, (uint32_t)addr, value, size);
}

MemRegion *reg_region_new(Device *dev, const char *name, uint64_t size)
{
    const MemOps ops = {
        .read = region_read, .write = region_write, .endian = dev->type->reg_endian,
        .min_size = 1, .max_size = (uint8_t)reg_width(dev->type), .traces_itself = true,
    };
    return mem_io_new(name, size, &ops, dev);
}
