/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM_GET_ONE_REG and KVM_SET_ONE_REG. */
#include "accel/kvm/abi.h"
#include "accel/kvm/regs_internal.h"
#include "util/error.h"

static int one_reg(const KvmVcpu *v, unsigned long request, uint64_t id, uint64_t *value)
{
    /* The kernel reads and writes as many bytes as the id says. */
    uint32_t narrow = (uint32_t)*value;
    bool is_narrow = (id & KVM_MIPS_REG_SIZE) == (KVM_MIPS_REG_U32 & KVM_MIPS_REG_SIZE);
    struct kvm_one_reg reg = { id, is_narrow ? (uintptr_t)&narrow : (uintptr_t)value };
    int r = kvm_vm_ioctl(v->vm, v->fd, request, (uintptr_t)&reg);
    if (r >= 0 && is_narrow) {
        *value = narrow;
    }
    return r;
}

bool kvm_reg_get(const KvmVcpu *v, uint64_t id, uint64_t *value, GError **err)
{
    *value = 0;
    int r = one_reg(v, KVM_GET_ONE_REG, id, value);
    return r >= 0 || error_set(err, "KVM_GET_ONE_REG of register %016" G_GINT64_MODIFIER "x: %s", id,
                               g_strerror(-r));
}

bool kvm_reg_put(const KvmVcpu *v, uint64_t id, uint64_t value, GError **err)
{
    int r = one_reg(v, KVM_SET_ONE_REG, id, &value);
    return r >= 0 || error_set(err, "KVM_SET_ONE_REG of register %016" G_GINT64_MODIFIER "x: %s", id,
                               g_strerror(-r));
}

/* The kernel's vector is two native words of 64 bits, low half first, in the guest's order. */
bool kvm_reg_get_wide(const KvmVcpu *v, uint64_t id, uint64_t value[2], GError **err)
{
    return kvm_reg_get(v, id, value, err);
}

bool kvm_reg_put_wide(const KvmVcpu *v, uint64_t id, const uint64_t value[2], GError **err)
{
    struct kvm_one_reg reg = { id, (uintptr_t)value };
    int r = kvm_vm_ioctl(v->vm, v->fd, KVM_SET_ONE_REG, (uintptr_t)&reg);
    return r >= 0 || error_set(err, "KVM_SET_ONE_REG of register %016" G_GINT64_MODIFIER "x: %s", id,
                               g_strerror(-r));
}
