/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the cases in the guest share. The code has no data and knows no addresses: calls are
 * relative (jal is made a bal), tables and strings are not to be had, the address of a
 * function comes from BLOB_ADDRESS.
 */
#ifndef TESTS_KVM_GUEST_LIB_H
#define TESTS_KVM_GUEST_LIB_H

#include "doorbell.h"

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

asm(".macro jal to\n\tbal \\to\n\t.endm");

typedef struct Env Env;

struct Env {
    /* The last trap, written by the vectors. count: how many there were. */
    u32 vector, cause, status, epc, badvaddr, entryhi, context, count;
    u32 resume;             /* where a trap without handler goes on; 0: it is a failure */
    u32 try_pc;             /* the instruction that TRY tries */
    u32 handler;            /* see handle; called with EXL set; may change epc */
    u32 base;               /* virtual address of physical 0 */
    u32 mode;               /* MODE_* */
    u32 page_shift, extra_im, checks;
    u32 note[8];            /* between a case and its handler */
    u32 pad[8];
    u32 saved[24];
};

#define ENV_AT(field, offset) (__builtin_offsetof(Env, field) == (offset))
_Static_assert(ENV_AT(vector, ENV_VECTOR) && ENV_AT(cause, ENV_CAUSE) && ENV_AT(status, ENV_STATUS) &&
               ENV_AT(epc, ENV_EPC) && ENV_AT(badvaddr, ENV_BADVADDR) && ENV_AT(entryhi, ENV_ENTRYHI) &&
               ENV_AT(context, ENV_CONTEXT) && ENV_AT(count, ENV_COUNT) && ENV_AT(resume, ENV_RESUME) &&
               ENV_AT(try_pc, ENV_TRY_PC) && ENV_AT(handler, ENV_HANDLER) && ENV_AT(base, ENV_BASE) &&
               ENV_AT(saved, ENV_SAVED), "Env and its offsets");

/* ---- the doorbell ---- */

static inline volatile u32 *bell(u32 reg)
{
    return (volatile u32 *)(unsigned long)(0xa0000000u + BELL_PHYS + reg);
}

static inline volatile void *bell_area(u32 offset)
{
    return (volatile void *)(unsigned long)(0xa0000000u + BELL_PHYS + BELL_AREA + offset);
}

/* Asks for an action and returns its result. */
u32 act(u32 action, u32 arg);
void log_value(u32 id, u32 value);
void report_defect(u32 defect);
/* One check; where is file << 16 | line. False: it failed, which was told. */
int check(Env *e, u32 where, u32 got, u32 want);

#define HERE (FILE_ID << 16 | __LINE__)
#define CHECK_EQ(got, want) check(e, HERE, (u32)(got), (u32)(want))
#define CHECK(what) check(e, HERE, !!(what), 1)

/* ---- traps ---- */

#define STR1(x) #x
#define STR(x) STR1(x)
#define LIST(...) __VA_ARGS__

/* Runs insns, which may trap: what follows a trap is the end. outs and ins are lists of asm
 * operands, ins not empty. What the trap was is in e; trapped tells. $8 and $9 are not for insns. */
#define TRY(e, insns, outs, ins) do { \
    asm volatile(".set push\n\t.set noreorder\n\t.set noat\n\tbal 7f\n\tnop\n7:\taddiu $9, $31, 8f - 7b\n\t" \
                 "sw $9, " STR(ENV_TRY_PC) "(%[env])\n\taddiu $9, $31, 9f - 7b\n\t" \
                 "sw $9, " STR(ENV_RESUME) "(%[env])\n8:\t" insns "\n\tnop\n9:\t.set pop" \
                 : outs : ins, [env] "r"(e) : "$1", "$8", "$9", "$31", "memory"); \
    (e)->resume = 0; \
} while (0)

