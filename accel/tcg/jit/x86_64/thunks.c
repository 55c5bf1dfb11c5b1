/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code that every block uses: entering and leaving the guest, finding the next block, calling C.
 *
 * While guest code runs: RBP points into MipsCpu, R15 at the flat tables, RSP at FRAME bytes of
 * spill slots, aligned to 16; MXCSR is the guest's. RAX and RCX hold nothing between operations.
 */
#include "accel/tcg/jit/x86_64/gen.h"
#include "accel/tcg/flat.h"
#include "accel/tcg/softmmu.h"

static const uint8_t callee_saved[] = { RBX, RBP, R12, R13, R14, R15 };
/* What C code may change and a block may have something in. */
static const uint8_t call_clobbered[] = { RDX, RSI, RDI, R8, R9, R10, R11 };
static const uint8_t call_kept[] = { RBX, R12, R13, R14 };

#define FIRST_XMM 2

static void push(Asm *a, int reg)
{
    x_opcode(a, x_rex(false, 0, 0, reg), 0x50 | (reg & 7));
}

static void pop(Asm *a, int reg)
{
    x_opcode(a, x_rex(false, 0, 0, reg), 0x58 | (reg & 7));
}

static void csr(Asm *a, bool load, int32_t at)
{
    x_rm(a, false, 0x0fae, load ? 2 : 3, RBP, at);
}

static intptr_t here(const Asm *a, const Tcg *tcg)
{
    return (intptr_t)a->p + tcg->space.exec;
}

static void make_enter(Asm *a)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(callee_saved); i++) {
        push(a, callee_saved[i]);
    }
    x_alu_ri(a, true, ALU_SUB, RSP, GEN_FRAME + 8);
    x_rm(a, true, X_LEA, RBP, RDI, GEN_BIAS);
    x_rm(a, true, X_MOV_LOAD, R15, RBP, CPU(flat));
    csr(a, false, STATE(host_mxcsr));
    csr(a, true, CPU(mxcsr));
    x_mov_mi(a, false, RBP, STATE(guest_csr), 1);
    x_rr(a, false, 0xff, 4, RSI);                       /* jmp rsi */
}

static void make_leave(Asm *a)
{
    csr(a, false, CPU(mxcsr));
    csr(a, true, STATE(host_mxcsr));
    x_mov_mi(a, false, RBP, STATE(guest_csr), 0);
    x_alu_ri(a, true, ALU_ADD, RSP, GEN_FRAME + 8);
    for (unsigned i = G_N_ELEMENTS(callee_saved); i-- > 0;) {
        pop(a, callee_saved[i]);
    }
    x_8(a, 0xc3);
}

/* RAX = the exit. */
static void make_exit(Asm *a, const Tcg *tcg, const Jit *jit)
{
    x_rm(a, true, X_MOV_LOAD, RCX, RAX, offsetof(BlockExit, pc));
    x_rm(a, true, X_MOV_STORE, RCX, RBP, CPU(pc));
    x_jmp_to(a, jit->leave, tcg->space.exec);
}

/* EAX = the address to go on at, EDX = the mode; nothing else is kept. */
static void make_jump(Asm *a, const Tcg *tcg, const Jit *jit, bool user)
{
    uint8_t *miss[4];
    x_alu_mi(a, false, ALU_CMP, RBP, CPU(exit_request), 0);
    miss[0] = x_jcc(a, CC_NE);
    x_mov_rr(a, false, RCX, RAX);
    x_mov_rr(a, false, RSI, RAX);
    x_shift_ri(a, false, SHIFT_SHR, RCX, 2);
    x_shift_ri(a, false, SHIFT_SHR, RSI, 14);
    x_alu_rr(a, false, ALU_XOR, RCX, RSI);
    x_alu_ri(a, false, ALU_AND, RCX, TCG_JUMP_SIZE - 1);
    x_shift_ri(a, false, SHIFT_SHL, RCX, 5);
    x_mov_ri(a, true, RSI, (int64_t)(intptr_t)tcg->jump);
    x_alu_rr(a, true, ALU_ADD, RCX, RSI);
    x_alu_rm(a, false, ALU_CMP, RAX, RCX, offsetof(JumpEntry, pc));
    miss[1] = x_jcc(a, CC_NE);
    x_alu_rm(a, false, ALU_CMP, RDX, RCX, offsetof(JumpEntry, mode));
    miss[2] = x_jcc(a, CC_NE);
    gen_page_index(a, RSI, RAX, user);
    x_rmx(a, false, X_MOV_LOAD, RSI, R15, RSI, 3, FLAT_EXEC);
    x_alu_rm(a, false, ALU_CMP, RSI, RCX, offsetof(JumpEntry, frame));
    miss[3] = x_jcc(a, CC_NE);
    x_rm(a, false, 0xff, 4, RCX, offsetof(JumpEntry, code));
    for (unsigned i = 0; i < G_N_ELEMENTS(miss); i++) {
        x_patch(miss[i], a->p);
    }
    x_rr(a, true, X_MOVSXD, RAX, RAX);
    x_rm(a, true, X_MOV_STORE, RAX, RBP, CPU(pc));
    x_mov_ri(a, false, RAX, 0);
    x_jmp_to(a, jit->leave, tcg->space.exec);
}

