/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events: from the machine to every QMP monitor. */
#include "block/block.h"
#include "monitor/qmp/jobs.h"
#include "monitor/tree.h"

struct QmpGate {
    gatomicrefcount refs;
    GMutex lock;
    bool closed;
};

struct QmpHub {
    QmpGate *gate;
    const MonitorContext *c;
    GPtrArray *monitors;        /* of QmpMonitor * */
    bool migration_events;
    QmpDump *dump;
    gint64 clock_told;          /* when RTC_CHANGE was sent last, us */
    int64_t clock_offset;       /* of the one that is still to be sent */
    GSource *clock_later;       /* sends it, or NULL */
};

#define JOB_MEMBERS { "type", "JobType", NULL }, { "device", "str", "id of the job" }, \
    { "len", "int", NULL }, { "offset", "int", NULL }, { "speed", "int", NULL }

const QmpEvent schema_events[] = {
    { "BALLOON_CHANGE", MEMBERS({ "actual", "int", "bytes of memory that the guest has left" }),
      "The guest has taken memory out of its balloon, or put some in." },
    { "BLOCK_JOB_CANCELLED", MEMBERS(JOB_MEMBERS), "A job was ended before it was done." },
    { "BLOCK_JOB_COMPLETED", MEMBERS(JOB_MEMBERS, { "error?", "str", "why it failed" }), "A job has ended." },
    { "BLOCK_JOB_PENDING", MEMBERS({ "type", "JobType", NULL }, { "id", "str", NULL }),
      "A job waits for job-finalize." },
    { "BLOCK_JOB_READY", MEMBERS(JOB_MEMBERS), "A job may be completed (job-complete)." },
    { "DEVICE_DELETED", MEMBERS({ "device?", "str", "its id" }, { "path", "str", NULL }),
      "A device has been taken out; what it used is free." },
    { "DEVICE_TRAY_MOVED", MEMBERS({ "device", "str", "id of -drive, or empty" },
                                   { "id", "str", "the device" }, { "tray-open", "bool", NULL }),
      "The tray of a drive was opened or closed, by the guest or by a monitor." },
    { "DUMP_COMPLETED", MEMBERS({ "result", "DumpQueryResult", NULL }, { "error?", "str", NULL }),
      "A dump of the guest's memory has ended." },
    { "JOB_STATUS_CHANGE", MEMBERS({ "id", "str", NULL }, { "status", "JobStatus", NULL }),
      "A job goes on to another status." },
    { "POWERDOWN", NULL, "The power button was pressed (system_powerdown); the guest may act on it." },
    { "RESET", MEMBERS({ "guest", "bool", "the guest did it" }, { "reason", "ShutdownCause", NULL }),
      "The machine was reset." },
    { "RESUME", NULL, "The guest runs." },
    { "RTC_CHANGE", MEMBERS({ "offset", "int", "seconds from what -rtc says to what the guest set" },
                            { "qom-path", "str", "the clock" }),
      "The guest set its real-time clock." },
    { "SHUTDOWN", MEMBERS({ "guest", "bool", "the guest did it" }, { "reason", "ShutdownCause", NULL }),
      "The program ends or, with -no-shutdown, the guest has powered off." },
    { "STOP", NULL, "The guest stands." },
    { "VNC_CONNECTED", MEMBERS({ "server", "VncServerInfo", NULL }, { "client", "VncBasicInfo", NULL }),
      "Somebody has come to a VNC server; who it is will be seen." },
    { "VNC_DISCONNECTED", MEMBERS({ "server", "VncServerInfo", NULL }, { "client", "VncBasicInfo", NULL }),
      "A VNC client has gone." },
    { "VNC_INITIALIZED", MEMBERS({ "server", "VncServerInfo", NULL }, { "client", "VncBasicInfo", NULL }),
      "A VNC client knew the password, if there is one, and looks." },
    { 0 },
};

void qmp_event(QmpHub *hub, const char *name, JsonObject *data)
{
    gint64 now = g_get_real_time();
    JsonObject *stamp = json_object_new(), *event = json_object_new();
    json_object_set_int_member(stamp, "seconds", now / G_USEC_PER_SEC);
    json_object_set_int_member(stamp, "microseconds", now % G_USEC_PER_SEC);
    json_object_set_string_member(event, "event", name);
    if (data) {
        json_object_set_object_member(event, "data", data);
    }
    json_object_set_object_member(event, "timestamp", stamp);
    for (guint i = 0; i < hub->monitors->len; i++) {
        qmp_send(g_ptr_array_index(hub->monitors, i), json_object_ref(event), true);
    }
    json_object_unref(event);
}

static JsonObject *cause_data(ShutdownCause cause)
{
    JsonObject *data = json_object_new();
    json_object_set_boolean_member(data, "guest", shutdown_cause_is_guest(cause));
    json_object_set_string_member(data, "reason", shutdown_cause_name(cause));
    return data;
}

static void tell_clock(QmpHub *hub)
{
    JsonObject *data = json_object_new();
    json_object_set_int_member(data, "offset", hub->clock_offset);
    json_object_set_member(data, "qom-path", tree_path_of_type(hub->c, "mc146818rtc"));
    qmp_event(hub, "RTC_CHANGE", data);
    hub->clock_told = g_get_monotonic_time();
}

static gboolean tell_clock_later(gpointer opaque)
{
    QmpHub *hub = opaque;
    machine_lock(hub->c->machine);
    g_clear_pointer(&hub->clock_later, g_source_unref);
    tell_clock(hub);
    machine_unlock(hub->c->machine);
    return G_SOURCE_REMOVE;
}

