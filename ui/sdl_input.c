/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user does at the windows. SDL's scan codes are the usages of the USB keyboard page. */
#include "ui/sdl_internal.h"

void sdl_input_init(SdlWindows *w)
{
    for (Key key = KEY_COUNT; key-- > 1;) {
        w->by_usage[key_codes(key)->usage] = key;       /* of two with one usage the first stays */
    }
    w->by_usage[0] = KEY_UNMAPPED;
}

static SdlWindow *window_of(SdlWindows *w, Uint32 id)
{
    for (guint i = 0; i < w->windows->len; i++) {
        SdlWindow *win = g_ptr_array_index(w->windows, i);
        if (w->lib.SDL_GetWindowID(win->window) == id) {
            return win;
        }
    }
    return NULL;
}

/* ---- keys ---- */

void sdl_release_keys(SdlWindows *w)
{
    for (Key key = 1; key < KEY_COUNT; key++) {
        if (w->pressed[key]) {
            w->pressed[key] = false;
            input_key(w->machine->input, key, false);
        }
    }
}

static bool holds_grab_keys(const SdlWindows *w, unsigned modifiers)
{
    static const unsigned needed[] = { KMOD_LCTRL | KMOD_LALT, KMOD_LSHIFT | KMOD_LCTRL | KMOD_LALT,
                                       KMOD_RCTRL };
    unsigned keys = needed[w->options.grab_keys];
    return (modifiers & keys) == keys;
}

/* Does what a key is for with the grab keys; false: it is for the guest. */
static bool is_command(SdlWindows *w, SdlWindow *win, SDL_Scancode code)
{
    unsigned number = code >= SDL_SCANCODE_1 && code <= SDL_SCANCODE_9 ? code - SDL_SCANCODE_1 + 1 : 0;
    if (code == SDL_SCANCODE_G) {
        sdl_set_grab(w, w->grab ? NULL : win);
    } else if (code == SDL_SCANCODE_F) {
        sdl_set_full_screen(win, !win->full_screen);
    } else if (code == SDL_SCANCODE_U) {
        sdl_fit(win);
    } else if (number && number <= w->windows->len) {
        SdlWindow *other = g_ptr_array_index(w->windows, number - 1);
        sdl_show(other, number == 1 || !other->shown);
        sdl_title(w);
    } else {
        return false;
    }
    return true;
}

/* ---- keys of terminals ---- */

static unsigned display_modifiers(unsigned held)
{
    return (held & KMOD_SHIFT ? DISPLAY_SHIFT : 0) | (held & KMOD_CTRL ? DISPLAY_CTRL : 0) |
           (held & KMOD_LALT ? DISPLAY_ALT : 0);
}

/* Characters come as text, but with Ctrl or Alt there is none. */
static void type_key(const SdlWindow *win, Key key, const SDL_Keysym *sym)
{
    bool command = sym->mod & (KMOD_CTRL | KMOD_LALT);
    uint32_t character = command && sym->sym >= ' ' && sym->sym < 0x7f ? (uint32_t)sym->sym : 0;
    display_key(win->display, &(DisplayKey){ key, character, display_modifiers(sym->mod) });
}

static void on_text(SdlWindows *w, const SDL_TextInputEvent *e)
{
    const SdlWindow *win = window_of(w, e->windowID);
    unsigned held = w->lib.SDL_GetModState();
    if (!win || !display_takes_keys(win->display) || held & (KMOD_CTRL | KMOD_LALT)) {
        return;
    }
    for (const char *p = e->text; *p && g_utf8_validate(p, -1, NULL); p = g_utf8_next_char(p)) {
        display_key(win->display, &(DisplayKey){ KEY_UNMAPPED, g_utf8_get_char(p), 0 });
    }
}

static void on_key(SdlWindows *w, const SDL_KeyboardEvent *e)
{
    SdlWindow *win = window_of(w, e->windowID);
    bool down = e->type == SDL_KEYDOWN;
    Key key = e->keysym.scancode < 256 ? w->by_usage[e->keysym.scancode] : KEY_UNMAPPED;
    bool ours = down && win && holds_grab_keys(w, e->keysym.mod);
    if (ours && (e->repeat || is_command(w, win, e->keysym.scancode))) {
        return;
    }
    if (down && win && display_takes_keys(win->display)) {
        type_key(win, key, &e->keysym);
        return;
    }
    if (key != KEY_UNMAPPED && (down || w->pressed[key])) {
        w->pressed[key] = down;
        input_key(w->machine->input, key, down);
    }
}

/* ---- the pointer ---- */

static int to_absolute(int at, int start, int size)
{
    return size > 1 ? (int)((int64_t)CLAMP(at - start, 0, size - 1) * INPUT_ABS_MAX / (size - 1)) : 0;
}

static void send(SdlWindows *w, InputKind kind, unsigned code, int value)
{
    input_send(w->machine->input, &(InputEvent){ kind, code, value });
}

