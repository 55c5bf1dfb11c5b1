/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of forwarding from the host to the guest. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include "net/user.h"
#include "net/user_state.h"
#include "util/error.h"

typedef struct {
    bool udp;
    struct in_addr host, guest;
    int host_port, guest_port;
} Rule;

/* Takes what is before the separator; *text is set behind it. NULL: there is none. */
static char *take(const char **text, char separator)
{
    const char *end = strchr(*text, separator);
    char *part = end ? g_strndup(*text, (gsize)(end - *text)) : NULL;
    *text = end ? end + 1 : *text;
    return part;
}

static bool read_port(const char *text, int *port)
{
    char *end;
    guint64 n = g_ascii_strtoull(text, &end, 10);
    *port = (int)n;
    return g_ascii_isdigit(*text) && !*end && n <= 65535;
}

static bool read_addr(const char *text, struct in_addr *addr)
{
    addr->s_addr = INADDR_ANY;
    return text && (!*text || inet_pton(AF_INET, text, addr) == 1);
}

static bool read_protocol(const char **text, bool *udp)
{
    g_autofree char *protocol = take(text, ':');
    *udp = g_strcmp0(protocol, "udp") == 0;
    return protocol && (!*protocol || *udp || strcmp(protocol, "tcp") == 0);
}

static bool parse(const char *text, Rule *r)
{
    if (!read_protocol(&text, &r->udp)) {
        return false;
    }
    g_autofree char *host = take(&text, ':'), *host_port = take(&text, '-'), *guest = take(&text, ':');
    return read_addr(host, &r->host) && host_port && read_port(host_port, &r->host_port) &&
           read_addr(guest, &r->guest) && read_port(text, &r->guest_port) && r->guest_port > 0;
}

bool user_forward_add(NetBackend *netdev, const char *option, const char *rule, GError **err)
{
    Rule r;
    UserState *u = netdev->state;
    if (!parse(rule, &r)) {
        return error_set(err, "%s: hostfwd=%s: must be [tcp|udp]:[HOST]:PORT-[GUEST]:PORT, with IPv4 "
                         "addresses, as "
                         "tcp::2222-:22", option, rule);
    }
    errno = 0;
    if (slirp_add_hostfwd(u->slirp, r.udp, r.host, r.host_port, r.guest, r.guest_port) < 0) {
        return error_set(err, "%s: hostfwd=%s: the port of the host cannot be had: %s", option, rule,
                         g_strerror(errno ? errno : EADDRINUSE));
    }
    user_poll_kick(u->poll);
    return true;
}

bool user_forward_remove(NetBackend *netdev, const char *option, const char *rule, GString *out, GError **err)
{
    UserState *u = netdev->state;
    const char *text = rule;
    struct in_addr host;
    int port;
    bool udp, good = read_protocol(&text, &udp);
    g_autofree char *addr = good ? take(&text, ':') : NULL;
    if (!read_addr(addr, &host) || !read_port(text, &port)) {
        return error_set(err, "%s: '%s': must be [tcp|udp]:[HOST]:PORT", option, rule);
    }
    if (slirp_remove_hostfwd(u->slirp, udp, host, port) < 0) {
        return error_set(err, "%s: there is no forwarding of %s", option, rule);
    }
    user_poll_kick(u->poll);
    g_string_append_printf(out, "host forwarding rule for %s removed\n", rule);
    return true;
}
