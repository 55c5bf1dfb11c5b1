/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads and stores. 32-bit addresses go through the flat tables: page index, entry, and a zero
 * entry or a misaligned address leads to the slow path. 64-bit addresses go through the hashed
 * table, whose one comparison looks at everything.
 */
#include "accel/tcg/jit/x86_64/gen.h"
#include "accel/tcg/flat.h"
#include "accel/tcg/softmmu.h"

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

/* RCX = the address, from the base in a register; RAX = what is to be added to it; s gets the ways to
 * the slow path. No value changes its place here or later: the slow path comes back behind. */
static void translate32(Gen *g, const IrOp *op, int base, bool write, Stub *s)
{
    Asm *a = &g->a;
    unsigned log2 = op->mem & IR_MEM_SIZE;
    int32_t imm;
    if (gen_imm(g, op->arg[0], &imm)) {
        x_mov_ri(a, false, RCX, (int32_t)((uint32_t)imm + (uint32_t)op->imm));
    } else if (op->imm) {
        x_rm(a, false, X_LEA, RCX, base, (int32_t)op->imm);
    } else {
        x_rr(a, false, X_MOV_LOAD, RCX, base);
    }
    gen_page_index(a, RAX, RCX, g->user);
    x_rmx(a, true, X_MOV_LOAD, RAX, R15, RAX, 3, write ? FLAT_WRITE : FLAT_READ);
    x_rr(a, true, X_TEST, RAX, RAX);
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

static void translate(Gen *g, const IrOp *op, int base, bool write, Stub *s)
{
    s->op = g->now;
    s->dirty = g->dirty;
        (g->r->ops[op->arg[0]].type == IR_I64 ? translate64 : translate32)(g, op, base, write, s);
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

/* ---- loads ---- */

/* From [RAX + RCX], or with slow from the thunk's result. */
static void load_value(Gen *g, const IrOp *op, int d, bool slow)
{
    Asm *a = &g->a;
    unsigned log2 = op->mem & IR_MEM_SIZE;
    bool is_signed = op->mem & IR_MEM_SIGNED, wide = op->type == IR_I64 || op->type == IR_F64;
    bool swap = (op->mem & IR_MEM_BIG) && log2 && !slow, xmm = op->type == IR_F32 || op->type == IR_F64;
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
    if (slow) {
        x_rm(a, w, code, to, RBP, STATE(result));
    } else {
        x_rmx(a, w, code, to, RAX, RCX, 0, 0);
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
    translate(g, op, base, false, &s);
    s.dst_xmm = op->type == IR_F32 || op->type == IR_F64;
    load_value(g, op, d, false);
    s.dst = (int8_t)d;
    s.back = g->a.p;
    g_array_append_val(g->stubs, s);
}

/* ---- stores ---- */

/* The value in the other byte order, in a register of its own. */
static int swapped_value(Gen *g, unsigned log2, int v, bool xmm)
{
    int t = gen_scratch(g, GEN_INT);
    if (xmm) {
        x_rr(&g->a, log2 == 3, X_MOVD_FROM, v, t);
    } else {
        x_mov_rr(&g->a, true, t, v);
    }
    swap_reg(&g->a, log2, t);
    return t;
}

static void store_value(Gen *g, unsigned log2, int v, bool xmm)
{
    Asm *a = &g->a;
    if (xmm) {
        x_rmx(a, false, log2 == 3 ? X_MOVSD_STORE : X_MOVSS_STORE, v, RAX, RCX, 0, 0);
    } else if (log2 == 0) {
        x_rmx8(a, X_MOV_STORE8, v, RAX, RCX);
    } else {
        x_rmx(a, log2 == 3, log2 == 1 ? X_MOV_STORE16 : X_MOV_STORE, v, RAX, RCX, 0, 0);
    }
}

static void store_imm(Gen *g, unsigned log2, int32_t imm, bool swap)
{
    Asm *a = &g->a;
    uint32_t v = (uint32_t)imm;
    if (swap) {
        v = log2 == 1 ? (uint32_t)__builtin_bswap16((uint16_t)v) : __builtin_bswap32(v);
    }
    if (log2 == 1) {
        x_8(a, 0x66);
    }
    x_rmx(a, log2 == 3, log2 == 0 ? 0xc6 : 0xc7, 0, RAX, RCX, 0, 0);
    if (log2 == 0) {
        x_8(a, (uint8_t)v);
    } else if (log2 == 1) {
        x_8(a, (uint8_t)v);
        x_8(a, (uint8_t)(v >> 8));
    } else {
        x_32(a, v);
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
    int out = swap && !constant ? swapped_value(g, log2, v, s.src_xmm) : v;
    translate(g, op, base, true, &s);
    if (constant) {
        store_imm(g, log2, imm, swap);
    } else {
        store_value(g, log2, out, s.src_xmm && !swap);
    }
    s.src = (int8_t)v;
    s.src_imm = constant;
    s.imm = constant ? imm : 0;
    s.back = g->a.p;
    g_array_append_val(g->stubs, s);
}

void gen_load_result(Gen *g, const IrOp *op, int d)
{
    load_value(g, op, d, true);
}
