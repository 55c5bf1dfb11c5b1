/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory, addresses and ports. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "hw/pci/pci.h"
#include "monitor/commands.h"
#include "util/error.h"

#define SIZE_MAX_SAVED (INT64_C(4) << 30)
#define PIECE 4096u

static Cpu *first_cpu(const MonitorContext *c, GError **err)
{
    if (c->machine->cpus->len == 0) {
        error_set(err, "No CPU available");
        return NULL;
    }
    return g_ptr_array_index(c->machine->cpus, 0);
}

COMMAND(run_gva2gpa)
{
    uint64_t addr, paddr;
    Cpu *cpu = first_cpu(c, err);
    if (!cpu || !expr_parse(c, args, &addr, NULL, err)) {
        return false;
    }
    bool running = commands_park(c), mapped = cpu->ops->translate(cpu, addr, &paddr);
    commands_unpark(c, running);
    if (mapped) {
        g_string_append_printf(out, "gpa: 0x%" PRIx64 "\n", paddr);
    } else {
        g_string_append(out, "Unmapped\n");
    }
    return true;
}

COMMAND(run_gpa2hva)
{
    uint64_t addr;
    if (!expr_parse(c, args, &addr, NULL, err)) {
        return false;
    }
    MemSpan span = as_span(c->machine->as, addr);
    if (!span.host) {
        return error_set(err, "No memory is mapped at address 0x%" PRIx64, addr);
    }
    g_string_append_printf(out, "Host virtual address for 0x%" PRIx64 " is %p\n", addr, (void *)span.host);
    return true;
}

/* ---- memsave, pmemsave, sum ---- */

/* Up to PIECE bytes at addr, not beyond a page. 0: nothing is there, with err. */
static size_t read_piece(const MonitorContext *c, bool physical, uint64_t addr, uint64_t left, uint8_t *buf,
                         GError **err)
{
    size_t len = (size_t)MIN(left, PIECE - addr % PIECE);
    bool there = physical ? as_read_buf(c->machine->as, addr, buf, len) == MEM_OK
                          : memory_read_virtual(c, addr, buf, len);
    if (!there) {
        error_set(err, "Invalid addr 0x%016" PRIx64 "/size %" PRIu64 " specified", addr, left);
    }
    return there ? len : 0;
}

/* Of a file of the host's disks: others might keep the machine waiting. */
static int open_file(const char *path, GError **err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666);
    if (fd < 0) {
        error_set(err, "%s: %s", path, g_strerror(errno));
    }
    return fd;
}

