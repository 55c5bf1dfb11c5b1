/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System control: CP0 moves, TLB, ERET, WAIT, CACHE, RDHWR (MD00090). */
#include "target/mips/cp0.h"
#include "target/mips/helpers.h"
#include "target/mips/insn.h"
#include "util/bits.h"

static unsigned cp0_number(const Insn *i)
{
    return i->rd * 8u + (i->word & 7);
}

static void move_from(Trans *t, const Insn *i, bool wide)
{
    unsigned n = cp0_number(i);
    size_t slot = cp0_plain_slot(t->model, n, wide);
    IrVal v = slot ? ir_get(t->ir, wide ? IR_I64 : IR_I32, slot)
                   : ir_call(t->ir, wide ? &helper_dmfc0 : &helper_mfc0, konst(t, n), 0, 0);
    set_gpr(t, i->rt, wide ? v : word32(t, ir_to_i32(t->ir, v)));
}

static void move_to(Trans *t, const Insn *i, bool wide)
{
    unsigned n = cp0_number(i);
    IrVal v = gpr(t, i->rt);
    size_t slot = cp0_plain_write(t->model, n);
    if (slot) {
        ir_set(t->ir, slot, ir_to_i64(t->ir, wide ? v : ir_to_i32(t->ir, v)));
        return;
    }
    ir_call(t->ir, wide ? &helper_dmtc0 : &helper_mtc0, konst(t, n), wide ? v : ir_to_i32(t->ir, v), 0);
    if (cp0_write_changes_mode(n)) {
        t->flow = FLOW_LEAVE;
    }
}

TRANS(MFC0)  { move_from(t, i, false); }
TRANS(DMFC0) { move_from(t, i, true); }
TRANS(MTC0)  { move_to(t, i, false); }
TRANS(DMTC0) { move_to(t, i, true); }

/* One register set: the previous set is the current one. */
TRANS(RDPGPR) { set_gpr(t, i->rd, gpr(t, i->rt)); }
TRANS(WRPGPR) { set_gpr(t, i->rd, gpr(t, i->rt)); }

static void set_interrupts(Trans *t, const Insn *i, bool on)
{
    IrVal old = ir_call(t->ir, &helper_set_ie, konst(t, on), 0, 0);
    set_gpr(t, i->rt, word32(t, ir_to_i32(t->ir, old)));
    t->flow = FLOW_LEAVE;
}

TRANS(DI) { set_interrupts(t, i, false); }
TRANS(EI) { set_interrupts(t, i, true); }

TRANS(TLBR)    { ir_call(t->ir, &helper_tlbr, 0, 0, 0); t->flow = FLOW_LEAVE; }
TRANS(TLBWI)   { ir_call(t->ir, &helper_tlbwi, 0, 0, 0); t->flow = FLOW_LEAVE; }
TRANS(TLBWR)   { ir_call(t->ir, &helper_tlbwr, 0, 0, 0); t->flow = FLOW_LEAVE; }
TRANS(TLBP)    { ir_call(t->ir, &helper_tlbp, 0, 0, 0); }
TRANS(TLBINV)  { ir_call(t->ir, &helper_tlbinv, 0, 0, 0); t->flow = FLOW_LEAVE; }
TRANS(TLBINVF) { ir_call(t->ir, &helper_tlbinvf, 0, 0, 0); t->flow = FLOW_LEAVE; }

TRANS(ERET)
{
    if (t->in_ds) {
        insn_raise(t, EXC_RI);
        return;
    }
    ir_call(t->ir, &helper_eret, 0, 0, 0);
    ir_leave(t->ir);
    t->flow = FLOW_DONE;
}

TRANS(WAIT)
{
    ir_call(t->ir, &helper_wait, 0, 0, 0);
    t->flow = FLOW_LEAVE;
}

TRANS(CACHE)
{
    ir_call(t->ir, &helper_cache, insn_address(t, i), konst(t, i->rt), 0);
    /* Operations on the instruction cache may change the code that follows. */
    if ((i->rt & 3) == 0) {
        t->flow = FLOW_LEAVE;
    }
}

/* The register's value; 0 if there is none. Config3 cannot be written. */
static IrVal hardware_register(Trans *t, unsigned n)
{
    switch (n) {
    case 0:
        return word32(t, and_(t, ir_get(t->ir, IR_I32, offsetof(MipsCpu, cp0.ebase) + IR_LOW32),
                              konst32(t, 0x3ff)));
    case 1:  return konst(t, t->model->synci_step);
    case 2:  return word32(t, ir_to_i32(t->ir, ir_call(t->ir, &helper_rdcount, 0, 0, 0)));
    case 3:  return konst(t, t->model->ccres);
    case 29:
        return t->model->config[3] & 1u << 13
            ? ir_get(t->ir, t->ir->word, word_slot(t, offsetof(MipsCpu, cp0.userlocal))) : 0;
    default: return 0;
    }
}

TRANS(RDHWR)
{
    if (!(t->mode & MODE_CP0)) {
        IrVal enabled = ir_get(t->ir, IR_I32, offsetof(MipsCpu, cp0.hwrena));
        IrVal bit = ir_extract(t->ir, enabled, i->rd, 1);
        ir_trap_if(t->ir, eq(t, bit, konst32(t, 0)), EXC_RI);
    }
    IrVal v = hardware_register(t, i->rd);
    if (v) {
        set_gpr(t, i->rt, v);
    } else {
        insn_raise(t, EXC_RI);
    }
}
