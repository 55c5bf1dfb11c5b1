/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/sdl.h"

#define SDL_MAIN_HANDLED
#include <SDL2/SDL.h>
#include <stdbool.h>
#include "util/error.h"

#define LIBRARY "libSDL2-2.0.so.0"

GModule *sdl_library(const char *what, GError **err)
{
    void (*set_main_ready)(void);
    SDL_bool (*set_hint)(const char *name, const char *value);
    GModule *module = g_module_open(LIBRARY, G_MODULE_BIND_LOCAL | G_MODULE_BIND_LAZY);
    bool ok = module && g_module_symbol(module, "SDL_SetMainReady", (gpointer *)&set_main_ready) &&
              g_module_symbol(module, "SDL_SetHint", (gpointer *)&set_hint);
    if (module) {
        g_module_make_resident(module);
    }
    if (!ok) {
        error_set(err, LIBRARY " is missing, which %s (Debian: libsdl2-2.0-0)", what);
        return NULL;
    }
    set_main_ready();
    set_hint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    return module;
}
