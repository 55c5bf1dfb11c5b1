/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8042 keyboard controller. */
#ifndef HW_INPUT_I8042_H
#define HW_INPUT_I8042_H

#include "hw/input/ps2.h"

typedef struct {
    Device dev;
    uint8_t status, mode, outport, data;
    uint8_t pending;            /* command whose parameter byte is due; 0: none */
    uint8_t ram[32];            /* bytes 1..31 are free for the guest */
    bool answered;              /* the controller's own answer waits for the output buffer */
    uint8_t answer, answer_flags;
    bool released;              /* the byte F0 of the keyboard, which translation leaves out */
    Ps2 *kbd, *mouse;           /* set before realize; not owned */
    IrqLine irq_kbd, irq_aux;   /* ISA 1 and 12 */
    MemRegion *data_io, *command_io;    /* 0x60 and 0x64, 1 port each */
} I8042;

extern const DeviceType i8042_type;

#endif
