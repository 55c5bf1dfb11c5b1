/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <string.h>
#include "system/memory.h"

/* A device that records its last access and answers with a fixed value. */
typedef struct {
    PhysAddr addr;
    uint64_t value, answer;
    unsigned size, reads, writes;
} Probe;

static uint64_t probe_read(void *opaque, PhysAddr addr, unsigned size)
{
    Probe *p = opaque;
    p->addr = addr;
    p->size = size;
    p->reads++;
    return p->answer;
}

static void probe_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Probe *p = opaque;
    p->addr = addr;
    p->value = value;
    p->size = size;
    p->writes++;
}

/* Answers each byte with its own offset. */
static uint64_t bytes_read(void *opaque, PhysAddr addr, unsigned size)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < size; i++) {
        v |= (uint64_t)((addr + i) & 0xff) << (8 * i);
    }
    return v;
}

static const MemOps probe_ops = { .read = probe_read, .write = probe_write };

static uint64_t rd(AddressSpace *as, PhysAddr addr, unsigned size, bool big)
{
    uint64_t v;
    g_assert_cmpint(as_read(as, addr, size, big, &v), ==, MEM_OK);
    return v;
}

static void test_overlap(void)
{
    Probe low = { .answer = 1 }, high = { .answer = 2 }, late = { .answer = 3 };
    MemRegion *root = mem_container_new("root", UINT64_MAX);
    MemRegion *a = mem_io_new("a", 0x1000, &probe_ops, &low);
    MemRegion *b = mem_io_new("b", 0x100, &probe_ops, &high);
    MemRegion *c = mem_io_new("c", 0x80, &probe_ops, &late);
    AddressSpace *as = as_new("test", root);
    uint64_t v;
    g_assert_cmpint(as_read(as, 0x1000, 4, false, &v), ==, MEM_NOTHING_THERE);
    g_assert_cmphex(v, ==, 0xffffffff);
    mem_add(root, 0x1000, a, 0);
    mem_add(root, 0x1800, b, 5);
    g_assert_cmphex(rd(as, 0x17fc, 4, false), ==, 1);
    g_assert_cmphex(rd(as, 0x1800, 4, false), ==, 2);
    g_assert_cmphex(high.addr, ==, 0);
    g_assert_cmphex(rd(as, 0x1900, 4, false), ==, 1);
    g_assert_cmphex(low.addr, ==, 0x900);
    /* The same priority: the later one wins; lower loses. */
    mem_add(root, 0x1880, c, 5);
    g_assert_cmphex(rd(as, 0x1880, 4, false), ==, 3);
    mem_del(c);
    mem_add(root, 0x1880, c, 4);
    g_assert_cmphex(rd(as, 0x1880, 4, false), ==, 2);
    mem_set_enabled(b, false);
    g_assert_cmphex(rd(as, 0x1880, 4, false), ==, 3);
    g_assert_cmphex(rd(as, 0x1800, 4, false), ==, 1);
    mem_set_enabled(b, true);
    mem_set_offset(b, 0x1f80);      /* sticks out of a */
    g_assert_cmphex(rd(as, 0x2000, 4, false), ==, 2);
    g_assert_cmphex(high.addr, ==, 0x80);
    g_assert_cmphex(as_span(as, 0x2080).len, ==, UINT64_MAX - 0x2080 + 1);
    as_free(as);
    mem_free(root);
    mem_free(a);
    mem_free(b);
    mem_free(c);
}

