/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ATA disk, "ide-hd": ATA/ATAPI-6 (T13 1410D), chapter 8, with LBA48, and DATA SET MANAGEMENT (TRIM)
 * of ATA8-ACS. Not modelled: SMART, security, host protected area, queued commands, streaming; their
 * commands are aborted and IDENTIFY does not claim them. Power modes but sleep change nothing.
 */
#include <errno.h>
#include "hw/ide/ide.h"
#include "util/bits.h"
#include "util/error.h"

#define DEVICE_LBA 0x40
#define HEADS 16u
#define SECTORS 63u

static uint64_t sectors_of(const IdeDrive *d)
{
    return block_size(block_user_node(d->block)) / BLOCK_SECTOR;
}

/* ---- the table of commands ---- */

enum { WIDE = 1, WRITE = 2, DMA = 4, MULTIPLE = 8, FUA = 16, VERIFY = 32 };

static const struct { uint8_t command, flags; } transfers[] = {
    { 0x20, 0 }, { 0x21, 0 }, { 0x24, WIDE }, { 0x25, WIDE | DMA }, { 0x29, WIDE | MULTIPLE },
    { 0x30, WRITE }, { 0x31, WRITE }, { 0x34, WIDE | WRITE }, { 0x35, WIDE | WRITE | DMA },
    { 0x39, WIDE | WRITE | MULTIPLE }, { 0x3d, WIDE | WRITE | DMA | FUA },
    { 0x40, VERIFY }, { 0x41, VERIFY }, { 0x42, WIDE | VERIFY },
    { 0xc4, MULTIPLE }, { 0xc5, WRITE | MULTIPLE }, { 0xc8, DMA }, { 0xc9, DMA },
    { 0xca, WRITE | DMA }, { 0xcb, WRITE | DMA }, { 0xce, WIDE | WRITE | MULTIPLE | FUA },
};

static int transfer_flags(uint8_t command)
{
    for (size_t i = 0; i < G_N_ELEMENTS(transfers); i++) {
        if (transfers[i].command == command) {
            return transfers[i].flags;
        }
    }
    return -1;
}

/* ---- addresses ---- */

static uint64_t address(const IdeDrive *d, bool wide)
{
    uint64_t lba = d->low[0] | (uint64_t)d->mid[0] << 8 | (uint64_t)d->high[0] << 16;
    if (wide) {
        return lba | (uint64_t)d->low[1] << 24 | (uint64_t)d->mid[1] << 32 | (uint64_t)d->high[1] << 40;
    }
    if (d->device & DEVICE_LBA) {
        return lba | (uint64_t)(d->device & 0x0f) << 24;
    }
    uint64_t cylinder = d->mid[0] | (uint64_t)d->high[0] << 8;
    return d->low[0] ? (cylinder * HEADS + (d->device & 0x0f)) * SECTORS + d->low[0] - 1 : UINT64_MAX / 2;
}

/* Where a command went wrong, in the registers. */
static void show_address(IdeDrive *d, uint64_t lba, bool wide)
{
    if (!wide && !(d->device & DEVICE_LBA)) {
        uint64_t track = lba / SECTORS;
        d->low[0] = (uint8_t)(lba % SECTORS + 1);
        d->mid[0] = (uint8_t)(track / HEADS);
        d->high[0] = (uint8_t)(track / HEADS >> 8);
        d->device = (uint8_t)((d->device & 0xf0) | track % HEADS);
        return;
    }
    d->low[0] = (uint8_t)lba;
    d->mid[0] = (uint8_t)(lba >> 8);
    d->high[0] = (uint8_t)(lba >> 16);
    if (wide) {
        d->low[1] = (uint8_t)(lba >> 24);
        d->mid[1] = (uint8_t)(lba >> 32);
        d->high[1] = (uint8_t)(lba >> 40);
    } else {
        d->device = (uint8_t)((d->device & 0xf0) | ((lba >> 24) & 0x0f));
    }
}

/* Sectors of the task file: 0 means the most there can be. */
static uint32_t sector_count(const IdeDrive *d, bool wide)
{
    uint32_t count = d->count[0] | (wide ? (uint32_t)d->count[1] << 8 : 0);
    return count ? count : wide ? 0x10000 : 0x100;
}

