/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A shared folder on virtio, "virtio-9p-pci": VIRTIO's device 9, 9P messages on one queue. What they mean is
 * fsdev's. Not modelled: state of the server in saved machines, a client begins anew.
 */
#include <string.h>
#include "fsdev/fsdev.h"
#include "hw/virtio/virtio.h"
#include "util/error.h"
#include "util/log.h"

#define QUEUE 128u
#define TAG_BYTES 32u
#define MIN_MESSAGE 7u

enum { F_MOUNT_TAG = 1 };

typedef struct {
    VirtioDevice v;
    P9Server *server;
    VirtQueue *q;
    char *fsdev, *tag;              /* properties */
} Virtio9p;

typedef struct {
    Virtio9p *d;
    VirtqElement e;
    P9Request request;
} Request;

static void request_done(P9Request *request, uint32_t written)
{
    Request *r = request->opaque;
    Virtio9p *d = r->d;
    virtq_push(d->q, &r->e, written);
    g_free(r);
    virtq_notify(d->q);
}

static bool next_request(Virtio9p *d)
{
    Request *r = g_new0(Request, 1);
    r->d = d;
    if (!virtq_pop(d->q, &r->e)) {
        g_free(r);
        return false;
    }
    if (r->e.out.bytes < MIN_MESSAGE || r->e.in.bytes < P9_MIN_ROOM) {
        virtio_broken(&d->v, "a message without head or without room for a reply");
        virtq_push(d->q, &r->e, 0);
        g_free(r);
        return false;
    }
    r->request = (P9Request){
        .out = dma_list_iov(&r->e.out), .nout = r->e.out.iov->len, .out_bytes = r->e.out.bytes,
        .in = dma_list_iov(&r->e.in), .nin = r->e.in.iov->len, .in_bytes = r->e.in.bytes,
        .done = request_done, .opaque = r,
    };
    p9_submit(d->server, &r->request);
    return true;
}

static void notified(VirtioDevice *vdev, VirtQueue *q)
{
    Virtio9p *d = (Virtio9p *)vdev;
    do {
        virtq_set_silent(q, true);
        while (next_request(d)) {
        }
    } while (virtq_set_silent(q, false));
}

static uint64_t features(VirtioDevice *vdev)
{
    return F_MOUNT_TAG;
}

static void get_config(VirtioDevice *vdev, uint8_t *config)
{
    const Virtio9p *d = (Virtio9p *)vdev;
    virtio_put(vdev, config, 2, strlen(d->tag));
    memcpy(config + 2, d->tag, strlen(d->tag));
}

/* What the client had before a reset it has no more. */
static void drain(VirtioDevice *vdev)
{
    p9_reset(((Virtio9p *)vdev)->server);
}

static bool virtio_9p_realize(Device *dev, GError **err)
{
    static const VirtioKind kind = {
        .id = 9, .config_size = 2 + TAG_BYTES, .features = features, .get_config = get_config,
        .notified = notified, .drain = drain,
    };
    Virtio9p *d = (Virtio9p *)dev;
    if (!d->fsdev || !d->tag) {
        return error_set(err, "%s: needs fsdev=, the id of a -fsdev, and mount_tag=, the name that the guest "
                         "mounts", device_name(dev));
    }
    if (!*d->tag || strlen(d->tag) > TAG_BYTES) {
        return error_set(err, "%s: mount_tag=%s: must have 1 to %u bytes", device_name(dev), d->tag,
                         TAG_BYTES);
    }
    d->server = p9_server_new(dev->machine->fsdevs, d->fsdev, device_name(dev), err);
    if (!d->server) {
        return false;
    }
    d->q = virtio_add_queue(&d->v, QUEUE);
    return virtio_realize(&d->v, &kind, err);
}

static void virtio_9p_finalize(Device *dev)
{
    Virtio9p *d = (Virtio9p *)dev;
    p9_server_free(d->server);
    d->server = NULL;
    virtio_finalize(&d->v);
}

static const Prop virtio_9p_props[] = {
    { "fsdev", PROP_STRING, offsetof(Virtio9p, fsdev), NULL, "id of a -fsdev" },
    { "mount_tag", PROP_STRING, offsetof(Virtio9p, tag), NULL, "the name by which the guest mounts it" },
    VIRTIO_PROPS(Virtio9p, v),
    { 0 }
};

static const VmField virtio_9p_state[] = { VM_STRUCT(Virtio9p, v, virtio_state), { 0 } };
static const PciInfo virtio_9p_info = VIRTIO_PCI_INFO(0x1009, 0x0002);

const DeviceType virtio_9p_type = {
    "virtio-9p-pci", sizeof(Virtio9p), .parent = "pci-device", .description = "virtio shared folder",
    .user_creatable = true, .state = virtio_9p_state, .props = virtio_9p_props,
    .bus_info = &virtio_9p_info, .realize = virtio_9p_realize, .reset = virtio_reset,
    .finalize = virtio_9p_finalize, .post_load = virtio_post_load,
};
