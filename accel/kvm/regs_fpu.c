/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FPU and MSA registers. The capability is enabled first, then the guest's Config shows the
 * unit; only then are there registers, and which depends on Status.FR: with FR = 0 the even
 * ones hold the pairs, vectors need FR = 1.
 *
 * Linux 5.10 and 6.1 answer a write of a vector with success and keep nothing, so the low
 * halves are written as FPU registers afterwards.
 */
#include <string.h>
#include "accel/kvm/abi.h"
#include "accel/kvm/regs_internal.h"
#include "target/mips/fpu.h"
#include "util/error.h"

#define CONFIG1_FP (1u << 0)
#define CONFIG3_MSAP (1u << 28)

static bool enable(KvmVcpu *v, unsigned capability, uint64_t config_id, uint32_t bit, GError **err)
{
    struct kvm_enable_cap cap = { .cap = capability };
    uint64_t config;
    int r = kvm_vm_ioctl(v->vm, v->fd, KVM_ENABLE_CAP, (uintptr_t)&cap);
    if (r < 0) {
        return error_set(err, "KVM_ENABLE_CAP of %s: %s", capability == KVM_MIPS_CAP_FPU ? "the FPU" : "MSA",
                         g_strerror(-r));
    }
    return kvm_reg_get(v, config_id, &config, err) && kvm_reg_put(v, config_id, config | bit, err);
}

/* MSA is no part of any CPU model, but of what a VZ guest sees when it sees the host's CPU. */
bool kvm_fpu_enable(KvmVcpu *v, GError **err)
{
    v->has_fpu = v->cpu->model->fcr0 && v->vm->has_fpu;
    v->has_msa = v->has_fpu && v->vm->has_msa && v->vm->type == KVM_TYPE_VZ && !v->put_prid;
    return (!v->has_fpu || enable(v, KVM_MIPS_CAP_FPU, KVM_MIPS_CP0_32(16, 1), CONFIG1_FP, err)) &&
           (!v->has_msa || enable(v, KVM_MIPS_CAP_MSA, KVM_MIPS_CP0_32(16, 3), CONFIG3_MSAP, err));
}

static bool is_fr(const KvmVcpu *v)
{
    return v->cpu->cp0.status & ST_FR;
}

static bool get_vectors(KvmVcpu *v, GError **err)
{
    uint64_t csr = 0;
    for (unsigned n = 0; n < 32; n++) {
        uint64_t value[2];
        if (!kvm_reg_get_wide(v, KVM_MIPS_VEC128(n), value, err)) {
            return false;
        }
        v->cpu->fpr[n] = value[0];
        v->msa_high[n] = value[1];
    }
    bool good = kvm_reg_get(v, KVM_MIPS_MSA_CSR, &csr, err);
    v->msa_csr = (uint32_t)csr;
    return good;
}

static bool put_vectors(KvmVcpu *v, GError **err)
{
    for (unsigned n = 0; n < 32; n++) {
        uint64_t value[2] = { v->cpu->fpr[n], v->msa_high[n] };
        if (!kvm_reg_put_wide(v, KVM_MIPS_VEC128(n), value, err)) {
            return false;
        }
    }
    return kvm_reg_put(v, KVM_MIPS_MSA_CSR, v->msa_csr, err);
}

bool kvm_fpu_get(KvmVcpu *v, GError **err)
{
    uint64_t fcsr = 0;
    if (!v->has_fpu) {
        return true;
    }
    for (unsigned n = 0; n < 32; n += is_fr(v) ? 1 : 2) {
        if (!kvm_reg_get(v, KVM_MIPS_FPR64(n), &v->cpu->fpr[n], err)) {
            return false;
        }
    }
    bool good = kvm_reg_get(v, KVM_MIPS_FCR_CSR, &fcsr, err);
    fpu_set_fcsr(v->cpu, (uint32_t)fcsr);
    return good && (!v->has_msa || !is_fr(v) || get_vectors(v, err));
}

bool kvm_fpu_put(KvmVcpu *v, GError **err)
{
    if (!v->has_fpu) {
        return true;
    }
    if (v->was_reset) {
        memset(v->msa_high, 0, sizeof(v->msa_high));
        v->msa_csr = 0;
    }
    if (v->has_msa && is_fr(v) && !put_vectors(v, err)) {
        return false;
    }
    for (unsigned n = 0; n < 32; n += is_fr(v) ? 1 : 2) {
        if (!kvm_reg_put(v, KVM_MIPS_FPR64(n), v->cpu->fpr[n], err)) {
            return false;
        }
    }
    return kvm_reg_put(v, KVM_MIPS_FCR_CSR, fpu_fcsr(v->cpu), err);
}
