/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor/tree.h"

#include <string.h>
#include "hw/core/bus.h"
#include "util/error.h"

static void prop_free(gpointer data)
{
    TreeProp *p = data;
    g_free(p->name);
    g_free(p->type);
    g_free(p->description);
    json_node_unref(p->value);
    g_free(p);
}

static void node_free(gpointer data)
{
    TreeNode *node = data;
    g_ptr_array_free(node->children, TRUE);
    g_ptr_array_free(node->props, TRUE);
    g_free(node->name);
    g_free(node->type);
    g_free(node);
}

void tree_free(TreeNode *root)
{
    node_free(root);
}

static void add_prop(TreeNode *node, const char *name, const char *type, const char *description,
                     JsonNode *value)
{
    TreeProp *p = g_new(TreeProp, 1);
    *p = (TreeProp){ g_strdup(name), g_strdup(type), g_strdup(description), value };
    g_ptr_array_add(node->props, p);
}

static TreeNode *add_node(TreeNode *parent, const char *name, const char *type)
{
    TreeNode *node = g_new0(TreeNode, 1);
    node->parent = parent;
    node->name = g_strdup(name);
    node->type = g_strdup(type);
    node->children = g_ptr_array_new_with_free_func(node_free);
    node->props = g_ptr_array_new_with_free_func(prop_free);
    add_prop(node, "type", "string", NULL, json_string_new(type));
    if (parent) {
        g_ptr_array_add(parent->children, node);
    }
    return node;
}

/* ---- making it ---- */

static JsonNode *typed_value(const Device *dev, const Prop *p)
{
    g_autofree char *text = prop_get(dev, p->name, NULL);
    if (p->kind == PROP_BOOL) {
        return json_boolean_new(strcmp(text, "on") == 0);
    }
    return p->kind == PROP_STRING ? json_string_new(text) : json_number_new(g_ascii_strtoull(text, NULL, 10));
}

static void fill_device(TreeNode *node, Device *dev)
{
    Bus *bus;
    node->device = dev;
    add_prop(node, "realized", "bool", NULL, json_boolean_new(dev->realized));
    add_prop(node, "hotpluggable", "bool", NULL, json_boolean_new(device_removable(dev)));
    for (const Prop *p = dev->type->props; p && p->name; p++) {
        add_prop(node, p->name, prop_kind_name(p->kind), p->description, typed_value(dev, p));
    }
    for (unsigned i = 0; (bus = bus_at(dev->machine, i)); i++) {
        if (bus->owner == dev) {
            add_node(node, bus->id, bus->type);
        }
    }
}

static void fill_cpus(const MonitorContext *c, TreeNode *unattached)
{
    for (guint i = 0; i < c->machine->cpus->len; i++) {
        const Cpu *cpu = g_ptr_array_index(c->machine->cpus, i);
        g_autofree char *name = g_strdup_printf("device[%u]", i);
        g_autofree char *type = g_strdup_printf("%s-mips-cpu", cpu->model);
        TreeNode *node = add_node(unattached, name, type);
        add_prop(node, "realized", "bool", NULL, json_boolean_new(true));
        add_prop(node, "hotpluggable", "bool", NULL, json_boolean_new(false));
        add_prop(node, "cpu-index", "int", NULL, json_number_new(cpu->index));
    }
}

static void fill_machine(const MonitorContext *c, TreeNode *machine)
{
    TreeNode *peripheral = add_node(machine, "peripheral", "container");
    TreeNode *anon = add_node(machine, "peripheral-anon", "container");
    TreeNode *unattached = add_node(machine, "unattached", "container");
    unsigned next = c->machine->cpus->len, next_anon = 0;
    JsonObjectIter iter;
    const char *key;
    JsonNode *value;
    json_object_iter_init_ordered(&iter, c->properties);
    while (json_object_iter_next_ordered(&iter, &key, &value)) {
        bool is_bool = json_node_get_value_type(value) == G_TYPE_BOOLEAN;
        add_prop(machine, key, is_bool ? "bool" : "string", NULL, json_node_copy(value));
    }
    fill_cpus(c, unattached);
    for (guint i = 0; i < c->machine->devices->len; i++) {
        Device *dev = g_ptr_array_index(c->machine->devices, i);
        g_autofree char *name = dev->user_added && dev->id ? g_strdup(dev->id)
            : g_strdup_printf("device[%u]", dev->user_added ? next_anon++ : next++);
        fill_device(add_node(!dev->user_added ? unattached : dev->id ? peripheral : anon, name,
                             dev->type->name), dev);
    }
}

