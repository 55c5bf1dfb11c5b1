/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header of a qcow2 image, versions 2 and 3: nothing in it is believed before it was checked. */
#include <string.h>
#include "block/qcow2.h"
#include "util/error.h"

enum { HEADER_V2 = 72, HEADER_V3 = 104, BACKING_NAME_MAX = 1023 };

enum {
    EXT_END = 0, EXT_BACKING_FORMAT = 0xe2792aca, EXT_FEATURE_NAMES = 0x6803f857, EXT_BITMAPS = 0x23852875,
};

/* The header and what follows in the first cluster. */
typedef struct {
    uint8_t *data;
    uint32_t len;
} Head;

static uint32_t u32(const Head *h, uint32_t at)
{
    uint32_t v;
    memcpy(&v, h->data + at, 4);
    return GUINT32_FROM_BE(v);
}

static uint64_t u64(const Head *h, uint32_t at)
{
    uint64_t v;
    memcpy(&v, h->data + at, 8);
    return GUINT64_FROM_BE(v);
}

static const char *filename(const Qcow2 *q)
{
    return q->node->file->filename;
}

static bool check_sizes(Qcow2 *q, const Head *h, GError **err)
{
    uint64_t file = block_size(q->node->file);
    uint64_t per_l1 = UINT64_C(1) << (q->cluster_bits + qcow2_l2_bits(q));
    uint64_t needed = q->node->size / per_l1 + (q->node->size % per_l1 != 0);
    uint32_t mask = q->cluster_size - 1;
    if (q->node->size > INT64_MAX || needed > QCOW2_L1_MAX / 8) {
        return error_set(err, "%s: an image of %" G_GUINT64_FORMAT " bytes is too large for clusters of %u",
                         filename(q), q->node->size, q->cluster_size);
    }
    if (q->l1_entries > QCOW2_L1_MAX / 8 || q->l1_entries < needed || (q->l1_offset & mask) ||
        (q->l1_entries && (q->l1_offset == 0 || q->l1_offset >= file))) {
        return error_set(err, "%s: broken image: L1 table of %u entries at 0x%" G_GINT64_MODIFIER "x",
                         filename(q), q->l1_entries, q->l1_offset);
    }
    if (q->reftable_clusters > QCOW2_REFTABLE_MAX >> q->cluster_bits || (q->reftable_offset & mask) ||
        (!q->node->read_only && (!q->reftable_clusters || !q->reftable_offset || q->reftable_offset >= file))) {
        return error_set(err, "%s: broken image: refcount table of %u clusters at 0x%" G_GINT64_MODIFIER "x",
                         filename(q), q->reftable_clusters, q->reftable_offset);
    }
    return true;
}

/* "dirty bit", or the name that the image itself has for bit of type 0; freed by the caller. */
static char *feature_name(const Head *h, uint32_t at, uint32_t len, unsigned bit)
{
    for (uint32_t i = at; at && len >= 48 && i <= at + len - 48; i += 48) {
        if (h->data[i] == 0 && h->data[i + 1] == bit) {
            g_autofree char *name = g_strndup((const char *)h->data + i + 2, 46);
            return g_utf8_make_valid(name, -1);
        }
    }
    return g_strdup_printf("bit %u", bit);
}

static bool check_features(Qcow2 *q, const Head *h, uint32_t names, uint32_t names_len, GError **err)
{
    uint64_t known = QCOW2_INCOMPAT_DIRTY | QCOW2_INCOMPAT_CORRUPT | QCOW2_INCOMPAT_COMPRESSION;
    uint64_t unknown = q->incompatible & ~known;
    uint32_t crypt = u32(h, 32);
    if (crypt) {
        return error_set(err, "%s: is encrypted (%s), which is not there", filename(q),
                         crypt == 1 ? "AES" : crypt == 2 ? "LUKS" : "unknown method");
    }
    if (unknown & QCOW2_INCOMPAT_DATA_FILE) {
        return error_set(err, "%s: keeps its data in an external data file, which is not there", filename(q));
    }
    if (unknown & QCOW2_INCOMPAT_EXTENDED_L2) {
        return error_set(err, "%s: has extended L2 entries (subclusters), which are not there", filename(q));
    }
    if (unknown) {
        g_autofree char *name = feature_name(h, names, names_len, (unsigned)__builtin_ctzll(unknown));
        return error_set(err, "%s: needs the unknown feature '%s'", filename(q), name);
    }
    if (q->compression > 1 || (q->compression && !(q->incompatible & QCOW2_INCOMPAT_COMPRESSION))) {
        return error_set(err, "%s: unknown compression type %u", filename(q), q->compression);
    }
    if ((q->incompatible & QCOW2_INCOMPAT_CORRUPT) && !q->node->read_only) {
        return error_set(err, "%s: is marked as corrupt and cannot be written to; read-only=on lets it be "
                         "read, 'qemu-img check -r all' repairs it", filename(q));
    }
    return true;
}

