/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a VNC server listens. */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "ui/vnc_internal.h"
#include "util/error.h"
#include "util/unix_socket.h"

#define FIRST_PORT 5900
#define BACKLOG 8

void vnc_address_clear(VncAddress *address)
{
    g_free(address->host);
    g_free(address->service);
}

void vnc_address_of(int fd, bool peer, VncAddress *address)
{
    struct sockaddr_storage sa = { 0 };
    socklen_t len = sizeof(sa);
    char host[NI_MAXHOST] = "", service[NI_MAXSERV] = "";
    int rc = (peer ? getpeername : getsockname)(fd, (struct sockaddr *)&sa, &len);
    if (rc == 0 && sa.ss_family == AF_UNIX) {
        const struct sockaddr_un *un = (const struct sockaddr_un *)&sa;
        if (len > offsetof(struct sockaddr_un, sun_path)) {
            g_strlcpy(host, un->sun_path, MIN(sizeof(host), sizeof(un->sun_path)));
        }
    } else if (rc == 0) {
        getnameinfo((struct sockaddr *)&sa, len, host, sizeof(host), service, sizeof(service),
                    NI_NUMERICHOST | NI_NUMERICSERV);
    }
    *address = (VncAddress){ g_strdup(host), g_strdup(service),
                             sa.ss_family == AF_INET ? "ipv4" : sa.ss_family == AF_INET6 ? "ipv6" : "unix" };
}

static gboolean on_connection(gint fd, GIOCondition condition, gpointer opaque)
{
    VncSocket *s = opaque;
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client >= 0) {
        machine_lock(s->server->machine);
        vnc_accepted(s->server, &s->address, client, false);
        machine_unlock(s->server->machine);
    }
    return G_SOURCE_CONTINUE;
}

/* Takes fd, which is bound and listens. */
static void add_socket(VncServer *server, int fd, const char *path)
{
    VncSocket *s = g_new0(VncSocket, 1);
    s->server = server;
    s->fd = fd;
    s->path = path ? g_canonicalize_filename(path, NULL) : NULL;     /* the process may change its folder */
    vnc_address_of(fd, false, &s->address);
    s->source = g_unix_fd_source_new(fd, G_IO_IN);
    g_source_set_callback(s->source, G_SOURCE_FUNC(on_connection), s, NULL);
    g_source_attach(s->source, server->machine->context);
    g_ptr_array_add(server->sockets, s);
}

void vnc_socket_free(gpointer socket)
{
    VncSocket *s = socket;
    g_source_destroy(s->source);
    g_source_unref(s->source);
    close(s->fd);
    if (s->path) {
        unix_socket_remove(s->path);
    }
    vnc_address_clear(&s->address);
    g_free(s->path);
    g_free(s);
}

static bool listen_unix(VncServer *server, const char *path, GError **err)
{
    g_autoptr(GError) why = NULL;
    int fd = unix_socket_listen(path, false, BACKLOG, &why);
    if (fd < 0) {
        return error_set(err, "cannot listen there: %s", why->message);
    }
    add_socket(server, fd, path);
    return true;
}

static int listen_tcp(const struct addrinfo *ai)
{
    int on = 1, fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (ai->ai_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

/* All addresses of host at one port, or none. False with errno. */
static bool listen_port(VncServer *server, const struct addrinfo *list, unsigned port)
{
    guint before = server->sockets->len;
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        struct sockaddr_storage sa;
        struct addrinfo with_port = *ai;
        memcpy(&sa, ai->ai_addr, ai->ai_addrlen);
        with_port.ai_addr = (struct sockaddr *)&sa;
        if (ai->ai_family == AF_INET6) {
            ((struct sockaddr_in6 *)&sa)->sin6_port = htons((uint16_t)port);
        } else {
            ((struct sockaddr_in *)&sa)->sin_port = htons((uint16_t)port);
        }
        int fd = listen_tcp(&with_port);
        if (fd >= 0) {
            add_socket(server, fd, NULL);
        } else if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL) {
            int why = errno;        /* one of two families that is taken is a port that is taken */
            g_ptr_array_set_size(server->sockets, (gint)before);
            errno = why;
            return false;
        }
    }
    return server->sockets->len > before;
}

bool vnc_listen(VncServer *server, const char *where, unsigned to, GError **err)
{
    const char *colon = strrchr(where, ':');
    guint64 n;
    if (g_str_has_prefix(where, "unix:")) {
        return listen_unix(server, where + strlen("unix:"), err);
    }
    if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535 - FIRST_PORT, &n, NULL)) {
        return error_set(err, "must be none, HOST:N, :N (N is the port less %d) or unix:PATH", FIRST_PORT);
    }
    bool bracket = *where == '[' && colon > where + 1 && colon[-1] == ']';
    g_autofree char *host = g_strndup(where + bracket, (gsize)(colon - where) - 2 * bracket);
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *list;
    int rc = getaddrinfo(*host ? host : NULL, "0", &hints, &list);
    if (rc != 0) {
        return error_set(err, "%s: %s", host, gai_strerror(rc));
    }
    bool ok = false;
    for (guint64 at = n; !ok && at <= MAX(n, to) && at <= 65535 - FIRST_PORT; at++) {
        ok = listen_port(server, list, FIRST_PORT + (unsigned)at);
        if (!ok && errno != EADDRINUSE) {
            break;
        }
    }
    int why = errno;
    freeaddrinfo(list);
    return ok || error_set(err, "cannot listen at port %u: %s%s", FIRST_PORT + (unsigned)n, g_strerror(why),
                           why == EADDRINUSE ? "; another N, or to=N for the next that is free" : "");
}
