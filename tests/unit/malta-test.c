/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board as a whole: memory map, firmware images, resets. */
#include <glib/gstdio.h>
#include <unistd.h>
#include "hw-test.h"


static void test_memory_map(void)
{
    static const uint64_t sizes[] = { 16, 256, 320, 512, 768, 2048 };
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        uint64_t size = sizes[i] * MIB;
        Bench *b = bench_new_ram(false, size);
        uint8_t *ram = malta_ram(b->m);
        g_assert_true(as_span(b->m->as, 0).host == ram);
        g_assert_cmpuint(as_span(b->m->as, 0).len, ==, MIN(size, 256 * MIB));
        g_assert_true(as_span(b->m->as, 0x80000000).host == ram);
        g_assert_cmpuint(as_span(b->m->as, 0x80000000).len, ==, size);
        g_assert_cmphex(as_span(b->m->as, 0x80000000).ram_id, ==, as_span(b->m->as, 0).ram_id);
        if (size > 512 * MIB) {
            g_assert_true(as_span(b->m->as, 0x20000000).host == ram + 512 * MIB);
            g_assert_cmpuint(as_span(b->m->as, 0x20000000).len, ==, size - 512 * MIB);
        } else {
            g_assert_null(as_span(b->m->as, 0x20000000).host);
        }
        bench_free(b);
    }
}

static void test_board_id(void)
{
    for (unsigned big = 0; big < 2; big++) {
        Bench *b = bench_new(big);
        memset(malta_flash(b->m), 0x77, 0x100);
        g_assert_cmphex(phys_read(b, 0x1fc00010, 4), ==, 0x420);
        g_assert_cmphex(phys_read(b, 0x1fc0000c, 4), ==, 0x77777777);
        g_assert_cmphex(phys_read(b, 0x1fc00014, 4), ==, 0x77777777);
        g_assert_cmphex(phys_read(b, 0x1e000010, 4), ==, 0x77777777);
        g_assert_cmphex(phys_read(b, 0x1f200000, 4), ==, 0);        /* nobody, no bus error */
        bench_free(b);
    }
}

static void test_bad_ram(void)
{
    static const uint64_t sizes[] = { 0, 2048 * MIB + 0x10000, 0x18000 };
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        Machine *m = machine_new(NULL);
        MaltaConfig config = { 0 };
        GError *err = NULL;
        machine_lock(m);
        m->ram_size = sizes[i];
        g_assert_false(malta_build(m, &config, &err));
        g_assert_nonnull(strstr(err->message, "-m"));
        g_assert_nonnull(strstr(err->message, "2 GiB"));
        g_error_free(err);
        machine_unlock(m);
        machine_free(m);
    }
}

