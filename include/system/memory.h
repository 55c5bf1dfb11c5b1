/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest physical memory: a tree of regions, flattened into ranges that do not overlap.
 *
 * Regions are made and moved under the machine lock. RAM is one memfd per block and its
 * host pointer never changes during the life of the region; RAM contents are accessed
 * without a lock. Device accesses are made under the machine lock, which as_read and
 * as_write take themselves when the caller does not hold it.
 */
#ifndef SYSTEM_MEMORY_H
#define SYSTEM_MEMORY_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t PhysAddr;

typedef enum {
    MEM_LITTLE,         /* registers are little endian whatever the CPU is */
    MEM_BIG,
    MEM_NATIVE,         /* registers have the byte order of the guest CPU */
} MemEndian;

/* What a device answers. addr is relative to the region; size is 1, 2, 4 or 8, between
 * min_size and max_size: a wider access is split in ascending addresses, a narrower one
 * is widened to the aligned min_size register for reads and, for writes, passed with its
 * own size when narrow_writes is set, else merged with zeros. */
typedef struct {
    uint64_t (*read)(void *opaque, PhysAddr addr, unsigned size);
    void (*write)(void *opaque, PhysAddr addr, uint64_t value, unsigned size);
    MemEndian endian;
    uint8_t min_size, max_size;     /* 0 means 1 and 4 */
    bool narrow_writes;
    bool traces_itself;             /* the device logs its accesses under LOG_MMIO, with names */
} MemOps;

typedef struct MemRegion MemRegion;
typedef struct AddressSpace AddressSpace;

/* ---- regions: made unattached; owned by the caller until mem_free ---- */

/* A window that only holds others. size may be up to 2^64 - 1. */
MemRegion *mem_container_new(const char *name, uint64_t size);
/* RAM backed by its own memfd; size a multiple of 64 KiB; NULL with err when the host
 * has not that much. mem_rom_new: the same, guest writes are ignored and logged. */
MemRegion *mem_ram_new(const char *name, uint64_t size, GError **err);
/* RAM of the file fd, which it takes over (also when it fails) and makes as large as size; share:
 * changes reach the file. */
MemRegion *mem_ram_new_file(const char *name, uint64_t size, int fd, bool share, GError **err);
MemRegion *mem_rom_new(const char *name, uint64_t size, GError **err);
/* Flash: reads come from memory while mem_set_direct_read(true), writes and all other
 * reads go to ops. All 0xff at first; size: whole pieces of 64 KiB. */
MemRegion *mem_romd_new(const char *name, uint64_t size, const MemOps *ops, void *opaque, GError **err);
MemRegion *mem_io_new(const char *name, uint64_t size, const MemOps *ops, void *opaque);
/* A window onto size bytes of target from offset. */
MemRegion *mem_alias_new(const char *name, MemRegion *target, uint64_t offset, uint64_t size);
/* Detaches the region and its children first; aliases of it become empty. NULL is allowed. */
void mem_free(MemRegion *mr);

/* ---- the tree ---- */

/* Places child at offset in parent; where children overlap, higher priority wins, then
 * the later one. */
void mem_add(MemRegion *parent, uint64_t offset, MemRegion *child, int priority);
void mem_del(MemRegion *child);
void mem_set_enabled(MemRegion *mr, bool enabled);
void mem_set_offset(MemRegion *mr, uint64_t offset);
void mem_set_direct_read(MemRegion *romd, bool direct);
/* Between begin and commit the flat view is not rebuilt; may nest. */
void mem_batch_begin(AddressSpace *as);
void mem_batch_commit(AddressSpace *as);

const char *mem_name(const MemRegion *mr);
uint64_t mem_size(const MemRegion *mr);
/* Host address of the first byte of a RAM, ROM or ROMD region; NULL for others. */
uint8_t *mem_host(MemRegion *mr);
/* The memfd behind it, or -1. */
int mem_fd(MemRegion *mr);

/* ---- an address space: the flat view of one root ---- */

AddressSpace *as_new(const char *name, MemRegion *root);
void as_free(AddressSpace *as);
/* The lock that device accesses take (NULL: none, for tests of one thread) and the byte
 * order that MEM_NATIVE stands for. Before the first access. */
void as_set_bus(AddressSpace *as, GRecMutex *lock, bool big_endian);

