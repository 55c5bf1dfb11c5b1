/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors of the user or the host: a GError whose code is the QMP error class. */
#ifndef UTIL_ERROR_H
#define UTIL_ERROR_H

#include <glib.h>
#include <stdbool.h>

typedef enum {
    ERROR_GENERIC,
    ERROR_COMMAND_NOT_FOUND,
    ERROR_DEVICE_NOT_ACTIVE,
    ERROR_DEVICE_NOT_FOUND,
    ERROR_KVM_MISSING_CAP,
} ErrorClass;

#define VALLETTA_ERROR (valletta_error_quark())

/* The GError domain of every error that this program makes itself. */
GQuark valletta_error_quark(void);

/* Sets *err (if err is not NULL) to a generic error; always returns false, so a
 * failing function can end with "return error_set(err, ...)". */
bool error_set(GError **err, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
