/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core of a parallel port (SPP with the PS/2's direction bit): registers, interrupt; no bus. */
#ifndef HW_CHAR_PARALLEL_H
#define HW_CHAR_PARALLEL_H

#include "chardev/chardev.h"
#include "hw/core/irq.h"
#include "hw/core/state.h"

typedef struct {
    uint8_t data, control;
    bool waiting;                   /* the printer is busy, and says when it is no more */

    Chardev *chr;                   /* where a printer's paper goes; NULL: nothing is plugged in */
    IrqLine irq;
} ParallelPort;

extern const VmField parallel_state[];

/* Prepares a zeroed core, as front end of chr (may be NULL). Machine lock for all. */
void parallel_init(ParallelPort *p, Chardev *chr);
void parallel_free(ParallelPort *p);
void parallel_reset(ParallelPort *p);
/* Register reg 0..2: data, status, control. */
uint8_t parallel_read(ParallelPort *p, unsigned reg);
void parallel_write(ParallelPort *p, unsigned reg, uint8_t value);

#endif
