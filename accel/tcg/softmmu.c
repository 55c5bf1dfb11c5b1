/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The soft TLB's slow paths. */
#include "accel/tcg/softmmu.h"

#include "accel/tcg/tcg.h"
#include "util/bits.h"
#include "util/log.h"

/* Address spaces, bits 11..3 of a tag. Low half: ASID and whether 64-bit addresses are on (with
 * trap-and-emulate segments: whether this is user mode).
 * High half: kernel, supervisor; entries for user mode and for ERL are never made. */
#define KEY(n) ((uint64_t)(n) << 3)
#define KEY_KERNEL KEY(0)
#define KEY_SUPERVISOR KEY(1)
#define KEY_NOTHING KEY(0x1ff)

void softmmu_init(MipsCpu *cpu)
{
    cpu->softmmu = g_new0(Softmmu, 1);
    softmmu_drop_all(cpu);
}

void softmmu_drop_all(MipsCpu *cpu)
{
    Softmmu *m = cpu->softmmu;
    for (unsigned i = 0; i < SOFTMMU_ENTRIES; i++) {
        m->data[i].read = m->data[i].write = SOFTMMU_NO_TAG;
    }
    for (unsigned i = 0; i < SOFTMMU_FETCH_ENTRIES; i++) {
        m->fetch[i].tag = SOFTMMU_NO_TAG;
    }
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
void softmmu_drop_page(MipsCpu *cpu, uint64_t vaddr, uint64_t size)
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
        }
    }
}

void softmmu_mode_changed(MipsCpu *cpu)
{
    uint32_t st = cpu->cp0.status;
    unsigned ksu = mips_ksu(cpu);
    Softmmu *m = cpu->softmmu;
    uint64_t asid = cpu->cp0.entryhi & 0xff;
    /* With trap-and-emulate segments the low half holds kernel pages too. */
    bool second = cpu->useg_kernel ? ksu != 0 : cpu->mode & MODE_ADDR64;
    uint64_t low = KEY(asid << 1 | (second ? 1 : 0));
    if (st & ST_ERL) {
        low = KEY_NOTHING;
    }
    if (m->high_by_asid && low != cpu->mmu_key[0]) {
        softmmu_drop_all(cpu);
    }
    cpu->mmu_key[0] = low;
    cpu->mmu_key[1] = ksu == 0 ? KEY_KERNEL : ksu == 1 ? KEY_SUPERVISOR : KEY_NOTHING;
}

void softmmu_protect(MipsCpu *cpu, uint64_t ram_id)
{
    Softmmu *m = cpu->softmmu;
    for (unsigned i = 0; i < SOFTMMU_ENTRIES; i++) {
        if (m->data[i].ram_id == ram_id) {
            m->data[i].write = SOFTMMU_NO_TAG;
        }
    }
}

/* Whether a page may be kept in the table: its key must say all that access to it needs. */
static bool may_fill(MipsCpu *cpu, uint64_t vaddr, const MipsMapping *map)
{
    if (cpu->mmu_key[vaddr >> 63] == KEY_NOTHING) {
        return false;
    }
    if (!(vaddr >> 63) && vaddr >> 62) {
        return false;                           /* xsseg: the low key says nothing of privilege */
    }
    if (cpu->useg_kernel && vaddr >> 31 && !(vaddr >> 63)) {
        return false;                           /* nor, then, of 64-bit addresses */
    }
    if (vaddr >> 63 && !map->global) {
        ((Softmmu *)cpu->softmmu)->high_by_asid = true;
    }
    return true;
}

static void fill(MipsCpu *cpu, uint64_t vaddr, const MipsMapping *map, const MemSpan *span)
{
    Softmmu *m = cpu->softmmu;
    uint64_t page = vaddr & SOFTMMU_PAGE_MASK, in_page = vaddr & ~SOFTMMU_PAGE_MASK;
    if (span->len < 4096 - in_page || !may_fill(cpu, vaddr, map)) {
        return;
    }
    SoftmmuEntry *e = softmmu_entry(cpu, vaddr);
    uint64_t tag = page | cpu->mmu_key[vaddr >> 63];
    uint64_t ram_id = span->ram_id - in_page;
    m->fills++;
    if (e->read != tag && e->write != tag) {
        e->read = e->write = SOFTMMU_NO_TAG;
    }
    e->addend = (uintptr_t)span->host - vaddr;
    e->ram_id = ram_id;
    if (map->readable) {
        e->read = tag;
    }
    if (map->writable && span->writable && !tcg_page_has_code(cpu->engine_data, ram_id)) {
        e->write = tag;
    }
}

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

uint64_t softmmu_load(MipsCpu *cpu, uint64_t vaddr, unsigned size)
{
    if (vaddr & (size - 1)) {
        mips_raise_addr(cpu, EXC_ADEL, vaddr);
    }
    AddressSpace *as = cpu->base.machine->as;
    MipsMapping map = translate(cpu, vaddr, ACCESS_LOAD);
    MemSpan span = as_span(as, map.paddr);
    if (span.host && span.len >= size) {
        fill(cpu, vaddr, &map, &span);
        return bits_of(cpu, span.host, size);
    }
    uint64_t v;
    if (as_read(as, map.paddr, size, cpu->big_endian, &v) != MEM_OK) {
        guest_log("bus error: load of %u bytes at 0x%" G_GINT64_MODIFIER "x "
                  "(virtual 0x%" G_GINT64_MODIFIER "x)", size, map.paddr, vaddr);
        mips_raise(cpu, EXC_DBE);
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
        fill(cpu, vaddr, &map, &span);
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
    MemSpan whole = as_span(cpu->base.machine->as, map.paddr - in_page);
    bool keep = whole.host && whole.len >= 4096 && may_fill(cpu, vaddr, &map);
    SoftmmuFetch *f = softmmu_fetch_entry(cpu, vaddr);
    f->tag = keep ? (vaddr & SOFTMMU_PAGE_MASK) | cpu->mmu_key[vaddr >> 63] : SOFTMMU_NO_TAG;
    f->ram_id = span.ram_id - in_page;
    f->host = span.host - in_page;
    f->end = (unsigned)MIN(4096, in_page + span.len);
    return f;
}

/* ---- memory for helpers ---- */

static void *host_of(MipsCpu *cpu, uint64_t vaddr, unsigned size, bool write)
{
    SoftmmuEntry *e = softmmu_entry(cpu, vaddr);
    uint64_t tag = softmmu_tag(cpu, vaddr, size);
    return (write ? e->write : e->read) == tag ? (void *)(uintptr_t)(vaddr + e->addend) : NULL;
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

void mips_probe_store(MipsCpu *cpu, uint64_t vaddr, unsigned size)
{
    if (vaddr & (size - 1)) {
        mips_raise_addr(cpu, EXC_ADES, vaddr);
    }
    if (!host_of(cpu, vaddr, size, true)) {
        translate(cpu, vaddr, ACCESS_STORE);
    }
}
