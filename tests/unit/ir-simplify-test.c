/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the builder makes cheaper: the operations it makes, and that they mean the same. */
#include "accel/tcg/ir.h"

#include <string.h>

static IrRegion *begin(void)
{
    IrRegion *r = ir_region_new();
    ir_reset(r, IR_I64, 0x200);
    ir_begin_insn(r, 0x1000, false);
    return r;
}

static void expect_op(const IrRegion *r, IrVal v, IrCode code, IrVal a, IrVal b)
{
    const IrOp *op = &r->ops[v];
    if (op->code != code || op->arg[0] != a || (b && op->arg[1] != b)) {
        g_autoptr(GString) text = g_string_new(NULL);
        ir_print(r, NULL, text);
        g_error("%%%u is not %s of %%%u, %%%u:\n%s", v, ir_op_info[code].text, a, b, text->str);
    }
}

static void test_widths(void)
{
    IrRegion *r = begin();
    IrVal x = ir_get(r, IR_I64, 0x40), w = ir_get(r, IR_I32, 0x48);
    IrVal low = ir_to_i32(r, x);
    expect_op(r, ir_to_i64(r, low), IR_SEXT32, x, 0);
    expect_op(r, ir_to_i64u(r, low), IR_EXT_U, low, 0);
    IrVal s = ir_to_i64(r, w), u = ir_to_i64u(r, w);
    g_assert_cmpuint(ir_to_i32(r, s), ==, w);
    g_assert_cmpuint(ir_to_i32(r, u), ==, w);
    g_assert_cmpuint(ir_un(r, IR_SEXT32, s), ==, s);
    expect_op(r, ir_un(r, IR_SEXT32, u), IR_SEXT32, u, 0);
    IrVal less = ir_bin(r, IR_LTU, x, s);
    g_assert_cmpuint(ir_un(r, IR_SEXT32, less), ==, less);
    g_assert_cmpuint(ir_un(r, IR_SEXT8, less), ==, less);
    expect_op(r, ir_to_i32(r, ir_un(r, IR_SEXT32, x)), IR_TRUNC, x, 0);
    IrVal half = ir_load(r, IR_I64, 1 | IR_MEM_SIGNED, x, 0);
    IrVal both = ir_bin(r, IR_OR, half, less);
    g_assert_cmpuint(ir_un(r, IR_SEXT16, both), ==, both);
    expect_op(r, ir_un(r, IR_SEXT8, both), IR_SEXT8, both, 0);
    ir_region_free(r);
}

static void test_bits(void)
{
    IrRegion *r = begin();
    IrVal x = ir_get(r, IR_I64, 0x40), y = ir_get(r, IR_I64, 0x48);
    IrVal byte = ir_load(r, IR_I64, 0, x, 0);
    g_assert_cmpuint(ir_bin(r, IR_AND, byte, ir_const(r, IR_I64, 0xff)), ==, byte);
    g_assert_cmpuint(ir_extract(r, byte, 0, 8), ==, byte);
    g_assert_cmpuint(ir_bin(r, IR_AND, x, ir_const(r, IR_I64, -1)), ==, x);
    IrVal mixed = ir_deposit(r, x, byte, 16, 8);
    g_assert_cmpuint(ir_extract(r, mixed, 16, 8), ==, byte);
    expect_op(r, ir_extract(r, mixed, 17, 8), IR_EXTRACT, mixed, 0);
    expect_op(r, ir_extract(r, ir_deposit(r, x, y, 4, 5), 4, 5), IR_EXTRACT, y, 0);
    g_assert_cmpuint(ir_deposit(r, x, y, 0, 64), ==, y);
    ir_region_free(r);
}

static void test_compares(void)
{
    IrRegion *r = begin();
    IrVal x = ir_get(r, IR_I64, 0x40), y = ir_get(r, IR_I64, 0x48), zero = ir_const(r, IR_I64, 0);
    IrVal less = ir_bin(r, IR_LTS, x, y);
    g_assert_cmpuint(ir_bin(r, IR_NE, less, zero), ==, less);
    expect_op(r, ir_bin(r, IR_EQ, less, zero), IR_GES, x, y);
    expect_op(r, ir_bin(r, IR_LTU, zero, x), IR_NE, x, zero);
    IrVal is_zero = ir_bin(r, IR_LTU, x, ir_const(r, IR_I64, 1));
    expect_op(r, is_zero, IR_EQ, x, 0);
    IrVal chosen = ir_select(r, is_zero, x, y);
    expect_op(r, chosen, IR_SELECT, x, y);
    g_assert_cmpuint(r->ops[chosen].arg[2], ==, x);
    expect_op(r, ir_bin(r, IR_SUB, zero, x), IR_NEG, x, 0);
    g_assert_true(ir_is_const(r, ir_bin(r, IR_XOR, y, y)));
    ir_region_free(r);
}

