/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The snapshots inside a qcow2 image: they are listed and kept, and none are made or gone back to. */
#include <string.h>
#include "block/qcow2.h"
#include "util/error.h"

enum { ENTRY = 40, EXTRA_MAX = 1024, COUNT_MAX = 65536 };

static uint32_t u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return GUINT32_FROM_BE(v);
}

static uint64_t u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return GUINT64_FROM_BE(v);
}

static char *text(const uint8_t *p, unsigned len)
{
    g_autofree char *raw = g_strndup((const char *)p, len);
    return g_utf8_make_valid(raw, -1);
}

/* The entry at p, of which len bytes are there; its length, or 0 when it is none. */
static uint32_t read_entry(const Qcow2 *q, const uint8_t *p, uint64_t len, Qcow2Snapshot *s)
{
    if (len < ENTRY) {
        return 0;
    }
    unsigned id = (unsigned)p[12] << 8 | p[13], name = (unsigned)p[14] << 8 | p[15];
    uint32_t extra = u32(p + 36);
    if (extra > EXTRA_MAX || (uint64_t)ENTRY + extra + id + name > len) {
        return 0;
    }
    s->l1_offset = u64(p);
    s->l1_entries = u32(p + 8);
    if ((s->l1_offset & (q->cluster_size - 1)) || s->l1_entries > QCOW2_L1_MAX / 8) {
        return 0;
    }
    s->public = (BlockSnapshot){ .date_s = u32(p + 16), .date_ns = u32(p + 20), .vm_clock_ns = u64(p + 24),
                                 .vm_state_bytes = extra >= 8 ? u64(p + ENTRY) : u32(p + 32),
                                 .icount = extra >= 24 ? u64(p + ENTRY + 16) : UINT64_MAX };
    s->public.id = text(p + ENTRY + extra, id);
    s->public.name = text(p + ENTRY + extra + id, name);
    return (ENTRY + extra + id + name + 7) & ~7u;
}

bool qcow2_read_snapshots(Qcow2 *q, GError **err)
{
    uint64_t file = block_size(q->node->file), count = q->snapshot_count, at = 0;
    q->snapshot_count = 0;
    if (!count) {
        return true;
    }
    if (count > COUNT_MAX || (q->snapshots_offset & (q->cluster_size - 1)) || q->snapshots_offset >= file) {
        return error_set(err, "%s: broken image: table of %" G_GUINT64_FORMAT " snapshots at 0x%"
                         G_GINT64_MODIFIER "x", q->node->file->filename, count, q->snapshots_offset);
    }
    uint64_t len = MIN(file - q->snapshots_offset, QCOW2_SNAPSHOTS_MAX);
    g_autofree uint8_t *table = g_malloc(len);
    q->snapshots = g_new0(Qcow2Snapshot, count);
    if (qcow2_pread(q, q->snapshots_offset, table, len) != 0) {
        return error_set(err, "%s: cannot read the table of snapshots", q->node->file->filename);
    }
    for (uint64_t i = 0; i < count; i++) {
        uint32_t n = at <= len ? read_entry(q, table + at, len - at, &q->snapshots[i]) : 0;
        if (!n) {
            return error_set(err, "%s: broken image: snapshot %" G_GUINT64_FORMAT, q->node->file->filename, i);
        }
        q->snapshot_count++;
        at += n;
    }
    q->snapshots_bytes = MIN(at, len);
    return true;
}

void qcow2_free_snapshots(Qcow2 *q)
{
    for (unsigned i = 0; q->snapshots && i < q->snapshot_count; i++) {
        g_free(q->snapshots[i].public.id);
        g_free(q->snapshots[i].public.name);
    }
    g_free(q->snapshots);
}

static JsonObject *specific(const Qcow2 *q)
{
    JsonObject *data = json_object_new(), *all = json_object_new();
    json_object_set_string_member(data, "compat", q->version == 2 ? "0.10" : "1.1");
    json_object_set_string_member(data, "compression-type", q->compression ? "zstd" : "zlib");
    if (q->version == 3) {
        json_object_set_boolean_member(data, "lazy-refcounts", q->compatible & QCOW2_COMPAT_LAZY);
        json_object_set_boolean_member(data, "corrupt", (q->incompatible & QCOW2_INCOMPAT_CORRUPT) != 0);
        json_object_set_boolean_member(data, "extended-l2", false);
    }
    json_object_set_int_member(data, "refcount-bits", 1 << q->refcount_order);
    json_object_set_string_member(all, "type", "qcow2");
    json_object_set_object_member(all, "data", data);
    return all;
}

void qcow2_fill_info(BlockNode *node, BlockInfo *info)
{
    const Qcow2 *q = qcow2_of(node);
    info->backing_name = g_strdup(q->backing_name);
    info->backing_format = g_strdup(q->backing_format);
    info->cluster_size = q->cluster_size;
    info->dirty = q->incompatible & QCOW2_INCOMPAT_DIRTY;
    info->corrupt = q->incompatible & QCOW2_INCOMPAT_CORRUPT;
    info->specific = specific(q);
    info->snapshot_count = q->snapshot_count;
    info->snapshots = g_new0(BlockSnapshot, q->snapshot_count);
    for (unsigned i = 0; i < q->snapshot_count; i++) {
        info->snapshots[i] = q->snapshots[i].public;
        info->snapshots[i].id = g_strdup(q->snapshots[i].public.id);
        info->snapshots[i].name = g_strdup(q->snapshots[i].public.name);
    }
}
