/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel files, what of them is refused, where they go in memory and what they are told. */
#include "hw-test.h"

#include <elf.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <unistd.h>
#include "hw/mips/boot.h"
#include "hw/mips/image.h"

#define UIMAGE_HEADER 64

static char *folder;

static void put(GByteArray *a, size_t at, unsigned size, bool big, uint64_t v)
{
    g_assert_cmpuint(at + size, <=, a->len);
    if (big) {
        store_be(a->data + at, size, v);
    } else {
        store_le(a->data + at, size, v);
    }
}

static char *save(const GByteArray *a, const char *name)
{
    char *path = g_build_filename(folder, name, NULL);
    g_assert_true(g_file_set_contents(path, (const char *)a->data, (gssize)a->len, NULL));
    return path;
}

/* An executable with one segment: data that say "0123456789abcdef" and as many zeros. */
static GByteArray *make_elf(bool wide, bool big, uint64_t vaddr, uint64_t memsz)
{
    GByteArray *a = g_byte_array_new();
    g_byte_array_set_size(a, 0x200);
    memset(a->data, 0, a->len);
    memcpy(a->data, ELFMAG, 4);
    a->data[EI_CLASS] = wide ? ELFCLASS64 : ELFCLASS32;
    a->data[EI_DATA] = big ? ELFDATA2MSB : ELFDATA2LSB;
    put(a, 16, 2, big, ET_EXEC);
    put(a, 18, 2, big, EM_MIPS);
    put(a, 24, wide ? 8 : 4, big, vaddr + 4);
    put(a, wide ? 32 : 28, wide ? 8 : 4, big, 0x80);            /* program headers */
    put(a, wide ? 48 : 36, 4, big, wide ? 0x80000000 : 0x70000000);     /* MIPS64R2, MIPS32R2 */
    put(a, wide ? 54 : 42, 2, big, wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
    put(a, wide ? 56 : 44, 2, big, 1);
    put(a, 0x80, 4, big, PT_LOAD);
    put(a, 0x80 + (wide ? 8 : 4), wide ? 8 : 4, big, 0x100);
    put(a, 0x80 + (wide ? 16 : 8), wide ? 8 : 4, big, vaddr);
    put(a, 0x80 + (wide ? 32 : 16), wide ? 8 : 4, big, 16);
    put(a, 0x80 + (wide ? 40 : 20), wide ? 8 : 4, big, memsz);
    memcpy(a->data + 0x100, "0123456789abcdef", 16);
    return a;
}

static GByteArray *make_uimage(const void *data, size_t len, unsigned compression)
{
    GByteArray *a = g_byte_array_new();
    g_byte_array_set_size(a, UIMAGE_HEADER);
    memset(a->data, 0, a->len);
    put(a, 0, 4, true, 0x27051956);
    put(a, 12, 4, true, len);
    put(a, 16, 4, true, 0x80100000);
    put(a, 20, 4, true, 0x80100400);
    a->data[29] = 5;
    a->data[30] = 2;
    a->data[31] = (uint8_t)compression;
    g_byte_array_append(a, data, (guint)len);
    return a;
}

/* The error that reading the file gives; NULL if there is none. Takes a. */
static char *load_error(GByteArray *a)
{
    g_autofree char *path = save(a, "kernel");
    GError *err = NULL;
    Image *image = image_load(path, &err);
    g_byte_array_unref(a);
    if (image) {
        g_assert_no_error(err);
        image_free(image);
        return NULL;
    }
    g_assert_nonnull(err);
    g_autofree char *start = g_strdup_printf("-kernel %s: ", path);
    g_assert_true(g_str_has_prefix(err->message, start));
    char *message = g_strdup(err->message + strlen(start));
    g_error_free(err);
    return message;
}

static void refused(GByteArray *a, const char *why)
{
    g_autofree char *message = load_error(a);
    if (!message || !strstr(message, why)) {
        g_error("'%s' is not in: %s", why, message ? message : "(it was accepted)");
    }
}

/* ---- what is read ---- */

static void test_elf(void)
{
    for (unsigned i = 0; i < 4; i++) {
        bool wide = i & 1, big = i & 2;
        g_autoptr(GByteArray) a = make_elf(wide, big, wide ? 0xffffffff80200000 : 0x80200000, 32);
        g_autofree char *path = save(a, "kernel");
        BootKernel k;
        g_assert_true(boot_probe(path, &k, NULL));
        g_assert_true(k.elf && !k.uimage);
        g_assert_cmpint(k.kind, ==, KERNEL_STANDARD);
        g_assert_cmpint(k.is_64bit, ==, wide);
        g_assert_cmpint(k.big_endian, ==, big);
        g_assert_cmpuint(k.arch, ==, wide ? 8 : 7);
        g_assert_cmphex(k.entry, ==, 0xffffffff80200004);
        Image *image = image_load(path, NULL);
        g_assert_nonnull(image);
        g_assert_cmpuint(image->segments->len, ==, 1);
        const ImageSegment *s = g_ptr_array_index(image->segments, 0);
        g_assert_cmphex(s->paddr, ==, 0x200000);
        g_assert_cmpuint(s->size, ==, 32);
        g_assert_cmpmem(g_bytes_get_data(s->data, NULL), g_bytes_get_size(s->data), "0123456789abcdef", 16);
        g_assert_cmphex(image->low, ==, 0x200000);
        g_assert_cmphex(image->high, ==, 0x200020);
        image_free(image);
    }
}

static void test_segments(void)
{
    g_assert_null(load_error(make_elf(true, true, 0xa800000000200000, 32)));        /* xkphys */
    GByteArray *a = make_elf(true, false, 0xa800000000200000, 32);
    g_autofree char *path = save(a, "kernel");
    Image *image = image_load(path, NULL);
    g_assert_cmphex(image->low, ==, 0x200000);
    image_free(image);
    g_byte_array_unref(a);
    a = make_elf(false, false, 0x40100000, 32);
    g_autofree char *useg = save(a, "useg");
    BootKernel k;
    g_assert_true(boot_probe(useg, &k, NULL));
    g_assert_cmpint(k.kind, ==, KERNEL_USEG);
    g_byte_array_unref(a);
    refused(make_elf(false, false, 0xc0100000, 32), "no kernel segment");
    refused(make_elf(false, false, 0x00100000, 32), "no kernel segment");
}

static GByteArray *broken(bool wide, bool big, size_t at, unsigned size, uint64_t v)
{
    GByteArray *a = make_elf(wide, big, wide ? 0xffffffff80200000 : 0x80200000, 32);
    put(a, at, size, big, v);
    return a;
}

static GByteArray *cut(GByteArray *a, guint len)
{
    return g_byte_array_set_size(a, len);
}

static void test_damaged_elf(void)
{
    for (unsigned i = 0; i < 4; i++) {
        bool wide = i & 1, big = i & 2;
        unsigned word = wide ? 8 : 4;
        refused(cut(broken(wide, big, 16, 2, ET_EXEC), 40), "damaged ELF header");
        refused(broken(wide, big, EI_CLASS, 1, 3), "damaged ELF header");
        refused(broken(wide, big, EI_DATA, 1, 0), "damaged ELF header");
        refused(broken(wide, big, 18, 2, EM_X86_64), "machine 62");
        refused(broken(wide, big, 16, 2, ET_DYN), "no executable");
        refused(broken(wide, big, wide ? 32 : 28, word, 0x1f8), "program headers");
        refused(broken(wide, big, wide ? 32 : 28, word, ~UINT64_C(0) >> (wide ? 0 : 32)), "program headers");
        refused(broken(wide, big, wide ? 54 : 42, 2, 8), "program headers");
        refused(broken(wide, big, wide ? 56 : 44, 2, 0xffff), "program headers");
        refused(broken(wide, big, wide ? 56 : 44, 2, 0), "nothing to load");
        refused(broken(wide, big, 0x80, 4, PT_NOTE), "nothing to load");
        refused(broken(wide, big, 0x80 + (wide ? 8 : 4), word, 0x1f8), "segment 0");
        refused(broken(wide, big, 0x80 + (wide ? 8 : 4), word, 0xfffffff8), "segment 0");
        /* Less in memory than in the file. */
        refused(broken(wide, big, 0x80 + (wide ? 40 : 20), word, 15), "segment 0");
        if (wide) {
            refused(broken(wide, big, 0x80 + 40, 8, UINT64_C(1) << 32), "segment 0");
            refused(broken(wide, big, 0x80 + 32, 8, ~UINT64_C(0) - 0x80), "segment 0");
        }
    }
}

/* Little on the disk, more than any Malta's low memory once it is unpacked. */
static void test_uimage_bomb(void)
{
    g_autoptr(GConverter) packer = G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9));
    g_autoptr(GOutputStream) out = g_memory_output_stream_new_resizable();
    g_autoptr(GOutputStream) stream = g_converter_output_stream_new(out, packer);
    g_autofree char *zeros = g_malloc0(MIB);
    for (unsigned i = 0; i < 300; i++) {
        g_assert_true(g_output_stream_write_all(stream, zeros, MIB, NULL, NULL, NULL));
    }
    g_assert_true(g_output_stream_close(stream, NULL, NULL));
    GMemoryOutputStream *packed = G_MEMORY_OUTPUT_STREAM(out);
    refused(make_uimage(g_memory_output_stream_get_data(packed),
                        g_memory_output_stream_get_data_size(packed), 1), "more than 256 MiB");
}

