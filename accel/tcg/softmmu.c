/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The soft TLB's slow paths. */
#include "accel/tcg/softmmu.h"

#include "accel/tcg/tcg.h"
#include "util/bits.h"
#include "util/log.h"

/* Address spaces, bits 11..3 of a tag. Low half: ASID and whether 64-bit addresses are on (with
 * trap-and-emulate segments: whether this is user mode; as in the flat tables).
 * High half: kernel, supervisor; entries for user mode and for ERL are never made. */
#define KEY(n) ((uint64_t)(n) << 3)
#define KEY_KERNEL KEY(0)
#define KEY_SUPERVISOR KEY(1)
#define KEY_NOTHING KEY(0x1ff)

#define RUN 0x10000u                    /* bytes of unmapped segments that are filled at once */

void softmmu_init(MipsCpu *cpu)
{
    Softmmu *m = g_new0(Softmmu, 1);
    cpu->softmmu = m;
    m->flat = flat_new(cpu);
    m->space = FLAT_NO_SPACE;
    cpu->flat_mask = -1;
    softmmu_drop_all(cpu);
}

void softmmu_free(MipsCpu *cpu)
{
    flat_free(((Softmmu *)cpu->softmmu)->flat);
    g_free(cpu->softmmu);
    cpu->softmmu = NULL;
}

/* ---- dropping ---- */

static void drop_wide(MipsCpu *cpu)
{
    Softmmu *m = cpu->softmmu;
    for (unsigned i = 0; i < SOFTMMU_ENTRIES; i++) {
        m->data[i].read = m->data[i].write = SOFTMMU_NO_TAG;
    }
    for (unsigned i = 0; i < SOFTMMU_FETCH_ENTRIES; i++) {
        m->fetch[i].tag = SOFTMMU_NO_TAG;
    }
    cpu->exec_epoch++;
}

void softmmu_drop_all(MipsCpu *cpu)
{
    Softmmu *m = cpu->softmmu;
    drop_wide(cpu);
    flat_drop_all(m->flat);
    m->high_by_asid = false;
}

static bool tag_in(uint64_t tag, uint64_t vaddr, uint64_t size)
{
    return (tag & SOFTMMU_PAGE_MASK) - vaddr < size && tag != SOFTMMU_NO_TAG;
}

static void drop_entry(SoftmmuEntry *e, uint64_t vaddr, uint64_t size)
{
    if (tag_in(e->read, vaddr, size)) {
        e->read = SOFTMMU_NO_TAG;
    }
    if (tag_in(e->write, vaddr, size)) {
        e->write = SOFTMMU_NO_TAG;
    }
}

/* All address spaces: a tag of another one is dropped for nothing and filled again. */
static void drop_wide_page(MipsCpu *cpu, uint64_t vaddr, uint64_t size)
{
    uint64_t pages = MIN(size >> SOFTMMU_PAGE_BITS, (uint64_t)SOFTMMU_ENTRIES);
    for (uint64_t i = 0; i < pages; i++) {
        drop_entry(softmmu_entry(cpu, vaddr + (i << SOFTMMU_PAGE_BITS)), vaddr, size);
    }
    pages = MIN(pages, (uint64_t)SOFTMMU_FETCH_ENTRIES);
    for (uint64_t i = 0; i < pages; i++) {
        SoftmmuFetch *f = softmmu_fetch_entry(cpu, vaddr + (i << SOFTMMU_PAGE_BITS));
        if (tag_in(f->tag, vaddr, size)) {
            f->tag = SOFTMMU_NO_TAG;
            cpu->exec_epoch++;
        }
    }
}

static bool is_narrow(uint64_t vaddr)
{
    return vaddr == (uint64_t)(int32_t)vaddr;
}

void softmmu_drop_page(MipsCpu *cpu, uint64_t vaddr, uint64_t size)
{
    Softmmu *m = cpu->softmmu;
    if (is_narrow(vaddr)) {
        flat_drop(m->flat, (uint32_t)vaddr, size, FLAT_ALL_ASIDS);
    }
    if (cpu->base.is_64bit) {
        drop_wide_page(cpu, vaddr, size);
    }
}

/* What the high half holds for one ASID must not be seen under another. */
static void drop_high(MipsCpu *cpu)
{
    Softmmu *m = cpu->softmmu;
    flat_drop_high(m->flat);
    if (cpu->base.is_64bit) {
        drop_wide(cpu);
    }
    m->high_by_asid = false;
}