/* Builds with an image as -bios; the error if that fails, NULL and the first word if not. */
static char *with_bios(const void *image, gsize len, bool big, uint32_t *word)
{
    char *path = NULL, *message = NULL;
    GError *err = NULL;
    int fd = g_file_open_tmp("bios-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_assert_true(g_file_set_contents(path, image, (gssize)len, NULL));
    Machine *m = machine_new(NULL);
    MaltaConfig config = { .bios = path };
    machine_lock(m);
    m->ram_size = 16 * MIB;
    m->big_endian = big;
    if (malta_build(m, &config, &err)) {
        uint64_t v;
        as_read(m->as, 0x1fc00000, 4, big, &v);
        *word = (uint32_t)v;
    } else {
        g_assert_nonnull(strstr(err->message, path));
        message = g_strdup(err->message);
        g_error_free(err);
    }
    machine_unlock(m);
    machine_free(m);
    g_unlink(path);
    g_free(path);
    close(fd);
    return message;
}

static void test_bios(void)
{
    static const uint8_t little[16] = { 0x3f, 0x01, 0x00, 0x10 }, big[16] = { 0x10, 0x00, 0x01, 0x3f };
    static const uint8_t elf[32] = { 0x7f, 'E', 'L', 'F' };
    uint32_t word = 0;
    g_assert_null(with_bios(little, 16, false, &word));
    g_assert_cmphex(word, ==, 0x1000013f);
    g_assert_null(with_bios(big, 16, true, &word));
    g_assert_cmphex(word, ==, 0x1000013f);
    word = 0;
    g_assert_null(with_bios(big, 16, false, &word));    /* firmware for both: words are swapped */
    g_assert_cmphex(word, ==, 0x1000013f);
    char *why = with_bios(little, 16, true, &word);
    g_assert_nonnull(strstr(why, "little endian"));
    g_free(why);
    why = with_bios(elf, sizeof(elf), false, &word);
    g_assert_nonnull(strstr(why, "ELF"));
    g_free(why);
    char *huge = g_malloc0(4 * MIB + 1);
    why = with_bios(huge, 4 * MIB + 1, false, &word);
    g_assert_nonnull(strstr(why, "4 MiB"));
    g_free(why);
    g_free(huge);
}

static void test_missing_bios(void)
{
    Machine *m = machine_new(NULL);
    MaltaConfig config = { .bios = "/nonexistent/firmware" };
    GError *err = NULL;
    machine_lock(m);
    m->ram_size = 16 * MIB;
    g_assert_false(malta_build(m, &config, &err));
    g_assert_nonnull(strstr(err->message, "-bios /nonexistent/firmware"));
    g_error_free(err);
    machine_unlock(m);
    machine_free(m);
}

/* Random accesses to everything that is not RAM: nothing breaks, and a reset brings the
 * same machine back. */
static void test_fuzz(void)
{
    Bench *b = bench_new(true);
    GRand *rand = g_rand_new_with_seed(3);
    for (unsigned i = 0; i < 200000; i++) {
        static const uint32_t bases[] = { 0x18000000, 0x14000000, 0x1be00000, 0x1f000000, 0x1e000000,
                                          0x1fc00000, 0x10000000 };
        uint32_t addr = bases[g_rand_int_range(rand, 0, 7)];
        addr += g_rand_int(rand) & (g_rand_boolean(rand) ? 0xfff : 0x1fffff);
        unsigned size = 1u << g_rand_int_range(rand, 0, 4);
        uint64_t v;
        if (g_rand_boolean(rand)) {
            as_read(b->m->as, addr, size, true, &v);
        } else {
            as_write(b->m->as, addr, size, true, (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand));
        }
        if (i % 64 == 0) {
            bench_step(b->m, 100000);
        }
    }
    machine_reset(b->m);
    bench_set_windows(b);
    g_assert_cmphex(inb(b, 0x3fd), ==, 0x60);
    for (unsigned i = 0; i < b->m->devices->len; i++) {
        check_round_trip(g_ptr_array_index(b->m->devices, i));
    }
    g_rand_free(rand);
    bench_free(b);
}

/* The byte order that the first word tells, if it tells one. */
static void test_bios_order(void)
{
    static const struct {
        uint8_t word[4];
        MaltaBiosOrder order;
    } cases[] = {
        { { 0x10, 0x00, 0x00, 0xff }, MALTA_BIOS_BIG }, { { 0xff, 0x00, 0x00, 0x10 }, MALTA_BIOS_LITTLE },
        { { 0x3c, 0x08, 0xbf, 0xc0 }, MALTA_BIOS_BIG }, { { 0xc0, 0xbf, 0x08, 0x3c }, MALTA_BIOS_LITTLE },
        { { 0, 0, 0, 0 }, MALTA_BIOS_UNKNOWN }, { { 0x0b, 0xf0, 0x01, 0x0b }, MALTA_BIOS_UNKNOWN },
    };
    g_autofree char *path = NULL;
    g_autoptr(GError) err = NULL;
    int fd = g_file_open_tmp("malta-order-XXXXXX", &path, NULL);
    MaltaBiosOrder order;
    close(fd);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_true(g_file_set_contents(path, (const char *)cases[i].word, 4, NULL));
        g_assert_true(malta_bios_probe(path, &order, NULL));
        g_assert_cmpint(order, ==, cases[i].order);
    }
    g_unlink(path);
    g_assert_false(malta_bios_probe(path, &order, &err));
    g_assert_true(g_str_has_prefix(err->message, "-bios "));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/malta/memory-map", test_memory_map);
    g_test_add_func("/malta/board-id", test_board_id);
    g_test_add_func("/malta/bad-ram", test_bad_ram);
    g_test_add_func("/malta/bios", test_bios);
    g_test_add_func("/malta/missing-bios", test_missing_bios);
    g_test_add_func("/malta/bios-order", test_bios_order);
    g_test_add_func("/malta/fuzz", test_fuzz);
    return g_test_run();
}
