/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8254 interval timer of a PC-like board. */
#ifndef HW_TIMER_I8254_H
#define HW_TIMER_I8254_H

#include "hw/core/device.h"

#define I8254_HZ 1193182

typedef struct {
    uint8_t mode;               /* 0..5 */
    uint8_t access;             /* 1 LSB, 2 MSB, 3 both */
    bool bcd;
    bool gate;
    bool loaded;                /* a count was written since the mode was set */
    bool started;               /* modes 1 and 5: triggered */
    bool stopped;               /* counting is held by the gate */
    uint16_t initial;           /* as written */
    bool next_valid;            /* modes 2 and 3: the count of the next period */
    uint16_t next;
    uint64_t start;             /* tick of the virtual clock at which counting began */
    uint64_t held;              /* ticks counted when the gate stopped it */
    bool write_msb, read_msb;   /* the other half of a pair is due */
    uint8_t write_low;
    uint8_t latched;            /* halves of the latch that are still to be read: 1, 2, 3 */
    uint16_t latch;
    bool status_latched;
    uint8_t status;
    int64_t edges;              /* counter 0: rising edges of OUT up to the last look */
} I8254Counter;

typedef struct {
    Device dev;
    I8254Counter counter[3];
    IrqLine out0;               /* OUT of counter 0 */
    Timer *timer;
    MemRegion *io;              /* 4 ports */
} I8254;

extern const DeviceType i8254_type;

/* Drives the GATE input of a counter (0..2). Machine lock. */
void i8254_set_gate(I8254 *pit, unsigned counter, bool level);
/* The OUT pin of a counter now. Machine lock. */
bool i8254_out(I8254 *pit, unsigned counter);

#endif
