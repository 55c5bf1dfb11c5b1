/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of code as compilers and libraries have them, and pieces that change what code means. */
#include "tests/random/generate.h"

/* Loops of these pieces run this often at most. */
#define TRIPS 40

static unsigned other_reg(Gen *g, unsigned a, unsigned b, unsigned c)
{
    unsigned r;
    do {
        r = draw_free_reg(g);
    } while (r == a || r == b || r == c);
    return r;
}

/* A register that points into the data of a base, at some register's low bits. */
static void pointer(Gen *g, unsigned reg, unsigned align)
{
    unsigned mask = rng_one_in(&g->rng, 3) ? 0x3fff : 0xff;
    put(g, I_TYPE(OP_ANDI, reg, draw_any_reg(g), mask & -align));
    put(g, R_TYPE(is_64(g) ? FN_DADDU : FN_ADDU, reg, draw_base_reg(g), reg, 0));
}

static void step(Gen *g, unsigned reg, int by)
{
    put(g, I_TYPE(is_64(g) ? OP_DADDIU : OP_ADDIU, reg, reg, by));
}

/* while (n--) *q++ = *p++, with a test of what is copied perhaps; what overlaps overlaps. */
static void copy_loop(Gen *g)
{
    static const uint8_t loads[] = { OP_LBU, OP_LB, OP_LHU, OP_LH, OP_LW };
    static const uint8_t stores[] = { OP_SB, OP_SB, OP_SH, OP_SH, OP_SW };
    static const uint8_t sizes[] = { 1, 1, 2, 2, 4 };
    unsigned p = draw_free_reg(g), q = other_reg(g, p, p, p), v = other_reg(g, p, q, q);
    unsigned end = other_reg(g, p, q, v), k = rng_below(&g->rng, 5);
    Label out = asm_label(g->a);
    pointer(g, p, sizes[k]);
    pointer(g, q, sizes[k]);
    put(g, I_TYPE(is_64(g) ? OP_DADDIU : OP_ADDIU, end, p, sizes[k] * rng_between(&g->rng, 1, TRIPS)));
    Label head = asm_here(g->a);
    put(g, I_TYPE(loads[k], v, p, 0));
    step(g, p, sizes[k]);
    if (rng_one_in(&g->rng, 2)) {
        asm_branch(g->a, I_TYPE(rng_one_in(&g->rng, 2) ? OP_BEQ : OP_BEQL, R_ZERO, v, 0), out);
        put(g, R_TYPE(FN_ADDU, v, v, draw_any_reg(g), 0));      /* pointers must go on being pointers */
    }
    put(g, I_TYPE(stores[k], v, q, 0));
    if (rng_one_in(&g->rng, 2)) {
        step(g, q, sizes[k]);
        asm_branch(g->a, I_TYPE(OP_BNE, p, end, 0), head);
        put(g, NOP);
    } else {
        asm_branch(g->a, I_TYPE(OP_BNE, p, end, 0), head);
        step(g, q, sizes[k]);
    }
    asm_bind(g->a, out);
}

/* Words from and to where they are not aligned. */
static void unaligned_copy(Gen *g)
{
    unsigned p = draw_free_reg(g), q = other_reg(g, p, p, p), v = other_reg(g, p, q, q);
    bool first_left = rng_one_in(&g->rng, 2);
    unsigned n = rng_between(&g->rng, 1, 4), left = g->p->target->big_endian ? 0 : 3;
    pointer(g, p, 1);
    pointer(g, q, 1);
    for (unsigned i = 0; i < n; i++) {
        int at = (int)(4 * i);
        unsigned right = 3 - left;
        put(g, I_TYPE(first_left ? OP_LWL : OP_LWR, v, p, at + (first_left ? left : right)));
        put(g, I_TYPE(first_left ? OP_LWR : OP_LWL, v, p, at + (first_left ? right : left)));
        if (rng_one_in(&g->rng, 2)) {
            put(g, I_TYPE(OP_SW, v, draw_base_reg(g), at));
        }
        put(g, I_TYPE(OP_SWL, v, q, at + left));
        put(g, I_TYPE(OP_SWR, v, q, at + right));
    }
}

