/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A qcow2 image, as the files qcow2*.c share it.
 *
 * What is guarded: lock has all fields below it. Tables come and go with the lock held; no data are read
 * or written under it. flush_lock is taken before lock.
 */
#ifndef BLOCK_QCOW2_H
#define BLOCK_QCOW2_H

#include "block/driver.h"

#define QCOW2_MAGIC 0x514649fbu

#define QCOW2_COPIED (UINT64_C(1) << 63)        /* of L1 and L2 entries: its refcount is 1 */
#define QCOW2_COMPRESSED_FLAG (UINT64_C(1) << 62)
#define QCOW2_ZERO_FLAG UINT64_C(1)
#define QCOW2_OFFSET_MASK UINT64_C(0x00fffffffffffe00)

enum {
    QCOW2_INCOMPAT_DIRTY = 1 << 0, QCOW2_INCOMPAT_CORRUPT = 1 << 1, QCOW2_INCOMPAT_DATA_FILE = 1 << 2,
    QCOW2_INCOMPAT_COMPRESSION = 1 << 3, QCOW2_INCOMPAT_EXTENDED_L2 = 1 << 4,
    QCOW2_COMPAT_LAZY = 1 << 0,
};

/* The most that the tables may take, in bytes. */
#define QCOW2_L1_MAX (32 * MIB)
#define QCOW2_REFTABLE_MAX (8 * MIB)
#define QCOW2_SNAPSHOTS_MAX (16 * MIB)

/* Ranges to be given back after which a request flushes by itself. */
#define QCOW2_FREES_MAX 4096u

/* Fields of the header, by their offsets. */
enum {
    QCOW2_AT_SIZE = 24, QCOW2_AT_L1 = 36, QCOW2_AT_REFTABLE = 48, QCOW2_AT_INCOMPATIBLE = 72,
    QCOW2_AT_AUTOCLEAR = 88,
};

/* ---- tables of one cluster: L2 tables and refcount blocks ---- */

typedef struct {
    uint64_t offset;                /* in the file */
    uint8_t *data;
    uint32_t dirty_from, dirty_to;  /* bytes that the file does not have yet */
    bool busy;                      /* a flush is writing a copy of them */
    GList link;                     /* of the cache's order */
} Qcow2Table;

typedef struct {
    GHashTable *by_offset;
    GQueue order;                   /* the latest used first */
    unsigned limit;
} Qcow2Cache;

typedef struct {
    uint64_t offset, clusters;      /* in the file */
} Qcow2Range;

/* Guest clusters that get new places in the file: nobody else may change their entries meanwhile. */
typedef struct Qcow2Change {
    uint64_t first, count;
    GList link;
} Qcow2Change;

typedef struct {
    uint64_t l1_offset, l1_entries;
    BlockSnapshot public;
} Qcow2Snapshot;

typedef struct Qcow2 {
    BlockNode *node;
    /* As opened. */
    unsigned version, cluster_bits, refcount_order;
    uint32_t cluster_size, header_length;
    uint64_t incompatible, compatible, autoclear;
    uint8_t compression;            /* 0 zlib, 1 zstd */
    bool bitmaps;
    char *backing_name, *backing_format;
    Qcow2Snapshot *snapshots;
    unsigned snapshot_count;
    uint64_t snapshots_offset, snapshots_bytes;
    unsigned complaints;            /* atomic: lines about what is wrong with it */

    GMutex flush_lock, lock;
    GCond changed;                  /* changes, users, busy */
    uint64_t *l1, *reftable;        /* in the host's byte order */
    uint64_t l1_offset, reftable_offset;
    uint32_t l1_entries, reftable_clusters;
    uint32_t l1_dirty_from, l1_dirty_to, reftable_dirty_from, reftable_dirty_to;    /* entries */
    Qcow2Cache l2, refs;
    GQueue changes;                 /* of Qcow2Change */
    unsigned epoch, users[2];       /* I/O to clusters under way, of this epoch's parity and the other's */
    GArray *frees;                  /* of Qcow2Range: to be given back once no table on disk has them */
    uint64_t free_hint;             /* no cluster before this one is free */
    uint64_t fresh_from;            /* bytes of the file from here on have never been written */

    GMutex unpack_lock;
    uint64_t unpacked;              /* the L2 entry whose cluster unpacked_data is; 0: none */
    uint8_t *unpacked_data;
} Qcow2;

