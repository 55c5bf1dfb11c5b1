/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a region before its code is made: lifetimes, homes, flow of homes. */
#include "accel/tcg/jit/x86_64/gen.h"

/* RAX and RCX serve single operations, RDX multiplications too; the rest is for homes and values. */
static const uint8_t int_homes[] = { RBX, RSI, RDI, R12, R13, R14, R8, R9, R10 };
/* An operation takes up to 3 registers besides homes, with 64-bit addresses up to 5. */
#define MAX_INT_HOMES(wide) ((wide) ? 6u : 8u)
#define INT_POOL (1u << RDX | 1u << R11)
#define FIRST_XMM_HOME 6
#define XMM_POOL 0x3cu                              /* xmm2 to xmm5; 0 and 1 serve single operations */

static GenClass class_of(IrType type)
{
    return type == IR_VOID ? GEN_NOTHING : type == IR_F32 || type == IR_F64 ? GEN_XMM : GEN_INT;
}

/* ---- basic blocks ---- */

static bool ends_block(IrCode code)
{
    return code == IR_BR || (ir_op_info[code].effects & IR_ENDS);
}

static int block_of_label(const Gen *g, int64_t label)
{
    for (unsigned i = 0; i < g->nblocks; i++) {
        const IrOp *op = &g->r->ops[g->blocks[i].first];
        if (op->code == IR_LABEL && op->imm == label) {
            return (int)i;
        }
    }
    g_assert_not_reached();
}

/* A block ends at a label, and after a conditional branch, so that each has two successors at most. */
static void find_blocks(Gen *g)
{
    const IrRegion *r = g->r;
    g->blocks = g_new0(GenBlock, r->nops + 1);
    g->blocks[0].first = 1;
    g->nblocks = 1;
    for (IrVal v = 1; v < r->nops; v++) {
        bool after_branch = v > 1 && r->ops[v - 1].code == IR_BR_IF;
        if (v > 1 && (r->ops[v].code == IR_LABEL || after_branch)) {
            g->blocks[g->nblocks - 1].end = v;
            g->blocks[g->nblocks++].first = v;
        }
    }
    g->blocks[g->nblocks - 1].end = r->nops;
    for (unsigned i = 0; i < g->nblocks; i++) {
        GenBlock *b = &g->blocks[i];
        const IrOp *last = &r->ops[b->end - 1];
        if (last->code == IR_BR || last->code == IR_BR_IF) {
            b->succ[b->nsucc++] = block_of_label(g, last->imm);
        }
        if (!ends_block(last->code) && i + 1 < g->nblocks) {
            b->succ[b->nsucc++] = (int)i + 1;
        }
    }
    g->once = g->nblocks == 1 && g->blocks[0].nsucc == 0;
}

/* Between a backward branch and its target every block is in a loop. */
static void find_loops(Gen *g)
{
    for (unsigned i = 0; i < g->nblocks; i++) {
        for (unsigned k = 0; k < g->blocks[i].nsucc; k++) {
            for (unsigned j = (unsigned)g->blocks[i].succ[k]; j <= i; j++) {
                g->blocks[j].depth += g->blocks[j].depth < 3;
            }
        }
    }
}

/* ---- lifetimes ---- */

static void use(Gen *g, IrVal v, IrVal at)
{
    GenVal *root = &g->v[g->v[v].root];
    if (root->last < at) {
        root->last = at;
    }
}

/* Operations that can make a comparison themselves. */
static bool takes_compare(const IrOp *op, unsigned arg)
{
    return arg == 0 && (op->code == IR_EXIT_IF || op->code == IR_BR_IF || op->code == IR_TRAP_IF ||
                        op->code == IR_SELECT);
}

static void find_lifetimes(Gen *g)
{
    const IrRegion *r = g->r;
    g_autofree uint16_t *uses = g_new0(uint16_t, r->nops);
    for (IrVal v = 1; v < r->nops; v++) {
        const IrOp *op = &r->ops[v];
        g->v[v] = (GenVal){ .root = op->code == IR_TRUNC ? g->v[op->arg[0]].root : v, .slot = GEN_NO_SLOT,
                            .spill = -1, .reg = -1, .home = -1, .hint = -1,
                            .cls = op->code == IR_SET ? GEN_NOTHING : class_of((IrType)op->type) };
        g->has_fp |= g->v[v].cls == GEN_XMM || (ir_op_info[op->code].effects & IR_FP);
        for (int i = 0; i < 3; i++) {
            uses[op->arg[i]]++;
        }
    }
    for (IrVal v = 1; v < r->nops; v++) {
        const IrOp *op = &r->ops[v];
        for (unsigned i = 0; i < 3; i++) {
            IrVal arg = op->arg[i];
            if (!arg) {
                continue;
            }
            use(g, arg, v);
            const IrOp *def = &r->ops[arg];
            if (takes_compare(op, i) && uses[arg] == 1 && ir_op_info[def->code].kind == IR_KIND_CMP) {
                g->v[arg].deferred = true;
                use(g, def->arg[0], v);
                use(g, def->arg[1], v);
            }
        }
    }
}

