/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads, stores, unaligned halves, LL/SC, PREF, SYNCI (MD00086, MD00087). */
#include "target/mips/helpers.h"
#include "target/mips/insn.h"

static IrVal load(Trans *t, IrType type, const Insn *i, unsigned size, bool is_signed)
{
    return ir_load(t->ir, type, insn_mem(t, size, is_signed), insn_base(t, i->rs), i->imm);
}

static void load_gpr(Trans *t, const Insn *i, unsigned size, bool is_signed)
{
    set_gpr(t, i->rt, load(t, t->ir->word, i, size, is_signed));
}

TRANS(LB)  { load_gpr(t, i, 1, true); }
TRANS(LBU) { load_gpr(t, i, 1, false); }
TRANS(LH)  { load_gpr(t, i, 2, true); }
TRANS(LHU) { load_gpr(t, i, 2, false); }
TRANS(LW)  { load_gpr(t, i, 4, is64(t)); }
TRANS(LWU) { load_gpr(t, i, 4, false); }
TRANS(LD)  { load_gpr(t, i, 8, false); }

static void store(Trans *t, const Insn *i, unsigned size, IrVal v)
{
    ir_store(t->ir, insn_mem(t, size, false), insn_base(t, i->rs), i->imm, v);
}

TRANS(SB) { store(t, i, 1, gpr(t, i->rt)); }
TRANS(SH) { store(t, i, 2, gpr(t, i->rt)); }
TRANS(SW) { store(t, i, 4, gpr(t, i->rt)); }
TRANS(SD) { store(t, i, 8, gpr(t, i->rt)); }

/*
 * LWL, LWR, LDL, LDR: the aligned unit that holds the address is loaded and shifted into
 * place. With k the number of bytes from the unit's most significant end to the address,
 * the left form takes the bytes from there on: (mem << 8k) over the register's low 8k bits;
 * the right form takes the bytes up to there: mem >> 8(size-1-k) under the register's rest.
 */
typedef struct { IrVal mem, shift, reg; } Unaligned;

static Unaligned load_unaligned(Trans *t, const Insn *i, IrType type, unsigned size)
{
    IrVal addr = insn_address(t, i);
    IrType at = ir_type(t->ir, addr);
    IrVal mask = ir_const(t->ir, at, size - 1);
    IrVal base = and_(t, addr, ir_const(t->ir, at, -(int64_t)size));
    IrVal low = and_(t, addr, mask);
    if (!t->cpu->big_endian) {
        low = xor_(t, low, mask);
    }
    IrVal shift = shl(t, low, ir_const(t->ir, at, 3));
    Unaligned u = {
        .mem = ir_load(t->ir, type, insn_mem(t, size, false), base, 0),
        .shift = type == IR_I32 ? ir_to_i32(t->ir, shift) : ir_to_i64(t->ir, shift),
        .reg = type == IR_I32 ? gpr32(t, i->rt) : gpr(t, i->rt),
    };
    return u;
}

static IrVal load_left(Trans *t, const Insn *i, IrType type, unsigned size)
{
    Unaligned u = load_unaligned(t, i, type, size);
    IrVal kept = not_(t, shl(t, ir_const(t->ir, type, -1), u.shift));
    return or_(t, shl(t, u.mem, u.shift), and_(t, u.reg, kept));
}

static IrVal load_right(Trans *t, const Insn *i, IrType type, unsigned size)
{
    Unaligned u = load_unaligned(t, i, type, size);
    IrVal shift = xor_(t, u.shift, ir_const(t->ir, type, 8 * (size - 1)));
    IrVal kept = not_(t, shr(t, ir_const(t->ir, type, -1), shift));
    return or_(t, shr(t, u.mem, shift), and_(t, u.reg, kept));
}

TRANS(LWL) { set_gpr32(t, i->rt, load_left(t, i, IR_I32, 4)); }
TRANS(LWR) { set_gpr32(t, i->rt, load_right(t, i, IR_I32, 4)); }
TRANS(LDL) { set_gpr(t, i->rt, load_left(t, i, IR_I64, 8)); }
TRANS(LDR) { set_gpr(t, i->rt, load_right(t, i, IR_I64, 8)); }

static void call_store(Trans *t, const Insn *i, const IrHelper *helper)
{
    ir_call(t->ir, helper, insn_address(t, i), gpr(t, i->rt), 0);
}

TRANS(SWL) { call_store(t, i, &helper_swl); }
TRANS(SWR) { call_store(t, i, &helper_swr); }
TRANS(SDL) { call_store(t, i, &helper_sdl); }
TRANS(SDR) { call_store(t, i, &helper_sdr); }

static IrVal call_word(Trans *t, const IrHelper *helper, IrVal a, IrVal b)
{
    IrVal v = ir_call(t->ir, helper, a, b, 0);
    return is64(t) ? v : ir_to_i32(t->ir, v);
}

TRANS(LL)  { set_gpr(t, i->rt, call_word(t, &helper_ll, insn_address(t, i), 0)); }
TRANS(LLD) { set_gpr(t, i->rt, call_word(t, &helper_lld, insn_address(t, i), 0)); }
TRANS(SC)  { set_gpr(t, i->rt, call_word(t, &helper_sc, insn_address(t, i), gpr(t, i->rt))); }
TRANS(SCD) { set_gpr(t, i->rt, call_word(t, &helper_scd, insn_address(t, i), gpr(t, i->rt))); }

TRANS(PREF) { }

TRANS(SYNCI)
{
    ir_call(t->ir, &helper_synci, insn_address(t, i), 0, 0);
    t->flow = FLOW_LEAVE;
}

/* NEED_CP2 has raised already: no model has a coprocessor 2. */
TRANS(COP2) { insn_raise_cpu(t, 2); }
TRANS(LWC2) { insn_raise_cpu(t, 2); }
TRANS(SWC2) { insn_raise_cpu(t, 2); }
TRANS(LDC2) { insn_raise_cpu(t, 2); }
TRANS(SDC2) { insn_raise_cpu(t, 2); }
