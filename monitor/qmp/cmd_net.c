/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks. */
#include <string.h>
#include "monitor/qmp/qmp.h"
#include "net/announce.h"
#include "util/error.h"

/* A descriptor may be a number or the name that getfd gave it. */
static bool name_fd(QmpCall *call, KeyVal *props, const char *key, GError **err)
{
    const char *name = keyval_get(props, key);
    if (!name || g_ascii_isdigit(*name)) {
        return true;
    }
    int fd = qmp_named_fd(call->monitor, name);
    if (fd < 0) {
        return error_set(err, "File descriptor named '%s' has not been found", name);
    }
    g_autofree char *text = g_strdup_printf("%d", fd);
    keyval_set(props, key, text);
    return true;
}

QMP(netdev_add)
{
    static const char *const with_fd[][2] = {
        { "tap", "fd" }, { "socket", "fd" }, { "stream", "addr.str" }, { "dgram", "local.str" },
    };
    g_autoptr(KeyVal) props = keyval_new("netdev_add");
    keyval_add_json(props, args);
    for (size_t i = 0; i < G_N_ELEMENTS(with_fd); i++) {
        if (strcmp(qmp_text(args, "type"), with_fd[i][0]) == 0 && !name_fd(call, props, with_fd[i][1], err)) {
            return false;
        }
    }
    return netdev_set_add_props(call->c->netdevs, props, err);
}

QMP(netdev_del)
{
    return netdev_set_remove(call->c->netdevs, qmp_text(args, "id"), err);
}

QMP(set_link)
{
    return netdev_set_link(call->c->netdevs, qmp_text(args, "name"), qmp_bool(args, "up"), err);
}

/* No device tells of its filters, so a name can only be wrong. */
QMP(query_rx_filter)
{
    const char *name = qmp_text(args, "name");
    NetPort *port = name ? net_set_find(call->c->machine->net, name) : NULL;
    if (name) {
        return error_set(err, port ? "net client(%s) doesn't support rx-filter querying"
                                   : "invalid net client name: %s", name);
    }
    qmp_return_array(ret);
    return true;
}

QMP(announce_self)
{
    const AnnounceParams params = { qmp_int(args, "initial", 0), qmp_int(args, "max", 0),
                                    qmp_int(args, "step", 0), qmp_int(args, "rounds", 0) };
    const char *id = qmp_text(args, "id");
    JsonArray *list = json_object_has_member(args, "interfaces")
        ? json_object_get_array_member(args, "interfaces") : NULL;
    guint count = list ? json_array_get_length(list) : 0;
    g_auto(GStrv) names = count ? g_new0(char *, count + 1) : NULL;
    for (guint i = 0; i < count; i++) {
        names[i] = g_strdup(json_array_get_string_element(list, i));
    }
    return net_announce(call->c->machine->net, id ? id : "", &params, names, err);
}

const QmpCommand qmp_net_commands[] = {
    { "announce-self", announce_self,
      MEMBERS({ "initial", "int", "ms until the second round" },
              { "max", "int", "ms between rounds, at most" },
              { "rounds", "int", "how often; 0 ends one" }, { "step", "int", "ms longer with each round" },
              { "interfaces?", "[str]", "network devices, all if it is left out" },
              { "id?", "str", "its name, by which it is begun anew or ended" }),
      .doc = "Each network device sends a RARP request, by which bridges learn where it is." },
    { "netdev_add", netdev_add, .args_type = "Netdev", .doc = "Makes a network back end, as -netdev." },
    { "netdev_del", netdev_del, MEMBERS({ "id", "str", NULL }),
      .doc = "Takes one away; what is plugged into it has no link then." },
    { "query-rx-filter", query_rx_filter, MEMBERS({ "name?", "str", NULL }), .ret = "[RxFilterInfo]",
      .doc = "What devices receive; none of those there are tells it." },
    { "set_link", set_link,
      MEMBERS({ "name", "str", "of a network device or back end" }, { "up", "bool", NULL }),
      .doc = "Plugs a cable in or out." },
    { 0 },
};
