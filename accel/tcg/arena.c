/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "accel/tcg/arena.h"

#include <glib.h>
#include <sys/mman.h>

#define ALIGN_UP(n, to) (((n) + (to) - 1) & ~(size_t)((to) - 1))

static void map_at(void *at, size_t size, int prot, int flags, int fd)
{
    if (mmap(at, size, prot, flags | MAP_FIXED | MAP_NORESERVE, fd, 0) == MAP_FAILED) {
        g_error("the host does not map memory for translated code: %m");
    }
}

/* One reservation: what is known about code, code as it is written, code as it is executed. */
void arena_init(Arena *arena, size_t size, bool executable)
{
    *arena = (Arena){ .map_size = executable ? 3 * size : 2 * size };
    arena->map = mmap(NULL, arena->map_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena->map == MAP_FAILED) {
        g_error("the host has no %zu MiB of address space for translated code: %m", arena->map_size >> 20);
    }
    uint8_t *meta = arena->map, *code = meta + size;
    map_at(meta, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (!executable) {
        map_at(code, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        madvise(code, size, MADV_HUGEPAGE);
    } else {
        /* Shared memory is mapped again by mremap(2) with an old size of 0. Without a file's name perf
         * looks into its map for what lies there. */
        map_at(code, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
        if (mremap(code, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, code + size) == MAP_FAILED ||
            mprotect(code + size, size, PROT_READ | PROT_EXEC) != 0) {
            g_error("the host does not map translated code for execution: %m");
        }
    }
    arena->meta = (ArenaHalf){ .base = meta, .part_size = size / ARENA_PARTS };
    arena->fixed = code;
    arena->code = (ArenaHalf){ .base = code + ARENA_FIXED, .exec = executable ? (ptrdiff_t)size : 0,
                               .part_size = (size - ARENA_FIXED) / ARENA_PARTS & ~(size_t)63 };
}

void arena_free(Arena *arena)
{
    munmap(arena->map, arena->map_size);
}

static void *alloc(ArenaHalf *half, unsigned part, size_t size, size_t align)
{
    void *p = half->base + part * half->part_size + half->used;
    size = ALIGN_UP(size, align);
    g_assert(size <= half->part_size - half->used);
    half->used += size;
    return p;
}

void *arena_alloc_code(Arena *arena, size_t size)
{
    return alloc(&arena->code, arena->part, size, 16);
}

void *arena_alloc_meta(Arena *arena, size_t size)
{
    return alloc(&arena->meta, arena->part, size, 8);
}
