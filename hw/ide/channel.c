/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ATA cable: ATA/ATAPI-6 (T13 1410D), chapter 7 (registers) and section 9.16 (one drive alone).
 * Without drives it reads as an undriven bus with the pull-down on DD7 that section 4.3 asks for.
 */
#include "hw/ide/ide.h"

#include <string.h>
#include "util/error.h"
#include "util/log.h"

enum { REG_DATA, REG_FEATURE, REG_COUNT, REG_LOW, REG_MID, REG_HIGH, REG_DEVICE, REG_COMMAND };
enum { CONTROL_NIEN = 0x02, CONTROL_SRST = 0x04, CONTROL_HOB = 0x80 };

#define DEVICE_DEV 0x10
#define EMPTY_CABLE 0xff7fff7fu
#define CMD_DEVICE_RESET 0x08
#define CMD_DIAGNOSTIC 0x90

static IdeDrive *selected(const IdeChannel *ch)
{
    return ch->drive[ch->second];
}

/* ---- interrupt ---- */

static void update_irq(IdeChannel *ch)
{
    const IdeDrive *d = selected(ch);
    bool level = d && d->irq && !(ch->control & CONTROL_NIEN);
    if (level != ch->level) {
        ch->level = level;
        ch->host.interrupt(ch->host.opaque, ch, level);
    }
}

void ide_drive_set_irq(IdeDrive *d, bool level)
{
    d->irq = level;
    update_irq(d->channel);
}

/* ---- the data register ---- */

static uint16_t data_read(IdeDrive *d)
{
    if (d->phase != IDE_IN) {
        guest_log("%s: read of the data register while there is nothing to read", device_name(&d->dev));
        return 0;
    }
    uint16_t value = (uint16_t)(d->buffer[d->pos] | (d->pos + 1 < d->len ? d->buffer[d->pos + 1] << 8 : 0));
    d->pos += 2;
    if (d->pos >= d->len) {
        d->kind->buffer_done(d);
    }
    return value;
}

static void data_write(IdeDrive *d, uint16_t value)
{
    if (d->phase != IDE_OUT) {
        guest_log("%s: write of the data register while nothing is expected", device_name(&d->dev));
        return;
    }
    d->buffer[d->pos++] = (uint8_t)value;
    if (d->pos < d->len) {
        d->buffer[d->pos++] = (uint8_t)(value >> 8);
    }
    if (d->pos >= d->len) {
        d->kind->buffer_done(d);
    }
}

/* ---- registers ---- */

static uint8_t read_pair(const IdeChannel *ch, const uint8_t pair[2])
{
    return pair[(ch->control & CONTROL_HOB) != 0];
}

static uint8_t read_register(IdeChannel *ch, IdeDrive *d, unsigned reg)
{
    switch (reg) {
    case REG_FEATURE: return d->error;
    case REG_COUNT:   return read_pair(ch, d->count);
    case REG_LOW:     return read_pair(ch, d->low);
    case REG_MID:     return read_pair(ch, d->mid);
    case REG_HIGH:    return read_pair(ch, d->high);
    case REG_DEVICE:  return d->device | 0xa0;
    default:          return d->status;
    }
}

uint32_t ide_channel_read(IdeChannel *ch, unsigned reg, unsigned size)
{
    IdeDrive *d = selected(ch), *first = ch->drive[0];
    if (!d && !first) {
        return EMPTY_CABLE & (size == 1 ? 0xff : size == 2 ? 0xffff : 0xffffffff);
    }
    if (!d) {           /* drive 0 answers for drive 1 that is not there */
        return reg == REG_COMMAND || reg == REG_DATA ? 0 : read_register(ch, first, reg);
    }
    if (reg == REG_DATA) {
        uint32_t value = data_read(d);
        return size == 4 ? value | (uint32_t)data_read(d) << 16 : value;
    }
    uint8_t value = read_register(ch, d, reg);
    if (reg == REG_COMMAND) {
        ide_drive_set_irq(d, false);
    }
    return value;
}

static void push(uint8_t pair[2], uint8_t value)
{
    pair[1] = pair[0];
    pair[0] = value;
}

/* Both drives keep what is written; a drive that is busy does not. */
static void write_register(IdeDrive *d, unsigned reg, uint8_t value)
{
    if (d->status & IDE_ST_BSY) {
        return;
    }
    switch (reg) {
    case REG_FEATURE: push(d->feature, value); break;
    case REG_COUNT:   push(d->count, value); break;
    case REG_LOW:     push(d->low, value); break;
    case REG_MID:     push(d->mid, value); break;
    case REG_HIGH:    push(d->high, value); break;
    case REG_DEVICE:  d->device = value; break;
    }
}

/* Section 8.9: both drives test themselves, drive 0 reports. */
static void diagnostic(IdeChannel *ch)
{
    for (unsigned i = 0; i < 2; i++) {
        if (ch->drive[i]) {
            ide_drive_stop(ch->drive[i]);
            ide_drive_signature(ch->drive[i]);
        }
    }
    ch->second = false;
    if (ch->drive[0]) {
        ide_drive_set_irq(ch->drive[0], true);
    }
}

