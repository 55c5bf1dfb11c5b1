/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New qcow2 images: header, refcount table, refcount blocks and an empty L1 table, in this order, the
 * header written last. And another backing image's name in one that is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "block/job.h"
#include "block/qcow2.h"
#include "block/qcow2_create.h"
#include "util/error.h"

enum { EXT_END = 0, EXT_BACKING_FORMAT = 0xe2792aca, HEADER_V2 = 72, HEADER_V3 = 104, NAME_MAX_BYTES = 1023 };

static void append32(GByteArray *out, uint32_t value)
{
    value = GUINT32_TO_BE(value);
    g_byte_array_append(out, (const uint8_t *)&value, 4);
}

static void append64(GByteArray *out, uint64_t value)
{
    value = GUINT64_TO_BE(value);
    g_byte_array_append(out, (const uint8_t *)&value, 8);
}

static void append_padded(GByteArray *out, const void *data, size_t len)
{
    static const uint8_t zeros[8];
    g_byte_array_append(out, data, (guint)len);
    g_byte_array_append(out, zeros, (guint)((8 - len % 8) % 8));
}

static void append_extension(GByteArray *out, uint32_t type, const void *data, size_t len)
{
    append32(out, type);
    append32(out, (uint32_t)len);
    append_padded(out, data, len);
}

/* Sets the fields of the name, which comes behind all that is in out. */
static void append_name(GByteArray *out, const char *name)
{
    uint64_t at = GUINT64_TO_BE(name ? (uint64_t)out->len : 0);
    uint32_t len = GUINT32_TO_BE(name ? (uint32_t)strlen(name) : 0);
    memcpy(out->data + 8, &at, 8);
    memcpy(out->data + 16, &len, 4);
    if (name) {
        g_byte_array_append(out, (const uint8_t *)name, (guint)strlen(name));
    }
}

/* ---- new ones ---- */

/* Clusters of each part. */
typedef struct {
    uint32_t cluster;
    uint64_t l1_entries, l1, blocks, table;
} Parts;

static uint64_t up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

static Parts measure(const Qcow2Layout *layout)
{
    Parts p = { .cluster = (uint32_t)(layout->cluster_size ? layout->cluster_size : 64 * KIB), .blocks = 1 };
    p.l1_entries = up(layout->size, (uint64_t)p.cluster * (p.cluster / 8));
    p.l1 = MAX(up(p.l1_entries * 8, p.cluster), 1);
    for (uint64_t before = 0; p.blocks != before;) {
        before = p.blocks;
        p.table = up(p.blocks * 8, p.cluster);
        p.blocks = up(1 + p.table + p.blocks + p.l1, p.cluster / 2);
    }
    return p;
}

static bool check_layout(const Qcow2Layout *l, GError **err)
{
    uint64_t cluster = l->cluster_size ? l->cluster_size : 64 * KIB;
    if (cluster < 512 || cluster > 2 * MIB || (cluster & (cluster - 1))) {
        return error_set(err, "cluster-size=%" G_GUINT64_FORMAT ": must be a power of two from 512 to 2 MiB",
                         cluster);
    }
    if (l->version != 0 && l->version != 2 && l->version != 3) {
        return error_set(err, "a qcow2 image of version %u; there are 2 and 3", l->version);
    }
    if (l->size % BLOCK_SECTOR || l->size > INT64_MAX ||
        up(l->size, cluster * (cluster / 8)) > QCOW2_L1_MAX / 8) {
        return error_set(err, "a qcow2 image of %" G_GUINT64_FORMAT " bytes: must be whole sectors of 512 "
                         "bytes, and not too large for its clusters of %" G_GUINT64_FORMAT, l->size, cluster);
    }
    size_t name = l->backing_name ? strlen(l->backing_name) : 0;
    size_t format = l->backing_format ? strlen(l->backing_format) : 0;
    if (name > NAME_MAX_BYTES || format > 63 || HEADER_V3 + 16 + format + 8 + name > cluster) {
        return error_set(err, "the name of the backing image, '%s', is too long", l->backing_name);
    }
    return (!format && !name) || name || error_set(err, "a backing format needs a backing image");
}

static GByteArray *header(const Qcow2Layout *l, const Parts *p)
{
    GByteArray *out = g_byte_array_new();
    unsigned version = l->version ? l->version : 3;
    uint64_t blocks_at = 1 + p->table, l1_at = blocks_at + p->blocks;
    append32(out, QCOW2_MAGIC);
    append32(out, version);
    append64(out, 0);                   /* the backing image's name */
    append32(out, 0);
    append32(out, (uint32_t)__builtin_ctz(p->cluster));
    append64(out, l->size);
    append32(out, 0);                   /* not encrypted */
    append32(out, (uint32_t)p->l1_entries);
    append64(out, l1_at * p->cluster);
    append64(out, p->cluster);          /* the refcount table */
    append32(out, (uint32_t)p->table);
    append32(out, 0);                   /* no snapshots */
    append64(out, 0);
    if (version == 3) {
        append64(out, 0);               /* features */
        append64(out, 0);
        append64(out, 0);
        append32(out, 4);               /* refcounts of 16 bits */
        append32(out, HEADER_V3);
    }
    if (l->backing_format) {
        append_extension(out, EXT_BACKING_FORMAT, l->backing_format, strlen(l->backing_format));
    }
    append_extension(out, EXT_END, "", 0);
    append_name(out, l->backing_name);
    return out;
}

