/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory for bus masters: copies, and scatter lists of host memory. */
#include "hw/core/dma.h"

#include <string.h>

/* The memory at addr and how much of len it has; NULL when a master has no access. */
static uint8_t *reach(AddressSpace *as, PhysAddr addr, uint64_t len, bool write, uint64_t *part)
{
    MemSpan span = as_span(as, addr);
    *part = MIN(len, span.len);
    return addr + len < addr || (write && !span.writable) ? NULL : span.host;
}

bool dma_read(AddressSpace *as, PhysAddr addr, void *buf, uint64_t len)
{
    for (uint64_t part, done = 0; done < len; done += part) {
        const uint8_t *host = reach(as, addr + done, len - done, false, &part);
        if (!host) {
            return false;
        }
        memcpy((uint8_t *)buf + done, host, part);
    }
    return true;
}

bool dma_write(AddressSpace *as, PhysAddr addr, const void *buf, uint64_t len)
{
    for (uint64_t part, done = 0; done < len; done += part) {
        uint8_t *host = reach(as, addr + done, len - done, true, &part);
        if (!host) {
            return false;
        }
        memcpy(host, (const uint8_t *)buf + done, part);
        as_host_written(as, host, part);
    }
    return true;
}

void dma_list_begin(DmaList *list, AddressSpace *as, bool to_memory)
{
    *list = (DmaList){
        .as = as, .to_memory = to_memory, .iov = g_array_new(FALSE, FALSE, sizeof(struct iovec)),
    };
}

static void append(DmaList *list, uint8_t *host, uint64_t len)
{
    struct iovec *last = list->iov->len ? &g_array_index(list->iov, struct iovec, list->iov->len - 1) : NULL;
    if (last && (uint8_t *)last->iov_base + last->iov_len == host) {
        last->iov_len += len;
    } else {
        struct iovec piece = { host, len };
        g_array_append_val(list->iov, piece);
    }
    list->bytes += len;
}

bool dma_list_add(DmaList *list, PhysAddr addr, uint64_t len)
{
    if (len > DMA_LIST_BYTES - list->bytes) {
        return false;
    }
    for (uint64_t part, done = 0; done < len; done += part) {
        uint8_t *host = reach(list->as, addr + done, len - done, list->to_memory, &part);
        if (!host) {
            return false;
        }
        append(list, host, part);
    }
    return true;
}

void dma_list_trim(DmaList *list, uint64_t bytes)
{
    while (list->bytes > bytes) {
        struct iovec *last = &g_array_index(list->iov, struct iovec, list->iov->len - 1);
        uint64_t less = MIN(list->bytes - bytes, last->iov_len);
        last->iov_len -= less;
        list->bytes -= less;
        if (last->iov_len == 0) {
            g_array_set_size(list->iov, list->iov->len - 1);
        }
    }
}

void dma_list_end(DmaList *list, uint64_t done)
{
    if (!list->iov) {
        return;
    }
    for (guint i = 0; list->to_memory && i < list->iov->len && done; i++) {
        const struct iovec *v = &g_array_index(list->iov, struct iovec, i);
        uint64_t part = MIN(v->iov_len, done);
        as_host_written(list->as, v->iov_base, part);
        done -= part;
    }
    g_array_free(list->iov, TRUE);
    *list = (DmaList){ 0 };
}
