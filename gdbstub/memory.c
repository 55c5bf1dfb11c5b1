/* SPDX-License-Identifier: GPL-2.0-or-later */
/* m, M, X: memory by virtual addresses as the CPU has them mapped now, or by physical ones. */
#include "gdbstub/gdb.h"

#define PAGE 0x1000u

/* Where the byte at addr lies, and how many of len follow it in the same page. */
static bool locate(const GdbServer *s, uint64_t addr, uint64_t len, uint64_t *paddr, uint64_t *here)
{
    Cpu *cpu = gdb_cpu(s);
    *here = MIN(len, PAGE - (addr & (PAGE - 1)));
    if (s->physical) {
        *paddr = cpu->is_64bit ? addr : addr & 0xffffffff;
        return true;
    }
    return cpu->ops->debug->translate(cpu, cpu->ops->debug->canonical(cpu, addr), paddr);
}

void gdb_read_memory(GdbServer *s, Args *args, GString *reply)
{
    uint64_t addr, len, done = 0, paddr, here;
    if (!args_hex(args, &addr) || !args_take(args, ',') || !args_hex(args, &len) || !args_at_end(args)) {
        g_string_append(reply, GDB_MALFORMED);
        return;
    }
    len = MIN(len, PACKET_MAX / 2);
    while (done < len && locate(s, addr + done, len - done, &paddr, &here)) {
        uint8_t bytes[PAGE];
        if (as_read_buf(s->machine->as, paddr, bytes, here) != MEM_OK) {
            break;
        }
        append_hex(reply, bytes, here);
        done += here;
    }
    if (done == 0 && len != 0) {
        g_string_append(reply, GDB_NO_MEMORY);
    }
}

/* Devices take writes, ROM and flash do not. */
static bool can_write(const GdbServer *s, uint64_t paddr, uint64_t len)
{
    while (len > 0) {
        MemSpan span = as_span(s->machine->as, paddr);
        if (span.host && !span.writable) {
            return false;
        }
        uint64_t n = span.len ? MIN(span.len, len) : len;
        paddr += n;
        len -= n;
    }
    return true;
}

/* Nothing is written unless all of it can be. */
static bool write_all(const GdbServer *s, uint64_t addr, const uint8_t *bytes, uint64_t len, bool really)
{
    uint64_t paddr, here;
    for (uint64_t done = 0; done < len; done += here) {
        if (!locate(s, addr + done, len - done, &paddr, &here) ||
            (really ? as_write_buf(s->machine->as, paddr, bytes + done, here) != MEM_OK
                    : !can_write(s, paddr, here))) {
            return false;
        }
    }
    return true;
}

static void write_bytes(GdbServer *s, uint64_t addr, const uint8_t *bytes, uint64_t len, GString *reply)
{
    bool good = write_all(s, addr, bytes, len, false) && write_all(s, addr, bytes, len, true);
    g_string_append(reply, good ? "OK" : GDB_NO_MEMORY);
}

void gdb_write_memory(GdbServer *s, Args *args, GString *reply)
{
    uint64_t addr, len;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    if (!args_hex(args, &addr) || !args_take(args, ',') || !args_hex(args, &len) || !args_take(args, ':') ||
        !args_bytes(args, bytes) || bytes->len != len) {
        g_string_append(reply, GDB_MALFORMED);
        return;
    }
    write_bytes(s, addr, bytes->data, len, reply);
}

void gdb_write_binary(GdbServer *s, Args *args, GString *reply)
{
    uint64_t addr, len;
    if (!args_hex(args, &addr) || !args_take(args, ',') || !args_hex(args, &len) || !args_take(args, ':') ||
        (uint64_t)(args->end - args->at) != len) {
        g_string_append(reply, GDB_MALFORMED);
        return;
    }
    write_bytes(s, addr, (const uint8_t *)args->at, len, reply);
}
