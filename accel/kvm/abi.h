/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the KVM interface of a MIPS kernel has beyond the common part of linux/kvm.h. The
 * numbers stand here because headers of other hosts lack them and newer MIPS headers have
 * dropped some; on a MIPS host they are checked against its own headers where it has them.
 * Origins: arch/mips/include/uapi/asm/kvm.h and include/uapi/linux/kvm.h of Linux 4.12 to 6.1.
 */
#ifndef ACCEL_KVM_ABI_H
#define ACCEL_KVM_ABI_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

/* Types for KVM_CREATE_VM. Until 5.9: 0 trap-and-emulate, 1 VZ. Since: 0 what the kernel was
 * built for, 1 VZ, 2 trap-and-emulate. */
enum { KVM_MIPS_TYPE_0 = 0, KVM_MIPS_TYPE_VZ = 1, KVM_MIPS_TYPE_TE_SINCE_5_9 = 2 };

enum {
    KVM_MIPS_CAP_FPU = 111, KVM_MIPS_CAP_MSA = 112, KVM_MIPS_CAP_VZ = 137, KVM_MIPS_CAP_TE = 138,
    KVM_MIPS_CAP_64BIT = 139,
};

/* KVM_MIPS_GET_REGS and _SET_REGS. */
typedef struct {
    uint64_t gpr[32];
    uint64_t hi, lo, pc;
} KvmMipsRegs;

#define KVM_MIPS_GET_REGS _IOR(KVMIO, 0x81, KvmMipsRegs)
#define KVM_MIPS_SET_REGS _IOW(KVMIO, 0x82, KvmMipsRegs)

/* KVM_INTERRUPT reads this, though its number says 4 bytes. cpu: KVM_MIPS_THIS_CPU or an index
 * that exists (it is not checked); irq: 2, 3, 4 raises that line of Cause.IP, negative lowers. */
typedef struct {
    uint32_t cpu;
    int32_t irq;
} KvmMipsInterrupt;

#define KVM_MIPS_THIS_CPU UINT32_C(0xffffffff)

/* Register ids of KVM_GET_ONE_REG and _SET_ONE_REG. */
#define KVM_MIPS_REG_U32 UINT64_C(0x7020000000000000)
#define KVM_MIPS_REG_U64 UINT64_C(0x7030000000000000)
#define KVM_MIPS_REG_U128 UINT64_C(0x7040000000000000)
#define KVM_MIPS_REG_SIZE UINT64_C(0x00f0000000000000)
#define KVM_MIPS_SET_GP UINT64_C(0x00000)
#define KVM_MIPS_SET_CP0 UINT64_C(0x10000)
#define KVM_MIPS_SET_KVM UINT64_C(0x20000)
#define KVM_MIPS_SET_FPU UINT64_C(0x30000)

#define KVM_MIPS_CP0_32(rd, sel) (KVM_MIPS_REG_U32 | KVM_MIPS_SET_CP0 | (uint64_t)(8 * (rd) + (sel)))
#define KVM_MIPS_CP0_64(rd, sel) (KVM_MIPS_REG_U64 | KVM_MIPS_SET_CP0 | (uint64_t)(8 * (rd) + (sel)))
#define KVM_MIPS_GPR(n) (KVM_MIPS_REG_U64 | KVM_MIPS_SET_GP | (uint64_t)(n))
#define KVM_MIPS_HI KVM_MIPS_GPR(32)
#define KVM_MIPS_LO KVM_MIPS_GPR(33)
#define KVM_MIPS_PC KVM_MIPS_GPR(34)
#define KVM_MIPS_COUNT_CTL (KVM_MIPS_REG_U64 | KVM_MIPS_SET_KVM | 0)     /* bit 0: Count stands */
#define KVM_MIPS_COUNT_RESUME (KVM_MIPS_REG_U64 | KVM_MIPS_SET_KVM | 1)  /* CLOCK_MONOTONIC ns */
#define KVM_MIPS_COUNT_HZ (KVM_MIPS_REG_U64 | KVM_MIPS_SET_KVM | 2)
#define KVM_MIPS_FPR32(n) (KVM_MIPS_REG_U32 | KVM_MIPS_SET_FPU | (uint64_t)(n))
#define KVM_MIPS_FPR64(n) (KVM_MIPS_REG_U64 | KVM_MIPS_SET_FPU | (uint64_t)(n))
#define KVM_MIPS_VEC128(n) (KVM_MIPS_REG_U128 | KVM_MIPS_SET_FPU | (uint64_t)(n))
#define KVM_MIPS_FCR_IR (KVM_MIPS_REG_U32 | KVM_MIPS_SET_FPU | 0x100)
#define KVM_MIPS_FCR_CSR (KVM_MIPS_REG_U32 | KVM_MIPS_SET_FPU | 0x11f)
#define KVM_MIPS_MSA_IR (KVM_MIPS_REG_U32 | KVM_MIPS_SET_FPU | 0x200)
#define KVM_MIPS_MSA_CSR (KVM_MIPS_REG_U32 | KVM_MIPS_SET_FPU | 0x201)

#ifdef __mips__
_Static_assert(sizeof(struct kvm_regs) == sizeof(KvmMipsRegs), "struct kvm_regs");
_Static_assert(offsetof(struct kvm_regs, pc) == offsetof(KvmMipsRegs, pc), "struct kvm_regs");
_Static_assert(sizeof(struct kvm_mips_interrupt) == sizeof(KvmMipsInterrupt), "struct kvm_mips_interrupt");
_Static_assert(KVM_GET_REGS == KVM_MIPS_GET_REGS && KVM_SET_REGS == KVM_MIPS_SET_REGS, "ioctl numbers");
_Static_assert(KVM_CREATE_VM == 0x2000ae01 && KVM_RUN == 0x2000ae80, "ioctl numbers");
_Static_assert(KVM_CAP_MIPS_FPU == KVM_MIPS_CAP_FPU && KVM_CAP_MIPS_VZ == KVM_MIPS_CAP_VZ &&
               KVM_CAP_MIPS_TE == KVM_MIPS_CAP_TE && KVM_CAP_MIPS_64BIT == KVM_MIPS_CAP_64BIT,
               "capabilities");
_Static_assert(KVM_REG_MIPS_COUNT_CTL == KVM_MIPS_COUNT_CTL && KVM_REG_MIPS_PC == KVM_MIPS_PC &&
               KVM_REG_MIPS_FCR_CSR == KVM_MIPS_FCR_CSR && KVM_REG_MIPS_MSA_CSR == KVM_MIPS_MSA_CSR,
               "register ids");
#endif

#endif
