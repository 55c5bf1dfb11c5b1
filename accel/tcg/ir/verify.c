/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks that a region is well formed; run after every pass in debugging builds. */
#include <inttypes.h>
#include "accel/tcg/ir.h"

static bool type_fits(char want, IrType have, IrType own)
{
    switch (want) {
    case 't': return have == own;
    case 'i': return have == IR_I32;
    case 'l': return have == IR_I64;
    case 's': return have == IR_F32;
    case 'd': return have == IR_F64;
    case 'a': return have == IR_I32 || have == IR_I64;
    case 'x': return have != IR_VOID;
    case '-': return have == IR_VOID;
    default:  return false;
    }
}

/* start: the first operation of the basic block that v is in. */
static const char *check_args(const IrRegion *r, IrVal v, IrVal start)
{
    const IrOp *op = &r->ops[v];
    const IrOpInfo *info = &ir_op_info[op->code];
    for (unsigned i = 0; i < info->nargs; i++) {
        IrVal a = op->arg[i];
        if (a == 0) {
            if (op->code == IR_CALL || (op->code == IR_LOAD && i == 1) || (op->code == IR_STORE && i == 2)) {
                break;
            }
            return "an operand is missing";
        }
        if (a >= v) {
            return "an operand is used before it is defined";
        }
        if (a < start) {
            return "an operand comes from another basic block";
        }
        IrType have = (IrType)r->ops[a].type;
        if (r->ops[a].code == IR_NONE || r->ops[a].code == IR_SET || have == IR_VOID) {
            return "an operand is no value";
        }
        IrType own = op->code == IR_STORE ? have : (IrType)op->type;
        if (!type_fits(info->sig[2 + i], have, own)) {
            return "an operand has the wrong type";
        }
    }
    return NULL;
}

static const char *check_memory(const IrRegion *r, const IrOp *op)
{
    IrType type = (IrType)(op->code == IR_LOAD ? op->type : r->ops[op->arg[1]].type);
    unsigned size = 1u << (op->mem & IR_MEM_SIZE);
    unsigned width = type == IR_I32 || type == IR_F32 ? 4 : 8;
    bool fp = type == IR_F32 || type == IR_F64;
    return size > width || (fp && size != width) ? "a memory operation does not fit its type" : NULL;
}

static const char *check_snapshot(const IrRegion *r, const IrOp *op, IrVal v)
{
    unsigned effects = op->code == IR_CALL ? op->helper->effects : ir_op_info[op->code].effects;
    if (!(effects & IR_RAISES)) {
        return op->snap == IR_NO_SNAP ? NULL : "a snapshot on an operation that cannot raise";
    }
    if (op->snap == IR_NO_SNAP && (effects & IR_FP) && r->fp_fast && op->code != IR_CALL) {
        return NULL;
    }
    if (op->snap >= r->nsnaps) {
        return "an operation that can raise has no snapshot";
    }
    const IrSnapshot *s = &r->snaps[op->snap];
    for (unsigned i = 0; i < s->count; i++) {
        const IrPending *p = &r->pending[s->first + i];
        if (p->val == 0 || p->val >= v || r->ops[p->val].type != p->type) {
            return "a snapshot names a value that is not there";
        }
    }
    return NULL;
}

static bool ends_block(IrCode code)
{
    return (ir_op_info[code].effects & IR_ENDS) || code == IR_BR;
}

/* What ends a basic block is the last operation, or a label follows; a label follows nothing else. */
static const char *check_end(const IrRegion *r, IrVal v)
{
    IrCode code = r->ops[v].code;
    bool ends = ends_block(code), last = v == r->nops - 1;
    if ((code == IR_LABEL || code == IR_BR || code == IR_BR_IF) &&
        ((uint64_t)r->ops[v].imm >= r->nlabels || !r->label_op[r->ops[v].imm])) {
        return "a label is not there";
    }
    if (code == IR_LABEL && r->label_op[r->ops[v].imm] != v) {
        return "a label is placed twice";
    }
    if (code == IR_LABEL && v > 1 && !ends_block(r->ops[v - 1].code)) {
        return "a label follows no terminator";
    }
    if (last) {
        return ends ? NULL : "the region does not end in a terminator";
    }
    return ends && r->ops[v + 1].code != IR_LABEL ? "an operation follows the terminator" : NULL;
}

static const char *check_op(const IrRegion *r, IrVal v, IrVal start)
{
    const IrOp *op = &r->ops[v];
    const IrOpInfo *info = &ir_op_info[op->code];
    const char *problem = check_end(r, v);
    if (problem || (problem = check_args(r, v, start))) {
        return problem;
    }
    IrType type = (IrType)op->type;
    if (op->code != IR_SET && op->code != IR_CALL && !type_fits(info->sig[0], type, type)) {
        return "the result has the wrong type";
    }
    if (info->kind != IR_KIND_OTHER && op->type != IR_I32 && op->type != IR_I64) {
        return "an integer operation on another type";
    }
    if ((op->code == IR_SET && op->type != r->ops[op->arg[0]].type)) {
        return "a slot is written with another type";
    }
    if (op->code == IR_EXTRACT || op->code == IR_DEPOSIT) {
        unsigned pos = op->imm & 0xff, len = (unsigned)(op->imm >> 8), width = op->type == IR_I32 ? 32 : 64;
        if (len == 0 || pos + len > width) {
            return "a field lies outside its word";
        }
    }
    if ((op->code == IR_LOAD || op->code == IR_STORE) && (problem = check_memory(r, op))) {
        return problem;
    }
    return check_snapshot(r, op, v);
}

char *ir_verify(const IrRegion *r)
{
    if (r->nops < 2) {
        return g_strdup("the region is empty");
    }
    IrVal start = 1;
    for (IrVal v = 1; v < r->nops; v++) {
        start = r->ops[v].code == IR_LABEL ? v : start;
        if (r->ops[v].code >= IR_OPCODES) {
            return g_strdup_printf("%%%u: unknown operation %u", v, r->ops[v].code);
        }
        if (r->ops[v].code == IR_NONE) {
            continue;
        }
        const char *problem = check_op(r, v, start);
        if (problem) {
            return g_strdup_printf("%%%u (%s): %s", v, ir_op_info[r->ops[v].code].text, problem);
        }
    }
    return NULL;
}