/* ---- homes ---- */

enum { ACC_I32 = 1, ACC_I64 = 2, ACC_F32 = 4, ACC_F64 = 8, ACC_HIGH = 16 };

typedef struct {
    uint16_t slot;
    unsigned weight, accesses;
} Candidate;

static unsigned access_of(const IrOp *op)
{
    static const uint8_t kinds[] = {
        [IR_I32] = ACC_I32, [IR_I64] = ACC_I64, [IR_F32] = ACC_F32, [IR_F64] = ACC_F64,
    };
    return kinds[op->type] | ((op->imm & 7) ? ACC_HIGH : 0);
}

/* Which class of register could hold a slot with these accesses. */
static GenClass home_class(unsigned accesses)
{
    if (accesses & (ACC_F32 | ACC_F64)) {
        return GEN_XMM;
    }
    return accesses == ACC_I32 || accesses == ACC_I64 ? GEN_INT : GEN_NOTHING;
}

static int by_weight(const void *x, const void *y)
{
    const Candidate *a = x, *b = y;
    return a->weight != b->weight ? (a->weight < b->weight ? 1 : -1) : a->slot - b->slot;
}

static unsigned find_candidates(const Gen *g, Candidate *c, unsigned max)
{
    uint8_t index[G_N_ELEMENTS(g->home_of)] = { 0 };
    unsigned n = 0;
    for (unsigned i = 0; i < g->nblocks; i++) {
        unsigned weight = 1u << 3 * g->blocks[i].depth;
        for (IrVal v = g->blocks[i].first; v < g->blocks[i].end; v++) {
            const IrOp *op = &g->r->ops[v];
            size_t at = (size_t)op->imm / 8;
            if ((op->code != IR_GET && op->code != IR_SET) || at >= G_N_ELEMENTS(index)) {
                continue;
            }
            if (!index[at]) {
                if (n == max) {
                    continue;
                }
                c[n] = (Candidate){ .slot = (uint16_t)(at * 8) };
                index[at] = (uint8_t)++n;
            }
            c[index[at] - 1].weight += weight;
            c[index[at] - 1].accesses |= access_of(op);
        }
    }
    return n;
}

static void choose_homes(Gen *g)
{
    Candidate c[128];
    unsigned n = find_candidates(g, c, G_N_ELEMENTS(c)), ints = 0, xmms = 0;
    unsigned max_ints = MAX_INT_HOMES(g->wide);
    qsort(c, n, sizeof(c[0]), by_weight);
    g->pool[GEN_INT] = INT_POOL;
    g->pool[GEN_XMM] = XMM_POOL;
    for (unsigned i = 0; i < n; i++) {
        GenClass cls = home_class(c[i].accesses);
        JitHome h = { .slot = c[i].slot, .xmm = cls == GEN_XMM };
        if (c[i].weight < 2 || cls == GEN_NOTHING || (h.xmm && !g->jit->sse41)) {
            continue;
        }
        if (h.xmm ? xmms == 16 - FIRST_XMM_HOME : ints == max_ints) {
            continue;
        }
        h.reg = (int8_t)(h.xmm ? FIRST_XMM_HOME + xmms++ : int_homes[ints++]);
        h.bytes = c[i].accesses & (ACC_F64 | ACC_I64 | ACC_HIGH) ? 8 : 4;
        g->homes[g->nhomes] = h;
        g->home_of[h.slot / 8] = (uint8_t)++g->nhomes;
    }
    while (ints < G_N_ELEMENTS(int_homes)) {
        g->pool[GEN_INT] |= 1u << int_homes[ints++];
    }
    while (xmms < 16 - FIRST_XMM_HOME) {
        g->pool[GEN_XMM] |= 1u << (FIRST_XMM_HOME + xmms++);
    }
}

static int home_of_op(const Gen *g, const IrOp *op)
{
    size_t at = (size_t)op->imm / 8;
    bool of_slot = op->code == IR_GET || op->code == IR_SET;
    return of_slot && at < G_N_ELEMENTS(g->home_of) ? g->home_of[at] - 1 : -1;
}

/* ---- results that can be made in their home ---- */

/* Nothing between the value's operation and its SET looks at the home's slot. */
static bool undisturbed(const Gen *g, IrVal from, IrVal set, int home)
{
    for (IrVal v = from + 1; v < set; v++) {
        const IrOp *op = &g->r->ops[v];
        unsigned effects = ir_op_info[op->code].effects;
        if (op->snap != IR_NO_SNAP || op->code == IR_CALL || (effects & (IR_EXITS | IR_ENDS)) ||
            op->code == IR_BR_IF || op->code == IR_BR || op->code == IR_LABEL || home_of_op(g, op) == home) {
            return false;
        }
    }
    return true;
}

