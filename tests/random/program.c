/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program from its seed: what it is like, its data, its code. */
#include "tests/random/program.h"

#include <string.h>
#include "tests/random/defined.h"
#include "tests/random/generate.h"
#include "util/bits.h"

static const char *const models_32[] = { "24Kf", "P5600", "4Kc", "74Kf", NULL };
static const char *const models_64[] = { "MIPS64R2-generic", "20Kc", "5Kf", "5KEf", NULL };

const Target targets[4] = {
    { "le32", false, false, models_32 }, { "be32", true, false, models_32 },
    { "le64", false, true, models_64 }, { "be64", true, true, models_64 },
};

const char *kind_name(Kind kind)
{
    static const char *const names[] = { "int", "fpu", "mmu", "known" };
    return names[kind];
}

uint64_t rng_corner(Rng *r)
{
    static const uint64_t corners[] = {
        0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
        0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX, UINT64_MAX - 1, 0xffffffff80000000,
        0x3ff0000000000000, 0x3f800000, 0x7f800000, 0x7ff0000000000000, 0x7fc00000, 0x00800000, 1u << 23,
        0x0010000000000000, 0x41dfffffffc00000, 0x4f000000, 0x0f0f0f0f0f0f0f0f,
    };
    switch (rng_below(r, 6)) {
    case 0: return corners[rng_below(r, G_N_ELEMENTS(corners))];
    case 1: return rng_below(r, 256);
    case 2: return (uint64_t)(int32_t)rng_next(r);
    case 3: return UINT64_C(1) << rng_below(r, 64);
    case 4: return (uint64_t)-(int64_t)rng_below(r, 1000);
    default: return rng_next(r);
    }
}

void program_put(const Program *p, uint8_t *ram, uint32_t at, unsigned size, uint64_t value)
{
    if (p->target->big_endian) {
        store_be(ram + at, size, value);
    } else {
        store_le(ram + at, size, value);
    }
}

uint64_t program_get(const Program *p, const uint8_t *ram, uint32_t at, unsigned size)
{
    return p->target->big_endian ? load_be(ram + at, size) : load_le(ram + at, size);
}

/* Numbers that arithmetic on them gives numbers: not too large, not too small, few bits or many. */
static uint64_t float_data(Rng *r, bool wide)
{
    uint64_t fraction = rng_one_in(r, 2) ? rng_next(r) : 0, sign = rng_below(r, 2);
    int scale = rng_one_in(r, 4) ? (int)rng_below(r, 250) - 125 : (int)rng_below(r, 40) - 20;
    if (rng_one_in(r, 12)) {                    /* zero, infinity, NaN, subnormal */
        unsigned exponent = rng_below(r, 2) ? 0 : wide ? 2047 : 255;
        fraction = rng_one_in(r, 2) ? fraction : 0;
        return wide ? sign << 63 | (uint64_t)exponent << 52 | fraction >> 12
                    : sign << 31 | (uint64_t)exponent << 23 | fraction >> 41;
    }
    return wide ? sign << 63 | (uint64_t)(1023 + scale) << 52 | fraction >> 12
                : sign << 31 | (uint64_t)(127 + scale) << 23 | fraction >> 41;
}

static void fill_data(Program *p, Rng *r, uint32_t at, uint32_t size)
{
    for (uint32_t i = 0; i < size; i += 8) {
        switch (rng_below(r, p->kind == KIND_FPU ? 5 : 20)) {
        case 0:
        case 1:
            program_put(p, p->ram, at + i, 8, float_data(r, true));
            break;
        case 2:
            program_put(p, p->ram, at + i, 4, float_data(r, false));
            program_put(p, p->ram, at + i + 4, 4, float_data(r, false));
            break;
        case 3:                                 /* few byte values: strings are often the same */
            for (unsigned k = 0; k < 8; k++) {
                p->ram[at + i + k] = (uint8_t)rng_below(r, 3);
            }
            break;
        default:
            program_put(p, p->ram, at + i, 8, rng_corner(r));
            break;
        }
    }
}

/* ---- first values of registers ---- */

static void first_gpr(Gen *g, unsigned reg, uint64_t value)
{
    program_put(g->p, g->p->ram, MEM_CONSTANTS + CONST_GPR + 8 * reg, is_64(g) ? 8 : 4, value);
}

