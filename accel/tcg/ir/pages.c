/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads and stores near each other, with one base, share a look into the page tables: PAGE comes before
 * the first of them. Addresses that are constants share one when they are in the same page. Calls end
 * what may be shared, for they may change the tables.
 */
#include <string.h>
#include "accel/tcg/ir.h"

#define MAX_GROUPS 512
/* The more bytes, the more often they are not in one page. */
#define MAX_RANGE 512
/* So many share a look, or two of the same address, where nothing is to be compared. */
#define MIN_ACCESSES 3

typedef struct {
    IrVal root, first;          /* what the addresses are sums of, 0: constants; the first access */
    int64_t lo, hi;             /* offsets from the root: first and last byte */
    unsigned accesses;
    bool write, same;           /* same: all at one address */
} Group;

typedef struct {
    const IrRegion *r;
    Group group[MAX_GROUPS];
    unsigned n, open;           /* from open on they may grow */
    uint16_t *of;               /* by operation: number of its group + 1 */
} Pages;

IrVal ir_address_root(const IrRegion *r, IrVal v, int64_t *offset)
{
    *offset = 0;
    while (r->ops[v].code == IR_ADD && ir_is_const(r, r->ops[v].arg[1])) {
        *offset += r->ops[r->ops[v].arg[1]].imm;
        v = r->ops[v].arg[0];
    }
    if (ir_is_const(r, v)) {
        *offset = (int32_t)(*offset + r->ops[v].imm);
        return 0;
    }
    return v;
}

static bool fits(const Group *g, IrVal root, int64_t lo, int64_t hi)
{
    if (g->root != root) {
        return false;
    }
    lo = MIN(lo, g->lo);
    hi = MAX(hi, g->hi);
    return root ? hi - lo < MAX_RANGE : lo >> 12 == hi >> 12;
}

static void note_access(Pages *p, IrVal v)
{
    const IrOp *op = &p->r->ops[v];
    int64_t lo, hi;
    IrVal root = ir_address_root(p->r, op->arg[0], &lo);
    lo += op->imm;
    hi = lo + (1 << (op->mem & IR_MEM_SIZE)) - 1;
    unsigned i = p->n;
    while (i > p->open && !fits(&p->group[i - 1], root, lo, hi)) {
        i--;
    }
    if (i == p->open) {
        if (p->n == MAX_GROUPS) {
            return;
        }
        p->group[p->n] = (Group){ .root = root, .first = v, .lo = lo, .hi = hi, .same = true };
        i = ++p->n;
    }
    Group *g = &p->group[i - 1];
    g->same &= lo == g->lo;
    g->lo = MIN(lo, g->lo);
    g->hi = MAX(hi, g->hi);
    g->write |= op->code == IR_STORE;
    g->accesses++;
    p->of[v] = (uint16_t)i;
}

static bool is_worth_it(const Group *g)
{
    return g->accesses >= MIN_ACCESSES || (g->accesses == 2 && (g->same || !g->root));
}

static void find_groups(Pages *p)
{
    for (IrVal v = 1; v < p->r->nops; v++) {
        const IrOp *op = &p->r->ops[v];
        if (op->code == IR_LABEL || op->code == IR_CALL) {
            p->open = p->n;
        } else if ((op->code == IR_LOAD || op->code == IR_STORE) && !(op->mem & IR_MEM_UNALIGNED) &&
                   ir_type(p->r, op->arg[0]) == IR_I32) {
            note_access(p, v);
        }
    }
}

/* The PAGE of a group, before its first access; offsets are from that one's own base. */
static IrOp page_op(const Pages *p, const Group *g)
{
    const IrOp *first = &p->r->ops[g->first];
    int64_t base;
    ir_address_root(p->r, first->arg[0], &base);
    uint32_t lo = (uint32_t)(g->lo - base), hi = g->same ? lo : (uint32_t)(g->hi - base);
    return (IrOp){ .code = IR_PAGE, .type = IR_I64, .snap = IR_NO_SNAP, .mem = g->write,
                   .arg = { first->arg[0] }, .imm = (int64_t)(lo | (uint64_t)hi << 32) };
}

/* Copies the operations with the PAGEs between them; operations get new numbers. */
static void rebuild(IrRegion *r, const Pages *p)
{
    g_autofree IrVal *now = g_new0(IrVal, r->nops), *page = g_new0(IrVal, p->n + 1);
    IrOp *ops = g_new(IrOp, r->nops + p->n);
    IrVal n = 1;
    ops[0] = r->ops[0];
    for (IrVal v = 1; v < r->nops; v++) {
        IrOp op = r->ops[v];
        const Group *g = p->of[v] && is_worth_it(&p->group[p->of[v] - 1]) ? &p->group[p->of[v] - 1] : NULL;
        for (int i = 0; i < 3; i++) {
            op.arg[i] = now[op.arg[i]];
        }
        if (g && g->first == v) {
            ops[n] = page_op(p, g);
            ops[n].arg[0] = op.arg[0];
            page[p->of[v]] = n++;
        }
        if (g) {
            op.arg[op.code == IR_LOAD ? 1 : 2] = page[p->of[v]];
        }
        if (op.code == IR_LABEL) {
            r->label_op[op.imm] = n;
        }
        now[v] = n;
        ops[n++] = op;
    }
    for (unsigned i = 0; i < r->npending; i++) {
        r->pending[i].val = now[r->pending[i].val];
    }
    g_free(r->ops);
    r->ops = ops;
    r->cap = r->nops + p->n;
    r->nops = n;
}

void ir_pages(IrRegion *r)
{
    Pages p = { .r = r, .of = g_new0(uint16_t, r->nops) };
    find_groups(&p);
    bool any = false;
    for (unsigned i = 0; i < p.n; i++) {
        any |= is_worth_it(&p.group[i]);
    }
    if (any) {
        rebuild(r, &p);
    }
    g_free(p.of);
}
