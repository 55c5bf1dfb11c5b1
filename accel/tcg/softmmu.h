/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The soft TLB: virtual pages to host memory, one direct-mapped table for all address
 * spaces. A tag holds the page's address, the address space in bits 11..3, and zeros in
 * bits 2..0, so that one comparison checks page, ASID, privilege and alignment.
 */
#ifndef ACCEL_TCG_SOFTMMU_H
#define ACCEL_TCG_SOFTMMU_H

#include <stdbool.h>
#include <stdint.h>
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
    bool high_by_asid;          /* pages of the high half were filled for one ASID only */
    uint64_t fills;
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

/* The slow paths: translate, fill the table, or access a device; raise if need be. The
 * value is in the low size bytes; in guest register order. */
uint64_t softmmu_load(MipsCpu *cpu, uint64_t vaddr, unsigned size);
void softmmu_store(MipsCpu *cpu, uint64_t vaddr, unsigned size, uint64_t value);
/* Fills and returns the entry for an instruction fetch at vaddr; raises if it cannot be. */
const SoftmmuFetch *softmmu_fetch(MipsCpu *cpu, uint64_t vaddr);

void softmmu_init(MipsCpu *cpu);
void softmmu_drop_page(MipsCpu *cpu, uint64_t vaddr, uint64_t size);
void softmmu_drop_all(MipsCpu *cpu);
/* Recomputes the keys after the mode or the ASID changed. */
void softmmu_mode_changed(MipsCpu *cpu);
/* Takes write permission from every entry of the page of memory. */
void softmmu_protect(MipsCpu *cpu, uint64_t ram_id);

#endif