static void first_pointers(Gen *g)
{
    Program *p = g->p;
    Rng *r = &g->rng;
    uint64_t kseg0 = 0xffffffff80000000, kseg1 = 0xffffffffa0000000;
    if (is_user(g)) {
        first_gpr(g, R_BASE0, USER_DATA + 0x10000 + 0x20000 * rng_below(r, 8));
        first_gpr(g, R_BASE1, USER_PAGES + 0x10000 + 0x20000 * rng_below(r, 8) + 8 * rng_below(r, 32));
        first_gpr(g, R_BASE2, USER_DATA + 0x10000 + 0x20000 * rng_below(r, 8));
        first_gpr(g, R_SP, USER_STACK + 0x8000);
        return;
    }
    first_gpr(g, R_BASE0, kseg0 + MEM_DATA + 0x8000);
    first_gpr(g, R_BASE1, kseg0 + MEM_DATA + 0x8000 + 8 * rng_below(r, 32));
    first_gpr(g, R_BASE2, (rng_one_in(r, 2) ? kseg1 : kseg0) + MEM_DATA + 0x8000);
    if (is_64(g) && rng_one_in(r, 2)) {         /* the same bytes through xkphys */
        first_gpr(g, R_BASE1, UINT64_C(0x9800000000000000) + MEM_DATA + 0x8000);
    }
    if (p->mapped) {
        first_gpr(g, rng_one_in(r, 2) ? R_BASE0 : R_BASE2, (uint64_t)(int32_t)WINDOW_DATA + 0x8000);
    }
    first_gpr(g, R_SP, kseg0 + MEM_STACK + 0x8000);
}

static void first_values(Gen *g)
{
    Program *p = g->p;
    Rng *r = &g->rng;
    for (unsigned i = 1; i < 32; i++) {
        first_gpr(g, i, rng_corner(r));
    }
    first_gpr(g, R_S0, 0);
    first_gpr(g, R_S1, 0);
    first_gpr(g, R_S2, 0);
    first_gpr(g, R_DEPTH, 0);
    first_gpr(g, R_FUEL, GEN_FUEL);
    first_gpr(g, R_RA, asm_address(g->a, g->end));
    first_pointers(g);
    program_put(p, p->ram, MEM_CONSTANTS + CONST_HILO, 8, rng_corner(r));
    program_put(p, p->ram, MEM_CONSTANTS + CONST_HILO + 8, 8, rng_corner(r));
    for (unsigned i = 0; i < 32; i++) {
        program_put(p, p->ram, MEM_CONSTANTS + CONST_FPR + 8 * i, 8,
                    rng_one_in(r, 4) ? rng_corner(r) : float_data(r, rng_one_in(r, 2)));
    }
    program_put(p, p->ram, MEM_CONSTANTS + CONST_FCSR, 4, rng_one_in(r, 2) ? 0 : rng_below(r, 4));
}

/* What the program is like: how often each group of instructions is drawn. */
static void choose_weights(Gen *g)
{
    static const uint8_t usual[][GROUP_COUNT] = {
        [KIND_INT] = { [GROUP_ALU] = 60, [GROUP_MULDIV] = 8, [GROUP_LOAD] = 16, [GROUP_STORE] = 12,
                       [GROUP_TRAP] = 0, [GROUP_FPU] = 1, [GROUP_FPU_MOVE] = 1, [GROUP_SYSTEM] = 1 },
        [KIND_FPU] = { [GROUP_ALU] = 15, [GROUP_MULDIV] = 1, [GROUP_LOAD] = 4, [GROUP_STORE] = 3,
                       [GROUP_TRAP] = 0, [GROUP_FPU] = 45, [GROUP_FPU_MOVE] = 14, [GROUP_FPU_LOAD] = 10,
                       [GROUP_FPU_STORE] = 8, [GROUP_SYSTEM] = 1 },
        [KIND_MMU] = { [GROUP_ALU] = 40, [GROUP_MULDIV] = 2, [GROUP_LOAD] = 26, [GROUP_STORE] = 20,
                       [GROUP_FPU] = 2, [GROUP_FPU_MOVE] = 1, [GROUP_FPU_LOAD] = 2, [GROUP_FPU_STORE] = 2,
                       [GROUP_SYSTEM] = 0 },
        [KIND_KNOWN] = { 0 },
    };
    for (unsigned i = 0; i < GROUP_COUNT; i++) {
        bool fpu = is_user(g) && rng_one_in(&g->rng, 4);
        unsigned w = usual[fpu ? KIND_FPU : g->p->kind][i];
        g->weights[i] = rng_one_in(&g->rng, 3) ? w * rng_between(&g->rng, 0, 4) : w;
    }
    g->weights[GROUP_ALU] += 5;
    g->weights[GROUP_TRAP] += rng_one_in(&g->rng, 3);
    g->registers = rng_between(&g->rng, 5, 18);
    g->odd = rng_one_in(&g->rng, 3) ? 20 : 300;
    if (g->p->timer) {
        g->weights[GROUP_SYSTEM] = 0;
    }
}

