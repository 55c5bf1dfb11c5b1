/* SPDX-License-Identifier: GPL-2.0-or-later */
/* valletta-kvm-test: options, the plan, TAP. */
#include <stdio.h>
#include <string.h>
#include "tests/kvm/modes.h"

static const char about[] =
    "Runs the same small programs as guests of the host's KVM (trap-and-emulate, VZ) and of\n"
    "valletta's own engine, with kernels linked at 0x40000000 (-te) and at 0x80000000 (-std,\n"
    "-vz), and prints what came of it as TAP. The KVM modes test the host's kernel, too: its\n"
    "ioctls, memory slots and registers. A known defect of the host's kernel is a TODO, and no\n"
    "failure.\n"
    "\n"
    "Exit status: 0 nothing failed, 1 something did, 2 the options make no sense.";

typedef struct {
    gchar *mode, *only;
    gboolean list;
} Options;

static gboolean parse(int *argc, char ***argv, Options *o, GError **err)
{
    const GOptionEntry entries[] = {
        { "mode", 'm', 0, G_OPTION_ARG_STRING, &o->mode,
          "kvm-te, kvm-vz, soft-te, soft-std or all (the default); more than one with commas", "MODE" },
        { "only", 'o', 0, G_OPTION_ARG_STRING, &o->only,
          "only cases with such a name, as \"tlb/*\" or \"soft-te.be timer/*\"", "GLOB" },
        { "list", 'l', 0, G_OPTION_ARG_NONE, &o->list, "print the names of the cases and run none", NULL },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("- a test of KVM on MIPS");
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_description(context, about);
    if (!g_option_context_parse(context, argc, argv, err)) {
        return FALSE;
    }
    if (*argc > 1) {
        g_set_error(err, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "%s: not an option; see --help", (*argv)[1]);
        return FALSE;
    }
    return TRUE;
}

/* ---- modes ---- */

static const struct {
    const char *option;
    const char *name;       /* software modes exist once for each byte order */
    unsigned bit;
    bool big_endian;
} known_modes[] = {
    { "kvm-te", "kvm-te", MODE_KVM_TE, G_BYTE_ORDER == G_BIG_ENDIAN },
    { "kvm-vz", "kvm-vz", MODE_KVM_VZ, G_BYTE_ORDER == G_BIG_ENDIAN },
    { "soft-te", "soft-te.le", MODE_SOFT_TE, false },
    { "soft-te", "soft-te.be", MODE_SOFT_TE, true },
    { "soft-std", "soft-std.le", MODE_SOFT_STD, false },
    { "soft-std", "soft-std.be", MODE_SOFT_STD, true },
};

#define KVM_BITS (MODE_KVM_TE | MODE_KVM_VZ)

static bool mode_known(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(known_modes); i++) {
        if (strcmp(known_modes[i].option, name) == 0) {
            return true;
        }
    }
    return strcmp(name, "all") == 0;
}

static void mode_free(gpointer p)
{
    Mode *mode = p;
    mode_kvm_close(mode->kvm);
    g_free(mode->unavailable);
    g_free(mode);
}

