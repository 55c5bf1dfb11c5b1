/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Malta's monitor flash: two 28F160S5 side by side on a 32-bit bus, 4 MiB. */
#ifndef HW_MISC_CFI_FLASH_H
#define HW_MISC_CFI_FLASH_H

#include "hw/core/device.h"

#define CFI_FLASH_SIZE   0x400000
#define CFI_FLASH_CHIPS  2
#define CFI_FLASH_BLOCKS 32         /* of 64 KiB in each chip */
#define CFI_FLASH_BUFFER 16         /* words of the write buffer */

typedef struct {
    uint8_t mode;                   /* what a read answers and a write means */
    uint8_t status;
    uint8_t buffer_words;           /* expected in the write buffer */
    uint8_t buffer_fill;
    uint32_t buffer_block;
    uint32_t buffer_at[CFI_FLASH_BUFFER];       /* word addresses */
    uint16_t buffer[CFI_FLASH_BUFFER];
    uint8_t locked[CFI_FLASH_BLOCKS];
} CfiFlashChip;

typedef struct {
    Device dev;
    CfiFlashChip chip[CFI_FLASH_CHIPS];         /* data lines 15..0 and 31..16 */
    MemRegion *mem;
} CfiFlash;

/* A new flash is erased: all ones. The contents are memory, kept over resets. */
extern const DeviceType cfi_flash_type;

#endif