static void fail_io(IdeDrive *d, uint8_t error)
{
    int flags = transfer_flags(d->command);
    show_address(d, d->lba, flags >= 0 && (flags & WIDE));
    ide_drive_fail(d, error);
}

/* ---- transfers ---- */

static uint32_t sectors_per_block(const IdeDrive *d, int flags)
{
    return MIN(d->left, flags & MULTIPLE ? d->multiple : 1);
}

/* The next data of a read through the data register: from the buffer, or the image fills it. */
static void read_more(IdeDrive *d)
{
    ide_drive_request(d, BLOCK_READ, d->lba * BLOCK_SECTOR,
                      MIN(d->left, IDE_BUFFER / BLOCK_SECTOR) * (uint64_t)BLOCK_SECTOR, NULL, 0);
}

/* A block of the buffer, that begins at pos and has as much as was read up to end. */
static void offer_block(IdeDrive *d, uint32_t pos)
{
    uint32_t bytes = sectors_per_block(d, transfer_flags(d->command)) * BLOCK_SECTOR;
    ide_drive_offer(d, IDE_IN, MIN(pos + bytes, IDE_BUFFER), true);
    d->pos = pos;
}

static void flush_after(IdeDrive *d)
{
    d->left = 0;
    ide_drive_request(d, BLOCK_FLUSH, 0, 0, NULL, 0);
}

static void written(IdeDrive *d, int flags)
{
    if (d->left == 0 && (flags & FUA)) {
        flush_after(d);
    } else if (d->left == 0) {
        ide_drive_done(d);
    } else {
        ide_drive_offer(d, IDE_OUT, sectors_per_block(d, flags) * BLOCK_SECTOR, true);
    }
}

static void buffer_done(IdeDrive *d)
{
    if (d->phase == IDE_OUT) {
        ide_drive_request(d, BLOCK_WRITE, d->lba * BLOCK_SECTOR, d->len, NULL, 0);
        return;
    }
    if (transfer_flags(d->command) < 0) {       /* IDENTIFY */
        d->status = IDE_ST_DRDY | IDE_ST_DSC;
        d->phase = IDE_IDLE;
        return;
    }
    uint32_t block = sectors_per_block(d, transfer_flags(d->command));
    d->left -= block;
    d->lba += block;
    if (d->left == 0) {
        d->status = IDE_ST_DRDY | IDE_ST_DSC;
        d->phase = IDE_IDLE;
    } else if (d->pos < IDE_BUFFER) {
        offer_block(d, d->pos);
    } else {
        read_more(d);
    }
}

static void trim_next(IdeDrive *d);

static void dma(IdeDrive *d, DmaList *list)
{
    d->list = *list;
    dma_list_trim(&d->list, d->list.bytes / BLOCK_SECTOR * BLOCK_SECTOR);
    if (d->command == 0x06) {
        d->pos = 0;
        d->len = BLOCK_SECTOR;
        uint32_t bytes = ide_drive_copy(d, &d->list);
        ide_drive_dma_moved(d, bytes);
        d->pos = 0;
        if (bytes) {                    /* or the table ends before the block does: the drive waits */
            trim_next(d);
        }
        return;
    }
    ide_drive_request(d, d->phase == IDE_DMA_IN ? BLOCK_READ : BLOCK_WRITE, d->lba * BLOCK_SECTOR, 0,
                      dma_list_iov(&d->list), d->list.iov->len);
}

static void dma_done(IdeDrive *d, int flags)
{
    uint32_t bytes = (uint32_t)d->list.bytes;
    d->left -= bytes / BLOCK_SECTOR;
    d->lba += bytes / BLOCK_SECTOR;
    ide_drive_dma_moved(d, bytes);
    if (d->left) {
        ide_drive_offer_dma(d, (IdePhase)d->phase, d->left * BLOCK_SECTOR);
    } else if (flags & FUA) {
        d->phase = IDE_IDLE;
        flush_after(d);
    } else {
        ide_drive_done(d);
    }
}

/* ---- TRIM: ranges of 48 bits of address and 16 of length ---- */

