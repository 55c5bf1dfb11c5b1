/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SCSI disk, "scsi-hd": SBC-3 (T10 1799D), chapter 5, with blocks of 512 bytes. Not modelled: MODE SELECT,
 * formatting, protection information, COMPARE AND WRITE, reservations, power conditions.
 */
#include <errno.h>
#include <string.h>
#include "hw/scsi/scsi_internal.h"
#include "util/bits.h"
#include "util/error.h"

#define FUA 0x08u
#define UNMAP_BIT 0x08u
#define NO_DATA_OUT 0x01u
#define PATTERN_BLOCKS 128u             /* that WRITE SAME writes at once */
#define UNMAP_HEAD 8u
#define UNMAP_ENTRY 16u

uint64_t scsi_disk_blocks(const ScsiDisk *d)
{
    BlockNode *node = block_user_node(d->scsi.block);
    return node ? block_size(node) / BLOCK_SECTOR : 0;
}

static bool has_medium(const ScsiDisk *d)
{
    return !d->tray_open && block_user_node(d->scsi.block);
}

static bool in_range(const ScsiDisk *d, uint64_t lba, uint64_t blocks)
{
    uint64_t all = scsi_disk_blocks(d);
    return lba <= all && blocks <= all - lba;
}

static void out_of_range(ScsiRequest *r)
{
    scsi_check(r, SCSI_ILLEGAL_REQUEST, 0x21, 0);
}

/* ---- the image's answers ---- */

static void fail(ScsiRequest *r, int error)
{
    switch (error) {
    case -ENOMEDIUM: scsi_check(r, SCSI_NOT_READY, 0x3a, 0); break;
    case -EPERM:     scsi_check(r, SCSI_DATA_PROTECT, 0x27, 0); break;     /* write protected */
    case -ENOSPC:    scsi_check(r, SCSI_DATA_PROTECT, 0x27, 7); break;     /* space allocation failed */
    default:
        scsi_check(r, SCSI_MEDIUM_ERROR, r->block.op == BLOCK_READ ? 0x11 : 0x0c, 0);
    }
}

static void last_done(BlockRequest *request, int error)
{
    ScsiRequest *r = request->opaque;
    if (error) {
        fail(r, error);
    } else {
        scsi_good(r);
    }
}

static void submit(ScsiRequest *r, BlockOp op, uint64_t offset, uint64_t bytes,
                   void (*done)(BlockRequest *request, int error))
{
    r->block = (BlockRequest){
        .op = op, .offset = offset, .bytes = bytes, .unmap = r->block.unmap, .done = done, .opaque = r,
    };
    block_submit(r->dev->block, &r->block);
}

static void written(BlockRequest *request, int error)
{
    ScsiRequest *r = request->opaque;
    if (error || !r->flushing) {
        last_done(request, error);
    } else {
        submit(r, BLOCK_FLUSH, 0, 0, last_done);
    }
}

/* ---- READ, WRITE, VERIFY, SYNCHRONIZE CACHE ---- */

/* Block address and count of a CDB of 6, 10, 12 or 16 bytes, as its group (the upper 3 bits) says. */
static void address(const uint8_t *cdb, uint64_t *lba, uint64_t *blocks)
{
    switch (cdb[0] >> 5) {
    case 0:
        *lba = load_be(cdb, 4) & 0x1fffff;
        *blocks = cdb[4] ? cdb[4] : 256;
        break;
    case 4:
        *lba = load_be(cdb + 2, 8);
        *blocks = load_be(cdb + 10, 4);
        break;
    case 5:
        *lba = load_be(cdb + 2, 4);
        *blocks = load_be(cdb + 6, 4);
        break;
    default:
        *lba = load_be(cdb + 2, 4);
        *blocks = load_be(cdb + 7, 2);
    }
}

static void transfer(ScsiDisk *d, ScsiRequest *r, bool write)
{
    uint64_t lba, blocks;
    address(r->cdb, &lba, &blocks);
    uint64_t bytes = blocks * BLOCK_SECTOR;
    bool wide = r->cdb[0] >> 5 != 0;
    if (blocks > SCSI_MAX_BLOCKS || (wide && (r->cdb[1] & 0xe0))) {
        scsi_invalid_field(r);          /* also: protection information */
    } else if (!in_range(d, lba, blocks)) {
        out_of_range(r);
    } else if (bytes > (write ? r->out_bytes : r->in_bytes)) {
        r->overrun = true;
        scsi_good(r);
    } else if (!blocks) {
        scsi_good(r);
    } else {
        r->flushing = write && wide && (r->cdb[1] & FUA);
        scsi_transfer(r, write ? BLOCK_WRITE : BLOCK_READ, lba * BLOCK_SECTOR, bytes, written);
    }
}

