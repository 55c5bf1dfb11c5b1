/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A USB disk or CD reader, "usb-storage": Mass Storage Class, Bulk-Only Transport 1.0, around a SCSI bus with
 * one unit. Data go through a buffer of the command's size: the unit has them all before the guest sees the
 * first byte, and the other way round. Commands that have more than 32 MiB fail. Not modelled: more than one
 * unit.
 */
#include <limits.h>
#include <string.h>
#include "hw/scsi/scsi.h"
#include "hw/usb/usb.h"
#include "util/bits.h"
#include "util/error.h"

#define BULK_IN 0x81
#define BULK_OUT 0x02
#define PACKET 64u
#define COMMAND_BYTES 31u
#define STATUS_BYTES 13u
#define COMMAND_MARK 0x43425355u
#define STATUS_MARK 0x53425355u
#define MOST_DATA (32u << 20)

enum { GET_MAX_LUN = 0xfe, BULK_RESET = 0xff };
enum { PASSED = 0, FAILED = 1, PHASE_ERROR = 2 };
enum { CMD_REQUEST_SENSE = 0x03 };
/* What comes next; BROKEN: nothing but a reset. */
enum { PHASE_COMMAND, PHASE_OUT, PHASE_RUN, PHASE_IN, PHASE_STATUS, PHASE_BROKEN };

typedef struct {
    UsbDevice usb;
    ScsiBus scsi;
    char *drive;        /* properties */
    bool removable, write_cache;
    uint32_t boot_index;

    uint8_t phase, result;
    uint32_t tag, asked, pos, have;     /* bytes of data: the host's, moved, there are */
    bool to_host;
    uint8_t *buffer;                    /* of asked bytes */
    struct iovec iov;
    ScsiRequest request;
    bool running;                       /* request is the disk's */
    bool has_sense;
    uint8_t sense[SCSI_SENSE];          /* of the last command, for REQUEST SENSE */
} UsbStorage;

/* ---- the end of commands ---- */

static void end_data(UsbStorage *s)
{
    g_clear_pointer(&s->buffer, g_free);
}

/* The host gets have bytes of asked, then the status. */
static void answer(UsbStorage *s, uint8_t result, uint32_t have)
{
    s->result = result;
    s->have = have;
    s->pos = 0;
    s->phase = PHASE_STATUS;
    if (s->to_host && s->asked) {
        s->phase = PHASE_IN;
        if (!have) {
            usb_halt(&s->usb, BULK_IN);         /* section 6.7.2: there are no data */
            s->phase = PHASE_STATUS;
        }
    }
    if (s->phase == PHASE_STATUS) {
        end_data(s);
    }
    usb_wake(&s->usb);
}

static void command_done(ScsiRequest *r)
{
    UsbStorage *s = (UsbStorage *)(void *)((char *)r - offsetof(UsbStorage, request));
    bool check = r->status == SCSI_CHECK;
    s->running = false;
    s->has_sense = check;
    memcpy(s->sense, r->sense, sizeof(s->sense));
    if (s->phase == PHASE_RUN) {
        answer(s, r->overrun ? PHASE_ERROR : check ? FAILED : PASSED, (uint32_t)r->moved);
    }
}

/* ---- commands ---- */

/* What the last command left, which units themselves do not keep. */
static void request_sense(UsbStorage *s)
{
    uint32_t len = MIN(MIN(s->asked, s->request.cdb[4]), SCSI_SENSE);
    memcpy(s->buffer, s->sense, len);
    s->has_sense = false;
    answer(s, PASSED, len);
}

static void run(UsbStorage *s)
{
    s->phase = PHASE_RUN;
    if (s->request.cdb[0] == CMD_REQUEST_SENSE && s->has_sense && s->to_host && s->asked) {
        request_sense(s);
        return;
    }
    s->iov = (struct iovec){ s->buffer, s->asked };
    if (s->to_host) {
        s->request.in = &s->iov;
        s->request.n_in = s->asked ? 1 : 0;
        s->request.in_bytes = s->asked;
    } else {
        s->request.out = &s->iov;
        s->request.n_out = s->asked ? 1 : 0;
        s->request.out_bytes = s->asked;
    }
    s->request.done = command_done;
    s->running = true;
    scsi_submit(&s->scsi, 0, 0, &s->request);
}

static void too_much(UsbStorage *s)
{
    scsi_put_sense(s->sense, SCSI_ILLEGAL_REQUEST, 0x24, 0);
    s->has_sense = true;
    s->phase = PHASE_RUN;
    if (!s->to_host) {
        usb_halt(&s->usb, BULK_OUT);
    }
    answer(s, FAILED, 0);
}

