/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -readconfig: options from a file. */
#ifndef APP_READCONFIG_H
#define APP_READCONFIG_H

#include <glib.h>
#include <stdbool.h>
#include "app/settings.h"

/* Handles each [group] or [group "id"] of the file as the option of that name, with the
 * key = "value" lines below it. False with err ("-readconfig FILE:LINE: ..."). */
bool readconfig(Settings *s, const char *path, GError **err);

#endif
