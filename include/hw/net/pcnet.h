/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The AMD Am79C973 PCnet-FAST III, the Ethernet chip of the Malta board. */
#ifndef HW_NET_PCNET_H
#define HW_NET_PCNET_H

#include "hw/net/nic.h"
#include "hw/pci/pci.h"

#define PCNET_CSRS 128
#define PCNET_BCRS 64
#define PCNET_PHY_REGS 32
#define PCNET_APROM 16
#define PCNET_TX_MAX 16384u     /* bytes that are kept of a frame; a longer one is not sent */
#define PCNET_RX_MAX 4096u      /* the message count has 12 bits */

typedef struct {
    PciDevice pci;
    Nic nic;
    uint16_t rap;
    uint16_t csr[PCNET_CSRS];
    uint16_t bcr[PCNET_BCRS];
    uint16_t phy[PCNET_PHY_REGS];
    uint8_t aprom[PCNET_APROM];
    bool link_was_down;         /* since the PHY's status was read last */
    int64_t poll_ns;            /* until the transmit ring is looked at next */

    Timer *tx_poll, *rx_poll;
    MemRegion *io, *mem;        /* the same 32 bytes as ports and as memory */
    uint8_t frame[PCNET_TX_MAX];
    uint8_t received[PCNET_RX_MAX];
} Pcnet;

extern const DeviceType pcnet_type;

#endif