static inline Qcow2 *qcow2_of(BlockNode *node)
{
    return node->state;
}

static inline uint64_t qcow2_clusters(const Qcow2 *q, uint64_t bytes)
{
    return (bytes >> q->cluster_bits) + ((bytes & (q->cluster_size - 1)) != 0);
}

static inline unsigned qcow2_l2_bits(const Qcow2 *q)
{
    return q->cluster_bits - 3;
}

/* ---- the file (qcow2.c) ---- */
/* One line about a broken image; -EIO. */
int qcow2_broken(Qcow2 *q, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* What lies behind the end of the file reads as zeros. */
int qcow2_pread(Qcow2 *q, uint64_t offset, void *buf, size_t len);
int qcow2_pread_list(Qcow2 *q, uint64_t offset, const struct iovec *iov, unsigned niov);
/* The file reaches to end at least. */
int qcow2_reserve(Qcow2 *q, uint64_t end);
int qcow2_pwrite(Qcow2 *q, uint64_t offset, const void *buf, size_t len);
/* Big-endian, in place. */
int qcow2_write_u64(Qcow2 *q, uint64_t offset, uint64_t value);
/* count entries in the file's byte order. */
int qcow2_write_entries(Qcow2 *q, uint64_t offset, const uint64_t *entries, size_t count);
int qcow2_read_entries(Qcow2 *q, uint64_t offset, uint64_t *entries, size_t count);
/* All of the file is on stable storage. */
int qcow2_sync(Qcow2 *q);
/* For memory that goes to the file. */
void *qcow2_buffer(size_t len);

/* ---- opening ---- */
bool qcow2_read_header(Qcow2 *q, GError **err);
bool qcow2_read_snapshots(Qcow2 *q, GError **err);
void qcow2_free_snapshots(Qcow2 *q);
void qcow2_fill_info(BlockNode *node, BlockInfo *info);
/* Makes refcounts what the tables say, and clears the dirty bit. */
bool qcow2_repair(Qcow2 *q, GError **err);

/* ---- caches ---- */
void qcow2_cache_init(Qcow2Cache *c, uint64_t bytes, uint32_t cluster_size);
void qcow2_cache_clear(Qcow2Cache *c);
/* Room for one more; -EAGAIN when all that is there has to be written first. */
int qcow2_cache_make_room(Qcow2 *q, Qcow2Cache *c);
/* The table at offset, which is right; -EAGAIN as above. */
int qcow2_cache_get(Qcow2 *q, Qcow2Cache *c, uint64_t offset, Qcow2Table **out);
/* A new one of zeros, dirty. There is room. */
Qcow2Table *qcow2_cache_add(Qcow2 *q, Qcow2Cache *c, uint64_t offset);
/* From now on it is the one at offset, dirty. */
void qcow2_cache_move(Qcow2 *q, Qcow2Cache *c, Qcow2Table *t, uint64_t offset);
bool qcow2_cache_has(const Qcow2Cache *c, uint64_t offset);
void qcow2_table_dirty(Qcow2Table *t, uint32_t from, uint32_t bytes);
/* Writes what is dirty of refcount blocks. */
int qcow2_refs_write(Qcow2 *q);
static inline uint64_t qcow2_entry(const Qcow2Table *t, unsigned index)
{
    return GUINT64_FROM_BE(((const uint64_t *)(const void *)t->data)[index]);
}
void qcow2_entry_set(Qcow2Table *t, unsigned index, uint64_t value);

/* ---- refcounts: lock held ---- */
int qcow2_refcount(Qcow2 *q, uint64_t cluster, uint64_t *out);
int qcow2_refcount_set(Qcow2 *q, uint64_t cluster, uint64_t value);
uint64_t qcow2_refcount_max(const Qcow2 *q);
uint64_t qcow2_refblock_entries(const Qcow2 *q);
/* Adds delta, 1 or -1, to all of them. */
int qcow2_refcount_add(Qcow2 *q, uint64_t first, uint64_t count, int delta);
/* A refcount block for the clusters from index * entries on, at a cluster of them that is free. */
int qcow2_refblock_new(Qcow2 *q, uint64_t index, uint64_t cluster);
int qcow2_reftable_grow(Qcow2 *q, uint64_t index);
/* Up to want free clusters in a row, or (all) want of them; got of them are counted now, at offset. */
int qcow2_alloc(Qcow2 *q, uint64_t want, bool all, uint64_t *offset, uint64_t *got);
/* As soon as no table on disk refers to them. */
void qcow2_free_later(Qcow2 *q, uint64_t offset, uint64_t clusters);

/* ---- where guest clusters are: lock held ---- */
typedef enum {
    QCOW2_UNALLOCATED, QCOW2_NORMAL, QCOW2_ZERO_PLAIN, QCOW2_ZERO_ALLOCATED, QCOW2_COMPRESSED,
} Qcow2Kind;

/* What an entry says; host: the cluster, or where compressed data begin. -EIO when it is nonsense. */
int qcow2_decode(Qcow2 *q, uint64_t entry, Qcow2Kind *kind, uint64_t *host);
/* Bytes of compressed data of an entry. */
uint32_t qcow2_packed_bytes(const Qcow2 *q, uint64_t entry);
/* The L2 table for a guest offset, NULL when there is none; for writing there is one, which is ours alone.
 * May drop the lock meanwhile. */
int qcow2_l2(Qcow2 *q, uint64_t offset, bool write, Qcow2Table **out);
/* Gives back what an entry that is no more referred to. */
void qcow2_free_entry(Qcow2 *q, uint64_t entry);

typedef struct {
    Qcow2Kind kind;
    uint64_t host, entry, bytes;
    unsigned use;                   /* NORMAL, COMPRESSED: that was begun */
} Qcow2Run;

/* What is at offset, and for how many of bytes it goes on so. Takes and drops the lock; with NORMAL and
 * COMPRESSED a use is begun. */
int qcow2_find(Qcow2 *q, uint64_t offset, uint64_t bytes, Qcow2Run *run);
/* I/O to clusters that others may free: between these two they are not used for anything else. */
unsigned qcow2_use(Qcow2 *q);
void qcow2_unuse(Qcow2 *q, unsigned use);
/* Until all uses are over that had begun before. May drop the lock. */
void qcow2_wait_uses(Qcow2 *q);

/* ---- data ---- */
int qcow2_readv(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov);
/* Behind the end of the image, zeros. */
int qcow2_read(Qcow2 *q, uint64_t offset, void *buf, size_t len);
int qcow2_writev(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov);
/* The compressed cluster of entry: len bytes from skip. */
int qcow2_unpack(Qcow2 *q, uint64_t entry, uint64_t skip, const struct iovec *iov, unsigned niov);
int qcow2_zero(BlockNode *node, uint64_t offset, uint64_t bytes, bool unmap);
int qcow2_discard(BlockNode *node, uint64_t offset, uint64_t bytes);
int qcow2_flush(BlockNode *node);
int qcow2_truncate(BlockNode *node, uint64_t size);
int qcow2_status(BlockNode *node, uint64_t offset, uint64_t bytes, BlockStatus *status, uint64_t *run);
int qcow2_set_backing(BlockNode *node, const char *name, const char *format);
/* Whether what is at offset reads as zeros: kind, and what the backing image has there. */
bool qcow2_reads_zero(const Qcow2 *q, Qcow2Kind kind, uint64_t offset);
/* Nobody else changes the entries of these guest clusters until the end. */
void qcow2_change_begin(Qcow2 *q, Qcow2Change *change);
/* How many of count guest clusters from first on nobody changes; 0: not the first, but the lock was
 * dropped and something has changed. */
uint64_t qcow2_changeable(Qcow2 *q, uint64_t first, uint64_t count);
void qcow2_change_end(Qcow2 *q, Qcow2Change *change);

#endif
