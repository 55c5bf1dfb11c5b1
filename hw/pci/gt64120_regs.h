/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GT-64120A register offsets that the code names; the others are only in the table. */
#ifndef HW_PCI_GT64120_REGS_H
#define HW_PCI_GT64120_REGS_H

#include "hw/core/reg.h"

enum {
    GT_CPU_CONFIG = 0x000,
    GT_PCI0IO_LOW = 0x048, GT_PCI0IO_HIGH = 0x050,
    GT_PCI0M0_LOW = 0x058, GT_PCI0M0_HIGH = 0x060,
    GT_ISD = 0x068,
    GT_PCI0M1_LOW = 0x080, GT_PCI0M1_HIGH = 0x088,
    GT_PCI0IO_REMAP = 0x0f0, GT_PCI0M0_REMAP = 0x0f8, GT_PCI0M1_REMAP = 0x100,
    GT_PCI0_CMD = 0xc00,
    GT_INT_CAUSE = 0xc18, GT_INT_MASK = 0xc1c,
    GT_PCI0_IACK = 0xc34,
    GT_PCI0_CFGADDR = 0xcf8, GT_PCI0_CFGDATA = 0xcfc,
};

/* Hooks of the table, in gt64120.c. */
void gt64120_low_written(Device *dev, const Reg *reg, uint64_t value);
void gt64120_decode_written(Device *dev, const Reg *reg, uint64_t value);
void gt64120_cause_written(Device *dev, const Reg *reg, uint64_t value);
void gt64120_mask_written(Device *dev, const Reg *reg, uint64_t value);
uint64_t gt64120_cause_read(Device *dev, const Reg *reg);
uint64_t gt64120_iack_read(Device *dev, const Reg *reg);
uint64_t gt64120_pci1_read(Device *dev, const Reg *reg);

/* The register table. */
extern const Reg gt64120_table[];

#endif
