/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for the guest that is made apart from the board: anonymous, or of a file. */
#include "system/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "util/error.h"

#define SIZE_STEP (64 * KIB)

typedef struct {
    MemRegion *region;
    uint64_t size;
    char *path;             /* mem-path; NULL: anonymous */
    bool share, prealloc, dump, merge, reserve;
} Memory;

static bool read_props(Object *obj, Memory *m, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props);
    m->dump = true;
    m->share = !m->path;
    if (!keyval_get_size(props, "size", 1, &m->size, err) ||
        !keyval_get_bool(props, "share", &m->share, err) ||
        !keyval_get_bool(props, "prealloc", &m->prealloc, err) ||
        !keyval_get_bool(props, "dump", &m->dump, err) || !keyval_get_bool(props, "merge", &m->merge, err) ||
        !keyval_get_bool(props, "reserve", &m->reserve, err) || !keyval_finish(props, err)) {
        return false;
    }
    if (m->size == 0 || m->size % SIZE_STEP) {
        return error_set(err, "%s: size of '%s' must be a multiple of 64K, and not 0", option, obj->id);
    }
    if (m->merge) {
        return error_set(err, "%s: merge=on of '%s' is not there: pages that others may map are not merged",
                         option, obj->id);
    }
    if (m->reserve) {
        return error_set(err, "%s: reserve=on of '%s' is not there: memory comes as it is touched, or "
                         "at once with prealloc=on", option, obj->id);
    }
    return true;
}

/* Makes every page there now, or says that the host has not that many. */
static bool populate(Object *obj, Memory *m, GError **err)
{
    uint8_t *host = mem_host(m->region);
    if (madvise(host, m->size, MADV_POPULATE_WRITE) == 0) {
        return true;
    }
    return error_set(err, "object '%s': prealloc=on: the host gives no %" G_GUINT64_FORMAT " MiB: %s",
                     obj->id,
                     m->size >> 20, g_strerror(errno));
}

static bool finish(Object *obj, Memory *m, GError **err)
{
    if (!m->region) {
        return false;
    }
    if (!m->dump) {
        madvise(mem_host(m->region), m->size, MADV_DONTDUMP);
    }
    return !m->prealloc || populate(obj, m, err);
}

static bool ram_make(Object *obj, KeyVal *props, GError **err)
{
    Memory *m = g_new0(Memory, 1);
    obj->state = m;
    if (!read_props(obj, m, props, err)) {
        return false;
    }
    m->region = mem_ram_new(obj->id, m->size, err);
    return finish(obj, m, err);
}

/* The file itself, or a nameless one in the folder. */
static int open_path(const Object *obj, const char *path, GError **err)
{
    struct stat st;
    int fd;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        g_autofree char *name = g_build_filename(path, "valletta-memory.XXXXXX", NULL);
        fd = mkostemp(name, O_CLOEXEC);
        if (fd >= 0) {
            unlink(name);
        }
    } else {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    }
    if (fd < 0) {
        error_set(err, "object '%s': mem-path=%s: %s", obj->id, path, g_strerror(errno));
    }
    return fd;
}

static bool file_make(Object *obj, KeyVal *props, GError **err)
{
    Memory *m = g_new0(Memory, 1);
    obj->state = m;
    m->path = g_strdup(keyval_get(props, "mem-path"));
    if (!read_props(obj, m, props, err)) {
        return false;
    }
    if (!m->path) {
        return error_set(err, "%s: Parameter 'mem-path' is missing", keyval_option(props));
    }
    int fd = open_path(obj, m->path, err);
    m->region = fd < 0 ? NULL : mem_ram_new_file(obj->id, m->size, fd, m->share, err);
    return finish(obj, m, err);
}

static void memory_free(Object *obj)
{
    Memory *m = obj->state;
    mem_free(m->region);
    g_free(m->path);
    g_free(m);
}

static JsonNode *memory_get(const Object *obj, const char *prop)
{
    const Memory *m = obj->state;
    const struct { const char *name; bool value; } flags[] = {
        { "share", m->share }, { "prealloc", m->prealloc }, { "dump", m->dump }, { "merge", m->merge },
        { "reserve", m->reserve },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
        if (strcmp(flags[i].name, prop) == 0) {
            return json_boolean_new(flags[i].value);
        }
    }
    return strcmp(prop, "size") == 0 ? json_number_new(m->size) : json_string_new(m->path);
}

#define MEMORY_PROPS \
    { "size", "size", "its size, a multiple of 64K" }, \
    { "share", "bool", "changes reach the file (off for files by default)" }, \
    { "prealloc", "bool", "takes all pages from the host at once (off)" }, \
    { "dump", "bool", "a core dump of valletta holds it (on)" }, \
    { "merge", "bool", "only off is there" }, \
    { "reserve", "bool", "only off is there" }

static const ObjectProp ram_props[] = { MEMORY_PROPS, { 0 } };
static const ObjectProp file_props[] = {
    { "mem-path", "str", "a file, or a folder for a nameless one" }, MEMORY_PROPS, { 0 },
};

const ObjectType memory_backend_ram = {
    "memory-backend-ram", "memory-backend", ram_props, ram_make, memory_free, memory_get,
};
const ObjectType memory_backend_file = {
    "memory-backend-file", "memory-backend", file_props, file_make, memory_free, memory_get,
};

bool object_is_memory(const Object *obj)
{
    return obj->type == &memory_backend_ram || obj->type == &memory_backend_file;
}

uint64_t object_memory_size(const Object *obj)
{
    return ((const Memory *)obj->state)->size;
}

MemRegion *object_memory_claim(ObjectSet *set, const char *id, uint64_t size, const char *user, GError **err)
{
    Object *obj = object_find(set, id);
    if (!obj || !object_is_memory(obj)) {
        error_set(err, "memory-backend=%s: there is no -object memory-backend-ram or -file of that id", id);
        return NULL;
    }
    if (object_memory_size(obj) != size) {
        error_set(err,
                  "memory-backend=%s: is %" G_GUINT64_FORMAT " MiB large, but -m says %" G_GUINT64_FORMAT,
                  id, object_memory_size(obj) >> 20, size >> 20);
        return NULL;
    }
    if (obj->user) {
        error_set(err, "memory-backend=%s: is used by %s", id, obj->user);
        return NULL;
    }
    obj->user = g_strdup(user);
    return ((Memory *)obj->state)->region;
}
