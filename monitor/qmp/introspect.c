/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The schema told to clients (query-qmp-schema) and to people (docs/qmp-reference.md). */
#include "monitor/qmp/schema.h"

#include <string.h>

static const struct { const char *name, *json; } builtins[] = {
    { "any", "value" }, { "bool", "boolean" }, { "int", "int" }, { "int8", "int" }, { "int16", "int" },
    { "int32", "int" }, { "int64", "int" }, { "address", "int" }, { "number", "number" },
    { "size", "int" }, { "str", "string" },
    { "uint8", "int" }, { "uint16", "int" }, { "uint32", "int" }, { "uint64", "int" },
};

/* What was told already, or is about to be. */
typedef struct {
    JsonArray *list;
    GHashTable *told;
} Telling;

static JsonObject *add_info(Telling *t, const char *name, const char *meta)
{
    JsonObject *info = json_object_new();
    json_object_set_string_member(info, "name", name);
    json_object_set_string_member(info, "meta-type", meta);
    json_array_add_object_element(t->list, info);
    return info;
}

static void tell_type(Telling *t, const char *name);

static void set_words(JsonObject *info, const char *key, const char *words, bool as_members)
{
    g_auto(GStrv) all = g_strsplit(words, " ", -1);
    JsonArray *list = json_array_new();
    for (char **word = all; *word; word++) {
        if (as_members) {
            JsonObject *member = json_object_new();
            json_object_set_string_member(member, "name", *word);
            json_array_add_object_element(list, member);
        } else {
            json_array_add_string_element(list, *word);
        }
    }
    json_object_set_array_member(info, key, list);
}

static void set_members(Telling *t, JsonObject *info, const SchemaMember *members)
{
    JsonArray *list = json_array_new();
    for (const SchemaMember *m = members; m && m->name; m++) {
        g_autofree char *name = schema_member_name(m);
        JsonObject *member = json_object_new();
        json_object_set_string_member(member, "name", name);
        json_object_set_string_member(member, "type", m->type);
        if (schema_is_optional(m)) {
            json_object_set_null_member(member, "default");
        }
        json_array_add_object_element(list, member);
        tell_type(t, m->type);
    }
    json_object_set_array_member(info, "members", list);
}

/* Every value of the tag has a case. */
static void set_variants(Telling *t, JsonObject *info, const SchemaType *type)
{
    const SchemaMember *tag = type->members;
    while (strcmp(tag->name, type->tag) != 0) {
        tag++;
    }
    g_auto(GStrv) values = g_strsplit(schema_type(tag->type)->values, " ", -1);
    JsonArray *list = json_array_new();
    for (char **value = values; *value; value++) {
        const char *name = "q_empty";
        for (const SchemaVariant *v = type->variants; v->value; v++) {
            name = strcmp(v->value, *value) == 0 ? v->type : name;
        }
        JsonObject *variant = json_object_new();
        json_object_set_string_member(variant, "case", *value);
        json_object_set_string_member(variant, "type", name);
        json_array_add_object_element(list, variant);
        tell_type(t, name);
    }
    json_object_set_string_member(info, "tag", type->tag);
    json_object_set_array_member(info, "variants", list);
}

static void tell_alternate(Telling *t, const SchemaType *type)
{
    JsonObject *info = add_info(t, type->name, "alternate");
    JsonArray *list = json_array_new();
    for (const SchemaMember *m = type->members; m->name; m++) {
        JsonObject *member = json_object_new();
        json_object_set_string_member(member, "type", m->type);
        json_array_add_object_element(list, member);
        tell_type(t, m->type);
    }
    json_object_set_array_member(info, "members", list);
}

static void tell_table_type(Telling *t, const SchemaType *type)
{
    JsonObject *info;
    switch (type->meta) {
    case SCHEMA_ENUM:
        info = add_info(t, type->name, "enum");
        set_words(info, "members", type->values, true);
        set_words(info, "values", type->values, false);
        break;
    case SCHEMA_OBJECT:
        info = add_info(t, type->name, "object");
        set_members(t, info, type->members);
        if (type->variants) {
            set_variants(t, info, type);
        }
        break;
    case SCHEMA_ALTERNATE:
        tell_alternate(t, type);
        break;
    }
}

static void tell_type(Telling *t, const char *name)
{
    if (!g_hash_table_add(t->told, g_strdup(name))) {
        return;
    }
    if (*name == '[') {
        g_autofree char *element = g_strndup(name + 1, strlen(name) - 2);
        json_object_set_string_member(add_info(t, name, "array"), "element-type", element);
        tell_type(t, element);
        return;
    }
    if (strcmp(name, "q_empty") == 0) {
        json_object_set_array_member(add_info(t, name, "object"), "members", json_array_new());
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(builtins); i++) {
        if (strcmp(builtins[i].name, name) == 0) {
            json_object_set_string_member(add_info(t, name, "builtin"), "json-type", builtins[i].json);
            return;
        }
    }
    const SchemaType *type = schema_type(name);
    if (!type) {
        g_error("the QMP schema has no type '%s'", name);
    }
    tell_table_type(t, type);
}

