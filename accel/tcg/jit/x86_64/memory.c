/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads and stores. 32-bit addresses go through the flat tables: page index, entry, and a zero
 * entry or a misaligned address leads to the slow path. 64-bit addresses go through the hashed
 * table, whose one comparison looks at everything.
 */
#include "accel/tcg/jit/x86_64/gen.h"
#include "accel/tcg/flat.h"
#include "accel/tcg/softmmu.h"

/* [base + index + disp] of the host; index -1: none. */
typedef struct {
    int base, index;
    int32_t disp;
} Place;

void gen_page_index(Asm *a, int d, int s, bool user)
{
    if (user) {
        x_mov_rr(a, false, d, s);
        x_shift_ri(a, false, SHIFT_SHR, d, SOFTMMU_PAGE_BITS);
    } else {
        x_rr(a, true, X_MOVSXD, d, s);
        x_shift_ri(a, true, SHIFT_SAR, d, SOFTMMU_PAGE_BITS);
    }
}

/* Whether an earlier access has shown that this one is aligned; notes it if not. */
static bool known_aligned(Gen *g, const IrOp *op, unsigned log2)
{
    IrVal base = g->v[op->arg[0]].root;
    for (unsigned i = 0; i < g->naligned; i++) {
        if (g->aligned[i].base == base && g->aligned[i].log2 >= log2 &&
            ((op->imm - g->aligned[i].disp) & ((1 << log2) - 1)) == 0) {
            return true;
        }
    }
    unsigned at = g->naligned < G_N_ELEMENTS(g->aligned) ? g->naligned++ : g->now % G_N_ELEMENTS(g->aligned);
    g->aligned[at].base = base;
    g->aligned[at].disp = op->imm;
    g->aligned[at].log2 = log2;
    return false;
}

/* RCX = the address of op, whose base is in a register, or a constant for -1. */
static void address32(Gen *g, const IrOp *op, int base)
{
    Asm *a = &g->a;
    int32_t imm;
    if (base < 0) {
        g_assert(gen_imm(g, op->arg[0], &imm));
        x_mov_ri(a, false, RCX, (int32_t)((uint32_t)imm + (uint32_t)op->imm));
    } else if (op->imm) {
        x_rm(a, false, X_LEA, RCX, base, (int32_t)op->imm);
    } else {
        x_rr(a, false, X_MOV_LOAD, RCX, base);
    }
}

/* d = the entry for the address in RCX, and flags of whether it is 0; RAX is lost. */
static void look_up(Gen *g, int d, bool write)
{
    Asm *a = &g->a;
    gen_page_index(a, RAX, RCX, g->user);
    x_rmx(a, true, X_MOV_LOAD, d, R15, RAX, 3, write ? FLAT_WRITE : FLAT_READ);
    x_rr(a, true, X_TEST, d, d);
}

/* RCX = the address, from the base in a register; RAX = what is to be added to it; s gets the ways to
 * the slow path. No value changes its place here or later: the slow path comes back behind. */
static void translate32(Gen *g, const IrOp *op, int base, bool write, Stub *s)
{
    Asm *a = &g->a;
    unsigned log2 = op->mem & IR_MEM_SIZE;
    address32(g, op, base);
    look_up(g, RAX, write);
    s->from[0] = x_jcc(a, CC_E);
    if (log2 && !known_aligned(g, op, log2)) {
        x_test_ri(a, false, RCX, (1 << log2) - 1);
        s->from[1] = x_jcc(a, CC_NE);
    }
}

