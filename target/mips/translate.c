/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks of guest code to IR: decodes, checks levels and privileges once, calls the bodies,
 * and ends the block at a branch (its delay slot included), at a page end or where the mode
 * may change.
 */
#include "target/mips/decode.h"
#include "target/mips/pairs.h"
#include "util/bits.h"

/* Enough for any block; the temporaries of the interpreter are bounded. A region that has more goes
 * on with one instruction for each sequence that is left. */
#define MAX_BLOCK_OPS 900
#define MAX_REGION_OPS 6000

void insn_raise(Trans *t, MipsException code)
{
    ir_raise(t->ir, code);
    t->flow = FLOW_DONE;
}

void insn_raise_cpu(Trans *t, unsigned unit)
{
    ir_raise(t->ir, (int)(EXC_CPU | unit << 8));
    t->flow = FLOW_DONE;
}

uint64_t insn_branch_target(const Trans *t, const Insn *i)
{
    uint64_t target = t->pc + 4 + ((uint64_t)i->imm << 2);
    return is64(t) ? target : (uint64_t)(int32_t)target;
}

/* The label of the region's basic block that begins at pc, or -1. */
static int label_at(const Trans *t, uint64_t pc)
{
    for (unsigned i = 0; i < t->nblocks; i++) {
        if (t->blocks[i].pc == pc) {
            return (int)i;
        }
    }
    return -1;
}

/* Whether a branch to the region's basic block must make sure that its page is where it was. */
static bool crosses_page(const Trans *t, int label)
{
    const MipsRegionBlock *to = &t->blocks[label];
    return to->frame && (to->pc ^ t->block_pc) >> 12;
}

/* The label that stands for the way to label from another page: the page is looked at there. */
static unsigned edge_to(Trans *t, int label)
{
    unsigned i = 0;
    while (i < t->nedges && t->edges[i] != label) {
        i++;
    }
    if (i == t->nedges) {
        t->edges[t->nedges++] = (uint8_t)label;
    }
    return t->nblocks + i;
}

static void place_edges(Trans *t)
{
    for (unsigned i = 0; i < t->nedges; i++) {
        const MipsRegionBlock *to = &t->blocks[t->edges[i]];
        ir_label(t->ir, t->nblocks + i, to->pc);
        ir_exit_moved(t->ir, to->pc, to->frame);
        ir_br(t->ir, t->edges[i]);
    }
}

/* On at pc: within the region or out of it. */
static void go(Trans *t, uint64_t pc)
{
    int label = label_at(t, pc);
    if (label >= 0) {
        if (crosses_page(t, label)) {
            ir_exit_moved(t->ir, pc, t->blocks[label].frame);
        }
        ir_br(t->ir, (unsigned)label);
    } else {
        ir_goto(t->ir, pc);
    }
}

static void go_if(Trans *t, IrVal cond, uint64_t pc)
{
    int label = label_at(t, pc);
    if (ir_is_const(t->ir, cond) && t->ir->ops[cond].imm == 0) {
        return;
    }
    if (label >= 0) {
        ir_br_if(t->ir, cond, crosses_page(t, label) ? edge_to(t, label) : (unsigned)label);
    } else {
        ir_exit_if(t->ir, cond, pc);
    }
}

void insn_branch(Trans *t, IrVal cond, uint64_t target, bool likely)
{
    t->flow = FLOW_BRANCH;
    t->branch.cond = cond;
    t->branch.target = target;
    t->branch.target_val = 0;
    t->branch.is_return = false;
    if (likely) {
        IrVal zero = ir_const(t->ir, ir_type(t->ir, cond), 0);
        go_if(t, eq(t, cond, zero), t->pc + 8);
        t->branch.cond = 0;
    }
}

void insn_jump(Trans *t, IrVal target)
{
    t->flow = FLOW_BRANCH;
    t->branch.cond = 0;
    t->branch.target_val = target;
    t->branch.is_return = false;
}

void insn_return(Trans *t, IrVal target)
{
    insn_jump(t, target);
    t->branch.is_return = true;
}

