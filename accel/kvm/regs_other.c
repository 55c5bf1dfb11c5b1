/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CP0 registers of the host's list that only a reset is to touch: Config, segmentation, the
 * page walker, and what later kernels list. */
#include "accel/kvm/regs_internal.h"

bool kvm_others_keep(KvmVcpu *v, GError **err)
{
    for (unsigned i = 0; i < v->others; i++) {
        if (!kvm_reg_get(v, v->other_id[i], &v->other_value[i], err)) {
            return false;
        }
    }
    return true;
}

bool kvm_others_reset(KvmVcpu *v, GError **err)
{
    for (unsigned i = 0; i < v->others; i++) {
        if (!kvm_reg_put(v, v->other_id[i], v->other_value[i], err)) {
            return false;
        }
    }
    return true;
}
