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

static JsonObject *with_id(JsonObject *reply, JsonNode *id)
{
    if (id) {
        json_object_set_member(reply, "id", json_node_copy(id));
    }
    return reply;
}

JsonObject *qmp_reply(JsonNode *ret, JsonNode *id)
{
    JsonObject *reply = json_object_new();
    if (ret) {
        json_object_set_member(reply, "return", ret);
    } else {
        json_object_set_object_member(reply, "return", json_object_new());
    }
    return with_id(reply, id);
}

void qmp_call_free(QmpCall *call)
{
    g_clear_pointer(&call->id, json_node_unref);
    g_free(call);
}

JsonObject *qmp_error(const GError *err, JsonNode *id)
{
    JsonObject *inner = json_object_new(), *reply = json_object_new();
    json_object_set_string_member(inner, "class", class_name(err));
    json_object_set_string_member(inner, "desc", err->message);
    json_object_set_object_member(reply, "error", inner);
    return with_id(reply, id);
}

bool qmp_is_oob(JsonNode *request)
{
    JsonObject *object = JSON_NODE_HOLDS_OBJECT(request) ? json_node_get_object(request) : NULL;
    return object && json_object_has_member(object, "exec-oob") && !json_object_has_member(object, "execute");
}

/* The frame of a request: its members and their kinds. */
static bool check_frame(const QmpSession *session, JsonObject *request, const char **name, GError **err)
{
    JsonObjectIter iter;
    const char *key;
    JsonNode *value;
    if (!request) {
        return error_set(err, "QMP input must be a JSON object");
    }
    json_object_iter_init_ordered(&iter, request);
    while (json_object_iter_next_ordered(&iter, &key, &value)) {
        bool is_command = strcmp(key, "execute") == 0 || (session->oob && strcmp(key, "exec-oob") == 0);
        if (is_command && *name) {
            return error_set(err, "QMP input member '%s' clashes with '%s'", key,
                             strcmp(key, "execute") == 0 ? "exec-oob" : "execute");
        }
        if (is_command && !(*name = json_string_text(value))) {
            return error_set(err, "QMP input member '%s' must be a string", key);
        }
        if (strcmp(key, "arguments") == 0 && !JSON_NODE_HOLDS_OBJECT(value)) {
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

static JsonObject *run(QmpMonitor *monitor, const MonitorContext *c, const QmpCommand *command,
                       JsonObject *request, bool oob)
{
    JsonNode *id = json_object_get_member(request, "id");
    g_autoptr(JsonObject) none = json_object_new();
    JsonObject *given = qmp_object(request, "arguments"), *args = given ? given : none;
    g_autoptr(GError) err = NULL;
    JsonNode *ret = NULL;
    if (!schema_check_args(command, args, &err)) {
        return qmp_error(err, id);
    }
    QmpCall *call = g_new0(QmpCall, 1);
    *call = (QmpCall){ .c = c, .monitor = monitor, .command = command, .id = id ? json_node_copy(id) : NULL,
                       .oob = oob };
    bool good = command->run(call, args, &ret, &err);
    if (call->detached) {
        g_assert(good && !ret);
        return NULL;
    }
    qmp_call_free(call);
    if (!good) {
        g_clear_pointer(&ret, json_node_unref);
        return qmp_error(err, id);
    }
    return qmp_reply(ret, id);
}

JsonObject *qmp_dispatch(QmpMonitor *monitor, const MonitorContext *c, JsonNode *request)
{
    const QmpSession *session = qmp_session(monitor);
    JsonObject *object = JSON_NODE_HOLDS_OBJECT(request) ? json_node_get_object(request) : NULL;
    JsonNode *id = object ? json_object_get_member(object, "id") : NULL;
    const char *name = NULL;
    g_autoptr(GError) err = NULL;
    if (!check_frame(session, object, &name, &err)) {
        return qmp_error(err, id);
    }
    const QmpCommand *command = schema_command(name);
    bool oob = qmp_is_oob(request);
    if (!check_state(session, c, command, name, oob, &err)) {
        return qmp_error(err, id);
    }
    return run(monitor, c, command, object, oob);
}
