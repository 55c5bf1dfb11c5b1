/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82371AB (PIIX4), function 0: the ISA bridge. Follows its data sheet (order 290562,
 * April 1997), sections 4.1 and 4.2: interrupt routing, reset control. The chips behind it
 * (8259, 8254, RTC, DMA) have files of their own.
 *
 * Not modelled: positive decode and timing of ISA cycles, distributed DMA, X-bus chip
 * selects and the relocation of ports (their registers keep what is written).
 */
#include "hw/isa/piix4.h"
#include "util/bits.h"

enum { CFG_IORT = 0x4c, CFG_XBCS = 0x4e, CFG_PIRQ = 0x60, CFG_SERIRQ = 0x64, CFG_TOM = 0x69, CFG_MSTAT = 0x6a,
       CFG_MBDMA = 0x76, CFG_APIC = 0x80, CFG_DLC = 0x82, CFG_PDMA = 0x90, CFG_DDMA = 0x92, CFG_GENCFG = 0xb0,
       CFG_RTC = 0xcb };

#define PIRQ_OFF   0x80
#define RESET_PORT 0xcf9
#define RESET_CPU  0x04
#define SCI_IRQ    9

/* ISA interrupts that a PIRQ may be routed to: not 0, 1, 2, 8, 13. */
#define PIRQ_TARGETS 0xdef8

/* ---- interrupts ---- */

static int pirq_target(const Piix4 *p, unsigned n)
{
    uint8_t route = p->pci.config[CFG_PIRQ + n];
    int irq = route & 15;
    return route & PIRQ_OFF || !(PIRQ_TARGETS & (1 << irq)) ? -1 : irq;
}

/* Interrupt irq is the OR of whatever drives it. */
static void drive(Piix4 *p, int irq)
{
    bool level = (p->isa_levels >> irq) & 1;
    for (unsigned n = 0; n < 4; n++) {
        level = level || (((p->pirq_levels >> n) & 1) && pirq_target(p, n) == irq);
    }
    i8259_set_irq(p->pic, irq, level || (p->sci && irq == SCI_IRQ));
}

static void drive_all(Piix4 *p)
{
    for (int irq = 0; irq < 16; irq++) {
        drive(p, irq);
    }
}

static void set_isa_irq(void *opaque, int n, bool level)
{
    Piix4 *p = opaque;
    device_input_heard(&p->pci.dev, n, level);
    p->isa_levels = (uint16_t)((p->isa_levels & ~(1u << n)) | (unsigned)level << n);
    drive(p, n);
}

void piix4_set_pirq(void *opaque, int n, bool level)
{
    Piix4 *p = opaque;
    p->pirq_levels = (uint8_t)((p->pirq_levels & ~(1u << n)) | (unsigned)level << n);
    int irq = pirq_target(p, (unsigned)n);
    if (irq >= 0) {
        drive(p, irq);
    }
}

void piix4_set_sci(void *opaque, int n, bool level)
{
    Piix4 *p = opaque;
    p->sci = level;
    drive(p, SCI_IRQ);
}

static void config_written(PciDevice *pci, unsigned reg, unsigned size)
{
    if (reg < CFG_PIRQ + 4 && reg + size > CFG_PIRQ) {
        drive_all((Piix4 *)pci);
    }
}

/* ---- reset control ---- */

static uint64_t reset_read(void *opaque, PhysAddr addr, unsigned size)
{
    return ((Piix4 *)opaque)->reset_control;
}

/* A rising RCPU bit resets; hard or soft is the same for a board like this. */
static void reset_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Piix4 *p = opaque;
    bool rises = (value & RESET_CPU) && !(p->reset_control & RESET_CPU);
    p->reset_control = value & 0x06;
    if (rises) {
        machine_request_reset(p->pci.dev.machine);
    }
}

/* ---- devices that users add ---- */

static Device *make_device(Bus *bus, const DeviceType *type, KeyVal *props, GError **err)
{
    Piix4 *p = bus->opaque;
    g_assert(type->user_creatable);
    IsaDevice *isa = (IsaDevice *)device_new(p->pci.dev.machine, type);
    isa->isa = &p->isa;
    return &isa->dev;
}

static bool realize_device(Bus *bus, Device *dev, GError **err)
{
    return device_realize(dev, err);
}

/* ---- the device ---- */

