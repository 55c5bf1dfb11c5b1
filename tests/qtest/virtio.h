/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver of a virtio device: VIRTIO 1.1, with its legacy interface or the one of 1.x. */
#ifndef TESTS_QTEST_VIRTIO_H
#define TESTS_QTEST_VIRTIO_H

#include "wire.h"

#define VD_QUEUES 8
#define VD_DATA 0x800000u           /* guest memory that rings do not use, from here on */
#define VD_VERSION_1 (UINT64_C(1) << 32)
#define VD_EVENT_IDX (UINT64_C(1) << 29)
#define VD_INDIRECT  (UINT64_C(1) << 28)

enum { VD_ACK = 1, VD_DRIVER = 2, VD_OK = 4, VD_FEATURES_OK = 8, VD_NEEDS_RESET = 0x40 };

typedef struct {
    QTest *q;
    unsigned slot;
    bool legacy;
    struct {
        uint64_t desc, avail, used;
        uint16_t size, free, next_avail, seen;
    } queue[VD_QUEUES];
} Virtio;

typedef struct {
    uint64_t addr;
    uint32_t len;
    bool write;                     /* by the device */
} VdBuffer;

/* Finds the device in a slot, resets it and says that there is a driver. */
void vd_init(Virtio *v, QTest *q, unsigned slot, bool legacy);
/* Resets it, and begins as vd_init. */
void vd_reset(Virtio *v);
uint64_t vd_offered(Virtio *v);
/* Accepts features (and VERSION_1 with 1.x); they must have been offered, and stand. */
void vd_accept(Virtio *v, uint64_t features);
/* Places queue n, of as many entries as the device has; then vd_ready. */
void vd_queue(Virtio *v, unsigned n);
void vd_ready(Virtio *v);
uint8_t vd_status(Virtio *v);
/* Reads the interrupt's cause, which clears it. */
uint8_t vd_isr(Virtio *v);

/* Makes a chain available; returns its head. */
uint16_t vd_add(Virtio *v, unsigned n, const VdBuffer *buffers, unsigned count, bool indirect);
void vd_kick(Virtio *v, unsigned n);
/* Whether the next chain is used already; its bytes. */
bool vd_used(Virtio *v, unsigned n, uint32_t *len);
/* Waits for it; the bytes written. */
uint32_t vd_wait(Virtio *v, unsigned n);
/* vd_add, vd_kick and vd_wait. */
uint32_t vd_do(Virtio *v, unsigned n, const VdBuffer *buffers, unsigned count);

/* Numbers in memory, and in the device's configuration, in the order that the interface has. */
void vd_put(Virtio *v, uint64_t addr, unsigned size, uint64_t value);
uint64_t vd_get(Virtio *v, uint64_t addr, unsigned size);
uint64_t vd_config(Virtio *v, unsigned offset, unsigned size);
void vd_set_config(Virtio *v, unsigned offset, unsigned size, uint64_t value);

/* Adds path/legacy and path/modern, each as qt_add; func gets a device in slot 13 that was vd_init. */
void vd_add_test(const char *path, const char *args, void (*func)(Virtio *v));
/* The same for a device that has no legacy interface. */
void vd_add_modern_test(const char *path, const char *args, void (*func)(Virtio *v));

#endif
