/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Booting a kernel on Malta: places kernel, initrd, the argument and environment tables and
 * the boot stub, and puts them there anew at every reset (YAMON user's manual MD00008: a0
 * argc, a1 argv, a2 environment, a3 memory size; with a device tree: UHI, a0 = -2, a1 = it).
 */
#include "hw/mips/boot.h"

#include <libfdt.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>
#include "hw/mips/image.h"
#include "hw/mips/malta.h"
#include "hw/mips/stub.h"
#include "util/bits.h"
#include "util/error.h"

#define MIB (UINT64_C(1) << 20)
#define LOW_RAM_MAX (256 * MIB)
#define TABLES 0x2000               /* 16 pointers, then strings */
#define TABLES_END 0x8000
#define POINTERS 16
#define COMMAND_LINE_MAX 4095       /* Linux's COMMAND_LINE_SIZE on MIPS, less the 0 */
#define KASLR_ROOM (16 * MIB)
#define KSEG0(paddr) ((uint64_t)(int32_t)(0x80000000u | (uint32_t)(paddr)))

typedef struct {
    Machine *machine;
    Image *image;
    char *kernel_name;
    char *command_line;             /* as the kernel gets it */
    GBytes *initrd;                 /* or NULL */
    uint64_t initrd_at;
    GBytes *dtb;                    /* or NULL */
    uint64_t dtb_at;
} Boot;

static uint64_t low_ram(const Machine *machine)
{
    return MIN(machine->ram_size, LOW_RAM_MAX);
}

/* ---- placing ---- */

static bool place_kernel(const Boot *b, const char *path, GError **err)
{
    uint64_t limit = low_ram(b->machine);
    if (b->image->high > limit) {
        uint64_t need = (b->image->high + MIB - 1) / MIB;
        if (b->image->high > LOW_RAM_MAX) {
            return error_set(err, "-kernel %s: reaches to physical address 0x%" G_GINT64_MODIFIER "x, but "
                             "Malta's low memory ends at 256 MiB", path, b->image->high);
        }
        return error_set(err, "-kernel %s: does not fit into the RAM: it needs %" G_GUINT64_FORMAT " MiB "
                         "(-m %" G_GUINT64_FORMAT " or more)", path, need, need + 8);
    }
    if (b->image->low < TABLES_END) {
        return error_set(err, "-kernel %s: linked at physical address 0x%" G_GINT64_MODIFIER "x, over the "
                         "argument tables (0x%x to 0x%x)", path, b->image->low, TABLES, TABLES_END);
    }
    return true;
}

/* As high as possible in low memory: clear of the kernel, of what a self-extracting one
 * unpacks, and of where a relocatable one may move itself. */
static bool place_initrd(Boot *b, const char *path, GError **err)
{
    g_autoptr(GError) why = NULL;
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        return error_set(err, "-initrd %s: is a directory; a cpio archive is needed", path);
    }
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, &why);
    if (!file) {
        return error_set(err, "-initrd %s: %s", path,
                         g_file_test(path, G_FILE_TEST_EXISTS) ? why->message : "no such file");
    }
    if (g_mapped_file_get_length(file) == 0) {
        return error_set(err, "-initrd %s: is empty; a cpio archive is needed", path);
    }
    b->initrd = g_mapped_file_get_bytes(file);
    uint64_t size = g_bytes_get_size(b->initrd), limit = low_ram(b->machine);
    uint64_t top = size + 128 * 1024 <= limit ? (limit - size - 128 * 1024) & ~UINT64_C(0xffff) : 0;
    uint64_t kernel = b->image->high - b->image->low;
    if (top < b->image->high) {
        uint64_t need = (b->image->high + size + MIB) / MIB + 1;
        if (need > 256) {
            return error_set(err, "-initrd %s: too large: %" G_GUINT64_FORMAT " MiB beside the kernel do not "
                             "fit into Malta's 256 MiB of low memory", path, size / MIB);
        }
        return error_set(err, "-initrd %s: too large for the RAM beside the kernel (-m %" G_GUINT64_FORMAT
                         " or more)", path, need);
    }
    if (top < b->image->high + kernel + KASLR_ROOM) {
        g_printerr("valletta: -initrd %s: warning: little RAM: a kernel that relocates itself may run over "
                   "it (nokaslr, or a larger -m)\n", path);
    }
    b->initrd_at = top;
    return true;
}

