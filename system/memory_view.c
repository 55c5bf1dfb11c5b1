/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest physical memory: the flat view of a region tree. */
#include <string.h>
#include "system/memory.h"
#include "system/memory_internal.h"
#include "util/log.h"

#define MAX_DEPTH 32

/* ---- flattening ---- */

static FlatRange make_range(MemRegion *mr, uint64_t first, uint64_t last, uint64_t offset)
{
    bool reads = mr->kind == KIND_RAM || mr->kind == KIND_ROM || (mr->kind == KIND_ROMD && mr->direct);
    return (FlatRange){
        .first = first, .last = last, .offset = offset, .mr = mr,
        .host = reads ? mr->host + offset : NULL,
        .writable = mr->kind == KIND_RAM,
    };
}

/* Adds the parts of [first, last] that nothing covers yet. */
static void insert_uncovered(GArray *ranges, MemRegion *mr, uint64_t first, uint64_t last, uint64_t offset)
{
    unsigned i = 0;
    for (;;) {
        while (i < ranges->len && g_array_index(ranges, FlatRange, i).last < first) {
            i++;
        }
        FlatRange *next = i < ranges->len ? &g_array_index(ranges, FlatRange, i) : NULL;
        if (!next || next->first > last) {
            FlatRange r = make_range(mr, first, last, offset);
            g_array_insert_val(ranges, i, r);
            return;
        }
        uint64_t covered_first = next->first, covered_last = next->last;
        if (covered_first > first) {
            FlatRange r = make_range(mr, first, covered_first - 1, offset);
            g_array_insert_val(ranges, i, r);
        }
        if (covered_last >= last) {
            return;
        }
        offset += covered_last + 1 - first;
        first = covered_last + 1;
    }
}

/* Shows bytes lo..hi (both included) of mr; its byte 0 would be at guest address base,
 * counted modulo 2^64. */
static void render(GArray *ranges, MemRegion *mr, uint64_t lo, uint64_t hi, uint64_t base, unsigned depth)
{
    g_assert(depth < MAX_DEPTH);
    if (!mr->enabled) {
        return;
    }
    for (unsigned i = 0; i < mr->children->len; i++) {
        MemRegion *c = g_ptr_array_index(mr->children, i);
        uint64_t c_last = c->size - 1 > UINT64_MAX - c->offset ? UINT64_MAX : c->offset + c->size - 1;
        uint64_t from = MAX(lo, c->offset), to = MIN(hi, c_last);
        if (from <= to) {
            render(ranges, c, from - c->offset, to - c->offset, base + c->offset, depth + 1);
        }
    }
    if (mr->kind == KIND_ALIAS && mr->target) {
        uint64_t room = mr->target->size - 1 - mr->target_offset;
        if (lo <= room) {
            render(ranges, mr->target, lo + mr->target_offset, MIN(hi, room) + mr->target_offset,
                   base - mr->target_offset, depth + 1);
        }
    } else if (mr->kind != KIND_CONTAINER && mr->kind != KIND_ALIAS) {
        insert_uncovered(ranges, mr, base + lo, base + hi, lo);
    }
}

static bool continues(const FlatRange *a, const FlatRange *b)
{
    return a->mr == b->mr && a->last + 1 == b->first && a->offset + (b->first - a->first) == b->offset;
}

static void merge(GArray *ranges)
{
    unsigned out = 0;
    for (unsigned i = 0; i < ranges->len; i++) {
        FlatRange *r = &g_array_index(ranges, FlatRange, i);
        FlatRange *prev = out ? &g_array_index(ranges, FlatRange, out - 1) : NULL;
        if (prev && continues(prev, r)) {
            prev->last = r->last;
        } else {
            g_array_index(ranges, FlatRange, out++) = *r;
        }
    }
    g_array_set_size(ranges, out);
}

/* ---- publishing ---- */

/* A view may be overwritten while a reader looks (who finds out afterwards), so its words
 * are moved one by one as relaxed atomics: no more than plain moves, but no data race. */
typedef unsigned long __attribute__((may_alias)) ViewWord;

G_STATIC_ASSERT(sizeof(FlatRange) % sizeof(ViewWord) == 0);

static void view_load(void *to, const void *from, size_t size)
{
    for (size_t i = 0; i < size / sizeof(ViewWord); i++) {
        ((ViewWord *)to)[i] = __atomic_load_n((const ViewWord *)from + i, __ATOMIC_RELAXED);
    }
}

