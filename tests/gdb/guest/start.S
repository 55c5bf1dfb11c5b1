/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entry, exception vectors, and what the debugger is to step through. */
        .set    noreorder
        .set    noat
        .cfi_sections .debug_frame
#ifdef __mips64
#define S sd
#define L ld
#define LA dla
#define SIZE 8
#define MFC0L dmfc0
#define MTC0L dmtc0
#define ADDIU daddiu
#define STATUS_BITS 0x240000e0          /* CU1 FR KX SX UX */
#else
#define S sw
#define L lw
#define LA la
#define SIZE 4
#define MFC0L mfc0
#define MTC0L mtc0
#define ADDIU addiu
#define STATUS_BITS 0x20000000
#endif
#define FRAME (40 * SIZE)

        .section .text.start, "ax"
        .globl  _start
        .ent    _start
_start: LA      $8, vectors
        li      $9, 0x20400000
        mtc0    $9, $12                 /* BEV, while EBase is set */
        ehb
        mtc0    $8, $15, 1
        li      $8, STATUS_BITS
        mtc0    $8, $12
        ehb
        LA      $29, stack_top
        ADDIU   $29, $29, -64
        jal     test_main
        nop
1:      b       1b
        nop
        .end    _start

/* long delay_slots(long a): 2a + 1, in branches with something in each slot. */
        .text
        .globl  delay_slots, slot_branch, slot, slot_target, slot_untaken
        .ent    delay_slots
delay_slots:
        move    $8, $4
slot_branch:
        b       slot_target
slot:   addu    $8, $8, $4
        li      $8, 0
slot_target:
        li      $9, 1
slot_untaken:
        bne     $9, $9, slot_target
        addu    $8, $8, $9
        jr      $31
        move    $2, $8
        .end    delay_slots

/* void spin(void): for ever, on one branch whose slot counts. */
        .globl  spin, spin_branch, spins
        .ent    spin
spin:   LA      $8, spins
        lw      $9, 0($8)
spin_branch:
        addiu   $9, $9, 1
        b       spin_branch
        sw      $9, 0($8)
        .end    spin

        .section .text.vectors, "ax"
        .balign 4096
vectors:
        .org    vectors + 0x180
        b       trapped
        nop
        .org    vectors + 0x200
        .globl  trapped
        .ent    trapped
trapped:
        .cfi_startproc
        .cfi_signal_frame
        MFC0L   $26, $14
        ADDIU   $29, $29, -FRAME
        .cfi_def_cfa_offset FRAME
        S       $26, (36 * SIZE)($29)
        .cfi_return_column 64           /* HI's number stands for EPC */
        .cfi_offset 64, -4 * SIZE
        .cfi_offset 31, 31 * SIZE - FRAME
        .irp    r, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,24,25,31
        S       $\r, (\r * SIZE)($29)
        .endr
        jal     on_trap
        nop
        .irp    r, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,24,25,31
        L       $\r, (\r * SIZE)($29)
        .endr
        L       $26, (36 * SIZE)($29)
        ADDIU   $26, $26, 4             /* behind the instruction that trapped */
        MTC0L   $26, $14
        ADDIU   $29, $29, FRAME
        ehb
        eret
        .cfi_endproc
        .end    trapped

        .bss
        .balign 16
        .space  16384
stack_top:
        .balign 8
spins:  .space  8
