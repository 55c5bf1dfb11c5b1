/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address translation: segments and the joint TLB (MD00090, chapters 3 and 4).
 * Not modelled: 1 KiB pages, SegCtl segments, an FTLB, the machine check on duplicates.
 */
#include "target/mips/tlb.h"

#include "util/bits.h"
#include "util/log.h"

uint64_t tlb_vpn2_mask(const MipsCpu *cpu)
{
    if (!cpu->base.is_64bit) {
        return 0xffffe000;
    }
    return UINT64_C(3) << 62 | BITS64(13, cpu->model->segbits - 13u);
}

static uint64_t pair_size(const MipsTlbEntry *e)
{
    return (uint64_t)(e->mask | 0x1fff) + 1;
}

static bool entry_matches(const MipsCpu *cpu, const MipsTlbEntry *e, uint64_t vaddr)
{
    uint64_t care = tlb_vpn2_mask(cpu) & ~(uint64_t)e->mask;
    return e->valid && ((vaddr ^ e->vpn2) & care) == 0 && (e->global || e->asid == (cpu->cp0.entryhi & 0xff));
}

static const MipsTlbEntry *find_entry(MipsCpu *cpu, uint64_t vaddr)
{
    if (entry_matches(cpu, &cpu->tlb[cpu->tlb_last], vaddr)) {
        return &cpu->tlb[cpu->tlb_last];
    }
    for (unsigned i = 0; i < cpu->tlb_entries; i++) {
        if (entry_matches(cpu, &cpu->tlb[i], vaddr)) {
            cpu->tlb_last = i;
            return &cpu->tlb[i];
        }
    }
    return NULL;
}

static MipsException translate_mapped(MipsCpu *cpu, uint64_t vaddr, MipsAccess access, MipsMapping *out,
                                      bool *refill)
{
    MipsException miss = access == ACCESS_STORE ? EXC_TLBS : EXC_TLBL;
    const MipsTlbEntry *e = find_entry(cpu, vaddr);
    *refill = !e;
    if (!e) {
        return miss;
    }
    uint64_t size = pair_size(e) >> 1;
    unsigned odd = (vaddr & size) != 0;
    if (!e->page[odd].v) {
        return miss;
    }
    bool own_codes = cpu->cp0.pagegrain & 1u << 27;     /* IEC */
    if (e->page[odd].xi && access == ACCESS_FETCH) {
        return own_codes ? EXC_TLBXI : EXC_TLBL;
    }
    if (e->page[odd].ri && access == ACCESS_LOAD) {
        return own_codes ? EXC_TLBRI : EXC_TLBL;
    }
    if (access == ACCESS_STORE && !e->page[odd].d) {
        return EXC_MOD;
    }
    *out = (MipsMapping){
        .paddr = (e->pfn[odd] & ~(size - 1)) | (vaddr & (size - 1)), .size = size,
        .writable = e->page[odd].d, .executable = !e->page[odd].xi, .readable = !e->page[odd].ri,
        .global = e->global, .cca = e->page[odd].cca,
    };
    return EXC_NONE;
}

static MipsException unmapped(uint64_t vaddr, uint64_t paddr, uint64_t size, uint8_t cca, MipsMapping *out)
{
    (void)vaddr;
    *out = (MipsMapping){ .paddr = paddr, .size = size, .writable = true, .executable = true,
                          .readable = true, .global = true, .unmapped = true, .cca = cca };
    return EXC_NONE;
}

/* The 32-bit compatibility segments above 0x80000000; vaddr sign-extended. */
static MipsException translate_kseg(MipsCpu *cpu, uint64_t vaddr, MipsAccess access, MipsMapping *out,
                                    bool *refill, MipsException error)
{
    unsigned ksu = mips_ksu(cpu);
    unsigned segment = (uint32_t)vaddr >> 29;       /* 4 kseg0, 5 kseg1, 6 ksseg, 7 kseg3 */
    if (ksu == 2 || (ksu == 1 && segment != 6)) {
        return error;
    }
    if (segment <= 5) {
        uint8_t cca = segment == 4 ? cpu->cp0.config[0] & 7 : 2;
        return unmapped(vaddr, vaddr & 0x1fffffff, 0x20000000, cca, out);
    }
    return translate_mapped(cpu, vaddr, access, out, refill);
}

