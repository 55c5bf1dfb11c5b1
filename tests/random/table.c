/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single instructions, from the emulator's own table: its letters say where operands go. */
#include <ctype.h>
#include <string.h>
#include "target/mips/decode.h"
#include "tests/random/defined.h"
#include "tests/random/generate.h"

static const uint8_t free_regs[] = {
    R_V0, R_A0, R_T0, R_V1, R_A1, R_T1, R_A2, R_T2, R_A3, R_T3, R_T8, R_S5, R_T4, R_T5, R_T6, R_T7, R_T9,
    R_S6, R_AT,
};

/* Lines that nobody draws: they end or endanger the run, or what they give differs from run to run, as
 * what is linked does where an interrupt or a refill may come. */
static bool is_denied(const Gen *g, unsigned line)
{
    if (g->p->oracle && defined_lacks(g, line)) {
        return true;
    }
    switch (line) {
    case INSN_LL: case INSN_LLD: case INSN_SC: case INSN_SCD:
        return g->p->timer || is_user(g);
    case INSN_MFC0: case INSN_DMFC0:
        return g->p->timer;
    case INSN_WAIT: case INSN_ERET: case INSN_CACHE: case INSN_SYNCI: case INSN_DI: case INSN_EI:
    case INSN_TLBR: case INSN_TLBWI: case INSN_TLBWR: case INSN_TLBP: case INSN_TLBINV: case INSN_TLBINVF:
        return true;
    default:
        return insn_table[line].needs & BRANCH;
    }
}

static bool is_fpu_store(const char *name)
{
    return is_one_of(name, " SWC1 SDC1 SWXC1 SDXC1 SUXC1 ");
}

static bool is_store(const char *name)
{
    return is_one_of(name, " SB SH SW SD SWL SWR SDL SDR SC SCD ");
}

static bool has_prefix(const char *name, const char *const *prefixes)
{
    for (; *prefixes; prefixes++) {
        if (g_str_has_prefix(name, *prefixes)) {
            return true;
        }
    }
    return false;
}

static Group group_of(unsigned line)
{
    static const char *const muldiv[] = {
        "MULT", "DIV", "MUL", "MADD", "MSUB", "DMUL", "DDIV", "MFHI", "MFLO", "MTHI", "MTLO", NULL,
    };
    static const char *const moves[] = {
        "MFC1", "MTC1", "DM", "CFC1", "CTC1", "MFHC1", "MTHC1", "MOV", "P", "ALNV", NULL,
    };
    static const char *const traps[] = { "T", "SYSCALL", "BREAK", NULL };
    const InsnLine *l = &insn_table[line];
    if (l->needs & (NEED_CP0 | NEED_CP2) || is_one_of(l->name, " RDHWR SYNC PREF ")) {
        return GROUP_SYSTEM;
    }
    if (l->needs & NEED_FPU) {
        bool memory = strchr(l->args, 'o') || strchr(l->args, 'X');
        return memory ? is_fpu_store(l->name) ? GROUP_FPU_STORE : GROUP_FPU_LOAD
                      : has_prefix(l->name, moves) ? GROUP_FPU_MOVE : GROUP_FPU;
    }
    if (strchr(l->args, 'o')) {
        return is_store(l->name) ? GROUP_STORE : GROUP_LOAD;
    }
    return has_prefix(l->name, traps) ? GROUP_TRAP : has_prefix(l->name, muldiv) ? GROUP_MULDIV : GROUP_ALU;
}

static uint32_t fixed_bits(const char *bits)
{
    uint32_t v = 0;
    for (; *bits; bits++) {
        if (*bits != ' ') {
            v = v << 1 | (*bits == '1');
        }
    }
    return v;
}

/* The word with the letter's field set to value. */
static uint32_t with_field(uint32_t word, const char *bits, char letter, uint32_t value)
{
    int pos = 31, low = -1;
    uint32_t mask = 0;
    for (; *bits; bits++) {
        if (*bits != ' ') {
            if (*bits == letter) {
                mask |= 1u << pos;
                low = pos;
            }
            pos--;
        }
    }
    return low < 0 ? word : (word & ~mask) | (value << low & mask);
}

void draw_sort_lines(Gen *g)
{
    for (unsigned n = 0; n < mips_insn_count(); n++) {
        uint32_t word = fixed_bits(mips_insn_bits(n));
        if (!is_denied(g, n) && mips_decode(g->decoder, g->p->model, word) == n) {
            Group group = group_of(n);
            g->lines[group][g->nlines[group]++] = (uint16_t)n;
        }
    }
}

