/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory slots: what the host's kernel takes, and what a guest then sees. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "tests/kvm/kvm_guest.h"

/* Slots beside the RAM of slot 0, at these physical addresses; each has UNIT bytes. */
#define UNIT UINT64_C(0x40000)
#define PHYS_A UINT64_C(0x00400000)
#define PHYS_B UINT64_C(0x00800000)

typedef struct {
    KvmGuest *g;
    Result *r;
    uint8_t *backing;           /* 2 * UNIT */
} Memory;

static bool start(Memory *m, KvmTest *kvm, Result *r)
{
    *m = (Memory){ .g = kvm_guest_new(kvm, r), .r = r };
    m->backing = mmap(NULL, 2 * UNIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m->backing == MAP_FAILED) {
        m->backing = NULL;
        result_fail(r, "memory: %s", g_strerror(errno));
    }
    return m->g && m->backing;
}

static void end(Memory *m)
{
    if (m->backing) {
        munmap(m->backing, 2 * UNIT);
    }
    kvm_guest_free(m->g);
}

static void put(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
}

static uint32_t at(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

/* The guest reads RAM there, or leaves because nothing is there. */
#define EXPECT_RAM(m, where, want) do { \
    KvmAccess a_ = kvm_guest_load((m)->g, where, 0x0badcafe); \
    EXPECT((m)->r, a_.error, 0); \
    EXPECT((m)->r, a_.phys, KVM_NO_PHYS); \
    EXPECT((m)->r, a_.value, want); \
} while (0)
#define EXPECT_HOLE(m, where) do { \
    KvmAccess a_ = kvm_guest_load((m)->g, where, 0x5ca1ab1e); \
    EXPECT((m)->r, a_.error, 0); \
    EXPECT((m)->r, a_.phys, where); \
    EXPECT((m)->r, a_.value, 0x5ca1ab1e); \
} while (0)

static void case_alignment(KvmTest *kvm, Result *r)
{
    Memory m;
    uint64_t half = kvm->host.page_size / 2;
    if (start(&m, kvm, r)) {
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_A + half, UNIT, m.backing), -EINVAL);
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_A, UNIT + half, m.backing), -EINVAL);
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_A, UNIT, m.backing + half), -EINVAL);
        EXPECT(r, kvm_guest_slot(m.g, 1, 0x80, PHYS_A, UNIT, m.backing), -EINVAL);
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_A, 2 * half, m.backing), 0);
        put(m.backing, 77);
        EXPECT_RAM(&m, PHYS_A, 77);
        EXPECT_HOLE(&m, PHYS_A + 2 * half);
    }
    end(&m);
}

static void case_slot_numbers(KvmTest *kvm, Result *r)
{
    Memory m;
    int slots = kvm_test_cap(kvm, kvm->fd, KVM_CAP_NR_MEMSLOTS);
    if (start(&m, kvm, r)) {
        EXPECT(r, kvm_guest_slot(m.g, (unsigned)slots, 0, PHYS_A, UNIT, m.backing), -EINVAL);
        EXPECT(r, kvm_guest_slot(m.g, (unsigned)slots - 1, 0, PHYS_A, UNIT, m.backing), 0);
        put(m.backing + 4, 0x1234);
        EXPECT_RAM(&m, PHYS_A + 4, 0x1234);
    }
    end(&m);
}

static void case_overlap(KvmTest *kvm, Result *r)
{
    Memory m;
    if (start(&m, kvm, r)) {
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_A, UNIT, m.backing), 0);
        EXPECT(r, kvm_guest_slot(m.g, 2, 0, PHYS_A, UNIT, m.backing), -EEXIST);
        EXPECT(r, kvm_guest_slot(m.g, 2, 0, PHYS_A + UNIT / 2, UNIT, m.backing), -EEXIST);
        EXPECT(r, kvm_guest_slot(m.g, 2, 0, PHYS_A - UNIT / 2, UNIT, m.backing), -EEXIST);
        EXPECT(r, kvm_guest_slot(m.g, 2, 0, 0, UNIT, m.backing), -EEXIST);
        EXPECT(r, kvm_guest_slot(m.g, 2, 0, PHYS_A + UNIT, UNIT, m.backing + UNIT), 0);
        put(m.backing + UNIT - 4, 1);
        put(m.backing + UNIT, 2);
        EXPECT_RAM(&m, PHYS_A + UNIT - 4, 1);
        EXPECT_RAM(&m, PHYS_A + UNIT, 2);
    }
    end(&m);
}

