/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ATA/ATAPI-6 (T13 1410D): a cable with up to two drives, and what the two kinds of drive have in
 * common. Machine lock held for all.
 */
#ifndef HW_IDE_IDE_H
#define HW_IDE_IDE_H

#include "block/block.h"
#include "hw/core/bus.h"
#include "hw/core/dma.h"

typedef struct IdeDrive IdeDrive;
typedef struct IdeChannel IdeChannel;

enum { IDE_ST_ERR = 0x01, IDE_ST_DRQ = 0x08, IDE_ST_DSC = 0x10, IDE_ST_DF = 0x20, IDE_ST_DRDY = 0x40,
       IDE_ST_BSY = 0x80 };
enum { IDE_ERR_ABRT = 0x04, IDE_ERR_IDNF = 0x10, IDE_ERR_UNC = 0x40 };
/* Interrupt reason of packet commands, in the sector count register. */
enum { IDE_REASON_CD = 1, IDE_REASON_IO = 2 };

/* Whether data moves between the drive and the host computer, and how. */
typedef enum {
    IDE_IDLE,
    IDE_IN, IDE_OUT,            /* through the data register */
    IDE_DMA_IN, IDE_DMA_OUT,    /* DMARQ is up: waits for the bus master, or is being served */
    IDE_BUSY,                   /* an image is being read or written */
} IdePhase;

#define IDE_BUFFER (256u * BLOCK_SECTOR)
#define IDE_MAX_MULTIPLE 16u    /* sectors */

/* What a kind of drive does. */
typedef struct {
    bool packet;                /* an ATAPI device */
    /* A command was written to the register. */
    void (*command)(IdeDrive *d, uint8_t command);
    /* The buffer's len bytes have been read (IDE_IN), or written (IDE_OUT). */
    void (*buffer_done)(IdeDrive *d);
    /* The bus master offers list, of at most dma_left bytes and at least one; the drive takes it over
     * and calls ide_drive_dma_moved when the data are where they belong. */
    void (*dma)(IdeDrive *d, DmaList *list);
    /* The request of ide_drive_request is done. */
    void (*request_done)(IdeDrive *d, int error);
    /* Whatever was going on is over. May be NULL. */
    void (*stopped)(IdeDrive *d);
} IdeKind;

struct IdeDrive {
    Device dev;
    const IdeKind *kind;
    IdeChannel *channel;
    uint32_t unit;              /* 0 or 1; "unit" */
    BlockUser *block;
    char *drive, *serial, *version, *model;     /* properties */
    uint64_t wwn;
    uint32_t boot_index;        /* "bootindex" */
    bool write_cache;           /* "write-cache" */

    /* The task file; of each pair [0] was written last, [1] before it (LBA48). */
    uint8_t feature[2], count[2], low[2], mid[2], high[2];
    uint8_t device, status, error;
    bool irq;                   /* INTRQ as the drive sees it */

    uint8_t phase;              /* IdePhase */
    uint8_t command;            /* that is being carried out */
    uint8_t multiple;           /* sectors of SET MULTIPLE, 0: off */
    uint8_t mode;               /* of SET FEATURES: transfer mode */
    uint64_t lba;               /* where to go on, sectors (2048-byte blocks on a CD) */
    uint32_t left;              /* sectors that are still to be moved */
    uint32_t dma_left;          /* bytes */
    uint32_t pos, len;          /* in the buffer: where to go on, and where the guest is told of again */
    uint32_t filled;            /* bytes of it that a packet command has put there */
    uint8_t buffer[IDE_BUFFER];

    /* Of a request under way; not saved: there is none while the machine stands. */
    BlockRequest request;
    struct iovec request_iov;
    DmaList list;
    bool stopping;
};

/* What the cable is plugged into. */
typedef struct {
    void (*dma_ready)(void *opaque, IdeChannel *ch);                /* the selected drive has raised DMARQ */
    void (*dma_moved)(void *opaque, IdeChannel *ch, bool all);      /* done with a list: all of it was used */
    void (*interrupt)(void *opaque, IdeChannel *ch, bool level);    /* INTRQ changed */
    void *opaque;
} IdeHost;

