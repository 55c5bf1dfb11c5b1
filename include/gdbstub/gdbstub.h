/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gdb server: gdb's remote protocol on a character device. Main thread, machine lock held for all. */
#ifndef GDBSTUB_GDBSTUB_H
#define GDBSTUB_GDBSTUB_H

#include <glib.h>
#include <stdbool.h>
#include "monitor/monitor.h"

typedef struct GdbServer GdbServer;

/* What -gdb DEV means for chardev_set_open: TCP and unix sockets become servers that do not wait, and
 * listen on this host alone unless DEV names an address. The caller frees it. */
char *gdb_device(const char *text);
/* A server without a device, for a machine that has its CPUs; context outlives it. */
GdbServer *gdb_server_new(const MonitorContext *context);
/* Serves on DEV as -gdb takes it, instead of where it served before; "none": nowhere. option begins the
 * error messages. False with err: then it serves nowhere. */
bool gdb_server_listen(GdbServer *server, const char *option, const char *text, GError **err);
/* The program ends: tells the client, and hears nothing any more. NULL is allowed. */
void gdb_server_end(GdbServer *server);
/* After machine_free, which may still call it. NULL is allowed. */
void gdb_server_free(GdbServer *server);

#endif