/* Extensions lie between the header and the backing image's name, or the end of the cluster. */
static bool read_extensions(Qcow2 *q, const Head *h, uint32_t end, uint32_t *names, uint32_t *names_len,
                            GError **err)
{
    uint32_t at = q->header_length;
    while (end - at >= 8) {
        uint32_t type = u32(h, at), len = u32(h, at + 4);
        at += 8;
        if (type == EXT_END) {
            return true;
        }
        if (len > end - at) {
            return error_set(err, "%s: broken image: header extension 0x%x is too long", filename(q), type);
        }
        if (type == EXT_BACKING_FORMAT && !q->backing_format && len < 64) {
            q->backing_format = g_strndup((const char *)h->data + at, len);
        } else if (type == EXT_FEATURE_NAMES) {
            *names = at;
            *names_len = len;
        } else if (type == EXT_BITMAPS) {
            q->bitmaps = true;
        }
        at += MIN((len + 7) & ~7u, end - at);
    }
    return true;
}

static bool read_names(Qcow2 *q, const Head *h, GError **err)
{
    uint64_t backing = u64(h, 8);
    uint32_t len = u32(h, 16), end = h->len, names = 0, names_len = 0;
    if (backing) {
        if (len > BACKING_NAME_MAX || backing < q->header_length || backing > h->len || len > h->len - backing) {
            return error_set(err, "%s: broken image: the backing image's name lies outside of the header",
                             filename(q));
        }
        q->backing_name = len ? g_strndup((const char *)h->data + backing, len) : NULL;
        end = (uint32_t)backing;
    }
    return read_extensions(q, h, end, &names, &names_len, err) &&
           check_features(q, h, names, names_len, err);
}

static bool read_fields(Qcow2 *q, const Head *h, GError **err)
{
    q->node->size = u64(h, QCOW2_AT_SIZE);
    q->l1_entries = u32(h, QCOW2_AT_L1);
    q->l1_offset = u64(h, QCOW2_AT_L1 + 4);
    q->reftable_offset = u64(h, QCOW2_AT_REFTABLE);
    q->reftable_clusters = u32(h, QCOW2_AT_REFTABLE + 8);
    q->snapshot_count = u32(h, 60);
    q->snapshots_offset = u64(h, 64);
    q->refcount_order = 4;
    q->header_length = HEADER_V2;
    if (q->version == 3) {
        q->incompatible = u64(h, QCOW2_AT_INCOMPATIBLE);
        q->compatible = u64(h, 80);
        q->autoclear = u64(h, QCOW2_AT_AUTOCLEAR);
        q->refcount_order = u32(h, 96);
        q->header_length = u32(h, 100);
    }
    if (q->header_length > h->len || q->header_length < (q->version == 3 ? HEADER_V3 : HEADER_V2) ||
        q->refcount_order > 6) {
        return error_set(err, "%s: broken image: a header of %u bytes, refcounts of 2^%u bits", filename(q),
                         q->header_length, q->refcount_order);
    }
    q->compression = q->header_length > HEADER_V3 ? h->data[HEADER_V3] : 0;
    return true;
}

bool qcow2_read_header(Qcow2 *q, GError **err)
{
    uint8_t start[HEADER_V3] = { 0 };
    Head h = { start, sizeof(start) };
    if (block_size(q->node->file) < HEADER_V2 || qcow2_pread(q, 0, start, sizeof(start)) != 0) {
        return error_set(err, "%s: cannot read the header of a qcow2 image", filename(q));
    }
    if (u32(&h, 0) != QCOW2_MAGIC) {
        return error_set(err, "%s: is no qcow2 image", filename(q));
    }
    q->version = u32(&h, 4);
    if (q->version != 2 && q->version != 3) {
        return error_set(err, "%s: qcow2 version %u; only 2 and 3 are there", filename(q), q->version);
    }
    q->cluster_bits = u32(&h, 20);
    if (q->cluster_bits < 9 || q->cluster_bits > 21) {
        return error_set(err, "%s: broken image: clusters of 2^%u bytes", filename(q), q->cluster_bits);
    }
    q->cluster_size = 1u << q->cluster_bits;
    g_autofree uint8_t *all = g_malloc0(q->cluster_size);
    Head whole = { all, q->cluster_size };
    if (qcow2_pread(q, 0, all, q->cluster_size) != 0) {
        return error_set(err, "%s: cannot read the header", filename(q));
    }
    return read_fields(q, &whole, err) && read_names(q, &whole, err) && check_sizes(q, &whole, err);
}
