/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The soft TLB: what is entered into the tables, and what takes it out again. */
#include "accel/tcg/softmmu.h"

#include <sys/mman.h>

#include "accel/tcg/tcg.h"

/* Address spaces, bits 11..3 of a tag. Low half: ASID and whether 64-bit addresses are on (with
 * trap-and-emulate segments: whether this is user mode; as in the flat tables).
 * High half: kernel, supervisor; entries for user mode and for ERL are never made. */
#define KEY(n) ((uint64_t)(n) << 3)
#define KEY_KERNEL KEY(0)
#define KEY_SUPERVISOR KEY(1)
#define KEY_NOTHING KEY(0x1ff)

#define RUN 0x10000u                    /* bytes of unmapped segments that are filled at once */

void softmmu_init(MipsCpu *cpu, bool page_tables, bool victims)
{
    Softmmu *m = g_new0(Softmmu, 1);
    cpu->softmmu = m;
    m->flat = flat_new(cpu);
    m->space = FLAT_NO_SPACE;
    m->page_tables = page_tables;
    m->victims = victims;
    cpu->flat_mask = -1;
    softmmu_drop_all(cpu);
}

void softmmu_note_stores(MipsCpu *cpu)
{
    ((Softmmu *)cpu->softmmu)->note_stores = true;
    softmmu_drop_all(cpu);
}

void softmmu_watch(MipsCpu *cpu, const GArray *watches)
{
    ((Softmmu *)cpu->softmmu)->watches = watches;
    softmmu_drop_all(cpu);
}

static bool is_watched(const Softmmu *m, uint64_t vaddr)
{
    uint64_t page = vaddr & SOFTMMU_PAGE_MASK;
    for (guint i = 0; m->watches && i < m->watches->len; i++) {
        const DebugPoint *p = &g_array_index(m->watches, DebugPoint, i);
        if (p->len && (p->addr & SOFTMMU_PAGE_MASK) <= page && page <= p->addr + (p->len - 1)) {
            return true;
        }
    }
    return false;
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
    m->high_by_asid = m->victims_live = false;
}

static bool tag_in(uint64_t tag, uint64_t vaddr, uint64_t size)
{
    return (tag & SOFTMMU_PAGE_MASK) - vaddr < size && tag != SOFTMMU_NO_TAG;
}

static bool drop_tag(uint64_t *tag, uint64_t vaddr, uint64_t size)
{
    bool in = tag_in(*tag, vaddr, size);
    if (in) {
        *tag = SOFTMMU_NO_TAG;
    }
    return in;
}

/* All address spaces: a tag of another one is dropped for nothing and filled again. */
static bool drop_wide_page(MipsCpu *cpu, uint64_t vaddr, uint64_t size)
{
    bool any = false;
    uint64_t pages = MIN(size >> SOFTMMU_PAGE_BITS, (uint64_t)SOFTMMU_ENTRIES);
    for (uint64_t i = 0; i < pages; i++) {
        SoftmmuEntry *e = softmmu_entry(cpu, vaddr + (i << SOFTMMU_PAGE_BITS));
        any |= drop_tag(&e->read, vaddr, size);
        any |= drop_tag(&e->write, vaddr, size);
    }
    pages = MIN(pages, (uint64_t)SOFTMMU_FETCH_ENTRIES);
    for (uint64_t i = 0; i < pages; i++) {
        SoftmmuFetch *f = softmmu_fetch_entry(cpu, vaddr + (i << SOFTMMU_PAGE_BITS));
        if (drop_tag(&f->tag, vaddr, size)) {
            cpu->exec_epoch++;
            any = true;
        }
    }
    return any;
}

static bool is_narrow(uint64_t vaddr)
{
    return vaddr == (uint64_t)(int32_t)vaddr;
}

/* kseg0, kseg1 */
static bool is_compat_unmapped(uint64_t vaddr)
{
    return vaddr >> 30 == 0xffffffff80000000 >> 30;
}

static bool drop(MipsCpu *cpu, uint64_t vaddr, uint64_t size, unsigned asid)
{
    Softmmu *m = cpu->softmmu;
    bool any = false;
    if (is_compat_unmapped(vaddr)) {
        return false;                           /* an entry there is never looked at */
    }
    cpu->exec_epoch += m->loose_code;
    if (is_narrow(vaddr)) {
        any = flat_drop(m->flat, (uint32_t)vaddr, size, asid);
    }
    if (cpu->base.is_64bit) {
        any |= drop_wide_page(cpu, vaddr, size);
    }
    return any;
}

