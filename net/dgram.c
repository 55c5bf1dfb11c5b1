/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back ends on datagram sockets, one frame in each: dgram, and of socket the forms mcast= and udp=. What is
 * sent to a multicast group comes back, too: members on one host have the same address and cannot be told
 * apart.
 */
#include "net/dgram.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "util/error.h"
#include "util/unix_socket.h"

/* Frames taken from the host in one go, before others have their turn. */
#define BATCH 64

typedef struct {
    int fd;
    char *made_path;
    NetWatch *watch;
    struct sockaddr_storage to;
    socklen_t to_len;           /* 0: the socket is connected */
    uint8_t buffer[NET_FRAME_MAX];
} Dgram;

static void ready(void *opaque, GIOCondition is)
{
    NetBackend *netdev = opaque;
    Dgram *d = netdev->state;
    for (unsigned i = 0; i < BATCH; i++) {
        ssize_t n = recv(d->fd, d->buffer, sizeof(d->buffer), 0);
        if (n < 0) {
            return;
        }
        if (n > 0 && !net_send(netdev->port, d->buffer, (size_t)n)) {
            net_watch_want(d->watch, 0);
            return;
        }
    }
}

void dgram_room(void *opaque)
{
    net_watch_want(((Dgram *)((NetBackend *)opaque)->state)->watch, G_IO_IN);
}

void dgram_receive(void *opaque, const uint8_t *frame, size_t len)
{
    Dgram *d = ((NetBackend *)opaque)->state;
    /* What the host does not take is lost, as on any wire. */
    struct sockaddr *to = d->to_len ? (struct sockaddr *)&d->to : NULL;
    (void)!sendto(d->fd, frame, len, MSG_NOSIGNAL | MSG_DONTWAIT, to, d->to_len);
}

static Dgram *new_state(NetBackend *netdev)
{
    Dgram *d = g_new0(Dgram, 1);
    d->fd = -1;
    netdev->state = d;
    return d;
}

static bool start(NetBackend *netdev, const char *info)
{
    Dgram *d = netdev->state;
    fcntl(d->fd, F_SETFL, fcntl(d->fd, F_GETFL) | O_NONBLOCK);
    d->watch = net_watch_new(netdev->machine, d->fd, ready, netdev);
    net_watch_want(d->watch, G_IO_IN);
    net_port_set_info(netdev->port, info);
    return true;
}

/* ---- internet ---- */

static bool resolve(const char *option, const char *what, const char *text, struct sockaddr_in *out,
                    GError **err)
{
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_DGRAM }, *list = NULL;
    g_autofree char *host = NULL, *port = NULL;
    if (!net_split_host(option, what, text, &host, &port, err)) {
        return false;
    }
    int rc = getaddrinfo(host ? host : "0.0.0.0", port, &hints, &list);
    if (rc) {
        return error_set(err, "%s: %s=%s: %s", option, what, text, gai_strerror(rc));
    }
    memcpy(out, list->ai_addr, sizeof(*out));
    freeaddrinfo(list);
    return true;
}

static bool failed(const char *option, const char *doing, const char *where, GError **err)
{
    return error_set(err, "%s: cannot %s %s: %s", option, doing, where, g_strerror(errno));
}

static bool join(Dgram *d, const char *option, const char *text, const struct sockaddr_in *group,
                 const struct sockaddr_in *local, GError **err)
{
    struct ip_mreq request = { .imr_multiaddr = group->sin_addr };
    int on = 1;
    uint8_t loop = 1;
    if (local) {
        request.imr_interface = local->sin_addr;
    }
    setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(d->fd, (const struct sockaddr *)group, sizeof(*group)) != 0) {
        return failed(option, "bind to", text, err);
    }
    if (setsockopt(d->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)) != 0) {
        return failed(option, "join", text, err);
    }
    setsockopt(d->fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof(loop));
    return !local || setsockopt(d->fd, IPPROTO_IP, IP_MULTICAST_IF, &local->sin_addr,
                                sizeof(local->sin_addr)) == 0 ||
           failed(option, "send from", "localaddr=", err);
}

bool dgram_open_inet(NetBackend *netdev, const char *option, const char *remote, const char *local,
                     GError **err)
{
    Dgram *d = new_state(netdev);
    struct sockaddr_in to, from = { .sin_family = AF_INET };
    int on = 1;
    g_autofree char *local_port = local && !strchr(local, ':') ? g_strconcat(local, ":0", NULL)
        : g_strdup(local);
    if (!resolve(option, "remote", remote, &to, err) ||
        (local && !resolve(option, "local", local_port, &from, err))) {
        return false;
    }
    d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (d->fd < 0) {
        return failed(option, "make", "a socket", err);
    }
    memcpy(&d->to, &to, sizeof(to));
    d->to_len = sizeof(to);
    bool group = IN_MULTICAST(ntohl(to.sin_addr.s_addr));
    if (!group && !local) {
        return error_set(err, "%s: %s: needs a local address (localaddr=HOST:PORT) too", option, remote);
    }
    setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (group && !join(d, option, remote, &to, local ? &from : NULL, err)) {
        return false;
    }
    if (!group && bind(d->fd, (struct sockaddr *)&from, sizeof(from)) != 0) {
        return failed(option, "bind to", local, err);
    }
    g_autofree char *info = g_strdup_printf("%s%s%s%s", group ? "mcast=" : "udp=", remote,
                                            local ? ",local=" : "", local ? local : "");
    return start(netdev, info);
}

