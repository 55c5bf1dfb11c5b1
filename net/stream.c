/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back ends on stream sockets, one peer at a time: stream (addr.type=...), and of socket the forms
 * listen=, connect= and fd=. net/dgram.c has the others.
 */
#include "net/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "chardev/sockaddr.h"
#include "util/error.h"
#include "util/unix_socket.h"

/* How long a connection may take while the machine stands still for it. */
#define CONNECT_SECONDS 5

typedef struct {
    SockAddr addr;
    bool server;
    int listen_fd;
    char *made_path;            /* absolute: the process may change its folder */
    NetWatch *accept;
    NetLink *link;              /* or NULL: nobody is there */
} Stream;

static void tell(NetBackend *netdev)
{
    Stream *s = netdev->state;
    g_autofree char *where = sockaddr_describe(&s->addr, NULL);
    g_autofree char *info = g_strconcat(where, s->server ? ",server=on" : "", s->link ? "" : ",disconnected",
                                        NULL);
    net_port_set_info(netdev->port, info);
}

static void ended(NetBackend *netdev)
{
    Stream *s = netdev->state;
    g_clear_pointer(&s->link, net_link_free);
    if (s->accept) {
        net_watch_want(s->accept, G_IO_IN);
    }
    net_port_purge(netdev->port);
    tell(netdev);
}

static void use(NetBackend *netdev, int fd)
{
    Stream *s = netdev->state;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));      /* fails for others, which need none */
    s->link = net_link_new(netdev, fd, ended);
    tell(netdev);
}

static void accept_peer(void *opaque, GIOCondition is)
{
    NetBackend *netdev = opaque;
    Stream *s = netdev->state;
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        net_watch_want(s->accept, 0);
        use(netdev, fd);
    }
}

static bool start(NetBackend *netdev, const char *option, GError **err)
{
    Stream *s = netdev->state;
    if (!s->server) {
        int fd = sockaddr_connect(&s->addr, option, CONNECT_SECONDS, err);
        if (fd >= 0) {
            use(netdev, fd);
        }
        return fd >= 0;
    }
    s->listen_fd = sockaddr_listen(&s->addr, option, err);
    if (s->listen_fd < 0) {
        return false;
    }
    if (s->addr.path && !s->addr.abstract) {
        s->made_path = g_canonicalize_filename(s->addr.path, NULL);
    }
    s->accept = net_watch_new(netdev->machine, s->listen_fd, accept_peer, netdev);
    net_watch_want(s->accept, G_IO_IN);
    tell(netdev);
    return true;
}

static Stream *new_state(NetBackend *netdev)
{
    Stream *s = g_new0(Stream, 1);
    s->listen_fd = -1;
    s->addr.fd = -1;
    netdev->state = s;
    return s;
}

bool stream_open_socket(NetBackend *netdev, const char *option, const char *listen_at, const char *connect_to,
                        int fd, GError **err)
{
    Stream *s = new_state(netdev);
    const char *text = listen_at ? listen_at : connect_to;
    s->server = listen_at != NULL;
    s->addr.fd = fd;
    if (text && !net_split_host(option, listen_at ? "listen" : "connect", text, &s->addr.host, &s->addr.port,
                                err)) {
        return false;
    }
    return start(netdev, option, err);
}

static bool stream_open(NetBackend *netdev, KeyVal *props, GError **err)
{
    Stream *s = new_state(netdev);
    const char *option = keyval_option(props), *type = keyval_get(props, "addr.type");
    const char *again = keyval_get(props, "reconnect");
    if (again && strcmp(again, "0") != 0) {
        return error_set(err, "%s: reconnect= is not there yet", option);
    }
    if (!type || (strcmp(type, "inet") != 0 && strcmp(type, "unix") != 0 && strcmp(type, "fd") != 0)) {
        return error_set(err, "%s: stream needs addr.type=inet, unix or fd", option);
    }
    if (!keyval_get_bool(props, "server", &s->server, err)) {
        return false;
    }
    g_autoptr(KeyVal) addr = keyval_sub(props, "addr.");
    keyval_get(addr, "type");
    if (strcmp(type, "fd") == 0 && keyval_get(addr, "str")) {
        keyval_set(addr, "fd", keyval_get(addr, "str"));
    }
    return sockaddr_parse(&s->addr, addr, err) && keyval_finish(addr, err) && keyval_finish(props, err) &&
           start(netdev, option, err);
}

void stream_close(NetBackend *netdev)
{
    Stream *s = netdev->state;
    net_watch_free(s->accept);
    net_link_free(s->link);
    if (s->listen_fd >= 0) {
        close(s->listen_fd);
    }
    if (s->made_path) {
        unix_socket_remove(s->made_path);
    }
    g_free(s->made_path);
    sockaddr_clear(&s->addr);
    g_free(s);
}

bool stream_can_receive(void *opaque, size_t len)
{
    Stream *s = ((NetBackend *)opaque)->state;
    return !s->link || net_link_has_room(s->link);
}

void stream_receive(void *opaque, const uint8_t *frame, size_t len)
{
    Stream *s = ((NetBackend *)opaque)->state;
    if (s->link) {
        net_link_send(s->link, frame, len);
    }
}

void stream_room(void *opaque)
{
    Stream *s = ((NetBackend *)opaque)->state;
    if (s->link) {
        net_link_room(s->link);
    }
}

const NetBackendType stream_netdev = {
    .name = "stream",
    .help = "a TCP or unix stream socket, frames behind their length (server=on|off, "
        "addr.type=inet,addr.host=,\n"
            "           addr.port= | addr.type=unix,addr.path= | addr.type=fd,addr.str=)",
    .open = stream_open,
    .close = stream_close,
    .ops = { .receive = stream_receive, .can_receive = stream_can_receive, .room = stream_room },
};
