/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "system/objects.h"

#include <string.h>
#include "util/error.h"

struct ObjectSet {
    struct Machine *machine;
    GPtrArray *list;        /* of Object *, in the order they were made */
};

/* What others have and this program has no use for: named, so that nobody looks for the mistake. */
static const struct {
    const char *name, *reason;
} absent_types[] = {
    { "iothread", "there is no block device whose work a thread of its own could do" },
    { "memory-backend-memfd", "memory-backend-ram is a memfd here" },
    { "rng-egd", "use rng-random or rng-builtin" },
    { "secret_keyring", "use secret" },
    { "tls-creds-x509", "there is no TLS" },
    { "tls-creds-anon", "there is no TLS" },
    { "tls-creds-psk", "there is no TLS" },
    { "throttle-group", "there are no disks" },
    { "filter-rewriter", "two guests are not kept in step" },
    { "colo-compare", "two guests are not kept in step" },
    { "filter-replay", "nothing is recorded and replayed" },
    { "cryptodev-backend-builtin", "there is no virtio-crypto" },
    { "authz-list", "there is nothing that would ask it" },
    { "authz-simple", "there is nothing that would ask it" },
};

const ObjectType *const *object_types(void)
{
    static const ObjectType *const types[] = {
        &filter_buffer, &filter_dump, &filter_mirror, &filter_redirector, &memory_backend_file,
        &memory_backend_ram, &rng_builtin, &rng_random, &secret_object, NULL,
    };
    return types;
}

const ObjectType *object_type_find(const char *name)
{
    for (const ObjectType *const *t = object_types(); *t; t++) {
        if (strcmp((*t)->name, name) == 0) {
            return *t;
        }
    }
    return NULL;
}

static void object_free(gpointer data)
{
    Object *obj = data;
    if (obj->state) {
        obj->type->free(obj);
    }
    g_free(obj->user);
    g_free(obj->id);
    g_free(obj);
}

ObjectSet *object_set_new(void)
{
    ObjectSet *set = g_new0(ObjectSet, 1);
    set->list = g_ptr_array_new_with_free_func(object_free);
    return set;
}

void object_set_use_machine(ObjectSet *set, struct Machine *machine)
{
    set->machine = machine;
}

void object_set_free(ObjectSet *set)
{
    if (set) {
        g_ptr_array_free(set->list, TRUE);
        g_free(set);
    }
}

Object *object_find(ObjectSet *set, const char *id)
{
    for (guint i = 0; i < set->list->len; i++) {
        Object *obj = g_ptr_array_index(set->list, i);
        if (strcmp(obj->id, id) == 0) {
            return obj;
        }
    }
    return NULL;
}

Object *object_at(ObjectSet *set, unsigned n)
{
    return n < set->list->len ? g_ptr_array_index(set->list, n) : NULL;
}

static bool check_id(ObjectSet *set, const char *option, const char *id, GError **err)
{
    if (!id) {
        return error_set(err, "%s: Parameter 'id' is missing", option);
    }
    bool good = g_ascii_isalpha(id[0]);
    for (const char *p = id; *p; p++) {
        good = good && (g_ascii_isalnum(*p) || strchr("-._", *p));
    }
    if (!good) {
        return error_set(err, "%s: id '%s' must be letters, digits, '-', '.', '_', a letter first",
                         option, id);
    }
    return !object_find(set, id) || error_set(err, "%s: there is an object '%s' already", option, id);
}

static const ObjectType *find_type(const char *option, const char *name, GError **err)
{
    const ObjectType *type = name ? object_type_find(name) : NULL;
    if (type) {
        return type;
    }
    for (size_t i = 0; name && i < G_N_ELEMENTS(absent_types); i++) {
        if (strcmp(absent_types[i].name, name) == 0) {
            error_set(err, "%s: '%s' is not there: %s", option, name, absent_types[i].reason);
            return NULL;
        }
    }
    if (!name) {
        error_set(err, "%s: Parameter 'qom-type' is missing", option);
    } else {
        error_set(err, "%s: there is no object type '%s'; -object help lists them", option, name);
    }
    return NULL;
}

bool object_set_add(ObjectSet *set, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props);
    const ObjectType *type = find_type(option, keyval_get(props, "qom-type"), err);
    const char *id = keyval_get(props, "id");
    if (!type || !check_id(set, option, id, err)) {
        return false;
    }
    Object *obj = g_new0(Object, 1);
    obj->type = type;
    obj->machine = set->machine;
    obj->id = g_strdup(id);
    if (!type->make(obj, props, err)) {
        object_free(obj);
        return false;
    }
    g_ptr_array_add(set->list, obj);
    return true;
}

bool object_set_add_text(ObjectSet *set, const char *option, const char *text, GError **err)
{
    g_autoptr(KeyVal) props = keyval_new(option);
    return keyval_parse(props, text, "qom-type", err) && object_set_add(set, props, err);
}

bool object_set_remove(ObjectSet *set, const char *id, GError **err)
{
    Object *obj = object_find(set, id);
    if (!obj) {
        return error_set(err, "object '%s' not found", id);
    }
    if (obj->user) {
        return error_set(err, "object '%s' is in use by %s, can not be deleted", id, obj->user);
    }
    g_ptr_array_remove(set->list, obj);
    return true;
}

char *object_help(void)
{
    GString *out = g_string_new("Objects (-object TYPE,id=NAME[,property=value]):\n");
    for (const ObjectType *const *t = object_types(); *t; t++) {
        g_string_append_printf(out, "  %s\n", (*t)->name);
        for (const ObjectProp *p = (*t)->props; p->name; p++) {
            g_autofree char *head = g_strdup_printf("%s=<%s>", p->name, p->type);
            g_string_append_printf(out, "    %-22s %s\n", head, p->description);
        }
    }
    return g_string_free(out, FALSE);
}