enum { EXC_INT, EXC_MOD, EXC_TLBL, EXC_TLBS, EXC_ADEL, EXC_ADES, EXC_IBE, EXC_DBE, EXC_SYS, EXC_BP, EXC_RI,
       EXC_CPU, EXC_OV, EXC_TR, EXC_FPE = 15 };

#define CAUSE_BD 0x80000000u
#define CAUSE_TI 0x40000000u
#define CAUSE_DC 0x08000000u
#define CAUSE_IV 0x00800000u
#define CAUSE_IP(n) (0x100u << (n))
#define STATUS_IE 1u
#define STATUS_EXL 2u
#define STATUS_USER 0x10u
#define STATUS_BEV 0x00400000u
#define STATUS_FR 0x04000000u
#define STATUS_CU1 0x20000000u

/* That since *count one trap came, through that vector, with that code and that BD and EPC. */
void check_trap(Env *e, u32 where, u32 *count, u32 vector, u32 code, u32 bd, u32 epc);
#define CHECK_TRAP(vector, code) check_trap(e, HERE, &count, vector, code, 0, e->try_pc)
/* The trap is in the delay slot of the branch that TRY begins with. */
#define CHECK_TRAP_BD(code) check_trap(e, HERE, &count, 0x180, code, CAUSE_BD, e->try_pc)

/* The address of a function of this program where it runs: a HANDLER or one of the user_ pieces, which
 * guest.ld puts where an offset of 16 bits reaches. */
#define BLOB_ADDRESS(e, function) ({ u32 at_; \
    asm("addiu %0, %1, %%lo(" #function ")" : "=r"(at_) : "r"((e)->base + GUEST_CODE)); at_; })
/* function(Env *) handles traps from now on; it is a static one, marked HANDLER. */
#define HANDLE(e, function) ((e)->handler = BLOB_ADDRESS(e, function))
#define HANDLER __attribute__((used, noinline, section(".text.near")))

/* ---- CP0 ---- */

#define MFC0(reg, sel) ({ u32 v_; asm volatile("mfc0 %0, $" #reg ", " #sel : "=r"(v_) : : "memory"); v_; })
#define MTC0(reg, sel, v) asm volatile("mtc0 %0, $" #reg ", " #sel "\n\tehb" : : "r"((u32)(v)) : "memory")

/* The Status.IM bit of line n, and what the host needs beside it. */
static inline u32 im(const Env *e, u32 n)
{
    return 0x100u << n | e->extra_im;
}

/* ---- memory ---- */

/* Where the kernel sees a physical address, unmapped. */
static inline volatile u32 *ram(const Env *e, u32 phys)
{
    return (volatile u32 *)(unsigned long)(e->base + phys);
}

enum { PTE_G = 1, PTE_V = 2, PTE_D = 4 };

/* The page n of those that belong to the cases, as an EntryLo with those flags. */
u32 page_lo(const Env *e, u32 n, u32 flags);
/* Where the kernel sees page n, unmapped. */
volatile u32 *page_at(const Env *e, u32 n);
/* TLB entry index: va (and ASID) to two pages of e->page_shift. EntryHi keeps asid. */
void tlb_map(const Env *e, u32 index, u32 va, u32 asid, u32 lo0, u32 lo1);
/* The first address of a kernel segment that is mapped. */
u32 mapped_segment(const Env *e);
/* Makes code that was written at p (words) visible to fetches. */
void sync_code(volatile u32 *p, u32 words);
/* Copies code to page n, maps it at USER_VA and runs it in user mode with a0 = arg, v0 = 0,
 * until it traps; returns v0. status: bits to be set in Status. */
u32 run_user(Env *e, u32 code, u32 arg, u32 status);

#define USER_VA 0x00200000u
#define USER_PAGE 8

/* The host's clock in microseconds, modulo 2^32. */
u32 usec(void);

/* The cases, one function each. */
#define CASE(function, name, modes, fatal, needs) void case_##function(Env *e);
#include "cases.def"
#undef CASE

#endif
