/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integer arithmetic, logic, shifts, bit fields (MD00086, MD00087). */
#include "target/mips/insn.h"

TRANS(ADDU)  { set_gpr(t, i->rd, sx32(t, add(t, gpr(t, i->rs), gpr(t, i->rt)))); }
TRANS(SUBU)  { set_gpr(t, i->rd, sx32(t, sub(t, gpr(t, i->rs), gpr(t, i->rt)))); }
TRANS(ADDIU) { set_gpr(t, i->rt, sx32(t, add(t, gpr(t, i->rs), konst(t, i->imm)))); }
TRANS(DADDU) { set_gpr(t, i->rd, add(t, gpr(t, i->rs), gpr(t, i->rt))); }
TRANS(DSUBU) { set_gpr(t, i->rd, sub(t, gpr(t, i->rs), gpr(t, i->rt))); }
TRANS(DADDIU) { set_gpr(t, i->rt, add(t, gpr(t, i->rs), konst(t, i->imm))); }
TRANS(AND)   { set_gpr(t, i->rd, and_(t, gpr(t, i->rs), gpr(t, i->rt))); }
TRANS(OR)    { set_gpr(t, i->rd, or_(t, gpr(t, i->rs), gpr(t, i->rt))); }
TRANS(XOR)   { set_gpr(t, i->rd, xor_(t, gpr(t, i->rs), gpr(t, i->rt))); }
TRANS(NOR)   { set_gpr(t, i->rd, nor(t, gpr(t, i->rs), gpr(t, i->rt))); }
TRANS(ANDI)  { set_gpr(t, i->rt, and_(t, gpr(t, i->rs), konst(t, (uint16_t)i->imm))); }
TRANS(ORI)   { set_gpr(t, i->rt, or_(t, gpr(t, i->rs), konst(t, (uint16_t)i->imm))); }
TRANS(XORI)  { set_gpr(t, i->rt, xor_(t, gpr(t, i->rs), konst(t, (uint16_t)i->imm))); }
TRANS(LUI)   { set_gpr(t, i->rt, konst(t, (int32_t)((uint32_t)i->imm << 16))); }
TRANS(SLT)   { set_gpr(t, i->rd, lts(t, gpr(t, i->rs), gpr(t, i->rt))); }
TRANS(SLTU)  { set_gpr(t, i->rd, ltu(t, gpr(t, i->rs), gpr(t, i->rt))); }
TRANS(SLTI)  { set_gpr(t, i->rt, lts(t, gpr(t, i->rs), konst(t, i->imm))); }
TRANS(SLTIU) { set_gpr(t, i->rt, ltu(t, gpr(t, i->rs), konst(t, i->imm))); }

/* The sum or difference of two values of one type, with the overflow trap. */
static IrVal add_trap(Trans *t, IrVal a, IrVal b)
{
    IrVal r = add(t, a, b);
    IrVal zero = ir_const(t->ir, ir_type(t->ir, a), 0);
    IrVal wrong = and_(t, xor_(t, a, r), xor_(t, b, r));
    ir_trap_if(t->ir, lts(t, wrong, zero), EXC_OV);
    return r;
}

static IrVal sub_trap(Trans *t, IrVal a, IrVal b)
{
    IrVal r = sub(t, a, b);
    IrVal zero = ir_const(t->ir, ir_type(t->ir, a), 0);
    IrVal wrong = and_(t, xor_(t, a, b), xor_(t, a, r));
    ir_trap_if(t->ir, lts(t, wrong, zero), EXC_OV);
    return r;
}

TRANS(ADD)   { set_gpr32(t, i->rd, add_trap(t, gpr32(t, i->rs), gpr32(t, i->rt))); }
TRANS(SUB)   { set_gpr32(t, i->rd, sub_trap(t, gpr32(t, i->rs), gpr32(t, i->rt))); }
TRANS(ADDI)  { set_gpr32(t, i->rt, add_trap(t, gpr32(t, i->rs), konst32(t, i->imm))); }
TRANS(DADD)  { set_gpr(t, i->rd, add_trap(t, gpr(t, i->rs), gpr(t, i->rt))); }
TRANS(DSUB)  { set_gpr(t, i->rd, sub_trap(t, gpr(t, i->rs), gpr(t, i->rt))); }
TRANS(DADDI) { set_gpr(t, i->rt, add_trap(t, gpr(t, i->rs), konst(t, i->imm))); }

/* ---- shifts: 32-bit ones work on the low half and sign-extend ---- */

TRANS(SLL)   { set_gpr32(t, i->rd, shl(t, gpr32(t, i->rt), konst32(t, i->sa))); }
TRANS(SRL)   { set_gpr32(t, i->rd, shr(t, gpr32(t, i->rt), konst32(t, i->sa))); }
TRANS(SRA)   { set_gpr32(t, i->rd, sar(t, gpr32(t, i->rt), konst32(t, i->sa))); }
TRANS(ROTR)  { set_gpr32(t, i->rd, rotr(t, gpr32(t, i->rt), konst32(t, i->sa))); }
TRANS(SLLV)  { set_gpr32(t, i->rd, shl(t, gpr32(t, i->rt), gpr32(t, i->rs))); }
TRANS(SRLV)  { set_gpr32(t, i->rd, shr(t, gpr32(t, i->rt), gpr32(t, i->rs))); }
TRANS(SRAV)  { set_gpr32(t, i->rd, sar(t, gpr32(t, i->rt), gpr32(t, i->rs))); }
TRANS(ROTRV) { set_gpr32(t, i->rd, rotr(t, gpr32(t, i->rt), gpr32(t, i->rs))); }

