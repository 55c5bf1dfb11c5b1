/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where blocks lie: one stretch of memory, filled from its beginning, emptied as a whole. */
#ifndef ACCEL_TCG_ARENA_H
#define ACCEL_TCG_ARENA_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *base;
    size_t size, used;
} Arena;

/* Reserves size bytes, a multiple of 2 MiB; memory comes as it is touched, in large pages
 * where the host has them. Ends the program when there is no such address space. */
void arena_init(Arena *arena, size_t size);
void arena_free(Arena *arena);
/* size bytes aligned to 8. The caller has looked that they are there. */
void *arena_alloc(Arena *arena, size_t size);

static inline size_t arena_left(const Arena *arena)
{
    return arena->size - arena->used;
}

static inline void arena_empty(Arena *arena)
{
    arena->used = 0;
}

#endif
