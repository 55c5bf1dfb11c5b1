/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets in the file system: how they are bound, and what becomes of their names. */
#ifndef UTIL_UNIX_SOCKET_H
#define UTIL_UNIX_SOCKET_H

#include <glib.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The address of a path, or of a name that is in no file system (abstract); its length, or 0 with errno when
 * it has no bytes or too many. */
socklen_t unix_socket_address(struct sockaddr_un *un, const char *path, bool abstract);
/* A stream socket that listens, or one for datagrams; neither blocks. A socket that an earlier run has left
 * at path gives way, whatever else lies there stays. -1 with err, which does not name the path. */
int unix_socket_listen(const char *path, bool abstract, int backlog, GError **err);
int unix_socket_datagrams(const char *path, GError **err);
/* Removes what one of these has made at path, unless it is no socket any more. */
void unix_socket_remove(const char *path);

#endif
