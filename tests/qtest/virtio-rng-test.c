/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-rng-pci: VIRTIO 1.1, section 5.4. */
#include "virtio.h"

#include <string.h>

static void start(Virtio *v)
{
    vd_accept(v, 0);
    vd_queue(v, 0);
    vd_ready(v);
}

static void test_bytes(Virtio *v)
{
    static const uint8_t zeros[64];
    const VdBuffer b = { VD_DATA, 64, true };
    uint8_t first[64], second[64];
    start(v);
    g_assert_cmpuint(vd_do(v, 0, &b, 1), ==, 64);
    ram_read(v->q, VD_DATA, first, 64);
    g_assert_cmpuint(vd_do(v, 0, &b, 1), ==, 64);
    ram_read(v->q, VD_DATA, second, 64);
    g_assert_cmpint(memcmp(first, zeros, 64), !=, 0);
    g_assert_cmpint(memcmp(first, second, 64), !=, 0);
}

/* 100 bytes a second; a reset of the device does not give more. */
static void test_limit(Virtio *v)
{
    const VdBuffer b = { VD_DATA, 64, true };
    uint32_t len;
    start(v);
    g_assert_cmpuint(vd_do(v, 0, &b, 1), ==, 64);
    g_assert_cmpuint(vd_do(v, 0, &b, 1), ==, 36);
    vd_reset(v);
    start(v);
    vd_add(v, 0, &b, 1, false);
    vd_kick(v, 0);
    g_assert_false(vd_used(v, 0, &len));
    qt_step(v->q, 900000000);
    g_assert_false(vd_used(v, 0, &len));
    qt_step(v->q, 200000000);
    g_assert_cmpuint(vd_wait(v, 0), ==, 64);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    vd_add_test("/virtio-rng/bytes", "-device virtio-rng-pci,addr=0d", test_bytes);
    vd_add_test("/virtio-rng/limit", "-device virtio-rng-pci,addr=0d,max-bytes=100,period=1000", test_limit);
    return g_test_run();
}