typedef struct {
    uint8_t *host;      /* of the first byte asked for; NULL when it is not memory */
    uint64_t len;       /* bytes that follow in the same range, from the address asked for */
    bool writable;      /* plain RAM; a write to other memory must go through as_write */
    uint64_t ram_id;    /* of the backing byte: host as a number, the same for every alias of it */
    uint8_t *written;   /* the mark of its page, where writes are watched (below); NULL: they are not */
} MemSpan;

/* What is at addr, for direct access. Lock-free (RCU-like: the old view lives until the
 * next change but one); cheap enough for a TLB fill. */
MemSpan as_span(AddressSpace *as, PhysAddr addr);

typedef enum { MEM_OK, MEM_NOTHING_THERE } MemResult;

/* One access of size 1, 2, 4 or 8 as the bus makes it, device side effects included.
 * big: the byte order in which the requester keeps *value. An address without a region
 * gives MEM_NOTHING_THERE and *value all ones. May be misaligned. */
MemResult as_read(AddressSpace *as, PhysAddr addr, unsigned size, bool big, uint64_t *value);
MemResult as_write(AddressSpace *as, PhysAddr addr, unsigned size, bool big, uint64_t value);

/* Copies between guest memory and buf in memory order; len may cross ranges; devices see
 * aligned accesses of at most 4 bytes. */
MemResult as_read_buf(AddressSpace *as, PhysAddr addr, void *buf, uint64_t len);
MemResult as_write_buf(AddressSpace *as, PhysAddr addr, const void *buf, uint64_t len);

/* Called under the machine lock after the flat view changed. */
typedef void (*MemChanged)(void *opaque);
void as_add_listener(AddressSpace *as, MemChanged changed, void *opaque);
/* The one added with the same two is called no more. Lock held. */
void as_remove_listener(AddressSpace *as, MemChanged changed, void *opaque);

/* Called when memory that may hold translated code is written by anything but a CPU's own
 * translated store (devices, loaders, debuggers), before the write returns. */
typedef void (*MemCodeWritten)(void *opaque, uint64_t ram_id, uint64_t len);
void as_set_code_listener(AddressSpace *as, MemCodeWritten written, void *opaque);
/* Tells that listener of a write made through mem_host: flash programming, loaders. */
void as_host_written(AddressSpace *as, const uint8_t *host, uint64_t len);

/* ---- which pages were written: for displays, which draw only those ---- */

/*
 * An engine that gives the guest direct access to a page does so for writing only while its mark
 * (MemSpan.written) is set, and as_note_write sets it at the first write. A collection takes the
 * marks away again, and with them the right; a page whose mark was taken is settled, and may be
 * taken by whoever draws it, until it is written again.
 */
typedef struct MemWritten MemWritten;
/* The first write since the last collection has happened, or (settled) a collection is done; any thread, any
 * lock. */
typedef void (*MemTouched)(void *opaque, bool settled);
/* Watches a block of RAM from now on; all of it counts as written and settled. Freed with the region, which
 * lives as long as the machine. Lock held, and nobody runs the guest yet. */
MemWritten *mem_watch_writes(AddressSpace *as, MemRegion *ram, MemTouched touched, void *opaque);
/* Begins a collection; touched is called when it is done by a thread of the engine's. Lock held. */
void mem_collect_writes(AddressSpace *as, MemWritten *w);
/* Whether a page was settled since it was taken last; takes it. Before its contents are read. Lock held. */
bool mem_take_written(MemWritten *w, uint64_t page);
/* The engine does not tell of first writes: collect now and then. */
bool as_polls_writes(AddressSpace *as);

/* For whoever writes: [host, host + len) is being written. Any thread. */
void as_note_write(AddressSpace *as, const uint8_t *host, uint64_t len);

/* For engines: what runs the guest, or NULL. */
typedef struct {
    bool polled;
    /* Settles all pages that are written, now or soon and then calls mem_settled. Lock held. */
    void (*collect)(void *opaque, MemWritten *w);
} MemWriteEngine;
void as_set_write_engine(AddressSpace *as, const MemWriteEngine *engine, void *opaque);
uint64_t mem_written_pages(const MemWritten *w, const uint8_t **host);
bool mem_page_written(const MemWritten *w, uint64_t page);
/* Takes the page's mark; the guest's next write to it is seen. */
void mem_settle_page(MemWritten *w, uint64_t page);
void mem_settled(MemWritten *w);

/* "info mtree": the tree and the flat view; the caller frees it. */
char *as_describe(AddressSpace *as);

#endif