/* At most once a second, for a guest may set its clock as often as it likes; the last word is told. */
static void clock_changed(QmpHub *hub, int64_t offset)
{
    gint64 since = g_get_monotonic_time() - hub->clock_told;
    hub->clock_offset = offset;
    if (hub->clock_later) {
        return;
    }
    if (hub->clock_told == 0 || since >= G_USEC_PER_SEC) {
        tell_clock(hub);
        return;
    }
    hub->clock_later = g_timeout_source_new((guint)((G_USEC_PER_SEC - since) / 1000 + 1));
    g_source_set_callback(hub->clock_later, tell_clock_later, hub, NULL);
    g_source_attach(hub->clock_later, hub->c->machine->context);
}

/* What a device is made of (the disk in usb-storage) goes with it: nobody has added it, and nobody waits. */
static void device_deleted(QmpHub *hub, const Device *dev)
{
    if (!dev->user_added) {
        return;
    }
    JsonObject *data = json_object_new();
    g_autofree char *path = tree_device_path(hub->c, dev);
    if (dev->id) {
        json_object_set_string_member(data, "device", dev->id);
    }
    json_object_set_string_member(data, "path", path);
    qmp_event(hub, "DEVICE_DELETED", data);
}

static void on_event(void *opaque, const MachineEvent *e)
{
    QmpHub *hub = opaque;
    switch (e->kind) {
    case MACHINE_STOPPED:
        qmp_event(hub, "STOP", NULL);
        break;
    case MACHINE_RESUMED:
        qmp_event(hub, "RESUME", NULL);
        break;
    case MACHINE_RESET:
        qmp_event(hub, "RESET", cause_data(e->cause));
        break;
    case MACHINE_SHUTDOWN:
        qmp_event(hub, "SHUTDOWN", cause_data(e->cause));
        break;
    case MACHINE_POWERDOWN:
        qmp_event(hub, "POWERDOWN", NULL);
        break;
    case MACHINE_BALLOON_CHANGED: {
        JsonObject *data = json_object_new();
        json_object_set_int_member(data, "actual", e->seconds);
        qmp_event(hub, "BALLOON_CHANGE", data);
        break;
    }
    case MACHINE_RTC_CHANGED:
        clock_changed(hub, e->seconds);
        break;
    case MACHINE_DEVICE_DELETED:
        device_deleted(hub, e->device);
        break;
    }
}

QmpGate *qmp_gate_ref(QmpHub *hub)
{
    g_atomic_ref_count_inc(&hub->gate->refs);
    return hub->gate;
}

void qmp_gate_unref(QmpGate *gate)
{
    if (g_atomic_ref_count_dec(&gate->refs)) {
        g_mutex_clear(&gate->lock);
        g_free(gate);
    }
}

bool qmp_gate_enter(QmpGate *gate)
{
    g_mutex_lock(&gate->lock);
    if (gate->closed) {
        g_mutex_unlock(&gate->lock);
        return false;
    }
    return true;
}

void qmp_gate_leave(QmpGate *gate)
{
    g_mutex_unlock(&gate->lock);
}

static void tray_moved(void *opaque, BlockUser *user)
{
    const char *device = block_user_device(user);
    JsonObject *data = json_object_new();
    json_object_set_string_member(data, "device", block_user_name(user));
    json_object_set_string_member(data, "id", device ? device : "");
    json_object_set_boolean_member(data, "tray-open", block_user_tray_open(user, NULL));
    qmp_event(opaque, "DEVICE_TRAY_MOVED", data);
}

QmpHub *qmp_hub_new(const MonitorContext *c)
{
    QmpHub *hub = g_new0(QmpHub, 1);
    hub->c = c;
    hub->gate = g_new0(QmpGate, 1);
    g_atomic_ref_count_init(&hub->gate->refs);
    g_mutex_init(&hub->gate->lock);
    hub->monitors = g_ptr_array_new();
    machine_add_event_listener(c->machine, on_event, hub);
    if (c->machine->vncs) {
        vnc_set_listener(c->machine->vncs, qmp_vnc_event, hub);
    }
    if (c->machine->blocks) {
        block_graph_on_tray(c->machine->blocks, tray_moved, hub);
        block_graph_on_job(c->machine->blocks, qmp_job_event, hub);
    }
    return hub;
}

void qmp_hub_free(QmpHub *hub)
{
    if (hub) {
        machine_remove_event_listener(hub->c->machine, hub);
        if (hub->c->machine->vncs) {
            vnc_set_listener(hub->c->machine->vncs, NULL, NULL);
        }
        if (hub->c->machine->blocks) {
            block_graph_on_tray(hub->c->machine->blocks, NULL, NULL);
            block_graph_on_job(hub->c->machine->blocks, NULL, NULL);
        }
        if (hub->clock_later) {
            g_source_destroy(hub->clock_later);
            g_source_unref(hub->clock_later);
        }
        g_mutex_lock(&hub->gate->lock);
        hub->gate->closed = true;
        g_mutex_unlock(&hub->gate->lock);
        qmp_gate_unref(hub->gate);
        g_ptr_array_free(hub->monitors, TRUE);
        qmp_dump_free(hub->dump);
        g_free(hub);
    }
}

bool *qmp_hub_migration_events(QmpHub *hub)
{
    return &hub->migration_events;
}

QmpDump **qmp_hub_dump(QmpHub *hub)
{
    return &hub->dump;
}

void qmp_hub_add(QmpHub *hub, QmpMonitor *monitor)
{
    g_ptr_array_add(hub->monitors, monitor);
}

void qmp_hub_remove(QmpHub *hub, QmpMonitor *monitor)
{
    g_ptr_array_remove(hub->monitors, monitor);
}
