/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers from outside: GET_REGS, ONE_REG and its list, what writes change. */
#include <errno.h>
#include <string.h>
#include "tests/kvm/kvm_guest.h"

#define MAX_REGS 1024

typedef struct {
    uint64_t n;
    uint64_t id[MAX_REGS];
} RegList;

static int get_list(KvmGuest *g, RegList *list, unsigned room)
{
    list->n = room;
    return kvm_test_ioctl(g->kvm, g->vcpu, KVM_GET_REG_LIST, (uintptr_t)list);
}

static bool listed(const RegList *list, uint64_t id)
{
    for (unsigned i = 0; i < list->n; i++) {
        if (list->id[i] == id) {
            return true;
        }
    }
    return false;
}

static uint64_t pattern(unsigned i)
{
    return (uint64_t)(int64_t)(int32_t)(0x81234567u + i * 0x01030507u);
}

static void case_set_regs(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    KvmMipsRegs in, out;
    if (!g) {
        return;
    }
    for (unsigned i = 0; i < 32; i++) {
        in.gpr[i] = pattern(i);
    }
    in.hi = pattern(40);
    in.lo = pattern(41);
    in.pc = kvm->base + 0x1234;
    memset(&out, 0x55, sizeof(out));
    EXPECT(r, kvm_test_ioctl(kvm, g->vcpu, KVM_MIPS_SET_REGS, (uintptr_t)&in), 0);
    EXPECT(r, kvm_test_ioctl(kvm, g->vcpu, KVM_MIPS_GET_REGS, (uintptr_t)&out), 0);
    EXPECT(r, out.gpr[0], 0);
    for (unsigned i = 1; i < 32; i++) {
        uint64_t v = 0;
        EXPECT(r, out.gpr[i], kvm_test_word(kvm, in.gpr[i]));
        EXPECT(r, kvm_guest_get(g, KVM_MIPS_GPR(i), &v), 0);
        EXPECT(r, v, in.gpr[i]);
    }
    EXPECT(r, out.hi, kvm_test_word(kvm, in.hi));
    EXPECT(r, out.lo, kvm_test_word(kvm, in.lo));
    EXPECT(r, out.pc, in.pc);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_GPR(0), 0x77), 0);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_GPR(31), pattern(99)), 0);
    EXPECT(r, kvm_test_ioctl(kvm, g->vcpu, KVM_MIPS_GET_REGS, (uintptr_t)&out), 0);
    EXPECT(r, out.gpr[0], 0);
    EXPECT(r, out.gpr[31], kvm_test_word(kvm, pattern(99)));
}

static void case_list(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    g_autofree RegList *list = g_new0(RegList, 1), *again = g_new0(RegList, 1);
    if (!g) {
        return;
    }
    EXPECT(r, get_list(g, list, 0), -E2BIG);
    if (!EXPECT(r, list->n > 40 && list->n <= MAX_REGS, true)) {
        return;
    }
    unsigned n = (unsigned)list->n;
    EXPECT(r, get_list(g, again, n - 1), -E2BIG);
    EXPECT(r, get_list(g, list, n), 0);
    EXPECT(r, list->n, n);
    for (unsigned i = 0; i < n; i++) {
        EXPECT(r, list->id[i] >> 56, 0x70);
        for (unsigned k = 0; k < i; k++) {
            EXPECT(r, list->id[i] == list->id[k], false);
        }
    }
    static const uint64_t always[] = {
        KVM_MIPS_GPR(0), KVM_MIPS_GPR(31), KVM_MIPS_HI, KVM_MIPS_LO, KVM_MIPS_PC, KVM_MIPS_CP0_32(12, 0),
        KVM_MIPS_CP0_32(13, 0), KVM_MIPS_CP0_64(14, 0), KVM_MIPS_CP0_32(9, 0), KVM_MIPS_CP0_32(11, 0),
        KVM_MIPS_CP0_64(10, 0), KVM_MIPS_CP0_64(15, 1), KVM_MIPS_CP0_32(16, 0), KVM_MIPS_COUNT_CTL,
        KVM_MIPS_COUNT_RESUME, KVM_MIPS_COUNT_HZ,
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(always); i++) {
        EXPECT(r, listed(list, always[i]), true);
    }
    result_note(r, "%u registers are listed", n);
}

