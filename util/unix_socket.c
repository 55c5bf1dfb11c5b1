/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util/unix_socket.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "util/error.h"

socklen_t unix_socket_address(struct sockaddr_un *un, const char *path, bool abstract)
{
    size_t len = strlen(path);
    *un = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (!len || len >= sizeof(un->sun_path)) {
        errno = len ? ENAMETOOLONG : ENOENT;
        return 0;
    }
    memcpy(un->sun_path + abstract, path, len);
    /* An abstract name has no end but that of the address. */
    return (socklen_t)(abstract ? offsetof(struct sockaddr_un, sun_path) + 1 + len : sizeof(*un));
}

/* Whether the name is free, or a socket's that can be had. */
static bool make_room(const char *path, GError **err)
{
    struct stat st;
    if (lstat(path, &st) != 0) {
        return true;                /* what else is wrong with the path, bind tells */
    }
    if (!S_ISSOCK(st.st_mode)) {
        return error_set(err, "there is something that is no socket, and it stays; use another path, or "
                         "remove it");
    }
    return unlink(path) == 0 || errno == ENOENT || error_set(err, "%s", g_strerror(errno));
}

/* Takes fd; it listens unless backlog is negative. */
static int at(int fd, const char *path, bool abstract, int backlog, GError **err)
{
    struct sockaddr_un un;
    socklen_t len = unix_socket_address(&un, path, abstract);
    GError *why = NULL;
    if (fd >= 0 && len && (abstract || make_room(path, &why)) && bind(fd, (struct sockaddr *)&un, len) == 0 &&
        (backlog < 0 || listen(fd, backlog) == 0)) {
        return fd;
    }
    if (why) {
        g_propagate_error(err, why);
    } else {
        error_set(err, "%s", g_strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

int unix_socket_listen(const char *path, bool abstract, int backlog, GError **err)
{
    return at(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), path, abstract, backlog, err);
}

int unix_socket_datagrams(const char *path, GError **err)
{
    return at(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), path, false, -1, err);
}

void unix_socket_remove(const char *path)
{
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        unlink(path);
    }
}
