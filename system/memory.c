/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest physical memory: the regions and their tree. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "system/memory.h"
#include "system/memory_internal.h"
#include "util/error.h"

/* Divides the size of every flash; small, as it is filled at start. */
#define ERASED_PIECE (64 * 1024)

static MemRegion *region_new(MemKind kind, const char *name, uint64_t size)
{
    g_assert(size > 0);
    MemRegion *mr = g_new0(MemRegion, 1);
    mr->kind = kind;
    mr->name = g_strdup(name);
    mr->size = size;
    mr->enabled = true;
    mr->fd = -1;
    mr->children = g_ptr_array_new();
    mr->aliases = g_ptr_array_new();
    mr->spaces = g_ptr_array_new();
    return mr;
}

/* Tells every address space that can see mr, through parents and aliases. */
static void region_changed(MemRegion *mr)
{
    for (; mr; mr = mr->parent) {
        for (unsigned i = 0; i < mr->spaces->len; i++) {
            memory_view_update(g_ptr_array_index(mr->spaces, i));
        }
        for (unsigned i = 0; i < mr->aliases->len; i++) {
            region_changed(g_ptr_array_index(mr->aliases, i));
        }
    }
}

MemRegion *mem_container_new(const char *name, uint64_t size)
{
    return region_new(KIND_CONTAINER, name, size);
}

/* Takes fd; private: changes do not reach it. */
static MemRegion *mapped_new(MemKind kind, const char *name, uint64_t size, int fd, bool private,
                             GError **err)
{
    g_assert(size % (64 * 1024) == 0);
    void *host = MAP_FAILED;
    struct stat st;
    bool large = fstat(fd, &st) == 0 && (uint64_t)st.st_size >= size;
    if (large || ftruncate(fd, (off_t)size) == 0) {
        int flags = private ? MAP_PRIVATE : MAP_SHARED;
        host = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, fd, 0);
    }
    if (host == MAP_FAILED) {
        error_set(err, "memory '%s': the host has no %" G_GUINT64_FORMAT " MiB for it (%s); a smaller -m "
                  "would work", name, size >> 20, g_strerror(errno));
        close(fd);
        return NULL;
    }
    MemRegion *mr = region_new(kind, name, size);
    mr->host = host;
    mr->fd = fd;
    mr->direct = true;
    return mr;
}

static MemRegion *backed_new(MemKind kind, const char *name, uint64_t size, GError **err)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0) {
        error_set(err, "memory '%s': the host gives no memfd: %s", name, g_strerror(errno));
        return NULL;
    }
    return mapped_new(kind, name, size, fd, false, err);
}

MemRegion *mem_ram_new_file(const char *name, uint64_t size, int fd, bool share, GError **err)
{
    return mapped_new(KIND_RAM, name, size, fd, !share, err);
}

MemRegion *mem_ram_new(const char *name, uint64_t size, GError **err)
{
    return backed_new(KIND_RAM, name, size, err);
}

MemRegion *mem_rom_new(const char *name, uint64_t size, GError **err)
{
    return backed_new(KIND_ROM, name, size, err);
}