static bool make_command_line(Boot *b, const char *append, GError **err)
{
    uint64_t start = (b->image->info.kind == KERNEL_USEG ? 0x40000000 : 0x80000000) | b->initrd_at;
    if (b->machine->is_64bit) {
        start = (uint64_t)(int32_t)start;
    }
    g_autofree char *ram_disk = b->initrd
        ? g_strdup_printf("rd_start=0x%" G_GINT64_MODIFIER "x rd_size=%zu ", start,
                          (size_t)g_bytes_get_size(b->initrd))
        : g_strdup("");
    b->command_line = g_strconcat(ram_disk, append ? append : "", NULL);
    if (strlen(b->command_line) > COMMAND_LINE_MAX) {
        return error_set(err, "-append: %zu characters; a kernel's command line has at most %d",
                         strlen(b->command_line), COMMAND_LINE_MAX);
    }
    return true;
}

/* The tree with the command line and the initrd in /chosen. */
static bool make_dtb(Boot *b, const char *path, GError **err)
{
    g_autofree char *raw = NULL;
    g_autoptr(GError) why = NULL;
    gsize len;
    if (!g_file_get_contents(path, &raw, &len, &why)) {
        return error_set(err, "-dtb %s: %s", path,
                         g_file_test(path, G_FILE_TEST_EXISTS) ? why->message : "no such file");
    }
    if (len < sizeof(struct fdt_header) || fdt_check_header(raw) != 0 || fdt_totalsize(raw) > len) {
        return error_set(err, "-dtb %s: not a device tree blob (dtc makes them)", path);
    }
    int space = (int)fdt_totalsize(raw) + 8192;
    void *tree = g_malloc0((gsize)space);
    int node = fdt_open_into(raw, tree, space) == 0 ? fdt_path_offset(tree, "/chosen") : -1;
    if (node < 0) {
        node = fdt_add_subnode(tree, 0, "chosen");
    }
    bool ok = node >= 0 && fdt_setprop_string(tree, node, "bootargs", b->command_line) == 0;
    if (ok && b->initrd) {
        ok = fdt_setprop_u32(tree, node, "linux,initrd-start", (uint32_t)b->initrd_at) == 0 &&
             fdt_setprop_u32(tree, node, "linux,initrd-end",
                             (uint32_t)(b->initrd_at + g_bytes_get_size(b->initrd))) == 0;
    }
    if (!ok || fdt_pack(tree) != 0) {
        g_free(tree);
        return error_set(err, "-dtb %s: the tree is damaged", path);
    }
    b->dtb = g_bytes_new_take(tree, fdt_totalsize(tree));
    uint64_t end = b->initrd ? b->initrd_at : low_ram(b->machine);
    b->dtb_at = (end - g_bytes_get_size(b->dtb)) & ~UINT64_C(0xffff);
    if (b->dtb_at < b->image->high || b->dtb_at > end) {
        return error_set(err, "-dtb %s: no room for it in the RAM beside the kernel", path);
    }
    return true;
}

/* ---- at every reset ---- */

static void write_bytes(const Boot *b, uint64_t paddr, GBytes *bytes)
{
    gsize len;
    const void *p = g_bytes_get_data(bytes, &len);
    as_write_buf(b->machine->as, paddr, p, len);
}

static void write_kernel(const Boot *b)
{
    for (guint i = 0; i < b->image->segments->len; i++) {
        const ImageSegment *s = g_ptr_array_index(b->image->segments, i);
        uint64_t filled = g_bytes_get_size(s->data);
        write_bytes(b, s->paddr, s->data);
        if (s->size > filled) {
            g_autofree uint8_t *zeros = g_malloc0(s->size - filled);
            as_write_buf(b->machine->as, s->paddr + filled, zeros, s->size - filled);
        }
    }
}

typedef struct {
    const Boot *boot;
    unsigned pointers;
    uint64_t next;              /* where the next string goes */
} Tables;

static void add_pointer(Tables *t, uint64_t value)
{
    uint8_t word[4];
    g_assert(t->pointers < POINTERS);
    if (t->boot->machine->big_endian) {
        store_be(word, 4, value);
    } else {
        store_le(word, 4, value);
    }
    as_write_buf(t->boot->machine->as, TABLES + 4 * t->pointers++, word, 4);
}

