/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Partial stores, LL/SC, SYNCI and CACHE (MD00086; MD00090 for the CACHE operations). */
#include "target/mips/helpers.h"
#include "util/bits.h"
#include "util/log.h"

/* The low size bytes of v to p in the guest's byte order. */
static inline void put(const MipsCpu *cpu, uint8_t *p, unsigned size, uint64_t v)
{
    if (cpu->big_endian) {
        store_be(p, size, v);
    } else {
        store_le(p, size, v);
    }
}

/* count bytes (1..8) of v from p on: the powers of two in it, those at lower addresses first. */
static void put_bytes(const MipsCpu *cpu, uint8_t *p, unsigned count, uint64_t v)
{
    unsigned left = count;
#define PUT(size) \
    if (left >= size) { \
        left -= size; \
        put(cpu, p + (count - left - size), size, v >> 8 * (cpu->big_endian ? left : count - left - size)); \
    }
    PUT(4) PUT(4) PUT(2) PUT(1)
#undef PUT
}

/*
 * SWL, SWR, SDL, SDR: the bytes from the address to the aligned unit's least significant
 * end (left: the register's most significant ones) or most significant end (right: its least
 * significant ones). All bytes are in one page, so one probe makes the store whole or none.
 */
static void store_part(MipsCpu *cpu, uint64_t addr, uint64_t v, unsigned size, bool left)
{
    unsigned at = (unsigned)(addr & (size - 1));
    bool upward = left == cpu->big_endian;              /* in memory, from the address to the unit's end */
    unsigned count = upward ? size - at : at + 1;
    uint64_t first = upward ? addr : addr - at;
    uint64_t part = left ? v >> 8 * (size - count) : v;
    uint8_t *p = mips_store_host(cpu, addr, 1);
    if (p) {
        put_bytes(cpu, p - (addr - first), count, part);
        return;
    }
    mips_probe_store(cpu, addr, 1);
    for (unsigned k = 0; k < count; k++) {
        unsigned byte = cpu->big_endian ? count - 1 - k : k;    /* 0 the least significant */
        mips_store(cpu, first + k, 1, part >> (8 * byte) & 0xff);
    }
}

#define PART_HELPER(id, size, left) \
    HELPER_FUNC(do_##id) \
    { \
        (void)c; \
        store_part(opaque, a, b, size, left); \
        return 0; \
    } \
    HELPER(id, do_##id, IR_MEM | IR_RAISES, false)

PART_HELPER(swl, 4, true)
PART_HELPER(swr, 4, false)
PART_HELPER(sdl, 8, true)
PART_HELPER(sdr, 8, false)

/* ---- load linked, store conditional ---- */

static uint64_t physical(MipsCpu *cpu, uint64_t vaddr, MipsAccess access)
{
    MipsMapping map;
    bool refill;
    MipsException e = mips_translate(cpu, vaddr, access, &map, &refill);
    if (e != EXC_NONE) {
        mips_raise_tlb(cpu, e, vaddr, refill);
    }
    return map.paddr;
}

/* The same for an address that was just accessed. The page that was found is good while nothing
 * that leads to it changes: address space and privilege are in the key, and a TLB entry that goes
 * takes it along (tlb.c). */
static uint64_t linked_address(MipsCpu *cpu, uint64_t vaddr, MipsAccess access)
{
    uint64_t key = cpu->mmu_key[vaddr >> 63] << 8 | (cpu->cp0.entryhi & 0xff);
    if ((vaddr ^ cpu->llpage.vaddr) >> 12 || key != cpu->llpage.key) {
        cpu->llpage.paddr = physical(cpu, vaddr, access) & ~UINT64_C(0xfff);
        cpu->llpage.vaddr = vaddr;
        cpu->llpage.key = key;
    }
    return cpu->llpage.paddr | (vaddr & 0xfff);
}

static uint64_t load_linked(MipsCpu *cpu, uint64_t addr, unsigned size)
{
    uint64_t v = mips_load(cpu, addr, size);
    if (size == 4) {
        v = (uint64_t)(int32_t)v;
    }
    cpu->llpaddr = linked_address(cpu, addr, ACCESS_LOAD);
    cpu->cp0.lladdr = cpu->llpaddr >> 4;
    cpu->llval = v;
    cpu->llbit = true;
    return v;
}

static uint64_t guest_word(const MipsCpu *cpu, const void *p, unsigned size)
{
    return cpu->big_endian ? load_be(p, size) : load_le(p, size);
}

/* Succeeds when nothing has changed the word since LL: with one CPU, when no exception
 * returned and no device wrote another value. */
static uint64_t store_conditional(MipsCpu *cpu, uint64_t addr, uint64_t v, unsigned size)
{
    if (addr & (size - 1)) {
        mips_raise_addr(cpu, EXC_ADES, addr);
    }
    if (!cpu->llbit) {
        return 0;
    }
    void *p = mips_store_host(cpu, addr, size);
    if (!p) {
        mips_probe_store(cpu, addr, size);
    }
    uint64_t now = p ? guest_word(cpu, p, size) : mips_load(cpu, addr, size);
    if (size == 4) {
        now = (uint64_t)(int32_t)now;
    }
    cpu->llbit = false;
    if (now != cpu->llval || linked_address(cpu, addr, ACCESS_STORE) != cpu->llpaddr) {
        return 0;
    }
    if (p) {
        put(cpu, p, size, v);
    } else {
        mips_store(cpu, addr, size, v);
    }
    return 1;
}

#define LINK_HELPER(id, expr) \
    HELPER_FUNC(do_##id) \
    { \
        (void)b, (void)c; \
        return expr; \
    } \
    HELPER(id, do_##id, IR_MEM | IR_RAISES, true)

LINK_HELPER(ll, load_linked(opaque, a, 4))
LINK_HELPER(lld, load_linked(opaque, a, 8))
LINK_HELPER(sc, store_conditional(opaque, a, b, 4))
LINK_HELPER(scd, store_conditional(opaque, a, b, 8))

/* ---- caches: memory is always coherent here, only translated code can be stale ---- */

#define LINE 32

static void code_changed(MipsCpu *cpu, uint64_t vaddr)
{
    uint64_t paddr = physical(cpu, vaddr, ACCESS_LOAD);
    cpu->engine->code_changed(cpu, paddr & -(uint64_t)LINE, LINE);
}

/* An address error is optional; without one a kernel in user mode, as trap-and-emulate hosts
 * run it, may use SYNCI where its CACHE instruction stood. */
HELPER_FUNC(do_synci)
{
    MipsCpu *cpu = opaque;
    MipsMapping map;
    bool refill;
    (void)b, (void)c;
    if (mips_translate(cpu, a, ACCESS_LOAD, &map, &refill) != EXC_ADEL) {
        code_changed(cpu, a);
    }
    return 0;
}
HELPER(synci, do_synci, IR_MEM | IR_RAISES, false)

/* CACHE op: bits 1..0 the cache, bits 4..2 the operation; a address, b op. */
HELPER_FUNC(do_cache)
{
    MipsCpu *cpu = opaque;
    unsigned op = (unsigned)b >> 2 & 7, cache = (unsigned)b & 3;
    (void)c;
    if (op >= 4 && op != 7) {               /* hit operations and fill: the address is translated */
        if (cache == 0) {
            code_changed(cpu, a);
        } else {
            physical(cpu, a, ACCESS_LOAD);
        }
    } else if (op == 1) {                   /* index load tag: nothing is cached */
        cpu->cp0.taglo = 0;
    }
    return 0;
}
HELPER(cache, do_cache, IR_READS | IR_WRITES | IR_MEM | IR_RAISES, false)
