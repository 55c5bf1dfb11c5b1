/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virtio.h"

#include "util/bits.h"

#define IO 0x2000u
#define MEM 0x12100000u
#define RINGS 0x400000u
#define RINGS_EACH 0x10000u
#define TABLES 0x600000u            /* of indirect descriptors */
#define TEST_SLOT 13u

enum { COMMON = 0, ISR = 0x1000, DEVICE = 0x2000, NOTIFY = 0x3000 };

/* ---- numbers ---- */

static bool is_big(const Virtio *v)
{
    return v->legacy && qt_big(v->q);
}

void vd_put(Virtio *v, uint64_t addr, unsigned size, uint64_t value)
{
    ram_put(v->q, addr, size, is_big(v) ? bswap_size(value, size) : value);
}

uint64_t vd_get(Virtio *v, uint64_t addr, unsigned size)
{
    uint64_t value = ram_get(v->q, addr, size);
    return is_big(v) ? bswap_size(value, size) : value;
}

static uint64_t config_at(const Virtio *v, unsigned offset)
{
    return v->legacy ? QT_IO + IO + 20 + offset : MEM + DEVICE + offset;
}

uint64_t vd_config(Virtio *v, unsigned offset, unsigned size)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < size; i++) {
        bytes[i] = (uint8_t)le_read(v->q, config_at(v, offset + i), 1);
    }
    return is_big(v) ? load_be(bytes, size) : load_le(bytes, size);
}

void vd_set_config(Virtio *v, unsigned offset, unsigned size, uint64_t value)
{
    uint8_t bytes[8];
    if (is_big(v)) {
        store_be(bytes, size, value);
    } else {
        store_le(bytes, size, value);
    }
    le_write(v->q, config_at(v, offset), load_le(bytes, size), size);
}

/* ---- registers ---- */

static void legacy(Virtio *v, unsigned reg, unsigned size, uint64_t value)
{
    le_write(v->q, QT_IO + IO + reg, value, size);
}

static void modern(Virtio *v, unsigned reg, unsigned size, uint64_t value)
{
    le_write(v->q, MEM + reg, value, size);
}

uint8_t vd_status(Virtio *v)
{
    return (uint8_t)le_read(v->q, v->legacy ? QT_IO + IO + 18 : MEM + 0x14, 1);
}

static void set_status(Virtio *v, uint8_t status)
{
    le_write(v->q, v->legacy ? QT_IO + IO + 18 : MEM + 0x14, status, 1);
}

uint8_t vd_isr(Virtio *v)
{
    return (uint8_t)le_read(v->q, v->legacy ? QT_IO + IO + 19 : MEM + ISR, 1);
}

void vd_reset(Virtio *v)
{
    set_status(v, 0);
    g_assert_cmphex(vd_status(v), ==, 0);
    set_status(v, VD_ACK);
    set_status(v, VD_ACK | VD_DRIVER);
    memset(v->queue, 0, sizeof(v->queue));
}

void vd_init(Virtio *v, QTest *q, unsigned slot, bool legacy_interface)
{
    *v = (Virtio){ .q = q, .slot = slot, .legacy = legacy_interface };
    g_assert_cmphex(pci_read(q, slot, 0, 0) & 0xffff, ==, 0x1af4);
    pci_write(q, slot, 0, 0x10, IO);
    pci_write(q, slot, 0, 0x20, MEM);
    pci_write(q, slot, 0, 0x04, 7);
    vd_reset(v);
}

uint64_t vd_offered(Virtio *v)
{
    if (v->legacy) {
        return le_read(v->q, QT_IO + IO, 4);
    }
    modern(v, 0, 4, 0);
    uint64_t low = le_read(v->q, MEM + 4, 4);
    modern(v, 0, 4, 1);
    return low | le_read(v->q, MEM + 4, 4) << 32;
}

void vd_accept(Virtio *v, uint64_t features)
{
    features |= v->legacy ? 0 : VD_VERSION_1;
    g_assert_cmphex(features & ~vd_offered(v), ==, 0);
    if (v->legacy) {
        legacy(v, 4, 4, features);
        return;
    }
    for (unsigned half = 0; half < 2; half++) {
        modern(v, 8, 4, half);
        modern(v, 0xc, 4, (uint32_t)(features >> (32 * half)));
    }
    set_status(v, VD_ACK | VD_DRIVER | VD_FEATURES_OK);
    g_assert_cmphex(vd_status(v), ==, VD_ACK | VD_DRIVER | VD_FEATURES_OK);
}

