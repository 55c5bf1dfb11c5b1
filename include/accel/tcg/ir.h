/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IR: typed SSA values in a region with one entry and side exits.
 *
 * Guest state is named by byte offsets into the CPU structure ("slots") and is read and
 * written by GET and SET. Each operation that can raise carries a snapshot: the PC, whether
 * it is in a delay slot, and which values are to be written into which slots before guest
 * state is looked at (none until a pass moves SETs away).
 *
 * A region is one basic block, or several that begin with labels; values stay within one.
 * A value is the index of the operation that makes it; 0 is no value.
 */
#ifndef ACCEL_TCG_IR_H
#define ACCEL_TCG_IR_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum { IR_VOID, IR_I32, IR_I64, IR_F32, IR_F64 } IrType;

/* Effects and flags of operations. */
enum {
    IR_COMM = 1 << 0, IR_READS = 1 << 1, IR_WRITES = 1 << 2, IR_RAISES = 1 << 3, IR_MEM = 1 << 4,
    IR_FP = 1 << 5, IR_EXITS = 1 << 6, IR_ENDS = 1 << 7,
    IR_FLOW = 1 << 8,           /* stays where it is */
};

typedef enum {
#define IR_UN(name, text, flags, expr) IR_##name,
#define IR_BIN(name, text, flags, expr) IR_##name,
#define IR_CMP(name, text, flags, expr) IR_##name,
#define IR_OP(name, text, sig, effects) IR_##name,
#include "accel/tcg/ops.def"
    IR_OPCODES
} IrCode;

typedef enum { IR_KIND_UN, IR_KIND_BIN, IR_KIND_CMP, IR_KIND_OTHER } IrKind;

typedef struct {
    const char *name, *text, *sig;
    uint8_t kind, nargs;
    uint16_t effects;
} IrOpInfo;

extern const IrOpInfo ir_op_info[IR_OPCODES];

/* Memory operations: log2 of the size, sign extension, byte order. */
enum {
    IR_MEM_SIZE = 3, IR_MEM_SIGNED = 4, IR_MEM_BIG = 8,
    IR_MEM_UNALIGNED = 16,      /* any address that its PAGE, not 0, has room for: cannot raise */
};

typedef uint32_t IrVal;

/* What a helper may do: IR_READS, IR_WRITES (any slot), IR_RAISES, IR_MEM, IR_FP (reads and writes
 * FCSR and what belongs to it). */
typedef struct {
    const char *name;
    uint64_t (*func)(void *cpu, uint64_t a, uint64_t b, uint64_t c);
    uint8_t effects;
    bool returns;
} IrHelper;

#define IR_NO_SNAP 0xffff

/* Where the low half of a 64-bit slot is: an I32 slot is named by its own offset. */
#define IR_LOW32 (G_BYTE_ORDER == G_BIG_ENDIAN ? 4 : 0)

typedef struct {
    uint8_t code, type, mem, unused;
    uint16_t snap;              /* index, IR_NO_SNAP */
    IrVal arg[3];
    union {
        int64_t imm;
        const IrHelper *helper;
    };
} IrOp;

typedef struct {
    uint16_t slot;
    uint8_t type;
    IrVal val;
} IrPending;

typedef struct {
    uint64_t pc;                /* of the instruction */
    bool delay_slot;            /* the branch is at pc - 4 */
    uint16_t first, count;      /* of the pending writes */
} IrSnapshot;

#define IR_SLOT_CACHE 64
#define IR_MAX_LABELS 128

typedef struct {
    IrOp *ops;
    uint32_t nops, cap;
    IrSnapshot *snaps;
    uint32_t nsnaps, snaps_cap;
    IrPending *pending;
    uint32_t npending, pending_cap;
    IrType word;                /* of guest words and addresses */
    uint64_t label_pc[IR_MAX_LABELS];   /* guest address of each label */
    IrVal label_op[IR_MAX_LABELS];      /* its operation; 0: not there yet */
    unsigned nlabels;
    size_t fp_slot;             /* I32 slot that operations with IR_FP read and write */
    bool fp_fast;               /* they cannot raise, and nothing reads fp_slot but by a helper */
    /* Builder: the value that each slot is known to hold. */
    struct { uint16_t slot; uint8_t type; IrVal val; } known[IR_SLOT_CACHE];
    unsigned nknown;
    bool snap_valid;            /* the last snapshot is this instruction's */
} IrRegion;

/* An empty region; ir_reset keeps the storage for the next one. */
IrRegion *ir_region_new(void);
void ir_region_free(IrRegion *r);
void ir_reset(IrRegion *r, IrType word, size_t fp_slot);

/* ---- builder: folds constants and reuses known slot values ---- */