/* 64-bit segments; vaddr lies outside of the compatibility ones. */
static MipsException translate_wide(MipsCpu *cpu, uint64_t vaddr, MipsAccess access, MipsMapping *out,
                                    bool *refill, MipsException error)
{
    uint32_t st = cpu->cp0.status;
    unsigned ksu = mips_ksu(cpu);
    uint64_t offset = vaddr & BITS64(0, 62);
    bool in_range = offset >> cpu->model->segbits == 0;
    if (vaddr >> 62 == 3) {         /* the last 2 GiB of the TLB's xkseg are the compatibility segments' */
        in_range = offset >> 31 < (UINT64_C(1) << (cpu->model->segbits - 31)) - 1;
    }
    switch (vaddr >> 62) {
    case 0:
        return in_range && (st & ST_UX) ? translate_mapped(cpu, vaddr, access, out, refill) : error;
    case 1:
        return in_range && (st & ST_SX) && ksu <= 1 ? translate_mapped(cpu, vaddr, access, out, refill)
                                                    : error;
    case 2: {
        uint64_t paddr = vaddr & BITS64(0, 59);
        if (ksu != 0 || !(st & ST_KX) || paddr >> cpu->model->pabits) {
            return error;
        }
        return unmapped(vaddr, paddr, UINT64_C(1) << cpu->model->pabits, vaddr >> 59 & 7, out);
    }
    default:
        return in_range && ksu == 0 && (st & ST_KX) ? translate_mapped(cpu, vaddr, access, out, refill)
                                                    : error;
    }
}

/*
 * The segments of a kernel that KVM's trap-and-emulate mode runs in the host's user mode,
 * here for one that runs in kernel mode: 0x40000000 is kseg0 (unmapped), 0x60000000 is kseg2
 * and kseg3 (mapped, found in the TLB by the address as it is). User mode has the lowest
 * GiB only. Everything from 0x80000000 up stays as it always is.
 */
static MipsException translate_useg_kernel(MipsCpu *cpu, uint64_t vaddr, MipsAccess access, MipsMapping *out,
                                           bool *refill, MipsException error)
{
    if (mips_ksu(cpu) != 0) {
        return error;
    }
    if (vaddr < 0x60000000) {
        return unmapped(vaddr, vaddr & 0x1fffffff, 0x20000000, cpu->cp0.config[0] & 7, out);
    }
    return translate_mapped(cpu, vaddr, access, out, refill);
}

MipsException mips_translate(MipsCpu *cpu, uint64_t vaddr, MipsAccess access, MipsMapping *out, bool *refill)
{
    MipsException error = access == ACCESS_STORE ? EXC_ADES : EXC_ADEL;
    *refill = false;
    if (cpu->useg_kernel && vaddr >= 0x40000000 && vaddr <= 0x7fffffff) {
        return translate_useg_kernel(cpu, vaddr, access, out, refill, error);
    }
    if (vaddr <= 0x7fffffff) {
        if (cpu->cp0.status & ST_ERL) {
            return unmapped(vaddr, vaddr, 0x80000000, 2, out);
        }
        return translate_mapped(cpu, vaddr, access, out, refill);
    }
    if (vaddr >= 0xffffffff80000000) {
        return translate_kseg(cpu, vaddr, access, out, refill, error);
    }
    if (!cpu->base.is_64bit) {
        return error;
    }
    return translate_wide(cpu, vaddr, access, out, refill, error);
}

/* ---- TLB instructions ---- */

unsigned tlb_random(MipsCpu *cpu)
{
    unsigned span = cpu->tlb_entries - cpu->cp0.wired;
    cpu->random_seed = cpu->random_seed * 1103515245u + 12345u;
    unsigned r = cpu->cp0.wired + (cpu->random_seed >> 16) % span;
    /* Never the same twice running: software may retry until it gets another. */
    if (r == cpu->cp0.random && span > 1) {
        r = r + 1 < cpu->tlb_entries ? r + 1 : cpu->cp0.wired;
    }
    cpu->cp0.random = r;
    return r;
}

