/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands around a program: its start, its end, and the exception handlers. */
#include "tests/random/system.h"

#define KSEG0 UINT64_C(0xffffffff80000000)
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
    st |= g->p->timer ? ST_IE | 0x8000 : 0;
    st |= is_user(g) ? 2 << 3 : 0;
    return st | ST_EXL | (is_64(g) ? ST_KX | (g->p->wide ? ST_UX : g->p->px ? ST_PX : 0) : 0);
}

/* Two mapped windows of the kernel, onto the code and the data. */
static void map_windows(Gen *g, Asm *a)
{
    uint32_t lo = 3 << 3 | 6 | rng_below(&g->rng, 2);   /* V, D, perhaps G */
    for (unsigned i = 0; i < 16; i++) {
        uint32_t va = (i < 8 ? WINDOW_CODE : WINDOW_DATA) + 0x2000 * (i & 7);
        uint32_t page = ((i < 8 ? MEM_CODE : MEM_DATA) >> 12) + 2 * (i & 7);
        asm_li(a, R_T0, va);
        emit(a, COP0(COP_MT, R_T0, 10, 0));
        asm_li(a, R_T0, page << 6 | lo);
        emit(a, COP0(COP_MT, R_T0, 2, 0));
        emit(a, I_TYPE(OP_ADDIU, R_T0, R_T0, 1 << 6));
        emit(a, COP0(COP_MT, R_T0, 3, 0));
        emit(a, I_TYPE(OP_ADDIU, R_T0, R_ZERO, i));
        emit(a, COP0(COP_MT, R_T0, 0, 0));
        emit(a, EHB);
        emit(a, TLBWI);
    }
    emit(a, COP0(COP_MT, R_ZERO, 10, 0));
    emit(a, COP0(COP_MT, R_T0, 6, 0));          /* Wired = 15 */
}

static void set_timer(Gen *g, Asm *a, unsigned t, unsigned u)
{
    emit(a, COP0(COP_MF, t, 9, 0));
    asm_li(a, u, g->p->timer);
    emit(a, R_TYPE(FN_ADDU, t, t, u, 0));
    emit(a, COP0(COP_MT, t, 11, 0));
}

/* What user mode may have: RDHWR, and a TLB of which more or less is left. */
static void set_up_user(Gen *g, Asm *a)
{
    asm_li(a, R_T0, rng_one_in(&g->rng, 3) ? 0 : 0x2000000f);
    if (!is_first_release(g)) {
        emit(a, COP0(COP_MT, R_T0, 7, 0));
    }
    /* QEMU's models have 16 at least. */
    asm_li(a, R_T0, rng_below(&g->rng, (g->p->oracle ? 16u : g->p->model->tlb_entries) - 5u));
    emit(a, COP0(COP_MT, R_T0, 6, 0));
}

/* What the programs that ran before have left: as after reset. */
static void forget_others(Gen *g, Asm *a)
{
    static const uint8_t numbers[][2] = {
        { 2, 0 }, { 3, 0 }, { 4, 0 }, { 5, 0 }, { 6, 0 }, { 9, 0 }, { 11, 0 }, { 10, 0 }, { 28, 0 },
        { 30, 0 },
        { 4, 2 }, { 7, 0 }, { 31, 2 }, { 31, 3 }, { 31, 4 },    /* from Release 2 on */
    };
    unsigned n = is_first_release(g) ? 10 : G_N_ELEMENTS(numbers);
    emit(a, COP0(COP_MT, R_ZERO, 5, 0));
    mmu_flush_all(g, a);
    for (unsigned i = 0; i < n; i++) {
        emit(a, COP0(mt(g), R_ZERO, numbers[i][0], numbers[i][1]));
    }
    emit(a, COP0(COP_MT, R_ZERO, 0, 0));
    emit(a, EHB);
}

