/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices, objects, character devices, and the tree of what there is. */
#include <string.h>
#include "hw/core/bus.h"
#include "monitor/commands.h"
#include "monitor/tree.h"
#include "util/error.h"

COMMAND(run_device_add)
{
    g_autoptr(KeyVal) props = keyval_new("device_add");
    if (!keyval_parse(props, args, "driver", err)) {
        return false;
    }
    const char *driver = keyval_get(props, "driver");
    if (!keyval_wants_help(props)) {
        return device_plug(c->machine, props, err);
    }
    if (!driver) {
        g_autofree char *list = device_help(NULL);
        g_string_append(out, list);
        return true;
    }
    const DeviceType *type = device_type_find(driver);
    g_autoptr(GPtrArray) types = types_all();
    if (!type && !types_is_a(types, driver, "device")) {
        return error_set(err, "'%s' is not a valid device model name", driver);
    }
    g_autofree char *text = type ? device_help(type) : g_strdup_printf("%s has no options\n", driver);
    g_string_append(out, text);
    return true;
}

COMMAND(run_device_del)
{
    Device *dev = tree_find_device(c, args, err);
    return dev && device_remove(dev, err);
}

COMMAND(run_object_add)
{
    if (strcmp(args, "help") == 0 || strcmp(args, "?") == 0) {
        g_autofree char *text = object_help();
        g_string_append(out, text);
        return true;
    }
    return object_set_add_text(c->objects, "object_add", args, err);
}

COMMAND(run_object_del)
{
    return object_set_remove(c->objects, args, err);
}

COMMAND(run_chardev_add)
{
    g_autoptr(KeyVal) props = keyval_new("chardev-add");
    if (strcmp(args, "help") == 0 || strcmp(args, "?") == 0) {
        g_autofree char *text = chardev_set_help();
        g_string_append(out, text);
        return true;
    }
    return keyval_parse(props, args, "backend", err) && chardev_set_add_props(c->chardevs, props, err);
}

/* A word, and what follows it. */
static char *first_word(const char *args, const char **rest)
{
    size_t len = strcspn(args, " ");
    *rest = args + len + strspn(args + len, " ");
    return g_strndup(args, len);
}

COMMAND(run_chardev_change)
{
    const char *rest;
    g_autofree char *id = first_word(args, &rest);
    g_autoptr(KeyVal) props = keyval_new("chardev-change");
    if (!*rest) {
        return error_set(err, "usage: chardev-change ID BACKEND[,...]");
    }
    return keyval_parse(props, rest, "backend", err) && chardev_set_change(c->chardevs, id, props, err);
}

COMMAND(run_ringbuf_write)
{
    const char *rest;
    g_autofree char *id = first_word(args, &rest);
    return chardev_set_ring_write(c->chardevs, id, rest, strlen(rest), err);
}

COMMAND(run_ringbuf_read)
{
    uint64_t size;
    g_auto(GStrv) words = commands_words(args, 2, 2, "ringbuf_read ID SIZE", err);
    if (!words || !expr_parse(c, words[1], &size, NULL, err)) {
        return false;
    }
    g_autoptr(GByteArray) data = chardev_set_ring_read(c->chardevs, words[0], size, err);
    for (guint i = 0; data && i < data->len; i++) {
        char byte = (char)data->data[i];
        if (byte == '\\') {
            g_string_append(out, "\\\\");
        } else if (g_ascii_isprint(byte) || byte == '\n' || byte == '\t') {
            g_string_append_c(out, byte);
        } else {
            g_string_append_printf(out, "\\%03o", data->data[i]);
        }
    }
    if (data) {
        g_string_append_c(out, '\n');
    }
    return data != NULL;
}

COMMAND(run_chardev_remove)
{
    return chardev_set_remove(c->chardevs, args, err);
}

COMMAND(run_break)
{
    return chardev_set_break(c->chardevs, *args ? args : "serial0", err);
}

/* ---- the tree ---- */