static void fill_objects(const MonitorContext *c, TreeNode *objects)
{
    Object *obj;
    for (unsigned i = 0; (obj = object_at(c->objects, i)); i++) {
        TreeNode *node = add_node(objects, obj->id, obj->type->name);
        node->object = obj;
        for (const ObjectProp *p = obj->type->props; p->name; p++) {
            add_prop(node, p->name, p->type, p->description, obj->type->get(obj, p->name));
        }
    }
}

static void fill_chardevs(const MonitorContext *c, TreeNode *chardevs)
{
    ChardevInfo info;
    for (unsigned i = 0; chardev_set_info(c->chardevs, i, &info); i++) {
        g_autofree char *type = g_strdup_printf("chardev-%s", info.backend);
        TreeNode *node = add_node(chardevs, info.id, type);
        add_prop(node, "filename", "string", NULL, json_string_new(info.filename));
        chardev_info_clear(&info);
    }
}

TreeNode *tree_new(const MonitorContext *c)
{
    TreeNode *root = add_node(NULL, "", "container");
    g_autofree char *type = g_strdup_printf("%s-machine", c->machine_type);
    fill_chardevs(c, add_node(root, "chardevs", "container"));
    fill_machine(c, add_node(root, "machine", type));
    fill_objects(c, add_node(root, "objects", "container"));
    return root;
}

/* ---- looking ---- */

static TreeNode *child(const TreeNode *node, const char *name)
{
    for (guint i = 0; i < node->children->len; i++) {
        TreeNode *found = g_ptr_array_index(node->children, i);
        if (strcmp(found->name, name) == 0) {
            return found;
        }
    }
    return NULL;
}

static TreeNode *descend(TreeNode *node, char **names)
{
    for (; node && *names; names++) {
        node = **names ? child(node, *names) : node;
    }
    return node;
}

/* How many nodes below node the partial path leads to; *found: one of them. */
static unsigned search(TreeNode *node, char **names, TreeNode **found)
{
    TreeNode *here = descend(node, names);
    unsigned count = here != NULL;
    *found = here ? here : *found;
    for (guint i = 0; i < node->children->len; i++) {
        count += search(g_ptr_array_index(node->children, i), names, found);
    }
    return count;
}

TreeNode *tree_find(TreeNode *root, const char *path, GError **err)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    TreeNode *found = NULL;
    if (*path == '/') {
        found = descend(root, names);
    } else if (*path && search(root, names, &found) > 1) {
        error_set(err, "Path '%s' is ambiguous", path);
        return NULL;
    }
    if (!found) {
        g_set_error(err, VALLETTA_ERROR, ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", path);
    }
    return found;
}

const TreeProp *tree_prop(const TreeNode *node, const char *name)
{
    for (guint i = 0; i < node->props->len; i++) {
        const TreeProp *p = g_ptr_array_index(node->props, i);
        if (strcmp(p->name, name) == 0) {
            return p;
        }
    }
    return NULL;
}

bool tree_set(const TreeNode *node, const char *name, const char *value, GError **err)
{
    if (!node->object || !node->object->type->set) {
        return error_set(err, "Property '%s' can only be given when the thing is made", name);
    }
    return node->object->type->set(node->object, name, value, err);
}

char *tree_path(const TreeNode *node)
{
    if (!node->parent) {
        return g_strdup("/");
    }
    g_autofree char *above = node->parent->parent ? tree_path(node->parent) : g_strdup("");
    return g_strconcat(above, "/", node->name, NULL);
}

