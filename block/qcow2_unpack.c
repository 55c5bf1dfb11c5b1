/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed clusters of a qcow2 image: raw deflate, or zstd. The last one that was read is kept. */
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#include "block/qcow2.h"

/* The whole cluster; what follows the compressed data in their last sector is not looked at. */
static bool inflate_all(const uint8_t *in, uint32_t in_len, uint8_t *out, uint32_t out_len)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)in, .avail_in = in_len, .next_out = out, .avail_out = out_len };
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK) {
        return false;
    }
    int r = inflate(&z, Z_FINISH);
    bool full = z.avail_out == 0;
    inflateEnd(&z);
    return full && (r == Z_STREAM_END || r == Z_BUF_ERROR);
}

static bool unzstd_all(const uint8_t *in, uint32_t in_len, uint8_t *out, uint32_t out_len)
{
    ZSTD_DCtx *ctx = ZSTD_createDCtx();
    ZSTD_inBuffer from = { in, in_len, 0 };
    ZSTD_outBuffer to = { out, out_len, 0 };
    bool good = ctx != NULL;
    while (good && to.pos < to.size) {
        size_t in_before = from.pos, out_before = to.pos;
        size_t r = ZSTD_decompressStream(ctx, &to, &from);
        good = !ZSTD_isError(r) && (from.pos != in_before || to.pos != out_before);
    }
    ZSTD_freeDCtx(ctx);
    return good;
}

static int unpack_to(Qcow2 *q, uint64_t entry, uint8_t *out)
{
    Qcow2Kind kind;
    uint64_t at;
    int r = qcow2_decode(q, entry, &kind, &at);
    if (r != 0) {
        return r;
    }
    uint32_t len = qcow2_packed_bytes(q, entry);
    g_autofree uint8_t *packed = g_malloc(len);
    r = qcow2_pread(q, at, packed, len);
    if (r != 0) {
        return r;
    }
    bool good = q->compression ? unzstd_all(packed, len, out, q->cluster_size)
                               : inflate_all(packed, len, out, q->cluster_size);
    return good ? 0 : qcow2_broken(q, "compressed data at 0x%" G_GINT64_MODIFIER "x cannot be unpacked", at);
}

static bool copy_kept(Qcow2 *q, uint64_t entry, uint64_t skip, const struct iovec *iov, unsigned niov)
{
    g_mutex_lock(&q->unpack_lock);
    bool kept = q->unpacked == entry;
    if (kept) {
        iov_from_buf(iov, niov, 0, q->unpacked_data + skip, iov_bytes(iov, niov));
    }
    g_mutex_unlock(&q->unpack_lock);
    return kept;
}

/* Nothing ever compresses here, so what an entry stands for does not change. */
int qcow2_unpack(Qcow2 *q, uint64_t entry, uint64_t skip, const struct iovec *iov, unsigned niov)
{
    if (copy_kept(q, entry, skip, iov, niov)) {
        return 0;
    }
    uint8_t *data = g_malloc(q->cluster_size);
    int r = unpack_to(q, entry, data);
    if (r == 0) {
        iov_from_buf(iov, niov, 0, data + skip, iov_bytes(iov, niov));
        g_mutex_lock(&q->unpack_lock);
        uint8_t *old = q->unpacked_data;
        q->unpacked = entry;
        q->unpacked_data = data;
        data = old;
        g_mutex_unlock(&q->unpack_lock);
    }
    g_free(data);
    return r;
}
