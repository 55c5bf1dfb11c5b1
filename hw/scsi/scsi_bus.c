/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SCSI bus: SAM-3 (T10 1561D), and the commands of SPC-3 (T10 1416D) that every unit has or that are for
 * units that are not there. Not modelled: reservations, task attributes (commands are carried out as they
 * come, some at once), well-known logical units.
 */
#include "hw/scsi/scsi.h"

#include <limits.h>
#include <string.h>
#include "util/bits.h"
#include "util/error.h"

enum { CMD_REQUEST_SENSE = 0x03, CMD_INQUIRY = 0x12, CMD_REPORT_LUNS = 0xa0 };

/* ---- how commands end ---- */

void scsi_end(ScsiRequest *r, uint8_t status)
{
    r->status = status;
    g_clear_pointer(&r->part, g_free);
    g_clear_pointer(&r->buffer, g_free);
    r->done(r);
}

void scsi_good(ScsiRequest *r)
{
    scsi_end(r, SCSI_GOOD);
}

void scsi_put_sense(uint8_t *sense, uint8_t key, uint8_t asc, uint8_t ascq)
{
    memset(sense, 0, SCSI_SENSE);
    sense[0] = 0x70;
    sense[2] = key;
    sense[7] = SCSI_SENSE - 8;
    sense[12] = asc;
    sense[13] = ascq;
}

void scsi_check(ScsiRequest *r, uint8_t key, uint8_t asc, uint8_t ascq)
{
    scsi_put_sense(r->sense, key, asc, ascq);
    r->moved = 0;
    scsi_end(r, SCSI_CHECK);
}

void scsi_invalid_field(ScsiRequest *r)
{
    scsi_check(r, SCSI_ILLEGAL_REQUEST, 0x24, 0);
}

void scsi_data(ScsiRequest *r, const void *data, uint64_t len, uint64_t allocated)
{
    r->moved = MIN(MIN(len, allocated), r->in_bytes);
    iov_from_buf(r->in, r->n_in, 0, data, r->moved);
    scsi_good(r);
}

void scsi_transfer(ScsiRequest *r, BlockOp op, uint64_t offset, uint64_t bytes,
                   void (*done)(BlockRequest *request, int error))
{
    bool in = op == BLOCK_READ;
    r->part = g_new(struct iovec, (in ? r->n_in : r->n_out) + 1);
    unsigned n = iov_part(r->part, in ? r->in : r->out, in ? r->n_in : r->n_out, 0, bytes);
    r->moved = bytes;
    r->block = (BlockRequest){
        .op = op, .offset = offset, .iov = r->part, .niov = n, .done = done, .opaque = r,
    };
    block_submit(r->dev->block, &r->block);
}

/* ---- units ---- */

static ScsiDevice *find(const ScsiBus *b, unsigned target, unsigned lun)
{
    for (guint i = 0; i < b->units->len; i++) {
        ScsiDevice *d = g_ptr_array_index(b->units, i);
        if (d->target == target && d->lun == lun) {
            return d;
        }
    }
    return NULL;
}

bool scsi_bus_has_target(const ScsiBus *b, unsigned target)
{
    for (guint i = 0; i < b->units->len; i++) {
        if (((ScsiDevice *)g_ptr_array_index(b->units, i))->target == target) {
            return true;
        }
    }
    return false;
}

void scsi_bus_stop(ScsiBus *b, unsigned target, unsigned lun)
{
    for (guint i = 0; i < b->units->len; i++) {
        ScsiDevice *d = g_ptr_array_index(b->units, i);
        if (target == UINT_MAX || (d->target == target && (lun == UINT_MAX || d->lun == lun))) {
            block_cancel(d->block);
        }
    }
}

void scsi_attention(ScsiDevice *d, uint8_t asc, uint8_t ascq)
{
    d->asc = asc;
    d->ascq = ascq;
    if (d->bus->host.event) {
        d->bus->host.event(d->bus->host.opaque, d, false, asc, ascq);
    }
}

