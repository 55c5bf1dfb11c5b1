/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a socket device listens or connects to. */
#ifndef CHARDEV_SOCKADDR_H
#define CHARDEV_SOCKADDR_H

#include <stdbool.h>
#include "util/keyval.h"

typedef struct {
    char *host, *port;      /* TCP */
    char *path;             /* unix */
    bool abstract;
    int fd;                 /* inherited, or -1 */
    bool ipv4, ipv6;        /* allowed families; neither set means both */
} SockAddr;

/* Reads host, port, path, abstract, fd, ipv4, ipv6; False with err unless exactly one kind
 * of address is given. */
bool sockaddr_parse(SockAddr *addr, KeyVal *props, GError **err);
void sockaddr_clear(SockAddr *addr);
/* A listening, non-blocking socket, or -1 with err. */
int sockaddr_listen(SockAddr *addr, const char *option, GError **err);
SockAddr sockaddr_copy(const SockAddr *addr);
/* A connected, non-blocking socket, or -1 with err. seconds: how long each address may take, a unix socket
 * no time at all; 0: as long as the host likes. Any thread. */
int sockaddr_connect(const SockAddr *addr, const char *option, unsigned seconds, GError **err);
/* "tcp:host:port", "unix:path" or "fd:n"; the port is the one that was really bound. */
char *sockaddr_describe(const SockAddr *addr);

#endif