COMMAND(run_qom_list)
{
    g_autoptr(TreeNode) root = tree_new(c);
    TreeNode *node = tree_find(root, *args ? args : "/", err);
    if (!node) {
        return false;
    }
    for (guint i = 0; i < node->props->len; i++) {
        const TreeProp *p = g_ptr_array_index(node->props, i);
        g_string_append_printf(out, "%s (%s)\n", p->name, p->type);
    }
    for (guint i = 0; i < node->children->len; i++) {
        const TreeNode *below = g_ptr_array_index(node->children, i);
        g_string_append_printf(out, "%s (child<%s>)\n", below->name, below->type);
    }
    return true;
}

/* The property that "PATH PROPERTY ..." names; NULL with err. */
static const TreeProp *find_prop(TreeNode *root, char **words, GError **err)
{
    TreeNode *node = words ? tree_find(root, words[0], err) : NULL;
    const TreeProp *p = node ? tree_prop(node, words[1]) : NULL;
    if (node && !p) {
        g_autoptr(GString) known = g_string_new(NULL);
        for (guint i = 0; i < node->props->len; i++) {
            g_string_append_printf(known, "%s%s", i ? ", " : "",
                                   ((TreeProp *)g_ptr_array_index(node->props, i))->name);
        }
        error_set(err, "%s %s: no such property; there are %s", words[0], words[1], known->str);
    }
    return p;
}

COMMAND(run_qom_get)
{
    g_autoptr(TreeNode) root = tree_new(c);
    g_auto(GStrv) words = commands_words(args, 2, 2, "qom-get PATH PROPERTY", err);
    const TreeProp *p = find_prop(root, words, err);
    if (p) {
        g_autofree char *text = json_text_write(p->value, true);
        g_string_append_printf(out, "%s\n", text);
    }
    return p != NULL;
}

COMMAND(run_qom_set)
{
    g_autoptr(TreeNode) root = tree_new(c);
    g_auto(GStrv) words = commands_words(args, 3, 3, "qom-set PATH PROPERTY VALUE", err);
    return find_prop(root, words, err) && tree_set(tree_find(root, words[0], NULL), words[1], words[2], err);
}

const MonitorCommand hmp_device_commands[] = {
    { "chardev-add", NULL, "BACKEND,id=ID[,...]", "make a character device, as -chardev", run_chardev_add },
    { "chardev-change", NULL, "ID BACKEND[,...]", "give a character device another back end",
      run_chardev_change, ARG_CHARDEV },
    { "chardev-remove", NULL, "ID", "close one that nothing uses", run_chardev_remove, ARG_CHARDEV },
    { "chardev-send-break", "sendbreak", "[ID]", "send a break to the guest (serial0 by default)",
      run_break, ARG_CHARDEV },
    { "device_add", NULL, "TYPE[,PROP=VALUE]", "add a device, as -device", run_device_add, ARG_DEVICE_TYPE },
    { "device_del", NULL, "ID", "take a device out", run_device_del },
    { "object_add", NULL, "TYPE,id=ID[,PROP=VALUE]", "make an object, as -object", run_object_add,
      ARG_OBJECT_TYPE },
    { "object_del", NULL, "ID", "remove an object that nothing uses", run_object_del, ARG_OBJECT },
    { "qom-get", NULL, "PATH PROPERTY", "a property of something, as of /machine", run_qom_get, ARG_PATH },
    { "qom-list", NULL, "[PATH]", "the properties of something, and what is below it", run_qom_list,
      ARG_PATH },
    { "qom-set", NULL, "PATH PROPERTY VALUE", "change what can be changed: a network filter's status",
      run_qom_set, ARG_PATH },
    { "ringbuf_read", NULL, "ID SIZE", "take what is in a ring buffer", run_ringbuf_read, ARG_CHARDEV },
    { "ringbuf_write", NULL, "ID DATA", "add to a ring buffer", run_ringbuf_write, ARG_CHARDEV },
    { 0 },
};
