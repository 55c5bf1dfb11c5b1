/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/readconfig.h"

#include <string.h>
#include "app/options.h"
#include "util/error.h"

/* Groups whose option has another name. */
static const struct { const char *group, *option; } renamed[] = {
    { "memory", "m" }, { "smp-opts", "smp" }, { "boot-opts", "boot" },
};

static bool fail(const char *path, unsigned line, const char *problem, GError **err)
{
    return error_set(err, "-readconfig %s:%u: %s", path, line, problem);
}

static const Option *option_of(const char *group)
{
    for (size_t i = 0; i < G_N_ELEMENTS(renamed); i++) {
        group = strcmp(renamed[i].group, group) == 0 ? renamed[i].option : group;
    }
    const Option *o = options_find(group);
    return o && o->arg ? o : NULL;
}

/* The group that is complete; text is "key=value,..." or "". */
static bool handle(Settings *s, const Option *o, const GString *text, const char *path, unsigned line,
                   GError **err)
{
    if (!o || o->handle(s, o->name, text->str, err)) {
        return true;
    }
    g_prefix_error(err, "-readconfig %s:%u: ", path, line);
    return false;
}

static void add(GString *text, const char *key, const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ",", -1);
    g_autofree char *doubled = g_strjoinv(",,", parts);
    g_string_append_printf(text, "%s%s=%s", text->len ? "," : "", key, doubled);
}

/* The text between double quotes at the end of line; NULL: there is none. */
static char *quoted(const char *text)
{
    const char *from = strchr(text, '"'), *to = strrchr(text, '"');
    return from && to > from && to[1] == '\0' ? g_strndup(from + 1, (gsize)(to - from - 1)) : NULL;
}

/* [group] or [group "id"] */
static bool begin(const char *line, const Option **o, GString *text)
{
    g_autofree char *inner = g_strndup(line + 1, strlen(line) - 2);
    g_strstrip(inner);
    g_autofree char *group = g_strndup(inner, strcspn(inner, " \t\""));
    g_autofree char *id = quoted(inner);
    g_string_truncate(text, 0);
    *o = option_of(group);
    if (id) {
        add(text, "id", id);
    }
    return *o && (id || strlen(group) == strlen(inner));
}

static bool property(char *line, GString *text)
{
    char *equal = strchr(line, '=');
    g_autofree char *value = equal ? quoted(equal + 1) : NULL;
    if (!value) {
        return false;
    }
    *equal = '\0';
    add(text, g_strstrip(line), value);
    return true;
}

bool readconfig(Settings *s, const char *path, GError **err)
{
    g_autofree char *contents = NULL;
    g_autoptr(GError) why = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    const Option *o = NULL;
    unsigned begun = 0;
    if (!g_file_get_contents(path, &contents, NULL, &why)) {
        return error_set(err, "-readconfig %s: %s", path, why->message);
    }
    g_auto(GStrv) lines = g_strsplit(contents, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        char *line = g_strstrip(lines[i]);
        if (*line == '\0' || *line == '#') {
            continue;
        }
        if (*line == '[') {
            if (!handle(s, o, text, path, begun, err)) {
                return false;
            }
            begun = i + 1;
            if (!g_str_has_suffix(line, "]") || !begin(line, &o, text)) {
                return fail(path, i + 1, "must be [option] or [option \"id\"], of one that takes keys",
                            err);
            }
        } else if (!o || !property(line, text)) {
            return fail(path, i + 1, o ? "must be key = \"value\"" : "stands before the first [option]", err);
        }
    }
    return handle(s, o, text, path, begun, err);
}
