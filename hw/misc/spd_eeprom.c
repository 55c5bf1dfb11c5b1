/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Serial presence detect data: JEDEC standard 21-C, sections 4.1.2.4 (DDR) and 4.1.2.5
 * (SDR SDRAM). Timing is that of a PC-100 CL2 module. */
#include <string.h>
#include "hw/misc/i2c_eeprom.h"

#define MIB (UINT64_C(1) << 20)

enum { SPD_TYPE = 2, SPD_ROWS = 5, SPD_DENSITY = 31, SPD_CHECKSUM = 63 };

static uint64_t top_bit(uint64_t v)
{
    uint64_t bit = 1;
    while (v >>= 1) {
        bit <<= 1;
    }
    return bit;
}

/* The density byte: one bit for each size of row, 4 MiB << n; the DDR reading of the two
 * lowest bits is 1 and 2 GiB. */
static uint8_t density(uint64_t row, bool ddr)
{
    uint64_t mib = row / MIB;
    if (ddr && mib >= 1024) {
        return (uint8_t)(mib / 1024);
    }
    return (uint8_t)(mib / 4);
}

void spd_eeprom_fill(uint8_t contents[256], uint64_t ram_size)
{
    static const uint8_t common[] = {
        128, 8, 0x04,           /* bytes used, 2^8 bytes of memory, SDRAM */
        13, 10, 1, 64, 0,       /* row and column addresses, rows, data width */
        0x01, 0xa0, 0x60,       /* LVTTL, 10 ns cycle, 6 ns access */
        0x00, 0x82, 8, 0,       /* no parity, 7.8 us self refresh, 8 bit wide chips */
        1, 0x8f, 4, 0x06,       /* burst 1-8 and page, 4 banks, CL 2 and 3 */
        0x01, 0x01, 0x00, 0x0e, /* CS and write latency 0, unbuffered */
        0xa0, 0x60, 0x00, 0x00, /* CL2 timing */
        20, 20, 20, 50,         /* tRP, tRRD, tRCD, tRAS in ns */
    };
    uint64_t row = top_bit(ram_size), rest = ram_size - row;
    unsigned rows = 1;
    bool ddr;
    if (rest >= 4 * MIB) {
        rows = 2;               /* the second row may be smaller */
        rest = top_bit(rest);
    } else if (row > 512 * MIB) {
        rows = 2;
        row /= 2;
        rest = row;
    } else {
        rest = 0;
    }
    ddr = row > 512 * MIB;
    memset(contents, 0, 256);
    memcpy(contents, common, sizeof(common));
    contents[SPD_TYPE] = ddr ? 0x07 : 0x04;
    contents[SPD_ROWS] = (uint8_t)rows;
    contents[SPD_DENSITY] = density(row, ddr) | (rest ? density(rest, ddr) : 0);
    unsigned sum = 0;
    for (unsigned i = 0; i < SPD_CHECKSUM; i++) {
        sum += contents[i];
    }
    contents[SPD_CHECKSUM] = (uint8_t)sum;
}
