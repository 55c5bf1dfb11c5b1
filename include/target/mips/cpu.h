/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of one MIPS CPU. Everything here belongs to the vCPU's thread while it runs
 * and to the machine lock while it is parked, except what is marked atomic.
 *
 * Addresses are 64-bit and sign-extended, on 32-bit CPUs too. On a 32-bit CPU only the low
 * half of a general register means anything; read it through mips_gpr.
 */
#ifndef TARGET_MIPS_CPU_H
#define TARGET_MIPS_CPU_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include "system/cpu.h"
#include "system/machine.h"
#include "target/mips/model.h"

typedef struct MipsCpu MipsCpu;

/* Exception codes (MD00090, Cause.ExcCode) and, above 31, kinds with a vector of their own. */
typedef enum {
    EXC_INT = 0, EXC_MOD = 1, EXC_TLBL = 2, EXC_TLBS = 3, EXC_ADEL = 4, EXC_ADES = 5,
    EXC_IBE = 6, EXC_DBE = 7, EXC_SYS = 8, EXC_BP = 9, EXC_RI = 10, EXC_CPU = 11,
    EXC_OV = 12, EXC_TR = 13, EXC_FPE = 15, EXC_TLBRI = 19, EXC_TLBXI = 20, EXC_WATCH = 23,
    EXC_NONE = 0xff,
} MipsException;

typedef enum { ACCESS_LOAD, ACCESS_STORE, ACCESS_FETCH } MipsAccess;

/* Cause and Status fields. */
enum {
    ST_IE = 1u << 0, ST_EXL = 1u << 1, ST_ERL = 1u << 2, ST_KSU = 3u << 3, ST_UX = 1u << 5,
    ST_SX = 1u << 6, ST_KX = 1u << 7, ST_IM = 0xffu << 8, ST_NMI = 1u << 19, ST_SR = 1u << 20,
    ST_TS = 1u << 21, ST_BEV = 1u << 22, ST_PX = 1u << 23, ST_MX = 1u << 24, ST_RE = 1u << 25,
    ST_FR = 1u << 26, ST_RP = 1u << 27, ST_CU0 = 1u << 28, ST_CU1 = 1u << 29, ST_CU2 = 1u << 30,
    CA_BD = 1u << 31, CA_TI = 1u << 30, CA_CE = 3u << 28, CA_DC = 1u << 27, CA_PCI = 1u << 26,
    CA_IV = 1u << 23, CA_WP = 1u << 22, CA_IP = 0xffu << 8, CA_IP_SW = 3u << 8, CA_EXC = 0x1fu << 2,
};

/* What code depends on besides its bytes: part of a block's key. */
enum {
    MODE_KSU = 3 << 0,      /* 0 kernel, 1 supervisor, 2 user (EXL and ERL taken in) */
    MODE_CP0 = 1 << 2,      /* CP0 instructions allowed */
    MODE_CU1 = 1 << 3,      /* FPU enabled */
    MODE_FR = 1 << 4,       /* 32 FPRs of 64 bits */
    MODE_64 = 1 << 5,       /* 64-bit operations allowed */
    MODE_ADDR64 = 1 << 6,   /* 64-bit addresses: data addresses are not truncated */
    MODE_DS = 1 << 7,       /* the one instruction of a delay slot; target in btarget */
    MODE_CU2 = 1 << 8,
    MODE_SPLIT = 1 << 10,   /* the two instructions of an unaligned access, one by one */
    MODE_FPX = 1 << 9,      /* FCSR enables a trap or flushes to zero */
};

typedef struct {
    uint64_t vpn2;          /* virtual address, page-pair aligned, region bits included */
    uint64_t pfn[2];        /* physical address of each page */
    uint32_t mask;          /* PageMask as written: bits 28..13 (12..11 with SP) */
    uint8_t asid;
    bool global, valid;     /* valid: not EHINV */
    struct { bool v, d, ri, xi; uint8_t cca; } page[2];
} MipsTlbEntry;

#define MIPS_TLB_MAX 64
#define MIPS_ALL_ASIDS 0x100u

typedef struct {
    uint32_t index, random, wired, pagemask, pagegrain, hwrena, compare, intctl;
    uint32_t status, cause, prid, config[8], badinstr, badinstrp, maari, errctl;
    uint32_t datalo, taglo, datahi, taghi;
    uint64_t entrylo[2], context, xcontext, userlocal, badvaddr, entryhi, epc, errorepc, ebase;
    uint64_t lladdr, kscratch[8], maar[2];
} MipsCp0;

