/* SPDX-License-Identifier: GPL-2.0-or-later */
/* g, G, p, P: all registers, or one. */
#include "gdbstub/gdb.h"

void gdb_read_registers(GdbServer *s, Args *args, GString *reply)
{
    Cpu *cpu = gdb_cpu(s);
    unsigned size;
    for (unsigned n = 0; (size = cpu->ops->debug->register_size(cpu, n)); n++) {
        uint8_t bytes[8];
        cpu->ops->debug->read_register(cpu, n, bytes);
        append_hex(reply, bytes, size);
    }
}

/* In the order of their numbers, as far as there are bytes. PC comes before Status could matter to it. */
void gdb_write_registers(GdbServer *s, Args *args, GString *reply)
{
    Cpu *cpu = gdb_cpu(s);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    unsigned size;
    if (!args_bytes(args, bytes)) {
        g_string_append(reply, GDB_MALFORMED);
        return;
    }
    guint at = 0;
    for (unsigned n = 0; (size = cpu->ops->debug->register_size(cpu, n)) && at + size <= bytes->len; n++) {
        cpu->ops->debug->write_register(cpu, n, bytes->data + at);
        at += size;
    }
    g_string_append(reply, at == bytes->len ? "OK" : GDB_MALFORMED);
}

void gdb_read_register(GdbServer *s, Args *args, GString *reply)
{
    Cpu *cpu = gdb_cpu(s);
    uint64_t n;
    uint8_t bytes[8];
    unsigned size = args_hex(args, &n) && args_at_end(args) && n <= UINT16_MAX
                    ? cpu->ops->debug->register_size(cpu, (unsigned)n) : 0;
    if (!size) {
        g_string_append(reply, GDB_MALFORMED);
        return;
    }
    cpu->ops->debug->read_register(cpu, (unsigned)n, bytes);
    append_hex(reply, bytes, size);
}

void gdb_write_register(GdbServer *s, Args *args, GString *reply)
{
    Cpu *cpu = gdb_cpu(s);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    uint64_t n;
    if (!args_hex(args, &n) || !args_take(args, '=') || !args_bytes(args, bytes) || n > UINT16_MAX ||
        bytes->len == 0 || bytes->len != cpu->ops->debug->register_size(cpu, (unsigned)n)) {
        g_string_append(reply, GDB_MALFORMED);
        return;
    }
    cpu->ops->debug->write_register(cpu, (unsigned)n, bytes->data);
    g_string_append(reply, "OK");
}