/* A checksum or hash over bytes with a table: h = table[(h ^ c) & mask] ^ h >> 8. */
static void hash_loop(Gen *g)
{
    unsigned p = draw_free_reg(g), h = other_reg(g, p, p, p), c = other_reg(g, p, h, h);
    unsigned n = other_reg(g, p, h, c), shift = rng_between(&g->rng, 1, 8);
    unsigned base = draw_base_reg(g);
    pointer(g, p, 1);
    put(g, I_TYPE(OP_ADDIU, n, R_ZERO, rng_between(&g->rng, 1, TRIPS)));
    Label head = asm_here(g->a);
    put(g, I_TYPE(OP_LBU, c, p, rng_below(&g->rng, 4)));
    step(g, p, 1);
    put(g, R_TYPE(FN_XOR, c, c, h, 0));
    put(g, I_TYPE(OP_ANDI, c, c, 0xff));
    put(g, R_TYPE(FN_SLL, c, 0, c, 2));
    put(g, R_TYPE(is_64(g) ? FN_DADDU : FN_ADDU, c, c, base, 0));
    put(g, I_TYPE(OP_LW, c, c, 4 * rng_below(&g->rng, 16)));
    put(g, R_TYPE(rng_one_in(&g->rng, 2) ? FN_SRL : FN_SLL, h, 0, h, shift));
    if (rng_one_in(&g->rng, 2)) {               /* the chain of a dictionary: head[h] = here */
        put(g, I_TYPE(OP_SH, p, base, 2 * rng_below(&g->rng, 16)));
    }
    put(g, I_TYPE(OP_ADDIU, n, n, -1));
    asm_branch(g->a, I_TYPE(OP_BNE, R_ZERO, n, 0), head);
    put(g, R_TYPE(FN_XOR, h, h, c, 0));
}

/* How far two strings are the same: a loop that is left from several places. */
static void match_loop(Gen *g)
{
    unsigned p = draw_free_reg(g), q = other_reg(g, p, p, p), a = other_reg(g, p, q, q);
    unsigned b = other_reg(g, p, q, a), end;
    unsigned tests = rng_between(&g->rng, 1, 4);
    Label out = asm_label(g->a);
    do {
        end = other_reg(g, p, q, a);
    } while (end == b);
    pointer(g, p, 1);
    pointer(g, q, 1);
    put(g, I_TYPE(is_64(g) ? OP_DADDIU : OP_ADDIU, end, p, tests * rng_between(&g->rng, 1, TRIPS / 4)));
    Label head = asm_here(g->a);
    for (unsigned i = 0; i < tests; i++) {
        put(g, I_TYPE(OP_LBU, a, p, (int)i));
        put(g, I_TYPE(OP_LBU, b, q, (int)i));
        asm_branch(g->a, I_TYPE(rng_one_in(&g->rng, 3) ? OP_BNEL : OP_BNE, a, b, 0), out);
        put(g, i + 1 < tests ? NOP : I_TYPE(is_64(g) ? OP_DADDIU : OP_ADDIU, q, q, tests));
    }
    step(g, p, (int)tests);
    put(g, R_TYPE(FN_SLTU, a, p, end, 0));
    asm_branch(g->a, I_TYPE(OP_BNE, R_ZERO, a, 0), head);
    put(g, NOP);
    asm_bind(g->a, out);
}

/* do x = LL while (!SC), where only the end is the same each time. */
static void plain_atomic(Gen *g)
{
    unsigned p = draw_free_reg(g), v = other_reg(g, p, p, p), x = draw_any_reg(g);
    pointer(g, p, 4);
    Label head = asm_here(g->a);
    put(g, I_TYPE(OP_LL, v, p, 0));
    put(g, R_TYPE(rng_one_in(&g->rng, 2) ? FN_ADDU : FN_XOR, v, v, x == v ? R_ZERO : x, 0));
    put(g, I_TYPE(OP_SC, v, p, 0));
    asm_branch(g->a, I_TYPE(rng_one_in(&g->rng, 2) ? OP_BEQ : OP_BEQL, R_ZERO, v, 0), head);
    put(g, NOP);
}

/* The same with a bound, and sometimes something lies between. */
static void atomic(Gen *g)
{
    unsigned p = draw_free_reg(g), v = other_reg(g, p, p, p), n = other_reg(g, p, v, v);
    Label out = asm_label(g->a);
    if (is_user(g) || g->p->timer) {
        plain_atomic(g);
        return;
    }
    pointer(g, p, 4);
    put(g, I_TYPE(OP_ADDIU, n, R_ZERO, 3));     /* so often at most */
    Label head = asm_here(g->a);
    put(g, I_TYPE(OP_ADDIU, n, n, -1));
    asm_branch(g->a, REGIMM(RI_BLTZ, n, 0), out);
    put(g, NOP);
    put(g, I_TYPE(OP_LL, v, p, 0));
    if (rng_one_in(&g->rng, 3)) {
        draw_insn_of(g, rng_one_in(&g->rng, 2) ? GROUP_STORE : GROUP_TRAP);
    }
    put(g, R_TYPE(rng_one_in(&g->rng, 2) ? FN_ADDU : FN_XOR, v, v, draw_any_reg(g), 0));
    put(g, I_TYPE(OP_SC, v, p, !g->p->oracle && rng_one_in(&g->rng, 16) ? 4 : 0));
    asm_branch(g->a, I_TYPE(rng_one_in(&g->rng, 2) ? OP_BEQ : OP_BEQL, R_ZERO, v, 0), head);
    put(g, NOP);
    asm_bind(g->a, out);
}

