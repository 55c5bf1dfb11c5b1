/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -accel and -machine accel=. */
#include "accel/accel.h"

#include <string.h>
#include "util/error.h"

/* Entries after which a block is worth the work of the second tier. */
#define HOT 1000

void accel_config_init(AccelConfig *config)
{
    *config = (AccelConfig){ .fallback = true, .tier2 = true, .page_tables = true, .victims = true,
                             .hot = HOT, .cache_size = (size_t)64 << 20 };
}

void accel_config_clear(AccelConfig *config)
{
    g_free(config->coverage);
    accel_config_init(config);
}

char *accel_help(void)
{
    return g_strdup("Accelerators (-accel NAME[,property=value] or -machine accel=NAME[:NAME]):\n"
                    "  kvm    the host's KVM; on MIPS hosts only. -machine kvm-type= says which kind\n"
                    "         fallback=on|off         where KVM cannot run the guest: the translator does,\n"
                    "                                 with a warning (on), or it is an error (off)\n"
                    "  tcg    translates guest code: on x86-64 hosts to machine code, in two tiers; on\n"
                    "         others to an IR that is interpreted. The default\n"
                    "         interpreter=on|off      interpret on x86-64 hosts too (off)\n"
                    "         tier2=on|off            optimize what is executed often (on)\n"
                    "         page-tables=on|off      look 32-bit addresses up in flat page tables (on)\n"
                    "         victims=on|off          use what TLBWR displaces until software can know (on)\n"
                    "         tb-size=MIB             room for translated code: 16 to 512 (64)\n"
                    "         one-insn-per-tb=on|off  one guest instruction a block (off)\n"
                    "         check=N                 do each N-th block again in the interpreter, and stop\n"
                    "                                 where both disagree (slow)\n"
                    "         ir-verify=on|off        check the IR of every block (off)\n"
                    "         insn-coverage=FILE      at the end, list which instructions were executed\n"
                    "  qtest  runs no CPU, for test programs that drive the devices (-qtest): nothing\n"
                    "         has to be booted; the virtual clock starts at 0 and moves when told to\n"
                    "kvm:tcg (or -accel kvm -accel tcg) takes the first that can run the guest.\n");
}

static bool parse_bool(const char *name, const char *value, bool *out, GError **err)
{
    if (strcmp(value, "on") == 0) {
        *out = true;
    } else if (strcmp(value, "off") == 0) {
        *out = false;
    } else {
        return error_set(err, "-accel %s=%s: on or off is expected", name, value);
    }
    return true;
}

static bool parse_cache_size(AccelConfig *config, const char *value, GError **err)
{
    guint64 mib;
    if (!g_ascii_string_to_unsigned(value, 10, 16, 512, &mib, NULL)) {
        return error_set(err, "-accel tcg,tb-size=%s: a number of MiB from 16 to 512 is expected", value);
    }
    config->cache_size = (size_t)mib << 20;
    return true;
}

static bool parse_check(AccelConfig *config, const char *value, GError **err)
{
    guint64 every;
    if (!g_ascii_string_to_unsigned(value, 10, 1, 1000000000, &every, NULL)) {
        return error_set(err, "-accel tcg,check=%s: a number from 1 up is expected", value);
    }
    config->check = (unsigned)every;
    return true;
}

static const struct { const char *name; size_t at; } tcg_switches[] = {
    { "interpreter", offsetof(AccelConfig, interpreter) }, { "tier2", offsetof(AccelConfig, tier2) },
    { "page-tables", offsetof(AccelConfig, page_tables) }, { "victims", offsetof(AccelConfig, victims) },
    { "one-insn-per-tb", offsetof(AccelConfig, one_insn) }, { "ir-verify", offsetof(AccelConfig, ir_checks) },
};

static bool *find_switch(AccelConfig *config, const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tcg_switches); i++) {
        if (strcmp(name, tcg_switches[i].name) == 0) {
            return (bool *)((char *)config + tcg_switches[i].at);
        }
    }
    return NULL;
}

static bool is_of_tcg(AccelConfig *config, const char *name)
{
    return find_switch(config, name) || strcmp(name, "tb-size") == 0 || strcmp(name, "check") == 0 ||
           strcmp(name, "insn-coverage") == 0;
}

static bool parse_tcg(AccelConfig *config, const char *name, const char *value, GError **err)
{
    bool *on = find_switch(config, name);
    if (on) {
        g_autofree char *full = g_strdup_printf("tcg,%s", name);
        return parse_bool(full, value, on, err);
    }
    if (strcmp(name, "check") == 0) {
        return parse_check(config, value, err);
    }
    if (strcmp(name, "tb-size") == 0) {
        return parse_cache_size(config, value, err);
    }
    if (strcmp(name, "insn-coverage") == 0 && *value) {
        g_free(config->coverage);
        config->coverage = g_strdup(value);
        return true;
    }
    return error_set(err, "-accel tcg,%s=%s: no such property; there are interpreter, tier2, page-tables, "
                     "victims, tb-size, check, one-insn-per-tb, ir-verify and "
                     "insn-coverage=FILE", name, value);
}

static bool parse_kvm(AccelConfig *config, const char *name, const char *value, GError **err)
{
    if (strcmp(name, "fallback") == 0) {
        return parse_bool("kvm,fallback", value, &config->fallback, err);
    }
    if (strcmp(name, "kvm-type") == 0) {
        return error_set(err, "-accel kvm,kvm-type=%s: is a property of the machine: -machine kvm-type=%s",
                         value, value);
    }
    return error_set(err, "-accel kvm,%s=%s: no such property; there is fallback", name, value);
}

/* Names in the order in which they are to be tried; nothing is tried after tcg or qtest. */
static bool parse_names(AccelConfig *config, const char *text, GError **err)
{
    g_auto(GStrv) names = g_strsplit(text, ":", -1);
    for (char **name = names; *name; name++) {
        bool settled = config->tcg || config->qtest;
        if (strcmp(*name, "tcg") == 0) {
            config->tcg = !config->qtest;
        } else if (strcmp(*name, "kvm") == 0) {
            config->kvm = config->kvm || !settled;
        } else if (strcmp(*name, "qtest") == 0 && config->kvm && !settled) {
            return error_set(err, "-accel kvm:qtest: qtest runs no CPU, so it cannot stand in for kvm; "
                             "-accel qtest alone would work");
        } else if (strcmp(*name, "qtest") == 0) {
            config->qtest = config->qtest || !settled;
        } else {
            return error_set(err, "-accel %s: no such accelerator; there are kvm, tcg and qtest", *name);
        }
    }
    return true;
}

bool accel_parse(AccelConfig *config, const char *text, GError **err)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    const char *names = parts[0] && g_str_has_prefix(parts[0], "accel=") ? parts[0] + 6 : parts[0];
    if (!names || !*names) {
        return error_set(err, "-accel: a name is missing; there are kvm, tcg and qtest");
    }
    if (!parse_names(config, names, err)) {
        return false;
    }
    for (char **p = parts + 1; *p; p++) {
        g_auto(GStrv) pair = g_strsplit(*p, "=", 2);
        const char *name = pair[0] ? pair[0] : "", *value = pair[0] && pair[1] ? pair[1] : "on";
        if (g_str_has_prefix(names, "qtest")) {
            return error_set(err, "-accel qtest,%s=%s: it has no properties", name, value);
        }
        bool of_kvm = g_str_has_prefix(names, "kvm") && !is_of_tcg(config, name);
        if (!(of_kvm ? parse_kvm : parse_tcg)(config, name, value, err)) {
            return false;
        }
    }
    return true;
}
