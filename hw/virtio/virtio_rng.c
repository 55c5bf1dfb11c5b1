/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers on virtio, "virtio-rng-pci": VIRTIO 1.1, section 5.4. */
#include "hw/virtio/virtio.h"
#include "system/objects.h"
#include "util/error.h"
#include "util/iov.h"
#include "util/log.h"

#define QUEUE 8
#define PIECE 256u                  /* bytes of one buffer that are filled at most */
#define MS INT64_C(1000000)

typedef struct {
    VirtioDevice v;
    VirtQueue *q;
    char *rng;                      /* properties */
    uint64_t max_bytes;
    uint32_t period;                /* ms */
    uint64_t quota;                 /* bytes left in this period; max_bytes 0: no limit */
    Timer *timer;                   /* armed: the next period begins then */
} VirtioRng;

static bool fill(VirtioRng *d, VirtqElement *e, uint64_t len)
{
    uint8_t bytes[PIECE];
    g_autoptr(GError) err = NULL;
    if (!object_rng_read(d->v.pci.dev.machine->objects, d->rng, bytes, len, &err)) {
        guest_log("%s: %s", device_name(&d->v.pci.dev), err->message);
        return false;
    }
    iov_from_buf(dma_list_iov(&e->in), e->in.iov->len, 0, bytes, len);
    return true;
}

static void serve(VirtioRng *d)
{
    VirtqElement e;
    bool any = false;
    while ((!d->max_bytes || d->quota) && virtq_pop(d->q, &e)) {
        uint64_t len = MIN(MIN(e.in.bytes, PIECE), d->max_bytes ? d->quota : PIECE);
        bool good = fill(d, &e, len);
        d->quota -= d->max_bytes ? len : 0;
        virtq_push(d->q, &e, good ? len : 0);
        any = true;
    }
    if (any) {
        virtq_notify(d->q);
    }
    if (d->max_bytes && !timer_armed(d->timer)) {
        Clock *clock = d->v.pci.dev.machine->clock;
        timer_arm(d->timer, clock_now(clock, CLOCK_VIRTUAL) + d->period * MS);
    }
}

static void notified(VirtioDevice *vdev, VirtQueue *q)
{
    serve((VirtioRng *)vdev);
}

/* A new period; the timer goes on only while somebody asks. */
static void period_begins(void *opaque)
{
    VirtioRng *d = opaque;
    d->quota = d->max_bytes;
    if (virtq_waiting(d->q)) {
        serve(d);
    }
}

static bool virtio_rng_realize(Device *dev, GError **err)
{
    static const VirtioKind kind = { .id = 4, .notified = notified };
    VirtioRng *d = (VirtioRng *)dev;
    uint8_t probe;
    g_autoptr(GError) why = NULL;
    if (d->max_bytes && !d->period) {
        return error_set(err, "%s: period=0: must be some milliseconds, in which max-bytes may be read",
                         device_name(dev));
    }
    if (!object_rng_read(dev->machine->objects, d->rng, &probe, 1, &why)) {
        return error_set(err, "%s: rng=%s: %s", device_name(dev), d->rng, why->message);
    }
    d->timer = timer_new(dev->machine->clock, CLOCK_VIRTUAL, period_begins, d);
    d->q = virtio_add_queue(&d->v, QUEUE);
    return virtio_realize(&d->v, &kind, err);
}

static void virtio_rng_reset(Device *dev)
{
    VirtioRng *d = (VirtioRng *)dev;
    timer_cancel(d->timer);
    d->quota = d->max_bytes;
    virtio_reset(dev);
}

static bool virtio_rng_post_load(Device *dev, GError **err)
{
    VirtioRng *d = (VirtioRng *)dev;
    d->quota = MIN(d->quota, d->max_bytes);
    if (d->quota < d->max_bytes) {
        timer_arm(d->timer, clock_now(dev->machine->clock, CLOCK_VIRTUAL) + d->period * MS);
    }
    return virtio_post_load(dev, err);
}

static void virtio_rng_finalize(Device *dev)
{
    VirtioRng *d = (VirtioRng *)dev;
    timer_free(d->timer);
    virtio_finalize(&d->v);
}

static const Prop virtio_rng_props[] = {
    { "rng", PROP_STRING, offsetof(VirtioRng, rng), NULL, "id of an -object rng-...; the host's by default" },
    { "max-bytes", PROP_U64, offsetof(VirtioRng, max_bytes), "0", "bytes of a period; 0: no limit" },
    { "period", PROP_U32, offsetof(VirtioRng, period), "65536", "length of a period, ms" },
    VIRTIO_PROPS(VirtioRng, v),
    { 0 }
};

static const VmField virtio_rng_state[] = {
    VM_STRUCT(VirtioRng, v, virtio_state), VM_U64(VirtioRng, quota), { 0 }
};
static const PciInfo virtio_rng_info = VIRTIO_PCI_INFO(0x1005, 0x00ff);

const DeviceType virtio_rng_type = {
    "virtio-rng-pci", sizeof(VirtioRng), .parent = "pci-device", .description = "virtio random numbers",
    .user_creatable = true, .state = virtio_rng_state, .props = virtio_rng_props,
    .bus_info = &virtio_rng_info, .realize = virtio_rng_realize, .reset = virtio_rng_reset,
    .finalize = virtio_rng_finalize, .post_load = virtio_rng_post_load,
};
