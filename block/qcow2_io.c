/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading from a qcow2 image. */
#include <errno.h>
#include "block/qcow2.h"

bool qcow2_reads_zero(const Qcow2 *q, Qcow2Kind kind, uint64_t offset)
{
    const BlockNode *backing = q->node->backing;
    return kind == QCOW2_ZERO_PLAIN || kind == QCOW2_ZERO_ALLOCATED ||
           (kind == QCOW2_UNALLOCATED && (!backing || offset >= block_size(backing)));
}

/* A backing image may be shorter. */
static int read_backing(Qcow2 *q, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    BlockNode *backing = q->node->backing;
    uint64_t bytes = iov_bytes(iov, niov), size = backing ? block_size(backing) : 0;
    uint64_t there = offset < size ? MIN(bytes, size - offset) : 0;
    if (there == bytes) {
        return block_readv(backing, offset, iov, niov);
    }
    iov_zero(iov, niov, there, bytes - there);
    if (!there) {
        return 0;
    }
    g_autofree struct iovec *part = g_new(struct iovec, niov);
    return block_readv(backing, offset, part, iov_part(part, iov, niov, 0, there));
}

static int read_run(Qcow2 *q, const Qcow2Run *run, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    switch (run->kind) {
    case QCOW2_NORMAL:
        return qcow2_pread_list(q, run->host, iov, niov);
    case QCOW2_COMPRESSED:
        return qcow2_unpack(q, run->entry, offset & (q->cluster_size - 1), iov, niov);
    case QCOW2_UNALLOCATED:
        return read_backing(q, offset, iov, niov);
    case QCOW2_ZERO_PLAIN:
    case QCOW2_ZERO_ALLOCATED:
        break;
    }
    iov_zero(iov, niov, 0, iov_bytes(iov, niov));
    return 0;
}

int qcow2_readv(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    Qcow2 *q = qcow2_of(node);
    uint64_t bytes = iov_bytes(iov, niov), done = 0;
    g_autofree struct iovec *part = g_new(struct iovec, niov);
    while (done < bytes) {
        Qcow2Run run;
        int r = qcow2_find(q, offset + done, bytes - done, &run);
        if (r != 0) {
            return r;
        }
        r = read_run(q, &run, offset + done, part, iov_part(part, iov, niov, done, run.bytes));
        if (run.kind == QCOW2_NORMAL || run.kind == QCOW2_COMPRESSED) {
            g_mutex_lock(&q->lock);
            qcow2_unuse(q, run.use);
            g_mutex_unlock(&q->lock);
        }
        if (r != 0) {
            return r;
        }
        done += run.bytes;
    }
    return 0;
}

int qcow2_status(BlockNode *node, uint64_t offset, uint64_t bytes, BlockStatus *status, uint64_t *run)
{
    Qcow2 *q = qcow2_of(node);
    Qcow2Run found;
    int r = qcow2_find(q, offset, bytes, &found);
    if (r != 0) {
        return r;
    }
    bool data = found.kind == QCOW2_NORMAL || found.kind == QCOW2_COMPRESSED;
    if (data) {
        g_mutex_lock(&q->lock);
        qcow2_unuse(q, found.use);
        g_mutex_unlock(&q->lock);
    }
    *status = data ? BLOCK_DATA : found.kind == QCOW2_UNALLOCATED ? BLOCK_NOTHING : BLOCK_ZEROS;
    *run = found.bytes;
    return 0;
}

int qcow2_read(Qcow2 *q, uint64_t offset, void *buf, size_t len)
{
    uint64_t size = block_size(q->node);
    size_t there = (size_t)(offset < size ? MIN(len, size - offset) : 0);
    struct iovec iov = { buf, len };
    iov_zero(&iov, 1, there, len - there);
    iov.iov_len = there;
    return there ? qcow2_readv(q->node, offset, &iov, 1) : 0;
}