/* FPU and MSA as far as the host has them, in the order that it takes. */
static void enable_units(KvmGuest *g, Result *r)
{
    uint64_t v = 0;
    if (kvm_test_cap(g->kvm, g->vm, KVM_MIPS_CAP_FPU) > 0) {
        EXPECT(r, kvm_guest_enable_fpu(g), 0);
        EXPECT(r, kvm_guest_get(g, KVM_MIPS_CP0_32(12, 0), &v), 0);
        EXPECT(r, kvm_guest_set(g, KVM_MIPS_CP0_32(12, 0), v | 0x24000000), 0);      /* CU1, FR */
    }
    if (kvm_test_cap(g->kvm, g->vm, KVM_MIPS_CAP_MSA) > 0) {
        struct kvm_enable_cap cap = { .cap = KVM_MIPS_CAP_MSA };
        EXPECT(r, kvm_test_ioctl(g->kvm, g->vcpu, KVM_ENABLE_CAP, (uintptr_t)&cap), 0);
        EXPECT(r, kvm_guest_get(g, KVM_MIPS_CP0_32(16, 3), &v), 0);
        EXPECT(r, kvm_guest_set(g, KVM_MIPS_CP0_32(16, 3), v | 0x10000000), 0);
    }
}

static bool is_vector(uint64_t id)
{
    return (id & KVM_MIPS_REG_SIZE) == (KVM_MIPS_REG_U128 & KVM_MIPS_REG_SIZE);
}

/* What is written back unchanged stays, for every register of the list. */
static void case_every(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    g_autofree RegList *list = g_new0(RegList, 1);
    if (!g) {
        return;
    }
    enable_units(g, r);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_COUNT_CTL, 1), 0);      /* Count stands */
    if (!EXPECT(r, get_list(g, list, MAX_REGS), 0)) {
        return;
    }
    for (unsigned i = 0; i < list->n; i++) {
        uint64_t id = list->id[i], before = 0, after = 0;
        unsigned failures = r->failures->len;
        if (is_vector(id)) {
            continue;
        }
        EXPECT(r, kvm_guest_get(g, id, &before), 0);
        EXPECT(r, kvm_guest_set(g, id, before), 0);
        EXPECT(r, kvm_guest_get(g, id, &after), 0);
        EXPECT(r, after, before);
        if (r->failures->len != failures) {
            result_note(r, "that was register 0x%016" G_GINT64_MODIFIER "x", id);
        }
    }
}

/* General registers and those of CP0 that hold whatever is written. */
static void case_values(KvmTest *kvm, Result *r)
{
    static const uint64_t plain[] = {
        KVM_MIPS_GPR(1), KVM_MIPS_GPR(29), KVM_MIPS_HI, KVM_MIPS_LO, KVM_MIPS_PC, KVM_MIPS_CP0_64(14, 0),
        KVM_MIPS_CP0_64(30, 0), KVM_MIPS_CP0_64(8, 0),
    };
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    if (!g) {
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(plain); i++) {
        uint64_t v = 0;
        EXPECT(r, kvm_guest_set(g, plain[i], pattern(i) & ~UINT64_C(3)), 0);
        EXPECT(r, kvm_guest_get(g, plain[i], &v), 0);
        EXPECT(r, v, pattern(i) & ~UINT64_C(3));
    }
    uint64_t v = 0;
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_CP0_32(11, 0), 0x12345678), 0);
    EXPECT(r, kvm_guest_get(g, KVM_MIPS_CP0_32(11, 0), &v), 0);
    EXPECT(r, v, 0x12345678);
}

