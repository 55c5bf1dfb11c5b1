/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CP0 moves, EI/DI, ERET, WAIT and RDHWR as the IR calls them (MD00086, MD00090). */
#include "target/mips/cp0.h"
#include "target/mips/helpers.h"
#include "util/bits.h"

/* What a read changes (Random, a timer that is due) is in no slot. */
HELPER_FUNC(do_mfc0)
{
    (void)b, (void)c;
    return cp0_read(opaque, (unsigned)a, false);
}
HELPER(mfc0, do_mfc0, IR_READS, true)

HELPER_FUNC(do_dmfc0)
{
    (void)b, (void)c;
    return cp0_read(opaque, (unsigned)a, true);
}
HELPER(dmfc0, do_dmfc0, IR_READS, true)

HELPER_FUNC(do_mtc0)
{
    (void)c;
    cp0_write(opaque, (unsigned)a, b, false);
    return 0;
}
HELPER(mtc0, do_mtc0, IR_READS | IR_WRITES, false)

HELPER_FUNC(do_dmtc0)
{
    (void)c;
    cp0_write(opaque, (unsigned)a, b, true);
    return 0;
}
HELPER(dmtc0, do_dmtc0, IR_READS | IR_WRITES, false)

/* EI (a = 1) and DI: the old Status. */
HELPER_FUNC(do_set_ie)
{
    MipsCpu *cpu = opaque;
    uint32_t old = cpu->cp0.status;
    (void)b, (void)c;
    cpu->cp0.status = (old & ~ST_IE) | (a ? ST_IE : 0);
    mips_mode_update(cpu);
    return old;
}
HELPER(set_ie, do_set_ie, IR_READS | IR_WRITES, true)

HELPER_FUNC(do_eret)
{
    MipsCpu *cpu = opaque;
    (void)a, (void)b, (void)c;
    if (cpu->cp0.status & ST_ERL) {
        cpu->pc = cpu->cp0.errorepc;
        cpu->cp0.status &= ~ST_ERL;
    } else {
        cpu->pc = cpu->cp0.epc;
        cpu->cp0.status &= ~ST_EXL;
    }
    cpu->llbit = false;
    mips_mode_update(cpu);
    return 0;
}
HELPER(eret, do_eret, IR_READS | IR_WRITES, false)

/* Sleeps until an interrupt that is enabled in Status.IM is pending, whether or not it
 * will be taken (Config7.WII). */
HELPER_FUNC(do_wait)
{
    MipsCpu *cpu = opaque;
    (void)a, (void)b, (void)c;
    if (!(mips_cause(cpu) & cpu->cp0.status & ST_IM)) {
        __atomic_store_n(&cpu->halted, 1, __ATOMIC_RELEASE);
    }
    mips_kick(cpu);
    return 0;
}
HELPER(wait, do_wait, IR_READS | IR_WRITES, false)

/* RDHWR of Count, which is allowed. */
HELPER_FUNC(do_rdcount)
{
    (void)a, (void)b, (void)c;
    return (uint64_t)(int32_t)mips_count_get(opaque);
}
HELPER(rdcount, do_rdcount, IR_READS, true)
