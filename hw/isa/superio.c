/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMSC FDC37M817 Super I/O (data sheet, "Configuration"): logical devices 4 and 5 (UARTs)
 * and 7 (keyboard controller), configured through ports 0x3f0 and 0x3f1.
 *
 * After a reset the units are where Malta's firmware puts them: 0x3f8/irq 4, 0x2f8/irq 3,
 * 0x60/irq 1 and 12; the chip alone would leave them off. Not modelled: floppy, parallel
 * port, infrared, power management; their logical devices cannot be enabled.
 */
#include "hw/isa/superio.h"
#include "util/log.h"

#define XTAL 1843200
#define CONFIG_PORT 0x3f0
#define DEVICE_ID 0x4d
#define KEY_ENTER 0x55
#define KEY_LEAVE 0xaa

static SuperioUnit *unit_of(Superio *s, unsigned logical)
{
    switch (logical) {
    case 4:
        return &s->unit[0];
    case 5:
        return &s->unit[1];
    case 7:
        return &s->unit[2];
    default:
        return NULL;
    }
}

/* ---- the UARTs ---- */

static uint64_t uart_read(void *opaque, PhysAddr addr, unsigned size)
{
    return uart16550_read(opaque, (unsigned)addr);
}

static void uart_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    uart16550_write(opaque, (unsigned)addr, (uint8_t)value);
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

/* Moves ports and interrupts to where the configuration says. */
static void place_units(Superio *s)
{
    for (unsigned i = 0; i < SUPERIO_UARTS; i++) {
        SuperioUnit *u = &s->unit[i];
        mem_set_offset(s->uart_io[i], (uint64_t)(u->base_high << 8 | (u->base_low & 0xf8)));
        mem_set_enabled(s->uart_io[i], u->enabled & 1);
        move_irq(s, &s->uart[i].irq, u->irq);
    }
    move_irq(s, &s->kbc->irq_kbd, s->unit[2].irq);
    move_irq(s, &s->kbc->irq_aux, s->unit[2].irq2);
    mem_set_enabled(s->kbc->data_io, s->unit[2].enabled & 1);
    mem_set_enabled(s->kbc->command_io, s->unit[2].enabled & 1);
}

/* ---- configuration ---- */

static uint8_t config_read(Superio *s)
{
    const SuperioUnit *u = unit_of(s, s->selected);
    switch (s->index) {
    case 0x07:
        return s->selected;
    case 0x20:
        return DEVICE_ID;
    case 0x21:
        return 0;
    case 0x30:
        return u ? u->enabled : 0;
    case 0x60:
        return u ? u->base_high : 0;
    case 0x61:
        return u ? u->base_low : 0;
    case 0x70:
        return u ? u->irq : 0;
    case 0x72:
        return s->selected == 7 ? u->irq2 : 0;
    case 0xf0:
        return u ? u->mode : 0;
    default:
        log_line(LOG_UNIMP, "superio: configuration register 0x%02x of device %u is not modelled", s->index,
                 s->selected);
        return 0;
    }
}

static void config_write(Superio *s, uint8_t value)
{
    SuperioUnit *u = unit_of(s, s->selected);
    if (s->index == 0x07) {
        s->selected = value;
        return;
    }
    if (!u || (s->selected == 7 && (s->index == 0x60 || s->index == 0x61))) {
        log_line(LOG_UNIMP, "superio: write of 0x%02x to register 0x%02x of device %u, which is not modelled",
                 value, s->index, s->selected);
        return;
    }
    switch (s->index) {
    case 0x30:
        u->enabled = value & 1;
        break;
    case 0x60:
        u->base_high = value & 0x0f;
        break;
    case 0x61:
        u->base_low = value & 0xf8;
        break;
    case 0x70:
        u->irq = value & 0x0f;
        break;
    case 0x72:
        u->irq2 = value & 0x0f;
        break;
    case 0xf0:      /* MIDI and high speed clocks: no speed is modelled */
        u->mode = value;
        break;
    default:
        log_line(LOG_UNIMP, "superio: configuration register 0x%02x of device %u is not modelled", s->index,
                 s->selected);
        return;
    }
    place_units(s);
}

