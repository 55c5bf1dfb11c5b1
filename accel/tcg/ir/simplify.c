/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integer operations of the builder: folded when all is constant, replaced by a value that is
 * there already or by a cheaper operation where that is known to be the same.
 */
#include "accel/tcg/ir.h"

/* How far facts about a value are looked for. */
#define DEPTH 4
/* An operand of a comparison lives on for the sake of another one only if that follows soon. */
#define NEAR 8

static unsigned width_of(const IrRegion *r, IrVal v)
{
    return ir_type(r, v) == IR_I64 ? 64 : 32;
}

static bool is_compare(const IrRegion *r, IrVal v)
{
    return ir_op_info[r->ops[v].code].kind == IR_KIND_CMP;
}

static bool is_const_of(const IrRegion *r, IrVal v, int64_t value)
{
    return ir_is_const(r, v) && r->ops[v].imm == value;
}

/* ---- facts ---- */

static uint64_t mask_of(unsigned width)
{
    return ~UINT64_C(0) >> (64 - width);
}

/* The shift of a shift by a constant, or -1. */
static int shift_of(const IrRegion *r, const IrOp *op)
{
    return ir_is_const(r, op->arg[1]) ? (int)(r->ops[op->arg[1]].imm & (op->type == IR_I64 ? 63 : 31)) : -1;
}

/* The bits that may be set in a value of type I32 or I64; others are 0. */
static uint64_t possible_bits(const IrRegion *r, IrVal v, unsigned depth)
{
    const IrOp *op = &r->ops[v];
    uint64_t all = mask_of(width_of(r, v));
    int shift;
    if (op->code == IR_CONST) {
        return (uint64_t)op->imm & all;
    }
    if (is_compare(r, v)) {
        return 1;
    }
    if (depth == 0) {
        return all;
    }
    switch (op->code) {
    case IR_LOAD:
        return op->mem & IR_MEM_SIGNED ? all : mask_of(8u << (op->mem & IR_MEM_SIZE)) & all;
    case IR_AND:
        return possible_bits(r, op->arg[0], depth - 1) & possible_bits(r, op->arg[1], depth - 1);
    case IR_OR: case IR_XOR:
        return possible_bits(r, op->arg[0], depth - 1) | possible_bits(r, op->arg[1], depth - 1);
    case IR_SELECT:
        return possible_bits(r, op->arg[1], depth - 1) | possible_bits(r, op->arg[2], depth - 1);
    case IR_EXT_U:
        return possible_bits(r, op->arg[0], depth - 1);
    case IR_EXTRACT:
        return possible_bits(r, op->arg[0], depth - 1) >> (op->imm & 0xff) &
               mask_of((unsigned)(op->imm >> 8));
    case IR_SHR:
        shift = shift_of(r, op);
        return shift < 0 ? all : possible_bits(r, op->arg[0], depth - 1) >> shift;
    case IR_SHL:
        shift = shift_of(r, op);
        return shift < 0 ? all : possible_bits(r, op->arg[0], depth - 1) << shift & all;
    case IR_CLZ:
        return 0x7f;
    default:
        return all;
    }
}

