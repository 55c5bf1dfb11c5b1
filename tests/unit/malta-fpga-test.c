/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw-test.h"
#include "hw/misc/malta_fpga.h"

#define FPGA 0x1f000000

static void test_display(void)
{
    for (unsigned big = 0; big < 2; big++) {
        Bench *b = bench_new(big);
        for (unsigned i = 0; i < 8; i++) {
            phys_write(b, FPGA + 0x418 + 8 * i, (uint8_t)"LINUX ON"[i], 4);
        }
        g_assert_true(g_str_has_suffix(b->display.out->str, "\r........ LINUX ON"));
        phys_write(b, FPGA + 0x408, 0x81, 4);
        g_assert_true(g_str_has_suffix(b->display.out->str, "\r#......# LINUX ON"));
        g_assert_cmphex(phys_read(b, FPGA + 0x408, 4), ==, 0x81);
        phys_write(b, FPGA + 0x410, 0x00c0ffee, 4);
        g_assert_true(g_str_has_suffix(b->display.out->str, "#......# 00C0FFEE"));
        phys_write(b, FPGA + 0x418, 0x1b, 4);       /* nothing a terminal would obey */
        g_assert_true(g_str_has_suffix(b->display.out->str, "#......#  0C0FFEE"));
        check_round_trip(bench_device(b, "malta-fpga"));
        bench_free(b);
    }
}

static void test_registers(void)
{
    for (unsigned big = 0; big < 2; big++) {
        Bench *b = bench_new(big);
        g_assert_cmphex(phys_read(b, FPGA + 0x208, 4), ==, big ? 2 : 0);
        g_assert_cmphex(phys_read(b, FPGA + 0x208 + (big ? 3 : 0), 1), ==, big ? 2 : 0);
        g_assert_cmphex(phys_read(b, FPGA + 0x210, 4), ==, 0);
        g_assert_cmphex(phys_read(b, FPGA + 0x508, 4), ==, 0x0a);
        g_assert_cmphex(phys_read(b, FPGA + 0x300, 4), ==, 0);      /* unknown: no bus error */
        bench_free(b);
    }
}

static void test_reset(void)
{
    Bench *b = bench_new(true);
    b->m->no_reboot = true;
    phys_write(b, FPGA + 0x500, 0x41, 4);
    machine_unlock(b->m);
    while (g_main_context_iteration(b->m->context, FALSE)) {
    }
    machine_lock(b->m);
    g_assert_cmpint(b->m->shutdown_cause, ==, SHUTDOWN_NONE);
    phys_write(b, FPGA + 0x500, 0x42, 4);
    machine_unlock(b->m);
    while (g_main_context_iteration(b->m->context, FALSE)) {
    }
    machine_lock(b->m);
    g_assert_cmpint(b->m->shutdown_cause, ==, SHUTDOWN_GUEST_RESET);
    bench_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/malta-fpga/display", test_display);
    g_test_add_func("/malta-fpga/registers", test_registers);
    g_test_add_func("/malta-fpga/reset", test_reset);
    return g_test_run();
}
