/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keyboard controller 8042 with auxiliary port, as in the FDC37M817 (SMSC data sheet,
 * section "8042 keyboard controller description") and the IBM PS/2 Technical Reference.
 *
 * Not modelled: how long a byte is on its way, parity errors, the key lock.
 */
#include <string.h>
#include "hw/input/i8042.h"
#include "util/log.h"

enum { ST_OBF = 1, ST_IBF = 2, ST_SYS = 4, ST_CMD = 8, ST_UNLOCKED = 0x10, ST_AUX_OBF = 0x20 };
enum { MODE_KBD_INT = 1, MODE_AUX_INT = 2, MODE_SYS = 4, MODE_KBD_OFF = 0x10, MODE_AUX_OFF = 0x20,
       MODE_TRANSLATE = 0x40 };
enum { OUT_NOT_RESET = 1, OUT_A20 = 2, OUT_OBF = 0x10, OUT_AUX_OBF = 0x20 };

static void update(I8042 *k)
{
    bool full = k->status & ST_OBF, aux = k->status & ST_AUX_OBF;
    k->outport &= (uint8_t)~(OUT_OBF | OUT_AUX_OBF);
    if (full) {
        k->outport |= aux ? OUT_AUX_OBF : OUT_OBF;
    }
    irq_set(&k->irq_kbd, full && !aux && (k->mode & MODE_KBD_INT));
    irq_set(&k->irq_aux, full && aux && (k->mode & MODE_AUX_INT));
}

static void give(I8042 *k, uint8_t data, uint8_t flags)
{
    k->data = data;
    k->status = (uint8_t)((k->status & ~ST_AUX_OBF) | ST_OBF | flags);
    update(k);
}

/* A byte of the keyboard, in set 1 if the guest wants it so; false: it only says that the next one is the
 * release of a key. */
static bool translate(I8042 *k, uint8_t *byte)
{
    if (!(k->mode & MODE_TRANSLATE)) {
        return true;
    }
    if (*byte == 0xf0) {
        k->released = true;
        return false;
    }
    *byte = (uint8_t)(key_set2_to_set1(*byte) | (k->released ? 0x80 : 0));
    k->released = false;
    return true;
}

/* Fills the output buffer if it is empty: with the controller's own answer first. */
static void pump(I8042 *k)
{
    while (!(k->status & ST_OBF)) {
        if (k->answered) {
            k->answered = false;
            give(k, k->answer, k->answer_flags);
        } else if (k->kbd->ready.level && !(k->mode & MODE_KBD_OFF)) {
            uint8_t byte = ps2_read(k->kbd);
            if (translate(k, &byte)) {
                give(k, byte, 0);
            }
        } else if (k->mouse->ready.level && !(k->mode & MODE_AUX_OFF)) {
            give(k, ps2_read(k->mouse), ST_AUX_OBF);
        } else {
            return;
        }
    }
}

/* The controller's answer; what the guest has not fetched yet stays before it. */
static void answer(I8042 *k, uint8_t data, uint8_t flags)
{
    k->answer = data;
    k->answer_flags = flags;
    k->answered = true;
    pump(k);
}

static void write_outport(I8042 *k, uint8_t value)
{
    k->outport = value;
    if (!(value & OUT_NOT_RESET)) {
        machine_request_reset(k->dev.machine);
    }
    update(k);
}

static void command(I8042 *k, uint8_t value)
{
    k->status |= ST_CMD;
    k->pending = 0;
    if (value >= 0x20 && value <= 0x3f) {
        answer(k, value == 0x20 ? k->mode : k->ram[value & 31], 0);
        return;
    }
    if ((value >= 0x60 && value <= 0x7f) || (value >= 0xd1 && value <= 0xd4)) {
        k->pending = value;
        return;
    }
    if (value >= 0xf0) {
        /* Pulses output bits 3..0 that are 0; bit 0 is the reset line. */
        if (!(value & OUT_NOT_RESET)) {
            machine_request_reset(k->dev.machine);
        }
        return;
    }
    switch (value) {
    case 0xa7:
        k->mode |= MODE_AUX_OFF;
        break;
    case 0xa8:
        k->mode &= (uint8_t)~MODE_AUX_OFF;
        pump(k);
        break;
    case 0xa9:      /* test of the auxiliary lines: good */
    case 0xab:      /* and of the keyboard's */
        answer(k, 0x00, 0);
        break;
    case 0xaa:      /* self test: passed */
        k->status |= ST_SYS;
        answer(k, 0x55, 0);
        break;
    case 0xad:
        k->mode |= MODE_KBD_OFF;
        break;
    case 0xae:
        k->mode &= (uint8_t)~MODE_KBD_OFF;
        pump(k);
        break;
    case 0xc0:      /* input port: not locked */
        answer(k, 0x80, 0);
        break;
    case 0xd0:
        answer(k, k->outport, 0);
        break;
    default:
        guest_log("i8042: unknown command 0x%02x", value);
        break;
    }
}

