/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disk images: a graph of nodes (an image format on a file, on a backing image ...), and what
 * devices use them through.
 *
 * Nodes are made, found and freed in the main thread with the machine lock held. block_read and the
 * other functions of node I/O may be called from any thread, several at once; they block.
 */
#ifndef BLOCK_BLOCK_H
#define BLOCK_BLOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "system/machine.h"
#include "util/iov.h"
#include "util/keyval.h"

#define BLOCK_SECTOR 512u

typedef struct BlockGraph BlockGraph;
typedef struct BlockNode BlockNode;
typedef struct BlockDriver BlockDriver;

/* Requests to nodes go to threads of the graph; machine: whose lock completions take. */
BlockGraph *block_graph_new(Machine *machine);
/* Waits for what is in flight; nothing may be submitted any more. Lock not held, no vCPU runs. */
void block_graph_stop(BlockGraph *graph);
/* Flushes and closes everything; stopped before. The machine may be gone. NULL is allowed. */
void block_graph_free(BlockGraph *graph);

/* ---- nodes ---- */

/* A node as -blockdev describes it: "driver", "node-name", "read-only", "auto-read-only", "cache.direct",
 * "cache.no-flush", "discard" (ignore, unmap) and the driver's own; a child is named ("file":
 * "other") or described ("file.driver", ...). NULL with err. The caller holds a reference. */
BlockNode *block_open(BlockGraph *graph, KeyVal *options, GError **err);
/* For drivers: the child called name of a node that is being opened; NULL with err. */
BlockNode *block_open_child(BlockNode *parent, KeyVal *options, const char *name, GError **err);
BlockNode *block_ref(BlockNode *node);
/* The last reference flushes and closes it. NULL is allowed. */
void block_unref(BlockNode *node);
/* NULL when there is none of that name. */
BlockNode *block_find(BlockGraph *graph, const char *node_name);
/* Node n in the order they were opened, or NULL. */
BlockNode *block_at(BlockGraph *graph, unsigned n);
/* Keeps a node of -blockdev until block_del; block_del is false with err when it is not such a one or
 * something uses it. */
void block_keep(BlockNode *node);
bool block_del(BlockGraph *graph, const char *node_name, GError **err);

const char *block_name(const BlockNode *node);
const char *block_driver_name(const BlockNode *node);
/* Where its data are on the host: "disk.img"; what opened it when nothing better is known. */
const char *block_filename(const BlockNode *node);
/* The child "file" of a node, or NULL. */
BlockNode *block_file(const BlockNode *node);
/* The child "backing" of a node: what shows where the node has nothing of its own; or NULL. */
BlockNode *block_backing(const BlockNode *node);
bool block_read_only(const BlockNode *node);
/* A node that was opened read-only is written to from now on, its file too. No I/O under way. False
 * with err. */
bool block_make_writable(BlockNode *node, GError **err);
bool block_direct(const BlockNode *node);
bool block_no_flush(const BlockNode *node);
/* Bytes. */
uint64_t block_size(const BlockNode *node);
/* Bytes that it takes on the host. */
uint64_t block_allocated(const BlockNode *node);

/* ---- I/O of a node: 0 or a negative errno; ranges that leave the node are -EIO ---- */

int block_readv(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov);
int block_writev(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov);
int block_read(BlockNode *node, uint64_t offset, void *buf, size_t len);
int block_write(BlockNode *node, uint64_t offset, const void *buf, size_t len);
/* What reads as zeros from now on; unmap: the space may be given back. */
int block_zero(BlockNode *node, uint64_t offset, uint64_t bytes, bool unmap);
/* A hint that nobody will read it. */
int block_discard(BlockNode *node, uint64_t offset, uint64_t bytes);
/* All writes that have returned are on stable storage. */
int block_flush(BlockNode *node);
int block_truncate(BlockNode *node, uint64_t size);

/* ---- what is known of an image ---- */

/* "qcow2" or "raw" by the first bytes of a file; raw is a guess then: they are none that is known. NULL
 * with err. */
const char *block_probe_format(const char *filename, GError **err);

/* "nbd://HOST:PORT/EXPORT", "nbd+unix:///EXPORT?socket=PATH", "nbd:HOST:PORT", "nbd:unix:PATH" as options
 * "file.driver", "file.server.type" ... of kv. False with err. */
bool block_describe_nbd(const char *name, KeyVal *kv, GError **err);

/* Whether it is a block device of the host: driver "host_device". */
bool block_is_device(const char *filename);

typedef struct {
    char *id, *name;
    uint64_t vm_state_bytes, vm_clock_ns, icount;   /* icount: UINT64_MAX when there is none */
    uint32_t date_s, date_ns;                       /* since 1970 */
} BlockSnapshot;