/* ---- registers ---- */

unsigned draw_free_reg(Gen *g)
{
    unsigned n = rng_one_in(&g->rng, 8) ? G_N_ELEMENTS(free_regs) : g->registers;
    return free_regs[rng_below(&g->rng, n)];
}

unsigned draw_any_reg(Gen *g)
{
    static const uint8_t others[] = {
        R_ZERO, R_S0, R_S1, R_S2, R_BASE0, R_BASE1, R_BASE2, R_SP, R_FUEL, R_RA, R_DEPTH,
    };
    return rng_one_in(&g->rng, 6) ? others[rng_below(&g->rng, G_N_ELEMENTS(others))] : draw_free_reg(g);
}

unsigned draw_base_reg(Gen *g)
{
    static const uint8_t bases[] = { R_BASE0, R_BASE0, R_BASE1, R_BASE2 };
    return bases[rng_below(&g->rng, G_N_ELEMENTS(bases))];
}

static unsigned fpu_reg(Gen *g)
{
    unsigned n = rng_one_in(&g->rng, 4) ? rng_below(&g->rng, 32) : rng_below(&g->rng, g->registers);
    /* Doubles in odd registers are UNPREDICTABLE with FR = 0; QEMU has Reserved Instruction. */
    return g->p->fr || (!g->p->oracle && rng_one_in(&g->rng, 4)) ? n : n & ~1u;
}

/* Destinations are free registers or, now and then, r0. */
static unsigned dest_reg(Gen *g)
{
    return rng_one_in(&g->rng, 64) ? R_ZERO : draw_free_reg(g);
}

static uint32_t immediate(Gen *g)
{
    static const uint16_t corners[] = { 0, 1, 0xffff, 0x8000, 0x7fff, 0xff, 0x80, 0x7f, 4, 8, 0x1f, 0xff00 };
    return rng_one_in(&g->rng, 3) ? corners[rng_below(&g->rng, G_N_ELEMENTS(corners))]
         : rng_one_in(&g->rng, 2) ? rng_below(&g->rng, 64) - 32 : (uint32_t)rng_next(&g->rng);
}

/* ---- memory ---- */

static unsigned access_size(const char *name)
{
    switch (name[1]) {
    case 'B': return 1;
    case 'H': return 2;
    case 'D': return 8;
    case 'W': return 4;
    default:  return name[2] == 'D' ? 8 : 4;        /* LL, SC */
    }
}

/* An offset from a base register: most often near, so that stores meet loads. */
static uint32_t offset_for(Gen *g, unsigned size)
{
    unsigned range = rng_one_in(&g->rng, 8) ? 0x8000 : 0x100;
    uint32_t at = rng_below(&g->rng, range) - range / 2;
    bool aligned = !rng_one_in(&g->rng, g->odd);
    return aligned ? at & -size : at;
}

static bool is_partial(const char *name)
{
    return (name[0] == 'L' || name[0] == 'S') && (name[1] == 'W' || name[1] == 'D') &&
           (name[2] == 'L' || name[2] == 'R') && !name[3];
}

/* A register that points to no memory: a store through any other one could change code unasked. */
static unsigned nowhere_reg(Gen *g)
{
    return rng_one_in(&g->rng, 2) ? R_ZERO : R_FUEL;
}

static uint32_t memory_word(Gen *g, unsigned line)
{
    const InsnLine *l = &insn_table[line];
    bool fpu = l->needs & NEED_FPU, store = is_store(l->name) || is_fpu_store(l->name);
    bool written = group_of(line) == GROUP_LOAD || is_one_of(l->name, " SC SCD ");
    uint32_t word = fixed_bits(l->bits);
    unsigned size = is_partial(l->name) ? 1 : access_size(l->name);
    unsigned base = !rng_one_in(&g->rng, 4 * g->odd) ? draw_base_reg(g)
                  : store || g->p->oracle ? nowhere_reg(g)      /* what is at an address there is not here */
                  : draw_any_reg(g);
    word = with_field(word, l->bits, 's', base);
    word = with_field(word, l->bits, 'o', offset_for(g, size));
    return with_field(word, l->bits, 't', fpu ? fpu_reg(g) : written ? dest_reg(g) : draw_any_reg(g));
}

