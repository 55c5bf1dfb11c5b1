/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two Intel 8237A DMA controllers with page registers, as in the 82371AB (data sheet
 * section 4.2.1). No device of the board requests ISA DMA, and memory-to-memory transfers
 * do not exist in the 82371AB: this is the programming model, and no transfer is made.
 */
#include <string.h>
#include "hw/isa/dma8237.h"
#include "util/log.h"

enum { REG_COMMAND = 8, REG_REQUEST, REG_MASK, REG_MODE, REG_FLIPFLOP, REG_CLEAR, REG_CLEAR_MASK,
       REG_ALL_MASK };

static void master_clear(Dma8237Chip *c)
{
    c->command = c->request = 0;
    c->mask = 0x0f;
    c->high_byte = false;
}

static void write_half(Dma8237Chip *c, uint16_t *base, uint16_t *current, uint8_t value)
{
    *base = c->high_byte ? (uint16_t)((*base & 0x00ff) | value << 8) : (uint16_t)((*base & 0xff00) | value);
    *current = *base;
    c->high_byte = !c->high_byte;
}

static uint8_t chip_read(Dma8237Chip *c, unsigned reg)
{
    if (reg < 8) {
        uint16_t v = reg & 1 ? c->count[reg / 2] : c->address[reg / 2];
        bool high = c->high_byte;
        c->high_byte = !high;
        return (uint8_t)(high ? v >> 8 : v);
    }
    if (reg == REG_COMMAND) {
        return (uint8_t)(c->request << 4);      /* status: requests, no terminal count */
    }
    if (reg == REG_ALL_MASK) {
        return c->mask | 0xf0;
    }
    guest_log("dma8237: read of write-only register %u", reg);
    return 0;
}

static void chip_write(Dma8237Chip *c, unsigned reg, uint8_t value)
{
    uint8_t bit = (uint8_t)(1u << (value & 3));
    if (reg < 8) {
        unsigned n = reg / 2;
        if (reg & 1) {
            write_half(c, &c->base_count[n], &c->count[n], value);
        } else {
            write_half(c, &c->base_address[n], &c->address[n], value);
        }
        return;
    }
    switch (reg) {
    case REG_COMMAND:
        c->command = value;
        break;
    case REG_REQUEST:
        c->request = value & 4 ? c->request | bit : c->request & (uint8_t)~bit;
        break;
    case REG_MASK:
        c->mask = value & 4 ? c->mask | bit : c->mask & (uint8_t)~bit;
        break;
    case REG_MODE:
        c->mode[value & 3] = value & 0xfc;
        break;
    case REG_FLIPFLOP:
        c->high_byte = false;
        break;
    case REG_CLEAR:
        master_clear(c);
        break;
    case REG_CLEAR_MASK:
        c->mask = 0;
        break;
    case REG_ALL_MASK:
        c->mask = value & 0x0f;
        break;
    }
}

/* The second chip's registers are two ports apart. */
static uint64_t first_read(void *opaque, PhysAddr addr, unsigned size)
{
    return chip_read(&((Dma8237 *)opaque)->chip[0], (unsigned)addr);
}

static void first_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    chip_write(&((Dma8237 *)opaque)->chip[0], (unsigned)addr, (uint8_t)value);
}

static uint64_t second_read(void *opaque, PhysAddr addr, unsigned size)
{
    return chip_read(&((Dma8237 *)opaque)->chip[1], (unsigned)addr / 2);
}

static void second_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    chip_write(&((Dma8237 *)opaque)->chip[1], (unsigned)addr / 2, (uint8_t)value);
}

static uint64_t page_read(void *opaque, PhysAddr addr, unsigned size)
{
    return ((Dma8237 *)opaque)->page[addr & 15];
}

static void page_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    ((Dma8237 *)opaque)->page[addr & 15] = (uint8_t)value;
}

static bool dma8237_realize(Device *dev, GError **err)
{
    static const MemOps first_ops = { .read = first_read, .write = first_write, .max_size = 1 };
    static const MemOps second_ops = { .read = second_read, .write = second_write, .max_size = 1 };
    static const MemOps page_ops = { .read = page_read, .write = page_write, .max_size = 1 };
    Dma8237 *d = (Dma8237 *)dev;
    d->io[0] = mem_io_new("dma1", 16, &first_ops, d);
    d->io[1] = mem_io_new("dma2", 32, &second_ops, d);
    d->page_io = mem_io_new("dma-page", 16, &page_ops, d);
    isa_add_io(d->isa, 0x00, d->io[0]);
    isa_add_io(d->isa, 0xc0, d->io[1]);
    isa_add_io(d->isa, 0x80, d->page_io);
    return true;
}

static void dma8237_reset(Device *dev)
{
    Dma8237 *d = (Dma8237 *)dev;
    memset(d->chip, 0, sizeof(d->chip));
    memset(d->page, 0, sizeof(d->page));
    master_clear(&d->chip[0]);
    master_clear(&d->chip[1]);
}

static void dma8237_finalize(Device *dev)
{
    Dma8237 *d = (Dma8237 *)dev;
    mem_free(d->io[0]);
    mem_free(d->io[1]);
    mem_free(d->page_io);
}

static const VmField chip_state[] = {
    VM_ARRAY(Dma8237Chip, base_address), VM_ARRAY(Dma8237Chip, base_count), VM_ARRAY(Dma8237Chip, address),
    VM_ARRAY(Dma8237Chip, count), VM_BUFFER(Dma8237Chip, mode), VM_U8(Dma8237Chip, command),
    VM_U8(Dma8237Chip, mask), VM_U8(Dma8237Chip, request), VM_BOOL(Dma8237Chip, high_byte),
    { 0 }
};

static const VmField dma8237_state[] = {
    VM_STRUCTS(Dma8237, chip, chip_state), VM_BUFFER(Dma8237, page),
    { 0 }
};

const DeviceType dma8237_type = {
    "i8237", sizeof(Dma8237), .parent = "isa-device", .description = "pair of 8237 DMA controllers",
    .state = dma8237_state, .realize = dma8237_realize, .reset = dma8237_reset, .finalize = dma8237_finalize,
};
