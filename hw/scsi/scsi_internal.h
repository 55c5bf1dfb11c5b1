/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a SCSI disk: commands (scsi_disk.c), and the pages it describes itself with (scsi_page.c). */
#ifndef HW_SCSI_SCSI_INTERNAL_H
#define HW_SCSI_SCSI_INTERNAL_H

#include "hw/scsi/scsi.h"

#define SCSI_MAX_BLOCKS 0xffffu         /* that READ and WRITE move at once */
#define SCSI_MAX_ZERO_BLOCKS 0x400000u  /* of WRITE SAME, and of UNMAP */
#define SCSI_MAX_UNMAPS 64u             /* descriptors */

typedef struct {
    ScsiDevice scsi;
    bool removable, write_cache;        /* properties */
    bool tray_open, locked;             /* of a removable one */
} ScsiDisk;

uint64_t scsi_disk_blocks(const ScsiDisk *d);
/* INQUIRY, MODE SENSE (6 and 10); they end the request. */
void scsi_disk_inquiry(const ScsiDisk *d, ScsiRequest *r);
void scsi_disk_mode_sense(const ScsiDisk *d, ScsiRequest *r);

#endif
