/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading kernel files (System V ABI; MIPS processor supplement; the uImage header). */
#include "hw/mips/image.h"

#include <elf.h>
#include <gio/gio.h>
#include <string.h>
#include "util/bits.h"
#include "util/error.h"

static const struct { const char *magic; size_t len; const char *what; } not_kernels[] = {
    { "\x1f\x8b", 2, "it is compressed with gzip; unpack it first (zcat)" },
    { "\xfd" "7zXZ", 5, "it is compressed with xz; unpack it first (xzcat)" },
    { "\x28\xb5\x2f\xfd", 4, "it is compressed with zstd; unpack it first (zstdcat)" },
    { "BZh", 3, "it is compressed with bzip2; unpack it first (bzcat)" },
    { "MZ", 2, "it is a PE program or a kernel for another architecture" },
    { "0707", 4, "it is a cpio archive: an initrd belongs to -initrd" },
    { "hsqs", 4, "it is a squashfs image" },
    { "QFI\xfb", 4, "it is a disk image" },
    { "#!", 2, "it is a script" },
};

static uint64_t get(const uint8_t *p, unsigned size, bool big)
{
    return big ? load_be(p, size) : load_le(p, size);
}

static uint64_t physical(uint64_t vaddr)
{
    return vaddr >> 62 == 2 ? vaddr & BITS64(0, 59) : vaddr & 0x1fffffff;
}

/* ---- what kind of file ---- */

static bool classify_entry(BootKernel *k, const char *path, GError **err)
{
    uint64_t e = k->entry;
    if (e >= 0xffffffff80000000 && e <= 0xffffffffbfffffff) {
        k->kind = KERNEL_STANDARD;
    } else if (e >> 62 == 2 && k->is_64bit) {
        k->kind = KERNEL_STANDARD;
    } else if (e >= 0x40000000 && e <= 0x5fffffff) {
        k->kind = KERNEL_USEG;
    } else {
        return error_set(err, "-kernel %s: linked at 0x%" G_GINT64_MODIFIER "x, which is no kernel segment; "
                         "kernels are linked in kseg0 (0x80000000 up) or xkphys", path, e);
    }
    return true;
}

static bool probe_elf(const uint8_t *p, size_t len, const char *path, BootKernel *k, GError **err)
{
    if (len < sizeof(Elf64_Ehdr) || (p[EI_CLASS] != ELFCLASS32 && p[EI_CLASS] != ELFCLASS64) ||
        (p[EI_DATA] != ELFDATA2LSB && p[EI_DATA] != ELFDATA2MSB)) {
        return error_set(err, "-kernel %s: damaged ELF header", path);
    }
    k->elf = true;
    k->is_64bit = p[EI_CLASS] == ELFCLASS64;
    k->big_endian = p[EI_DATA] == ELFDATA2MSB;
    unsigned machine = (unsigned)get(p + 18, 2, k->big_endian);
    unsigned type = (unsigned)get(p + 16, 2, k->big_endian);
    if (machine != EM_MIPS && machine != 10) {
        return error_set(err, "-kernel %s: an ELF file for machine %u, not for MIPS (8)", path, machine);
    }
    if (type != ET_EXEC) {
        return error_set(err, "-kernel %s: an ELF file that is no executable (type %u); a vmlinux or vmlinuz "
                         "is needed", path, type);
    }
    k->entry = k->is_64bit ? get(p + 24, 8, k->big_endian) : (uint64_t)(int32_t)get(p + 24, 4, k->big_endian);
    k->arch = (unsigned)get(p + (k->is_64bit ? 48 : 36), 4, k->big_endian) >> 28;
    return classify_entry(k, path, err);
}

#define UIMAGE_MAGIC 0x27051956
#define UNPACKED_MAX (256u << 20)
#define UIMAGE_HEADER 64

