/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A region as text, for -d ir and failing checks. */
#include <inttypes.h>
#include "accel/tcg/ir.h"

static const char *const type_names[] = { "", "i32", "i64", "f32", "f64" };

static void print_slot(GString *out, uint16_t slot, IrType type, IrSlotName slot_name)
{
    const char *name = slot_name ? slot_name(slot, type) : NULL;
    if (name) {
        g_string_append_printf(out, " %s", name);
    } else {
        g_string_append_printf(out, " [%#x]", slot);
    }
}

static void print_imm(GString *out, const IrOp *op, IrSlotName slot_name)
{
    switch (op->code) {
    case IR_GET: case IR_SET:
        print_slot(out, (uint16_t)op->imm, op->type, slot_name);
        break;
    case IR_CALL:
        g_string_append_printf(out, " %s", op->helper->name);
        break;
    case IR_LABEL: case IR_BR: case IR_BR_IF:
        g_string_append_printf(out, " L%d", (int)op->imm);
        break;
    case IR_CONST: case IR_GOTO: case IR_EXIT_IF: case IR_PUSH_RET:
        g_string_append_printf(out, " %#" PRIx64, (uint64_t)op->imm);
        break;
    case IR_EXTRACT: case IR_DEPOSIT:
        g_string_append_printf(out, " <%d,%d>", (int)(op->imm & 0xff), (int)(op->imm >> 8));
        break;
    case IR_LOAD: case IR_STORE:
        g_string_append_printf(out, " %s%d%s", op->mem & IR_MEM_SIGNED ? "s" : "u",
                               8 << (op->mem & IR_MEM_SIZE), op->mem & IR_MEM_BIG ? "be" : "le");
        break;
    case IR_RAISE: case IR_TRAP_IF: case IR_FMULADD: case IR_FCMP_S: case IR_FCMP_D:
    case IR_FTOI_IS: case IR_FTOI_ID: case IR_FTOI_LS: case IR_FTOI_LD:
        g_string_append_printf(out, " #%d", (int)op->imm);
        break;
    default:
        break;
    }
}

static void print_snapshot(GString *out, const IrRegion *r, uint16_t index, IrSlotName slot_name)
{
    const IrSnapshot *s = &r->snaps[index];
    g_string_append_printf(out, "   ; pc %#" PRIx64 "%s", s->pc, s->delay_slot ? " ds" : "");
    for (unsigned i = 0; i < s->count; i++) {
        const IrPending *p = &r->pending[s->first + i];
        print_slot(out, p->slot, p->type, slot_name);
        g_string_append_printf(out, "=%%%u", p->val);
    }
}

void ir_print(const IrRegion *r, IrSlotName slot_name, GString *out)
{
    for (IrVal v = 1; v < r->nops; v++) {
        const IrOp *op = &r->ops[v];
        const IrOpInfo *info = &ir_op_info[op->code];
        if (op->code == IR_NONE) {
            continue;
        }
        if (op->type != IR_VOID && op->code != IR_SET) {
            g_string_append_printf(out, "  %%%-3u = %s.%s", v, info->text, type_names[op->type]);
        } else {
            g_string_append_printf(out, "         %s", info->text);
        }
        print_imm(out, op, slot_name);
        for (unsigned i = 0; i < info->nargs && op->arg[i]; i++) {
            g_string_append_printf(out, "%s%%%u", i ? ", " : " ", op->arg[i]);
        }
        if ((op->code == IR_LOAD || op->code == IR_STORE) && op->imm) {
            g_string_append_printf(out, " disp %" PRId64, op->imm);
        }
        if (op->code == IR_LABEL) {
            g_string_append_printf(out, "   ; pc %#" PRIx64 "%s", r->label_pc[op->imm],
                                   op->mem ? " loop" : "");
        } else if (op->code == IR_JUMP && op->mem) {
            g_string_append(out, "   ; returns");
        }
        if (op->snap != IR_NO_SNAP) {
            print_snapshot(out, r, op->snap, slot_name);
        }
        g_string_append_c(out, '\n');
    }
}