static void on_motion(SdlWindows *w, const SDL_MouseMotionEvent *e)
{
    SdlWindow *win = window_of(w, e->windowID);
    if (!win) {
        return;
    }
    if (input_is_absolute(w->machine->input)) {
        SDL_Rect place = sdl_place(win);
        send(w, INPUT_ABS, AXIS_X, to_absolute(e->x, place.x, place.w));
        send(w, INPUT_ABS, AXIS_Y, to_absolute(e->y, place.y, place.h));
    } else if (w->grab) {
        send(w, INPUT_REL, AXIS_X, e->xrel);
        send(w, INPUT_REL, AXIS_Y, e->yrel);
    } else {
        return;
    }
    input_sync(w->machine->input);
}

static void on_button(SdlWindows *w, const SDL_MouseButtonEvent *e)
{
    static const InputButton buttons[] = { [SDL_BUTTON_LEFT] = BUTTON_LEFT,
                                           [SDL_BUTTON_MIDDLE] = BUTTON_MIDDLE,
                                           [SDL_BUTTON_RIGHT] = BUTTON_RIGHT, [SDL_BUTTON_X1] = BUTTON_SIDE,
                                           [SDL_BUTTON_X2] = BUTTON_EXTRA };
    SdlWindow *win = window_of(w, e->windowID);
    bool down = e->type == SDL_MOUSEBUTTONDOWN;
    if (!win || e->button < SDL_BUTTON_LEFT || e->button >= G_N_ELEMENTS(buttons)) {
        return;
    }
    if (!w->grab && !input_is_absolute(w->machine->input)) {
        if (down && input_takes(w->machine->input, INPUT_REL)) {
            sdl_set_grab(w, win);           /* the click is for us: from now on the mouse is the guest's */
        }
        return;
    }
    input_button(w->machine->input, buttons[e->button], down);
}

static void turn_wheel(SdlWindows *w, InputButton button, int steps)
{
    for (int i = 0; i < MIN(steps, 16); i++) {
        input_button(w->machine->input, button, true);
        input_button(w->machine->input, button, false);
    }
}

static void on_wheel(SdlWindows *w, const SDL_MouseWheelEvent *e)
{
    if (w->grab || input_is_absolute(w->machine->input)) {
        turn_wheel(w, BUTTON_WHEEL_UP, e->y);
        turn_wheel(w, BUTTON_WHEEL_DOWN, -e->y);
        turn_wheel(w, BUTTON_WHEEL_RIGHT, e->x);
        turn_wheel(w, BUTTON_WHEEL_LEFT, -e->x);
    }
}

/* ---- the window ---- */

/* The machine is asked first; who closes the window again means it. */
static void on_close(SdlWindows *w, SdlWindow *win)
{
    if (win && win->number > 1) {
        sdl_show(win, false);
    } else if (w->options.keep_open) {
        return;
    } else if (w->asked_to_end || w->machine->state != RUN_RUNNING) {
        machine_request_shutdown(w->machine, SHUTDOWN_UI);
    } else {
        w->asked_to_end = true;
        machine_press_power_button(w->machine);
        sdl_title(w);
    }
}

static void on_window(SdlWindows *w, const SDL_WindowEvent *e)
{
    SdlWindow *win = window_of(w, e->windowID);
    if (!win) {
        return;
    }
    switch (e->event) {
    case SDL_WINDOWEVENT_RESIZED:
        if (!win->full_screen) {
            win->scaled = e->data1 != (int)display_width(win->display) ||
                          e->data2 != (int)display_height(win->display);
        }
        display_set_window(win->display, (unsigned)MAX(e->data1, 1), (unsigned)MAX(e->data2, 1));
        sdl_draw(win);
        break;
    case SDL_WINDOWEVENT_EXPOSED:
    case SDL_WINDOWEVENT_SIZE_CHANGED:
        sdl_draw(win);
        break;
    case SDL_WINDOWEVENT_FOCUS_GAINED:
        if (display_takes_keys(win->display)) {
            w->lib.SDL_StartTextInput();
        } else {
            w->lib.SDL_StopTextInput();         /* keys are wanted, not what an input method makes of them */
        }
        break;
    case SDL_WINDOWEVENT_FOCUS_LOST:
        sdl_release_keys(w);
        if (w->grab) {
            sdl_set_grab(w, NULL);
        }
        break;
    case SDL_WINDOWEVENT_CLOSE:
        on_close(w, win);
        break;
    default:
        break;
    }
}

void sdl_heed_events(SdlWindows *w)
{
    SDL_Event e;
    while (w->lib.SDL_PollEvent(&e)) {
        switch (e.type) {
        case SDL_KEYDOWN:
        case SDL_KEYUP:
            on_key(w, &e.key);
            break;
        case SDL_TEXTINPUT:
            on_text(w, &e.text);
            break;
        case SDL_MOUSEMOTION:
            on_motion(w, &e.motion);
            break;
        case SDL_MOUSEBUTTONDOWN:
        case SDL_MOUSEBUTTONUP:
            on_button(w, &e.button);
            break;
        case SDL_MOUSEWHEEL:
            on_wheel(w, &e.wheel);
            break;
        case SDL_WINDOWEVENT:
            on_window(w, &e.window);
            break;
        case SDL_RENDER_TARGETS_RESET:
        case SDL_RENDER_DEVICE_RESET:
            for (guint i = 0; i < w->windows->len; i++) {
                sdl_draw(g_ptr_array_index(w->windows, i));
            }
            break;
        default:                        /* SDL_QUIT comes with the last window's close, which was heard */
            break;
        }
    }
}