/* The PC is in its slot, the mode may be another one. */
static void make_leave_block(Asm *a, const Tcg *tcg, const Jit *jit)
{
    x_rm(a, true, X_MOV_LOAD, R15, RBP, CPU(flat));
    x_rm(a, false, X_MOV_LOAD, RAX, RBP, CPU(pc));
    x_rm(a, false, X_MOV_LOAD, RDX, RBP, CPU(mode));
    x_test_ri(a, false, RDX, MODE_ADDR64 | MODE_DS | MODE_SPLIT);
    uint8_t *out = x_jcc(a, CC_NE);
    x_test_ri(a, false, RDX, MODE_KSU);
    uint8_t *kernel = x_jcc(a, CC_E);
    x_jmp_to(a, jit->jump[1], tcg->space.exec);
    x_patch(kernel, a->p);
    x_jmp_to(a, jit->jump[0], tcg->space.exec);
    x_patch(out, a->p);
    x_mov_ri(a, false, RAX, 0);
    x_jmp_to(a, jit->leave, tcg->space.exec);
}

static void move_regs(Asm *a, const uint8_t *regs, unsigned n, bool store)
{
    for (unsigned i = 0; i < n; i++) {
        x_rm(a, true, store ? X_MOV_STORE : X_MOV_LOAD, regs[i], RBP,
             STATE(reg) + 8 * (int32_t)regs[i]);
    }
}

static void move_xmms(Asm *a, bool store)
{
    for (int i = FIRST_XMM; i < 16; i++) {
        x_rm(a, false, store ? X_MOVSD_STORE : X_MOVSD_LOAD, i, RBP, STATE(xmm) + 8 * i);
    }
}

/* Called by stubs: calls the C function with all that the block has in registers saved, so that it
 * survives, and can be found by a snapshot. */
static void make_slow(Asm *a, unsigned kind, bool xmm)
{
    move_regs(a, call_clobbered, G_N_ELEMENTS(call_clobbered), true);
    move_regs(a, call_kept, G_N_ELEMENTS(call_kept), true);
    if (xmm) {
        move_xmms(a, true);
    }
    if (kind == JIT_SLOW_FP) {
        csr(a, false, CPU(mxcsr));
        csr(a, true, STATE(host_mxcsr));
        x_mov_mi(a, false, RBP, STATE(guest_csr), 0);
    }
    x_alu_ri(a, true, ALU_SUB, RSP, 8);
    x_rm(a, true, X_LEA, RDI, RBP, -GEN_BIAS);
    x_call_abs(a, (const void *)jit_slow_funcs[kind]);
    x_alu_ri(a, true, ALU_ADD, RSP, 8);
    if (kind == JIT_SLOW_FP) {
        /* The host took one of the guest's NaNs for a signaling one; what is so, is in FCSR now. */
        x_alu_mi(a, false, ALU_AND, RBP, CPU(mxcsr), ~1);
        csr(a, true, CPU(mxcsr));
        x_mov_mi(a, false, RBP, STATE(guest_csr), 1);
    }
    move_regs(a, call_clobbered, G_N_ELEMENTS(call_clobbered), false);
    if (xmm) {
        move_xmms(a, false);
    }
    x_8(a, 0xc3);
}

static void make_masks(Asm *a)
{
    const uint64_t values[JIT_MASKS][2] = {
        [JIT_MASK_ABS_D] = { INT64_MAX, UINT64_MAX }, [JIT_MASK_SIGN_D] = { UINT64_C(1) << 63, 0 },
        [JIT_MASK_ABS_S] = { UINT64_C(0xffffffff7fffffff), UINT64_MAX },
        [JIT_MASK_SIGN_S] = { 0x80000000, 0 },
    };
    memcpy(a->p, values, sizeof(values));
    a->p += sizeof(values);
}

void jit_make_thunks(Tcg *tcg, Jit *jit)
{
    uint8_t *at = tcg->space.fixed;
    Asm asm_ = { .p = at, .start = at, .end = at + ARENA_FIXED }, *a = &asm_;
    jit->masks = here(a, tcg);
    make_masks(a);
    jit->enter = (uint64_t (*)(MipsCpu *, const void *))here(a, tcg);
    make_enter(a);
    jit->leave = here(a, tcg);
    make_leave(a);
    jit->exit = here(a, tcg);
    make_exit(a, tcg, jit);
    for (int user = 0; user < 2; user++) {
        jit->jump[user] = here(a, tcg);
        make_jump(a, tcg, jit, user);
    }
    jit->leave_block = here(a, tcg);
    make_leave_block(a, tcg, jit);
    for (unsigned kind = 0; kind < 9; kind++) {
        for (int xmm = 0; xmm < 2; xmm++) {
            jit->slow[xmm][kind] = here(a, tcg);
            make_slow(a, kind, xmm);
        }
    }
    g_assert(a->p < a->end);
}
