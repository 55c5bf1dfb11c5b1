/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks of translated code: found by physical address, virtual address and mode; chained
 * to each other; gone when their bytes change.
 */
#ifndef ACCEL_TCG_BLOCK_H
#define ACCEL_TCG_BLOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "accel/tcg/ir.h"
#include "target/mips/cpu.h"

typedef struct Block Block;
typedef struct BlockExit BlockExit;
typedef struct InterpOp InterpOp;

/* One operation of the interpreter. handler is its place in the interpreter's code; d, a, b, c
 * are byte offsets into the CPU structure: guest state and temporaries alike. In operations that
 * leave the block c is 0 and imm the number of the exit, or c is 1 and imm the distance in
 * bytes to the code of the block it is chained to. */
struct InterpOp {
    int32_t handler;
    uint16_t d, a, b, c;
    int32_t imm;
};

/* A way out with a known guest address. */
struct BlockExit {
    uint64_t pc;
    InterpOp *op;               /* that leaves by it */
    Block *from;
    Block *to;                  /* chained block, or NULL */
    BlockExit *next;            /* in the list of exits chained to the same block */
};

struct Block {
    InterpOp *code;             /* in the arena, behind a pointer to the block */
    uint64_t pc;                /* virtual */
    uint64_t phys;              /* ram_id of the first byte */
    uint32_t mode;
    uint16_t bytes, insns;
    bool dead;
    BlockExit *incoming;
    Block *hash_next;
    Block *page_next;           /* in the same page of memory */
    uint16_t *op_snap;          /* snapshot of each operation of code */
    IrSnapshot *snaps;
    BlockExit *exits;
    uint16_t nops, nsnaps, nexits;
};

static inline Block *block_of_code(const InterpOp *code)
{
    return ((Block *const *)(const void *)code)[-1];
}

#endif
