/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types, the tree of what there is, devices and objects that users make. */
#include <string.h>
#include "hw/core/bus.h"
#include "monitor/qmp/qmp.h"
#include "monitor/tree.h"
#include "util/error.h"

/* ---- types ---- */

QMP(qom_list_types)
{
    const char *implements = qmp_text(args, "implements");
    bool abstract = qmp_bool(args, "abstract");
    g_autoptr(GPtrArray) types = types_all();
    JsonArray *list = qmp_return_array(ret);
    for (guint i = 0; i < types->len; i++) {
        const TypeInfo *t = g_ptr_array_index(types, i);
        if ((t->abstract && !abstract) || (implements && !types_is_a(types, t->name, implements))) {
            continue;
        }
        JsonObject *info = json_object_new();
        json_object_set_string_member(info, "name", t->name);
        if (t->abstract) {
            json_object_set_boolean_member(info, "abstract", true);
        }
        if (t->parent) {
            json_object_set_string_member(info, "parent", t->parent);
        }
        json_array_add_object_element(list, info);
    }
    return true;
}

static void add_property(JsonArray *list, const char *name, const char *type, const char *description,
                         JsonNode *def)
{
    JsonObject *info = json_object_new();
    json_object_set_string_member(info, "name", name);
    json_object_set_string_member(info, "type", type);
    if (description) {
        json_object_set_string_member(info, "description", description);
    }
    if (def) {
        json_object_set_member(info, "default-value", def);
    }
    json_array_add_object_element(list, info);
}

/* As a client writes it. */
static JsonNode *default_value(const Prop *p)
{
    uint64_t number = 0;
    if (p->kind == PROP_STRING) {
        return p->def ? json_string_new(p->def) : NULL;
    }
    if (p->kind == PROP_BOOL) {
        return json_boolean_new(p->def && strcmp(p->def, "on") == 0);
    }
    if (p->def && !keyval_size(p->def, 1, &number)) {
        number = g_ascii_strtoull(p->def, NULL, 0);
    }
    return json_number_new(number);
}

static void add_device_properties(JsonArray *list, const DeviceType *type)
{
    for (const Prop *p = type ? type->props : NULL; p && p->name; p++) {
        add_property(list, p->name, prop_kind_name(p->kind), p->description, default_value(p));
    }
    if (type && type->user_creatable && g_strcmp0(type->parent, "pci-device") == 0) {
        add_property(list, "addr", "str", "slot and function, as 12.0", NULL);
    }
}

