/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the VNC server share. */
#ifndef UI_VNC_INTERNAL_H
#define UI_VNC_INTERNAL_H

#include <pixman.h>
#include "system/input.h"
#include "ui/display.h"
#include "ui/keymap.h"
#include "ui/vnc.h"
#include "ui/vnc_lib.h"

typedef enum { SHARE_ALLOW_EXCLUSIVE, SHARE_FORCE_SHARED, SHARE_IGNORE } VncShare;

/* What a client's thread tells the main thread. */
typedef enum {
    NOTE_INITIALIZED = 1, NOTE_EXCLUSIVE = 2, NOTE_WINDOW = 4, NOTE_GONE = 8, NOTE_SWITCH = 16
} VncNote;

/* The device's pointer, copied; pixels as those of a display with alpha, NULL: none is to be seen. */
typedef struct {
    uint32_t *pixels;
    int width, height, hot_x, hot_y, x, y;
    unsigned shape;                     /* counts changes of the shape */
} VncCursor;

typedef struct VncNotifier VncNotifier;     /* a GSource that runs in the main thread */

struct VncServer {
    VncSet *set;
    Machine *machine;
    VncLib *lib;
    char *id, *name;
    char *device;                       /* whose display; NULL: the first */
    unsigned head;                      /* which of its displays */
    unsigned number;                    /* a client wanted to see that one; 0: none did */
    Keymap *keymap;
    bool auth;
    VncShare share;
    GPtrArray *sockets;                 /* of VncSocket * */
    GPtrArray *clients;                 /* of VncClient * */
    Display *display;                   /* that is looked at; NULL: nobody looks, or there is none */
    Viewer *viewer;
    pixman_region32_t changed;          /* since what was drawn last */
    VncNotifier *notifier;

    GMutex lock;                        /* of what follows, and of a client's marked members; a leaf */
    pixman_image_t *picture;            /* what clients see */
    VncCursor cursor;
    char *password;                     /* NULL: none is right */
    int64_t expires;                    /* seconds since 1970 */
};

struct VncClient {
    VncServer *server;
    VncAddress address;
    const VncAddress *at;               /* the server's own */
    int fd, wake;                       /* an eventfd */
    GThread *thread;
    bool auth;                          /* it must know the password */

    /* under the server's lock */
    pixman_region32_t damage;           /* of the picture */
    bool resized;
    unsigned notes;                     /* VncNote, that the main thread has not heard yet */
    int want_width, want_height;        /* of NOTE_WINDOW */
    unsigned want_display;              /* of NOTE_SWITCH */

    /* atomic */
    int closing, pointing_changed;

    /* its thread's own */
    rfbScreenInfoPtr screen;
    rfbClientPtr rfb;
    pixman_image_t *frame;
    unsigned cursor_shape;
    bool key_codes, pointer_modes;      /* the client can do that */
    bool tell_key_codes, tell_pointer_mode;

    /* under the machine lock */
    bool pressed[KEY_COUNT];
    unsigned held;                      /* DisplayModifiers */
    unsigned buttons;
    int last_x, last_y;                 /* -1: there was none */
};

/* ---- vnc.c ---- */
/* The box of one image to the same place of the other. */
void vnc_copy(pixman_image_t *from, pixman_image_t *to, const pixman_box32_t *box);
/* Any thread. */
void vnc_note(VncClient *client, unsigned notes);

/* ---- vnc_client.c ---- */
/* The thread of a client: serves it until it goes. */
void *vnc_client_run(void *client);
/* Wakes it: there is something under the lock. Any thread. */
void vnc_client_wake(VncClient *client);
void vnc_client_extension(VncLib *lib);

/* ---- vnc_input.c: machine lock held ---- */
/* The place where the key is is known, or only its X key symbol (KEY_UNMAPPED). */
void vnc_key(VncClient *client, uint32_t keysym, Key key, bool down);
/* mask: bits 0 to 6 are left, middle, right, and the wheel up, down, left, right. Place and size: pixels. */
void vnc_pointer(VncClient *client, unsigned mask, int x, int y, int width, int height);
/* All keys and buttons that it holds go up. */
void vnc_release_all(VncClient *client);

/* ---- vnc_listen.c ---- */
typedef struct {
    VncServer *server;
    VncAddress address;
    int fd;
    char *path;                         /* of a Unix socket, removed in the end */
    GSource *source;
} VncSocket;

/* Opens what where says ("HOST:N", ":N", "unix:PATH"), with the next free N up to to. False with err. */
bool vnc_listen(VncServer *server, const char *where, unsigned to, GError **err);
void vnc_socket_free(gpointer socket);
/* Of a socket, or of its peer. */
void vnc_address_of(int fd, bool peer, VncAddress *address);
void vnc_address_clear(VncAddress *address);
/* vnc.c: a client came; takes fd. */
void vnc_accepted(VncServer *server, const VncAddress *at, int fd, bool skip_auth);

#endif