/* Section 6.2: what is no command stalls both ways until it is reset. */
static UsbResult broken(UsbStorage *s)
{
    s->phase = PHASE_BROKEN;
    usb_halt(&s->usb, BULK_IN);
    usb_halt(&s->usb, BULK_OUT);
    return USB_STALL;
}

static UsbResult take_command(UsbStorage *s, const UsbPacket *p)
{
    const uint8_t *c = p->data;
    if (p->len != COMMAND_BYTES || load_le(c, 4) != COMMAND_MARK || (c[13] & 15) || (c[14] & 31) < 1 ||
        (c[14] & 31) > 16) {
        return broken(s);
    }
    s->tag = (uint32_t)load_le(c + 4, 4);
    s->asked = (uint32_t)load_le(c + 8, 4);
    s->to_host = c[12] & 0x80;
    s->pos = 0;
    s->request = (ScsiRequest){ .status = SCSI_GOOD };
    memcpy(s->request.cdb, c + 15, c[14] & 31);
    s->buffer = s->asked <= MOST_DATA ? g_try_malloc0(MAX(s->asked, 1)) : NULL;
    if (!s->buffer) {
        too_much(s);
    } else if (s->asked && !s->to_host) {
        s->phase = PHASE_OUT;
    } else {
        run(s);
    }
    return USB_ACK;
}

/* ---- bulk endpoints: chapter 5 ---- */

static UsbResult take_data(UsbStorage *s, const UsbPacket *p)
{
    if (p->len > s->asked - s->pos) {
        return broken(s);
    }
    memcpy(s->buffer + s->pos, p->data, p->len);
    s->pos += p->len;
    if (s->pos == s->asked) {
        run(s);
    }
    return USB_ACK;
}

static UsbResult give_data(UsbStorage *s, UsbPacket *p)
{
    uint32_t part = MIN(s->have - s->pos, PACKET);
    if (part > p->len) {
        return USB_BABBLE;
    }
    memcpy(p->data, s->buffer + s->pos, part);
    s->pos += part;
    p->actual = part;
    if (s->pos == s->have && (part < PACKET || s->have == s->asked)) {
        s->phase = PHASE_STATUS;        /* a short packet ends the data, an empty one too */
        end_data(s);
    }
    return USB_ACK;
}

static UsbResult give_status(UsbStorage *s, UsbPacket *p)
{
    if (p->len < STATUS_BYTES) {
        return USB_BABBLE;
    }
    store_le(p->data, 4, STATUS_MARK);
    store_le(p->data + 4, 4, s->tag);
    store_le(p->data + 8, 4, s->asked - MIN(s->have, s->asked));
    p->data[12] = s->result;
    p->actual = STATUS_BYTES;
    s->phase = PHASE_COMMAND;
    return USB_ACK;
}

static UsbResult storage_data(UsbDevice *d, UsbPacket *p)
{
    UsbStorage *s = (UsbStorage *)d;
    if (p->pid == USB_IN) {
        switch (s->phase) {
        case PHASE_IN:
            return give_data(s, p);
        case PHASE_STATUS:
            return give_status(s, p);
        default:
            return USB_NAK;
        }
    }
    p->actual = p->len;
    switch (s->phase) {
    case PHASE_COMMAND:
        return take_command(s, p);
    case PHASE_OUT:
        return take_data(s, p);
    default:
        return USB_NAK;
    }
}

/* ---- requests: chapter 3 ---- */

static void stop(UsbStorage *s)
{
    s->phase = PHASE_COMMAND;
    if (s->running) {
        scsi_bus_stop(&s->scsi, UINT_MAX, UINT_MAX);
    }
    g_assert(!s->running);
    end_data(s);
    s->has_sense = false;
    s->asked = s->pos = s->have = 0;
}

static int storage_control(UsbDevice *d, const UsbSetup *setup, uint8_t *data)
{
    if (!d->configuration || setup->index) {
        return -1;
    }
    if (setup->type == 0xa1 && setup->request == GET_MAX_LUN) {
        data[0] = 0;
        return 1;
    }
    if (setup->type == 0x21 && setup->request == BULK_RESET) {
        stop((UsbStorage *)d);
        return 0;
    }
    return -1;
}

static void storage_unhalted(UsbDevice *d, uint8_t endpoint)
{
    if (((UsbStorage *)d)->phase == PHASE_BROKEN) {
        usb_halt(d, endpoint);
    }
}

static void storage_reset(UsbDevice *d)
{
    stop((UsbStorage *)d);
}

/* ---- the device ---- */

