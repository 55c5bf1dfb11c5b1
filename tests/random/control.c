/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statements: straight code, conditions, loops, calls, far pieces; and the program made of them. */
#include "tests/random/generate.h"

/* Executed instructions of one call of a function, and of the whole program. */
#define FUNCTION_COST 3000u
#define PROGRAM_COST 150000u
#define FRAME 48

typedef struct {
    Label entry, back;
    unsigned words;             /* how long */
} Far;

static void statement(Gen *g);

static void note_cost(Gen *g, unsigned since)
{
    unsigned n = g->a->n - since;
    g->cost += n * g->times;
    g->own += n * (g->times / g->burn_times);
}

static void straight(Gen *g)
{
    unsigned n = rng_between(&g->rng, 1, rng_one_in(&g->rng, 8) ? 40 : 8), since = g->a->n;
    for (unsigned i = 0; i < n; i++) {
        draw_insn(g);
    }
    note_cost(g, since);
}

/* What may be in a delay slot: most often something harmless. A faulting one is skipped with its branch. */
static void delay_slot(Gen *g)
{
    switch (rng_below(&g->rng, 8)) {
    case 0: case 1: put(g, NOP); break;
    case 2: draw_insn_of(g, rng_one_in(&g->rng, 2) ? GROUP_LOAD : GROUP_STORE); break;
    default: draw_safe_insn(g); break;
    }
}

/* A conditional branch to label that is not always the same, as far as that can be had. */
static void branch_on_something(Gen *g, Label to)
{
    static const uint8_t two[] = { OP_BEQ, OP_BNE, OP_BEQL, OP_BNEL };
    static const uint8_t one[] = { OP_BLEZ, OP_BGTZ, OP_BLEZL, OP_BGTZL };
    unsigned t = draw_free_reg(g), pick = rng_below(&g->rng, 10);
    unsigned x = draw_any_reg(g), y = draw_any_reg(g);
    /* QEMU sees no branch, and no delay slot, in what is never taken. */
    while (g->p->oracle && (x == R_ZERO || x == y)) {
        x = draw_any_reg(g);
    }
    bool fpu = g->fpu && g->weights[GROUP_FPU] > g->weights[GROUP_ALU];
    if (pick < 3) {                             /* one bit of a register */
        put(g, I_TYPE(OP_ANDI, t, draw_any_reg(g), 1u << rng_below(&g->rng, 5)));
        asm_branch(g->a, I_TYPE(two[rng_below(&g->rng, 4)], R_ZERO, t, 0), to);
    } else if (pick < 4) {
        put(g, rng_one_in(&g->rng, 2) ? R_TYPE(FN_SLTU, t, draw_any_reg(g), draw_any_reg(g), 0)
                                      : I_TYPE(OP_SLTI, t, draw_any_reg(g), rng_next(&g->rng)));
        asm_branch(g->a, I_TYPE(two[rng_below(&g->rng, 4)], R_ZERO, t, 0), to);
    } else if (pick < 6) {
        asm_branch(g->a, I_TYPE(two[rng_below(&g->rng, 4)], x, y, 0), to);
    } else if (pick < 8) {
        asm_branch(g->a, I_TYPE(one[rng_below(&g->rng, 4)], 0, x, 0), to);
    } else if (fpu) {                           /* BC1F, BC1T, likely or not */
        asm_branch(g->a, COP1(8, rng_below(&g->rng, 32), 0), to);
    } else {                                    /* BLTZ, BGEZ, likely or not */
        asm_branch(g->a, REGIMM(rng_below(&g->rng, 4), x, 0), to);
    }
    delay_slot(g);
}

static void inner(Gen *g, unsigned most)
{
    for (unsigned n = rng_between(&g->rng, 1, most); n > 0; n--) {
        statement(g);
    }
}

static void condition(Gen *g)
{
    Label other = asm_label(g->a), end = asm_label(g->a);
    bool has_else = rng_one_in(&g->rng, 3);
    unsigned since = g->a->n;
    branch_on_something(g, other);
    note_cost(g, since);
    inner(g, 2);
    if (has_else) {
        asm_branch(g->a, I_TYPE(OP_BEQ, 0, 0, 0), end);
        delay_slot(g);
    }
    asm_bind(g->a, other);
    if (has_else) {
        inner(g, 2);
    }
    asm_bind(g->a, end);
}