static void read_blocks(ScsiDisk *d, ScsiRequest *r)
{
    transfer(d, r, false);
}

static void write_blocks(ScsiDisk *d, ScsiRequest *r)
{
    transfer(d, r, true);
}

/* What is on a host's disk can be read: only the range is checked. Comparing is not modelled. */
static void verify(ScsiDisk *d, ScsiRequest *r)
{
    uint64_t lba, blocks;
    address(r->cdb, &lba, &blocks);
    if (r->cdb[1] & 0x06) {
        scsi_invalid_field(r);
    } else if (!in_range(d, lba, blocks)) {
        out_of_range(r);
    } else {
        scsi_good(r);
    }
}

static void synchronize(ScsiDisk *d, ScsiRequest *r)
{
    uint64_t lba, blocks;
    address(r->cdb, &lba, &blocks);
    if (in_range(d, lba, blocks)) {
        submit(r, BLOCK_FLUSH, 0, 0, last_done);
    } else {
        out_of_range(r);
    }
}

/* ---- UNMAP: SBC-3, section 5.28 ---- */

static void unmap_next(ScsiRequest *r);

static void unmapped(BlockRequest *request, int error)
{
    if (error) {
        fail(request->opaque, error);
    } else {
        unmap_next(request->opaque);
    }
}

/* The next descriptor that is not empty, or the end. */
static void unmap_next(ScsiRequest *r)
{
    while (r->pos + UNMAP_ENTRY <= r->len) {
        const uint8_t *entry = r->buffer + r->pos;
        uint64_t lba = load_be(entry, 8), blocks = load_be(entry + 8, 4);
        r->pos += UNMAP_ENTRY;
        if (!in_range((ScsiDisk *)r->dev, lba, blocks)) {
            out_of_range(r);
            return;
        }
        if (blocks) {
            submit(r, BLOCK_DISCARD, lba * BLOCK_SECTOR, blocks * BLOCK_SECTOR, unmapped);
            return;
        }
    }
    scsi_good(r);
}

static bool unmaps_too_much(const ScsiRequest *r)
{
    uint64_t all = 0;
    for (unsigned at = r->pos; at + UNMAP_ENTRY <= r->len; at += UNMAP_ENTRY) {
        all += load_be(r->buffer + at + 8, 4);
    }
    return all > SCSI_MAX_ZERO_BLOCKS || r->len > UNMAP_HEAD + SCSI_MAX_UNMAPS * UNMAP_ENTRY;
}

static void unmap(ScsiDisk *d, ScsiRequest *r)
{
    unsigned length = (unsigned)load_be(r->cdb + 7, 2);
    if (!length) {
        scsi_good(r);
        return;
    }
    if (length > r->out_bytes) {
        r->overrun = true;
        scsi_good(r);
        return;
    }
    r->buffer = g_malloc0(MAX(length, UNMAP_HEAD));
    iov_to_buf(r->out, r->n_out, 0, r->buffer, length);
    r->moved = length;
    r->pos = UNMAP_HEAD;
    r->len = MIN(length, UNMAP_HEAD + (unsigned)load_be(r->buffer + 2, 2));
    if (length < UNMAP_HEAD) {
        scsi_check(r, SCSI_ILLEGAL_REQUEST, 0x1a, 0);       /* parameter list length error */
    } else if ((r->cdb[1] & 1) || unmaps_too_much(r)) {
        scsi_check(r, SCSI_ILLEGAL_REQUEST, 0x26, 0);       /* invalid field in parameter list */
    } else {
        unmap_next(r);
    }
}

/* ---- WRITE SAME (16): SBC-3, section 5.44 ---- */

static void pattern_next(BlockRequest *request, int error)
{
    ScsiRequest *r = request->opaque;
    uint64_t blocks = MIN(r->left, PATTERN_BLOCKS), lba = r->lba;
    if (error || !blocks) {
        last_done(request, error);
        return;
    }
    r->left -= blocks;
    r->lba += blocks;
    r->whole = (struct iovec){ r->buffer, blocks * BLOCK_SECTOR };
    r->block = (BlockRequest){
        .op = BLOCK_WRITE, .offset = lba * BLOCK_SECTOR, .iov = &r->whole, .niov = 1, .done = pattern_next,
        .opaque = r,
    };
    block_submit(r->dev->block, &r->block);
}