static void test_uimage(void)
{
    static const char text[] = "a kernel, a kernel, a kernel, a kernel";
    g_autoptr(GConverter) packer = G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9));
    uint8_t packed[256];
    gsize read, written;
    g_assert_cmpint(g_converter_convert(packer, text, sizeof(text), packed, sizeof(packed),
                                        G_CONVERTER_INPUT_AT_END, &read, &written, NULL), ==,
                    G_CONVERTER_FINISHED);
    for (unsigned gzip = 0; gzip < 2; gzip++) {
        g_autoptr(GByteArray) a = gzip ? make_uimage(packed, written, 1) : make_uimage(text, sizeof(text), 0);
        g_autofree char *path = save(a, "uImage");
        Image *image = image_load(path, NULL);
        g_assert_nonnull(image);
        g_assert_true(image->info.uimage && !image->info.elf);
        g_assert_cmphex(image->info.entry, ==, 0xffffffff80100400);
        const ImageSegment *s = g_ptr_array_index(image->segments, 0);
        g_assert_cmphex(s->paddr, ==, 0x100000);
        g_assert_cmpmem(g_bytes_get_data(s->data, NULL), s->size, text, sizeof(text));
        image_free(image);
    }
    refused(cut(make_uimage(packed, written, 1), UIMAGE_HEADER + 10), "promises");
    refused(make_uimage(packed, written - 9, 1), "gzip data are damaged");
    refused(make_uimage(text, sizeof(text), 1), "gzip data are damaged");
    refused(make_uimage(text, sizeof(text), 3), "compression 3");
    refused(cut(make_uimage(text, sizeof(text), 0), 30), "not for MIPS");
    GByteArray *a = make_uimage(text, sizeof(text), 0);
    a->data[29] = 2;
    refused(a, "architecture 2");
    a = make_uimage(text, sizeof(text), 0);
    a->data[30] = 3;
    refused(a, "type 3");
}

