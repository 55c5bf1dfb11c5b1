/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/net/nic.h"

#include <zlib.h>
#include "util/error.h"

static bool take_mac(Nic *nic, Device *dev, GError **err)
{
    if (!nic->mac_text) {
        net_mac_default(dev->machine->net, nic->mac);
        nic->mac_text = net_mac_text(nic->mac);
        return true;
    }
    if (!net_mac_parse(nic->mac_text, nic->mac)) {
        return error_set(err, "%s: mac=%s: must be six bytes in hexadecimal as 52:54:00:12:34:56, and no "
                         "group's address", device_name(dev), nic->mac_text);
    }
    net_mac_take(dev->machine->net, nic->mac);
    return true;
}

/* "pcnet.0" and so on, for those without an id. */
static char *name_of(const Device *dev)
{
    unsigned n = 0;
    char *name = dev->id ? g_strdup(dev->id) : g_strdup_printf("%s.0", dev->type->name);
    while (!dev->id && net_set_find(dev->machine->net, name)) {
        g_free(name);
        name = g_strdup_printf("%s.%u", dev->type->name, ++n);
    }
    return name;
}

bool nic_realize(Nic *nic, Device *dev, const NetPortOps *ops, GError **err)
{
    NetPort *end = nic->netdev ? net_set_find(dev->machine->net, nic->netdev) : NULL;
    if (nic->netdev && (!end || net_port_is_device(end))) {
        return error_set(err, "%s: netdev=%s: there is no such -netdev", device_name(dev), nic->netdev);
    }
    if (end && net_port_peer(end)) {
        return error_set(err, "%s: netdev=%s: is in use by '%s'; a hub joins several (-netdev hubport)",
                         device_name(dev), nic->netdev, net_port_name(net_port_peer(end)));
    }
    if (!take_mac(nic, dev, err)) {
        return false;
    }
    g_autofree char *name = name_of(dev);
    g_autofree char *info = g_strdup_printf("model=%s,macaddr=%s", dev->type->name, nic->mac_text);
    nic->port = net_port_new(dev->machine, name, "nic", true, ops, dev);
    net_port_set_info(nic->port, info);
    net_port_set_mac(nic->port, nic->mac);
    if (end) {
        net_port_plug(nic->port, end);
    }
    return true;
}

void nic_finalize(Nic *nic, Device *dev)
{
    if (nic->port) {
        net_mac_release(dev->machine->net, nic->mac);
        net_port_free(nic->port);
    }
}

uint32_t nic_fcs(const uint8_t *frame, size_t len, size_t pad)
{
    static const uint8_t zeros[NIC_FRAME_MIN];
    uLong crc = crc32(0, frame, (uInt)len);
    return (uint32_t)(pad ? crc32(crc, zeros, (uInt)pad) : crc);
}
