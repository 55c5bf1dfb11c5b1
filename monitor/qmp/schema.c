/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking things up in the schema, and checking arguments against it. */
#include "monitor/qmp/schema.h"

#include <string.h>
#include "util/error.h"

/* ---- the table ---- */

const SchemaType *schema_type_at(unsigned n)
{
    return schema_types[n].name ? &schema_types[n] : NULL;
}

const SchemaType *schema_type(const char *name)
{
    for (const SchemaType *t = schema_types; t->name; t++) {
        if (strcmp(t->name, name) == 0) {
            return t;
        }
    }
    return NULL;
}

static const QmpCommand *const command_tables[] = {
    qmp_audio_commands, qmp_block_commands, qmp_query_block_commands, qmp_job_commands,
    qmp_snapshot_commands, qmp_chardev_commands, qmp_dump_commands, qmp_fdset_commands,
    qmp_memory_commands, qmp_misc_commands, qmp_input_commands, qmp_net_commands, qmp_object_commands,
    qmp_qom_commands, qmp_query_commands, qmp_run_commands, qmp_trace_commands, qmp_vnc_commands,
};

const QmpCommand *schema_command(const char *name)
{
    for (size_t t = 0; t < G_N_ELEMENTS(command_tables); t++) {
        for (const QmpCommand *c = command_tables[t]; c->name; c++) {
            if (strcmp(c->name, name) == 0) {
                return c;
            }
        }
    }
    return NULL;
}

const QmpCommand *schema_command_after(const QmpCommand *before)
{
    const QmpCommand *best = NULL;
    for (size_t t = 0; t < G_N_ELEMENTS(command_tables); t++) {
        for (const QmpCommand *c = command_tables[t]; c->name; c++) {
            if ((!before || strcmp(c->name, before->name) > 0) &&
                (!best || strcmp(c->name, best->name) < 0)) {
                best = c;
            }
        }
    }
    return best;
}

const QmpEvent *schema_event_at(unsigned n)
{
    return schema_events[n].name ? &schema_events[n] : NULL;
}

bool schema_is_optional(const SchemaMember *member)
{
    return member->name[strlen(member->name) - 1] == '?';
}

char *schema_member_name(const SchemaMember *member)
{
    return g_strndup(member->name, strlen(member->name) - schema_is_optional(member));
}

/* ---- checking ---- */

static bool check_value(const char *type, JsonNode *value, const char *path, GError **err);

static bool wrong_kind(const char *path, const char *expected, GError **err)
{
    return error_set(err, "Invalid parameter type for '%s', expected: %s", path, expected);
}

static bool check_integer(const char *type, JsonNode *value, const char *path, GError **err)
{
    static const struct { const char *name; int64_t min; uint64_t max; } ranges[] = {
        { "int", INT64_MIN, INT64_MAX }, { "int8", INT8_MIN, INT8_MAX }, { "int16", INT16_MIN, INT16_MAX },
        { "int32", INT32_MIN, INT32_MAX }, { "int64", INT64_MIN, INT64_MAX }, { "uint8", 0, UINT8_MAX },
        { "uint16", 0, UINT16_MAX }, { "uint32", 0, UINT32_MAX }, { "uint64", 0, UINT64_MAX },
        { "size", 0, UINT64_MAX }, { "address", INT64_MIN, UINT64_MAX },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++) {
        if (strcmp(ranges[i].name, type) != 0) {
            continue;
        }
        int64_t n = 0;
        uint64_t u = 0;
        bool is_int = json_number_int(value, &n);
        if (!is_int && !json_number_uint(value, &u)) {
            return wrong_kind(path, "integer", err);
        }
        bool fits = is_int ? n >= ranges[i].min && (n < 0 || (uint64_t)n <= ranges[i].max)
                           : u <= ranges[i].max;
        return fits || error_set(err, "Parameter '%s' expects %s", path, type);
    }
    g_assert_not_reached();
}

static bool check_builtin(const char *type, JsonNode *value, const char *path, GError **err)
{
    if (strcmp(type, "any") == 0) {
        return true;
    }
    if (strcmp(type, "str") == 0) {
        return json_string_text(value) || wrong_kind(path, "string", err);
    }
    if (strcmp(type, "bool") == 0) {
        return json_node_get_value_type(value) == G_TYPE_BOOLEAN || wrong_kind(path, "boolean", err);
    }
    if (strcmp(type, "number") == 0) {
        return json_node_get_value_type(value) == G_TYPE_INT64 || json_number_text(value) ||
               wrong_kind(path, "number", err);
    }
    return check_integer(type, value, path, err);
}

