/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of register copying share. */
#ifndef ACCEL_KVM_REGS_INTERNAL_H
#define ACCEL_KVM_REGS_INTERNAL_H

#include "accel/kvm/vcpu.h"

/* One register of 32, 64 or (value: two words, low half first) 128 bits by its id. False with
 * err naming it. (regs_one.c) */
bool kvm_reg_get(const KvmVcpu *v, uint64_t id, uint64_t *value, GError **err);
bool kvm_reg_put(const KvmVcpu *v, uint64_t id, uint64_t value, GError **err);
bool kvm_reg_get_wide(const KvmVcpu *v, uint64_t id, uint64_t value[2], GError **err);
bool kvm_reg_put_wide(const KvmVcpu *v, uint64_t id, const uint64_t value[2], GError **err);

/* Enables what the guest is to have of FPU and MSA; copies; Status is right. (regs_fpu.c) */
bool kvm_fpu_enable(KvmVcpu *v, GError **err);
bool kvm_fpu_get(KvmVcpu *v, GError **err);
bool kvm_fpu_put(KvmVcpu *v, GError **err);

/* CP0 registers that the CPU structure has no place for, or that stay as KVM has them: what
 * they are now is what a reset gives them again. (regs_other.c) */
bool kvm_others_keep(KvmVcpu *v, GError **err);
bool kvm_others_reset(KvmVcpu *v, GError **err);

#endif
