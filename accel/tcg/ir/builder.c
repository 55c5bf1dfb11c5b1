/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building regions: appends operations and remembers which value each slot holds, so that a
 * register is read at most once and never just after it was written. Integer operations are
 * in simplify.c.
 */
#include "accel/tcg/ir.h"

#include <string.h>

IrRegion *ir_region_new(void)
{
    IrRegion *r = g_new0(IrRegion, 1);
    r->cap = 1024;
    r->ops = g_new0(IrOp, r->cap);
    r->snaps_cap = 256;
    r->snaps = g_new0(IrSnapshot, r->snaps_cap);
    ir_reset(r, IR_I32, 0);
    return r;
}

void ir_region_free(IrRegion *r)
{
    if (r) {
        g_free(r->ops);
        g_free(r->snaps);
        g_free(r->pending);
        g_free(r);
    }
}

void ir_reset(IrRegion *r, IrType word, size_t fp_slot)
{
    r->nops = 1;                    /* value 0 is none */
    r->ops[0] = (IrOp){ .code = IR_NONE, .snap = IR_NO_SNAP };
    r->nsnaps = 0;
    r->npending = 0;
    r->nknown = 0;
    r->word = word;
    r->fp_slot = fp_slot;
    r->snap_valid = false;
    r->fp_fast = false;
    r->nlabels = 0;
    memset(r->label_op, 0, sizeof(r->label_op));
}

static unsigned type_bytes(IrType type)
{
    return type == IR_I32 || type == IR_F32 ? 4 : 8;
}

static IrVal append(IrRegion *r, IrOp op)
{
    if (r->nops == r->cap) {
        r->cap *= 2;
        r->ops = g_renew(IrOp, r->ops, r->cap);
    }
    r->ops[r->nops] = op;
    return r->nops++;
}

void ir_begin_insn(IrRegion *r, uint64_t pc, bool delay_slot)
{
    if (r->nsnaps == r->snaps_cap) {
        r->snaps_cap *= 2;
        r->snaps = g_renew(IrSnapshot, r->snaps, r->snaps_cap);
    }
    /* An instruction that cannot raise leaves its snapshot to the next one. */
    if (!r->snap_valid) {
        r->nsnaps++;
    }
    r->snaps[r->nsnaps - 1] = (IrSnapshot){ .pc = pc, .delay_slot = delay_slot };
    r->snap_valid = true;
}

static uint16_t use_snapshot(IrRegion *r)
{
    g_assert(r->nsnaps > 0 && r->nsnaps < IR_NO_SNAP);
    r->snap_valid = false;
    return (uint16_t)(r->nsnaps - 1);
}

IrVal ir_const(IrRegion *r, IrType type, int64_t value)
{
    if (type == IR_I32) {
        value = (int32_t)value;
    }
    return append(r, (IrOp){ .code = IR_CONST, .type = type, .snap = IR_NO_SNAP, .imm = value });
}

/* Forgets what is known of slots that overlap [slot, slot + size). */
static void forget(IrRegion *r, size_t slot, unsigned size)
{
    for (unsigned i = 0; i < r->nknown;) {
        size_t at = r->known[i].slot;
        if (at < slot + size && slot < at + type_bytes(r->known[i].type)) {
            r->known[i] = r->known[--r->nknown];
        } else {
            i++;
        }
    }
}

static void remember(IrRegion *r, size_t slot, IrVal v)
{
    if (r->nknown < IR_SLOT_CACHE) {
        r->known[r->nknown].slot = (uint16_t)slot;
        r->known[r->nknown].type = r->ops[v].type;
        r->known[r->nknown++].val = v;
    }
}

bool ir_is_in_slot(const IrRegion *r, IrVal v)
{
    for (unsigned i = 0; i < r->nknown; i++) {
        if (r->known[i].val == v) {
            return true;
        }
    }
    return false;
}