/* ---- unix ---- */

static bool is_path(const char *option, const char *path, struct sockaddr_un *un, GError **err)
{
    return (path && unix_socket_address(un, path, false)) ||
           error_set(err, "%s: a unix address needs path=, of 1 to %zu bytes", option,
                     sizeof(un->sun_path) - 1);
}

static bool open_unix(NetBackend *netdev, const char *option, const char *remote, const char *local,
                      GError **err)
{
    Dgram *d = netdev->state;
    g_autoptr(GError) why = NULL;
    struct sockaddr_un from, *to = (struct sockaddr_un *)&d->to;
    if (!is_path(option, remote, to, err) || !is_path(option, local, &from, err)) {
        return false;
    }
    d->to_len = sizeof(*to);
    d->fd = unix_socket_datagrams(local, &why);
    if (d->fd < 0) {
        return error_set(err, "%s: cannot bind to %s: %s", option, local, why->message);
    }
    d->made_path = g_canonicalize_filename(local, NULL);
    g_autofree char *info = g_strdup_printf("unix=%s,local=%s", remote, local);
    return start(netdev, info);
}

static bool open_fd(NetBackend *netdev, const char *option, const char *text, GError **err)
{
    Dgram *d = netdev->state;
    int type = 0;
    socklen_t len = sizeof(type);
    char *end = NULL;
    gint64 fd = text ? g_ascii_strtoll(text, &end, 10) : -1;
    if (fd < 0 || *end || getsockopt((int)fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_DGRAM) {
        return error_set(err, "%s: local.str=%s: is no datagram socket that was inherited", option,
                         text ? text : "");
    }
    d->fd = (int)fd;
    g_autofree char *info = g_strdup_printf("fd=%d", d->fd);
    return start(netdev, info);
}

/* "local." or "remote." host and port as one text. */
static char *inet_text(KeyVal *props, const char *side)
{
    g_autofree char *host_key = g_strconcat(side, ".host", NULL);
    g_autofree char *port_key = g_strconcat(side, ".port", NULL);
    const char *host = keyval_get(props, host_key), *port = keyval_get(props, port_key);
    return host || port ? g_strdup_printf("%s:%s", host ? host : "", port ? port : "0") : NULL;
}

static bool dgram_open(NetBackend *netdev, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props);
    const char *local = keyval_get(props, "local.type"), *remote = keyval_get(props, "remote.type");
    const char *type = local ? local : remote;
    g_autofree char *local_inet = inet_text(props, "local"), *remote_inet = inet_text(props, "remote");
    const char *local_path = keyval_get(props, "local.path"), *remote_path = keyval_get(props, "remote.path");
    const char *fd = keyval_get(props, "local.str");
    if (!keyval_finish(props, err)) {
        return false;
    }
    if (!type || (local && remote && strcmp(local, remote) != 0)) {
        return error_set(err, "%s: dgram needs local.type= and remote.type=, both inet or both unix, or "
                         "local.type=fd", option);
    }
    if (strcmp(type, "inet") == 0) {
        return remote_inet ? dgram_open_inet(netdev, option, remote_inet, local_inet, err)
                           : error_set(err, "%s: needs remote.host= and remote.port=", option);
    }
    new_state(netdev);
    if (strcmp(type, "unix") == 0) {
        return open_unix(netdev, option, remote_path, local_path, err);
    }
    return strcmp(type, "fd") == 0 ? open_fd(netdev, option, fd, err)
                                   : error_set(err, "%s: local.type=%s: must be inet, unix or fd", option,
                                               type);
}

void dgram_close(NetBackend *netdev)
{
    Dgram *d = netdev->state;
    net_watch_free(d->watch);
    if (d->fd >= 0) {
        close(d->fd);
    }
    if (d->made_path) {
        unix_socket_remove(d->made_path);
    }
    g_free(d->made_path);
    g_free(d);
}

const NetBackendType dgram_netdev = {
    .name = "dgram",
    .help = "datagrams, one frame in each "
        "(local.type=inet,local.host=,local.port=,remote.type=inet,remote.host=,\n"
            "           remote.port= | local.type=unix,local.path=,remote.type=unix,remote.path= |\n"
            "           local.type=fd,local.str=)",
    .open = dgram_open,
    .close = dgram_close,
    .ops = { .receive = dgram_receive, .room = dgram_room },
};
