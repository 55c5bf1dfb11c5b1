/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands around a program: its start, its end, and the exception handlers. */
#include "tests/random/generate.h"

#define KSEG0 UINT64_C(0xffffffff80000000)
/* More exceptions end the program. */
#define MAX_EXCEPTIONS 1500

/* K0 points to the page of the handlers. */
enum { SAVE_AT = 0, SAVE_V0 = 8, SAVE_V1 = 16 };

static unsigned ld(const Gen *g) { return is_64(g) ? OP_LD : OP_LW; }
static unsigned sd(const Gen *g) { return is_64(g) ? OP_SD : OP_SW; }
static unsigned addu(const Gen *g) { return is_64(g) ? FN_DADDU : FN_ADDU; }
static unsigned subu(const Gen *g) { return is_64(g) ? FN_DSUBU : FN_SUBU; }
static unsigned mf(const Gen *g) { return is_64(g) ? COP_DMF : COP_MF; }
static unsigned mt(const Gen *g) { return is_64(g) ? COP_DMT : COP_MT; }

static void emit(Asm *a, uint32_t word)
{
    asm_emit(a, word);
}

/* ---- start ---- */

static uint32_t first_status(const Gen *g)
{
    uint32_t st = g->fpu ? ST_CU1 : 0;
    st |= g->p->fr ? ST_FR : 0;
    return st | (is_64(g) ? ST_KX | ST_SX | ST_UX : 0);
}

/* Loads all registers from the constants and goes to the code. */
static void start(Gen *g, Asm *a)
{
    asm_li(a, R_T0, first_status(g));
    emit(a, COP0(COP_MT, R_T0, 12, 0));
    emit(a, COP0(COP_MT, R_ZERO, 13, 0));
    emit(a, COP0(COP_MT, R_ZERO, 6, 0));
    emit(a, EHB);
    asm_li(a, R_T1, (uint32_t)KSEG0 + MEM_CONSTANTS);
    if (g->fpu) {
        for (unsigned i = 0; i < 32; i += g->p->fr ? 1 : 2) {
            emit(a, I_TYPE(OP_LDC1, i, R_T1, CONST_FPR + 8 * i));
        }
        emit(a, I_TYPE(OP_LW, R_T0, R_T1, CONST_FCSR));
        emit(a, COP1(COP_CT, R_T0, 31));
    }
    emit(a, I_TYPE(ld(g), R_T0, R_T1, CONST_HILO));
    emit(a, R_TYPE(FN_MTHI, 0, R_T0, 0, 0));
    emit(a, I_TYPE(ld(g), R_T0, R_T1, CONST_HILO + 8));
    emit(a, R_TYPE(FN_MTLO, 0, R_T0, 0, 0));
    asm_li(a, R_K0, (uint32_t)g->a->va);
    for (unsigned r = 1; r < 32; r++) {
        if (r != R_K0 && r != R_T1) {
            emit(a, I_TYPE(ld(g), r, R_T1, CONST_GPR + 8 * r));
        }
    }
    emit(a, I_TYPE(ld(g), R_T1, R_T1, CONST_GPR + 8 * R_T1));
    emit(a, R_TYPE(FN_JR, 0, R_K0, 0, 0));
    emit(a, NOP);
}

/* ---- end ---- */

static void dump_cp0(Gen *g, Asm *a)
{
    static const uint8_t numbers[] = { 4, 8, 10, 12, 14, 30 };
    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++) {
        emit(a, COP0(mf(g), R_K1, numbers[i], 0));
        emit(a, I_TYPE(sd(g), R_K1, R_K0, 8 * (DUMP_CP0 + i)));
    }
}

static void dump_fpu(Gen *g, Asm *a)
{
    bool wide = g->p->model->fcr0 & 1u << 22;
    emit(a, COP0(COP_MF, R_K1, 12, 0));
    emit(a, I_TYPE(OP_LUI, R_AT, 0, (ST_CU1 | (wide ? ST_FR : 0)) >> 16));
    emit(a, R_TYPE(FN_OR, R_K1, R_K1, R_AT, 0));
    emit(a, COP0(COP_MT, R_K1, 12, 0));
    emit(a, EHB);
    emit(a, COP1(COP_CF, R_K1, 31));
    emit(a, I_TYPE(OP_SW, R_K1, R_K0, 8 * DUMP_FCSR));
    emit(a, COP1(COP_CF, R_K1, 25));
    emit(a, I_TYPE(OP_SW, R_K1, R_K0, 8 * DUMP_FCCR));
    for (unsigned i = 0; i < 32; i += wide ? 1 : 2) {
        emit(a, I_TYPE(OP_SDC1, i, R_K0, 8 * (DUMP_FPR + i)));
    }
}

