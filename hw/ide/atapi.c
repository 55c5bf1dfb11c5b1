/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CD or DVD reader on an ATA cable, "ide-cd": the packet protocol of ATA/ATAPI-6 (T13 1410D), sections
 * 8.23 and 9.8; the commands in the packets are hw/scsi/mmc.c. Not modelled: overlapped commands, data to
 * the drive.
 */
#include <string.h>
#include "hw/ide/ide.h"
#include "hw/scsi/mmc.h"

typedef struct {
    IdeDrive ide;
    MmcDrive mmc;
} IdeCd;

#define CMD_PACKET 0xa0
#define FEATURE_DMA 1
#define BUFFER_BLOCKS (IDE_BUFFER / MMC_BLOCK)

/* ---- how a packet command ends ---- */

static void done(IdeDrive *d)
{
    d->count[0] = IDE_REASON_IO | IDE_REASON_CD;
    ide_drive_done(d);
}

static void fail(IdeCd *cd)
{
    cd->ide.count[0] = IDE_REASON_IO | IDE_REASON_CD;
    ide_drive_fail(&cd->ide, (uint8_t)(cd->mmc.key << 4 | IDE_ERR_ABRT));
}

/* ---- data to the guest ---- */

/* The next piece of what the buffer has, as long as the guest allows. */
static void offer_piece(IdeDrive *d, uint32_t pos)
{
    uint32_t limit = (d->mid[1] | (uint32_t)d->high[1] << 8) & ~1u;
    uint32_t piece = MIN(d->filled - pos, limit ? limit : 0xfffe);
    d->mid[0] = (uint8_t)piece;
    d->high[0] = (uint8_t)(piece >> 8);
    d->count[0] = IDE_REASON_IO;
    ide_drive_offer(d, IDE_IN, pos + piece, true);
    d->pos = pos;
}

static void read_more(IdeDrive *d)
{
    uint32_t blocks = MIN(d->left, BUFFER_BLOCKS);
    d->filled = blocks * MMC_BLOCK;
    ide_drive_request(d, BLOCK_READ, d->lba * MMC_BLOCK, d->filled, NULL, 0);
}

static void reply_dma(IdeDrive *d, uint32_t bytes)
{
    d->count[0] = IDE_REASON_IO;
    ide_drive_offer_dma(d, IDE_DMA_IN, bytes);
}

static void packet(IdeCd *cd)
{
    IdeDrive *d = &cd->ide;
    uint8_t cdb[MMC_CDB];
    memcpy(cdb, d->buffer, sizeof(cdb));
    bool by_dma = d->feature[0] & FEATURE_DMA;
    MmcReply r = mmc_command(&cd->mmc, cdb, d->buffer);
    d->left = d->filled = 0;
    switch (r.status) {
    case MMC_GOOD:
        done(d);
        break;
    case MMC_CHECK:
        fail(cd);
        break;
    case MMC_DATA:
        d->filled = r.len;
        d->pos = 0;
        d->len = r.len;
        if (by_dma) {
            reply_dma(d, r.len);
        } else {
            offer_piece(d, 0);
        }
        break;
    case MMC_READ:
        d->lba = r.lba;
        d->left = r.blocks;
        if (by_dma) {
            reply_dma(d, r.blocks * MMC_BLOCK);
        } else {
            read_more(d);
        }
        break;
    }
}

static void buffer_done(IdeDrive *d)
{
    if (d->phase == IDE_OUT) {
        packet((IdeCd *)d);
    } else if (d->command != CMD_PACKET) {      /* IDENTIFY */
        d->status = IDE_ST_DRDY | IDE_ST_DSC;
        d->phase = IDE_IDLE;
    } else if (d->pos < d->filled) {
        offer_piece(d, d->pos);
    } else if (d->left) {
        read_more(d);
    } else {
        done(d);
    }
}

static void dma(IdeDrive *d, DmaList *list)
{
    d->list = *list;
    if (d->filled) {                            /* a reply that is in the buffer */
        uint32_t bytes = ide_drive_copy(d, &d->list);
        ide_drive_dma_moved(d, bytes);
        if (d->dma_left == 0) {
            done(d);
        }
        return;
    }
    dma_list_trim(&d->list, d->list.bytes / MMC_BLOCK * MMC_BLOCK);
    ide_drive_request(d, BLOCK_READ, d->lba * MMC_BLOCK, 0, dma_list_iov(&d->list), d->list.iov->len);
}

static void request_done(IdeDrive *d, int error)
{
    IdeCd *cd = (IdeCd *)d;
    uint32_t moved = d->list.iov ? (uint32_t)d->list.bytes : d->filled;
    bool by_dma = d->list.iov != NULL;
    if (error) {
        dma_list_end(&d->list, d->list.bytes);  /* some of it may have been written */
        mmc_medium_error(&cd->mmc);
        fail(cd);
        return;
    }
    d->lba += moved / MMC_BLOCK;
    d->left -= moved / MMC_BLOCK;
    if (!by_dma) {
        offer_piece(d, 0);
        return;
    }
    ide_drive_dma_moved(d, moved);
    if (d->left) {
        reply_dma(d, d->left * MMC_BLOCK);
    } else {
        done(d);
    }
}

