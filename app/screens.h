/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where displays are shown: -display, -vnc, -sdl, -full-screen and -k. */
#ifndef APP_SCREENS_H
#define APP_SCREENS_H

#include <glib.h>
#include <stdbool.h>
#include "app/settings.h"
#include "system/machine.h"
#include "ui/curses.h"
#include "ui/sdl.h"

/* What was asked for, checked. */
typedef struct {
    bool window;            /* -display sdl */
    bool curses;            /* -display curses: nothing else may be on the terminal */
    bool window_if_there;   /* nothing was said: a window where there is a display */
    bool consoles;          /* what was not asked for elsewhere, console and monitor, is in the window */
    SdlOptions sdl;
} ScreenPlan;

typedef struct Screens Screens;

/* Takes one -display into the settings ("vnc=..." goes to the servers). False with err. */
bool screens_option(Settings *s, const char *text, GError **err);
char *screens_help(void);
/* has_card: there will be a display. */
bool screens_plan(ScreenPlan *plan, const Settings *s, bool has_card, GError **err);

/* Tells where console and monitor are, one of which may be elsewhere, when they are in the window. */
void screens_say_consoles(bool console, bool monitor);
/* Servers and windows for the displays that there are; machine->vncs must be there. Machine lock held.
 * NULL with err. */
Screens *screens_new(Machine *machine, const ScreenPlan *plan, const Settings *s, GError **err);
/* Lock not held. NULL is allowed. */
void screens_free(Screens *screens);

#endif