static void case_delete(KvmTest *kvm, Result *r)
{
    Memory m;
    if (start(&m, kvm, r)) {
        EXPECT_HOLE(&m, PHYS_A);
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_A, UNIT, m.backing), 0);
        put(m.backing, 0x600d);
        EXPECT_RAM(&m, PHYS_A, 0x600d);
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_A, 0, NULL), 0);
        EXPECT_HOLE(&m, PHYS_A);
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_A, UNIT, m.backing + UNIT), 0);
        put(m.backing + UNIT, 0x600e);
        EXPECT_RAM(&m, PHYS_A, 0x600e);
        KvmAccess a = kvm_guest_store(m.g, PHYS_B + 8, 0x13579bdf);
        EXPECT(r, a.error, 0);
        EXPECT(r, a.phys, PHYS_B + 8);
        EXPECT(r, a.value, 0x13579bdf);
    }
    end(&m);
}

static void case_move(KvmTest *kvm, Result *r)
{
    Memory m;
    if (start(&m, kvm, r)) {
        put(m.backing + 16, 0x7071);
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_A, UNIT, m.backing), 0);
        EXPECT_RAM(&m, PHYS_A + 16, 0x7071);
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_B, UNIT, m.backing), 0);
        EXPECT_HOLE(&m, PHYS_A + 16);
        EXPECT_RAM(&m, PHYS_B + 16, 0x7071);
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_B, 2 * UNIT, m.backing), -EINVAL);
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_B, UNIT, m.backing + UNIT), -EINVAL);
        EXPECT(r, kvm_guest_slot(m.g, 1, KVM_MEM_READONLY, PHYS_B, UNIT, m.backing), -EINVAL);
        EXPECT_RAM(&m, PHYS_B + 16, 0x7071);
    }
    end(&m);
}

/* Stores into a read-only slot leave the guest and change nothing. */
static void case_readonly(KvmTest *kvm, Result *r)
{
    Memory m;
    if (start(&m, kvm, r)) {
        put(m.backing + 32, 0x1111);
        EXPECT(r, kvm_guest_slot(m.g, 1, KVM_MEM_READONLY, PHYS_A, UNIT, m.backing), 0);
        for (unsigned i = 0; i < 2; i++) {      /* first touch by a load, then mapped */
            EXPECT_RAM(&m, PHYS_A + 32, 0x1111);
            KvmAccess a = kvm_guest_store(m.g, PHYS_A + 32, 0x2222);
            EXPECT(r, a.error, 0);
            EXPECT(r, a.phys, PHYS_A + 32);
            EXPECT(r, a.value, 0x2222);
            EXPECT(r, at(m.backing + 32), 0x1111);
        }
        put(m.backing + 32, 0x3333);
        EXPECT_RAM(&m, PHYS_A + 32, 0x3333);
    }
    end(&m);
}

static void case_alias(KvmTest *kvm, Result *r)
{
    Memory m;
    if (start(&m, kvm, r)) {
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_A, UNIT, m.backing), 0);
        EXPECT(r, kvm_guest_slot(m.g, 2, 0, PHYS_B, UNIT, m.backing), 0);
        EXPECT(r, kvm_guest_store(m.g, PHYS_A + 64, 0xa11a5).phys, KVM_NO_PHYS);
        EXPECT_RAM(&m, PHYS_B + 64, 0xa11a5);
        EXPECT(r, kvm_guest_store(m.g, PHYS_B + 68, 0xa11a6).phys, KVM_NO_PHYS);
        EXPECT_RAM(&m, PHYS_A + 68, 0xa11a6);
        EXPECT(r, at(m.backing + 64), 0xa11a5);
    }
    end(&m);
}

static int dirty(KvmGuest *g, unsigned slot, uint64_t *bits)
{
    uint64_t map[UNIT / 4096 / 64 + 1] = { 0 };
    struct kvm_dirty_log log = { .slot = slot, .dirty_bitmap = map };
    int e = kvm_test_ioctl(g->kvm, g->vm, KVM_GET_DIRTY_LOG, (uintptr_t)&log);
    /* The map is an array of long; the first 64 pages do. */
    if (sizeof(long) == 4 && G_BYTE_ORDER == G_BIG_ENDIAN) {
        map[0] = map[0] << 32 | map[0] >> 32;
    }
    *bits = map[0];
    return e;
}

