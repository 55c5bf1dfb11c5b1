/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QMP: a monitor that speaks JSON. Main thread, machine lock held for all. */
#ifndef MONITOR_QMP_QMP_H
#define MONITOR_QMP_QMP_H

#include "monitor/qmp/schema.h"

typedef struct QmpMonitor QmpMonitor;

/* One command that runs. */
struct QmpCall {
    const MonitorContext *c;
    QmpMonitor *monitor;        /* NULL once it is gone, while the call is still detached */
    const QmpCommand *command;
    JsonNode *id;                   /* of the request, or NULL */
    bool oob, detached;
};

/* The command goes on after run has returned true without a reply: what comes behind it in its
 * monitor waits, out-of-band commands do not. call lives until qmp_call_finish. */
void qmp_call_detach(QmpCall *call);
/* Its reply; takes ret (NULL: {}) or err. */
void qmp_call_finish(QmpCall *call, JsonNode *ret, GError *err);

/* Executes request (which stays the caller's) and returns the reply; NULL when the call was
 * detached or ended the connection's patience. Used by the monitor. */
JsonObject *qmp_dispatch(QmpMonitor *monitor, const MonitorContext *c, JsonNode *request);
/* Whether the request asks to be executed out of band. */
bool qmp_is_oob(JsonNode *request);
/* {"return": ret} (NULL: {}; takes ret); id may be NULL, and stays the caller's. */
JsonObject *qmp_reply(JsonNode *ret, JsonNode *id);
void qmp_call_free(QmpCall *call);
/* {"error": ...} of err, which stays the caller's; id may be NULL. */
JsonObject *qmp_error(const GError *err, JsonNode *id);

/* What capability negotiation has brought; monitor's own. */
typedef struct {
    bool negotiated, oob;
} QmpSession;
QmpSession *qmp_session(QmpMonitor *monitor);

/* Why there is no command of that name which clients of others know; NULL: it is not one. */
const char *qmp_absent_reason(const char *name);

/* {"qemu": {...}, "package": ...} */
JsonObject *qmp_version(const MonitorContext *c);

/* ---- descriptors that clients gave names ---- */
/* The oldest descriptor that came with the client's messages, or -1. */
int qmp_take_fd(QmpMonitor *monitor);
/* Under name, of this monitor; replaces an older one. Takes fd. */
void qmp_keep_fd(QmpMonitor *monitor, const char *name, int fd);
/* The caller's from now on; -1 when there is none. */
int qmp_named_fd(QmpMonitor *monitor, const char *name);

/* ---- threads that outlive a command ---- */
/* Between enter (false: the machine goes away, touch nothing) and leave the machine stays. The
 * machine lock is not held on entry. */
typedef struct QmpGate QmpGate;
QmpGate *qmp_gate_ref(QmpHub *hub);
void qmp_gate_unref(QmpGate *gate);
bool qmp_gate_enter(QmpGate *gate);
void qmp_gate_leave(QmpGate *gate);

/* ---- events (events.c) ---- */
/* To all monitors that finished negotiation; takes data (NULL: none). */
void qmp_event(QmpHub *hub, const char *name, JsonObject *data);
void qmp_hub_add(QmpHub *hub, QmpMonitor *monitor);
void qmp_hub_remove(QmpHub *hub, QmpMonitor *monitor);
/* The migration capability "events": whether a migration would be told of. */
bool *qmp_hub_migration_events(QmpHub *hub);
/* The dump that is or was; NULL as long as there was none. cmd_dump.c's own. */
typedef struct QmpDump QmpDump;
QmpDump **qmp_hub_dump(QmpHub *hub);
void qmp_dump_free(QmpDump *dump);
/* The monitor's part: queues one object; takes it. An event is dropped when the client has not
 * read for long. */
void qmp_send(QmpMonitor *monitor, JsonObject *object, bool is_event);

/* ---- arguments, which were checked, and what is returned ---- */

/* Members of an object, which may be NULL; what is not there is NULL, false or otherwise. */
static inline const char *qmp_text(JsonObject *args, const char *name)
{
    JsonNode *value = args ? json_object_get_member(args, name) : NULL;
    return value ? json_string_text(value) : NULL;
}

static inline bool qmp_bool(JsonObject *args, const char *name)
{
    return args && json_object_get_boolean_member_with_default(args, name, false);
}

static inline JsonObject *qmp_object(JsonObject *args, const char *name)
{
    JsonNode *value = args ? json_object_get_member(args, name) : NULL;
    return value && JSON_NODE_HOLDS_OBJECT(value) ? json_node_get_object(value) : NULL;
}

static inline int64_t qmp_int(JsonObject *args, const char *name, int64_t otherwise)
{
    return json_object_get_int_member_with_default(args, name, otherwise);
}

/* Of type address: unsigned, or as the two's complement of what is negative. */
static inline uint64_t qmp_address(JsonObject *args, const char *name)
{
    JsonNode *value = json_object_get_member(args, name);
    uint64_t address;
    return json_number_uint(value, &address) ? address : (uint64_t)json_node_get_int(value);
}

/* A new object or array as what is returned; it belongs to *ret. */
static inline JsonObject *qmp_return_object(JsonNode **ret)
{
    *ret = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(*ret, json_object_new());
    return json_node_get_object(*ret);
}

static inline JsonArray *qmp_return_array(JsonNode **ret)
{
    *ret = json_node_new(JSON_NODE_ARRAY);
    json_node_take_array(*ret, json_array_new());
    return json_node_get_array(*ret);
}

#endif