static void fix_tables(Gen *g)
{
    for (unsigned i = 0; i < g->table_fixups->len; i++) {
        const TableFixup *f = &g_array_index(g->table_fixups, TableFixup, i);
        program_put(g->p, g->p->ram, f->at, 4, asm_address(g->a, f->label));
    }
}

static uint64_t first_pc(const Program *p)
{
    return p->kind == KIND_MMU ? USER_CODE
         : p->mapped ? (uint64_t)(int32_t)WINDOW_CODE : 0xffffffff80000000 + MEM_CODE;
}

Program *program_new(uint64_t seed, Kind kind, const Target *target, const MipsModel *model, bool oracle)
{
    Program *p = g_new0(Program, 1);
    Gen gen = { .p = p, .a = &p->code, .decoder = mips_decoder_new() }, *g = &gen;
    *p = (Program){ .seed = seed, .kind = kind, .target = target, .model = model,
                    .oracle = oracle, .ram = g_malloc0(MEM_SIZE) };
    g->rng.state = seed * 8 + kind;
    g->table_fixups = g_array_new(FALSE, FALSE, sizeof(TableFixup));
    g->later = g_ptr_array_new_with_free_func(g_free);
    p->mapped = kind != KIND_MMU && rng_one_in(&g->rng, 4);
    p->wide = target->is_64bit && rng_one_in(&g->rng, 2);
    p->px = rng_one_in(&g->rng, 2);
    p->timer = kind != KIND_KNOWN && rng_one_in(&g->rng, 4) ? rng_between(&g->rng, 3000, 60000) : 0;
    p->timer = oracle ? 0 : p->timer;           /* time is not the same there */
    asm_init(&p->code, first_pc(p), CODE_TABLES / 4);
    g->fpu = model->fcr0 && !(oracle && defined_lacks_fpu(model));
    draw_sort_lines(g);
    p->fr = kind == KIND_KNOWN ? known[seed].fr : (model->fcr0 & 1u << 22) && rng_one_in(&g->rng, 2);
    choose_weights(g);
    fill_data(p, &g->rng, MEM_DATA, 0x10000);
    if (kind == KIND_MMU) {
        fill_data(p, &g->rng, MEM_PAGES, MEM_SIZE - MEM_PAGES);
    }
    if (kind == KIND_KNOWN) {
        g->end = asm_label(g->a);
        known[seed].emit(g);
    } else {
        emit_program(g);
    }
    emit_system(g);
    first_values(g);
    asm_finish(g->a);
    fix_tables(g);
    g_array_free(g->table_fixups, TRUE);
    g_ptr_array_free(g->later, TRUE);
    mips_decoder_free(g->decoder);
    return p;
}

unsigned program_known_count(void)
{
    return known_count;
}

const char *program_known_name(unsigned n)
{
    return known[n].name;
}

Program *program_known(unsigned n)
{
    const Target *t = &targets[known[n].target];
    g_autoptr(GError) err = NULL;
    const MipsModel *model = mips_model_find(known[n].model, t->is_64bit, &err);
    g_assert(model);
    return program_new(n, KIND_KNOWN, t, model, false);
}

void program_free(Program *p)
{
    asm_clear(&p->code);
    g_free(p->ram);
    g_free(p);
}

void program_load(const Program *p, uint8_t *ram)
{
    memcpy(ram, p->ram, MEM_SIZE);
    for (unsigned i = 0; i < p->code.n; i++) {
        program_put(p, ram, MEM_CODE + 4 * i, 4, p->code.words[i]);
    }
}
