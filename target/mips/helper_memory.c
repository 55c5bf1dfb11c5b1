/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Partial stores, LL/SC, SYNCI and CACHE (MD00086; MD00090 for the CACHE operations). */
#include "target/mips/helpers.h"
#include "util/bits.h"
#include "util/log.h"

/*
 * SWL, SWR, SDL, SDR: the bytes from the address to the aligned unit's least significant
 * end (left) or most significant end (right), most significant register bytes first for
 * the left form. All bytes are in one page, so one probe makes the store whole or none.
 */
static void store_part(MipsCpu *cpu, uint64_t addr, uint64_t v, unsigned size, bool left)
{
    unsigned at = (unsigned)(addr & (size - 1));
    unsigned from_ms = cpu->big_endian ? at : size - 1 - at;
    unsigned count = left ? size - from_ms : from_ms + 1;
    uint64_t base = addr & -(uint64_t)size;
    mips_probe_store(cpu, addr, 1);
    for (unsigned k = 0; k < count; k++) {
        unsigned pos_from_ms = left ? from_ms + k : from_ms - k;
        unsigned byte = left ? size - 1 - k : k;            /* of the register, 0 least significant */
        uint64_t at_byte = base + (cpu->big_endian ? pos_from_ms : size - 1 - pos_from_ms);
        mips_store(cpu, at_byte, 1, v >> (8 * byte) & 0xff);
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

static uint64_t load_linked(MipsCpu *cpu, uint64_t addr, unsigned size)
{
    uint64_t v = mips_load(cpu, addr, size);
    if (size == 4) {
        v = (uint64_t)(int32_t)v;
    }
    cpu->llpaddr = physical(cpu, addr, ACCESS_LOAD);
    cpu->cp0.lladdr = cpu->llpaddr >> 4;
    cpu->llval = v;
    cpu->llbit = true;
    return v;
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
    mips_probe_store(cpu, addr, size);
    uint64_t now = mips_load(cpu, addr, size);
    if (size == 4) {
        now = (uint64_t)(int32_t)now;
    }
    cpu->llbit = false;
    if (now != cpu->llval || physical(cpu, addr, ACCESS_STORE) != cpu->llpaddr) {
        return 0;
    }
    mips_store(cpu, addr, size, v);
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
