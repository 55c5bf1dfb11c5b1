/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session and the run state. */
#include "monitor/commands.h"
#include "monitor/qmp/qmp.h"

#include <string.h>
#include "util/error.h"

Json *qmp_version(const MonitorContext *c)
{
    Json *triple = json_object(), *info = json_object();
    g_autofree char *package = g_strdup_printf("valletta %s", c->version);
    json_set_int(triple, "major", QMP_LEVEL_MAJOR);
    json_set_int(triple, "minor", QMP_LEVEL_MINOR);
    json_set_int(triple, "micro", QMP_LEVEL_MICRO);
    json_set(info, "qemu", triple);
    json_set_string(info, "package", package);
    return info;
}

QMP(qmp_capabilities)
{
    QmpSession *session = qmp_session(call->monitor);
    const Json *enable = json_member(args, "enable");
    session->oob = enable && json_length(enable) > 0;       /* it is the only one there is */
    session->negotiated = true;
    return true;
}

QMP(query_version)
{
    *ret = qmp_version(call->c);
    return true;
}

QMP(query_commands)
{
    const QmpCommand *c;
    *ret = json_array();
    for (unsigned i = 0; (c = schema_command_at(i)); i++) {
        Json *info = json_object();
        json_set_string(info, "name", c->name);
        json_add(*ret, info);
    }
    return true;
}

QMP(query_schema)
{
    *ret = schema_introspect();
    return true;
}

QMP(query_status)
{
    RunState state = call->c->machine->state;
    *ret = json_object();
    json_set_bool(*ret, "running", state == RUN_RUNNING);
    json_set_string(*ret, "status", run_state_name(state));
    return true;
}

QMP(stop)
{
    if (call->c->machine->state == RUN_RUNNING || call->c->machine->state == RUN_PRELAUNCH) {
        machine_stop(call->c->machine, RUN_PAUSED);
    }
    return true;
}

QMP(cont)
{
    if (call->c->machine->state == RUN_INTERNAL_ERROR) {
        return error_set(err, "Resetting the Virtual Machine is required");
    }
    machine_start(call->c->machine);
    return true;
}

QMP(system_reset)
{
    machine_request_host_reset(call->c->machine);
    return true;
}

QMP(system_powerdown)
{
    machine_press_power_button(call->c->machine);
    return true;
}

QMP(quit)
{
    machine_request_shutdown(call->c->machine, SHUTDOWN_MONITOR_QUIT);
    return true;
}

QMP(exit_preconfig)
{
    if (!call->c->preconfig) {
        return error_set(err, "The command is permitted only before machine initialization");
    }
    return call->c->exit_preconfig(call->c->app, err);
}

QMP(inject_nmi)
{
    return error_set(err, "machine does not provide NMIs");
}

const QmpCommand qmp_run_commands[] = {
    { "cont", cont, .doc = "Starts the guest, or lets it go on." },
    { "inject-nmi", inject_nmi, .doc = "Is always refused: nothing on a Malta raises an NMI." },
    { "qmp_capabilities", qmp_capabilities, MEMBERS({ "enable?", "[QMPCapability]",
                                                      "of those in the greeting" }),
      .flags = QMP_PRECONFIG, .doc = "Ends the negotiation: first command of each connection." },
    { "query-commands", query_commands, .ret = "[CommandInfo]", .flags = QMP_PRECONFIG,
      .doc = "The names of all commands." },
    { "query-qmp-schema", query_schema, .ret = "[SchemaInfo]", .flags = QMP_PRECONFIG,
      .doc = "All commands, events and types." },
    { "query-status", query_status, .ret = "StatusInfo", .flags = QMP_PRECONFIG,
      .doc = "Whether the guest runs." },
    { "query-version", query_version, .ret = "VersionInfo", .flags = QMP_PRECONFIG | QMP_OOB,
      .doc = "The version." },
    { "quit", quit, .flags = QMP_PRECONFIG, .doc = "Ends the program." },
    { "stop", stop, .doc = "Stops the guest." },
    { "system_powerdown", system_powerdown,
      .doc = "Presses the power button; the guest sees it if it has told the PIIX4 to interrupt it then." },
    { "system_reset", system_reset, .doc = "Resets the machine." },
    { "x-exit-preconfig", exit_preconfig, .flags = QMP_PRECONFIG,
      .doc = "With -preconfig: makes the machine and, without -S, starts it." },
    { 0 },
};
