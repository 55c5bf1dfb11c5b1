/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image that is just its bytes, or a part of them. */
#include <errno.h>
#include <string.h>
#include "block/driver.h"
#include "util/error.h"

typedef struct {
    uint64_t offset;
    bool part;                  /* the rest of the file is not ours: its size stays */
} RawState;

static bool raw_open(BlockNode *node, KeyVal *options, GError **err)
{
    RawState *raw = node->state;
    uint64_t size = UINT64_MAX;
    if (!keyval_get_size(options, "offset", 1, &raw->offset, err) ||
        !keyval_get_size(options, "size", 1, &size, err)) {
        return false;
    }
    node->file = block_open_child(node, options, "file", err);
    if (!node->file) {
        return false;
    }
    uint64_t whole = block_size(node->file);
    raw->part = raw->offset || size != UINT64_MAX;
    if (raw->offset > whole || (size != UINT64_MAX && size > whole - raw->offset)) {
        return error_set(err, "offset and size: leave the %" G_GUINT64_FORMAT " bytes of %s", whole,
                         node->file->filename);
    }
    node->size = size != UINT64_MAX ? size : whole - raw->offset;
    return true;
}

static void raw_close(BlockNode *node)
{
}

static uint64_t at(const BlockNode *node, uint64_t offset)
{
    return offset + ((const RawState *)node->state)->offset;
}

static int raw_readv(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    return block_readv(node->file, at(node, offset), iov, niov);
}

static int raw_writev(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    return block_writev(node->file, at(node, offset), iov, niov);
}

static int raw_zero(BlockNode *node, uint64_t offset, uint64_t bytes, bool unmap)
{
    return block_zero(node->file, at(node, offset), bytes, unmap);
}

static int raw_discard(BlockNode *node, uint64_t offset, uint64_t bytes)
{
    return block_discard(node->file, at(node, offset), bytes);
}

static int raw_truncate(BlockNode *node, uint64_t size)
{
    const RawState *raw = node->state;
    int r = raw->part ? -ENOTSUP : block_truncate(node->file, size);
    if (r == 0) {
        __atomic_store_n(&node->size, size, __ATOMIC_RELAXED);
    }
    return r;
}

const BlockDriver block_driver_raw = {
    "raw", sizeof(RawState), .open = raw_open, .close = raw_close, .readv = raw_readv, .writev = raw_writev,
    .zero = raw_zero, .discard = raw_discard, .truncate = raw_truncate,
};