/* The same for a 64-bit address. */
static void translate64(Gen *g, const IrOp *op, int base, bool write, Stub *s)
{
    Asm *a = &g->a;
    unsigned log2 = op->mem & IR_MEM_SIZE;
    G_STATIC_ASSERT(sizeof(SoftmmuEntry) == 32);
    int e = gen_scratch(g, GEN_INT), t = gen_scratch(g, GEN_INT);
    x_rm(a, true, X_LEA, RCX, base, (int32_t)op->imm);
    x_mov_rr(a, true, e, RCX);
    x_shift_ri(a, true, SHIFT_SHR, e, SOFTMMU_PAGE_BITS - 5);
    x_alu_ri(a, false, ALU_AND, e, (SOFTMMU_ENTRIES - 1) << 5);
    x_alu_rm(a, true, ALU_ADD, e, RBP, CPU(softmmu));
    /* The tag: page, low bits by size, and the key of the half that the address is in. */
    x_mov_rr(a, true, RAX, RCX);
    x_shift_ri(a, true, SHIFT_SHR, RAX, 63);
    x_rmx(a, true, X_MOV_LOAD, RAX, RBP, RAX, 3, CPU(mmu_key));
    x_mov_rr(a, true, t, RCX);
    x_alu_ri(a, true, ALU_AND, t, (int32_t)(-4096 | ((1 << log2) - 1)));
    x_alu_rr(a, true, ALU_OR, RAX, t);
    int32_t tag = write ? offsetof(SoftmmuEntry, write) : offsetof(SoftmmuEntry, read);
    x_alu_rm(a, true, ALU_CMP, RAX, e, tag);
    s->from[0] = x_jcc(a, CC_NE);
    x_rm(a, true, X_MOV_LOAD, RAX, e, offsetof(SoftmmuEntry, addend));
    s->addr64 = true;
}

/* With a PAGE: where op accesses the host's memory, in terms of its register. */
static Place paged(Gen *g, const IrOp *op, int base, int page, IrVal of, Stub *s)
{
    Asm *a = &g->a;
    unsigned log2 = op->mem & IR_MEM_SIZE;
    int64_t mine, its;
    ir_address_root(g->r, op->arg[0], &mine);
    ir_address_root(g->r, g->r->ops[of].arg[0], &its);
    if (op->mem & IR_MEM_UNALIGNED) {
        return (Place){ page, -1, (int32_t)(op->imm + mine - its) };
    }
    x_rr(a, true, X_TEST, page, page);
    s->from[0] = x_jcc(a, CC_E);
    if (log2 && !known_aligned(g, op, log2)) {
        address32(g, op, base);
        x_test_ri(a, false, RCX, (1 << log2) - 1);
        s->from[1] = x_jcc(a, CC_NE);
    }
    s->paged = s->retry = true;
    s->addr = (int8_t)base;
    return (Place){ page, -1, (int32_t)(op->imm + mine - its) };
}

/* Where op accesses the host's memory; its base is in a register, or -1. */
static Place translate(Gen *g, const IrOp *op, int base, bool write, Stub *s)
{
    IrVal page = op->arg[write ? 2 : 1];
    s->op = g->now;
    s->dirty = g->dirty;
    if (page) {
        return paged(g, op, base, gen_int(g, page), page, s);
    }
    (g->r->ops[op->arg[0]].type == IR_I64 ? translate64 : translate32)(g, op, base, write, s);
    return (Place){ RAX, RCX, 0 };
}

/* The register of the address's base; -1: a 32-bit constant. */
static int base_reg(Gen *g, const IrOp *op)
{
    int32_t imm;
    bool constant = g->r->ops[op->arg[0]].type == IR_I32 && gen_imm(g, op->arg[0], &imm);
    return constant ? -1 : gen_int(g, op->arg[0]);
}

static void swap_reg(Asm *a, unsigned log2, int reg)
{
    if (log2 == 1) {
        x_8(a, 0x66);
        x_opcode(a, x_rex(false, 0, 0, reg), 0xc1);         /* ROL r16, 8 */
        x_8(a, 0xc0 | (unsigned)(reg & 7));
        x_8(a, 8);
    } else {
        x_opcode(a, x_rex(log2 == 3, 0, 0, reg), 0x0fc8 | (reg & 7));
    }
}

/* The slow path, if there is a way to it. */
static void come_back(Gen *g, Stub *s)
{
    s->back = g->a.p;
    if (s->from[0]) {
        g_array_append_val(g->stubs, *s);
    }
}

/* ---- loads ---- */

