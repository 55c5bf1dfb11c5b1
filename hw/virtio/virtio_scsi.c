/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SCSI host adapter on virtio, "virtio-scsi-pci": VIRTIO 1.1, section 5.6. Not modelled: protection
 * information, asynchronous notifications of units; a task that has begun is not aborted, but ends before
 * the answer.
 */
#include <limits.h>
#include <string.h>
#include "hw/scsi/scsi.h"
#include "hw/virtio/virtio.h"
#include "util/error.h"
#include "util/iov.h"
#include "util/log.h"

enum { F_INOUT = 1 << 0, F_HOTPLUG = 1 << 1, F_CHANGE = 1 << 2 };
enum { S_OK = 0, S_OVERRUN = 1, S_BAD_TARGET = 3, S_FAILURE = 9, S_REJECTED = 11 };
enum { T_TMF = 0, T_AN_QUERY = 1, T_AN_SUBSCRIBE = 2 };
enum { TMF_ABORT_TASK = 0, TMF_ABORT_TASK_SET = 1, TMF_CLEAR_TASK_SET = 3, TMF_I_T_NEXUS_RESET = 4,
       TMF_LUN_RESET = 5 };
enum { EV_TRANSPORT_RESET = 1, EV_PARAM_CHANGE = 3 };
#define EV_MISSED 0x80000000u
enum { REASON_RESCAN = 1, REASON_REMOVED = 2 };

#define MAX_QUEUES 16u
#define CONTROL_QUEUE 64
#define COMMAND_HEAD 19u            /* bytes in front of the CDB */
#define ANSWER_HEAD 12u             /* bytes in front of the sense data */
#define EVENT 16u
#define SENSE_DEFAULT 96u
#define CDB_DEFAULT 32u
#define FIELD_MAX 252u

typedef struct {
    VirtioDevice v;
    ScsiBus bus;
    uint32_t queues, queue_size;    /* properties */
    uint32_t sense_size, cdb_size;  /* the driver may change them */
    bool missed;                    /* an event found no buffer */
} VirtioScsi;

typedef struct {
    VirtioScsi *d;
    VirtQueue *q;
    VirtqElement e;
    ScsiRequest scsi;
    struct iovec *iov;              /* data to the unit, then data from it */
    uint32_t answer;                /* bytes in front of the data from it */
} Request;

/* ---- commands: section 5.6.6.1 ---- */

static void finish(Request *r, uint8_t response)
{
    VirtioDevice *vdev = &r->d->v;
    const ScsiRequest *s = &r->scsi;
    uint8_t answer[ANSWER_HEAD + FIELD_MAX] = { 0 };
    bool check = response == S_OK && s->status == SCSI_CHECK;
    virtio_put(vdev, answer, 4, check ? MIN(SCSI_SENSE, r->answer - ANSWER_HEAD) : 0);
    virtio_put(vdev, answer + 4, 4, MAX(s->out_bytes, s->in_bytes) - s->moved);
    answer[10] = response == S_OK ? s->status : 0;
    answer[11] = response;
    memcpy(answer + ANSWER_HEAD, s->sense, check ? SCSI_SENSE : 0);
    iov_from_buf(dma_list_iov(&r->e.in), r->e.in.iov->len, 0, answer, r->answer);
    virtq_push(r->q, &r->e, r->answer + s->in_bytes);      /* of a failed read some has been written */
    virtq_notify(r->q);
    g_free(r->iov);
    g_free(r);
}

static void command_done(ScsiRequest *s)
{
    Request *r = (Request *)(void *)((char *)s - offsetof(Request, scsi));
    finish(r, s->overrun ? S_OVERRUN : S_OK);
}

/* Section 5.6.6.1: 1, target, then the unit in SAM's single level form; false when there is none such. */
static bool read_lun(const uint8_t *lun, unsigned *target, unsigned *unit)
{
    unsigned method = lun[2] >> 6;
    *target = lun[1];
    *unit = (lun[2] & 0x3fu) << 8 | lun[3];
    return lun[0] == 1 && (method == 1 || (method == 0 && *unit < 256));
}

