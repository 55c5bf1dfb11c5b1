/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing to a qcow2 image. Clusters that are ours alone are written in place, several at once. Others
 * get new clusters, as many in a row as there are, which are written whole with one request: what is not
 * written by the guest comes from where it was before. The entries follow when the data are written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "block/qcow2.h"

/* One step of a write, within one L2 table. */
typedef struct {
    uint64_t offset, bytes;         /* of the guest */
    const struct iovec *iov;        /* for these bytes */
    unsigned niov;
    Qcow2Change change;             /* clusters */
    uint64_t host;                  /* of the first cluster */
    bool in_place;
    bool reuse;                     /* the clusters are there and read as zeros */
    bool fresh;                     /* they have never been written */
    Qcow2Kind first, last;          /* what the first and the last cluster were */
    unsigned use;
} Step;

static bool is_ours(uint64_t entry, Qcow2Kind kind)
{
    return (kind == QCOW2_NORMAL || kind == QCOW2_ZERO_ALLOCATED) && (entry & QCOW2_COPIED);
}

/* How many of count clusters are as the first of them: in place, zeros of our own, or to be allocated. */
static int classify(Qcow2 *q, const Qcow2Table *t, unsigned index, Step *s)
{
    uint64_t n = 0;
    for (; n < s->change.count; n++) {
        uint64_t entry = qcow2_entry(t, index + (unsigned)n), host;
        Qcow2Kind kind;
        int r = qcow2_decode(q, entry, &kind, &host);
        bool ours = r == 0 && is_ours(entry, kind);
        if (r != 0 && n == 0) {
            return r;
        }
        if (n == 0) {
            s->in_place = ours && kind == QCOW2_NORMAL;
            s->reuse = ours && kind == QCOW2_ZERO_ALLOCATED;
            s->host = host;
            s->first = kind;
        } else if (r != 0 || ours != (s->in_place || s->reuse) ||
                   (ours && (kind != s->first || host != s->host + (n << q->cluster_bits)))) {
            break;
        }
        s->last = kind;
    }
    s->change.count = n;
    return 0;
}

static int allocate(Qcow2 *q, const Qcow2Table *t, unsigned index, Step *s)
{
    uint64_t fresh_from = q->fresh_from, got, host;
    int r = qcow2_alloc(q, s->change.count, false, &s->host, &got);
    if (r == 0) {
        s->fresh = s->host >= fresh_from;
        s->change.count = got;
        r = qcow2_decode(q, qcow2_entry(t, index + (unsigned)got - 1), &s->last, &host);
    }
    return r;
}

/* Decides what to do with how many clusters. Lock held. */
static int plan(Qcow2 *q, Step *s, uint64_t bytes)
{
    uint64_t inside = s->offset & (q->cluster_size - 1);
    unsigned index = (unsigned)(s->offset >> q->cluster_bits & ((1u << qcow2_l2_bits(q)) - 1));
    Qcow2Table *t;
    s->change.first = s->offset >> q->cluster_bits;
    do {
        int r = qcow2_l2(q, s->offset, true, &t);
        if (r != 0) {
            return r;
        }
        s->change.count = qcow2_changeable(q, s->change.first, MIN(qcow2_clusters(q, inside + bytes),
                                                                   (1u << qcow2_l2_bits(q)) - index));
    } while (!s->change.count);
    int r = classify(q, t, index, s);
    if (r == 0 && !s->in_place && !s->reuse) {
        r = allocate(q, t, index, s);
    }
    s->bytes = MIN((s->change.count << q->cluster_bits) - inside, bytes);
    return r == 0 ? qcow2_reserve(q, s->host + (s->change.count << q->cluster_bits)) : r;
}

