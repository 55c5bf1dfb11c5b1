/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "chardev/sockaddr.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "util/error.h"
#include "util/unix_socket.h"

static bool check_port(const char *option, const char *key, const char *port, GError **err)
{
    uint64_t number;
    if (port && g_ascii_isdigit(port[0]) && (!keyval_size(port, 1, &number) || number > UINT16_MAX)) {
        return error_set(err, "%s: %s=%s: must be at most 65535", option, key, port);
    }
    return true;
}

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
    if (!check_port(option, "port", addr->port, err)) {
        return false;
    }
    if (addr->path && (!*addr->path || strlen(addr->path) >= sizeof(((struct sockaddr_un *)0)->sun_path))) {
        return error_set(err, "%s: path=%s: must be 1 to %zu bytes long", option, addr->path,
                         sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
    }
    return true;
}

static char *or_else(const char *text, const char *other)
{
    return g_strdup(text && *text ? text : other);
}

bool sockaddr_parse_udp(SockAddr *addr, SockAddr *local, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props);
    *addr = (SockAddr){ .fd = -1 };
    *local = (SockAddr){ .fd = -1 };
    addr->host = or_else(keyval_get(props, "host"), "localhost");
    addr->port = g_strdup(keyval_get(props, "port"));
    local->host = or_else(keyval_get(props, "localaddr"), NULL);
    local->port = or_else(keyval_get(props, "localport"), "0");
    if (!keyval_get_bool(props, "ipv4", &addr->ipv4, err) ||
        !keyval_get_bool(props, "ipv6", &addr->ipv6, err)) {
        return false;
    }
    if (!addr->port || !*addr->port) {
        return error_set(err, "%s: udp needs port=, where it sends to", option);
    }
    return check_port(option, "port", addr->port, err) &&
           check_port(option, "localport", local->port, err);
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

char *sockaddr_describe(const SockAddr *addr, const char *kind)
{
    if (addr->path) {
        return g_strdup_printf("unix:%s", addr->path);
    }
    if (addr->fd >= 0) {
        return g_strdup_printf("fd:%d", addr->fd);
    }
    bool v6 = addr->host && strchr(addr->host, ':');
    return g_strdup_printf(v6 ? "%s:[%s]:%s" : "%s:%s:%s", kind ? kind : "tcp", addr->host ? addr->host : "",
                           addr->port);
}

/* Always -1; errno is the reason unless why is given. */
static int fail(const SockAddr *addr, const char *kind, const char *option, const char *what, const char *why,
                GError **err)
{
    g_autofree char *text = sockaddr_describe(addr, kind);
    error_set(err, "%s: cannot %s %s: %s", option, what, text, why ? why : g_strerror(errno));
    return -1;
}

static int check_inherited(const SockAddr *addr, const char *option, bool listening, GError **err)
{
    int is_listening = 0;
    socklen_t len = sizeof(is_listening);
    if (getsockopt(addr->fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) != 0) {
        return fail(addr, NULL, option, "use", NULL, err);
    }
    if ((is_listening != 0) != listening) {
        return fail(addr, NULL, option, "use", listening ? "it is not listening; leave out server=on"
                                                   : "it is listening; add server=on", err);
    }
    fcntl(addr->fd, F_SETFL, fcntl(addr->fd, F_GETFL) | O_NONBLOCK);
    fcntl(addr->fd, F_SETFD, FD_CLOEXEC);
    return addr->fd;
}

static int connect_unix(const SockAddr *addr, bool at_once)
{
    struct sockaddr_un un;
    socklen_t len = unix_socket_address(&un, addr->path, addr->abstract);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (at_once ? SOCK_NONBLOCK : 0), 0);
    if (fd >= 0 && (!len || connect(fd, (struct sockaddr *)&un, len) != 0)) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static int listen_unix(const SockAddr *addr, const char *option, GError **err)
{
    g_autoptr(GError) why = NULL;
    int fd = unix_socket_listen(addr->path, addr->abstract, 1, &why);
    return fd >= 0 ? fd : fail(addr, NULL, option, "listen on", why->message, err);
}

