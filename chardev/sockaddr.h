/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a socket device listens or connects to. */
#ifndef CHARDEV_SOCKADDR_H
#define CHARDEV_SOCKADDR_H

#include <stdbool.h>
#include "util/keyval.h"

typedef struct {
    char *host, *port;      /* TCP, UDP */
    char *path;             /* unix */
    bool abstract;
    int fd;                 /* inherited, or -1 */
    bool ipv4, ipv6;        /* allowed families; neither set means both */
} SockAddr;

typedef enum {
    SOCKADDR_CONNECT,       /* a connected stream */
    SOCKADDR_LISTEN,
    SOCKADDR_DATAGRAMS,     /* UDP between two addresses */
} SockAddrUse;

/* Reads host, port, path, abstract, fd, ipv4, ipv6; False with err unless exactly one kind
 * of address is given. */
bool sockaddr_parse(SockAddr *addr, KeyVal *props, GError **err);
/* Reads what UDP wants: host (localhost), port, localaddr (any), localport (any), ipv4, ipv6. */
bool sockaddr_parse_udp(SockAddr *addr, SockAddr *local, KeyVal *props, GError **err);
void sockaddr_clear(SockAddr *addr);
SockAddr sockaddr_copy(const SockAddr *addr);
/* Whether it takes no name service and no other host to open it so. */
bool sockaddr_is_quick(SockAddrUse use, const SockAddr *addr, const SockAddr *local);
/* A non-blocking socket, or -1 with err. seconds, for connections: how long each address may take, a unix
 * socket no time at all; 0: as long as the host likes. Port 0 becomes the one that is bound. local: for
 * SOCKADDR_DATAGRAMS only. Any thread. */
int sockaddr_open(SockAddrUse use, SockAddr *addr, SockAddr *local, const char *option, unsigned seconds,
                  GError **err);
int sockaddr_listen(SockAddr *addr, const char *option, GError **err);
int sockaddr_connect(SockAddr *addr, const char *option, unsigned seconds, GError **err);
/* "tcp:host:port", "unix:path" or "fd:n"; another word for "tcp" if kind is not NULL. */
char *sockaddr_describe(const SockAddr *addr, const char *kind);

#endif
