/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What -object and object-add make: things of the host's side that devices and the board use
 * by id. Main thread, machine lock held.
 */
#ifndef SYSTEM_OBJECTS_H
#define SYSTEM_OBJECTS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "system/memory.h"
#include "util/keyval.h"

struct Machine;
typedef struct Object Object;
typedef struct ObjectSet ObjectSet;

typedef struct {
    const char *name;
    const char *type;           /* "bool", "size", "str", or the name of an enumeration */
    const char *description;
} ObjectProp;

typedef struct {
    const char *name, *parent;
    const ObjectProp *props;    /* ended by { 0 } */
    /* Reads the properties, ends with keyval_finish before anything is made, then makes
     * obj->state. False with err; free is called then too. */
    bool (*make)(Object *obj, KeyVal *props, GError **err);
    void (*free)(Object *obj);
    /* The value of one of props. */
    JsonNode *(*get)(const Object *obj, const char *prop);
    /* Changes one of props, "on" and "off" for booleans; false with err when it cannot be. NULL: nothing
     * can. */
    bool (*set)(Object *obj, const char *prop, const char *value, GError **err);
    bool after_networks;        /* names a network back end, so -object makes it after -netdev */
} ObjectType;

struct Object {
    const ObjectType *type;
    char *id;
    struct Machine *machine;    /* or NULL: there is none yet */
    void *state;                /* the type's own, or NULL */
    char *user;                 /* what uses it, or NULL */
};

/* All types, ended by NULL. */
const ObjectType *const *object_types(void);
const ObjectType *object_type_find(const char *name);

ObjectSet *object_set_new(void);
/* The machine whose parts objects may name. */
void object_set_use_machine(ObjectSet *set, struct Machine *machine);
/* After the machine that uses the objects. NULL is allowed. */
void object_set_free(ObjectSet *set);
/* From properties "qom-type", "id" and the type's own; the caller keeps props. False with err. */
bool object_set_add(ObjectSet *set, KeyVal *props, GError **err);
/* The text of an -object option, or of the monitor's object_add; option begins the errors. */
bool object_set_add_text(ObjectSet *set, const char *option, const char *text, GError **err);
/* False with err when there is none or something uses it. */
bool object_set_remove(ObjectSet *set, const char *id, GError **err);
/* NULL when there is none. */
Object *object_find(ObjectSet *set, const char *id);
/* Object n in the order they were made, or NULL. */
Object *object_at(ObjectSet *set, unsigned n);
/* Its types with their properties; freed by the caller. */
char *object_help(void);

/* ---- memory-backend-ram, memory-backend-file ---- */
bool object_is_memory(const Object *obj);
uint64_t object_memory_size(const Object *obj);
/* The memory itself, which stays the object's, for user alone; NULL with err when id is no such
 * object, has another size (bytes), or is used already. */
MemRegion *object_memory_claim(ObjectSet *set, const char *id, uint64_t size, const char *user, GError **err);

/* ---- secret ---- */
/* Its bytes, decoded; NULL with err. The caller unrefs them. */
GBytes *object_secret(ObjectSet *set, const char *id, GError **err);

/* ---- rng-builtin, rng-random ---- */
/* Fills buf (up to 256 bytes are never cut short); id NULL: as rng-builtin. False with err when id is none
 * or the source gives no more. */
bool object_rng_read(ObjectSet *set, const char *id, void *buf, size_t len, GError **err);

extern const ObjectType memory_backend_ram, memory_backend_file, secret_object, rng_builtin, rng_random,
    filter_buffer, filter_dump, filter_mirror, filter_redirector;

#endif
