/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small kernel below user mode: page tables, one for each of four address spaces, a refill handler that
 * uses TLBWR, faults that validate pages and make them writable, and calls that change all that. How
 * often the refill handler runs is nobody's business and leaves no trace; all else does.
 *
 * Addresses: bits 30..28 a segment, 19..17 which of eight aliases, 16..13 a pair of pages; others are 0.
 */
#include "tests/random/generate.h"
#include "tests/random/system.h"

#define KSEG0 UINT64_C(0xffffffff80000000)
enum { PAIRS = 16, SEGMENTS = 8, PTE = 8, TABLE_SIZE = SEGMENTS * PAIRS * 2 * PTE, SPACES = 4 };
enum { LO_V = 2, LO_D = 4, LO_C = 3 << 3 };
enum { PTE_PRESENT = LO_V / 2, PTE_WRITABLE = LO_D / 2 };       /* in a PTE's second word */
enum { SEG_CODE = 0, SEG_DATA = 1, SEG_STACK = 3 };
/* In the page of the handlers, from K0. */
enum { CUR_TABLE = 0x40, CUR_ASID = 0x48, ASIDS = 0x50, EMPTY_PAIR = 0x80, NOTED = 0xa0 };

static void emit(Asm *a, uint32_t word)
{
    asm_emit(a, word);
}

static void skip_if(Asm *a, uint32_t branch, Label to)
{
    asm_branch(a, branch, to);
    emit(a, NOP);
}

/* ---- tables, as they are at first ---- */

static uint32_t page_at(unsigned page)
{
    return (MEM_PAGES >> 12) + page;
}

static void set_pte(Program *p, unsigned space, unsigned segment, unsigned page, uint32_t lo, uint32_t flags)
{
    uint32_t at = MEM_TABLES + space * TABLE_SIZE + (segment * PAIRS * 2 + page) * PTE;
    program_put(p, p->ram, at, 4, lo);
    program_put(p, p->ram, at + 4, 4, flags);
}

void mmu_tables(Gen *g)
{
    Program *p = g->p;
    for (unsigned s = 0; s < SPACES; s++) {
        for (unsigned i = 0; i < 16; i++) {
            uint32_t flags = LO_V | LO_D | LO_C;
            set_pte(p, s, SEG_CODE, 16 + i, ((MEM_CODE >> 12) + i) << 6 | flags, PTE_PRESENT | PTE_WRITABLE);
            set_pte(p, s, SEG_STACK, 8 + i, ((MEM_STACK >> 12) + i) << 6 | flags, PTE_PRESENT | PTE_WRITABLE);
        }
        for (unsigned i = 0; i < 64; i++) {
            uint32_t lo = page_at(rng_below(&g->rng, 64)) << 6 | LO_C;
            lo |= rng_one_in(&g->rng, 4) ? 0 : LO_D;
            lo |= rng_one_in(&g->rng, 8) ? 0 : LO_V;
            set_pte(p, s, SEG_DATA + i / 32, i % 32, lo, rng_one_in(&g->rng, 24) ? 0 : rng_one_in(&g->rng, 12)
                    ? PTE_PRESENT : PTE_PRESENT | PTE_WRITABLE);
        }
        program_put(p, p->ram, MEM_PRIVATE + ASIDS + 4 * s, 4, s);
    }
    program_put(p, p->ram, MEM_PRIVATE + CUR_TABLE, 4, KSEG0 + MEM_TABLES);
}

/* ---- handlers ---- */