static void write_command(IdeChannel *ch, uint8_t command)
{
    IdeDrive *d = selected(ch);
    if (command == CMD_DIAGNOSTIC) {
        diagnostic(ch);
        return;
    }
    if (!d) {
        return;
    }
    bool reset = command == CMD_DEVICE_RESET && d->kind->packet;
    if ((d->status & IDE_ST_BSY) && !reset) {
        guest_log("%s: command 0x%02x while the drive is busy", device_name(&d->dev), command);
        return;
    }
    if (d->phase != IDE_IDLE) {
        ide_drive_stop(d);
    }
    ide_drive_set_irq(d, false);
    d->command = command;
    d->error = 0;
    d->status = IDE_ST_DRDY | IDE_ST_DSC;
    d->kind->command(d, command);
}

void ide_channel_write(IdeChannel *ch, unsigned reg, uint32_t value, unsigned size)
{
    ch->control &= (uint8_t)~CONTROL_HOB;
    if (reg == REG_DATA) {
        IdeDrive *d = selected(ch);
        for (unsigned i = 0; d && i < (size + 1) / 2; i++) {
            data_write(d, (uint16_t)(value >> (16 * i)));
        }
        return;
    }
    if (reg == REG_COMMAND) {
        write_command(ch, (uint8_t)value);
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (ch->drive[i]) {
            write_register(ch->drive[i], reg, (uint8_t)value);
        }
    }
    if (reg == REG_DEVICE) {
        ch->second = value & DEVICE_DEV;
        update_irq(ch);
    }
}

uint8_t ide_channel_read_control(IdeChannel *ch)
{
    if (!ch->drive[0] && !ch->drive[1]) {
        return (uint8_t)EMPTY_CABLE;
    }
    return selected(ch) ? selected(ch)->status : ch->drive[0] ? 0 : (uint8_t)EMPTY_CABLE;
}

static void reset_drives(IdeChannel *ch)
{
    for (unsigned i = 0; i < 2; i++) {
        if (ch->drive[i]) {
            ide_drive_stop(ch->drive[i]);
            ide_drive_set_irq(ch->drive[i], false);
            ide_drive_signature(ch->drive[i]);
        }
    }
    ch->second = false;
}

void ide_channel_write_control(IdeChannel *ch, uint8_t value)
{
    uint8_t changed = ch->control ^ value;
    ch->control = value;
    if ((changed & CONTROL_SRST) && (value & CONTROL_SRST)) {
        reset_drives(ch);
        for (unsigned i = 0; i < 2; i++) {
            if (ch->drive[i]) {
                ch->drive[i]->status = IDE_ST_BSY;
            }
        }
    } else if (changed & CONTROL_SRST) {
        reset_drives(ch);
    }
    update_irq(ch);
}

/* ---- bus master ---- */

uint32_t ide_channel_dma_wanted(IdeChannel *ch, bool *to_memory)
{
    const IdeDrive *d = selected(ch);
    if (!d || (d->phase != IDE_DMA_IN && d->phase != IDE_DMA_OUT) || d->list.iov) {
        return 0;
    }
    *to_memory = d->phase == IDE_DMA_IN;
    return d->dma_left;
}

void ide_channel_dma(IdeChannel *ch, DmaList *list)
{
    IdeDrive *d = selected(ch);
    d->kind->dma(d, list);
}

/* ---- the bus that -device sees ---- */

static bool is_full(const Bus *bus)
{
    const IdeChannel *ch = bus->opaque;
    return ch->drive[0] && ch->drive[1];
}

static Device *make_drive(Bus *bus, const DeviceType *type, KeyVal *props, GError **err)
{
    IdeChannel *ch = bus->opaque;
    IdeDrive *d = (IdeDrive *)device_new(ch->machine, type);
    d->channel = ch;
    d->dev.on_bus = bus;
    d->unit = keyval_get(props, "unit") ? 0 : ch->drive[0] != NULL;
    return &d->dev;
}

static void detach(Device *dev)
{
    IdeDrive *d = (IdeDrive *)dev;
    d->channel->drive[d->unit] = NULL;
}

static bool realize_drive(Bus *bus, Device *dev, GError **err)
{
    IdeChannel *ch = bus->opaque;
    IdeDrive *d = (IdeDrive *)dev;
    if (d->unit > 1 || ch->drive[d->unit]) {
        error_set(err, d->unit > 1 ? "%s: unit=%u: a cable has units 0 and 1"
                  : "%s: unit %u of the cable is taken", device_name(dev), d->unit);
        device_free(dev);
        return false;
    }
    ch->drive[d->unit] = d;
    dev->detach = detach;
    return device_realize(dev, err);
}

static char *drive_address(const Bus *bus, const Device *dev)
{
    return g_strdup_printf("unit = %u", ((const IdeDrive *)dev)->unit);
}

/* ---- life ---- */

void ide_channel_init(IdeChannel *ch, Machine *machine, Device *owner, const char *id, const IdeHost *host)
{
    ch->machine = machine;
    ch->host = *host;
    ch->bus = (Bus){ .id = id, .type = "IDE", .takes = "ide-device", .owner = owner, .make = make_drive,
                     .realize = realize_drive, .full = is_full, .address = drive_address, .opaque = ch };
    bus_add(machine, &ch->bus);
}

void ide_channel_clear(IdeChannel *ch)
{
    if (ch->machine) {
        bus_remove(ch->machine, &ch->bus);
    }
}

void ide_channel_reset(IdeChannel *ch)
{
    reset_drives(ch);
    ch->control = 0;
    update_irq(ch);
}

void ide_channel_loaded(IdeChannel *ch)
{
    ch->level = false;
    update_irq(ch);
}

const VmField ide_channel_state[] = { VM_U8(IdeChannel, control), VM_BOOL(IdeChannel, second), { 0 } };