/* Sums with constants are added up only while the first operand is at hand in its slot. */
static void test_addresses(void)
{
    IrRegion *r = begin();
    IrVal x = ir_get(r, IR_I64, 0x40);
    IrVal sum = ir_bin(r, IR_ADD, x, ir_const(r, IR_I64, 8));
    ir_set(r, 0x48, sum);
    IrVal load = ir_load(r, IR_I64, 3, sum, -16);
    expect_op(r, load, IR_LOAD, x, 0);
    g_assert_cmpint(r->ops[load].imm, ==, -8);
    IrVal more = ir_bin(r, IR_ADD, sum, ir_const(r, IR_I64, 4));
    expect_op(r, more, IR_ADD, x, 0);
    g_assert_cmpint(r->ops[r->ops[more].arg[1]].imm, ==, 12);
    ir_set(r, 0x40, more);
    expect_op(r, ir_load(r, IR_I64, 3, more, 0), IR_LOAD, more, 0);
    IrVal far = ir_bin(r, IR_ADD, sum, ir_const(r, IR_I64, INT32_MAX));
    expect_op(r, ir_load(r, IR_I64, 3, far, 1), IR_LOAD, far, 0);
    ir_region_free(r);
}

/* ---- random expressions: what they are worth, operation by operation ---- */

static uint64_t seed;

static uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static int64_t cut(IrType type, uint64_t v)
{
    return type == IR_I32 ? (int32_t)v : (int64_t)v;
}

static uint64_t field_mask(int64_t imm)
{
    return (~UINT64_C(0) >> (64 - (imm >> 8))) << (imm & 0xff);
}

/* Loads and slots have the bits of their number, whatever the address. */
static uint64_t raw(const IrOp *op)
{
    return ((uint64_t)op->imm + 1) * 0x9e3779b97f4a7c15u ^ (uint64_t)op->imm << 31;
}

static uint64_t loaded(const IrOp *op)
{
    unsigned size = 8u << (op->mem & IR_MEM_SIZE);
    uint64_t v = raw(op) << (64 - size);
    return op->mem & IR_MEM_SIGNED ? (uint64_t)((int64_t)v >> (64 - size)) : v >> (64 - size);
}

static int64_t worth(const IrOp *op, int64_t a, int64_t b, int64_t c)
{
    IrType type = op->type;
    uint64_t mask;
    int64_t v = 0;
    switch (op->code) {
    case IR_CONST:   return op->imm;
    case IR_GET:     return cut(type, raw(op));
    case IR_LOAD:    return cut(type, loaded(op));
    case IR_SELECT:  return a ? b : c;
    case IR_EXT_S:   return a;
    case IR_EXT_U:   return (uint32_t)a;
    case IR_TRUNC:   return (int32_t)a;
    case IR_EXTRACT:
        mask = field_mask(op->imm);
        return cut(type, ((uint64_t)a & mask) >> (op->imm & 0xff));
    case IR_DEPOSIT:
        mask = field_mask(op->imm);
        return cut(type, ((uint64_t)a & ~mask) | ((uint64_t)b << (op->imm & 0xff) & mask));
    default:
        g_assert_true(ir_fold(op->code, type, a, b, &v));
        return v;
    }
}

/* Values of the region as it is, up to the last. */
static int64_t evaluate(const IrRegion *r, IrVal last)
{
    g_autofree int64_t *value = g_new0(int64_t, r->nops);
    for (IrVal v = 1; v <= last; v++) {
        const IrOp *op = &r->ops[v];
        value[v] = worth(op, value[op->arg[0]], value[op->arg[1]], value[op->arg[2]]);
    }
    return value[last];
}

typedef struct { IrVal v; int64_t value; } Node;

static Node node(const IrRegion *r, IrVal v, IrOp as, Node a, Node b, Node c)
{
    as.type = r->ops[v].type;
    return (Node){ v, worth(&as, a.value, b.value, c.value) };
}