static int write_tables(BlockNode *file, const Parts *p)
{
    uint64_t used = 1 + p->table + p->blocks + p->l1, per_block = p->cluster / 2;
    g_autofree uint64_t *table = g_malloc0(p->table * p->cluster);
    g_autofree uint16_t *block = g_malloc(p->cluster);
    for (uint64_t i = 0; i < p->blocks; i++) {
        table[i] = GUINT64_TO_BE((1 + p->table + i) * p->cluster);
    }
    int r = block_write(file, p->cluster, table, p->table * p->cluster);
    for (uint64_t i = 0; i < p->blocks && r == 0; i++) {
        for (uint64_t n = 0; n < per_block; n++) {
            block[n] = GUINT16_TO_BE(i * per_block + n < used);
        }
        r = block_write(file, (1 + p->table + i) * p->cluster, block, p->cluster);
    }
    return r;
}

bool qcow2_format(BlockNode *file, const Qcow2Layout *layout, GError **err)
{
    if (!check_layout(layout, err)) {
        return false;
    }
    Parts p = measure(layout);
    uint64_t bytes = (1 + p.table + p.blocks + p.l1) * p.cluster;
    g_autoptr(GByteArray) head = header(layout, &p);
    int r = block_truncate(file, 0);
    r = r == 0 ? block_truncate(file, bytes) : r == -ENOTSUP ? block_zero(file, 0, bytes, false) : r;
    r = r == 0 ? write_tables(file, &p) : r;
    r = r == 0 ? block_flush(file) : r;
    r = r == 0 ? block_write(file, 0, head->data, head->len) : r;
    r = r == 0 ? block_flush(file) : r;
    return r == 0 || error_set(err, "%s: cannot write a new image: %s", block_filename(file), g_strerror(-r));
}

bool block_create_plain(const char *path, uint64_t size, GError **err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || ftruncate(fd, 0) != 0 || ftruncate(fd, (off_t)size) != 0) {
        error_set(err, "Could not create '%s': %s", path, g_strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    return close(fd) == 0 || error_set(err, "Could not create '%s': %s", path, g_strerror(errno));
}

/* Its lock is taken before anything is lost; so the file is only made here. */
bool qcow2_create(BlockGraph *graph, const char *path, const Qcow2Layout *layout, GError **err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        return error_set(err, "Could not create '%s': %s", path, g_strerror(errno));
    }
    close(fd);
    g_autoptr(KeyVal) kv = keyval_new("new image");
    keyval_set(kv, "driver", block_is_device(path) ? "host_device" : "file");
    keyval_set(kv, "filename", path);
    BlockNode *file = block_open(graph, kv, err);
    bool good = file && qcow2_format(file, layout, err);
    block_unref(file);
    return good;
}

/* ---- another backing image ---- */

/* The extensions of the header at data, but for the backing image's format. */
static bool copy_extensions(const uint8_t *data, uint32_t at, uint32_t end, GByteArray *out)
{
    while (end - at >= 8) {
        uint32_t type, len;
        memcpy(&type, data + at, 4);
        memcpy(&len, data + at + 4, 4);
        type = GUINT32_FROM_BE(type);
        len = GUINT32_FROM_BE(len);
        if (type == EXT_END) {
            return true;
        }
        if (len > end - at - 8) {
            return false;
        }
        if (type != EXT_BACKING_FORMAT) {
            append_extension(out, type, data + at + 8, len);
        }
        at += MIN(8 + ((len + 7) & ~7u), end - at);
    }
    return true;
}

int qcow2_set_backing(BlockNode *node, const char *name, const char *format)
{
    Qcow2 *q = qcow2_of(node);
    if (name && strlen(name) > NAME_MAX_BYTES) {
        return -ENAMETOOLONG;
    }
    g_autofree uint8_t *old = g_malloc0(q->cluster_size);
    int r = qcow2_pread(q, 0, old, q->cluster_size);
    if (r != 0) {
        return r;
    }
    uint64_t name_at;
    memcpy(&name_at, old + 8, 8);
    name_at = GUINT64_FROM_BE(name_at);
    uint32_t end = name_at ? (uint32_t)MIN(name_at, q->cluster_size) : q->cluster_size;
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_byte_array_append(out, old, q->header_length);
    if (!copy_extensions(old, q->header_length, end, out)) {
        return -EIO;
    }
    if (name && format) {
        append_extension(out, EXT_BACKING_FORMAT, format, strlen(format));
    }
    append_extension(out, EXT_END, "", 0);
    append_name(out, name);
    if (out->len > q->cluster_size) {
        return -ENOSPC;
    }
    memset(old, 0, q->cluster_size);
    memcpy(old, out->data, out->len);
    r = qcow2_flush(node);
    r = r == 0 ? qcow2_pwrite(q, 0, old, q->cluster_size) : r;
    r = r == 0 ? qcow2_sync(q) : r;
    if (r == 0) {
        g_free(q->backing_name);
        g_free(q->backing_format);
        q->backing_name = g_strdup(name);
        q->backing_format = name ? g_strdup(format) : NULL;
    }
    return r;
}
