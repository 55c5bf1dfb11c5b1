/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding, running and completing the text monitor's commands. */
#include "monitor/commands.h"

#include <string.h>
#include "hw/core/device.h"
#include "monitor/tree.h"
#include "util/error.h"
#include "util/log.h"

static const MonitorCommand *const command_tables[] = {
    hmp_block_commands, hmp_device_commands, hmp_input_commands, hmp_net_commands, hmp_memory_commands,
    hmp_run_commands, hmp_absent_commands,
};
static const MonitorCommand *const info_tables[] = {
    hmp_info_commands, hmp_info_block_commands, hmp_input_info, hmp_info_absent,
};

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

char **commands_words(const char *text, unsigned min, unsigned max, const char *usage, GError **err)
{
    g_auto(GStrv) parts = g_strsplit(text, " ", -1);
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    for (char **part = parts; *part; part++) {
        if (**part) {
            g_ptr_array_add(words, g_strdup(*part));
        }
    }
    bool fits = words->len >= min && words->len <= max;
    g_ptr_array_add(words, NULL);
    char **list = (char **)g_ptr_array_free(words, FALSE);
    if (!fits) {
        g_strfreev(list);
        error_set(err, "must be %s", usage);
        return NULL;
    }
    return list;
}

/* ---- lists ---- */

/* Command n in the order of the alphabet over all tables, or NULL. */
static const MonitorCommand *nth(const MonitorCommand *const *tables, size_t count, unsigned n)
{
    const MonitorCommand *at = NULL;
    do {
        const MonitorCommand *next = NULL;
        for (size_t t = 0; t < count; t++) {
            for (const MonitorCommand *m = tables[t]; m->name; m++) {
                bool listed = m->help && (!at || strcmp(m->name, at->name) > 0);
                next = listed && (!next || strcmp(m->name, next->name) < 0) ? m : next;
            }
        }
        at = next;
    } while (at && n--);
    return at;
}

static const MonitorCommand *find(const MonitorCommand *const *tables, size_t count, const char *name)
{
    for (size_t t = 0; t < count; t++) {
        for (const MonitorCommand *m = tables[t]; m->name; m++) {
            if (strcmp(m->name, name) == 0 || g_strcmp0(m->alias, name) == 0) {
                return m;
            }
        }
    }
    return NULL;
}

static const MonitorCommand *find_command(const char *name)
{
    return find(command_tables, G_N_ELEMENTS(command_tables), name);
}

static void list_one(const MonitorCommand *m, const char *prefix, GString *out)
{
    g_autofree char *head = g_strdup_printf("%s%s%s%s %s", prefix, m->name, m->alias ? "|" : "",
                                            m->alias ? m->alias : "", m->args);
    g_string_append_printf(out, "%-26s -- %s\n", head, m->help ? m->help : m->text);
}

static void list_info(GString *out)
{
    const MonitorCommand *m;
    for (unsigned i = 0; (m = nth(info_tables, G_N_ELEMENTS(info_tables), i)); i++) {
        list_one(m, "info ", out);
    }
}

bool commands_info(const MonitorContext *c, const char *args, GString *out, GError **err)
{
    g_autofree char *name = g_strndup(args, strcspn(args, " "));
    const MonitorCommand *m = find(info_tables, G_N_ELEMENTS(info_tables), name);
    const char *rest = args + strlen(name);
    if (*args == '\0') {
        list_info(out);
        return true;
    }
    if (!m) {
        return error_set(err, "info %s: not known; \"info\" lists what is", name);
    }
    if (!m->run) {
        g_string_append(out, m->text);
        return true;
    }
    return m->run(c, rest + strspn(rest, " "), out, err);
}

bool commands_help(const MonitorContext *c, const char *args, GString *out, GError **err)
{
    const MonitorCommand *m = *args ? find_command(args) : NULL;
    if (strcmp(args, "info") == 0) {
        list_info(out);
        return true;
    }
    if (*args && !m) {
        return error_set(err, "help %s: no such command; \"help\" lists all", args);
    }
    if (m) {
        list_one(m, "", out);
        return true;
    }
    for (unsigned i = 0; (m = nth(command_tables, G_N_ELEMENTS(command_tables), i)); i++) {
        list_one(m, "", out);
    }
    return true;
}

/* ---- running ---- */

/* "x/4xw 0x80000000" is typed as often as "x /4xw ...". */
static char *split_name(const char *line, const char **args)
{
    size_t len = strcspn(line, " /");
    *args = line + len + strspn(line + len, " ");
    return g_strndup(line, len);
}

/* Before the machine is made only these are of use. */
static bool check_preconfig(const MonitorContext *c, const char *name, GError **err)
{
    static const char *const allowed[] = { "exit_preconfig", "help", "?", "quit", "q", "qom-list", "qom-get",
                                           "object_add", "object_del", "log", "logfile", NULL };
    return !c->preconfig || g_strv_contains(allowed, name) ||
           error_set(err, "%s: not before exit_preconfig makes the machine", name);
}