/* Stores all registers and rings the bell. */
static void finish(Gen *g, Asm *a)
{
    asm_li(a, R_K0, (uint32_t)KSEG0 + MEM_DUMP);
    for (unsigned r = 1; r < 32; r++) {
        if (r != R_K0 && r != R_K1) {
            emit(a, I_TYPE(sd(g), r, R_K0, 8 * r));
        }
    }
    emit(a, R_TYPE(FN_MFHI, R_K1, 0, 0, 0));
    emit(a, I_TYPE(sd(g), R_K1, R_K0, 8 * DUMP_HI));
    emit(a, R_TYPE(FN_MFLO, R_K1, 0, 0, 0));
    emit(a, I_TYPE(sd(g), R_K1, R_K0, 8 * DUMP_LO));
    dump_cp0(g, a);
    if (g->fpu) {
        dump_fpu(g, a);
    }
    emit(a, I_TYPE(OP_LUI, R_K0, 0, 0xa000 | MEM_BELL >> 16));
    emit(a, I_TYPE(OP_SW, R_ZERO, R_K0, 0));
    Label self = asm_here(a);
    asm_branch(a, I_TYPE(OP_BEQ, 0, 0, 0), self);
    emit(a, NOP);
}

/* ---- the general handler ---- */

/* V0 = V0 * 33 ^ V1 */
static void mix(Gen *g, Asm *a)
{
    emit(a, R_TYPE(is_64(g) ? FN_DSLL : FN_SLL, R_AT, 0, R_V0, 5));
    emit(a, R_TYPE(addu(g), R_V0, R_V0, R_AT, 0));
    emit(a, R_TYPE(FN_XOR, R_V0, R_V0, R_V1, 0));
}

/* Cause (K1), EPC and, if it is of this exception, BadVAddr go into the sum and the log. */
static void note_exception(Gen *g, Asm *a)
{
    Label no_address = asm_label(a);
    emit(a, I_TYPE(OP_LUI, R_AT, 0, 0xb000));
    emit(a, I_TYPE(OP_ORI, R_AT, R_AT, 0x7c));
    emit(a, R_TYPE(FN_AND, R_K1, R_K1, R_AT, 0));
    emit(a, I_TYPE(OP_LW, R_V1, R_K0, 0x1000 + DIGEST_COUNT));
    emit(a, I_TYPE(OP_ADDIU, R_V1, R_V1, 1));
    emit(a, I_TYPE(OP_SW, R_V1, R_K0, 0x1000 + DIGEST_COUNT));
    emit(a, I_TYPE(OP_ANDI, R_AT, R_V1, DIGEST_LOG_ENTRIES - 1));
    emit(a, R_TYPE(FN_SLL, R_AT, 0, R_AT, 5));
    emit(a, R_TYPE(addu(g), R_AT, R_K0, R_AT, 0));
    emit(a, I_TYPE(OP_SW, R_V1, R_AT, 0x1000 + DIGEST_LOG + 24));
    emit(a, I_TYPE(OP_SW, R_K1, R_AT, 0x1000 + DIGEST_LOG));
    emit(a, COP0(mf(g), R_V1, 14, 0));
    emit(a, I_TYPE(sd(g), R_V1, R_AT, 0x1000 + DIGEST_LOG + 8));
    emit(a, I_TYPE(sd(g), R_ZERO, R_AT, 0x1000 + DIGEST_LOG + 16));
    emit(a, I_TYPE(OP_ANDI, R_V0, R_K1, 0x7c));
    emit(a, I_TYPE(OP_SLTIU, R_V0, R_V0, 6 << 2));
    asm_branch(a, I_TYPE(OP_BEQ, R_ZERO, R_V0, 0), no_address);
    emit(a, NOP);
    emit(a, COP0(mf(g), R_V1, 8, 0));
    emit(a, I_TYPE(sd(g), R_V1, R_AT, 0x1000 + DIGEST_LOG + 16));
    asm_bind(a, no_address);
    emit(a, I_TYPE(ld(g), R_V0, R_K0, 0x1000 + DIGEST_SUM));
    mix(g, a);                                  /* BadVAddr or EPC */
    emit(a, MOVE(R_V1, R_K1));
    mix(g, a);
    emit(a, COP0(mf(g), R_V1, 14, 0));
    mix(g, a);
    emit(a, I_TYPE(sd(g), R_V0, R_K0, 0x1000 + DIGEST_SUM));
}

