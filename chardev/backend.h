/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of chardev/ know of each other. Machine lock held for everything. */
#ifndef CHARDEV_BACKEND_H
#define CHARDEV_BACKEND_H

#include <sys/types.h>
#include "chardev/chardev.h"
#include "chardev/chardev_set.h"
#include "chardev/screens.h"
#include "chardev/wire.h"
#include "system/machine.h"
#include "util/keyval.h"

#define CHARDEV_QUEUE_MAX (1u << 20)
#define CHARDEV_CHUNK 4096
#define CHARDEV_FDS 16

typedef struct FdPort FdPort;
typedef struct Mux Mux;

typedef struct {
    const char *name;
    const char *help;
    /* Reads its properties, ends with keyval_finish before anything is made or opened, then
     * makes the host end. */
    bool (*open)(Chardev *chr, KeyVal *props, GError **err);
    /* Also after an open that failed half-way. */
    void (*close)(Chardev *chr);
    /* The peer of chr->port is gone (end of file or error). */
    void (*hangup)(Chardev *chr);
    /* For back ends without a port: takes all of it. NULL: it is discarded. */
    void (*send)(Chardev *chr, const void *data, size_t len);
    /* Front end attached, detached, or has room again; may be NULL. */
    void (*frontend_changed)(Chardev *chr);
    void (*send_break)(Chardev *chr);
    /* Whether the start must wait for its peer; may be NULL. */
    bool (*waits)(const Chardev *chr);
    /* The filename of "info chardev"; the caller frees it. */
    char *(*describe)(const Chardev *chr);
} ChardevBackend;

struct Chardev {
    const ChardevBackend *backend;
    void *state;                /* the back end's own */
    Machine *machine;
    const ChardevScreens *screens;      /* NULL: nobody shows terminals */
    char *id;
    char *user;                 /* what claimed it, or NULL */
    const ChardevFrontend *frontend;
    void *opaque;
    FdPort *port;               /* host descriptors, or NULL */
    Wire *wire;                 /* what is spoken there, or NULL: plain bytes */
    Mux *mux;                   /* on top of this one, or NULL */
    Chardev *below;             /* a mux port: what carries it */
    bool connected;
    bool background;            /* the machine is there: open must not wait for a peer */
    struct Connecting *connecting;      /* the connection that was begun, or NULL */
    ChardevReady ready;         /* is told how it ends, or NULL */
    void *ready_opaque;
    int log_fd;                 /* logfile=, or -1 */
    int fds[CHARDEV_FDS];       /* sent along by the peer, oldest first */
    unsigned nfds;
    GByteArray *queue;          /* output that the host has not taken, from queue_head on */
    guint queue_head;
};

/* ---- chardev.c ---- */
Chardev *chardev_new(Machine *machine, const ChardevBackend *backend, const char *id);
/* NULL is allowed. */
void chardev_free(Chardev *chr);
/* How much the front end takes; a device without one takes and drops. */
size_t chardev_room(const Chardev *chr);
void chardev_deliver(Chardev *chr, const uint8_t *data, size_t len);
/* The same for bytes as they are on the connection, through chr->wire. False: the peer is to be hung up. */
bool chardev_receive(Chardev *chr, const uint8_t *data, size_t len);
/* The connection is gone. */
void chardev_drop_wire(Chardev *chr);
/* What the connection may bring now. */
size_t chardev_input_room(const Chardev *chr);
void chardev_event(Chardev *chr, ChardevEvent event);
void chardev_focus(Chardev *chr, bool here);
void chardev_written(Chardev *chr);
/* Tells the front end; on disconnection the queued output is dropped. */
void chardev_set_connected(Chardev *chr, bool connected);
/* Keeps fd for chardev_take_fd; closes it when there are too many. */
void chardev_add_fd(Chardev *chr, int fd);
/* chr without a back end's doings, for backend->open; what it was is kept in a copy made before. */
void chardev_change_begin(Chardev *chr, const ChardevBackend *backend);
/* good: old, the copy, is closed and the front end told; else chr is again what it was. */
void chardev_change_end(Chardev *chr, Chardev *old, bool good);
/* Gives the port what is queued, as far as it takes it. */
void chardev_flush(Chardev *chr);

/* ---- fdport.c: descriptors of one device on the main context ---- */

/* Polls and reads in_fd, writes out_fd (either may be -1, both may be the same), closes
 * them at fdport_free. Reading starts at the next fdport_update. */
FdPort *fdport_new(Chardev *chr, int in_fd, int out_fd);
void fdport_free(FdPort *port);
/* Recomputes what is waited for after room or queue changed; any thread. */
void fdport_update(FdPort *port);
/* Writes without blocking: bytes taken, or -1 with errno (EAGAIN: try later). */
ssize_t fdport_write(FdPort *port, const void *data, size_t len);
/* The peer may send descriptors along: in_fd is a unix socket. */
void fdport_set_takes_fds(FdPort *port);
/* What is read and written are datagrams: one that the front end has no room for waits, and no more are
 * read meanwhile. An error is no end. */
void fdport_set_datagrams(FdPort *port);
/* Whether input is read at all (output goes on). */
void fdport_set_input(FdPort *port, bool on);
/* No more output: what is written is dropped (input goes on). */
void fdport_end_output(FdPort *port);
/* Waits until output is possible, at most ms. */
void fdport_wait_writable(FdPort *port, int ms);

/* ---- tty.c: the terminal of the process ---- */

/* Takes the terminal fd out of line mode until tty_leave, the end of the process or a
 * stop (Ctrl-Z); signals: Ctrl-C and the like keep their meaning. */
void tty_enter_raw(int fd, bool signals);
void tty_leave(void);

/* ---- mux.c ---- */

/* Makes a mux on top of below, which has no front end yet. */
Mux *mux_new(Chardev *below);
/* Frees its ports too; below is gone already. NULL is allowed. */
void mux_free(Mux *mux);
/* A new port of the mux; owned by it. */
Chardev *mux_add_port(Mux *mux);
/* Whether the port is the one that is typed to. */
bool mux_has_focus(const Chardev *port);
/* The user of the port that is typed to, or NULL. */
const char *mux_focus_user(const Mux *mux);

/* ---- ringbuf.c ---- */
/* At most max bytes, the oldest first; the caller's. */
GByteArray *ringbuf_read(Chardev *chr, size_t max);

/* ---- shorthand.c ---- */
/* Turns a short form of -serial ("tcp:host:port,...") into the properties of -chardev. */
bool chardev_expand(KeyVal *props, const char *text, GError **err);

/* ---- backends.c ---- */
/* NULL with err; option begins it. */
const ChardevBackend *chardev_backend_find(const char *option, const char *name, GError **err);

extern const ChardevBackend stdio_backend, pty_backend, file_backend, pipe_backend;
extern const ChardevBackend null_backend, socket_backend, ringbuf_backend, udp_backend, vc_backend;

#endif