static bool no_such_type(const char *name, GError **err)
{
    g_set_error(err, VALLETTA_ERROR, ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", name);
    return false;
}

QMP(device_list_properties)
{
    const char *name = qmp_text(args, "typename");
    g_autoptr(GPtrArray) types = types_all();
    const TypeInfo *t = types_find(types, name);
    if (!t) {
        return no_such_type(name, err);
    }
    if (t->abstract || !types_is_a(types, name, "device")) {
        return error_set(err, "Parameter 'typename' expects a non-abstract device type");
    }
    JsonArray *list = qmp_return_array(ret);
    add_device_properties(list, device_type_find(name));
    return true;
}

QMP(qom_list_properties)
{
    const char *name = qmp_text(args, "typename");
    g_autoptr(GPtrArray) types = types_all();
    const ObjectType *object = object_type_find(name);
    g_autofree char *machine = g_strdup_printf("%s-machine", call->c->machine_type);
    if (!types_find(types, name)) {
        return no_such_type(name, err);
    }
    JsonArray *list = qmp_return_array(ret);
    add_property(list, "type", "string", NULL, NULL);
    for (const ObjectProp *p = object ? object->props : NULL; p && p->name; p++) {
        add_property(list, p->name, p->type, p->description, NULL);
    }
    JsonObjectIter iter;
    const char *key;
    JsonNode *value;
    json_object_iter_init_ordered(&iter, call->c->properties);
    while (strcmp(machine, name) == 0 && json_object_iter_next_ordered(&iter, &key, &value)) {
        bool is_bool = json_node_get_value_type(value) == G_TYPE_BOOLEAN;
        add_property(list, key, is_bool ? "bool" : "string", NULL, NULL);
    }
    add_device_properties(list, device_type_find(name));
    return true;
}

/* ---- the tree ---- */

QMP(qom_list)
{
    g_autoptr(TreeNode) root = tree_new(call->c);
    TreeNode *node = tree_find(root, qmp_text(args, "path"), err);
    if (!node) {
        return false;
    }
    JsonArray *list = qmp_return_array(ret);
    for (guint i = 0; i < node->props->len; i++) {
        const TreeProp *p = g_ptr_array_index(node->props, i);
        add_property(list, p->name, p->type, p->description, NULL);
    }
    for (guint i = 0; i < node->children->len; i++) {
        const TreeNode *below = g_ptr_array_index(node->children, i);
        g_autofree char *type = g_strdup_printf("child<%s>", below->type);
        add_property(list, below->name, type, NULL, NULL);
    }
    return true;
}

/* The value of a property, or the path of a child; NULL with err. */
static JsonNode *get(const MonitorContext *c, const char *path, const char *name, GError **err)
{
    g_autoptr(TreeNode) root = tree_new(c);
    TreeNode *node = tree_find(root, path, err);
    if (!node) {
        return NULL;
    }
    const TreeProp *p = tree_prop(node, name);
    if (p) {
        return json_node_copy(p->value);
    }
    for (guint i = 0; i < node->children->len; i++) {
        const TreeNode *below = g_ptr_array_index(node->children, i);
        if (strcmp(below->name, name) == 0) {
            g_autofree char *full = tree_path(below);
            return json_string_new(full);
        }
    }
    error_set(err, "Property '%s.%s' not found", node->type, name);
    return NULL;
}

QMP(qom_get)
{
    *ret = get(call->c, qmp_text(args, "path"), qmp_text(args, "property"), err);
    return *ret != NULL;
}

QMP(qom_set)
{
    const char *name = qmp_text(args, "property");
    JsonNode *value = json_object_get_member(args, "value");
    g_autoptr(TreeNode) root = tree_new(call->c);
    g_autoptr(JsonNode) now = get(call->c, qmp_text(args, "path"), name, err);
    if (!now) {
        return false;
    }
    g_autofree char *text = json_node_get_value_type(value) == G_TYPE_STRING ? json_node_dup_string(value)
        : json_node_get_value_type(value) == G_TYPE_BOOLEAN
        ? g_strdup(json_node_get_boolean(value) ? "on" : "off") : json_text_write(value, false);
    return tree_set(tree_find(root, qmp_text(args, "path"), NULL), name, text, err);
}

/* ---- devices and objects ---- */

QMP(device_add_command)
{
    g_autoptr(KeyVal) props = keyval_new("device_add");
    keyval_add_json(props, args);
    return device_plug(call->c->machine, props, err);
}

QMP(device_del)
{
    Device *dev = tree_find_device(call->c, qmp_text(args, "id"), err);
    return dev && device_remove(dev, err);
}

QMP(object_add)
{
    g_autoptr(KeyVal) props = keyval_new("object-add");
    keyval_add_json(props, args);
    return object_set_add(call->c->objects, props, err);
}

QMP(object_del)
{
    return object_set_remove(call->c->objects, qmp_text(args, "id"), err);
}

const QmpCommand qmp_qom_commands[] = {
    { "device-list-properties", device_list_properties, MEMBERS({ "typename", "str", NULL }),
      .ret = "[DevicePropertyInfo]", .doc = "What -device may set for a type." },
    { "qom-get", qom_get, MEMBERS({ "path", "str", NULL }, { "property", "str", NULL }), .ret = "any",
      .flags = QMP_PRECONFIG, .doc = "The value of a property." },
    { "qom-list", qom_list, MEMBERS({ "path", "str", "as /machine/unattached" }),
      .ret = "[ObjectPropertyInfo]",
      .flags = QMP_PRECONFIG, .doc = "The properties of a node, and the nodes below it." },
    { "qom-list-properties", qom_list_properties, MEMBERS({ "typename", "str", NULL }),
      .ret = "[ObjectPropertyInfo]", .flags = QMP_PRECONFIG, .doc = "The properties of a type." },
    { "qom-list-types", qom_list_types,
      MEMBERS({ "implements?", "str", "only what is below this" },
              { "abstract?", "bool", "also abstract ones" }),
      .ret = "[ObjectTypeInfo]", .flags = QMP_PRECONFIG, .doc = "All types." },
    { "qom-set", qom_set,
      MEMBERS({ "path", "str", NULL }, { "property", "str", NULL }, { "value", "any", NULL }),
      .flags = QMP_PRECONFIG, .doc = "Changes what can be changed: status and interval of network filters." },
    { 0 },
};

const QmpCommand qmp_object_commands[] = {
    { "device_add", device_add_command,
      MEMBERS({ "driver", "str", NULL }, { "bus?", "str", NULL }, { "id?", "str", NULL }), .flags = QMP_OPEN,
      .features = "json-cli json-cli-hotplug", .doc = "Adds a device, as -device; no graphics." },
    { "device_del", device_del, MEMBERS({ "id", "str", "or its path" }),
      .doc = "Takes a device out, at once: SCSI units, virtio ports, and PCI functions that the guest has "
             "let go of." },
    { "object-add", object_add, .args_type = "ObjectOptions", .flags = QMP_PRECONFIG,
      .doc = "Makes an object, as -object." },
    { "object-del", object_del, MEMBERS({ "id", "str", NULL }), .flags = QMP_PRECONFIG,
      .doc = "Removes an object that nothing uses." },
    { 0 },
};