/* The piece lies elsewhere, perhaps in another page: it is emitted after the function. */
static void far_piece(Gen *g)
{
    Far *far = g_new(Far, 1);
    unsigned since = g->a->n;
    *far = (Far){ asm_label(g->a), asm_label(g->a), rng_between(&g->rng, 1, 10) };
    if (rng_one_in(&g->rng, 2)) {
        asm_jump(g->a, (uint32_t)OP_J << 26, far->entry);
        delay_slot(g);
    } else {
        branch_on_something(g, far->entry);
    }
    asm_bind(g->a, far->back);
    g->cost += (far->words + 2) * g->times;
    note_cost(g, since);
    g_ptr_array_add(g->later, far);
}

static void emit_far_pieces(Gen *g)
{
    for (unsigned i = 0; i < g->later->len; i++) {
        const Far *far = g_ptr_array_index(g->later, i);
        asm_bind(g->a, far->entry);
        for (unsigned n = 0; n < far->words; n++) {
            draw_insn(g);
        }
        if (rng_one_in(&g->rng, 2)) {
            asm_jump(g->a, (uint32_t)OP_J << 26, far->back);
        } else {
            asm_branch(g->a, I_TYPE(OP_BEQ, 0, 0, 0), far->back);
        }
        delay_slot(g);
    }
    g_ptr_array_set_size(g->later, 0);
}

/* ---- loops ---- */

/* Takes what is executed up to the next such place, patched in later, from the fuel; ends the program
 * without it. */
static unsigned burn(Gen *g)
{
    unsigned at = g->a->n;
    g->a->keep = KEEP_LAST;
    put(g, I_TYPE(OP_ADDIU, R_FUEL, R_FUEL, 0));
    asm_branch(g->a, REGIMM(RI_BLTZ, R_FUEL, 0), g->end);
    put(g, NOP);
    g->a->keep = KEEP_NOTHING;
    return at;
}

static void set_burn(Gen *g, unsigned at)
{
    if (at < g->a->n) {
        g->a->words[at] = I_TYPE(OP_ADDIU, R_FUEL, R_FUEL, -(int)CLAMP(g->own, 4u, 32000u));
    }
}

/* The end of a loop with a counter that goes down. */
static void loop_end(Gen *g, unsigned counter, Label head)
{
    unsigned form = rng_below(&g->rng, 5), t = draw_free_reg(g);
    uint32_t down = I_TYPE(OP_ADDIU, counter, counter, -1);
    g->a->keep = KEEP_LAST;
    switch (form) {
    case 0:                                     /* the counter in the delay slot: once more */
        asm_branch(g->a, I_TYPE(OP_BGTZ, 0, counter, 0), head);
        put(g, down);
        break;
    case 1:
        put(g, down);
        put(g, R_TYPE(FN_SLT, t, R_ZERO, counter, 0));
        asm_branch(g->a, I_TYPE(OP_BNE, R_ZERO, t, 0), head);
        g->a->keep = KEEP_NOTHING;
        delay_slot(g);
        break;
    case 2:
        put(g, down);
        asm_branch(g->a, I_TYPE(OP_BGTZL, 0, counter, 0), head);
        g->a->keep = KEEP_NOTHING;
        delay_slot(g);
        break;
    default:
        put(g, down);
        asm_branch(g->a, form == 3 ? I_TYPE(OP_BGTZ, 0, counter, 0) : REGIMM(RI_BGEZ, counter, 0), head);
        g->a->keep = KEEP_NOTHING;
        delay_slot(g);
        break;
    }
    g->a->keep = KEEP_NOTHING;
}

static void loop(Gen *g)
{
    static const uint8_t counters[] = { R_S0, R_S1, R_S2 };
    unsigned counter = counters[g->depth], trips = rng_between(&g->rng, 1, rng_one_in(&g->rng, 3) ? 60 : 12);
    unsigned times = g->times, own = g->own, burn_times = g->burn_times;
    Label test = asm_label(g->a);
    bool enter_at_test = rng_one_in(&g->rng, 4), leaves = rng_one_in(&g->rng, 4);
    Label out = asm_label(g->a);
    unsigned at = burn(g);
    g->a->keep = KEEP_LAST;
    put(g, I_TYPE(OP_ADDIU, counter, R_ZERO, trips));
    if (enter_at_test) {
        asm_branch(g->a, I_TYPE(OP_BEQ, 0, 0, 0), test);
        put(g, NOP);
    }
    g->a->keep = KEEP_NOTHING;
    g->depth++;
    g->own = 0;
    g->burn_times = times;
    g->times = times * trips;
    Label head = asm_here(g->a);
    inner(g, 3);
    if (leaves) {
        unsigned since = g->a->n;
        branch_on_something(g, rng_one_in(&g->rng, 2) ? out : test);
        note_cost(g, since);
        inner(g, 1);
    }
    asm_bind(g->a, test);
    unsigned since = g->a->n;
    loop_end(g, counter, head);
    asm_bind(g->a, out);
    note_cost(g, since);
    g->depth--;
    set_burn(g, at);
    g->times = times;
    g->own = own;
    g->burn_times = burn_times;
}

