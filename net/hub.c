/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hubport: what one port of a hub gets, all others send. Hubs have numbers; one is there as
 * long as it has ports.
 */
#include <string.h>
#include "net/backend.h"
#include "net/hub.h"
#include "util/error.h"

typedef struct {
    uint64_t number;            /* of the hub */
} HubPort;

static bool same_hub(const NetBackend *netdev, const NetBackend *other)
{
    return other->type == &hubport_netdev &&
           ((HubPort *)other->state)->number == ((HubPort *)netdev->state)->number;
}

static void hub_receive(void *opaque, const uint8_t *frame, size_t len)
{
    NetBackend *netdev = opaque, *other;
    for (unsigned i = 0; (other = netdev_at(netdev->set, i)); i++) {
        if (other != netdev && same_hub(netdev, other)) {
            net_send(other->port, frame, len);
        }
    }
}

static bool hubport_open(NetBackend *netdev, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props), *peer = keyval_get(props, "netdev");
    HubPort *hub = g_new0(HubPort, 1);
    netdev->state = hub;
    bool has_number = keyval_get(props, "hubid") != NULL;
    if (!keyval_get_number(props, "hubid", 0, INT32_MAX, &hub->number, err) || !keyval_finish(props, err)) {
        return false;
    }
    if (!has_number) {
        return error_set(err, "%s: Parameter 'hubid' is missing", option);
    }
    NetPort *port = peer ? net_set_find(netdev->machine->net, peer) : NULL;
    if (peer && (!port || net_port_peer(port) || net_port_is_device(port))) {
        return error_set(err, "%s: netdev=%s: %s", option, peer, port ? "is in use"
                         : "there is no such -netdev");
    }
    g_autofree char *info = g_strdup_printf("hubid=%u", (unsigned)hub->number);
    net_port_set_info(netdev->port, info);
    if (port) {
        net_port_plug(netdev->port, port);
    }
    return true;
}

static void hubport_close(NetBackend *netdev)
{
    g_free(netdev->state);
}

bool hub_has_port(const NetPort *port)
{
    return strcmp(net_port_kind(port), hubport_netdev.name) == 0;
}

int hub_number(const NetPort *port)
{
    return atoi(net_port_info(port) + strlen("hubid="));
}

/* Whether a port before n is of the same hub. */
static bool was_listed(NetdevSet *set, const NetBackend *netdev, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (same_hub(netdev, netdev_at(set, i))) {
            return true;
        }
    }
    return false;
}

void hub_describe(NetdevSet *set, void (*line)(const NetPort *port, GString *out), GString *out)
{
    NetBackend *netdev, *other;
    for (unsigned i = 0; (netdev = netdev_at(set, i)); i++) {
        if (netdev->type != &hubport_netdev || was_listed(set, netdev, i)) {
            continue;
        }
        g_string_append_printf(out, "hub %d\n", hub_number(netdev->port));
        for (unsigned k = i; (other = netdev_at(set, k)); k++) {
            if (!same_hub(netdev, other)) {
                continue;
            }
            NetPort *peer = net_port_peer(other->port);
            g_string_append_printf(out, " \\ %s%s", net_port_name(other->port), peer ? ": " : "\n");
            if (peer) {
                line(peer, out);
            }
        }
    }
}

const NetBackendType hubport_netdev = {
    .name = "hubport",
    .help = "a port of a hub (hubid=N; netdev=ID: what is plugged into it)",
    .open = hubport_open,
    .close = hubport_close,
    .ops = { .receive = hub_receive },
};
