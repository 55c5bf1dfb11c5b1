/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * screen WHAT...: a machine with one display and without chips. Each WHAT is a text of -vnc, "sdl", "sdl-two"
 * (with a second display),
 "-k LAYOUT" or "-full-screen"; "secret=TEXT" makes the secret s. Lines on standard input
 * change it, lines on standard output tell what a user does.
 */
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "system/input.h"
#include "system/objects.h"
#include "ui/display.h"
#include "ui/sdl.h"
#include "ui/vnc.h"

typedef struct {
    Machine *machine;
    Display *display, *second;
    unsigned x, y, width, height, color;    /* the rectangle that is drawn next */
    bool all;
    int updates;
    InputTaker *pointer;
} Screen;

static void say(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void say(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
}

/* ---- the display: all of it is 0x102030, but for the rectangle ---- */

static void fill(Display *d, uint32_t color, unsigned x, unsigned y, unsigned w, unsigned h)
{
    uint32_t *pixels = pixman_image_get_data(display_surface(d));
    for (unsigned row = y; row < MIN(y + h, display_height(d)); row++) {
        for (unsigned col = x; col < MIN(x + w, display_width(d)); col++) {
            pixels[row * display_width(d) + col] = color;
        }
    }
    display_changed(d, (int)x, (int)y, (int)w, (int)h);
}

static void update(void *opaque)
{
    Screen *s = opaque;
    s->updates++;
    if (s->all) {
        fill(s->display, 0x102030, 0, 0, display_width(s->display), display_height(s->display));
        s->all = false;
    }
    if (s->width) {
        fill(s->display, s->color, s->x, s->y, s->width, s->height);
        s->width = 0;
    }
}

static void invalidate(void *opaque)
{
    ((Screen *)opaque)->all = true;
}

static void on_window(void *opaque, unsigned width, unsigned height)
{
    say("window %u %u", width, height);
}

static void update_second(void *opaque)
{
    Screen *s = opaque;
    fill(s->second, 0x008000, 0, 0, display_width(s->second), display_height(s->second));
}

static void ignore(void *opaque)
{
}

static const DisplayOps ops = { NULL, update, invalidate, on_window };
static const DisplayOps second_ops = { NULL, update_second, ignore, NULL };

/* ---- input ---- */

static void on_input(void *opaque, const InputEvent *e)
{
    switch (e->kind) {
    case INPUT_KEY:
        say("key %s %d", key_codes(e->code)->name, e->value);
        break;
    case INPUT_BUTTON:
        say("button %s %d", input_button_name(e->code), e->value);
        break;
    default:
        say("%s %c %d", e->kind == INPUT_ABS ? "abs" : "rel", e->code == AXIS_X ? 'x' : 'y', e->value);
    }
}

static const InputOps keyboard = { "keyboard", 1u << INPUT_KEY, on_input, NULL };
static const InputOps mouse = { "mouse", 1u << INPUT_REL | 1u << INPUT_BUTTON, on_input, NULL };
static const InputOps tablet = { "tablet", 1u << INPUT_ABS | 1u << INPUT_BUTTON, on_input, NULL };

static void power_button(void *opaque)
{
    say("power button");
}

static void on_vnc(void *opaque, VncEvent event, const VncServer *server, const VncClient *client)
{
    static const char *const names[] = { "connected", "initialized", "disconnected" };
    say("vnc %s %s", names[event], vnc_client_address(client)->family);
}

/* ---- what the test asks for ---- */

static void set_cursor(Screen *s, unsigned size, unsigned color)
{
    pixman_image_t *image = pixman_image_create_bits(PIXMAN_a8r8g8b8, (int)size, (int)size, NULL,
                                                     (int)size * 4);
    for (unsigned i = 0; i < size * size; i++) {
        pixman_image_get_data(image)[i] = 0xff000000 | color;
    }
    display_set_cursor(s->display, image, 1, 1);
    display_move_cursor(s->display, 20, 20, true);
    pixman_image_unref(image);
}

static long cpu_ms(void)
{
    return (long)((double)clock() * 1000 / CLOCKS_PER_SEC);
}

static void run_line(Screen *s, const char *line)
{
    unsigned a, b;
    char text[100];
    GError *err = NULL;
    VncServer *server = s->machine->vncs ? vnc_set_at(s->machine->vncs, 0) : NULL;
    if (sscanf(line, "size %u %u", &a, &b) == 2) {
        display_resize(s->display, a, b);
        s->all = true;
        display_request(s->display);
    } else if (sscanf(line, "fill %u %u %u %u %x", &s->x, &s->y, &s->width, &s->height, &s->color) == 5) {
        display_request(s->display);
    } else if (sscanf(line, "cursor %u %x", &a, &b) == 2) {
        set_cursor(s, a, b);
    } else if (sscanf(line, "leds %u", &a) == 1) {
        input_set_leds(s->machine->input, a);
    } else if (sscanf(line, "password %99s", text) == 1) {
        vnc_server_set_password(server, text, &err);
    } else if (sscanf(line, "expire %u", &a) == 1) {
        vnc_server_expire_password(server, a, &err);
    } else if (strcmp(line, "tablet") == 0 || strcmp(line, "mouse") == 0) {
        input_remove(s->pointer);
        s->pointer = input_add(s->machine->input, *line == 't' ? &tablet : &mouse, s);
    } else if (strcmp(line, "start") == 0) {
        machine_start(s->machine);
    } else if (strcmp(line, "stats") == 0) {
        say("stats %d %ld", s->updates, cpu_ms());
        return;
    } else if (strcmp(line, "quit") == 0) {
        machine_request_shutdown(s->machine, SHUTDOWN_MONITOR_QUIT);
        return;
    } else {
        say("what? %s", line);
        return;
    }
    say(err ? "error %s" : "ok", err ? err->message : "");
    g_clear_error(&err);
}

static gboolean on_line(GIOChannel *channel, GIOCondition condition, gpointer opaque)
{
    Screen *s = opaque;
    g_autofree char *line = NULL;
    gsize end;
    if (g_io_channel_read_line(channel, &line, NULL, &end, NULL) != G_IO_STATUS_NORMAL) {
        machine_request_shutdown(s->machine, SHUTDOWN_MONITOR_QUIT);
        return G_SOURCE_REMOVE;
    }
    line[end] = '\0';
    machine_lock(s->machine);
    run_line(s, line);
    machine_unlock(s->machine);
    return G_SOURCE_CONTINUE;
}

static void pause_cpus(Machine *machine)
{
}

static void fail(GError *err)
{
    fprintf(stderr, "screen: %s\n", err->message);
    exit(1);
}

/* Servers and windows. */
static SdlWindows *show(Screen *s, int argc, char **argv)
{
    GError *err = NULL;
    SdlOptions options = { 0 };
    const char *layout = NULL;
    SdlWindows *windows = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-k") == 0) {
            layout = argv[++i];
        } else if (strcmp(argv[i], "-full-screen") == 0) {
            options.full_screen = true;
        } else if (g_str_has_prefix(argv[i], "secret=")) {
            g_autofree char *text = g_strdup_printf("secret,id=s,data=%s", argv[i] + strlen("secret="));
            if (!object_set_add_text(s->machine->objects, "-object", text, &err)) {
                fail(err);
            }
        } else if (g_str_has_prefix(argv[i], "sdl")) {
            if (strcmp(argv[i], "sdl-two") == 0) {
                s->second = display_add(s->machine->displays, "other", 0, &second_ops, s);
            }
            windows = sdl_windows_new(s->machine, &options, &err);
            if (!windows) {
                fail(err);
            }
        } else if (!vnc_set_add(s->machine->vncs, argv[i], layout, &err)) {
            fail(err);
        }
    }
    return windows;
}

