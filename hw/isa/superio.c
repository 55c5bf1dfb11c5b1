/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMSC FDC37M817 Super I/O (data sheet, "Configuration"): logical devices 0 (floppy controller),
 * 3 (parallel port), 4 and 5 (UARTs) and 7 (keyboard controller), configured through ports 0x3f0 and 0x3f1.
 *
 * After a reset the units are where Malta's firmware puts them: 0x3f0/irq 6, 0x378/irq 7, 0x3f8/irq 4,
 * 0x2f8/irq 3, 0x60/irq 1 and 12; the chip alone would leave them off. Not modelled: infrared, power
 * management, general purpose pins; what their logical devices are told is logged.
 */
#include <string.h>
#include "hw/isa/superio.h"
#include "util/log.h"

#define XTAL 1843200
#define CONFIG_PORT 0x3f0
#define DEVICE_ID 0x4d
#define KEY_ENTER 0x55
#define KEY_LEAVE 0xaa

/* Which logical device each unit is, and how the low byte of its base is cut. */
static const struct {
    uint8_t logical, low_mask;
} units[SUPERIO_UNITS] = {
    [SUPERIO_FDC] = { 0, 0xf8 }, [SUPERIO_PARALLEL] = { 3, 0xfc },
    [SUPERIO_UART] = { 4, 0xf8 }, [SUPERIO_UART + 1] = { 5, 0xf8 }, [SUPERIO_KBC] = { 7, 0 },
};

/* The unit that is a logical device; SUPERIO_UNITS: none is. */
static unsigned unit_of(uint8_t logical)
{
    unsigned u = 0;
    while (u < SUPERIO_UNITS && units[u].logical != logical) {
        u++;
    }
    return u;
}

/* ---- the units' ports ---- */

static uint64_t uart_read(void *opaque, PhysAddr addr, unsigned size)
{
    return uart16550_read(opaque, (unsigned)addr);
}

static void uart_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    uart16550_write(opaque, (unsigned)addr, (uint8_t)value);
}

static uint64_t lpt_read(void *opaque, PhysAddr addr, unsigned size)
{
    return parallel_read(opaque, (unsigned)addr);
}

static void lpt_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    parallel_write(opaque, (unsigned)addr, (uint8_t)value);
}

static uint64_t floppy_read(void *opaque, PhysAddr addr, unsigned size)
{
    return fdc_read(opaque, 2 + (unsigned)addr);
}

static void floppy_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    fdc_write(opaque, 2 + (unsigned)addr, (uint8_t)value);
}

static uint64_t floppy_dir_read(void *opaque, PhysAddr addr, unsigned size)
{
    return fdc_read(opaque, 7);
}

static void floppy_dir_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    fdc_write(opaque, 7, (uint8_t)value);
}

static void move_irq(Superio *s, IrqLine *line, int irq)
{
    if (line->n != irq || !line->handler) {
        bool level = line->level;
        irq_lower(line);
        isa_connect_irq(s->isa, line, irq);
        irq_set(line, level);
    }
}

static void place(MemRegion *io, const SuperioUnit *u, unsigned offset)
{
    mem_set_offset(io, (uint64_t)(u->base_high << 8 | u->base_low) + offset);
    mem_set_enabled(io, u->enabled & 1);
}

/* Moves ports and interrupts to where the configuration says. */
static void place_units(Superio *s)
{
    const SuperioUnit *u = s->unit;
    for (unsigned i = 0; i < SUPERIO_UARTS; i++) {
        place(s->uart_io[i], &u[SUPERIO_UART + i], 0);
        move_irq(s, &s->uart[i].irq, u[SUPERIO_UART + i].irq);
    }
    place(s->parallel_io, &u[SUPERIO_PARALLEL], 0);
    move_irq(s, &s->parallel.irq, u[SUPERIO_PARALLEL].irq);
    place(s->fdc_io, &u[SUPERIO_FDC], 2);
    place(s->fdc_dir_io, &u[SUPERIO_FDC], 7);
    move_irq(s, &s->fdc.irq, u[SUPERIO_FDC].irq);
    move_irq(s, &s->kbc->irq_kbd, u[SUPERIO_KBC].irq);
    move_irq(s, &s->kbc->irq_aux, u[SUPERIO_KBC].irq2);
    mem_set_enabled(s->kbc->data_io, u[SUPERIO_KBC].enabled & 1);
    mem_set_enabled(s->kbc->command_io, u[SUPERIO_KBC].enabled & 1);
}

/* ---- configuration ---- */

