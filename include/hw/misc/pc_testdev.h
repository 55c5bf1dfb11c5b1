/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ISA device for tests of byte order: a 32-bit latch behind two groups of four ports. */
#ifndef HW_MISC_PC_TESTDEV_H
#define HW_MISC_PC_TESTDEV_H

#include "hw/isa/isa.h"

typedef struct {
    IsaDevice isa;
    uint32_t latch;
    MemRegion *word_io;         /* 0xe0: accesses of any size as they come */
    MemRegion *byte_io;         /* 0xe8: the same latch, a byte a port */
} PcTestdev;

extern const DeviceType pc_testdev_type;

#endif
