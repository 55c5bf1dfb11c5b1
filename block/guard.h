/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who writes where to a node on which a job works: the job's copying and the guest's writes to the same
 * bytes follow each other, and what the guest has written is known. Any thread. */
#ifndef BLOCK_GUARD_H
#define BLOCK_GUARD_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct BlockGuard BlockGuard;

typedef struct {
    uint64_t offset, end;
    bool job;
    GList link;
} BlockRange;

/* For size bytes, none of them written. */
BlockGuard *block_guard_new(uint64_t size);
void block_guard_free(BlockGuard *guard);
/* Waits until nobody of the other kind is in these bytes; end of one that writes marks them. */
void block_guard_begin(BlockGuard *guard, BlockRange *range, uint64_t offset, uint64_t bytes, bool job);
void block_guard_end(BlockGuard *guard, BlockRange *range);
/* Some bytes that were written, at most max, which are unmarked now; false: there are none. */
bool block_guard_take(BlockGuard *guard, uint64_t max, uint64_t *offset, uint64_t *bytes);
/* Bytes that are marked now, and that ever were. */
uint64_t block_guard_marked(BlockGuard *guard, uint64_t *ever);

#endif
