/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pair of 8237 DMA controllers of a PC-like board, as far as software can see them. */
#ifndef HW_ISA_DMA8237_H
#define HW_ISA_DMA8237_H

#include "hw/core/device.h"
#include "hw/isa/isa.h"

typedef struct {
    uint16_t base_address[4], base_count[4], address[4], count[4];
    uint8_t mode[4];
    uint8_t command, mask, request;
    bool high_byte;             /* the flip-flop */
} Dma8237Chip;

typedef struct {
    Device dev;
    const IsaBus *isa;          /* set before it is realized */
    Dma8237Chip chip[2];
    uint8_t page[16];           /* ports 0x80..0x8f */
    MemRegion *io[2], *page_io;
} Dma8237;

extern const DeviceType dma8237_type;

#endif
