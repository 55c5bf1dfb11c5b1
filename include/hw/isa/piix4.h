/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82371AB (PIIX4): ISA bridge (function 0) and power management (function 3). */
#ifndef HW_ISA_PIIX4_H
#define HW_ISA_PIIX4_H

#include "hw/core/i2c.h"
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

#define PIIX4_SMBUS_BLOCK 32u

/* Function 3's SMBus host controller. */
typedef struct {
    uint8_t status, control, command, address;
    uint8_t data[2];
    uint8_t block[PIIX4_SMBUS_BLOCK];
    uint8_t index;              /* in block: what is read or written next */
    uint8_t slave[4];           /* SMBSLVCNT, -, SMBSLVEVT */
    uint8_t config;             /* SMBHSTCFG, kept by its owner */
    bool mapped;
    MemRegion *io;              /* 16 ports at SMBBA */
    I2cBus bus;
    void (*changed)(void *opaque);
    void *opaque;
} Piix4Smbus;

extern const VmField piix4_smbus_state[];

/* changed: the interrupt may have another level. */
void piix4_smbus_init(Piix4Smbus *s, void (*changed)(void *opaque), void *opaque);
void piix4_smbus_reset(Piix4Smbus *s);
void piix4_smbus_clear(Piix4Smbus *s);
/* Whether it wants interrupt 9. */
bool piix4_smbus_irq(const Piix4Smbus *s);

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
    Piix4Smbus smbus;
    IrqLine sci;                /* interrupt 9, the SMBus's too */
} Piix4Pm;

extern const DeviceType piix4_pm_type;

#endif