/* One piece of erased flash, mapped all over host; what is written becomes private pages. */
static bool map_erased(uint8_t *host, uint64_t size)
{
    int fd = memfd_create("erased", MFD_CLOEXEC);
    uint8_t *ones = g_malloc(ERASED_PIECE);
    memset(ones, 0xff, ERASED_PIECE);
    bool ok = fd >= 0 && write(fd, ones, ERASED_PIECE) == ERASED_PIECE;
    for (uint64_t at = 0; ok && at < size; at += ERASED_PIECE) {
        void *p = mmap(host + at, ERASED_PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0);
        ok = p != MAP_FAILED;
    }
    g_free(ones);
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

MemRegion *mem_romd_new(const char *name, uint64_t size, const MemOps *ops, void *opaque, GError **err)
{
    g_assert(size % ERASED_PIECE == 0);
    void *host = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (host == MAP_FAILED || !map_erased(host, size)) {
        error_set(err, "memory '%s': the host has no %" G_GUINT64_FORMAT " KiB for it (%s)", name, size >> 10,
                  g_strerror(errno));
        if (host != MAP_FAILED) {
            munmap(host, size);
        }
        return NULL;
    }
    MemRegion *mr = region_new(KIND_ROMD, name, size);
    mr->host = host;
    mr->direct = true;
    mr->ops = *ops;
    mr->opaque = opaque;
    return mr;
}

MemRegion *mem_io_new(const char *name, uint64_t size, const MemOps *ops, void *opaque)
{
    g_assert(ops->read && ops->write);
    MemRegion *mr = region_new(KIND_IO, name, size);
    mr->ops = *ops;
    mr->opaque = opaque;
    return mr;
}

MemRegion *mem_alias_new(const char *name, MemRegion *target, uint64_t offset, uint64_t size)
{
    g_assert(offset < target->size);
    MemRegion *mr = region_new(KIND_ALIAS, name, size);
    mr->target = target;
    mr->target_offset = offset;
    g_ptr_array_add(target->aliases, mr);
    return mr;
}

void mem_free(MemRegion *mr)
{
    if (!mr) {
        return;
    }
    if (mr->parent) {
        mem_del(mr);
    }
    while (mr->children->len) {
        mem_del(g_ptr_array_index(mr->children, 0));
    }
    region_changed(mr);
    for (unsigned i = 0; i < mr->aliases->len; i++) {
        MemRegion *alias = g_ptr_array_index(mr->aliases, i);
        alias->target = NULL;
        region_changed(alias);
    }
    if (mr->target) {
        g_ptr_array_remove(mr->target->aliases, mr);
    }
    for (unsigned i = 0; i < mr->spaces->len; i++) {
        AddressSpace *as = g_ptr_array_index(mr->spaces, i);
        as->root = NULL;
        memory_view_update(as);
    }
    memory_written_free(mr->writes);
    if (mr->host) {
        munmap(mr->host, mr->size);
        if (mr->fd >= 0) {
            close(mr->fd);
        }
    }
    g_ptr_array_free(mr->children, TRUE);
    g_ptr_array_free(mr->aliases, TRUE);
    g_ptr_array_free(mr->spaces, TRUE);
    g_free(mr->name);
    g_free(mr);
}

/* Children are kept with what wins first: higher priority, then the later one. */
static void children_insert(MemRegion *parent, MemRegion *child)
{
    unsigned i = 0;
    while (i < parent->children->len &&
           ((MemRegion *)g_ptr_array_index(parent->children, i))->priority > child->priority) {
        i++;
    }
    g_ptr_array_insert(parent->children, (int)i, child);
}

void mem_add(MemRegion *parent, uint64_t offset, MemRegion *child, int priority)
{
    g_assert(!child->parent && parent != child && parent->kind != KIND_ALIAS);
    child->parent = parent;
    child->offset = offset;
    child->priority = priority;
    children_insert(parent, child);
    region_changed(child);
}

void mem_del(MemRegion *child)
{
    MemRegion *parent = child->parent;
    g_assert(parent);
    g_ptr_array_remove(parent->children, child);
    child->parent = NULL;
    region_changed(parent);
}

void mem_set_enabled(MemRegion *mr, bool enabled)
{
    if (mr->enabled != enabled) {
        mr->enabled = enabled;
        region_changed(mr);
    }
}

void mem_set_offset(MemRegion *mr, uint64_t offset)
{
    if (mr->offset != offset) {
        mr->offset = offset;
        region_changed(mr);
    }
}

void mem_set_direct_read(MemRegion *romd, bool direct)
{
    g_assert(romd->kind == KIND_ROMD);
    if (romd->direct != direct) {
        romd->direct = direct;
        region_changed(romd);
    }
}

const char *mem_name(const MemRegion *mr)
{
    return mr->name;
}

uint64_t mem_size(const MemRegion *mr)
{
    return mr->size;
}

uint8_t *mem_host(MemRegion *mr)
{
    return mr->host;
}

int mem_fd(MemRegion *mr)
{
    return mr->fd;
}
