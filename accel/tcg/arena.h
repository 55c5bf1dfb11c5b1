/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where blocks lie: stretches of memory in parts. One part is filled from its beginning; when it is
 * full the next one is emptied and filled, so that the oldest blocks go first and no more of them at
 * once than one part holds. Blocks and regions have an arena each: they are made by different threads.
 */
#ifndef ACCEL_TCG_ARENA_H
#define ACCEL_TCG_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARENA_PARTS 4
#define ARENA_FIXED 0x10000

struct Block;

typedef struct {
    uint8_t *base;              /* where it is written */
    size_t part_size, used;     /* used: of the current part */
} ArenaHalf;

/* Two stretches that are filled and emptied together: code, and what is known about it. */
typedef struct {
    ArenaHalf code, meta;
    ptrdiff_t exec;             /* from code to its view that can be executed; 0: none */
    unsigned part;              /* the current one */
    struct Block *blocks[ARENA_PARTS];  /* what lies in each, by part_next */
} Arena;

/* One reservation, all of it within 2 GiB. */
typedef struct {
    Arena blocks, regions;
    uint8_t *fixed;             /* ARENA_FIXED bytes of code that stay, as they are written */
    ptrdiff_t exec;
    void *map;
    size_t map_size;
} ArenaSpace;

/* Reserves size bytes (a multiple of 16 MiB, at most 512 MiB) for code and as much for the rest;
 * memory comes as it is touched. With executable, code has a second view, and no page is writable and
 * executable in one view. Ends the program when the host refuses. */
void arena_init(ArenaSpace *space, size_t size, bool executable);
void arena_free(ArenaSpace *space);
/* size bytes of the current part, aligned to 16 (code) or 8. The caller has looked that they are there. */
void *arena_alloc_code(Arena *arena, size_t size);
void *arena_alloc_meta(Arena *arena, size_t size);
/* Gives back the last size bytes of what arena_alloc_meta gave last. */
void arena_shrink_meta(Arena *arena, size_t size);

static inline uint8_t *arena_code_next(const Arena *arena)
{
    return arena->code.base + arena->part * arena->code.part_size + arena->code.used;
}

static inline size_t arena_code_left(const Arena *arena)
{
    return arena->code.part_size - arena->code.used;
}

/* What is left of the current part, of the half that has less. */
static inline size_t arena_left(const Arena *arena)
{
    size_t code = arena_code_left(arena), meta = arena->meta.part_size - arena->meta.used;
    return code < meta ? code : meta;
}

/* Goes on with the next part from its beginning, as if it were empty. */
static inline void arena_next_part(Arena *arena)
{
    arena->part = (arena->part + 1) % ARENA_PARTS;
    arena->code.used = arena->meta.used = 0;
}

#endif
