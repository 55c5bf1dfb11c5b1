/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machine code for regions of IR: what the generator, its thunks and the run loop share. */
#ifndef ACCEL_TCG_JIT_JIT_H
#define ACCEL_TCG_JIT_JIT_H

#include "accel/tcg/tcg.h"

#define JIT_MAX_HOMES 24
#define JIT_RETURNS 16

/* A slot of the guest's state that lies in a host register while a block runs. */
typedef struct {
    uint16_t slot;              /* offset into MipsCpu */
    uint8_t bytes;              /* 4 or 8 */
    int8_t reg;
    bool xmm;
} JitHome;

/* What a block's code has: for snapshots and the printer. */
typedef struct {
    unsigned nhomes;
    JitHome homes[JIT_MAX_HOMES];
} JitBlock;

/* The guest's state at an operation that may raise: what the homes in dirty hold is not in its
 * slots yet. */
typedef struct {
    uint64_t pc;
    const JitBlock *block;
    uint32_t dirty;
    bool delay_slot;
} JitSnap;

/* A predicted return: where code goes on that was called from. */
typedef struct {
    uint32_t pc, mode;
    const void *code;
    uint32_t epoch, unused[3];
} JitReturn;

/* Lies in MipsCpu.temp, which only the interpreter uses otherwise. */
typedef struct {
    uint64_t reg[16], xmm[16];  /* saved by a thunk before C code runs */
    uint64_t arg[4], result;
    uint32_t return_top;        /* in bytes */
    uint32_t host_mxcsr;
    uint32_t guest_csr;         /* MXCSR is the guest's now */
    JitReturn returns[JIT_RETURNS];
} JitState;

typedef struct {
    uint64_t (*enter)(MipsCpu *cpu, const void *code);
    /* Addresses in the exec view. */
    intptr_t leave, exit, leave_block, jump[2], slow[2][9];
    intptr_t masks;             /* 16-byte constants, see JIT_MASK_* */
    bool avx, bmi2, lzcnt, sse41;
} Jit;

enum { JIT_MASK_ABS_D, JIT_MASK_SIGN_D, JIT_MASK_ABS_S, JIT_MASK_SIGN_S, JIT_MASKS };

/* The frame that an exit checks, from its site: CMP's immediate, a JNE over 6 bytes, the jump's opcode. */
#define JIT_FRAME (-11)

/*
 * The inline cache of an indirect jump, at distances from the site of its exit (jit.c, flow.c):
 *     cmp eax, PC; jne MISS; cmp exit_request, 0; jne; cmp exec entry of PC, FRAME; jne; jmp SITE
 * and behind it the look-up, then the way to the run loop, where MISS leads as long as it is not chained.
 */
enum {
    JIT_IC_PC = -41, JIT_IC_MISS = -35, JIT_IC_ENTRY = JIT_FRAME - 4, JIT_IC_LOOKUP = 4, JIT_IC_FIRST = 14,
};

/* Which slow path: loads and stores by log2 of the size, exact floating point. */
enum { JIT_SLOW_LOAD = 0, JIT_SLOW_STORE = 4, JIT_SLOW_FP = 8 };

static inline JitState *jit_state(MipsCpu *cpu)
{
    return (JitState *)(void *)cpu->temp;
}

extern const TcgBackend jit_backend;

/* Makes the thunks in the arena's fixed part (x86_64/thunks.c). */
void jit_make_thunks(Tcg *tcg, Jit *jit);
/* Code of r for b, in the arena (x86_64/gen.c). */
void jit_generate(Tcg *tcg, Arena *arena, const IrRegion *r, Block *b);

/* Appends size bytes of code, an instruction a line, or that the disassembler is missing (host_disas.c). */
void jit_disassemble(const uint8_t *code, size_t size, GString *out);

/* ---- runtime.c: what machine code calls ---- */

typedef void (*JitFunc)(MipsCpu *cpu);
/* By JIT_SLOW_*: arguments and result are in JitState. */
extern const JitFunc jit_slow_funcs[9];
/* Takes the exception arg[0] (code, coprocessor << 8) at the snapshot cpu->cur_op. */
void jit_raise(MipsCpu *cpu);

#endif
