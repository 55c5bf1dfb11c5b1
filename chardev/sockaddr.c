/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "chardev/sockaddr.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "util/error.h"

bool sockaddr_parse(SockAddr *addr, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props);
    uint64_t fd = 0;
    *addr = (SockAddr){ .fd = -1 };
    addr->host = g_strdup(keyval_get(props, "host"));
    addr->port = g_strdup(keyval_get(props, "port"));
    addr->path = g_strdup(keyval_get(props, "path"));
    bool has_fd = keyval_get(props, "fd") != NULL;
    if (!keyval_get_number(props, "fd", 0, INT32_MAX, &fd, err) ||
        !keyval_get_bool(props, "abstract", &addr->abstract, err) ||
        !keyval_get_bool(props, "ipv4", &addr->ipv4, err) ||
        !keyval_get_bool(props, "ipv6", &addr->ipv6, err)) {
        return false;
    }
    addr->fd = has_fd ? (int)fd : -1;
    int kinds = has_fd + (addr->path != NULL) + (addr->port != NULL);
    if (kinds != 1 || (addr->host && !addr->port)) {
        return error_set(err, "%s: socket needs one address: host=,port= or path= or fd=", option);
    }
    uint64_t number;
    if (addr->port && g_ascii_isdigit(addr->port[0]) &&
        (!keyval_size(addr->port, 1, &number) || number > UINT16_MAX)) {
        return error_set(err, "%s: port=%s: must be at most 65535", option, addr->port);
    }
    if (addr->path && (!*addr->path || strlen(addr->path) >= sizeof(((struct sockaddr_un *)0)->sun_path))) {
        return error_set(err, "%s: path=%s: must be 1 to %zu bytes long", option, addr->path,
                         sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
    }
    return true;
}

void sockaddr_clear(SockAddr *addr)
{
    g_free(addr->host);
    g_free(addr->port);
    g_free(addr->path);
    *addr = (SockAddr){ .fd = -1 };
}

SockAddr sockaddr_copy(const SockAddr *addr)
{
    SockAddr copy = *addr;
    copy.host = g_strdup(addr->host);
    copy.port = g_strdup(addr->port);
    copy.path = g_strdup(addr->path);
    return copy;
}

char *sockaddr_describe(const SockAddr *addr)
{
    if (addr->path) {
        return g_strdup_printf("unix:%s", addr->path);
    }
    if (addr->fd >= 0) {
        return g_strdup_printf("fd:%d", addr->fd);
    }
    return g_strdup_printf("tcp:%s:%s", addr->host ? addr->host : "", addr->port);
}

/* Always -1; errno is the reason unless why is given. */
static int fail(const SockAddr *addr, const char *option, const char *what, const char *why, GError **err)
{
    g_autofree char *text = sockaddr_describe(addr);
    error_set(err, "%s: cannot %s %s: %s", option, what, text, why ? why : g_strerror(errno));
    return -1;
}

static int check_inherited(const SockAddr *addr, const char *option, bool listening, GError **err)
{
    int is_listening = 0;
    socklen_t len = sizeof(is_listening);
    if (getsockopt(addr->fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) != 0) {
        return fail(addr, option, "use", NULL, err);
    }
    if ((is_listening != 0) != listening) {
        return fail(addr, option, "use", listening ? "it is not listening; leave out server=on"
                                                   : "it is listening; add server=on", err);
    }
    fcntl(addr->fd, F_SETFL, fcntl(addr->fd, F_GETFL) | O_NONBLOCK);
    fcntl(addr->fd, F_SETFD, FD_CLOEXEC);
    return addr->fd;
}

static socklen_t fill_unix(const SockAddr *addr, struct sockaddr_un *un)
{
    size_t len = strlen(addr->path);
    memset(un, 0, sizeof(*un));
    un->sun_family = AF_UNIX;
    if (addr->abstract) {
        memcpy(un->sun_path + 1, addr->path, MIN(len, sizeof(un->sun_path) - 1));
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
    }
    memcpy(un->sun_path, addr->path, len);
    return sizeof(*un);
}

static int open_unix(const SockAddr *addr, bool listening, bool at_once)
{
    struct sockaddr_un un;
    socklen_t len = fill_unix(addr, &un);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (at_once ? SOCK_NONBLOCK : 0), 0);
    if (fd < 0) {
        return -1;
    }
    if (listening && !addr->abstract) {
        unlink(addr->path);         /* left by an earlier run */
    }
    int rc = listening ? bind(fd, (struct sockaddr *)&un, len) : connect(fd, (struct sockaddr *)&un, len);
    if (rc != 0 || (listening && listen(fd, 1) != 0)) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static struct addrinfo *resolve(const SockAddr *addr, bool listening, const char **why)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = listening ? AI_PASSIVE : 0 }, *list;
    hints.ai_family = addr->ipv4 == addr->ipv6 ? AF_UNSPEC : addr->ipv4 ? AF_INET : AF_INET6;
    bool any = !addr->host || !*addr->host;
    int rc = getaddrinfo(any ? NULL : addr->host, addr->port, &hints, &list);
    *why = rc ? gai_strerror(rc) : NULL;
    return rc ? NULL : list;
}

static int open_tcp(const SockAddr *addr, bool listening, unsigned seconds, const char **why)
{
    struct addrinfo *list = resolve(addr, listening, why);
    int fd = -1, one = 1, saved = 0;
    for (struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next) {
        fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);
        if (fd < 0) {
            saved = errno;
            continue;
        }
        if (listening) {
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        }
        if (seconds) {
            setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){ .tv_sec = seconds },
                       sizeof(struct timeval));
        }
        int rc = listening ? bind(fd, ai->ai_addr, ai->ai_addrlen) : connect(fd, ai->ai_addr, ai->ai_addrlen);
        if (rc != 0 || (listening && listen(fd, 1) != 0)) {
            saved = errno;
            close(fd);
            fd = -1;
        }
    }
    if (list) {
        freeaddrinfo(list);
    }
    *why = fd < 0 && saved == EINPROGRESS ? "it does not answer" : *why;
    errno = saved;
    return fd;
}

static void learn_port(SockAddr *addr, int fd)
{
    struct sockaddr_storage bound;
    socklen_t len = sizeof(bound);
    char port[16];
    if (getsockname(fd, (struct sockaddr *)&bound, &len) == 0 &&
        getnameinfo((struct sockaddr *)&bound, len, NULL, 0, port, sizeof(port), NI_NUMERICSERV) == 0) {
        g_free(addr->port);
        addr->port = g_strdup(port);
    }
}

static int open_any(const SockAddr *addr, const char *option, bool listening, unsigned seconds, GError **err)
{
    if (addr->fd >= 0) {
        return check_inherited(addr, option, listening, err);
    }
    const char *why = NULL;
    int fd = addr->path ? open_unix(addr, listening, seconds > 0) : open_tcp(addr, listening, seconds, &why);
    if (fd < 0) {
        return fail(addr, option, listening ? "listen on" : "connect to", why, err);
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

int sockaddr_listen(SockAddr *addr, const char *option, GError **err)
{
    int fd = open_any(addr, option, true, 0, err);
    if (fd >= 0 && addr->port) {
        learn_port(addr, fd);
    }
    return fd;
}

int sockaddr_connect(const SockAddr *addr, const char *option, unsigned seconds, GError **err)
{
    return open_any(addr, option, false, seconds, err);
}
