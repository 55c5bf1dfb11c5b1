/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A CPU with its engine and 2 MiB of RAM, driven by hand: no thread runs it. */
#ifndef TESTS_UNIT_MMU_TEST_H
#define TESTS_UNIT_MMU_TEST_H

#include <glib.h>
#include <setjmp.h>
#include <string.h>
#include "accel/tcg/softmmu.h"
#include "accel/tcg/tcg.h"
#include "target/mips/cp0.h"
#include "target/mips/tlb.h"

#define RAM_SIZE 0x200000u
#define KSEG0 UINT64_C(0xffffffff80000000)
#define KSEG1 UINT64_C(0xffffffffa0000000)
#define KSEG3 UINT64_C(0xffffffffe0000000)
/* What an access comes to: its value, or one of these and the exception code. */
#define RAISED 0x10000000u
#define REFILL 0x20000000u
#define TLBL (RAISED | EXC_TLBL)
#define TLBL_REFILL (RAISED | REFILL | EXC_TLBL)
#define TLBS (RAISED | EXC_TLBS)
#define TLBS_REFILL (RAISED | REFILL | EXC_TLBS)

enum { C0_INDEX = CP0(0, 0), C0_ENTRYLO0 = CP0(2, 0), C0_ENTRYLO1 = CP0(3, 0), C0_PAGEMASK = CP0(5, 0),
       C0_WIRED = CP0(6, 0), C0_ENTRYHI = CP0(10, 0), C0_STATUS = CP0(12, 0) };
enum { LO_G = 1, LO_V = 2, LO_D = 4 };

typedef struct {
    Machine *machine;
    MemRegion *ram;
    uint8_t *host;
    MipsCpu *cpu;
    Tcg *tcg;
    Softmmu *m;
    sigjmp_buf unwind;
} Mmu;

static inline void mmu_set_status(Mmu *f, uint32_t status)
{
    cp0_write(f->cpu, C0_STATUS, status, false);
}

static inline void mmu_begin(Mmu *f, const char *model, bool victims)
{
    AccelConfig config;
    accel_config_init(&config);
    config.interpreter = true;
    config.victims = victims;
    f->machine = machine_new(NULL);
    machine_lock(f->machine);
    f->machine->is_64bit = true;
    f->ram = mem_ram_new("ram", RAM_SIZE, NULL);
    f->host = mem_host(f->ram);
    mem_add(f->machine->memory, 0, f->ram, 0);
    as_set_bus(f->machine->as, &f->machine->lock, false);
    f->cpu = mips_cpu(mips_cpu_new(f->machine, mips_model_find(model, true, NULL), 0, NULL));
    f->tcg = tcg_new(f->cpu, &config, NULL);
    f->m = f->cpu->softmmu;
    f->cpu->unwind_buf = &f->unwind;
    f->cpu->base.ops->reset(&f->cpu->base);
    mmu_set_status(f, 0);
    /* Each page of RAM begins with its number. */
    for (uint32_t page = 0; page < RAM_SIZE >> 12; page++) {
        memcpy(f->host + (page << 12), &page, 4);
    }
}

static inline void mmu_end(Mmu *f)
{
    tcg_free(f->tcg);
    machine_unlock(f->machine);
    machine_free(f->machine);
    mem_free(f->ram);
}

static inline unsigned mmu_raised(const Mmu *f)
{
    return RAISED | (f->cpu->exc.refill ? REFILL : 0) | f->cpu->exc.code;
}

static inline unsigned mmu_load(Mmu *f, uint64_t vaddr)
{
    return sigsetjmp(f->unwind, 0) ? mmu_raised(f) : (unsigned)mips_load(f->cpu, vaddr, 4);
}

/* Stores at an offset of 8 bytes, so that the page's number stays; 0: done. */
static inline unsigned mmu_store(Mmu *f, uint64_t vaddr, uint32_t value)
{
    if (sigsetjmp(f->unwind, 0)) {
        return mmu_raised(f);
    }
    mips_store(f->cpu, vaddr + 8, 4, value);
    return 0;
}

/* The page that code at vaddr would be fetched from. */
static inline unsigned mmu_fetch(Mmu *f, uint64_t vaddr)
{
    uint64_t phys;
    if (sigsetjmp(f->unwind, 0)) {
        return mmu_raised(f);
    }
    if (!softmmu_code_at(f->cpu, vaddr, &phys)) {
        phys = softmmu_fetch(f->cpu, vaddr)->ram_id;
    }
    return (unsigned)((phys - (uintptr_t)f->host) >> 12);
}

/* Whether a 32-bit address is in a table of now. */
static inline bool mmu_has(Mmu *f, uint64_t vaddr, uint32_t table)
{
    return flat_entry(f->cpu, (uint32_t)vaddr, table) != 0;
}

static inline void mmu_asid(Mmu *f, unsigned asid)
{
    cp0_write(f->cpu, C0_ENTRYHI, asid, true);
}

/* EntryHi, EntryLo0 and EntryLo1 for the pair at vaddr; page is that of its first half. */
static inline void mmu_entry(Mmu *f, uint64_t vaddr, unsigned asid, unsigned page, unsigned flags)
{
    cp0_write(f->cpu, C0_ENTRYHI, (vaddr & ~UINT64_C(0x1fff)) | asid, true);
    cp0_write(f->cpu, C0_ENTRYLO0, page << 6 | flags, false);
    cp0_write(f->cpu, C0_ENTRYLO1, (page + 1) << 6 | flags, false);
}

static inline void mmu_write_random(Mmu *f, uint64_t vaddr, unsigned asid, unsigned page, unsigned flags)
{
    mmu_entry(f, vaddr, asid, page, flags);
    tlb_write_random(f->cpu);
}

static inline void mmu_write_at(Mmu *f, unsigned index, uint64_t vaddr, unsigned asid, unsigned page,
                                unsigned flags)
{
    mmu_entry(f, vaddr, asid, page, flags);
    cp0_write(f->cpu, C0_INDEX, index, false);
    tlb_write_indexed(f->cpu);
}

static inline bool mmu_probe(Mmu *f, uint64_t vaddr, unsigned asid)
{
    cp0_write(f->cpu, C0_ENTRYHI, (vaddr & ~UINT64_C(0x1fff)) | asid, true);
    tlb_probe(f->cpu);
    return !(f->cpu->cp0.index >> 31);
}

#endif
