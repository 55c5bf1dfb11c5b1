/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a region of IR to x86-64 code, in one pass over its operations.
 *
 * The guest slots that are used most have homes: host registers for the whole region, written back
 * where it is left. Other values get what registers are left over, from their operation to their
 * last use, or lie in a stack slot. What is rare is made at the end of the code, as stubs.
 */
#ifndef ACCEL_TCG_JIT_X86_64_GEN_H
#define ACCEL_TCG_JIT_X86_64_GEN_H

#include "accel/tcg/jit/jit.h"
#include "accel/tcg/jit/x86_64/asm.h"

#define GEN_SPILLS 128
#define GEN_FRAME (8 * GEN_SPILLS)
/* RBP = cpu + GEN_BIAS: the general registers lie within a byte's displacement. */
#define GEN_BIAS ((int32_t)offsetof(MipsCpu, gpr) + 128)
#define CPU(field) ((int32_t)offsetof(MipsCpu, field) - GEN_BIAS)
#define STATE(field) (CPU(temp) + (int32_t)offsetof(JitState, field))

#define X_MOVSD_LOAD  0xf2000f10u
#define X_MOVSD_STORE 0xf2000f11u
#define X_MOVSS_LOAD  0xf3000f10u
#define X_MOVSS_STORE 0xf3000f11u
#define X_MOVAPS      0x00000f28u
#define X_MOVD_TO     0x66000f6eu       /* xmm, r32 or r64 */
#define X_MOVD_FROM   0x66000f7eu       /* reg is the xmm, rm the general register */

typedef enum { GEN_NOTHING, GEN_INT, GEN_XMM } GenClass;

typedef struct {
    uint32_t last;              /* the operation that uses it last */
    IrVal root;                 /* the value whose place this one shares */
    int32_t slot;               /* displacement of memory that holds it, or GEN_NO_SLOT */
    int16_t spill;              /* stack slot, or -1 */
    int8_t reg;                 /* or -1 */
    int8_t home;                /* the home it is in, whose register reg is; or -1 */
    int8_t hint;                /* the home that it is to be made in; or -1 */
    uint8_t cls;
    bool deferred;              /* a comparison that its only user makes */
    bool record;                /* an FP operation that may be the last one somebody asks for */
} GenVal;

#define GEN_NO_SLOT INT32_MIN

/* A basic block: from its LABEL to before the next one. */
typedef struct {
    IrVal first, end;
    int succ[2];
    unsigned nsucc;
    uint32_t dirty_in, live_in;
    unsigned depth;
} GenBlock;

typedef enum { STUB_LOAD, STUB_STORE, STUB_EXIT, STUB_TRAP, STUB_FP, STUB_POLL, STUB_HOT,
               STUB_PAGE } StubKind;

/* What is to be made after the main code. */
typedef struct {
    StubKind kind;
    ExitKind exit;
    uint8_t *from[3];           /* distances that lead here */
    uint8_t *back;
    IrVal op;
    uint32_t dirty;
    int8_t dst, addr, src, out; /* registers; out: src in the guest's byte order; addr -1: a constant */
    bool paged, retry;          /* by way of a PAGE; to be tried without it */
    bool dst_xmm, src_xmm, addr64, src_imm;
    int64_t imm;                /* exit pc, exception */
    int8_t fp_arg[3];           /* registers, -1: none */
    uint8_t fp_int;             /* bit n: argument n is in a general register */
    uint32_t fp_op;
} Stub;

typedef struct {
    uint8_t *at;
    unsigned label;
} LabelUse;

#define GEN_MAX_ALIASES 12

typedef struct {
    Tcg *tcg;
    const Jit *jit;
    const IrRegion *r;
    Arena *arena;
    Block *b;
    JitBlock *extra;
    Asm a;
    intptr_t exec;              /* from the write view to the exec view */
    bool user, wide;            /* mode: not kernel; words of 64 bits */
    bool has_fp;
    bool calls;                 /* a return was noted in this basic block */
    GenVal *v;
    IrVal now;
    IrVal skip;                 /* a BR that was made already */

    JitHome *homes;
    unsigned nhomes;
    uint8_t home_of[512];       /* by slot / 8: index + 1 */
    uint32_t valid, dirty;      /* homes that hold their slot's value, that memory has not */
    IrVal alias[JIT_MAX_HOMES][GEN_MAX_ALIASES];
    uint8_t naliases[JIT_MAX_HOMES];

    uint32_t pool[3];           /* registers for values, by class */
    IrVal in_reg[3][16];        /* roots that are there */
    uint32_t pinned[3];         /* used by this operation */
    uint64_t spills[GEN_SPILLS / 64];
    IrVal in_slot[64];          /* live values that lie in memory only there */
    unsigned nin_slot;

    GenBlock *blocks;
    unsigned nblocks;
    bool once;                  /* nothing in the region is done twice */
    uint8_t **label_at;
    GArray *label_uses, *exit_uses;     /* of LabelUse */
    GArray *stubs;              /* of Stub */
    GArray *exits;              /* of BlockExit */
    /* Addresses whose alignment has been looked at: base value, displacement, log2. */
    struct { IrVal base; int64_t disp; unsigned log2; } aligned[8];
    unsigned naligned;
} Gen;

