/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A CD or DVD reader on a SCSI bus, "scsi-cd": the commands are mmc.c. */
#include <string.h>
#include "hw/scsi/mmc.h"
#include "hw/scsi/scsi.h"

typedef struct {
    ScsiDevice scsi;
    MmcDrive mmc;
} ScsiCd;

static void check(ScsiCd *cd, ScsiRequest *r)
{
    mmc_sense(&cd->mmc, r->sense);
    r->moved = 0;
    scsi_end(r, SCSI_CHECK);
}

static void read_done(BlockRequest *request, int error)
{
    ScsiRequest *r = request->opaque;
    if (error) {
        mmc_medium_error(&((ScsiCd *)r->dev)->mmc);
        check((ScsiCd *)r->dev, r);
    } else {
        scsi_good(r);
    }
}

static void command(ScsiDevice *d, ScsiRequest *r)
{
    ScsiCd *cd = (ScsiCd *)d;
    r->buffer = g_malloc(MMC_REPLY);
    MmcReply reply = mmc_command(&cd->mmc, r->cdb, r->buffer);
    uint64_t bytes = (uint64_t)reply.blocks * MMC_BLOCK;
    switch (reply.status) {
    case MMC_GOOD:
        scsi_good(r);
        break;
    case MMC_CHECK:
        check(cd, r);
        break;
    case MMC_DATA:
        scsi_data(r, r->buffer, reply.len, UINT64_MAX);
        break;
    case MMC_READ:
        if (bytes > r->in_bytes) {
            r->overrun = true;
            scsi_good(r);
            return;
        }
        scsi_transfer(r, BLOCK_READ, (uint64_t)reply.lba * MMC_BLOCK, bytes, read_done);
        break;
    }
}

/* ---- the medium ---- */

static void medium_changed(void *opaque)
{
    mmc_changed(&((ScsiCd *)opaque)->mmc);
}

static bool tray_open(void *opaque, bool *locked)
{
    const ScsiCd *cd = opaque;
    *locked = cd->mmc.locked;
    return cd->mmc.tray_open;
}

static void move_tray(void *opaque, bool open)
{
    mmc_move_tray(&((ScsiCd *)opaque)->mmc, open);
}

static void ask(void *opaque)
{
    mmc_ask(&((ScsiCd *)opaque)->mmc);
}

/* ---- the device ---- */

static bool scsi_cd_realize(Device *dev, GError **err)
{
    static const ScsiKind kind = { .command = command };
    static const BlockMedia media = { .tray_open = tray_open, .move_tray = move_tray, .ask = ask };
    ScsiCd *cd = (ScsiCd *)dev;
    if (!scsi_device_realize(&cd->scsi, &kind, false, false, err)) {
        return false;
    }
    cd->mmc.block = cd->scsi.block;
    cd->mmc.product = "DVD-ROM";
    cd->mmc.on_scsi = true;
    block_user_on_change(cd->scsi.block, medium_changed, cd);
    block_user_set_media(cd->scsi.block, &media, cd);
    return true;
}

static void scsi_cd_reset(Device *dev)
{
    scsi_device_reset(dev);
    mmc_reset(&((ScsiCd *)dev)->mmc);
}

static void scsi_cd_finalize(Device *dev)
{
    scsi_device_finalize((ScsiDevice *)dev);
}

static const VmField scsi_cd_state[] = {
    SCSI_STATE(ScsiCd, scsi), VM_STRUCT(ScsiCd, mmc, mmc_drive_state), { 0 }
};
static const Prop scsi_cd_props[] = { SCSI_PROPS(ScsiCd, scsi), { 0 } };

const DeviceType scsi_cd_type = {
    "scsi-cd", sizeof(ScsiCd), .parent = "scsi-device", .description = "SCSI CD and DVD reader",
    .user_creatable = true, .state = scsi_cd_state, .props = scsi_cd_props, .realize = scsi_cd_realize,
    .reset = scsi_cd_reset, .finalize = scsi_cd_finalize,
};
