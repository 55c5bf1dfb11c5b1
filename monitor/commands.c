/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of commands and what they do. */
#include "monitor/commands.h"

#include <string.h>
#include "util/error.h"
#include "util/log.h"

/* args: what follows the command's name, words separated by single spaces, maybe "". */
#define COMMAND(func) static bool func(const MonitorContext *c, const char *args, GString *out, GError **err)

/* CPUs are looked at while they stand; the machine goes on afterwards. */
bool commands_park(const MonitorContext *c)
{
    bool running = c->machine->state == RUN_RUNNING && c->machine->runner;
    if (running) {
        c->machine->runner->pause(c->machine);
    }
    return running;
}

void commands_unpark(const MonitorContext *c, bool was_running)
{
    if (was_running) {
        c->machine->runner->resume(c->machine);
    }
}

/* ---- info ---- */

COMMAND(info_status)
{
    RunState state = c->machine->state;
    g_string_append_printf(out, "VM status: %s%s%s%s\n", state == RUN_RUNNING ? "running" : "paused",
                           state == RUN_RUNNING || state == RUN_PAUSED ? "" : " (",
                           state == RUN_RUNNING || state == RUN_PAUSED ? "" : run_state_name(state),
                           state == RUN_RUNNING || state == RUN_PAUSED ? "" : ")");
    return true;
}

COMMAND(info_version)
{
    g_string_append_printf(out, "valletta %s\n", c->version);
    return true;
}

COMMAND(info_name)
{
    if (c->machine->name) {
        g_string_append_printf(out, "%s\n", c->machine->name);
    }
    return true;
}

COMMAND(info_uuid)
{
    g_string_append_printf(out, "%s\n", c->uuid ? c->uuid : "00000000-0000-0000-0000-000000000000");
    return true;
}

COMMAND(info_registers)
{
    bool running = commands_park(c);
    for (guint i = 0; i < c->machine->cpus->len; i++) {
        Cpu *cpu = g_ptr_array_index(c->machine->cpus, i);
        g_string_append_printf(out, "CPU#%u\n", cpu->index);
        cpu->ops->describe(cpu, out);
    }
    commands_unpark(c, running);
    return true;
}

COMMAND(info_mtree)
{
    g_autofree char *text = as_describe(c->machine->as);
    g_string_append(out, text);
    return true;
}

COMMAND(info_chardev)
{
    g_autofree char *text = chardev_set_describe(c->chardevs);
    g_string_append(out, text);
    return true;
}

COMMAND(info_accelerators)
{
    g_string_append_printf(out, "[%c] kvm\n[%c] tcg\n", strcmp(c->accel->name, "kvm") == 0 ? '*' : ' ',
                           strcmp(c->accel->name, "tcg") == 0 ? '*' : ' ');
    return true;
}

COMMAND(info_jit)
{
    bool running = commands_park(c);
    accel_describe_jit(c->machine, c->accel, out);
    commands_unpark(c, running);
    return true;
}

COMMAND(info_kvm)
{
    accel_describe_kvm(c->machine, c->accel, out);
    return true;
}

static const MonitorCommand info_table[] = {
    { "accelerators", NULL, "", "what runs the CPU", info_accelerators },
    { "chardev", NULL, "", "the character devices", info_chardev },
    { "jit", NULL, "", "what the translator has made and how it was used", info_jit },
    { "kvm", NULL, "", "whether KVM runs the guest, of which type, and why", info_kvm },
    { "mtree", NULL, "", "the physical memory map", info_mtree },
    { "name", NULL, "", "the machine's -name", info_name },
    { "registers", NULL, "", "the CPU's registers", info_registers },
    { "status", NULL, "", "running or not", info_status },
    { "uuid", NULL, "", "the machine's -uuid", info_uuid },
    { "version", NULL, "", "the program's version", info_version },
    { 0 },
};

static void list_table(const MonitorCommand *table, const char *prefix, GString *out)
{
    for (const MonitorCommand *m = table; m->name; m++) {
        g_autofree char *head = g_strdup_printf("%s%s%s%s %s", prefix, m->name, m->alias ? "|" : "",
                                                m->alias ? m->alias : "", m->args);
        g_string_append_printf(out, "%-26s %s\n", head, m->help);
    }
}

static const MonitorCommand *find(const MonitorCommand *table, const char *name)
{
    for (const MonitorCommand *m = table; m->name; m++) {
        if (strcmp(m->name, name) == 0 || g_strcmp0(m->alias, name) == 0) {
            return m;
        }
    }
    return NULL;
}

COMMAND(run_info)
{
    const MonitorCommand *m = find(info_table, args);
    if (*args == '\0') {
        list_table(info_table, "info ", out);
        return true;
    }
    if (!m) {
        return error_set(err, "info %s: not known; \"info\" lists what is", args);
    }
    return m->run(c, "", out, err);
}

/* ---- run state ---- */

COMMAND(run_quit)
{
    machine_request_shutdown(c->machine, SHUTDOWN_MONITOR_QUIT);
    return true;
}

COMMAND(run_stop)
{
    if (c->machine->state == RUN_RUNNING) {
        machine_stop(c->machine, RUN_PAUSED);
    }
    return true;
}

