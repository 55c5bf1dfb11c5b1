/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ncurses, loaded when the display is to be on the terminal. */
#ifndef UI_CURSES_LIB_H
#define UI_CURSES_LIB_H

#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <glib.h>
#include <stdbool.h>

/* Its names of keys are ours of others. */
enum {
    CURSES_UP = KEY_UP,
    CURSES_DOWN = KEY_DOWN,
    CURSES_LEFT = KEY_LEFT,
    CURSES_RIGHT = KEY_RIGHT,
    CURSES_HOME = KEY_HOME,
    CURSES_END = KEY_END,
    CURSES_PPAGE = KEY_PPAGE,
    CURSES_NPAGE = KEY_NPAGE,
    CURSES_IC = KEY_IC,
    CURSES_DC = KEY_DC,
    CURSES_BACKSPACE = KEY_BACKSPACE,
    CURSES_ENTER = KEY_ENTER,
    CURSES_BTAB = KEY_BTAB,
    CURSES_RESIZE = KEY_RESIZE,
    CURSES_F0 = KEY_F0,
};
#undef KEY_BACKSPACE
#undef KEY_COPY
#undef KEY_DOWN
#undef KEY_END
#undef KEY_F
#undef KEY_FIND
#undef KEY_HELP
#undef KEY_HOME
#undef KEY_LEFT
#undef KEY_OPEN
#undef KEY_PRINT
#undef KEY_RIGHT
#undef KEY_UNDO
#undef KEY_UP

#define CURSES_FUNCTIONS(F) F(newterm) F(delscreen) F(endwin) F(raw) F(noecho) F(nonl) F(start_color) \
    F(has_colors) F(alloc_pair) F(curs_set) F(set_escdelay) F(resizeterm) F(wmove) F(wget_wch) F(wadd_wch) \
    F(setcchar) F(keypad) F(nodelay) F(meta) F(werase) F(wrefresh) F(clearok) F(newwin) F(delwin) F(tigetnum)

typedef struct {
#define FUNCTION(name) __typeof__(&name) name;
    CURSES_FUNCTIONS(FUNCTION)
#undef FUNCTION
} CursesLib;

/* False with err: it is missing. */
bool curses_lib_load(CursesLib *lib, GError **err);

#endif
