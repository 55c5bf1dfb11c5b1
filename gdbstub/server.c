/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One client on a character device. Its first packet stops the machine; what it has stopped goes on
 * when it detaches or is gone. Bytes that are no packets do nothing.
 */
#include "gdbstub/gdb.h"

#include <string.h>
#include "util/error.h"

#define OUTPUT_FULL (64u << 10)     /* nothing is read while so much waits */

/* ---- what commands are made of ---- */

bool args_hex(Args *a, uint64_t *value)
{
    unsigned digits = 0;
    *value = 0;
    for (; a->at < a->end && g_ascii_isxdigit(*a->at) && digits < 17; digits++, a->at++) {
        *value = *value << 4 | (uint64_t)g_ascii_xdigit_value(*a->at);
    }
    return digits > 0 && digits <= 16;
}

bool args_take(Args *a, char c)
{
    bool there = a->at < a->end && *a->at == c;
    a->at += there;
    return there;
}

bool args_take_text(Args *a, const char *text)
{
    size_t len = strlen(text);
    bool there = (size_t)(a->end - a->at) >= len && memcmp(a->at, text, len) == 0;
    a->at += there ? len : 0;
    return there;
}

bool args_thread(const GdbServer *s, Args *a, unsigned *cpu)
{
    uint64_t n;
    if (args_take_text(a, "-1")) {
        *cpu = ALL_CPUS;
        return true;
    }
    if (!args_hex(a, &n) || n > s->machine->cpus->len) {
        return false;
    }
    *cpu = n ? (unsigned)n - 1 : 0;
    return true;
}

bool args_bytes(Args *a, GByteArray *out)
{
    for (; a->end - a->at >= 2; a->at += 2) {
        int high = g_ascii_xdigit_value(a->at[0]), low = g_ascii_xdigit_value(a->at[1]);
        if (high < 0 || low < 0) {
            return false;
        }
        uint8_t byte = (uint8_t)(high * 16 + low);
        g_byte_array_append(out, &byte, 1);
    }
    return args_at_end(a);
}

void append_hex(GString *out, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        g_string_append_printf(out, "%02x", ((const uint8_t *)bytes)[i]);
    }
}

void reply_error(GString *reply, const char *text)
{
    g_string_append_printf(reply, "E.%s", text);
}

Cpu *gdb_cpu(const GdbServer *s)
{
    return g_ptr_array_index(s->machine->cpus, s->cpu);
}

/* ---- coming and going ---- */

static void attach(GdbServer *s)
{
    if (!s->attached) {
        s->attached = true;
        s->goes_on = s->machine->state == RUN_RUNNING;
    }
    if (s->machine->state == RUN_RUNNING && !s->waiting) {
        machine_stop(s->machine, RUN_PAUSED);
    }
}

static void forget_settings(GdbServer *s)
{
    s->attached = s->waiting = s->physical = false;
    s->cpu = s->listed = 0;
    s->resumed = ALL_CPUS;
    s->sstep = SSTEP_KNOWN;
}

/* The machine is nobody's any more: it has no breakpoints and goes on, if it ran before. */
static void let_go(GdbServer *s, bool always)
{
    bool was_attached = s->attached, run = always || s->goes_on;
    RunState state = s->machine->state;
    forget_settings(s);
    if (!was_attached) {
        return;
    }
    gdb_forget_points(s);
    if (run && (state == RUN_DEBUG || state == RUN_PAUSED || (always && state == RUN_PRELAUNCH))) {
        machine_start(s->machine);
    }
}

static void interrupt(void *opaque)
{
    GdbServer *s = opaque;
    if (s->attached && s->waiting) {
        machine_stop(s->machine, RUN_PAUSED);
    }
}

/* ---- commands ---- */

static void reply_now(GdbServer *s, const char *text)
{
    packets_send(s->packets, text, strlen(text));
}

static void detach(GdbServer *s, Args *args, GString *reply)
{
    let_go(s, true);
    g_string_append(reply, "OK");
}

static void kill_machine(GdbServer *s, Args *args, GString *reply)
{
    machine_request_shutdown(s->machine, SHUTDOWN_MONITOR_QUIT);
}

static void kill_and_say(GdbServer *s, Args *args, GString *reply)
{
    g_string_append(reply, "OK");
    kill_machine(s, args, reply);
}

typedef struct {
    const char *name;
    GdbCommand *run;
    bool any_time;              /* while the machine runs, too */
    bool answers_later;
} Command;

static const Command commands[] = {
    { "?", gdb_last_stop },
    { "c", gdb_continue, .answers_later = true },
    { "C", gdb_continue_signal, .answers_later = true },
    { "D", detach, .any_time = true },
    { "g", gdb_read_registers },
    { "G", gdb_write_registers },
    { "H", gdb_choose_thread },
    { "k", kill_machine, .any_time = true, .answers_later = true },
    { "m", gdb_read_memory },
    { "M", gdb_write_memory },
    { "p", gdb_read_register },
    { "P", gdb_write_register },
    { "q", gdb_query },
    { "Q", gdb_set },
    { "s", gdb_step, .answers_later = true },
    { "S", gdb_step_signal, .answers_later = true },
    { "T", gdb_thread_alive },
    { "vCont?", gdb_vcont_query },
    { "vCont;", gdb_vcont, .answers_later = true },
    { "vCtrlC", gdb_interrupt_command, .any_time = true },
    { "vKill", kill_and_say, .any_time = true },
    { "X", gdb_write_binary },
    { "z", gdb_remove },
    { "Z", gdb_insert },
};

