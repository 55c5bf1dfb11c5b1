/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw-test.h"
#include "hw/misc/cfi_flash.h"

#define FLASH 0x1e000000
#define BOTH(v) ((uint32_t)(v) << 16 | (v))
#define BLOCK 0x20000           /* of both chips together */

static uint32_t get(Bench *b, uint32_t at)
{
    return (uint32_t)phys_read(b, FLASH + at, 4);
}

static void put(Bench *b, uint32_t at, uint32_t v)
{
    phys_write(b, FLASH + at, v, 4);
}

static void test_query(void)
{
    for (unsigned big = 0; big < 2; big++) {
        Bench *b = bench_new(big);
        put(b, 0x55 * 4, BOTH(0x98));
        g_assert_null(as_span(b->m->as, FLASH).host);
        static const uint8_t head[] = { 'Q', 'R', 'Y', 1, 0, 0x31, 0 };
        for (unsigned i = 0; i < sizeof(head); i++) {
            g_assert_cmphex(get(b, (0x10 + i) * 4), ==, BOTH(head[i]));
        }
        g_assert_cmphex(get(b, 0x27 * 4), ==, BOTH(21));            /* 2 MiB each */
        g_assert_cmphex(get(b, 0x2d * 4), ==, BOTH(31));
        g_assert_cmphex(get(b, 0x30 * 4), ==, BOTH(1));
        g_assert_cmphex(get(b, 0x31 * 4), ==, BOTH('P'));
        put(b, 0, BOTH(0x90));
        g_assert_cmphex(get(b, 0), ==, BOTH(0x89));
        g_assert_cmphex(get(b, 4), ==, BOTH(0xd0));
        put(b, 0, BOTH(0xff));
        g_assert_nonnull(as_span(b->m->as, FLASH).host);
        g_assert_cmphex(get(b, 0), ==, 0xffffffff);
        bench_free(b);
    }
}

static void test_program(void)
{
    for (unsigned big = 0; big < 2; big++) {
        Bench *b = bench_new(big);
        put(b, 0x100, BOTH(0x40));
        put(b, 0x100, 0x12345678);
        g_assert_cmphex(get(b, 0x100), ==, BOTH(0x80));
        put(b, 0x100, BOTH(0xff));
        g_assert_cmphex(get(b, 0x100), ==, 0x12345678);
        g_assert_cmphex(phys_read(b, FLASH + 0x100, 1), ==, big ? 0x12 : 0x78);
        g_assert_cmphex(phys_read(b, 0x1fc00100, 4), ==, 0x12345678);
        /* Only zeros are programmed. */
        put(b, 0x100, BOTH(0x10));
        put(b, 0x100, 0xff00ff0f);
        put(b, 0x100, BOTH(0xff));
        g_assert_cmphex(get(b, 0x100), ==, 0x12005608);
        /* Narrow writes do nothing. */
        phys_write(b, FLASH + 0x104, 0x40, 2);
        phys_write(b, FLASH + 0x104, 0xabcd, 2);
        phys_write(b, FLASH + 0x104, 0x90, 1);
        g_assert_cmphex(get(b, 0x104), ==, 0xffffffff);
        /* The two chips may do different things. */
        put(b, 0, 0x00ff0090);
        g_assert_cmphex(get(b, 0), ==, 0xffff0089);
        put(b, 0, BOTH(0xff));
        bench_free(b);
    }
}

