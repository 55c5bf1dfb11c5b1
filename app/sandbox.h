/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -sandbox: a filter for the system calls of this process. */
#ifndef APP_SANDBOX_H
#define APP_SANDBOX_H

#include <glib.h>
#include <stdbool.h>
#include "util/keyval.h"

typedef struct {
    bool on;
    bool obsolete;          /* refuse calls that no current program makes */
    bool elevate;           /* refuse to change user, group and capabilities */
    bool no_new_privs;      /* nor may children gain privileges */
    bool spawn;             /* refuse new processes and programs */
    bool resources;         /* refuse changes of priority and CPU affinity */
} Sandbox;

/* Reads "on|off" ("enable") and the parts; False with err, also when this program was built
 * without the library and a filter is asked for. */
bool sandbox_parse(Sandbox *sandbox, KeyVal *props, GError **err);
/* Puts the filter on this thread and those it makes. A refused call ends the process, those of
 * resources give EPERM. */
bool sandbox_apply(const Sandbox *sandbox, GError **err);

#endif
