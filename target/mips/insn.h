/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instruction table and what the bodies of instructions are written with. */
#ifndef TARGET_MIPS_INSN_H
#define TARGET_MIPS_INSN_H

#include <stddef.h>
#include "accel/tcg/ir.h"
#include "target/mips/cpu.h"
#include "target/mips/translate.h"

/* What an instruction line needs beyond its level. */
enum {
    BRANCH = 1 << 0,        /* has a delay slot, must not be in one */
    NEED_CP0 = 1 << 1, NEED_64 = 1 << 2, NEED_FPU = 1 << 3, NEED_PS = 1 << 4,
    NEED_F64 = 1 << 5,      /* an FPU with 64-bit registers */
    NEED_COP1X = 1 << 6, NEED_CP2 = 1 << 7, NEED_TLBINV = 1 << 8,
};

enum {
#define INSN(id, bits, args, level, needs) INSN_##id,
#include "target/mips/insns.def"
    INSN_COUNT,
    INSN_RESERVED = INSN_COUNT,
};

typedef struct Trans Trans;

typedef struct {
    uint32_t word;
    uint16_t line;
    uint8_t rs, rt, rd, sa;
    int32_t imm;            /* the low 16 bits, sign-extended */
} Insn;

typedef struct {
    const char *name, *bits, *args;
    MipsLevel level;
    unsigned needs;
    void (*body)(Trans *t, const Insn *i);
} InsnLine;

extern const InsnLine insn_table[INSN_COUNT];

#define INSN(id, bits, args, level, needs) void trans_##id(Trans *t, const Insn *i);
#include "target/mips/insns.def"

#define TRANS(id) void trans_##id(Trans *t G_GNUC_UNUSED, const Insn *i G_GNUC_UNUSED)

/* How the block goes on after the current instruction. */
typedef enum {
    FLOW_NEXT,              /* with the next one */
    FLOW_BRANCH,            /* with the delay slot, then as the branch says */
    FLOW_LEAVE,             /* ends; the mode may have changed */
    FLOW_DONE,              /* ends; the body made the terminator */
} Flow;

struct Trans {
    IrRegion *ir;
    const MipsCpu *cpu;
    const MipsModel *model;
    uint32_t mode;
    uint64_t pc;            /* of the instruction */
    bool in_ds;
    Flow flow;
    struct {
        IrVal cond;         /* 0: always taken */
        IrVal target_val;   /* 0: target */
        uint64_t target;
        bool link;          /* a call: RA was written */
        bool is_return;
    } branch;
    const MipsRegionBlock *blocks;      /* of the region; NULL: one block */
    unsigned nblocks;
    uint64_t block_pc;      /* of the basic block that this is in */
    uint8_t edges[MIPS_MAX_REGION];     /* labels that conditional branches from other pages lead to */
    unsigned nedges;        /* their own labels follow those of the blocks */
    uint64_t splits[IR_MAX_LABELS - 2 * MIPS_MAX_REGION];   /* unaligned accesses, for when they are split */
    unsigned nsplits;       /* their labels begin at 2 * MIPS_MAX_REGION */
};

/* ---- values; the word type is I32 or I64 as the CPU has it ---- */

static inline bool is64(const Trans *t)
{
    return t->cpu->base.is_64bit;
}

static inline IrVal konst(Trans *t, int64_t v)
{
    return ir_const(t->ir, t->ir->word, v);
}

static inline IrVal konst32(Trans *t, int32_t v)
{
    return ir_const(t->ir, IR_I32, v);
}

/* The slot of a register of the CPU's word size whose 64 bits are at offset. */
static inline size_t word_slot(const Trans *t, size_t offset)
{
    return is64(t) ? offset : offset + IR_LOW32;
}

static inline size_t gpr_slot(const Trans *t, unsigned n)
{
    return word_slot(t, offsetof(MipsCpu, gpr) + 8 * n);
}

static inline IrVal gpr(Trans *t, unsigned n)
{
    return n == 0 ? konst(t, 0) : ir_get(t->ir, t->ir->word, gpr_slot(t, n));
}

static inline void set_gpr(Trans *t, unsigned n, IrVal v)
{
    if (n != 0) {
        ir_set(t->ir, gpr_slot(t, n), v);
    }
}

/* The low half as I32, and an I32 as a sign-extended word. */
static inline IrVal gpr32(Trans *t, unsigned n)
{
    return ir_to_i32(t->ir, gpr(t, n));
}

static inline IrVal word32(Trans *t, IrVal v)
{
    return is64(t) ? ir_to_i64(t->ir, v) : ir_to_i32(t->ir, v);
}

static inline void set_gpr32(Trans *t, unsigned n, IrVal v)
{
    set_gpr(t, n, word32(t, v));
}

static inline IrVal hi(Trans *t)
{
    return ir_get(t->ir, t->ir->word, word_slot(t, offsetof(MipsCpu, hi)));
}

static inline IrVal lo(Trans *t)
{
    return ir_get(t->ir, t->ir->word, word_slot(t, offsetof(MipsCpu, lo)));
}

static inline void set_hi(Trans *t, IrVal v)
{
    ir_set(t->ir, word_slot(t, offsetof(MipsCpu, hi)), v);
}

static inline void set_lo(Trans *t, IrVal v)
{
    ir_set(t->ir, word_slot(t, offsetof(MipsCpu, lo)), v);
}

#define BUILD2(name, CODE) \
    static inline IrVal name(Trans *t, IrVal a, IrVal b) { return ir_bin(t->ir, IR_##CODE, a, b); }
BUILD2(add, ADD) BUILD2(sub, SUB) BUILD2(mul, MUL) BUILD2(and_, AND) BUILD2(or_, OR) BUILD2(xor_, XOR)
BUILD2(nor, NOR) BUILD2(shl, SHL) BUILD2(shr, SHR) BUILD2(sar, SAR) BUILD2(rotr, ROTR)
BUILD2(eq, EQ) BUILD2(ne, NE) BUILD2(lts, LTS) BUILD2(les, LES) BUILD2(gts, GTS) BUILD2(ges, GES)
BUILD2(ltu, LTU) BUILD2(geu, GEU)
#undef BUILD2

static inline IrVal not_(Trans *t, IrVal a) { return ir_un(t->ir, IR_NOT, a); }

/* A sum of words made a sign-extended 32-bit result. */
static inline IrVal sx32(Trans *t, IrVal v)
{
    return is64(t) ? ir_un(t->ir, IR_SEXT32, v) : v;
}

/* rs as the base of an address: truncated unless 64-bit addresses are on. */
IrVal insn_base(Trans *t, unsigned rs);
/* base + offset as one word, for helpers and address arithmetic. */
IrVal insn_address(Trans *t, const Insn *i);
/* Byte order and size of a memory operation; size 1, 2, 4, 8. */
unsigned insn_mem(const Trans *t, unsigned size, bool is_signed);

/* ---- control flow ---- */

uint64_t insn_branch_target(const Trans *t, const Insn *i);
/* Branches when cond is not zero; likely: the delay slot is annulled otherwise. */
void insn_branch(Trans *t, IrVal cond, uint64_t target, bool likely);
void insn_jump(Trans *t, IrVal target);
/* The same, of a function to its caller. */
void insn_return(Trans *t, IrVal target);
/* Writes the address after the delay slot. */
void insn_link(Trans *t, unsigned reg);
void insn_raise(Trans *t, MipsException code);
/* CPU exception, coprocessor unit (Cause.CE). */
void insn_raise_cpu(Trans *t, unsigned unit);

#endif
