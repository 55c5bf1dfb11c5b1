/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ISA bus as devices see it: an I/O space and 16 interrupt lines. */
#ifndef HW_ISA_ISA_H
#define HW_ISA_ISA_H

#include <stdint.h>
#include "hw/core/device.h"
#include "hw/core/irq.h"
#include "system/memory.h"

typedef struct {
    MemRegion *io;          /* the I/O space, shared with PCI */
    IrqHandler set_irq;     /* drives ISA interrupt n on behalf of one device */
    void *irq_opaque;
} IsaBus;

/* What -device may add to the bus begins with this. */
typedef struct {
    Device dev;
    const IsaBus *isa;      /* set before it is realized */
} IsaDevice;

/* Shows mr at port; the caller keeps owning it. */
static inline void isa_add_io(const IsaBus *bus, uint16_t port, MemRegion *mr)
{
    mem_add(bus->io, port, mr, 0);
}

/* Connects a device's interrupt line to ISA interrupt irq (0..15). */
static inline void isa_connect_irq(const IsaBus *bus, IrqLine *line, int irq)
{
    irq_connect(line, bus->set_irq, bus->irq_opaque, irq);
}

#endif
