/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The UART on Malta's CBUS: one core, registers 8 bytes apart. */
#ifndef HW_CHAR_CBUS_UART_H
#define HW_CHAR_CBUS_UART_H

#include "hw/char/uart16550.h"
#include "hw/core/device.h"

typedef struct {
    Device dev;
    Uart16550 uart;
    Chardev *chr;               /* set before it is realized; may be NULL */
    MemRegion *io;              /* 0x40 bytes */
} CbusUart;

extern const DeviceType cbus_uart_type;

#endif
