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
    Json *id;                   /* of the request, or NULL */
    bool oob, detached;
};

/* The command goes on after run has returned true without a reply: what comes behind it in its
 * monitor waits, out-of-band commands do not. call lives until qmp_call_finish. */
void qmp_call_detach(QmpCall *call);
/* Its reply; takes ret (NULL: {}) or err. */
void qmp_call_finish(QmpCall *call, Json *ret, GError *err);

/* Executes value (which stays the caller's) and returns the reply; NULL when the call was
 * detached or ended the connection's patience. Used by the monitor. */
Json *qmp_dispatch(QmpMonitor *monitor, const MonitorContext *c, const Json *request);
/* Whether the request asks to be executed out of band. */
bool qmp_is_oob(const Json *request);
/* {"error": ...} of err, which stays the caller's; id may be NULL. */
Json *qmp_error(const GError *err, const Json *id);

/* What capability negotiation has brought; monitor's own. */
typedef struct {
    bool negotiated, oob;
} QmpSession;
QmpSession *qmp_session(QmpMonitor *monitor);

/* Why there is no command of that name which clients of others know; NULL: it is not one. */
const char *qmp_absent_reason(const char *name);

/* {"qemu": {...}, "package": ...} */
Json *qmp_version(const MonitorContext *c);

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
void qmp_event(QmpHub *hub, const char *name, Json *data);
void qmp_hub_add(QmpHub *hub, QmpMonitor *monitor);
void qmp_hub_remove(QmpHub *hub, QmpMonitor *monitor);
/* The migration capability "events": whether a migration would be told of. */
bool *qmp_hub_migration_events(QmpHub *hub);
/* The monitor's part: queues one object; takes it. An event is dropped when the client has not
 * read for long. */
void qmp_send(QmpMonitor *monitor, Json *object, bool is_event);

/* What QMP says to a path with ".." or such: nothing. Reads arguments that were checked. */
static inline int64_t qmp_int(const Json *args, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;
    json_get_int(json_member(args, name), &value);
    return value;
}

#endif
