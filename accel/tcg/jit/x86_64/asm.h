/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing x86-64 instructions (Intel SDM volume 2, chapter 2: prefixes, ModRM, SIB, VEX).
 *
 * An opcode is a number: the low byte is the opcode itself, then the escape 0x0f, the map 0x38 or 0x3a
 * and a mandatory prefix, each 0 where there is none. The caller sees to it that there is room.
 */
#ifndef ACCEL_TCG_JIT_X86_64_ASM_H
#define ACCEL_TCG_JIT_X86_64_ASM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef enum {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15,
} HostReg;

/* Condition codes as in the opcodes of Jcc, SETcc and CMOVcc. */
typedef enum {
    CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE, CC_LE, CC_G,
} HostCond;

/* The eight classic operations, by their number in opcodes. */
typedef enum { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP } HostAlu;
typedef enum { SHIFT_ROL, SHIFT_ROR, SHIFT_SHL = 4, SHIFT_SHR = 5, SHIFT_SAR = 7 } HostShift;

enum {
    X_MOV_LOAD = 0x8b, X_MOV_STORE = 0x89, X_MOV_STORE8 = 0x88, X_LEA = 0x8d, X_TEST = 0x85,
    X_MOVZX8 = 0x0fb6, X_MOVZX16 = 0x0fb7, X_MOVSX8 = 0x0fbe, X_MOVSX16 = 0x0fbf, X_MOVSXD = 0x63,
    X_IMUL = 0x0faf, X_BSR = 0x0fbd,
};
#define X_MOV_STORE16 0x66000089u
#define X_LZCNT       0xf3000fbdu
#define X_MOVBE_LOAD  0x00380ff0u
#define X_MOVBE_STORE 0x00380ff1u

typedef struct {
    uint8_t *p, *start, *end;
} Asm;

static inline void x_8(Asm *a, unsigned v)
{
    *a->p++ = (uint8_t)v;
}

static inline void x_32(Asm *a, uint32_t v)
{
    memcpy(a->p, &v, 4);
    a->p += 4;
}

static inline void x_64(Asm *a, uint64_t v)
{
    memcpy(a->p, &v, 8);
    a->p += 8;
}

/* Prefixes and opcode; rex has the bits W R X B, or is forced by 0x40. */
static inline void x_opcode(Asm *a, unsigned rex, uint32_t op)
{
    if (op >> 24) {
        x_8(a, op >> 24);
    }
    if (rex) {
        x_8(a, 0x40 | rex);
    }
    if (op >> 8 & 0xff) {
        x_8(a, 0x0f);
    }
    if (op >> 16 & 0xff) {
        x_8(a, op >> 16 & 0xff);
    }
    x_8(a, op & 0xff);
}

static inline unsigned x_rex(bool wide, int reg, int index, int base)
{
    return (wide ? 8u : 0) | (reg & 8 ? 4u : 0) | (index & 8 ? 2u : 0) | (base & 8 ? 1u : 0);
}

