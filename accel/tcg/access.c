/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses to memory that the soft TLB does not know, and those of helpers. */
#include "accel/tcg/softmmu.h"

#include "accel/tcg/check.h"
#include "accel/tcg/debug.h"
#include "accel/tcg/tcg.h"
#include "util/bits.h"
#include "util/log.h"

/* Nothing is to be used next to the entry that software is about to write. */
static void forget_displaced(MipsCpu *cpu, uint64_t vaddr)
{
    Softmmu *m = cpu->softmmu;
    Tcg *tcg = cpu->engine_data;
    uint64_t drops = m->victim_drops;
    softmmu_drop_displaced(cpu, vaddr & ~UINT64_C(0x1fff), 0x2000, cpu->cp0.entryhi & 0xff);
    if (m->victim_drops != drops && tcg->check) {
        check_only_once(tcg->check);
    }
}

static MipsMapping translate(MipsCpu *cpu, uint64_t vaddr, MipsAccess access)
{
    MipsMapping map;
    bool refill;
    MipsException e = mips_translate(cpu, vaddr, access, &map, &refill);
    if (e != EXC_NONE) {
        if (refill) {
            forget_displaced(cpu, vaddr);
        }
        mips_raise_tlb(cpu, e, vaddr, refill);
    }
    return map;
}

static uint64_t bits_of(const MipsCpu *cpu, const uint8_t *p, unsigned size)
{
    return cpu->big_endian ? load_be(p, size) : load_le(p, size);
}

/* The guest reads a register again and again until it changes, with interrupts off, and the device has
 * said that it will not for a while: the host's core is better used otherwise. In slices, so that requests
 * are not left waiting, and not to the end, so that the guest sees the change at its time. */
static void rest_while_polling(MipsCpu *cpu)
{
    int64_t ns = __atomic_exchange_n(&cpu->base.machine->poll_ns, 0, __ATOMIC_RELAXED);
    bool interruptible = (cpu->cp0.status & (ST_IE | ST_EXL | ST_ERL)) == ST_IE;
    if (ns > 200000 && !interruptible && !__atomic_load_n(&cpu->exit_request, __ATOMIC_RELAXED)) {
        g_usleep((gulong)MIN(ns - 100000, 500000) / 1000);
    }
}

static void show_debugger(MipsCpu *cpu, uint64_t vaddr, unsigned size, bool write)
{
    if (G_UNLIKELY(((Softmmu *)cpu->softmmu)->watches)) {
        tcg_debug_access(cpu->engine_data, vaddr, size, write);
    }
}

uint64_t softmmu_load(MipsCpu *cpu, uint64_t vaddr, unsigned size)
{
    if (vaddr & (size - 1)) {
        mips_raise_addr(cpu, EXC_ADEL, vaddr);
    }
    AddressSpace *as = cpu->base.machine->as;
    MipsMapping map = translate(cpu, vaddr, ACCESS_LOAD);
    show_debugger(cpu, vaddr, size, false);
    MemSpan span = as_span(as, map.paddr);
    if (span.host && span.len >= size) {
        softmmu_fill(cpu, vaddr, &map, ACCESS_LOAD);
        return bits_of(cpu, span.host, size);
    }
    Tcg *tcg = cpu->engine_data;
    uint64_t v;
    if (tcg->check) {
        check_only_once(tcg->check);
    }
    if (as_read(as, map.paddr, size, cpu->big_endian, &v) != MEM_OK) {
        guest_log("bus error: load of %u bytes at 0x%" G_GINT64_MODIFIER "x "
                  "(virtual 0x%" G_GINT64_MODIFIER "x)", size, map.paddr, vaddr);
        mips_raise(cpu, EXC_DBE);
    }
    if (__atomic_load_n(&cpu->base.machine->poll_ns, __ATOMIC_RELAXED)) {
        rest_while_polling(cpu);
    }
    return v;
}

