/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network of the guest's own behind the host's addresses, by libslirp: it needs no rights on the host. */
#include "net/user.h"

#include <string.h>
#include "net/user_state.h"
#include "util/bits.h"
#include "util/error.h"
#include "util/log.h"

/* ---- what libslirp asks for ---- */

static ssize_t send_packet(const void *frame, size_t len, void *opaque)
{
    UserState *u = opaque;
    if (!net_send(u->netdev->port, frame, len)) {
        user_poll_set_on(u->poll, false);       /* the host's senders wait until the guest has taken it */
    }
    return (ssize_t)len;
}

static void guest_error(const char *message, void *opaque)
{
    guest_log("user network: %s", message);
}

static int64_t clock_get_ns(void *opaque)
{
    return clock_now(((UserState *)opaque)->netdev->machine->clock, CLOCK_VIRTUAL);
}

static void *new_timer(SlirpTimerCb func, void *func_opaque, void *opaque)
{
    return timer_new(((UserState *)opaque)->netdev->machine->clock, CLOCK_VIRTUAL, func, func_opaque);
}

static void free_timer(void *timer, void *opaque)
{
    timer_free(timer);
}

static void set_timer(void *timer, int64_t ms, void *opaque)
{
    timer_arm(timer, ms * 1000000);
}

/* Descriptors are told anew before each wait. */
static void poll_fd(int fd, void *opaque)
{
}

static void notify(void *opaque)
{
    UserState *u = opaque;
    if (u->poll) {
        user_poll_kick(u->poll);
    }
}

static const SlirpCb callbacks = {
    .send_packet = send_packet, .guest_error = guest_error, .clock_get_ns = clock_get_ns,
    .timer_new = new_timer, .timer_free = free_timer, .timer_mod = set_timer,
    .register_poll_fd = poll_fd, .unregister_poll_fd = poll_fd, .notify = notify,
};

/* ---- the back end ---- */

/* Those that tell addresses let go what waits for them, which only a look at everything does. */
static bool tells_address(const uint8_t *frame, size_t len)
{
    enum { TYPE = 12, ARP = 0x0806, IPV6 = 0x86dd, NEXT_HEADER = 20, ICMPV6 = 58 };
    uint64_t type = len > NEXT_HEADER ? load_be(frame + TYPE, 2) : 0;
    return type == ARP || (type == IPV6 && frame[NEXT_HEADER] == ICMPV6);
}

static void user_receive(void *opaque, const uint8_t *frame, size_t len)
{
    UserState *u = ((NetBackend *)opaque)->state;
    slirp_input(u->slirp, frame, (int)len);
    user_guestfwd_poll(u->pipes);
    if (tells_address(frame, len)) {
        user_poll_kick(u->poll);
    } else {
        user_poll_sent(u->poll);
    }
}

static void user_room(void *opaque)
{
    user_poll_set_on(((UserState *)((NetBackend *)opaque)->state)->poll, true);
}

static bool make(NetBackend *netdev, const UserOptions *o, const char *option, GError **err)
{
    UserState *u = netdev->state;
    u->slirp = slirp_new(&o->config, &callbacks, u);
    if (!u->slirp) {
        return error_set(err, "%s: libslirp %s refuses this", option, slirp_version_string());
    }
    u->poll = user_poll_new(netdev->machine, u->slirp);
    for (char **rule = o->hostfwd; *rule; rule++) {
        if (!user_forward_add(netdev, option, *rule, err)) {
            return false;
        }
    }
    for (char **rule = o->guestfwd; *rule; rule++) {
        if (!user_guestfwd_add(netdev, u->slirp, u->pipes, option, *rule, err)) {
            return false;
        }
    }
    net_port_set_info(netdev->port, o->info);
    return true;
}

static bool user_open(NetBackend *netdev, KeyVal *props, GError **err)
{
    UserOptions o;
    UserState *u = g_new0(UserState, 1);
    netdev->state = u;
    u->netdev = netdev;
    u->pipes = g_ptr_array_new_with_free_func(user_guestfwd_free);
    bool good = user_options_read(&o, props, err) && make(netdev, &o, keyval_option(props), err);
    user_options_clear(&o);
    return good;
}

static void user_close(NetBackend *netdev)
{
    UserState *u = netdev->state;
    user_poll_free(u->poll);
    if (u->slirp) {
        slirp_cleanup(u->slirp);
    }
    g_ptr_array_free(u->pipes, TRUE);
    g_free(u);
}

void user_describe(NetBackend *netdev, GString *out)
{
    UserState *u = netdev->state;
    char *text = slirp_connection_info(u->slirp);
    g_string_append(out, text);
    g_free(text);
}

const NetBackendType user_netdev = {
    .name = "user",
    .help = "a network behind the host's addresses, by libslirp (net=ADDR/BITS, host=, dns=, dhcpstart=,\n"
            "           hostname=, domainname=, dnssearch=, restrict=on|off, tftp=DIR, bootfile=,\n"
            "           tftp-server-name=, hostfwd=[tcp|udp]:[HOST]:PORT-[GUEST]:PORT,\n"
            "           guestfwd=tcp:ADDR:PORT-chardev:ID or -cmd:COMMAND, ipv4=on|off, ipv6=on|off,\n"
            "           ipv6-prefix=, ipv6-prefixlen=, ipv6-host=, ipv6-dns=)",
    .open = user_open,
    .close = user_close,
    .ops = { .receive = user_receive, .room = user_room },
};
