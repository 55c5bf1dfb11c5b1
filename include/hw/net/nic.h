/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all network chips have: an address and a port. Machine lock held. */
#ifndef HW_NET_NIC_H
#define HW_NET_NIC_H

#include "hw/core/device.h"
#include "net/net.h"

#define NIC_FRAME_MIN 60u       /* without check sequence: shorter ones are padded on the way */
#define NIC_FCS 4u

typedef struct {
    char *netdev, *mac_text;    /* the properties */
    uint8_t mac[NET_MAC_LEN];
    NetPort *port;
} Nic;

/* The properties, for a table of Prop. */
#define NIC_PROPS(Type, nic) \
    { "mac", PROP_STRING, offsetof(Type, nic.mac_text), NULL, "the address, as 52:54:00:12:34:56" }, \
    { "netdev", PROP_STRING, offsetof(Type, nic.netdev), NULL, "the id of a -netdev" }

/* Checks the properties, chooses an address where none was given, and makes the port, plugged in when there
 * is a netdev. False with err; nic_finalize is to follow in any case. ops: opaque is the device. */
bool nic_realize(Nic *nic, Device *dev, const NetPortOps *ops, GError **err);
void nic_finalize(Nic *nic, Device *dev);

/* The check sequence as its four bytes are sent, first one lowest; pad zeros that follow frame count too. */
uint32_t nic_fcs(const uint8_t *frame, size_t len, size_t pad);

/* Of the destination address of a frame. */
static inline bool nic_is_broadcast(const uint8_t *frame)
{
    return (frame[0] & frame[1] & frame[2] & frame[3] & frame[4] & frame[5]) == 0xff;
}

static inline bool nic_is_multicast(const uint8_t *frame)
{
    return frame[0] & 1;
}

#endif
