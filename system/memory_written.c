/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pages of a block of RAM have been written: for displays, which draw only those. */
#include <string.h>
#include "system/memory.h"
#include "system/memory_internal.h"

/* Whoever asks owns the marks of a page one after the other: the writer sets written, the engine that runs
 * the guest turns it into settled once further writes would be seen, and the asker takes that. */
struct MemWritten {
    const uint8_t *host;
    uint64_t pages;
    MemTouched touched;
    void *opaque;
    uint8_t any;                /* atomic: something was written since the last collection */
    uint8_t *written, *settled; /* atomic, one byte per page */
    AddressSpace *as;
    MemWritten *next;           /* of the address space */
};

#define PAGE_SHIFT 12

static uint8_t exchange(uint8_t *byte, uint8_t value)
{
    return __atomic_exchange_n(byte, value, __ATOMIC_ACQ_REL);
}

MemWritten *mem_watch_writes(AddressSpace *as, MemRegion *ram, MemTouched touched, void *opaque)
{
    g_assert(ram->kind == KIND_RAM && !ram->writes);
    MemWritten *w = g_new0(MemWritten, 1);
    w->as = as;
    w->host = ram->host;
    w->pages = ram->size >> PAGE_SHIFT;
    w->touched = touched;
    w->opaque = opaque;
    w->written = g_malloc0(w->pages);
    w->settled = g_malloc(w->pages);
    memset(w->settled, 1, w->pages);
    w->next = as->watched;
    ram->writes = w;
    __atomic_store_n(&as->watched, w, __ATOMIC_RELEASE);
    return w;
}

void memory_written_free(MemWritten *w)
{
    if (w && w->as) {
        MemWritten **link = &w->as->watched;
        while (*link != w) {
            link = &(*link)->next;
        }
        __atomic_store_n(link, w->next, __ATOMIC_RELEASE);
    }
    if (w) {
        g_free(w->written);
        g_free(w->settled);
        g_free(w);
    }
}

void memory_written_leave(AddressSpace *as)
{
    for (MemWritten *w = as->watched; w; w = w->next) {
        w->as = NULL;
    }
}

uint8_t *memory_written_mark(const MemRegion *mr, uint64_t offset)
{
    return mr->writes ? &mr->writes->written[offset >> PAGE_SHIFT] : NULL;
}

/* ---- the writer's side ---- */

static void touch(MemWritten *w)
{
    if (!__atomic_load_n(&w->any, __ATOMIC_RELAXED) && !exchange(&w->any, 1)) {
        w->touched(w->opaque, false);
    }
}

static MemWritten *watch_of(AddressSpace *as, const uint8_t *host)
{
    MemWritten *w = __atomic_load_n(&as->watched, __ATOMIC_ACQUIRE);
    while (w && (uint64_t)(host - w->host) >> PAGE_SHIFT >= w->pages) {
        w = w->next;
    }
    return w;
}

void as_note_write(AddressSpace *as, const uint8_t *host, uint64_t len)
{
    MemWritten *w = watch_of(as, host);
    if (!w || len == 0) {
        return;
    }
    uint64_t first = (uint64_t)(host - w->host), last = first + len - 1;
    for (uint64_t page = first >> PAGE_SHIFT; page <= last >> PAGE_SHIFT && page < w->pages; page++) {
        __atomic_store_n(&w->written[page], 1, __ATOMIC_RELEASE);
    }
    touch(w);
}

/* ---- the asker's side ---- */

void as_set_write_engine(AddressSpace *as, const MemWriteEngine *engine, void *opaque)
{
    as->write_engine = engine;
    as->write_engine_opaque = opaque;
}

bool as_polls_writes(AddressSpace *as)
{
    return as->write_engine && as->write_engine->polled;
}

void mem_collect_writes(AddressSpace *as, MemWritten *w)
{
    bool any = exchange(&w->any, 0);
    if (as->write_engine && (any || as->write_engine->polled)) {
        as->write_engine->collect(as->write_engine_opaque, w);
    } else if (any) {
        for (uint64_t page = 0; page < w->pages; page++) {
            mem_settle_page(w, page);
        }
    }
}

bool mem_page_written(const MemWritten *w, uint64_t page)
{
    return __atomic_load_n(&w->written[page], __ATOMIC_ACQUIRE);
}

void mem_settle_page(MemWritten *w, uint64_t page)
{
    if (exchange(&w->written[page], 0)) {
        __atomic_store_n(&w->settled[page], 1, __ATOMIC_RELEASE);
    }
}

void mem_settled(MemWritten *w)
{
    w->touched(w->opaque, true);
}

uint64_t mem_written_pages(const MemWritten *w, const uint8_t **host)
{
    *host = w->host;
    return w->pages;
}

bool mem_take_written(MemWritten *w, uint64_t page)
{
    return __atomic_load_n(&w->settled[page], __ATOMIC_RELAXED) && exchange(&w->settled[page], 0);
}