int main(int argc, char **argv)
{
    static const MachineRunner runner = { .name = "none", .pause = pause_cpus, .resume = pause_cpus };
    Screen s = { .all = true };
    signal(SIGPIPE, SIG_IGN);
    Machine *machine = s.machine = machine_new(NULL);
    machine_lock(machine);
    machine->name = g_strdup("test");
    machine->runner = &runner;
    machine->objects = object_set_new();
    machine->displays = display_set_new(machine);
    machine->vncs = vnc_set_new(machine);
    s.display = display_add(machine->displays, "card", 0, &ops, &s);
    InputTaker *keys = input_add(machine->input, &keyboard, &s);
    s.pointer = input_add(machine->input, &mouse, &s);
    machine_add_power_button(machine, power_button, &s);
    vnc_set_listener(machine->vncs, on_vnc, &s);
    SdlWindows *windows = show(&s, argc, argv);
    const VncServer *server = vnc_set_at(machine->vncs, 0);
    say("ready %s", server ? vnc_server_address(server, 0)->service : "");
    machine_unlock(machine);
    GIOChannel *in = g_io_channel_unix_new(STDIN_FILENO);
    g_io_add_watch(in, G_IO_IN | G_IO_HUP, on_line, &s);
    machine_run(machine);
    machine_lock(machine);
    sdl_windows_free(windows);
    machine_unlock(machine);
    vnc_set_free(machine->vncs);
    machine_lock(machine);
    input_remove(keys);
    input_remove(s.pointer);
    display_remove(s.display);
    display_remove(s.second);
    machine_unlock(machine);
    DisplaySet *displays = machine->displays;
    ObjectSet *objects = machine->objects;
    machine_free(machine);
    display_set_free(displays);
    object_set_free(objects);
    g_io_channel_unref(in);
    say("end");
    return 0;
}