typedef struct {
    char *backing_name, *backing_format;    /* as the image has them, or NULL */
    uint32_t cluster_size;                  /* 0: there are none */
    bool dirty, corrupt, encrypted;
    BlockSnapshot *snapshots;
    unsigned snapshot_count;
    JsonObject *specific;                   /* "format-specific" of query-block, or NULL */
} BlockInfo;

/* The caller clears it. */
void block_info(BlockNode *node, BlockInfo *info);
void block_info_clear(BlockInfo *info);

/* ---- what devices use: machine lock held ---- */

typedef struct BlockUser BlockUser;
typedef struct BlockRequest BlockRequest;

typedef enum { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_DISCARD, BLOCK_ZERO } BlockOp;

/* Owned by the device, untouched from submit to done. */
struct BlockRequest {
    BlockOp op;
    uint64_t offset, bytes;         /* bytes: of DISCARD and ZERO; READ and WRITE have those of iov */
    const struct iovec *iov;        /* memory that stays as it is until done */
    unsigned niov;
    bool unmap;                     /* ZERO: the space may be given back */
    /* error: 0 or a negative errno. From any thread, machine lock held. */
    void (*done)(BlockRequest *request, int error);
    void *opaque;
    int error;                      /* private, with those below */
    BlockUser *user;
    int64_t started;
};

typedef struct {
    uint64_t bytes, operations, failed, ns;
} BlockStats;

/* The user called name (a drive's id or a device's) of node, which it takes a reference to; NULL: an
 * empty drive. False with err when somebody else writes to the node, or may not be disturbed. */
BlockUser *block_user_new(BlockGraph *graph, const char *name, BlockNode *node, GError **err);
/* Waits for its requests. NULL is allowed. */
void block_user_free(BlockUser *user);
/* For a device: the user that drive names, one of -drive by its id or a node by its name (NULL: an empty
 * one of its own), which is the device's to free from now on; device: what errors and monitors call it.
 * NULL with err: there is none, somebody has it, or writes: it is read-only. */
BlockUser *block_user_claim(BlockGraph *graph, const char *drive, const char *device, bool writes,
                            GError **err);
/* Of the device that has claimed it, or NULL. */
const char *block_user_device(const BlockUser *user);
/* Off: each write is on stable storage before it is done. On at first. */
void block_user_set_write_cache(BlockUser *user, bool on);
bool block_user_write_cache(const BlockUser *user);
const char *block_user_name(const BlockUser *user);
BlockNode *block_user_node(const BlockUser *user);
/* Another medium, or none; waits for the requests to the old one. changed tells the device. */
void block_user_set_node(BlockUser *user, BlockNode *node);
void block_user_on_change(BlockUser *user, void (*changed)(void *opaque), void *opaque);
/* False with err when somebody else has the node; else as block_user_set_node. */
bool block_user_insert(BlockUser *user, BlockNode *node, GError **err);

/* Of a drive whose medium can be taken out; opaque: the device. */
typedef struct {
    bool (*tray_open)(void *opaque, bool *locked);  /* locked: by the guest */
    void (*move_tray)(void *opaque, bool open);
    void (*ask)(void *opaque);                      /* the guest, to let the medium out */
} BlockMedia;
void block_user_set_media(BlockUser *user, const BlockMedia *media, void *opaque);
/* The drive's media are discs (media=cdrom): a device that can be a disk or a reader becomes a reader. */
void block_user_set_discs(BlockUser *user);
bool block_user_has_discs(const BlockUser *user);
/* Whether there is a tray, and how it stands; locked may be NULL. */
bool block_user_removable(const BlockUser *user);
bool block_user_tray_open(const BlockUser *user, bool *locked);
/* With block_user_removable. */
void block_user_move_tray(BlockUser *user, bool open);
void block_user_ask(BlockUser *user);
/* The device tells that its tray has moved, whoever did it; moved of the graph (one, or NULL) hears it. */
void block_user_tray_moved(BlockUser *user);
void block_graph_on_tray(BlockGraph *graph, void (*moved)(void *opaque, BlockUser *user), void *opaque);
/* Another size of a node, which its users are told of; waits for their requests. A negative errno. */
int block_resize(BlockGraph *graph, BlockNode *node, uint64_t size);
const BlockStats *block_user_stats(const BlockUser *user, BlockOp op);
/* The user n of a graph, or NULL. */
BlockUser *block_user_at(BlockGraph *graph, unsigned n);
BlockUser *block_user_find(BlockGraph *graph, const char *name);

/* Begins it; done comes later, also for what cannot be done. */
void block_submit(BlockUser *user, BlockRequest *request);
/* Until no request of the user is in flight: their done functions have run. */
void block_drain(BlockUser *user);
/* The same, but what has not begun ends with -ECANCELED. */
void block_cancel(BlockUser *user);

#endif