/* reg and rm are registers. */
static inline void x_rr(Asm *a, bool wide, uint32_t op, int reg, int rm)
{
    x_opcode(a, x_rex(wide, reg, 0, rm), op);
    x_8(a, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

/* The same with a byte register, of which 4 to 7 need a REX prefix. */
static inline void x_rr8(Asm *a, bool wide, uint32_t op, int reg, int rm)
{
    unsigned rex = x_rex(wide, reg, 0, rm);
    x_opcode(a, rex | (rm >= 4 || reg >= 4 ? 0x40 : 0), op);
    x_8(a, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

static inline void x_modrm_disp(Asm *a, int reg, int base, int index, int scale, int32_t disp)
{
    bool sib = index >= 0 || (base & 7) == RSP;
    unsigned mod = disp == 0 && (base & 7) != RBP ? 0 : disp == (int8_t)disp ? 1 : 2;
    x_8(a, mod << 6 | (unsigned)(reg & 7) << 3 | (sib ? 4u : (unsigned)base & 7));
    if (sib) {
        x_8(a, (unsigned)scale << 6 | (index >= 0 ? (unsigned)index & 7 : 4u) << 3 | ((unsigned)base & 7));
    }
    if (mod == 1) {
        x_8(a, (uint8_t)disp);
    } else if (mod == 2) {
        x_32(a, (uint32_t)disp);
    }
}

/* [base + disp]; a byte register in reg needs byte set. */
static inline void x_rm(Asm *a, bool wide, uint32_t op, int reg, int base, int32_t disp)
{
    x_opcode(a, x_rex(wide, reg, 0, base), op);
    x_modrm_disp(a, reg, base, -1, 0, disp);
}

/* [base + (index << scale) + disp]; index -1: none. */
static inline void x_rmx(Asm *a, bool wide, uint32_t op, int reg, int base, int index, int scale,
                         int32_t disp)
{
    x_opcode(a, x_rex(wide, reg, index < 0 ? 0 : index, base), op);
    x_modrm_disp(a, reg, base, index, scale, disp);
}

/* Byte stores to [base + index + disp]. */
static inline void x_rmx8(Asm *a, uint32_t op, int reg, int base, int index, int32_t disp)
{
    x_opcode(a, x_rex(false, reg, index < 0 ? 0 : index, base) | (reg >= 4 ? 0x40 : 0), op);
    x_modrm_disp(a, reg, base, index, 0, disp);
}

/* [rip + what reaches target], in the exec view, which is delta from a->p; after: bytes that follow. */
static inline void x_rip(Asm *a, bool wide, uint32_t op, int reg, intptr_t target, intptr_t delta, int after)
{
    x_opcode(a, x_rex(wide, reg, 0, 0), op);
    x_8(a, (unsigned)(reg & 7) << 3 | 5);
    x_32(a, (uint32_t)(target - ((intptr_t)a->p + 4 + after + delta)));
}

/* VEX-coded: pp 0..3 none 66 f3 f2, map 1..3 0f 0f38 0f3a. */
static inline void x_vex(Asm *a, bool wide, int pp, int map, unsigned op, int reg, int vvvv, int rm)
{
    x_8(a, 0xc4);
    x_8(a, (reg & 8 ? 0 : 0x80u) | 0x40u | (rm & 8 ? 0 : 0x20u) | (unsigned)map);
    x_8(a, (wide ? 0x80u : 0) | (unsigned)(~vvvv & 15) << 3 | (unsigned)pp);
    x_8(a, op);
    x_8(a, 0xc0 | (unsigned)(reg & 7) << 3 | (unsigned)(rm & 7));
}

static inline void x_mov_rr(Asm *a, bool wide, int d, int s)
{
    if (d != s) {
        x_rr(a, wide, X_MOV_LOAD, d, s);
    }
}

/* Leaves the flags alone. */
static inline void x_mov_ri_flags(Asm *a, bool wide, int d, int64_t imm)
{
    if (!wide || imm == (int64_t)(uint32_t)imm) {
        x_opcode(a, x_rex(false, 0, 0, d), 0xb8 | (d & 7));
        x_32(a, (uint32_t)imm);
    } else if (imm == (int32_t)imm) {
        x_rr(a, true, 0xc7, 0, d);
        x_32(a, (uint32_t)imm);
    } else {
        x_opcode(a, x_rex(true, 0, 0, d), 0xb8 | (d & 7));
        x_64(a, (uint64_t)imm);
    }
}

static inline void x_mov_ri(Asm *a, bool wide, int d, int64_t imm)
{
    if (imm == 0) {
        x_rr(a, false, 0x31, d, d);
    } else {
        x_mov_ri_flags(a, wide, d, imm);
    }
}

static inline void x_alu_rr(Asm *a, bool wide, HostAlu op, int d, int s)
{
    x_rr(a, wide, op << 3 | 3, d, s);
}

static inline void x_alu_rm(Asm *a, bool wide, HostAlu op, int d, int base, int32_t disp)
{
    x_rm(a, wide, op << 3 | 3, d, base, disp);
}

static inline void x_alu_ri(Asm *a, bool wide, HostAlu op, int d, int32_t imm)
{
    if (imm == (int8_t)imm) {
        x_rr(a, wide, 0x83, op, d);
        x_8(a, (uint8_t)imm);
    } else {
        x_rr(a, wide, 0x81, op, d);
        x_32(a, (uint32_t)imm);
    }
}

static inline void x_alu_mi(Asm *a, bool wide, HostAlu op, int base, int32_t disp, int32_t imm)
{
    if (imm == (int8_t)imm) {
        x_rm(a, wide, 0x83, op, base, disp);
        x_8(a, (uint8_t)imm);
    } else {
        x_rm(a, wide, 0x81, op, base, disp);
        x_32(a, (uint32_t)imm);
    }
}

/* imm is sign-extended. */
static inline void x_mov_mi(Asm *a, bool wide, int base, int32_t disp, int32_t imm)
{
    x_rm(a, wide, 0xc7, 0, base, disp);
    x_32(a, (uint32_t)imm);
}

static inline void x_shift_ri(Asm *a, bool wide, HostShift op, int d, unsigned n)
{
    if (n == 1) {
        x_rr(a, wide, 0xd1, op, d);
    } else {
        x_rr(a, wide, 0xc1, op, d);
        x_8(a, n);
    }
}

static inline void x_test_ri(Asm *a, bool wide, int d, int32_t imm)
{
    if (!(imm & ~0x7f) && !wide) {
        x_opcode(a, x_rex(false, 0, 0, d) | (d >= 4 ? 0x40 : 0), 0xf6);
        x_8(a, 0xc0 | (unsigned)(d & 7));
        x_8(a, (uint8_t)imm);
    } else {
        x_rr(a, wide, 0xf7, 0, d);
        x_32(a, (uint32_t)imm);
    }
}

/* ---- jumps: 32-bit distances, patched when the target is known ---- */

/* Each returns where its distance is. */
static inline uint8_t *x_jmp(Asm *a)
{
    x_8(a, 0xe9);
    x_32(a, 0);
    return a->p - 4;
}

static inline uint8_t *x_jcc(Asm *a, HostCond cc)
{
    x_8(a, 0x0f);
    x_8(a, 0x80u | cc);
    x_32(a, 0);
    return a->p - 4;
}

static inline void x_patch(uint8_t *at, const uint8_t *target)
{
    int32_t distance = (int32_t)(target - (at + 4));
    memcpy(at, &distance, 4);
}

/* A jump over what comes next, short. */
static inline uint8_t *x_jcc_short(Asm *a, HostCond cc)
{
    x_8(a, 0x70u | cc);
    x_8(a, 0);
    return a->p - 1;
}

static inline void x_patch_short(uint8_t *at, const uint8_t *target)
{
    *at = (uint8_t)(target - (at + 1));
}

/* jmp or call to an address of the exec view; delta as for x_rip. */
static inline void x_jmp_to(Asm *a, intptr_t target, intptr_t delta)
{
    x_8(a, 0xe9);
    x_32(a, (uint32_t)(target - ((intptr_t)a->p + 4 + delta)));
}

static inline void x_call_to(Asm *a, intptr_t target, intptr_t delta)
{
    x_8(a, 0xe8);
    x_32(a, (uint32_t)(target - ((intptr_t)a->p + 4 + delta)));
}

static inline void x_call_abs(Asm *a, const void *func)
{
    x_mov_ri(a, true, RAX, (int64_t)(intptr_t)func);
    x_rr(a, false, 0xff, 2, RAX);
}

#endif