static bool probe_uimage(const uint8_t *p, size_t len, const char *path, BootKernel *k, GError **err)
{
    unsigned arch = len >= UIMAGE_HEADER ? p[29] : 0, type = len >= UIMAGE_HEADER ? p[30] : 0;
    if (arch != 5 && arch != 18) {
        return error_set(err, "-kernel %s: a uImage that is not for MIPS (architecture %u)", path, arch);
    }
    if (type != 2) {
        return error_set(err, "-kernel %s: a uImage of type %u, not a kernel (2)", path, type);
    }
    k->uimage = true;
    k->is_64bit = arch == 18;
    k->entry = (uint64_t)(int32_t)load_be(p + 20, 4);
    return classify_entry(k, path, err);
}

static bool looks_like_text(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < MIN(len, 64); i++) {
        if (!g_ascii_isprint((char)p[i]) && !g_ascii_isspace((char)p[i])) {
            return false;
        }
    }
    return true;
}

static bool probe(const uint8_t *p, size_t len, const char *path, BootKernel *k, GError **err)
{
    *k = (BootKernel){ 0 };
    if (len >= 4 && memcmp(p, ELFMAG, 4) == 0) {
        return probe_elf(p, len, path, k, err);
    }
    if (len >= 4 && load_be(p, 4) == UIMAGE_MAGIC) {
        return probe_uimage(p, len, path, k, err);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(not_kernels); i++) {
        if (len >= not_kernels[i].len && memcmp(p, not_kernels[i].magic, not_kernels[i].len) == 0) {
            return error_set(err, "-kernel %s: not a kernel: %s", path, not_kernels[i].what);
        }
    }
    if (len < 64 || looks_like_text(p, len)) {
        return error_set(err, "-kernel %s: neither an ELF file nor a uImage nor a raw MIPS binary", path);
    }
    k->kind = KERNEL_RAW;
    k->entry = IMAGE_RAW_ADDRESS;
    return true;
}

static GBytes *map_file(const char *path, GError **err)
{
    g_autoptr(GError) why = NULL;
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        error_set(err, "-kernel %s: is a directory", path);
        return NULL;
    }
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, &why);
    if (!file) {
        error_set(err, "-kernel %s: %s", path,
                  g_file_test(path, G_FILE_TEST_EXISTS) ? why->message : "no such file");
        return NULL;
    }
    return g_mapped_file_get_bytes(file);
}

bool boot_probe(const char *path, BootKernel *out, GError **err)
{
    g_autoptr(GBytes) bytes = map_file(path, err);
    gsize len;
    if (!bytes) {
        return false;
    }
    const uint8_t *p = g_bytes_get_data(bytes, &len);
    return probe(p, len, path, out, err);
}

/* ---- what it loads ---- */

static void segment_free(gpointer opaque)
{
    ImageSegment *s = opaque;
    g_bytes_unref(s->data);
    g_free(s);
}

void image_free(Image *image)
{
    if (image) {
        g_ptr_array_free(image->segments, TRUE);
        g_free(image);
    }
}

/* Takes data. */
static void add_segment(Image *image, uint64_t vaddr, GBytes *data, uint64_t size)
{
    ImageSegment *s = g_new0(ImageSegment, 1);
    *s = (ImageSegment){ .vaddr = vaddr, .paddr = physical(vaddr), .data = data, .size = size };
    g_ptr_array_add(image->segments, s);
    image->low = image->segments->len == 1 ? s->paddr : MIN(image->low, s->paddr);
    image->high = MAX(image->high, s->paddr + size);
}

