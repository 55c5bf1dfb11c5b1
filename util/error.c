/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/error.h"

#include <stdarg.h>

GQuark valletta_error_quark(void)
{
    return g_quark_from_static_string("valletta-error");
}

bool error_set(GError **err, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        g_assert(*err == NULL);
        *err = g_error_new_valist(VALLETTA_ERROR, ERROR_GENERIC, format, args);
        va_end(args);
    }
    return false;
}
