/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of a terminal share. Machine lock held for everything. */
#ifndef UI_TERMINAL_INTERNAL_H
#define UI_TERMINAL_INTERNAL_H

#include <vterm.h>
#include "ui/display.h"
#include "ui/glyphs.h"

typedef struct {
    Display *display;
    VTerm *vt;
    VTermScreen *screen;
    unsigned columns, rows;
    void (*typed)(void *opaque, const char *data, size_t len);
    void *opaque;

    VTermPos cursor;
    bool cursor_visible;
    GQueue *past;               /* lines that have left at the top, columns cells each, newest first */
    unsigned back;              /* how many of them are seen */

    /* main thread */
    Glyphs *glyphs;             /* NULL: nothing was drawn yet */
    bool cannot_draw;
    bool all;                   /* everything is to be drawn */
    bool *dirty;                /* of each row */
} Terminal;

/* ---- terminal.c ---- */
/* What is seen at a place; false: nothing. */
bool terminal_cell(const Terminal *t, unsigned column, unsigned row, VTermScreenCell *cell);
/* The row of the screen that the cursor is seen in, -1: none. */
int terminal_cursor_row(const Terminal *t);

/* ---- terminal_draw.c ---- */
extern const DisplayOps terminal_display_ops;
/* The row, or with -1 all of them, look different. */
void terminal_changed(Terminal *t, int row);

/* ---- terminal_keys.c ---- */
void terminal_key(void *opaque, const DisplayKey *key);

#endif