static void view_store(void *to, const void *from, size_t size)
{
    for (size_t i = 0; i < size / sizeof(ViewWord); i++) {
        __atomic_store_n((ViewWord *)to + i, ((const ViewWord *)from)[i], __ATOMIC_RELAXED);
    }
}

static uint64_t view_address(const uint64_t *from)
{
    uint64_t address;
    view_load(&address, from, sizeof(address));
    return address;
}

static FlatView *view_new(unsigned capacity)
{
    FlatView *view = g_malloc0(sizeof(FlatView) + capacity * sizeof(FlatRange));
    view->capacity = capacity;
    return view;
}

static bool view_equals(const FlatView *view, const GArray *ranges)
{
    if (view->n != ranges->len) {
        return false;
    }
    for (unsigned i = 0; i < view->n; i++) {
        const FlatRange *a = &view->ranges[i], *b = &g_array_index(ranges, FlatRange, i);
        if (a->first != b->first || a->last != b->last || a->offset != b->offset || a->mr != b->mr ||
            a->host != b->host || a->writable != b->writable) {
            return false;
        }
    }
    return true;
}

/* A reader that still uses the spare view sees the generation move on and tries again. */
static void publish(AddressSpace *as, const GArray *ranges)
{
    FlatView *view = as->spare;
    if (view->capacity < ranges->len) {
        g_ptr_array_add(as->outgrown, view);
        view = view_new(ranges->len * 2);
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    __atomic_store_n(&view->n, 0, __ATOMIC_RELAXED);
    view_store(view->ranges, ranges->data, ranges->len * sizeof(FlatRange));
    __atomic_store_n(&view->last_hit, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&view->n, ranges->len, __ATOMIC_RELAXED);
    as->spare = as->view;
    __atomic_store_n(&as->view, view, __ATOMIC_RELEASE);
    __atomic_store_n(&as->generation, as->generation + 1, __ATOMIC_SEQ_CST);
}

void memory_view_update(AddressSpace *as)
{
    if (as->batch) {
        as->pending = true;
        return;
    }
    as->pending = false;
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(FlatRange));
    if (as->root) {
        render(ranges, as->root, 0, as->root->size - 1, 0, 0);
        merge(ranges);
    }
    if (!view_equals(as->view, ranges)) {
        publish(as, ranges);
        for (unsigned i = 0; i < as->listeners->len; i++) {
            MemListener *l = &g_array_index(as->listeners, MemListener, i);
            l->changed(l->opaque);
        }
        if (log_enabled(LOG_PAGE)) {
            char *text = as_describe(as);
            log_line(LOG_PAGE, "%s", text);
            g_free(text);
        }
    }
    g_array_free(ranges, TRUE);
}

void mem_batch_begin(AddressSpace *as)
{
    as->batch++;
}

void mem_batch_commit(AddressSpace *as)
{
    g_assert(as->batch > 0);
    if (--as->batch == 0 && as->pending) {
        memory_view_update(as);
    }
}

/* ---- looking up ---- */

