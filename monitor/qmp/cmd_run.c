/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session and the run state. */
#include "monitor/commands.h"
#include "monitor/qmp/qmp.h"

#include <string.h>
#include "util/error.h"

JsonObject *qmp_version(const MonitorContext *c)
{
    JsonObject *triple = json_object_new(), *info = json_object_new();
    g_autofree char *package = g_strdup_printf("valletta %s", c->version);
    json_object_set_int_member(triple, "major", QMP_LEVEL_MAJOR);
    json_object_set_int_member(triple, "minor", QMP_LEVEL_MINOR);
    json_object_set_int_member(triple, "micro", QMP_LEVEL_MICRO);
    json_object_set_object_member(info, "qemu", triple);
    json_object_set_string_member(info, "package", package);
    return info;
}

QMP(qmp_capabilities)
{
    QmpSession *session = qmp_session(call->monitor);
    JsonNode *enable = json_object_get_member(args, "enable");
    /* out-of-band execution is the only one there is */
    session->oob = enable && json_array_get_length(json_node_get_array(enable)) > 0;
    session->negotiated = true;
    return true;
}

QMP(query_version)
{
    json_node_take_object(*ret = json_node_new(JSON_NODE_OBJECT), qmp_version(call->c));
    return true;
}

QMP(query_commands)
{
    const QmpCommand *c = NULL;
    JsonArray *list = qmp_return_array(ret);
    while ((c = schema_command_after(c))) {
        JsonObject *info = json_object_new();
        json_object_set_string_member(info, "name", c->name);
        json_array_add_object_element(list, info);
    }
    return true;
}

QMP(query_schema)
{
    json_node_take_array(*ret = json_node_new(JSON_NODE_ARRAY), schema_introspect());
    return true;
}

QMP(query_status)
{
    RunState state = call->c->machine->state;
    JsonObject *info = qmp_return_object(ret);
    json_object_set_boolean_member(info, "running", state == RUN_RUNNING);
    json_object_set_string_member(info, "status", run_state_name(state));
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
