/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk that takes everything and keeps nothing: for measuring what is above it. */
#include "block/driver.h"

typedef struct {
    bool zeros;                 /* reads give zeros; else memory stays as it was */
} NullState;

static bool null_open(BlockNode *node, KeyVal *options, GError **err)
{
    NullState *n = node->state;
    node->size = GIB;
    n->zeros = true;
    return keyval_get_size(options, "size", 1, &node->size, err) &&
           keyval_get_bool(options, "read-zeroes", &n->zeros, err);
}

static void null_close(BlockNode *node)
{
}

static int null_readv(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    if (((NullState *)node->state)->zeros) {
        iov_zero(iov, niov, 0, iov_bytes(iov, niov));
    }
    return 0;
}

static int null_writev(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    return 0;
}

static int null_zero(BlockNode *node, uint64_t offset, uint64_t bytes, bool unmap)
{
    return 0;
}

static int null_flush(BlockNode *node)
{
    return 0;
}

const BlockDriver block_driver_null = {
    "null-co", sizeof(NullState), .open = null_open, .close = null_close,
    .readv = null_readv, .writev = null_writev, .zero = null_zero, .flush = null_flush,
};
