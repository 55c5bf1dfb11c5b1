/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82540EM as its files see it: numbers of its registers and their bits. */
#ifndef HW_NET_E1000_INTERNAL_H
#define HW_NET_E1000_INTERNAL_H

#include "hw/net/offload.h"
#include "hw/net/e1000.h"

enum {
    R_CTRL = 0x0000, R_STATUS = 0x0008, R_EECD = 0x0010, R_EERD = 0x0014, R_CTRL_EXT = 0x0018,
        R_MDIC = 0x0020,
    R_VET = 0x0038, R_ICR = 0x00c0, R_ITR = 0x00c4, R_ICS = 0x00c8, R_IMS = 0x00d0, R_IMC = 0x00d8,
    R_RCTL = 0x0100, R_TCTL = 0x0400, R_LEDCTL = 0x0e00, R_PBA = 0x1000,
    R_RDBAL = 0x2800, R_RDBAH = 0x2804, R_RDLEN = 0x2808, R_RDH = 0x2810, R_RDT = 0x2818,
    R_TDBAL = 0x3800, R_TDBAH = 0x3804, R_TDLEN = 0x3808, R_TDH = 0x3810, R_TDT = 0x3818,
    R_STATS = 0x4000, R_MPC = 0x4010, R_PRC64 = 0x405c, R_GPRC = 0x4074, R_BPRC = 0x4078, R_MPRC = 0x407c,
    R_GPTC = 0x4080, R_GORCL = 0x4088, R_GOTCL = 0x4090, R_RNBC = 0x40a0, R_TORL = 0x40c0, R_TOTL = 0x40c8,
    R_TPR = 0x40d0, R_TPT = 0x40d4, R_PTC64 = 0x40d8, R_MPTC = 0x40f0, R_BPTC = 0x40f4, R_TSCTC = 0x40f8,
    R_STATS_END = 0x4100,
    R_RXCSUM = 0x5000, R_MTA = 0x5200, R_RAL = 0x5400, R_RAH = 0x5404, R_RA_END = 0x5480, R_VFTA = 0x5600,
    R_VFTA_END = 0x5800,
};

enum {
    CTRL_SLU = 0x00000040, CTRL_RST = 0x04000000, CTRL_VME = 0x40000000, CTRL_PHY_RST = 0x80000000,
    STATUS_LU = 0x00000002,
    ICR_TXDW = 0x0001, ICR_TXQE = 0x0002, ICR_LSC = 0x0004, ICR_RXDMT0 = 0x0010, ICR_RXO = 0x0040,
    ICR_RXT0 = 0x0080, ICR_MDAC = 0x0200,
    RCTL_EN = 0x00000002, RCTL_SBP = 0x00000004, RCTL_UPE = 0x00000008, RCTL_MPE = 0x00000010,
    RCTL_LPE = 0x00000020, RCTL_LBM = 0x000000c0, RCTL_BAM = 0x00008000, RCTL_VFE = 0x00040000,
    RCTL_BSEX = 0x02000000, RCTL_SECRC = 0x04000000,
    TCTL_EN = 0x00000002, TCTL_PSP = 0x00000008,
    RXCSUM_IPOFL = 0x0100, RXCSUM_TUOFL = 0x0200,
    RAH_AV = 0x80000000,
};

#define E1000_SUBSYSTEM 0x001e

static inline uint32_t e1000_reg(const E1000 *e, unsigned at)
{
    return e->reg[at / 4];
}

/* ---- e1000.c ---- */
/* Causes happened: shown, and maybe an interrupt. */
void e1000_cause(E1000 *e, uint32_t causes);
void e1000_update_irq(E1000 *e);
/* Adds to a counter that stays at its highest value. */
void e1000_count(E1000 *e, unsigned at, uint32_t n);
/* A frame of len bytes with its check sequence, in the counters that begin at these. */
void e1000_count_frame(E1000 *e, unsigned by_size, unsigned octets, uint32_t len);

/* ---- e1000_phy.c ---- */
void e1000_phy_reset(E1000 *e);
void e1000_eeprom_fill(E1000 *e);
void e1000_eecd_write(E1000 *e, uint32_t value);
void e1000_eerd_write(E1000 *e, uint32_t value);
void e1000_mdic_write(E1000 *e, uint32_t value);
void e1000_link_changed(void *opaque);
bool e1000_loops(const E1000 *e);

/* ---- e1000_rx.c ---- */
extern const NetPortOps e1000_port_ops;
/* A frame from our own transmitter. */
void e1000_loop(E1000 *e, const uint8_t *frame, size_t len);

/* ---- e1000_tx.c ---- */
void e1000_transmit(E1000 *e);

#endif