/* "ADDR SIZE FILE", or with commas between. */
static bool save(const MonitorContext *c, const char *args, bool physical, GError **err)
{
    g_autofree char *text = g_strdelimit(g_strdup(args), ",", ' ');
    g_auto(GStrv) words = commands_words(text, 3, 3, "memsave ADDR SIZE FILE", err);
    uint64_t addr, size;
    uint8_t buf[PIECE];
    if (!words || !expr_parse(c, words[0], &addr, NULL, err) || !expr_parse(c, words[1], &size, NULL, err)) {
        return false;
    }
    if (size == 0 || size > SIZE_MAX_SAVED) {
        return error_set(err, "the size must be from 1 to 4 GiB");
    }
    g_autofree char *path = g_shell_unquote(words[2], NULL);
    int fd = open_file(path ? path : words[2], err);
    bool running = commands_park(c), good = fd >= 0;
    while (good && size > 0) {
        size_t n = read_piece(c, physical, addr, size, buf, err);
        good = n > 0 && (write(fd, buf, n) == (ssize_t)n ||
                         error_set(err, "%s: %s", words[2], g_strerror(errno)));
        addr += n;
        size -= n;
    }
    commands_unpark(c, running);
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

COMMAND(run_memsave)
{
    return first_cpu(c, err) && save(c, args, false, err);
}

COMMAND(run_pmemsave)
{
    return save(c, args, true, err);
}

/* The 16-bit sum that the host's "sum -r" makes. */
COMMAND(run_sum)
{
    g_auto(GStrv) words = commands_words(args, 2, 2, "sum ADDR SIZE", err);
    uint64_t addr, size;
    uint8_t buf[PIECE];
    uint16_t sum = 0;
    if (!words || !expr_parse(c, words[0], &addr, NULL, err) || !expr_parse(c, words[1], &size, NULL, err)) {
        return false;
    }
    if (size > SIZE_MAX_SAVED) {
        return error_set(err, "the size must be at most 4 GiB");
    }
    while (size > 0) {
        size_t n = read_piece(c, true, addr, size, buf, err);
        if (n == 0) {
            return false;
        }
        for (size_t i = 0; i < n; i++) {
            sum = (uint16_t)((uint16_t)(sum >> 1 | sum << 15) + buf[i]);
        }
        addr += n;
        size -= n;
    }
    g_string_append_printf(out, "%05d\n", sum);
    return true;
}

/* ---- ports ---- */

/* "/FMT PORT [VALUE]": the size of the format counts. */
static bool port_access(const MonitorContext *c, const char *args, bool output, GString *out, GError **err)
{
    static const char sizes[] = "bhwl";
    const Bus *base = bus_find(c->machine, "pci");
    unsigned size = 1;
    uint64_t port, value = 0;
    if (!base) {
        return error_set(err, "the machine has no I/O ports");
    }
    if (*args == '/') {
        const char *found = args[1] ? strpbrk(args + 1, sizes) : NULL;
        size_t len = strcspn(args, " ");
        if (found && found < args + len) {
            size = *found == 'b' ? 1 : *found == 'h' ? 2 : 4;
        }
        args += len + strspn(args + len, " ");
    }
    g_auto(GStrv) words = commands_words(args, output ? 2 : 1, output ? 2 : 1,
                                         output ? "o /FMT PORT VALUE" : "i /FMT PORT", err);
    if (!words || !expr_parse(c, words[0], &port, NULL, err) ||
        (output && !expr_parse(c, words[1], &value, NULL, err))) {
        return false;
    }
    AddressSpace *ports = as_new("ports", ((PciBus *)base->opaque)->io);
    as_set_bus(ports, &c->machine->lock, false);
    if (output) {
        as_write(ports, port & 0xffff, size, false, value);
    } else {
        as_read(ports, port & 0xffff, size, false, &value);
        g_string_append_printf(out, "port%c[0x%04x] = 0x%0*" PRIx64 "\n", "bw?l"[size - 1],
                               (unsigned)port & 0xffff, (int)size * 2, value);
    }
    as_free(ports);
    return true;
}

COMMAND(run_in)
{
    return port_access(c, args, false, out, err);
}

COMMAND(run_out)
{
    return port_access(c, args, true, out, err);
}

const MonitorCommand hmp_memory_commands[] = {
    { "gpa2hva", NULL, "ADDR", "where valletta has a physical address", run_gpa2hva },
    { "gva2gpa", NULL, "ADDR", "the physical address of a virtual one", run_gva2gpa },
    { "i", NULL, "/FMT PORT", "read an I/O port; FMT: b, h or w", run_in },
    { "memsave", NULL, "ADDR SIZE FILE", "write memory at a virtual address to a file", run_memsave },
    { "o", NULL, "/FMT PORT VALUE", "write an I/O port", run_out },
    { "pmemsave", NULL, "ADDR SIZE FILE", "write memory at a physical address to a file", run_pmemsave },
    { "print", "p", "/FMT EXPR", "the value of an expression; $pc and so on are registers",
      memory_dump_print },
    { "sum", NULL, "ADDR SIZE", "a checksum of physical memory", run_sum },
    { "x", NULL, "/FMT ADDR", "memory at a virtual address; FMT: [count][xduoci][bhwg]",
      memory_dump_virtual },
    { "xp", NULL, "/FMT ADDR", "the same at a physical address", memory_dump_physical },
    { 0 },
};
