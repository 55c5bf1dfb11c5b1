/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "accel/tcg/arena.h"

#include <glib.h>
#include <sys/mman.h>

#define LARGE_PAGE ((size_t)2 << 20)
#define ALIGN 8u

void arena_init(Arena *arena, size_t size)
{
    /* Large pages need an aligned beginning. */
    uint8_t *p = mmap(NULL, size + LARGE_PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        g_error("the host has no %zu MiB of address space for translated code: %m", size >> 20);
    }
    uintptr_t large = (uintptr_t)LARGE_PAGE - 1;
    uint8_t *base = (uint8_t *)(((uintptr_t)p + large) & ~large);
    size_t before = (size_t)(base - p);
    if (before) {
        munmap(p, before);
    }
    munmap(base + size, LARGE_PAGE - before);
    madvise(base, size, MADV_HUGEPAGE);
    *arena = (Arena){ .base = base, .size = size };
}

void arena_free(Arena *arena)
{
    munmap(arena->base, arena->size);
}

void *arena_alloc(Arena *arena, size_t size)
{
    void *p = arena->base + arena->used;
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    g_assert(size <= arena_left(arena));
    arena->used += size;
    return p;
}
