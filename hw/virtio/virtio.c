/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all virtio devices have in common: VIRTIO 1.1, chapters 2 and 3. Not modelled: packed virtqueues,
 * in-order use, platform access, notification data, multiple interrupt vectors. */
#include "hw/virtio/virtio.h"

#include <string.h>
#include "util/bits.h"
#include "util/error.h"
#include "util/log.h"

#define RING_FEATURES (VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_IDX)
#define LEGACY_FEATURES (VIRTIO_F_NOTIFY_ON_EMPTY | VIRTIO_F_ANY_LAYOUT)

/* ---- byte order ---- */

static bool is_big(const VirtioDevice *vdev)
{
    return !vdev->in_modern && !virtio_has(vdev, VIRTIO_F_VERSION_1) && vdev->pci.dev.machine->big_endian;
}

void virtio_put(const VirtioDevice *vdev, void *at, unsigned size, uint64_t value)
{
    if (is_big(vdev)) {
        store_be(at, size, value);
    } else {
        store_le(at, size, value);
    }
}

uint64_t virtio_get(const VirtioDevice *vdev, const void *at, unsigned size)
{
    return is_big(vdev) ? load_be(at, size) : load_le(at, size);
}

/* ---- status ---- */

void virtio_broken(VirtioDevice *vdev, const char *what)
{
    guest_log("%s: %s", device_name(&vdev->pci.dev), what);
    vdev->status |= VIRTIO_NEEDS_RESET;
    if (vdev->status & VIRTIO_DRIVER_OK) {
        virtio_config_changed(vdev);
    }
}

void virtio_config_changed(VirtioDevice *vdev)
{
    vdev->generation++;
    if (vdev->status & VIRTIO_DRIVER_OK) {
        vdev->isr |= 2;
        virtio_pci_update_irq(vdev);
    }
}

static void drain(VirtioDevice *vdev)
{
    if (vdev->kind->drain) {
        vdev->kind->drain(vdev);
    }
}

static void to_initial(VirtioDevice *vdev)
{
    drain(vdev);
    if (vdev->kind->reset) {
        vdev->kind->reset(vdev);
    }
    vdev->features = 0;
    vdev->offered_select = vdev->features_select = 0;
    vdev->queue_select = 0;
    vdev->status = vdev->isr = 0;
    for (unsigned i = 0; i < vdev->n_queues; i++) {
        virtq_reset(&vdev->queue[i]);
    }
    virtio_pci_update_irq(vdev);
}

void virtio_set_status(VirtioDevice *vdev, uint8_t status)
{
    uint8_t before = vdev->status;
    if (status == 0) {
        to_initial(vdev);
        return;
    }
    bool modern = virtio_has(vdev, VIRTIO_F_VERSION_1);
    if ((status & VIRTIO_FEATURES_OK) && (!modern || (vdev->features & ~vdev->offered))) {
        status &= (uint8_t)~VIRTIO_FEATURES_OK;
    }
    vdev->status = status | (before & VIRTIO_NEEDS_RESET);
    if (!(before & VIRTIO_DRIVER_OK) && virtio_running(vdev) && vdev->kind->started) {
        vdev->kind->started(vdev);
    }
    /* A legacy driver may have filled a queue before it said that it is ready. */
    for (unsigned i = 0; !(before & VIRTIO_DRIVER_OK) && i < vdev->n_queues; i++) {
        if (virtq_waiting(&vdev->queue[i])) {
            virtio_notified(vdev, i);
        }
    }
}

void virtio_set_features(VirtioDevice *vdev, uint64_t features)
{
    if (!(vdev->status & (VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK))) {
        vdev->features = features & vdev->offered;
    }
}

void virtio_set_queue_page(VirtioDevice *vdev, VirtQueue *q, uint32_t page)
{
    drain(vdev);
    virtq_set_page(q, page);
}

void virtio_notified(VirtioDevice *vdev, unsigned queue)
{
    VirtQueue *q = &vdev->queue[queue % VIRTIO_QUEUES];
    if (queue < vdev->n_queues && virtio_running(vdev) && q->enabled) {
        q->pops = 0;
        q->in_call = true;
        vdev->kind->notified(vdev, q);
        q->in_call = false;
    }
}

