/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest physical memory: accesses as the bus makes them. */
#include <string.h>
#include "system/memory.h"
#include "system/memory_internal.h"
#include "util/bits.h"
#include "util/log.h"

static bool device_is_big(const AddressSpace *as, const MemRegion *mr)
{
    return mr->ops.endian == MEM_BIG || (mr->ops.endian == MEM_NATIVE && as->big_endian);
}

/* The largest aligned power of two that starts at offset and has at most room bytes. */
static unsigned chunk_size(uint64_t offset, uint64_t room, unsigned max)
{
    unsigned size = max;
    while (size > 1 && (size > room || (offset & (size - 1)))) {
        size /= 2;
    }
    return size;
}

static uint64_t ones(unsigned size)
{
    return BITS64(0, 8 * size);
}

/* ---- one register access, in the byte order of the device ---- */

static uint64_t register_read(MemRegion *mr, uint64_t offset, unsigned size, bool big)
{
    unsigned min = mr->ops.min_size ? mr->ops.min_size : 1;
    uint64_t value;
    if (size < min) {
        uint64_t base = offset & ~(uint64_t)(min - 1);
        unsigned below = (unsigned)(offset - base);
        value = mr->ops.read(mr->opaque, base, min) >> (8 * (big ? min - size - below : below));
    } else {
        value = mr->ops.read(mr->opaque, offset, size);
    }
    value &= ones(size);
    if (log_enabled(LOG_MMIO) && !mr->ops.traces_itself) {
        log_line(LOG_MMIO, "mmio: %s+0x%" G_GINT64_MODIFIER "x read%u -> 0x%" G_GINT64_MODIFIER "x", mr->name,
                 offset, size, value);
    }
    return value;
}

static void register_write(MemRegion *mr, uint64_t offset, unsigned size, bool big, uint64_t value)
{
    unsigned min = mr->ops.min_size ? mr->ops.min_size : 1;
    value &= ones(size);
    if (log_enabled(LOG_MMIO) && !mr->ops.traces_itself) {
        log_line(LOG_MMIO, "mmio: %s+0x%" G_GINT64_MODIFIER "x write%u <- 0x%" G_GINT64_MODIFIER "x",
                 mr->name, offset, size, value);
    }
    if (size < min && !mr->ops.narrow_writes) {
        uint64_t base = offset & ~(uint64_t)(min - 1);
        unsigned below = (unsigned)(offset - base);
        mr->ops.write(mr->opaque, base, value << (8 * (big ? min - size - below : below)), min);
    } else {
        mr->ops.write(mr->opaque, offset, value, size);
    }
}

/* ---- an access of any size and alignment inside one device ---- */

static uint64_t device_read(const AddressSpace *as, MemRegion *mr, uint64_t offset, unsigned size, bool big)
{
    bool dev_big = device_is_big(as, mr);
    unsigned max = mr->ops.max_size ? mr->ops.max_size : 4;
    uint64_t value = 0;
    for (unsigned pos = 0; pos < size;) {
        unsigned n = chunk_size(offset + pos, size - pos, max);
        uint64_t part = register_read(mr, offset + pos, n, dev_big);
        value |= part << (8 * (dev_big ? size - pos - n : pos));
        pos += n;
    }
    return dev_big == big ? value : bswap_size(value, size);
}

static void device_write(const AddressSpace *as, MemRegion *mr, uint64_t offset, unsigned size, bool big,
                         uint64_t value)
{
    bool dev_big = device_is_big(as, mr);
    unsigned max = mr->ops.max_size ? mr->ops.max_size : 4;
    value &= ones(size);
    if (dev_big != big) {
        value = bswap_size(value, size);
    }
    for (unsigned pos = 0; pos < size;) {
        unsigned n = chunk_size(offset + pos, size - pos, max);
        register_write(mr, offset + pos, n, dev_big, value >> (8 * (dev_big ? size - pos - n : pos)));
        pos += n;
    }
}

static void bus_lock(AddressSpace *as)
{
    if (as->lock) {
        g_rec_mutex_lock(as->lock);
    }
}

static void bus_unlock(AddressSpace *as)
{
    if (as->lock) {
        g_rec_mutex_unlock(as->lock);
    }
}

void as_host_written(AddressSpace *as, const uint8_t *host, uint64_t len)
{
    if (__atomic_load_n(&as->watched, __ATOMIC_RELAXED)) {
        as_note_write(as, host, len);
    }
    if (as->code_written) {
        as->code_written(as->code_opaque, (uintptr_t)host, len);
    }
}

static uint64_t host_read(const uint8_t *host, unsigned size, bool big)
{
    return big ? load_be(host, size) : load_le(host, size);
}

/* One single-copy access where the guest's alignment allows it: another vCPU may look. */
static void host_write(uint8_t *host, unsigned size, bool big, uint64_t value)
{
    uint8_t bytes[8];
    if (big) {
        store_be(bytes, size, value);
    } else {
        store_le(bytes, size, value);
    }
    if (size == 4 && ((uintptr_t)host & 3) == 0) {
        uint32_t v;
        memcpy(&v, bytes, 4);
        __atomic_store_n((uint32_t *)(void *)host, v, __ATOMIC_RELAXED);
    } else if (size == 2 && ((uintptr_t)host & 1) == 0) {
        uint16_t v;
        memcpy(&v, bytes, 2);
        __atomic_store_n((uint16_t *)(void *)host, v, __ATOMIC_RELAXED);
    } else {
        memcpy(host, bytes, size);
    }
}

