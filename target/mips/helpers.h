/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions that the IR calls for what is long or rare; bodies in the file named. */
#ifndef TARGET_MIPS_HELPERS_H
#define TARGET_MIPS_HELPERS_H

#include "accel/tcg/ir.h"
#include "target/mips/cpu.h"

/* helper_memory.c: (address, register value) */
extern const IrHelper helper_swl, helper_swr, helper_sdl, helper_sdr;
extern const IrHelper helper_ll, helper_lld, helper_sc, helper_scd;
extern const IrHelper helper_synci, helper_cache;
/* helper_cp0.c: (8 * register + select, value) */
extern const IrHelper helper_mfc0, helper_dmfc0, helper_mtc0, helper_dmtc0;
extern const IrHelper helper_set_ie, helper_eret, helper_wait, helper_rdcount;
/* helper_tlb.c */
extern const IrHelper helper_tlbr, helper_tlbwi, helper_tlbwr, helper_tlbp, helper_tlbinv, helper_tlbinvf;
/* helper_fpu.c */
extern const IrHelper helper_cfc1, helper_ctc1;
extern const IrHelper helper_ps_add, helper_ps_sub, helper_ps_mul, helper_ps_abs, helper_ps_neg;
extern const IrHelper helper_ps_cmp, helper_ps_madd, helper_ps_msub, helper_ps_nmadd, helper_ps_nmsub;

#define HELPER_FUNC(id) static uint64_t id(void *opaque, uint64_t a, uint64_t b, uint64_t c)
#define HELPER(id, fn, what, result) const IrHelper helper_##id = { #id, fn, what, result };

#endif