/* The bits of v, which has the size of type and is an integer where type is none. */
static IrVal bits_as(IrRegion *r, IrType type, IrVal v)
{
    static const uint8_t codes[] = {
        [IR_I32] = IR_BITS_IS, [IR_I64] = IR_BITS_LD, [IR_F32] = IR_BITS_SI, [IR_F64] = IR_BITS_DL,
    };
    return ir_op(r, codes[type], type, v, 0, 0, 0);
}

IrVal ir_get(IrRegion *r, IrType type, size_t slot)
{
    IrVal other = 0;
    for (unsigned i = 0; i < r->nknown; i++) {
        if (r->known[i].slot == slot && r->known[i].type == type) {
            return r->known[i].val;
        }
        if (r->known[i].slot == slot && type_bytes(r->known[i].type) == type_bytes(type)) {
            other = r->known[i].val;
        }
    }
    if (other) {
        IrVal v = bits_as(r, type, other);
        remember(r, slot, v);
        return v;
    }
    g_assert(slot < 0x8000);
    IrVal v = append(r, (IrOp){ .code = IR_GET, .type = type, .snap = IR_NO_SNAP, .imm = (int64_t)slot });
    remember(r, slot, v);
    return v;
}

void ir_set(IrRegion *r, size_t slot, IrVal v)
{
    g_assert(slot < 0x8000);
    forget(r, slot, type_bytes(r->ops[v].type));
    append(r, (IrOp){ .code = IR_SET, .type = r->ops[v].type, .snap = IR_NO_SNAP, .arg = { v },
                      .imm = (int64_t)slot });
    remember(r, slot, v);
}

IrVal ir_op(IrRegion *r, IrCode code, IrType type, IrVal a, IrVal b, IrVal c, int64_t imm)
{
    uint8_t effects = ir_op_info[code].effects;
    bool fast = (effects & IR_FP) && r->fp_fast;
    uint16_t snap = (effects & IR_RAISES) && !fast ? use_snapshot(r) : IR_NO_SNAP;
    if ((effects & IR_FP) && !fast) {
        forget(r, r->fp_slot, 4);
    }
    return append(r, (IrOp){ .code = code, .type = type, .snap = snap, .arg = { a, b, c }, .imm = imm });
}

/* An address that is a sum with a constant: the constant goes to disp, as long as that has 32 bits,
 * unless the other operand would live on for it. */
static IrVal split_address(const IrRegion *r, IrVal addr, int64_t *disp)
{
    const IrOp *op = &r->ops[addr];
    if (op->code == IR_ADD && ir_is_const(r, op->arg[1]) && ir_is_in_slot(r, op->arg[0])) {
        int64_t c = r->ops[op->arg[1]].imm;
        if (c == (int32_t)c && c + *disp == (int32_t)(c + *disp)) {
            *disp += c;
            return op->arg[0];
        }
    }
    return addr;
}

IrVal ir_load(IrRegion *r, IrType type, unsigned mem, IrVal addr, int64_t disp)
{
    addr = split_address(r, addr, &disp);
    IrVal v = ir_op(r, IR_LOAD, type, addr, 0, 0, disp);
    r->ops[v].mem = (uint8_t)mem;
    return v;
}

void ir_store(IrRegion *r, unsigned mem, IrVal addr, int64_t disp, IrVal value)
{
    addr = split_address(r, addr, &disp);
    IrVal v = ir_op(r, IR_STORE, IR_VOID, addr, value, 0, disp);
    r->ops[v].mem = (uint8_t)mem;
}

IrVal ir_load_unaligned(IrRegion *r, IrType type, unsigned mem, IrVal addr, int64_t disp, IrVal page)
{
    IrVal v = ir_op(r, IR_LOAD, type, addr, page, 0, disp);
    r->ops[v].mem = (uint8_t)(mem | IR_MEM_UNALIGNED);
    return v;
}

