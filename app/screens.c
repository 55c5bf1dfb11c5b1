/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/screens.h"
#include <string.h>
#include <unistd.h>
#include "audio/audio.h"
#include "ui/display.h"
#include "ui/keymap.h"
#include "ui/terminal.h"
#include "ui/vnc.h"
#include "util/error.h"

struct Screens {
    Machine *machine;
    SdlWindows *windows;        /* or NULL */
    CursesScreen *curses;       /* or NULL */
};

char *screens_help(void)
{
    return g_strdup("Displays (-display TYPE[,OPTION=VALUE]):\n"
        "none   nothing is shown\n"
        "sdl    a window: grab-mod=lctrl-lalt|lshift-lctrl-lalt|rctrl, show-cursor=on|off,\n"
        "       window-close=on|off, full-screen=on|off\n"
        "curses the terminal shows text, and pictures coarsely; Alt-2 and on: the consoles\n"
        "vnc=HOST:N|:N|unix:PATH[,...]  a server, as -vnc\n"
        "Without -display, -vnc and -nographic there is a window where DISPLAY or WAYLAND_DISPLAY is set\n"
        "and the machine has a graphics device.\n");
}

/* ---- the command line ---- */

static bool not_there(const char *name, GError **err)
{
    static const char *const known[] = { "gtk", "cocoa", "spice-app", "dbus", "egl-headless" };
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (strcmp(name, known[i]) == 0) {
            return error_set(err, "-display %s: not there yet: there are none, sdl, curses and vnc=:N; "
                             "the serial console is on the terminal", name);
        }
    }
    return error_set(err, "-display %s: there is no such display; there are none, sdl, curses and vnc=:N",
                     name);
}

bool screens_option(Settings *s, const char *text, GError **err)
{
    if (g_str_has_prefix(text, "vnc=")) {
        g_ptr_array_add(s->vncs, g_strdup(text + strlen("vnc=")));
        return true;
    }
    g_autoptr(KeyVal) kv = keyval_new("-display");
    if (!keyval_parse(kv, text, "type", err)) {
        return false;
    }
    const char *type = keyval_get(kv, "type");
    if (g_strcmp0(type, "vnc") == 0) {
        return error_set(err, "-display vnc: needs where to listen: -display vnc=:0");
    }
    if (g_strcmp0(type, "none") != 0 && g_strcmp0(type, "sdl") != 0 && g_strcmp0(type, "curses") != 0) {
        return not_there(type ? type : text, err);
    }
    g_free(s->display);
    s->display = g_strdup(text);
    return true;
}

static bool read_grab(const char *text, SdlGrabKeys *keys, GError **err)
{
    static const char *const names[] = { "lctrl-lalt", "lshift-lctrl-lalt", "rctrl" };
    for (unsigned i = 0; text && i < G_N_ELEMENTS(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *keys = (SdlGrabKeys)i;
            return true;
        }
    }
    return !text || error_set(err, "-display sdl,grab-mod=%s: must be lctrl-lalt, lshift-lctrl-lalt or "
                              "rctrl", text);
}

static bool read_sdl(SdlOptions *o, KeyVal *kv, GError **err)
{
    bool close = true, gl = false;
    if (!read_grab(keyval_get(kv, "grab-mod"), &o->grab_keys, err) ||
        !keyval_get_bool(kv, "show-cursor", &o->show_cursor, err) ||
        !keyval_get_bool(kv, "window-close", &close, err) || !keyval_get_bool(kv, "gl", &gl, err) ||
        !keyval_get_bool(kv, "full-screen", &o->full_screen, err)) {
        return false;
    }
    o->keep_open = !close;
    return !gl || error_set(err, "-display sdl,gl=on: is not there: windows are drawn without OpenGL");
}

/* A line for those who did not say what they want, where somebody reads it. */
static void remark(const char *text)
{
    if (isatty(STDERR_FILENO)) {
        g_printerr("valletta: %s\n", text);
    }
}

/* Whether the window that nobody asked for can be had, with terminals in it. */
static bool window_possible(void)
{
    GError *why = NULL;
    if (!sdl_has_screen()) {
        remark("no DISPLAY or WAYLAND_DISPLAY for a window: the serial console is this terminal; "
               "-vnc :0 shows the display");
        return false;
    }
    if (!sdl_can_open(&why) || !terminal_can_draw(&why)) {
        remark(why->message);
        g_error_free(why);
        return false;
    }
    return true;
}