void tlb_set_wired(MipsCpu *cpu, uint32_t wired)
{
    cpu->cp0.wired = wired < cpu->tlb_entries ? wired : cpu->tlb_entries - 1;
    cpu->cp0.random = cpu->tlb_entries - 1;
}

/* ---- what was translated by an entry, and may be known elsewhere ---- */

/* The address of a VPN2: the end of xkseg stands for kseg2 and kseg3. */
static uint64_t vpn2_address(const MipsCpu *cpu, uint64_t vpn2)
{
    unsigned bits = cpu->model->segbits;
    if (!cpu->base.is_64bit) {
        return (uint64_t)(int32_t)vpn2;
    }
    if (vpn2 >> 62 == 3 && (vpn2 & BITS64(31, bits - 31)) == BITS64(31, bits - 31)) {
        return vpn2 | BITS64(bits, 62 - bits);
    }
    return vpn2;
}

static unsigned asids_of(const MipsTlbEntry *e)
{
    return e->global ? MIPS_ALL_ASIDS : e->asid;
}

static bool maps_something(const MipsTlbEntry *e)
{
    return e->valid && (e->page[0].v || e->page[1].v);
}

static void forget(MipsCpu *cpu, const MipsTlbEntry *e)
{
    cpu->llpage.key = UINT64_MAX;
    if (maps_something(e)) {
        cpu->engine->drop_page(cpu, vpn2_address(cpu, e->vpn2), pair_size(e), asids_of(e));
    }
}

static void forget_displaced(MipsCpu *cpu, uint64_t vpn2, uint64_t size, unsigned asid)
{
    uint64_t vaddr = vpn2_address(cpu, vpn2);
    if (cpu->llpage.vaddr - vaddr < size) {
        cpu->llpage.key = UINT64_MAX;
    }
    cpu->engine->drop_displaced(cpu, vaddr, size, asid);
}

static void forget_all_displaced(MipsCpu *cpu)
{
    cpu->llpage.key = UINT64_MAX;
    cpu->engine->drop_displaced(cpu, 0, 0, MIPS_ALL_ASIDS);
}

/* ---- TLBWI, TLBWR ---- */

static void write_entry(MipsCpu *cpu, unsigned index)
{
    const MipsCp0 *c = &cpu->cp0;
    MipsTlbEntry *e = &cpu->tlb[index];
    cpu->tlb_found = false;
    *e = (MipsTlbEntry){
        .vpn2 = c->entryhi & tlb_vpn2_mask(cpu) & ~(uint64_t)c->pagemask, .mask = c->pagemask,
        .asid = (uint8_t)c->entryhi, .global = c->entrylo[0] & c->entrylo[1] & 1,
        .valid = !(c->entryhi & 1u << 10),
    };
    if (!cpu->base.is_64bit) {
        e->vpn2 = (uint64_t)(int32_t)e->vpn2;
    }
    for (int i = 0; i < 2; i++) {
        uint64_t lo = c->entrylo[i];
        e->pfn[i] = (lo >> 6 & BITS64(0, cpu->model->pabits - 12u)) << 12 &
                    ~((uint64_t)(c->pagemask | 0x1fff) >> 1);
        e->page[i].v = lo >> 1 & 1;
        e->page[i].d = lo >> 2 & 1;
        e->page[i].cca = lo >> 3 & 7;
        e->page[i].ri = lo >> 63 & 1;
        e->page[i].xi = lo >> 62 & 1;
    }
    if (e->valid) {
        forget_displaced(cpu, e->vpn2, pair_size(e), asids_of(e));
    }
    if (log_enabled(LOG_MMU)) {
        log_line(LOG_MMU, "tlb %2u: vpn2 %016" G_GINT64_MODIFIER "x mask %08x asid %02x%s "
                 "lo0 %" G_GINT64_MODIFIER "x lo1 %" G_GINT64_MODIFIER "x", index, e->vpn2,
                 e->mask, e->asid, e->global ? " g" : "", c->entrylo[0], c->entrylo[1]);
    }
}

