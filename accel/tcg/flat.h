/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flat page tables for 32-bit addresses: cpu->flat points into those of the address space of
 * now. For address a the index is (int32_t)a >> 12 in kernel mode, where it is negative for the
 * high half, and (uint32_t)a >> 12 in the other modes, whose high half is empty: cpu->flat_mask
 * makes the one from the other. An entry has 8 bytes:
 *
 *   read, write   0, or what is to be added to the unsigned address to get the host's
 *   exec          0, or (ram_id >> 12) + 1 of the page
 *
 * Each table is 12 MiB of address space: the kernel's high half, the low half, and the high half
 * as other modes see it. The kernel's is the same memory in all address spaces. Alignment is
 * left to the user of an entry.
 */
#ifndef ACCEL_TCG_FLAT_H
#define ACCEL_TCG_FLAT_H

#include <stdbool.h>
#include <stdint.h>
#include "target/mips/cpu.h"

/* Where index 0 of each table is, from cpu->flat. */
#define FLAT_READ 0u
#define FLAT_WRITE 0xc00000u
#define FLAT_EXEC 0x1800000u

#define FLAT_NO_SPACE 0x1ffu            /* of Status.ERL: nothing is filled in its low half */
#define FLAT_ALL_ASIDS MIPS_ALL_ASIDS

typedef struct Flat Flat;

/* What a page may be used for, and who made it so. */
enum {
    FLAT_MAY_READ = 1 << 0, FLAT_MAY_WRITE = 1 << 1, FLAT_MAY_EXEC = 1 << 2,
    FLAT_GLOBAL = 1 << 3,               /* for all ASIDs */
};

/* The low half of a page's exec entry, which code compares; ram_id: of any byte in it. */
static inline uint32_t flat_frame(uint64_t ram_id)
{
    return (uint32_t)(ram_id >> 12) + 1;
}

static inline uint64_t flat_entry(const MipsCpu *cpu, uint32_t vaddr, uint32_t table)
{
    intptr_t index = ((int32_t)vaddr >> 12) & cpu->flat_mask;
    return *(const uint64_t *)(const void *)(cpu->flat + table + index * 8);
}

/* Sets cpu->flat. */
Flat *flat_new(MipsCpu *cpu);
void flat_free(Flat *flat);
/* Makes the tables of an address space (ASID << 1 | a bit for a second one) those of cpu->flat. */
void flat_select(Flat *flat, unsigned space);
/* Enters the page at vaddr of the address space in use, whose memory is at host; a high vaddr is
 * the kernel's. */
void flat_fill(Flat *flat, uint32_t vaddr, const uint8_t *host, unsigned flags);
/* Whether that page can be read, or executed. */
bool flat_has(Flat *flat, uint32_t vaddr, bool exec);
/* Empties entries of size bytes at vaddr: of the high half, or of the low half for an ASID (or
 * FLAT_ALL_ASIDS) and wherever global pages were entered. True if there were any. */
bool flat_drop(Flat *flat, uint32_t vaddr, uint64_t size, unsigned asid);
void flat_drop_all(Flat *flat);
/* Empties what is not in an unmapped segment. */
void flat_drop_mapped(Flat *flat);
/* Empties what is above 0xc0000000. */
void flat_drop_high(Flat *flat);
/* Takes all write entries of the page of memory away. */
void flat_protect(Flat *flat, uint64_t ram_id);

/* Where the exec entry of a page lies, from the base of the tables of a mode. */
static inline int32_t flat_exec_disp(uint64_t pc, bool user)
{
    int64_t index = user ? (int64_t)((uint32_t)pc >> 12) : (int64_t)(int32_t)pc >> 12;
    return (int32_t)(FLAT_EXEC + 8 * index);
}

#endif
