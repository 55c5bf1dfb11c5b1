/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where values are: registers, homes, memory, stack; moved when somebody else needs the place. */
#include "accel/tcg/jit/x86_64/gen.h"

#define CALL_CLOBBERED_INT (1u << RDX | 1u << RSI | 1u << RDI | 1u << R8 | 1u << R9 | 1u << R10 | 1u << R11)

static GenVal *root_of(Gen *g, IrVal v)
{
    return &g->v[g->v[v].root];
}

static IrVal root_id(const Gen *g, IrVal v)
{
    return g->v[v].root;
}

static bool live(const Gen *g, IrVal root)
{
    return g->v[root].last > g->now;
}

bool gen_dies(const Gen *g, IrVal v)
{
    return !live(g, g->v[v].root);
}

static bool is_const(const Gen *g, IrVal v)
{
    return g->r->ops[v].code == IR_CONST;
}

static void load_reg(Gen *g, GenClass cls, bool wide, int reg, int base, int32_t disp)
{
    if (cls == GEN_INT) {
        x_rm(&g->a, wide, X_MOV_LOAD, reg, base, disp);
    } else {
        x_rm(&g->a, false, wide ? X_MOVSD_LOAD : X_MOVSS_LOAD, reg, base, disp);
    }
}

static void store_reg(Gen *g, GenClass cls, bool wide, int reg, int base, int32_t disp)
{
    if (cls == GEN_INT) {
        x_rm(&g->a, wide, X_MOV_STORE, reg, base, disp);
    } else {
        x_rm(&g->a, false, wide ? X_MOVSD_STORE : X_MOVSS_STORE, reg, base, disp);
    }
}

static void copy_reg(Gen *g, GenClass cls, int to, int from)
{
    if (cls == GEN_INT) {
        x_mov_rr(&g->a, true, to, from);
    } else if (to != from) {
        x_rr(&g->a, false, X_MOVAPS, to, from);
    }
}

/* ---- values in memory ---- */

static int new_spill(Gen *g)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(g->spills); i++) {
        if (~g->spills[i]) {
            unsigned bit = (unsigned)__builtin_ctzll(~g->spills[i]);
            g->spills[i] |= UINT64_C(1) << bit;
            return (int)(64 * i + bit);
        }
    }
    g_assert_not_reached();         /* regions are bounded: far fewer values live at once */
}

static void drop_spill(Gen *g, GenVal *v)
{
    if (v->spill >= 0) {
        g->spills[v->spill / 64] &= ~(UINT64_C(1) << v->spill % 64);
        v->spill = -1;
    }
}

static void note_in_slot(Gen *g, IrVal root)
{
    if (g->nin_slot == G_N_ELEMENTS(g->in_slot)) {
        unsigned kept = 0;
        for (unsigned i = 0; i < g->nin_slot; i++) {
            IrVal v = g->in_slot[i];
            if (live(g, v) && g->v[v].slot != GEN_NO_SLOT) {
                g->in_slot[kept++] = v;
            }
        }
        g->nin_slot = kept;
    }
    if (g->nin_slot < G_N_ELEMENTS(g->in_slot)) {
        g->in_slot[g->nin_slot++] = root;
    } else {                        /* it must not count on its slot */
        gen_int(g, root);
        g->v[root].slot = GEN_NO_SLOT;
    }
}

/* ---- registers ---- */

/* What a register holds goes elsewhere. */
static void evict(Gen *g, GenClass cls, int reg)
{
    IrVal root = g->in_reg[cls][reg];
    GenVal *v = &g->v[root];
    g->in_reg[cls][reg] = 0;
    v->reg = -1;
    if (!is_const(g, root) && v->slot == GEN_NO_SLOT && v->spill < 0) {
        v->spill = (int16_t)new_spill(g);
        store_reg(g, cls, true, reg, RSP, 8 * v->spill);
    }
}