static void test_raw_and_others(void)
{
    g_autoptr(GByteArray) a = g_byte_array_new();
    g_byte_array_set_size(a, 100);
    memset(a->data, 0x24, a->len);
    a->data[3] = 0x80;
    g_autofree char *path = save(a, "raw");
    Image *image = image_load(path, NULL);
    g_assert_nonnull(image);
    g_assert_cmpint(image->info.kind, ==, KERNEL_RAW);
    g_assert_cmphex(image->info.entry, ==, IMAGE_RAW_ADDRESS);
    g_assert_cmphex(image->low, ==, 0x100000);
    g_assert_cmphex(image->high, ==, 0x100000 + 100);
    image_free(image);
    static const struct { const char *head, *why; } others[] = {
        { "\x1f\x8b\x08", "zcat" }, { "\xfd" "7zXZ", "xzcat" }, { "070701", "-initrd" },
        { "#!/bin/sh", "script" },
        { "root=/dev/sda console=ttyS0 and more text, as long as a header is", "neither" },
        { "", "neither" }, { "\x80", "neither" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++) {
        GByteArray *o = g_byte_array_new();
        refused(g_byte_array_append(o, (const uint8_t *)others[i].head, (guint)strlen(others[i].head)),
                others[i].why);
    }
    GError *err = NULL;
    g_assert_null(image_load(folder, &err));
    g_assert_nonnull(strstr(err->message, "directory"));
    g_clear_error(&err);
    g_assert_null(image_load("/nonexistent/vmlinux", &err));
    g_assert_nonnull(strstr(err->message, "no such file"));
    g_error_free(err);
}

/* ---- placing ---- */

static GString *printed;

static void catch_print(const char *text)
{
    g_string_append(printed, text);
}

/* Loads kernel and initrd (initrd_kib of it) on a board; the error or warning, or NULL. */
static char *place(Bench *b, uint64_t vaddr, uint64_t memsz, unsigned initrd_kib, const char *append)
{
    g_autoptr(GByteArray) a = make_elf(false, b->m->big_endian, vaddr, memsz);
    g_autofree char *kernel = save(a, "vmlinux");
    g_autofree char *initrd = g_build_filename(folder, "initrd", NULL);
    g_autofree char *filling = g_malloc0(initrd_kib * 1024 + 1);
    memset(filling, 'i', initrd_kib * 1024);
    g_assert_true(g_file_set_contents(initrd, filling, (gssize)initrd_kib * 1024, NULL));
    BootConfig config = { .kernel = kernel, .initrd = initrd_kib ? initrd : NULL, .append = append };
    BootKernel k;
    GError *err = NULL;
    g_assert_true(boot_probe(kernel, &k, NULL));
    printed = g_string_new(NULL);
    GPrintFunc old = g_set_printerr_handler(catch_print);
    bool ok = boot_load(b->m, &config, &err);
    g_set_printerr_handler(old);
    g_assert_cmpint(ok, ==, err == NULL);
    if (err) {
        g_string_assign(printed, err->message);
        g_error_free(err);
    }
    char *said = g_string_free(printed, FALSE);
    return *said ? said : (g_free(said), NULL);
}

static void expect(uint64_t ram, uint64_t vaddr, uint64_t memsz, unsigned initrd_kib, const char *said)
{
    Bench *b = bench_new_ram(false, ram);
    g_autofree char *message = place(b, vaddr, memsz, initrd_kib, NULL);
    if (!said) {
        g_assert_null(message);
    } else if (!message || !strstr(message, said)) {
        g_error("'%s' is not in: %s", said, message ? message : "(it was accepted)");
    }
    bench_free(b);
}

static void test_placing(void)
{
    expect(64 * MIB, 0x80100000, 4 * MIB, 0, NULL);
    expect(64 * MIB, 0x80100000, 64 * MIB, 0, "it needs 65 MiB");
    expect(512 * MIB, 0x80100000, 256 * MIB, 0, "256 MiB");             /* high RAM does not help */
    expect(64 * MIB, 0x80007ff0, 32, 0, "argument tables");
    expect(64 * MIB, 0x80008000, 32, 0, NULL);
    expect(64 * MIB, 0x40100000, 32, 0, NULL);                          /* linked in useg */
    expect(64 * MIB, 0x80100000, 4 * MIB, 1024, NULL);
    expect(16 * MIB, 0x80100000, 4 * MIB, 12 * 1024, "-m 19 or more");
    /* A kernel that may move needs its own size and 16 MiB besides: 5 + 4 + 16 = 25. */
    expect(28 * MIB, 0x80100000, 4 * MIB, 2048, NULL);
    expect(27 * MIB, 0x80100000, 4 * MIB, 2048, "nokaslr");
}

static void test_command_line(void)
{
    Bench *b = bench_new(false);
    g_autofree char *most = g_strnfill(4095, 'x'), *more = g_strnfill(4096, 'x');
    g_assert_null(place(b, 0x80100000, 32, 0, most));
    bench_free(b);
    b = bench_new(false);
    g_autofree char *message = place(b, 0x80100000, 32, 0, more);
    g_assert_nonnull(strstr(message, "-append: 4096 characters"));
    bench_free(b);
}

/* ---- what a reset puts into memory ---- */

static const char *string_at(Bench *b, unsigned pointer)
{
    uint64_t vaddr = phys_read(b, 0x2000 + 4 * pointer, 4);
    g_assert_cmphex(vaddr >> 29, ==, 4);                    /* kseg0 */
    return (const char *)malta_ram(b->m) + (vaddr & 0x1fffffff);
}

static void test_reset(void)
{
    for (unsigned big = 0; big < 2; big++) {
        Bench *b = bench_new_ram(big, 512 * MIB);
        g_assert_null(place(b, 0x80100000, 32, 64, "console=ttyS0"));
        memset(malta_ram(b->m) + 0x100010, 0xee, 16);
        machine_reset(b->m);
        g_assert_cmpmem(malta_ram(b->m) + 0x100000, 16, "0123456789abcdef", 16);
        for (unsigned i = 16; i < 32; i++) {
            g_assert_cmphex(malta_ram(b->m)[0x100000 + i], ==, 0);
        }
        g_assert_cmpstr(string_at(b, 0), ==, "vmlinux");
        unsigned long start, size;
        g_assert_cmpint(sscanf(string_at(b, 1), "rd_start=0x%lx rd_size=%lu console=ttyS0", &start, &size),
                        ==, 2);
        g_assert_cmpuint(size, ==, 64 * 1024);
        g_assert_cmphex(malta_ram(b->m)[start & 0x1fffffff], ==, 'i');
        g_assert_cmphex(malta_ram(b->m)[(start & 0x1fffffff) + size - 1], ==, 'i');
        g_assert_cmpuint((start & 0x1fffffff) + size, <=, 256 * MIB);
        g_assert_cmpstr(string_at(b, 2), ==, "memsize");
        g_assert_cmpstr(string_at(b, 3), ==, "268435456");
        g_assert_cmpstr(string_at(b, 4), ==, "ememsize");
        g_assert_cmpstr(string_at(b, 5), ==, "536870912");
        g_assert_cmpstr(string_at(b, 6), ==, "modetty0");
        g_assert_cmpstr(string_at(b, 8), ==, "rngseed");
        g_autofree char *seed = g_strdup(string_at(b, 9));
        g_assert_cmpuint(strlen(seed), ==, 64);
        g_assert_cmphex(phys_read(b, 0x2000 + 4 * 10, 4), ==, 0);
        memset(malta_ram(b->m) + 0x100000, 0xee, 32);
        machine_reset(b->m);
        g_assert_cmpmem(malta_ram(b->m) + 0x100000, 16, "0123456789abcdef", 16);
        g_assert_cmpstr(string_at(b, 9), !=, seed);         /* a new one for each boot */
        bench_free(b);
    }
}

static void remove_folder(void)
{
    static const char *const names[] = { "kernel", "useg", "uImage", "raw", "vmlinux", "initrd" };
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
    g_free(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("image-XXXXXX", NULL);
    g_test_add_func("/image/elf", test_elf);
    g_test_add_func("/image/segments", test_segments);
    g_test_add_func("/image/damaged-elf", test_damaged_elf);
    g_test_add_func("/image/uimage", test_uimage);
    g_test_add_func("/image/uimage-bomb", test_uimage_bomb);
    g_test_add_func("/image/raw-and-others", test_raw_and_others);
    g_test_add_func("/image/placing", test_placing);
    g_test_add_func("/image/command-line", test_command_line);
    g_test_add_func("/image/reset", test_reset);
    int status = g_test_run();
    remove_folder();
    return status;
}