COMMAND(run_cont)
{
    machine_start(c->machine);
    return true;
}

COMMAND(run_reset)
{
    machine_request_reset(c->machine);
    return true;
}

COMMAND(run_powerdown)
{
    return error_set(err, "system_powerdown: not there: a Malta has no power button that its guest hears; "
                          "power off from within, or use quit");
}

/* ---- properties of the machine ---- */

static const char *machine_property(const MonitorContext *c, const char *name)
{
    const struct {
        const char *name, *value;
    } all[] = {
        { "accel", c->accel->name },
        { "endian", c->machine->big_endian ? "big" : "little" },
        { "kvm-type", kvm_type_name(c->kvm->type) },
        { "type", "malta-machine" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        if (strcmp(all[i].name, name) == 0) {
            return all[i].value;
        }
    }
    return NULL;
}

COMMAND(run_qom_get)
{
    g_auto(GStrv) words = g_strsplit(args, " ", 2);
    if (!words[0] || !words[1]) {
        return error_set(err, "qom-get: needs a path and a property, as in qom-get /machine kvm-type");
    }
    if (strcmp(words[0], "/machine") != 0) {
        return error_set(err, "qom-get %s: no such path; there is /machine", words[0]);
    }
    const char *value = machine_property(c, words[1]);
    if (!value) {
        return error_set(err, "qom-get /machine %s: no such property; there are accel, endian, kvm-type and "
                         "type", words[1]);
    }
    g_string_append_printf(out, "\"%s\"\n", value);
    return true;
}

/* ---- the rest ---- */

COMMAND(run_log)
{
    if (*args == '\0') {
        g_autofree char *text = log_items_help();
        g_string_append(out, text);
        return true;
    }
    return log_set_items(args, err);
}

COMMAND(run_logfile)
{
    return *args ? log_set_file(args, err) : error_set(err, "logfile: needs a file name");
}

COMMAND(run_break)
{
    return chardev_set_break(c->chardevs, *args ? args : "serial0", err);
}

COMMAND(run_help);

static const MonitorCommand command_table[] = {
    { "chardev-send-break", "sendbreak", "[ID]", "send a break to the guest (serial0 by default)",
      run_break },
    { "cont", "c", "", "start, or go on", run_cont },
    { "help", "?", "[COMMAND]", "this list", run_help },
    { "info", NULL, "[WHAT]", "show something (\"info\" lists what)", run_info },
    { "log", NULL, "[ITEM,...|none]", "log these, as -d", run_log },
    { "logfile", NULL, "FILE", "log to FILE, as -D", run_logfile },
    { "qom-get", NULL, "PATH PROPERTY", "a property of /machine: accel, endian, kvm-type or type",
      run_qom_get },
    { "quit", "q", "", "end the program", run_quit },
    { "stop", "s", "", "stop the guest", run_stop },
    { "system_powerdown", NULL, "", "not there", run_powerdown },
    { "system_reset", NULL, "", "reset the machine", run_reset },
    { "x", NULL, "/FMT ADDR", "memory at a virtual address; FMT: [count][xduoc][bhwg]", memory_dump_virtual },
    { "xp", NULL, "/FMT ADDR", "the same at a physical address", memory_dump_physical },
    { 0 },
};

COMMAND(run_help)
{
    const MonitorCommand *m = *args ? find(command_table, args) : NULL;
    if (*args && !m) {
        return error_set(err, "help %s: no such command; \"help\" lists all", args);
    }
    if (m) {
        const MonitorCommand one[] = { *m, { 0 } };
        list_table(one, "", out);
    } else {
        list_table(command_table, "", out);
    }
    return true;
}

/* "x/4xw 0x80000000" is typed as often as "x /4xw ...". */
static char *split_name(const char *line, const char **args)
{
    size_t len = strcspn(line, " /");
    *args = line + len + strspn(line + len, " ");
    return g_strndup(line, len);
}

char *monitor_run(const MonitorContext *context, const char *line)
{
    g_autofree char *text = g_strstrip(g_strdup(line));
    const char *args;
    g_autofree char *name = split_name(text, &args);
    g_autoptr(GError) err = NULL;
    GString *out = g_string_new(NULL);
    const MonitorCommand *m = find(command_table, name);
    if (*text && !m) {
        g_string_append_printf(out, "unknown command: '%s'; \"help\" lists all\n", name);
    } else if (*text && !m->run(context, args, out, &err)) {
        g_string_append_printf(out, "Error: %s\n", err->message);
    }
    return g_string_free(out, FALSE);
}

char **monitor_complete(const char *prefix)
{
    GPtrArray *words = g_ptr_array_new();
    const MonitorCommand *table = command_table;
    if (g_str_has_prefix(prefix, "info ")) {
        table = info_table;
        prefix += strlen("info ");
    } else if (g_str_has_prefix(prefix, "help ")) {
        prefix += strlen("help ");
    }
    for (const MonitorCommand *m = table; m->name; m++) {
        if (g_str_has_prefix(m->name, prefix)) {
            g_ptr_array_add(words, g_strdup(m->name));
        }
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}
