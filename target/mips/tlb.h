/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The joint TLB (MD00090, chapter 4 and the TLB instructions). */
#ifndef TARGET_MIPS_TLB_H
#define TARGET_MIPS_TLB_H

#include "target/mips/cpu.h"

/* VPN2 and region bits of EntryHi that this CPU keeps. */
uint64_t tlb_vpn2_mask(const MipsCpu *cpu);
/* A number from Wired to the last entry; each call may give another. */
unsigned tlb_random(MipsCpu *cpu);
void tlb_set_wired(MipsCpu *cpu, uint32_t wired);
/* TLBWI, TLBWR: an entry from EntryHi, EntryLo0/1 and PageMask. */
void tlb_write_indexed(MipsCpu *cpu);
void tlb_write_random(MipsCpu *cpu);
/* TLBR and TLBP. */
void tlb_read(MipsCpu *cpu);
void tlb_probe(MipsCpu *cpu);
/* TLBINV (entries of the current ASID) and TLBINVF (all). */
void tlb_invalidate(MipsCpu *cpu, bool all);
void tlb_reset(MipsCpu *cpu);

#endif
