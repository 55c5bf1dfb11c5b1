/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CFC1, CTC1 and paired single as the IR calls them. */
#include "target/mips/fpu.h"
#include "target/mips/helpers.h"

HELPER_FUNC(do_cfc1)
{
    (void)b, (void)c;
    return (uint64_t)(int32_t)fpu_control_read(opaque, (unsigned)a);
}
HELPER(cfc1, do_cfc1, IR_READS | IR_FP, true)

HELPER_FUNC(do_ctc1)
{
    (void)c;
    fpu_control_write(opaque, (unsigned)a, (uint32_t)b);
    return 0;
}
HELPER(ctc1, do_ctc1, IR_READS | IR_WRITES | IR_RAISES | IR_FP, false)

#define PS_HELPER(id, expr) \
    HELPER_FUNC(do_##id) \
    { \
        (void)a, (void)b, (void)c; \
        ((MipsCpu *)opaque)->fp_last.op = 0;    /* Cause becomes this one's */ \
        return expr; \
    } \
    HELPER(id, do_##id, IR_RAISES | IR_FP, true)

PS_HELPER(ps_add, fpu_ps(opaque, PS_ADD, a, b))
PS_HELPER(ps_sub, fpu_ps(opaque, PS_SUB, a, b))
PS_HELPER(ps_mul, fpu_ps(opaque, PS_MUL, a, b))
PS_HELPER(ps_abs, fpu_ps(opaque, PS_ABS, a, 0))
PS_HELPER(ps_neg, fpu_ps(opaque, PS_NEG, a, 0))
PS_HELPER(ps_cmp, fpu_ps_cmp(opaque, a, b, (unsigned)c))
PS_HELPER(ps_madd, fpu_ps_muladd(opaque, a, b, c, 0))
PS_HELPER(ps_msub, fpu_ps_muladd(opaque, a, b, c, 1))
PS_HELPER(ps_nmadd, fpu_ps_muladd(opaque, a, b, c, 2))
PS_HELPER(ps_nmsub, fpu_ps_muladd(opaque, a, b, c, 3))
