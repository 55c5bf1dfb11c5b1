/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the three files of the physical memory share: the region and the flat view. */
#ifndef SYSTEM_MEMORY_INTERNAL_H
#define SYSTEM_MEMORY_INTERNAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "system/memory.h"

typedef enum { KIND_CONTAINER, KIND_RAM, KIND_ROM, KIND_ROMD, KIND_IO, KIND_ALIAS } MemKind;

struct MemRegion {
    char *name;
    MemKind kind;
    bool enabled;
    bool direct;                /* ROMD: reads come from memory now */
    uint64_t size;
    MemRegion *parent;
    uint64_t offset;            /* in the parent */
    int priority;
    GPtrArray *children;        /* what wins first */
    GPtrArray *aliases;         /* regions that show this one */
    GPtrArray *spaces;          /* address spaces that have this one as root */
    MemRegion *target;          /* alias: what it shows, from target_offset on */
    uint64_t target_offset;
    MemOps ops;
    void *opaque;
    uint8_t *host;
    int fd;
    MemWritten *writes;         /* RAM whose writes are watched */
};

typedef struct {
    uint64_t first, last;       /* guest addresses, both included */
    uint64_t offset;            /* of first, in the region */
    MemRegion *mr;
    uint8_t *host;              /* of first; NULL: reads go to the device */
    bool writable;              /* writes go to host, too */
} FlatRange;

/* Sorted, no overlaps. The memory of a view is never given back while its address space
 * lives, so that a reader without a lock may hold an old one and find out afterwards. */
typedef struct {
    unsigned n, capacity;
    unsigned last_hit;
    FlatRange ranges[];
} FlatView;

typedef struct {
    MemChanged changed;
    void *opaque;
} MemListener;

struct AddressSpace {
    char *name;
    MemRegion *root;
    FlatView *view;             /* atomic */
    unsigned generation;        /* atomic; counts the views that were published */
    FlatView *spare;            /* the view before, overwritten by the next change */
    GPtrArray *outgrown;        /* views that became too small */
    unsigned batch;
    bool pending;
    GArray *listeners;          /* of MemListener */
    MemCodeWritten code_written;
    void *code_opaque;
    MemWritten *watched;        /* atomic: all of those */
    const MemWriteEngine *write_engine;
    void *write_engine_opaque;
    GRecMutex *lock;
    bool big_endian;
};

/* The tree below the root changed: makes and publishes a new flat view, unless a batch is
 * open. Machine lock held. */
void memory_view_update(AddressSpace *as);
/* Frees what watches a region; NULL is allowed. */
void memory_written_free(MemWritten *w);
/* The address space goes before them. */
void memory_written_leave(AddressSpace *as);
/* The mark of the page at offset of a region, or NULL. */
uint8_t *memory_written_mark(const MemRegion *mr, uint64_t offset);
/* Copies the range that holds addr; false when nothing is there, and then range->first
 * and ->last are the bounds of the hole. No lock. */
bool memory_view_lookup(AddressSpace *as, uint64_t addr, FlatRange *range);

#endif
