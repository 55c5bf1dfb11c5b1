/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CD and DVD readers: MMC-3 (T10 1363D) chapter 6, SPC-2 (T10 1236D) chapter 7. A medium is one data track
 * of 2048-byte blocks; above 700 MiB it is a DVD. Not modelled: audio, raw reads (READ CD of anything but
 * user data), subchannels, writing.
 */
#include "hw/scsi/mmc.h"

#include <string.h>
#include "util/bits.h"

enum { NOT_READY = 2, MEDIUM_ERROR = 3, ILLEGAL_REQUEST = 5, UNIT_ATTENTION = 6 };
enum { PROFILE_CD = 0x0008, PROFILE_DVD = 0x0010 };

#define CD_BLOCKS (700u * 512)

typedef struct {
    MmcDrive *d;
    const uint8_t *cdb;
    uint8_t *buffer;
} Command;

/* ---- answers ---- */

static MmcReply check(MmcDrive *d, uint8_t key, uint8_t asc, uint8_t ascq)
{
    d->key = key;
    d->asc = asc;
    d->ascq = ascq;
    return (MmcReply){ .status = MMC_CHECK };
}

static MmcReply invalid_field(MmcDrive *d)
{
    return check(d, ILLEGAL_REQUEST, 0x24, 0);
}

static MmcReply good(void)
{
    return (MmcReply){ .status = MMC_GOOD };
}

/* len bytes, at most as many as the guest has room for. */
static MmcReply data(uint32_t len, uint32_t room)
{
    return (MmcReply){ .status = MIN(len, room) ? MMC_DATA : MMC_GOOD, .len = MIN(len, room) };
}

void mmc_sense(MmcDrive *d, uint8_t *buffer)
{
    memset(buffer, 0, 18);
    buffer[0] = 0x70;
    buffer[2] = d->key;
    buffer[7] = 10;
    buffer[12] = d->asc;
    buffer[13] = d->ascq;
    d->key = d->asc = d->ascq = 0;
}

void mmc_medium_error(MmcDrive *d)
{
    check(d, MEDIUM_ERROR, 0x11, 0);    /* unrecovered read error */
}

/* ---- the medium ---- */

static bool has_medium(const MmcDrive *d)
{
    return !d->tray_open && block_user_node(d->block) != NULL;
}

static uint32_t blocks_of(const MmcDrive *d)
{
    BlockNode *node = block_user_node(d->block);
    return node ? (uint32_t)MIN(block_size(node) / MMC_BLOCK, UINT32_MAX) : 0;
}

static bool is_dvd(const MmcDrive *d)
{
    return blocks_of(d) > CD_BLOCKS;
}

static MmcReply not_ready(MmcDrive *d)
{
    return check(d, NOT_READY, 0x3a, d->tray_open ? 2 : 1);     /* medium not present, tray open or closed */
}

void mmc_changed(MmcDrive *d)
{
    bool medium = block_user_node(d->block) != NULL;
    if (!d->tray_open) {
        d->attention = medium;
        d->event = medium ? 2 : 3;
    }
}

void mmc_move_tray(MmcDrive *d, bool open)
{
    bool medium = block_user_node(d->block) != NULL;
    if (open == d->tray_open) {
        return;
    }
    d->tray_open = open;
    d->event = !medium ? d->event : open ? 3 : 2;
    d->attention = !open && medium;
    block_user_tray_moved(d->block);
}

void mmc_ask(MmcDrive *d)
{
    d->event = 1;
}

/* ---- commands ---- */

static MmcReply test_unit_ready(Command *c)
{
    return good();
}

static MmcReply request_sense(Command *c)
{
    mmc_sense(c->d, c->buffer);
    return data(18, c->cdb[4]);
}

static MmcReply inquiry(Command *c)
{
    uint8_t *b = c->buffer;
    if ((c->cdb[1] & 1) || c->cdb[2]) {
        return invalid_field(c->d);     /* vital product data */
    }
    memset(b, 0, 36);
    b[0] = 0x05;                        /* CD or DVD */
    b[1] = 0x80;                        /* removable */
    b[2] = 0x05;                        /* SPC-3 */
    b[3] = 0x02;
    b[4] = 31;
    memcpy(b + 8, "VALLETTA", 8);
    memset(b + 16, ' ', 16);
    memcpy(b + 16, c->d->product, MIN(strlen(c->d->product), 16));
    memcpy(b + 32, "1.0 ", 4);
    return data(36, c->cdb[4] | (uint32_t)c->cdb[3] << 8);
}