/* Makes the entries those of the new clusters. Lock held. */
static int link_clusters(Qcow2 *q, const Step *s)
{
    unsigned index = (unsigned)(s->change.first & ((1u << qcow2_l2_bits(q)) - 1));
    Qcow2Table *t;
    int r = qcow2_l2(q, s->offset, true, &t);
    for (unsigned n = 0; r == 0 && n < s->change.count; n++) {
        uint64_t old = qcow2_entry(t, index + n);
        qcow2_entry_set(t, index + n, (s->host + ((uint64_t)n << q->cluster_bits)) | QCOW2_COPIED);
        if (!s->reuse) {
            qcow2_free_entry(q, old);
        }
    }
    return r;
}

/* ---- copy on write ---- */

/* What the guest does not write of the first (from..offset) or last cluster; NULL with *r 0: nothing to
 * be written, for it reads as zeros and the cluster does. */
static uint8_t *old_data(Qcow2 *q, const Step *s, Qcow2Kind kind, uint64_t from, uint64_t len, int *r)
{
    bool zeros = qcow2_reads_zero(q, kind, from);
    *r = 0;
    if (!len || (zeros && s->fresh)) {
        return NULL;
    }
    uint8_t *buf = qcow2_buffer(len);
    if (zeros) {
        memset(buf, 0, len);
    } else {
        *r = qcow2_read(q, from, buf, len);
    }
    return buf;
}

static int write_new(Qcow2 *q, const Step *s)
{
    uint64_t head = s->offset & (q->cluster_size - 1), end = s->offset + s->bytes;
    uint64_t tail = (s->change.count << q->cluster_bits) - head - s->bytes;
    int r = 0, r2 = 0;
    uint8_t *before = old_data(q, s, s->first, s->offset - head, head, &r);
    uint8_t *after = old_data(q, s, s->last, end, tail, &r2);
    if (r == 0 && r2 == 0) {
        struct iovec *iov = g_new(struct iovec, s->niov + 2);
        unsigned n = 0;
        if (before) {
            iov[n++] = (struct iovec){ before, head };
        }
        memcpy(iov + n, s->iov, s->niov * sizeof(*iov));
        n += s->niov;
        if (after) {
            iov[n++] = (struct iovec){ after, tail };
        }
        r = block_writev(q->node->file, s->host + (before ? 0 : head), iov, n);
        g_free(iov);
    }
    free(before);
    free(after);
    return r ? r : r2;
}

/* ---- steps ---- */

static int write_in_place(Qcow2 *q, Step *s)
{
    uint64_t inside = s->offset & (q->cluster_size - 1);
    s->use = qcow2_use(q);
    g_mutex_unlock(&q->lock);
    int r = block_writev(q->node->file, s->host + inside, s->iov, s->niov);
    g_mutex_lock(&q->lock);
    qcow2_unuse(q, s->use);
    return r;
}

static int write_elsewhere(Qcow2 *q, Step *s)
{
    qcow2_change_begin(q, &s->change);
    g_mutex_unlock(&q->lock);
    int r = write_new(q, s);
    g_mutex_lock(&q->lock);
    r = r == 0 ? link_clusters(q, s) : r;
    if (r != 0 && !s->reuse) {
        qcow2_refcount_add(q, s->host >> q->cluster_bits, s->change.count, -1);
    }
    qcow2_change_end(q, &s->change);
    return r;
}

int qcow2_writev(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    Qcow2 *q = qcow2_of(node);
    uint64_t bytes = iov_bytes(iov, niov), done = 0;
    g_autofree struct iovec *part = g_new(struct iovec, niov);
    int r = 0;
    bool full = false;
    g_mutex_lock(&q->lock);
    while (done < bytes && r == 0) {
        Step s = { .offset = offset + done, .iov = part };
        r = plan(q, &s, bytes - done);
        if (r == 0) {
            s.niov = iov_part(part, iov, niov, done, s.bytes);
            r = s.in_place ? write_in_place(q, &s) : write_elsewhere(q, &s);
            done += s.bytes;
        }
        full |= q->frees->len > QCOW2_FREES_MAX;
    }
    g_mutex_unlock(&q->lock);
    return r == 0 && full ? qcow2_flush(node) : r;
}
