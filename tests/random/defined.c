/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/random/defined.h"

#include "target/mips/decode.h"

static bool begins(const char *name, const char *const *prefixes)
{
    for (; *prefixes; prefixes++) {
        if (g_str_has_prefix(name, *prefixes)) {
            return true;
        }
    }
    return false;
}

bool defined_lacks_fpu(const MipsModel *model)
{
    /* NaN2008 there, and not here; no bit of FCSR can be written there. */
    return strcmp(model->name, "P5600") == 0 || strcmp(model->name, "5KEf") == 0;
}

bool defined_lacks(const Gen *g, unsigned line)
{
    /* ABS and NEG of a NaN only flip its sign in QEMU; the NaN of NMADD and NMSUB has its sign inverted. */
    static const char *const nan_signs[] = { "ABS_", "NEG_", "NMADD_", "NMSUB_", NULL };
    const InsnLine *l = &insn_table[line];
    if (is_first_release(g)) {
        /* With FR = 0 Release 1 has neither, QEMU has; and it takes rotations for shifts. */
        static const char *const reciprocals[] = { "RECIP_", "RSQRT_", NULL };
        static const char *const rotations[] = { "ROTR", "DROTR", NULL };
        if (begins(l->name, rotations) ||
            (!g->p->fr && (begins(l->name, reciprocals) || (l->needs & NEED_COP1X)))) {
            return true;
        }
    }
    if (!g->fpu && (l->needs & NEED_FPU) && (l->needs & NEED_64)) {
        return true;    /* Reserved Instruction or CpU: either may be the one */
    }
    return begins(l->name, nan_signs) ||
           (l->needs & NEED_CP2) ||                     /* Reserved Instruction there, not CpU */
           is_one_of(l->name, " SC SCD ") ||            /* no address error there when nothing is linked */
           is_one_of(l->name, " RDPGPR WRPGPR ") ||     /* a stale copy there, of the only set */
           ((l->needs & (NEED_F64 | NEED_PS)) && !g->p->fr);   /* UNPREDICTABLE; Reserved Instruction there */
}

bool defined_lacks_cp0(const Gen *g, unsigned reg, unsigned sel)
{
    if (reg == 4 || reg == 8 || reg == 13 || reg == 17 || reg == 20) {
        return true;    /* Context, BadVAddr and BadInstr, Cause, LLAddr, XContext: of the program before */
    }
    if (reg == 16 || (reg == 12 && sel)) {
        return true;    /* Config, IntCtl: models have parts there that they have not here, or not there */
    }
    if (reg == 31) {
        return true;    /* KScratch: all ones there where the model has none */
    }
    return is_first_release(g) && (sel || reg == 7);     /* Reserved Instruction there */
}

bool defined_takes_words(unsigned line)
{
    return is_one_of(insn_table[line].name,
                     " ADD ADDI ADDU ADDIU SUB SUBU SRL SRA SRLV SRAV ROTR ROTRV MUL MULT MULTU DIV DIVU"
                     " MADD MADDU MSUB MSUBU CLZ CLO EXT INS SEB SEH WSBH MTC0 ");
}

static bool is_division(unsigned line)
{
    return line == INSN_DIV || line == INSN_DIVU || line == INSN_DDIV || line == INSN_DDIVU;
}

static bool is_free(unsigned reg)
{
    return reg != R_ZERO && !(reg >= R_S0 && reg <= R_S4) && reg != R_S7 && reg < R_K0;
}

/* What the next word's result is defined with. */
static void emit_kept(Gen *g, uint32_t word)
{
    uint8_t keep = g->a->keep;
    g->a->keep = KEEP_DEFINED;
    asm_emit(g->a, word);
    g->a->keep = keep;
}

/* The field at shift names a register with a sign-extended word. */
static uint32_t make_word_operand(Gen *g, uint32_t word, unsigned shift)
{
    unsigned reg = word >> shift & 31;
    if (is_free(reg)) {
        emit_kept(g, R_TYPE(FN_SLL, reg, 0, reg, 0));
    } else if (reg == R_BASE1) {                        /* may be an address of 64 bits */
        word = (word & ~(31u << shift)) | (uint32_t)R_SP << shift;
    }
    return word;
}

/* CTC1 with reserved bits: QEMU leaves FCCR, FEXR and FENR as they are then. FS is never set: QEMU does not
 * signal underflow with it. Nor is underflow enabled: QEMU traps only where what is tiny is inexact too. */
static uint32_t mask_control(Gen *g, uint32_t word)
{
    unsigned reg = draw_free_reg(g), from = word >> 16 & 31, to = word >> 11 & 31;
    if (to < 25) {
        return word;
    }
    while (reg == from) {
        reg = draw_free_reg(g);
    }
    if (to == 31) {
        emit_kept(g, I_TYPE(OP_LUI, reg, 0, 0xfe83));
        emit_kept(g, I_TYPE(OP_ORI, reg, reg, 0xfeff));
        emit_kept(g, R_TYPE(FN_AND, reg, reg, from, 0));
    } else {
        emit_kept(g, I_TYPE(OP_ANDI, reg, from, to == 25 ? 0xff : to == 26 ? 0xf07c : 0xe83));
    }
    return (word & ~(31u << 16)) | reg << 16;
}

uint32_t defined_prepare(Gen *g, uint32_t word)
{
    unsigned line = mips_decode(g->decoder, g->p->model, word);
    if (line == INSN_RESERVED) {
        return word;
    }
    if (is_division(line)) {                            /* by zero */
        unsigned by = is_free(word >> 16 & 31) ? word >> 16 & 31 : draw_free_reg(g);
        emit_kept(g, I_TYPE(OP_ORI, by, by, 1));
        word = (word & ~(31u << 16)) | by << 16;
    }
    if (is_64(g) && defined_takes_words(line)) {
        const char *args = insn_table[line].args;
        bool writes_t = args[0] == 't' && line != INSN_INS && line != INSN_MTC0;
        word = strchr(args, 's') ? make_word_operand(g, word, 21) : word;
        word = strchr(args, 't') && !writes_t ? make_word_operand(g, word, 16) : word;
    }
    if (line == INSN_CTC1) {
        word = mask_control(g, word);
    }
    return word;
}