/* What the engine that runs this CPU does for it. */
typedef struct {
    /* Mappings of size bytes at vaddr for asid (or MIPS_ALL_ASIDS) are gone, those that are for all
     * ASIDs too. */
    void (*drop_page)(MipsCpu *cpu, uint64_t vaddr, uint64_t size, unsigned asid);
    /* Whether the mappings of an entry that TLBWR overwrites may go on being used. */
    bool (*displace)(MipsCpu *cpu);
    /* As drop_page, of mappings that displace has let live; size 0: all of them are gone. */
    void (*drop_displaced)(MipsCpu *cpu, uint64_t vaddr, uint64_t size, unsigned asid);
    /* All mappings are gone. */
    void (*drop_all)(MipsCpu *cpu);
    /* Status, EntryHi.ASID, Config5 ... changed: recompute what is derived from them. */
    void (*mode_changed)(MipsCpu *cpu);
    /* The instruction at pc, if its page is mapped for execution as far as the engine knows. */
    bool (*peek_code)(MipsCpu *cpu, uint64_t pc, uint32_t *word);
    /* Guest code in [paddr, paddr + len) may be stale (CACHE, SYNCI). */
    void (*code_changed)(MipsCpu *cpu, uint64_t paddr, uint64_t len);
    /* Restores PC and BD of the instruction that is running and leaves for the run loop,
     * which takes the pending exception of cpu->exc. */
    void (*unwind)(MipsCpu *cpu) __attribute__((noreturn));
    /* An interrupt may be pending: ends WAIT. Machine lock held. */
    void (*wake)(MipsCpu *cpu);
    /* compare_at is another one: mips_timer_poll is due then, at the latest. */
    void (*deadline_changed)(MipsCpu *cpu);
} MipsEngine;

struct MipsCpu {
    Cpu base;

    /* Hot state: within 32 KiB of the start, see accel/tcg/interp. */
    uint64_t gpr[32];
    uint64_t hi, lo;
    uint64_t pc;            /* exact only outside of blocks */
    uint64_t btarget;       /* where the pending branch goes (MODE_DS) */
    uint64_t fpr[32];
    uint32_t fcr31;         /* without the condition codes; whole: fpu_fcsr */
    uint32_t fcc[8];        /* condition codes, 0 or 1 */
    uint32_t mxcsr;         /* FCSR.RM and pending Flags as an x86 host has them, see fpu_sync */
    struct {
        uint64_t a, b, c;   /* operands, raw bits */
        uint32_t op;        /* what fpu_exact takes; 0: FCSR.Cause is true */
    } fp_last;              /* the last operation that machine code did */
    uint32_t mode;          /* MODE_*, kept by mips_mode_update */
    bool big_endian;
    bool useg_kernel;       /* trap-and-emulate segments, see tlb.c */
    uint32_t count_hz;      /* of Count */
    bool llbit;
    uint64_t llpaddr, llval;
    struct { uint64_t vaddr, key, paddr; } llpage;  /* of the last LL, see helper_memory.c */
    int exit_request;       /* atomic: leave guest code soon */
    uint64_t mmu_key[2];    /* soft TLB keys of the low and the high half, see accel/tcg/softmmu */
    uint8_t *flat;          /* flat page tables of the address space, see accel/tcg/softmmu */
    uint32_t exec_epoch;    /* another number whenever a mapping of code may have gone */
    int32_t flat_mask;      /* index bits of the flat tables that this mode uses */
    void *softmmu;
    const void *cur_op;     /* the operation that runs, for unwind */
    uint64_t temp[128];     /* of the block that runs */

    MipsCp0 cp0;
    const MipsModel *model;
    MipsTlbEntry tlb[MIPS_TLB_MAX];
    unsigned tlb_entries;
    unsigned tlb_last;      /* hint */
    bool tlb_found;         /* Index is as TLBP has found it, and no entry was written since */
    uint32_t random_seed;

    struct {
        MipsException code;
        uint64_t badvaddr;
        bool refill;        /* TLB refill vector when EXL was 0 */
        uint8_t ce;         /* coprocessor of EXC_CPU */
        bool bd;            /* set by unwind */
    } exc;

    uint32_t irq_lines;     /* atomic: IP bits 15..10 as the hardware inputs drive them */
    int halted;             /* in WAIT */
    bool timer_pending;     /* Count has reached Compare */
    int64_t compare_at;     /* virtual time of the next such moment, or INT64_MAX */
    int64_t count_zero;     /* virtual ns at which Count was 0, for the running counter */
    bool count_stands;      /* Cause.DC */
    uint32_t count_stopped; /* Count while it stands */

