/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI 2.1: the bus, configuration space, BARs and INTx. Machine lock held for all. */
#ifndef HW_PCI_PCI_H
#define HW_PCI_PCI_H

#include "hw/core/bus.h"
#include "hw/core/device.h"
#include "hw/core/dma.h"

#define PCI_DEVFN(slot, function) ((uint8_t)((slot) << 3 | (function)))
#define PCI_BARS 6

enum {
    PCI_VENDOR = 0x00, PCI_DEVICE = 0x02, PCI_COMMAND = 0x04, PCI_STATUS = 0x06, PCI_REVISION = 0x08,
    PCI_CLASS_PROG = 0x09, PCI_CLASS = 0x0a, PCI_CACHE_LINE = 0x0c, PCI_LATENCY = 0x0d, PCI_HEADER = 0x0e,
    PCI_BAR0 = 0x10, PCI_SUBVENDOR = 0x2c, PCI_SUBDEVICE = 0x2e, PCI_CAPABILITIES = 0x34,
    PCI_INT_LINE = 0x3c, PCI_INT_PIN = 0x3d,
};
enum { PCI_BAR_PREFETCH = 8 };      /* of a BAR for memory */
enum { PCI_COMMAND_IO = 1, PCI_COMMAND_MEM = 2, PCI_COMMAND_MASTER = 4 };

typedef struct PciBus PciBus;
typedef struct PciDevice PciDevice;

/* What a type of PCI device says of itself: DeviceType.bus_info. */
typedef struct {
    uint16_t vendor, device;
    uint16_t class_code;            /* base class and subclass */
    uint8_t prog_if, revision;
    uint16_t status;                /* reset value of the status register */
    uint16_t command, command_mask; /* reset value; writable bits, 0: I/O, memory, master */
    uint8_t int_pin;                /* 0: none, 1: INTA# ... */
    bool multifunction;             /* of function 0 */
    /* What a configuration read gives; NULL: what is stored. */
    uint32_t (*config_read)(PciDevice *pci, unsigned reg, unsigned size);
    /* After a configuration write that covered [reg, reg + size). May be NULL. */
    void (*config_written)(PciDevice *pci, unsigned reg, unsigned size);
} PciInfo;

typedef struct {
    MemRegion *mr;                  /* NULL: there is no such BAR; owned by the device */
    bool io;
    bool mapped;
} PciBar;

struct PciDevice {
    Device dev;
    PciBus *bus;
    uint8_t devfn;
    uint8_t config[256];
    uint8_t wmask[256];             /* bits that the guest may write */
    uint8_t w1c[256];               /* bits that writing 1 clears */
    PciBar bar[PCI_BARS];
    bool irq_level;                 /* of the device's pin */
    bool multifunction;             /* function 0 says that there are others */
};

/* The part of a PCI device's state list that every one has. */
#define PCI_STATE(Type, pci) VM_BUFFER(Type, pci.config), VM_BOOL(Type, pci.irq_level)

struct PciBus {
    Bus bus;                        /* "pci": -device and the monitor find it */
    Machine *machine;
    MemRegion *mem, *io;            /* the bus's two address spaces */
    GPtrArray *devices;             /* of PciDevice * */
    /* Which of the board's PCI interrupt lines pin (0 = INTA#) of a slot is wired to. */
    int (*route)(void *opaque, unsigned slot, unsigned pin);
    IrqHandler set_irq;             /* drives such a line */
    void *opaque;
};

/* A bus on the two windows, which the caller owns and frees after it; owner: the bridge. */
PciBus *pci_bus_new(Machine *machine, Device *owner, MemRegion *mem, MemRegion *io);
void pci_bus_free(PciBus *bus);
void pci_bus_set_irqs(PciBus *bus, int (*route)(void *opaque, unsigned slot, unsigned pin),
                      IrqHandler set_irq, void *opaque);
/* The device there, or NULL. */
PciDevice *pci_bus_find(PciBus *bus, uint8_t devfn);

/* An unrealized device of the type for slot and function devfn. */
PciDevice *pci_device_new(PciBus *bus, const DeviceType *type, uint8_t devfn);
/* device_realize for it; also false when the slot is taken. */
bool pci_device_realize(PciDevice *pci, GError **err);
/* Configuration header to its reset state, BARs unmapped, interrupt off: the first thing
 * in the reset of each type. */
void pci_device_reset(PciDevice *pci);
/* Maps BARs again and drives the interrupt after a load: in each post_load. */
void pci_device_post_load(PciDevice *pci);
/* BAR n is mr (size a power of two, at least 16 bytes for memory, 4 for I/O); in realize. */
void pci_device_add_bar(PciDevice *pci, unsigned n, bool io, MemRegion *mr);
/* Drives the device's interrupt pin. */
void pci_device_set_irq(PciDevice *pci, bool level);

/* The device as bus master: dma_read, dma_write and dma_list_begin on the bus's memory; false when the
 * guest has not enabled it. */
bool pci_dma_read(PciDevice *pci, uint64_t addr, void *buf, uint64_t len);
bool pci_dma_write(PciDevice *pci, uint64_t addr, const void *buf, uint64_t len);
bool pci_dma_begin(PciDevice *pci, DmaList *list, bool to_memory);

/* Configuration registers of a device, little endian; size 1, 2 or 4, reg aligned to it. */
uint32_t pci_config_read(PciDevice *pci, unsigned reg, unsigned size);
void pci_config_write(PciDevice *pci, unsigned reg, uint32_t value, unsigned size);
/* For the device itself: sets what is stored, without masks. */
void pci_config_set(PciDevice *pci, unsigned reg, uint32_t value, unsigned size);
uint32_t pci_config_get(const PciDevice *pci, unsigned reg, unsigned size);

#endif
