/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The FDC37M817 Super I/O: two UARTs, a parallel port, a floppy controller; holds the 8042's place. */
#ifndef HW_ISA_SUPERIO_H
#define HW_ISA_SUPERIO_H

#include "hw/char/parallel.h"
#include "hw/char/uart16550.h"
#include "hw/core/device.h"
#include "hw/input/i8042.h"
#include "hw/isa/fdc.h"
#include "hw/isa/isa.h"

#define SUPERIO_UARTS 2

enum {
    SUPERIO_FDC, SUPERIO_PARALLEL, SUPERIO_UART, SUPERIO_KBC = SUPERIO_UART + SUPERIO_UARTS, SUPERIO_UNITS
};

/* How a logical device is configured. */
typedef struct {
    uint8_t enabled;            /* register 0x30 */
    uint8_t base_high, base_low;
    uint8_t irq, irq2;          /* 0x70, and 0x72 of the keyboard controller */
    uint8_t dma;                /* 0x74 of the floppy controller and the parallel port */
    uint8_t mode;               /* 0xf0 */
} SuperioUnit;

typedef struct {
    Device dev;
    const IsaBus *isa;          /* these are set before it is realized */
    I8042 *kbc;
    Chardev *chr[SUPERIO_UARTS];        /* may be NULL */
    Chardev *printer;           /* may be NULL */

    Uart16550 uart[SUPERIO_UARTS];
    ParallelPort parallel;
    Fdc fdc;
    SuperioUnit unit[SUPERIO_UNITS];
    uint8_t index, selected;
    bool configuring;
    MemRegion *uart_io[SUPERIO_UARTS], *parallel_io;
    MemRegion *fdc_io, *fdc_dir_io;     /* registers 2 to 5, and 7 */
    MemRegion *config_io;       /* 0x3f0 and 0x3f1 */
} Superio;

extern const DeviceType superio_type;

#endif