/* ---- what a line of code means ---- */

/* Makes written code valid: SYNCI from Release 2 on, CACHE before. */
static void synchronize(Gen *g, unsigned reg)
{
    if (is_first_release(g)) {
        put(g, I_TYPE(47, 0x10, reg, 0));       /* CACHE: hit invalidate, instructions */
    } else {
        put(g, REGIMM(RI_SYNCI, reg, 0));
    }
    put(g, 0xf);                                /* SYNC */
}

/* An instruction that writes another in front of it, one of two by a register's bit. */
static void modify_code(Gen *g)
{
    unsigned at = draw_free_reg(g), v = other_reg(g, at, at, at), t = other_reg(g, at, v, v);
    Label place = asm_label(g->a), after = asm_label(g->a);
    uint32_t words[2] = { draw_safe_word(g), draw_safe_word(g) };
    if (is_user(g) && is_first_release(g)) {          /* CACHE is not the user's */
        return;
    }
    asm_li(g->a, v, words[0]);
    asm_li(g->a, t, words[1]);
    put(g, I_TYPE(OP_ANDI, at, draw_any_reg(g), 1));
    put(g, R_TYPE(0x0b, v, t, at, 0));          /* MOVN */
    asm_la(g->a, at, place);
    put(g, I_TYPE(OP_SW, v, at, 0));
    synchronize(g, at);
    asm_la(g->a, at, rng_one_in(&g->rng, 2) ? place : after);
    put(g, R_TYPE(FN_JR, 0, at, 0, 16));        /* JR.HB */
    put(g, NOP);
    asm_bind(g->a, after);
    for (unsigned n = rng_below(&g->rng, 3); n > 0; n--) {
        draw_safe_insn(g);
    }
    asm_bind(g->a, place);
    put(g, words[0]);
}

/* FR or CU1 turned round, for a while or for good. */
static void change_mode(Gen *g)
{
    unsigned t = draw_free_reg(g), u = other_reg(g, t, t, t);
    /* What FR leaves in the registers is UNPREDICTABLE. */
    uint32_t bit = !g->p->oracle && rng_one_in(&g->rng, 2) ? ST_FR : ST_CU1;
    bool back = bit == ST_CU1 || rng_one_in(&g->rng, 2);
    if (is_user(g) || g->p->timer) {
        return;
    }
    for (unsigned i = 0; i < (back ? 2 : 1); i++) {
        g->a->keep = KEEP_LAST;                 /* all of it, or Status is anything */
        put(g, COP0(COP_MF, t, 12, 0));
        put(g, I_TYPE(OP_LUI, u, 0, bit >> 16));
        put(g, R_TYPE(FN_XOR, t, t, u, 0));
        put(g, COP0(COP_MT, t, 12, 0));
        put(g, EHB);
        g->a->keep = KEEP_NOTHING;
        for (unsigned n = rng_below(&g->rng, 4); i == 0 && n > 0; n--) {
            draw_insn(g);
        }
    }
}

/* Another rounding mode; seldom flushing to zero or traps. */
static void set_fcsr(Gen *g)
{
    unsigned t = draw_free_reg(g);
    uint32_t v = rng_below(&g->rng, 4);
    if (rng_one_in(&g->rng, 4)) {
        v |= 1u << 24;
    }
    if (rng_one_in(&g->rng, 8)) {
        v |= 0x80u << rng_below(&g->rng, 5);
    }
    if (rng_one_in(&g->rng, 8)) {
        v |= (uint32_t)rng_next(&g->rng) & 0xfe83f07f;
    }
    asm_li(g->a, t, v);
    put(g, COP1(COP_CT, t, 31));
}

static void read_fcsr(Gen *g)
{
    put(g, COP1(COP_CF, draw_free_reg(g), 31));
}

/* The kernel changes what pages there are, or how they are known. */
void emit_page_change(Gen *g)
{
    static const uint8_t calls[] = { 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 4, 4, 5, 5, 6, 7 };
    put(g, I_TYPE(OP_ADDIU, R_V0, R_ZERO, calls[rng_below(&g->rng, G_N_ELEMENTS(calls))]));
    if (rng_one_in(&g->rng, 3)) {
        put(g, I_TYPE(OP_ANDI, R_A0, draw_any_reg(g), 31));
    } else {                                    /* where the bases point */
        put(g, I_TYPE(OP_ADDIU, R_A0, R_ZERO, 16 * rng_below(&g->rng, 2) + 7 + rng_below(&g->rng, 2)));
    }
    put(g, MOVE(R_A1, draw_any_reg(g)));
    put(g, FN_SYSCALL);
}