/* The next range that is not empty, or the end. */
static void trim_next(IdeDrive *d)
{
    while (d->pos + 8 <= d->len) {
        uint64_t entry = load_le(d->buffer + d->pos, 8), lba = entry & UINT64_C(0xffffffffffff);
        uint64_t count = entry >> 48;
        d->pos += 8;
        if (count && (lba >= sectors_of(d) || count > sectors_of(d) - lba)) {
            break;
        }
        if (count) {
            d->phase = IDE_IDLE;
            ide_drive_request(d, BLOCK_DISCARD, lba * BLOCK_SECTOR, count * BLOCK_SECTOR, NULL, 0);
            return;
        }
    }
    d->left = 0;
    if (d->pos + 8 <= d->len) {
        ide_drive_fail(d, IDE_ERR_IDNF | IDE_ERR_ABRT);
    } else {
        ide_drive_done(d);
    }
}

static void trim(IdeDrive *d)
{
    if (!(d->feature[0] & 1) || (d->count[0] | d->count[1] << 8) != 1) {
        ide_drive_fail(d, IDE_ERR_ABRT);
        return;
    }
    ide_drive_offer_dma(d, IDE_DMA_OUT, BLOCK_SECTOR);
}

/* ---- the image has answered ---- */

static void request_done(IdeDrive *d, int error)
{
    int flags = transfer_flags(d->command);
    bool moving = d->list.iov != NULL;
    if (error && moving) {
        dma_list_end(&d->list, d->list.bytes);  /* some of it may have been written */
        d->channel->host.dma_moved(d->channel->host.opaque, d->channel, false);
    }
    if (error) {
        fail_io(d, flags >= 0 && !(flags & WRITE) ? IDE_ERR_UNC : IDE_ERR_ABRT);
    } else if (d->command == 0x06) {
        trim_next(d);
    } else if (moving) {
        dma_done(d, flags);
    } else if (flags < 0 || (flags & VERIFY) || d->left == 0) {
        ide_drive_done(d);
    } else if (flags & WRITE) {
        uint32_t block = d->len / BLOCK_SECTOR;
        d->left -= block;
        d->lba += block;
        written(d, flags);
    } else {
        offer_block(d, 0);
    }
}

static void begin_transfer(IdeDrive *d, int flags)
{
    bool wide = flags & WIDE;
    d->left = sector_count(d, wide);
    d->lba = address(d, wide);
    if (d->lba >= sectors_of(d) || d->left > sectors_of(d) - d->lba) {
        fail_io(d, IDE_ERR_IDNF);
    } else if ((flags & MULTIPLE) && !d->multiple) {
        ide_drive_fail(d, IDE_ERR_ABRT);
    } else if (flags & VERIFY) {
        ide_drive_done(d);
    } else if (flags & DMA) {
        ide_drive_offer_dma(d, flags & WRITE ? IDE_DMA_OUT : IDE_DMA_IN, d->left * BLOCK_SECTOR);
    } else if (flags & WRITE) {
        ide_drive_offer(d, IDE_OUT, sectors_per_block(d, flags) * BLOCK_SECTOR, false);
    } else {
        read_more(d);
    }
}

/* ---- other commands ---- */

static void set_features(IdeDrive *d)
{
    switch (d->feature[0]) {
    case 0x02:
    case 0x82:
        d->write_cache = d->feature[0] == 0x02;
        block_user_set_write_cache(d->block, d->write_cache);
        if (!d->write_cache) {
            flush_after(d);
            return;
        }
        break;
    case 0x03:                          /* transfer mode: PIO to 4, multiword to 2, Ultra to 2 */
        if (d->count[0] >> 3 == 1 ? (d->count[0] & 7) > 4 :
            d->count[0] >> 3 == 4 || d->count[0] >> 3 == 8 ? (d->count[0] & 7) > 2 : d->count[0] > 1) {
            ide_drive_fail(d, IDE_ERR_ABRT);
            return;
        }
        d->mode = d->count[0];
        break;
    case 0x55: case 0xaa:               /* read look-ahead off and on */
    case 0x66: case 0xcc:               /* keep or forget settings at a soft reset */
        break;
    default:
        ide_drive_fail(d, IDE_ERR_ABRT);
        return;
    }
    ide_drive_done(d);
}

