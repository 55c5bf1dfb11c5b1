/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening sockets in the background: names and peers may take minutes, so a thread of its own waits for them
 * and the main thread takes over what came of it. One at a time for each device. Machine lock held.
 */
#ifndef CHARDEV_CONNECT_H
#define CHARDEV_CONNECT_H

#include "chardev/backend.h"
#include "chardev/sockaddr.h"

/* How long each address of a peer may take. */
#define CONNECT_SECONDS 10

/* fd is the socket, the callee's; or -1 with err. addr is what was asked for, with the port that was really
 * bound. Main thread, lock held; chr->connecting is NULL again. */
typedef void (*Connected)(Chardev *chr, int fd, const SockAddr *addr, const GError *err);

/* Sets chr->connecting. local: for SOCKADDR_DATAGRAMS, else NULL. awaited: who made the device wants to know
 * how it ends (chardev_set_connecting). */
void connect_begin(Chardev *chr, SockAddrUse use, const SockAddr *addr, const SockAddr *local,
                   const char *option, bool awaited, Connected connected);
/* Nobody is told any more; the thread ends when it can. */
void connect_stop(Chardev *chr);
bool connect_is_awaited(const Chardev *chr);
/* How it ended, to who waits (which may free chr), else to standard error. */
void connect_tell(Chardev *chr, const GError *err);

#endif