static void take_data(Request *r)
{
    const DmaList *out = &r->e.out, *in = &r->e.in;
    uint64_t head = COMMAND_HEAD + r->d->cdb_size;
    ScsiRequest *s = &r->scsi;
    r->iov = g_new(struct iovec, out->iov->len + in->iov->len + 1);
    s->out = r->iov;
    s->out_bytes = out->bytes - head;
    s->n_out = iov_part(r->iov, dma_list_iov(out), out->iov->len, head, s->out_bytes);
    s->in = r->iov + s->n_out;
    s->in_bytes = in->bytes - r->answer;
    s->n_in = iov_part(r->iov + s->n_out, dma_list_iov(in), in->iov->len, r->answer, s->in_bytes);
}

static void begin(Request *r)
{
    VirtioScsi *d = r->d;
    uint8_t head[COMMAND_HEAD + FIELD_MAX];
    unsigned target, unit;
    iov_to_buf(dma_list_iov(&r->e.out), r->e.out.iov->len, 0, head, COMMAND_HEAD + d->cdb_size);
    memcpy(r->scsi.cdb, head + COMMAND_HEAD, MIN(d->cdb_size, SCSI_CDB));
    r->scsi.done = command_done;
    take_data(r);
    if (r->scsi.in_bytes && r->scsi.out_bytes && !virtio_has(&d->v, F_INOUT)) {
        finish(r, S_FAILURE);
    } else if (!read_lun(head, &target, &unit) || !scsi_bus_has_target(&d->bus, target)) {
        finish(r, S_BAD_TARGET);
    } else {
        scsi_submit(&d->bus, target, unit, &r->scsi);
    }
}

static bool next_command(VirtioScsi *d, VirtQueue *q)
{
    Request *r = g_new0(Request, 1);
    *r = (Request){ .d = d, .q = q, .answer = ANSWER_HEAD + d->sense_size };
    if (!virtq_pop(q, &r->e)) {
        g_free(r);
        return false;
    }
    if (r->e.out.bytes < COMMAND_HEAD + d->cdb_size || r->e.in.bytes < r->answer) {
        virtio_broken(&d->v, "a command without its head or without room for the answer");
        virtq_push(q, &r->e, 0);
        g_free(r);
        return false;
    }
    begin(r);
    return true;
}

static void commands_notified(VirtioScsi *d, VirtQueue *q)
{
    do {
        virtq_set_silent(q, true);
        while (next_command(d, q)) {
        }
    } while (virtq_set_silent(q, false));
}

/* ---- task management: section 5.6.6.2 ---- */

static uint8_t manage(VirtioScsi *d, const uint8_t *m)
{
    unsigned target, unit;
    if (!read_lun(m + 8, &target, &unit) || !scsi_bus_has_target(&d->bus, target)) {
        return S_BAD_TARGET;
    }
    switch (virtio_get(&d->v, m + 4, 4)) {
    case TMF_ABORT_TASK:
    case TMF_ABORT_TASK_SET:
    case TMF_CLEAR_TASK_SET:
    case TMF_LUN_RESET:
        scsi_bus_stop(&d->bus, target, unit);
        return S_OK;
    case TMF_I_T_NEXUS_RESET:
        scsi_bus_stop(&d->bus, target, UINT_MAX);
        return S_OK;
    default:
        return S_REJECTED;
    }
}

/* One request of the control queue; returns the bytes of the answer. */
static unsigned control(VirtioScsi *d, const uint8_t *m, size_t len, uint8_t answer[5])
{
    uint32_t type = len >= 4 ? (uint32_t)virtio_get(&d->v, m, 4) : UINT32_MAX;
    if (type == T_TMF && len >= 24) {
        answer[0] = manage(d, m);
        return 1;
    }
    if ((type == T_AN_QUERY || type == T_AN_SUBSCRIBE) && len >= 16) {
        answer[4] = S_OK;                   /* and none of the notifications asked for */
        return 5;
    }
    guest_log("%s: control request %u of %zu bytes", device_name(&d->v.pci.dev), type, len);
    return 0;
}

