/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/netdev.h"

#include <string.h>
#include "net/backend.h"
#include "net/hub.h"
#include "net/user.h"
#include "util/error.h"

struct NetdevSet {
    Machine *machine;
    ChardevSet *chardevs;
    GPtrArray *list;            /* of NetBackend *, in the order they were made */
};

static const NetBackendType *const types[] = {
    &dgram_netdev, &hubport_netdev, &socket_netdev, &stream_netdev, &tap_netdev, &user_netdev,
};

/* What others have: named, so that nobody looks for the mistake. */
static const struct {
    const char *name, *reason;
} absent_types[] = {
    { "bridge", "make a tap device on the bridge and use tap,ifname=" },
    { "l2tpv3", "use tap or socket" },
    { "vde", "use socket or stream" },
    { "netmap", "use tap" },
    { "vhost-user", "there is no virtio device" },
    { "vhost-vdpa", "there is no virtio device" },
    { "af-xdp", "use tap" },
    { "passt", "use user, or stream with a passt that was started before" },
};

/* ---- the set ---- */

NetdevSet *netdev_set_new(Machine *machine, ChardevSet *chardevs)
{
    NetdevSet *set = g_new0(NetdevSet, 1);
    set->machine = machine;
    set->chardevs = chardevs;
    set->list = g_ptr_array_new();
    return set;
}

static void backend_free(NetBackend *netdev)
{
    if (netdev->state) {
        netdev->type->close(netdev);
    }
    net_port_free(netdev->port);
    g_free(netdev);
}

void netdev_set_free(NetdevSet *set)
{
    if (!set) {
        return;
    }
    while (set->list->len > 0) {
        backend_free(g_ptr_array_steal_index(set->list, set->list->len - 1));
    }
    g_ptr_array_free(set->list, TRUE);
    g_free(set);
}

ChardevSet *netdev_chardevs(NetdevSet *set)
{
    return set->chardevs;
}

NetBackend *netdev_at(NetdevSet *set, unsigned n)
{
    return n < set->list->len ? g_ptr_array_index(set->list, n) : NULL;
}

static NetBackend *find(NetdevSet *set, const char *id)
{
    NetBackend *netdev;
    for (unsigned i = 0; (netdev = netdev_at(set, i)); i++) {
        if (strcmp(net_port_name(netdev->port), id) == 0) {
            return netdev;
        }
    }
    return NULL;
}

/* ---- making ---- */

static const NetBackendType *find_type(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (strcmp(types[i]->name, name) == 0) {
            return types[i];
        }
    }
    return NULL;
}

bool netdev_type_exists(const char *type)
{
    return find_type(type) != NULL;
}

static const NetBackendType *check_type(const char *option, const char *name, GError **err)
{
    const NetBackendType *type = name ? find_type(name) : NULL;
    for (size_t i = 0; name && !type && i < G_N_ELEMENTS(absent_types); i++) {
        if (strcmp(absent_types[i].name, name) == 0) {
            error_set(err, "%s %s: not there yet: %s", option, name, absent_types[i].reason);
            return NULL;
        }
    }
    if (!name) {
        error_set(err, "%s: Parameter 'type' is missing; -netdev help lists the types", option);
    } else if (!type) {
        error_set(err, "%s: there is no network back end '%s'; -netdev help lists them", option, name);
    }
    return type;
}

/* Ids that were made up begin with '#', which users may not. */
static bool check_id(NetdevSet *set, const char *option, const char *id, GError **err)
{
    if (!id) {
        return error_set(err, "%s: Parameter 'id' is missing", option);
    }
    bool good = g_ascii_isalpha(id[0]) || (id[0] == '#' && strcmp(option, "-netdev") != 0);
    for (const char *p = id + 1; good && *p; p++) {
        good = g_ascii_isalnum(*p) || strchr("-._", *p);
    }
    if (!good) {
        return error_set(err, "%s: id=%s: must be letters, digits, '-', '.', '_', a letter first", option,
                         id);
    }
    return !find(set, id) ||
           error_set(err, "%s: id=%s: there is one of that name already", option, id);
}