static const Command *find(Args *args)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (args_take_text(args, commands[i].name)) {
            return &commands[i];
        }
    }
    return NULL;
}

static void run_command(GdbServer *s, const Command *command, Args *args)
{
    g_autoptr(GString) reply = g_string_new(NULL);
    if (s->waiting && !(command && command->any_time)) {
        reply_now(s, "E.the machine runs; it must be stopped first");
        return;
    }
    bool was_waiting = s->waiting;
    if (command) {
        command->run(s, args, reply);
    }
    if (reply->len || !(command && command->answers_later)) {
        gdb_send(s, reply);
    }
    if (command && command->run == gdb_interrupt_command && was_waiting) {
        interrupt(s);
    }
}

static void got_packet(void *opaque, const char *data, size_t len)
{
    GdbServer *s = opaque;
    Args args = { data, data + len };
    attach(s);
    run_command(s, find(&args), &args);
}

static void refused(void *opaque, const char *why)
{
    g_autofree char *text = g_strdup_printf("E.%s", why);
    reply_now(opaque, text);
}

/* ---- output ---- */

static void send_bytes(void *opaque, const void *data, size_t len)
{
    GdbServer *s = opaque;
    if (s->chr) {
        g_string_append_len(s->out, data, (gssize)len);
        chardev_write_from(s->chr, s->out);
    }
}

void gdb_send(GdbServer *s, const GString *text)
{
    packets_send(s->packets, text->str, text->len);
}

static const PacketOps packet_ops = { got_packet, refused, interrupt, send_bytes };

/* ---- the character device ---- */

static size_t can_receive(void *opaque)
{
    return ((GdbServer *)opaque)->out->len < OUTPUT_FULL ? 4096 : 0;
}

static void receive(void *opaque, const uint8_t *data, size_t len)
{
    packets_receive(((GdbServer *)opaque)->packets, data, len);
}

static void event(void *opaque, ChardevEvent what)
{
    GdbServer *s = opaque;
    if (what == CHR_OPENED || what == CHR_CLOSED) {
        let_go(s, false);
        packets_reset(s->packets);
        g_string_truncate(s->out, 0);
    }
}

static void written(void *opaque)
{
    GdbServer *s = opaque;
    chardev_write_from(s->chr, s->out);
    chardev_accept_input(s->chr);
}

static const ChardevFrontend frontend = { can_receive, receive, event, .written = written };

static void state_changed(void *opaque, RunState now)
{
    GdbServer *s = opaque;
    if (s->waiting && now != RUN_RUNNING) {
        gdb_tell_stop(s);
    }
}

char *gdb_device(const char *text)
{
    bool socket = g_str_has_prefix(text, "tcp:") || g_str_has_prefix(text, "unix:");
    if (!socket) {
        return g_strdup(text);
    }
    bool has_host = !g_str_has_prefix(text, "tcp::");
    g_autofree char *address = has_host ? g_strdup(text)
                                        : g_strconcat("tcp:127.0.0.1:", text + strlen("tcp::"), NULL);
    if (strstr(text, ",server")) {
        return g_steal_pointer(&address);
    }
    return g_strconcat(address, ",server=on,wait=off", *text == 't' ? ",nodelay=on" : "", NULL);
}

static void stop_serving(GdbServer *s)
{
    if (!s->chr) {
        return;
    }
    let_go(s, false);
    packets_reset(s->packets);
    chardev_release(s->chr);
    s->chr = NULL;
    if (s->chardev) {
        chardev_set_remove(s->context->chardevs, s->chardev, NULL);
        g_clear_pointer(&s->chardev, g_free);
    }
    g_string_truncate(s->out, 0);
}

bool gdb_server_listen(GdbServer *s, const char *option, const char *text, GError **err)
{
    g_autofree char *device = gdb_device(text);
    if (s->in_monitor) {
        return error_set(err, "this command came through the server itself");
    }
    if (s->machine->cpus->len == 0) {
        return error_set(err, "%s: there is no CPU to debug", option);
    }
    stop_serving(s);
    if (!chardev_set_open(s->context->chardevs, option, "gdb", device, &s->chr, err)) {
        return false;
    }
    s->chardev = s->chr && !g_str_has_prefix(text, "chardev:") ? g_strdup("gdb") : NULL;
    if (s->chr) {
        chardev_attach(s->chr, &frontend, s);
    }
    return true;
}

GdbServer *gdb_server_new(const MonitorContext *context)
{
    GdbServer *s = g_new0(GdbServer, 1);
    s->context = context;
    s->machine = context->machine;
    s->packets = packets_new(&packet_ops, s);
    s->out = g_string_new(NULL);
    forget_settings(s);
    machine_add_state_listener(s->machine, state_changed, s);
    return s;
}

void gdb_server_end(GdbServer *s)
{
    if (s && s->chr && s->attached) {
        reply_now(s, "W00");
    }
    if (s && s->chr) {
        s->attached = s->waiting = false;
        chardev_release(s->chr);
        s->chr = NULL;
    }
}

void gdb_server_free(GdbServer *s)
{
    if (s) {
        packets_free(s->packets);
        g_string_free(s->out, TRUE);
        g_free(s->chardev);
        g_free(s);
    }
}
