/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Galileo GT-64120A system controller: PCI host bridge of the Malta board. */
#ifndef HW_PCI_GT64120_H
#define HW_PCI_GT64120_H

#include "hw/core/device.h"
#include "hw/pci/pci.h"

#define GT64120_WINDOWS 3               /* PCI 0: I/O, memory 0, memory 1 */
#define GT64120_REG_WORDS (0xd00 / 4)

typedef struct {
    Device dev;
    uint32_t reg[GT64120_REG_WORDS];    /* by offset / 4 */
    IrqLine irq;                        /* CPU interrupt output */
    uint8_t (*acknowledge)(void *opaque);       /* PCI interrupt acknowledge cycle; may be NULL */
    void *acknowledge_opaque;

    PciBus *bus;
    MemRegion *pci_mem, *pci_io;        /* the two PCI address spaces */
    MemRegion *nobody_mem, *nobody_io;  /* what answers where no PCI agent does */
    MemRegion *isd;                     /* internal registers, where the ISD register says */
    MemRegion *regs, *config_data;
    MemRegion *window[GT64120_WINDOWS]; /* aliases in the machine's memory */
} Gt64120;

/* The bridge; realize puts its windows and registers into machine->memory. */
extern const DeviceType gt64120_type;
/* Its own PCI function, 00:00.0, made by the bridge itself. */
extern const DeviceType gt64120_pci_type;

#endif
