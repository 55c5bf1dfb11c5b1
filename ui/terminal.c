/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal: libvterm knows what the guest's output means, a Display shows it. What has left the screen at
 * the top is kept, and seen again with Shift-PageUp.
 */
#include "ui/terminal.h"
#include "ui/terminal_internal.h"

#define MOST_PAST 2000          /* lines */

/* ---- what libvterm tells ---- */

static int on_damage(VTermRect rect, void *opaque)
{
    for (int row = rect.start_row; row < rect.end_row; row++) {
        terminal_changed(opaque, row);
    }
    return 1;
}

static int on_cursor(VTermPos pos, VTermPos old, int visible, void *opaque)
{
    Terminal *t = opaque;
    t->cursor = pos;
    terminal_changed(t, old.row);
    terminal_changed(t, pos.row);
    return 1;
}

static int on_property(VTermProp property, VTermValue *value, void *opaque)
{
    Terminal *t = opaque;
    if (property == VTERM_PROP_CURSORVISIBLE) {
        t->cursor_visible = value->boolean;
        terminal_changed(t, t->cursor.row);
    }
    return 1;
}

static int on_line_gone(int columns, const VTermScreenCell *cells, void *opaque)
{
    Terminal *t = opaque;
    VTermScreenCell *line = g_new0(VTermScreenCell, t->columns);
    memcpy(line, cells, sizeof(*line) * MIN((unsigned)columns, t->columns));
    g_queue_push_head(t->past, line);
    if (g_queue_get_length(t->past) > MOST_PAST) {
        g_free(g_queue_pop_tail(t->past));
    }
    if (t->back > 0) {                  /* who reads old lines goes on seeing the same */
        t->back = MIN(t->back + 1, g_queue_get_length(t->past));
    }
    return 1;
}

static const VTermScreenCallbacks callbacks = {
    .damage = on_damage, .movecursor = on_cursor, .settermprop = on_property, .sb_pushline = on_line_gone,
};

/* Keys, and answers to what the guest asks of its terminal. */
static void on_output(const char *data, size_t len, void *opaque)
{
    Terminal *t = opaque;
    t->typed(t->opaque, data, len);
}

/* ---- what is seen ---- */

bool terminal_cell(const Terminal *t, unsigned column, unsigned row, VTermScreenCell *cell)
{
    if (row < t->back) {
        const VTermScreenCell *line = g_queue_peek_nth(t->past, t->back - 1 - row);
        *cell = line[column];
        return cell->width > 0;
    }
    VTermPos pos = { .row = (int)(row - t->back), .col = (int)column };
    return vterm_screen_get_cell(t->screen, pos, cell);
}

int terminal_cursor_row(const Terminal *t)
{
    unsigned row = (unsigned)t->cursor.row + t->back;
    return t->cursor_visible && row < t->rows ? (int)row : -1;
}

/* ---- the device ---- */

static void *terminal_open(Machine *machine, const char *name, unsigned columns, unsigned rows,
                           void (*typed)(void *opaque, const char *data, size_t len), void *opaque,
                           GError **err)
{
    Terminal *t = g_new0(Terminal, 1);
    *t = (Terminal){ .columns = columns, .rows = rows, .typed = typed, .opaque = opaque,
                     .cursor_visible = true, .all = true, .past = g_queue_new(),
                     .dirty = g_new0(bool, rows) };
    t->vt = vterm_new((int)rows, (int)columns);
    vterm_set_utf8(t->vt, 1);
    vterm_output_set_callback(t->vt, on_output, t);
    t->display = display_add(machine->displays, name, 0, &terminal_display_ops, t);
    t->screen = vterm_obtain_screen(t->vt);
    vterm_screen_set_callbacks(t->screen, &callbacks, t);
    vterm_screen_set_damage_merge(t->screen, VTERM_DAMAGE_ROW);
    vterm_screen_enable_altscreen(t->screen, 1);
    vterm_screen_reset(t->screen, 1);
    return t;
}

static void terminal_write(void *opaque, const char *data, size_t len)
{
    Terminal *t = opaque;
    vterm_input_write(t->vt, data, len);
    vterm_screen_flush_damage(t->screen);
}

static void terminal_close(void *opaque)
{
    Terminal *t = opaque;
    display_remove(t->display);
    vterm_free(t->vt);
    g_queue_free_full(t->past, g_free);
    glyphs_free(t->glyphs);
    g_free(t->dirty);
    g_free(t);
}

const ChardevScreens terminal_screens = {
    .open = terminal_open, .write = terminal_write, .close = terminal_close,
};

bool terminal_can_draw(GError **err)
{
    Glyphs *glyphs = glyphs_new(err);
    glyphs_free(glyphs);
    return glyphs;
}
