/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82371AB (PIIX4), function 3: the SMBus host controller, data sheet (order 290562) chapter 7.3, and
 * the System Management Bus specification 1.0 for what goes over the wires.
 *
 * A transaction takes no time: HOST_BUSY is never seen, and there is none that KILL could end. Not modelled:
 * the slave interface (its registers keep what is written; nobody on this bus speaks to it), SMI#, which this
 * board does not use.
 */
#include "hw/isa/piix4.h"

#include <string.h>
#include "util/log.h"

enum {
    SMBHSTSTS = 0x0, SMBHSTCNT = 0x2, SMBHSTCMD = 0x3, SMBHSTADD = 0x4, SMBHSTDAT0 = 0x5,
    SMBHSTDAT1 = 0x6, SMBBLKDAT = 0x7, SMBSLVCNT = 0x8, SMBSLVEVT = 0xa,
    PORTS = 0x10,
};
enum { STS_INTER = 0x02, STS_DEV_ERR = 0x04, STS_FAILED = 0x10, STS_CLEARED = 0x1e };
enum { CNT_INTEREN = 0x01, CNT_KILL = 0x02, CNT_PROTOCOL = 0x1c, CNT_START = 0x40 };
enum { QUICK = 0 << 2, BYTE = 1 << 2, BYTE_DATA = 2 << 2, WORD_DATA = 3 << 2, BLOCK = 5 << 2 };
enum { HSTCFG_ENABLE = 0x01, HSTCFG_INTERRUPT = 0x0e, HSTCFG_IRQ9 = 0x08 };

/* ---- transactions: false when nobody acknowledges ---- */

static bool write_bytes(Piix4Smbus *s, const uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (!i2c_write(&s->bus, bytes[i])) {
            return false;
        }
    }
    return true;
}

/* The command code, then the other direction when there is something to read. */
static bool begin(Piix4Smbus *s, bool read)
{
    uint8_t target = s->address >> 1;
    return i2c_start(&s->bus, target, false) && i2c_write(&s->bus, s->command) &&
           (!read || i2c_start(&s->bus, target, true));
}

static bool do_byte(Piix4Smbus *s, bool read)
{
    if (!i2c_start(&s->bus, s->address >> 1, read)) {
        return false;
    }
    if (!read) {
        return i2c_write(&s->bus, s->command);
    }
    s->data[0] = i2c_read(&s->bus);
    return true;
}

static bool do_data(Piix4Smbus *s, bool read, unsigned count)
{
    if (!begin(s, read)) {
        return false;
    }
    for (unsigned i = 0; read && i < count; i++) {
        s->data[i] = i2c_read(&s->bus);
    }
    return read || write_bytes(s, s->data, count);
}

static bool is_count(uint8_t count)
{
    return count >= 1 && count <= PIIX4_SMBUS_BLOCK;
}

/* The count is a byte of the transfer, from whoever sends the block. */
static bool do_block(Piix4Smbus *s, bool read)
{
    if ((!read && !is_count(s->data[0])) || !begin(s, read)) {
        return false;
    }
    if (!read) {
        return write_bytes(s, s->data, 1) && write_bytes(s, s->block, s->data[0]);
    }
    s->data[0] = i2c_read(&s->bus);
    for (unsigned i = 0; is_count(s->data[0]) && i < s->data[0]; i++) {
        s->block[i] = i2c_read(&s->bus);
    }
    return is_count(s->data[0]);
}

static bool transact(Piix4Smbus *s)
{
    bool read = s->address & 1;
    switch (s->control & CNT_PROTOCOL) {
    case QUICK:
        return i2c_start(&s->bus, s->address >> 1, read);
    case BYTE:
        return do_byte(s, read);
    case BYTE_DATA:
        return do_data(s, read, 1);
    case WORD_DATA:
        return do_data(s, read, 2);
    case BLOCK:
        return do_block(s, read);
    default:
        guest_log("piix4-smbus: there is no command protocol %u", (s->control & CNT_PROTOCOL) >> 2);
        return false;
    }
}

