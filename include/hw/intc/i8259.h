/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pair of 8259A interrupt controllers of a PC-like board. */
#ifndef HW_INTC_I8259_H
#define HW_INTC_I8259_H

#include "hw/core/device.h"

typedef struct {
    uint8_t lines;              /* levels of the inputs */
    uint8_t irr, isr, imr;
    uint8_t elcr;               /* inputs that are level-triggered (ELCR) */
    uint8_t base;               /* vector of input 0 */
    uint8_t lowest;             /* input with the lowest priority now */
    uint8_t init_step;          /* ICW that the data port waits for: 2, 3, 4; 0 = none */
    bool single, needs_icw4, all_level, nested, auto_eoi, rotate_auto, special_mask;
    bool read_isr, poll;
} I8259Chip;

typedef struct {
    Device dev;
    I8259Chip chip[2];          /* master, slave on its input 2 */
    IrqLine intr;               /* the master's INT */
    MemRegion *io[2], *elcr_io; /* 2 ports each */
} I8259;

extern const DeviceType i8259_type;

/* IrqHandler: input n 0..15; opaque is the I8259. Input 2 is the cascade and ignored. */
void i8259_set_irq(void *opaque, int n, bool level);
/* Both INTA cycles: the vector, and the request moves into service. Machine lock. 8259A
 * data sheet, "Interrupt sequence". */
uint8_t i8259_acknowledge(I8259 *pic);

#endif