bool netdev_set_add_props(NetdevSet *set, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props), *name = keyval_get(props, "type");
    const char *id = keyval_get(props, "id");
    const NetBackendType *type = check_type(option, name, err);
    if (!type || !check_id(set, option, id, err)) {
        return false;
    }
    NetBackend *netdev = g_new0(NetBackend, 1);
    *netdev = (NetBackend){ .type = type, .set = set, .machine = set->machine };
    netdev->port = net_port_new(set->machine, id, type->name, false, &type->ops, netdev);
    if (!type->open(netdev, props, err)) {
        backend_free(netdev);
        return false;
    }
    g_ptr_array_add(set->list, netdev);
    return true;
}

bool netdev_set_add(NetdevSet *set, const char *text, GError **err)
{
    g_autoptr(KeyVal) props = keyval_new("-netdev");
    return keyval_parse(props, text, "type", err) && netdev_set_add_props(set, props, err);
}

bool netdev_set_remove(NetdevSet *set, const char *id, GError **err)
{
    NetBackend *netdev = find(set, id);
    if (!netdev) {
        g_set_error(err, VALLETTA_ERROR, ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", id);
        return false;
    }
    g_ptr_array_remove(set->list, netdev);
    backend_free(netdev);
    return true;
}

bool netdev_set_link(NetdevSet *set, const char *name, bool up, GError **err)
{
    NetPort *port = net_set_find(set->machine->net, name);
    if (!port) {
        g_set_error(err, VALLETTA_ERROR, ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", name);
        return false;
    }
    net_port_set_link(port, up);
    return true;
}

/* ---- forwarding ---- */

bool netdev_set_forward(NetdevSet *set, const char *text, bool add, GString *out, GError **err)
{
    size_t len = strcspn(text, " ");
    const char *rule = text[len] ? text + len + strspn(text + len, " ") : text;
    g_autofree char *id = text[len] ? g_strndup(text, len) : NULL;
    NetBackend *netdev = id ? find(set, id) : NULL;
    for (unsigned i = 0; !id && !netdev && netdev_at(set, i); i++) {
        netdev = netdev_at(set, i)->type == &user_netdev ? netdev_at(set, i) : NULL;
    }
    if (!netdev || netdev->type != &user_netdev) {
        return id ? error_set(err, "there is no user network '%s'", id)
                  : error_set(err, "there is no user network");
    }
    return add ? user_forward_add(netdev, "hostfwd_add", rule, err)
               : user_forward_remove(netdev, "hostfwd_remove", rule, out, err);
}

/* ---- what there is ---- */

static void describe_port(const NetPort *port, GString *out)
{
    const char *info = net_port_info(port);
    g_string_append_printf(out, "%s: index=0,type=%s%s%s%s\n", net_port_name(port), net_port_kind(port),
                           *info ? "," : "", info, net_port_link(port) || !net_port_peer(port)
                                                       ? "" : ",link=down");
}

/* Hubs, devices with what they are plugged into, and back ends that nothing is plugged into. */
char *netdev_set_describe(NetdevSet *set)
{
    GString *out = g_string_new(NULL);
    NetPort *port;
    hub_describe(set, describe_port, out);
    for (unsigned i = 0; (port = net_set_at(set->machine->net, i)); i++) {
        NetPort *peer = net_port_peer(port);
        if (net_port_is_device(port) && !(peer && hub_has_port(peer))) {
            describe_port(port, out);
            if (peer) {
                g_string_append(out, " \\ ");
                describe_port(peer, out);
            }
        }
    }
    for (unsigned i = 0; (port = net_set_at(set->machine->net, i)); i++) {
        if (!net_port_is_device(port) && !net_port_peer(port) && !hub_has_port(port)) {
            describe_port(port, out);
        }
    }
    return g_string_free(out, FALSE);
}

char *netdev_set_describe_users(NetdevSet *set)
{
    GString *out = g_string_new(NULL);
    NetBackend *netdev;
    for (unsigned i = 0; (netdev = netdev_at(set, i)); i++) {
        if (netdev->type == &user_netdev) {
            NetPort *peer = net_port_peer(netdev->port);
            g_string_append_printf(out, "Hub %d (%s):\n", peer && hub_has_port(peer) ? hub_number(peer) : -1,
                                   net_port_name(netdev->port));
            user_describe(netdev, out);
        }
    }
    return g_string_free(out, FALSE);
}

char *netdev_help(void)
{
    GString *out = g_string_new("Network back ends (-netdev TYPE,id=NAME[,property=value]):\n");
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        g_string_append_printf(out, "  %-8s %s\n", types[i]->name, types[i]->help);
    }
    return g_string_free(out, FALSE);
}