static void start(Piix4Smbus *s)
{
    if (!(s->config & HSTCFG_ENABLE)) {
        guest_log("piix4-smbus: START while the host controller is disabled (SMBHSTCFG)");
        return;
    }
    if (s->control & CNT_KILL) {
        return;
    }
    s->status |= transact(s) ? STS_INTER : STS_DEV_ERR;
    i2c_stop(&s->bus);
    s->index = 0;
}

/* ---- registers ---- */

bool piix4_smbus_irq(const Piix4Smbus *s)
{
    return (s->status & STS_CLEARED) && (s->control & CNT_INTEREN) &&
           (s->config & HSTCFG_INTERRUPT) == HSTCFG_IRQ9;
}

static uint64_t smbus_read(void *opaque, PhysAddr addr, unsigned size)
{
    Piix4Smbus *s = opaque;
    switch (addr) {
    case SMBHSTSTS:
        return s->status;
    case SMBHSTCNT:
        s->index = 0;           /* of the block */
        return s->control;
    case SMBHSTCMD:
        return s->command;
    case SMBHSTADD:
        return s->address;
    case SMBHSTDAT0:
    case SMBHSTDAT1:
        return s->data[addr - SMBHSTDAT0];
    case SMBBLKDAT:
        return s->block[s->index++ % PIIX4_SMBUS_BLOCK];
    case SMBSLVCNT:
    case SMBSLVEVT:
    case SMBSLVEVT + 1:
        return s->slave[addr - SMBSLVCNT];
    default:                    /* what the slave interface would have received */
        return 0;
    }
}

static void control_written(Piix4Smbus *s, uint8_t value)
{
    s->control = value & (CNT_INTEREN | CNT_KILL | CNT_PROTOCOL);
    if (value & CNT_KILL) {
        s->status |= STS_FAILED;
    } else if (value & CNT_START) {
        start(s);
    }
}

static void smbus_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Piix4Smbus *s = opaque;
    uint8_t byte = (uint8_t)value;
    switch (addr) {
    case SMBHSTSTS:
        s->status &= (uint8_t)~(byte & STS_CLEARED);
        break;
    case SMBHSTCNT:
        control_written(s, byte);
        break;
    case SMBHSTCMD:
        s->command = byte;
        break;
    case SMBHSTADD:
        s->address = byte;
        break;
    case SMBHSTDAT0:
    case SMBHSTDAT1:
        s->data[addr - SMBHSTDAT0] = byte;
        break;
    case SMBBLKDAT:
        s->block[s->index++ % PIIX4_SMBUS_BLOCK] = byte;
        break;
    case SMBSLVCNT:
        s->slave[0] = byte & 0x0f;
        break;
    case SMBSLVEVT:
    case SMBSLVEVT + 1:
        s->slave[addr - SMBSLVCNT] = byte;
        break;
    default:                    /* read only, or not there */
        break;
    }
    s->changed(s->opaque);
}

/* ---- its owner ---- */

void piix4_smbus_init(Piix4Smbus *s, void (*changed)(void *opaque), void *opaque)
{
    static const MemOps ops = { .read = smbus_read, .write = smbus_write, .max_size = 1 };
    s->changed = changed;
    s->opaque = opaque;
    s->io = mem_io_new("piix4-smbus", PORTS, &ops, s);
    i2c_init(&s->bus);
}

void piix4_smbus_reset(Piix4Smbus *s)
{
    i2c_stop(&s->bus);
    s->status = s->control = s->command = s->address = s->index = 0;
    memset(s->data, 0, sizeof(s->data));
    memset(s->block, 0, sizeof(s->block));
    memset(s->slave, 0, sizeof(s->slave));
}

void piix4_smbus_clear(Piix4Smbus *s)
{
    if (s->io) {
        mem_free(s->io);
        i2c_clear(&s->bus);
    }
}

const VmField piix4_smbus_state[] = {
    VM_U8(Piix4Smbus, status), VM_U8(Piix4Smbus, control), VM_U8(Piix4Smbus, command),
    VM_U8(Piix4Smbus, address), VM_U8(Piix4Smbus, index), VM_BUFFER(Piix4Smbus, data),
    VM_BUFFER(Piix4Smbus, block), VM_BUFFER(Piix4Smbus, slave),
    { 0 }
};