static int take(Gen *g, GenClass cls, int avoid)
{
    uint32_t usable = g->pool[cls] & ~g->pinned[cls] & ~(avoid >= 0 ? 1u << avoid : 0);
    int worst = -1;
    for (uint32_t m = usable; m; m &= m - 1) {
        int reg = __builtin_ctz(m);
        IrVal root = g->in_reg[cls][reg];
        if (!root) {
            g->pinned[cls] |= 1u << reg;
            return reg;
        }
        if (worst < 0 || g->v[root].last > g->v[g->in_reg[cls][worst]].last) {
            worst = reg;
        }
    }
    g_assert(worst >= 0);
    evict(g, cls, worst);
    g->pinned[cls] |= 1u << worst;
    return worst;
}

int gen_scratch(Gen *g, GenClass cls)
{
    return take(g, cls, -1);
}

void gen_free_reg(Gen *g, int reg)
{
    IrVal root = g->in_reg[GEN_INT][reg];
    if (!root) {
        return;
    }
    if (live(g, root) || (g->pinned[GEN_INT] >> reg & 1)) {
        uint32_t free = 0;
        for (uint32_t m = g->pool[GEN_INT] & ~g->pinned[GEN_INT]; m; m &= m - 1) {
            int r = __builtin_ctz(m);
            free |= g->in_reg[GEN_INT][r] || r == reg ? 0 : 1u << r;
        }
        if (free) {
            int r = __builtin_ctz(free);
            copy_reg(g, GEN_INT, r, reg);
            g->in_reg[GEN_INT][r] = root;
            g->in_reg[GEN_INT][reg] = 0;
            g->v[root].reg = (int8_t)r;
            g->pinned[GEN_INT] |= 1u << r;
        } else {
            evict(g, GEN_INT, reg);
        }
    }
    g->pinned[GEN_INT] |= 1u << reg;
}

static int reg_of(Gen *g, GenClass cls, IrVal value)
{
    IrVal root = root_id(g, value);
    GenVal *v = &g->v[root];
    bool wide = gen_is_wide(g, root);
    if (v->reg < 0) {
        int reg = take(g, cls, -1);
        if (is_const(g, root)) {
            x_mov_ri_flags(&g->a, wide, reg, g->r->ops[root].imm);
        } else if (v->slot != GEN_NO_SLOT) {
            load_reg(g, cls, wide, reg, RBP, v->slot);
        } else {
            g_assert(v->spill >= 0);
            load_reg(g, cls, true, reg, RSP, 8 * v->spill);
        }
        v->reg = (int8_t)reg;
        g->in_reg[cls][reg] = root;
    }
    g->pinned[cls] |= 1u << v->reg;
    return v->reg;
}

int gen_int(Gen *g, IrVal v)
{
    return reg_of(g, GEN_INT, v);
}

int gen_xmm(Gen *g, IrVal v)
{
    return reg_of(g, GEN_XMM, v);
}

bool gen_imm(const Gen *g, IrVal v, int32_t *imm)
{
    const IrOp *op = &g->r->ops[g->v[v].root];
    if (op->code != IR_CONST || (g->r->ops[v].type == IR_I64 && op->imm != (int32_t)op->imm)) {
        return false;
    }
    *imm = (int32_t)op->imm;
    return true;
}

int32_t gen_mem(const Gen *g, IrVal v)
{
    const GenVal *root = &g->v[g->v[v].root];
    return root->reg < 0 ? root->slot : GEN_NO_SLOT;
}

/* ---- homes ---- */

/* Values that live on in a home are moved out of it. */
static void clear_aliases(Gen *g, unsigned home, IrVal except)
{
    GenClass cls = g->homes[home].xmm ? GEN_XMM : GEN_INT;
    for (unsigned i = 0; i < g->naliases[home]; i++) {
        IrVal root = g->alias[home][i];
        GenVal *v = &g->v[root];
        if (root == except || v->home != (int)home) {
            continue;
        }
        v->home = -1;
        if (live(g, root)) {
            int reg = take(g, cls, -1);
            copy_reg(g, cls, reg, g->homes[home].reg);
            v->reg = (int8_t)reg;
            g->in_reg[cls][reg] = root;
            g->pinned[cls] &= ~(1u << reg);     /* the operation reads the home, which still holds it */
        } else {
            v->reg = -1;
        }
    }
    g->naliases[home] = 0;
}