void insn_link(Trans *t, unsigned reg)
{
    t->branch.link = reg == 31;
    set_gpr(t, reg, konst(t, (int64_t)(t->pc + 8)));
}

IrVal insn_base(Trans *t, unsigned rs)
{
    IrVal v = gpr(t, rs);
    return t->mode & MODE_ADDR64 ? v : ir_to_i32(t->ir, v);
}

IrVal insn_address(Trans *t, const Insn *i)
{
    IrVal base = insn_base(t, i->rs);
    return add(t, base, ir_const(t->ir, ir_type(t->ir, base), i->imm));
}

unsigned insn_mem(const Trans *t, unsigned size, bool is_signed)
{
    return (unsigned)__builtin_ctz(size) | (is_signed ? IR_MEM_SIGNED : 0) |
           (t->cpu->big_endian ? IR_MEM_BIG : 0);
}

/* The checks that come before the body; false if one of them raised. */
static bool check_needs(Trans *t, const InsnLine *line)
{
    if ((line->needs & NEED_CP0) && !(t->mode & MODE_CP0)) {
        insn_raise_cpu(t, 0);
    } else if ((line->needs & NEED_64) && !(t->mode & MODE_64)) {
        insn_raise(t, EXC_RI);
    } else if ((line->needs & NEED_FPU) && !(t->mode & MODE_CU1)) {
        insn_raise_cpu(t, 1);
    } else if ((line->needs & NEED_CP2) && !(t->mode & MODE_CU2)) {
        insn_raise_cpu(t, 2);
    } else if ((line->needs & BRANCH) && t->in_ds) {
        insn_raise(t, EXC_RI);
    } else {
        return true;
    }
    return false;
}

static void reserved(Trans *t, uint32_t word)
{
    /* An unusable coprocessor comes before a reserved encoding of it. */
    unsigned major = word >> 26;
    if ((major == 0x11 || major == 0x13) && !(t->mode & MODE_CU1)) {
        insn_raise_cpu(t, 1);
    } else if (major == 0x10 && !(t->mode & MODE_CP0)) {
        insn_raise_cpu(t, 0);
    } else {
        insn_raise(t, EXC_RI);
    }
}

static unsigned translate_insn(Trans *t, const MipsDecoder *decoder, uint32_t word)
{
    unsigned line = mips_decode(decoder, t->model, word);
    t->flow = FLOW_NEXT;
    if (!t->in_ds) {
        t->branch.link = false;
    }
    ir_begin_insn(t->ir, t->pc, t->in_ds);
    if (line == INSN_RESERVED) {
        reserved(t, word);
        return line;
    }
    Insn i = {
        .word = word, .line = (uint16_t)line, .imm = (int16_t)word,
        .rs = extract32(word, 21, 5), .rt = extract32(word, 16, 5),
        .rd = extract32(word, 11, 5), .sa = extract32(word, 6, 5),
    };
    if (check_needs(t, &insn_table[line])) {
        insn_table[line].body(t, &i);
    }
    return line;
}

static void set_pc(Trans *t, IrVal pc)
{
    ir_set(t->ir, offsetof(MipsCpu, pc), ir_to_i64(t->ir, pc));
}

/* The mode is now, without MODE_DS and MODE_SPLIT. */
static void end_special_mode(Trans *t, IrVal now)
{
    ir_set(t->ir, offsetof(MipsCpu, mode), and_(t, now, konst32(t, ~(MODE_DS | MODE_SPLIT))));
}

/* Where the branch goes, as a word. */
static IrVal branch_destination(Trans *t, uint64_t after)
{
    IrVal to = t->branch.target_val ? t->branch.target_val : konst(t, (int64_t)t->branch.target);
    if (!t->branch.cond) {
        return to;
    }
    IrVal cond = word32(t, t->branch.cond);
    return ir_select(t->ir, cond, to, konst(t, (int64_t)after));
}

/* To target when cond is not zero, else to after. What stays in the region comes last: to look at its page
 * needs no label of its own then. */
