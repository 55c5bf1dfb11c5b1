/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The protocol itself: replies, errors, the clock, a machine without a board. */
#include <string.h>
#include "client.h"

static void expect(QTest *q, const char *line, const char *reply)
{
    g_autofree char *got = qt_ask(q, "%s", line);
    if (!g_str_has_prefix(got, reply)) {
        g_error("%s: %s, not %s", line, got, reply);
    }
}

static void test_memory(QTest *q)
{
    static const char *const cases[][2] = {
        { "write 0x1000 8 0x0102030405060708", "OK" }, { "read 0x1000 8", "OK 0x0102030405060708" },
        { "write 0x1000 4 0xa", "OK" }, { "read 0x1000 5", "OK 0xa00000000" },
        { "write 0x1000 4 0x", "ERR invalid argument size" }, { "read 0x1000 0", "ERR" },
        { "write 0x1000 4 0xgg", "FAIL" }, { "memset 0x2000 0 1", "OK" }, { "memset 0x2000 3 0xff", "OK" },
        { "read 0x2000 4", "OK 0xffffff00" }, { "b64write 0x3000 3 YWJj", "OK" },
        { "b64read 0x3000 3", "OK YWJj" }, { "read 010 1", "OK 0x00" },
        { "b64write 0x3000 4 YWJj", "FAIL" }, { "read 0 0x7fffffffffff", "FAIL" },
        { "memset 0xffffffffffffffff 2 0", "FAIL" }, { "writeb 0x4000", "FAIL" }, { "readb zzz", "FAIL" },
        { "readb 0x11111111111111111", "FAIL" }, { "inb 0x10000", "FAIL" },
        { "frobnicate 1 2", "FAIL Unknown command 'frobnicate'" }, { "", "FAIL Unknown command ''" },
        { "module_load hw- display", "FAIL" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        expect(q, cases[i][0], cases[i][1]);
    }
    qt_write(q, 0x5001, 0x1122334455667788, 8);
    g_assert_cmphex(qt_read(q, 0x5001, 8), ==, 0x1122334455667788);
    expect(q, "read 0x5001 2", qt_big(q) ? "OK 0x1122" : "OK 0x8877");
}

static void test_long_reply(QTest *q)
{
    g_autofree char *text = qt_ok(q, "read 0 8388608");
    g_assert_cmpuint(strlen(text), ==, 2 + 2 * 8388608);
    g_assert_cmpuint(strspn(text + 2, "0"), ==, 2 * 8388608);
}

static void test_clock(QTest *q)
{
    expect(q, "clock_step", "FAIL");
    expect(q, "clock_step 0", "FAIL");
    g_assert_cmpint(qt_step(q, 1000), ==, 1000);
    expect(q, "clock_set 5000", "OK 5000");
    expect(q, "clock_set 4000", "FAIL 5000");
    json_node_unref(qt_qmp(q, "{\"execute\": \"stop\"}"));
    expect(q, "clock_step 10", "FAIL");
    json_node_unref(qt_qmp(q, "{\"execute\": \"cont\"}"));
    g_usleep(20000);
    expect(q, "clock_step 10", "OK 5010");
}

static void test_lines(QTest *q)
{
    expect(q, "irq_intercept_in /machine/unattached/device[99]", "FAIL Unknown device");
    expect(q, "irq_intercept_in /machine/unattached", "FAIL Unknown device");
    expect(q, "irq_intercept_out /machine/unattached/device[1] frob", "FAIL No intercepts installed");
    expect(q, "set_irq_in /machine/unattached/device[3] frob 0 1", "FAIL");
    expect(q, "set_irq_in /machine/unattached/device[3] unnamed-gpio-in 16 1", "FAIL");
    expect(q, "set_irq_in /machine/unattached/device[3] unnamed-gpio-in -1 1", "FAIL");
    expect(q, "irq_intercept_in /machine/unattached/device[3]", "OK");
    expect(q, "irq_intercept_in /machine/unattached/device[3]", "OK");
    expect(q, "irq_intercept_out /machine/unattached/device[1]", "FAIL IRQ intercept already enabled");
    expect(q, "set_irq_in /machine/unattached/device[3] unnamed-gpio-in 7 1", "OK");
    expect(q, "set_irq_in /machine/unattached/device[3] unnamed-gpio-in 7 1", "OK");
    g_assert_cmpuint(qt_rises(q, 7), ==, 1);
}

static void test_run_state(QTest *q)
{
    g_autoptr(JsonNode) status = qt_qmp(q, "{\"execute\": \"query-status\"}");
    g_assert_cmpstr(json_object_get_string_member(json_node_get_object(status), "status"), ==, "running");
}

static void test_stopped(QTest *q)
{
    g_autoptr(JsonNode) status = qt_qmp(q, "{\"execute\": \"query-status\"}");
    g_assert_cmpstr(json_object_get_string_member(json_node_get_object(status), "status"), ==, "prelaunch");
    expect(q, "clock_step 10", "FAIL");
    expect(q, "readb 0", "OK 0x0000000000000000");
}

static void test_no_board(void)
{
    QTest *q = qt_start("-machine none -m 1", false);
    qt_write(q, 0x100, 0xabcd, 4);
    g_assert_cmphex(qt_read(q, 0x100, 4), ==, 0xabcd);
    expect(q, "inb 0x60", "FAIL");
    g_assert_cmpint(qt_step(q, 7), ==, 7);
    qt_end(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/protocol/memory", NULL, test_memory);
    qt_add("/protocol/long-reply", NULL, test_long_reply);
    qt_add("/protocol/clock", NULL, test_clock);
    qt_add("/protocol/lines", NULL, test_lines);
    qt_add("/protocol/run-state", NULL, test_run_state);
    qt_add("/protocol/stopped", "-S", test_stopped);
    g_test_add_func("/protocol/no-board", test_no_board);
    return g_test_run();
}