static void add_alias(Gen *g, unsigned home, IrVal root)
{
    if (g->naliases[home] == GEN_MAX_ALIASES) {
        clear_aliases(g, home, 0);
    }
    g->alias[home][g->naliases[home]++] = root;
    g->v[root].home = (int8_t)home;
    g->v[root].reg = g->homes[home].reg;
}

void gen_load_home(Gen *g, unsigned h)
{
    const JitHome *home = &g->homes[h];
    load_reg(g, home->xmm ? GEN_XMM : GEN_INT, home->bytes == 8, home->reg, RBP, home->slot - GEN_BIAS);
}

void gen_store_homes(Gen *g, uint32_t mask)
{
    for (; mask; mask &= mask - 1) {
        const JitHome *home = &g->homes[__builtin_ctz(mask)];
        store_reg(g, home->xmm ? GEN_XMM : GEN_INT, home->bytes == 8, home->reg, RBP, home->slot - GEN_BIAS);
    }
}

static int home_of_slot(const Gen *g, int64_t slot)
{
    size_t at = (size_t)slot / 8;
    return at < G_N_ELEMENTS(g->home_of) ? g->home_of[at] - 1 : -1;
}

static void need_home(Gen *g, unsigned h)
{
    if (!(g->valid >> h & 1)) {
        gen_load_home(g, h);
        g->valid |= 1u << h;
    }
}

/* ---- results ---- */

int gen_def(Gen *g, IrVal id, IrVal a, int avoid)
{
    GenVal *v = &g->v[id];
    GenClass cls = v->cls;
    if (v->hint >= 0 && g->homes[v->hint].reg != avoid) {
        clear_aliases(g, (unsigned)v->hint, 0);
        add_alias(g, (unsigned)v->hint, id);
        return v->reg;
    }
    if (a) {
        IrVal root = root_id(g, a);
        GenVal *av = &g->v[root];
        if (av->cls == cls && av->home < 0 && av->reg >= 0 && av->reg != avoid && !live(g, root)) {
            int reg = av->reg;
            av->reg = -1;
            drop_spill(g, av);
            g->in_reg[cls][reg] = id;
            v->reg = (int8_t)reg;
            return reg;
        }
    }
    int reg = take(g, cls, avoid);
    g->in_reg[cls][reg] = id;
    v->reg = (int8_t)reg;
    return reg;
}

void gen_release(Gen *g, IrVal value)
{
    if (!value) {
        return;
    }
    IrVal root = root_id(g, value);
    GenVal *v = &g->v[root];
    if (live(g, root)) {
        return;
    }
    if (v->reg >= 0 && v->home < 0 && g->in_reg[v->cls][v->reg] == root) {
        g->in_reg[v->cls][v->reg] = 0;
    }
    v->reg = v->home = -1;
    v->slot = GEN_NO_SLOT;
    drop_spill(g, v);
}

/* ---- GET and SET ---- */

static void get_from_home(Gen *g, const IrOp *op, unsigned h)
{
    const JitHome *home = &g->homes[h];
    bool high = op->imm & 7;
    need_home(g, h);
    if (!home->xmm || op->type == IR_F64 || (op->type == IR_F32 && !high)) {
        add_alias(g, h, g->now);
        return;
    }
    if (op->type == IR_I64 || (op->type == IR_I32 && !high)) {
        x_rr(&g->a, op->type == IR_I64, X_MOVD_FROM, home->reg, gen_def(g, g->now, 0, -1));
        return;
    }
    /* The upper half: moved down through a general register. */
    x_rr(&g->a, true, X_MOVD_FROM, home->reg, RAX);
    x_shift_ri(&g->a, true, SHIFT_SHR, RAX, 32);
    if (op->type == IR_I32) {
        x_mov_rr(&g->a, false, gen_def(g, g->now, 0, -1), RAX);
    } else {
        x_rr(&g->a, false, X_MOVD_TO, gen_def(g, g->now, 0, -1), RAX);
    }
}

