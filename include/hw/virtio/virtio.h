/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio devices: Virtual I/O Device (VIRTIO) version 1.1, with the legacy interface for drivers that know
 * no other. Machine lock held for all.
 */
#ifndef HW_VIRTIO_VIRTIO_H
#define HW_VIRTIO_VIRTIO_H

#include "hw/pci/pci.h"

#define VIRTIO_QUEUES 64u           /* most that a device has */
#define VIRTIO_QUEUE_SIZE 1024u     /* most entries of a queue */
#define VIRTIO_CONFIG 136u          /* most bytes of a device's own configuration */

#define VIRTIO_F_NOTIFY_ON_EMPTY (UINT64_C(1) << 24)
#define VIRTIO_F_ANY_LAYOUT      (UINT64_C(1) << 27)
#define VIRTIO_F_INDIRECT        (UINT64_C(1) << 28)
#define VIRTIO_F_EVENT_IDX       (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1       (UINT64_C(1) << 32)

enum { VIRTIO_ACKNOWLEDGE = 1, VIRTIO_DRIVER = 2, VIRTIO_DRIVER_OK = 4, VIRTIO_FEATURES_OK = 8,
       VIRTIO_NEEDS_RESET = 64, VIRTIO_FAILED = 128 };

typedef struct VirtioDevice VirtioDevice;

/* A split virtqueue (section 2.6). */
typedef struct {
    VirtioDevice *vdev;
    uint16_t index, max;            /* max: entries that the device offers */
    uint16_t size;                  /* entries that the driver wants; a power of two */
    bool enabled;
    uint64_t desc, avail, used;     /* guest-physical addresses */
    uint16_t next_avail;            /* the entry of the available ring to look at next */
    uint16_t next_used;
    uint16_t signalled;             /* next_used when the driver was interrupted last */
    bool signalled_valid;
    bool silent;                    /* the driver need not tell of new buffers */
    /* Not saved: nothing is under way while the machine stands. */
    uint16_t in_flight;             /* chains that were popped and not given back */
    bool in_call;                   /* kind->notified runs for it, and has popped this many */
    uint32_t pops;
} VirtQueue;

/* A chain of buffers that the driver has made available. */
typedef struct {
    uint16_t head;
    DmaList out, in;                /* what the device reads, and writes */
} VirtqElement;

/* What a kind of device does; all may be NULL but notified. */
typedef struct {
    uint16_t id;                    /* of section 5: 1 network, 2 block ... */
    uint16_t config_size;
    bool modern_only;               /* there was no such device before virtio 1.0 */
    uint64_t (*features)(VirtioDevice *vdev);
    /* Writes the device's configuration, numbers through virtio_put. */
    void (*get_config)(VirtioDevice *vdev, uint8_t *config);
    /* The driver has written bytes of it: config is what it would be now. */
    void (*set_config)(VirtioDevice *vdev, const uint8_t *config);
    void (*notified)(VirtioDevice *vdev, VirtQueue *q);
    /* The driver has set DRIVER_OK, with vdev->features. */
    void (*started)(VirtioDevice *vdev);
    /* Waits until the device has given every chain back; of devices that keep some between calls. */
    void (*drain)(VirtioDevice *vdev);
    /* To the initial state; drained before. */
    void (*reset)(VirtioDevice *vdev);
} VirtioKind;

struct VirtioDevice {
    PciDevice pci;
    const VirtioKind *kind;
    bool disable_legacy, disable_modern;    /* properties */
    uint64_t offered;               /* features */
    uint64_t features;              /* that the driver has accepted */
    uint32_t offered_select, features_select;
    uint16_t queue_select;
    uint8_t status, isr, generation;
    unsigned n_queues;
    VirtQueue queue[VIRTIO_QUEUES];
    MemRegion *legacy_io, *modern_mem;
    bool in_modern;                 /* the access that runs is one of 1.x: little endian at once */
};

/* State lists: VM_STRUCT(Type, v, virtio_state). */
extern const VmField virtio_state[];

/* realize, after kind and queues are set; reset, post_load and finalize of every type. */
bool virtio_realize(VirtioDevice *vdev, const VirtioKind *kind, GError **err);
void virtio_reset(Device *dev);
bool virtio_post_load(Device *dev, GError **err);
void virtio_finalize(VirtioDevice *vdev);
/* The next queue, of at most max entries; in realize. */
VirtQueue *virtio_add_queue(VirtioDevice *vdev, uint16_t max);

