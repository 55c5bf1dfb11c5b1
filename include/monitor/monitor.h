/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text monitor: commands typed on a character device. Machine lock held for all. */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include "accel/accel.h"
#include "chardev/chardev_set.h"
#include "net/netdev.h"
#include "system/objects.h"
#include "system/machine.h"

typedef struct Monitor Monitor;
typedef struct QmpMonitor QmpMonitor;
typedef struct QmpHub QmpHub;

/* What the commands work on; outlives the monitor. */
typedef struct MonitorContext {
    Machine *machine;
    ChardevSet *chardevs;
    ObjectSet *objects;
    NetdevSet *netdevs;
    QmpHub *hub;                /* all QMP monitors, for events */
    const char *version;        /* of the program */
    const char *uuid;           /* -uuid, or NULL */
    const char *target;         /* "mips", "mipsel", "mips64" or "mips64el" */
    const char *machine_type;   /* "malta" or "none" */
    const char *cpu_model;      /* the CPU's, or the one that there would be */
    JsonObject *properties;     /* of the machine, an object */
    const AccelReport *accel;   /* what runs the CPUs */
    const KvmRequest *kvm;      /* what the user asked of KVM */
    bool preconfig;             /* the machine is not made yet: little is allowed */
    bool (*exit_preconfig)(void *app, GError **err);    /* makes and starts it */
    JsonArray *(*options)(void);     /* the options of the command line: CommandLineOptionInfo list */
    /* Has the gdb server serve on DEV ("none": nowhere) and tells of it in out. NULL: there is none. */
    bool (*gdbserver)(void *app, const char *device, GString *out, GError **err);
    void *app;                  /* of exit_preconfig and gdbserver */
} MonitorContext;

/* A monitor on chr, which it attaches to. */
Monitor *monitor_new(const MonitorContext *context, Chardev *chr);
/* Detaches. NULL is allowed. */
void monitor_free(Monitor *monitor);

/* Runs one command line and returns what it prints (maybe ""), the caller frees it. Main
 * thread. */
char *monitor_run(const MonitorContext *context, const char *line);
/* What the last word of text may go on as, whole words in order; free with g_strfreev. */
char **monitor_complete(const MonitorContext *context, const char *text);

/* ---- QMP ---- */

/* Hears of the machine's events from now on. */
QmpHub *qmp_hub_new(const MonitorContext *context);
/* After its monitors, before the machine; lock not held. NULL is allowed. */
void qmp_hub_free(QmpHub *hub);
/* A QMP monitor on chr, which it attaches to; pretty: replies on several lines. */
QmpMonitor *qmp_monitor_new(const MonitorContext *context, Chardev *chr, bool pretty);
/* Detaches. NULL is allowed. */
void qmp_monitor_free(QmpMonitor *monitor);
/* The text of docs/qmp-reference.md; the caller frees it. */
char *qmp_reference(void);

#endif
