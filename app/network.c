/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/network.h"

#include <string.h>
#include "util/error.h"

typedef struct {
    NetdevSet *netdevs;
    GArray *nics;
    unsigned next_id;           /* of back ends without one */
    unsigned hub_ports;
} Maker;

static void nic_clear(gpointer data)
{
    MaltaNic *nic = data;
    g_free(nic->model);
    g_free(nic->netdev);
    g_free(nic->mac);
    g_free(nic->addr);
}

GArray *network_nics_new(void)
{
    GArray *nics = g_array_new(FALSE, TRUE, sizeof(MaltaNic));
    g_array_set_clear_func(nics, nic_clear);
    return nics;
}

static void add_nic(Maker *m, const char *netdev, KeyVal *kv, const char *mac_key)
{
    MaltaNic nic = { .model = g_strdup(keyval_get(kv, "model")), .netdev = g_strdup(netdev),
                     .mac = g_strdup(keyval_get(kv, mac_key)), .addr = g_strdup(keyval_get(kv, "addr")) };
    g_array_append_val(m->nics, nic);
}

/* The id given, or one made up; also in kv, for the back end. */
static const char *give_id(Maker *m, KeyVal *kv)
{
    if (!keyval_get(kv, "id")) {
        g_autofree char *id = g_strdup_printf("#net%u", m->next_id++);
        keyval_set(kv, "id", id);
    }
    return keyval_get(kv, "id");
}

/* -nic: a back end and the device on it. */
static bool make_nic(Maker *m, const char *text, GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new("-nic");
    if (!keyval_parse(kv, text, "type", err)) {
        return false;
    }
    const char *type = keyval_get(kv, "type");
    if (g_strcmp0(type, "none") == 0) {
        return keyval_finish(kv, err);
    }
    g_autofree char *id = g_strdup(give_id(m, kv));
    add_nic(m, id, kv, "mac");
    return netdev_set_add_props(m->netdevs, kv, err);
}

/* The next port of hub 0, with the back end called netdev (or NULL) plugged in; NULL with err. */
static char *add_hub_port(Maker *m, const char *netdev, GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new("-net");
    char *id = g_strdup_printf("#hub0port%u", m->hub_ports++);
    keyval_set(kv, "type", "hubport");
    keyval_set(kv, "hubid", "0");
    keyval_set(kv, "id", id);
    if (netdev) {
        keyval_set(kv, "netdev", netdev);
    }
    if (!netdev_set_add_props(m->netdevs, kv, err)) {
        g_clear_pointer(&id, g_free);
    }
    return id;
}

static bool make_net_nic(Maker *m, KeyVal *kv, GError **err)
{
    const char *netdev = keyval_get(kv, "netdev");
    g_autofree char *port = netdev ? g_strdup(netdev) : add_hub_port(m, NULL, err);
    if (!port) {
        return false;
    }
    keyval_get(kv, "name");
    keyval_get(kv, "id");
    keyval_get(kv, "vectors");
    add_nic(m, port, kv, "macaddr");
    return keyval_finish(kv, err);
}

/* -net: devices and back ends that a hub joins. */
static bool make_net(Maker *m, const char *text, GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new("-net");
    if (!keyval_parse(kv, text, "type", err)) {
        return false;
    }
    const char *type = keyval_get(kv, "type");
    if (g_strcmp0(type, "none") == 0) {
        return keyval_finish(kv, err);
    }
    if (g_strcmp0(type, "nic") == 0) {
        return make_net_nic(m, kv, err);
    }
    const char *name = keyval_get(kv, "name");
    if (name) {
        keyval_set(kv, "id", name);
    }
    g_autofree char *id = g_strdup(give_id(m, kv));
    if (!netdev_set_add_props(m->netdevs, kv, err)) {
        return false;
    }
    g_autofree char *port = add_hub_port(m, id, err);
    return port != NULL;
}

bool network_make(NetdevSet *netdevs, const Settings *s, const Plan *plan, GArray *nics, GError **err)
{
    Maker m = { .netdevs = netdevs, .nics = nics };
    for (guint i = 0; i < s->netdevs->len; i++) {
        if (!netdev_set_add(netdevs, g_ptr_array_index(s->netdevs, i), err)) {
            return false;
        }
    }
    for (guint i = 0; i < s->nics->len; i++) {
        const char *text = g_ptr_array_index(s->nics, i);
        if (!(*text == 'n' ? make_nic(&m, text + 1, err) : make_net(&m, text + 1, err))) {
            return false;
        }
    }
    if (plan->no_board && nics->len > 0) {
        return error_set(err, "-nic, -net: there is no board that a network device could be on");
    }
    bool asked = s->netdevs->len || s->nics->len || s->nodefaults || s->qtest || plan->accel.qtest;
    return asked || plan->no_board || make_nic(&m, "user", err);
}

char *network_help(const char *text)
{
    g_autoptr(KeyVal) kv = keyval_new("-nic");
    if (!keyval_parse(kv, text, "type", NULL)) {
        return NULL;
    }
    if (g_strcmp0(keyval_get(kv, "model"), "help") == 0) {
        return malta_nic_models();
    }
    return keyval_wants_help(kv) ? netdev_help() : NULL;
}