static MmcReply start_stop(Command *c)
{
    MmcDrive *d = c->d;
    bool start = c->cdb[4] & 1, tray = c->cdb[4] & 2;
    if (tray && !start && d->locked) {
        return check(d, block_user_node(d->block) ? ILLEGAL_REQUEST : NOT_READY, 0x53, 2);
    }
    if (tray) {
        mmc_move_tray(d, !start);
    }
    return good();
}

static MmcReply prevent_removal(Command *c)
{
    c->d->locked = c->cdb[4] & 1;
    return good();
}

static MmcReply read_capacity(Command *c)
{
    store_be(c->buffer, 4, blocks_of(c->d) - 1);
    store_be(c->buffer + 4, 4, MMC_BLOCK);
    return data(8, 8);
}

static MmcReply read_blocks(MmcDrive *d, uint32_t lba, uint32_t blocks)
{
    uint32_t all = blocks_of(d);
    if (lba > all || blocks > all - lba) {
        return check(d, ILLEGAL_REQUEST, 0x21, 0);      /* logical block address out of range */
    }
    if (blocks > UINT32_MAX / MMC_BLOCK) {
        return invalid_field(d);
    }
    return (MmcReply){ .status = blocks ? MMC_READ : MMC_GOOD, .lba = lba, .blocks = blocks };
}

static MmcReply read_10(Command *c)
{
    return read_blocks(c->d, (uint32_t)load_be(c->cdb + 2, 4), (uint32_t)load_be(c->cdb + 7, 2));
}

static MmcReply read_12(Command *c)
{
    return read_blocks(c->d, (uint32_t)load_be(c->cdb + 2, 4), (uint32_t)load_be(c->cdb + 6, 4));
}

static MmcReply read_cd(Command *c)
{
    uint32_t blocks = (uint32_t)load_be(c->cdb + 5, 4) & 0xffffff;
    uint8_t what = c->cdb[9] & 0xf8;
    if (what == 0) {
        return good();
    }
    return what == 0x10 ? read_blocks(c->d, (uint32_t)load_be(c->cdb + 2, 4), blocks) : invalid_field(c->d);
}

static MmcReply seek(Command *c)
{
    return load_be(c->cdb + 2, 4) < blocks_of(c->d) ? good() : check(c->d, ILLEGAL_REQUEST, 0x21, 0);
}

/* Minutes, seconds and frames, or a block address. */
static void put_address(uint8_t *at, uint32_t lba, bool msf)
{
    uint32_t frame = lba + 150, second = frame / 75;
    store_be(at, 4, msf ? second / 60 << 16 | second % 60 << 8 | frame % 75 : lba);
}

static uint8_t *put_track(uint8_t *at, uint8_t track, uint32_t lba, bool msf)
{
    at[0] = 0;
    at[1] = 0x14;                       /* a data track */
    at[2] = track;
    at[3] = 0;
    put_address(at + 4, lba, msf);
    return at + 8;
}

static MmcReply read_toc(Command *c)
{
    bool msf = c->cdb[1] & 2;
    unsigned format = c->cdb[2] & 15 ? c->cdb[2] & 15 : c->cdb[9] >> 6;
    uint8_t *b = c->buffer, *end = b + 4;
    uint32_t room = (uint32_t)load_be(c->cdb + 7, 2);
    if (format > 1 || (format == 0 && c->cdb[6] > 1 && c->cdb[6] != 0xaa)) {
        return invalid_field(c->d);
    }
    if (format == 1 || c->cdb[6] <= 1) {
        end = put_track(end, 1, 0, msf);
    }
    if (format == 0) {
        end = put_track(end, 0xaa, blocks_of(c->d), msf);
    }
    store_be(b, 2, (unsigned)(end - b - 2));
    b[2] = b[3] = 1;                    /* first and last track (or session) */
    return data((uint32_t)(end - b), room);
}

/* One feature: its number, version with its flags, and len bytes more. */
static uint8_t *put_feature(uint8_t *at, unsigned feature, unsigned flags, unsigned len)
{
    memset(at, 0, 4 + len);
    store_be(at, 2, feature);
    at[2] = (uint8_t)flags;
    at[3] = (uint8_t)len;
    return at + 4 + len;
}

