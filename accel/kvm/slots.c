/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM_SET_USER_MEMORY_REGION. A slot's size, host address and read-only flag cannot change,
 * so a range that is another one than before is taken away first and made anew.
 */
#include "accel/kvm/slots.h"

#include <string.h>
#include "accel/kvm/abi.h"
#include "util/error.h"

#define SLOTS_MAX 64
#define HEX "0x%" G_GINT64_MODIFIER "x"

typedef struct {
    uint64_t start, size;       /* guest physical, bytes; size 0: free */
    uint8_t *host;
    bool writable;
    bool watched;               /* a display wants to know what is written */
} Slot;

struct KvmSlots {
    const KvmVm *vm;
    AddressSpace *as;
    unsigned count;             /* of slots that may be used */
    bool log_dirty;
    Slot slots[SLOTS_MAX];
};

static int tell(const KvmSlots *s, unsigned n, uint64_t size)
{
    const Slot *slot = &s->slots[n];
    struct kvm_userspace_memory_region region = {
        .slot = n, .guest_phys_addr = slot->start, .memory_size = size,
        .userspace_addr = (uintptr_t)slot->host,
        .flags = (slot->writable ? 0 : KVM_MEM_READONLY) |
                 ((s->log_dirty && slot->writable) || slot->watched ? KVM_MEM_LOG_DIRTY_PAGES : 0),
    };
    return kvm_vm_ioctl(s->vm, s->vm->fd, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region);
}

static bool refused(GError **err, const Slot *slot, int error)
{
    return error_set(err, "KVM refuses %s memory at " HEX ", " HEX " bytes: %s",
                     slot->writable ? "writable" : "read-only", slot->start, slot->size, g_strerror(-error));
}

/* ---- what there should be ---- */

/* The part of a range that whole host pages cover, if its host address allows it. */
static Slot whole_pages(uint64_t start, const MemSpan *span, uint64_t page)
{
    uint64_t first = (start + page - 1) & ~(page - 1), end = (start + span->len) & ~(page - 1);
    Slot slot = { first, end > first ? end - first : 0, span->host + (first - start), span->writable,
                  span->written != NULL };
    if (((uintptr_t)slot.host & (page - 1)) != 0) {
        slot.size = 0;
    }
    return slot;
}

static GArray *wanted(const KvmSlots *s)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(Slot));
    uint64_t at = 0;
    for (;;) {
        MemSpan span = as_span(s->as, at);
        if (span.host) {
            Slot slot = whole_pages(at, &span, s->vm->host.page_size);
            if (slot.size) {
                g_array_append_val(list, slot);
            }
        }
        if (span.len > UINT64_MAX - at) {
            return list;
        }
        at += span.len;
        if (at == 0) {
            return list;
        }
    }
}

static bool same(const Slot *a, const Slot *b)
{
    return a->start == b->start && a->size == b->size && a->host == b->host && a->writable == b->writable;
}

/* ---- making it so ---- */

static bool is_wanted(const GArray *list, const Slot *slot)
{
    for (unsigned i = 0; i < list->len; i++) {
        if (same(&g_array_index(list, Slot, i), slot)) {
            return true;
        }
    }
    return false;
}

static bool remove_slot(KvmSlots *s, unsigned n, GError **err)
{
    int r = tell(s, n, 0);
    if (r < 0) {
        return refused(err, &s->slots[n], r);
    }
    s->slots[n].size = 0;
    return true;
}

static bool add_slot(KvmSlots *s, const Slot *slot, GError **err)
{
    unsigned n = 0;
    while (n < s->count && s->slots[n].size) {
        n++;
    }
    if (n == s->count) {
        return error_set(err, "KVM has only %u memory slots, too few for this machine's memory map",
                         s->count);
    }
    s->slots[n] = *slot;
    int r = tell(s, n, slot->size);
    if (r < 0) {
        s->slots[n].size = 0;
        return refused(err, slot, r);
    }
    return true;
}

bool kvm_slots_update(KvmSlots *s, GError **err)
{
    g_autoptr(GArray) list = wanted(s);
    for (unsigned n = 0; n < s->count; n++) {
        if (s->slots[n].size && !is_wanted(list, &s->slots[n]) && !remove_slot(s, n, err)) {
            return false;
        }
    }
    for (unsigned i = 0; i < list->len; i++) {
        const Slot *slot = &g_array_index(list, Slot, i);
        bool there = false;
        for (unsigned n = 0; n < s->count; n++) {
            there = there || (s->slots[n].size && same(&s->slots[n], slot));
        }
        if (!there && !add_slot(s, slot, err)) {
            return false;
        }
    }
    return true;
}

