/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device for tests, not a chip: one little-endian 32-bit latch. Ports 0xe0 to 0xe3 take
 * accesses of 1, 2 and 4 bytes whole, 0xe8 to 0xeb take bytes only, so that wider accesses
 * there are split by the bus; what is written through one must be read through the other.
 */
#include "hw/misc/pc_testdev.h"
#include "util/bits.h"

#define WORD_PORT 0xe0
#define BYTE_PORT 0xe8

static uint64_t latch_read(void *opaque, PhysAddr addr, unsigned size)
{
    return ((PcTestdev *)opaque)->latch >> (8 * addr);
}

static void latch_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    PcTestdev *t = opaque;
    uint64_t mask = BITS64(8 * addr, 8 * size);
    t->latch = (uint32_t)((t->latch & ~mask) | ((value << (8 * addr)) & mask));
}

static bool pc_testdev_realize(Device *dev, GError **err)
{
    static const MemOps word_ops = { .read = latch_read, .write = latch_write };
    static const MemOps byte_ops = { .read = latch_read, .write = latch_write, .max_size = 1 };
    PcTestdev *t = (PcTestdev *)dev;
    t->word_io = mem_io_new("testdev-word", 4, &word_ops, t);
    t->byte_io = mem_io_new("testdev-byte", 4, &byte_ops, t);
    isa_add_io(t->isa.isa, WORD_PORT, t->word_io);
    isa_add_io(t->isa.isa, BYTE_PORT, t->byte_io);
    return true;
}

static void pc_testdev_reset(Device *dev)
{
    ((PcTestdev *)dev)->latch = 0;
}

static void pc_testdev_finalize(Device *dev)
{
    mem_free(((PcTestdev *)dev)->word_io);
    mem_free(((PcTestdev *)dev)->byte_io);
}

static const VmField pc_testdev_state[] = { VM_U32(PcTestdev, latch), { 0 } };

const DeviceType pc_testdev_type = {
    "pc-testdev", sizeof(PcTestdev), .parent = "isa-device", .user_creatable = true,
    .description = "latch for tests of byte order", .state = pc_testdev_state, .realize = pc_testdev_realize,
    .reset = pc_testdev_reset, .finalize = pc_testdev_finalize,
};