TRANS(DSLL)    { set_gpr(t, i->rd, shl(t, gpr(t, i->rt), konst(t, i->sa))); }
TRANS(DSRL)    { set_gpr(t, i->rd, shr(t, gpr(t, i->rt), konst(t, i->sa))); }
TRANS(DSRA)    { set_gpr(t, i->rd, sar(t, gpr(t, i->rt), konst(t, i->sa))); }
TRANS(DROTR)   { set_gpr(t, i->rd, rotr(t, gpr(t, i->rt), konst(t, i->sa))); }
TRANS(DSLL32)  { set_gpr(t, i->rd, shl(t, gpr(t, i->rt), konst(t, i->sa + 32))); }
TRANS(DSRL32)  { set_gpr(t, i->rd, shr(t, gpr(t, i->rt), konst(t, i->sa + 32))); }
TRANS(DSRA32)  { set_gpr(t, i->rd, sar(t, gpr(t, i->rt), konst(t, i->sa + 32))); }
TRANS(DROTR32) { set_gpr(t, i->rd, rotr(t, gpr(t, i->rt), konst(t, i->sa + 32))); }
TRANS(DSLLV)   { set_gpr(t, i->rd, shl(t, gpr(t, i->rt), gpr(t, i->rs))); }
TRANS(DSRLV)   { set_gpr(t, i->rd, shr(t, gpr(t, i->rt), gpr(t, i->rs))); }
TRANS(DSRAV)   { set_gpr(t, i->rd, sar(t, gpr(t, i->rt), gpr(t, i->rs))); }
TRANS(DROTRV)  { set_gpr(t, i->rd, rotr(t, gpr(t, i->rt), gpr(t, i->rs))); }

/* ---- conditional moves, counts, fields ---- */

TRANS(MOVZ) { set_gpr(t, i->rd, ir_select(t->ir, gpr(t, i->rt), gpr(t, i->rd), gpr(t, i->rs))); }
TRANS(MOVN) { set_gpr(t, i->rd, ir_select(t->ir, gpr(t, i->rt), gpr(t, i->rs), gpr(t, i->rd))); }
TRANS(CLZ)  { set_gpr32(t, i->rd, ir_un(t->ir, IR_CLZ, gpr32(t, i->rs))); }
TRANS(CLO)  { set_gpr32(t, i->rd, ir_un(t->ir, IR_CLZ, not_(t, gpr32(t, i->rs)))); }
TRANS(DCLZ) { set_gpr(t, i->rd, ir_un(t->ir, IR_CLZ, gpr(t, i->rs))); }
TRANS(DCLO) { set_gpr(t, i->rd, ir_un(t->ir, IR_CLZ, not_(t, gpr(t, i->rs)))); }
TRANS(SEB)  { set_gpr32(t, i->rd, ir_un(t->ir, IR_SEXT8, gpr32(t, i->rt))); }
TRANS(SEH)  { set_gpr32(t, i->rd, ir_un(t->ir, IR_SEXT16, gpr32(t, i->rt))); }

TRANS(WSBH)
{
    IrVal swapped = ir_un(t->ir, IR_BSWAP, gpr32(t, i->rt));
    set_gpr32(t, i->rd, rotr(t, swapped, konst32(t, 16)));
}

TRANS(DSBH)
{
    IrVal v = gpr(t, i->rt), low = konst(t, 0x00ff00ff00ff00ff);
    IrVal up = shl(t, and_(t, v, low), konst(t, 8));
    set_gpr(t, i->rd, or_(t, up, and_(t, shr(t, v, konst(t, 8)), low)));
}

TRANS(DSHD)
{
    IrVal v = ir_un(t->ir, IR_BSWAP, gpr(t, i->rt)), low = konst(t, 0x00ff00ff00ff00ff);
    IrVal up = shl(t, and_(t, v, low), konst(t, 8));
    set_gpr(t, i->rd, or_(t, up, and_(t, shr(t, v, konst(t, 8)), low)));
}

/* pos and size of a field; UNPREDICTABLE sizes raise RI, as a real decoder would. */
static void extract_field(Trans *t, const Insn *i, unsigned pos, unsigned size, unsigned width)
{
    if (pos + size > width) {
        insn_raise(t, EXC_RI);
    } else if (width == 32) {
        set_gpr32(t, i->rt, ir_extract(t->ir, gpr32(t, i->rs), pos, size));
    } else {
        set_gpr(t, i->rt, ir_extract(t->ir, gpr(t, i->rs), pos, size));
    }
}

static void insert_field(Trans *t, const Insn *i, unsigned pos, unsigned last, unsigned width)
{
    if (last < pos || last >= width) {
        insn_raise(t, EXC_RI);
    } else if (width == 32) {
        set_gpr32(t, i->rt, ir_deposit(t->ir, gpr32(t, i->rt), gpr32(t, i->rs), pos, last - pos + 1));
    } else {
        set_gpr(t, i->rt, ir_deposit(t->ir, gpr(t, i->rt), gpr(t, i->rs), pos, last - pos + 1));
    }
}

TRANS(EXT)   { extract_field(t, i, i->sa, i->rd + 1, 32); }
TRANS(DEXT)  { extract_field(t, i, i->sa, i->rd + 1, 64); }
TRANS(DEXTM) { extract_field(t, i, i->sa, i->rd + 33, 64); }
TRANS(DEXTU) { extract_field(t, i, i->sa + 32, i->rd + 1, 64); }
TRANS(INS)   { insert_field(t, i, i->sa, i->rd, 32); }
TRANS(DINS)  { insert_field(t, i, i->sa, i->rd, 64); }
TRANS(DINSM) { insert_field(t, i, i->sa, i->rd + 32, 64); }
TRANS(DINSU) { insert_field(t, i, i->sa + 32, i->rd + 32, 64); }
