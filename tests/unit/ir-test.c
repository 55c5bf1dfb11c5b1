/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IR: folding, the builder's slot knowledge, the verifier, dead code, the printer. */
#include "accel/tcg/ir.h"

#include <string.h>

static void test_fold(void)
{
    static const struct { IrCode code; IrType type; int64_t x, y, want; } cases[] = {
        { IR_ADD, IR_I32, 0x7fffffff, 1, INT32_MIN }, { IR_ADD, IR_I64, 0x7fffffff, 1, 0x80000000 },
        { IR_SHR, IR_I32, -1, 28, 0xf }, { IR_SAR, IR_I32, INT32_MIN, 31, -1 }, { IR_SHL, IR_I32, 1, 33, 2 },
        { IR_ROTR, IR_I32, 1, 1, INT32_MIN }, { IR_ROTR, IR_I64, 1, 0, 1 }, { IR_CLZ, IR_I32, 0, 0, 32 },
        { IR_CLZ, IR_I64, 1, 0, 63 }, { IR_SEXT8, IR_I32, 0x80, 0, -128 },
        { IR_BSWAP, IR_I32, 0x11223344, 0, 0x44332211 },
        { IR_DIVS, IR_I32, INT32_MIN, -1, INT32_MIN }, { IR_REMS, IR_I32, INT32_MIN, -1, 0 },
        { IR_DIVU, IR_I32, 5, 0, -1 }, { IR_REMS, IR_I64, -7, 2, -1 }, { IR_MULHS, IR_I32, -1, -1, 0 },
        { IR_MULHU, IR_I32, -1, -1, -2 }, { IR_MULHU, IR_I64, -1, -1, -2 }, { IR_LTU, IR_I32, 1, -1, 1 },
        { IR_LTS, IR_I32, 1, -1, 0 }, { IR_NOR, IR_I32, 0, 0, -1 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        int64_t got;
        g_assert_true(ir_fold(cases[i].code, cases[i].type, cases[i].x, cases[i].y, &got));
        g_assert_cmpint(got, ==, cases[i].want);
    }
    int64_t unused;
    g_assert_false(ir_fold(IR_LOAD, IR_I32, 0, 0, &unused));
}

static IrRegion *begin(void)
{
    IrRegion *r = ir_region_new();
    ir_reset(r, IR_I32, 0x200);
    ir_begin_insn(r, 0x1000, false);
    return r;
}

static void test_known_slots(void)
{
    IrRegion *r = begin();
    IrVal a = ir_get(r, IR_I32, 0x40);
    g_assert_cmpuint(ir_get(r, IR_I32, 0x40), ==, a);
    IrVal b = ir_bin(r, IR_ADD, a, ir_const(r, IR_I32, 1));
    ir_set(r, 0x40, b);
    g_assert_cmpuint(ir_get(r, IR_I32, 0x40), ==, b);
    ir_set(r, 0x3c, ir_const(r, IR_I64, 5));            /* overlaps */
    g_assert_cmpuint(ir_get(r, IR_I32, 0x40), !=, b);
    IrVal fcsr = ir_get(r, IR_I32, 0x200);
    IrVal f = ir_get(r, IR_F32, 0x80);
    ir_op(r, IR_FADD, IR_F32, f, f, 0, 0);              /* writes FCSR */
    g_assert_cmpuint(ir_get(r, IR_I32, 0x200), !=, fcsr);
    IrVal bits = ir_get(r, IR_I32, 0x80);               /* known as F32 */
    g_assert_cmpuint(r->ops[bits].code, ==, IR_BITS_IS);
    g_assert_cmpuint(ir_get(r, IR_I32, 0x80), ==, bits);
    g_assert_cmpuint(ir_get(r, IR_F32, 0x80), ==, f);
    ir_region_free(r);
}

static void test_verifier_accepts(void)
{
    IrRegion *r = begin();
    IrVal v = ir_load(r, IR_I32, 2, ir_get(r, IR_I32, 0x40), 8);
    ir_set(r, 0x48, v);
    ir_begin_insn(r, 0x1004, true);
    ir_trap_if(r, v, 13);
    ir_exit_if(r, v, 0x2000);
    ir_goto(r, 0x1008);
    g_assert_cmpstr(ir_verify(r), ==, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    ir_print(r, NULL, text);
    g_assert_nonnull(strstr(text->str, "load.i32 u32le"));
    g_assert_nonnull(strstr(text->str, "pc 0x1004 ds"));
    ir_region_free(r);
}

/* Where no FP operation can raise, none needs a snapshot. */
static void test_fp_fast(void)
{
    IrRegion *r = begin();
    r->fp_fast = true;
    IrVal f = ir_get(r, IR_F64, 0x80);
    IrVal sum = ir_op(r, IR_FADD, IR_F64, f, f, 0, 0);
    ir_goto(r, 0x1004);
    g_assert_cmpuint(r->ops[sum].snap, ==, IR_NO_SNAP);
    g_assert_cmpstr(ir_verify(r), ==, NULL);
    r->fp_fast = false;
    g_autofree char *problem = ir_verify(r);
    g_assert_nonnull(strstr(problem, "no snapshot"));
    ir_region_free(r);
}

/* Each way to be wrong is found. */
static void expect_problem(IrRegion *r, const char *what)
{
    g_autofree char *problem = ir_verify(r);
    g_assert_nonnull(problem);
    if (!strstr(problem, what)) {
        g_error("'%s' does not say '%s'", problem, what);
    }
    ir_region_free(r);
}

static IrRegion *valid(void)
{
    IrRegion *r = begin();
    IrVal v = ir_load(r, IR_I32, 2, ir_get(r, IR_I32, 0x40), 8);    /* 1 get, 2 load */
    IrVal w = ir_bin(r, IR_ADD, v, v);                              /* 3 */
    ir_set(r, 0x48, w);                                             /* 4 */
    ir_goto(r, 0x1008);                                             /* 5 */
    g_assert_cmpstr(ir_verify(r), ==, NULL);
    return r;
}

static void test_verifier_refuses(void)
{
    IrRegion *r = begin();
    expect_problem(r, "empty");
    r = valid();
    r->nops--;
    expect_problem(r, "does not end in a terminator");
    r = valid();
    r->ops[3].arg[1] = 4;
    expect_problem(r, "before it is defined");
    r = valid();
    r->ops[3].arg[0] = 0;
    expect_problem(r, "missing");
    r = valid();
    r->ops[3].type = IR_I64;
    expect_problem(r, "wrong type");
    r = valid();
    r->ops[2].mem = 3;
    expect_problem(r, "does not fit");
    r = valid();
    r->ops[2].snap = IR_NO_SNAP;
    expect_problem(r, "no snapshot");
    r = valid();
    r->ops[3].snap = 0;
    expect_problem(r, "cannot raise");
    r = valid();
    r->ops[4].type = IR_I64;
    expect_problem(r, "another type");
    r = valid();
    r->ops[3].code = IR_GOTO;
    expect_problem(r, "follows the terminator");
    r = valid();
    r->ops[3].code = IR_EXTRACT;
    r->ops[3].imm = 30 | 4 << 8;
    expect_problem(r, "outside its word");
    r = valid();
    r->ops[3].code = IR_OPCODES;
    expect_problem(r, "unknown operation");
}

/* A loop of two labels, and ways to get labels wrong. */
static IrRegion *loop(void)
{
    IrRegion *r = begin();
    ir_label(r, 0, 0x1000);                                         /* 1 */
    IrVal v = ir_get(r, IR_I32, 0x40);                              /* 2 */
    ir_br_if(r, v, 1);                                              /* 3 */
    ir_push_return(r, 0x1008);                                      /* 4 */
    ir_goto(r, 0x2000);                                             /* 5 */
    ir_label(r, 1, 0x1010);                                         /* 6 */
    IrVal w = ir_get(r, IR_I32, 0x40);                              /* 7 */
    g_assert_cmpuint(w, !=, v);
    ir_set(r, 0x44, w);                                             /* 8 */
    ir_br(r, 0);                                                    /* 9 */
    g_assert_cmpstr(ir_verify(r), ==, NULL);
    return r;
}

static void test_labels(void)
{
    IrRegion *r = loop();
    ir_dce(r);
    g_assert_cmpstr(ir_verify(r), ==, NULL);
    g_assert_cmpuint(r->ops[4].code, ==, IR_PUSH_RET);
    g_autoptr(GString) text = g_string_new(NULL);
    ir_print(r, NULL, text);
    g_assert_nonnull(strstr(text->str, "label L0   ; pc 0x1000 loop"));
    g_assert_nonnull(strstr(text->str, "br_if L1 %2"));
    g_assert_nonnull(strstr(text->str, "push_ret 0x1008"));
    g_assert_nonnull(strstr(text->str, "label L1   ; pc 0x1010\n"));
    ir_region_free(r);
    r = loop();
    r->ops[8].arg[0] = 2;
    expect_problem(r, "another basic block");
    r = loop();
    r->ops[3].imm = 2;
    expect_problem(r, "not there");
    r = loop();
    r->ops[6].imm = 0;
    expect_problem(r, "placed twice");
    r = loop();
    r->ops[5].code = IR_NONE;
    expect_problem(r, "follows no terminator");
    r = loop();
    r->ops[9].code = IR_NONE;
    r->nops--;
    expect_problem(r, "does not end in a terminator");
}

static void test_dce(void)
{
    IrRegion *r = begin();
    IrVal a = ir_get(r, IR_I32, 0x40);
    IrVal dead = ir_bin(r, IR_XOR, a, a);
    IrVal load = ir_load(r, IR_I32, 2, a, 0);
    ir_goto(r, 0x1004);
    ir_dce(r);
    g_assert_cmpuint(r->ops[dead].code, ==, IR_NONE);
    g_assert_cmpuint(r->ops[load].code, ==, IR_LOAD);   /* it may raise */
    g_assert_cmpuint(r->ops[a].code, ==, IR_GET);
    g_assert_cmpstr(ir_verify(r), ==, NULL);
    ir_region_free(r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ir/fold", test_fold);
    g_test_add_func("/ir/known-slots", test_known_slots);
    g_test_add_func("/ir/verifier/accepts", test_verifier_accepts);
    g_test_add_func("/ir/fp-fast", test_fp_fast);
    g_test_add_func("/ir/verifier/refuses", test_verifier_refuses);
    g_test_add_func("/ir/labels", test_labels);
    g_test_add_func("/ir/dce", test_dce);
    return g_test_run();
}