/* Whether the driver has accepted the feature (VIRTIO_F_..., or a bit of the device's own). */
static inline bool virtio_has(const VirtioDevice *vdev, uint64_t feature)
{
    return (vdev->features & feature) != 0;
}
static inline bool virtio_running(const VirtioDevice *vdev)
{
    return (vdev->status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET)) == VIRTIO_DRIVER_OK;
}
/* Numbers as the driver has them: little endian, or the guest's own order with the legacy interface. */
void virtio_put(const VirtioDevice *vdev, void *at, unsigned size, uint64_t value);
uint64_t virtio_get(const VirtioDevice *vdev, const void *at, unsigned size);
/* The configuration has changed: the driver is told. */
void virtio_config_changed(VirtioDevice *vdev);
/* The driver has broken a rule: it is told so (and logged), and must reset the device. */
void virtio_broken(VirtioDevice *vdev, const char *what);

/* ---- queue.c ---- */

void virtq_reset(VirtQueue *q);
/* Takes the next chain; false when there is none or the queue is not in use. virtq_push gives it back. */
bool virtq_pop(VirtQueue *q, VirtqElement *e);
/* The device has written the first bytes of e->in; e is over. virtq_notify follows, after one or more. */
void virtq_push(VirtQueue *q, VirtqElement *e, uint64_t written);
/* Interrupts the driver if it wants to hear of what was pushed. */
void virtq_notify(VirtQueue *q);
/* Gives e back to the queue as if it had not been popped; only the one that was popped last. */
void virtq_unpop(VirtQueue *q, VirtqElement *e);
/* Whether a chain waits. */
bool virtq_waiting(VirtQueue *q);
/* Whether the driver should tell of new chains; true again when off and some have come meanwhile. */
bool virtq_set_silent(VirtQueue *q, bool silent);

/* ---- for virtio_pci.c ---- */

void virtio_set_status(VirtioDevice *vdev, uint8_t status);
void virtio_notified(VirtioDevice *vdev, unsigned queue);
void virtio_set_features(VirtioDevice *vdev, uint64_t features);
/* The legacy interface places the selected queue, or takes it out of use (page 0). */
void virtio_set_queue_page(VirtioDevice *vdev, VirtQueue *q, uint32_t page);
void virtio_read_config(VirtioDevice *vdev, uint8_t *config);
void virtio_write_config(VirtioDevice *vdev, unsigned offset, uint64_t value, unsigned size);
/* The used ring and its like, where the legacy interface has them: all from one page on. */
void virtq_set_page(VirtQueue *q, uint32_t page);
/* Raises or lowers the interrupt by what isr says. */
void virtio_pci_update_irq(VirtioDevice *vdev);
void virtio_pci_reset(VirtioDevice *vdev);
bool virtio_pci_realize(VirtioDevice *vdev, GError **err);
void virtio_pci_finalize(VirtioDevice *vdev);

/* The bus_info of a type; device: its legacy PCI id. */
#define VIRTIO_PCI_INFO(device_id, class) { \
    .vendor = 0x1af4, .device = (device_id), .class_code = (class), .int_pin = 1, \
    .config_read = virtio_pci_config_read, .config_written = virtio_pci_config_written }
uint32_t virtio_pci_config_read(PciDevice *pci, unsigned reg, unsigned size);
void virtio_pci_config_written(PciDevice *pci, unsigned reg, unsigned size);

#define VIRTIO_PROPS(Type, v) VIRTIO_PROPS_WITH(Type, v, "off")
/* Of a kind that is modern_only. */
#define VIRTIO_MODERN_PROPS(Type, v) VIRTIO_PROPS_WITH(Type, v, "on")
#define VIRTIO_PROPS_WITH(Type, v, only_modern) \
    { "disable-legacy", PROP_BOOL, offsetof(Type, v.disable_legacy), only_modern, \
      "only the interface of virtio 1.x" }, \
    { "disable-modern", PROP_BOOL, offsetof(Type, v.disable_modern), "off", "only the legacy interface" }

#endif