/* ---- calls ---- */

/* The word of a table of code addresses; a register that gets it. */
static void load_code_address(Gen *g, unsigned reg, Label label)
{
    TableFixup f = { MEM_CODE + CODE_TABLES + g->tables, label };
    if (g->tables + 4 > CODE_SIZE - CODE_TABLES || rng_one_in(&g->rng, 2)) {
        asm_la(g->a, reg, label);
        return;
    }
    g->tables += 4;
    g_array_append_val(g->table_fixups, f);
    uint32_t at = (uint32_t)g->a->va + f.at - MEM_CODE;
    put(g, I_TYPE(OP_LUI, reg, 0, (at + 0x8000) >> 16));
    put(g, I_TYPE(OP_LW, reg, reg, at));
}

static void call(Gen *g)
{
    const Function *f = &g->functions[rng_below(&g->rng, g->nfunctions)];
    unsigned since = g->a->n, reg = draw_free_reg(g), deep = 1;
    if (f->recursive) {
        deep = rng_one_in(&g->rng, 4) ? rng_between(&g->rng, 12, 40) : rng_between(&g->rng, 1, 8);
    }
    if (f->cost * deep * (uint64_t)g->times + g->cost > g->limit) {
        straight(g);
        return;
    }
    if (f->recursive) {
        put(g, I_TYPE(OP_ADDIU, R_DEPTH, R_ZERO, deep));
    }
    switch (rng_below(&g->rng, 6)) {
    case 0:
        load_code_address(g, reg, f->entry);
        put(g, R_TYPE(FN_JALR, R_RA, reg, 0, 0));
        break;
    case 1:
        asm_branch(g->a, REGIMM(RI_BGEZAL, R_ZERO, 0), f->entry);
        break;
    case 2:
        asm_branch(g->a, REGIMM(RI_BLTZAL + rng_below(&g->rng, 4), draw_free_reg(g), 0), f->entry);
        break;
    default:
        asm_jump(g->a, (uint32_t)OP_JAL << 26, f->entry);
        break;
    }
    delay_slot(g);
    note_cost(g, since);
    g->cost += f->cost * deep * g->times;
}

/* JR through a table, as a switch has it. */
static void computed_jump(Gen *g)
{
    enum { CASES = 4 };
    unsigned index = draw_free_reg(g), since = g->a->n;
    uint32_t table = MEM_CODE + CODE_TABLES + g->tables, va = (uint32_t)g->a->va + table - MEM_CODE;
    Label cases[CASES], end = asm_label(g->a);
    if (g->tables + 4 * CASES > CODE_SIZE - CODE_TABLES) {
        return;
    }
    for (unsigned i = 0; i < CASES; i++) {
        cases[i] = asm_label(g->a);
        TableFixup f = { table + 4 * i, cases[i] };
        g_array_append_val(g->table_fixups, f);
    }
    g->tables += 4 * CASES;
    put(g, I_TYPE(OP_ANDI, index, draw_any_reg(g), 4 * (CASES - 1)));
    put(g, I_TYPE(OP_LUI, R_AT, 0, (va + 0x8000) >> 16));
    put(g, R_TYPE(FN_ADDU, R_AT, R_AT, index == R_AT ? R_ZERO : index, 0));
    put(g, I_TYPE(OP_LW, R_AT, R_AT, va));
    put(g, R_TYPE(FN_JR, 0, R_AT, 0, 0));
    delay_slot(g);
    for (unsigned i = 0; i < CASES; i++) {
        asm_bind(g->a, cases[i]);
        unsigned n = rng_between(&g->rng, 1, 5);
        for (unsigned k = 0; k < n; k++) {
            draw_insn(g);
        }
        if (i < CASES - 1 && !rng_one_in(&g->rng, 4)) {
            asm_branch(g->a, I_TYPE(OP_BEQ, 0, 0, 0), end);
            delay_slot(g);
        }
    }
    asm_bind(g->a, end);
    note_cost(g, since);
}

static void statement(Gen *g)
{
    unsigned pick = rng_below(&g->rng, 24);
    if (asm_full(g->a, 2000)) {
        return;
    }
    if (pick < 8 || g->cost > g->limit) {
        straight(g);
    } else if (pick < 12) {
        condition(g);
    } else if (pick < 15 && g->depth < 3 && g->times < 1000) {
        loop(g);
    } else if (pick < 17 && g->nfunctions && !g->leaf && g->times < 400) {
        call(g);
    } else if (pick < 18) {
        far_piece(g);
    } else if (pick < 19) {
        computed_jump(g);
    } else if (pick < 22) {
        unsigned since = g->a->n;
        emit_idiom(g);
        note_cost(g, since);
    } else {
        straight(g);
    }
}