static MmcReply get_configuration(Command *c)
{
    uint8_t *b = c->buffer, *at = b + 8;
    bool medium = has_medium(c->d);
    unsigned profile = !medium ? 0 : is_dvd(c->d) ? PROFILE_DVD : PROFILE_CD;
    memset(b, 0, 8);
    store_be(b + 6, 2, profile);
    uint8_t *profiles = at;
    at = put_feature(at, 0x0000, 0x03, 8);
    store_be(profiles + 4, 2, PROFILE_DVD);
    profiles[6] = profile == PROFILE_DVD;
    store_be(profiles + 8, 2, PROFILE_CD);
    profiles[10] = profile == PROFILE_CD;
    uint8_t *core = at;
    at = put_feature(at, 0x0001, 0x0b, 8);
    store_be(core + 4, 4, c->d->on_scsi ? 1 : 2);       /* SCSI, ATAPI */
    uint8_t *removable = at;
    at = put_feature(at, 0x0003, 0x03, 4);
    removable[4] = 0x29;                /* a tray, which can be locked and opened */
    if (profile) {
        uint8_t *readable = at;
        at = put_feature(at, 0x0010, 0x01, 8);
        store_be(readable + 4, 4, MMC_BLOCK);
        store_be(readable + 8, 2, 16);
        at = put_feature(at, profile == PROFILE_DVD ? 0x001f : 0x001e, 0x01, profile == PROFILE_DVD ? 0 : 4);
    }
    store_be(b, 4, (uint64_t)(at - b - 4));
    return data((uint32_t)(at - b), (uint32_t)load_be(c->cdb + 7, 2));
}

static MmcReply get_event(Command *c)
{
    MmcDrive *d = c->d;
    uint8_t *b = c->buffer;
    uint32_t room = (uint32_t)load_be(c->cdb + 7, 2);
    if (!(c->cdb[1] & 1)) {
        return invalid_field(d);        /* only polled */
    }
    memset(b, 0, 8);
    b[3] = 0x10;                        /* media events are what there is */
    if (!(c->cdb[4] & 0x10)) {
        store_be(b, 2, 2);
        b[2] = 0x80;                    /* none of the classes asked for */
        return data(4, room);
    }
    store_be(b, 2, 6);
    b[2] = 4;
    b[4] = d->event;
    b[5] = (uint8_t)(d->tray_open | has_medium(d) << 1);
    if (room > 4) {
        d->event = 0;
    }
    return data(8, room);
}

static MmcReply read_disc_information(Command *c)
{
    uint8_t *b = c->buffer;
    if (c->cdb[1] & 7) {
        return invalid_field(c->d);
    }
    memset(b, 0, 34);
    store_be(b, 2, 32);
    b[2] = 0x0e;                        /* complete disc, complete session */
    b[3] = b[4] = b[5] = b[6] = 1;
    b[7] = 0x20;
    memset(b + 16, 0xff, 8);
    return data(34, (uint32_t)load_be(c->cdb + 7, 2));
}

static MmcReply read_dvd_structure(Command *c)
{
    uint8_t *b = c->buffer;
    if (c->cdb[7] != 0 || !is_dvd(c->d)) {
        return invalid_field(c->d);
    }
    memset(b, 0, 2052);
    store_be(b, 2, 2050);
    b[4] = 0x01;                        /* DVD-ROM */
    b[5] = 0x0f;
    b[6] = 0x01;                        /* one layer, embossed */
    store_be(b + 8, 4, 0x30000);
    store_be(b + 12, 4, 0x30000 + blocks_of(c->d) - 1);
    return data(2052, (uint32_t)load_be(c->cdb + 8, 2));
}

static uint8_t *mode_error_recovery(uint8_t *at)
{
    memset(at, 0, 8);
    at[0] = 0x01;
    at[1] = 6;
    at[3] = 5;
    return at + 8;
}

static uint8_t *mode_capabilities(const MmcDrive *d, uint8_t *at)
{
    memset(at, 0, 20);
    at[0] = 0x2a;
    at[1] = 18;
    at[2] = 0x3b;                       /* CD-R, CD-RW, DVD-ROM, DVD-R read */
    at[4] = 0x70;                       /* mode 2, multi-session */
    at[6] = (uint8_t)(0x29 | d->locked << 1);
    store_be(at + 8, 2, 706);           /* KB/s */
    store_be(at + 12, 2, 512);
    store_be(at + 14, 2, 706);
    return at + 20;
}

