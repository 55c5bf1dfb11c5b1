/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry, exception vectors and exit of the bare-metal programs. A trap records Cause, EPC,
 * BadVAddr and Status and goes on at trap_resume; with trap_resume 0 it ends the program.
 */
        .set    noreorder
        .set    noat
#ifdef __mips64
#define LONG_S sd
#define LONG_L ld
#define MFC0L dmfc0
#define MTC0L dmtc0
#define STATUS_BITS 0x244000e0      /* CU1 FR BEV KX SX UX */
#elif defined(FR1)
#define LONG_S sw
#define LONG_L lw
#define MFC0L mfc0
#define MTC0L mtc0
#define STATUS_BITS 0x24400000
#else
#define LONG_S sw
#define LONG_L lw
#define MFC0L mfc0
#define MTC0L mtc0
#define STATUS_BITS 0x20400000
#endif
        .section .text.start, "ax"
        .globl  _start
        .type   _start, @function
_start: li      $8, STATUS_BITS
        mtc0    $8, $12
        ehb
        lui     $29, %hi(stack_top)
        addiu   $29, $29, %lo(stack_top)
        la      $8, vectors
        mtc0    $8, $15, 1
        mfc0    $8, $12
        lui     $9, 0x40
        xor     $8, $8, $9            /* BEV off: vectors at EBase */
        mtc0    $8, $12
        ehb
        jal     test_main
        nop
        .globl  leave
leave:  lui     $8, 0xbf00
        li      $9, 0x42
        sw      $9, 0x500($8)
1:      b       1b
        nop

        .section .text.vectors, "ax"
        .balign 4096
        .globl  vectors
vectors:
        .org    vectors + 0x000         /* TLB refill */
        b       trapped
        li      $27, 1
        .org    vectors + 0x080         /* XTLB refill */
        b       trapped
        li      $27, 2
        .org    vectors + 0x180         /* general */
        b       trapped
        li      $27, 3
        .org    vectors + 0x200         /* interrupt */
        b       trapped
        li      $27, 4
        .org    vectors + 0x300
trapped:
        lui     $26, %hi(trap_vector)
        sw      $27, %lo(trap_vector)($26)
        mfc0    $27, $13
        lui     $26, %hi(trap_cause)
        sw      $27, %lo(trap_cause)($26)
        mfc0    $27, $12
        lui     $26, %hi(trap_status)
        sw      $27, %lo(trap_status)($26)
        ori     $27, $27, 0x19          /* interrupts stay off after it, in kernel mode */
        xori    $27, $27, 0x19
        mtc0    $27, $12
        MFC0L   $27, $14
        lui     $26, %hi(trap_epc)
        LONG_S  $27, %lo(trap_epc)($26)
        MFC0L   $27, $8
        lui     $26, %hi(trap_badvaddr)
        LONG_S  $27, %lo(trap_badvaddr)($26)
        lui     $26, %hi(trap_count)
        lw      $27, %lo(trap_count)($26)
        addiu   $27, $27, 1
        sw      $27, %lo(trap_count)($26)
        lui     $26, %hi(trap_resume)
        LONG_L  $27, %lo(trap_resume)($26)
        beqz    $27, 1f
        nop
        MTC0L   $27, $14
        ehb
        eret
1:      jal     trap_unexpected
        nop
        b       leave
        nop

        .bss
        .balign 16
        .space  65536
stack_top:
