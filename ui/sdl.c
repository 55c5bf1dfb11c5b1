/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows by SDL2. They are drawn when the display tells of changes; events are looked for when the window
 * system's socket has something, and after drawing, which may have read from it. Only where there is no such
 * socket does a timer run.
 */
#include "ui/sdl_internal.h"
#include <glib-unix.h>
#include "util/error.h"

#define NO_SOCKET_MS 20             /* how often events are looked for where nothing tells of them */

/* ---- what is around the picture ---- */

static const char *grab_keys(const SdlWindows *w)
{
    static const char *const names[] = { "Ctrl-Alt", "Shift-Ctrl-Alt", "Right-Ctrl" };
    return names[w->options.grab_keys];
}

void sdl_title(SdlWindows *w)
{
    const char *name = w->machine->name;
    for (guint i = 0; i < w->windows->len; i++) {
        SdlWindow *win = g_ptr_array_index(w->windows, i);
        GString *title = g_string_new("Valletta");
        if (name) {
            g_string_append_printf(title, " - %s", name);
        }
        if (win->number > 1) {
            g_string_append_printf(title, " (%s)", display_name(win->display));
        }
        g_string_append(title, w->machine->state == RUN_RUNNING ? " [running]" : " [paused]");
        if (w->grab == win) {
            g_string_append_printf(title, " - %s-g releases mouse and keyboard", grab_keys(w));
        } else if (w->asked_to_end) {
            g_string_append(title, " - close it again to end the machine at once");
        }
        w->lib.SDL_SetWindowTitle(win->window, title->str);
        g_string_free(title, TRUE);
    }
}

void sdl_pointer(SdlWindows *w)
{
    SdlWindow *first = g_ptr_array_index(w->windows, 0);
    w->absolute = input_is_absolute(w->machine->input);
    /* With a tablet the guest's pointer is where the host's is: one of the two is enough. */
    SDL_Cursor *shape = w->absolute && first->cursor ? first->cursor : w->lib.SDL_GetDefaultCursor();
    w->lib.SDL_SetCursor(shape);
    bool hidden = w->grab || (w->absolute && !first->cursor);
    w->lib.SDL_ShowCursor(hidden && !w->options.show_cursor ? SDL_DISABLE : SDL_ENABLE);
}

void sdl_set_grab(SdlWindows *w, SdlWindow *win)
{
    if (w->grab) {
        w->lib.SDL_SetWindowGrab(w->grab->window, SDL_FALSE);
    }
    w->grab = win;
    if (win) {
        w->lib.SDL_SetWindowGrab(win->window, SDL_TRUE);
    }
    w->lib.SDL_SetRelativeMouseMode(win && !input_is_absolute(w->machine->input) ? SDL_TRUE : SDL_FALSE);
    sdl_title(w);
    sdl_pointer(w);
}

void sdl_fit(SdlWindow *win)
{
    win->scaled = false;
    win->windows->lib.SDL_SetWindowSize(win->window, (int)display_width(win->display),
                                        (int)display_height(win->display));
}

void sdl_set_full_screen(SdlWindow *win, bool on)
{
    win->full_screen = on;
    win->windows->lib.SDL_SetWindowFullscreen(win->window, on ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
    if (!on && !win->scaled) {
        sdl_fit(win);
    }
    sdl_draw(win);
}

/* ---- the picture ---- */

SDL_Rect sdl_place(const SdlWindow *win)
{
    int have_w, have_h, w = (int)display_width(win->display), h = (int)display_height(win->display);
    win->windows->lib.SDL_GetWindowSize(win->window, &have_w, &have_h);
    /* As large as it gets in its own proportions. */
    SDL_Rect r = { 0, 0, have_w, (int)((int64_t)have_w * h / w) };
    if (r.h > have_h) {
        r.h = have_h;
        r.w = (int)((int64_t)have_h * w / h);
    }
    r.w = MAX(r.w, 1);
    r.h = MAX(r.h, 1);
    r.x = (have_w - r.w) / 2;
    r.y = (have_h - r.h) / 2;
    return r;
}

/* The device's own pointer, where the host's is not in its place. */
static void draw_pointer(const SdlWindow *win, const SDL_Rect *place)
{
    const DisplayCursor *c = display_cursor(win->display);
    int w = (int)display_width(win->display), h = (int)display_height(win->display);
    if (win->pointer && c->image && c->visible && !win->windows->absolute) {
        SDL_Rect to = { place->x + (c->x - c->hot_x) * place->w / w,
                        place->y + (c->y - c->hot_y) * place->h / h,
                        pixman_image_get_width(c->image) * place->w / w,
                        pixman_image_get_height(c->image) * place->h / h };
        win->windows->lib.SDL_RenderCopy(win->renderer, win->pointer, NULL, &to);
    }
}

void sdl_draw(SdlWindow *win)
{
    const SdlLib *lib = &win->windows->lib;
    if (win->shown && win->texture) {
        SDL_Rect place = sdl_place(win);
        lib->SDL_RenderClear(win->renderer);
        lib->SDL_RenderCopy(win->renderer, win->texture, NULL, &place);
        draw_pointer(win, &place);
        lib->SDL_RenderPresent(win->renderer);
        if (win->windows->has_socket) {
            g_source_set_ready_time(win->windows->source, 0);
        }
    }
}

static void on_resized(void *opaque)
{
    SdlWindow *win = opaque;
    const SdlLib *lib = &win->windows->lib;
    if (win->texture) {
        lib->SDL_DestroyTexture(win->texture);
    }
    win->texture = lib->SDL_CreateTexture(win->renderer, SDL_PIXELFORMAT_RGB888, SDL_TEXTUREACCESS_STREAMING,
                                          (int)display_width(win->display),
                                          (int)display_height(win->display));
    if (!win->scaled && !win->full_screen) {
        sdl_fit(win);
    }
}

static void on_changed(void *opaque, int x, int y, int width, int height)
{
    SdlWindow *win = opaque;
    pixman_image_t *surface = display_surface(win->display);
    int stride = pixman_image_get_stride(surface);
    const uint8_t *pixels = (const uint8_t *)pixman_image_get_data(surface) + y * stride + x * 4;
    SDL_Rect r = { x, y, width, height };
    if (win->texture) {
        win->windows->lib.SDL_UpdateTexture(win->texture, &r, pixels, stride);
    }
}

static void on_drawn(void *opaque)
{
    sdl_draw(opaque);
}

static void on_cursor_shape(void *opaque)
{
    SdlWindow *win = opaque;
    const SdlLib *lib = &win->windows->lib;
    const DisplayCursor *c = display_cursor(win->display);
    SDL_Cursor *old = win->cursor;
    win->cursor = NULL;
    if (win->pointer) {
        lib->SDL_DestroyTexture(win->pointer);
        win->pointer = NULL;
    }
    if (c->image) {
        SDL_Surface *s = lib->SDL_CreateRGBSurfaceWithFormatFrom(
            pixman_image_get_data(c->image), pixman_image_get_width(c->image),
            pixman_image_get_height(c->image), 32,
            pixman_image_get_stride(c->image), SDL_PIXELFORMAT_ARGB8888);
        win->pointer = s ? lib->SDL_CreateTextureFromSurface(win->renderer, s) : NULL;
        win->cursor = s ? lib->SDL_CreateColorCursor(s, c->hot_x, c->hot_y) : NULL;
        lib->SDL_FreeSurface(s);
    }
    sdl_pointer(win->windows);
    if (old) {
        lib->SDL_FreeCursor(old);
    }
    sdl_draw(win);
}

static void on_cursor_moved(void *opaque)
{
    SdlWindow *win = opaque;
    if (!win->windows->absolute) {
        sdl_draw(win);
    }
}

/* ---- the windows ---- */

static gboolean on_events(gpointer opaque)
{
    SdlWindows *w = opaque;
    machine_lock(w->machine);
    if (w->has_socket) {
        g_source_set_ready_time(w->source, -1);
    }
    if (w->absolute != input_is_absolute(w->machine->input)) {
        sdl_set_grab(w, NULL);          /* a tablet needs no grab, a mouse does */
    }
    sdl_heed_events(w);
    machine_unlock(w->machine);
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch(GSource *source, GSourceFunc func, gpointer opaque)
{
    return func(opaque);
}

/* Runs when its ready time comes or the window system has something to tell. */
static void watch(SdlWindows *w)
{
    static GSourceFuncs funcs = { .dispatch = dispatch };
    SdlWindow *first = g_ptr_array_index(w->windows, 0);
    int fd = sdl_lib_descriptor(&w->lib, first->window);
    w->has_socket = fd >= 0;
    w->source = w->has_socket ? g_source_new(&funcs, sizeof(GSource)) : g_timeout_source_new(NO_SOCKET_MS);
    if (w->has_socket) {
        g_source_add_unix_fd(w->source, fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
    }
    g_source_set_name(w->source, "sdl");
    g_source_set_callback(w->source, on_events, w, NULL);
    g_source_attach(w->source, w->machine->context);
}

static void on_machine_event(void *opaque, const MachineEvent *event)
{
    SdlWindows *w = opaque;
    if (event->kind == MACHINE_STOPPED || event->kind == MACHINE_RESUMED || event->kind == MACHINE_RESET) {
        w->asked_to_end = false;
        sdl_title(w);
    }
}

/* The way of pointing has changed, maybe in a vCPU's thread; windows are the main thread's. */
static void on_pointing(void *opaque)
{
    SdlWindows *w = opaque;
    if (w->has_socket) {
        g_source_set_ready_time(w->source, 0);
    }
}

static void window_free(gpointer opaque)
{
    SdlWindow *win = opaque;
    const SdlLib *lib = &win->windows->lib;
    display_remove_viewer(win->viewer);
    if (win->texture) {
        lib->SDL_DestroyTexture(win->texture);
    }
    if (win->pointer) {
        lib->SDL_DestroyTexture(win->pointer);
    }
    if (win->cursor) {
        lib->SDL_FreeCursor(win->cursor);
    }
    if (win->renderer) {
        lib->SDL_DestroyRenderer(win->renderer);
    }
    if (win->window) {
        lib->SDL_DestroyWindow(win->window);
    }
    g_free(win);
}

/* Hidden, but for the first. */
static bool add_window(SdlWindows *w, Display *d, GError **err)
{
    SdlWindow *win = g_new0(SdlWindow, 1);
    win->windows = w;
    win->display = d;
    win->number = w->windows->len + 1;
    win->shown = win->number == 1;
    g_ptr_array_add(w->windows, win);
    win->window = w->lib.SDL_CreateWindow("Valletta", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
                                          (int)display_width(d), (int)display_height(d),
                                          SDL_WINDOW_RESIZABLE | (win->shown ? 0 : SDL_WINDOW_HIDDEN));
    win->renderer = win->window ? w->lib.SDL_CreateRenderer(win->window, -1, SDL_RENDERER_SOFTWARE) : NULL;
    return win->renderer || error_set(err, "no window can be opened: %s", w->lib.SDL_GetError());
}

void sdl_show(SdlWindow *win, bool shown)
{
    static const ViewerOps ops = { .resized = on_resized, .changed = on_changed, .drawn = on_drawn,
                                   .cursor_shape = on_cursor_shape, .cursor_moved = on_cursor_moved };
    const SdlLib *lib = &win->windows->lib;
    win->shown = shown;
    if (!shown) {
        lib->SDL_HideWindow(win->window);
        display_remove_viewer(win->viewer);
        win->viewer = NULL;
        return;
    }
    lib->SDL_ShowWindow(win->window);
    lib->SDL_RaiseWindow(win->window);
    if (!win->viewer) {
        win->viewer = display_add_viewer(win->display, &ops, win);
    }
}

static void begin(SdlWindows *w)
{
    sdl_input_init(w);
    watch(w);
    machine_add_event_listener(w->machine, on_machine_event, w);
    input_add_listener(w->machine->input, on_pointing, w);
    sdl_show(g_ptr_array_index(w->windows, 0), true);
    sdl_title(w);
    sdl_pointer(w);
    if (w->options.full_screen) {
        sdl_set_full_screen(g_ptr_array_index(w->windows, 0), true);
    }
}

SdlWindows *sdl_windows_new(Machine *machine, const SdlOptions *options, GError **err)
{
    SdlWindows *w = g_new0(SdlWindows, 1);
    w->machine = machine;
    w->options = *options;
    w->windows = g_ptr_array_new_with_free_func(window_free);
    bool loaded = sdl_lib_load(&w->lib, err), ok = loaded;
    for (unsigned i = 0; ok && display_at(machine->displays, i); i++) {
        ok = add_window(w, display_at(machine->displays, i), err);
    }
    if (ok) {
        begin(w);
        return w;
    }
    g_ptr_array_free(w->windows, TRUE);
    if (loaded) {
        w->lib.SDL_QuitSubSystem(SDL_INIT_VIDEO);
    }
    g_free(w);
    return NULL;
}

void sdl_windows_free(SdlWindows *w)
{
    if (w) {
        input_remove_listener(w->machine->input, w);
        machine_remove_event_listener(w->machine, w);
        g_source_destroy(w->source);
        g_source_unref(w->source);
        g_ptr_array_free(w->windows, TRUE);
        w->lib.SDL_QuitSubSystem(SDL_INIT_VIDEO);
        g_free(w);
    }
}
