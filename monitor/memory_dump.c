/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor/commands.h"

#include <inttypes.h>
#include <string.h>
#include "util/bits.h"
#include "util/error.h"

#define COUNT_MAX 65536

typedef struct {
    uint64_t count;
    char format;        /* x d u o c */
    unsigned size;      /* bytes */
    uint64_t addr;
} Request;

static bool parse_format(const char *text, size_t len, Request *r, GError **err)
{
    static const char sizes[] = "bhwg";
    size_t i = 0;
    uint64_t count = 0;
    for (; i < len && g_ascii_isdigit(text[i]) && count <= COUNT_MAX; i++) {
        count = count * 10 + (uint64_t)(text[i] - '0');
    }
    r->count = i ? count : 1;
    for (; i < len; i++) {
        const char *size = strchr(sizes, text[i]);
        if (strchr("xduoci", text[i])) {
            r->format = text[i];
        } else if (size) {
            r->size = 1u << (size - sizes);
        } else {
            return error_set(err, "'%c' in the format: there are x d u o c i, and b h w g for the size",
                             text[i]);
        }
    }
    if (r->count < 1 || r->count > COUNT_MAX) {
        return error_set(err, "the count must be from 1 to %d", COUNT_MAX);
    }
    return true;
}

static bool parse(const MonitorContext *c, const char *args, Request *r, GError **err)
{
    *r = (Request){ .count = 1, .format = 'x', .size = 4 };
    if (*args == '/') {
        size_t len = strcspn(++args, " ");
        if (!parse_format(args, len, r, err)) {
            return false;
        }
        args += len + strspn(args + len, " ");
    }
    if (r->format == 'c') {
        r->size = 1;
    } else if (r->format == 'i') {
        r->size = 4;
    }
    return expr_parse(c, args, &r->addr, NULL, err);
}

bool memory_read_virtual(const MonitorContext *c, uint64_t addr, void *out, size_t len)
{
    uint8_t *buf = out;
    Cpu *cpu = c->machine->cpus->len ? g_ptr_array_index(c->machine->cpus, 0) : NULL;
    for (size_t i = 0; i < len; i++) {
        uint64_t vaddr = addr + i, paddr;
        if (cpu && !cpu->is_64bit) {
            vaddr = (uint64_t)(int64_t)(int32_t)vaddr;
        }
        if (!cpu || !cpu->ops->translate(cpu, vaddr, &paddr) ||
            as_read_buf(c->machine->as, paddr, buf + i, 1) != MEM_OK) {
            return false;
        }
    }
    return true;
}

static bool read_one(const MonitorContext *c, bool physical, uint64_t addr, unsigned size, uint64_t *value)
{
    uint8_t buf[8];
    bool big = c->machine->big_endian;
    if (physical) {
        return as_read(c->machine->as, addr, size, big, value) == MEM_OK;
    }
    if (!memory_read_virtual(c, addr, buf, size)) {
        return false;
    }
    *value = big ? load_be(buf, size) : load_le(buf, size);
    return true;
}

static void show(GString *out, const Request *r, uint64_t value)
{
    int digits = (int)r->size * 2;
    switch (r->format) {
    case 'd':
        g_string_append_printf(out, " %" PRId64, sign_extend(value, 8 * r->size));
        break;
    case 'u':
        g_string_append_printf(out, " %" PRIu64, value);
        break;
    case 'o':
        g_string_append_printf(out, " 0%" PRIo64, value);
        break;
    case 'c':
        g_string_append_printf(out, g_ascii_isprint((char)value) ? " '%c'" : " '\\x%02x'", (unsigned)value);
        break;
    default:
        g_string_append_printf(out, " 0x%0*" PRIx64, digits, value);
        break;
    }
}

static bool disassemble(const MonitorContext *c, const Request *r, bool physical, GString *out, GError **err)
{
    if (c->machine->cpus->len == 0) {
        return error_set(err, "No CPU available");
    }
    Cpu *cpu = g_ptr_array_index(c->machine->cpus, 0);
    bool running = commands_park(c), there = true;
    for (uint64_t i = 0; i < r->count && there; i++) {
        uint64_t addr = r->addr + 4 * i;
        uint8_t word[4];
        there = physical ? as_read_buf(c->machine->as, addr, word, 4) == MEM_OK
                         : memory_read_virtual(c, addr, word, 4);
        g_string_append_printf(out, "0x%0*" PRIx64 ":  ", cpu->is_64bit ? 16 : 8,
                               cpu->is_64bit ? addr : (uint32_t)addr);
        if (there) {
            cpu->ops->disassemble(cpu, addr, word, out);
        } else {
            g_string_append(out, physical ? "nothing there" : "not mapped");
        }
        g_string_append_c(out, '\n');
    }
    commands_unpark(c, running);
    return true;
}

static bool dump(const MonitorContext *c, const char *args, bool physical, GString *out, GError **err)
{
    Request r;
    if (!parse(c, args, &r, err)) {
        return false;
    }
    if (r.format == 'i') {
        return disassemble(c, &r, physical, out, err);
    }
    unsigned per_line = r.size == 8 ? 2 : r.format == 'c' || r.size == 1 ? 8 : 4;
    bool running = commands_park(c), ok = true;
    for (uint64_t i = 0; i < r.count && ok; i++) {
        uint64_t addr = r.addr + i * r.size, value;
        if (i % per_line == 0) {
            g_string_append_printf(out, "%s%016" PRIx64 ":", i ? "\n" : "", addr);
        }
        ok = read_one(c, physical, addr, r.size, &value);
        if (ok) {
            show(out, &r, value);
        } else {
            g_string_append(out, physical ? " nothing there" : " not mapped");
        }
    }
    g_string_append_c(out, '\n');
    commands_unpark(c, running);
    return true;
}

bool memory_dump_virtual(const MonitorContext *context, const char *args, GString *out, GError **err)
{
    return dump(context, args, false, out, err);
}

bool memory_dump_physical(const MonitorContext *context, const char *args, GString *out, GError **err)
{
    return dump(context, args, true, out, err);
}

bool memory_dump_print(const MonitorContext *context, const char *args, GString *out, GError **err)
{
    Request r;
    if (!parse(context, args, &r, err)) {
        return false;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    bool hex = r.format == 'x' || r.format == 'i';
    if (hex) {
        g_string_append_printf(text, " 0x%" PRIx64, r.addr);
    } else {
        r.size = r.format == 'c' ? 1 : 8;
        show(text, &r, r.format == 'c' ? r.addr & 0xff : r.addr);
    }
    g_string_append_printf(out, "%s\n", text->str + 1);
    return true;
}
