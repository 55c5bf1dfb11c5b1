/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCnet: bus configuration registers, and the PHY behind them. Data sheet 21510, "Bus Configuration
 * Registers" and "10/100 PHY management registers". */
#include <string.h>
#include "hw/net/pcnet_internal.h"

#define PHY_ADDRESS 0x1eu
enum { PHY_CONTROL, PHY_STATUS, PHY_ID1, PHY_ID2, PHY_ADVERTISE, PHY_PARTNER, PHY_EXPANSION };

#define CONTROL_RESET   0x8000
#define CONTROL_LOOP    0x4000
#define CONTROL_DEFAULT 0x3100      /* 100 Mbit/s, full duplex, negotiation */
#define CONTROL_RESTART 0x0200
#define STATUS_ABLE     0x7849      /* 10 and 100 Mbit/s in both duplexes; negotiates */
#define STATUS_LINK     0x0024      /* link, negotiation complete */
#define ADVERTISE_DEFAULT 0x01e1
#define PARTNER_LINKED  0x45e1

#define MIICAS_INTERNAL_LOOP 0x0002
#define LED_OUT              0x8000
#define LED_LINK             0x0040
#define LED_FULL_DUPLEX      0x0100
#define LED_100              0x1000

/* Default and writable bits of those that have any. */
static const struct { uint8_t n; uint16_t def, writable; } bcrs[] = {
    { 0, 0x0005, 0 }, { 1, 0x0005, 0 }, { 2, 0x0002, 0xffff }, { 4, 0x00c0, 0x7fff }, { 5, 0x0084, 0x7fff },
    { 6, 0x0088, 0x7fff }, { 7, 0x0090, 0x7fff }, { 9, 0x0001, 0x0007 }, { 18, 0x9001, 0xff61 },
    { 19, 0xa000, 0x0017 }, { 20, 0x0000, 0x04ff }, { 21, 0x0000, 0xffff }, { 22, 0xff06, 0xffff },
    { 25, 0x0000, 0x00ff }, { 26, 0x0000, 0x00ff }, { 27, 0x0000, 0xc01f }, { 28, 0x0000, 0xffff },
    { 29, 0x0000, 0xffff }, { 30, 0x0000, 0xffff }, { 31, 0xffff, 0xffff }, { 32, 0x0400, 0xbfff },
    { 33, 0x0000, 0x03ff }, { 35, 0x1022, 0 }, { 36, 0xc811, 0 },
};

static void phy_reset(Pcnet *p)
{
    memset(p->phy, 0, sizeof(p->phy));
    p->phy[PHY_CONTROL] = CONTROL_DEFAULT;
    p->phy[PHY_ID2] = 0x6b71;
    p->phy[PHY_ADVERTISE] = ADVERTISE_DEFAULT;
}

void pcnet_bcr_reset(Pcnet *p)
{
    memset(p->bcr, 0, sizeof(p->bcr));
    for (size_t i = 0; i < G_N_ELEMENTS(bcrs); i++) {
        p->bcr[bcrs[i].n] = bcrs[i].def;
    }
    phy_reset(p);
    p->link_was_down = false;
}

bool pcnet_loops(const Pcnet *p)
{
    return (p->csr[CSR_MODE] & MODE_LOOP) || (p->bcr[32] & MIICAS_INTERNAL_LOOP) ||
           (p->phy[PHY_CONTROL] & CONTROL_LOOP);
}

void pcnet_link_changed(void *opaque)
{
    Pcnet *p = opaque;
    p->link_was_down |= !net_port_link(p->nic.port);
}

/* ---- the PHY ---- */

static uint16_t phy_read(Pcnet *p, unsigned n)
{
    bool link = net_port_link(p->nic.port);
    bool shown = link && !p->link_was_down;
    switch (n) {
    case PHY_STATUS:
        p->link_was_down = !link;
        return (uint16_t)(STATUS_ABLE | (shown ? STATUS_LINK : 0));
    case PHY_PARTNER:
        return link ? PARTNER_LINKED : 0;
    case PHY_EXPANSION:
        return link ? 0x0005 : 0x0004;
    default:
        return p->phy[n];
    }
}

static void phy_write(Pcnet *p, unsigned n, uint16_t value)
{
    if (n == PHY_CONTROL && (value & CONTROL_RESET)) {
        phy_reset(p);
    } else if (n == PHY_CONTROL) {
        p->phy[n] = value & (uint16_t)~CONTROL_RESTART;
    } else if (n == PHY_ADVERTISE || n >= 16) {
        p->phy[n] = value;
    }
}

/* The PHY register that BCR33 names; false: there is no PHY of that address. */
static bool phy_selected(const Pcnet *p, unsigned *n)
{
    *n = p->bcr[33] & 0x1f;
    return p->bcr[33] >> 5 == PHY_ADDRESS;
}

/* ---- the registers ---- */

static uint16_t led_read(const Pcnet *p, unsigned n)
{
    unsigned on = net_port_link(p->nic.port) ? LED_LINK | LED_FULL_DUPLEX | LED_100 : 0;
    return (uint16_t)(p->bcr[n] | (p->bcr[n] & on ? LED_OUT : 0));
}

uint16_t pcnet_bcr_read(Pcnet *p, unsigned n)
{
    unsigned reg;
    if (n >= PCNET_BCRS) {
        return 0;
    }
    switch (n) {
    case 4: case 5: case 6: case 7:
        return led_read(p, n);
    case 20:        /* SSIZE32 and CSRPCNET follow from the style */
        return (uint16_t)(p->bcr[20] | (pcnet_style(p) ? 0x0100 : 0) | (pcnet_style(p) == 1 ? 0 : 0x0200));
    case 34:
        return phy_selected(p, &reg) ? phy_read(p, reg) : 0xffff;
    default:
        return p->bcr[n];
    }
}

void pcnet_bcr_write(Pcnet *p, unsigned n, uint16_t value)
{
    unsigned reg;
    if (n == 34 && phy_selected(p, &reg)) {
        phy_write(p, reg, value);
    }
    if (n == 20 && !pcnet_stands(p)) {
        return;                 /* the style of rings that are in use */
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bcrs); i++) {
        if (bcrs[i].n == n) {
            p->bcr[n] = (uint16_t)((p->bcr[n] & ~bcrs[i].writable) | (value & bcrs[i].writable));
        }
    }
}