/* reg = where the pair of the address in reg is: in the current table, or the empty one. Uses other. */
static void find_pair(Gen *g, Asm *a, unsigned reg, unsigned other)
{
    Label none = asm_label(a), done = asm_label(a);
    if (is_64(g)) {
        emit(a, R_TYPE(62, other, 0, reg, 0));          /* DSRL32 */
        skip_if(a, I_TYPE(OP_BNE, other, R_ZERO, 0), none);
    }
    emit(a, R_TYPE(FN_SRL, other, 0, reg, 20));
    emit(a, I_TYPE(OP_ANDI, other, other, 0x8ff));
    skip_if(a, I_TYPE(OP_BNE, other, R_ZERO, 0), none);
    emit(a, R_TYPE(FN_SRL, other, 0, reg, 28));
    emit(a, R_TYPE(FN_SLL, other, 0, other, 8));
    emit(a, R_TYPE(FN_SRL, reg, 0, reg, 9));
    emit(a, I_TYPE(OP_ANDI, reg, reg, 0xf0));
    emit(a, R_TYPE(FN_OR, reg, reg, other, 0));
    emit(a, I_TYPE(OP_LUI, other, 0, 0x8000));
    emit(a, I_TYPE(OP_LW, other, other, MEM_PRIVATE + CUR_TABLE));
    asm_branch(a, I_TYPE(OP_BEQ, 0, 0, 0), done);
    emit(a, R_TYPE(FN_ADDU, reg, reg, other, 0));
    asm_bind(a, none);
    emit(a, I_TYPE(OP_LUI, reg, 0, 0x8000));
    emit(a, I_TYPE(OP_ORI, reg, reg, MEM_PRIVATE + EMPTY_PAIR));
    asm_bind(a, done);
}

static void load_entry(Asm *a, unsigned pair, unsigned other)
{
    for (unsigned i = 0; i < 2; i++) {
        emit(a, I_TYPE(OP_LW, other, pair, PTE * i));
        emit(a, COP0(COP_MT, other, 2 + i, 0));
    }
    emit(a, EHB);
}

void mmu_refill(Gen *g, Asm *a)
{
    emit(a, COP0(is_64(g) ? COP_DMF : COP_MF, R_K0, 8, 0));
    find_pair(g, a, R_K0, R_K1);
    load_entry(a, R_K0, R_K1);
    emit(a, TLBWR);
    emit(a, ERET);
}

/* Takes the pair of the address in reg out of the TLB, all its aliases; uses AT, V0 and V1. */
static void flush_pair(Asm *a, unsigned reg)
{
    Label head, miss = asm_label(a);
    emit(a, I_TYPE(OP_ADDIU, R_V1, R_ZERO, 7));
    head = asm_here(a);
    emit(a, R_TYPE(FN_SLL, R_V0, 0, R_V1, 17));
    emit(a, R_TYPE(FN_OR, R_V0, R_V0, reg, 0));
    emit(a, I_TYPE(OP_LW, R_AT, R_K0, CUR_ASID));
    emit(a, R_TYPE(FN_OR, R_V0, R_V0, R_AT, 0));
    emit(a, COP0(COP_MT, R_V0, 10, 0));
    emit(a, EHB);
    emit(a, TLBP);
    emit(a, EHB);
    emit(a, COP0(COP_MF, R_V0, 0, 0));
    skip_if(a, REGIMM(RI_BLTZ, R_V0, 0), miss);
    emit(a, R_TYPE(FN_SLL, R_V0, 0, R_V0, 13));
    emit(a, I_TYPE(OP_LUI, R_AT, 0, 0x8000));
    emit(a, R_TYPE(FN_OR, R_V0, R_V0, R_AT, 0));
    emit(a, COP0(COP_MT, R_V0, 10, 0));
    emit(a, COP0(COP_MT, R_ZERO, 2, 0));
    emit(a, COP0(COP_MT, R_ZERO, 3, 0));
    emit(a, EHB);
    emit(a, TLBWI);
    asm_bind(a, miss);
    asm_branch(a, REGIMM(RI_BGEZ, R_V1, 0), head);
    emit(a, I_TYPE(OP_ADDIU, R_V1, R_V1, -1));
}

/* Every entry gets an address of its own that is never looked for. */
void mmu_flush_all(Gen *g, Asm *a)
{
    emit(a, I_TYPE(OP_ADDIU, R_V1, R_ZERO, g->p->model->tlb_entries - 1));
    emit(a, COP0(COP_MT, R_ZERO, 2, 0));
    emit(a, COP0(COP_MT, R_ZERO, 3, 0));
    Label head = asm_here(a);
    emit(a, R_TYPE(FN_SLL, R_V0, 0, R_V1, 13));
    emit(a, I_TYPE(OP_LUI, R_AT, 0, 0x8000));
    emit(a, R_TYPE(FN_OR, R_V0, R_V0, R_AT, 0));
    emit(a, COP0(COP_MT, R_V0, 10, 0));
    emit(a, COP0(COP_MT, R_V1, 0, 0));
    emit(a, EHB);
    emit(a, TLBWI);
    asm_branch(a, I_TYPE(OP_BGTZ, 0, R_V1, 0), head);
    emit(a, I_TYPE(OP_ADDIU, R_V1, R_V1, -1));
}