/* V1 = EPC: over the instruction, or the branch and its slot; to RA when EPC is not in the code. */
static void go_on(Gen *g, Asm *a)
{
    Label in_slot = asm_label(a), bad = asm_label(a), done = asm_label(a);
    asm_li(a, R_AT, (uint32_t)g->a->va);
    emit(a, R_TYPE(subu(g), R_AT, R_V1, R_AT, 0));
    emit(a, R_TYPE(FN_SRL, R_V0, 0, R_AT, 16));
    asm_branch(a, I_TYPE(OP_BNE, R_V0, R_ZERO, 0), bad);
    emit(a, I_TYPE(OP_ANDI, R_V0, R_V1, 3));
    asm_branch(a, I_TYPE(OP_BNE, R_V0, R_ZERO, 0), bad);
    emit(a, NOP);
    asm_branch(a, REGIMM(RI_BLTZ, R_K1, 0), in_slot);
    emit(a, I_TYPE(is_64(g) ? OP_DADDIU : OP_ADDIU, R_V1, R_V1, 4));
    asm_branch(a, I_TYPE(OP_BEQ, 0, 0, 0), done);
    emit(a, NOP);
    asm_bind(a, in_slot);
    asm_branch(a, I_TYPE(OP_BEQ, 0, 0, 0), done);
    emit(a, I_TYPE(is_64(g) ? OP_DADDIU : OP_ADDIU, R_V1, R_V1, 4));
    asm_bind(a, bad);
    emit(a, MOVE(R_V1, R_RA));
    asm_bind(a, done);
    emit(a, COP0(mt(g), R_V1, 14, 0));
    emit(a, EHB);
}

static void restore(Gen *g, Asm *a)
{
    emit(a, I_TYPE(ld(g), R_AT, R_K0, SAVE_AT));
    emit(a, I_TYPE(ld(g), R_V0, R_K0, SAVE_V0));
    emit(a, I_TYPE(ld(g), R_V1, R_K0, SAVE_V1));
}

static void handler(Gen *g, Asm *a, Label end)
{
    Label too_many = asm_label(a);
    asm_li(a, R_K0, (uint32_t)KSEG0 + MEM_PRIVATE);
    emit(a, I_TYPE(sd(g), R_AT, R_K0, SAVE_AT));
    emit(a, I_TYPE(sd(g), R_V0, R_K0, SAVE_V0));
    emit(a, I_TYPE(sd(g), R_V1, R_K0, SAVE_V1));
    emit(a, COP0(COP_MF, R_K1, 13, 0));
    note_exception(g, a);
    emit(a, I_TYPE(OP_LW, R_AT, R_K0, 0x1000 + DIGEST_COUNT));
    emit(a, I_TYPE(OP_SLTIU, R_AT, R_AT, MAX_EXCEPTIONS));
    asm_branch(a, I_TYPE(OP_BEQ, R_ZERO, R_AT, 0), too_many);
    emit(a, NOP);
    go_on(g, a);
    restore(g, a);
    emit(a, ERET);
    asm_bind(a, too_many);
    restore(g, a);
    asm_jump(a, (uint32_t)OP_J << 26, end);
    emit(a, NOP);
}

static void copy(Program *p, uint32_t at, const Asm *a)
{
    g_assert(!asm_full(a, 1));
    for (unsigned i = 0; i < a->n; i++) {
        program_put(p, p->ram, at + 4 * i, 4, a->words[i]);
    }
}

/* At each vector a jump to the handler. */
static void vectors(Program *p, uint64_t to)
{
    static const uint16_t all[] = { 0, 0x80, 0x100, 0x180, 0x200 };
    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
        program_put(p, p->ram, all[i], 4, (uint32_t)OP_J << 26 | ((uint32_t)(to >> 2) & 0x03ffffff));
    }
}

void emit_system(Gen *g)
{
    Asm asm_, *a = &asm_;
    asm_init(a, KSEG0 + MEM_SYSTEM, (MEM_CONSTANTS - MEM_SYSTEM) / 4);
    start(g, a);
    Label end = asm_here(a);
    finish(g, a);
    Label general = asm_here(a);
    handler(g, a, end);
    asm_finish(a);
    copy(g->p, MEM_SYSTEM, a);
    vectors(g->p, asm_address(a, general));
    g->a->keep = KEEP_ALWAYS;
    put(g, (uint32_t)OP_J << 26 | ((uint32_t)(asm_address(a, end) >> 2) & 0x03ffffff));
    put(g, NOP);
    g->p->start = a->va;
    asm_clear(a);
}