void softmmu_drop_page(MipsCpu *cpu, uint64_t vaddr, uint64_t size, unsigned asid)
{
    drop(cpu, vaddr, size, asid);
}

/* ---- what TLBWR has displaced ---- */

bool softmmu_displace(MipsCpu *cpu)
{
    Softmmu *m = cpu->softmmu;
    m->displaced += m->victims;
    m->victims_live = m->victims_live || m->victims;
    return m->victims;
}

static bool is_mapped_tag(uint64_t tag)
{
    return tag >> 62 != 2 && !is_compat_unmapped(tag);          /* xkphys, kseg0, kseg1 */
}

static void drop_wide_mapped(MipsCpu *cpu)
{
    Softmmu *m = cpu->softmmu;
    for (unsigned i = 0; i < SOFTMMU_ENTRIES; i++) {
        if (is_mapped_tag(m->data[i].read | m->data[i].write)) {
            m->data[i].read = m->data[i].write = SOFTMMU_NO_TAG;
        }
    }
    for (unsigned i = 0; i < SOFTMMU_FETCH_ENTRIES; i++) {
        if (is_mapped_tag(m->fetch[i].tag)) {
            m->fetch[i].tag = SOFTMMU_NO_TAG;
        }
    }
    cpu->exec_epoch++;
}

void softmmu_drop_displaced(MipsCpu *cpu, uint64_t vaddr, uint64_t size, unsigned asid)
{
    Softmmu *m = cpu->softmmu;
    if (!m->victims_live) {
        return;
    }
    if (size) {
        m->victim_drops += drop(cpu, vaddr, size, asid);
        return;
    }
    flat_drop_mapped(m->flat);
    if (cpu->base.is_64bit) {
        drop_wide_mapped(cpu);
    }
    m->victims_live = false;
    m->victim_drops++;
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

void softmmu_settle(MipsCpu *cpu, MemWritten *w)
{
    Softmmu *m = cpu->softmmu;
    const uint8_t *host;
    uint64_t pages = mem_written_pages(w, &host), first = (uintptr_t)host;
    for (unsigned i = 0; cpu->base.is_64bit && i < SOFTMMU_ENTRIES; i++) {
        if (m->data[i].ram_id - first < pages * 4096) {
            m->data[i].write = SOFTMMU_NO_TAG;
        }
    }
    for (uint64_t page = 0; page < pages; page++) {
        if (mem_page_written(w, page)) {
            flat_protect(m->flat, first + page * 4096);
            mem_settle_page(w, page);
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
    return map->writable && page->writable && !((Softmmu *)cpu->softmmu)->note_stores &&
           !tcg_page_has_code(cpu->engine_data, page->ram_id) &&
           (!page->written || __atomic_load_n(page->written, __ATOMIC_ACQUIRE));
}

static void fill_wide(MipsCpu *cpu, uint64_t vaddr, const MipsMapping *map, const MemSpan *page)
{
    SoftmmuEntry *e = softmmu_entry(cpu, vaddr);
    uint64_t at = vaddr & SOFTMMU_PAGE_MASK, tag = at | cpu->mmu_key[vaddr >> 63];
    if (is_watched(cpu->softmmu, vaddr)) {
        return;
    }
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
    } else if (is_watched(m, vaddr)) {
        return;
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
    if (access == ACCESS_STORE && page.writable) {      /* one call of the host instead of 16 faults */
        madvise(page.host, RUN, MADV_POPULATE_WRITE);
    }
    for (unsigned i = 0; i < RUN; i += 4096) {
        if (!flat_has(((Softmmu *)cpu->softmmu)->flat, (uint32_t)at, access == ACCESS_FETCH)) {
            fill_flat(cpu, at, map, &page, access);
        }
        at += 4096;
        page.host += 4096;
        page.ram_id += 4096;
        page.written += page.written ? 1 : 0;
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

bool softmmu_fill(MipsCpu *cpu, uint64_t vaddr, const MipsMapping *map, MipsAccess access)
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
    if (!((Softmmu *)cpu->softmmu)->page_tables) {
        return false;
    }
    bool known = flat_has(((Softmmu *)cpu->softmmu)->flat, (uint32_t)vaddr, access == ACCESS_FETCH);
    fill_flat(cpu, vaddr, map, &page, access);
    if (known) {                    /* a page whose writes are to be seen, as a rule */
        return true;
    }
    if (map->unmapped) {
        fill_run(cpu, vaddr, map, access);
    } else if (map->size == 4096) {
        fill_buddy(cpu, vaddr, access);
    }
    return true;
}