static void test_alias(void)
{
    MemRegion *root = mem_container_new("root", UINT64_MAX);
    MemRegion *bus = mem_container_new("bus", UINT64_C(1) << 32);
    MemRegion *ram = mem_ram_new("ram", 0x20000, NULL);
    MemRegion *window = mem_alias_new("window", bus, 0x10000, 0x10000);
    MemRegion *twin = mem_alias_new("twin", ram, 0, 0x20000);
    AddressSpace *as = as_new("test", root);
    mem_add(root, 0x40000000, window, 0);
    mem_add(root, 0x80000000, twin, 0);
    mem_add(bus, 0x8000, ram, 0);
    mem_host(ram)[0x8000] = 0x5a;
    /* A change below an alias is seen through it, and clipped to it. */
    g_assert_cmphex(rd(as, 0x40000000, 1, false), ==, 0x5a);
    MemSpan s = as_span(as, 0x40000010), t = as_span(as, 0x80008010);
    g_assert_true(s.host == mem_host(ram) + 0x8010 && s.writable);
    g_assert_cmphex(s.len, ==, 0x10000 - 0x10);
    g_assert_cmphex(s.ram_id, ==, t.ram_id);
    mem_set_offset(ram, 0x18000);
    g_assert_null(as_span(as, 0x40000000).host);
    g_assert_true(as_span(as, 0x40008000).host == mem_host(ram));
    mem_free(ram);
    g_assert_null(as_span(as, 0x40008000).host);
    g_assert_null(as_span(as, 0x80000000).host);
    as_free(as);
    mem_free(twin);
    mem_free(window);
    mem_free(bus);
    mem_free(root);
}

static void test_ram(void)
{
    MemRegion *root = mem_container_new("root", UINT64_MAX);
    MemRegion *ram = mem_ram_new("ram", UINT64_C(2) << 30, NULL);
    MemRegion *rom = mem_rom_new("rom", 0x10000, NULL);
    AddressSpace *as = as_new("test", root);
    uint8_t buf[8];
    mem_add(root, 0, ram, 0);
    mem_add(root, UINT64_C(2) << 30, rom, 0);
    g_assert_cmpint(mem_fd(ram), >=, 0);
    g_assert_cmpint(as_write(as, 0x1001, 4, true, 0x11223344), ==, MEM_OK);
    g_assert_cmphex(rd(as, 0x1001, 4, true), ==, 0x11223344);
    g_assert_cmphex(rd(as, 0x1001, 4, false), ==, 0x44332211);
    g_assert_cmphex(rd(as, 0x1002, 2, true), ==, 0x2233);
    g_assert_cmphex(rd(as, 0x1000, 8, true), ==, UINT64_C(0x0011223344000000));
    /* Across two ranges; the ROM keeps its contents. */
    memset(mem_host(rom), 0xee, 8);
    g_assert_cmpint(as_write(as, 0x7ffffffe, 4, true, 0xa1b2c3d4), ==, MEM_OK);
    g_assert_cmphex(rd(as, 0x7ffffffe, 4, true), ==, 0xa1b2eeee);
    g_assert_false(as_span(as, UINT64_C(2) << 30).writable);
    g_assert_cmpint(as_write(as, 0x80000000, 4, false, 0), ==, MEM_OK);
    g_assert_cmphex(rd(as, 0x80000000, 4, false), ==, 0xeeeeeeee);
    g_assert_cmpint(as_read_buf(as, 0x8000fffc, buf, 8), ==, MEM_NOTHING_THERE);
    g_assert_cmphex(buf[3], ==, 0);
    g_assert_cmphex(buf[4], ==, 0xff);
    as_free(as);
    mem_free(ram);
    mem_free(rom);
    mem_free(root);
}

static void test_endian(void)
{
    static const MemEndian endians[] = { MEM_LITTLE, MEM_BIG, MEM_NATIVE };
    for (unsigned e = 0; e < 3; e++) {
        for (unsigned target_big = 0; target_big < 2; target_big++) {
            for (unsigned big = 0; big < 2; big++) {
                Probe p = { .answer = 0x11223344 };
                MemOps ops = { .read = probe_read, .write = probe_write, .endian = endians[e] };
                MemRegion *root = mem_container_new("root", UINT64_MAX);
                MemRegion *io = mem_io_new("io", 0x100, &ops, &p);
                AddressSpace *as = as_new("test", root);
                as_set_bus(as, NULL, target_big);
                mem_add(root, 0, io, 0);
                bool dev_big = endians[e] == MEM_BIG || (endians[e] == MEM_NATIVE && target_big);
                uint32_t want = dev_big == big ? 0x11223344 : 0x44332211;
                g_assert_cmphex(rd(as, 0, 4, big), ==, want);
                as_write(as, 4, 4, big, want);
                g_assert_cmphex(p.value, ==, 0x11223344);
                /* 8 bytes: two registers in ascending addresses. */
                p.answer = 0x11223344;
                uint64_t wide = rd(as, 8, 8, dev_big);
                g_assert_cmphex(wide, ==, UINT64_C(0x1122334411223344));
                g_assert_cmphex(p.addr, ==, 12);
                as_free(as);
                mem_free(io);
                mem_free(root);
            }
        }
    }
}