    const MipsEngine *engine;
    void *engine_data;
    sigjmp_buf *unwind_buf;
};

/* A CPU of that model on the machine; owned by it (appended to machine->cpus). Lock held. */
Cpu *mips_cpu_new(Machine *machine, const MipsModel *model, unsigned index, GError **err);

static inline MipsCpu *mips_cpu(Cpu *cpu)
{
    return (MipsCpu *)cpu;
}

/* A general register as a sign-extended number of the CPU's word size. */
static inline uint64_t mips_gpr(const MipsCpu *cpu, unsigned n)
{
    return cpu->base.is_64bit ? cpu->gpr[n] : (uint64_t)(int32_t)cpu->gpr[n];
}

static inline unsigned mips_ksu(const MipsCpu *cpu)
{
    uint32_t st = cpu->cp0.status;
    return (st & (ST_EXL | ST_ERL)) ? 0 : (st >> 3) & 3;
}

/* ---- exceptions (exception.c) ---- */

/* Raises code from a helper or a memory access: unwinds to the run loop, which makes
 * CP0 and PC what the architecture says. */
void mips_raise(MipsCpu *cpu, MipsException code) __attribute__((noreturn));
void mips_raise_addr(MipsCpu *cpu, MipsException code, uint64_t vaddr) __attribute__((noreturn));
void mips_raise_coprocessor(MipsCpu *cpu, unsigned unit) __attribute__((noreturn));
/* Takes cpu->exc with cpu->pc = the instruction (its branch when exc.bd): sets CP0 and the
 * new PC (MD00090, 6.2). */
void mips_take_exception(MipsCpu *cpu);
/* Whether an interrupt is pending and enabled now. */
bool mips_irq_ready(const MipsCpu *cpu);
/* Cause as software reads it, hardware interrupt bits merged in. */
uint32_t mips_cause(const MipsCpu *cpu);
/* Recomputes cpu->mode after Status, Config or HWREna changed and tells the engine. */
void mips_mode_update(MipsCpu *cpu);
void mips_kick(MipsCpu *cpu);
const char *mips_exception_name(MipsException code);

/* ---- address translation (tlb.c) ---- */

typedef struct {
    uint64_t paddr;
    uint64_t size;          /* bytes around vaddr with the same mapping, a power of two >= 4 KiB */
    bool writable, executable, readable;
    bool global;            /* independent of the ASID */
    bool unmapped;          /* by the segment, not by a TLB entry */
    uint8_t cca;
} MipsMapping;

/* Translates vaddr for the access with the privilege of now. EXC_NONE, or the exception to
 * raise (*refill tells the vector); no side effects. size in out tells how far it reaches. */
MipsException mips_translate(MipsCpu *cpu, uint64_t vaddr, MipsAccess access, MipsMapping *out, bool *refill);
/* Raises what mips_translate answered. */
void mips_raise_tlb(MipsCpu *cpu, MipsException code, uint64_t vaddr, bool refill) __attribute__((noreturn));

/* ---- memory as an instruction sees it (provided by the engine, softmmu) ---- */

/* Loads or stores size bytes (1, 2, 4, 8) at vaddr in the CPU's byte order; may raise.
 * Misaligned addresses raise AdEL/AdES. */
uint64_t mips_load(MipsCpu *cpu, uint64_t vaddr, unsigned size);
void mips_store(MipsCpu *cpu, uint64_t vaddr, unsigned size, uint64_t value);
/* Where the host has the aligned size bytes at vaddr, when a store to them is a plain one now;
 * NULL: mips_store knows. */
void *mips_store_host(MipsCpu *cpu, uint64_t vaddr, unsigned size);
/* Raises unless size bytes at vaddr can be stored. */
void mips_probe_store(MipsCpu *cpu, uint64_t vaddr, unsigned size);

/* ---- clock (timer.c) ---- */
uint32_t mips_count_get(MipsCpu *cpu);
void mips_count_set(MipsCpu *cpu, uint32_t value);
void mips_compare_set(MipsCpu *cpu, uint32_t value);
void mips_count_stop(MipsCpu *cpu, bool stop);
void mips_timer_reset(MipsCpu *cpu);
/* Makes Cause.TI what Count and Compare say now: a kernel gives it 50 ticks (MD00090, 9.26).
 * The vCPU's thread; no lock needed. */
void mips_timer_poll(MipsCpu *cpu);

#endif
