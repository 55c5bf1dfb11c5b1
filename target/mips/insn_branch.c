/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Branches, jumps, traps, SYSCALL and BREAK (MD00086). */
#include "target/mips/insn.h"

TRANS(BEQ)   { insn_branch(t, eq(t, gpr(t, i->rs), gpr(t, i->rt)), insn_branch_target(t, i), false); }
TRANS(BNE)   { insn_branch(t, ne(t, gpr(t, i->rs), gpr(t, i->rt)), insn_branch_target(t, i), false); }
TRANS(BLEZ)  { insn_branch(t, les(t, gpr(t, i->rs), konst(t, 0)), insn_branch_target(t, i), false); }
TRANS(BGTZ)  { insn_branch(t, gts(t, gpr(t, i->rs), konst(t, 0)), insn_branch_target(t, i), false); }
TRANS(BLTZ)  { insn_branch(t, lts(t, gpr(t, i->rs), konst(t, 0)), insn_branch_target(t, i), false); }
TRANS(BGEZ)  { insn_branch(t, ges(t, gpr(t, i->rs), konst(t, 0)), insn_branch_target(t, i), false); }
TRANS(BEQL)  { insn_branch(t, eq(t, gpr(t, i->rs), gpr(t, i->rt)), insn_branch_target(t, i), true); }
TRANS(BNEL)  { insn_branch(t, ne(t, gpr(t, i->rs), gpr(t, i->rt)), insn_branch_target(t, i), true); }
TRANS(BLEZL) { insn_branch(t, les(t, gpr(t, i->rs), konst(t, 0)), insn_branch_target(t, i), true); }
TRANS(BGTZL) { insn_branch(t, gts(t, gpr(t, i->rs), konst(t, 0)), insn_branch_target(t, i), true); }
TRANS(BLTZL) { insn_branch(t, lts(t, gpr(t, i->rs), konst(t, 0)), insn_branch_target(t, i), true); }
TRANS(BGEZL) { insn_branch(t, ges(t, gpr(t, i->rs), konst(t, 0)), insn_branch_target(t, i), true); }

/* The link register is written whether or not the branch is taken. */
static void branch_link(Trans *t, const Insn *i, IrVal cond, bool likely)
{
    insn_link(t, 31);
    insn_branch(t, cond, insn_branch_target(t, i), likely);
}

TRANS(BLTZAL)  { branch_link(t, i, lts(t, gpr(t, i->rs), konst(t, 0)), false); }
TRANS(BGEZAL)  { branch_link(t, i, ges(t, gpr(t, i->rs), konst(t, 0)), false); }
TRANS(BLTZALL) { branch_link(t, i, lts(t, gpr(t, i->rs), konst(t, 0)), true); }
TRANS(BGEZALL) { branch_link(t, i, ges(t, gpr(t, i->rs), konst(t, 0)), true); }

static uint64_t jump_target(const Trans *t, const Insn *i)
{
    return ((t->pc + 4) & ~UINT64_C(0x0fffffff)) | (i->word & 0x03ffffff) << 2;
}

TRANS(J)
{
    insn_branch(t, 0, jump_target(t, i), false);
}

TRANS(JAL)
{
    insn_link(t, 31);
    insn_branch(t, 0, jump_target(t, i), false);
}

/* JR.HB clears hazards of code that was written: it is no return that may be predicted. */
TRANS(JR)
{
    IrVal target = gpr(t, i->rs);
    if (i->rs == 31 && i->sa == 0) {
        insn_return(t, target);
    } else {
        insn_jump(t, target);
    }
}

TRANS(JALR)
{
    IrVal target = gpr(t, i->rs);
    insn_link(t, i->rd);
    insn_jump(t, target);
}

TRANS(TEQ)   { ir_trap_if(t->ir, eq(t, gpr(t, i->rs), gpr(t, i->rt)), EXC_TR); }
TRANS(TNE)   { ir_trap_if(t->ir, ne(t, gpr(t, i->rs), gpr(t, i->rt)), EXC_TR); }
TRANS(TGE)   { ir_trap_if(t->ir, ges(t, gpr(t, i->rs), gpr(t, i->rt)), EXC_TR); }
TRANS(TGEU)  { ir_trap_if(t->ir, geu(t, gpr(t, i->rs), gpr(t, i->rt)), EXC_TR); }
TRANS(TLT)   { ir_trap_if(t->ir, lts(t, gpr(t, i->rs), gpr(t, i->rt)), EXC_TR); }
TRANS(TLTU)  { ir_trap_if(t->ir, ltu(t, gpr(t, i->rs), gpr(t, i->rt)), EXC_TR); }
TRANS(TEQI)  { ir_trap_if(t->ir, eq(t, gpr(t, i->rs), konst(t, i->imm)), EXC_TR); }
TRANS(TNEI)  { ir_trap_if(t->ir, ne(t, gpr(t, i->rs), konst(t, i->imm)), EXC_TR); }
TRANS(TGEI)  { ir_trap_if(t->ir, ges(t, gpr(t, i->rs), konst(t, i->imm)), EXC_TR); }
TRANS(TGEIU) { ir_trap_if(t->ir, geu(t, gpr(t, i->rs), konst(t, i->imm)), EXC_TR); }
TRANS(TLTI)  { ir_trap_if(t->ir, lts(t, gpr(t, i->rs), konst(t, i->imm)), EXC_TR); }
TRANS(TLTIU) { ir_trap_if(t->ir, ltu(t, gpr(t, i->rs), konst(t, i->imm)), EXC_TR); }

TRANS(SYSCALL) { insn_raise(t, EXC_SYS); }
TRANS(BREAK)   { insn_raise(t, EXC_BP); }
/* One CPU in program order: nothing to wait for. */
TRANS(SYNC) { }