static bool fits(const FlatRange *r, PhysAddr addr, uint64_t size)
{
    return r->last - addr >= size - 1;
}

MemResult as_read(AddressSpace *as, PhysAddr addr, unsigned size, bool big, uint64_t *value)
{
    FlatRange r;
    bool found = memory_view_lookup(as, addr, &r);
    if (!fits(&r, addr, size)) {
        uint8_t bytes[8];
        MemResult result = as_read_buf(as, addr, bytes, size);
        *value = host_read(bytes, size, big);
        return result;
    }
    if (found && r.host) {
        *value = host_read(r.host + (addr - r.first), size, big);
        return MEM_OK;
    }
    *value = ones(size);
    if (!found) {
        return MEM_NOTHING_THERE;
    }
    bus_lock(as);
    /* The map may have changed while we waited for the lock. */
    found = memory_view_lookup(as, addr, &r) && fits(&r, addr, size);
    if (found) {
        *value = r.host ? host_read(r.host + (addr - r.first), size, big)
                        : device_read(as, r.mr, r.offset + (addr - r.first), size, big);
    }
    bus_unlock(as);
    return found ? MEM_OK : MEM_NOTHING_THERE;
}

/* A write to anything but plain RAM, inside one range. */
static MemResult slow_write(AddressSpace *as, PhysAddr addr, unsigned size, bool big, uint64_t value)
{
    FlatRange r;
    bus_lock(as);
    bool found = memory_view_lookup(as, addr, &r) && fits(&r, addr, size);
    if (found && r.writable) {
        host_write(r.host + (addr - r.first), size, big, value);
        as_host_written(as, r.host + (addr - r.first), size);
    } else if (found && r.mr->kind == KIND_ROM) {
        guest_log("memory: write to ROM '%s' at 0x%" G_GINT64_MODIFIER "x ignored", r.mr->name, addr);
    } else if (found) {
        device_write(as, r.mr, r.offset + (addr - r.first), size, big, value);
    }
    bus_unlock(as);
    return found ? MEM_OK : MEM_NOTHING_THERE;
}

MemResult as_write(AddressSpace *as, PhysAddr addr, unsigned size, bool big, uint64_t value)
{
    FlatRange r;
    bool found = memory_view_lookup(as, addr, &r);
    if (!fits(&r, addr, size)) {
        uint8_t bytes[8];
        if (big) {
            store_be(bytes, size, value);
        } else {
            store_le(bytes, size, value);
        }
        return as_write_buf(as, addr, bytes, size);
    }
    if (!found) {
        return MEM_NOTHING_THERE;
    }
    if (!r.writable) {
        return slow_write(as, addr, size, big, value);
    }
    host_write(r.host + (addr - r.first), size, big, value);
    as_host_written(as, r.host + (addr - r.first), size);
    return MEM_OK;
}

/* How many of len bytes at addr lie in r. */
static uint64_t part_of(const FlatRange *r, PhysAddr addr, uint64_t len)
{
    uint64_t room = r->last - addr;
    return room >= len - 1 ? len : room + 1;
}

MemResult as_read_buf(AddressSpace *as, PhysAddr addr, void *buf, uint64_t len)
{
    MemResult result = MEM_OK;
    uint8_t *p = buf;
    while (len) {
        FlatRange r;
        bool found = memory_view_lookup(as, addr, &r);
        uint64_t n = part_of(&r, addr, len);
        if (!found) {
            memset(p, 0xff, n);
            result = MEM_NOTHING_THERE;
        } else if (r.host) {
            memcpy(p, r.host + (addr - r.first), n);
        } else {
            uint64_t value;
            n = chunk_size(addr, n, 4);
            if (as_read(as, addr, (unsigned)n, false, &value) != MEM_OK) {
                result = MEM_NOTHING_THERE;
            }
            store_le(p, (unsigned)n, value);
        }
        addr += n;
        p += n;
        len -= n;
    }
    return result;
}

MemResult as_write_buf(AddressSpace *as, PhysAddr addr, const void *buf, uint64_t len)
{
    MemResult result = MEM_OK;
    const uint8_t *p = buf;
    while (len) {
        FlatRange r;
        bool found = memory_view_lookup(as, addr, &r);
        uint64_t n = part_of(&r, addr, len);
        if (!found) {
            result = MEM_NOTHING_THERE;
        } else if (r.writable) {
            memcpy(r.host + (addr - r.first), p, n);
            as_host_written(as, r.host + (addr - r.first), n);
        } else if (r.mr->kind == KIND_ROM) {
            guest_log("memory: write to ROM '%s' at 0x%" G_GINT64_MODIFIER "x ignored", r.mr->name, addr);
        } else {
            n = chunk_size(addr, n, 4);
            if (slow_write(as, addr, (unsigned)n, false, load_le(p, (unsigned)n)) != MEM_OK) {
                result = MEM_NOTHING_THERE;
            }
        }
        addr += n;
        p += n;
        len -= n;
    }
    return result;
}
