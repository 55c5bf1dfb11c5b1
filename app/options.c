/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/options.h"

#include <string.h>
#include "config-host.h"
#include "util/error.h"

#define NAME_MAX_LEN 40

static bool is_end(const Option *o)
{
    return !o->name && !o->help;
}

const Option *options_find(const char *name)
{
    for (const Option *o = option_table; !is_end(o); o++) {
        if (o->name && strcmp(o->name, name) == 0) {
            return o;
        }
    }
    return NULL;
}

static const char *absent_reason(const char *name)
{
    for (const AbsentOption *a = absent_options; a->name; a++) {
        if (strcmp(a->name, name) == 0) {
            return a->reason;
        }
    }
    return NULL;
}

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b. */
static unsigned distance(const char *a, const char *b)
{
    unsigned d[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];
    size_t la = strlen(a), lb = strlen(b);
    if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN) {
        return NAME_MAX_LEN;
    }
    for (size_t i = 0; i <= la; i++) {
        for (size_t j = 0; j <= lb; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = (unsigned)(i + j);
                continue;
            }
            unsigned best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = MIN(best, MIN(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                best = MIN(best, d[i - 2][j - 2] + 1);
            }
            d[i][j] = best;
        }
    }
    return d[la][lb];
}

static void consider(const char *typed, const char *name, const char **best, unsigned *least)
{
    unsigned d = distance(typed, name);
    /* A guess that shares hardly a letter with what was typed helps nobody. */
    if (d < *least && d * 3 <= strlen(typed)) {
        *best = name;
        *least = d;
    }
}

const char *options_nearest(const char *typed)
{
    const char *best = NULL;
    unsigned least = 4;
    for (const Option *o = option_table; !is_end(o); o++) {
        if (o->name) {
            consider(typed, o->name, &best, &least);
        }
    }
    for (const AbsentOption *a = absent_options; a->name; a++) {
        consider(typed, a->name, &best, &least);
    }
    return best;
}

static bool unknown(const char *typed, const char *name, GError **err)
{
    const char *reason = absent_reason(name);
    if (reason) {
        return error_set(err, "%s: not there yet: %s", typed, reason);
    }
    const char *near = options_nearest(name);
    if (near) {
        return error_set(err, "%s: unknown option; did you mean -%s?", typed, near);
    }
    return error_set(err, "%s: unknown option; valletta -help lists all", typed);
}

bool options_parse(Settings *s, int argc, char *const *argv, GError **err)
{
    for (int i = 1; i < argc && !s->print; i++) {
        const char *typed = argv[i];
        if (typed[0] != '-' || typed[1] == '\0') {
            return error_set(err, "%s: not an option (disk images are not there yet; a kernel follows "
                                  "-kernel)",
                             typed);
        }
        const char *name = typed + (typed[1] == '-' ? 2 : 1);
        const Option *o = options_find(name);
        if (!o) {
            return unknown(typed, name, err);
        }
        if (o->arg && i + 1 >= argc) {
            return error_set(err, "%s: needs %s after it", typed, o->arg);
        }
        if (!o->handle(s, name, o->arg ? argv[++i] : NULL, err)) {
            return false;
        }
    }
    return true;
}

char *options_help(void)
{
    GString *out = g_string_new("valletta " VALLETTA_VERSION ", an emulator of the MIPS Malta board\n"
        "usage: valletta -kernel FILE [-initrd FILE] [-append TEXT] [options]\n"
        "       valletta -bios FILE [options]\n\n"
        "Without -serial and -monitor the guest's console and the monitor share this terminal,\n"
        "as with -nographic: Ctrl-a x quits, Ctrl-a c switches between them, Ctrl-a h helps.\n");
    for (const Option *o = option_table; !is_end(o); o++) {
        if (!o->name) {
            g_string_append_printf(out, "\n%s:\n", o->help);
            continue;
        }
        g_autofree char *head = g_strdup_printf("-%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
        if (strlen(head) > 22) {
            g_string_append_printf(out, "%s\n%24s", head, "");
        } else {
            g_string_append_printf(out, "%-24s", head);
        }
        for (const char *p = o->help; *p; p++) {
            g_string_append_c(out, *p);
            if (*p == '\n') {
                g_string_append_printf(out, "%24s", "");
            }
        }
        g_string_append_c(out, '\n');
    }
    g_string_append(out, "\nWithin an option a comma in a value is written twice.\n");
    return g_string_free(out, FALSE);
}
