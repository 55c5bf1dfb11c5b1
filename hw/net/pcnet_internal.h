/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCnet as its files see it: numbers of its registers' bits. */
#ifndef HW_NET_PCNET_INTERNAL_H
#define HW_NET_PCNET_INTERNAL_H

#include "hw/net/pcnet.h"

enum {
    CSR0_INIT = 0x0001, CSR0_STRT = 0x0002, CSR0_STOP = 0x0004, CSR0_TDMD = 0x0008, CSR0_TXON = 0x0010,
    CSR0_RXON = 0x0020, CSR0_IENA = 0x0040, CSR0_INTR = 0x0080, CSR0_IDON = 0x0100, CSR0_TINT = 0x0200,
    CSR0_RINT = 0x0400, CSR0_MERR = 0x0800, CSR0_MISS = 0x1000, CSR0_CERR = 0x2000, CSR0_BABL = 0x4000,
    CSR0_ERR = 0x8000, CSR0_ERRORS = CSR0_BABL | CSR0_CERR | CSR0_MISS | CSR0_MERR,
    CSR3_BSWP = 0x0004, CSR3_DXSUFLO = 0x0040,
    CSR4_TXSTRT = 0x0008, CSR4_UINT = 0x0040, CSR4_UINTCMD = 0x0080, CSR4_MFCO = 0x0200,
    CSR4_ASTRP_RCV = 0x0400, CSR4_APAD_XMT = 0x0800, CSR4_TXDPOLL = 0x1000,
    CSR5_SPND = 0x0001, CSR5_SINT = 0x0800, CSR5_LTINTEN = 0x4000, CSR5_TOKINTD = 0x8000,
    CSR7_RDMD = 0x2000,
    MODE_DRX = 0x0001, MODE_DTX = 0x0002, MODE_LOOP = 0x0004, MODE_DXMTFCS = 0x0008, MODE_DRCVPA = 0x2000,
    MODE_DRCVBC = 0x4000, MODE_PROM = 0x8000,
    BCR18_DWIO = 0x0080, BCR2_APROMWE = 0x0100,
};

/* CSRs by what they hold. */
enum {
    CSR_LADRF = 8, CSR_PADR = 12, CSR_MODE = 15, CSR_RX_BASE = 24, CSR_RX_CURRENT = 28, CSR_TX_BASE = 30,
    CSR_TX_CURRENT = 34, CSR_POLL = 47, CSR_RX_COUNT = 72, CSR_TX_COUNT = 74, CSR_RX_LENGTH = 76,
    CSR_TX_LENGTH = 78, CSR_MISSED = 112,
};

static inline bool pcnet_running(const Pcnet *p, unsigned csr0_on)
{
    return (p->csr[0] & csr0_on) && !(p->csr[5] & CSR5_SPND);
}

/* Nothing is sent or received where software may change what these use. */
static inline bool pcnet_stands(const Pcnet *p)
{
    return (p->csr[0] & CSR0_STOP) || (p->csr[5] & CSR5_SPND);
}

static inline uint32_t pcnet_csr32(const Pcnet *p, unsigned n)
{
    return p->csr[n] | (uint32_t)p->csr[n + 1] << 16;
}

static inline void pcnet_set_csr32(Pcnet *p, unsigned n, uint32_t value)
{
    p->csr[n] = (uint16_t)value;
    p->csr[n + 1] = (uint16_t)(value >> 16);
}

static inline unsigned pcnet_style(const Pcnet *p)
{
    return p->bcr[20] & 0xff;
}

/* ---- pcnet.c ---- */
/* After any change of what may interrupt. */
void pcnet_update_irq(Pcnet *p);

/* ---- pcnet_ring.c ---- */
/* Reads the initialization block; false when the bus did not give it. */
bool pcnet_read_init_block(Pcnet *p);
/* Sends what the transmit ring has. */
void pcnet_transmit(Pcnet *p);
/* Arms the timer that looks at the transmit ring. */
void pcnet_poll_later(Pcnet *p);
extern const NetPortOps pcnet_port_ops;

/* ---- pcnet_bcr.c ---- */
void pcnet_bcr_reset(Pcnet *p);
uint16_t pcnet_bcr_read(Pcnet *p, unsigned n);
void pcnet_bcr_write(Pcnet *p, unsigned n, uint16_t value);
void pcnet_link_changed(void *opaque);
/* Whether what is sent comes back and goes nowhere else. */
bool pcnet_loops(const Pcnet *p);

#endif