static void find_hints(Gen *g)
{
    for (IrVal v = 1; v < g->r->nops; v++) {
        const IrOp *op = &g->r->ops[v];
        int home = op->code == IR_SET ? home_of_op(g, op) : -1;
        if (home < 0) {
            continue;
        }
        IrVal arg = op->arg[0];
        GenVal *val = &g->v[arg];
        const IrOp *def = &g->r->ops[arg];
        bool whole = gen_covers(&g->homes[home], (IrType)def->type);
        bool made = val->root == arg && def->code != IR_GET && def->code != IR_CONST && !val->deferred;
        GenClass cls = g->homes[home].xmm ? GEN_XMM : GEN_INT;
        if (made && val->hint < 0 && whole && val->cls == cls && undisturbed(g, arg, v, home)) {
            val->hint = (int8_t)home;
        }
    }
}

/* ---- flow of homes ---- */

/* What an operation does to the homes, given which are dirty before it: uses are homes whose
 * register is read or stored. */
typedef struct { uint32_t use, def, clean; } HomeFlow;

static HomeFlow flow_of(const Gen *g, const IrOp *op, uint32_t dirty)
{
    HomeFlow f = { 0 };
    int home = home_of_op(g, op);
    unsigned effects = ir_op_info[op->code].effects;
    if (op->code == IR_CALL) {
        f.use = f.clean = dirty;
        f.def = op->helper->effects & IR_WRITES ? ~0u : 0;
    } else if (op->code == IR_GET && home >= 0) {
        f.use = 1u << home;
    } else if (op->code == IR_SET && home >= 0) {
        f.def = 1u << home;
        if (!gen_covers(&g->homes[home], (IrType)op->type)) {
            f.use = 1u << home;
        }
    } else if (op->snap != IR_NO_SNAP || (effects & (IR_EXITS | IR_ENDS)) ||
               (op->code == IR_LABEL && (op->mem & 1))) {
        f.use = dirty;
    }
    return f;
}

static bool is_set(const IrOp *op)
{
    return op->code == IR_SET;
}

static uint32_t dirty_after(const Gen *g, const GenBlock *b, uint32_t dirty)
{
    for (IrVal v = b->first; v < b->end; v++) {
        HomeFlow f = flow_of(g, &g->r->ops[v], dirty);
        dirty = (dirty & ~f.clean) | (is_set(&g->r->ops[v]) ? f.def : 0);
    }
    return dirty;
}

static void find_dirty(Gen *g)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (unsigned i = 0; i < g->nblocks; i++) {
            GenBlock *b = &g->blocks[i];
            uint32_t out = dirty_after(g, b, b->dirty_in);
            for (unsigned k = 0; k < b->nsucc; k++) {
                GenBlock *s = &g->blocks[b->succ[k]];
                changed |= (out & ~s->dirty_in) != 0;
                s->dirty_in |= out;
            }
        }
    }
}

/* Homes live before the block, of which live_out are after it. */
static uint32_t live_before(const Gen *g, const GenBlock *b)
{
    uint32_t live = 0, defined = 0, dirty = b->dirty_in;
    for (IrVal v = b->first; v < b->end; v++) {
        HomeFlow f = flow_of(g, &g->r->ops[v], dirty);
        live |= f.use & ~defined;
        defined |= f.def;
        dirty = (dirty & ~f.clean) | (is_set(&g->r->ops[v]) ? f.def : 0);
    }
    for (unsigned k = 0; k < b->nsucc; k++) {
        live |= g->blocks[b->succ[k]].live_in & ~defined;
    }
    return live;
}

static void find_live(Gen *g)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (unsigned i = g->nblocks; i-- > 0;) {
            uint32_t live = live_before(g, &g->blocks[i]);
            changed |= live != g->blocks[i].live_in;
            g->blocks[i].live_in = live;
        }
    }
}

/* An FP operation is recorded when something may look at FCSR.Cause before the next one. */
static void find_records(Gen *g)
{
    IrVal last = 0;
    for (IrVal v = 1; v < g->r->nops; v++) {
        const IrOp *op = &g->r->ops[v];
        unsigned effects = ir_op_info[op->code].effects;
        if ((effects & IR_FP) && g->r->fp_fast) {
            last = v;
        } else if (last && (op->code == IR_CALL || op->code == IR_LABEL || op->code == IR_BR ||
                            op->code == IR_BR_IF || (effects & (IR_RAISES | IR_EXITS | IR_ENDS)))) {
            g->v[last].record = true;
            last = 0;
        }
    }
}

void gen_plan(Gen *g)
{
    find_blocks(g);
    find_loops(g);
    find_lifetimes(g);
    choose_homes(g);
    find_hints(g);
    if (!g->once) {                 /* else homes are loaded where they are read first */
        find_dirty(g);
        find_live(g);
    }
    find_records(g);
}