static void test_widths(void)
{
    Probe p = { 0 };
    const MemOps wide = { .read = bytes_read, .write = probe_write, .min_size = 4, .max_size = 4 };
    const MemOps narrow = { .read = bytes_read, .write = probe_write, .min_size = 1, .max_size = 2 };
    MemOps own = wide;
    own.narrow_writes = true;
    MemRegion *root = mem_container_new("root", UINT64_MAX);
    MemRegion *a = mem_io_new("wide", 0x100, &wide, &p);
    MemRegion *b = mem_io_new("narrow", 0x100, &narrow, &p);
    MemRegion *c = mem_io_new("own", 0x100, &own, &p);
    AddressSpace *as = as_new("test", root);
    mem_add(root, 0, a, 0);
    mem_add(root, 0x100, b, 0);
    mem_add(root, 0x200, c, 0);
    g_assert_cmphex(rd(as, 0x12, 1, false), ==, 0x12);
    g_assert_cmphex(rd(as, 0x12, 2, false), ==, 0x1312);
    as_write(as, 0x12, 2, false, 0xabcd);
    g_assert_cmpuint(p.size, ==, 4);
    g_assert_cmphex(p.addr, ==, 0x10);
    g_assert_cmphex(p.value, ==, 0xabcd0000);
    as_write(as, 0x212, 2, false, 0xabcd);
    g_assert_cmpuint(p.size, ==, 2);
    g_assert_cmphex(p.value, ==, 0xabcd);
    p.writes = 0;
    as_write(as, 0x120, 8, false, UINT64_C(0x8877665544332211));
    g_assert_cmpuint(p.writes, ==, 4);
    g_assert_cmphex(p.value, ==, 0x8877);
    /* Misaligned: aligned pieces, the same bytes. */
    p.writes = 0;
    g_assert_cmphex(rd(as, 0x131, 4, false), ==, 0x34333231);
    as_write(as, 0x131, 4, false, 0x44332211);
    g_assert_cmpuint(p.writes, ==, 3);
    g_assert_cmphex(p.value, ==, 0x44);
    /* Across the border of two devices. */
    g_assert_cmphex(rd(as, 0xfe, 4, false), ==, 0x0100fffe);
    as_free(as);
    mem_free(a);
    mem_free(b);
    mem_free(c);
    mem_free(root);
}

static void test_romd(void)
{
    Probe p = { .answer = 0x77 };
    MemRegion *root = mem_container_new("root", UINT64_MAX);
    MemRegion *flash = mem_romd_new("flash", 0x10000, &probe_ops, &p, NULL);
    AddressSpace *as = as_new("test", root);
    mem_add(root, 0, flash, 0);
    g_assert_cmphex(mem_host(flash)[0xffff], ==, 0xff);
    mem_host(flash)[4] = 0x12;
    g_assert_cmphex(rd(as, 4, 1, false), ==, 0x12);
    g_assert_false(as_span(as, 4).writable);
    as_write(as, 4, 1, false, 0x34);
    g_assert_cmpuint(p.writes, ==, 1);
    g_assert_cmphex(mem_host(flash)[4], ==, 0x12);
    mem_set_direct_read(flash, false);
    g_assert_null(as_span(as, 4).host);
    g_assert_cmphex(rd(as, 4, 1, false), ==, 0x77);
    mem_set_direct_read(flash, true);
    g_assert_nonnull(as_span(as, 4).host);
    as_free(as);
    mem_free(flash);
    mem_free(root);
}

static void count(void *opaque)
{
    ++*(unsigned *)opaque;
}

typedef struct {
    uint64_t id, len;
} Written;

static void note_written(void *opaque, uint64_t id, uint64_t len)
{
    *(Written *)opaque = (Written){ id, len };
}

