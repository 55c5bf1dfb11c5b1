/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot stub: the few instructions that stand for YAMON when a kernel is given. */
#ifndef HW_MIPS_STUB_H
#define HW_MIPS_STUB_H

#include <stdbool.h>
#include <stdint.h>
#include "system/memory.h"

typedef struct {
    bool big_endian, is_64bit;
    uint64_t entry;             /* of the kernel, virtual */
    uint64_t sp, args[4];       /* a0 .. a3; 32-bit kseg0 addresses sign-extended */
} StubConfig;

/* Writes the stub and the YAMON vectors at 0x500 into the first 4 KiB of the boot flash,
 * in guest memory order (Malta user's manual MD00048; YAMON reference manual MD00009). */
void stub_write(uint8_t *flash, const StubConfig *config);

/* Does to the board at once what the stub would do to it, for CPUs that cannot execute from
 * flash. The board has just been reset; lock held. */
void stub_set_up_board(AddressSpace *as, bool big_endian);

#endif
