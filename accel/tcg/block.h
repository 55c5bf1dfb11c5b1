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

typedef enum { EXIT_JUMP, EXIT_CALL, EXIT_RETURN, EXIT_INDIRECT } ExitKind;

/* A way out with a known guest address; EXIT_RETURN is where a call of the block will return to;
 * EXIT_INDIRECT a jump to a register, for the address that it went to when it was not chained. */
struct BlockExit {
    uint64_t pc;
    void *site;                 /* of the back end: what leaves by it */
    Block *from;
    Block *to;                  /* chained block, or NULL */
    BlockExit *next;            /* in the list of exits chained to the same block */
    uint8_t kind;
    bool checks_page;           /* chained, it looks whether pc is still where it was */
};

/* Memory that a block depends on, in one page. */
typedef struct BlockSpan {
    uint64_t first;             /* ram_id */
    uint16_t bytes;
    Block *block;
    struct BlockSpan *next;     /* in the same page */
} BlockSpan;

/* A block, its exits and what its back end knows of it lie in the arena's meta half. */
struct Block {
    const void *code;           /* where it is entered; the word before it points here */
    uint64_t pc;                /* virtual */
    uint64_t phys;              /* ram_id of the byte at pc */
    uint32_t mode;
    uint16_t insns;
    bool dead;
    bool has_effects;           /* it calls what reads or changes more than MipsCpu and memory */
    uint8_t tier;               /* 1: one block; 2: a region */
    uint16_t nexits;
    int32_t countdown;          /* of tier 1: entries until it is hot */
    uint32_t code_size;
    BlockExit *exits;
    BlockExit *incoming;
    Block *hash_next;
    Block *part_next;           /* in the same part of the arena */
    void *extra;                /* of the back end */
    const Block *seed;          /* tier 2: the block of tier 1 that it stands for */
    uint64_t end;               /* virtual address after its last byte: what lies behind is surely forward */
    unsigned nspans;
    BlockSpan spans[];
};

static inline Block *block_of_code(const void *code)
{
    return ((Block *const *)code)[-1];
}

#endif