/* Indexed: base + index, which is masked first. */
static uint32_t indexed_word(Gen *g, unsigned line)
{
    const InsnLine *l = &insn_table[line];
    uint32_t word = fixed_bits(l->bits);
    unsigned index = draw_free_reg(g);
    unsigned mask = rng_one_in(&g->rng, g->odd) ? 0xfff : 0xff8;
    put(g, I_TYPE(OP_ANDI, index, draw_any_reg(g), mask));
    word = with_field(word, l->bits, 's', draw_base_reg(g));
    word = with_field(word, l->bits, 't', index);
    word = with_field(word, l->bits, 'h', rng_below(&g->rng, 32));
    return with_field(word, l->bits, 'd', fpu_reg(g));
}

/* ---- system: what a program may read and write ---- */

typedef struct { uint8_t reg, sel; } Cp0Number;

static uint32_t cp0_word(Gen *g, unsigned line)
{
    static const Cp0Number reads[] = {
        { 0, 0 }, { 2, 0 }, { 3, 0 }, { 4, 0 }, { 4, 2 }, { 5, 0 }, { 6, 0 }, { 7, 0 }, { 8, 0 }, { 8, 1 },
        { 8, 2 }, { 10, 0 }, { 12, 0 }, { 12, 1 }, { 13, 0 }, { 14, 0 }, { 15, 0 }, { 15, 1 }, { 16, 0 },
        { 16, 1 }, { 16, 2 }, { 16, 3 }, { 16, 4 }, { 16, 5 }, { 17, 0 }, { 20, 0 }, { 28, 0 }, { 30, 0 },
        { 31, 2 }, { 31, 3 },
    };
    static const Cp0Number writes[] = {
        { 2, 0 }, { 3, 0 }, { 4, 0 }, { 4, 2 }, { 14, 0 }, { 28, 0 }, { 30, 0 }, { 31, 2 }, { 31, 3 },
        { 31, 4 },
    };
    const InsnLine *l = &insn_table[line];
    bool write = line == INSN_MTC0 || line == INSN_DMTC0;
    const Cp0Number *n;
    do {
        n = write ? &writes[rng_below(&g->rng, G_N_ELEMENTS(writes))]
                  : &reads[rng_below(&g->rng, G_N_ELEMENTS(reads))];
    } while (g->p->oracle && defined_lacks_cp0(g, n->reg, n->sel));
    uint32_t word = fixed_bits(l->bits);
    word = with_field(word, l->bits, 't', write ? draw_any_reg(g) : dest_reg(g));
    word = with_field(word, l->bits, 'd', n->reg);
    return with_field(word, l->bits, 'e', n->sel);
}

static uint32_t system_word(Gen *g, unsigned line)
{
    static const uint8_t hardware[] = { 0, 1, 3, 4, 29 };
    const InsnLine *l = &insn_table[line];
    uint32_t word = fixed_bits(l->bits);
    if (line == INSN_MFC0 || line == INSN_MTC0 || line == INSN_DMFC0 || line == INSN_DMTC0) {
        return cp0_word(g, line);
    }
    if (line == INSN_RDHWR) {
        word = with_field(word, l->bits, 't', dest_reg(g));
        /* UserLocal: models have it there that have not here. */
        unsigned n = G_N_ELEMENTS(hardware) - g->p->oracle;
        return with_field(word, l->bits, 'd', hardware[rng_below(&g->rng, n)]);
    }
    if (line == INSN_PREF) {
        word = with_field(word, l->bits, 's', draw_any_reg(g));
        word = with_field(word, l->bits, 'h', rng_below(&g->rng, 32));
        return with_field(word, l->bits, 'o', immediate(g));
    }
    word = with_field(word, l->bits, 'x', (uint32_t)rng_next(&g->rng));
    word = with_field(word, l->bits, 't', draw_any_reg(g));
    return with_field(word, l->bits, 'd', dest_reg(g));
}

/* ---- all others ---- */

static uint32_t control_register(Gen *g)
{
    static const uint8_t numbers[] = { 31, 31, 31, 31, 25, 26, 28, 0 };
    /* Register 0 names the model, which is not always the same. */
    return numbers[rng_below(&g->rng, G_N_ELEMENTS(numbers) - g->p->oracle)];
}

/* Whether the letter is a register that the instruction writes. */
static bool is_dest(const InsnLine *l, char letter)
{
    return letter == 'd' || (letter == 't' && l->args[0] == 't');
}