static void test_erase(void)
{
    Bench *b = bench_new(false);
    uint8_t *host = malta_flash(b->m);
    memset(host, 0, CFI_FLASH_SIZE);
    put(b, BLOCK + 0x40, BOTH(0x20));
    put(b, BLOCK + 0x40, BOTH(0xd0));
    g_assert_cmphex(get(b, 0), ==, BOTH(0x80));
    put(b, 0, BOTH(0xff));
    g_assert_cmphex(host[BLOCK - 1], ==, 0);
    g_assert_cmphex(host[BLOCK], ==, 0xff);
    g_assert_cmphex(host[2 * BLOCK - 1], ==, 0xff);
    g_assert_cmphex(host[2 * BLOCK], ==, 0);
    /* A wrong second cycle: both error bits, nothing erased. */
    put(b, 0, BOTH(0x20));
    put(b, 0, BOTH(0xff));
    g_assert_cmphex(get(b, 0), ==, BOTH(0xb0));
    put(b, 0, BOTH(0x50));
    g_assert_cmphex(get(b, 0), ==, BOTH(0x80));
    g_assert_cmphex(host[0], ==, 0);
    bench_free(b);
}

static void test_buffer(void)
{
    Bench *b = bench_new(false);
    put(b, 0x200, BOTH(0xe8));
    g_assert_cmphex(get(b, 0x200), ==, BOTH(0x80));
    put(b, 0x200, BOTH(3));
    for (uint32_t i = 0; i < 4; i++) {
        put(b, 0x200 + 4 * i, 0x11111111 * (i + 1));
    }
    check_round_trip(bench_device(b, "cfi.pflash01"));
    put(b, 0x200, BOTH(0xd0));
    put(b, 0, BOTH(0xff));
    g_assert_cmphex(get(b, 0x1fc), ==, 0xffffffff);
    g_assert_cmphex(get(b, 0x200), ==, 0x11111111);
    g_assert_cmphex(get(b, 0x20c), ==, 0x44444444);
    g_assert_cmphex(get(b, 0x210), ==, 0xffffffff);
    /* Too many words. */
    put(b, 0x200, BOTH(0xe8));
    put(b, 0x200, BOTH(16));
    g_assert_cmphex(get(b, 0), ==, BOTH(0xb0));
    bench_free(b);
}

static void test_lock(void)
{
    Bench *b = bench_new(false);
    put(b, BLOCK, BOTH(0x60));
    put(b, BLOCK, BOTH(0x01));
    put(b, BLOCK, BOTH(0x90));
    g_assert_cmphex(get(b, BLOCK + 8), ==, BOTH(1));
    g_assert_cmphex(get(b, 8), ==, 0);
    put(b, BLOCK, BOTH(0x40));
    put(b, BLOCK, 0);
    g_assert_cmphex(get(b, BLOCK), ==, BOTH(0x92));
    put(b, 0, BOTH(0x50));
    put(b, 0, BOTH(0x60));
    put(b, 0, BOTH(0xd0));
    put(b, BLOCK, BOTH(0x40));
    put(b, BLOCK, 0);
    g_assert_cmphex(get(b, BLOCK), ==, BOTH(0x80));
    put(b, 0, BOTH(0xff));
    g_assert_cmphex(get(b, BLOCK), ==, 0);
    bench_free(b);
}

typedef struct {
    uint64_t id, len;
} Written;

static void note(void *opaque, uint64_t id, uint64_t len)
{
    *(Written *)opaque = (Written){ id, len };
}

/* Translated code from flash must hear of changes; a reset brings back the array. */
static void test_code(void)
{
    Bench *b = bench_new(false);
    Written w = { 0 };
    uint64_t id = as_span(b->m->as, FLASH + BLOCK).ram_id;
    as_set_code_listener(b->m->as, note, &w);
    put(b, BLOCK + 0x10, BOTH(0x20));
    put(b, BLOCK + 0x10, BOTH(0xd0));
    g_assert_cmphex(w.id, ==, id);
    g_assert_cmpuint(w.len, ==, BLOCK);
    machine_reset(b->m);
    g_assert_nonnull(as_span(b->m->as, FLASH).host);
    bench_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cfi-flash/query", test_query);
    g_test_add_func("/cfi-flash/program", test_program);
    g_test_add_func("/cfi-flash/erase", test_erase);
    g_test_add_func("/cfi-flash/buffer", test_buffer);
    g_test_add_func("/cfi-flash/lock", test_lock);
    g_test_add_func("/cfi-flash/code", test_code);
    return g_test_run();
}
