/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures of displays, for both monitors. */
#ifndef MONITOR_SCREEN_H
#define MONITOR_SCREEN_H

#include "monitor/monitor.h"

/* What head (from 0) of device (NULL: the first with a display) shows now as the file path, format "png"
 * or "ppm". The CPUs stand meanwhile. False with err: there is no such display, or the file cannot be
 * written. */
bool screen_dump(const MonitorContext *c, const char *device, int64_t head, const char *path,
                 const char *format, GError **err);

#endif