void gen_op_get(Gen *g, const IrOp *op)
{
    int home = home_of_slot(g, op->imm);
    if (home >= 0) {
        get_from_home(g, op, (unsigned)home);
        return;
    }
    g->v[g->now].slot = (int32_t)op->imm - GEN_BIAS;
    note_in_slot(g, g->now);
}

/* PINSRD: 32 bits of a register or memory into one half of an xmm. */
static void insert_half(Gen *g, int xmm, int reg, bool high)
{
    x_rr(&g->a, false, 0x663a0f22u, xmm, reg);
    x_8(&g->a, high);
}

static void set_xmm_home(Gen *g, const IrOp *op, const JitHome *home)
{
    IrVal v = op->arg[0];
    bool high = op->imm & 7;
    switch (op->type) {
    case IR_F64:
        copy_reg(g, GEN_XMM, home->reg, gen_xmm(g, v));
        break;
    case IR_I64:
        x_rr(&g->a, true, X_MOVD_TO, home->reg, gen_int(g, v));
        break;
    case IR_F32:
        if (high) {
            x_rr(&g->a, false, X_MOVD_FROM, gen_xmm(g, v), RAX);
            insert_half(g, home->reg, RAX, true);
        } else if (home->bytes == 4) {
            copy_reg(g, GEN_XMM, home->reg, gen_xmm(g, v));
        } else {
            x_rr(&g->a, false, X_MOVSS_LOAD, home->reg, gen_xmm(g, v));
        }
        break;
    default:
        if (home->bytes == 4) {
            x_rr(&g->a, false, X_MOVD_TO, home->reg, gen_int(g, v));
        } else {
            insert_half(g, home->reg, gen_int(g, v), high);
        }
    }
}

static void set_int_home(Gen *g, const IrOp *op, const JitHome *home)
{
    IrVal v = op->arg[0];
    bool wide = op->type == IR_I64;
    int32_t mem = gen_mem(g, v);
    if (is_const(g, g->v[v].root) && root_of(g, v)->reg < 0) {
        x_mov_ri(&g->a, wide, home->reg, g->r->ops[g->v[v].root].imm);
    } else if (mem != GEN_NO_SLOT) {
        x_rm(&g->a, wide, X_MOV_LOAD, home->reg, RBP, mem);
    } else {
        x_mov_rr(&g->a, wide, home->reg, gen_int(g, v));
    }
}

/* A value of the home's own width lives there from now on. */
static void move_into_home(Gen *g, IrVal value, unsigned h)
{
    GenVal *v = &g->v[value];
    if (v->root != value || v->home >= 0 || is_const(g, value) || !live(g, value) ||
        v->cls != (g->homes[h].xmm ? GEN_XMM : GEN_INT)) {
        return;
    }
    if (v->reg >= 0) {
        g->in_reg[v->cls][v->reg] = 0;
    }
    drop_spill(g, v);
    v->slot = GEN_NO_SLOT;
    add_alias(g, h, value);
}

static void set_home(Gen *g, const IrOp *op, unsigned h)
{
    const JitHome *home = &g->homes[h];
    IrVal v = op->arg[0];
    bool whole = gen_covers(home, (IrType)op->type);
    IrType own = home->xmm ? (home->bytes == 8 ? IR_F64 : IR_F32) : home->bytes == 8 ? IR_I64 : IR_I32;
    if (!whole) {
        need_home(g, h);
    }
    bool there = g->v[v].root == v && g->v[v].home == (int)h;
    clear_aliases(g, h, there ? v : 0);
    if (there) {                        /* whole: it was made there, or it is what is there already */
        g->alias[h][g->naliases[h]++] = v;
    }
    if (!there || !whole) {             /* half: its lower half stays what v is */
        if (home->xmm) {
            set_xmm_home(g, op, home);
        } else {
            set_int_home(g, op, home);
        }
        if (whole && g->r->ops[v].type == own) {
            move_into_home(g, v, h);
        }
    }
    g->valid |= 1u << h;
    g->dirty |= 1u << h;
}

