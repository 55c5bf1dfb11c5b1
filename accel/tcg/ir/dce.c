/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dead code: pure operations whose result nobody uses become IR_NONE. */
#include "accel/tcg/ir.h"

void ir_dce(IrRegion *r)
{
    g_autofree uint8_t *used = g_malloc0(r->nops);
    for (unsigned i = 0; i < r->npending; i++) {
        used[r->pending[i].val] = 1;
    }
    for (IrVal v = r->nops - 1; v > 0; v--) {
        IrOp *op = &r->ops[v];
        unsigned effects = ir_op_info[op->code].effects & ~(unsigned)(IR_COMM | IR_READS);
        if (op->code == IR_CALL) {
            effects = op->helper->effects & ~(unsigned)IR_READS;
        }
        if (!used[v] && !effects && op->code != IR_NONE) {
            op->code = IR_NONE;
            op->type = IR_VOID;
            continue;
        }
        for (unsigned i = 0; i < 3; i++) {
            used[op->arg[i]] = 1;
        }
    }
}
