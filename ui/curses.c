/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal: taken, given back, and which display it shows. */
#include "ui/curses_internal.h"
#include <glib-unix.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "util/error.h"

#define ESCAPE_MS 25            /* how long Escape may be the start of what a key sends */

static void on_drawn(void *opaque)
{
    curses_draw(opaque);
}

bool curses_show(CursesScreen *s, unsigned number)
{
    static const ViewerOps ops = { .drawn = on_drawn };
    Display *display = display_at(s->machine->displays, number);
    if (!display) {
        return false;
    }
    display_remove_viewer(s->viewer);
    s->display = display;
    s->viewer = display_add_viewer(display, &ops, s);
    s->lib.clearok(s->window, TRUE);
    return true;
}

static gboolean on_typed(gint fd, GIOCondition condition, gpointer opaque)
{
    CursesScreen *s = opaque;
    machine_lock(s->machine);
    if (condition & (G_IO_HUP | G_IO_ERR)) {
        machine_request_shutdown(s->machine, SHUTDOWN_UI);      /* the terminal is gone */
    } else {
        curses_heed_keys(s);
    }
    machine_unlock(s->machine);
    return condition & (G_IO_HUP | G_IO_ERR) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void measure(CursesScreen *s)
{
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col;
    s->lines = known ? size.ws_row : 24;
    s->columns = known ? size.ws_col : 80;
}

static void make_window(CursesScreen *s)
{
    s->window = s->lib.newwin(s->lines, s->columns, 0, 0);
    s->lib.keypad(s->window, TRUE);
    s->lib.nodelay(s->window, TRUE);
    s->lib.meta(s->window, TRUE);
}

static gboolean on_resized(gpointer opaque)
{
    CursesScreen *s = opaque;
    machine_lock(s->machine);
    measure(s);
    s->lib.delwin(s->window);
    s->lib.resizeterm(s->lines, s->columns);
    make_window(s);
    s->lib.clearok(s->window, TRUE);
    curses_draw(s);
    machine_unlock(s->machine);
    return G_SOURCE_CONTINUE;
}

static bool take_terminal(CursesScreen *s, GError **err)
{
    setlocale(LC_CTYPE, "");
    s->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    s->screen = s->lib.newterm(NULL, stdout, stdin);
    if (!s->screen) {
        const char *term = g_getenv("TERM");
        return error_set(err, "-display curses: TERM=%s: no such terminal is known", term ? term : "");
    }
    s->lib.raw();
    s->lib.noecho();
    s->lib.nonl();
    s->lib.set_escdelay(ESCAPE_MS);
    if (s->lib.has_colors()) {
        s->lib.start_color();
        s->colours = s->lib.tigetnum("colors");
    }
    measure(s);
    make_window(s);
    return s->window || error_set(err, "-display curses: the terminal has no room");
}

static void watch(CursesScreen *s)
{
    s->keys = g_unix_fd_source_new(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR);
    g_source_set_callback(s->keys, G_SOURCE_FUNC(on_typed), s, NULL);
    g_source_set_name(s->keys, "curses");
    g_source_attach(s->keys, s->machine->context);
    GSource *resized = g_unix_signal_source_new(SIGWINCH);
    g_source_set_callback(resized, on_resized, s, NULL);
    s->resized = g_source_attach(resized, s->machine->context);
    g_source_unref(resized);
}

CursesScreen *curses_screen_new(Machine *machine, const char *layout, GError **err)
{
    CursesScreen *s = g_new0(CursesScreen, 1);
    s->machine = machine;
    s->text.cells = g_array_new(FALSE, TRUE, sizeof(DisplayCell));
    bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    if (!terminal) {
        error_set(err, "-display curses: standard input and output must be a terminal");
    }
    s->keymap = terminal ? keymap_new(layout, err) : NULL;
    if (!s->keymap || !curses_lib_load(&s->lib, err) || !take_terminal(s, err)) {
        curses_screen_free(s);
        return NULL;
    }
    watch(s);
    curses_show(s, 0);
    return s;
}

void curses_screen_free(CursesScreen *s)
{
    if (!s) {
        return;
    }
    display_remove_viewer(s->viewer);
    if (s->keys) {
        g_source_destroy(s->keys);
        g_source_unref(s->keys);
        g_source_destroy(g_main_context_find_source_by_id(s->machine->context, s->resized));
    }
    if (s->window) {
        s->lib.delwin(s->window);
    }
    if (s->screen) {
        s->lib.endwin();
        s->lib.delscreen(s->screen);
    }
    keymap_free(s->keymap);
    g_array_free(s->text.cells, TRUE);
    g_free(s);
}
