/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 82371AB function 3: data sheet chapter 7. Its registers are put at port 0x1000. */
#include "client.h"

#define PM 0x1000

/* A word of the ISA side: little endian whatever the CPU is. */
static uint32_t pm_read(QTest *q, unsigned reg)
{
    uint32_t v = (uint32_t)qt_read(q, QT_IO + PM + reg, 4);
    return qt_big(q) ? GUINT32_SWAP_LE_BE(v) : v;
}

static void pm_write(QTest *q, unsigned reg, uint32_t v)
{
    qt_write(q, QT_IO + PM + reg, qt_big(q) ? GUINT32_SWAP_LE_BE(v) : v, 4);
}

static void enable(QTest *q)
{
    pci_write(q, 10, 3, 0x40, PM);
    pci_write(q, 10, 3, 0x80, 1);
    g_assert_cmphex(pci_read(q, 10, 3, 0x40), ==, PM | 1);
}

static void test_timer(QTest *q)
{
    enable(q);
    uint32_t before = pm_read(q, 8);
    qt_step(q, 1000000000);
    g_assert_cmpuint(pm_read(q, 8) - before, ==, 3579545);
}

/* Bit 23 changes after 2.34 seconds, which raises the SCI when that is enabled. */
static void test_overflow(QTest *q)
{
    enable(q);
    qt_listen_out(q, "PIIX4_PM", 0, NULL);
    pm_write(q, 0, 0x00010000);
    pm_write(q, 4, 1);
    qt_step(q, 2343000000);
    g_assert_false(qt_level(q, 0));
    qt_step(q, 1000000);
    g_assert_true(qt_level(q, 0));
    pm_write(q, 0, 0x00010001);
    g_assert_false(qt_level(q, 0));
}

static void test_power_button(QTest *q)
{
    enable(q);
    qt_listen_out(q, "PIIX4_PM", 0, NULL);
    pm_write(q, 0, 0x01000000);
    pm_write(q, 4, 1);
    json_node_unref(qt_qmp(q, "{\"execute\": \"system_powerdown\"}"));
    g_assert_cmphex(pm_read(q, 0), ==, 0x01000100);
    g_assert_true(qt_level(q, 0));
}

/* The button works again after it was acknowledged, and asks for nothing while SCI is off. */
static void test_button_again(QTest *q)
{
    enable(q);
    qt_listen_out(q, "PIIX4_PM", 0, NULL);
    pm_write(q, 0, 0x01000000);
    json_node_unref(qt_qmp(q, "{\"execute\": \"system_powerdown\"}"));
    g_assert_cmphex(pm_read(q, 0), ==, 0x01000100);
    g_assert_false(qt_level(q, 0));
    pm_write(q, 4, 1);
    g_assert_true(qt_level(q, 0));
    pm_write(q, 0, 0x01000100);
    g_assert_false(qt_level(q, 0));
    json_node_unref(qt_qmp(q, "{\"execute\": \"system_powerdown\"}"));
    g_assert_cmphex(pm_read(q, 0), ==, 0x01000100);
    g_assert_true(qt_level(q, 0));
}

static char *status(QTest *q)
{
    g_autoptr(JsonNode) reply = qt_qmp(q, "{\"execute\": \"query-status\"}");
    return g_strdup(json_object_get_string_member(json_node_get_object(reply), "status"));
}

/* SUS_EN with type 0; the other types are not there, and leave the machine as it is. */
static void test_soft_off(QTest *q)
{
    enable(q);
    for (unsigned type = 5; type > 0; type--) {
        pm_write(q, 4, 0x2000 | type << 10);
        g_autofree char *now = status(q);
        g_assert_cmpstr(now, ==, "running");
        g_assert_cmphex(pm_read(q, 4) & 0x3c00, ==, type << 10);
    }
    pm_write(q, 4, 0x2000);
    for (int i = 0; i < 100; i++) {
        g_autofree char *now = status(q);
        if (strcmp(now, "shutdown") == 0) {
            return;
        }
        g_usleep(10000);
    }
    g_assert_not_reached();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/piix4-pm/timer", NULL, test_timer);
    qt_add("/piix4-pm/overflow", NULL, test_overflow);
    qt_add("/piix4-pm/power-button", NULL, test_power_button);
    qt_add("/piix4-pm/button-again", NULL, test_button_again);
    qt_add("/piix4-pm/soft-off", "-no-shutdown", test_soft_off);
    return g_test_run();
}