static void unit_event(void *opaque, const ScsiDevice *unit, bool gone, uint8_t asc, uint8_t ascq)
{
}

static bool storage_realize(Device *dev, GError **err)
{
    UsbStorage *s = (UsbStorage *)dev;
    const ScsiHost host = { unit_event, s };
    if (!dev->machine->blocks) {
        return error_set(err, "%s: this machine has no disk images", device_name(dev));
    }
    if (!s->drive) {
        return error_set(err, "%s: needs drive=, the id of a -drive or the node-name of a -blockdev",
                         device_name(dev));
    }
    scsi_bus_init(&s->scsi, dev->machine, dev, &host);
    return true;
}

static bool is_full(const Bus *bus)
{
    return true;
}

static bool set_up_disk(const UsbStorage *s, Device *unit, GError **err)
{
    return prop_set(unit, "removable", s->removable ? "on" : "off", err) &&
           prop_set(unit, "write-cache", s->write_cache ? "on" : "off", err);
}

/* The unit; nothing else can be put on its bus. Of a -drive media=cdrom it is a reader. */
static bool storage_complete(UsbDevice *d, GError **err)
{
    UsbStorage *s = (UsbStorage *)d;
    Bus *bus = &s->scsi.bus;
    g_autoptr(KeyVal) none = keyval_new("usb-storage");
    const BlockUser *user = block_user_find(bus->owner->machine->blocks, s->drive);
    bool reader = user && block_user_has_discs(user);
    Device *unit = bus->make(bus, reader ? &scsi_cd_type : &scsi_hd_type, none, err);
    if (!prop_set(unit, "drive", s->drive, err) ||
        (s->usb.serial && !prop_set(unit, "serial", s->usb.serial, err)) ||
        (!reader && !set_up_disk(s, unit, err))) {
        device_free(unit);
        return false;
    }
    bus->full = is_full;
    return bus->realize(bus, unit, err);
}

static bool storage_post_load(Device *dev, GError **err)
{
    UsbStorage *s = (UsbStorage *)dev;
    if (s->phase != PHASE_COMMAND && s->phase != PHASE_STATUS && s->phase != PHASE_BROKEN) {
        return error_set(err, "%s: in the middle of a command", device_name(dev));
    }
    return usb_post_load(&s->usb, err);
}

static void storage_finalize(Device *dev)
{
    UsbStorage *s = (UsbStorage *)dev;
    end_data(s);
    scsi_bus_clear(&s->scsi);
}

static const VmField storage_state[] = {
    VM_STRUCT(UsbStorage, usb, usb_state), VM_U8(UsbStorage, phase), VM_U8(UsbStorage, result),
    VM_U32(UsbStorage, tag), VM_U32(UsbStorage, asked), VM_U32(UsbStorage, pos), VM_U32(UsbStorage, have),
    VM_BOOL(UsbStorage, to_host), VM_BOOL(UsbStorage, has_sense), VM_BUFFER(UsbStorage, sense), { 0 }
};

static const Prop storage_props[] = {
    { "drive", PROP_STRING, offsetof(UsbStorage, drive), NULL, "id of a -drive or node-name of a -blockdev" },
    { "removable", PROP_BOOL, offsetof(UsbStorage, removable), "off", "a disk: the medium can be changed" },
    { "write-cache", PROP_BOOL, offsetof(UsbStorage, write_cache), "on",
      "a disk: whether the guest must flush" },
    { "bootindex", PROP_U32, offsetof(UsbStorage, boot_index), NULL,
      "accepted: firmware is not told in which order to look" },
    USB_PROPS(UsbStorage, usb),
    { 0 }
};

static const UsbDescription storage_description = {
    .vendor = 0x46f4, .product = 0x0001, .max_packet0 = 64, .interface_class = USB_CLASS_STORAGE,
    .subclass = 6, .protocol = 0x50, .name = "USB Disk",
    .endpoint = { { BULK_IN, USB_BULK, PACKET, 0 }, { BULK_OUT, USB_BULK, PACKET, 0 } }, .endpoints = 2,
};
static const UsbKind storage_kind = {
    .desc = &storage_description, .control = storage_control, .data = storage_data, .reset = storage_reset,
    .unhalted = storage_unhalted, .complete = storage_complete,
};

const DeviceType usb_storage_type = {
    "usb-storage", sizeof(UsbStorage), .parent = "usb-device", .description = "USB disk or CD reader",
    .user_creatable = true, .state = storage_state, .props = storage_props, .bus_info = &storage_kind,
    .realize = storage_realize, .reset = usb_device_reset, .finalize = storage_finalize,
    .post_load = storage_post_load,
};
