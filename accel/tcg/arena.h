/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where blocks lie: a stretch of memory in parts. One part is filled from its beginning; when
 * it is full the next one is emptied and filled, so that the oldest blocks go first and no
 * more of them at once than one part holds.
 */
#ifndef ACCEL_TCG_ARENA_H
#define ACCEL_TCG_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARENA_PARTS 8
#define ARENA_FIXED 0x10000

typedef struct {
    uint8_t *base;              /* where it is written */
    ptrdiff_t exec;             /* from there to the view that can be executed; 0: none */
    size_t part_size, used;     /* used: of the current part */
} ArenaHalf;

/* Two stretches that are filled and emptied together: code, and what is known about it. Both
 * views of both lie within 2 GiB of each other. */
typedef struct {
    ArenaHalf code, meta;
    uint8_t *fixed;             /* ARENA_FIXED bytes of code that stay, before the parts; as code.base */
    unsigned part;              /* the current one */
    void *map;
    size_t map_size;
} Arena;

/* Reserves size bytes (a multiple of 16 MiB, at most 512 MiB) for code and as much for the rest;
 * memory comes as it is touched. With executable, code has a second view at code.exec, and no
 * page is writable and executable in one view. Ends the program when the host refuses. */
void arena_init(Arena *arena, size_t size, bool executable);
void arena_free(Arena *arena);
/* size bytes of the current part, aligned to 16 (code) or 8. The caller has looked that they are there. */
void *arena_alloc_code(Arena *arena, size_t size);
void *arena_alloc_meta(Arena *arena, size_t size);

static inline uint8_t *arena_code_next(const Arena *arena)
{
    return arena->code.base + arena->part * arena->code.part_size + arena->code.used;
}

/* What is left of the current part, of the half that has less. */
static inline size_t arena_left(const Arena *arena)
{
    size_t code = arena->code.part_size - arena->code.used, meta = arena->meta.part_size - arena->meta.used;
    return code < meta ? code : meta;
}

/* Goes on with the next part, or the same one from its beginning, as if it were empty. */
static inline void arena_next_part(Arena *arena)
{
    arena->part = (arena->part + 1) % ARENA_PARTS;
    arena->code.used = arena->meta.used = 0;
}

#endif