/* A new instruction begins: what raises from now on raises at pc. */
void ir_begin_insn(IrRegion *r, uint64_t pc, bool delay_slot);
IrVal ir_const(IrRegion *r, IrType type, int64_t value);
IrVal ir_get(IrRegion *r, IrType type, size_t slot);
void ir_set(IrRegion *r, size_t slot, IrVal v);
/* Whether some slot holds v now, so that to use it again costs nothing. */
bool ir_is_in_slot(const IrRegion *r, IrVal v);
IrVal ir_un(IrRegion *r, IrCode code, IrVal a);
/* Integer binary and compare: a and b of one type, which is the result's. */
IrVal ir_bin(IrRegion *r, IrCode code, IrVal a, IrVal b);
IrVal ir_select(IrRegion *r, IrVal cond, IrVal a, IrVal b);
IrVal ir_extract(IrRegion *r, IrVal a, unsigned pos, unsigned len);
IrVal ir_deposit(IrRegion *r, IrVal a, IrVal b, unsigned pos, unsigned len);
/* Any I32 or I64 value as I64 (sign-extended) or I32; no operation when it is already. */
IrVal ir_to_i64(IrRegion *r, IrVal a);
IrVal ir_to_i32(IrRegion *r, IrVal a);
IrVal ir_to_i64u(IrRegion *r, IrVal a);
/* type is the result's: I32, I64, or F32, F64 of just that size. */
IrVal ir_load(IrRegion *r, IrType type, unsigned mem, IrVal addr, int64_t disp);
void ir_store(IrRegion *r, unsigned mem, IrVal addr, int64_t disp, IrVal v);
/* By way of page, which is known not to be 0 there. */
IrVal ir_load_unaligned(IrRegion *r, IrType type, unsigned mem, IrVal addr, int64_t disp, IrVal page);
void ir_store_unaligned(IrRegion *r, unsigned mem, IrVal addr, int64_t disp, IrVal v, IrVal page);
/* Operands are converted to I64 (sign-extended) as needed; the result is I64 or none. */
IrVal ir_call(IrRegion *r, const IrHelper *helper, IrVal a, IrVal b, IrVal c);
/* Any other operation with a result of type, operands as its signature says. */
IrVal ir_op(IrRegion *r, IrCode code, IrType type, IrVal a, IrVal b, IrVal c, int64_t imm);
void ir_exit_if(IrRegion *r, IrVal cond, uint64_t pc);
/* Leaves for pc unless its page is in frame: what the run-time tables of code pages hold for it. */
void ir_exit_moved(IrRegion *r, uint64_t pc, uint32_t frame);
void ir_trap_if(IrRegion *r, IrVal cond, int code);
void ir_goto(IrRegion *r, uint64_t pc);
void ir_jump(IrRegion *r, IrVal target);
/* A jump that returns from a function; and the hint that one will return to pc. */
void ir_return(IrRegion *r, IrVal target);
void ir_push_return(IrRegion *r, uint64_t pc);
/* The basic block of label (below IR_MAX_LABELS) begins, at pc. */
void ir_label(IrRegion *r, unsigned label, uint64_t pc);
/* To a label, which may come later; always, or when cond is not zero. */
void ir_br(IrRegion *r, unsigned label);
void ir_br_if(IrRegion *r, IrVal cond, unsigned label);
void ir_raise(IrRegion *r, int code);
void ir_leave(IrRegion *r);

static inline IrType ir_type(const IrRegion *r, IrVal v)
{
    return (IrType)r->ops[v].type;
}

static inline bool ir_is_const(const IrRegion *r, IrVal v)
{
    return r->ops[v].code == IR_CONST;
}

/* ---- the rest ---- */

/* The value of an integer operation on constants; false if it has none. (ir/fold.c) */
bool ir_fold(IrCode code, IrType type, int64_t x, int64_t y, int64_t *out);

/* Names a slot for the printer; NULL if it has no name. */
typedef const char *(*IrSlotName)(uint16_t slot, IrType type);
/* One line an operation, with snapshots. (ir/print.c) */
void ir_print(const IrRegion *r, IrSlotName slot_name, GString *out);

/* Checks types, definitions before uses, terminators and snapshots. NULL, or what is
 * wrong; the caller frees it. (ir/verify.c) */
char *ir_verify(const IrRegion *r);

/* Removes writes of slots that are written again before anybody can look. (ir/dse.c) */
void ir_dse(IrRegion *r);
/* Removes pure operations nobody uses. (ir/dce.c) */
void ir_dce(IrRegion *r);

/* Has loads and stores that are near each other share their look into the page tables. (ir/pages.c) */
void ir_pages(IrRegion *r);
/* The value that v is a sum of, with *offset, a constant; 0 if v is all constant. */
IrVal ir_address_root(const IrRegion *r, IrVal v, int64_t *offset);

#endif
