/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a SCSI disk says of itself: INQUIRY with vital product data, and mode pages: SPC-3 (T10 1416D),
 * sections 6.4, 7.4 and 7.6; SBC-3 (T10 1799D), sections 6.4 and 6.5. */
#include <string.h>
#include "hw/scsi/scsi_internal.h"
#include "util/bits.h"

#define VENDOR "VALLETTA"
#define PRODUCT "HARDDISK        "

/* ---- INQUIRY ---- */

static void standard(const ScsiDisk *d, ScsiRequest *r)
{
    uint8_t b[36] = { 0 };
    b[1] = d->removable ? 0x80 : 0;
    b[2] = 0x05;                        /* SPC-3 */
    b[3] = 0x02;
    b[4] = sizeof(b) - 5;
    b[7] = 0x02;                        /* commands may be queued */
    memcpy(b + 8, VENDOR, 8);
    memcpy(b + 16, PRODUCT, 16);
    memcpy(b + 32, "1.0 ", 4);
    scsi_data(r, b, sizeof(b), load_be(r->cdb + 3, 2));
}

static unsigned put_serial(const ScsiDisk *d, uint8_t *b)
{
    size_t len = strlen(d->scsi.serial);
    memcpy(b, d->scsi.serial, len);
    return (unsigned)len;
}

/* One designator (SPC-3, section 7.6.3); returns its bytes. */
static unsigned put_designator(uint8_t *b, unsigned code_set, unsigned type, const void *id, size_t len)
{
    b[0] = (uint8_t)code_set;
    b[1] = (uint8_t)type;
    b[3] = (uint8_t)len;
    memcpy(b + 4, id, len);
    return 4 + (unsigned)len;
}

static unsigned identification(const ScsiDisk *d, uint8_t *b)
{
    unsigned len = 0;
    uint8_t wwn[8];
    if (d->scsi.serial) {               /* vendor and serial number, ASCII */
        g_autofree char *id = g_strconcat(VENDOR, d->scsi.serial, NULL);
        len += put_designator(b, 2, 1, id, strlen(id));
    }
    if (d->scsi.wwn) {                  /* NAA, binary */
        store_be(wwn, 8, d->scsi.wwn);
        len += put_designator(b + len, 1, 3, wwn, sizeof(wwn));
    }
    if (d->scsi.device_id || !len) {    /* of nobody's numbering, ASCII */
        const char *name = d->scsi.device_id ? d->scsi.device_id : device_name(&d->scsi.dev);
        len += put_designator(b + len, 2, 0, name, MIN(strlen(name), 64));
    }
    return len;
}

/* SBC-3, section 6.5.3. */
static unsigned block_limits(uint8_t *b)
{
    b[0] = 0x01;                        /* WRITE SAME of no blocks is an error */
    store_be(b + 4, 4, SCSI_MAX_BLOCKS);
    store_be(b + 16, 4, SCSI_MAX_ZERO_BLOCKS);
    store_be(b + 20, 4, SCSI_MAX_UNMAPS);
    store_be(b + 24, 4, 1);
    store_be(b + 32, 8, SCSI_MAX_ZERO_BLOCKS);
    return 60;
}

static unsigned provisioning(uint8_t *b)
{
    b[1] = 0xc0;                        /* UNMAP, and WRITE SAME (16) with it */
    b[2] = 0x02;                        /* thin */
    return 4;
}

static unsigned characteristics(uint8_t *b)
{
    store_be(b, 2, 1);                  /* does not rotate */
    return 60;
}

/* Returns the page's bytes behind its head; -1: there is no such page. */
static int product_data(const ScsiDisk *d, unsigned page, uint8_t *b)
{
    static const uint8_t pages[] = { 0x00, 0x83, 0xb0, 0xb1, 0xb2, 0x80 };
    unsigned n = sizeof(pages) - (d->scsi.serial ? 0 : 1);
    switch (page) {
    case 0x00:
        memcpy(b, pages, n);
        if (d->scsi.serial) {           /* ascending */
            memmove(b + 2, b + 1, n - 2);
            b[1] = 0x80;
        }
        return (int)n;
    case 0x80: return d->scsi.serial ? (int)put_serial(d, b) : -1;
    case 0x83: return (int)identification(d, b);
    case 0xb0: return (int)block_limits(b);
    case 0xb1: return (int)characteristics(b);
    case 0xb2: return (int)provisioning(b);
    default:   return -1;
    }
}

void scsi_disk_inquiry(const ScsiDisk *d, ScsiRequest *r)
{
    uint8_t b[256] = { 0 };
    if (!(r->cdb[1] & 1)) {
        if (r->cdb[2]) {
            scsi_invalid_field(r);
        } else {
            standard(d, r);
        }
        return;
    }
    int len = product_data(d, r->cdb[2], b + 4);
    if (len < 0) {
        scsi_invalid_field(r);
        return;
    }
    b[1] = r->cdb[2];
    store_be(b + 2, 2, (unsigned)len);
    scsi_data(r, b, 4 + (unsigned)len, load_be(r->cdb + 3, 2));
}

/* ---- MODE SENSE ---- */

static const struct { uint8_t page, len; } mode_pages[] = {
    { 0x01, 10 },                       /* error recovery: nothing can be set */
    { 0x08, 18 },                       /* caching */
    { 0x0a, 10 },                       /* control */
};

static unsigned put_mode_page(const ScsiDisk *d, unsigned n, bool changeable, uint8_t *b)
{
    b[0] = mode_pages[n].page;
    b[1] = mode_pages[n].len;
    if (!changeable && b[0] == 0x08) {
        b[2] = block_user_write_cache(d->scsi.block) ? 0x04 : 0;
    } else if (!changeable && b[0] == 0x0a) {
        b[3] = 0x10;                    /* unrestricted reordering */
    }
    return 2u + mode_pages[n].len;
}

void scsi_disk_mode_sense(const ScsiDisk *d, ScsiRequest *r)
{
    uint8_t b[128] = { 0 };
    bool wide = r->cdb[0] == 0x5a;
    unsigned page = r->cdb[2] & 0x3f, control = r->cdb[2] >> 6, head = wide ? 8 : 4, len = head;
    BlockNode *node = block_user_node(d->scsi.block);
    if (control == 3) {
        scsi_check(r, SCSI_ILLEGAL_REQUEST, 0x39, 0);       /* saving parameters not supported */
        return;
    }
    for (unsigned n = 0; n < G_N_ELEMENTS(mode_pages); n++) {
        if (page == 0x3f || page == mode_pages[n].page) {
            len += put_mode_page(d, n, control == 1, b + len);
        }
    }
    if (len == head || (r->cdb[3] && r->cdb[3] != 0xff)) {
        scsi_invalid_field(r);
        return;
    }
    store_be(b, wide ? 2 : 1, len - (wide ? 2 : 1));
    b[wide ? 3 : 2] = (uint8_t)((node && block_read_only(node) ? 0x80 : 0) | 0x10);     /* DPO and FUA */
    scsi_data(r, b, len, wide ? load_be(r->cdb + 7, 2) : r->cdb[4]);
}
