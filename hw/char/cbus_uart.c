/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TI16C550C on the CBUS of a Malta board (user's manual MD00048, section 6.11): the
 * third serial port. Registers are 8 bytes apart, the byte is bits 7..0 of a word.
 */
#include "hw/char/cbus_uart.h"

#define CBUS_UART_XTAL 3686400

static uint64_t face_read(void *opaque, PhysAddr addr, unsigned size)
{
    CbusUart *d = opaque;
    return addr & 4 ? 0 : uart16550_read(&d->uart, (unsigned)addr >> 3);
}

static void face_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    CbusUart *d = opaque;
    if (!(addr & 4)) {
        uart16550_write(&d->uart, (unsigned)addr >> 3, (uint8_t)value);
    }
}

static bool cbus_uart_realize(Device *dev, GError **err)
{
    static const MemOps ops = {
        .read = face_read, .write = face_write, .endian = MEM_NATIVE, .min_size = 4, .max_size = 4,
    };
    CbusUart *d = (CbusUart *)dev;
    uart16550_init(&d->uart, dev->machine->clock, d->chr, CBUS_UART_XTAL, false);
    d->io = mem_io_new("cbus-uart", 0x40, &ops, d);
    return true;
}

static void cbus_uart_reset(Device *dev)
{
    uart16550_reset(&((CbusUart *)dev)->uart);
}

static bool cbus_uart_post_load(Device *dev, GError **err)
{
    uart16550_post_load(&((CbusUart *)dev)->uart);
    return true;
}

static void cbus_uart_finalize(Device *dev)
{
    CbusUart *d = (CbusUart *)dev;
    uart16550_free(&d->uart);
    mem_free(d->io);
}

static const VmField cbus_uart_fields[] = { VM_STRUCT(CbusUart, uart, uart16550_state), { 0 } };

static const IrqPins cbus_uart_outputs[] = { { NULL, 1, offsetof(CbusUart, uart.irq) }, { 0 } };

const DeviceType cbus_uart_type = {
    "malta-cbus-uart", sizeof(CbusUart), .parent = "sys-bus-device", .description = "16550A on Malta's CBUS",
    .state = cbus_uart_fields, .realize = cbus_uart_realize, .reset = cbus_uart_reset,
    .finalize = cbus_uart_finalize, .post_load = cbus_uart_post_load,
    .outputs = cbus_uart_outputs,
};