static uint64_t port_read(void *opaque, PhysAddr addr, unsigned size)
{
    Superio *s = opaque;
    if (!s->configuring) {
        return 0xff;            /* the floppy controller's ports, and there is none */
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

static bool superio_realize(Device *dev, GError **err)
{
    static const MemOps uart_ops = { .read = uart_read, .write = uart_write, .max_size = 1 };
    static const MemOps config_ops = { .read = port_read, .write = port_write, .max_size = 1 };
    static const char *const names[SUPERIO_UARTS] = { "uart1", "uart2" };
    Superio *s = (Superio *)dev;
    g_assert(s->isa && s->kbc);
    for (unsigned i = 0; i < SUPERIO_UARTS; i++) {
        s->uart_io[i] = mem_io_new(names[i], 8, &uart_ops, &s->uart[i]);
        mem_set_enabled(s->uart_io[i], false);
        isa_add_io(s->isa, 0, s->uart_io[i]);
        uart16550_init(&s->uart[i], dev->machine->clock, s->chr[i], XTAL, true);
    }
    s->config_io = mem_io_new("superio-config", 2, &config_ops, s);
    isa_add_io(s->isa, CONFIG_PORT, s->config_io);
    isa_add_io(s->isa, 0x60, s->kbc->data_io);
    isa_add_io(s->isa, 0x64, s->kbc->command_io);
    return true;
}

static void superio_reset(Device *dev)
{
    Superio *s = (Superio *)dev;
    s->unit[0] = (SuperioUnit){ .enabled = 1, .base_high = 3, .base_low = 0xf8, .irq = 4 };
    s->unit[1] = (SuperioUnit){ .enabled = 1, .base_high = 2, .base_low = 0xf8, .irq = 3 };
    s->unit[2] = (SuperioUnit){ .enabled = 1, .base_low = 0x60, .irq = 1, .irq2 = 12 };
    s->index = s->selected = 0;
    s->configuring = false;
    place_units(s);
    for (unsigned i = 0; i < SUPERIO_UARTS; i++) {
        uart16550_reset(&s->uart[i]);
    }
}

static bool superio_post_load(Device *dev, GError **err)
{
    Superio *s = (Superio *)dev;
    for (unsigned i = 0; i < 3; i++) {
        s->unit[i].irq &= 15;
        s->unit[i].irq2 &= 15;
        s->unit[i].base_high &= 15;
    }
    place_units(s);
    for (unsigned i = 0; i < SUPERIO_UARTS; i++) {
        uart16550_post_load(&s->uart[i]);
    }
    return true;
}

static void superio_finalize(Device *dev)
{
    Superio *s = (Superio *)dev;
    for (unsigned i = 0; i < SUPERIO_UARTS; i++) {
        uart16550_free(&s->uart[i]);
        mem_free(s->uart_io[i]);
    }
    mem_free(s->config_io);
}

static const VmField unit_state[] = {
    VM_U8(SuperioUnit, enabled), VM_U8(SuperioUnit, base_high), VM_U8(SuperioUnit, base_low),
    VM_U8(SuperioUnit, irq), VM_U8(SuperioUnit, irq2), VM_U8(SuperioUnit, mode),
    { 0 }
};

static const VmField superio_state[] = {
    VM_STRUCTS(Superio, uart, uart16550_state), VM_STRUCTS(Superio, unit, unit_state), VM_U8(Superio, index),
    VM_U8(Superio, selected), VM_BOOL(Superio, configuring),
    { 0 }
};

static const IrqPins superio_outputs[] = {
    { "uart1", 1, offsetof(Superio, uart[0].irq) }, { "uart2", 1, offsetof(Superio, uart[1].irq) },
    { 0 }
};

const DeviceType superio_type = {
    "fdc37m81x-superio", sizeof(Superio), .parent = "isa-device", .description = "FDC37M817 Super I/O",
    .state = superio_state, .realize = superio_realize, .reset = superio_reset, .finalize = superio_finalize,
    .post_load = superio_post_load,
    .outputs = superio_outputs,
};