static bool is_one_of(const char *words, const char *word)
{
    g_auto(GStrv) all = g_strsplit(words, " ", -1);
    return g_strv_contains((const char *const *)all, word);
}

static bool check_enum(const SchemaType *t, JsonNode *value, const char *path, GError **err)
{
    if (!json_string_text(value)) {
        return wrong_kind(path, "string", err);
    }
    return is_one_of(t->values, json_string_text(value)) ||
           error_set(err, "Parameter '%s' does not accept value '%s'", path, json_string_text(value));
}

static bool check_members(const SchemaMember *members, JsonObject *object, const char *path,
                          GHashTable *known, GError **err)
{
    for (const SchemaMember *m = members; m && m->name; m++) {
        char *name = schema_member_name(m);
        g_autofree char *full = *path ? g_strdup_printf("%s.%s", path, name) : g_strdup(name);
        g_hash_table_add(known, name);
        JsonNode *value = json_object_get_member(object, name);
        if (!value && !schema_is_optional(m)) {
            return error_set(err, "Parameter '%s' is missing", full);
        }
        if (value && !check_value(m->type, value, full, err)) {
            return false;
        }
    }
    return true;
}

static bool check_unexpected(JsonObject *object, const char *path, GHashTable *known, GError **err)
{
    JsonObjectIter iter;
    const char *key;
    json_object_iter_init_ordered(&iter, object);
    while (json_object_iter_next_ordered(&iter, &key, NULL)) {
        if (!g_hash_table_contains(known, key)) {
            return error_set(err, "Parameter '%s%s%s' is unexpected", path, *path ? "." : "", key);
        }
    }
    return true;
}

/* The members of t, and those that its tag's value adds. */
static bool check_object(const SchemaType *t, JsonObject *object, const char *path, GError **err)
{
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!check_members(t->members, object, path, known, err)) {
        return false;
    }
    for (const SchemaVariant *v = t->variants; v && v->value; v++) {
        if (strcmp(v->value, json_object_get_string_member(object, t->tag)) == 0 &&
            !check_members(schema_type(v->type)->members, object, path, known, err)) {
            return false;
        }
    }
    return check_unexpected(object, path, known, err);
}

/* One of the alternatives fits; they differ in their JSON kind. */
static bool check_alternate(const SchemaType *t, JsonNode *value, const char *path, GError **err)
{
    for (const SchemaMember *m = t->members; m->name; m++) {
        g_autoptr(GError) why = NULL;
        if (check_value(m->type, value, path, &why)) {
            return true;
        }
    }
    return wrong_kind(path, t->name, err);
}

static bool check_array(const char *type, JsonNode *value, const char *path, GError **err)
{
    g_autofree char *element = g_strndup(type + 1, strlen(type) - 2);
    if (!JSON_NODE_HOLDS_ARRAY(value)) {
        return wrong_kind(path, "array", err);
    }
    JsonArray *array = json_node_get_array(value);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        g_autofree char *full = g_strdup_printf("%s[%u]", path, i);
        if (!check_value(element, json_array_get_element(array, i), full, err)) {
            return false;
        }
    }
    return true;
}

static bool check_value(const char *type, JsonNode *value, const char *path, GError **err)
{
    if (*type == '[') {
        return check_array(type, value, path, err);
    }
    const SchemaType *t = schema_type(type);
    if (!t) {
        return check_builtin(type, value, path, err);
    }
    if (t->meta == SCHEMA_OBJECT && !JSON_NODE_HOLDS_OBJECT(value)) {
        return wrong_kind(path, "object", err);
    }
    return t->meta == SCHEMA_ENUM ? check_enum(t, value, path, err)
         : t->meta == SCHEMA_OBJECT ? check_object(t, json_node_get_object(value), path, err)
                                    : check_alternate(t, value, path, err);
}

bool schema_check_args(const QmpCommand *command, JsonObject *args, GError **err)
{
    if (command->args_type) {
        return check_object(schema_type(command->args_type), args, "", err);
    }
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return check_members(command->args, args, "", known, err) &&
           ((command->flags & QMP_OPEN) || check_unexpected(args, "", known, err));
}