/*
 * Software cannot know which entry TLBWR overwrites, so that what it mapped may go on being used
 * until software could tell the difference: when it looks for it (TLBP, TLBR), when it writes
 * something that overlaps, or when it may be overwriting all entries one by one. Large pages are
 * not worth it, and where only one entry is not wired software does know.
 */
void tlb_write_random(MipsCpu *cpu)
{
    unsigned index = tlb_random(cpu);
    const MipsTlbEntry *e = &cpu->tlb[index];
    bool known = cpu->tlb_entries - cpu->cp0.wired <= 1;
    if (maps_something(e) && (known || e->mask || !cpu->engine->displace(cpu))) {
        forget(cpu, e);
    }
    write_entry(cpu, index);
}

void tlb_write_indexed(MipsCpu *cpu)
{
    unsigned index = cpu->cp0.index & 0x7fffffff;
    if (!cpu->tlb_found) {
        forget_all_displaced(cpu);
    }
    if (index >= cpu->tlb_entries) {
        guest_log("TLB write to entry %u of %u", index, cpu->tlb_entries);
        return;
    }
    forget(cpu, &cpu->tlb[index]);
    write_entry(cpu, index);
}

/* ---- TLBR, TLBP, TLBINV, TLBINVF ---- */

static uint64_t entrylo_of(const MipsTlbEntry *e, int i)
{
    return (uint64_t)e->page[i].ri << 63 | (uint64_t)e->page[i].xi << 62 | e->pfn[i] >> 12 << 6 |
           (uint64_t)e->page[i].cca << 3 | (uint64_t)e->page[i].d << 2 | (uint64_t)e->page[i].v << 1 |
           e->global;
}

void tlb_read(MipsCpu *cpu)
{
    unsigned index = cpu->cp0.index & 0x7fffffff;
    if (index >= cpu->tlb_entries) {
        guest_log("TLBR of entry %u of %u", index, cpu->tlb_entries);
        return;
    }
    forget_all_displaced(cpu);          /* software looks at what is there */
    const MipsTlbEntry *e = &cpu->tlb[index];
    if (!e->valid) {
        cpu->cp0.entryhi = extract32(cpu->model->config[4], 29, 2) >= 2 ? 1u << 10 : 0;
        cpu->cp0.pagemask = 0;
        cpu->cp0.entrylo[0] = cpu->cp0.entrylo[1] = 0;
    } else {
        cpu->cp0.entryhi = e->vpn2 | e->asid;
        cpu->cp0.pagemask = e->mask;
        cpu->cp0.entrylo[0] = entrylo_of(e, 0);
        cpu->cp0.entrylo[1] = entrylo_of(e, 1);
    }
    cpu->engine->mode_changed(cpu);
}

void tlb_probe(MipsCpu *cpu)
{
    for (unsigned i = 0; i < cpu->tlb_entries; i++) {
        if (entry_matches(cpu, &cpu->tlb[i], cpu->cp0.entryhi)) {
            cpu->cp0.index = i;
            cpu->tlb_found = true;
            return;
        }
    }
    cpu->cp0.index |= 0x80000000;
    cpu->tlb_found = false;
    forget_displaced(cpu, cpu->cp0.entryhi & tlb_vpn2_mask(cpu), 0x2000, cpu->cp0.entryhi & 0xff);
}

void tlb_invalidate(MipsCpu *cpu, bool all)
{
    cpu->tlb_found = false;
    forget_all_displaced(cpu);
    for (unsigned i = 0; i < cpu->tlb_entries; i++) {
        MipsTlbEntry *e = &cpu->tlb[i];
        if (all || (!e->global && e->asid == (cpu->cp0.entryhi & 0xff))) {
            forget(cpu, e);
            e->valid = false;
        }
    }
}

void tlb_reset(MipsCpu *cpu)
{
    memset(cpu->tlb, 0, sizeof(cpu->tlb));
    cpu->llpage.key = UINT64_MAX;
    cpu->tlb_last = 0;
    cpu->tlb_found = false;
    if (cpu->engine) {
        cpu->engine->drop_all(cpu);
    }
}
