/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry and exception vectors. The code is position-independent; the vectors are copied to
 * EBase, and what they keep lies ENV_OFFSET above it (Env), which is how they find it.
 */
#include "doorbell.h"

        .set    noreorder
        .set    noat

        .section .text.start, "ax"
        .globl  guest_start
guest_start:                            /* a0: the case, a1: virtual address of physical 0 */
        lui     $8, 0x0040
        mtc0    $8, $12                 /* BEV; ERL off: kernel mode without interrupts */
        ehb
        li      $8, GUEST_VECTORS
        addu    $8, $8, $5
        mtc0    $8, $15, 1
        bal     1f
        move    $9, $8
1:      addiu   $10, $31, vectors - 1b
        addiu   $11, $31, vectors_end - 1b
2:      lw      $12, 0($10)
        sw      $12, 0($9)
        synci   0($9)
        addiu   $10, $10, 4
        bne     $10, $11, 2b
        addiu   $9, $9, 4
        sync
        mtc0    $0, $12                 /* BEV off */
        ehb
        li      $9, GUEST_STACK - 32
        addu    $29, $5, $9
        addiu   $16, $8, ENV_OFFSET
        move    $9, $16
        addiu   $10, $16, 0x200
3:      sw      $0, 0($9)
        addiu   $9, $9, 4
        bne     $9, $10, 3b
        nop
        sw      $5, ENV_BASE($16)
        bal     guest_main
        move    $5, $16
4:      b       4b
        nop

        .balign 16
        .globl  vectors
vectors:                                /* TLB refill */
        b       trapped
        li      $27, 0x000
        .org    vectors + 0x180         /* general */
        b       trapped
        li      $27, 0x180
        .org    vectors + 0x200         /* interrupt, with Cause.IV */
        b       trapped
        li      $27, 0x200
        .org    vectors + 0x280
trapped:
        mfc0    $26, $15, 1
        ins     $26, $0, 0, 12
        addiu   $26, $26, ENV_OFFSET
        sw      $27, ENV_VECTOR($26)
        sw      $1, ENV_SAVED+0($26)
        sw      $2, ENV_SAVED+4($26)
        sw      $3, ENV_SAVED+8($26)
        sw      $4, ENV_SAVED+12($26)
        sw      $5, ENV_SAVED+16($26)
        sw      $6, ENV_SAVED+20($26)
        sw      $7, ENV_SAVED+24($26)
        sw      $8, ENV_SAVED+28($26)
        sw      $9, ENV_SAVED+32($26)
        sw      $10, ENV_SAVED+36($26)
        sw      $11, ENV_SAVED+40($26)
        sw      $12, ENV_SAVED+44($26)
        sw      $13, ENV_SAVED+48($26)
        sw      $14, ENV_SAVED+52($26)
        sw      $15, ENV_SAVED+56($26)
        sw      $24, ENV_SAVED+60($26)
        sw      $25, ENV_SAVED+64($26)
        sw      $29, ENV_SAVED+68($26)
        sw      $31, ENV_SAVED+72($26)
        mfhi    $8
        mflo    $9
        sw      $8, ENV_SAVED+76($26)
        sw      $9, ENV_SAVED+80($26)
        mfc0    $8, $13
        sw      $8, ENV_CAUSE($26)
        mfc0    $9, $12
        sw      $9, ENV_STATUS($26)
        mfc0    $10, $14
        sw      $10, ENV_EPC($26)
        mfc0    $11, $8
        sw      $11, ENV_BADVADDR($26)
        mfc0    $12, $10
        sw      $12, ENV_ENTRYHI($26)
        mfc0    $12, $4
        sw      $12, ENV_CONTEXT($26)
        lw      $12, ENV_COUNT($26)
        addiu   $12, $12, 1
        sw      $12, ENV_COUNT($26)
        lw      $12, ENV_HANDLER($26)
        beqz    $12, 5f
        move    $4, $26
        li      $13, GUEST_TRAP_STACK - GUEST_VECTORS - ENV_OFFSET - 32
        jalr    $12
        addu    $29, $26, $13
        b       6f
        lw      $10, ENV_EPC($26)       /* the handler may have changed it */
5:      lw      $12, ENV_RESUME($26)
        beqz    $12, unexpected
        nop
        ins     $9, $0, 3, 2            /* goes on in kernel mode, interrupts off */
        ins     $9, $0, 0, 1
        mtc0    $9, $12
        move    $10, $12
6:      mtc0    $10, $14
        ehb
        lw      $8, ENV_SAVED+76($26)
        lw      $9, ENV_SAVED+80($26)
        mthi    $8
        mtlo    $9
        lw      $1, ENV_SAVED+0($26)
        lw      $2, ENV_SAVED+4($26)
        lw      $3, ENV_SAVED+8($26)
        lw      $4, ENV_SAVED+12($26)
        lw      $5, ENV_SAVED+16($26)
        lw      $6, ENV_SAVED+20($26)
        lw      $7, ENV_SAVED+24($26)
        lw      $8, ENV_SAVED+28($26)
        lw      $9, ENV_SAVED+32($26)
        lw      $10, ENV_SAVED+36($26)
        lw      $11, ENV_SAVED+40($26)
        lw      $12, ENV_SAVED+44($26)
        lw      $13, ENV_SAVED+48($26)
        lw      $14, ENV_SAVED+52($26)
        lw      $15, ENV_SAVED+56($26)
        lw      $24, ENV_SAVED+60($26)
        lw      $25, ENV_SAVED+64($26)
        lw      $29, ENV_SAVED+68($26)
        lw      $31, ENV_SAVED+72($26)
        eret
unexpected:
        lui     $12, (BELL_PHYS | 0xa0000000) >> 16
        ori     $12, $12, BELL_PHYS & 0xffff
        sw      $8, BELL_TRAP_CAUSE($12)
        sw      $10, BELL_TRAP_EPC($12)
        sw      $11, BELL_TRAP_BADVADDR($12)
7:      b       7b
        nop
        .org    vectors + 0x480
vectors_end:

        .section .text.near, "ax"
/* Pieces that cases copy into a mapped page and enter in user mode: a0 is theirs. */
        .balign 8
        .globl  user_load, user_load_half, user_store, user_jump, user_cp0, user_syscall, user_break
        .globl  user_trap, user_spin, user_end
user_load:
        lw      $2, 0($4)
        syscall
user_load_half:
        lh      $2, 0($4)
        syscall
user_store:
        sw      $4, 0($4)
        syscall
user_jump:
        jr      $4
        nop
user_cp0:
        mfc0    $2, $12
        syscall
user_syscall:
        syscall 0x123
        nop
user_break:
        b       8f
        break   0x45
8:      nop
user_trap:
        tne     $4, $0, 3
        syscall
user_spin:
        b       user_spin
        addiu   $2, $2, 1
user_end:
        nop
        nop
