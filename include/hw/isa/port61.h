/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port 0x61: NMI status and control, gate of the speaker's counter. */
#ifndef HW_ISA_PORT61_H
#define HW_ISA_PORT61_H

#include "hw/timer/i8254.h"

typedef struct {
    Device dev;
    I8254 *pit;                 /* set before it is realized */
    uint8_t control;            /* bits 3..0 as written */
    MemRegion *io;              /* 1 port */
} Port61;

extern const DeviceType port61_type;

#endif
