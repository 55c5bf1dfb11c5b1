/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SDL2, loaded when a window is to be opened: it brings the host's whole graphics with it. */
#ifndef UI_SDL_LIB_H
#define UI_SDL_LIB_H

#define SDL_MAIN_HANDLED
#include <SDL2/SDL.h>
#include <glib.h>
#include <stdbool.h>

struct SDL_SysWMinfo;

#define SDL_FUNCTIONS(F) F(SDL_InitSubSystem) F(SDL_QuitSubSystem) F(SDL_SetHint) F(SDL_GetError) \
    F(SDL_CreateWindow) F(SDL_DestroyWindow) F(SDL_CreateRenderer) \
    F(SDL_DestroyRenderer) \
    F(SDL_CreateTexture) F(SDL_CreateTextureFromSurface) F(SDL_DestroyTexture) F(SDL_UpdateTexture) \
    F(SDL_RenderClear) F(SDL_RenderCopy) F(SDL_RenderPresent) F(SDL_SetWindowTitle) F(SDL_SetWindowSize) \
    F(SDL_GetWindowSize) F(SDL_SetWindowFullscreen) F(SDL_SetWindowGrab) F(SDL_SetRelativeMouseMode) \
    F(SDL_ShowCursor) F(SDL_CreateRGBSurfaceWithFormatFrom) F(SDL_FreeSurface) F(SDL_CreateColorCursor) \
    F(SDL_GetDefaultCursor) F(SDL_SetCursor) F(SDL_FreeCursor) F(SDL_PollEvent) F(SDL_ShowWindow) \
    F(SDL_HideWindow) F(SDL_RaiseWindow) F(SDL_GetWindowID) F(SDL_StopTextInput) \
    F(SDL_StartTextInput) F(SDL_GetModState) \
    F(SDL_GetVersion) F(SDL_GetCurrentVideoDriver)

typedef struct {
#define FUNCTION(name) __typeof__(&name) name;
    SDL_FUNCTIONS(FUNCTION)
#undef FUNCTION
    SDL_bool (*SDL_GetWindowWMInfo)(SDL_Window *window, struct SDL_SysWMinfo *info);
} SdlLib;

/* False with err: it is missing or has no screen. */
bool sdl_lib_load(SdlLib *lib, GError **err);
/* The descriptor on which the window system tells of events, or -1. */
int sdl_lib_descriptor(const SdlLib *lib, SDL_Window *window);

#endif
