/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -netdev socket: the older names of what stream and dgram do. */
#include <string.h>
#include <sys/socket.h>
#include "net/backend.h"
#include "net/dgram.h"
#include "net/stream.h"
#include "util/error.h"

typedef struct {
    NetBackend inner;           /* what does the work, on the same port */
} Socket;

static NetBackend *inner(void *opaque)
{
    return &((Socket *)((NetBackend *)opaque)->state)->inner;
}

static void socket_receive(void *opaque, const uint8_t *frame, size_t len)
{
    NetBackend *in = inner(opaque);
    in->type->ops.receive(in, frame, len);
}

static bool socket_can_receive(void *opaque)
{
    NetBackend *in = inner(opaque);
    return !in->state || !in->type->ops.can_receive || in->type->ops.can_receive(in);
}

static void socket_room(void *opaque)
{
    NetBackend *in = inner(opaque);
    in->type->ops.room(in);
}

static bool is_datagram(int fd)
{
    int type = 0;
    socklen_t len = sizeof(type);
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_DGRAM;
}

static bool socket_open(NetBackend *netdev, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props), *listen_at = keyval_get(props, "listen");
    const char *connect_to = keyval_get(props, "connect"), *mcast = keyval_get(props, "mcast");
    const char *udp = keyval_get(props, "udp"), *local = keyval_get(props, "localaddr");
    uint64_t fd = 0;
    bool has_fd = keyval_get(props, "fd") != NULL;
    if (!keyval_get_number(props, "fd", 3, INT32_MAX, &fd, err) || !keyval_finish(props, err)) {
        return false;
    }
    if (!!listen_at + !!connect_to + !!mcast + !!udp + has_fd != 1) {
        return error_set(err, "%s: socket needs one of listen=, connect=, mcast=, udp=, fd=", option);
    }
    if (local && !mcast && !udp) {
        return error_set(err, "%s: localaddr= goes with mcast= or udp=", option);
    }
    if (has_fd && is_datagram((int)fd)) {
        return error_set(err, "%s: fd=%d: is a datagram socket, which -netdev dgram,local.type=fd takes",
                         option,
                         (int)fd);
    }
    Socket *s = g_new0(Socket, 1);
    netdev->state = s;
    s->inner = *netdev;
    s->inner.state = NULL;
    s->inner.type = mcast || udp ? &dgram_netdev : &stream_netdev;
    return mcast || udp ? dgram_open_inet(&s->inner, option, mcast ? mcast : udp, local, err)
                        : stream_open_socket(&s->inner, option, listen_at, connect_to, has_fd ? (int)fd : -1,
                                             err);
}

static void socket_close(NetBackend *netdev)
{
    Socket *s = netdev->state;
    if (s->inner.state) {
        s->inner.type->close(&s->inner);
    }
    g_free(s);
}

const NetBackendType socket_netdev = {
    .name = "socket",
    .help = "sockets (listen=[HOST]:PORT | connect=HOST:PORT | mcast=GROUP:PORT[,localaddr=ADDR] |\n"
            "           udp=HOST:PORT,localaddr=HOST:PORT | fd=N)",
    .open = socket_open,
    .close = socket_close,
    .ops = { .receive = socket_receive, .can_receive = socket_can_receive, .room = socket_room },
};
