/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TLB instructions as the IR calls them. */
#include "target/mips/helpers.h"
#include "target/mips/tlb.h"

#define TLB_HELPER(id, statement) \
    static uint64_t do_##id(void *opaque, uint64_t a, uint64_t b, uint64_t c) \
    { \
        MipsCpu *cpu = opaque; \
        (void)a, (void)b, (void)c; \
        statement; \
        return 0; \
    } \
    const IrHelper helper_##id = { #id, do_##id, IR_READS | IR_WRITES, false };

TLB_HELPER(tlbr, tlb_read(cpu))
TLB_HELPER(tlbwi, tlb_write_indexed(cpu))
TLB_HELPER(tlbwr, tlb_write_random(cpu))
TLB_HELPER(tlbp, tlb_probe(cpu))
TLB_HELPER(tlbinv, tlb_invalidate(cpu, false))
TLB_HELPER(tlbinvf, tlb_invalidate(cpu, true))
