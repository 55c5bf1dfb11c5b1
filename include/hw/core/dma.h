/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bus masters do to memory. Only memory answers them: an access to another device's registers ends
 * as nothing there, so no device can be made to call itself. Machine lock held.
 */
#ifndef HW_CORE_DMA_H
#define HW_CORE_DMA_H

#include <glib.h>
#include <stdbool.h>
#include <sys/uio.h>
#include "system/memory.h"

/* Copies len bytes in memory order; false when some of it is no memory (or, for writes, read-only): what
 * comes before that has been copied. */
bool dma_read(AddressSpace *as, PhysAddr addr, void *buf, uint64_t len);
bool dma_write(AddressSpace *as, PhysAddr addr, const void *buf, uint64_t len);

/* Most bytes of one list: what a guest can ask for at once is bounded. */
#define DMA_LIST_BYTES (UINT64_C(1) << 30)

/* Pieces of guest memory as host memory, which may be read and written without the lock until
 * dma_list_end. */
typedef struct {
    AddressSpace *as;
    GArray *iov;                /* of struct iovec; NULL: not begun */
    uint64_t bytes;
    bool to_memory;             /* the device writes */
} DmaList;

void dma_list_begin(DmaList *list, AddressSpace *as, bool to_memory);
/* Adds len bytes from addr; false when not all of it is such memory, or the list gets too long: as much
 * as there is before that has been added. */
bool dma_list_add(DmaList *list, PhysAddr addr, uint64_t len);
/* Leaves the first bytes of it. */
void dma_list_trim(DmaList *list, uint64_t bytes);
/* Frees the list. The first done bytes of a list to memory have been written: the CPUs forget what they
 * knew of them. Nothing when it was not begun. */
void dma_list_end(DmaList *list, uint64_t done);

static inline const struct iovec *dma_list_iov(const DmaList *list)
{
    return (const struct iovec *)(const void *)list->iov->data;
}

#endif