static void branch_two_ways(Trans *t, IrVal cond, uint64_t target, uint64_t after)
{
    int label = label_at(t, target);
    if (label >= 0 && crosses_page(t, label) && label_at(t, after) < 0) {
        go_if(t, eq(t, cond, ir_const(t->ir, ir_type(t->ir, cond), 0)), after);
        go(t, target);
    } else {
        go_if(t, cond, target);
        go(t, after);
    }
}

/* The branch is done and so is its delay slot, which ends at after. */
static void finish_branch(Trans *t, uint64_t after, bool leave)
{
    IrVal cond = t->branch.cond;
    if (leave) {
        set_pc(t, branch_destination(t, after));
        ir_leave(t->ir);
        return;
    }
    if (cond && !ir_is_const(t->ir, cond)) {
        branch_two_ways(t, cond, t->branch.target, after);
        return;
    }
    bool taken = !cond || t->ir->ops[cond].imm;
    if (t->branch.link && taken) {
        ir_push_return(t->ir, after);
    }
    if (t->branch.target_val && t->branch.is_return) {
        ir_return(t->ir, t->branch.target_val);
    } else if (t->branch.target_val) {
        ir_jump(t->ir, t->branch.target_val);
    } else if (t->branch.link) {
        ir_goto(t->ir, taken ? t->branch.target : after);
    } else {
        go(t, taken ? t->branch.target : after);
    }
}

/* The delay slot lies beyond what may be read: it becomes a block of its own. */
static void defer_delay_slot(Trans *t)
{
    uint64_t ds = t->pc + 4;
    IrVal to = branch_destination(t, ds + 4);
    ir_set(t->ir, offsetof(MipsCpu, btarget), ir_to_i64(t->ir, to));
    set_pc(t, konst(t, (int64_t)ds));
    ir_set(t->ir, offsetof(MipsCpu, mode), konst32(t, (int32_t)(t->mode | MODE_DS)));
    ir_leave(t->ir);
}

/* The block that is just a delay slot. */
static void translate_lone_slot(Trans *t, const MipsDecoder *decoder, uint32_t word, MipsBlockInfo *info)
{
    t->in_ds = true;
    info->lines[0] = (uint16_t)translate_insn(t, decoder, word);
    if (t->flow == FLOW_DONE) {
        return;
    }
    /* A helper may have set the mode anew. */
    IrVal now = t->flow == FLOW_NEXT ? konst32(t, (int32_t)t->mode)
                                     : ir_get(t->ir, IR_I32, offsetof(MipsCpu, mode));
    end_special_mode(t, now);
    set_pc(t, ir_get(t->ir, IR_I64, offsetof(MipsCpu, btarget)));
    ir_leave(t->ir);
}

static uint32_t fetch(const Trans *t, const uint8_t *code)
{
    return (uint32_t)(t->cpu->big_endian ? load_be(code, 4) : load_le(code, 4));
}

static void note_line(MipsBlockInfo *info, unsigned line)
{
    if (info->insns < MIPS_MAX_BLOCK) {
        info->lines[info->insns] = (uint16_t)line;
    }
    info->insns++;
}

/* The block that is just the two halves of an unaligned access. */
static void translate_split(Trans *t, const MipsDecoder *decoder, const uint8_t *code, MipsBlockInfo *info)
{
    for (unsigned at = 0; at < 8; at += 4, t->pc += 4) {
        note_line(info, translate_insn(t, decoder, fetch(t, code + at)));
    }
    info->bytes = 8;
    end_special_mode(t, konst32(t, (int32_t)t->mode));
    set_pc(t, konst(t, (int64_t)t->pc));
    ir_leave(t->ir);
}

/* The branch at t->pc was translated; now its delay slot, at byte at of code. */
static unsigned translate_branch_tail(Trans *t, const MipsDecoder *decoder, const uint8_t *code,
                                      unsigned at, unsigned avail, MipsBlockInfo *info)
{
    if (at + 4 > avail) {
        defer_delay_slot(t);
        return at;
    }
    t->pc += 4;
    t->in_ds = true;
    note_line(info, translate_insn(t, decoder, fetch(t, code + at)));
    t->in_ds = false;
    if (t->flow != FLOW_DONE) {
        finish_branch(t, t->pc + 4, t->flow == FLOW_LEAVE);
    }
    return at + 4;
}

