/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "accel/tcg/arena.h"

#include <glib.h>
#include <sys/mman.h>

#define ALIGN_UP(n, to) (((n) + (to) - 1) & ~(size_t)((to) - 1))

static void map_at(void *at, size_t size, int flags)
{
    if (mmap(at, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) ==
        MAP_FAILED) {
        g_error("the host does not map memory for translated code: %m");
    }
}

/* Half of the code and half of the rest. */
static Arena make_arena(uint8_t *code, size_t code_size, uint8_t *meta, size_t meta_size, ptrdiff_t exec)
{
    return (Arena){
        .code = { .base = code, .part_size = code_size / ARENA_PARTS & ~(size_t)63 },
        .meta = { .base = meta, .part_size = meta_size / ARENA_PARTS & ~(size_t)63 }, .exec = exec,
    };
}

/* What is known about code, code as it is written, code as it is executed; guard pages between them. */
void arena_init(ArenaSpace *space, size_t size, bool executable)
{
    enum { GUARD = 0x10000 };
    *space = (ArenaSpace){ .map_size = (executable ? 3 : 2) * (size + GUARD) + GUARD };
    space->map = mmap(NULL, space->map_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space->map == MAP_FAILED) {
        g_error("the host has no %zu MiB of address space for translated code: %m", space->map_size >> 20);
    }
    uint8_t *meta = (uint8_t *)space->map + GUARD, *code = meta + size + GUARD, *view = code + size + GUARD;
    map_at(meta, size, MAP_PRIVATE);
    map_at(code, size, executable ? MAP_SHARED : MAP_PRIVATE);
    if (executable) {
        /* Shared memory is mapped again by mremap(2) with an old size of 0. Without a file's name perf
         * looks into its map for what lies there. */
        if (mremap(code, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, view) == MAP_FAILED ||
            mprotect(view, size, PROT_READ | PROT_EXEC) != 0) {
            g_error("the host does not map translated code for execution: %m");
        }
        space->exec = view - code;
    }
    space->fixed = code;
    size_t half = (size - ARENA_FIXED) / 2 & ~(size_t)4095;
    code += ARENA_FIXED;
    space->blocks = make_arena(code, half, meta, size / 2, space->exec);
    space->regions = make_arena(code + half, half, meta + size / 2, size / 2, space->exec);
}

void arena_free(ArenaSpace *space)
{
    munmap(space->map, space->map_size);
}

static void *alloc(ArenaHalf *half, unsigned part, size_t size, size_t align)
{
    void *p = half->base + part * half->part_size + half->used;
    size = ALIGN_UP(size, align);
    g_assert(size <= half->part_size - half->used);
    half->used += size;
    return p;
}

/* So much code is written before its pages leave the view that it is written through: they stay in memory
 * for the other view, and come back when a chain is made. */
#define WRITTEN ((size_t)1 << 20)

void *arena_alloc_code(Arena *arena, size_t size)
{
    size_t before = arena->code.used / WRITTEN;
    void *p = alloc(&arena->code, arena->part, size, 16);
    if (arena->exec && arena->code.used / WRITTEN != before) {
        uintptr_t end = (uintptr_t)p & ~(uintptr_t)4095;
        uintptr_t begin = MAX(end - WRITTEN, (uintptr_t)arena->code.base);
        madvise((void *)ALIGN_UP(begin, 4096), end - ALIGN_UP(begin, 4096), MADV_DONTNEED);
    }
    return p;
}

void *arena_alloc_meta(Arena *arena, size_t size)
{
    return alloc(&arena->meta, arena->part, size, 8);
}

void arena_shrink_meta(Arena *arena, size_t size)
{
    arena->meta.used -= size & ~(size_t)7;
}
