/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text monitor's commands through QMP, and descriptors that clients send. */
#include "monitor/qmp/qmp.h"

#include <unistd.h>
#include "util/error.h"

QMP(human_monitor_command)
{
    int64_t cpu = qmp_int(args, "cpu-index", 0);
    if (cpu < 0 || (cpu > 0 && cpu >= call->c->machine->cpus->len)) {
        return error_set(err, "Parameter 'cpu-index' expects a CPU number");
    }
    g_autofree char *text = monitor_run(call->c, qmp_text(args, "command-line"));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *sent = g_strjoinv("\r\n", lines);     /* as a terminal gets it */
    *ret = json_string_new(sent);
    return true;
}

QMP(getfd)
{
    const char *name = qmp_text(args, "fdname");
    int fd = qmp_take_fd(call->monitor);
    if (fd < 0) {
        return error_set(err, "No file descriptor supplied via SCM_RIGHTS");
    }
    if (g_ascii_isdigit(*name)) {
        close(fd);
        return error_set(err, "Parameter 'fdname' expects a name not starting with a digit");
    }
    qmp_keep_fd(call->monitor, name, fd);
    return true;
}

QMP(closefd)
{
    const char *name = qmp_text(args, "fdname");
    int fd = qmp_named_fd(call->monitor, name);
    if (fd < 0) {
        return error_set(err, "File descriptor named '%s' not found", name);
    }
    close(fd);
    return true;
}

const QmpCommand qmp_misc_commands[] = {
    { "closefd", closefd, MEMBERS({ "fdname", "str", NULL }),
      .doc = "Closes a descriptor that getfd named." },
    { "getfd", getfd, MEMBERS({ "fdname", "str", "not beginning with a digit" }),
      .doc = "Gives a name to the descriptor that came with this command (SCM_RIGHTS)." },
    { "human-monitor-command", human_monitor_command,
      MEMBERS({ "command-line", "str", NULL }, { "cpu-index?", "int", NULL }), .ret = "str",
      .doc = "Runs a command of the text monitor; what it prints, errors too." },
    { 0 },
};
