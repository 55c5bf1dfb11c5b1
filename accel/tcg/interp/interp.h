/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IR interpreter: blocks as arrays of operations with direct-threaded dispatch. */
#ifndef ACCEL_TCG_INTERP_INTERP_H
#define ACCEL_TCG_INTERP_INTERP_H

#include <stdint.h>
#include "accel/tcg/ir.h"
#include "accel/tcg/tcg.h"

/* One operation of the interpreter. handler is its place in the interpreter's code; d, a, b, c
 * are byte offsets into the CPU structure: guest state and temporaries alike. In operations that
 * leave the block c is 0 and imm the number of the exit, or c is 1 and imm the distance in
 * bytes to the code of the block it is chained to. */
typedef struct {
    int32_t handler;
    uint16_t d, a, b, c;
    int32_t imm;
} InterpOp;

/* What is known of a block's code, apart from it: the code itself is packed, so that a guest that
 * wakes for a tick finds it in few cache lines. */
typedef struct {
    uint16_t *op_snap;          /* snapshot of each operation */
    IrSnapshot *snaps;
    uint16_t nops, nsnaps;
} InterpBlock;

typedef enum {
#define I(name) IOP_##name,
#include "accel/tcg/interp/iops.def"
    IOP_COUNT
} InterpCode;

/* The handlers' places, by InterpCode. */
const int32_t *interp_handlers(void);
/* What a call's imm is counted from: code of this program, of which there is less than 2 GiB. */
#define INTERP_TEXT ((intptr_t)interp_run)
const char *interp_op_name(InterpCode code);

/* What a region becomes. The caller frees the arrays. */
typedef struct {
    InterpOp *code;             /* imm of an operation that leaves: the number of its exit */
    uint16_t *op_snap;          /* of each operation */
    uint64_t *exit_pc;          /* of each exit */
    uint16_t *exit_op;          /* the operation that leaves by it */
    uint16_t nops, nexits;
} Lowered;

void interp_lower(const IrRegion *r, Lowered *out);
/* The code as text, for -d out_asm. */
void interp_print(const Tcg *tcg, const Block *block, GString *out);

/* Runs a block's code and what is chained to it until something needs the run loop: cpu->pc is the
 * next instruction. Returns the exit that was left by, so that it can be chained, or NULL. *current is
 * always the code of the block that runs. */
BlockExit *interp_run(MipsCpu *cpu, const InterpOp *code, const void **current);

#endif