/* The modes that text names; NULL: it names one that is unknown. */
static GPtrArray *choose_modes(const char *text)
{
    g_autoptr(GPtrArray) modes = g_ptr_array_new_with_free_func(mode_free);
    g_auto(GStrv) names = g_strsplit(text, ",", -1);
    for (char **name = names; *name; name++) {
        if (!mode_known(*name)) {
            g_printerr("valletta-kvm-test: --mode %s: there are kvm-te, kvm-vz, soft-te, soft-std and all\n",
                       *name);
            return NULL;
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(known_modes); i++) {
        if (g_strv_contains((const char *const *)names, "all") ||
            g_strv_contains((const char *const *)names, known_modes[i].option)) {
            Mode *mode = g_new0(Mode, 1);
            mode->name = known_modes[i].name;
            mode->bit = known_modes[i].bit;
            mode->big_endian = known_modes[i].big_endian;
            g_ptr_array_add(modes, mode);
        }
    }
    return g_steal_pointer(&modes);
}

static void prepare(Mode *mode)
{
    size_t size;
    if (mode->bit & KVM_BITS) {
        mode->kvm = mode_kvm_open(mode->bit, &mode->unavailable);
    } else if (!mode_blob(mode->big_endian, &size)) {
        mode->unavailable = g_strdup("the program was built without a compiler for such guests");
    }
}

/* ---- cases ---- */

typedef struct {
    Mode *mode;
    const HostCase *host;   /* or */
    unsigned guest;
    char *name;             /* NULL: the whole mode, which cannot be had */
} Case;

static void case_free(gpointer p)
{
    Case *c = p;
    g_free(c->name);
    g_free(c);
}

static void add(GPtrArray *cases, Mode *mode, const HostCase *host, unsigned guest, const char *only)
{
    const char *name = host ? host->name : guest_cases[guest].name;
    g_autofree char *full = g_strdup_printf("%s %s", mode->name, name);
    if (only && !g_pattern_match_simple(only, name) && !g_pattern_match_simple(only, full)) {
        return;
    }
    Case *c = g_new0(Case, 1);
    *c = (Case){ mode, host, guest, g_steal_pointer(&full) };
    g_ptr_array_add(cases, c);
}

static void add_cases(GPtrArray *cases, Mode *mode, const char *only)
{
    static const struct {
        const HostCase *cases;
        unsigned modes;
    } tables[] = {
        { host_cases_create, KVM_BITS }, { host_cases_memory, KVM_BITS }, { host_cases_regs, KVM_BITS },
        { host_cases_run, KVM_BITS }, { host_cases_vz, MODE_KVM_VZ },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++) {
        for (const HostCase *h = tables[i].cases; mode->bit & tables[i].modes && h->name; h++) {
            add(cases, mode, h, 0, only);
        }
    }
    for (unsigned n = 0; n < guest_case_count; n++) {
        if (guest_cases[n].modes & mode->bit) {
            add(cases, mode, NULL, n, only);
        }
    }
}

/* A mode that cannot be had is one case, if any of its own was asked for. */
static GPtrArray *collect(GPtrArray *modes, const Options *o)
{
    GPtrArray *cases = g_ptr_array_new_with_free_func(case_free);
    for (unsigned i = 0; i < modes->len; i++) {
        Mode *mode = g_ptr_array_index(modes, i);
        unsigned before = cases->len;
        add_cases(cases, mode, o->only);
        if (!o->list && cases->len > before) {
            prepare(mode);
        }
        if (mode->unavailable) {
            g_ptr_array_set_size(cases, (int)before);
            Case *c = g_new0(Case, 1);
            c->mode = mode;
            g_ptr_array_add(cases, c);
        }
    }
    return cases;
}

/* ---- TAP ---- */

static void print_lines(GPtrArray *lines)
{
    for (unsigned i = 0; i < lines->len; i++) {
        printf("#   %s\n", (const char *)g_ptr_array_index(lines, i));
    }
}

/* True: no failure but a known one. */
static bool report(unsigned number, const char *name, Result *r)
{
    bool failed = r->failures->len > 0, defect = !failed && r->defects->len > 0;
    if (r->skip) {
        printf("ok %u - %s # SKIP %s\n", number, name, r->skip);
    } else if (defect) {
        printf("not ok %u - %s # TODO known defect of the host's kernel: %s\n", number, name,
               (const char *)g_ptr_array_index(r->defects, 0));
    } else {
        printf("%s %u - %s\n", failed ? "not ok" : "ok", number, name);
    }
    print_lines(r->failures);
    print_lines(r->notes);
    fflush(stdout);
    return !failed;
}

static bool run(unsigned number, const Case *c)
{
    g_autoptr(Result) r = result_new();
    if (!c->name) {
        printf("ok %u - %s # SKIP %s\n", number, c->mode->name, c->mode->unavailable);
        fflush(stdout);
        return true;
    }
    if (c->host) {
        c->host->func(c->mode->kvm, r);
    } else if (c->mode->kvm) {
        mode_kvm_run(c->mode, c->guest, r);
    } else {
        mode_soft_run(c->mode, c->guest, r);
    }
    if (r->checks == 0 && !r->skip && !r->failures->len && !r->defects->len) {
        result_fail(r, "nothing was checked");
    }
    return report(number, c->name, r);
}

static int run_all(GPtrArray *cases)
{
    unsigned failed = 0;
    printf("TAP version 13\n1..%u\n", cases->len);
    for (unsigned i = 0; i < cases->len; i++) {
        failed += !run(i + 1, g_ptr_array_index(cases, i));
    }
    if (failed) {
        printf("# %u of %u failed\n", failed, cases->len);
    }
    return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    Options o = { 0 };
    g_autoptr(GError) err = NULL;
    if (!parse(&argc, &argv, &o, &err)) {
        g_printerr("valletta-kvm-test: %s\n", err->message);
        return 2;
    }
    g_autofree char *mode = o.mode, *only = o.only;
    g_autoptr(GPtrArray) modes = choose_modes(mode ? mode : "all");
    if (!modes) {
        return 2;
    }
    g_autoptr(GPtrArray) cases = collect(modes, &o);
    if (cases->len == 0) {
        g_printerr("valletta-kvm-test: --only %s: no case has such a name; see --list\n", only);
        return 2;
    }
    if (!o.list) {
        return run_all(cases);
    }
    for (unsigned i = 0; i < cases->len; i++) {
        printf("%s\n", ((const Case *)g_ptr_array_index(cases, i))->name);
    }
    return 0;
}
