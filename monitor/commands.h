/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of monitor/ know of each other. */
#ifndef MONITOR_COMMANDS_H
#define MONITOR_COMMANDS_H

#include <glib.h>
#include <stdbool.h>
#include "monitor/monitor.h"

typedef struct {
    const char *name, *alias;       /* alias may be NULL */
    const char *args, *help;
    bool (*run)(const MonitorContext *context, const char *args, GString *out, GError **err);
} MonitorCommand;

/* Parks the CPUs for a look at them; true (for unpark) when they were running. */
bool commands_park(const MonitorContext *context);
void commands_unpark(const MonitorContext *context, bool was_running);

/* The x and xp commands (memory_dump.c); args: "/FMT ADDR" or "ADDR". */
bool memory_dump_virtual(const MonitorContext *context, const char *args, GString *out, GError **err);
bool memory_dump_physical(const MonitorContext *context, const char *args, GString *out, GError **err);

#endif
