/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VNC servers, and what happens at them. */
#include <string.h>
#include "monitor/qmp/jobs.h"
#include "monitor/qmp/qmp.h"
#include "monitor/vnc.h"
#include "util/error.h"

static const char *auth_name(const VncServer *server)
{
    return vnc_server_has_auth(server) ? "vnc" : "none";
}

static JsonObject *address_info(const VncAddress *a)
{
    JsonObject *info = json_object_new();
    json_object_set_string_member(info, "host", a->host);
    json_object_set_string_member(info, "service", a->service);
    json_object_set_string_member(info, "family", a->family);
    json_object_set_boolean_member(info, "websocket", FALSE);
    return info;
}

static JsonObject *server_info(const VncServer *server, const VncAddress *a)
{
    JsonObject *info = address_info(a);
    json_object_set_string_member(info, "auth", auth_name(server));
    return info;
}

static JsonArray *client_infos(const VncServer *server)
{
    JsonArray *list = json_array_new();
    for (unsigned i = 0; vnc_server_client(server, i); i++) {
        json_array_add_object_element(list, address_info(vnc_client_address(vnc_server_client(server, i))));
    }
    return list;
}

/* Tells what has happened to a client; of qmp_hub. */
void qmp_vnc_event(void *hub, VncEvent event, const VncServer *server, const VncClient *client)
{
    static const char *const names[] = { "VNC_CONNECTED", "VNC_INITIALIZED", "VNC_DISCONNECTED" };
    JsonObject *data = json_object_new();
    json_object_set_object_member(data, "server", server_info(server, vnc_client_server_address(client)));
    json_object_set_object_member(data, "client", address_info(vnc_client_address(client)));
    qmp_event(hub, names[event], data);
}

QMP(query_vnc)
{
    const VncServer *server = call->c->machine->vncs ? vnc_set_at(call->c->machine->vncs, 0) : NULL;
    JsonObject *info = qmp_return_object(ret);
    json_object_set_boolean_member(info, "enabled", server != NULL);
    const VncAddress *a = server ? vnc_server_address(server, 0) : NULL;
    if (a) {
        json_object_set_string_member(info, "host", a->host);
        json_object_set_string_member(info, "service", a->service);
        json_object_set_string_member(info, "family", a->family);
        json_object_set_string_member(info, "auth", auth_name(server));
        json_object_set_array_member(info, "clients", client_infos(server));
    }
    return true;
}

QMP(query_vnc_servers)
{
    JsonArray *list = qmp_return_array(ret);
    VncSet *set = call->c->machine->vncs;
    for (unsigned i = 0; set && vnc_set_at(set, i); i++) {
        const VncServer *server = vnc_set_at(set, i);
        JsonObject *info = json_object_new();
        JsonArray *sockets = json_array_new();
        json_object_set_string_member(info, "id", vnc_server_id(server));
        for (unsigned n = 0; vnc_server_address(server, n); n++) {
            json_array_add_object_element(sockets, server_info(server, vnc_server_address(server, n)));
        }
        json_object_set_array_member(info, "server", sockets);
        json_object_set_array_member(info, "clients", client_infos(server));
        json_object_set_string_member(info, "auth", auth_name(server));
        json_array_add_object_element(list, info);
    }
    return true;
}

QMP(set_password)
{
    return monitor_set_password(call->c, qmp_text(args, "protocol"), qmp_text(args, "display"),
                                qmp_text(args, "password"), qmp_text(args, "connected"), err);
}

QMP(expire_password)
{
    return monitor_expire_password(call->c, qmp_text(args, "protocol"), qmp_text(args, "display"),
                                   qmp_text(args, "time"), err);
}

QMP(change_vnc_password)
{
    return monitor_set_password(call->c, "vnc", NULL, qmp_text(args, "password"), NULL, err);
}

QMP(add_client)
{
    const char *protocol = qmp_text(args, "protocol"), *name = qmp_text(args, "fdname");
    if (strcmp(protocol, "vnc") != 0) {
        return error_set(err, "protocol %s is not there; vnc is", protocol);
    }
    if (qmp_bool(args, "tls")) {
        return error_set(err, "Parameter 'tls': there is no TLS");
    }
    VncServer *server = monitor_vnc(call->c, NULL, err);
    int fd = server ? qmp_named_fd(call->monitor, name) : -1;
    if (server && fd < 0) {
        return error_set(err, "File descriptor named '%s' has not been found", name);
    }
    if (server) {
        vnc_server_add_client(server, fd, qmp_bool(args, "skipauth"));
    }
    return server;
}

#define DISPLAY { "display?", "str", "id of a VNC server; the first there is" }

const QmpCommand qmp_vnc_commands[] = {
    { "add_client", add_client,
      MEMBERS({ "protocol", "str", "vnc" }, { "fdname", "str", "of getfd" },
              { "skipauth?", "bool", "it need not know the password" }, { "tls?", "bool", "false" }),
      .doc = "Serves somebody who has connected already." },
    { "change-vnc-password", change_vnc_password, MEMBERS({ "password", "str", "8 bytes count" }),
      .doc = "Another password for the first VNC server." },
    { "expire_password", expire_password,
      MEMBERS({ "protocol", "DisplayProtocol", NULL }, DISPLAY,
              { "time", "str", "now, never, +SECONDS, or seconds since 1970" }),
      .doc = "From then on a password is wrong." },
    { "query-vnc", query_vnc, .ret = "VncInfo", .doc = "The first VNC server." },
    { "query-vnc-servers", query_vnc_servers, .ret = "[VncInfo2]", .doc = "All VNC servers." },
    { "set_password", set_password,
      MEMBERS({ "protocol", "DisplayProtocol", NULL }, { "password", "str", "8 bytes count" },
              { "connected?", "SetPasswordAction", "keep" }, DISPLAY),
      .doc = "Another password, for those who come from now on." },
    { 0 },
};