/* EntryHi = the current ASID. */
static void restore_asid(Asm *a)
{
    emit(a, I_TYPE(OP_LW, R_AT, R_K0, CUR_ASID));
    emit(a, COP0(COP_MT, R_AT, 10, 0));
    emit(a, EHB);
}

/* Of a Mod, TLBL or TLBS (K1 holds Cause): V1 = the pair, AT = its PTE, V0 = the bit that it takes: LO_D for
 * Mod, else LO_V. On to other for other exceptions and where no page may be. */
static void find_pte(Gen *g, Asm *a, Label other)
{
    emit(a, I_TYPE(OP_ANDI, R_V0, R_K1, 0x7c));
    emit(a, I_TYPE(OP_ADDIU, R_V0, R_V0, -(EXC_MOD << 2)));
    emit(a, I_TYPE(OP_SLTIU, R_AT, R_V0, 9));
    skip_if(a, I_TYPE(OP_BEQ, R_AT, R_ZERO, 0), other);
    emit(a, COP0(is_64(g) ? COP_DMF : COP_MF, R_V1, 8, 0));
    find_pair(g, a, R_V1, R_AT);
    emit(a, COP0(COP_MF, R_AT, 8, 0));
    emit(a, R_TYPE(FN_SRL, R_AT, 0, R_AT, 9));
    emit(a, I_TYPE(OP_ANDI, R_AT, R_AT, 8));
    emit(a, R_TYPE(FN_ADDU, R_AT, R_AT, R_V1, 0));
    emit(a, I_TYPE(OP_SLTIU, R_V0, R_V0, 1));           /* 1: Mod; the bit is 2 or 4 */
    emit(a, I_TYPE(OP_ADDIU, R_V0, R_V0, 1));
    emit(a, R_TYPE(FN_SLL, R_V0, 0, R_V0, 1));
}

/* The TLB has what V1 has, if it has the page; EntryHi is as the exception has set it. Then again. */
static void update_tlb(Asm *a, Label again)
{
    emit(a, TLBP);
    emit(a, EHB);
    load_entry(a, R_V1, R_AT);
    emit(a, COP0(COP_MF, R_AT, 0, 0));
    skip_if(a, REGIMM(RI_BLTZ, R_AT, 0), again);
    emit(a, TLBWI);
    asm_branch(a, I_TYPE(OP_BEQ, 0, 0, 0), again);
    emit(a, NOP);
}

void mmu_stale(Gen *g, Asm *a, Label other, Label again)
{
    find_pte(g, a, other);
    emit(a, I_TYPE(OP_LW, R_AT, R_AT, 0));
    emit(a, R_TYPE(FN_AND, R_AT, R_AT, R_V0, 0));
    skip_if(a, I_TYPE(OP_BEQ, R_AT, R_ZERO, 0), other);
    update_tlb(a, again);
}

void mmu_fault(Gen *g, Asm *a, Label other, Label again)
{
    find_pte(g, a, other);
    emit(a, I_TYPE(OP_LW, R_AT, R_AT, 4));
    emit(a, R_TYPE(FN_SLL, R_AT, 0, R_AT, 1));          /* PTE_* as LO_* */
    emit(a, R_TYPE(FN_AND, R_AT, R_AT, R_V0, 0));
    skip_if(a, I_TYPE(OP_BEQ, R_AT, R_ZERO, 0), other);
    find_pte(g, a, other);
    emit(a, MOVE(R_K1, R_AT));
    emit(a, I_TYPE(OP_LW, R_AT, R_K1, 0));
    emit(a, R_TYPE(FN_OR, R_AT, R_AT, R_V0, 0));
    emit(a, I_TYPE(OP_SW, R_AT, R_K1, 0));
    update_tlb(a, again);
}

/* ---- calls: V0 says which, A0 and A1 of what ---- */

