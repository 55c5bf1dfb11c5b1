/* SPDX-License-Identifier: GPL-2.0-or-later */
/* q and Q: what the server can, threads, the target description, the monitor; H and T. */
#include "gdbstub/gdb.h"

#include <string.h>

/* ---- threads: one for each CPU, numbered from 1 ---- */

void gdb_thread_alive(GdbServer *s, Args *args, GString *reply)
{
    unsigned cpu;
    g_string_append(reply, args_thread(s, args, &cpu) && args_at_end(args) ? "OK" : GDB_MALFORMED);
}

/* H: g for registers and memory, c for the commands c and s. */
void gdb_choose_thread(GdbServer *s, Args *args, GString *reply)
{
    unsigned cpu;
    bool go = args_take(args, 'c');
    if ((!go && !args_take(args, 'g')) || !args_thread(s, args, &cpu) || !args_at_end(args)) {
        g_string_append(reply, GDB_MALFORMED);
        return;
    }
    if (go) {
        s->resumed = cpu;
    } else if (cpu != ALL_CPUS) {
        s->cpu = cpu;
    }
    g_string_append(reply, "OK");
}

static void more_threads(GdbServer *s, Args *args, GString *reply)
{
    enum { AT_A_TIME = 64 };
    unsigned end = MIN(s->listed + AT_A_TIME, s->machine->cpus->len);
    if (s->listed == end) {
        g_string_append_c(reply, 'l');
    }
    for (char before = 'm'; s->listed < end; before = ',') {
        g_string_append_printf(reply, "%c%x", before, ++s->listed);
    }
}

static void first_threads(GdbServer *s, Args *args, GString *reply)
{
    s->listed = 0;
    more_threads(s, args, reply);
}

static void current_thread(GdbServer *s, Args *args, GString *reply)
{
    g_string_append_printf(reply, "QC%x", s->cpu + 1);
}

static void thread_info(GdbServer *s, Args *args, GString *reply)
{
    unsigned n;
    if (!args_take(args, ',') || !args_thread(s, args, &n) || n == ALL_CPUS || !args_at_end(args)) {
        g_string_append(reply, GDB_MALFORMED);
        return;
    }
    Cpu *cpu = g_ptr_array_index(s->machine->cpus, n);
    bool halted = cpu->ops->halted && cpu->ops->halted(cpu);
    g_autofree char *text = g_strdup_printf("CPU#%u %s [%s]", n, cpu->model, halted ? "halted" : "running");
    append_hex(reply, text, strlen(text));
}

/* ---- what there is ---- */

static void supported(GdbServer *s, Args *args, GString *reply)
{
    g_string_append_printf(reply, "PacketSize=%x;QStartNoAckMode+;vContSupported+;qXfer:features:read+",
                           PACKET_MAX);
}

static void no_acks(GdbServer *s, Args *args, GString *reply)
{
    packets_stop_acks(s->packets);
    g_string_append(reply, "OK");
}

static void is_attached(GdbServer *s, Args *args, GString *reply)
{
    g_string_append_c(reply, '1');
}

/* "ANNEX:OFFSET,LENGTH" */
static void features(GdbServer *s, Args *args, GString *reply)
{
    Cpu *cpu = gdb_cpu(s);
    uint64_t offset, len;
    const char *colon = memchr(args->at, ':', (size_t)(args->end - args->at));
    if (!colon) {
        g_string_append(reply, GDB_MALFORMED);
        return;
    }
    g_autofree char *name = g_strndup(args->at, (size_t)(colon - args->at));
    args->at = colon + 1;
    if (!args_hex(args, &offset) || !args_take(args, ',') || !args_hex(args, &len) || !args_at_end(args)) {
        g_string_append(reply, GDB_MALFORMED);
        return;
    }
    g_autofree char *text = cpu->ops->debug->description(cpu, name);
    size_t size = text ? strlen(text) : 0;
    if (!text || offset > size) {
        g_string_append(reply, "E00");
        return;
    }
    len = MIN(len, PACKET_MAX / 2);
    g_string_append_c(reply, size - offset > len ? 'm' : 'l');
    g_string_append_len(reply, text + offset, (gssize)MIN(len, size - offset));
}

