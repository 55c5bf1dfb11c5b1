/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Split virtqueues: VIRTIO 1.1, section 2.6. */
#include "hw/virtio/virtio.h"

#include <string.h>

#define DESC_SIZE 16u
#define PAGE 4096u
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
enum { AVAIL_NO_INTERRUPT = 1, USED_NO_NOTIFY = 1 };

/* Chains that one call of a device takes at most. A driver has nowhere near as many in a ring: a ring that
 * goes on filling itself lies where the device writes. */
#define MAX_POPS 65536u

typedef struct {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
} Desc;

/* ---- access to the rings ---- */

static AddressSpace *space(const VirtQueue *q)
{
    return q->vdev->pci.bus->machine->as;
}

static bool get16(VirtQueue *q, uint64_t addr, uint16_t *value)
{
    uint8_t bytes[2];
    if (!dma_read(space(q), addr, bytes, sizeof(bytes))) {
        virtio_broken(q->vdev, "a ring lies outside of memory");
        return false;
    }
    *value = (uint16_t)virtio_get(q->vdev, bytes, 2);
    return true;
}

static bool put(VirtQueue *q, uint64_t addr, const void *bytes, unsigned size)
{
    if (!dma_write(space(q), addr, bytes, size)) {
        virtio_broken(q->vdev, "a ring lies outside of memory");
        return false;
    }
    return true;
}

static bool put16(VirtQueue *q, uint64_t addr, uint16_t value)
{
    uint8_t bytes[2];
    virtio_put(q->vdev, bytes, 2, value);
    return put(q, addr, bytes, 2);
}

static uint64_t avail_event(const VirtQueue *q)
{
    return q->used + 4 + 8u * q->size;
}

static uint64_t used_event(const VirtQueue *q)
{
    return q->avail + 4 + 2u * q->size;
}

static bool usable(const VirtQueue *q)
{
    return q->enabled && q->size && virtio_running(q->vdev);
}

/* ---- life ---- */

void virtq_reset(VirtQueue *q)
{
    q->size = q->max;
    q->enabled = false;
    q->desc = q->avail = q->used = 0;
    q->next_avail = q->next_used = q->signalled = 0;
    q->signalled_valid = q->silent = false;
    q->in_flight = 0;
}

void virtq_set_page(VirtQueue *q, uint32_t page)
{
    uint64_t base = (uint64_t)page * PAGE, ring = base + (uint64_t)DESC_SIZE * q->max;
    virtq_reset(q);
    if (page == 0) {
        return;
    }
    q->desc = base;
    q->avail = ring;
    q->used = (ring + 4 + 2u * q->size + 2 + PAGE - 1) / PAGE * PAGE;
    q->enabled = true;
}

/* ---- taking chains ---- */

bool virtq_waiting(VirtQueue *q)
{
    uint16_t idx;
    return usable(q) && get16(q, q->avail + 2, &idx) && idx != q->next_avail;
}

static bool read_desc(VirtQueue *q, uint64_t table, uint32_t n, Desc *d)
{
    uint8_t bytes[DESC_SIZE];
    if (!dma_read(space(q), table + (uint64_t)DESC_SIZE * n, bytes, sizeof(bytes))) {
        virtio_broken(q->vdev, "a descriptor lies outside of memory");
        return false;
    }
    d->addr = virtio_get(q->vdev, bytes, 8);
    d->len = (uint32_t)virtio_get(q->vdev, bytes + 8, 4);
    d->flags = (uint16_t)virtio_get(q->vdev, bytes + 12, 2);
    d->next = (uint16_t)virtio_get(q->vdev, bytes + 14, 2);
    return true;
}

static bool add_buffer(VirtQueue *q, VirtqElement *e, const Desc *d)
{
    bool write = d->flags & DESC_WRITE;
    if (!write && e->in.bytes) {
        virtio_broken(q->vdev, "a buffer to be read comes after one to be written");
        return false;
    }
    if (!dma_list_add(write ? &e->in : &e->out, d->addr, d->len)) {
        virtio_broken(q->vdev, "a buffer lies outside of memory");
        return false;
    }
    return true;
}

