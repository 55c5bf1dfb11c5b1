/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The choice of what runs the vCPUs, and its start. */
#include "accel/accel.h"

#include <string.h>
#include "accel/tcg/tcg.h"
#include "util/error.h"

void accel_config_clear(AccelConfig *config)
{
    g_free(config->name);
    g_free(config->coverage);
    *config = (AccelConfig){ 0 };
}

char *accel_help(void)
{
    return g_strdup("Accelerators (-accel NAME[,property=value] or -machine accel=NAME):\n"
                    "  tcg    translates guest code; here: into an IR that is interpreted\n"
                    "         one-insn-per-tb=on|off  one guest instruction a block (off)\n"
                    "         ir-verify=on|off        check the IR of every block (off)\n"
                    "         insn-coverage=FILE      at the end, list which instructions were executed\n");
}

static bool parse_bool(const char *name, const char *value, bool *out, GError **err)
{
    if (strcmp(value, "on") == 0) {
        *out = true;
    } else if (strcmp(value, "off") == 0) {
        *out = false;
    } else {
        return error_set(err, "-accel tcg,%s=%s: on or off is expected", name, value);
    }
    return true;
}

static bool parse_property(AccelConfig *config, const char *text, GError **err)
{
    g_auto(GStrv) pair = g_strsplit(text, "=", 2);
    const char *value = pair[0] && pair[1] ? pair[1] : "on";
    if (g_strcmp0(pair[0], "one-insn-per-tb") == 0) {
        return parse_bool(pair[0], value, &config->one_insn, err);
    }
    if (g_strcmp0(pair[0], "ir-verify") == 0) {
        return parse_bool(pair[0], value, &config->ir_checks, err);
    }
    if (g_strcmp0(pair[0], "insn-coverage") == 0 && pair[1] && *pair[1]) {
        g_free(config->coverage);
        config->coverage = g_strdup(pair[1]);
        return true;
    }
    return error_set(err, "-accel tcg,%s: no such property; there are one-insn-per-tb, ir-verify and "
                     "insn-coverage=FILE", text);
}

static bool choose(AccelConfig *config, const char *names, GError **err)
{
    g_auto(GStrv) list = g_strsplit(names, ":", -1);
    for (char **name = list; *name; name++) {
        if (strcmp(*name, "tcg") == 0) {
            accel_config_clear(config);
            config->name = g_strdup("tcg");
            return true;
        }
        if (strcmp(*name, "kvm") != 0 && strcmp(*name, "qtest") != 0) {
            return error_set(err, "-accel %s: no such accelerator; there is tcg", *name);
        }
    }
    return error_set(err, "-accel %s: not supported yet; there is tcg", names);
}

bool accel_parse(AccelConfig *config, const char *text, GError **err)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    if (!parts[0] || !choose(config, g_str_has_prefix(parts[0], "accel=") ? parts[0] + 6 : parts[0], err)) {
        return parts[0] ? false : error_set(err, "-accel: a name is missing; there is tcg");
    }
    for (char **p = parts + 1; *p; p++) {
        if (!parse_property(config, *p, err)) {
            return false;
        }
    }
    return true;
}

/* ---- tcg as the machine's runner ---- */

static void each_cpu(Machine *machine, void (*func)(Tcg *))
{
    for (unsigned i = 0; i < machine->cpus->len; i++) {
        func(mips_cpu(g_ptr_array_index(machine->cpus, i))->engine_data);
    }
}

static void ask_park(Tcg *tcg)
{
    tcg_park(tcg, true);
}

static void unpark(Tcg *tcg)
{
    tcg_park(tcg, false);
}

/* A vCPU may be waiting for the machine lock; it is let through to its parking place. */
static void tcg_pause(Machine *machine)
{
    each_cpu(machine, ask_park);
    machine_unlock(machine);
    each_cpu(machine, tcg_wait_parked);
    machine_lock(machine);
}

static void tcg_resume(Machine *machine)
{
    each_cpu(machine, unpark);
}

static void write_coverage(Tcg *tcg)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) err = NULL;
    if (!tcg->coverage) {
        return;
    }
    for (unsigned n = 0; n < mips_insn_count(); n++) {
        g_string_append_printf(text, "%s %s\n", tcg->covered[n] ? "yes" : "no", mips_insn_name(n));
    }
    if (!g_file_set_contents(tcg->coverage, text->str, (gssize)text->len, &err)) {
        g_printerr("valletta: -accel tcg,insn-coverage=%s: %s\n", tcg->coverage, err->message);
    }
}

static void tcg_end(Machine *machine)
{
    each_cpu(machine, tcg_stop);
    each_cpu(machine, write_coverage);
    each_cpu(machine, tcg_free);
}

static const MachineRunner tcg_runner = { "tcg", tcg_pause, tcg_resume, tcg_end };

bool accel_start(Machine *machine, const AccelConfig *config, GError **err)
{
    (void)err;
    for (unsigned i = 0; i < machine->cpus->len; i++) {
        MipsCpu *cpu = mips_cpu(g_ptr_array_index(machine->cpus, i));
        tcg_start(tcg_new(cpu, config));
    }
    machine->runner = &tcg_runner;
    return true;
}