/* ---- the monitor ---- */

static void send_output(GdbServer *s, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        g_autoptr(GString) packet = g_string_new("O");
        size_t n = MIN(left, (PACKET_MAX - 2) / 2);
        append_hex(packet, text, n);
        gdb_send(s, packet);
        text += n;
        left -= n;
    }
}

static void monitor_command(GdbServer *s, Args *args, GString *reply)
{
    g_autoptr(GByteArray) line = g_byte_array_new();
    bool good = args_take(args, ',') && args_bytes(args, line);
    g_byte_array_append(line, (const uint8_t *)"", 1);
    if (!good || strlen((const char *)line->data) + 1 != line->len) {
        g_string_append(reply, GDB_MALFORMED);
        return;
    }
    s->in_monitor = true;
    g_autofree char *answer = monitor_run(s->context, (const char *)line->data);
    s->in_monitor = false;
    send_output(s, answer);
    g_string_append(reply, "OK");
}

/* ---- as users of QEMU know it ---- */

static void physical_mode(GdbServer *s, Args *args, GString *reply)
{
    g_string_append_c(reply, s->physical ? '1' : '0');
}

static void set_physical_mode(GdbServer *s, Args *args, GString *reply)
{
    uint64_t on;
    if (!args_hex(args, &on) || on > 1 || !args_at_end(args)) {
        g_string_append(reply, GDB_MALFORMED);
        return;
    }
    s->physical = on;
    g_string_append(reply, "OK");
}

static void sstep_bits(GdbServer *s, Args *args, GString *reply)
{
    g_string_append_printf(reply, "ENABLE=%x,NOIRQ=%x", SSTEP_ENABLE, SSTEP_NO_INTERRUPTS);
}

static void sstep(GdbServer *s, Args *args, GString *reply)
{
    g_string_append_printf(reply, "0x%x", s->sstep);
}

static void set_sstep(GdbServer *s, Args *args, GString *reply)
{
    uint64_t bits;
    args_take_text(args, "0x");
    if (!args_hex(args, &bits) || (bits & ~(uint64_t)SSTEP_KNOWN) || !args_at_end(args)) {
        g_string_append(reply, GDB_MALFORMED);
        return;
    }
    s->sstep = (unsigned)bits;
    g_string_append(reply, "OK");
}

/* ---- tables ---- */

typedef struct {
    const char *name;
    GdbCommand *run;
    bool whole;             /* nothing follows the name, or ':' or ';' and what does not matter */
} Query;

static const Query queries[] = {
    { "Supported", supported, true },
    { "Attached", is_attached, true },
    { "C", current_thread, true },
    { "fThreadInfo", first_threads, true },
    { "sThreadInfo", more_threads, true },
    { "ThreadExtraInfo", thread_info, false },
    { "Xfer:features:read:", features, false },
    { "Rcmd", monitor_command, false },
    { "qemu.PhyMemMode", physical_mode, true },
    { "qemu.sstepbits", sstep_bits, true },
    { "qemu.sstep", sstep, true },
    { NULL, NULL, false },
};

static const Query settings[] = {
    { "StartNoAckMode", no_acks, true },
    { "qemu.PhyMemMode:", set_physical_mode, false },
    { "qemu.sstep=", set_sstep, false },
    { "qemu.sstep:", set_sstep, false },
    { NULL, NULL, false },
};

static void run_query(const Query *table, GdbServer *s, Args *args, GString *reply)
{
    for (const Query *q = table; q->name; q++) {
        Args rest = *args;
        if (args_take_text(&rest, q->name) &&
            (!q->whole || args_at_end(&rest) || *rest.at == ':' || *rest.at == ';')) {
            q->run(s, &rest, reply);
            return;
        }
    }
}

void gdb_query(GdbServer *s, Args *args, GString *reply)
{
    run_query(queries, s, args, reply);
}

void gdb_set(GdbServer *s, Args *args, GString *reply)
{
    run_query(settings, s, args, reply);
}