static void test_listeners(void)
{
    unsigned changes = 0;
    Written w = { 0 };
    MemRegion *root = mem_container_new("root", UINT64_MAX);
    MemRegion *ram = mem_ram_new("ram", 0x10000, NULL);
    AddressSpace *as = as_new("test", root);
    as_add_listener(as, count, &changes);
    as_set_code_listener(as, note_written, &w);
    mem_batch_begin(as);
    mem_add(root, 0, ram, 0);
    mem_set_offset(ram, 0x10000);
    g_assert_cmpuint(changes, ==, 0);
    mem_batch_commit(as);
    g_assert_cmpuint(changes, ==, 1);
    mem_batch_begin(as);
    mem_set_enabled(ram, false);
    mem_set_enabled(ram, true);
    mem_batch_commit(as);
    g_assert_cmpuint(changes, ==, 1);       /* nothing changed in the end */
    as_write(as, 0x10010, 4, false, 1);
    g_assert_cmphex(w.id, ==, as_span(as, 0x10010).ram_id);
    g_assert_cmpuint(w.len, ==, 4);
    uint8_t buf[100] = { 0 };
    as_write_buf(as, 0x10100, buf, sizeof(buf));
    g_assert_cmphex(w.id, ==, as_span(as, 0x10100).ram_id);
    g_assert_cmpuint(w.len, ==, 100);
    as_free(as);
    mem_free(ram);
    mem_free(root);
}

/* Readers without a lock while the map changes under them: each answer is one of the two
 * that were ever true. */
typedef struct {
    AddressSpace *as;
    uint8_t *first, *second;
    gint stop, bad;
} Race;

static gpointer race_reader(gpointer opaque)
{
    Race *r = opaque;
    while (!g_atomic_int_get(&r->stop)) {
        MemSpan s = as_span(r->as, 0x4000);
        if (s.host != r->first + 0x4000 && s.host != r->second + 0x2000) {
            g_atomic_int_set(&r->bad, 1);
        }
    }
    return NULL;
}

static void test_race(void)
{
    MemRegion *root = mem_container_new("root", UINT64_MAX);
    MemRegion *a = mem_ram_new("a", 0x10000, NULL), *b = mem_ram_new("b", 0x10000, NULL);
    AddressSpace *as = as_new("test", root);
    mem_add(root, 0, a, 0);
    mem_add(root, 0x2000, b, 1);
    Race r = { as, mem_host(a), mem_host(b), 0, 0 };
    GThread *thread = g_thread_new("reader", race_reader, &r);
    for (unsigned i = 0; i < 20000; i++) {
        mem_set_enabled(b, i & 1);
    }
    g_atomic_int_set(&r.stop, 1);
    g_thread_join(thread);
    g_assert_cmpint(r.bad, ==, 0);
    as_free(as);
    mem_free(a);
    mem_free(b);
    mem_free(root);
}

/* Many ranges: the view grows, every one is found. */
static void test_many(void)
{
    Probe p = { .answer = 0x99 };
    MemRegion *root = mem_container_new("root", UINT64_MAX);
    MemRegion *io[300];
    AddressSpace *as = as_new("test", root);
    for (unsigned i = 0; i < 300; i++) {
        io[i] = mem_io_new("io", 0x10, &probe_ops, &p);
        mem_add(root, 0x100 * ((i * 7) % 300), io[i], 0);
    }
    for (unsigned i = 0; i < 300; i++) {
        g_assert_cmphex(rd(as, 0x100 * i + 8, 1, false), ==, 0x99);
        g_assert_cmphex(as_span(as, 0x100 * i + 0x10).len, >=, 0xf0);
    }
    char *text = as_describe(as);
    g_assert_nonnull(strstr(text, "0000000000012b00-0000000000012b0f (i/o): io"));
    g_free(text);
    as_free(as);
    for (unsigned i = 0; i < 300; i++) {
        mem_free(io[i]);
    }
    mem_free(root);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/overlap", test_overlap);
    g_test_add_func("/memory/alias", test_alias);
    g_test_add_func("/memory/ram", test_ram);
    g_test_add_func("/memory/endian", test_endian);
    g_test_add_func("/memory/widths", test_widths);
    g_test_add_func("/memory/romd", test_romd);
    g_test_add_func("/memory/listeners", test_listeners);
    g_test_add_func("/memory/race", test_race);
    g_test_add_func("/memory/many", test_many);
    return g_test_run();
}
