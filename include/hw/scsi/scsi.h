/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SCSI: a bus of logical units, and what units have in common: SAM-3 (T10 1561D), SPC-3 (T10 1416D).
 * Machine lock held for all.
 */
#ifndef HW_SCSI_SCSI_H
#define HW_SCSI_SCSI_H

#include "block/block.h"
#include "hw/core/bus.h"

#define SCSI_CDB 32u
#define SCSI_SENSE 18u
#define SCSI_MAX_TARGET 255u
#define SCSI_MAX_LUN 16383u

enum { SCSI_GOOD = 0x00, SCSI_CHECK = 0x02 };
enum { SCSI_NO_SENSE = 0, SCSI_NOT_READY = 2, SCSI_MEDIUM_ERROR = 3, SCSI_ILLEGAL_REQUEST = 5,
       SCSI_UNIT_ATTENTION = 6, SCSI_DATA_PROTECT = 7 };

typedef struct ScsiBus ScsiBus;
typedef struct ScsiDevice ScsiDevice;
typedef struct ScsiRequest ScsiRequest;

/* A command on its way, the host adapter's; the unit's parts are zero before scsi_submit. */
struct ScsiRequest {
    uint8_t cdb[SCSI_CDB];
    const struct iovec *out, *in;   /* the guest's memory: data to the unit, and from it */
    unsigned n_out, n_in;
    uint64_t out_bytes, in_bytes;
    /* From submit (at once) or later; r is the adapter's again. */
    void (*done)(ScsiRequest *r);

    /* The answer. */
    bool overrun;                   /* the command moves more than there is memory for; nothing was done */
    uint8_t status;
    uint8_t sense[SCSI_SENSE];      /* with SCSI_CHECK */
    uint64_t moved;                 /* bytes of in or out */

    /* The unit's. */
    ScsiDevice *dev;
    BlockRequest block;
    struct iovec *part;
    struct iovec whole;
    uint8_t *buffer;
    uint64_t lba, left;             /* blocks of a command that takes several steps */
    unsigned pos, len;              /* in buffer */
    bool flushing;
};

typedef struct {
    /* Carries out r->cdb and ends it with scsi_good, scsi_check or scsi_data, now or later. */
    void (*command)(ScsiDevice *d, ScsiRequest *r);
} ScsiKind;

struct ScsiDevice {
    Device dev;
    const ScsiKind *kind;
    ScsiBus *bus;
    BlockUser *block;
    char *drive, *serial, *device_id;       /* properties */
    uint64_t wwn;
    uint32_t channel, target, lun, boot_index;
    uint8_t asc, ascq;              /* of the unit attention that is pending; 0, 0: none */
};

/* What the bus tells its adapter; asc 0: the unit is new (or, gone, no more there). */
typedef struct {
    void (*event)(void *opaque, const ScsiDevice *d, bool gone, uint8_t asc, uint8_t ascq);
    void *opaque;
} ScsiHost;

struct ScsiBus {
    Bus bus;                        /* "scsi.0", or ID.0 */
    char *id;
    Machine *machine;
    ScsiHost host;
    GPtrArray *units;               /* of ScsiDevice * */
};

/* Makes the bus of owner, which it is named after. */
void scsi_bus_init(ScsiBus *b, Machine *machine, Device *owner, const ScsiHost *host);
/* Also when it was not made. */
void scsi_bus_clear(ScsiBus *b);
/* Whether any unit has that target number. */
bool scsi_bus_has_target(const ScsiBus *b, unsigned target);
/* Carries out a command for a unit of a target that is there. */
void scsi_submit(ScsiBus *b, unsigned target, unsigned lun, ScsiRequest *r);
/* Ends every command, of that target and lun or of all (UINT_MAX each): those that have not begun fail. */
void scsi_bus_stop(ScsiBus *b, unsigned target, unsigned lun);

/* ---- for units ---- */

/* realize and finalize of every type; the medium may be missing when needs_medium is not set. */
bool scsi_device_realize(ScsiDevice *d, const ScsiKind *kind, bool writes, bool needs_medium, GError **err);
void scsi_device_finalize(ScsiDevice *d);
void scsi_device_reset(Device *dev);
/* The next command is told so; the adapter hears it now. */
void scsi_attention(ScsiDevice *d, uint8_t asc, uint8_t ascq);

/* How commands end. */
void scsi_good(ScsiRequest *r);
void scsi_check(ScsiRequest *r, uint8_t key, uint8_t asc, uint8_t ascq);
void scsi_invalid_field(ScsiRequest *r);
/* With the first of len bytes, as many as allocated and as the guest has memory for. */
void scsi_data(ScsiRequest *r, const void *data, uint64_t len, uint64_t allocated);
void scsi_end(ScsiRequest *r, uint8_t status);
/* Fixed format (SPC-3, section 4.5.3), SCSI_SENSE bytes. */
void scsi_put_sense(uint8_t *sense, uint8_t key, uint8_t asc, uint8_t ascq);
/* Has the image move bytes at offset between it and the first memory of the request, then done. */
void scsi_transfer(ScsiRequest *r, BlockOp op, uint64_t offset, uint64_t bytes,
                   void (*done)(BlockRequest *request, int error));

#define SCSI_PROPS(Type, s) \
    { "drive", PROP_STRING, offsetof(Type, s.drive), NULL, "id of a -drive or node-name of a -blockdev" }, \
    { "serial", PROP_STRING, offsetof(Type, s.serial), NULL, "serial number, up to 36 characters" }, \
    { "device_id", PROP_STRING, offsetof(Type, s.device_id), NULL, \
      "what page 0x83 of INQUIRY calls it, up to 64 characters" }, \
    { "wwn", PROP_U64, offsetof(Type, s.wwn), NULL, "world wide name; 0: none" }, \
    { "channel", PROP_U32, offsetof(Type, s.channel), NULL, "0" }, \
    { "scsi-id", PROP_U32, offsetof(Type, s.target), NULL, "target, to 255; by default the first free" }, \
    { "lun", PROP_U32, offsetof(Type, s.lun), NULL, "unit, to 16383; by default the first free" }, \
    { "bootindex", PROP_U32, offsetof(Type, s.boot_index), NULL, \
      "accepted: firmware is not told in which order to look" }
#define SCSI_STATE(Type, s) VM_U8(Type, s.asc), VM_U8(Type, s.ascq)

extern const DeviceType scsi_hd_type, scsi_cd_type;

#endif
