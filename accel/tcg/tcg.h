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
#include "accel/tcg/ir.h"
#include "accel/tcg/perf.h"
#include "target/mips/cpu.h"
#include "target/mips/translate.h"

#define TCG_HASH_SIZE (1u << 16)
#define TCG_JUMP_SIZE (1u << 12)
/* The least room in the block cache that a translation may begin with. */
#define TCG_CACHE_ROOM (UINT64_C(1) << 20)

typedef struct Tcg Tcg;

/* A 4 KiB page of memory with translated code. */
typedef struct {
    uint64_t ram_id, serial;    /* serial: no other page had or has it */
    unsigned kills;             /* times that code in it was overwritten */
    BlockSpan *spans;           /* of blocks that depend on it */
    uint64_t lines;             /* bit n: code in bytes 64n .. 64n + 63 */
} CodePage;

typedef struct {
    uint64_t ram_id, len;
} CodeRange;

/* A block that was found before, with all that finding it takes in one cache line. */
typedef struct {
    uint64_t pc, phys;
    const void *code;           /* NULL: none */
    uint32_t mode;
    uint32_t frame;             /* of phys, plus 1: as in the exec entries of the flat tables */
} __attribute__((aligned(32))) JumpEntry;

typedef struct {
    uint64_t blocks, insns, regions, region_insns, invalidated, evictions, chained, exceptions, interrupts;
    uint64_t attended, code_bytes, translate_ns, region_ns;
    uint64_t left[3];           /* by RunWhy */
} TcgStats;

/* Why running ended. */
typedef enum {
    RUN_LOOKUP,                 /* cpu->pc is to be found */
    RUN_EXIT,                   /* the same, and exit may be chained to it */
    RUN_HOT,                    /* the block at cpu->pc has been entered often */
} RunWhy;

typedef struct {
    RunWhy why;
    BlockExit *exit;
} RunResult;

/* What makes code of IR and runs it. */
typedef struct {
    const char *name;
    bool executable;            /* its code is of the host's machine */
    /* Once, when the arena is there, and at the end; or NULL. */
    void (*init)(Tcg *tcg);
    void (*free)(Tcg *tcg);
    /* Fills code, exits, extra and code_size of b from r. May run beside the vCPU, but not in the same
     * arena. */
    void (*make)(Tcg *tcg, Arena *arena, const IrRegion *r, Block *b);
    /* Runs code and what it is chained to until something needs the run loop. */
    RunResult (*run)(Tcg *tcg, const void *code);
    void (*link)(Tcg *tcg, BlockExit *exit, const Block *to);
    void (*unlink)(Tcg *tcg, BlockExit *exit);
    /* An exception unwound to the run loop: makes PC, BD and the guest's registers those of the
     * instruction that raised it. */
    void (*restore)(Tcg *tcg);
    /* The code as text, for -d out_asm. */
    void (*print)(const Tcg *tcg, const Block *b, GString *out);
} TcgBackend;

extern const TcgBackend interp_backend, jit_backend;

struct Tcg {
    MipsCpu *cpu;
    const TcgBackend *backend;
    void *backend_data;
    MipsDecoder *decoder;
    IrRegion *region;
    Block **hash;               /* TCG_HASH_SIZE */
    JumpEntry *jump;            /* TCG_JUMP_SIZE, by virtual pc */
    GHashTable *code_pages;     /* page number -> CodePage */
    uint64_t page_serial;       /* of the newest */
    ArenaSpace space;           /* of blocks and regions */
    struct Compiler *compiler;  /* makes regions; NULL without a second tier */
    bool one_insn, verify;
    unsigned hot;               /* entries after which a block becomes a region; 0: never */
    bool at_once;               /* regions are waited for */
    uint8_t *covered;           /* table lines that were translated */
    char *coverage;             /* file to list them in, or NULL */
    PerfLog *perf;              /* or NULL */
    struct TcgDebug *debug;     /* what a debugger asks for; or NULL */
    struct Check *check;        /* compares the back end with the interpreter; or NULL */
    const void *interpreted;    /* the interpreter's: code of the block that runs */
    TcgStats stats;

