/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Windows on the host's own screen, by SDL2. Main thread. */
#ifndef UI_SDL_H
#define UI_SDL_H

#include "system/machine.h"

typedef struct SdlWindows SdlWindows;

/* Which keys, held, are for the windows and not for the guest. */
typedef enum { SDL_GRAB_CTRL_ALT, SDL_GRAB_SHIFT_CTRL_ALT, SDL_GRAB_RIGHT_CTRL } SdlGrabKeys;

typedef struct {
    SdlGrabKeys grab_keys;
    bool show_cursor;           /* the host's pointer stays over the window */
    bool keep_open;             /* the window's close button does nothing */
    bool full_screen;
} SdlOptions;

/* Whether there is a screen to open windows on: DISPLAY or WAYLAND_DISPLAY is set. */
bool sdl_has_screen(void);
/* Whether windows can be opened; false with err. */
bool sdl_can_open(GError **err);
/* A window for each display of the machine, of which there is one at least; shown is the first. Machine lock
 * held. NULL with err: the library is missing or has no screen. */
SdlWindows *sdl_windows_new(Machine *machine, const SdlOptions *options, GError **err);
/* NULL is allowed. Machine lock held; before the displays go. */
void sdl_windows_free(SdlWindows *windows);

#endif
