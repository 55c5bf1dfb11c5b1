/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core of a 16550A UART: registers, FIFOs, interrupts; no bus. */
#ifndef HW_CHAR_UART16550_H
#define HW_CHAR_UART16550_H

#include "chardev/chardev.h"
#include "hw/core/irq.h"
#include "hw/core/state.h"
#include "system/clock.h"

#define UART16550_FIFO 16

typedef struct {
    uint8_t ier, fcr, lcr, mcr, lsr, msr, scr, dll, dlm;
    uint8_t rx_data[UART16550_FIFO], rx_flags[UART16550_FIFO];
    uint8_t rx_head, rx_count;
    uint8_t rbr;                    /* the last byte read */
    bool thre_pending;              /* the transmitter ran empty and nobody asked yet */
    bool timeout_pending;
    int64_t timeout_at;             /* virtual ns; INT64_MAX: none */

    Clock *clock;
    uint32_t xtal;                  /* Hz; the bit clock is xtal / 16 / divisor */
    bool gated;                     /* OUT2 gates the interrupt line, as on a PC */
    Chardev *chr;                   /* NULL: nothing is connected */
    Timer *timeout;
    Timer *drain;                   /* looks whether the host has taken the output */
    IrqLine irq;
} Uart16550;

extern const VmField uart16550_state[];

/* Prepares a zeroed core: timers, front end of chr (may be NULL). Machine lock for all. */
void uart16550_init(Uart16550 *uart, Clock *clock, Chardev *chr, uint32_t xtal, bool gated);
void uart16550_free(Uart16550 *uart);
void uart16550_reset(Uart16550 *uart);
/* After a load: timers and the interrupt line. */
void uart16550_post_load(Uart16550 *uart);
/* Register reg 0..7, as the chip's A2..A0 pins select it. */
uint8_t uart16550_read(Uart16550 *uart, unsigned reg);
void uart16550_write(Uart16550 *uart, unsigned reg, uint8_t value);

#endif