void softmmu_store(MipsCpu *cpu, uint64_t vaddr, unsigned size, uint64_t value)
{
    if (vaddr & (size - 1)) {
        mips_raise_addr(cpu, EXC_ADES, vaddr);
    }
    Tcg *tcg = cpu->engine_data;
    AddressSpace *as = cpu->base.machine->as;
    MipsMapping map = translate(cpu, vaddr, ACCESS_STORE);
    show_debugger(cpu, vaddr, size, true);
    MemSpan span = as_span(as, map.paddr);
    if (span.host && span.writable && span.len >= size) {
        if (tcg->check) {
            check_store(tcg->check, span.host, size);
        }
        tcg_code_written(tcg, span.ram_id, size);
        if (span.written) {
            as_note_write(as, span.host, size);
        }
        softmmu_fill(cpu, vaddr, &map, ACCESS_STORE);
        if (cpu->big_endian) {
            store_be(span.host, size, value);
        } else {
            store_le(span.host, size, value);
        }
        return;
    }
    if (tcg->check) {
        check_only_once(tcg->check);
    }
    if (as_write(as, map.paddr, size, cpu->big_endian, value) != MEM_OK) {
        guest_log("bus error: store of %u bytes at 0x%" G_GINT64_MODIFIER "x "
                  "(virtual 0x%" G_GINT64_MODIFIER "x)", size, map.paddr, vaddr);
        mips_raise(cpu, EXC_DBE);
    }
}

const SoftmmuFetch *softmmu_fetch(MipsCpu *cpu, uint64_t vaddr)
{
    if (vaddr & 3) {
        mips_raise_addr(cpu, EXC_ADEL, vaddr);
    }
    MipsMapping map = translate(cpu, vaddr, ACCESS_FETCH);
    uint64_t in_page = vaddr & ~SOFTMMU_PAGE_MASK;
    MemSpan span = as_span(cpu->base.machine->as, map.paddr);
    if (!span.host || span.len < 4) {
        guest_log("bus error: fetch at 0x%" G_GINT64_MODIFIER "x (virtual 0x%" G_GINT64_MODIFIER "x)",
                  map.paddr, vaddr);
        mips_raise(cpu, EXC_IBE);
    }
    Softmmu *m = cpu->softmmu;
    bool kept = softmmu_fill(cpu, vaddr, &map, ACCESS_FETCH), keep = kept && (cpu->mode & MODE_ADDR64);
    m->loose_code = m->loose_code || !kept;
    SoftmmuFetch *f = keep ? softmmu_fetch_entry(cpu, vaddr) : &m->last_fetch;
    *f = (SoftmmuFetch){
        .tag = keep ? (vaddr & SOFTMMU_PAGE_MASK) | cpu->mmu_key[vaddr >> 63] : SOFTMMU_NO_TAG,
        .ram_id = span.ram_id - in_page, .host = span.host - in_page,
        .end = (unsigned)MIN(4096, in_page + span.len),
    };
    return f;
}

bool softmmu_peek_code(MipsCpu *cpu, uint64_t pc, uint32_t *word)
{
    uint64_t phys;
    if (!softmmu_code_at(cpu, pc, &phys)) {
        return false;
    }
    *word = (uint32_t)bits_of(cpu, softmmu_page_host(phys) + (phys & ~SOFTMMU_PAGE_MASK), 4);
    return true;
}

/* ---- memory for helpers ---- */

static void *host_of(MipsCpu *cpu, uint64_t vaddr, unsigned size, bool write)
{
    return cpu->mode & MODE_ADDR64 ? softmmu_wide_host(cpu, vaddr, size, write)
           : softmmu_flat_host(cpu, (uint32_t)vaddr, size, write ? FLAT_WRITE : FLAT_READ);
}

uint64_t mips_load(MipsCpu *cpu, uint64_t vaddr, unsigned size)
{
    const void *p = host_of(cpu, vaddr, size, false);
    return p ? bits_of(cpu, p, size) : softmmu_load(cpu, vaddr, size);
}

void mips_store(MipsCpu *cpu, uint64_t vaddr, unsigned size, uint64_t value)
{
    void *p = host_of(cpu, vaddr, size, true);
    if (!p) {
        softmmu_store(cpu, vaddr, size, value);
    } else if (cpu->big_endian) {
        store_be(p, size, value);
    } else {
        store_le(p, size, value);
    }
}

void *mips_store_host(MipsCpu *cpu, uint64_t vaddr, unsigned size)
{
    return host_of(cpu, vaddr, size, true);
}

void mips_probe_store(MipsCpu *cpu, uint64_t vaddr, unsigned size)
{
    if (vaddr & (size - 1)) {
        mips_raise_addr(cpu, EXC_ADES, vaddr);
    }
    if (!host_of(cpu, vaddr, size, true)) {
        translate(cpu, vaddr, ACCESS_STORE);
    }
}
