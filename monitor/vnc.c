/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor/vnc.h"
#include <string.h>
#include "util/error.h"

VncServer *monitor_vnc(const MonitorContext *c, const char *id, GError **err)
{
    VncSet *set = c->machine->vncs;
    VncServer *server = !set ? NULL : id ? vnc_set_find(set, id) : vnc_set_at(set, 0);
    if (!server && id) {
        g_set_error(err, VALLETTA_ERROR, ERROR_DEVICE_NOT_FOUND, "there is no VNC server %s", id);
    } else if (!server) {
        g_set_error(err, VALLETTA_ERROR, ERROR_DEVICE_NOT_ACTIVE,
                    "No VNC server is active: start it with -vnc");
    }
    return server;
}

static bool is_vnc(const char *protocol, GError **err)
{
    return strcmp(protocol, "vnc") == 0 || error_set(err, "protocol %s is not there; vnc is", protocol);
}

bool monitor_set_password(const MonitorContext *c, const char *protocol, const char *id, const char *password,
                          const char *connected, GError **err)
{
    if (!is_vnc(protocol, err)) {
        return false;
    }
    if (connected && strcmp(connected, "keep") != 0) {
        return error_set(err, "parameter 'connected' must be 'keep' when 'protocol' is 'vnc'");
    }
    VncServer *server = monitor_vnc(c, id, err);
    return server && vnc_server_set_password(server, password, err);
}

bool monitor_expire_password(const MonitorContext *c, const char *protocol, const char *id, const char *when,
                             GError **err)
{
    bool later = *when == '+';
    gint64 now = g_get_real_time() / G_USEC_PER_SEC, time = 0;
    if (!is_vnc(protocol, err)) {
        return false;
    }
    if (strcmp(when, "never") == 0) {
        time = INT64_MAX;
    } else if (strcmp(when, "now") != 0 &&
               !g_ascii_string_to_signed(when + later, 10, 0, INT64_MAX / 2, &time, NULL)) {
        return error_set(err, "'%s' must be now, never, +SECONDS or seconds since 1970", when);
    }
    VncServer *server = monitor_vnc(c, id, err);
    return server && vnc_server_expire_password(server, later ? now + time : time, err);
}