void vd_queue(Virtio *v, unsigned n)
{
    uint64_t at = RINGS + n * RINGS_EACH;
    g_autofree uint8_t *zeros = g_malloc0(RINGS_EACH);
    ram_write(v->q, at, zeros, RINGS_EACH);
    (v->legacy ? legacy : modern)(v, v->legacy ? 14 : 0x16, 2, n);
    unsigned size = (unsigned)le_read(v->q, v->legacy ? QT_IO + IO + 12 : MEM + 0x18, 2);
    g_assert_cmpuint(size, >, 0);
    v->queue[n].size = (uint16_t)size;
    v->queue[n].desc = at;
    v->queue[n].avail = at + 16 * size;
    v->queue[n].used = (at + 16 * size + 6 + 2 * size + 4095) & ~UINT64_C(4095);
    if (v->legacy) {
        legacy(v, 8, 4, at >> 12);
        return;
    }
    const uint64_t places[] = { v->queue[n].desc, v->queue[n].avail, v->queue[n].used };
    for (unsigned i = 0; i < 3; i++) {
        modern(v, 0x20 + 8 * i, 4, places[i]);
        modern(v, 0x24 + 8 * i, 4, 0);
    }
    modern(v, 0x1c, 2, 1);
}

void vd_ready(Virtio *v)
{
    set_status(v, VD_ACK | VD_DRIVER | VD_OK | (v->legacy ? 0 : VD_FEATURES_OK));
}

/* ---- queues ---- */

static void put_desc(Virtio *v, uint64_t at, const VdBuffer *b, bool more, unsigned next, unsigned flags)
{
    vd_put(v, at, 8, b->addr);
    vd_put(v, at + 8, 4, b->len);
    vd_put(v, at + 12, 2, flags | (more ? 1 : 0) | (b->write ? 2 : 0));
    vd_put(v, at + 14, 2, next);
}

/* Descriptors are used in turn; nothing has as many on their way as a queue has. */
uint16_t vd_add(Virtio *v, unsigned n, const VdBuffer *buffers, unsigned count, bool indirect)
{
    unsigned size = v->queue[n].size, needs = indirect ? 1 : count;
    uint16_t head = (uint16_t)(v->queue[n].free + needs > size ? 0 : v->queue[n].free);
    uint64_t own = v->queue[n].desc + 16u * head, table = indirect ? TABLES + 0x4000u * head : own;
    for (unsigned i = 0; i < count; i++) {
        put_desc(v, table + 16 * i, &buffers[i], i + 1 < count, (indirect ? 0 : head) + i + 1, 0);
    }
    if (indirect) {
        put_desc(v, own, &(VdBuffer){ table, 16 * count, false }, false, 0, 4);
    }
    v->queue[n].free = (uint16_t)(head + needs);
    vd_put(v, v->queue[n].avail + 4 + 2u * (v->queue[n].next_avail % size), 2, head);
    vd_put(v, v->queue[n].avail + 2, 2, ++v->queue[n].next_avail);
    return head;
}

void vd_kick(Virtio *v, unsigned n)
{
    (v->legacy ? legacy : modern)(v, v->legacy ? 16 : NOTIFY + 4 * n, 2, n);
}

bool vd_used(Virtio *v, unsigned n, uint32_t *len)
{
    if ((uint16_t)vd_get(v, v->queue[n].used + 2, 2) == v->queue[n].seen) {
        return false;
    }
    uint64_t entry = v->queue[n].used + 4 + 8u * (v->queue[n].seen++ % v->queue[n].size);
    *len = (uint32_t)vd_get(v, entry + 4, 4);
    return true;
}

uint32_t vd_wait(Virtio *v, unsigned n)
{
    uint32_t len;
    for (int i = 0; !vd_used(v, n, &len); i++) {
        g_assert_cmpint(i, <, 20000);
        g_usleep(500);
    }
    return len;
}

uint32_t vd_do(Virtio *v, unsigned n, const VdBuffer *buffers, unsigned count)
{
    vd_add(v, n, buffers, count, false);
    vd_kick(v, n);
    return vd_wait(v, n);
}

/* ---- tests ---- */

typedef struct {
    const char *args;
    bool big, legacy;
    void (*func)(Virtio *v);
} Case;

static void run_case(gconstpointer data)
{
    const Case *c = data;
    Virtio v;
    const char *order = c->big ? "big" : "little";
    g_autofree char *args = g_strdup_printf("-machine malta,endian=%s %s", order, c->args);
    QTest *q = qt_start(args, c->big);
    vd_init(&v, q, TEST_SLOT, c->legacy);
    c->func(&v);
    qt_end(q);
}

static void add_case(const char *path, const char *args, bool legacy_interface, bool big,
                     void (*func)(Virtio *v))
{
    const char *interface = legacy_interface ? "/legacy" : "/modern";
    g_autofree char *full = g_strconcat(path, interface, big ? "/be" : "/le", NULL);
    Case *c = g_new(Case, 1);
    *c = (Case){ args, big, legacy_interface, func };
    g_test_add_data_func_full(full, c, run_case, g_free);
}

void vd_add_test(const char *path, const char *args, void (*func)(Virtio *v))
{
    for (int i = 0; i < 4; i++) {
        add_case(path, args, i & 1, i & 2, func);
    }
}

void vd_add_modern_test(const char *path, const char *args, void (*func)(Virtio *v))
{
    for (int big = 0; big < 2; big++) {
        add_case(path, args, false, big, func);
    }
}