    GThread *thread;
    timer_t deadline_timer;     /* of the thread */
    int64_t deadline;           /* what it is set to: CLOCK_MONOTONIC ns, or INT64_MAX */
    sigjmp_buf unwind_buf;
    GMutex lock;                /* of what follows */
    GCond changed;
    bool park, quit;            /* asked for */
    bool parked;
    bool resting;               /* the thread waits, or is not there: others may change its tables */
    int asked;                  /* atomic: one of these is to be looked at */
    int map_changed;            /* atomic */
    GArray *written;            /* of CodeRange: memory that other threads wrote */
    GPtrArray *to_settle;       /* of MemWritten: what displays want to know */
};

/* ---- cache.c ---- */

/* The code of the block at cpu->pc in cpu->mode, translated if need be; raises what the fetch
 * raises. NULL: there is a breakpoint. */
const void *tcg_find_code(Tcg *tcg);
Block *tcg_find_block(const Tcg *tcg, uint64_t phys, uint64_t pc, uint32_t mode);
void tcg_chain(Tcg *tcg, BlockExit *exit, Block *to);
/* by is found from now on, and chained to, where old was. */
void tcg_replace_block(Tcg *tcg, Block *old, Block *by);
bool tcg_page_has_code(const Tcg *tcg, uint64_t ram_id);
/* The page that ram_id is in, or NULL when it has no code. */
const CodePage *tcg_code_page_of(const Tcg *tcg, uint64_t ram_id);
/* Blocks that depend on any of the bytes die; one that runs goes on to its end. */
void tcg_code_written(Tcg *tcg, uint64_t ram_id, uint64_t len);
/* Blocks that may have to do with a breakpoint at pc die, and regions that are being made are not taken. The
 * vCPU is parked. */
void tcg_kill_at(Tcg *tcg, uint64_t pc);
/* Where the code at cpu->pc lies, and how many bytes of it may be read; raises what the fetch raises. */
const uint8_t *tcg_code_at(Tcg *tcg, uint64_t *phys, unsigned *avail);
/* All blocks die. */
void tcg_flush(Tcg *tcg);
/* Makes room in the arena: its oldest blocks go when there is less. No block may be running. True if
 * any went. */
bool tcg_make_room(Tcg *tcg, Arena *arena, size_t room);
/* Whether pc is in a segment whose mapping never changes. */
bool tcg_is_unmapped(const Tcg *tcg, uint64_t pc);
/* Whether a direct exit at from in mode may go on at pc without a look at the page tables. */
bool tcg_same_mapping(const Tcg *tcg, uint64_t from, uint64_t pc);

static inline unsigned tcg_jump_index(uint64_t pc)
{
    return (pc >> 2 ^ pc >> 14) & (TCG_JUMP_SIZE - 1);
}

/* ---- translate.c ---- */

/* The block at cpu->pc in cpu->mode, whose code lies at phys and code; avail bytes may be read. */
Block *tcg_translate(Tcg *tcg, uint64_t phys, const uint8_t *code, unsigned avail);
/* Runs the passes over r and has the back end make code of it for b, in the arena. */
void tcg_finish(Tcg *tcg, Arena *arena, IrRegion *r, Block *b);

/* One instruction at cpu->pc by the interpreter, a branch with its delay slot, made in r; its code is not
 * kept. Raises. The block arena has TCG_CACHE_ROOM. */
void tcg_interpret(Tcg *tcg, IrRegion *r);

/* ---- region.c ---- */

/* The block at cpu->pc is entered often: a region is to be made of it and what it leads to. */
void tcg_optimize(Tcg *tcg);
/* Regions that are done take the place of their first blocks. No block may be running. */
void tcg_install_regions(Tcg *tcg);

/* ---- run.c ---- */

/* Has the vCPU's thread look what is to be done. Any thread. */
void tcg_ask(Tcg *tcg);
/* The engine of one CPU, its thread not started; perf, if not NULL, is the engine's from now on. */
Tcg *tcg_new(MipsCpu *cpu, const AccelConfig *config, PerfLog *perf);
/* The thread has ended; machine lock held. */
void tcg_free(Tcg *tcg);
/* Takes the interrupt that is pending; the vCPU's thread, outside of blocks. */
void tcg_interrupt(Tcg *tcg);
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

/* ---- describe.c ---- */

/* Appends what was done so far; the vCPU is parked. */
void tcg_describe(const Tcg *tcg, GString *out);

/* ---- runner.c ---- */

/* An engine and a parked thread for each CPU; becomes machine->runner. Lock held. False with err
 * when the files for perf cannot be made. */
bool tcg_start_all(Machine *machine, const AccelConfig *config, GError **err);
/* tcg_describe of each CPU. */
void tcg_describe_all(Machine *machine, GString *out);

#endif
