/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VNC servers, for both monitors. Machine lock held. */
#ifndef MONITOR_VNC_H
#define MONITOR_VNC_H

#include "monitor/monitor.h"
#include "ui/vnc.h"

/* The server of that id (NULL: the first there is); NULL with err. */
VncServer *monitor_vnc(const MonitorContext *c, const char *id, GError **err);
/* protocol: what set_password and expire_password name; only "vnc" is there. */
bool monitor_set_password(const MonitorContext *c, const char *protocol, const char *id, const char *password,
                          const char *connected, GError **err);
/* when: "now", "never", "+SECONDS" or seconds since 1970. */
bool monitor_expire_password(const MonitorContext *c, const char *protocol, const char *id, const char *when,
                             GError **err);

#endif
