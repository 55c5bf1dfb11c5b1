/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot stub, run: a CPU of a few instructions, on a board, checks what the chips and the
 * registers hold when the kernel is entered and what YAMON's services do.
 */
#include "hw-test.h"

#include "hw/mips/stub.h"

enum { V0 = 2, A0 = 4, A1 = 5, A2 = 6, SP = 29, RA = 31 };

#define RETURN UINT64_C(0xffffffff80001000)     /* what a service returns to */

typedef struct {
    Bench *b;
    uint64_t pc, r[32];
    uint32_t status;
    unsigned steps;
} Core;

static uint64_t phys(uint64_t vaddr)
{
    g_assert_cmphex(vaddr >> 30, ==, 0x3fffffffe);      /* kseg0 or kseg1 */
    return vaddr & 0x1fffffff;
}

static void load_store(Core *c, uint32_t w)
{
    unsigned rt = w >> 16 & 31;
    uint64_t at = phys(c->r[w >> 21 & 31] + (uint64_t)(int16_t)w);
    switch (w >> 26) {
    case 0x24: c->r[rt] = phys_read(c->b, at, 1); break;
    case 0x28: phys_write(c->b, at, c->r[rt], 1); break;
    case 0x2b: phys_write(c->b, at, (uint32_t)c->r[rt], 4); break;
    }
}

/* One instruction; the address of the next but one, where a branch may have put it. */
static uint64_t step(Core *c, uint32_t w, uint64_t next)
{
    unsigned rs = w >> 21 & 31, rt = w >> 16 & 31, rd = w >> 11 & 31, sa = w >> 6 & 31;
    switch (w >> 26) {
    case 0x00:
        switch (w & 63) {
        case 0x00: g_assert_cmphex(w, ==, 0); break;
        case 0x08: return c->r[rs];
        case 0x21: c->r[rd] = (uint64_t)(int32_t)(c->r[rs] + c->r[rt]); break;
        case 0x38: c->r[rd] = c->r[rt] << sa; break;
        default: g_error("SPECIAL %08x at %" G_GINT64_MODIFIER "x", w, c->pc);
        }
        break;
    case 0x04: return c->r[rs] == c->r[rt] ? c->pc + 4 + ((uint64_t)(int16_t)w << 2) : next;
    case 0x09: c->r[rt] = (uint64_t)(int32_t)(c->r[rs] + (uint64_t)(int16_t)w); break;
    case 0x0c: c->r[rt] = c->r[rs] & (w & 0xffff); break;
    case 0x0d: c->r[rt] = c->r[rs] | (w & 0xffff); break;
    case 0x0f: c->r[rt] = (uint64_t)(int32_t)(w << 16); break;
    case 0x10: g_assert_cmphex(w & 0xffe0ffff, ==, 0x40806000); c->status = (uint32_t)c->r[rt]; break;
    case 0x24: case 0x28: case 0x2b: load_store(c, w); break;
    default: g_error("instruction %08x at %" G_GINT64_MODIFIER "x", w, c->pc);
    }
    c->r[0] = 0;
    return next;
}

/* Runs until pc is end, 1000 instructions at most; false: it did not get there. */
static bool run(Core *c, uint64_t pc, uint64_t end)
{
    uint64_t next = pc + 4;
    c->pc = pc;
    for (c->steps = 0; c->steps < 1000 && c->pc != end; c->steps++) {
        uint32_t w = (uint32_t)phys_read(c->b, phys(c->pc), 4);
        uint64_t after = step(c, w, next + 4);
        c->pc = next;
        next = after;
    }
    return c->pc == end;
}

static Core *core_new(bool big, bool is_64bit, uint64_t entry)
{
    StubConfig config = {
        .big_endian = big, .is_64bit = is_64bit, .entry = entry, .sp = 0xffffffff80001fc0,
        .args = { 2, 0xffffffff80002000, 0xffffffff80002008, 0x10000000 },
    };
    Core *c = g_new0(Core, 1);
    c->b = bench_new(big);
    machine_reset(c->b->m);
    memset(malta_flash(c->b->m), 0xff, 0x1000);
    stub_write(malta_flash(c->b->m), &config);
    return c;
}

static void core_free(Core *c)
{
    bench_free(c->b);
    g_free(c);
}