static uint32_t operand(Gen *g, const InsnLine *l, char letter)
{
    bool fpu = (l->needs & NEED_FPU) && strchr(l->args, toupper(letter));
    bool moves_to = is_one_of(l->name, " MTC1 DMTC1 MTHC1 CTC1 ");
    switch (letter) {
    case 's': case 't': case 'd': case 'r':
        if (letter == 's' && strchr(l->args, 'C')) {
            return control_register(g);
        }
        return fpu ? fpu_reg(g) : is_dest(l, letter) && !moves_to ? dest_reg(g) : draw_any_reg(g);
    case 'a':
        return strchr(l->args, 'A') ? draw_any_reg(g) : rng_below(&g->rng, 32);
    case 'i': case 'u':
        return immediate(g);
    default:
        return (uint32_t)rng_next(&g->rng);
    }
}

static uint32_t plain_word(Gen *g, unsigned line)
{
    const InsnLine *l = &insn_table[line];
    uint32_t word = fixed_bits(l->bits);
    uint32_t done = 0;
    for (const char *p = l->bits; *p; p++) {
        if (islower((unsigned char)*p) && !(done >> (*p - 'a') & 1)) {
            done |= 1u << (*p - 'a');
            word = with_field(word, l->bits, *p, operand(g, l, *p));
        }
    }
    return word;
}

/* A field's end must not lie beyond the register: anything else is UNPREDICTABLE, but drawn too, rarely. */
static uint32_t fix_bit_field(Gen *g, unsigned line, uint32_t word)
{
    bool inserts = line == INSN_INS || line == INSN_DINS;
    unsigned lsb = word >> 6 & 31, room = 32 - lsb, size = rng_between(&g->rng, 1, room);
    if (line != INSN_EXT && !inserts) {
        return word;
    }
    return (word & ~0xf800u) | (inserts ? lsb + size - 1 : size - 1) << 11;
}

static uint32_t make_word(Gen *g, unsigned line)
{
    const InsnLine *l = &insn_table[line];
    Group group = group_of(line);
    if (group == GROUP_SYSTEM) {
        return system_word(g, line);
    }
    if (strchr(l->args, 'X')) {
        return indexed_word(g, line);
    }
    if (strchr(l->args, 'o')) {
        return memory_word(g, line);
    }
    uint32_t word = plain_word(g, line);
    return rng_one_in(&g->rng, 50) ? word : fix_bit_field(g, line, word);
}

void draw_insn_of(Gen *g, Group group)
{
    if (g->nlines[group]) {
        put(g, make_word(g, g->lines[group][rng_below(&g->rng, g->nlines[group])]));
    }
}

/* A word of any table line, of other models too: Reserved Instruction most often. */
static void odd_word(Gen *g)
{
    unsigned line = rng_below(&g->rng, mips_insn_count());
    uint32_t word = is_denied(g, line) ? 0 : make_word(g, line);
    unsigned is = mips_decode(g->decoder, g->p->model, word);
    if (g->p->oracle && !g->fpu && (word >> 26 == 17 || word >> 26 == 19)) {
        return;         /* Reserved Instruction and CpU: either may be the one */
    }
    if (is == INSN_RESERVED || !is_denied(g, is)) {
        put(g, word);
    }
}

void draw_insn(Gen *g)
{
    unsigned total = 0;
    if (rng_one_in(&g->rng, 10 * g->odd)) {
        odd_word(g);
        return;
    }
    for (unsigned i = 0; i < GROUP_COUNT; i++) {
        total += g->weights[i];
    }
    unsigned draw = rng_below(&g->rng, total), group = 0;
    while (draw >= g->weights[group]) {
        draw -= g->weights[group++];
    }
    draw_insn_of(g, (Group)group);
}

static bool may_raise(unsigned line)
{
    return is_one_of(insn_table[line].name, " ADD ADDI SUB DADD DADDI DSUB ");
}

uint32_t draw_safe_word(Gen *g)
{
    for (;;) {
        unsigned line = g->lines[GROUP_ALU][rng_below(&g->rng, g->nlines[GROUP_ALU])];
        if (!may_raise(line) && !(insn_table[line].needs & NEED_FPU) &&
            !(g->p->oracle && is_64(g) && defined_takes_words(line))) {
            return make_word(g, line);
        }
    }
}

void draw_safe_insn(Gen *g)
{
    put(g, draw_safe_word(g));
}
