/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the terminal's display share. Main thread, machine lock held. */
#ifndef UI_CURSES_INTERNAL_H
#define UI_CURSES_INTERNAL_H

#include "system/input.h"
#include "ui/curses.h"
#include "ui/curses_lib.h"
#include "ui/display.h"
#include "ui/keymap.h"

struct CursesScreen {
    CursesLib lib;
    Machine *machine;
    Keymap *keymap;
    SCREEN *screen;
    WINDOW *window;             /* all of the terminal */
    int columns, lines;         /* of it */
    int colours;
    bool utf8;
    Display *display;
    Viewer *viewer;
    DisplayText text;
    GSource *keys;
    guint resized;              /* a source's number */
};

/* ---- curses.c ---- */
/* The display of that number, from 0; false: there is none. */
bool curses_show(CursesScreen *s, unsigned number);

/* ---- curses_draw.c ---- */
void curses_draw(CursesScreen *s);

/* ---- curses_keys.c ---- */
/* Does all that was typed. */
void curses_heed_keys(CursesScreen *s);

#endif
