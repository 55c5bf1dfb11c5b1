/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A display: what a graphics device shows, and who looks at it. Machine lock held and main
 * thread for everything here, unless said otherwise.
 *
 * Nothing is drawn unless it changed: a device says by display_request that something may
 * have, or by display_settled that it knows what; then, 30 times a second at most and only
 * while somebody looks, it is asked to draw into the surface what is new.
 */
#ifndef UI_DISPLAY_H
#define UI_DISPLAY_H

#include <pixman.h>
#include <stdbool.h>
#include "system/keys.h"
#include "system/machine.h"

typedef struct DisplaySet DisplaySet;   /* of one machine, the first display is the console */
typedef struct Display Display;
typedef struct Viewer Viewer;

/* A key that is typed at a display that takes keys itself. */
typedef enum { DISPLAY_SHIFT = 1, DISPLAY_CTRL = 2, DISPLAY_ALT = 4 } DisplayModifiers;

typedef struct {
    Key key;                    /* KEY_UNMAPPED: only the character is known */
    uint32_t character;         /* Unicode; 0: it writes none */
    unsigned modifiers;         /* DisplayModifiers that are held */
} DisplayKey;

/* What a display shows, where that is text. */
typedef struct {
    uint32_t character;         /* Unicode; 0: the second half of a wide one */
    uint32_t fore, back;        /* 0xrrggbb */
    bool bold, underlined;
} DisplayCell;

typedef struct {
    unsigned columns, rows;
    GArray *cells;              /* of DisplayCell, rows from the top; the caller's */
    int cursor_column, cursor_row;      /* -1: none is to be seen */
} DisplayText;

/* What a graphics device does. */
typedef struct {
    /* Begins to find out what changed, with display_settled as the end if that takes time; NULL: update
     * knows. Never more often than displays are drawn. */
    void (*collect)(void *opaque);
    /* Draws what changed and tells it by display_changed. */
    void (*update)(void *opaque);
    /* All of it is to be drawn at the next update. */
    void (*invalidate)(void *opaque);
    /* Somebody's window has this size now, in pixels; NULL: the guest's modes do not follow windows. */
    void (*window)(void *opaque, unsigned width, unsigned height);
    /* Fills all of text with what is shown now; false: that is a picture. NULL: it always is. */
    bool (*text)(void *opaque, DisplayText *text);
    /* A key was typed here; NULL: keys are for the machine. */
    void (*key)(void *opaque, const DisplayKey *key);
} DisplayOps;

/* What one who looks is told; any may be NULL. */
typedef struct {
    void (*resized)(void *opaque);                              /* there is another surface */
    void (*changed)(void *opaque, int x, int y, int width, int height);    /* of the surface, in it */
    void (*drawn)(void *opaque);                                /* an update with changes ends */
    void (*cursor_shape)(void *opaque);
    void (*cursor_moved)(void *opaque);
} ViewerOps;

/* A pointer that the device draws over the display. */
typedef struct {
    pixman_image_t *image;      /* a8r8g8b8, alpha not multiplied in; NULL: there is none */
    int hot_x, hot_y;           /* the place in it that points */
    int x, y;                   /* where that place is in the surface */
    bool visible;
} DisplayCursor;

DisplaySet *display_set_new(Machine *machine);
void display_set_free(DisplaySet *set);
/* The display by its place, NULL behind the last: first those of the machine, then terminals, which take keys
 * themselves. */
Display *display_at(DisplaySet *set, unsigned n);
/* By the id or type name of its device, which may have several (head, from 0); NULL: there is none. */
Display *display_by_device(DisplaySet *set, const char *name, unsigned head);
/* The one that a user means, who may have named neither (name NULL: the first device with a display). */
Display *display_find(DisplaySet *set, const char *name, unsigned head);

/* ---- for graphics devices ---- */
/* A display of 640 by 480 black pixels; name (copied) is the device's, head its number there. ops stays the
 * caller's. */
Display *display_add(DisplaySet *set, const char *name, unsigned head, const DisplayOps *ops, void *opaque);
void display_remove(Display *d);
/* x8r8g8b8, rows of 32-bit pixels without gaps; valid until the next display_resize. */
pixman_image_t *display_surface(const Display *d);
unsigned display_width(const Display *d);
unsigned display_height(const Display *d);
/* A new surface of that size (1 to 8192), black; the same size keeps the old one. */
void display_resize(Display *d, unsigned width, unsigned height);
/* This part of the surface has been drawn; what lies outside of it is cut off. */
void display_changed(Display *d, int x, int y, int width, int height);
/* Something may have changed. Any thread, any lock. */
void display_request(Display *d);
/* The collection is done: update may draw. Any thread, any lock. */
void display_settled(Display *d);
/* Takes a reference to image; NULL: no pointer of the device's own. */
void display_set_cursor(Display *d, pixman_image_t *image, int hot_x, int hot_y);
void display_move_cursor(Display *d, int x, int y, bool visible);

/* ---- for those who look ---- */
/* All of the display is new to it: resized, cursor_shape and changed follow at the next update. */
Viewer *display_add_viewer(Display *d, const ViewerOps *ops, void *opaque);
void display_remove_viewer(Viewer *v);
const char *display_name(const Display *d);
const DisplayCursor *display_cursor(const Display *d);
/* Whether it takes keys itself; then it is given one. */
bool display_takes_keys(const Display *d);
void display_key(Display *d, const DisplayKey *key);
/* What is shown, as DisplayOps has it; text->cells is there. */
bool display_text(const Display *d, DisplayText *text);
/* Tells the device the size of a window. */
void display_set_window(Display *d, unsigned width, unsigned height);
/* Brings the surface up to date now; the CPUs are parked. */
void display_update_now(Display *d);

/* Writes the surface, without the pointer, as PNG or PPM (P6). False with err naming the file. */
bool display_write_png(Display *d, const char *path, GError **err);
bool display_write_ppm(Display *d, const char *path, GError **err);

#endif
