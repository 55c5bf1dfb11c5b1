/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/sdl_lib.h"
#include <SDL2/SDL_syswm.h>
#include <string.h>
#include "ui/sdl.h"
#include "util/error.h"
#include "util/sdl.h"

bool sdl_has_screen(void)
{
    const char *x = g_getenv("DISPLAY"), *wayland = g_getenv("WAYLAND_DISPLAY");
    return (x && *x) || (wayland && *wayland);
}

bool sdl_lib_load(SdlLib *lib, GError **err)
{
    GModule *module = sdl_library("opens windows", err);
    bool ok = module != NULL;
    if (!ok) {
        return false;
    }
#define FUNCTION(name) ok = ok && g_module_symbol(module, #name, (gpointer *)&lib->name);
    SDL_FUNCTIONS(FUNCTION)
    FUNCTION(SDL_GetWindowWMInfo)
#undef FUNCTION
    if (!ok) {
        return error_set(err, "no window can be opened: the SDL library is too old");
    }
    lib->SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
    lib->SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0");
    lib->SDL_SetHint(SDL_HINT_MOUSE_FOCUS_CLICKTHROUGH, "1");
    lib->SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
    if (lib->SDL_InitSubSystem(SDL_INIT_VIDEO) != 0) {
        return error_set(err, "no window can be opened: %s", lib->SDL_GetError());
    }
    /* Without a screen SDL draws for nobody, which is not what was asked for unless it was. */
    const char *driver = lib->SDL_GetCurrentVideoDriver();
    bool seen = driver && strcmp(driver, "dummy") != 0 && strcmp(driver, "offscreen") != 0;
    if (!seen && !g_getenv("SDL_VIDEODRIVER")) {
        lib->SDL_QuitSubSystem(SDL_INIT_VIDEO);
        return error_set(err, "no window can be opened: there is no screen (DISPLAY or WAYLAND_DISPLAY)");
    }
    lib->SDL_StopTextInput();           /* keys are wanted, not what an input method makes of them */
    return true;
}

bool sdl_can_open(GError **err)
{
    SdlLib lib;
    if (!sdl_lib_load(&lib, err)) {
        return false;
    }
    lib.SDL_QuitSubSystem(SDL_INIT_VIDEO);
    return true;
}

/* Calls a function of the window system's library, which SDL has loaded already. */
static int descriptor_of(const char *library, const char *function, void *display)
{
    int (*get)(void *display);
    GModule *module = display ? g_module_open(library, G_MODULE_BIND_LOCAL | G_MODULE_BIND_LAZY) : NULL;
    int fd = module && g_module_symbol(module, function, (gpointer *)&get) ? get(display) : -1;
    if (module) {
        g_module_close(module);
    }
    return fd;
}

int sdl_lib_descriptor(const SdlLib *lib, SDL_Window *window)
{
    SDL_SysWMinfo info;
    lib->SDL_GetVersion(&info.version);
    if (!lib->SDL_GetWindowWMInfo(window, &info)) {
        return -1;
    }
#ifdef SDL_VIDEO_DRIVER_X11
    if (info.subsystem == SDL_SYSWM_X11) {
        return descriptor_of("libX11.so.6", "XConnectionNumber", info.info.x11.display);
    }
#endif
#ifdef SDL_VIDEO_DRIVER_WAYLAND
    if (info.subsystem == SDL_SYSWM_WAYLAND) {
        return descriptor_of("libwayland-client.so.0", "wl_display_get_fd", info.info.wl.display);
    }
#endif
    return -1;
}
