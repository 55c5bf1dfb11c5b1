/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest kernel of the ordinary kind: linked in kseg0, says so on the first serial
 * port (base and offsets: NS16550A) and restarts the machine by the Malta FPGA's SOFTRES.
 */
#define UART    0xb80003f8
#define SOFTRES 0xbf000500

        .set    noreorder
        .text
        .globl  __start
        .ent    __start
__start:
        lui     $t0, %hi(text)
        addiu   $t0, $t0, %lo(text)
        li      $t1, UART
next:
        lbu     $t2, 0($t0)
        beqz    $t2, reset
        addiu   $t0, $t0, 1
wait:
        lbu     $t3, 5($t1)
        andi    $t3, $t3, 0x20
        beqz    $t3, wait
        nop
        b       next
        sb      $t2, 0($t1)
reset:
        lbu     $t3, 5($t1)
        andi    $t3, $t3, 0x40
        beqz    $t3, reset
        li      $t2, 0x42
        li      $t1, SOFTRES
        sw      $t2, 0($t1)
        b       .
        nop
        .end    __start

        .section .rodata
text:
        .asciz  "KSEG0-RAN\r\n"