/* From p, or for NULL from the slow path's result. */
static void load_value(Gen *g, const IrOp *op, int d, const Place *p)
{
    Asm *a = &g->a;
    unsigned log2 = op->mem & IR_MEM_SIZE;
    bool is_signed = op->mem & IR_MEM_SIGNED, wide = op->type == IR_I64 || op->type == IR_F64;
    bool swap = (op->mem & IR_MEM_BIG) && log2 && p, xmm = op->type == IR_F32 || op->type == IR_F64;
    uint32_t code;
    bool w = false;
    if (xmm && !swap) {
        code = wide ? X_MOVSD_LOAD : X_MOVSS_LOAD;
    } else if (log2 == 0) {
        code = is_signed ? X_MOVSX8 : X_MOVZX8;
        w = is_signed && wide;
    } else if (log2 == 1) {
        code = is_signed && !swap ? X_MOVSX16 : X_MOVZX16;
        w = is_signed && wide && !swap;
    } else if (log2 == 2) {
        code = is_signed && wide && !swap ? X_MOVSXD : X_MOV_LOAD;
        w = is_signed && wide && !swap;
    } else {
        code = X_MOV_LOAD;
        w = true;
    }
    int to = xmm && swap ? RAX : d;
    if (p) {
        x_rmx(a, w, code, to, p->base, p->index, 0, p->disp);
    } else {
        x_rm(a, w, code, to, RBP, STATE(result));
    }
    if (!swap) {
        return;
    }
    swap_reg(a, log2, to);
    if (xmm) {
        x_rr(a, wide, X_MOVD_TO, d, RAX);
    } else if (is_signed && log2 == 1) {
        x_rr(a, wide, X_MOVSX16, d, d);
    } else if (is_signed && log2 == 2 && wide) {
        x_rr(a, true, X_MOVSXD, d, d);
    }
}

void gen_load(Gen *g, const IrOp *op)
{
    Stub s = { .kind = STUB_LOAD };
    int base = base_reg(g, op), d = gen_def(g, g->now, 0, -1);
    Place p = translate(g, op, base, false, &s);
    s.dst_xmm = op->type == IR_F32 || op->type == IR_F64;
    load_value(g, op, d, &p);
    s.dst = (int8_t)d;
    come_back(g, &s);
}

/* ---- stores ---- */

/* t = the value in the other byte order. */
static int swapped_value(Gen *g, unsigned log2, int t, int v, bool xmm)
{
    if (xmm) {
        x_rr(&g->a, log2 == 3, X_MOVD_FROM, v, t);
    } else {
        x_mov_rr(&g->a, true, t, v);
    }
    swap_reg(&g->a, log2, t);
    return t;
}

static void store_value(Gen *g, unsigned log2, int v, bool xmm, const Place *p)
{
    Asm *a = &g->a;
    if (xmm) {
        x_rmx(a, false, log2 == 3 ? X_MOVSD_STORE : X_MOVSS_STORE, v, p->base, p->index, 0, p->disp);
    } else if (log2 == 0) {
        x_rmx8(a, X_MOV_STORE8, v, p->base, p->index, p->disp);
    } else {
        x_rmx(a, log2 == 3, log2 == 1 ? X_MOV_STORE16 : X_MOV_STORE, v, p->base, p->index, 0, p->disp);
    }
}

static void store_imm(Gen *g, unsigned log2, int32_t imm, bool swap, const Place *p)
{
    Asm *a = &g->a;
    uint32_t v = (uint32_t)imm;
    if (swap) {
        v = log2 == 1 ? (uint32_t)__builtin_bswap16((uint16_t)v) : __builtin_bswap32(v);
    }
    if (log2 == 1) {
        x_8(a, 0x66);
    }
    x_rmx(a, log2 == 3, log2 == 0 ? 0xc6 : 0xc7, 0, p->base, p->index, 0, p->disp);
    if (log2 == 0) {
        x_8(a, (uint8_t)v);
    } else if (log2 == 1) {
        x_8(a, (uint8_t)v);
        x_8(a, (uint8_t)(v >> 8));
    } else {
        x_32(a, v);
    }
}