/* The chain from n in a table of size descriptors; it cannot be longer than the table. */
static bool add_chain(VirtQueue *q, VirtqElement *e, uint64_t table, uint32_t size, uint32_t n, bool indirect)
{
    for (uint32_t left = size; left; left--) {
        Desc d;
        if (n >= size || !read_desc(q, table, n, &d)) {
            break;
        }
        if (d.flags & DESC_INDIRECT) {
            uint32_t entries = d.len / DESC_SIZE;
            if (indirect || (d.flags & DESC_NEXT) || !entries || d.len % DESC_SIZE ||
                entries > VIRTIO_QUEUE_SIZE) {
                break;
            }
            return add_chain(q, e, d.addr, entries, 0, true);
        }
        if (!add_buffer(q, e, &d)) {
            return false;
        }
        if (!(d.flags & DESC_NEXT)) {
            return true;
        }
        n = d.next;
    }
    virtio_broken(q->vdev, "a chain of descriptors has no end, or one that is not in its table");
    return false;
}

/* Whether idx, which differs from next_avail, can be: what is with the device has its entries too. */
static bool plausible(VirtQueue *q, uint16_t idx)
{
    if ((uint16_t)(idx - q->next_avail) > q->size || q->in_flight >= q->size) {
        virtio_broken(q->vdev, "more buffers are available than the queue has entries");
        return false;
    }
    if (q->in_call && ++q->pops > MAX_POPS) {
        virtio_broken(q->vdev, "the available ring does not end");
        return false;
    }
    return true;
}

bool virtq_pop(VirtQueue *q, VirtqElement *e)
{
    uint16_t idx;
    if (!usable(q) || !get16(q, q->avail + 2, &idx) || idx == q->next_avail || !plausible(q, idx)) {
        return false;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);        /* what the index tells of was written before it */
    if (!get16(q, q->avail + 4 + 2u * (q->next_avail % q->size), &e->head)) {
        return false;
    }
    dma_list_begin(&e->out, space(q), false);
    dma_list_begin(&e->in, space(q), true);
    if (!add_chain(q, e, q->desc, q->size, e->head, false)) {
        dma_list_end(&e->out, 0);
        dma_list_end(&e->in, 0);
        return false;
    }
    q->next_avail++;
    q->in_flight++;
    if (virtio_has(q->vdev, VIRTIO_F_EVENT_IDX) && !q->silent) {
        put16(q, avail_event(q), q->next_avail);
    }
    return true;
}

void virtq_unpop(VirtQueue *q, VirtqElement *e)
{
    dma_list_end(&e->out, 0);
    dma_list_end(&e->in, 0);
    q->next_avail--;
    q->in_flight--;
}

/* ---- giving them back ---- */

void virtq_push(VirtQueue *q, VirtqElement *e, uint64_t written)
{
    uint8_t entry[8];
    dma_list_end(&e->out, 0);
    dma_list_end(&e->in, written);
    q->in_flight--;
    if (!usable(q)) {
        return;
    }
    virtio_put(q->vdev, entry, 4, e->head);
    virtio_put(q->vdev, entry + 4, 4, written);
    if (put(q, q->used + 4 + 8u * (q->next_used % q->size), entry, sizeof(entry))) {
        __atomic_thread_fence(__ATOMIC_RELEASE);
        put16(q, q->used + 2, ++q->next_used);
    }
}

static bool wants_interrupt(VirtQueue *q)
{
    uint16_t word, before = q->signalled;
    bool known = q->signalled_valid;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);        /* the driver sees the index, or we see its wish */
    if (virtio_has(q->vdev, VIRTIO_F_NOTIFY_ON_EMPTY) && !virtq_waiting(q)) {
        return true;
    }
    if (!virtio_has(q->vdev, VIRTIO_F_EVENT_IDX)) {
        return get16(q, q->avail, &word) && !(word & AVAIL_NO_INTERRUPT);
    }
    q->signalled = q->next_used;
    q->signalled_valid = true;
    return get16(q, used_event(q), &word) &&
           (!known || (uint16_t)(q->next_used - word - 1) < (uint16_t)(q->next_used - before));
}

void virtq_notify(VirtQueue *q)
{
    if (usable(q) && wants_interrupt(q)) {
        q->vdev->isr |= 1;
        virtio_pci_update_irq(q->vdev);
    }
}

bool virtq_set_silent(VirtQueue *q, bool silent)
{
    q->silent = silent;
    if (!usable(q)) {
        return false;
    }
    if (!virtio_has(q->vdev, VIRTIO_F_EVENT_IDX)) {
        put16(q, q->used, silent ? USED_NO_NOTIFY : 0);
    } else if (!silent) {
        put16(q, avail_event(q), q->next_avail);
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return !silent && virtq_waiting(q);
}