static void case_unknown(KvmTest *kvm, Result *r)
{
    static const uint64_t unknown[] = {
        KVM_MIPS_CP0_32(1, 0) /* Random */, KVM_MIPS_GPR(35), KVM_MIPS_REG_U64 | 0xf0000,
        KVM_MIPS_REG_U64 | KVM_MIPS_SET_KVM | 9, KVM_MIPS_CP0_32(12, 0) | UINT64_C(1) << 40,
        KVM_MIPS_CP0_64(12, 0) /* Status has 32 bits */, UINT64_C(0x4030000000000000),
    };
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    if (!g) {
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(unknown); i++) {
        uint64_t v = 0;
        if (!EXPECT(r, kvm_guest_get(g, unknown[i], &v), -EINVAL) |
            !EXPECT(r, kvm_guest_set(g, unknown[i], 0), -EINVAL)) {
            result_note(r, "that was id 0x%016" G_GINT64_MODIFIER "x", unknown[i]);
        }
    }
}

/* A 128-bit write says that all is well and stores nothing, whatever the id. */
static void case_vector(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    if (!g) {
        return;
    }
    uint64_t in[2] = { UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210) }, out[2] = { 0 };
    bool msa = kvm_test_cap(kvm, g->vm, KVM_MIPS_CAP_MSA) > 0;
    enable_units(g, r);
    struct kvm_one_reg set = { .id = KVM_MIPS_VEC128(5), .addr = (uintptr_t)in };
    struct kvm_one_reg get = { .id = KVM_MIPS_VEC128(5), .addr = (uintptr_t)out };
    int e = kvm_test_ioctl(kvm, g->vcpu, KVM_SET_ONE_REG, (uintptr_t)&set);
    int back = kvm_test_ioctl(kvm, g->vcpu, KVM_GET_ONE_REG, (uintptr_t)&get);
    r->checks++;
    if (!msa && e == 0) {
        result_defect(r, "SET_ONE_REG with a 128-bit id succeeds without MSA and stores nothing (Linux to "
                         "6.1 at least)");
    } else if (msa && e == 0 && back == 0 && memcmp(in, out, 16) != 0) {
        result_defect(r, "SET_ONE_REG with a 128-bit id stores nothing (Linux to 6.1 at least)");
    } else {
        EXPECT(r, e, msa ? 0 : -EINVAL);
        EXPECT(r, back, msa ? 0 : -EINVAL);
    }
}

static void check_write(KvmGuest *g, Result *r, uint64_t id, uint64_t value, uint64_t want)
{
    uint64_t v = 0;
    unsigned failures = r->failures->len;
    EXPECT(r, kvm_guest_set(g, id, value), 0);
    EXPECT(r, kvm_guest_get(g, id, &v), 0);
    EXPECT(r, v, want);
    if (r->failures->len != failures) {
        result_note(r, "that was register 0x%016" G_GINT64_MODIFIER "x, written with 0x%" G_GINT64_MODIFIER
                    "x", id, value);
    }
}

static uint64_t value_of(KvmGuest *g, Result *r, uint64_t id)
{
    uint64_t v = 0;
    EXPECT(r, kvm_guest_get(g, id, &v), 0);
    return v;
}