/* AT = the address of a pair of the data segments, by A0; V1 = its PTEs. */
static void pair_of_a0(Asm *a)
{
    emit(a, I_TYPE(OP_ANDI, R_AT, R_A0, 0x1f));         /* segment 1 or 2, pair */
    emit(a, I_TYPE(OP_ADDIU, R_AT, R_AT, PAIRS));
    emit(a, R_TYPE(FN_SLL, R_V1, 0, R_AT, 4));
    emit(a, I_TYPE(OP_LW, R_V0, R_K0, CUR_TABLE));
    emit(a, R_TYPE(FN_ADDU, R_V1, R_V1, R_V0, 0));
    emit(a, R_TYPE(FN_SRL, R_V0, 0, R_AT, 4));
    emit(a, R_TYPE(FN_SLL, R_V0, 0, R_V0, 28));
    emit(a, I_TYPE(OP_ANDI, R_AT, R_AT, 15));
    emit(a, R_TYPE(FN_SLL, R_AT, 0, R_AT, 13));
    emit(a, R_TYPE(FN_OR, R_AT, R_AT, R_V0, 0));
    emit(a, I_TYPE(OP_SW, R_AT, R_K0, NOTED));
}

/* What was noted leaves the TLB; K1 is lost. */
static void flush_noted(Asm *a)
{
    emit(a, I_TYPE(OP_LW, R_K1, R_K0, NOTED));
    flush_pair(a, R_K1);
    restore_asid(a);
}

/* K1 = V0's number; the case follows, or what is after it. */
static Label when(Asm *a, unsigned number)
{
    Label next = asm_label(a);
    emit(a, I_TYPE(OP_ADDIU, R_AT, R_ZERO, number));
    skip_if(a, I_TYPE(OP_BNE, R_AT, R_K1, 0), next);
    return next;
}

static void end_case(Asm *a, Label next, Label done)
{
    asm_branch(a, I_TYPE(OP_BEQ, 0, 0, 0), done);
    emit(a, NOP);
    asm_bind(a, next);
}

static void use_space(Asm *a)
{
    /* V1 = 4 * space */
    emit(a, R_TYPE(FN_ADDU, R_V1, R_V1, R_K0, 0));
    emit(a, I_TYPE(OP_LW, R_AT, R_V1, ASIDS));
    emit(a, I_TYPE(OP_SW, R_AT, R_K0, CUR_ASID));
}

static void switch_space(Asm *a)
{
    emit(a, I_TYPE(OP_ANDI, R_V1, R_A0, SPACES - 1));
    emit(a, R_TYPE(FN_SLL, R_AT, 0, R_V1, 11));         /* TABLE_SIZE */
    asm_li(a, R_V0, (uint32_t)KSEG0 + MEM_TABLES);
    emit(a, R_TYPE(FN_ADDU, R_V0, R_V0, R_AT, 0));
    emit(a, I_TYPE(OP_SW, R_V0, R_K0, CUR_TABLE));
    emit(a, R_TYPE(FN_SLL, R_V1, 0, R_V1, 2));
    use_space(a);
    restore_asid(a);
}

/* The current space gets a new ASID; after the last one all begin anew. */
static void new_asid(Gen *g, Asm *a)
{
    Label fits = asm_label(a);
    emit(a, I_TYPE(OP_LW, R_AT, R_K0, CUR_ASID));
    emit(a, I_TYPE(OP_ADDIU, R_AT, R_AT, SPACES));
    emit(a, I_TYPE(OP_ANDI, R_V0, R_AT, 0x100));
    emit(a, I_TYPE(OP_ANDI, R_AT, R_AT, 0xff));
    emit(a, I_TYPE(OP_SW, R_AT, R_K0, CUR_ASID));
    emit(a, I_TYPE(OP_ANDI, R_V1, R_AT, SPACES - 1));
    emit(a, R_TYPE(FN_SLL, R_V1, 0, R_V1, 2));
    emit(a, R_TYPE(FN_ADDU, R_V1, R_V1, R_K0, 0));
    emit(a, I_TYPE(OP_SW, R_AT, R_V1, ASIDS));
    skip_if(a, I_TYPE(OP_BEQ, R_V0, R_ZERO, 0), fits);
    mmu_flush_all(g, a);
    asm_bind(a, fits);
    restore_asid(a);
}