/* Values whose only place is memory that is about to change get registers. */
static void vacate_slot(Gen *g, int32_t at, unsigned size)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < g->nin_slot; i++) {
        IrVal root = g->in_slot[i];
        GenVal *v = &g->v[root];
        if (v->slot == GEN_NO_SLOT || !live(g, root)) {
            continue;
        }
        int32_t end = v->slot + (gen_is_wide(g, root) ? 8 : 4);
        if (v->slot < (int64_t)at + size && at < end) {
            if (v->reg < 0 && v->spill < 0) {
                reg_of(g, v->cls, root);
            }
            v->slot = GEN_NO_SLOT;
        } else {
            g->in_slot[kept++] = root;
        }
    }
    g->nin_slot = kept;
}

void gen_op_set(Gen *g, const IrOp *op)
{
    int home = home_of_slot(g, op->imm);
    if (home >= 0) {
        set_home(g, op, (unsigned)home);
        return;
    }
    IrVal v = op->arg[0];
    bool wide = op->type == IR_I64 || op->type == IR_F64;
    int32_t at = (int32_t)op->imm - GEN_BIAS, imm;
    if (g->v[g->v[v].root].slot == at && g->v[v].root == v) {
        return;                             /* what was read from there */
    }
    vacate_slot(g, at, wide ? 8 : 4);
    if (root_of(g, v)->cls == GEN_XMM) {
        store_reg(g, GEN_XMM, wide, gen_xmm(g, v), RBP, at);
    } else if (gen_imm(g, v, &imm) && root_of(g, v)->reg < 0) {
        x_mov_mi(&g->a, wide, RBP, at, imm);
    } else {
        store_reg(g, GEN_INT, wide, gen_int(g, v), RBP, at);
    }
    GenVal *val = &g->v[v];
    if (val->root == v && val->slot == GEN_NO_SLOT && !is_const(g, v) && val->home < 0 && live(g, v)) {
        val->slot = at;
        note_in_slot(g, v);
    }
}

/* ---- calls ---- */

/* Registers that C code changes give up what lives in them. */
static void evict_clobbered(Gen *g)
{
    for (int cls = GEN_INT; cls <= GEN_XMM; cls++) {
        for (int reg = 0; reg < 16; reg++) {
            IrVal root = g->in_reg[cls][reg];
            bool clobbered = cls == GEN_XMM || (CALL_CLOBBERED_INT >> reg & 1);
            if (root && clobbered) {
                evict(g, (GenClass)cls, reg);
            }
        }
    }
}

void gen_before_call(Gen *g, bool writes_slots)
{
    gen_store_homes(g, g->dirty);
    g->dirty = 0;
    for (unsigned h = 0; h < g->nhomes; h++) {
        bool clobbered = g->homes[h].xmm || (CALL_CLOBBERED_INT >> g->homes[h].reg & 1);
        if (clobbered || writes_slots) {
            clear_aliases(g, h, 0);
        }
    }
    if (writes_slots) {
        vacate_slot(g, INT32_MIN / 2, UINT32_C(0x7fffffff));
    }
    evict_clobbered(g);
}

void gen_after_call(Gen *g, bool writes_slots)
{
    for (unsigned h = 0; h < g->nhomes; h++) {
        bool clobbered = g->homes[h].xmm || (CALL_CLOBBERED_INT >> g->homes[h].reg & 1);
        if (!clobbered && !writes_slots) {
            continue;
        }
        if (g->once) {
            g->valid &= ~(1u << h);         /* loaded when it is read */
        } else {
            gen_load_home(g, h);
        }
    }
}

void gen_forget_values(Gen *g)
{
    memset(g->in_reg, 0, sizeof(g->in_reg));
    memset(g->spills, 0, sizeof(g->spills));
    memset(g->naliases, 0, sizeof(g->naliases));
    g->nin_slot = 0;
    g->naligned = 0;
}