static unsigned bits_needed(uint64_t v)
{
    return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

/* A number of bits from which the value is sign-extended: 1 to its width. */
static unsigned signed_width(const IrRegion *r, IrVal v, unsigned depth)
{
    const IrOp *op = &r->ops[v];
    unsigned width = width_of(r, v), a, b, found = width;
    if (op->code == IR_CONST) {
        return bits_needed((uint64_t)(op->imm < 0 ? ~op->imm : op->imm)) + 1;
    }
    if (depth == 0) {
        return width;
    }
    switch (op->code) {
    case IR_SEXT8:  found = 8; break;
    case IR_SEXT16: found = 16; break;
    case IR_SEXT32: case IR_EXT_S:
        found = MIN(32, signed_width(r, op->arg[0], depth - 1));
        break;
    case IR_LOAD:
        found = op->mem & IR_MEM_SIGNED ? 8u << (op->mem & IR_MEM_SIZE) : width;
        break;
    case IR_AND: case IR_OR: case IR_XOR: case IR_NOR:
        a = signed_width(r, op->arg[0], depth - 1);
        b = signed_width(r, op->arg[1], depth - 1);
        found = MAX(a, b);
        break;
    case IR_NOT:
        found = signed_width(r, op->arg[0], depth - 1);
        break;
    case IR_SELECT:
        a = signed_width(r, op->arg[1], depth - 1);
        b = signed_width(r, op->arg[2], depth - 1);
        found = MAX(a, b);
        break;
    case IR_SAR:
        found = shift_of(r, op) < 0 ? width : width - (unsigned)shift_of(r, op);
        break;
    default:
        break;
    }
    unsigned positive = bits_needed(possible_bits(r, v, depth)) + 1;
    return MIN(MIN(found, positive), width);
}

/* ---- one operand ---- */

IrVal ir_un(IrRegion *r, IrCode code, IrVal a)
{
    IrType type = ir_type(r, a);
    const IrOp *op = &r->ops[a];
    int64_t folded;
    if (ir_is_const(r, a) && ir_fold(code, type, op->imm, 0, &folded)) {
        return ir_const(r, type, folded);
    }
    unsigned from = code == IR_SEXT8 ? 8 : code == IR_SEXT16 ? 16 : code == IR_SEXT32 ? 32 : 0;
    if (from && signed_width(r, a, DEPTH) <= from) {
        return a;
    }
    if ((code == IR_NOT || code == IR_NEG || code == IR_BSWAP) && op->code == code) {
        return op->arg[0];
    }
    return ir_op(r, code, type, a, 0, 0, 0);
}

/* ---- two operands ---- */

static IrCode inverse(IrCode code)
{
    switch (code) {
    case IR_EQ:  return IR_NE;
    case IR_NE:  return IR_EQ;
    case IR_LTS: return IR_GES;
    case IR_GES: return IR_LTS;
    case IR_LES: return IR_GTS;
    case IR_GTS: return IR_LES;
    case IR_LTU: return IR_GEU;
    default:     return IR_LTU;
    }
}

/* a == 0 or a != 0, of a comparison. */
static IrVal test_of_compare(IrRegion *r, IrCode code, IrVal a)
{
    if (!is_compare(r, a)) {
        return 0;
    }
    if (code == IR_NE) {
        return a;
    }
    const IrOp op = r->ops[a];
    return r->nops - a <= NEAR ? ir_op(r, inverse(op.code), op.type, op.arg[0], op.arg[1], 0, 0) : 0;
}

/* (x + c) + y as x + (c + y), if x need not live on for that. */
static IrVal add_twice(IrRegion *r, IrVal a, int64_t y)
{
    const IrOp op = r->ops[a];
    if (op.code != IR_ADD || !ir_is_const(r, op.arg[1]) || !ir_is_in_slot(r, op.arg[0])) {
        return 0;
    }
    uint64_t sum = (uint64_t)y + (uint64_t)r->ops[op.arg[1]].imm;
    return ir_bin(r, IR_ADD, op.arg[0], ir_const(r, (IrType)op.type, (int64_t)sum));
}

/* x op const where the result is x itself, a constant, or a cheaper operation; 0 if none. */
static IrVal with_const(IrRegion *r, IrCode code, IrVal a, int64_t y)
{
    IrType type = ir_type(r, a);
    switch (code) {
    case IR_ADD:
        return y == 0 ? a : add_twice(r, a, y);
    case IR_SUB: case IR_OR: case IR_XOR: case IR_SHL: case IR_SHR: case IR_SAR: case IR_ROTR:
        return y == 0 ? a : 0;
    case IR_AND:
        if (y == 0) {
            return ir_const(r, type, 0);
        }
        return possible_bits(r, a, DEPTH) & ~(uint64_t)y ? 0 : a;
    case IR_NOR:
        return y == 0 ? ir_un(r, IR_NOT, a) : 0;
    case IR_EQ: case IR_NE:
        return y == 0 ? test_of_compare(r, code, a) : 0;
    case IR_LTU:
        return y == 1 ? ir_bin(r, IR_EQ, a, ir_const(r, type, 0)) : 0;
    default:
        return 0;
    }
}

/* x op x; 0 if that is nothing special. */
static IrVal with_itself(IrRegion *r, IrCode code, IrVal a)
{
    switch (code) {
    case IR_AND: case IR_OR:
        return a;
    case IR_SUB: case IR_XOR: case IR_NE: case IR_LTS: case IR_GTS: case IR_LTU:
        return ir_const(r, ir_type(r, a), 0);
    case IR_EQ: case IR_LES: case IR_GES: case IR_GEU:
        return ir_const(r, ir_type(r, a), 1);
    case IR_NOR:
        return ir_un(r, IR_NOT, a);
    default:
        return 0;
    }
}

IrVal ir_bin(IrRegion *r, IrCode code, IrVal a, IrVal b)
{
    IrType type = ir_type(r, a);
    IrVal v = 0;
    int64_t folded;
    g_assert(type == ir_type(r, b));
    if (ir_is_const(r, a) && ir_is_const(r, b) &&
        ir_fold(code, type, r->ops[a].imm, r->ops[b].imm, &folded)) {
        return ir_const(r, type, folded);
    }
    if (ir_is_const(r, a) && (ir_op_info[code].effects & IR_COMM)) {
        IrVal t = a;
        a = b;
        b = t;
    }
    if (ir_is_const(r, b)) {
        v = with_const(r, code, a, r->ops[b].imm);
    } else if (a == b) {
        v = with_itself(r, code, a);
    } else if (is_const_of(r, a, 0) && code == IR_SUB) {
        v = ir_un(r, IR_NEG, b);
    } else if (is_const_of(r, a, 0) && code == IR_LTU) {
        v = ir_bin(r, IR_NE, b, a);
    }
    return v ? v : ir_op(r, code, type, a, b, 0, 0);
}

/* ---- selection and fields ---- */

IrVal ir_select(IrRegion *r, IrVal cond, IrVal a, IrVal b)
{
    if (ir_is_const(r, cond)) {
        return r->ops[cond].imm ? a : b;
    }
    if (a == b) {
        return a;
    }
    const IrOp op = r->ops[cond];
    if ((op.code == IR_EQ || op.code == IR_NE) && is_const_of(r, op.arg[1], 0)) {
        return op.code == IR_NE ? ir_select(r, op.arg[0], a, b) : ir_select(r, op.arg[0], b, a);
    }
    return ir_op(r, IR_SELECT, ir_type(r, a), cond, a, b, 0);
}

IrVal ir_extract(IrRegion *r, IrVal a, unsigned pos, unsigned len)
{
    const IrOp op = r->ops[a];
    uint64_t field = mask_of(len) << pos;
    if (op.code == IR_CONST) {
        return ir_const(r, (IrType)op.type, (int64_t)((uint64_t)op.imm >> pos & mask_of(len)));
    }
    if (op.code == IR_DEPOSIT && op.imm == (int64_t)(pos | len << 8)) {
        return ir_extract(r, op.arg[1], 0, len);
    }
    if (pos == 0 && !(possible_bits(r, a, DEPTH) & ~field)) {
        return a;
    }
    return ir_op(r, IR_EXTRACT, (IrType)op.type, a, 0, 0, pos | len << 8);
}

IrVal ir_deposit(IrRegion *r, IrVal a, IrVal b, unsigned pos, unsigned len)
{
    if (len == width_of(r, a)) {
        return b;
    }
    if (ir_is_const(r, a) && ir_is_const(r, b)) {
        uint64_t field = mask_of(len) << pos;
        uint64_t v = ((uint64_t)r->ops[a].imm & ~field) | ((uint64_t)r->ops[b].imm << pos & field);
        return ir_const(r, ir_type(r, a), (int64_t)v);
    }
    return ir_op(r, IR_DEPOSIT, ir_type(r, a), a, b, 0, pos | len << 8);
}

/* ---- widths ---- */

IrVal ir_to_i64(IrRegion *r, IrVal a)
{
    const IrOp op = r->ops[a];
    if (op.type == IR_I64) {
        return a;
    }
    if (op.code == IR_CONST) {
        return ir_const(r, IR_I64, op.imm);
    }
    return op.code == IR_TRUNC ? ir_un(r, IR_SEXT32, op.arg[0]) : ir_op(r, IR_EXT_S, IR_I64, a, 0, 0, 0);
}

IrVal ir_to_i64u(IrRegion *r, IrVal a)
{
    const IrOp op = r->ops[a];
    if (op.type == IR_I64) {
        return a;
    }
    if (op.code == IR_CONST) {
        return ir_const(r, IR_I64, (uint32_t)op.imm);
    }
    if (op.code == IR_TRUNC && possible_bits(r, op.arg[0], DEPTH) >> 32 == 0) {
        return op.arg[0];
    }
    return ir_op(r, IR_EXT_U, IR_I64, a, 0, 0, 0);
}

IrVal ir_to_i32(IrRegion *r, IrVal a)
{
    const IrOp op = r->ops[a];
    if (op.type == IR_I32) {
        return a;
    }
    switch (op.code) {
    case IR_CONST:               return ir_const(r, IR_I32, op.imm);
    case IR_EXT_S: case IR_EXT_U: return op.arg[0];
    case IR_SEXT32:              return ir_to_i32(r, op.arg[0]);
    default:                     return ir_op(r, IR_TRUNC, IR_I32, a, 0, 0, 0);
    }
}
