/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text monitor: commands typed on a character device. Machine lock held for all. */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include "accel/accel.h"
#include "chardev/chardev_set.h"
#include "system/machine.h"

typedef struct Monitor Monitor;

/* What the commands work on; outlives the monitor. */
typedef struct {
    Machine *machine;
    ChardevSet *chardevs;
    const char *version;        /* of the program */
    const char *uuid;           /* -uuid, or NULL */
    const AccelReport *accel;   /* what runs the CPUs */
    const KvmRequest *kvm;      /* what the user asked of KVM */
} MonitorContext;

/* A monitor on chr, which it attaches to. */
Monitor *monitor_new(const MonitorContext *context, Chardev *chr);
/* Detaches. NULL is allowed. */
void monitor_free(Monitor *monitor);

/* Runs one command line and returns what it prints (maybe ""), the caller frees it. Main
 * thread. */
char *monitor_run(const MonitorContext *context, const char *line);
/* The command names that begin with prefix, in order; free with g_strfreev. */
char **monitor_complete(const char *prefix);

#endif