/* ---- commands ---- */

static void report_luns(const ScsiBus *b, unsigned target, ScsiRequest *r)
{
    g_autofree uint8_t *list = g_malloc0(8 + 8 * (gsize)b->units->len);
    uint64_t len = 8, allocated = load_be(r->cdb + 6, 4);
    if (allocated < 16 || r->cdb[2] > 2) {
        scsi_invalid_field(r);
        return;
    }
    for (guint i = 0; i < b->units->len && r->cdb[2] != 1; i++) {
        const ScsiDevice *d = g_ptr_array_index(b->units, i);
        if (d->target == target) {
            store_be(list + len, 2, d->lun < 256 ? d->lun : 0x4000 | d->lun);
            len += 8;
        }
    }
    store_be(list, 4, len - 8);
    scsi_data(r, list, len, allocated);
}

/* SPC-3, section 6.4.1 and 6.27: the target is there, the unit is not. */
static void no_unit(ScsiRequest *r)
{
    uint8_t data[36] = { 0 };
    if (r->cdb[0] == CMD_INQUIRY && !(r->cdb[1] & 1)) {
        data[0] = 0x7f;
        data[4] = 31;
        scsi_data(r, data, sizeof(data), load_be(r->cdb + 3, 2));
    } else if (r->cdb[0] == CMD_REQUEST_SENSE) {
        scsi_put_sense(data, SCSI_ILLEGAL_REQUEST, 0x25, 0);
        scsi_data(r, data, SCSI_SENSE, r->cdb[4]);
    } else {
        scsi_check(r, SCSI_ILLEGAL_REQUEST, 0x25, 0);       /* logical unit not supported */
    }
}

/* A condition of the unit is told once (SAM-3, section 5.9.7), but not by the commands that must work. */
static bool told_attention(ScsiDevice *d, ScsiRequest *r)
{
    uint8_t op = r->cdb[0], asc = d->asc, ascq = d->ascq;
    if (!(asc | ascq) || op == CMD_INQUIRY) {
        return false;
    }
    d->asc = d->ascq = 0;
    if (op == CMD_REQUEST_SENSE) {
        uint8_t sense[SCSI_SENSE];
        scsi_put_sense(sense, SCSI_UNIT_ATTENTION, asc, ascq);
        scsi_data(r, sense, sizeof(sense), r->cdb[4]);
    } else {
        scsi_check(r, SCSI_UNIT_ATTENTION, asc, ascq);
    }
    return true;
}

void scsi_submit(ScsiBus *b, unsigned target, unsigned lun, ScsiRequest *r)
{
    ScsiDevice *d = find(b, target, lun);
    r->dev = d;
    if (r->cdb[0] == CMD_REPORT_LUNS) {
        report_luns(b, target, r);
    } else if (!d) {
        no_unit(r);
    } else if (!told_attention(d, r)) {
        d->kind->command(d, r);
    }
}

/* ---- the bus that -device sees ---- */

static Device *make_unit(Bus *bus, const DeviceType *type, KeyVal *props, GError **err)
{
    ScsiBus *b = bus->opaque;
    ScsiDevice *d = (ScsiDevice *)device_new(b->machine, type);
    d->bus = b;
    d->dev.on_bus = bus;
    d->target = keyval_get(props, "scsi-id") ? 0 : UINT32_MAX;
    d->lun = keyval_get(props, "lun") ? 0 : UINT32_MAX;
    return &d->dev;
}

static bool choose_address(ScsiBus *b, ScsiDevice *d, GError **err)
{
    const char *name = device_name(&d->dev);
    if (d->target == UINT32_MAX) {
        for (d->target = 0; d->target < SCSI_MAX_TARGET && scsi_bus_has_target(b, d->target);) {
            d->target++;
        }
    }
    if (d->lun == UINT32_MAX) {
        for (d->lun = 0; d->lun < SCSI_MAX_LUN && find(b, d->target, d->lun);) {
            d->lun++;
        }
    }
    if (d->channel || d->target > SCSI_MAX_TARGET || d->lun > SCSI_MAX_LUN) {
        return error_set(err, "%s: channel=%u, scsi-id=%u, lun=%u: must be 0, up to %u and up to %u", name,
                         d->channel, d->target, d->lun, SCSI_MAX_TARGET, SCSI_MAX_LUN);
    }
    return !find(b, d->target, d->lun) ||
           error_set(err, "%s: scsi-id=%u, lun=%u: there is a unit already", name, d->target, d->lun);
}

