/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dead stores: a SET whose slot is written again before anybody can look at it becomes IR_NONE. */
#include "accel/tcg/ir.h"

#define MAX_SLOTS 64

/* Slots that are written later on, with nothing in between that could see them. */
typedef struct {
    struct { unsigned first, end; } slot[MAX_SLOTS];
    unsigned n;
} Overwritten;

static unsigned end_of(const IrOp *op)
{
    return (unsigned)op->imm + (op->type == IR_I32 || op->type == IR_F32 ? 4 : 8);
}

static bool is_overwritten(const Overwritten *o, const IrOp *set)
{
    for (unsigned i = 0; i < o->n; i++) {
        if (o->slot[i].first <= (unsigned)set->imm && end_of(set) <= o->slot[i].end) {
            return true;
        }
    }
    return false;
}

static void reads(Overwritten *o, const IrOp *get)
{
    for (unsigned i = 0; i < o->n;) {
        if (o->slot[i].first < end_of(get) && (unsigned)get->imm < o->slot[i].end) {
            o->slot[i] = o->slot[--o->n];
        } else {
            i++;
        }
    }
}

static bool shows_state(const IrOp *op)
{
    return op->snap != IR_NO_SNAP || op->code == IR_CALL ||
           (ir_op_info[op->code].effects & (IR_EXITS | IR_ENDS | IR_FLOW));
}

void ir_dse(IrRegion *r)
{
    Overwritten o = { .n = 0 };
    for (IrVal v = r->nops - 1; v > 0; v--) {
        IrOp *op = &r->ops[v];
        if (op->code == IR_GET) {
            reads(&o, op);
        } else if (op->code == IR_SET && is_overwritten(&o, op)) {
            op->code = IR_NONE;
            op->type = IR_VOID;
            op->arg[0] = 0;
        } else if (op->code == IR_SET && o.n < MAX_SLOTS) {
            o.slot[o.n].first = (unsigned)op->imm;
            o.slot[o.n++].end = end_of(op);
        } else if (shows_state(op)) {
            o.n = 0;
        }
    }
}
