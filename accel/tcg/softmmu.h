/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The soft TLB: virtual pages to host memory. 32-bit addresses (those of a mode without
 * MODE_ADDR64) have flat page tables, one set for each address space, see flat.h; 64-bit
 * addresses have one direct-mapped table for all address spaces. A tag there holds the page's
 * address, the address space in bits 11..3, and zeros in bits 2..0, so that one comparison
 * checks page, ASID, privilege and alignment.
 */
#ifndef ACCEL_TCG_SOFTMMU_H
#define ACCEL_TCG_SOFTMMU_H

#include <stdbool.h>
#include <stdint.h>
#include "accel/tcg/flat.h"
#include "target/mips/cpu.h"

#define SOFTMMU_ENTRIES 1024
#define SOFTMMU_FETCH_ENTRIES 256
#define SOFTMMU_PAGE_BITS 12
#define SOFTMMU_PAGE_MASK (~UINT64_C(0xfff))
#define SOFTMMU_NO_TAG UINT64_C(1)      /* equals no address with its low bits checked */

typedef struct {
    uint64_t read, write;       /* tags */
    uintptr_t addend;           /* host address = virtual address + addend */
    uint64_t ram_id;            /* of the page */
} SoftmmuEntry;

typedef struct {
    uint64_t tag;
    uint64_t ram_id;
    const uint8_t *host;        /* of the page */
    unsigned end;               /* offset in the page where its memory ends */
} SoftmmuFetch;

typedef struct {
    SoftmmuEntry data[SOFTMMU_ENTRIES];
    SoftmmuFetch fetch[SOFTMMU_FETCH_ENTRIES];
    SoftmmuFetch last_fetch;    /* of a page that is not in the table */
    Flat *flat;
    unsigned space;             /* the address space of the flat tables in use */
    bool high_by_asid;          /* pages of the high half were filled for one ASID only */
    bool loose_code;            /* code was fetched from pages that the tables do not keep */
    bool note_stores;           /* no write entries: stores are to be seen */
    bool page_tables;           /* flat tables are filled */
    bool victims;               /* what TLBWR displaces may be used until software can know better */
    bool victims_live;          /* there may be such mappings */
    const GArray *watches;      /* of DebugPoint: their pages have no data entries; NULL: none */
    uint64_t fills;
    uint64_t displaced;         /* entries whose mappings were kept */
    uint64_t victim_drops;      /* times that some, or all, of those mappings were dropped */
} Softmmu;

/* cpu->mmu_key[half] is the address space part of tags, already in place: of addresses
 * below and above 2^63. */
static inline uint64_t softmmu_tag(const MipsCpu *cpu, uint64_t vaddr, unsigned size)
{
    return (vaddr & (SOFTMMU_PAGE_MASK | (size - 1))) | cpu->mmu_key[vaddr >> 63];
}

static inline SoftmmuEntry *softmmu_entry(const MipsCpu *cpu, uint64_t vaddr)
{
    return &((Softmmu *)cpu->softmmu)->data[vaddr >> SOFTMMU_PAGE_BITS & (SOFTMMU_ENTRIES - 1)];
}

static inline SoftmmuFetch *softmmu_fetch_entry(const MipsCpu *cpu, uint64_t vaddr)
{
    return &((Softmmu *)cpu->softmmu)->fetch[vaddr >> SOFTMMU_PAGE_BITS & (SOFTMMU_FETCH_ENTRIES - 1)];
}

/* The host's address of an aligned access of size bytes to a 64-bit address, or NULL. */
static inline void *softmmu_wide_host(const MipsCpu *cpu, uint64_t vaddr, unsigned size, bool write)
{
    const SoftmmuEntry *e = softmmu_entry(cpu, vaddr);
    uint64_t tag = softmmu_tag(cpu, vaddr, size);
    return (write ? e->write : e->read) == tag ? (void *)(uintptr_t)(vaddr + e->addend) : NULL;
}

/* The same for a 32-bit address; table is FLAT_READ or FLAT_WRITE. */
static inline void *softmmu_flat_host(const MipsCpu *cpu, uint32_t vaddr, unsigned size, uint32_t table)
{
    uint64_t addend = flat_entry(cpu, vaddr, table);
    return addend && !(vaddr & (size - 1)) ? (void *)(uintptr_t)(addend + vaddr) : NULL;
}

/* Whether code at pc may run in the mode of now, as far as the tables know; then *phys is the
 * ram_id of its first byte. */
static inline bool softmmu_code_at(const MipsCpu *cpu, uint64_t pc, uint64_t *phys)
{
    if (cpu->mode & MODE_ADDR64) {
        const SoftmmuFetch *f = softmmu_fetch_entry(cpu, pc);
        *phys = f->ram_id + (pc & ~SOFTMMU_PAGE_MASK);
        return f->tag == softmmu_tag(cpu, pc, 4);
    }
    uint64_t frame = flat_entry(cpu, (uint32_t)pc, FLAT_EXEC);
    *phys = (frame - 1) << SOFTMMU_PAGE_BITS | (pc & ~SOFTMMU_PAGE_MASK);
    return frame && !(pc & 3) && pc == (uint64_t)(int32_t)pc;
}

/* The page of memory around a ram_id. */
static inline const uint8_t *softmmu_page_host(uint64_t ram_id)
{
    return (const uint8_t *)(uintptr_t)(ram_id & SOFTMMU_PAGE_MASK);
}

/* Enters what the architected translation of an access came to, and what is likely wanted next; false if
 * the page is not to be kept. */
bool softmmu_fill(MipsCpu *cpu, uint64_t vaddr, const MipsMapping *map, MipsAccess access);

/* The slow paths: translate, fill the table, or access a device; raise if need be. The
 * value is in the low size bytes; in guest register order. */
uint64_t softmmu_load(MipsCpu *cpu, uint64_t vaddr, unsigned size);
void softmmu_store(MipsCpu *cpu, uint64_t vaddr, unsigned size, uint64_t value);
/* Fills the tables for an instruction fetch at vaddr and says where its page is; raises if it
 * cannot be. The answer is good until the next call. */
const SoftmmuFetch *softmmu_fetch(MipsCpu *cpu, uint64_t vaddr);

void softmmu_init(MipsCpu *cpu, bool page_tables, bool victims);
void softmmu_free(MipsCpu *cpu);
/* Accesses to the watched bytes (of DebugPoint, or NULL; the caller's) are shown to tcg_debug_access. */
void softmmu_watch(MipsCpu *cpu, const GArray *watches);
/* From now on every store takes the slow path. */
void softmmu_note_stores(MipsCpu *cpu);
/* What the engine does for the CPU, see MipsEngine. What is in unmapped segments may stay: no TLB
 * entry made it. */
void softmmu_drop_page(MipsCpu *cpu, uint64_t vaddr, uint64_t size, unsigned asid);
bool softmmu_displace(MipsCpu *cpu);
void softmmu_drop_displaced(MipsCpu *cpu, uint64_t vaddr, uint64_t size, unsigned asid);
bool softmmu_peek_code(MipsCpu *cpu, uint64_t pc, uint32_t *word);
void softmmu_drop_all(MipsCpu *cpu);
/* Recomputes the keys after the mode or the ASID changed. */
void softmmu_mode_changed(MipsCpu *cpu);
/* Takes write permission from every entry of the page of memory. */
void softmmu_protect(MipsCpu *cpu, uint64_t ram_id);
/* Settles all pages of w that were written: the next store to each goes through softmmu_store. */
void softmmu_settle(MipsCpu *cpu, MemWritten *w);

#endif