/* Loads all registers from the constants and goes to the code. */
static void start(Gen *g, Asm *a)
{
    asm_li(a, R_T0, first_status(g));
    emit(a, COP0(COP_MT, R_T0, 12, 0));
    emit(a, COP0(COP_MT, R_ZERO, 13, 0));
    emit(a, EHB);
    if (g->p->oracle) {
        forget_others(g, a);
    }
    if (g->p->mapped) {
        map_windows(g, a);
    } else if (is_user(g)) {
        set_up_user(g, a);
    }
    if (g->p->timer) {
        set_timer(g, a, R_T0, R_T1);
    }
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
    emit(a, COP0(COP_MT, R_K0, 14, 0));
    for (unsigned r = 1; r < 32; r++) {
        if (r != R_K0 && r != R_T1) {
            emit(a, I_TYPE(ld(g), r, R_T1, CONST_GPR + 8 * r));
        }
    }
    emit(a, I_TYPE(ld(g), R_T1, R_T1, CONST_GPR + 8 * R_T1));
    emit(a, ERET);
}

/* ---- end ---- */

static void dump_cp0(Gen *g, Asm *a)
{
    static const uint8_t numbers[] = { 10, 12, 14, 30, 4, 8 };
    /* Context and BadVAddr may still be of the program before. */
    unsigned n = g->p->oracle ? 4 : G_N_ELEMENTS(numbers);
    if (is_user(g) || g->p->timer) {
        return;                                 /* not the same each time */
    }
    for (unsigned i = 0; i < n; i++) {
        emit(a, COP0(mf(g), R_K1, numbers[i], 0));
        emit(a, I_TYPE(sd(g), R_K1, R_K0, 8 * (DUMP_CP0 + i)));
    }
}