/* The name of the object of these members, told on the way. */
static char *tell_arguments(Telling *t, const char *owner, const SchemaMember *members)
{
    if (!members || !members->name) {
        tell_type(t, "q_empty");
        return g_strdup("q_empty");
    }
    char *name = g_strdup_printf("q_obj_%s-arg", owner);
    set_members(t, add_info(t, name, "object"), members);
    return name;
}

static void tell_command(Telling *t, const QmpCommand *c)
{
    JsonObject *info = add_info(t, c->name, "command");
    g_autofree char *args = c->args_type ? g_strdup(c->args_type) : tell_arguments(t, c->name, c->args);
    json_object_set_string_member(info, "arg-type", args);
    json_object_set_string_member(info, "ret-type", c->ret ? c->ret : "q_empty");
    tell_type(t, args[0] == 'q' ? "q_empty" : args);
    tell_type(t, c->ret ? c->ret : "q_empty");
    if (c->flags & QMP_OOB) {
        json_object_set_boolean_member(info, "allow-oob", true);
    }
    if (c->features) {
        set_words(info, "features", c->features, false);
    }
}

JsonArray *schema_introspect(void)
{
    Telling t = { json_array_new(), g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) };
    const QmpCommand *c = NULL;
    const QmpEvent *e;
    while ((c = schema_command_after(c))) {
        tell_command(&t, c);
    }
    for (unsigned i = 0; (e = schema_event_at(i)); i++) {
        JsonObject *info = add_info(&t, e->name, "event");
        g_autofree char *data = tell_arguments(&t, e->name, e->data);
        json_object_set_string_member(info, "arg-type", data);
    }
    g_hash_table_destroy(t.told);
    return t.list;
}

/* ---- for people ---- */

static void write_members(GString *out, const SchemaMember *members)
{
    for (const SchemaMember *m = members; m && m->name; m++) {
        g_autofree char *name = schema_member_name(m);
        g_string_append_printf(out, "- `%s`: %s%s%s%s\n", name, m->type,
                               schema_is_optional(m) ? " (optional)" : "", m->doc ? ": " : "",
                               m->doc ? m->doc : "");
    }
}

static void write_command(GString *out, const QmpCommand *c)
{
    g_string_append_printf(out, "\n### %s\n\n%s\n\n", c->name, c->doc);
    write_members(out, c->args);
    if (c->args_type) {
        g_string_append_printf(out, "Arguments: [%s](#%s)\n", c->args_type, c->args_type);
    }
    if (c->flags & QMP_OPEN) {
        g_string_append(out, "- any other member: a property\n");
    }
    g_string_append_printf(out, "%sReturns: %s%s%s\n", c->args || c->args_type ? "\n" : "",
                           c->ret ? c->ret : "nothing", c->flags & QMP_OOB ? ". May be out of band" : "",
                           c->flags & QMP_PRECONFIG ? ". Allowed before the machine is made" : "");
}

static void write_type(GString *out, const SchemaType *t)
{
    static const char *const metas[] = { "One of", "Object", "Alternative" };
    g_string_append_printf(out, "\n### %s\n\n%s.", t->name, metas[t->meta]);
    g_string_append_printf(out, "%s%s\n\n", t->doc ? " " : "", t->doc ? t->doc : "");
    if (t->values) {
        g_auto(GStrv) words = g_strsplit(t->values, " ", -1);
        g_autofree char *list = g_strjoinv("`, `", words);
        g_string_append_printf(out, "`%s`\n", list);
    }
    write_members(out, t->members);
    for (const SchemaVariant *v = t->variants; v && v->value; v++) {
        g_string_append_printf(out, "- with `%s` = `%s`: the members of %s\n", t->tag, v->value, v->type);
    }
}

char *schema_document(void)
{
    GString *out = g_string_new("# QMP reference\n\nMade from the schema table by `valletta -qmp-reference`. "
                                "[qmp.md](qmp.md) tells how it is used.\n\n## Commands\n");
    const QmpCommand *c = NULL;
    const QmpEvent *e;
    const SchemaType *t;
    while ((c = schema_command_after(c))) {
        write_command(out, c);
    }
    g_string_append(out, "\n## Events\n");
    for (unsigned i = 0; (e = schema_event_at(i)); i++) {
        g_string_append_printf(out, "\n### %s\n\n%s\n%s", e->name, e->doc, e->data ? "\n" : "");
        write_members(out, e->data);
    }
    g_string_append(out, "\n## Types\n");
    for (unsigned i = 0; (t = schema_type_at(i)); i++) {
        write_type(out, t);
    }
    return g_string_free(out, FALSE);
}

char *qmp_reference(void)
{
    return schema_document();
}