/* A little of each page, of many. */
static void walk_pages(Gen *g)
{
    unsigned p = draw_free_reg(g), n = other_reg(g, p, p, p), v = other_reg(g, p, n, n);
    unsigned offset = rng_below(&g->rng, 512) * 4;
    put(g, I_TYPE(OP_LUI, p, 0, (rng_one_in(&g->rng, 2) ? USER_DATA : USER_PAGES) >> 16));
    put(g, I_TYPE(OP_ORI, p, p, 0x1000 * rng_below(&g->rng, 2)));
    put(g, I_TYPE(OP_ADDIU, n, R_ZERO, rng_between(&g->rng, 10, 127)));
    Label head = asm_here(g->a);
    put(g, I_TYPE(OP_LW, v, p, offset));
    if (rng_one_in(&g->rng, 2)) {
        put(g, R_TYPE(FN_ADDU, v, v, n, 0));
        put(g, I_TYPE(OP_SW, v, p, offset));
    }
    put(g, I_TYPE(OP_ADDIU, n, n, -1));
    asm_branch(g->a, I_TYPE(OP_BGTZ, 0, n, 0), head);
    put(g, I_TYPE(OP_ADDIU, p, p, 0x2000));
}

/* To where no instruction is; RA says where the handler is to go on. */
static void bad_jump(Gen *g)
{
    unsigned t = draw_free_reg(g);
    if (g->leaf) {
        return;
    }
    /* An odd address: QEMU looks for the page first, and sets BadVAddr only when it translates. */
    if (g->p->oracle || rng_one_in(&g->rng, 2)) {
        put(g, I_TYPE(OP_ADDIU, t, R_ZERO, rng_below(&g->rng, 0x8000) & (g->p->oracle ? ~3u : ~0u)));
    } else {
        asm_la(g->a, t, asm_here(g->a));
        put(g, I_TYPE(OP_ORI, t, t, rng_between(&g->rng, 1, 3)));
    }
    put(g, R_TYPE(FN_JALR, R_RA, t, 0, 0));
    draw_safe_insn(g);
}

/* A branch where none may be: whatever that does, it is the same everywhere. */
static void branch_in_slot(Gen *g)
{
    Label a = asm_label(g->a);
    if (g->p->oracle) {                         /* UNPREDICTABLE */
        return;
    }
    asm_branch(g->a, I_TYPE(OP_BEQ, draw_any_reg(g), draw_any_reg(g), 0), a);
    if (rng_one_in(&g->rng, 2)) {
        asm_branch(g->a, I_TYPE(OP_BNE, draw_any_reg(g), draw_any_reg(g), 0), a);
    } else {
        put(g, R_TYPE(FN_JR, 0, draw_any_reg(g), 0, 0));
    }
    draw_safe_insn(g);
    asm_bind(g->a, a);
}

/* Results that are used by nothing but each other, as DIV and MULT give them. */
static void divide(Gen *g)
{
    unsigned a = draw_any_reg(g), b = draw_any_reg(g), t = draw_free_reg(g);
    if (rng_one_in(&g->rng, 3)) {
        asm_li(g->a, t, (uint32_t)rng_corner(&g->rng));
        b = t;
    }
    put(g, R_TYPE(0x18 + rng_below(&g->rng, 4), 0, a, b, 0));
    put(g, R_TYPE(rng_one_in(&g->rng, 2) ? FN_MFLO : FN_MFHI, draw_free_reg(g), 0, 0, 0));
    if (rng_one_in(&g->rng, 2)) {
        put(g, R_TYPE(FN_MFHI, draw_free_reg(g), 0, 0, 0));
    }
}

static void load_constant(Gen *g)
{
    asm_li(g->a, draw_free_reg(g), (uint32_t)rng_corner(&g->rng));
}

void emit_idiom(Gen *g)
{
    static void (*const all[])(Gen *) = {
        copy_loop, copy_loop, unaligned_copy, unaligned_copy, hash_loop, match_loop, match_loop, atomic,
        divide, load_constant, load_constant, modify_code, bad_jump, branch_in_slot,
    };
    static void (*const fpu[])(Gen *) = { set_fcsr, read_fcsr, read_fcsr, change_mode };
    if (is_user(g) && rng_one_in(&g->rng, 2)) {
        (rng_one_in(&g->rng, 3) && g->times < 100 ? walk_pages : emit_page_change)(g);
    } else if (g->fpu && rng_one_in(&g->rng, g->p->kind == KIND_FPU ? 2 : 16)) {
        fpu[rng_below(&g->rng, G_N_ELEMENTS(fpu))](g);
    } else if (g->times * 4 * TRIPS + g->cost > 2 * g->limit) {
        load_constant(g);
    } else {
        all[rng_below(&g->rng, G_N_ELEMENTS(all))](g);
    }
}