static struct addrinfo *resolve(const SockAddr *addr, int type, int flags, const char **why)
{
    struct addrinfo hints = { .ai_socktype = type, .ai_flags = flags }, *list;
    hints.ai_family = addr->ipv4 == addr->ipv6 ? AF_UNSPEC : addr->ipv4 ? AF_INET : AF_INET6;
    bool any = !addr->host || !*addr->host;
    int rc = getaddrinfo(any ? NULL : addr->host, addr->port, &hints, &list);
    *why = rc ? gai_strerror(rc) : NULL;
    return rc ? NULL : list;
}

static int open_tcp(const SockAddr *addr, bool listening, unsigned seconds, const char **why)
{
    struct addrinfo *list = resolve(addr, SOCK_STREAM, listening ? AI_PASSIVE : 0, why);
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

static int open_stream(SockAddr *addr, const char *option, bool listening, unsigned seconds, GError **err)
{
    if (addr->fd >= 0) {
        return check_inherited(addr, option, listening, err);
    }
    if (addr->path && listening) {
        return listen_unix(addr, option, err);
    }
    const char *why = NULL;
    int fd = addr->path ? connect_unix(addr, seconds > 0) : open_tcp(addr, listening, seconds, &why);
    if (fd < 0) {
        return fail(addr, NULL, option, listening ? "listen on" : "connect to", why, err);
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    if (listening && addr->port) {
        learn_port(addr, fd);
    }
    return fd;
}

/* From one of the local addresses to this one, if there is a local one of its kind. */
static int open_datagrams_to(const struct addrinfo *to, const struct addrinfo *from)
{
    int fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, to->ai_protocol);
    while (from && from->ai_family != to->ai_family) {
        from = from->ai_next;
    }
    if (fd >= 0 && (!from || bind(fd, from->ai_addr, from->ai_addrlen) != 0 ||
                    connect(fd, to->ai_addr, to->ai_addrlen) != 0)) {
        int saved = from ? errno : EAFNOSUPPORT;
        close(fd);
        fd = -1;
        errno = saved;
    }
    return fd;
}

static int open_datagrams(SockAddr *addr, SockAddr *local, const char *option, GError **err)
{
    const char *why = NULL;
    struct addrinfo *to = resolve(addr, SOCK_DGRAM, 0, &why), *from = NULL;
    const SockAddr *wrong = addr;
    int fd = -1, saved = 0;
    if (to) {
        from = resolve(local, SOCK_DGRAM, AI_PASSIVE, &why);
        wrong = from ? addr : local;
    }
    for (struct addrinfo *ai = from ? to : NULL; ai && fd < 0; ai = ai->ai_next) {
        fd = open_datagrams_to(ai, from);
        saved = errno;
    }
    if (to) {
        freeaddrinfo(to);
    }
    if (from) {
        freeaddrinfo(from);
    }
    if (fd < 0) {
        g_autofree char *mine = sockaddr_describe(local, "from");
        g_autofree char *what = g_strdup_printf("send %s to", mine);
        errno = saved;
        return fail(wrong, "udp", option, what, why, err);
    }
    learn_port(local, fd);
    return fd;
}

int sockaddr_open(SockAddrUse use, SockAddr *addr, SockAddr *local, const char *option, unsigned seconds,
                  GError **err)
{
    if (use == SOCKADDR_DATAGRAMS) {
        return open_datagrams(addr, local, option, err);
    }
    return open_stream(addr, option, use == SOCKADDR_LISTEN, use == SOCKADDR_LISTEN ? 0 : seconds, err);
}

int sockaddr_listen(SockAddr *addr, const char *option, GError **err)
{
    return sockaddr_open(SOCKADDR_LISTEN, addr, NULL, option, 0, err);
}

int sockaddr_connect(SockAddr *addr, const char *option, unsigned seconds, GError **err)
{
    return sockaddr_open(SOCKADDR_CONNECT, addr, NULL, option, seconds, err);
}

/* Or a name that every host has in a file. */
static bool is_number(const SockAddr *addr)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *list;
    if (!addr->host || !*addr->host || strcmp(addr->host, "localhost") == 0) {
        return true;
    }
    bool number = getaddrinfo(addr->host, NULL, &hints, &list) == 0;
    if (number) {
        freeaddrinfo(list);
    }
    return number;
}

bool sockaddr_is_quick(SockAddrUse use, const SockAddr *addr, const SockAddr *local)
{
    if (use == SOCKADDR_CONNECT) {
        return addr->port == NULL;
    }
    return is_number(addr) && (!local || is_number(local));
}