/* Whether a SET of this type writes all of the home. One that is only accessed by its lower half has but
 * that: single precision would wait for the upper half's history without end. */
static inline bool gen_covers(const JitHome *home, IrType type)
{
    return !home->xmm || home->bytes == 4 || type == IR_F64 || type == IR_I64;
}

/* ---- plan.c: before the first byte ---- */

/* Lifetimes, homes, basic blocks, what is dirty and live where. */
void gen_plan(Gen *g);

/* ---- place.c: where values are ---- */

/* A register with the value; pinned until the operation is done. */
int gen_int(Gen *g, IrVal v);
int gen_xmm(Gen *g, IrVal v);
/* A register for the result of operation v: its home, that of a when a dies here, or a free one. Never
 * the register avoid (of its class). Result is entered as v's place. */
int gen_def(Gen *g, IrVal v, IrVal a, int avoid);
/* A register for the time of this operation. */
int gen_scratch(Gen *g, GenClass cls);
/* Empties a register of the general kind, which nothing of this operation is in. */
void gen_free_reg(Gen *g, int reg);
/* The value is a constant that fits 32 signed bits. */
bool gen_imm(const Gen *g, IrVal v, int32_t *imm);
/* The value lies in memory only: its displacement from RBP, else GEN_NO_SLOT. */
int32_t gen_mem(const Gen *g, IrVal v);
bool gen_dies(const Gen *g, IrVal v);
/* Frees the places of operands that are not used any more. */
void gen_release(Gen *g, IrVal v);
void gen_op_get(Gen *g, const IrOp *op);
void gen_op_set(Gen *g, const IrOp *op);
/* Stores the homes of mask to their slots; their state does not change. */
void gen_store_homes(Gen *g, uint32_t mask);
void gen_load_home(Gen *g, unsigned h);
/* Everything that lives is put where a call of C code leaves it. */
void gen_before_call(Gen *g, bool writes_slots);
void gen_after_call(Gen *g, bool writes_slots);
/* A label: no value lives on. */
void gen_forget_values(Gen *g);

static inline bool gen_is_wide(const Gen *g, IrVal v)
{
    return g->r->ops[v].type == IR_I64 || g->r->ops[v].type == IR_F64;
}

/* ---- by kind of operation ---- */

void gen_integer(Gen *g, const IrOp *op);
/* Compares for a comparison operation; the condition that holds when it does. */
HostCond gen_compare(Gen *g, const IrOp *cmp);
/* The condition under which value v is not zero, with the flags set; v may be deferred. */
HostCond gen_test(Gen *g, IrVal v);
void gen_load(Gen *g, const IrOp *op);
void gen_store(Gen *g, const IrOp *op);
/* The result of a slow load: from the thunk to register d. */
void gen_load_result(Gen *g, const IrOp *op, int d);
void gen_float(Gen *g, const IrOp *op);
void gen_flow(Gen *g, const IrOp *op);
void gen_call(Gen *g, const IrOp *op);

void gen_page(Gen *g, const IrOp *op);
/* RCX = the address of an access by way of a PAGE. If it is to be tried without that, it is made (true);
 * slow: ways to C code. */
bool gen_unpaged(Gen *g, const Stub *s, uint8_t *slow[2]);
/* Code for d = page index of the 32-bit address in s (flat tables). */
void gen_page_index(Asm *a, int d, int s, bool user);

/* ---- stubs ---- */

void gen_make_stubs(Gen *g);
/* Code that leaves for guest address pc; everything is in its slot. */
void gen_exit(Gen *g, uint64_t pc, ExitKind kind);
/* Writes the address of the snapshot for operation op to cpu->cur_op. */
void gen_snapshot(Gen *g, IrVal op, uint32_t dirty);

#endif