static void parameter(I8042 *k, uint8_t value)
{
    uint8_t what = k->pending;
    k->pending = 0;
    switch (what) {
    case 0x60:
        k->mode = value;
        k->status = (uint8_t)((k->status & ~ST_SYS) | (value & MODE_SYS));
        update(k);
        pump(k);
        break;
    case 0xd1:
        write_outport(k, value);
        break;
    case 0xd2:      /* as if the keyboard had sent it */
        answer(k, value, 0);
        break;
    case 0xd3:      /* as if the mouse had */
        answer(k, value, ST_AUX_OBF);
        break;
    case 0xd4:
        k->mode &= (uint8_t)~MODE_AUX_OFF;      /* writing to a device enables it */
        ps2_write(k->mouse, value);
        pump(k);
        break;
    default:
        k->ram[what & 31] = value;
        break;
    }
}

static uint64_t data_read(void *opaque, PhysAddr addr, unsigned size)
{
    I8042 *k = opaque;
    uint8_t data = k->data;
    k->status &= (uint8_t)~(ST_OBF | ST_AUX_OBF);
    update(k);
    pump(k);
    return data;
}

static void data_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    I8042 *k = opaque;
    k->status &= (uint8_t)~ST_CMD;
    if (k->pending) {
        parameter(k, (uint8_t)value);
    } else {
        k->mode &= (uint8_t)~MODE_KBD_OFF;
        ps2_write(k->kbd, (uint8_t)value);
        pump(k);
    }
}

static uint64_t status_read(void *opaque, PhysAddr addr, unsigned size)
{
    return ((I8042 *)opaque)->status;
}

static void command_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    command(opaque, (uint8_t)value);
}

static void has_byte(void *opaque, int n, bool level)
{
    if (level) {
        pump(opaque);
    }
}

static bool i8042_realize(Device *dev, GError **err)
{
    static const MemOps data_ops = { .read = data_read, .write = data_write, .max_size = 1 };
    static const MemOps command_ops = { .read = status_read, .write = command_write, .max_size = 1 };
    I8042 *k = (I8042 *)dev;
    g_assert(k->kbd && k->mouse);
    irq_connect(&k->kbd->ready, has_byte, k, 0);
    irq_connect(&k->mouse->ready, has_byte, k, 1);
    k->data_io = mem_io_new("i8042-data", 1, &data_ops, k);
    k->command_io = mem_io_new("i8042-cmd", 1, &command_ops, k);
    return true;
}

static void i8042_reset(Device *dev)
{
    I8042 *k = (I8042 *)dev;
    k->status = ST_UNLOCKED;
    k->mode = MODE_KBD_OFF | MODE_AUX_OFF;
    k->outport = OUT_NOT_RESET | OUT_A20;
    k->data = 0;
    k->pending = 0;
    k->answered = k->released = false;
    memset(k->ram, 0, sizeof(k->ram));
    update(k);
}

static bool i8042_post_load(Device *dev, GError **err)
{
    update((I8042 *)dev);
    pump((I8042 *)dev);
    return true;
}

static void i8042_finalize(Device *dev)
{
    mem_free(((I8042 *)dev)->data_io);
    mem_free(((I8042 *)dev)->command_io);
}

static const VmField i8042_state[] = {
    VM_U8(I8042, status), VM_U8(I8042, mode), VM_U8(I8042, outport), VM_U8(I8042, data),
    VM_U8(I8042, pending), VM_BUFFER(I8042, ram), VM_BOOL(I8042, answered), VM_U8(I8042, answer),
    VM_U8(I8042, answer_flags), VM_BOOL(I8042, released),
    { 0 }
};

static const IrqPins i8042_outputs[] = { { NULL, 2, offsetof(I8042, irq_kbd) }, { 0 } };
G_STATIC_ASSERT(offsetof(I8042, irq_aux) == offsetof(I8042, irq_kbd) + sizeof(IrqLine));

const DeviceType i8042_type = {
    "i8042", sizeof(I8042), .parent = "isa-device", .description = "8042 keyboard controller",
    .state = i8042_state, .realize = i8042_realize, .reset = i8042_reset, .finalize = i8042_finalize,
    .post_load = i8042_post_load,
    .outputs = i8042_outputs,
};
