/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82371AB (PIIX4), function 1: IDE controller. */
#ifndef HW_IDE_PIIX4_IDE_H
#define HW_IDE_PIIX4_IDE_H

#include "hw/ide/ide.h"
#include "hw/pci/pci.h"

#define PIIX4_IDE_CHANNELS 2

typedef struct {
    uint32_t command_status;    /* BMIC in bits 7..0, BMIS in bits 23..16 */
    uint32_t table;             /* BMIDTP: physical region descriptors */
    uint32_t next;              /* bytes of the table that have been used since the start */
    bool started;               /* START as it was written last */
    bool last;                  /* the descriptor that ends the table was among them */
} Piix4IdeMaster;

typedef struct {
    PciDevice pci;
    Piix4IdeMaster master[PIIX4_IDE_CHANNELS];
    MemRegion *command_io[PIIX4_IDE_CHANNELS];  /* 8 ports at 0x1f0, 0x170 */
    MemRegion *control_io[PIIX4_IDE_CHANNELS];  /* 1 port at 0x3f6, 0x376 */
    MemRegion *master_io;                       /* BAR 4 */
    bool decoding[PIIX4_IDE_CHANNELS];
    IdeChannel channel[PIIX4_IDE_CHANNELS];
    IrqLine irq[PIIX4_IDE_CHANNELS];            /* IRQ 14 and 15 */
} Piix4Ide;

extern const DeviceType piix4_ide_type;

#endif
