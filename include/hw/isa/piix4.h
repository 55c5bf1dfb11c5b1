/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82371AB (PIIX4): ISA bridge (function 0) and power management (function 3). */
#ifndef HW_ISA_PIIX4_H
#define HW_ISA_PIIX4_H

#include "hw/intc/i8259.h"
#include "hw/isa/isa.h"
#include "hw/pci/pci.h"

typedef struct {
    PciDevice pci;
    I8259 *pic;                 /* set before it is realized */
    uint16_t isa_levels;        /* what ISA devices drive */
    uint8_t pirq_levels;        /* PIRQA#..PIRQD#, asserted = 1 */
    bool sci;
    uint8_t reset_control;      /* port 0xcf9 */
    MemRegion *reset_io;
    Bus isa_bus;                /* "isa.0", for the monitor */
    IsaBus isa;                 /* for the devices behind the bridge; ready once realized */
} Piix4;

extern const DeviceType piix4_type;

/* IrqHandlers; opaque is the Piix4. PCI interrupt line n: 0..3 = PIRQA..PIRQD. */
void piix4_set_pirq(void *opaque, int n, bool level);
/* The ACPI interrupt, which shares ISA interrupt 9; n is ignored. */
void piix4_set_sci(void *opaque, int n, bool level);

typedef struct {
    PciDevice pci;
    uint32_t pm1;               /* PMSTS in bits 15..0, PMEN above */
    uint32_t control;           /* PMCNTRL */
    uint32_t gp;                /* GPSTS, GPEN */
    uint32_t processor, global_status, device_status, global_enable, global_control, device_control, gpo;
    uint64_t overflow_at;       /* PM timer ticks up to which TMROF_STS is right */
    Timer *timer;
    MemRegion *io;              /* 64 bytes at PMBA */
    bool mapped;
    IrqLine sci;
} Piix4Pm;

extern const DeviceType piix4_pm_type;

#endif
