/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process around the machine: background, pid file, name. */
#ifndef APP_PROCESS_H
#define APP_PROCESS_H

#include <glib.h>
#include <stdbool.h>

/* Goes on in a child in a session of its own. The parent waits until process_detached or
 * the child's end, and exits with 0 or 1. Before any thread is made. *signal_fd is what
 * process_detached wants. */
bool process_detach(int *signal_fd, GError **err);
/* Everything is set up: leaves terminal and folder and lets the parent go. */
bool process_detached(int signal_fd, GError **err);

/* Writes the pid and keeps the file locked until the process ends. False with err when
 * another process holds it. */
bool process_write_pid(const char *path, GError **err);
/* The name that ps shows. */
void process_set_name(const char *name);

#endif