static bool run(const MonitorContext *c, const char *name, const char *args, GString *out, GError **err)
{
    const MonitorCommand *m = find_command(name);
    if (!m) {
        g_string_append_printf(out, "unknown command: '%s'; \"help\" lists all\n", name);
        return true;
    }
    if (!check_preconfig(c, name, err)) {
        return false;
    }
    if (m->run && *args && !*m->args) {
        return error_set(err, "%s: takes no arguments, and there is '%s'", m->name, args);
    }
    return m->run ? m->run(c, args, out, err) : error_set(err, "%s: not there: %s", name, m->text);
}

/* One argument in double quotes loses them. */
static char *unquote(const char *args)
{
    size_t len = strlen(args);
    bool quoted = len >= 2 && args[0] == '"' && strchr(args + 1, '"') == args + len - 1;
    return quoted ? g_strndup(args + 1, len - 2) : g_strdup(args);
}

char *monitor_run(const MonitorContext *context, const char *line)
{
    g_autofree char *text = g_strstrip(g_strdup(line));
    const char *rest;
    g_autofree char *name = split_name(text, &rest);
    g_autofree char *args = unquote(rest);
    g_autoptr(GError) err = NULL;
    GString *out = g_string_new(NULL);
    if (*text && !run(context, name, args, out, &err)) {
        g_string_append_printf(out, "Error: %s\n", err->message);
    }
    return g_string_free(out, FALSE);
}

/* ---- completion ---- */

static void offer(GPtrArray *words, const char *word, const char *prefix)
{
    if (g_str_has_prefix(word, prefix)) {
        g_ptr_array_add(words, g_strdup(word));
    }
}

static void offer_commands(GPtrArray *words, const MonitorCommand *const *tables, size_t count,
                           const char *prefix)
{
    const MonitorCommand *m;
    for (unsigned i = 0; (m = nth(tables, count, i)); i++) {
        offer(words, m->name, prefix);
    }
}

static void offer_chardevs(GPtrArray *words, const MonitorContext *c, const char *prefix)
{
    ChardevInfo info;
    for (unsigned i = 0; chardev_set_info(c->chardevs, i, &info); i++) {
        offer(words, info.id, prefix);
        chardev_info_clear(&info);
    }
}

static void offer_objects(GPtrArray *words, const MonitorContext *c, const char *prefix)
{
    Object *obj;
    for (unsigned i = 0; (obj = object_at(c->objects, i)); i++) {
        offer(words, obj->id, prefix);
    }
}

static void offer_networks(GPtrArray *words, const MonitorContext *c, const char *prefix)
{
    NetPort *port;
    for (unsigned i = 0; (port = net_set_at(c->machine->net, i)); i++) {
        offer(words, net_port_name(port), prefix);
    }
}

static void offer_paths(GPtrArray *words, const TreeNode *node, const char *prefix)
{
    g_autofree char *path = tree_path(node);
    if (node->parent) {
        offer(words, path, prefix);
    }
    for (guint i = 0; i < node->children->len; i++) {
        offer_paths(words, g_ptr_array_index(node->children, i), prefix);
    }
}

static void offer_log_items(GPtrArray *words, const char *prefix)
{
    g_autofree char *text = log_items_help();
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autofree char *item = g_strndup(*line, strcspn(*line, " "));
        if (*item) {
            offer(words, item, prefix);
        }
    }
}

static void offer_argument(GPtrArray *words, const MonitorContext *c, MonitorArg arg, const char *prefix)
{
    g_autoptr(TreeNode) root = NULL;
    switch (arg) {
    case ARG_COMMAND:
        offer_commands(words, command_tables, G_N_ELEMENTS(command_tables), prefix);
        break;
    case ARG_INFO:
        offer_commands(words, info_tables, G_N_ELEMENTS(info_tables), prefix);
        break;
    case ARG_CHARDEV:
        offer_chardevs(words, c, prefix);
        break;
    case ARG_OBJECT:
        offer_objects(words, c, prefix);
        break;
    case ARG_OBJECT_TYPE:
        for (const ObjectType *const *t = object_types(); *t; t++) {
            offer(words, (*t)->name, prefix);
        }
        break;
    case ARG_DEVICE_TYPE:
        for (const DeviceType *const *t = device_types(); *t; t++) {
            if ((*t)->user_creatable) {
                offer(words, (*t)->name, prefix);
            }
        }
        break;
    case ARG_LOG:
        offer_log_items(words, prefix);
        break;
    case ARG_PATH:
        root = tree_new(c);
        offer_paths(words, root, prefix);
        break;
    case ARG_NETWORK:
        offer_networks(words, c, prefix);
        break;
    case ARG_OTHER:
        break;
    }
}

char **monitor_complete(const MonitorContext *context, const char *text)
{
    GPtrArray *words = g_ptr_array_new();
    g_auto(GStrv) typed = g_strsplit(text, " ", -1);
    guint n = g_strv_length(typed);
    const MonitorCommand *m = n > 1 ? find_command(typed[0]) : NULL;
    if (n <= 1) {
        offer_argument(words, context, ARG_COMMAND, text);
    } else if (m && n == 2) {
        offer_argument(words, context, m->arg, typed[1]);
    } else if (m && n == 3 && m->arg == ARG_INFO) {
        m = find(info_tables, G_N_ELEMENTS(info_tables), typed[1]);
        offer_argument(words, context, m ? m->arg : ARG_OTHER, typed[2]);
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}
