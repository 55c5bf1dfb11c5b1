/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tap: a network interface of a Linux host. Documentation/networking/tuntap.rst of Linux. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "net/backend.h"
#include "util/error.h"

#define BATCH 64        /* frames taken in one go */

typedef struct {
    int fd;
    char *ifname, *downscript;
    bool set_up;                /* the script was run */
    NetWatch *watch;
    uint8_t buffer[NET_FRAME_MAX];
} Tap;

static void ready(void *opaque, GIOCondition is)
{
    NetBackend *netdev = opaque;
    Tap *t = netdev->state;
    for (unsigned i = 0; i < BATCH; i++) {
        ssize_t n = read(t->fd, t->buffer, sizeof(t->buffer));
        if (n <= 0) {
            if (n < 0 && errno != EAGAIN && errno != EINTR) {
                g_printerr("valletta: network '%s': %s: %s\n", net_port_name(netdev->port), t->ifname,
                           g_strerror(errno));
                net_watch_want(t->watch, 0);
            }
            return;
        }
        if (!net_send(netdev->port, t->buffer, (size_t)n)) {
            net_watch_want(t->watch, 0);
            return;
        }
    }
}

static void tap_room(void *opaque)
{
    net_watch_want(((Tap *)((NetBackend *)opaque)->state)->watch, G_IO_IN);
}

static void tap_receive(void *opaque, const uint8_t *frame, size_t len)
{
    Tap *t = ((NetBackend *)opaque)->state;
    (void)!write(t->fd, frame, len);        /* what an interface that is down refuses is lost */
}

static bool run_script(const char *option, const char *key, const char *script, const char *ifname,
                       GError **err)
{
    g_autoptr(GError) why = NULL;
    char *argv[] = { (char *)script, (char *)ifname, NULL };
    int status = 0;
    if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL, NULL, &status,
                      &why) ||
        !g_spawn_check_wait_status(status, &why)) {
        return error_set(err, "%s: %s=%s: %s", option, key, script, why->message);
    }
    return true;
}

static bool make_interface(Tap *t, const char *option, const char *ifname, GError **err)
{
    struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    if (ifname && strlen(ifname) >= IFNAMSIZ) {
        return error_set(err, "%s: ifname=%s: must be shorter than %d bytes", option, ifname, IFNAMSIZ);
    }
    t->fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (t->fd < 0) {
        return error_set(err, "%s: cannot open /dev/net/tun: %s", option, g_strerror(errno));
    }
    g_strlcpy(request.ifr_name, ifname ? ifname : "tap%d", IFNAMSIZ);
    if (ioctl(t->fd, TUNSETIFF, &request) != 0) {
        return error_set(err, "%s: cannot get the interface %s: %s; an administrator makes one with \"ip "
                         "tuntap add "
                         "dev NAME mode tap user USER\"", option, ifname ? ifname : "tap", g_strerror(errno));
    }
    t->ifname = g_strndup(request.ifr_name, IFNAMSIZ);
    return true;
}

static bool take_fd(Tap *t, const char *option, int fd, GError **err)
{
    struct ifreq request = { 0 };
    if (ioctl(fd, TUNGETIFF, &request) != 0) {
        return error_set(err, "%s: fd=%d: is no tap device that was inherited", option, fd);
    }
    if (!(request.ifr_flags & IFF_TAP) || !(request.ifr_flags & IFF_NO_PI) ||
        (request.ifr_flags & IFF_VNET_HDR)) {
        return error_set(err, "%s: fd=%d: must be made with IFF_TAP and IFF_NO_PI and without IFF_VNET_HDR",
                         option,
                         fd);
    }
    t->fd = fd;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    t->ifname = g_strndup(request.ifr_name, IFNAMSIZ);
    return true;
}

static bool refuse_absent(KeyVal *props, GError **err)
{
    static const char *const switches[] = { "vhost", "vhostforce", "vnet_hdr" };
    static const char *const valued[] = { "helper", "br", "fds", "vhostfd", "vhostfds", "queues", "poll-us" };
    for (size_t i = 0; i < G_N_ELEMENTS(switches); i++) {
        bool on = false;
        if (!keyval_get_bool(props, switches[i], &on, err)) {
            return false;
        }
        if (on) {
            return error_set(err, "%s: %s=on: there is no virtio device that would use it",
                             keyval_option(props),
                             switches[i]);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(valued); i++) {
        if (keyval_get(props, valued[i])) {
            return error_set(err, "%s: %s= is not there yet; ifname= and fd= are", keyval_option(props),
                             valued[i]);
        }
    }
    return true;
}

static const char *script_of(KeyVal *props, const char *key)
{
    const char *script = keyval_get(props, key);
    return script && strcmp(script, "no") != 0 && *script ? script : NULL;
}

static bool tap_open(NetBackend *netdev, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props), *ifname = keyval_get(props, "ifname");
    const char *script = script_of(props, "script"), *down = script_of(props, "downscript");
    uint64_t fd = 0, sndbuf = 0;
    bool has_fd = keyval_get(props, "fd") != NULL;
    if (!keyval_get_number(props, "fd", 3, INT32_MAX, &fd, err) ||
        !keyval_get_size(props, "sndbuf", 1, &sndbuf, err) || !refuse_absent(props, err) ||
        !keyval_finish(props, err)) {
        return false;
    }
    if (has_fd && (ifname || script || down)) {
        return error_set(err, "%s: ifname=, script= and downscript= do not go with fd=", option);
    }
    Tap *t = g_new0(Tap, 1);
    netdev->state = t;
    t->fd = -1;
    if (has_fd ? !take_fd(t, option, (int)fd, err) : !make_interface(t, option, ifname, err)) {
        return false;
    }
    int limit = (int)MIN(sndbuf, INT32_MAX);
    if (sndbuf && ioctl(t->fd, TUNSETSNDBUF, &limit) != 0) {
        return error_set(err, "%s: sndbuf=: %s", option, g_strerror(errno));
    }
    if (script && !run_script(option, "script", script, t->ifname, err)) {
        return false;
    }
    t->set_up = true;
    t->downscript = g_strdup(down);
    t->watch = net_watch_new(netdev->machine, t->fd, ready, netdev);
    net_watch_want(t->watch, G_IO_IN);
    g_autofree char *info = has_fd ? g_strdup_printf("fd=%d", t->fd)
        : g_strdup_printf("ifname=%s,script=%s,downscript=%s", t->ifname, script ? script : "no", down ? down
                          : "no");
    net_port_set_info(netdev->port, info);
    return true;
}

static void tap_close(NetBackend *netdev)
{
    Tap *t = netdev->state;
    g_autoptr(GError) err = NULL;
    if (t->set_up && t->downscript && !run_script("-netdev", "downscript", t->downscript, t->ifname, &err)) {
        g_printerr("valletta: %s\n", err->message);
    }
    net_watch_free(t->watch);
    if (t->fd >= 0) {
        close(t->fd);
    }
    g_free(t->ifname);
    g_free(t->downscript);
    g_free(t);
}

const NetBackendType tap_netdev = {
    .name = "tap",
    .help = "an interface of the host (ifname=, script=FILE|no, downscript=FILE|no, run with the "
        "interface's\n"
            "           name, none by default; fd=N, sndbuf=)",
    .open = tap_open,
    .close = tap_close,
    .ops = { .receive = tap_receive, .room = tap_room },
};
