/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks. */
#include <string.h>
#include "monitor/commands.h"
#include "net/announce.h"
#include "util/error.h"

COMMAND(run_netdev_add)
{
    g_autoptr(KeyVal) props = keyval_new("netdev_add");
    if (!keyval_parse(props, args, "type", err)) {
        return false;
    }
    if (keyval_wants_help(props)) {
        g_autofree char *text = netdev_help();
        g_string_append(out, text);
        return true;
    }
    return netdev_set_add_props(c->netdevs, props, err);
}

COMMAND(run_netdev_del)
{
    return netdev_set_remove(c->netdevs, args, err);
}

COMMAND(run_set_link)
{
    g_auto(GStrv) words = commands_words(args, 2, 2, "set_link NAME on|off", err);
    if (!words) {
        return false;
    }
    bool on = strcmp(words[1], "on") == 0;
    if (!on && strcmp(words[1], "off") != 0) {
        return error_set(err, "set_link: '%s' must be on or off", words[1]);
    }
    return netdev_set_link(c->netdevs, words[0], on, err);
}

COMMAND(run_announce_self)
{
    const AnnounceParams params = ANNOUNCE_DEFAULTS;
    g_auto(GStrv) words = commands_words(args, 0, 2, "announce_self [DEVICE,...] [ID]", err);
    if (!words) {
        return false;
    }
    g_auto(GStrv) names = words[0] ? g_strsplit(words[0], ",", -1) : NULL;
    return net_announce(c->machine->net, words[0] && words[1] ? words[1] : "", &params, names, err);
}

COMMAND(run_hostfwd_add)
{
    return netdev_set_forward(c->netdevs, args, true, out, err);
}

COMMAND(run_hostfwd_remove)
{
    return netdev_set_forward(c->netdevs, args, false, out, err);
}

const MonitorCommand hmp_net_commands[] = {
    { "announce_self", NULL, "[DEVICE,...] [ID]", "tell the network where the guest's addresses are",
      run_announce_self, ARG_NETWORK },
    { "hostfwd_add", NULL, "[ID] [tcp|udp]:[HOST]:PORT-[GUEST]:PORT",
      "forward a port of the host to the guest of a user network", run_hostfwd_add, ARG_NETWORK },
    { "hostfwd_remove", NULL, "[ID] [tcp|udp]:[HOST]:PORT", "forward it no more", run_hostfwd_remove,
      ARG_NETWORK },
    { "netdev_add", NULL, "TYPE,id=ID[,PROP=VALUE]", "make a network back end, as -netdev", run_netdev_add },
    { "netdev_del", NULL, "ID", "take one away; what is plugged into it has no link then", run_netdev_del,
      ARG_NETWORK },
    { "set_link", NULL, "NAME on|off", "plug the cable of a network device or back end in or out",
      run_set_link,
      ARG_NETWORK },
    { 0 },
};