void softmmu_mode_changed(MipsCpu *cpu)
{
    Softmmu *m = cpu->softmmu;
    unsigned ksu = mips_ksu(cpu), asid = cpu->cp0.entryhi & 0xff;
    bool off = cpu->cp0.status & ST_ERL;
    /* With trap-and-emulate segments the low half holds kernel pages too. */
    bool second = cpu->useg_kernel && ksu != 0;
    unsigned space = off ? FLAT_NO_SPACE : asid << 1 | (second ? 1 : 0);
    if (space != m->space) {
        if (m->high_by_asid) {
            drop_high(cpu);
        }
        m->space = space;
        flat_select(m->flat, space);
    }
    second = second || (!cpu->useg_kernel && (cpu->mode & MODE_ADDR64));
    cpu->flat_mask = ksu == 0 ? -1 : 0xfffff;
    cpu->mmu_key[0] = off ? KEY_NOTHING : KEY(asid << 1 | (second ? 1 : 0));
    cpu->mmu_key[1] = ksu == 0 ? KEY_KERNEL : ksu == 1 ? KEY_SUPERVISOR : KEY_NOTHING;
}

void softmmu_protect(MipsCpu *cpu, uint64_t ram_id)
{
    Softmmu *m = cpu->softmmu;
    flat_protect(m->flat, ram_id);
    for (unsigned i = 0; cpu->base.is_64bit && i < SOFTMMU_ENTRIES; i++) {
        if (m->data[i].ram_id == ram_id) {
            m->data[i].write = SOFTMMU_NO_TAG;
        }
    }
}

/* ---- filling ---- */

/* Whether a page may be kept in the tables: they must know all that access to it needs. */
static bool may_fill(MipsCpu *cpu, uint64_t vaddr, const MipsMapping *map)
{
    Softmmu *m = cpu->softmmu;
    bool high = vaddr >> 63;
    if (cpu->mmu_key[high] == KEY_NOTHING) {
        return false;
    }
    if (!(cpu->mode & MODE_ADDR64)) {
        if (high && mips_ksu(cpu) != 0) {
            return false;                       /* the flat tables have the kernel's high half */
        }
    } else if (!high && vaddr >> (cpu->useg_kernel ? 31 : 62)) {
        return false;           /* xsseg: the low key says nothing of privilege; or of 64-bit addresses */
    }
    m->high_by_asid = m->high_by_asid || (high && !map->global);
    return true;
}

/* What is behind the whole page around a physical address, if it is memory. */
static bool page_memory(MipsCpu *cpu, uint64_t paddr, MemSpan *page)
{
    *page = as_span(cpu->base.machine->as, paddr & SOFTMMU_PAGE_MASK);
    return page->host && page->len >= 4096 && !((uintptr_t)page->host & ~SOFTMMU_PAGE_MASK);
}

static bool may_write(MipsCpu *cpu, const MipsMapping *map, const MemSpan *page)
{
    return map->writable && page->writable && !tcg_page_has_code(cpu->engine_data, page->ram_id);
}

static void fill_wide(MipsCpu *cpu, uint64_t vaddr, const MipsMapping *map, const MemSpan *page)
{
    SoftmmuEntry *e = softmmu_entry(cpu, vaddr);
    uint64_t at = vaddr & SOFTMMU_PAGE_MASK, tag = at | cpu->mmu_key[vaddr >> 63];
    if (e->read != tag && e->write != tag) {
        e->read = e->write = SOFTMMU_NO_TAG;
    }
    e->addend = (uintptr_t)page->host - at;
    e->ram_id = page->ram_id;
    if (map->readable) {
        e->read = tag;
    }
    if (may_write(cpu, map, page)) {
        e->write = tag;
    }
}

