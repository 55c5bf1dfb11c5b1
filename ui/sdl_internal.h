/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the SDL windows share. Main thread. */
#ifndef UI_SDL_INTERNAL_H
#define UI_SDL_INTERNAL_H

#include "system/input.h"
#include "ui/display.h"
#include "ui/sdl.h"
#include "ui/sdl_lib.h"

typedef struct {
    SdlWindows *windows;
    Display *display;
    Viewer *viewer;
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture;       /* of the size of the surface */
    SDL_Texture *pointer;       /* the device's, drawn where the host's does not take its shape; or NULL */
    SDL_Cursor *cursor;         /* the host's in that shape, or NULL */
    unsigned number;            /* from 1 */
    bool shown, full_screen;
    bool scaled;                /* the user gave it another size than the surface has */
} SdlWindow;

struct SdlWindows {
    SdlLib lib;
    Machine *machine;
    SdlOptions options;
    GPtrArray *windows;         /* of SdlWindow * */
    GSource *source;            /* of events */
    bool has_socket;            /* and what makes it run, besides its ready time */
    SdlWindow *grab;            /* has mouse and keyboard to itself; or NULL */
    bool absolute;              /* as it was when the title and the pointer were set */
    bool asked_to_end;          /* the window was closed once */
    bool pressed[KEY_COUNT];
    Key by_usage[256];
};

/* ---- sdl.c ---- */
void sdl_title(SdlWindows *w);
/* Which pointer is seen where. */
void sdl_pointer(SdlWindows *w);
/* The part of the window that shows the surface. */
SDL_Rect sdl_place(const SdlWindow *win);
void sdl_draw(SdlWindow *win);
/* Shows it in front of others, or hides it. */
void sdl_show(SdlWindow *win, bool shown);
/* Gives it the size of the surface. */
void sdl_fit(SdlWindow *win);
void sdl_set_full_screen(SdlWindow *win, bool on);
/* NULL: none has mouse and keyboard to itself. */
void sdl_set_grab(SdlWindows *w, SdlWindow *win);

/* ---- sdl_input.c ---- */
void sdl_input_init(SdlWindows *w);
/* Does all that has happened. Machine lock held. */
void sdl_heed_events(SdlWindows *w);
void sdl_release_keys(SdlWindows *w);

#endif
