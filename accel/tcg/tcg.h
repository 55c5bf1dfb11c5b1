/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine: one vCPU's translator, block cache and run loop. */
#ifndef ACCEL_TCG_TCG_H
#define ACCEL_TCG_TCG_H

#include <glib.h>
#include <time.h>
#include <stdbool.h>
#include <stdint.h>
#include "accel/accel.h"
#include "accel/tcg/arena.h"
#include "accel/tcg/block.h"
#include "accel/tcg/interp/interp.h"
#include "accel/tcg/ir.h"
#include "target/mips/cpu.h"
#include "target/mips/translate.h"

#define TCG_HASH_SIZE (1u << 16)
#define TCG_JUMP_SIZE (1u << 12)
/* The block cache, and the least room in it that a translation may begin with. */
#define TCG_CACHE_SIZE (UINT64_C(192) << 20)
#define TCG_CACHE_ROOM (UINT64_C(1) << 20)

/* A 4 KiB page of memory with translated code. */
typedef struct {
    uint64_t ram_id;
    Block *blocks;
    uint64_t lines;             /* bit n: code in bytes 64n .. 64n + 63 */
} CodePage;

typedef struct {
    uint64_t ram_id, len;
} CodeRange;

/* A block that was found before, with all that finding it takes in one cache line. */
typedef struct {
    uint64_t pc, phys;
    const InterpOp *code;       /* NULL: none */
    uint32_t mode;
} __attribute__((aligned(32))) JumpEntry;

typedef struct {
    uint64_t blocks, insns, invalidated, flushes, chained, exceptions, interrupts;
} TcgStats;

typedef struct Tcg {
    MipsCpu *cpu;
    MipsDecoder *decoder;
    IrRegion *region;
    Block **hash;               /* TCG_HASH_SIZE */
    JumpEntry *jump;            /* TCG_JUMP_SIZE, by virtual pc */
    GHashTable *code_pages;     /* page number -> CodePage */
    GPtrArray *graveyard;       /* dead blocks that may still run */
    const InterpOp *current;    /* code of the block that runs */
    Arena arena;                /* of blocks */
    bool flushed;               /* nothing in it lives, but a block may still run */
    bool one_insn, verify;
    uint8_t *covered;           /* table lines that were translated */
    char *coverage;             /* file to list them in, or NULL */
    TcgStats stats;

    GThread *thread;
    timer_t deadline_timer;     /* of the thread */
    int64_t deadline;           /* what it is set to: CLOCK_MONOTONIC ns, or INT64_MAX */
    sigjmp_buf unwind_buf;
    GMutex lock;                /* of what follows */
    GCond changed;
    bool park, quit;            /* asked for */
    bool parked;
    int map_changed;            /* atomic */
    GArray *written;            /* of CodeRange: memory that other threads wrote */
} Tcg;

/* ---- cache.c ---- */

/* The code of the block at cpu->pc in cpu->mode, translated if need be; raises what the fetch
 * raises. */
const InterpOp *tcg_find_code(Tcg *tcg);
void tcg_chain(Tcg *tcg, BlockExit *exit, Block *to);
bool tcg_page_has_code(const Tcg *tcg, uint64_t ram_id);
/* Blocks that depend on any of the bytes die. */
void tcg_code_written(Tcg *tcg, uint64_t ram_id, uint64_t len);
void tcg_flush(Tcg *tcg);
/* Frees dead blocks; no block may be running. */
void tcg_bury(Tcg *tcg);
/* Makes room for another block, by a flush if need be. */
void tcg_make_room(Tcg *tcg);

static inline unsigned tcg_jump_index(uint64_t pc)
{
    return (pc >> 2 ^ pc >> 14) & (TCG_JUMP_SIZE - 1);
}

/* ---- run.c ---- */

/* The engine of one CPU, its thread not started. */
Tcg *tcg_new(MipsCpu *cpu, const AccelConfig *config);
/* The thread has ended; machine lock held. */
void tcg_free(Tcg *tcg);
/* Starts the vCPU's thread, parked. */
void tcg_start(Tcg *tcg);
/* Asks the thread to park or to go on; tcg_wait_parked waits until it is. */
void tcg_park(Tcg *tcg, bool park);
void tcg_wait_parked(Tcg *tcg);
/* Ends and joins the thread. */
void tcg_stop(Tcg *tcg);

/* ---- deadline.c: the vCPU's thread ---- */

void tcg_deadline_init(Tcg *tcg);
void tcg_deadline_end(Tcg *tcg);
/* Sets the timer to cpu->compare_at, which the clock must be running for. */
void tcg_deadline_set(Tcg *tcg);
/* Sleeps until tcg->changed or the deadline; tcg->lock held. */
void tcg_deadline_sleep(Tcg *tcg);

/* ---- runner.c ---- */

/* An engine and a parked thread for each CPU; becomes machine->runner. Lock held. */
void tcg_start_all(Machine *machine, const AccelConfig *config);

#endif