/* ---- dirty pages ---- */

bool kvm_slots_log_dirty(KvmSlots *s, bool on, GError **err)
{
    s->log_dirty = on;
    for (unsigned n = 0; n < s->count; n++) {
        int r = s->slots[n].size && s->slots[n].writable ? tell(s, n, s->slots[n].size) : 0;
        if (r < 0) {
            return refused(err, &s->slots[n], r);
        }
    }
    return true;
}

static bool get_bit(const unsigned long *words, uint64_t n)
{
    return words[n / (8 * sizeof(long))] >> n % (8 * sizeof(long)) & 1;
}

/* The kernel's bitmap is in its long words; every page of the slot that lies in the block
 * is entered where the block has it. */
static void enter_dirty(const Slot *slot, const unsigned long *found, uint64_t page, const uint8_t *host,
                        uint64_t len, uint64_t *bitmap)
{
    for (uint64_t i = 0; i < slot->size / page; i++) {
        uintptr_t at = (uintptr_t)slot->host + i * page;
        if (get_bit(found, i) && at >= (uintptr_t)host && at < (uintptr_t)host + len) {
            uint64_t n = (at - (uintptr_t)host) / page;
            bitmap[n / 64] |= UINT64_C(1) << n % 64;
        }
    }
}

static bool slot_fetch_dirty(const KvmSlots *s, const Slot *slot, unsigned n, const uint8_t *host,
                             uint64_t len, uint64_t *bitmap, GError **err)
{
    uint64_t page = s->vm->host.page_size;
    size_t words = (slot->size / page + 8 * sizeof(long) - 1) / (8 * sizeof(long));
    g_autofree unsigned long *found = g_new0(unsigned long, words + 1);
    struct kvm_dirty_log log = { .slot = n, .dirty_bitmap = found };
    int r = kvm_vm_ioctl(s->vm, s->vm->fd, KVM_GET_DIRTY_LOG, (uintptr_t)&log);
    if (r < 0) {
        return error_set(err, "KVM_GET_DIRTY_LOG of the memory at " HEX ": %s", slot->start, g_strerror(-r));
    }
    enter_dirty(slot, found, page, host, len, bitmap);
    return true;
}

bool kvm_slots_fetch_dirty(KvmSlots *s, const uint8_t *host, uint64_t len, uint64_t *bitmap, GError **err)
{
    for (unsigned n = 0; n < s->count; n++) {
        const Slot *slot = &s->slots[n];
        if (slot->size && slot->writable && !slot_fetch_dirty(s, slot, n, host, len, bitmap, err)) {
            return false;
        }
    }
    return true;
}

/* Settles what the guest wrote of the block since it was asked last. */
static void collect_writes(void *opaque, MemWritten *w)
{
    KvmSlots *s = opaque;
    const uint8_t *host;
    uint64_t pages = mem_written_pages(w, &host);
    g_autofree uint64_t *found = g_new0(uint64_t, pages / 64 + 1);
    for (unsigned n = 0; n < s->count; n++) {
        const Slot *slot = &s->slots[n];
        if (slot->size && slot->watched && (uint64_t)(slot->host - host) < pages * 4096) {
            slot_fetch_dirty(s, slot, n, host, pages * 4096, found, NULL);
        }
    }
    unsigned shift = (unsigned)g_bit_nth_lsf(s->vm->host.page_size, -1) - 12;
    for (uint64_t page = 0; page < pages; page++) {
        uint64_t in_host = page >> shift;
        if (found[in_host / 64] >> in_host % 64 & 1) {
            as_note_write(s->as, host + page * 4096, 1);
        }
        mem_settle_page(w, page);
    }
}

/* ---- life ---- */

KvmSlots *kvm_slots_new(const KvmVm *vm, AddressSpace *as)
{
    static const MemWriteEngine engine = { true, collect_writes };
    KvmSlots *s = g_new0(KvmSlots, 1);
    s->vm = vm;
    s->as = as;
    s->count = (unsigned)MIN(vm->slots, SLOTS_MAX);
    as_set_write_engine(as, &engine, s);
    return s;
}

void kvm_slots_free(KvmSlots *s)
{
    for (unsigned n = 0; n < s->count; n++) {
        if (s->slots[n].size) {
            tell(s, n, 0);
        }
    }
    as_set_write_engine(s->as, NULL, NULL);
    g_free(s);
}
