/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table behind QMP: types, commands and events. Argument checks, query-qmp-schema,
 * query-commands and the reference page all follow from it.
 */
#ifndef MONITOR_QMP_SCHEMA_H
#define MONITOR_QMP_SCHEMA_H

#include <glib.h>
#include <stdbool.h>
#include "monitor/monitor.h"
#include "util/json_text.h"

typedef struct QmpCall QmpCall;

/*
 * A member of an object. name ends with '?' when it may be left out. type is a builtin ("str",
 * "int", "int8" ... "uint64", "size", "number", "bool", "any"), a type of the table, or "[T]".
 */
typedef struct {
    const char *name, *type, *doc;
} SchemaMember;

/* Of a union: the members that go with one value of its tag. */
typedef struct {
    const char *value, *type;       /* the type is an object of the table */
} SchemaVariant;

typedef enum { SCHEMA_ENUM, SCHEMA_OBJECT, SCHEMA_ALTERNATE } SchemaMeta;

typedef struct {
    const char *name;
    SchemaMeta meta;
    const char *doc;
    const char *values;             /* ENUM: the words, separated by single spaces */
    const SchemaMember *members;    /* OBJECT, ALTERNATE (of different JSON kinds); ended by { 0 } */
    const char *tag;                /* of a union: which member decides */
    const SchemaVariant *variants;  /* ended by { 0 }; values that are not listed add nothing */
} SchemaType;

enum {
    QMP_OOB = 1 << 0,               /* may be executed out of band */
    QMP_PRECONFIG = 1 << 1,         /* before the machine is made, too */
    QMP_OPEN = 1 << 2,              /* takes members beyond its arguments, as they are */
};

/* Does the command; args have been checked. False with err; *ret (NULL: {}) is the dispatcher's
 * to free. Main thread, machine lock held. */
typedef bool (*QmpRun)(QmpCall *call, JsonObject *args, JsonNode **ret, GError **err);

typedef struct {
    const char *name;
    QmpRun run;
    const SchemaMember *args;       /* ended by { 0 }; NULL: none */
    const char *args_type;          /* instead: an object of the table (a union) */
    const char *ret;                /* NULL: nothing */
    unsigned flags;
    const char *features;           /* words, or NULL */
    const char *doc;
} QmpCommand;

typedef struct {
    const char *name;
    const SchemaMember *data;       /* NULL: none */
    const char *doc;
} QmpEvent;

#define MEMBERS(...) (const SchemaMember[]){ __VA_ARGS__, { 0 } }
#define QMP(func) static bool func(QmpCall *call, JsonObject *args, JsonNode **ret, GError **err)

/* ---- the table ---- */
const SchemaType *schema_type(const char *name);
const SchemaType *schema_type_at(unsigned n);
const QmpCommand *schema_command(const char *name);
/* The first name after that of before in alphabetical order (NULL: the first of all); NULL behind the last.
 */
const QmpCommand *schema_command_after(const QmpCommand *before);
/* NULL behind the last. */
const QmpEvent *schema_event_at(unsigned n);
/* Whether member may be left out, and its name without the mark, to be freed. */
bool schema_is_optional(const SchemaMember *member);
char *schema_member_name(const SchemaMember *member);

/* Whether args are what the command takes; false with err in the words that clients know. */
bool schema_check_args(const QmpCommand *command, JsonObject *args, GError **err);

/* The reply of query-qmp-schema. */
JsonArray *schema_introspect(void);
/* The whole table as the page docs/qmp-reference.md; freed by the caller. */
char *schema_document(void);

extern const QmpCommand qmp_audio_commands[];
extern const QmpCommand qmp_block_commands[], qmp_query_block_commands[], qmp_job_commands[],
    qmp_snapshot_commands[];
extern const QmpCommand qmp_fdset_commands[], qmp_chardev_commands[], qmp_misc_commands[],
    qmp_input_commands[], qmp_net_commands[],
    qmp_object_commands[], qmp_dump_commands[], qmp_trace_commands[], qmp_vnc_commands[];
extern const QmpCommand qmp_qom_commands[], qmp_query_commands[], qmp_run_commands[], qmp_memory_commands[];
extern const SchemaType schema_types[];
extern const QmpEvent schema_events[];

#endif
