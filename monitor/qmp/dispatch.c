/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a request to its reply. */
#include "monitor/qmp/qmp.h"

#include <string.h>
#include "util/error.h"

static bool fail_class(GError **err, ErrorClass class, const char *format, ...) G_GNUC_PRINTF(3, 4);

static bool fail_class(GError **err, ErrorClass class, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *err = g_error_new_valist(VALLETTA_ERROR, class, format, args);
    va_end(args);
    return false;
}

static const char *class_name(const GError *err)
{
    static const char *const names[] = {
        [ERROR_GENERIC] = "GenericError", [ERROR_COMMAND_NOT_FOUND] = "CommandNotFound",
        [ERROR_DEVICE_NOT_ACTIVE] = "DeviceNotActive", [ERROR_DEVICE_NOT_FOUND] = "DeviceNotFound",
        [ERROR_KVM_MISSING_CAP] = "KVMMissingCap",
    };
    return err->domain == VALLETTA_ERROR ? names[err->code] : names[ERROR_GENERIC];
}

static Json *with_id(Json *reply, const Json *id)
{
    if (id) {
        json_set(reply, "id", json_copy(id));
    }
    return reply;
}

Json *qmp_error(const GError *err, const Json *id)
{
    Json *inner = json_object(), *reply = json_object();
    json_set_string(inner, "class", class_name(err));
    json_set_string(inner, "desc", err->message);
    json_set(reply, "error", inner);
    return with_id(reply, id);
}

bool qmp_is_oob(const Json *request)
{
    return json_member(request, "exec-oob") && !json_member(request, "execute");
}

/* The frame of a request: its members and their kinds. */
static bool check_frame(const QmpSession *session, const Json *request, const char **name, GError **err)
{
    if (json_kind(request) != JSON_OBJECT) {
        return error_set(err, "QMP input must be a JSON object");
    }
    for (unsigned i = 0; i < json_length(request); i++) {
        const char *key = json_key(request, i);
        const Json *value = json_at(request, i);
        bool is_command = strcmp(key, "execute") == 0 || (session->oob && strcmp(key, "exec-oob") == 0);
        if (is_command && *name) {
            return error_set(err, "QMP input member '%s' clashes with '%s'", key,
                             strcmp(key, "execute") == 0 ? "exec-oob" : "execute");
        }
        if (is_command && !(*name = json_text(value))) {
            return error_set(err, "QMP input member '%s' must be a string", key);
        }
        if (strcmp(key, "arguments") == 0 && json_kind(value) != JSON_OBJECT) {
            return error_set(err, "QMP input member 'arguments' must be an object");
        }
        if (!is_command && strcmp(key, "arguments") != 0 && strcmp(key, "id") != 0) {
            return error_set(err, "QMP input member '%s' is unexpected", key);
        }
    }
    return *name || error_set(err, "QMP input lacks member 'execute'");
}

/* Whether the command may be executed now. */
static bool check_state(const QmpSession *session, const MonitorContext *c, const QmpCommand *command,
                        const char *name, bool oob, GError **err)
{
    bool negotiates = strcmp(name, "qmp_capabilities") == 0;
    if (!session->negotiated && !negotiates) {
        return fail_class(err, ERROR_COMMAND_NOT_FOUND,
                          "Expecting capabilities negotiation with 'qmp_capabilities'");
    }
    if (session->negotiated && negotiates) {
        return fail_class(err, ERROR_COMMAND_NOT_FOUND,
                          "Capabilities negotiation is already complete, command ignored");
    }
    if (!command) {
        const char *reason = qmp_absent_reason(name);
        return fail_class(err, ERROR_COMMAND_NOT_FOUND, "The command %s has not been found%s%s", name,
                          reason ? ": " : "", reason ? reason : "");
    }
    if (oob && !(command->flags & QMP_OOB)) {
        return error_set(err, "The command %s does not support OOB", name);
    }
    if (c->preconfig && !(command->flags & QMP_PRECONFIG)) {
        return error_set(err, "The command '%s' isn't permitted before the machine is made: "
                         "x-exit-preconfig makes it", name);
    }
    return true;
}

static Json *run(QmpMonitor *monitor, const MonitorContext *c, const QmpCommand *command, const Json *request,
                 bool oob)
{
    const Json *id = json_member(request, "id"), *given = json_member(request, "arguments");
    g_autoptr(Json) none = json_object();
    g_autoptr(GError) err = NULL;
    Json *ret = NULL;
    if (!schema_check_args(command, given ? given : none, &err)) {
        return qmp_error(err, id);
    }
    QmpCall *call = g_new0(QmpCall, 1);
    *call = (QmpCall){ .c = c, .monitor = monitor, .command = command, .id = id ? json_copy(id) : NULL,
                       .oob = oob };
    bool good = command->run(call, given ? given : none, &ret, &err);
    if (call->detached) {
        g_assert(good && !ret);
        return NULL;
    }
    json_free(call->id);
    g_free(call);
    if (!good) {
        json_free(ret);
        return qmp_error(err, id);
    }
    Json *reply = json_object();
    json_set(reply, "return", ret ? ret : json_object());
    return with_id(reply, id);
}

Json *qmp_dispatch(QmpMonitor *monitor, const MonitorContext *c, const Json *request)
{
    const QmpSession *session = qmp_session(monitor);
    const Json *id = json_kind(request) == JSON_OBJECT ? json_member(request, "id") : NULL;
    const char *name = NULL;
    g_autoptr(GError) err = NULL;
    if (!check_frame(session, request, &name, &err)) {
        return qmp_error(err, id);
    }
    const QmpCommand *command = schema_command(name);
    bool oob = qmp_is_oob(request);
    if (!check_state(session, c, command, name, oob, &err)) {
        return qmp_error(err, id);
    }
    return run(monitor, c, command, request, oob);
}