/* Which bits a write from outside changes. */
static void case_masks(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    if (!g) {
        return;
    }
    uint64_t config = value_of(g, r, KVM_MIPS_CP0_32(16, 0));
    uint64_t config1 = value_of(g, r, KVM_MIPS_CP0_32(16, 1));
    if (kvm->bit == MODE_KVM_TE) {
        uint64_t config2 = value_of(g, r, KVM_MIPS_CP0_32(16, 2));
        uint64_t intctl = value_of(g, r, KVM_MIPS_CP0_32(12, 1));
        uint64_t config7 = value_of(g, r, KVM_MIPS_CP0_32(16, 7));
        check_write(g, r, KVM_MIPS_CP0_32(15, 0), 0x00019765, 0x00019765);
        check_write(g, r, KVM_MIPS_CP0_64(15, 1), UINT64_MAX, 0x5ffff3ff);
        check_write(g, r, KVM_MIPS_CP0_64(15, 1), 0, 0x40000000);
        check_write(g, r, KVM_MIPS_CP0_32(12, 1), ~intctl, intctl);
        check_write(g, r, KVM_MIPS_CP0_32(16, 0), ~config, config);
        check_write(g, r, KVM_MIPS_CP0_32(16, 2), ~config2, config2);
        check_write(g, r, KVM_MIPS_CP0_32(16, 7), ~config7, config7);
        EXPECT(r, config & 0x380, 0x80);                        /* MT: a TLB */
        EXPECT(r, config1 >> 25 & 0x3f, 63);
        EXPECT(r, value_of(g, r, KVM_MIPS_COUNT_HZ), 100000000);
    } else {
        check_write(g, r, KVM_MIPS_CP0_32(16, 0), config ^ 0x7c00, config);     /* AT, AR stay */
        check_write(g, r, KVM_MIPS_CP0_32(16, 0), (config & ~UINT64_C(7)) | 2, (config & ~UINT64_C(7)) | 2);
    }
    EXPECT(r, config1 & 1, 0);                                  /* no FPU unless it is asked for */
    EXPECT(r, config >> 15 & 1, kvm->host.big_endian);
    check_write(g, r, KVM_MIPS_CP0_32(16, 1), config1 | 1, config1);
    if (kvm_test_cap(kvm, g->vm, KVM_MIPS_CAP_FPU) > 0) {
        EXPECT(r, kvm_guest_enable_fpu(g), 0);
        check_write(g, r, KVM_MIPS_CP0_32(16, 1), config1 | 1, config1 | 1);
        check_write(g, r, KVM_MIPS_CP0_32(16, 1), config1, config1);
    }
}

/* FPRs from outside: not before Config1.FP; single and double views of one register. */
static void case_fpu(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    uint64_t v = 0, status;
    if (!g) {
        return;
    }
    EXPECT(r, kvm_guest_get(g, KVM_MIPS_FPR64(0), &v), -EINVAL);
    EXPECT(r, kvm_guest_get(g, KVM_MIPS_FCR_CSR, &v), -EINVAL);
    if (kvm_test_cap(kvm, g->vm, KVM_MIPS_CAP_FPU) <= 0) {
        return;
    }
    EXPECT(r, kvm_guest_enable_fpu(g), 0);
    status = value_of(g, r, KVM_MIPS_CP0_32(12, 0)) | 0x20000000;
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_CP0_32(12, 0), status & ~UINT64_C(0x04000000)), 0);
    check_write(g, r, KVM_MIPS_FPR64(4), UINT64_C(0x1122334455667788), UINT64_C(0x1122334455667788));
    EXPECT(r, value_of(g, r, KVM_MIPS_FPR32(4)), 0x55667788);
    EXPECT(r, value_of(g, r, KVM_MIPS_FPR32(5)), 0x11223344);
    EXPECT(r, kvm_guest_get(g, KVM_MIPS_FPR64(5), &v), -EINVAL);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_CP0_32(12, 0), status | 0x04000000), 0);
    check_write(g, r, KVM_MIPS_FPR64(5), UINT64_C(0x8877665544332211), UINT64_C(0x8877665544332211));
    EXPECT(r, value_of(g, r, KVM_MIPS_FPR64(4)), UINT64_C(0x1122334455667788));
    check_write(g, r, KVM_MIPS_FCR_CSR, 0x01000003, 0x01000003);
    uint64_t fir = value_of(g, r, KVM_MIPS_FCR_IR);
    check_write(g, r, KVM_MIPS_FCR_IR, ~fir, fir);
}

const HostCase host_cases_regs[] = {
    { "regs/set-regs", case_set_regs },
    { "regs/list", case_list },
    { "regs/every-one", case_every },
    { "regs/values", case_values },
    { "regs/unknown", case_unknown },
    { "regs/vector-defect", case_vector },
    { "regs/write-masks", case_masks },
    { "regs/fpu", case_fpu },
    { 0 },
};