static const TreeNode *first_of_type(const TreeNode *node, const char *type)
{
    if (strcmp(node->type, type) == 0) {
        return node;
    }
    for (guint i = 0; i < node->children->len; i++) {
        const TreeNode *found = first_of_type(g_ptr_array_index(node->children, i), type);
        if (found) {
            return found;
        }
    }
    return NULL;
}

static const TreeNode *node_of(const TreeNode *node, const Device *dev)
{
    const TreeNode *found = node->device == dev ? node : NULL;
    for (guint i = 0; i < node->children->len && !found; i++) {
        found = node_of(g_ptr_array_index(node->children, i), dev);
    }
    return found;
}

char *tree_device_path(const MonitorContext *c, const Device *dev)
{
    g_autoptr(TreeNode) root = tree_new(c);
    const TreeNode *node = node_of(root, dev);
    return node ? tree_path(node) : NULL;
}

Device *tree_find_device(const MonitorContext *c, const char *name, GError **err)
{
    Device *dev = *name == '/' ? NULL : device_find(c->machine, name);
    if (*name == '/') {
        g_autoptr(TreeNode) root = tree_new(c);
        TreeNode *node = tree_find(root, name, NULL);
        dev = node ? node->device : NULL;
    }
    if (!dev) {
        g_set_error(err, VALLETTA_ERROR, ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", name);
    }
    return dev;
}

JsonNode *tree_path_of_type(const MonitorContext *c, const char *type)
{
    g_autoptr(TreeNode) root = tree_new(c);
    const TreeNode *node = first_of_type(root, type);
    g_autofree char *path = node ? tree_path(node) : g_strdup("");
    return json_string_new(path);
}

char *tree_cpu_path(unsigned n)
{
    return g_strdup_printf("/machine/unattached/device[%u]", n);
}

/* ---- for people ---- */

static void describe(const TreeNode *node, int indent, GString *out)
{
    g_string_append_printf(out, "%*s/%s (%s)\n", indent, "", node->name, node->type);
    for (guint i = 0; i < node->children->len; i++) {
        describe(g_ptr_array_index(node->children, i), indent + 2, out);
    }
}

void tree_describe(const TreeNode *node, GString *out)
{
    describe(node, 0, out);
}

static void describe_bus(const MonitorContext *c, const Bus *bus, int indent, GString *out);

static void describe_device(const MonitorContext *c, const Bus *bus, const Device *dev, int indent,
                            GString *out)
{
    Bus *below;
    g_string_append_printf(out, "%*sdev: %s, id \"%s\"\n", indent, "", dev->type->name,
                           dev->id ? dev->id : "");
    for (const Prop *p = dev->type->props; p && p->name; p++) {
        g_autofree char *value = prop_get(dev, p->name, NULL);
        g_string_append_printf(out, "%*s%s = %s\n", indent + 2, "", p->name, value);
    }
    if (bus && bus->address) {
        g_autofree char *address = bus->address(bus, dev);
        g_string_append_printf(out, "%*s%s\n", indent + 2, "", address);
    }
    for (unsigned i = 0; (below = bus_at(c->machine, i)); i++) {
        if (below->owner == dev) {
            describe_bus(c, below, indent + 2, out);
        }
    }
}

/* bus NULL: the board itself, for what is on no bus. */
static void describe_bus(const MonitorContext *c, const Bus *bus, int indent, GString *out)
{
    g_string_append_printf(out, "%*sbus: %s\n%*stype %s\n", indent, "", bus ? bus->id : "main-system-bus",
                           indent + 2, "", bus ? bus->type : "System");
    for (guint i = 0; i < c->machine->devices->len; i++) {
        const Device *dev = g_ptr_array_index(c->machine->devices, i);
        if (bus_of(dev) == bus) {
            describe_device(c, bus, dev, indent + 2, out);
        }
    }
}

void tree_describe_buses(const MonitorContext *c, GString *out)
{
    describe_bus(c, NULL, 0, out);
}