static void add_string(Tables *t, const char *text)
{
    size_t len = strlen(text) + 1;
    add_pointer(t, KSEG0(t->next));
    as_write_buf(t->boot->machine->as, t->next, text, len);
    t->next += (len + 15) & ~(size_t)15;
    g_assert(t->next <= TABLES_END);
}

static void add_variable(Tables *t, const char *name, const char *value)
{
    add_string(t, name);
    add_string(t, value);
}

static void random_hex(char *out, size_t bytes)
{
    uint8_t seed[32];
    if (getrandom(seed, bytes, 0) != (ssize_t)bytes) {
        for (size_t i = 0; i < bytes; i++) {
            seed[i] = (uint8_t)g_random_int();
        }
    }
    for (size_t i = 0; i < bytes; i++) {
        g_snprintf(out + 2 * i, 3, "%02x", seed[i]);
    }
}

static void write_tables(const Boot *b)
{
    Tables t = { .boot = b, .next = TABLES + 4 * POINTERS };
    char low[24], all[24], seed[65];
    g_snprintf(low, sizeof(low), "%" G_GUINT64_FORMAT, low_ram(b->machine));
    g_snprintf(all, sizeof(all), "%" G_GUINT64_FORMAT, b->machine->ram_size);
    random_hex(seed, 32);
    add_string(&t, b->kernel_name);
    add_string(&t, b->command_line);
    add_variable(&t, "memsize", low);
    add_variable(&t, "ememsize", all);
    add_variable(&t, "modetty0", "38400n8r");
    add_variable(&t, "rngseed", seed);
    add_pointer(&t, 0);
}

/* The kernel begins through the stub in flash, or at once where flash cannot be executed;
 * then nothing of ours stays in guest memory. */
static void enter_kernel(const Boot *b)
{
    Machine *machine = b->machine;
    StubConfig c = {
        .big_endian = machine->big_endian, .is_64bit = machine->is_64bit,
        .entry = b->image->info.entry, .sp = KSEG0(TABLES - 64),
        .args = { 2, KSEG0(TABLES), KSEG0(TABLES + 8), low_ram(machine) },
    };
    if (b->dtb) {
        c.args[0] = (uint64_t)-2;
        c.args[1] = KSEG0(b->dtb_at);
        c.args[2] = c.args[3] = 0;
    }
    stub_write(malta_flash(machine), &c);
    if (machine->runner && machine->runner->no_flash_code) {
        Cpu *cpu = g_ptr_array_index(machine->cpus, 0);
        stub_set_up_board(machine->as, machine->big_endian);
        cpu->ops->enter(cpu, c.entry, c.sp, c.args);
    }
}

/* The file stays mapped for the next reset; its pages need not stay in memory until then. */
static void write_initrd(const Boot *b)
{
    size_t size;
    uintptr_t data = (uintptr_t)g_bytes_get_data(b->initrd, &size), page = (uintptr_t)sysconf(_SC_PAGESIZE);
    write_bytes(b, b->initrd_at, b->initrd);
    madvise((void *)(data & ~(page - 1)), size + (data & (page - 1)), MADV_DONTNEED);
}

static void boot_reset(void *opaque)
{
    const Boot *b = opaque;
    write_kernel(b);
    if (b->initrd) {
        write_initrd(b);
    }
    if (b->dtb) {
        write_bytes(b, b->dtb_at, b->dtb);
    }
    write_tables(b);
    enter_kernel(b);
}

static void boot_free(void *opaque)
{
    Boot *b = opaque;
    image_free(b->image);
    g_clear_pointer(&b->initrd, g_bytes_unref);
    g_clear_pointer(&b->dtb, g_bytes_unref);
    g_free(b->kernel_name);
    g_free(b->command_line);
    g_free(b);
}

bool boot_load(Machine *machine, const BootConfig *config, GError **err)
{
    Boot *b = g_new0(Boot, 1);
    b->machine = machine;
    b->kernel_name = g_path_get_basename(config->kernel);
    b->image = image_load(config->kernel, err);
    if (!b->image || !place_kernel(b, config->kernel, err) ||
        (config->initrd && !place_initrd(b, config->initrd, err)) ||
        !make_command_line(b, config->append, err) || (config->dtb && !make_dtb(b, config->dtb, err))) {
        boot_free(b);
        return false;
    }
    machine_add_reset(machine, boot_reset, b);
    machine_add_cleanup(machine, boot_free, b);
    return true;
}
