/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SDL2, for windows and for sound: loaded when one of them is asked for, since it brings much with it. */
#ifndef UTIL_SDL_H
#define UTIL_SDL_H

#include <glib.h>
#include <gmodule.h>

/* The library, which stays loaded and leaves the program's signals alone; what: "opens windows" ..., for the
 * message. NULL with err when it is missing. Main thread. */
GModule *sdl_library(const char *what, GError **err);

#endif
