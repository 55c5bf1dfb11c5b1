/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions that the kernel's own instructions raise: code, EPC, BD, what was not done. */
#include "lib.h"

#define FILE_ID 5

#define TRY_PLAIN(insns) TRY(e, insns, LIST(), LIST("r"(0)))

void case_exception_syscall(Env *e)
{
    u32 count = e->count;
    TRY_PLAIN("syscall");
    CHECK_TRAP(0x180, EXC_SYS);
    CHECK_EQ(e->status & STATUS_EXL, STATUS_EXL);
    CHECK_EQ(MFC0(12, 0) & STATUS_EXL, 0);
    TRY_PLAIN("b 1f\n\tsyscall\n1:");
    CHECK_TRAP_BD(EXC_SYS);
    TRY(e, "bne %0, $0, 1f\n\tsyscall\n1:", LIST(), LIST("r"(0)));
    CHECK_TRAP_BD(EXC_SYS);
    if (e->mode & (MODE_SOFT_TE | MODE_SOFT_STD)) {     /* emulated hosts may take it for a nop */
        TRY_PLAIN("bne $0, $0, 1f\n\tsyscall\n1:");
        CHECK_TRAP_BD(EXC_SYS);
    }
    TRY_PLAIN("syscall 0xfffff");
    CHECK_TRAP(0x180, EXC_SYS);
}

void case_exception_break(Env *e)
{
    u32 count = e->count;
    TRY_PLAIN("break");
    CHECK_TRAP(0x180, EXC_BP);
    TRY_PLAIN("break 7");
    CHECK_TRAP(0x180, EXC_BP);
    TRY_PLAIN("bal 1f\n\tbreak 3\n1:");
    CHECK_TRAP_BD(EXC_BP);
}

void case_exception_trap(Env *e)
{
    u32 count = e->count, one = 1, minus = ~0u;
    TRY_PLAIN("teq $0, $0");
    CHECK_TRAP(0x180, EXC_TR);
    TRY(e, "tlt %0, $0, 5", LIST(), LIST("r"(minus)));
    CHECK_TRAP(0x180, EXC_TR);
    TRY(e, "tgeiu %0, 1", LIST(), LIST("r"(one)));
    CHECK_TRAP(0x180, EXC_TR);
    TRY(e, "tltu %0, $0\n\ttne $0, $0\n\ttnei %0, -1", LIST(), LIST("r"(minus)));
    CHECK_EQ(e->count, count);
    TRY_PLAIN("b 1f\n\tteqi $0, 0\n1:");
    CHECK_TRAP_BD(EXC_TR);
}

void case_exception_reserved(Env *e)
{
    u32 count = e->count;
    TRY_PLAIN(".word 0x00000015");              /* SPECIAL 0x15 */
    CHECK_TRAP(0x180, EXC_RI);
    TRY_PLAIN(".word 0x7c00003f");              /* SPECIAL3 0x3f */
    CHECK_TRAP(0x180, EXC_RI);
    TRY_PLAIN("b 1f\n\t.word 0x00000015\n1:");
    CHECK_TRAP_BD(EXC_RI);
}

void case_exception_overflow(Env *e)
{
    u32 count = e->count, v = 0x7777, big = 0x7fffffff;
    TRY(e, "addi %0, %1, 1", LIST("+&r"(v)), LIST("r"(big)));
    CHECK_TRAP(0x180, EXC_OV);
    CHECK_EQ(v, 0x7777);
    TRY(e, "add %0, %1, %1", LIST("+&r"(v)), LIST("r"(big)));
    CHECK_TRAP(0x180, EXC_OV);
    TRY(e, "sub %0, %1, %2", LIST("+&r"(v)), LIST("r"(0x80000000), "r"(1)));
    CHECK_TRAP(0x180, EXC_OV);
    TRY(e, "addiu %0, %1, 1", LIST("+&r"(v)), LIST("r"(big)));
    CHECK_EQ(v, 0x80000000);
    CHECK_EQ(e->count, count);
}

void case_exception_coprocessor(Env *e)
{
    u32 count = e->count, v = 0x7777;
    CHECK_EQ(MFC0(12, 0) & STATUS_CU1, 0);
    TRY(e, ".set hardfloat\n\tmfc1 %0, $f0", LIST("+&r"(v)), LIST("r"(0)));
    CHECK_TRAP(0x180, EXC_CPU);
    CHECK_EQ(e->cause >> 28 & 3, 1);
    CHECK_EQ(v, 0x7777);
    TRY(e, "b 1f\n\t.set hardfloat\n\tmtc1 %0, $f0\n1:", LIST(), LIST("r"(v)));
    CHECK_TRAP_BD(EXC_CPU);
    CHECK_EQ(e->cause >> 28 & 3, 1);
}

void case_exception_address(Env *e)
{
    u32 count = e->count, v = 0x7777;
    volatile u8 *p = (volatile u8 *)page_at(e, 0);
    TRY(e, "lw %0, 2(%1)", LIST("+&r"(v)), LIST("r"(p)));
    CHECK_TRAP(0x180, EXC_ADEL);
    CHECK_EQ(e->badvaddr, (u32)(unsigned long)p + 2);
    CHECK_EQ(v, 0x7777);
    TRY(e, "sh %0, 1(%1)", LIST(), LIST("r"(v), "r"(p)));
    CHECK_TRAP(0x180, EXC_ADES);
    CHECK_EQ(e->badvaddr, (u32)(unsigned long)p + 1);
    TRY(e, "b 1f\n\tlh %0, 3(%1)\n1:", LIST("+&r"(v)), LIST("r"(p)));
    CHECK_TRAP_BD(EXC_ADEL);
    u32 odd = e->base + GUEST_PAGES + 2;
    TRY(e, "jr %0", LIST(), LIST("r"(odd)));
    check_trap(e, HERE, &count, 0x180, EXC_ADEL, 0, odd);
    CHECK_EQ(e->badvaddr, odd);
}

/* With EXL set a trap goes to 0x180 and leaves EPC and BD alone. */
void case_exception_exl(Env *e)
{
    u32 count = e->count, va = 0x00700000, epc = e->base + 0x123450;
    MTC0(14, 0, epc);
    MTC0(12, 0, MFC0(12, 0) | STATUS_EXL);
    TRY_PLAIN("syscall");
    check_trap(e, HERE, &count, 0x180, EXC_SYS, 0, epc);
    MTC0(14, 0, epc);
    MTC0(12, 0, MFC0(12, 0) | STATUS_EXL);
    TRY(e, "lw $0, 0(%0)", LIST(), LIST("r"(va)));
    check_trap(e, HERE, &count, 0x180, EXC_TLBL, 0, epc);
    CHECK_EQ(e->badvaddr, va);
}