static void dump_fpu(Gen *g, Asm *a)
{
    /* What FR = 1 shows of what FR = 0 has left is UNPREDICTABLE. */
    bool wide = g->p->oracle ? g->p->fr : g->p->model->fcr0 & 1u << 22;
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
    if (g->p->timer) {
        asm_li(a, R_K1, first_status(g) & ~(uint32_t)ST_IE);
        emit(a, COP0(COP_MT, R_K1, 12, 0));
        emit(a, EHB);
    }
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
    g->p->exit_at = (uint32_t)(asm_address(a, self) - KSEG0);
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

/* Compare is set anew, and nothing is to be seen of it. */
static void tick(Gen *g, Asm *a)
{
    emit(a, I_TYPE(OP_LW, R_AT, R_K0, HANDLER_TICKS));
    emit(a, I_TYPE(OP_ADDIU, R_AT, R_AT, 1));
    emit(a, I_TYPE(OP_SW, R_AT, R_K0, HANDLER_TICKS));
    set_timer(g, a, R_AT, R_V0);
}

/* Cause (K1), EPC and, if it is of this exception, BadVAddr go into the sum and the log. */
static void note_exception(Gen *g, Asm *a)
{
    Label no_address = asm_label(a);
    emit(a, I_TYPE(OP_LUI, R_AT, 0, g->p->oracle ? 0x8000 : 0xb000));   /* CE: mostly UNPREDICTABLE */
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
    emit(a, COP0(COP_MF, R_K1, 13, 0));
    emit(a, COP0(mf(g), R_V1, 14, 0));
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
    emit(a, I_TYPE(ld(g), R_AT, R_K0, HANDLER_AT));
    emit(a, I_TYPE(ld(g), R_V0, R_K0, HANDLER_V0));
    emit(a, I_TYPE(ld(g), R_V1, R_K0, HANDLER_V1));
}

/* The call that ends a program of user mode goes to end, others are made. */
static void user_calls(Gen *g, Asm *a, Label end, Label done)
{
    Label no_call = asm_label(a), call = asm_label(a);
    emit(a, I_TYPE(OP_ANDI, R_AT, R_K1, 0x7c));
    emit(a, I_TYPE(OP_ADDIU, R_AT, R_AT, -(EXC_SYS << 2)));
    asm_branch(a, I_TYPE(OP_BNE, R_AT, R_ZERO, 0), no_call);
    emit(a, COP0(mf(g), R_V1, 14, 0));
    asm_li(a, R_AT, (uint32_t)asm_address(g->a, g->end));
    asm_branch(a, I_TYPE(OP_BNE, R_AT, R_V1, 0), call);
    emit(a, NOP);
    restore(g, a);
    asm_jump(a, (uint32_t)OP_J << 26, end);
    emit(a, NOP);
    asm_bind(a, call);
    mmu_calls(g, a, done);
    asm_bind(a, no_call);
}

static void handler(Gen *g, Asm *a, Label end)
{
    Label too_many = asm_label(a), again = asm_label(a), done = asm_label(a), no_tick = asm_label(a);
    Label visible = asm_label(a);
    asm_li(a, R_K0, (uint32_t)KSEG0 + MEM_PRIVATE);
    emit(a, I_TYPE(sd(g), R_AT, R_K0, HANDLER_AT));
    emit(a, I_TYPE(sd(g), R_V0, R_K0, HANDLER_V0));
    emit(a, I_TYPE(sd(g), R_V1, R_K0, HANDLER_V1));
    emit(a, COP0(COP_MF, R_K1, 13, 0));
    if (g->p->timer) {
        emit(a, I_TYPE(OP_ANDI, R_AT, R_K1, 0x7c));
        asm_branch(a, I_TYPE(OP_BNE, R_AT, R_ZERO, 0), no_tick);
        emit(a, NOP);
        tick(g, a);
        asm_branch(a, I_TYPE(OP_BEQ, 0, 0, 0), again);
        emit(a, NOP);
    }
    asm_bind(a, no_tick);
    if (is_user(g)) {
        mmu_stale(g, a, visible, again);
    }
    asm_bind(a, visible);
    note_exception(g, a);
    emit(a, I_TYPE(OP_LW, R_AT, R_K0, 0x1000 + DIGEST_COUNT));
    emit(a, I_TYPE(OP_SLTIU, R_AT, R_AT, MAX_EXCEPTIONS));
    asm_branch(a, I_TYPE(OP_BEQ, R_ZERO, R_AT, 0), too_many);
    emit(a, NOP);
    if (is_user(g)) {
        user_calls(g, a, end, done);
        mmu_fault(g, a, done, again);
    }
    asm_bind(a, done);
    go_on(g, a);
    asm_bind(a, again);
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
static void vectors(Program *p, uint64_t refill, uint64_t general)
{
    static const uint16_t all[] = { 0, 0x80, 0x100, 0x180, 0x200 };
    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
        uint64_t to = all[i] < 0x100 ? refill : general;
        program_put(p, p->ram, all[i], 4, (uint32_t)OP_J << 26 | ((uint32_t)(to >> 2) & 0x03ffffff));
    }
}

/* The way out of the code: a system call, or a jump. */
static void way_out(Gen *g, uint64_t to)
{
    g->a->keep = KEEP_ALWAYS;
    asm_bind(g->a, g->end);
    if (is_user(g)) {
        put(g, FN_SYSCALL);
    } else if (g->p->mapped) {
        put(g, I_TYPE(OP_LUI, R_AT, 0, (uint32_t)to >> 16));
        put(g, I_TYPE(OP_ORI, R_AT, R_AT, to));
        put(g, R_TYPE(FN_JR, 0, R_AT, 0, 0));
    } else {
        put(g, (uint32_t)OP_J << 26 | ((uint32_t)(to >> 2) & 0x03ffffff));
    }
    put(g, NOP);
}

void emit_system(Gen *g)
{
    Asm asm_, *a = &asm_;
    asm_init(a, KSEG0 + MEM_SYSTEM, (MEM_CONSTANTS - MEM_SYSTEM) / 4);
    start(g, a);
    Label end = asm_here(a);
    finish(g, a);
    way_out(g, asm_address(a, end));
    Label general = asm_here(a), refill = general;
    handler(g, a, end);
    if (is_user(g)) {
        refill = asm_here(a);
        mmu_refill(g, a);
        mmu_tables(g);
    }
    asm_finish(a);
    copy(g->p, MEM_SYSTEM, a);
    vectors(g->p, asm_address(a, refill), asm_address(a, general));
    g->p->start = a->va;
    asm_clear(a);
}
