/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-balloon-pci: VIRTIO 1.1, section 5.5. */
#include "virtio.h"

#define PAGE 4096u
#define VICTIM (VD_DATA + 0x10000u)
#define RAM (128u << 20)

static void start(Virtio *v)
{
    vd_accept(v, 0);
    vd_queue(v, 0);
    vd_queue(v, 1);
    vd_ready(v);
}

/* Numbers of the configuration are little endian with both interfaces. */
static uint32_t config(Virtio *v, unsigned at)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++) {
        value |= (uint32_t)vd_config(v, at + i, 1) << (8 * i);
    }
    return value;
}

/* A page in the balloon is the host's again: it reads as zeros; others stay. Numbers that are no page do
 * nothing. */
static void test_inflate(Virtio *v)
{
    const VdBuffer b = { VD_DATA, 12, false };
    start(v);
    ram_put(v->q, VICTIM, 8, 0x1122334455667788);
    ram_put(v->q, VICTIM + PAGE, 8, 0x1122334455667788);
    vd_put(v, VD_DATA, 4, VICTIM / PAGE);
    vd_put(v, VD_DATA + 4, 4, 0x1e000);                         /* flash */
    vd_put(v, VD_DATA + 8, 4, UINT32_MAX);
    g_assert_cmpuint(vd_do(v, 0, &b, 1), ==, 0);
    g_assert_cmphex(ram_get(v->q, VICTIM, 8), ==, 0);
    g_assert_cmphex(ram_get(v->q, VICTIM + PAGE, 8), ==, 0x1122334455667788);
    g_assert_cmpuint(vd_do(v, 1, &b, 1), ==, 0);
    ram_put(v->q, VICTIM, 8, 5);
    g_assert_cmphex(ram_get(v->q, VICTIM, 8), ==, 5);
}

static gint64 actual(QTest *q)
{
    JsonNode *node = qt_qmp(q, "{\"execute\": \"query-balloon\"}");
    g_assert_nonnull(node);
    gint64 value = json_object_get_int_member(json_node_get_object(node), "actual");
    json_node_unref(node);
    return value;
}

static void test_target(Virtio *v)
{
    start(v);
    g_assert_cmpint(actual(v->q), ==, RAM);
    JsonNode *done = qt_qmp(v->q, "{\"execute\": \"balloon\", \"arguments\": {\"value\": 117440512}}");
    g_assert_nonnull(done);
    json_node_unref(done);
    g_assert_cmphex(vd_isr(v), ==, 2);
    g_assert_cmpuint(config(v, 0), ==, (RAM - 117440512) / PAGE);
    for (unsigned i = 0; i < 4; i++) {
        vd_set_config(v, 4 + i, 1, 0x1000u >> (8 * i) & 0xff);
    }
    g_assert_cmpuint(config(v, 4), ==, 0x1000);
    g_assert_cmpint(actual(v->q), ==, RAM - 0x1000 * PAGE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    vd_add_test("/virtio-balloon/inflate", "-m 128 -device virtio-balloon-pci,addr=0d", test_inflate);
    vd_add_test("/virtio-balloon/target", "-m 128 -device virtio-balloon-pci,addr=0d", test_target);
    return g_test_run();
}