struct IdeChannel {
    Bus bus;                    /* "ide.0" */
    Machine *machine;
    IdeHost host;
    IdeDrive *drive[2];
    uint8_t control;            /* device control register */
    bool second;                /* DEV: drive 1 is selected */
    bool level;                 /* INTRQ on the wire */
};

extern const VmField ide_channel_state[];
extern const VmField ide_drive_state[];
extern const DeviceType ide_hd_type, ide_cd_type;

/* A cable; id and owner stay the caller's. */
void ide_channel_init(IdeChannel *ch, Machine *machine, Device *owner, const char *id, const IdeHost *host);
void ide_channel_clear(IdeChannel *ch);
/* RESET- of the cable. */
void ide_channel_reset(IdeChannel *ch);
/* After a load: drives the wires anew. */
void ide_channel_loaded(IdeChannel *ch);
/* Command block register 0 to 7; register 0 takes 1, 2 or 4 bytes, the others one. */
uint32_t ide_channel_read(IdeChannel *ch, unsigned reg, unsigned size);
void ide_channel_write(IdeChannel *ch, unsigned reg, uint32_t value, unsigned size);
/* Alternate status and device control. */
uint8_t ide_channel_read_control(IdeChannel *ch);
void ide_channel_write_control(IdeChannel *ch, uint8_t value);
/* For the bus master: bytes that the selected drive wants to move now, 0: none; to_memory: which way. */
uint32_t ide_channel_dma_wanted(IdeChannel *ch, bool *to_memory);
/* Serves it; takes list over. */
void ide_channel_dma(IdeChannel *ch, DmaList *list);

/* ---- for the kinds of drive ---- */

/* realize, reset and finalize that both have; needs_medium: there must be an image. */
bool ide_drive_realize(IdeDrive *d, const IdeKind *kind, bool needs_medium, GError **err);
void ide_drive_reset(IdeDrive *d);
void ide_drive_finalize(IdeDrive *d);
bool ide_drive_post_load(Device *dev, GError **err);
/* "VT00001" for unit 0 of ide.0, and so on; the caller's. */
char *ide_default_serial(const IdeDrive *d);
/* The registers that tell a drive's kind, after a reset and after diagnostics. */
void ide_drive_signature(IdeDrive *d);
/* Ends what is going on; waits for the image. */
void ide_drive_stop(IdeDrive *d);
void ide_drive_set_irq(IdeDrive *d, bool level);
/* The end of a command: well, or with bits of the error register. */
void ide_drive_done(IdeDrive *d);
void ide_drive_fail(IdeDrive *d, uint8_t error);
/* Offers len bytes of the buffer to be read, or to be written; irq: and says so. */
void ide_drive_offer(IdeDrive *d, IdePhase phase, uint32_t len, bool irq);
/* Raises DMARQ for bytes. */
void ide_drive_offer_dma(IdeDrive *d, IdePhase phase, uint32_t bytes);
/* What kind->dma was given is done with: the first bytes of it were moved. */
void ide_drive_dma_moved(IdeDrive *d, uint32_t bytes);
/* Moves between the buffer, from pos, and list; returns the bytes. */
uint32_t ide_drive_copy(IdeDrive *d, DmaList *list);
/* Has the image do it, BSY meanwhile: the buffer's first bytes (iov NULL), or iov, at offset. */
void ide_drive_request(IdeDrive *d, BlockOp op, uint64_t offset, uint64_t bytes, const struct iovec *iov,
                       unsigned niov);

/* ---- identify.c ---- */

/* Writes the 512 bytes of IDENTIFY DEVICE or IDENTIFY PACKET DEVICE; sectors: of a disk. */
void ide_identify_disk(const IdeDrive *d, uint64_t sectors, uint8_t *page);
void ide_identify_packet(const IdeDrive *d, uint8_t *page);

#endif
