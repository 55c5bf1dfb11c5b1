/* SPDX-License-Identifier: GPL-2.0-or-later */
/* I/O of a node: bounds, and what a driver leaves to its file. */
#include <errno.h>
#include <limits.h>
#include "block/driver.h"
#include "block/guard.h"

static bool is_inside(const BlockNode *node, uint64_t offset, uint64_t bytes)
{
    uint64_t size = block_size(node);
    return offset <= size && bytes <= size - offset;
}

uint64_t block_size(const BlockNode *node)
{
    return __atomic_load_n(&node->size, __ATOMIC_RELAXED);
}

int block_readv(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    bool inside = is_inside(node, offset, iov_bytes(iov, niov));
    return inside ? node->driver->readv(node, offset, iov, niov) : -EIO;
}

/* Around what changes bytes of a node that a job looks at. */
static void begin_change(BlockNode *node, BlockRange *range, uint64_t offset, uint64_t bytes)
{
    if (node->guard) {
        block_guard_begin(node->guard, range, offset, bytes, false);
    }
}

static int end_change(BlockNode *node, BlockRange *range, int r)
{
    if (node->guard) {
        block_guard_end(node->guard, range);
    }
    return r;
}

int block_writev(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    BlockRange range;
    if (node->read_only) {
        return -EPERM;
    }
    if (!is_inside(node, offset, iov_bytes(iov, niov))) {
        return -EIO;
    }
    begin_change(node, &range, offset, iov_bytes(iov, niov));
    return end_change(node, &range, node->driver->writev(node, offset, iov, niov));
}

int block_read(BlockNode *node, uint64_t offset, void *buf, size_t len)
{
    struct iovec iov = { buf, len };
    return block_readv(node, offset, &iov, 1);
}

int block_write(BlockNode *node, uint64_t offset, const void *buf, size_t len)
{
    struct iovec iov = { (void *)(uintptr_t)buf, len };
    return block_writev(node, offset, &iov, 1);
}

static int write_zeros(BlockNode *node, uint64_t offset, uint64_t bytes)
{
    enum { PIECE = 1 << 20 };
    uint8_t *zeros = g_malloc0(MIN(bytes, PIECE));
    int r = 0;
    while (bytes && r == 0) {
        size_t n = MIN(bytes, PIECE);
        struct iovec iov = { zeros, n };
        r = node->driver->writev(node, offset, &iov, 1);
        offset += n;
        bytes -= n;
    }
    g_free(zeros);
    return r;
}

static int put_zeros(BlockNode *node, uint64_t offset, uint64_t bytes, bool unmap)
{
    int r = node->driver->zero ? node->driver->zero(node, offset, bytes, unmap && node->unmap) : -ENOTSUP;
    return r == -ENOTSUP ? write_zeros(node, offset, bytes) : r;
}

int block_zero(BlockNode *node, uint64_t offset, uint64_t bytes, bool unmap)
{
    if (node->read_only) {
        return -EPERM;
    }
    if (!is_inside(node, offset, bytes)) {
        return -EIO;
    }
    BlockRange range;
    begin_change(node, &range, offset, bytes);
    return end_change(node, &range, put_zeros(node, offset, bytes, unmap));
}

int block_write_guarded(BlockNode *node, uint64_t offset, const struct iovec *iov, bool zeros)
{
    return zeros ? put_zeros(node, offset, iov->iov_len, true) : node->driver->writev(node, offset, iov, 1);
}

static int status_of(BlockNode *node, uint64_t offset, uint64_t bytes, BlockStatus *status, uint64_t *run)
{
    if (node->driver->status) {
        return node->driver->status(node, offset, bytes, status, run);
    }
    *status = BLOCK_DATA;
    *run = bytes;
    return 0;
}

int block_status_above(BlockNode *top, BlockNode *base, uint64_t offset, uint64_t bytes, BlockStatus *status,
                       uint64_t *run)
{
    *status = BLOCK_NOTHING;
    *run = bytes;
    for (BlockNode *node = top; node && node != base; node = node->backing) {
        uint64_t size = block_size(node);
        if (offset >= size) {           /* what is above it shows zeros, whatever lies below */
            *status = BLOCK_ZEROS;
            return 0;
        }
        int r = status_of(node, offset, MIN(*run, size - offset), status, run);
        if (r != 0 || *status != BLOCK_NOTHING) {
            return r;
        }
    }
    return 0;
}

int block_discard(BlockNode *node, uint64_t offset, uint64_t bytes)
{
    if (node->read_only) {
        return -EPERM;
    }
    if (!is_inside(node, offset, bytes)) {
        return -EIO;
    }
    if (!node->unmap || !node->driver->discard) {
        return 0;
    }
    BlockRange range;
    begin_change(node, &range, offset, bytes);
    int r = end_change(node, &range, node->driver->discard(node, offset, bytes));
    return r == -ENOTSUP ? 0 : r;
}

int block_flush(BlockNode *node)
{
    if (node->read_only) {
        return 0;
    }
    if (node->driver->flush) {
        return node->driver->flush(node);
    }
    return node->file ? block_flush(node->file) : 0;
}

int block_truncate(BlockNode *node, uint64_t size)
{
    if (node->read_only) {
        return -EPERM;
    }
    return node->driver->truncate ? node->driver->truncate(node, size) : -ENOTSUP;
}

uint64_t block_allocated(const BlockNode *node)
{
    if (node->driver->allocated) {
        return node->driver->allocated((BlockNode *)(uintptr_t)node);
    }
    return node->file ? block_allocated(node->file) : 0;
}