/* Where the selected device keeps a register; NULL: it has none of that number. */
static uint8_t *unit_register(Superio *s, uint8_t index)
{
    unsigned n = unit_of(s->selected);
    if (n == SUPERIO_UNITS) {
        return NULL;
    }
    SuperioUnit *u = &s->unit[n];
    switch (index) {
    case 0x30:
        return &u->enabled;
    case 0x60:
        return &u->base_high;
    case 0x61:
        return &u->base_low;
    case 0x70:
        return &u->irq;
    case 0x72:
        return n == SUPERIO_KBC ? &u->irq2 : NULL;
    case 0x74:
        return n == SUPERIO_FDC || n == SUPERIO_PARALLEL ? &u->dma : NULL;
    case 0xf0:
        return &u->mode;
    default:
        return NULL;
    }
}

/* The bits of a unit's register that are kept. No mode is modelled: MIDI, high speed clocks, ECP, EPP. */
static uint8_t register_mask(const Superio *s, uint8_t index)
{
    switch (index) {
    case 0x30:
        return 0x01;
    case 0x61:
        return units[unit_of(s->selected)].low_mask;
    case 0x74:
        return 0x07;
    case 0xf0:
        return 0xff;
    default:
        return 0x0f;
    }
}

static uint8_t config_read(Superio *s)
{
    switch (s->index) {
    case 0x07:
        return s->selected;
    case 0x20:
        return DEVICE_ID;
    case 0x21:
        return 0;
    default:
        break;
    }
    const uint8_t *reg = unit_register(s, s->index);
    if (!reg) {
        log_line(LOG_UNIMP, "superio: configuration register 0x%02x of device %u is not modelled", s->index,
                 s->selected);
    }
    return reg ? *reg : 0;
}

static void config_write(Superio *s, uint8_t value)
{
    if (s->index == 0x07) {
        s->selected = value;
        return;
    }
    uint8_t *reg = unit_register(s, s->index);
    bool fixed = unit_of(s->selected) == SUPERIO_KBC && (s->index == 0x60 || s->index == 0x61);
    if (!reg || fixed) {
        log_line(LOG_UNIMP, "superio: write of 0x%02x to register 0x%02x of device %u, which is not modelled",
                 value, s->index, s->selected);
        return;
    }
    *reg = value & register_mask(s, s->index);
    place_units(s);
}

static uint64_t port_read(void *opaque, PhysAddr addr, unsigned size)
{
    Superio *s = opaque;
    if (!s->configuring) {
        return 0xff;            /* the floppy controller's status A and B, which its AT mode has not */
    }
    return addr & 1 ? config_read(s) : s->index;
}

static void port_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Superio *s = opaque;
    if (addr == 0 && !s->configuring) {
        s->configuring = value == KEY_ENTER;
    } else if (addr == 0 && value == KEY_LEAVE) {
        s->configuring = false;
    } else if (addr == 0) {
        s->index = (uint8_t)value;
    } else if (s->configuring) {
        config_write(s, (uint8_t)value);
    }
}

/* ---- the device ---- */

static MemRegion *hidden_io(Superio *s, const char *name, unsigned size, const MemOps *ops, void *opaque)
{
    MemRegion *io = mem_io_new(name, size, ops, opaque);
    mem_set_enabled(io, false);
    isa_add_io(s->isa, 0, io);
    return io;
}

static void make_io(Superio *s)
{
    static const MemOps uart_ops = { .read = uart_read, .write = uart_write, .max_size = 1 };
    static const MemOps lpt_ops = { .read = lpt_read, .write = lpt_write, .max_size = 1 };
    static const MemOps fdc_ops = { .read = floppy_read, .write = floppy_write, .max_size = 1 };
    static const MemOps dir_ops = { .read = floppy_dir_read, .write = floppy_dir_write, .max_size = 1 };
    static const char *const names[SUPERIO_UARTS] = { "uart1", "uart2" };
    for (unsigned i = 0; i < SUPERIO_UARTS; i++) {
        s->uart_io[i] = hidden_io(s, names[i], 8, &uart_ops, &s->uart[i]);
    }
    s->parallel_io = hidden_io(s, "parallel", 3, &lpt_ops, &s->parallel);
    s->fdc_io = hidden_io(s, "fdc", 4, &fdc_ops, &s->fdc);
    s->fdc_dir_io = hidden_io(s, "fdc-dir", 1, &dir_ops, &s->fdc);
}