/* The index of the first range that ends at or after addr; n if there is none. */
static unsigned view_search(const FlatView *view, unsigned n, uint64_t addr)
{
    unsigned lo = 0, hi = n;
    while (lo < hi) {
        unsigned mid = lo + (hi - lo) / 2;
        if (view_address(&view->ranges[mid].last) < addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

static bool view_find(FlatView *view, uint64_t addr, FlatRange *range)
{
    unsigned n = __atomic_load_n(&view->n, __ATOMIC_RELAXED);
    unsigned i = __atomic_load_n(&view->last_hit, __ATOMIC_RELAXED);
    if (i < n) {
        view_load(range, &view->ranges[i], sizeof(*range));
        if (addr >= range->first && addr <= range->last) {
            return true;
        }
    }
    i = view_search(view, n, addr);
    if (i == n || view_address(&view->ranges[i].first) > addr) {
        memset(range, 0, sizeof(*range));
        range->first = i ? view_address(&view->ranges[i - 1].last) + 1 : 0;
        range->last = i < n ? view_address(&view->ranges[i].first) - 1 : UINT64_MAX;
        return false;
    }
    __atomic_store_n(&view->last_hit, i, __ATOMIC_RELAXED);
    view_load(range, &view->ranges[i], sizeof(*range));
    return true;
}

bool memory_view_lookup(AddressSpace *as, uint64_t addr, FlatRange *range)
{
    for (;;) {
        unsigned generation = __atomic_load_n(&as->generation, __ATOMIC_ACQUIRE);
        bool found = view_find(__atomic_load_n(&as->view, __ATOMIC_ACQUIRE), addr, range);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (G_LIKELY(__atomic_load_n(&as->generation, __ATOMIC_RELAXED) == generation)) {
            return found;
        }
    }
}

MemSpan as_span(AddressSpace *as, PhysAddr addr)
{
    FlatRange r;
    MemSpan span = { 0 };
    bool found = memory_view_lookup(as, addr, &r);
    span.len = r.last - addr == UINT64_MAX ? UINT64_MAX : r.last - addr + 1;
    if (found && r.host) {
        span.host = r.host + (addr - r.first);
        span.writable = r.writable;
        span.ram_id = (uintptr_t)span.host;
        span.written = memory_written_mark(r.mr, r.offset + (addr - r.first));
    }
    return span;
}

/* ---- life of an address space ---- */

AddressSpace *as_new(const char *name, MemRegion *root)
{
    AddressSpace *as = g_new0(AddressSpace, 1);
    as->name = g_strdup(name);
    as->root = root;
    as->view = view_new(64);
    as->spare = view_new(64);
    as->outgrown = g_ptr_array_new_with_free_func(g_free);
    as->listeners = g_array_new(FALSE, FALSE, sizeof(MemListener));
    g_ptr_array_add(root->spaces, as);
    memory_view_update(as);
    return as;
}

void as_free(AddressSpace *as)
{
    if (!as) {
        return;
    }
    if (as->root) {
        g_ptr_array_remove(as->root->spaces, as);
    }
    memory_written_leave(as);
    g_ptr_array_free(as->outgrown, TRUE);
    g_array_free(as->listeners, TRUE);
    g_free(as->view);
    g_free(as->spare);
    g_free(as->name);
    g_free(as);
}

void as_set_bus(AddressSpace *as, GRecMutex *lock, bool big_endian)
{
    as->lock = lock;
    as->big_endian = big_endian;
}

void as_add_listener(AddressSpace *as, MemChanged changed, void *opaque)
{
    MemListener l = { changed, opaque };
    g_array_append_val(as->listeners, l);
}

void as_remove_listener(AddressSpace *as, MemChanged changed, void *opaque)
{
    for (unsigned i = 0; i < as->listeners->len; i++) {
        const MemListener *l = &g_array_index(as->listeners, MemListener, i);
        if (l->changed == changed && l->opaque == opaque) {
            g_array_remove_index(as->listeners, i);
            return;
        }
    }
}

void as_set_code_listener(AddressSpace *as, MemCodeWritten written, void *opaque)
{
    as->code_written = written;
    as->code_opaque = opaque;
}

/* ---- describing ---- */

static const char *kind_name(const MemRegion *mr)
{
    static const char *const names[] = {
        [KIND_CONTAINER] = "container", [KIND_RAM] = "ram", [KIND_ROM] = "rom", [KIND_ROMD] = "romd",
        [KIND_IO] = "i/o", [KIND_ALIAS] = "alias",
    };
    return names[mr->kind];
}

static void describe_region(GString *out, const MemRegion *mr, uint64_t base, unsigned depth)
{
    uint64_t first = base + mr->offset;
    g_string_append_printf(out, "%*s%016" G_GINT64_MODIFIER "x-%016" G_GINT64_MODIFIER "x (prio %d, %s): %s",
                           (int)(2 * depth + 2), "", first, first + mr->size - 1, mr->priority,
                           kind_name(mr), mr->name);
    if (mr->kind == KIND_ALIAS && mr->target) {
        g_string_append_printf(out, " @%s %016" G_GINT64_MODIFIER "x", mr->target->name, mr->target_offset);
    }
    g_string_append(out, mr->enabled ? "\n" : " [disabled]\n");
    for (unsigned i = 0; i < mr->children->len; i++) {
        describe_region(out, g_ptr_array_index(mr->children, i), first, depth + 1);
    }
}

char *as_describe(AddressSpace *as)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "address-space: %s\n", as->name);
    if (as->root) {
        describe_region(out, as->root, 0, 0);
    }
    g_string_append(out, "flat view:\n");
    for (unsigned i = 0; i < as->view->n; i++) {
        const FlatRange *r = &as->view->ranges[i];
        g_string_append_printf(out, "  %016" G_GINT64_MODIFIER "x-%016" G_GINT64_MODIFIER "x (%s): %s @%"
                               G_GINT64_MODIFIER "x\n", r->first, r->last, kind_name(r->mr), r->mr->name,
                               r->offset);
    }
    return g_string_free(out, FALSE);
}
