/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP between two addresses: each write of the front end is a datagram, what comes from that peer is input.
 * Nobody can tell whether the peer is there.
 */
#include "chardev/backend.h"

#include "chardev/connect.h"
#include "util/error.h"

typedef struct {
    SockAddr remote, local;
} Udp;

static void use_socket(Chardev *chr, int fd)
{
    chr->port = fdport_new(chr, fd, fd);
    fdport_set_datagrams(chr->port);
    chardev_set_connected(chr, true);
    fdport_update(chr->port);
}

static void opened(Chardev *chr, int fd, const SockAddr *addr, const GError *err)
{
    if (fd >= 0) {
        use_socket(chr, fd);
    }
    connect_tell(chr, err);
}

static bool udp_open(Chardev *chr, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props);
    Udp *u = g_new0(Udp, 1);
    chr->state = u;
    if (!sockaddr_parse_udp(&u->remote, &u->local, props, err) || !keyval_finish(props, err)) {
        return false;
    }
    if (chr->background && !sockaddr_is_quick(SOCKADDR_DATAGRAMS, &u->remote, &u->local)) {
        connect_begin(chr, SOCKADDR_DATAGRAMS, &u->remote, &u->local, option, true, opened);
        return true;
    }
    int fd = sockaddr_open(SOCKADDR_DATAGRAMS, &u->remote, &u->local, option, 0, err);
    if (fd >= 0) {
        use_socket(chr, fd);
    }
    return fd >= 0;
}

static void udp_hangup(Chardev *chr)
{
}

static void udp_close(Chardev *chr)
{
    Udp *u = chr->state;
    connect_stop(chr);
    sockaddr_clear(&u->remote);
    sockaddr_clear(&u->local);
    g_free(u);
}

static char *udp_describe(const Chardev *chr)
{
    const Udp *u = chr->state;
    g_autofree char *from = sockaddr_describe(&u->local, "@");
    g_autofree char *to = sockaddr_describe(&u->remote, "udp");
    return g_strconcat(to, "@", from + 2, NULL);
}

const ChardevBackend udp_backend = {
    .name = "udp",
    .help = "datagrams (host=localhost,port=; localaddr=,localport= of this end; ipv4=on|off, ipv6=on|off)",
    .open = udp_open,
    .close = udp_close,
    .hangup = udp_hangup,
    .describe = udp_describe,
};
