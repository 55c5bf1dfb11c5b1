/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Malta's board-control FPGA. */
#ifndef HW_MISC_MALTA_FPGA_H
#define HW_MISC_MALTA_FPGA_H

#include "chardev/chardev.h"
#include "hw/core/device.h"
#include "hw/core/i2c.h"

typedef struct {
    Device dev;
    Chardev *display;           /* set before it is realized; may be NULL */
    uint32_t nmi_status, leds, ascii_word, ascii[8], brkres, gpout;
    uint32_t i2c_oe, i2c_out, i2c_sel;
    char text[9];               /* what the ASCII display shows */
    I2cBus i2c;
    I2cPort port;
    MemRegion *io;              /* 1 MiB */
} MaltaFpga;

extern const DeviceType malta_fpga_type;

#endif