/* ---- functions and the program ---- */

static void save(Gen *g, bool load, unsigned reg, unsigned at)
{
    unsigned op = is_64(g) ? load ? OP_LD : OP_SD : load ? OP_LW : OP_SW;
    put(g, I_TYPE(op, reg, R_SP, at));
}

static void function(Gen *g)
{
    Function *f = &g->functions[g->nfunctions];
    bool leaf = g->leaf = rng_one_in(&g->rng, 3);
    f->recursive = !leaf && rng_one_in(&g->rng, 3);
    f->entry = asm_here(g->a);
    g->cost = g->own = 0;
    g->times = g->burn_times = 1;
    g->limit = FUNCTION_COST;
    g->depth = leaf ? 3 : 0;
    unsigned at = burn(g);
    g->a->keep = KEEP_LAST;
    if (!leaf) {
        put(g, I_TYPE(OP_ADDIU, R_SP, R_SP, -FRAME));
        save(g, false, R_RA, 40);
        save(g, false, R_S0, 8);
        save(g, false, R_S1, 16);
        save(g, false, R_S2, 24);
    }
    g->a->keep = KEEP_NOTHING;
    inner(g, leaf ? 2 : 3);
    if (f->recursive) {
        Label deep = asm_label(g->a);
        g->a->keep = KEEP_LAST;
        asm_branch(g->a, I_TYPE(OP_BLEZ, 0, R_DEPTH, 0), deep);
        put(g, I_TYPE(OP_ADDIU, R_DEPTH, R_DEPTH, -1));
        asm_jump(g->a, (uint32_t)OP_JAL << 26, f->entry);
        g->a->keep = KEEP_NOTHING;
        delay_slot(g);
        asm_bind(g->a, deep);
        inner(g, 1);
    }
    g->a->keep = KEEP_LAST;
    if (!leaf) {
        save(g, true, R_RA, 40);
        save(g, true, R_S0, 8);
        save(g, true, R_S1, 16);
        save(g, true, R_S2, 24);
    }
    put(g, R_TYPE(FN_JR, 0, R_RA, 0, 0));
    put(g, leaf ? NOP : I_TYPE(OP_ADDIU, R_SP, R_SP, FRAME));
    g->a->keep = KEEP_NOTHING;
    f->cost = MAX(g->cost, 4u) + 16;
    g->own += 16;
    set_burn(g, at);
    emit_far_pieces(g);
    g->leaf = false;
    g->nfunctions++;
}

/* Pads with what is never executed, so that code begins anywhere in a page. */
static void pad(Gen *g)
{
    unsigned n = rng_one_in(&g->rng, 3) ? rng_below(&g->rng, 1200) : rng_below(&g->rng, 8);
    for (unsigned i = 0; i < n && !asm_full(g->a, 6000); i++) {
        put(g, NOP);
    }
}

void emit_program(Gen *g)
{
    unsigned functions = rng_between(&g->rng, 1, MAX_FUNCTIONS), trips;
    Label begin = asm_label(g->a);
    g->end = asm_label(g->a);
    g->a->keep = KEEP_LAST;
    asm_jump(g->a, (uint32_t)OP_J << 26, begin);
    put(g, NOP);
    g->a->keep = KEEP_NOTHING;
    while (g->nfunctions < functions) {
        pad(g);
        function(g);
    }
    pad(g);
    asm_bind(g->a, begin);
    g->cost = g->own = 0;
    g->depth = 1;
    trips = rng_between(&g->rng, 20, 80);
    g->times = g->burn_times = trips;
    g->limit = PROGRAM_COST;
    g->a->keep = KEEP_LAST;
    put(g, I_TYPE(OP_ADDIU, R_S0, R_ZERO, trips));
    Label head = asm_here(g->a);
    unsigned at = burn(g);
    for (unsigned n = rng_between(&g->rng, 2, 8); n > 0; n--) {
        statement(g);
        if (is_user(g) && rng_one_in(&g->rng, 2)) {
            emit_page_change(g);
        }
    }
    set_burn(g, at);
    g->a->keep = KEEP_LAST;
    put(g, I_TYPE(OP_ADDIU, R_S0, R_S0, -1));
    asm_branch(g->a, I_TYPE(OP_BGTZ, 0, R_S0, 0), head);
    put(g, NOP);
    asm_branch(g->a, I_TYPE(OP_BEQ, 0, 0, 0), g->end);
    put(g, NOP);
    g->a->keep = KEEP_NOTHING;
    emit_far_pieces(g);
}
