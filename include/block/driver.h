/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image format or a protocol is. */
#ifndef BLOCK_DRIVER_H
#define BLOCK_DRIVER_H

#include "block/block.h"

/* Where a node has nothing, its backing image shows. */
typedef enum { BLOCK_NOTHING, BLOCK_DATA, BLOCK_ZEROS } BlockStatus;

struct BlockDriver {
    const char *name;
    size_t state_size;              /* of node->state, zeroed before open */
    /* Looks up its options, opens its children, sets size. False with err; close is not called then. */
    bool (*open)(BlockNode *node, KeyVal *options, GError **err);
    void (*close)(BlockNode *node);
    /* Any thread, several at once; within the node's size; 0 or a negative errno. */
    int (*readv)(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov);
    int (*writev)(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov);
    /* NULL: -ENOTSUP, which makes zero write zeros and discard do nothing. */
    int (*zero)(BlockNode *node, uint64_t offset, uint64_t bytes, bool unmap);
    int (*discard)(BlockNode *node, uint64_t offset, uint64_t bytes);
    int (*flush)(BlockNode *node);  /* NULL: the file child's */
    int (*truncate)(BlockNode *node, uint64_t size);    /* NULL: -ENOTSUP; sets node->size */
    uint64_t (*allocated)(BlockNode *node);             /* NULL: the file child's */
    /* Adds what it knows to info, which is all zeros. NULL: nothing. */
    void (*info)(BlockNode *node, BlockInfo *info);
    /* Main thread, no I/O under way: from now on for writing too. NULL: nothing to be done. */
    bool (*make_writable)(BlockNode *node, GError **err);
    /* The same, for reading only; it has been flushed. NULL: nothing to be done. */
    int (*make_read_only)(BlockNode *node);
    /* What is at offset, and for how many of bytes (at least 1) it goes on so. NULL: data. Any thread. */
    int (*status)(BlockNode *node, uint64_t offset, uint64_t bytes, BlockStatus *status, uint64_t *run);
    /* The image names another backing image from now on, or none. Main thread, no I/O under way. NULL: the
     * format has none. */
    int (*set_backing)(BlockNode *node, const char *name, const char *format);
};

struct BlockNode {
    const BlockDriver *driver;
    BlockGraph *graph;
    void *state;                    /* the driver's */
    char *name, *filename;
    BlockNode *file, *backing;      /* or NULL */
    const BlockNode *above;         /* what opens it, while it is being opened */
    uint64_t device, inode;         /* of a file of the host, else 0 */
    uint64_t size;                  /* atomic while the node is in use */
    bool read_only, direct, no_flush, unmap;
    bool auto_read_only;            /* read_only until somebody wants to write */
    bool kept;                      /* -blockdev's own reference */
    struct BlockGuard *guard;       /* of the job that looks at its writes, or NULL */
    const struct BlockJob *job;     /* that works on it, or NULL */
    unsigned refs;
};

/* For formats with a backing image: opens the one that the options say, else the one that the image
 * names (NULL: none), read-only, as node->backing. False with err. */
bool block_open_backing(BlockNode *node, KeyVal *options, const char *name, const char *format, GError **err);

/* What a read of top gets of the nodes from it down to base, but not of base (NULL: of all). */
int block_status_above(BlockNode *top, BlockNode *base, uint64_t offset, uint64_t bytes, BlockStatus *status,
                       uint64_t *run);
/* For a job that has these bytes of node's guard. */
int block_write_guarded(BlockNode *node, uint64_t offset, const struct iovec *iov, bool zeros);
/* A node that was written to is only read from now on, its file too; what was written is on the disk. No
 * I/O under way. A negative errno: it could not be flushed, and is as it was. */
int block_make_read_only(BlockNode *node);

extern const BlockDriver block_driver_file, block_driver_host_device, block_driver_nbd, block_driver_null,
    block_driver_qcow2, block_driver_raw, block_driver_temporary;

#endif
