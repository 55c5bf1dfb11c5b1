/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the test cases in the guest and the program outside of it agree on: the doorbell's
 * registers, the modes, the actions that a case may ask for, and the layout of memory. C and
 * assembly on the guest's side, C on the other.
 *
 * The doorbell lies at physical 0x1f000900 and is used through 0xbf000900, which leaves the
 * guest in every mode. Registers are 32 bits wide in the guest's byte order; BELL_AREA takes
 * accesses of 1, 2 and 4 bytes.
 */
#ifndef TESTS_KVM_GUEST_DOORBELL_H
#define TESTS_KVM_GUEST_DOORBELL_H

#define BELL_PHYS           0x1f000900
#define BELL_SIZE           0x100

/* A check that failed: where (file << 16 | line), what was there, and last what was wanted. */
#define BELL_FAIL_WHERE     0x00
#define BELL_FAIL_GOT       0x04
#define BELL_FAIL_WANT      0x08
#define BELL_DONE           0x0c    /* w: the case ended; how many checks it made */
#define BELL_LOG_ID         0x10    /* w: LOG_*, then the value */
#define BELL_LOG            0x14
#define BELL_ACTION_ARG     0x18    /* w: the argument, then ACT_* */
#define BELL_ACTION         0x1c
#define BELL_RESULT         0x20    /* r: of the last action */
#define BELL_BUSY           0x24    /* r: not 0 while an action goes on in the background */
#define BELL_MODE           0x28    /* r: MODE_* */
#define BELL_PAGE_SHIFT     0x2c    /* r: of the pages that the TLB may be given */
#define BELL_EXTRA_IM       0x30    /* r: Status.IM bits that interrupts need beside their own */
/* A trap that nobody expected: ends the case; BadVAddr is written last. */
#define BELL_TRAP_CAUSE     0x34
#define BELL_TRAP_EPC       0x38
#define BELL_TRAP_BADVADDR  0x3c
#define BELL_DEFECT         0x40    /* w: DEFECT_*: the host shows this known defect */
#define BELL_LAST_WIDTH     0x44    /* r: bytes of the last access to BELL_AREA */
#define BELL_ACCESSES       0x48    /* r: how many accesses BELL_AREA saw; w: forgets them */
#define BELL_AREA           0x80    /* 64 bytes that keep what is written */
#define BELL_AREA_SIZE      0x40

#define MODE_KVM_TE         1
#define MODE_KVM_VZ         2
#define MODE_SOFT_TE        4
#define MODE_SOFT_STD       8

/* Interrupt lines are numbers of Cause.IP, 2 to 4. */
#define ACT_RAISE           1       /* arg: line. KVM: one KVM_INTERRUPT */
#define ACT_LOWER           2       /* arg: line; ends a hold, too */
#define ACT_HOLD            3       /* arg: line. As a device holds it: sent again before each entry */
#define ACT_RAISE_AFTER     4       /* arg: line | ms << 8; BELL_BUSY until then */
#define ACT_HOST_USEC       5       /* result: the host's monotonic clock, low half of the us */
#define ACT_GET_COUNT_HZ    6       /* result */
#define ACT_SET_COUNT_HZ    7       /* arg: Hz. KVM only */
#define ACT_STOP_CLOCK      8       /* arg: ms during which the machine's time stands; BELL_BUSY */
#define ACT_FPU_SWAP        9       /* every FPR and FCSR read out, spoilt, written back. KVM only */

#define LOG_LATENCY         1       /* us from Compare to the handler: the least, then the most */
#define LOG_REWRITTEN       2       /* the instruction as it is read back after it ran */
#define LOG_COUNT_HZ        3

#define DEFECT_IM0          1
#define DEFECT_PARTIAL_STORE 2
#define DEFECT_WIRED        3

/* Source files of the cases, for BELL_FAIL_WHERE. */
#define GUEST_FILES(F) \
    F(1, "lib.c") F(2, "cases_mmio.c") F(3, "cases_segment.c") F(4, "cases_tlb.c") \
    F(5, "cases_exception.c") F(6, "cases_timer.c") F(7, "cases_irq.c") F(8, "cases_fpu.c") \
    F(9, "cases_text.c") F(10, "cases_user.c") F(11, "cases_vz.c")

/* Physical memory: 2 MiB from 0. */
#define GUEST_RAM           0x200000
#define GUEST_CODE          0x1000  /* entry: a0 the case, a1 the virtual address of physical 0 */
#define GUEST_CODE_MAX      0xf000
#define GUEST_VECTORS       0x10000 /* EBase */
#define GUEST_ENV           (GUEST_VECTORS + ENV_OFFSET)
#define GUEST_TRAP_STACK    0x14000 /* tops */
#define GUEST_STACK         0x18000
#define GUEST_PAGES         0x100000 /* the cases' own, up to the end */
#define ENV_OFFSET          0x800

/* Env, as assembly sees it; lib.h has the structure. */
#define ENV_VECTOR          0
#define ENV_CAUSE           4
#define ENV_STATUS          8
#define ENV_EPC             12
#define ENV_BADVADDR        16
#define ENV_ENTRYHI         20
#define ENV_CONTEXT         24
#define ENV_COUNT           28
#define ENV_RESUME          32
#define ENV_TRY_PC          36
#define ENV_HANDLER         40
#define ENV_BASE            44
#define ENV_SAVED           128

#endif