static void detach(Device *dev)
{
    ScsiDevice *d = (ScsiDevice *)dev;
    bool had = g_ptr_array_remove(d->bus->units, d);
    if (had && d->bus->host.event) {
        d->bus->host.event(d->bus->host.opaque, d, true, 0, 0);
    }
}

static bool realize_unit(Bus *bus, Device *dev, GError **err)
{
    ScsiBus *b = bus->opaque;
    ScsiDevice *d = (ScsiDevice *)dev;
    if (!choose_address(b, d, err)) {
        device_free(dev);
        return false;
    }
    dev->detach = detach;
    if (!device_realize(dev, err)) {
        return false;
    }
    g_ptr_array_add(b->units, d);
    b->host.event(b->host.opaque, d, false, 0, 0);
    return true;
}

/* Units go when somebody pulls them; the adapter tells the guest. */
static bool may_remove_unit(const Bus *bus, const Device *dev, GError **err)
{
    return true;
}

static char *unit_address(const Bus *bus, const Device *dev)
{
    const ScsiDevice *d = (const ScsiDevice *)dev;
    return g_strdup_printf("channel = %u, scsi-id = %u, lun = %u", d->channel, d->target, d->lun);
}

void scsi_bus_init(ScsiBus *b, Machine *machine, Device *owner, const ScsiHost *host)
{
    b->machine = machine;
    b->host = *host;
    b->units = g_ptr_array_new();
    b->id = owner->id ? g_strdup_printf("%s.0", owner->id) : g_strdup("scsi.0");
    for (unsigned n = 1; bus_find(machine, b->id); n++) {
        g_free(b->id);
        b->id = g_strdup_printf("scsi.%u", n);
    }
    b->bus = (Bus){ .id = b->id, .type = "SCSI", .takes = "scsi-device", .owner = owner, .make = make_unit,
                    .realize = realize_unit, .may_remove = may_remove_unit, .address = unit_address,
                    .opaque = b };
    bus_add(machine, &b->bus);
}

void scsi_bus_clear(ScsiBus *b)
{
    if (b->machine) {
        bus_remove(b->machine, &b->bus);
        g_ptr_array_free(b->units, TRUE);
        g_free(b->id);
    }
}

/* ---- what units have in common ---- */

bool scsi_device_realize(ScsiDevice *d, const ScsiKind *kind, bool writes, bool needs_medium, GError **err)
{
    const char *name = device_name(&d->dev);
    d->kind = kind;
    if (d->serial && strlen(d->serial) > 36) {
        return error_set(err, "%s: serial=%s: must be up to 36 characters", name, d->serial);
    }
    if (!d->drive && needs_medium) {
        return error_set(err, "%s: needs drive=, the id of a -drive or the node-name of a -blockdev", name);
    }
    d->block = block_user_claim(d->dev.machine->blocks, d->drive, name, writes, err);
    if (d->block && needs_medium && !block_user_node(d->block)) {
        return error_set(err, "%s: drive '%s' is empty; a disk needs an image (file=) or removable=on", name,
                         d->drive);
    }
    return d->block != NULL;
}

void scsi_device_finalize(ScsiDevice *d)
{
    block_user_free(d->block);
    d->block = NULL;
}

void scsi_device_reset(Device *dev)
{
    ScsiDevice *d = (ScsiDevice *)dev;
    block_cancel(d->block);
    d->asc = 0x29;                      /* power on, reset, or bus device reset occurred */
    d->ascq = 0;
}