/* ---- commands of the register ---- */

static void set_features(IdeDrive *d)
{
    if (d->feature[0] != 0x03 && d->feature[0] != 0x66 && d->feature[0] != 0xcc) {
        ide_drive_fail(d, IDE_ERR_ABRT);
        return;
    }
    d->mode = d->feature[0] == 0x03 ? d->count[0] : d->mode;
    ide_drive_done(d);
}

static void command(IdeDrive *d, uint8_t c)
{
    switch (c) {
    case 0x08:                                  /* DEVICE RESET */
        ide_drive_stop(d);
        ide_drive_signature(d);
        break;
    case CMD_PACKET:
        d->mid[1] = d->mid[0];                  /* the byte count limit, while [0] tells of pieces */
        d->high[1] = d->high[0];
        d->count[0] = IDE_REASON_CD;
        ide_drive_offer(d, IDE_OUT, MMC_CDB, false);
        break;
    case 0xa1:
        ide_identify_packet(d, d->buffer);
        ide_drive_offer(d, IDE_IN, BLOCK_SECTOR, true);
        break;
    case 0xec:                                  /* IDENTIFY DEVICE: aborted, with the signature */
    case 0x20:
        ide_drive_signature(d);
        ide_drive_fail(d, IDE_ERR_ABRT);
        break;
    case 0xef:
        set_features(d);
        break;
    case 0xe5:
        d->count[0] = 0xff;
        ide_drive_done(d);
        break;
    case 0xe0: case 0xe1: case 0xe2: case 0xe3: case 0xe6:
        ide_drive_done(d);
        break;
    default:
        ide_drive_fail(d, IDE_ERR_ABRT);
    }
}

/* ---- the device ---- */

static void medium_changed(void *opaque)
{
    mmc_changed(&((IdeCd *)opaque)->mmc);
}

static bool tray_open(void *opaque, bool *locked)
{
    const IdeCd *cd = opaque;
    *locked = cd->mmc.locked;
    return cd->mmc.tray_open;
}

static void move_tray(void *opaque, bool open)
{
    mmc_move_tray(&((IdeCd *)opaque)->mmc, open);
}

static void ask(void *opaque)
{
    mmc_ask(&((IdeCd *)opaque)->mmc);
}

static bool ide_cd_realize(Device *dev, GError **err)
{
    static const IdeKind kind = {
        .packet = true, .command = command, .buffer_done = buffer_done, .dma = dma,
        .request_done = request_done,
    };
    static const BlockMedia media = { .tray_open = tray_open, .move_tray = move_tray, .ask = ask };
    IdeCd *cd = (IdeCd *)dev;
    if (!ide_drive_realize(&cd->ide, &kind, false, err)) {
        return false;
    }
    if (!cd->ide.serial) {
        cd->ide.serial = ide_default_serial(&cd->ide);
    }
    cd->mmc.block = cd->ide.block;
    cd->mmc.product = "DVD-ROM";
    block_user_on_change(cd->ide.block, medium_changed, cd);
    block_user_set_media(cd->ide.block, &media, cd);
    return true;
}

static void ide_cd_reset(Device *dev)
{
    IdeCd *cd = (IdeCd *)dev;
    ide_drive_reset(&cd->ide);
    mmc_reset(&cd->mmc);
}

static void ide_cd_finalize(Device *dev)
{
    ide_drive_finalize((IdeDrive *)dev);
}

static const VmField ide_cd_state[] = {
    VM_STRUCT(IdeCd, ide, ide_drive_state), VM_STRUCT(IdeCd, mmc, mmc_drive_state), { 0 }
};

#define PROP(n, k, f, d, t) { n, k, offsetof(IdeCd, ide.f), d, t }

static const Prop ide_cd_props[] = {
    PROP("drive", PROP_STRING, drive, NULL, "id of a -drive or node-name of a -blockdev; none: no medium"),
    PROP("unit", PROP_U32, unit, NULL, "0 or 1 on the cable; the first free one by default"),
    PROP("serial", PROP_STRING, serial, NULL, "serial number, up to 20 characters"),
    PROP("ver", PROP_STRING, version, NULL, "firmware version, up to 8 characters"),
    PROP("model", PROP_STRING, model, NULL, "model, up to 40 characters"),
    PROP("bootindex", PROP_U32, boot_index, NULL, "accepted: firmware is not told in which order to look"),
    { 0 }
};

const DeviceType ide_cd_type = {
    "ide-cd", sizeof(IdeCd), .parent = "ide-device", .description = "ATAPI CD and DVD reader",
    .user_creatable = true, .state = ide_cd_state, .props = ide_cd_props, .realize = ide_cd_realize,
    .reset = ide_cd_reset, .finalize = ide_cd_finalize, .post_load = ide_drive_post_load,
};
