/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NMI status and control register (port 0x61) of the 82371AB, data sheet section 4.2.5.
 * Not modelled: a loudspeaker, and sources of SERR# and IOCHK# (their bits read 0).
 */
#include "hw/isa/port61.h"

#define GATE2   0x01
#define REFRESH 0x10
#define OUT2    0x20

static uint64_t port_read(void *opaque, PhysAddr addr, unsigned size)
{
    Port61 *p = opaque;
    /* The refresh request toggles every 15 us. */
    bool refresh = clock_now(p->dev.machine->clock, CLOCK_VIRTUAL) / 15085 & 1;
    return p->control | (refresh ? REFRESH : 0) | (i8254_out(p->pit, 2) ? OUT2 : 0);
}

static void port_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Port61 *p = opaque;
    p->control = value & 0x0f;
    i8254_set_gate(p->pit, 2, value & GATE2);
}

static bool port61_realize(Device *dev, GError **err)
{
    static const MemOps ops = { .read = port_read, .write = port_write, .max_size = 1 };
    Port61 *p = (Port61 *)dev;
    g_assert(p->pit);
    p->io = mem_io_new("port61", 1, &ops, p);
    return true;
}

static void port61_reset(Device *dev)
{
    Port61 *p = (Port61 *)dev;
    p->control = 0;
    i8254_set_gate(p->pit, 2, false);
}

static void port61_finalize(Device *dev)
{
    mem_free(((Port61 *)dev)->io);
}

static const VmField port61_state[] = { VM_U8(Port61, control), { 0 } };

const DeviceType port61_type = {
    "isa-port61", sizeof(Port61), .parent = "isa-device", .description = "NMI status and speaker gate",
    .state = port61_state, .realize = port61_realize, .reset = port61_reset, .finalize = port61_finalize,
};