static void control_notified(VirtioScsi *d, VirtQueue *q)
{
    VirtqElement e;
    while (virtq_pop(q, &e)) {
        uint8_t m[24] = { 0 }, answer[5] = { 0 };
        size_t len = MIN(e.out.bytes, sizeof(m));
        iov_to_buf(dma_list_iov(&e.out), e.out.iov->len, 0, m, len);
        uint64_t bytes = MIN(control(d, m, len, answer), e.in.bytes);
        iov_from_buf(dma_list_iov(&e.in), e.in.iov->len, 0, answer, bytes);
        virtq_push(q, &e, bytes);
    }
    virtq_notify(q);
}

/* ---- events: section 5.6.6.3 ---- */

static void send_event(VirtioScsi *d, uint32_t event, const ScsiDevice *unit, uint32_t reason)
{
    VirtQueue *q = &d->v.queue[1];
    VirtqElement e;
    uint8_t m[EVENT] = { 0 };
    if (!virtq_pop(q, &e)) {
        d->missed = true;
        return;
    }
    virtio_put(&d->v, m, 4, event | (d->missed ? EV_MISSED : 0));
    if (unit) {
        m[4] = 1;
        m[5] = (uint8_t)unit->target;
        m[6] = (uint8_t)(unit->lun < 256 ? 0 : 0x40 | unit->lun >> 8);    /* as REPORT LUNS has them */
        m[7] = (uint8_t)unit->lun;
    }
    virtio_put(&d->v, m + 12, 4, reason);
    d->missed = false;
    uint64_t bytes = MIN(EVENT, e.in.bytes);
    iov_from_buf(dma_list_iov(&e.in), e.in.iov->len, 0, m, bytes);
    virtq_push(q, &e, bytes);
    virtq_notify(q);
}

static void unit_event(void *opaque, const ScsiDevice *unit, bool gone, uint8_t asc, uint8_t ascq)
{
    VirtioScsi *d = opaque;
    if (!virtio_running(&d->v)) {
        return;
    }
    if (asc && virtio_has(&d->v, F_CHANGE)) {
        send_event(d, EV_PARAM_CHANGE, unit, asc | (uint32_t)ascq << 8);
    } else if (!asc && virtio_has(&d->v, F_HOTPLUG)) {
        send_event(d, EV_TRANSPORT_RESET, unit, gone ? REASON_REMOVED : REASON_RESCAN);
    }
}

/* ---- the device ---- */

static void notified(VirtioDevice *vdev, VirtQueue *q)
{
    VirtioScsi *d = (VirtioScsi *)vdev;
    if (q->index == 0) {
        control_notified(d, q);
    } else if (q->index == 1) {
        if (d->missed && virtq_waiting(q)) {
            send_event(d, 0, NULL, 0);
        }
    } else {
        commands_notified(d, q);
    }
}

static uint64_t features(VirtioDevice *vdev)
{
    return F_INOUT | F_HOTPLUG | F_CHANGE;
}

static void get_config(VirtioDevice *vdev, uint8_t *c)
{
    const VirtioScsi *d = (const VirtioScsi *)vdev;
    virtio_put(vdev, c, 4, d->queues);
    virtio_put(vdev, c + 4, 4, d->queue_size - 2);
    virtio_put(vdev, c + 8, 4, 0xffff);         /* sectors of a command */
    virtio_put(vdev, c + 12, 4, d->queue_size);
    virtio_put(vdev, c + 16, 4, EVENT);
    virtio_put(vdev, c + 20, 4, d->sense_size);
    virtio_put(vdev, c + 24, 4, d->cdb_size);
    virtio_put(vdev, c + 28, 2, 0);
    virtio_put(vdev, c + 30, 2, SCSI_MAX_TARGET);
    virtio_put(vdev, c + 32, 4, SCSI_MAX_LUN);
}

