/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IR interpreter: blocks as arrays of operations with direct-threaded dispatch. */
#ifndef ACCEL_TCG_INTERP_INTERP_H
#define ACCEL_TCG_INTERP_INTERP_H

#include <stdint.h>
#include "accel/tcg/block.h"
#include "accel/tcg/ir.h"

/* One operation. d, a, b, c are byte offsets into the CPU structure: guest state and
 * temporaries alike. */
struct InterpOp {
    const void *handler;
    uint16_t d, a, b, c;
    int64_t imm;
};

typedef enum {
#define I(name) IOP_##name,
#include "accel/tcg/interp/iops.def"
    IOP_COUNT
} InterpCode;

/* The handler addresses, by InterpCode. */
const void *const *interp_handlers(void);
const char *interp_op_name(InterpCode code);

/* Turns the region into the block's code, snapshot table and exits. */
void interp_lower(const IrRegion *r, Block *block);
/* The code as text, for -d out_asm. */
void interp_print(const Block *block, IrSlotName slot_name, GString *out);

/* Runs block and what is chained to it until something needs the run loop: cpu->pc is the
 * next instruction. Returns the exit that was left by, so that it can be chained, or NULL. */
BlockExit *interp_run(MipsCpu *cpu, Block *block);

#endif
