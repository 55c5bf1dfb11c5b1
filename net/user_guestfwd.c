/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guestfwd: a port of an address inside the user network that ends in a character device or a command. */
#include <arpa/inet.h>
#include <string.h>
#include "net/user.h"
#include "net/user_state.h"
#include "util/error.h"

struct UserPipe {
    Slirp *slirp;
    Chardev *chr;
    struct in_addr addr;
    int port;
};

static size_t pipe_room(void *opaque)
{
    UserPipe *p = opaque;
    return slirp_socket_can_recv(p->slirp, p->addr, p->port);
}

static void pipe_receive(void *opaque, const uint8_t *data, size_t len)
{
    UserPipe *p = opaque;
    slirp_socket_recv(p->slirp, p->addr, p->port, data, (int)len);
}

static const ChardevFrontend frontend = { .can_receive = pipe_room, .receive = pipe_receive };

static ssize_t pipe_write(const void *data, size_t len, void *opaque)
{
    chardev_write(((UserPipe *)opaque)->chr, data, len);
    return (ssize_t)len;
}

void user_guestfwd_free(gpointer data)
{
    UserPipe *p = data;
    if (p->chr) {
        chardev_release(p->chr);
    }
    g_free(p);
}

void user_guestfwd_poll(GPtrArray *pipes)
{
    for (guint i = 0; i < pipes->len; i++) {
        UserPipe *p = g_ptr_array_index(pipes, i);
        chardev_accept_input(p->chr);
    }
}

static bool in_use(UserPipe *p, const char *option, const char *rule, GError **err)
{
    return error_set(err, "%s: guestfwd=%s: libslirp refuses it; the address must lie in net=, not be host= "
                     "or dns=, "
                     "and have the port free", option, rule);
}

static bool add_chardev(NetBackend *netdev, UserPipe *p, const char *option, const char *rule,
                        const char *target,
                        GError **err)
{
    ChardevSet *chardevs = netdev_chardevs(netdev->set);
    g_autofree char *id = g_strdup_printf("guestfwd.%s.%d", net_port_name(netdev->port), p->port);
    bool made = !g_str_has_prefix(target, "chardev:");
    if (slirp_add_guestfwd(p->slirp, pipe_write, p, &p->addr, p->port) < 0) {
        return in_use(p, option, rule, err);
    }
    if (made ? chardev_set_open(chardevs, option, id, target, &p->chr, err)
             : (p->chr = chardev_set_claim(chardevs, option, target + strlen("chardev:"), id, err)) != NULL) {
        if (p->chr) {
            chardev_attach(p->chr, &frontend, p);
            return true;
        }
        error_set(err, "%s: guestfwd=%s: 'none' is no character device", option, rule);
    }
    slirp_remove_guestfwd(p->slirp, p->addr, p->port);
    return false;
}

bool user_guestfwd_add(NetBackend *netdev, Slirp *slirp, GPtrArray *pipes, const char *option,
                       const char *rule,
                       GError **err)
{
    UserPipe *p = g_new0(UserPipe, 1);
    p->slirp = slirp;
    g_auto(GStrv) parts = g_strsplit(rule, "-", 2);
    g_auto(GStrv) where = g_strsplit(parts[0] ? parts[0] : "", ":", 3);
    char *end = NULL;
    bool good = parts[0] && parts[1] && g_strv_length(where) == 3 &&
                (!*where[0] || strcmp(where[0], "tcp") == 0) &&
                inet_pton(AF_INET, where[1], &p->addr) == 1;
    guint64 port = good ? g_ascii_strtoull(where[2], &end, 10) : 0;
    if (!good || !port || port > 65535 || *end) {
        g_free(p);
        return error_set(err, "%s: guestfwd=%s: must be tcp:ADDR:PORT-chardev:ID or "
                         "tcp:ADDR:PORT-cmd:COMMAND",
                         option, rule);
    }
    p->port = (int)port;
    if (g_str_has_prefix(parts[1], "cmd:")) {
        good = slirp_add_exec(slirp, parts[1] + strlen("cmd:"), &p->addr, p->port) == 0 ||
               in_use(p, option, rule, err);
        g_free(p);
        return good;
    }
    if (!add_chardev(netdev, p, option, rule, parts[1], err)) {
        g_free(p);
        return false;
    }
    g_ptr_array_add(pipes, p);
    return true;
}