void mmu_calls(Gen *g, Asm *a, Label done)
{
    Label next;
    emit(a, I_TYPE(OP_LW, R_K1, R_K0, HANDLER_V0 + (is_64(g) && g->p->target->big_endian ? 4 : 0)));
    emit(a, I_TYPE(OP_ANDI, R_K1, R_K1, 7));
    next = when(a, 0);
    switch_space(a);
    end_case(a, next, done);
    next = when(a, 1);                                  /* other pages */
    pair_of_a0(a);
    emit(a, I_TYPE(OP_ANDI, R_AT, R_A1, 63));
    emit(a, I_TYPE(OP_ADDIU, R_AT, R_AT, MEM_PAGES >> 12));
    emit(a, R_TYPE(FN_SLL, R_AT, 0, R_AT, 6));
    emit(a, R_TYPE(FN_SRL, R_V0, 0, R_A1, 6));
    emit(a, I_TYPE(OP_ANDI, R_V0, R_V0, LO_V | LO_D));
    emit(a, I_TYPE(OP_ORI, R_V0, R_V0, LO_C));
    emit(a, R_TYPE(FN_OR, R_AT, R_AT, R_V0, 0));
    emit(a, I_TYPE(OP_SW, R_AT, R_V1, 0));
    emit(a, I_TYPE(OP_XORI, R_AT, R_AT, 1 << 6));
    emit(a, I_TYPE(OP_SW, R_AT, R_V1, PTE));
    flush_noted(a);
    end_case(a, next, done);
    next = when(a, 2);                                  /* read-only again */
    pair_of_a0(a);
    for (unsigned i = 0; i < 2; i++) {
        emit(a, I_TYPE(OP_LW, R_AT, R_V1, PTE * i));
        emit(a, I_TYPE(OP_ORI, R_AT, R_AT, LO_D));
        emit(a, I_TYPE(OP_XORI, R_AT, R_AT, LO_D));
        emit(a, I_TYPE(OP_SW, R_AT, R_V1, PTE * i));
    }
    flush_noted(a);
    end_case(a, next, done);
    next = when(a, 3);
    mmu_flush_all(g, a);
    restore_asid(a);
    end_case(a, next, done);
    next = when(a, 4);
    new_asid(g, a);
    end_case(a, next, done);
    next = when(a, 5);                                  /* a pair of the code is not valid for a while */
    emit(a, I_TYPE(OP_ANDI, R_AT, R_A0, 7));
    emit(a, I_TYPE(OP_ADDIU, R_AT, R_AT, 8));
    emit(a, R_TYPE(FN_SLL, R_V1, 0, R_AT, 4));
    emit(a, I_TYPE(OP_LW, R_V0, R_K0, CUR_TABLE));
    emit(a, R_TYPE(FN_ADDU, R_V1, R_V1, R_V0, 0));
    for (unsigned i = 0; i < 2; i++) {
        emit(a, I_TYPE(OP_LW, R_V0, R_V1, PTE * i));
        emit(a, I_TYPE(OP_ORI, R_V0, R_V0, LO_V));
        emit(a, I_TYPE(OP_XORI, R_V0, R_V0, LO_V));
        emit(a, I_TYPE(OP_SW, R_V0, R_V1, PTE * i));
    }
    emit(a, R_TYPE(FN_SLL, R_AT, 0, R_AT, 13));
    emit(a, I_TYPE(OP_SW, R_AT, R_K0, NOTED));
    flush_noted(a);
    end_case(a, next, done);
    next = when(a, 6);                                  /* a look at an entry */
    emit(a, I_TYPE(OP_ANDI, R_AT, R_A0, 15));
    emit(a, COP0(COP_MT, R_AT, 0, 0));
    emit(a, EHB);
    emit(a, TLBR);
    emit(a, EHB);
    emit(a, COP0(COP_MT, R_ZERO, 5, 0));
    restore_asid(a);
    end_case(a, next, done);
    if (g->p->model->config[4] >> 29 & 3) {
        emit(a, TLBINVF);
    } else {
        mmu_flush_all(g, a);
    }
    restore_asid(a);
    asm_branch(a, I_TYPE(OP_BEQ, 0, 0, 0), done);
    emit(a, NOP);
}
