/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CD and DVD reader's command set, for whatever transport: MMC-3 (T10 1363D) and SPC-2 (T10 1236D).
 * Machine lock held for all.
 */
#ifndef HW_SCSI_MMC_H
#define HW_SCSI_MMC_H

#include "block/block.h"
#include "hw/core/state.h"

#define MMC_BLOCK 2048u
#define MMC_REPLY 4096u         /* bytes that a reply may need */
#define MMC_CDB 12u

typedef struct {
    BlockUser *block;
    const char *product;        /* 16 characters of INQUIRY */
    bool on_scsi;               /* the transport is not ATAPI */
    uint8_t key, asc, ascq;     /* sense data of the last command that failed */
    bool tray_open, locked;
    bool attention;             /* the medium has changed, and no command has been told */
    uint8_t event;              /* media event not fetched yet: 0 none, 1 eject request, 2 new, 3 removed */
} MmcDrive;

extern const VmField mmc_drive_state[];

typedef enum {
    MMC_GOOD,
    MMC_CHECK,                  /* failed; sense data tell why */
    MMC_DATA,                   /* len bytes of the buffer go to the guest */
    MMC_READ,                   /* blocks from lba of the medium go to the guest, at least one */
} MmcStatus;

typedef struct {
    MmcStatus status;
    uint32_t len;
    uint32_t lba, blocks;
} MmcReply;

void mmc_reset(MmcDrive *d);
/* Carries out a command; buffer: MMC_REPLY bytes. */
MmcReply mmc_command(MmcDrive *d, const uint8_t cdb[MMC_CDB], uint8_t *buffer);
/* Fixed-format sense data, 18 bytes; they are forgotten then. */
void mmc_sense(MmcDrive *d, uint8_t *buffer);
/* Reading from the medium has failed. */
void mmc_medium_error(MmcDrive *d);
/* Somebody else has changed the medium or taken it out; with the tray open that is told when it closes. */
void mmc_changed(MmcDrive *d);
/* Somebody else moves the tray. */
void mmc_move_tray(MmcDrive *d, bool open);
/* Somebody else would like it to open. */
void mmc_ask(MmcDrive *d);

#endif