/* Both instructions, if the one at t->pc and the next are an access in two halves: t->pc is the second's
 * then. */
static bool translate_pair(Trans *t, const MipsDecoder *decoder, const uint8_t *code, unsigned avail,
                           MipsBlockInfo *info)
{
    uint16_t lines[2];
    if (!t->blocks || avail < 8 || label_at(t, t->pc + 4) >= 0 ||
        !mips_translate_pair(t, decoder, fetch(t, code), fetch(t, code + 4), lines)) {
        return false;
    }
    note_line(info, lines[0]);
    note_line(info, lines[1]);
    t->pc += 4;
    t->flow = FLOW_NEXT;
    return true;
}

/* From t->pc to the end of the basic block; at most max instructions. Returns its bytes. */
static unsigned translate_to_end(Trans *t, const MipsDecoder *decoder, const uint8_t *code, unsigned avail,
                                 unsigned max, unsigned max_ops, MipsBlockInfo *info)
{
    unsigned at = 0;
    for (;;) {
        if (translate_pair(t, decoder, code + at, avail - at, info)) {
            at += 4;
        } else {
            note_line(info, translate_insn(t, decoder, fetch(t, code + at)));
        }
        at += 4;
        if (t->flow == FLOW_DONE) {
            return at;
        }
        if (t->flow == FLOW_BRANCH) {
            return translate_branch_tail(t, decoder, code, at, avail, info);
        }
        t->pc += 4;
        if (t->flow == FLOW_LEAVE) {
            set_pc(t, konst(t, (int64_t)t->pc));
            ir_leave(t->ir);
            return at;
        }
        if (at + 4 > avail || at / 4 >= max || t->ir->nops > max_ops || label_at(t, t->pc) >= 0) {
            go(t, t->pc);
            return at;
        }
    }
}

void mips_translate_block(const MipsCpu *cpu, const MipsDecoder *decoder, IrRegion *r, uint64_t pc,
                          uint32_t mode, const uint8_t *code, unsigned avail, unsigned max,
                          MipsBlockInfo *info)
{
    Trans trans = { .ir = r, .cpu = cpu, .model = cpu->model, .mode = mode, .pc = pc };
    Trans *t = &trans;
    ir_reset(r, cpu->base.is_64bit ? IR_I64 : IR_I32, offsetof(MipsCpu, fcr31));
    r->fp_fast = !(mode & MODE_FPX);
    info->insns = info->bytes = 0;
    if (mode & MODE_SPLIT) {
        translate_split(t, decoder, code, info);
        return;
    }
    if (mode & MODE_DS) {
        info->insns = 1;
        info->bytes = 4;
        translate_lone_slot(t, decoder, fetch(t, code), info);
        return;
    }
    info->bytes = translate_to_end(t, decoder, code, avail, max, MAX_BLOCK_OPS, info);
}

void mips_translate_region(const MipsCpu *cpu, const MipsDecoder *decoder, IrRegion *r, uint32_t mode,
                           const MipsRegionBlock *blocks, unsigned nblocks, uint64_t entry,
                           MipsBlockInfo *info)
{
    Trans trans = { .ir = r, .cpu = cpu, .model = cpu->model, .mode = mode, .blocks = blocks,
                    .nblocks = nblocks };
    Trans *t = &trans;
    g_assert(nblocks <= MIPS_MAX_REGION && !(mode & (MODE_DS | MODE_SPLIT)));
    ir_reset(r, cpu->base.is_64bit ? IR_I64 : IR_I32, offsetof(MipsCpu, fcr31));
    r->fp_fast = !(mode & MODE_FPX);
    info->insns = info->bytes = 0;
    if (blocks[0].pc != entry) {
        ir_br(r, (unsigned)label_at(t, entry));
    }
    for (unsigned i = 0; i < nblocks; i++) {
        t->pc = t->block_pc = blocks[i].pc;
        ir_label(r, i, t->pc);
        translate_to_end(t, decoder, blocks[i].code, blocks[i].avail, UINT_MAX, MAX_REGION_OPS, info);
    }
    place_edges(t);
    mips_place_splits(t);
}