static void test_entry(void)
{
    for (unsigned i = 0; i < 4; i++) {
        bool big = i & 1, wide = i & 2;
        uint64_t entry = wide ? 0xa800000000100400 : 0xffffffff80100400;
        Core *c = core_new(big, wide, entry);
        g_assert_true(run(c, 0xffffffffbfc00000, entry));
        g_assert_cmphex(c->r[A0], ==, 2);
        g_assert_cmphex(c->r[A0 + 1], ==, 0xffffffff80002000);
        g_assert_cmphex(c->r[A0 + 2], ==, 0xffffffff80002008);
        g_assert_cmphex(c->r[A0 + 3], ==, 0x10000000);
        g_assert_cmphex(c->r[SP], ==, 0xffffffff80001fc0);
        g_assert_cmphex(c->status, ==, wide ? 0x004000e0 : 0x00400000);
        static const struct { unsigned reg; uint32_t value; } gt[] = {
            { 0x068, 0x0df }, { 0x048, 0x0c0 }, { 0x050, 0x040 }, { 0x058, 0x080 }, { 0x060, 0x03f },
            { 0x080, 0x0c1 }, { 0x088, 0x05e },
        };
        for (unsigned n = 0; n < G_N_ELEMENTS(gt); n++) {
            g_assert_cmphex(gt_read(c->b, GT_BASE, gt[n].reg), ==, gt[n].value);
        }
        gt_write(c->b, GT_BASE, 0xcf8, 0x80005060);         /* the PIIX4's interrupt routes */
        g_assert_cmphex(phys_read(c->b, GT_BASE + 0xcfc, 4), ==, 0x0b0b0a0a);
        g_assert_cmphex(inb(c->b, 0x4d1), ==, 0x0c);         /* level-triggered */
        gt_write(c->b, GT_BASE, 0xcf8, 0x80005340);         /* its power management ports */
        g_assert_cmphex(phys_read(c->b, GT_BASE + 0xcfc, 4) & 0xffc0, ==, 0x1000);
        core_free(c);
    }
}

/* Where the vector at offset points. */
static uint64_t vector(Core *c, unsigned offset)
{
    return (uint64_t)(int32_t)phys_read(c->b, 0x1fc00000 + offset, 4);
}

static Core *enter_service(bool big)
{
    Core *c = core_new(big, false, 0xffffffff80100400);
    g_assert_true(run(c, 0xffffffffbfc00000, 0xffffffff80100400));
    outb(c->b, 0x3fb, 0x03);
    c->r[RA] = RETURN;
    return c;
}

static void test_print(void)
{
    for (unsigned big = 0; big < 2; big++) {
        Core *c = enter_service(big);
        memcpy(malta_ram(c->b->m) + 0x3000, "hello, board", 13);
        c->r[A1] = 0xffffffff80003000;
        c->r[A2] = 5;
        g_assert_true(run(c, vector(c, 0x504), RETURN));
        g_assert_cmpstr(c->b->serial[0].out->str, ==, "hello");
        c->r[A1] = 0xffffffff80003000;
        c->r[A2] = 0;
        g_assert_true(run(c, vector(c, 0x504), RETURN));
        g_assert_cmpstr(c->b->serial[0].out->str, ==, "hello");
        c->r[A1] = 0xffffffff80003005;
        g_assert_true(run(c, vector(c, 0x534), RETURN));
        g_assert_cmpstr(c->b->serial[0].out->str, ==, "hello, board");
        core_free(c);
    }
}

static void test_others_return(void)
{
    for (unsigned big = 0; big < 2; big++) {
        Core *c = enter_service(big);
        for (unsigned offset = 0x50c; offset <= 0x554; offset += 4) {
            if (offset != 0x520 && offset != 0x534) {
                c->r[V0] = 77;
                g_assert_true(run(c, vector(c, offset), RETURN));
                g_assert_cmpuint(c->r[V0], ==, 0);
            }
        }
        core_free(c);
    }
}

static void test_exit(void)
{
    static const unsigned exits[] = { 0x500, 0x520 };
    for (unsigned i = 0; i < 4; i++) {
        Core *c = enter_service(i & 1);
        c->b->m->no_reboot = true;
        g_assert_false(run(c, vector(c, exits[i >> 1]), RETURN));
        machine_unlock(c->b->m);
        while (g_main_context_iteration(c->b->m->context, FALSE)) {
        }
        machine_lock(c->b->m);
        g_assert_cmpint(c->b->m->shutdown_cause, ==, SHUTDOWN_GUEST_RESET);
        core_free(c);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stub/entry", test_entry);
    g_test_add_func("/stub/print", test_print);
    g_test_add_func("/stub/others-return", test_others_return);
    g_test_add_func("/stub/exit", test_exit);
    return g_test_run();
}