bool screens_plan(ScreenPlan *plan, const Settings *s, bool has_card, GError **err)
{
    *plan = (ScreenPlan){ 0 };
    plan->window_if_there = has_card && !s->display && s->vncs->len == 0 && !s->nographic && !s->daemonize &&
                            !s->qtest && window_possible();
    if (s->display) {
        g_autoptr(KeyVal) kv = keyval_new("-display");
        if (!keyval_parse(kv, s->display, "type", err)) {
            return false;
        }
        plan->window = strcmp(keyval_get(kv, "type"), "sdl") == 0;
        plan->curses = strcmp(keyval_get(kv, "type"), "curses") == 0;
        if ((plan->window && !read_sdl(&plan->sdl, kv, err)) || !keyval_finish(kv, err)) {
            return false;
        }
        if ((plan->window || plan->curses) && s->nographic) {
            return error_set(err, "-nographic: contradicts -display %s", plan->window ? "sdl" : "curses");
        }
    }
    plan->sdl.full_screen |= s->full_screen;
    plan->consoles = plan->curses || plan->window_if_there || (plan->window && terminal_can_draw(NULL));
    if (s->full_screen && !plan->window && !plan->window_if_there) {
        return error_set(err, "-full-screen: goes with a window (-display sdl)");
    }
    return true;
}

void screens_say_consoles(bool console, bool monitor)
{
    if (console) {
        remark(monitor ? "in the window, Ctrl-Alt-2 shows the serial console, Ctrl-Alt-3 the monitor; "
                         "-serial mon:stdio has both on this terminal"
                       : "in the window, Ctrl-Alt-2 shows the serial console; -serial stdio has it on this "
                         "terminal");
    } else if (monitor) {
        remark("in the window, Ctrl-Alt-2 shows the monitor; -monitor stdio has it on this terminal");
    }
}

/* ---- the machine ---- */

static bool open_terminal(Screens *screens, const char *layout, GError **err)
{
    if (!display_at(screens->machine->displays, 0)) {
        return error_set(err, "-display curses: there is nothing to show: no graphics device and no vc");
    }
    screens->curses = curses_screen_new(screens->machine, layout, err);
    return screens->curses;
}

static bool open_window(Screens *screens, const ScreenPlan *plan, GError **err)
{
    Machine *m = screens->machine;
    bool has_display = display_at(m->displays, 0);
    if (plan->window) {
        if (!has_display) {
            return error_set(err, "-display sdl: the machine has no graphics device to show");
        }
        screens->windows = sdl_windows_new(m, &plan->sdl, err);
        return screens->windows;
    }
    if (!plan->window_if_there || !has_display) {
        return true;
    }
    screens->windows = sdl_windows_new(m, &plan->sdl, err);
    return screens->windows;
}

/* -k where nobody needs it: a mistake is told all the same. */
static bool check_layout(const char *layout, GError **err)
{
    Keymap *map = layout ? keymap_new(layout, err) : NULL;
    keymap_free(map);
    return map || !layout;
}

/* audiodev= of a server: servers know nothing of sound. */
static bool check_sound(const Machine *machine, const char *text, GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new("-vnc");
    const char *id = keyval_parse(kv, text, "vnc", NULL) ? keyval_get(kv, "audiodev") : NULL;
    if (id && !audio_set_has(machine->audio, id)) {
        return error_set(err, "-vnc %s: audiodev=%s: there is no -audiodev with that id", text, id);
    }
    if (id) {
        g_printerr("valletta: -vnc %s: clients do not hear; audiodev=%s is heard on the host only\n",
                   text, id);
    }
    return true;
}

Screens *screens_new(Machine *machine, const ScreenPlan *plan, const Settings *s, GError **err)
{
    Screens *screens = g_new0(Screens, 1);
    screens->machine = machine;
    bool ok = s->vncs->len > 0 || check_layout(s->keyboard, err);
    for (guint i = 0; ok && i < s->vncs->len; i++) {
        ok = vnc_set_add(machine->vncs, g_ptr_array_index(s->vncs, i), s->keyboard, err) &&
             check_sound(machine, g_ptr_array_index(s->vncs, i), err);
    }
    if (!ok || !open_window(screens, plan, err) ||
        (plan->curses && !open_terminal(screens, s->keyboard, err))) {
        g_free(screens);
        return NULL;
    }
    return screens;
}

void screens_free(Screens *screens)
{
    if (screens) {
        machine_lock(screens->machine);
        curses_screen_free(screens->curses);
        sdl_windows_free(screens->windows);
        machine_unlock(screens->machine);
        g_free(screens);
    }
}