void ir_store_unaligned(IrRegion *r, unsigned mem, IrVal addr, int64_t disp, IrVal value, IrVal page)
{
    IrVal v = ir_op(r, IR_STORE, IR_VOID, addr, value, page, disp);
    r->ops[v].mem = (uint8_t)(mem | IR_MEM_UNALIGNED);
}

IrVal ir_call(IrRegion *r, const IrHelper *helper, IrVal a, IrVal b, IrVal c)
{
    IrVal args[3] = { a, b, c };
    for (int i = 0; i < 3; i++) {
        args[i] = args[i] ? ir_to_i64(r, args[i]) : 0;
    }
    IrOp op = { .code = IR_CALL, .type = helper->returns ? IR_I64 : IR_VOID, .snap = IR_NO_SNAP,
                .arg = { args[0], args[1], args[2] }, .helper = helper };
    if (helper->effects & IR_RAISES) {
        op.snap = use_snapshot(r);
    }
    if (helper->effects & IR_WRITES) {
        r->nknown = 0;
    } else if (helper->effects & IR_FP) {
        forget(r, r->fp_slot, 4);
    }
    return append(r, op);
}

void ir_exit_if(IrRegion *r, IrVal cond, uint64_t pc)
{
    ir_op(r, IR_EXIT_IF, IR_VOID, cond, 0, 0, (int64_t)pc);
}

void ir_exit_moved(IrRegion *r, uint64_t pc, uint32_t frame)
{
    IrVal wanted = ir_const(r, IR_I32, (int32_t)frame);
    ir_op(r, IR_EXIT_MOVED, IR_VOID, wanted, 0, 0, (int64_t)pc);
}

void ir_trap_if(IrRegion *r, IrVal cond, int code)
{
    if (ir_is_const(r, cond) && r->ops[cond].imm == 0) {
        return;
    }
    ir_op(r, IR_TRAP_IF, IR_VOID, cond, 0, 0, code);
}

void ir_goto(IrRegion *r, uint64_t pc)
{
    ir_op(r, IR_GOTO, IR_VOID, 0, 0, 0, (int64_t)pc);
}

void ir_jump(IrRegion *r, IrVal target)
{
    ir_op(r, IR_JUMP, IR_VOID, target, 0, 0, 0);
}

void ir_return(IrRegion *r, IrVal target)
{
    IrVal v = ir_op(r, IR_JUMP, IR_VOID, target, 0, 0, 0);
    r->ops[v].mem = 1;
}

void ir_push_return(IrRegion *r, uint64_t pc)
{
    ir_op(r, IR_PUSH_RET, IR_VOID, 0, 0, 0, (int64_t)pc);
}

void ir_label(IrRegion *r, unsigned label, uint64_t pc)
{
    g_assert(label < IR_MAX_LABELS && !r->label_op[label]);
    r->nknown = 0;
    r->snap_valid = false;
    r->label_pc[label] = pc;
    r->label_op[label] = ir_op(r, IR_LABEL, IR_VOID, 0, 0, 0, label);
    r->nlabels = MAX(r->nlabels, label + 1);
}

/* A branch to a label that is there already makes a loop. */
static void note_branch(IrRegion *r, unsigned label)
{
    if (r->label_op[label]) {
        r->ops[r->label_op[label]].mem = 1;
    }
}

void ir_br(IrRegion *r, unsigned label)
{
    note_branch(r, label);
    ir_op(r, IR_BR, IR_VOID, 0, 0, 0, label);
}

void ir_br_if(IrRegion *r, IrVal cond, unsigned label)
{
    note_branch(r, label);
    ir_op(r, IR_BR_IF, IR_VOID, cond, 0, 0, label);
}

void ir_raise(IrRegion *r, int code)
{
    ir_op(r, IR_RAISE, IR_VOID, 0, 0, 0, code);
}

void ir_leave(IrRegion *r)
{
    ir_op(r, IR_LEAVE, IR_VOID, 0, 0, 0, 0);
}
