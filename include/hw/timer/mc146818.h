/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MC146818 real-time clock with 128 bytes of CMOS RAM. */
#ifndef HW_TIMER_MC146818_H
#define HW_TIMER_MC146818_H

#include "hw/core/device.h"

typedef struct {
    Device dev;
    uint8_t cmos[128];          /* registers 0..13 and the RAM */
    uint8_t index;
    int64_t offset;             /* guest's time of day minus virtual time, in ns */
    int64_t halted_fraction;    /* ns into the second at which the divider stands */
    bool halted;                /* SET, or divider reset: registers hold the time */
    int64_t flags_at;           /* virtual ns up to which register C is right */
    unsigned polls;             /* reads of register A one after the other that gave the same */
    uint8_t polled;             /* what they gave */
    Timer *timer;
    IrqLine irq;
    MemRegion *io;              /* 2 ports */
} Mc146818;

extern const DeviceType mc146818_type;

#endif