static bool load_elf(Image *image, GBytes *file, const char *path, GError **err)
{
    gsize len;
    const uint8_t *p = g_bytes_get_data(file, &len);
    bool wide = image->info.is_64bit, big = image->info.big_endian;
    uint64_t phoff = wide ? get(p + 32, 8, big) : get(p + 28, 4, big);
    unsigned entsize = (unsigned)get(p + (wide ? 54 : 42), 2, big);
    unsigned n = (unsigned)get(p + (wide ? 56 : 44), 2, big);
    if (entsize < (wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) || phoff > len ||
        (uint64_t)n * entsize > len - phoff) {
        return error_set(err, "-kernel %s: damaged: its program headers lie outside of the file", path);
    }
    for (unsigned i = 0; i < n; i++) {
        const uint8_t *h = p + phoff + (uint64_t)i * entsize;
        if (get(h, 4, big) != PT_LOAD) {
            continue;
        }
        uint64_t offset = wide ? get(h + 8, 8, big) : get(h + 4, 4, big);
        uint64_t vaddr = wide ? get(h + 16, 8, big) : (uint64_t)(int32_t)get(h + 8, 4, big);
        uint64_t filesz = wide ? get(h + 32, 8, big) : get(h + 16, 4, big);
        uint64_t memsz = wide ? get(h + 40, 8, big) : get(h + 20, 4, big);
        if (offset > len || filesz > len - offset || memsz < filesz || memsz >> 32) {
            return error_set(err, "-kernel %s: damaged: segment %u lies outside of the file", path, i);
        }
        if (memsz) {
            add_segment(image, vaddr, g_bytes_new_from_bytes(file, offset, filesz), memsz);
        }
    }
    return image->segments->len || error_set(err, "-kernel %s: an ELF file with nothing to load", path);
}

/* No more than a Malta's low memory holds, whatever the file would become. */
static GBytes *gunzip(GBytes *packed, const char *path, GError **err)
{
    enum { CHUNK = 1 << 20 };
    g_autoptr(GConverter) unpack = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP));
    g_autoptr(GInputStream) in = g_memory_input_stream_new_from_bytes(packed);
    g_autoptr(GInputStream) stream = g_converter_input_stream_new(in, unpack);
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GError) why = NULL;
    for (gsize got = CHUNK; got == CHUNK;) {
        guint before = out->len;
        g_byte_array_set_size(out, before + CHUNK);
        if (!g_input_stream_read_all(stream, out->data + before, CHUNK, &got, NULL, &why)) {
            error_set(err, "-kernel %s: its gzip data are damaged: %s", path, why->message);
            return NULL;
        }
        g_byte_array_set_size(out, before + (guint)got);
        if (out->len > UNPACKED_MAX) {
            error_set(err, "-kernel %s: unpacks to more than 256 MiB, which is all the low memory that a "
                      "Malta can have", path);
            return NULL;
        }
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

static bool load_uimage(Image *image, GBytes *file, const char *path, GError **err)
{
    gsize len;
    const uint8_t *p = g_bytes_get_data(file, &len);
    uint64_t size = load_be(p + 12, 4), vaddr = (uint64_t)(int32_t)load_be(p + 16, 4);
    unsigned compression = p[31];
    if (size > len - UIMAGE_HEADER) {
        return error_set(err, "-kernel %s: damaged: the uImage header promises %" G_GUINT64_FORMAT
                         " bytes, the file has %zu", path, size, (size_t)len - UIMAGE_HEADER);
    }
    g_autoptr(GBytes) data = g_bytes_new_from_bytes(file, UIMAGE_HEADER, size);
    if (compression == 1) {
        GBytes *plain = gunzip(data, path, err);
        if (!plain) {
            return false;
        }
        g_bytes_unref(data);
        data = plain;
    } else if (compression != 0) {
        return error_set(err, "-kernel %s: a uImage with compression %u; none (0) and gzip (1) are supported",
                         path, compression);
    }
    add_segment(image, vaddr, g_bytes_ref(data), g_bytes_get_size(data));
    return true;
}

Image *image_load(const char *path, GError **err)
{
    g_autoptr(GBytes) file = map_file(path, err);
    if (!file) {
        return NULL;
    }
    gsize len;
    const uint8_t *p = g_bytes_get_data(file, &len);
    Image *image = g_new0(Image, 1);
    image->segments = g_ptr_array_new_with_free_func(segment_free);
    bool ok = probe(p, len, path, &image->info, err);
    if (ok && image->info.elf) {
        ok = load_elf(image, file, path, err);
    } else if (ok && image->info.uimage) {
        ok = load_uimage(image, file, path, err);
    } else if (ok) {
        add_segment(image, IMAGE_RAW_ADDRESS, g_bytes_ref(file), len);
    }
    if (!ok) {
        image_free(image);
        return NULL;
    }
    return image;
}
