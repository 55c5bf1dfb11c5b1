/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Displays on the terminal of the process, by ncurses. Main thread, machine lock held. */
#ifndef UI_CURSES_H
#define UI_CURSES_H

#include "system/machine.h"

typedef struct CursesScreen CursesScreen;

/* Shows the first display, of which there must be one; Alt and a digit show the others. layout, as of
 * keymap_new, is the guest's keyboard. NULL with err: standard input and output are no terminal, or the
 * library is missing. */
CursesScreen *curses_screen_new(Machine *machine, const char *layout, GError **err);
/* Gives the terminal back. NULL is allowed. */
void curses_screen_free(CursesScreen *screen);

#endif