/* One more value from those there are, and what it is worth if nothing is simplified. */
static Node grow(IrRegion *r, const Node *from, unsigned n)
{
    static const int64_t constants[] = {
        0, 1, -1, 8, 31, 0xff, 0xffff, 0x7fffffff, INT32_MIN, 0xffffffff, -4,
    };
    static const IrCode uns[] = { IR_NOT, IR_NEG, IR_CLZ, IR_BSWAP, IR_SEXT8, IR_SEXT16, IR_SEXT32 };
    Node a = from[next() % n], b = from[next() % n], c = from[next() % n], none = { 0, 0 };
    IrType type = ir_type(r, a.v);
    if (ir_type(r, b.v) != type) {
        b = a;
    }
    if (ir_type(r, c.v) != type) {
        c = b;
    }
    if (next() % 3 == 0) {
        int64_t k = cut(type, (uint64_t)constants[next() % G_N_ELEMENTS(constants)]);
        b = (Node){ ir_const(r, type, k), k };
    }
    unsigned width = type == IR_I64 ? 64 : 32, pos = (unsigned)(next() % width);
    unsigned len = 1 + (unsigned)(next() % (width - pos)), mem = (unsigned)(next() & 7);
    IrOp as = { .imm = pos | len << 8, .mem = (uint8_t)mem };
    IrVal v;
    switch (next() % 10) {
    case 0:
        as.code = uns[next() % G_N_ELEMENTS(uns)];
        return node(r, ir_un(r, as.code, a.v), as, a, none, none);
    case 1:
        as.code = type == IR_I64 ? IR_TRUNC : next() & 1 ? IR_EXT_S : IR_EXT_U;
        v = type == IR_I64 ? ir_to_i32(r, a.v) : as.code == IR_EXT_S ? ir_to_i64(r, a.v) : ir_to_i64u(r, a.v);
        return node(r, v, as, a, none, none);
    case 2:
        as.code = IR_EXTRACT;
        return node(r, ir_extract(r, a.v, pos, len), as, a, none, none);
    case 3:
        as.code = IR_DEPOSIT;
        return node(r, ir_deposit(r, a.v, b.v, pos, len), as, a, b, none);
    case 4:
        as.code = IR_SELECT;
        return node(r, ir_select(r, a.v, b.v, c.v), as, a, b, c);
    case 5:
        as.code = IR_LOAD;
        as.imm = (int64_t)(next() & 0x7f8);
        if ((mem & IR_MEM_SIZE) == 3 && type == IR_I32) {
            as.mem = 2;
        }
        return node(r, ir_load(r, type, as.mem, ir_const(r, IR_I64, 0), as.imm), as, none, none, none);
    default:
        as.code = IR_ADD + (IrCode)(next() % (IR_GEU - IR_ADD + 1));
        return node(r, ir_bin(r, as.code, a.v, b.v), as, a, b, none);
    }
}

static void test_random(void)
{
    enum { SIZE = 24 };
    seed = 88172645463325252u;
    for (unsigned i = 0; i < 60000; i++) {
        IrRegion *r = begin();
        Node nodes[SIZE];
        for (unsigned k = 0; k < 4; k++) {
            IrVal v = ir_get(r, k & 1 ? IR_I64 : IR_I32, 0x40 + 8 * (next() % 16));
            nodes[k] = (Node){ v, evaluate(r, v) };
        }
        for (unsigned k = 4; k < SIZE; k++) {
            nodes[k] = grow(r, nodes, k);
            int64_t got = evaluate(r, nodes[k].v);
            if (got != nodes[k].value) {
                g_autoptr(GString) text = g_string_new(NULL);
                ir_print(r, NULL, text);
                g_error("%u: %%%u is %" G_GINT64_MODIFIER "x, not %" G_GINT64_MODIFIER "x:\n%s", i,
                        nodes[k].v, got, nodes[k].value, text->str);
            }
        }
        ir_goto(r, 0);
        g_assert_cmpstr(ir_verify(r), ==, NULL);
        ir_region_free(r);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ir-simplify/widths", test_widths);
    g_test_add_func("/ir-simplify/bits", test_bits);
    g_test_add_func("/ir-simplify/compares", test_compares);
    g_test_add_func("/ir-simplify/addresses", test_addresses);
    g_test_add_func("/ir-simplify/random", test_random);
    return g_test_run();
}