static void write_same(ScsiDisk *d, ScsiRequest *r)
{
    static const uint8_t zeros[BLOCK_SECTOR];
    address(r->cdb, &r->lba, &r->left);
    bool no_data = r->cdb[1] & NO_DATA_OUT;
    if (!r->left || r->left > SCSI_MAX_ZERO_BLOCKS || (r->cdb[1] & ~(UNMAP_BIT | NO_DATA_OUT))) {
        scsi_invalid_field(r);
        return;
    }
    if (!in_range(d, r->lba, r->left)) {
        out_of_range(r);
        return;
    }
    if (!no_data && r->out_bytes < BLOCK_SECTOR) {
        r->overrun = true;
        scsi_good(r);
        return;
    }
    r->buffer = g_malloc0(PATTERN_BLOCKS * BLOCK_SECTOR);
    r->moved = no_data ? 0 : BLOCK_SECTOR;
    iov_to_buf(r->out, r->n_out, 0, r->buffer, r->moved);
    if (memcmp(r->buffer, zeros, BLOCK_SECTOR) == 0) {
        r->block.unmap = r->cdb[1] & UNMAP_BIT;
        submit(r, BLOCK_ZERO, r->lba * BLOCK_SECTOR, r->left * BLOCK_SECTOR, last_done);
        return;
    }
    for (unsigned i = 1; i < PATTERN_BLOCKS; i++) {
        memcpy(r->buffer + i * BLOCK_SECTOR, r->buffer, BLOCK_SECTOR);
    }
    r->block.opaque = r;
    pattern_next(&r->block, 0);
}

/* ---- what takes no time ---- */

static void test_unit_ready(ScsiDisk *d, ScsiRequest *r)
{
    scsi_good(r);
}

static void request_sense(ScsiDisk *d, ScsiRequest *r)
{
    uint8_t sense[SCSI_SENSE];
    scsi_put_sense(sense, SCSI_NO_SENSE, 0, 0);
    scsi_data(r, sense, sizeof(sense), r->cdb[4]);
}

static void inquiry(ScsiDisk *d, ScsiRequest *r)
{
    scsi_disk_inquiry(d, r);
}

static void mode_sense(ScsiDisk *d, ScsiRequest *r)
{
    scsi_disk_mode_sense(d, r);
}

static void read_capacity_10(ScsiDisk *d, ScsiRequest *r)
{
    uint8_t b[8];
    store_be(b, 4, MIN(scsi_disk_blocks(d) - 1, UINT32_MAX));
    store_be(b + 4, 4, BLOCK_SECTOR);
    scsi_data(r, b, sizeof(b), sizeof(b));
}

/* SERVICE ACTION IN (16). */
static void read_capacity_16(ScsiDisk *d, ScsiRequest *r)
{
    uint8_t b[32] = { 0 };
    if ((r->cdb[1] & 0x1f) != 0x10) {
        scsi_invalid_field(r);
        return;
    }
    store_be(b, 8, scsi_disk_blocks(d) - 1);
    store_be(b + 8, 4, BLOCK_SECTOR);
    b[14] = 0x80;                       /* blocks can be unmapped */
    scsi_data(r, b, sizeof(b), load_be(r->cdb + 10, 4));
}

static void move_tray(void *opaque, bool open)
{
    ScsiDisk *d = opaque;
    if (open != d->tray_open) {
        d->tray_open = open;
        if (has_medium(d)) {
            scsi_attention(&d->scsi, 0x28, 0);              /* the medium may have changed */
        }
        block_user_tray_moved(d->scsi.block);
    }
}

static void start_stop(ScsiDisk *d, ScsiRequest *r)
{
    bool start = r->cdb[4] & 1, eject = (r->cdb[4] & 2) && d->removable;
    if (eject && !start && d->locked) {
        scsi_check(r, SCSI_ILLEGAL_REQUEST, 0x53, 2);       /* medium removal prevented */
        return;
    }
    if (eject) {
        move_tray(d, !start);
    }
    scsi_good(r);
}

static void prevent_removal(ScsiDisk *d, ScsiRequest *r)
{
    d->locked = d->removable && (r->cdb[4] & 1);
    scsi_good(r);
}

/* ---- dispatch ---- */

enum { NEEDS_MEDIUM = 1, WRITES = 2 };

