/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VNC servers: displays over the network (RFC 6143). Main thread and machine lock held for everything here,
 * unless said otherwise. Each client has a thread of its own, which sees copies of the display.
 */
#ifndef UI_VNC_H
#define UI_VNC_H

#include "system/machine.h"
#include "util/keyval.h"

typedef struct VncSet VncSet;           /* of one machine */
typedef struct VncServer VncServer;
typedef struct VncClient VncClient;

/* Where a socket is, as QMP tells it. */
typedef struct {
    char *host, *service;               /* 127.0.0.1, 5900; or the path, and "" */
    const char *family;                 /* "ipv4", "ipv6", "unix" */
} VncAddress;

typedef enum { VNC_CONNECTED, VNC_INITIALIZED, VNC_DISCONNECTED } VncEvent;

typedef void (*VncListener)(void *opaque, VncEvent event, const VncServer *server, const VncClient *client);

VncSet *vnc_set_new(Machine *machine);
/* Ends all clients. Lock not held; before the machine. NULL is allowed. */
void vnc_set_free(VncSet *set);
/* What listener is told; NULL: nothing any more. */
void vnc_set_listener(VncSet *set, VncListener listener, void *opaque);
/* A server from the text of -vnc ("none": none); layout as of keymap_new. False with err. */
bool vnc_set_add(VncSet *set, const char *text, const char *layout, GError **err);
/* By its place; NULL behind the last. */
VncServer *vnc_set_at(const VncSet *set, unsigned n);
/* By id; NULL: there is none. */
VncServer *vnc_set_find(const VncSet *set, const char *id);

const char *vnc_server_id(const VncServer *server);
/* Whether a password is asked for. */
bool vnc_server_has_auth(const VncServer *server);
/* The sockets that it listens on; NULL behind the last. */
const VncAddress *vnc_server_address(const VncServer *server, unsigned n);
/* Those that have connected; NULL behind the last. */
const VncClient *vnc_server_client(const VncServer *server, unsigned n);
const VncAddress *vnc_client_address(const VncClient *client);
/* The socket of the server's that it came to. */
const VncAddress *vnc_client_server_address(const VncClient *client);

/* Eight bytes of it count, for the protocol has no more. False with err: the server asks for none. */
bool vnc_server_set_password(VncServer *server, const char *password, GError **err);
/* From that time on (seconds since 1970; INT64_MAX: never) the password is wrong. False with err. */
bool vnc_server_expire_password(VncServer *server, int64_t time, GError **err);
/* A client that has connected already; takes fd. skip_auth: it need not know the password. */
void vnc_server_add_client(VncServer *server, int fd, bool skip_auth);

#endif
