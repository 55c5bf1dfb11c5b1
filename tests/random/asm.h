/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of guest code, with labels. */
#ifndef TESTS_RANDOM_ASM_H
#define TESTS_RANDOM_ASM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    R_ZERO, R_AT, R_V0, R_V1, R_A0, R_A1, R_A2, R_A3, R_T0, R_T1, R_T2, R_T3, R_T4, R_T5, R_T6, R_T7,
    R_S0, R_S1, R_S2, R_S3, R_S4, R_S5, R_S6, R_S7, R_T8, R_T9, R_K0, R_K1, R_GP, R_SP, R_S8, R_RA,
};

/* Major opcodes and, for those of SPECIAL, functions. */
enum {
    OP_J = 2, OP_JAL = 3, OP_BEQ = 4, OP_BNE = 5, OP_BLEZ = 6, OP_BGTZ = 7, OP_ADDIU = 9, OP_SLTI = 10,
    OP_SLTIU = 11, OP_ANDI = 12, OP_ORI = 13, OP_XORI = 14, OP_LUI = 15, OP_BEQL = 20, OP_BNEL = 21,
    OP_BLEZL = 22, OP_BGTZL = 23, OP_DADDIU = 25, OP_LB = 32, OP_LH = 33, OP_LWL = 34, OP_LW = 35,
    OP_LBU = 36, OP_LHU = 37, OP_LWR = 38, OP_SB = 40, OP_SH = 41, OP_SWL = 42, OP_SW = 43, OP_SWR = 46,
    OP_LL = 48, OP_LDC1 = 53, OP_LD = 55, OP_SC = 56, OP_SDC1 = 61, OP_SD = 63,
    FN_SLL = 0, FN_SRL = 2, FN_SRA = 3, FN_JR = 8, FN_JALR = 9, FN_SYSCALL = 12, FN_MFHI = 16,
    FN_MTHI = 17, FN_MFLO = 18, FN_MTLO = 19, FN_ADDU = 33, FN_SUBU = 35, FN_AND = 36, FN_OR = 37,
    FN_XOR = 38, FN_SLT = 42, FN_SLTU = 43, FN_DADDU = 45, FN_DSUBU = 47, FN_DSLL = 56,
    RI_BLTZ = 0, RI_BGEZ = 1, RI_BLTZAL = 16, RI_BGEZAL = 17, RI_SYNCI = 31,
};

/* SW and the like: "op rt, imm(rs)"; ADDIU: "op rt, rs, imm". */
#define I_TYPE(op, rt, rs, imm) ((uint32_t)(op) << 26 | (uint32_t)(rs) << 21 | (uint32_t)(rt) << 16 | \
                                 ((uint32_t)(imm) & 0xffff))
#define R_TYPE(fn, rd, rs, rt, sa) ((uint32_t)(rs) << 21 | (uint32_t)(rt) << 16 | (uint32_t)(rd) << 11 | \
                                    (uint32_t)(sa) << 6 | (uint32_t)(fn))
#define REGIMM(which, rs, imm) I_TYPE(1, which, rs, imm)
#define COP0(sub, rt, rd, sel) (16u << 26 | (uint32_t)(sub) << 21 | (uint32_t)(rt) << 16 | \
                                (uint32_t)(rd) << 11 | (uint32_t)(sel))
#define COP1(sub, rt, fs) (17u << 26 | (uint32_t)(sub) << 21 | (uint32_t)(rt) << 16 | (uint32_t)(fs) << 11)
enum { COP_MF = 0, COP_DMF = 1, COP_CF = 2, COP_MT = 4, COP_DMT = 5, COP_CT = 6 };
#define NOP 0u
#define ERET 0x42000018u
#define EHB 0xc0u
#define TLBR 0x42000001u
#define TLBWI 0x42000002u
#define TLBINVF 0x42000004u
#define TLBWR 0x42000006u
#define TLBP 0x42000008u
#define MOVE(rd, rs) R_TYPE(FN_OR, rd, rs, R_ZERO, 0)

typedef unsigned Label;

typedef struct {
    unsigned at;
    Label label;
    enum { FIX_BRANCH, FIX_JUMP, FIX_HIGH, FIX_LOW } kind;
} Fixup;

/* What shrinking may take: what the next word needs with it, structure last, the way out never. */
enum { KEEP_NOTHING, KEEP_DEFINED, KEEP_LAST, KEEP_ALWAYS };

typedef struct {
    uint64_t va;            /* of the first word */
    uint32_t *words;
    uint8_t *kept;          /* of each word: KEEP_* */
    unsigned n, max;
    GArray *labels;         /* of int: word, or -1 */
    GArray *fixups;
    uint8_t keep;           /* of what is emitted now */
} Asm;

void asm_init(Asm *a, uint64_t va, unsigned max);
void asm_clear(Asm *a);
/* Words beyond the room are dropped; asm_full tells. */
void asm_emit(Asm *a, uint32_t word);
static inline bool asm_full(const Asm *a, unsigned room)
{
    return a->n + room > a->max;
}

Label asm_label(Asm *a);
void asm_bind(Asm *a, Label label);
Label asm_here(Asm *a);
/* The branch (16 bits of distance) or jump (26 bits) word, to the label. */
void asm_branch(Asm *a, uint32_t word, Label label);
void asm_jump(Asm *a, uint32_t word, Label label);
/* LUI and ORI of the label's address, which is sign-extended. */
void asm_la(Asm *a, unsigned reg, Label label);
void asm_li(Asm *a, unsigned reg, uint32_t value);
uint64_t asm_address(const Asm *a, Label label);
/* Fills in what labels stand for; all are bound. */
void asm_finish(Asm *a);

#endif