static void set_masks(PciDevice *pci)
{
    static const struct {
        uint8_t reg, mask;
    } masks[] = {
        { CFG_IORT, 0x7f }, { CFG_XBCS, 0xff }, { CFG_XBCS + 1, 0x03 }, { CFG_PIRQ, 0x8f },
        { CFG_PIRQ + 1, 0x8f }, { CFG_PIRQ + 2, 0x8f }, { CFG_PIRQ + 3, 0x8f }, { CFG_SERIRQ, 0xff },
        { CFG_TOM, 0xfe }, { CFG_MSTAT + 1, 0x80 }, { CFG_MBDMA, 0x87 }, { CFG_MBDMA + 1, 0x87 },
        { CFG_APIC, 0x7f }, { CFG_DLC, 0x0f }, { CFG_PDMA, 0xff }, { CFG_PDMA + 1, 0xff },
        { CFG_DDMA, 0xc0 }, { CFG_DDMA + 1, 0xff }, { CFG_DDMA + 2, 0xc0 }, { CFG_DDMA + 3, 0xff },
        { CFG_GENCFG, 0xff }, { CFG_GENCFG + 1, 0xff }, { CFG_GENCFG + 2, 0xff }, { CFG_GENCFG + 3, 0xff },
        { CFG_RTC, 0x3d },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(masks); i++) {
        pci->wmask[masks[i].reg] = masks[i].mask;
    }
}

static bool piix4_realize(Device *dev, GError **err)
{
    static const MemOps reset_ops = { .read = reset_read, .write = reset_write, .max_size = 1 };
    Piix4 *p = (Piix4 *)dev;
    g_assert(p->pic);
    set_masks(&p->pci);
    p->isa = (IsaBus){ .io = p->pci.bus->io, .set_irq = set_isa_irq, .irq_opaque = p };
    p->reset_io = mem_io_new("reset-control", 1, &reset_ops, p);
    p->isa_bus = (Bus){ .id = "isa.0", .type = "ISA", .takes = "isa-device", .owner = dev,
                        .make = make_device, .realize = realize_device, .opaque = p };
    bus_add(dev->machine, &p->isa_bus);
    isa_add_io(&p->isa, RESET_PORT, p->reset_io);
    isa_add_io(&p->isa, 0x20, p->pic->io[0]);
    isa_add_io(&p->isa, 0xa0, p->pic->io[1]);
    isa_add_io(&p->isa, 0x4d0, p->pic->elcr_io);
    return true;
}

static void piix4_reset(Device *dev)
{
    Piix4 *p = (Piix4 *)dev;
    PciDevice *pci = &p->pci;
    pci_device_reset(pci);
    pci_config_set(pci, CFG_IORT, 0x4d, 1);
    pci_config_set(pci, CFG_XBCS, 0x0003, 2);
    for (unsigned n = 0; n < 4; n++) {
        pci_config_set(pci, CFG_PIRQ + n, PIRQ_OFF, 1);
    }
    pci_config_set(pci, CFG_SERIRQ, 0x10, 1);
    pci_config_set(pci, CFG_TOM, 0x02, 1);
    pci_config_set(pci, CFG_MBDMA, 0x0c0c, 2);
    pci_config_set(pci, CFG_RTC, 0x21, 1);
    p->reset_control = 0;
    drive_all(p);
}

static bool piix4_post_load(Device *dev, GError **err)
{
    pci_device_post_load((PciDevice *)dev);
    return true;
}

static void piix4_finalize(Device *dev)
{
    bus_remove(dev->machine, &((Piix4 *)dev)->isa_bus);
    mem_free(((Piix4 *)dev)->reset_io);
}

static const VmField piix4_state[] = {
    PCI_STATE(Piix4, pci), VM_U16(Piix4, isa_levels), VM_U8(Piix4, pirq_levels), VM_BOOL(Piix4, sci),
    VM_U8(Piix4, reset_control),
    { 0 }
};

static const PciInfo piix4_info = {
    .vendor = 0x8086, .device = 0x7110, .revision = 0x02, .class_code = 0x0601, .multifunction = true,
    .status = 0x0280, .command = 0x0007, .command_mask = 0x0108, .config_written = config_written,
};

static const IrqPins piix4_inputs[] = {
    { NULL, 16, .input = set_isa_irq }, { "pirq", 4, .input = piix4_set_pirq },
    { "sci", 1, .input = piix4_set_sci },
    { 0 }
};

const DeviceType piix4_type = {
    "PIIX4", sizeof(Piix4), .parent = "pci-device", .description = "82371AB (PIIX4) ISA bridge",
    .state = piix4_state, .bus_info = &piix4_info, .realize = piix4_realize, .reset = piix4_reset,
    .finalize = piix4_finalize, .post_load = piix4_post_load,
    .inputs = piix4_inputs,
};