static const struct {
    uint8_t opcode, flags;
    void (*run)(ScsiDisk *d, ScsiRequest *r);
} commands[] = {
    { 0x00, NEEDS_MEDIUM, test_unit_ready },
    { 0x03, 0, request_sense },
    { 0x08, NEEDS_MEDIUM, read_blocks },
    { 0x0a, NEEDS_MEDIUM | WRITES, write_blocks },
    { 0x12, 0, inquiry },
    { 0x1a, 0, mode_sense },
    { 0x1b, 0, start_stop },
    { 0x1e, 0, prevent_removal },
    { 0x25, NEEDS_MEDIUM, read_capacity_10 },
    { 0x28, NEEDS_MEDIUM, read_blocks },
    { 0x2a, NEEDS_MEDIUM | WRITES, write_blocks },
    { 0x2f, NEEDS_MEDIUM, verify },
    { 0x35, NEEDS_MEDIUM, synchronize },
    { 0x42, NEEDS_MEDIUM | WRITES, unmap },
    { 0x5a, 0, mode_sense },
    { 0x88, NEEDS_MEDIUM, read_blocks },
    { 0x8a, NEEDS_MEDIUM | WRITES, write_blocks },
    { 0x8f, NEEDS_MEDIUM, verify },
    { 0x91, NEEDS_MEDIUM, synchronize },
    { 0x93, NEEDS_MEDIUM | WRITES, write_same },
    { 0x9e, NEEDS_MEDIUM, read_capacity_16 },
    { 0xa8, NEEDS_MEDIUM, read_blocks },
    { 0xaa, NEEDS_MEDIUM | WRITES, write_blocks },
};

static void command(ScsiDevice *scsi, ScsiRequest *r)
{
    ScsiDisk *d = (ScsiDisk *)scsi;
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (commands[i].opcode != r->cdb[0]) {
            continue;
        }
        if ((commands[i].flags & NEEDS_MEDIUM) && !has_medium(d)) {
            scsi_check(r, SCSI_NOT_READY, 0x3a, d->tray_open ? 2 : 1);
        } else if ((commands[i].flags & WRITES) && block_read_only(block_user_node(scsi->block))) {
            fail(r, -EPERM);
        } else {
            commands[i].run(d, r);
        }
        return;
    }
    scsi_check(r, SCSI_ILLEGAL_REQUEST, 0x20, 0);           /* invalid command operation code */
}

/* ---- the medium ---- */

/* Of a fixed disk only the size changes. */
static void image_changed(void *opaque)
{
    ScsiDisk *d = opaque;
    if (!d->removable) {
        scsi_attention(&d->scsi, 0x2a, 0x09);               /* capacity data have changed */
    } else if (has_medium(d)) {
        scsi_attention(&d->scsi, 0x28, 0);
    }
}

static bool tray_open(void *opaque, bool *locked)
{
    const ScsiDisk *d = opaque;
    *locked = d->locked;
    return d->tray_open;
}

/* SBC-3 has no way to ask the guest: who wants the medium out waits until it lets it go. */
static void ask(void *opaque)
{
}

/* ---- the device ---- */

static bool scsi_hd_realize(Device *dev, GError **err)
{
    static const ScsiKind kind = { .command = command };
    static const BlockMedia media = { .tray_open = tray_open, .move_tray = move_tray, .ask = ask };
    ScsiDisk *d = (ScsiDisk *)dev;
    if (!scsi_device_realize(&d->scsi, &kind, false, !d->removable, err)) {
        return false;
    }
    if (!d->removable && scsi_disk_blocks(d) == 0) {
        return error_set(err, "%s: the image '%s' is smaller than a block", device_name(dev),
                         block_filename(block_user_node(d->scsi.block)));
    }
    block_user_set_write_cache(d->scsi.block, d->write_cache);
    block_user_on_change(d->scsi.block, image_changed, d);
    if (d->removable) {
        block_user_set_media(d->scsi.block, &media, d);
    }
    return true;
}

static void scsi_hd_reset(Device *dev)
{
    scsi_device_reset(dev);
    ((ScsiDisk *)dev)->locked = false;
}

static void scsi_hd_finalize(Device *dev)
{
    scsi_device_finalize((ScsiDevice *)dev);
}

static const VmField scsi_hd_state[] = {
    SCSI_STATE(ScsiDisk, scsi), VM_BOOL(ScsiDisk, tray_open), VM_BOOL(ScsiDisk, locked), { 0 }
};

static const Prop scsi_hd_props[] = {
    SCSI_PROPS(ScsiDisk, scsi),
    { "removable", PROP_BOOL, offsetof(ScsiDisk, removable), "off", "the medium can be changed" },
    { "write-cache", PROP_BOOL, offsetof(ScsiDisk, write_cache), "on", "whether the guest must flush" },
    { 0 }
};

const DeviceType scsi_hd_type = {
    "scsi-hd", sizeof(ScsiDisk), .parent = "scsi-device", .description = "SCSI disk", .user_creatable = true,
    .state = scsi_hd_state, .props = scsi_hd_props, .realize = scsi_hd_realize, .reset = scsi_hd_reset,
    .finalize = scsi_hd_finalize,
};