static bool superio_realize(Device *dev, GError **err)
{
    static const MemOps config_ops = { .read = port_read, .write = port_write, .max_size = 1 };
    Superio *s = (Superio *)dev;
    g_assert(s->isa && s->kbc);
    for (unsigned i = 0; i < SUPERIO_UARTS; i++) {
        uart16550_init(&s->uart[i], dev->machine->clock, s->chr[i], XTAL, true);
    }
    parallel_init(&s->parallel, s->printer);
    fdc_init(&s->fdc, dev->machine->clock);
    make_io(s);
    s->config_io = mem_io_new("superio-config", 2, &config_ops, s);
    isa_add_io(s->isa, CONFIG_PORT, s->config_io);
    isa_add_io(s->isa, 0x60, s->kbc->data_io);
    isa_add_io(s->isa, 0x64, s->kbc->command_io);
    return true;
}

static void superio_reset(Device *dev)
{
    static const SuperioUnit after_reset[SUPERIO_UNITS] = {
        [SUPERIO_FDC] = { .enabled = 1, .base_high = 3, .base_low = 0xf0, .irq = 6, .dma = 2, .mode = 0x0e },
        [SUPERIO_PARALLEL] = { .enabled = 1, .base_high = 3, .base_low = 0x78, .irq = 7, .dma = 4,
                               .mode = 0x3c },
        [SUPERIO_UART] = { .enabled = 1, .base_high = 3, .base_low = 0xf8, .irq = 4 },
        [SUPERIO_UART + 1] = { .enabled = 1, .base_high = 2, .base_low = 0xf8, .irq = 3 },
        [SUPERIO_KBC] = { .enabled = 1, .base_low = 0x60, .irq = 1, .irq2 = 12 },
    };
    Superio *s = (Superio *)dev;
    memcpy(s->unit, after_reset, sizeof(s->unit));
    s->index = s->selected = 0;
    s->configuring = false;
    place_units(s);
    for (unsigned i = 0; i < SUPERIO_UARTS; i++) {
        uart16550_reset(&s->uart[i]);
    }
    parallel_reset(&s->parallel);
    fdc_reset(&s->fdc);
}

static bool superio_post_load(Device *dev, GError **err)
{
    Superio *s = (Superio *)dev;
    for (unsigned i = 0; i < SUPERIO_UNITS; i++) {
        s->unit[i].irq &= 15;
        s->unit[i].irq2 &= 15;
        s->unit[i].base_high &= 15;
    }
    place_units(s);
    for (unsigned i = 0; i < SUPERIO_UARTS; i++) {
        uart16550_post_load(&s->uart[i]);
    }
    fdc_post_load(&s->fdc);
    return true;
}

static void superio_finalize(Device *dev)
{
    Superio *s = (Superio *)dev;
    for (unsigned i = 0; i < SUPERIO_UARTS; i++) {
        uart16550_free(&s->uart[i]);
        mem_free(s->uart_io[i]);
    }
    parallel_free(&s->parallel);
    fdc_free(&s->fdc);
    mem_free(s->parallel_io);
    mem_free(s->fdc_io);
    mem_free(s->fdc_dir_io);
    mem_free(s->config_io);
}

static const VmField unit_state[] = {
    VM_U8(SuperioUnit, enabled), VM_U8(SuperioUnit, base_high), VM_U8(SuperioUnit, base_low),
    VM_U8(SuperioUnit, irq), VM_U8(SuperioUnit, irq2), VM_U8(SuperioUnit, dma),
    VM_U8(SuperioUnit, mode),
    { 0 }
};

static const VmField superio_state[] = {
    VM_STRUCTS(Superio, uart, uart16550_state), VM_STRUCT(Superio, parallel, parallel_state),
    VM_STRUCT(Superio, fdc, fdc_state), VM_STRUCTS(Superio, unit, unit_state), VM_U8(Superio, index),
    VM_U8(Superio, selected), VM_BOOL(Superio, configuring),
    { 0 }
};

static const IrqPins superio_outputs[] = {
    { "uart1", 1, offsetof(Superio, uart[0].irq) }, { "uart2", 1, offsetof(Superio, uart[1].irq) },
    { "parallel", 1, offsetof(Superio, parallel.irq) }, { "fdc", 1, offsetof(Superio, fdc.irq) },
    { 0 }
};

const DeviceType superio_type = {
    "fdc37m81x-superio", sizeof(Superio), .parent = "isa-device", .description = "FDC37M817 Super I/O",
    .state = superio_state, .realize = superio_realize, .reset = superio_reset, .finalize = superio_finalize,
    .post_load = superio_post_load,
    .outputs = superio_outputs,
};
