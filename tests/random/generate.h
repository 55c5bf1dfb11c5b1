/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes the code of a random program. */
#ifndef TESTS_RANDOM_GENERATE_H
#define TESTS_RANDOM_GENERATE_H

#include "target/mips/insn.h"
#include "tests/random/program.h"
#include "tests/random/rng.h"

/*
 * Registers: random instructions write the free ones only. S0 to S2 count loops, S3, S4 and GP point into
 * the data, S7 counts recursions, S8 bounds what is executed, SP and RA are a stack's and a call's, K0
 * and K1 the handlers'.
 */
enum { R_BASE0 = R_S3, R_BASE1 = R_S4, R_BASE2 = R_GP, R_DEPTH = R_S7, R_FUEL = R_S8 };

/* Mapped addresses of the kernel: to the code and the data. */
#define WINDOW_CODE 0xc0010000u
#define WINDOW_DATA 0xe0000000u
/* And of the user. */
#define USER_CODE 0x00010000u
#define USER_DATA 0x10000000u
#define USER_PAGES 0x20000000u
#define USER_STACK 0x30008000u

#define GEN_FUEL 600000
#define MAX_FUNCTIONS 8
#define MAX_LINES 256

/* Instructions that are drawn together. */
typedef enum {
    GROUP_ALU, GROUP_MULDIV, GROUP_LOAD, GROUP_STORE, GROUP_TRAP, GROUP_FPU, GROUP_FPU_MOVE, GROUP_FPU_LOAD,
    GROUP_FPU_STORE, GROUP_SYSTEM, GROUP_COUNT,
} Group;

typedef struct {
    Label entry;
    unsigned cost;              /* instructions of a call, about */
    bool recursive;
} Function;

typedef struct {
    Rng rng;
    Program *p;
    Asm *a;
    MipsDecoder *decoder;
    uint16_t lines[GROUP_COUNT][MAX_LINES];
    unsigned nlines[GROUP_COUNT];
    bool fpu;                   /* the model has one */
    unsigned weights[GROUP_COUNT];
    unsigned registers;         /* how many of the free ones are used most */
    unsigned odd;               /* one access in this many is misaligned or goes nowhere */
    Function functions[MAX_FUNCTIONS];
    unsigned nfunctions;
    Label end;                  /* of the program */
    bool leaf;                  /* the function keeps RA in its register */
    unsigned depth;             /* loops around what is emitted now */
    unsigned times;             /* how often what is emitted now is executed */
    unsigned cost, limit;       /* executed by what was emitted; what it should stay below */
    unsigned own, burn_times;   /* the same, since fuel was taken last, and times there */
    unsigned tables;            /* bytes of CODE_TABLES in use */
    GArray *table_fixups;       /* of TableFixup */
    GPtrArray *later;           /* of code that is put out of line */
} Gen;

typedef struct {
    uint32_t at;                /* physical, of a word that gets the label's address */
    Label label;
} TableFixup;

/* ---- table.c: one instruction ---- */

/* Sorts the instruction table into groups, as far as the model has it. */
void draw_sort_lines(Gen *g);
/* A random instruction that does not branch. */
void draw_insn(Gen *g);
/* One of a group. */
void draw_insn_of(Gen *g, Group group);
/* One that has no way to raise anything and writes no memory. */
void draw_safe_insn(Gen *g);
uint32_t draw_safe_word(Gen *g);
unsigned draw_free_reg(Gen *g);
unsigned draw_any_reg(Gen *g);
unsigned draw_base_reg(Gen *g);

/* ---- control.c: statements ---- */

void emit_program(Gen *g);

/* ---- known.c: programs that found something ---- */

typedef struct {
    const char *name;
    uint8_t target;             /* of targets */
    const char *model;
    bool fr;
    void (*emit)(Gen *g);
} Known;

extern const Known known[];
extern const unsigned known_count;

/* ---- idiom.c: pieces that programs have ---- */

void emit_idiom(Gen *g);
void emit_page_change(Gen *g);

/* ---- system.c: start, end and handlers ---- */

/* g->end too, the way out of the code, at its end. */
void emit_system(Gen *g);

/* ---- defined.c ---- */

/* Emits, in front of the word, what makes its operands such that its result is defined; returns the word,
 * perhaps with other registers. */
uint32_t defined_prepare(Gen *g, uint32_t word);

/* ---- small ones ---- */

static inline void put(Gen *g, uint32_t word)
{
    asm_emit(g->a, g->p->oracle ? defined_prepare(g, word) : word);
}

static inline bool is_user(const Gen *g)
{
    return g->p->kind == KIND_MMU;
}

/* Of MIPS32 or MIPS64: without RDHWR, SYNCI and much of CP0. */
static inline bool is_first_release(const Gen *g)
{
    return g->p->model->level == MIPS32 || g->p->model->level == MIPS64;
}

static inline bool is_64(const Gen *g)
{
    return g->p->target->is_64bit;
}

#endif