static void set_multiple(IdeDrive *d)
{
    uint8_t n = d->count[0];
    if (n > IDE_MAX_MULTIPLE || (n & (n - 1))) {
        ide_drive_fail(d, IDE_ERR_ABRT);
        return;
    }
    d->multiple = n;
    ide_drive_done(d);
}

static void read_native_max(IdeDrive *d, bool wide)
{
    uint64_t last = sectors_of(d) - 1;
    if (!wide) {
        d->device |= DEVICE_LBA;
        last = MIN(last, 0x0fffffff);
    }
    show_address(d, last, wide);
    ide_drive_done(d);
}

static void command(IdeDrive *d, uint8_t c)
{
    int flags = transfer_flags(c);
    d->left = 0;
    if (flags >= 0) {
        begin_transfer(d, flags);
        return;
    }
    switch (c) {
    case 0x06: trim(d); break;
    case 0x27: read_native_max(d, true); break;
    case 0xf8: read_native_max(d, false); break;
    case 0xe7: case 0xea: flush_after(d); break;
    case 0xc6: set_multiple(d); break;
    case 0xef: set_features(d); break;
    case 0xec:
        ide_identify_disk(d, sectors_of(d), d->buffer);
        ide_drive_offer(d, IDE_IN, BLOCK_SECTOR, true);
        break;
    case 0xe5:                          /* CHECK POWER MODE: active */
        d->count[0] = 0xff;
        ide_drive_done(d);
        break;
    case 0x10: case 0x70: case 0x91:    /* RECALIBRATE, SEEK, INITIALIZE DEVICE PARAMETERS */
    case 0x94: case 0x95: case 0x96: case 0x97: case 0x99:
    case 0xe0: case 0xe1: case 0xe2: case 0xe3: case 0xe6:      /* standby, idle, sleep */
        ide_drive_done(d);
        break;
    default:
        ide_drive_fail(d, IDE_ERR_ABRT);
    }
}

/* ---- the device ---- */

static bool ide_hd_realize(Device *dev, GError **err)
{
    static const IdeKind kind = {
        .command = command, .buffer_done = buffer_done, .dma = dma, .request_done = request_done,
    };
    IdeDrive *d = (IdeDrive *)dev;
    if (!ide_drive_realize(d, &kind, true, err)) {
        return false;
    }
    if (sectors_of(d) == 0) {
        return error_set(err, "%s: the image '%s' is smaller than a sector", device_name(dev),
                         block_filename(block_user_node(d->block)));
    }
    if (!d->serial) {
        d->serial = ide_default_serial(d);
    }
    block_user_set_write_cache(d->block, d->write_cache);
    return true;
}

static void ide_hd_reset(Device *dev)
{
    ide_drive_reset((IdeDrive *)dev);
}

static void ide_hd_finalize(Device *dev)
{
    ide_drive_finalize((IdeDrive *)dev);
}

#define PROP(n, k, f, d, t) { n, k, offsetof(IdeDrive, f), d, t }

static const Prop ide_hd_props[] = {
    PROP("drive", PROP_STRING, drive, NULL, "id of a -drive or node-name of a -blockdev"),
    PROP("unit", PROP_U32, unit, NULL, "0 or 1 on the cable; the first free one by default"),
    PROP("serial", PROP_STRING, serial, NULL, "serial number, up to 20 characters"),
    PROP("ver", PROP_STRING, version, NULL, "firmware version, up to 8 characters"),
    PROP("model", PROP_STRING, model, NULL, "model, up to 40 characters"),
    PROP("wwn", PROP_U64, wwn, NULL, "world wide name; 0: none"),
    PROP("bootindex", PROP_U32, boot_index, NULL, "accepted: firmware is not told in which order to look"),
    PROP("write-cache", PROP_BOOL, write_cache, "on", "whether the guest must flush"),
    { 0 }
};

const DeviceType ide_hd_type = {
    "ide-hd", sizeof(IdeDrive), .parent = "ide-device", .description = "ATA disk", .user_creatable = true,
    .state = ide_drive_state, .props = ide_hd_props, .realize = ide_hd_realize, .reset = ide_hd_reset,
    .finalize = ide_hd_finalize, .post_load = ide_drive_post_load,
};