#define EXPECT_DIRTY(m, slot, want) do { \
    uint64_t bits_ = 0; \
    EXPECT((m)->r, dirty((m)->g, slot, &bits_), 0); \
    EXPECT((m)->r, bits_, want); \
} while (0)

static void case_dirty(KvmTest *kvm, Result *r)
{
    Memory m;
    uint64_t page = kvm->host.page_size, bits;
    if (start(&m, kvm, r)) {
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_A, UNIT, m.backing), 0);
        EXPECT(r, dirty(m.g, 1, &bits), -ENOENT);
        EXPECT(r, kvm_guest_store(m.g, PHYS_A + page, 1).error, 0);
        EXPECT(r, kvm_guest_slot(m.g, 1, KVM_MEM_LOG_DIRTY_PAGES, PHYS_A, UNIT, m.backing), 0);
        EXPECT_DIRTY(&m, 1, 0);
        EXPECT(r, kvm_guest_store(m.g, PHYS_A, 1).error, 0);
        EXPECT(r, kvm_guest_store(m.g, PHYS_A + page, 2).error, 0);
        EXPECT(r, kvm_guest_store(m.g, PHYS_A + 3 * page - 4, 3).error, 0);
        EXPECT(r, kvm_guest_load(m.g, PHYS_A + 3 * page, 0).error, 0);
        EXPECT_DIRTY(&m, 1, 7);
        EXPECT_DIRTY(&m, 1, 0);
        EXPECT(r, kvm_guest_store(m.g, PHYS_A + page, 4).error, 0);
        EXPECT_DIRTY(&m, 1, 2);
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_A, UNIT, m.backing), 0);
        EXPECT(r, dirty(m.g, 1, &bits), -ENOENT);
    }
    end(&m);
}

/* Each slot has its own log, though the memory is the same. */
static void case_dirty_alias(KvmTest *kvm, Result *r)
{
    Memory m;
    uint64_t page = kvm->host.page_size;
    if (start(&m, kvm, r)) {
        EXPECT(r, kvm_guest_slot(m.g, 1, KVM_MEM_LOG_DIRTY_PAGES, PHYS_A, UNIT, m.backing), 0);
        EXPECT(r, kvm_guest_slot(m.g, 2, KVM_MEM_LOG_DIRTY_PAGES, PHYS_B, UNIT, m.backing), 0);
        EXPECT(r, kvm_guest_store(m.g, PHYS_A, 1).error, 0);
        EXPECT(r, kvm_guest_store(m.g, PHYS_B + 2 * page, 1).error, 0);
        EXPECT_DIRTY(&m, 1, 1);
        EXPECT_DIRTY(&m, 2, 4);
        EXPECT(r, kvm_guest_store(m.g, PHYS_B, 1).error, 0);
        EXPECT_DIRTY(&m, 1, 0);
        EXPECT_DIRTY(&m, 2, 1);
    }
    end(&m);
}

/* What lies under a slot is exchanged and thrown away while the guest has it mapped. */
static void case_remap(KvmTest *kvm, Result *r)
{
    Memory m;
    if (start(&m, kvm, r)) {
        put(m.backing, 0x01d);
        EXPECT(r, kvm_guest_slot(m.g, 1, 0, PHYS_A, UNIT, m.backing), 0);
        EXPECT_RAM(&m, PHYS_A, 0x01d);
        void *fresh = mmap(m.backing, UNIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                           -1, 0);
        EXPECT(r, fresh == m.backing, true);
        EXPECT_RAM(&m, PHYS_A, 0);
        EXPECT(r, kvm_guest_store(m.g, PHYS_A, 0x4e3).error, 0);
        EXPECT(r, at(m.backing), 0x4e3);
        EXPECT(r, madvise(m.backing, UNIT, MADV_DONTNEED), 0);
        EXPECT_RAM(&m, PHYS_A, 0);
        put(m.backing, 0x600d);
        EXPECT_RAM(&m, PHYS_A, 0x600d);
    }
    end(&m);
}

const HostCase host_cases_memory[] = {
    { "memory/alignment", case_alignment },
    { "memory/slot-numbers", case_slot_numbers },
    { "memory/overlap", case_overlap },
    { "memory/delete", case_delete },
    { "memory/move", case_move },
    { "memory/readonly", case_readonly },
    { "memory/alias", case_alias },
    { "memory/dirty-log", case_dirty },
    { "memory/dirty-log-alias", case_dirty_alias },
    { "memory/remap", case_remap },
    { 0 },
};