/* The pages behind a header of that many bytes; the end, or NULL when there is no such page. */
static uint8_t *mode_pages(Command *c, unsigned header)
{
    uint8_t *at = c->buffer + header, page = c->cdb[2] & 0x3f;
    memset(c->buffer, 0, header);
    if (page == 0x01 || page == 0x3f) {
        at = mode_error_recovery(at);
    }
    if (page == 0x2a || page == 0x3f) {
        at = mode_capabilities(c->d, at);
    }
    return at == c->buffer + header ? NULL : at;
}

static uint8_t medium_type(const MmcDrive *d)
{
    return has_medium(d) ? 0x01 : d->tray_open ? 0x71 : 0x70;
}

static MmcReply mode_sense(Command *c)
{
    bool wide = c->cdb[0] == 0x5a;
    uint8_t *b = c->buffer, *end = mode_pages(c, wide ? 8 : 4);
    if (c->cdb[2] >> 6 == 3) {
        return check(c->d, ILLEGAL_REQUEST, 0x39, 0);   /* saving parameters not supported */
    }
    if (!end) {
        return invalid_field(c->d);
    }
    store_be(b, wide ? 2 : 1, (unsigned)(end - b) - (wide ? 2 : 1));
    b[wide ? 2 : 1] = medium_type(c->d);
    return data((uint32_t)(end - b), wide ? (uint32_t)load_be(c->cdb + 7, 2) : c->cdb[4]);
}

static MmcReply mechanism_status(Command *c)
{
    memset(c->buffer, 0, 8);
    c->buffer[1] = c->d->tray_open ? 0x10 : 0;
    return data(8, (uint32_t)load_be(c->cdb + 8, 2));
}

/* ---- dispatch ---- */

enum { NEEDS_MEDIUM = 1, NO_ATTENTION = 2 };    /* NO_ATTENTION: is carried out while one is pending */

static const struct {
    uint8_t opcode, flags;
    MmcReply (*run)(Command *c);
} commands[] = {
    { 0x00, NEEDS_MEDIUM, test_unit_ready },
    { 0x03, NO_ATTENTION, request_sense },
    { 0x12, NO_ATTENTION, inquiry },
    { 0x1a, 0, mode_sense },
    { 0x1b, 0, start_stop },
    { 0x1e, 0, prevent_removal },
    { 0x25, NEEDS_MEDIUM, read_capacity },
    { 0x28, NEEDS_MEDIUM, read_10 },
    { 0x2b, NEEDS_MEDIUM, seek },
    { 0x43, NEEDS_MEDIUM, read_toc },
    { 0x46, NO_ATTENTION, get_configuration },
    { 0x4a, NO_ATTENTION, get_event },
    { 0x51, NEEDS_MEDIUM, read_disc_information },
    { 0x5a, 0, mode_sense },
    { 0xa8, NEEDS_MEDIUM, read_12 },
    { 0xad, NEEDS_MEDIUM, read_dvd_structure },
    { 0xbb, 0, test_unit_ready },               /* SET CD SPEED: as fast as it goes */
    { 0xbd, 0, mechanism_status },
    { 0xbe, NEEDS_MEDIUM, read_cd },
};

MmcReply mmc_command(MmcDrive *d, const uint8_t cdb[MMC_CDB], uint8_t *buffer)
{
    Command c = { d, cdb, buffer };
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (commands[i].opcode != cdb[0]) {
            continue;
        }
        if (d->attention && !(commands[i].flags & NO_ATTENTION)) {
            d->attention = false;
            return check(d, UNIT_ATTENTION, 0x28, 0);   /* the medium may have changed */
        }
        if ((commands[i].flags & NEEDS_MEDIUM) && !has_medium(d)) {
            return not_ready(d);
        }
        return commands[i].run(&c);
    }
    return check(d, ILLEGAL_REQUEST, 0x20, 0);          /* invalid command operation code */
}

void mmc_reset(MmcDrive *d)
{
    d->key = d->asc = d->ascq = 0;
    d->locked = d->attention = false;
    d->event = 0;
}

const VmField mmc_drive_state[] = {
    VM_U8(MmcDrive, key), VM_U8(MmcDrive, asc), VM_U8(MmcDrive, ascq), VM_BOOL(MmcDrive, tray_open),
    VM_BOOL(MmcDrive, locked), VM_BOOL(MmcDrive, attention), VM_U8(MmcDrive, event),
    { 0 }
};
