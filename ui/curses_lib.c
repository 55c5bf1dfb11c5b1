/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/curses_lib.h"
#include <gmodule.h>
#include "util/error.h"

#define LIBRARY "libncursesw.so.6"

bool curses_lib_load(CursesLib *lib, GError **err)
{
    GModule *module = g_module_open(LIBRARY, G_MODULE_BIND_LOCAL | G_MODULE_BIND_LAZY);
    bool ok = module != NULL;
#define FUNCTION(name) ok = ok && g_module_symbol(module, #name, (gpointer *)&lib->name);
    CURSES_FUNCTIONS(FUNCTION)
#undef FUNCTION
    if (module) {
        g_module_make_resident(module);
    }
    return ok || error_set(err, LIBRARY " is missing, which shows displays on a terminal (Debian: "
                           "libncursesw6)");
}
