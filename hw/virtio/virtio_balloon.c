/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A memory balloon on virtio, "virtio-balloon-pci": VIRTIO 1.1, section 5.5. Not modelled: statistics, hints
 * of free pages, page poisoning, reporting.
 */
#include <sys/mman.h>
#include <unistd.h>
#include "hw/virtio/virtio.h"
#include "util/bits.h"
#include "util/error.h"
#include "util/iov.h"

enum { F_MUST_TELL_HOST = 1 << 0, F_DEFLATE_ON_OOM = 1 << 2 };

#define QUEUE 128
#define PAGE 4096u                  /* of the interface, whatever the guest's are */
#define MAX_PAGES 1024u             /* of one buffer; what is beyond stays the guest's */

typedef struct {
    VirtioDevice v;
    VirtQueue *inflate, *deflate;
    bool deflate_on_oom;            /* property */
    uint32_t wanted, actual;        /* pages in the balloon */
    Balloon balloon;                /* what the monitor sees */
} VirtioBalloon;

/* The host may have the page back: it reads as zeros from now on. */
static void give_back(VirtioBalloon *d, uint64_t page)
{
    AddressSpace *as = d->v.pci.dev.machine->as;
    MemSpan span = as_span(as, page * PAGE);
    if (span.host && span.writable && span.len >= PAGE && (uintptr_t)span.host % (size_t)getpagesize() == 0 &&
        getpagesize() == PAGE) {
        madvise(span.host, PAGE, MADV_REMOVE);
        as_host_written(as, span.host, PAGE);
    }
}

static void notified(VirtioDevice *vdev, VirtQueue *q)
{
    VirtioBalloon *d = (VirtioBalloon *)vdev;
    VirtqElement e;
    while (virtq_pop(q, &e)) {
        uint8_t pages[4 * MAX_PAGES];
        uint64_t bytes = q == d->inflate ? MIN(e.out.bytes, sizeof(pages)) : 0;
        iov_to_buf(dma_list_iov(&e.out), e.out.iov->len, 0, pages, bytes);
        for (uint64_t at = 0; at + 4 <= bytes; at += 4) {
            give_back(d, virtio_get(vdev, pages + at, 4));
        }
        virtq_push(q, &e, 0);
    }
    virtq_notify(q);
}

/* Both numbers are little endian whatever the interface is. */
static void get_config(VirtioDevice *vdev, uint8_t *config)
{
    const VirtioBalloon *d = (const VirtioBalloon *)vdev;
    store_le(config, 4, d->wanted);
    store_le(config + 4, 4, d->actual);
}

static uint64_t bytes_left(void *opaque)
{
    const VirtioBalloon *d = opaque;
    uint64_t ram = d->v.pci.dev.machine->ram_size, taken = (uint64_t)d->actual * PAGE;
    return ram - MIN(ram, taken);
}

static void set_config(VirtioDevice *vdev, const uint8_t *config)
{
    VirtioBalloon *d = (VirtioBalloon *)vdev;
    uint32_t actual = (uint32_t)load_le(config + 4, 4);
    if (actual != d->actual) {
        d->actual = actual;
        machine_event(vdev->pci.dev.machine, MACHINE_BALLOON_CHANGED, SHUTDOWN_NONE, (int64_t)bytes_left(d));
    }
}

static void ask_for(void *opaque, uint64_t bytes)
{
    VirtioBalloon *d = opaque;
    uint64_t ram = d->v.pci.dev.machine->ram_size;
    d->wanted = (uint32_t)((ram - MIN(ram, bytes)) / PAGE);
    virtio_config_changed(&d->v);
}

static uint64_t features(VirtioDevice *vdev)
{
    return F_MUST_TELL_HOST | (((VirtioBalloon *)vdev)->deflate_on_oom ? F_DEFLATE_ON_OOM : 0);
}

static void reset(VirtioDevice *vdev)
{
    ((VirtioBalloon *)vdev)->actual = 0;
}

static bool virtio_balloon_realize(Device *dev, GError **err)
{
    static const VirtioKind kind = {
        .id = 5, .config_size = 8, .features = features, .get_config = get_config, .set_config = set_config,
        .notified = notified, .reset = reset,
    };
    VirtioBalloon *d = (VirtioBalloon *)dev;
    if (dev->machine->balloon) {
        return error_set(err, "%s: there is a balloon already", device_name(dev));
    }
    d->inflate = virtio_add_queue(&d->v, QUEUE);
    d->deflate = virtio_add_queue(&d->v, QUEUE);
    d->balloon = (Balloon){ bytes_left, ask_for, d };
    dev->machine->balloon = &d->balloon;
    return virtio_realize(&d->v, &kind, err);
}

static void virtio_balloon_finalize(Device *dev)
{
    VirtioBalloon *d = (VirtioBalloon *)dev;
    if (dev->machine->balloon == &d->balloon) {
        dev->machine->balloon = NULL;
    }
    virtio_finalize(&d->v);
}

static const Prop virtio_balloon_props[] = {
    { "deflate-on-oom", PROP_BOOL, offsetof(VirtioBalloon, deflate_on_oom), "off",
      "a guest short of memory may take some out of the balloon" },
    VIRTIO_PROPS(VirtioBalloon, v),
    { 0 }
};

static const VmField virtio_balloon_state[] = {
    VM_STRUCT(VirtioBalloon, v, virtio_state), VM_U32(VirtioBalloon, wanted), VM_U32(VirtioBalloon, actual),
    { 0 }
};
static const PciInfo virtio_balloon_info = VIRTIO_PCI_INFO(0x1002, 0x00ff);

const DeviceType virtio_balloon_type = {
    "virtio-balloon-pci", sizeof(VirtioBalloon), .parent = "pci-device", .description = "virtio balloon",
    .user_creatable = true, .state = virtio_balloon_state, .props = virtio_balloon_props,
    .bus_info = &virtio_balloon_info, .realize = virtio_balloon_realize, .reset = virtio_reset,
    .finalize = virtio_balloon_finalize, .post_load = virtio_post_load,
};