static void set_config(VirtioDevice *vdev, const uint8_t *c)
{
    VirtioScsi *d = (VirtioScsi *)vdev;
    uint32_t sense = (uint32_t)virtio_get(vdev, c + 20, 4), cdb = (uint32_t)virtio_get(vdev, c + 24, 4);
    if (sense > FIELD_MAX || cdb > FIELD_MAX || virtio_running(vdev)) {
        guest_log("%s: sense_size %u, cdb_size %u: up to %u, before DRIVER_OK", device_name(&vdev->pci.dev),
                  sense, cdb, FIELD_MAX);
        return;
    }
    d->sense_size = sense;
    d->cdb_size = cdb;
}

static void drain(VirtioDevice *vdev)
{
    scsi_bus_stop(&((VirtioScsi *)vdev)->bus, UINT_MAX, UINT_MAX);
}

static void reset(VirtioDevice *vdev)
{
    VirtioScsi *d = (VirtioScsi *)vdev;
    d->sense_size = SENSE_DEFAULT;
    d->cdb_size = CDB_DEFAULT;
    d->missed = false;
}

static bool virtio_scsi_realize(Device *dev, GError **err)
{
    static const VirtioKind kind = {
        .id = 8, .config_size = 36, .features = features, .get_config = get_config, .set_config = set_config,
        .notified = notified, .drain = drain, .reset = reset,
    };
    VirtioScsi *d = (VirtioScsi *)dev;
    uint32_t n = d->queue_size;
    const ScsiHost host = { unit_event, d };
    if (!dev->machine->blocks) {
        return error_set(err, "%s: this machine has no disk images", device_name(dev));
    }
    if (n < 4 || n > VIRTIO_QUEUE_SIZE || (n & (n - 1)) || d->queues < 1 || d->queues > MAX_QUEUES) {
        return error_set(err, "%s: virtqueue_size=%u, num_queues=%u: must be a power of two from 4 to %u, "
                         "and 1 to %u", device_name(dev), n, d->queues, VIRTIO_QUEUE_SIZE, MAX_QUEUES);
    }
    virtio_add_queue(&d->v, CONTROL_QUEUE);
    virtio_add_queue(&d->v, CONTROL_QUEUE);
    for (unsigned i = 0; i < d->queues; i++) {
        virtio_add_queue(&d->v, (uint16_t)n);
    }
    scsi_bus_init(&d->bus, dev->machine, dev, &host);
    return virtio_realize(&d->v, &kind, err);
}

static bool virtio_scsi_post_load(Device *dev, GError **err)
{
    const VirtioScsi *d = (const VirtioScsi *)dev;
    if (d->sense_size > FIELD_MAX || d->cdb_size > FIELD_MAX) {
        return error_set(err, "%s: sense_size %u, cdb_size %u: can be up to %u", device_name(dev),
                         d->sense_size, d->cdb_size, FIELD_MAX);
    }
    return virtio_post_load(dev, err);
}

static void virtio_scsi_finalize(Device *dev)
{
    VirtioScsi *d = (VirtioScsi *)dev;
    scsi_bus_clear(&d->bus);
    virtio_finalize(&d->v);
}

static const Prop virtio_scsi_props[] = {
    { "num_queues", PROP_U32, offsetof(VirtioScsi, queues), "1", "queues for commands, up to 16" },
    { "virtqueue_size", PROP_U32, offsetof(VirtioScsi, queue_size), "256",
      "entries of each, a power of two up to 1024" },
    VIRTIO_PROPS(VirtioScsi, v),
    { 0 }
};

static const VmField virtio_scsi_state[] = {
    VM_STRUCT(VirtioScsi, v, virtio_state), VM_U32(VirtioScsi, sense_size), VM_U32(VirtioScsi, cdb_size),
    VM_BOOL(VirtioScsi, missed),
    { 0 }
};
static const PciInfo virtio_scsi_info = VIRTIO_PCI_INFO(0x1004, 0x0100);

const DeviceType virtio_scsi_type = {
    "virtio-scsi-pci", sizeof(VirtioScsi), .parent = "pci-device", .description = "virtio SCSI adapter",
    .user_creatable = true, .state = virtio_scsi_state, .props = virtio_scsi_props,
    .bus_info = &virtio_scsi_info, .realize = virtio_scsi_realize, .reset = virtio_reset,
    .finalize = virtio_scsi_finalize, .post_load = virtio_scsi_post_load,
};