/* ---- the device's configuration ---- */

void virtio_read_config(VirtioDevice *vdev, uint8_t *config)
{
    memset(config, 0, VIRTIO_CONFIG);
    if (vdev->kind->get_config) {
        vdev->kind->get_config(vdev, config);
    }
}

void virtio_write_config(VirtioDevice *vdev, unsigned offset, uint64_t value, unsigned size)
{
    uint8_t config[VIRTIO_CONFIG];
    if (offset + size > vdev->kind->config_size || !vdev->kind->set_config) {
        guest_log("%s: write of configuration byte %u, which is read-only", device_name(&vdev->pci.dev),
                  offset);
        return;
    }
    virtio_read_config(vdev, config);
    virtio_put(vdev, config + offset, size, value);
    vdev->kind->set_config(vdev, config);
}

/* ---- life ---- */

VirtQueue *virtio_add_queue(VirtioDevice *vdev, uint16_t max)
{
    g_assert(vdev->n_queues < VIRTIO_QUEUES && max <= VIRTIO_QUEUE_SIZE);
    VirtQueue *q = &vdev->queue[vdev->n_queues];
    q->vdev = vdev;
    q->index = (uint16_t)vdev->n_queues++;
    q->max = max;
    virtq_reset(q);
    return q;
}

bool virtio_realize(VirtioDevice *vdev, const VirtioKind *kind, GError **err)
{
    vdev->kind = kind;
    if (kind->modern_only && (!vdev->disable_legacy || vdev->disable_modern)) {
        return error_set(err, "%s: %s: the device has the interface of virtio 1.x and no other",
                         device_name(&vdev->pci.dev),
                         vdev->disable_modern ? "disable-modern=on" : "disable-legacy=off");
    }
    vdev->offered = (kind->features ? kind->features(vdev) : 0) | RING_FEATURES;
    vdev->offered |= vdev->disable_modern ? 0 : VIRTIO_F_VERSION_1;
    vdev->offered |= vdev->disable_legacy ? 0 : LEGACY_FEATURES;
    return virtio_pci_realize(vdev, err);
}

void virtio_reset(Device *dev)
{
    VirtioDevice *vdev = (VirtioDevice *)dev;
    to_initial(vdev);
    vdev->generation = 0;
    virtio_pci_reset(vdev);
}

bool virtio_post_load(Device *dev, GError **err)
{
    VirtioDevice *vdev = (VirtioDevice *)dev;
    for (unsigned i = 0; i < vdev->n_queues; i++) {
        VirtQueue *q = &vdev->queue[i];
        q->size = q->size > q->max || (q->size & (q->size - 1)) ? 0 : q->size;
    }
    vdev->features &= vdev->offered;
    pci_device_post_load(&vdev->pci);
    virtio_pci_update_irq(vdev);
    return true;
}

void virtio_finalize(VirtioDevice *vdev)
{
    virtio_pci_finalize(vdev);
}

static const VmField queue_state[] = {
    VM_U16(VirtQueue, size), VM_BOOL(VirtQueue, enabled), VM_U64(VirtQueue, desc), VM_U64(VirtQueue, avail),
    VM_U64(VirtQueue, used), VM_U16(VirtQueue, next_avail), VM_U16(VirtQueue, next_used),
    VM_U16(VirtQueue, signalled), VM_BOOL(VirtQueue, signalled_valid), VM_BOOL(VirtQueue, silent),
    { 0 }
};

const VmField virtio_state[] = {
    PCI_STATE(VirtioDevice, pci), VM_U64(VirtioDevice, features), VM_U32(VirtioDevice, offered_select),
    VM_U32(VirtioDevice, features_select), VM_U16(VirtioDevice, queue_select), VM_U8(VirtioDevice, status),
    VM_U8(VirtioDevice, isr), VM_U8(VirtioDevice, generation),
    VM_STRUCTS(VirtioDevice, queue, queue_state),
    { 0 }
};
