/* SPDX-License-Identifier: GPL-2.0-or-later */
/* I/O of a node: bounds, and what a driver leaves to its file. */
#include <errno.h>
#include <limits.h>
#include "block/driver.h"

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

int block_writev(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    if (node->read_only) {
        return -EPERM;
    }
    bool inside = is_inside(node, offset, iov_bytes(iov, niov));
    return inside ? node->driver->writev(node, offset, iov, niov) : -EIO;
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
        r = block_write(node, offset, zeros, n);
        offset += n;
        bytes -= n;
    }
    g_free(zeros);
    return r;
}

int block_zero(BlockNode *node, uint64_t offset, uint64_t bytes, bool unmap)
{
    if (node->read_only) {
        return -EPERM;
    }
    if (!is_inside(node, offset, bytes)) {
        return -EIO;
    }
    int r = node->driver->zero ? node->driver->zero(node, offset, bytes, unmap && node->unmap) : -ENOTSUP;
    return r == -ENOTSUP ? write_zeros(node, offset, bytes) : r;
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
    int r = node->driver->discard(node, offset, bytes);
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