static void fill_flat(MipsCpu *cpu, uint64_t vaddr, const MipsMapping *map, const MemSpan *page,
                      MipsAccess access)
{
    Softmmu *m = cpu->softmmu;
    unsigned flags = map->global && !map->unmapped ? FLAT_GLOBAL : 0;
    if (access == ACCESS_FETCH) {
        flags |= FLAT_MAY_EXEC;
    } else {
        flags |= (map->readable ? FLAT_MAY_READ : 0) | (may_write(cpu, map, page) ? FLAT_MAY_WRITE : 0);
    }
    flat_fill(m->flat, (uint32_t)vaddr, page->host, flags);
}
/* A run of pages of an unmapped segment, where all of it is memory. */
static void fill_run(MipsCpu *cpu, uint64_t vaddr, const MipsMapping *map, MipsAccess access)
{
    uint64_t at = vaddr & -(uint64_t)RUN, paddr = map->paddr & -(uint64_t)RUN;
    MemSpan page;
    if (!page_memory(cpu, paddr, &page) || page.len < RUN) {
        return;
    }
    for (unsigned i = 0; i < RUN; i += 4096) {
        if (!flat_has(((Softmmu *)cpu->softmmu)->flat, (uint32_t)at, access == ACCESS_FETCH)) {
            fill_flat(cpu, at, map, &page, access);
        }
        at += 4096;
        page.host += 4096;
        page.ram_id += 4096;
    }
}

/* The other page of the TLB entry is wanted soon. */
static void fill_buddy(MipsCpu *cpu, uint64_t vaddr, MipsAccess access)
{
    MipsMapping map;
    MemSpan page;
    bool refill;
    uint64_t at = (vaddr ^ 4096) & SOFTMMU_PAGE_MASK;
    access = access == ACCESS_FETCH ? ACCESS_FETCH : ACCESS_LOAD;
    if (!flat_has(((Softmmu *)cpu->softmmu)->flat, (uint32_t)at, access == ACCESS_FETCH) &&
        mips_translate(cpu, at, access, &map, &refill) == EXC_NONE && page_memory(cpu, map.paddr, &page)) {
        fill_flat(cpu, at, &map, &page, access);
    }
}

/* After an access that succeeded by the architected translation: false if it is not to be kept. */
static bool fill(MipsCpu *cpu, uint64_t vaddr, const MipsMapping *map, MipsAccess access)
{
    MemSpan page;
    if (!page_memory(cpu, map->paddr, &page) || !may_fill(cpu, vaddr, map)) {
        return false;
    }
    ((Softmmu *)cpu->softmmu)->fills++;
    if (cpu->mode & MODE_ADDR64) {
        if (access != ACCESS_FETCH) {
            fill_wide(cpu, vaddr, map, &page);
        }
        return true;
    }
    fill_flat(cpu, vaddr, map, &page, access);
    if (map->unmapped) {
        fill_run(cpu, vaddr, map, access);
    } else if (map->size == 4096) {
        fill_buddy(cpu, vaddr, access);
    }
    return true;
}

/* ---- the slow paths ---- */

static MipsMapping translate(MipsCpu *cpu, uint64_t vaddr, MipsAccess access)
{
    MipsMapping map;
    bool refill;
    MipsException e = mips_translate(cpu, vaddr, access, &map, &refill);
    if (e != EXC_NONE) {
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

uint64_t softmmu_load(MipsCpu *cpu, uint64_t vaddr, unsigned size)
{
    if (vaddr & (size - 1)) {
        mips_raise_addr(cpu, EXC_ADEL, vaddr);
    }
    AddressSpace *as = cpu->base.machine->as;
    MipsMapping map = translate(cpu, vaddr, ACCESS_LOAD);
    MemSpan span = as_span(as, map.paddr);
    if (span.host && span.len >= size) {
        fill(cpu, vaddr, &map, ACCESS_LOAD);
        return bits_of(cpu, span.host, size);
    }
    uint64_t v;
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
    AddressSpace *as = cpu->base.machine->as;
    MipsMapping map = translate(cpu, vaddr, ACCESS_STORE);
    MemSpan span = as_span(as, map.paddr);
    if (span.host && span.writable && span.len >= size) {
        tcg_code_written(cpu->engine_data, span.ram_id, size);
        fill(cpu, vaddr, &map, ACCESS_STORE);
        if (cpu->big_endian) {
            store_be(span.host, size, value);
        } else {
            store_le(span.host, size, value);
        }
        return;
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
    bool keep = fill(cpu, vaddr, &map, ACCESS_FETCH) && (cpu->mode & MODE_ADDR64);
    SoftmmuFetch *f = keep ? softmmu_fetch_entry(cpu, vaddr) : &((Softmmu *)cpu->softmmu)->last_fetch;
    *f = (SoftmmuFetch){
        .tag = keep ? (vaddr & SOFTMMU_PAGE_MASK) | cpu->mmu_key[vaddr >> 63] : SOFTMMU_NO_TAG,
        .ram_id = span.ram_id - in_page, .host = span.host - in_page,
        .end = (unsigned)MIN(4096, in_page + span.len),
    };
    return f;
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