static void store(Gen *g, const IrOp *op, const Stub *s, const Place *p)
{
    unsigned log2 = op->mem & IR_MEM_SIZE;
    bool swap = (op->mem & IR_MEM_BIG) && log2;
    if (s->src_imm) {
        store_imm(g, log2, (int32_t)s->imm, swap, p);
    } else {
        store_value(g, log2, s->out, s->src_xmm && !swap, p);
    }
}

void gen_store(Gen *g, const IrOp *op)
{
    unsigned log2 = op->mem & IR_MEM_SIZE;
    bool swap = (op->mem & IR_MEM_BIG) && log2;
    IrVal value = op->arg[1];
    Stub s = { .kind = STUB_STORE };
    int32_t imm;
    bool constant = gen_imm(g, value, &imm) && !(swap && log2 == 3);
    s.src_xmm = g->v[g->v[value].root].cls == GEN_XMM;
    int base = base_reg(g, op);
    int v = constant ? -1 : s.src_xmm ? gen_xmm(g, value) : gen_int(g, value);
    bool made = swap && !constant;
    int out = !made ? v : op->arg[2] ? RAX : swapped_value(g, log2, gen_scratch(g, GEN_INT), v, s.src_xmm);
    Place p = translate(g, op, base, true, &s);
    if (out == RAX) {               /* with a PAGE there are no registers to spare, but this one */
        swapped_value(g, log2, RAX, v, s.src_xmm);
        s.retry = false;
    }
    s.src = (int8_t)v;
    s.out = (int8_t)out;
    s.src_imm = constant;
    s.imm = constant ? imm : 0;
    store(g, op, &s, &p);
    come_back(g, &s);
}

/* ---- pages ---- */

void gen_page(Gen *g, const IrOp *op)
{
    Asm *a = &g->a;
    int32_t lo = (int32_t)op->imm, hi = (int32_t)(op->imm >> 32), imm;
    bool constant = gen_imm(g, op->arg[0], &imm);
    int base = constant ? -1 : gen_int(g, op->arg[0]), d = gen_def(g, g->now, 0, -1);
    Stub s = { .kind = STUB_PAGE, .dst = (int8_t)d };
    if (constant) {
        x_mov_ri(a, false, RCX, (int32_t)((uint32_t)imm + (uint32_t)lo));
    } else {
        x_rm(a, false, X_LEA, RCX, base, lo);
    }
    if (hi != lo && !constant) {
        x_rm(a, false, X_LEA, RAX, base, hi);
        x_alu_rr(a, false, ALU_XOR, RAX, RCX);
        x_alu_ri(a, false, ALU_CMP, RAX, 0xfff);
        s.from[0] = x_jcc(a, CC_A);
    }
    look_up(g, d, op->mem & 1);
    uint8_t *none = x_jcc_short(a, CC_E);
    x_rmx(a, true, X_LEA, d, d, RCX, 0, -lo);
    x_patch_short(none, a->p);
    if (s.from[0]) {
        s.back = a->p;
        g_array_append_val(g->stubs, s);
    }
}

bool gen_unpaged(Gen *g, const Stub *s, uint8_t *slow[2])
{
    Asm *a = &g->a;
    const IrOp *op = &g->r->ops[s->op];
    const Place p = { RAX, RCX, 0 };
    address32(g, op, s->addr);
    if (!s->retry) {
        return false;
    }
    look_up(g, RAX, op->code == IR_STORE);
    slow[0] = x_jcc(a, CC_E);
    x_test_ri(a, false, RCX, (1 << (op->mem & IR_MEM_SIZE)) - 1);
    slow[1] = x_jcc(a, CC_NE);
    if (op->code == IR_STORE) {
        store(g, op, s, &p);
    } else {
        load_value(g, op, s->dst, &p);
    }
    return true;
}

void gen_load_result(Gen *g, const IrOp *op, int d)
{
    load_value(g, op, d, NULL);
}
