/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text monitor's commands: one table for each area, in hmp/. */
#ifndef MONITOR_COMMANDS_H
#define MONITOR_COMMANDS_H

#include <glib.h>
#include <stdbool.h>
#include "monitor/monitor.h"

/* The level of QMP and command line that clients take us for; not the program's version. */
enum { QMP_LEVEL_MAJOR = 7, QMP_LEVEL_MINOR = 2, QMP_LEVEL_MICRO = 0 };

/* What the first argument may be completed to. */
typedef enum {
    ARG_OTHER, ARG_COMMAND, ARG_INFO, ARG_CHARDEV, ARG_OBJECT, ARG_OBJECT_TYPE, ARG_DEVICE_TYPE, ARG_LOG,
    ARG_PATH, ARG_NETWORK,
} MonitorArg;

typedef struct {
    const char *name, *alias;       /* alias may be NULL */
    const char *args, *help;
    /* args: what follows the name, without spaces around it, maybe "". */
    bool (*run)(const MonitorContext *context, const char *args, GString *out, GError **err);
    MonitorArg arg;
    const char *text;               /* without run: what is printed */
} MonitorCommand;

#define COMMAND(func) static bool func(const MonitorContext *c, const char *args, GString *out, GError **err)

extern const MonitorCommand hmp_info_commands[], hmp_info_absent[], hmp_run_commands[], hmp_memory_commands[];
extern const MonitorCommand hmp_device_commands[], hmp_block_commands[], hmp_info_block_commands[];
extern const MonitorCommand hmp_net_commands[], hmp_input_commands[], hmp_input_info[];
/* Names that people know and that are not there; text says why. */
extern const MonitorCommand hmp_absent_commands[];

/* "info WHAT" (commands.c finds it; args: WHAT). */
bool commands_info(const MonitorContext *context, const char *args, GString *out, GError **err);
bool commands_help(const MonitorContext *context, const char *args, GString *out, GError **err);

/* Parks the CPUs for a look at them; true (for unpark) when they were running. */
bool commands_park(const MonitorContext *context);
void commands_unpark(const MonitorContext *context, bool was_running);

/* Words of text between spaces; always at least min of them, or NULL with err that shows usage. */
char **commands_words(const char *text, unsigned min, unsigned max, const char *usage, GError **err);

/* The x and xp commands (memory_dump.c); args: "/FMT ADDR" or "ADDR". */
bool memory_dump_virtual(const MonitorContext *context, const char *args, GString *out, GError **err);
bool memory_dump_physical(const MonitorContext *context, const char *args, GString *out, GError **err);
/* "/FMT VALUE" printed. */
bool memory_dump_print(const MonitorContext *context, const char *args, GString *out, GError **err);
/* size bytes at a virtual address of the first CPU; false: not mapped. vCPU parked. */
bool memory_read_virtual(const MonitorContext *context, uint64_t addr, void *buf, size_t len);

/* ---- hmp/expr.c ---- */
/* Numbers, $register, + - * / % & | ^ ~ and parentheses; up to the end of text, or, with end, to
 * where the expression ends. False with err. */
bool expr_parse(const MonitorContext *context, const char *text, uint64_t *value, const char **end,
                GError **err);

#endif
