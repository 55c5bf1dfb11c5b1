/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only VZ has, from outside: which registers are listed for which guest, what writes change
 * in Config, the state after creation, MSA, accesses of 64 bits that leave the guest.
 */
#include <errno.h>
#include <string.h>
#include "tests/kvm/kvm_guest.h"

#define MAX_REGS 1024
#define CODE 0x2000
#define M UINT64_C(0x80000000)
#define BIT(n) (UINT64_C(1) << (n))

enum { CTXTC = 9, ULRI = 13, PW = 24, SC = 25, BI = 26, BP = 27, MSAP = 28 };       /* of Config3 */
enum { MRP = 3 };                                                                   /* of Config5 */

typedef struct {
    uint64_t n;
    uint64_t id[MAX_REGS];
} RegList;

static RegList *get_list(KvmGuest *g, Result *r)
{
    RegList *list = g_new0(RegList, 1);
    list->n = MAX_REGS;
    EXPECT(r, kvm_test_ioctl(g->kvm, g->vcpu, KVM_GET_REG_LIST, (uintptr_t)list), 0);
    return list;
}

static bool listed(const RegList *list, uint64_t id)
{
    for (unsigned i = 0; i < MIN(list->n, MAX_REGS); i++) {
        if (list->id[i] == id) {
            return true;
        }
    }
    return false;
}

static uint64_t value_of(KvmGuest *g, Result *r, uint64_t id)
{
    uint64_t v = 0;
    EXPECT(r, kvm_guest_get(g, id, &v), 0);
    return v;
}

static uint64_t config_id(unsigned n)
{
    return KVM_MIPS_CP0_32(16, n);
}

/* Config n, or 0: the chain of M bits ends before it. */
static uint64_t config(KvmGuest *g, Result *r, unsigned n)
{
    uint64_t v = value_of(g, r, config_id(0));
    for (unsigned i = 1; i <= n; i++) {
        v = v & M ? value_of(g, r, config_id(i)) : 0;
    }
    return v;
}

/* Whether the bit of Config n can be had: set already, or by asking for it. */
static bool can_have(KvmGuest *g, Result *r, unsigned n, unsigned bit)
{
    uint64_t v = config(g, r, n);
    if (!v) {
        return false;
    }
    EXPECT(r, kvm_guest_set(g, config_id(n), v | BIT(bit)), 0);
    return config(g, r, n) & BIT(bit);
}

/* ---- the list ---- */

static void expect_listed(Result *r, const RegList *list, uint64_t id, bool want)
{
    if (!EXPECT(r, listed(list, id), want)) {
        result_note(r, "that was register 0x%016" G_GINT64_MODIFIER "x", id);
    }
}

static bool is_loongson(KvmGuest *g, Result *r)
{
    return (value_of(g, r, KVM_MIPS_CP0_32(15, 0)) >> 16 & 0xff) == 0x14;
}

/* MAARs are listed where the guest cannot lose them: with a Config5.MRP that stays. */
static bool has_maar(KvmGuest *g, Result *r)
{
    if (!can_have(g, r, 5, MRP)) {
        return false;
    }
    uint64_t v = config(g, r, 5);
    EXPECT(r, kvm_guest_set(g, config_id(5), v & ~BIT(MRP)), 0);
    bool stays = config(g, r, 5) & BIT(MRP);
    EXPECT(r, kvm_guest_set(g, config_id(5), v), 0);
    return stays;
}

static void case_list(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    if (!g) {
        return;
    }
    bool wide = kvm_test_cap(kvm, g->vm, KVM_MIPS_CAP_64BIT) == 2;
    bool context = can_have(g, r, 3, CTXTC), local = can_have(g, r, 3, ULRI), maar = has_maar(g, r);
    uint64_t config3 = config(g, r, 3), scratch = config(g, r, 4) >> 16 & 0xfc;
    g_autofree RegList *list = get_list(g, r);
    expect_listed(r, list, KVM_MIPS_CP0_32(4, 1), context);
    expect_listed(r, list, KVM_MIPS_CP0_64(4, 3), context && wide);
    expect_listed(r, list, KVM_MIPS_CP0_64(4, 2), local);
    expect_listed(r, list, KVM_MIPS_CP0_64(20, 0), wide);
    for (unsigned sel = 2; sel <= 4; sel++) {
        expect_listed(r, list, KVM_MIPS_CP0_64(5, sel), config3 & BIT(SC));
    }
    if (config3 & BIT(PW) || !is_loongson(g, r)) {      /* which has another walker with the same registers */
        for (unsigned sel = 5; sel <= 7; sel++) {
            expect_listed(r, list, KVM_MIPS_CP0_64(5, sel), config3 & BIT(PW));
        }
        expect_listed(r, list, KVM_MIPS_CP0_32(6, 6), config3 & BIT(PW));
    }
    expect_listed(r, list, KVM_MIPS_CP0_32(8, 1), config3 & BIT(BI));
    expect_listed(r, list, KVM_MIPS_CP0_32(8, 2), config3 & BIT(BP));
    expect_listed(r, list, KVM_MIPS_CP0_64(17, 2), maar);
    expect_listed(r, list, KVM_MIPS_REG_U64 | KVM_MIPS_SET_CP0 | 0x100, maar);
    for (unsigned sel = 2; sel <= 7; sel++) {
        expect_listed(r, list, KVM_MIPS_CP0_64(31, sel), scratch >> sel & 1);
    }
    expect_listed(r, list, KVM_MIPS_CP0_32(1, 0), false);       /* Random */
    expect_listed(r, list, KVM_MIPS_CP0_32(16, 7), false);
    expect_listed(r, list, KVM_MIPS_CP0_32(5, 1), true);        /* PageGrain: VZ only */
    EXPECT(r, listed(list, KVM_MIPS_MSA_IR),
           kvm_test_cap(kvm, g->vm, KVM_MIPS_CAP_MSA) > 0 ? true : false);
}

/* ---- Config ---- */

/* M, and: K0; FP; nothing; ULRI, CTXTC, ISAOnExc, MSAP; the FTLB's page size; K, CV, SBRI, MSAEn, UFR,
 * FRE, UFE, MRP. */
static const uint64_t may_change[6] = {
    M | 7, M | 1, M, M | 0x10012200, M | 0x1f00, M | 0x6800034c,
};

/* A write of everything inverted changes these at most, and can be taken back. */
static void case_config(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    if (!g) {
        return;
    }
    for (unsigned n = 0; n < 6; n++) {
        uint64_t old = config(g, r, n), id = config_id(n);
        unsigned failures = r->failures->len;
        if (n > 0 && !(config(g, r, n - 1) & M)) {
            break;
        }
        EXPECT(r, kvm_guest_set(g, id, ~old), 0);
        EXPECT(r, (value_of(g, r, id) ^ old) & ~may_change[n], 0);
        EXPECT(r, kvm_guest_set(g, id, old), 0);
        EXPECT(r, value_of(g, r, id), old);
        if (r->failures->len != failures) {
            result_note(r, "that was Config%u, 0x%08x", n, (uint32_t)old);
        }
    }
}

/* ---- after creation ---- */

static void case_reset(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    KvmMipsRegs regs = { 0 };
    if (!g) {
        return;
    }
    EXPECT(r, kvm_test_ioctl(kvm, g->vcpu, KVM_MIPS_GET_REGS, (uintptr_t)&regs), 0);
    EXPECT(r, (uint32_t)regs.pc, 0xbfc00000);
    EXPECT(r, value_of(g, r, KVM_MIPS_CP0_32(12, 0)) & 0x0040ff17, 0x00400004);     /* BEV, ERL */
    EXPECT(r, (uint32_t)value_of(g, r, KVM_MIPS_CP0_64(15, 1)) & 0xfffff3ff, 0x80000000);
    EXPECT(r, (config(g, r, 0) >> 7 & 7) != 0, true);       /* MT: a TLB */
    EXPECT(r, config(g, r, 1) & 1, 0);                      /* FP and MSAP: not asked for */
    EXPECT(r, config(g, r, 3) & BIT(MSAP), 0);
    uint64_t hz = value_of(g, r, KVM_MIPS_COUNT_HZ);
    EXPECT(r, hz >= 1000000 && hz <= 1000000000, true);
}

/* The segments as they are without segmentation control; kseg0 as Config.K0 has it. */
static void case_segctl(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    if (!g) {
        return;
    }
    g_autofree RegList *list = get_list(g, r);
    if (listed(list, KVM_MIPS_CP0_64(5, 5))) {
        EXPECT(r, value_of(g, r, KVM_MIPS_CP0_64(5, 6)), 0x0c30c302);               /* PWField */
    }
    if (!listed(list, KVM_MIPS_CP0_64(5, 2))) {
        result_skip(r, "guests have no segmentation control here");
        return;
    }
    EXPECT(r, value_of(g, r, KVM_MIPS_CP0_64(5, 2)), 0x00200010);
    EXPECT(r, value_of(g, r, KVM_MIPS_CP0_64(5, 3)), 0x00000002 | (config(g, r, 0) & 7) << 16);
    EXPECT(r, value_of(g, r, KVM_MIPS_CP0_64(5, 4)), 0x00380438);
}

/* PRId is the host's until it is written; hardware that has one for guests keeps its own. */
static void case_prid(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    if (!g) {
        return;
    }
    uint64_t id = KVM_MIPS_CP0_32(15, 0), old = value_of(g, r, id), now;
    EXPECT(r, (old >> 16 & 0xff) != 0, true);
    EXPECT(r, kvm_guest_set(g, id, old ^ 0xff), 0);
    now = value_of(g, r, id);
    EXPECT(r, now == old || now == (old ^ 0xff), true);
    EXPECT(r, kvm_guest_set(g, id, old), 0);
    EXPECT(r, value_of(g, r, id), old);
}

/* ---- MSA ---- */

static int vector_ioctl(KvmGuest *g, unsigned long request, unsigned n, uint64_t v[2])
{
    struct kvm_one_reg one = { .id = KVM_MIPS_VEC128(n), .addr = (uintptr_t)v };
    return kvm_test_ioctl(g->kvm, g->vcpu, request, (uintptr_t)&one);
}

static void check_without_msa(KvmGuest *g, Result *r)
{
    uint64_t v[2] = { 0 }, config3 = config(g, r, 3);
    if (config3) {
        EXPECT(r, kvm_guest_set(g, config_id(3), config3 | BIT(MSAP)), 0);
        EXPECT(r, config(g, r, 3) & BIT(MSAP), 0);
    }
    EXPECT(r, vector_ioctl(g, KVM_GET_ONE_REG, 0, v), -EINVAL);
    EXPECT(r, kvm_guest_get(g, KVM_MIPS_MSA_IR, v), -EINVAL);
    EXPECT(r, kvm_guest_get(g, KVM_MIPS_MSA_CSR, v), -EINVAL);
}

static void check_vectors(KvmGuest *g, Result *r)
{
    unsigned kept = 0;
    for (unsigned n = 0; n < 32; n++) {
        uint64_t in[2] = { UINT64_C(0x0123456789abcdef) + n, UINT64_C(0xfedcba9876543210) - n };
        uint64_t out[2] = { 0 };
        EXPECT(r, vector_ioctl(g, KVM_SET_ONE_REG, n, in), 0);
        EXPECT(r, vector_ioctl(g, KVM_GET_ONE_REG, n, out), 0);
        kept += memcmp(in, out, sizeof(in)) == 0;
    }
    if (kept == 0) {
        result_defect(r, "SET_ONE_REG with a 128-bit id stores nothing (Linux to 6.1 at least)");
    } else {
        EXPECT(r, kept, 32);
    }
}

/* Sets Status.FR as wanted; false: it is fixed the other way. */
static bool set_fr(KvmGuest *g, Result *r, bool on)
{
    uint64_t status = value_of(g, r, KVM_MIPS_CP0_32(12, 0)) & ~BIT(26);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_CP0_32(12, 0), status | BIT(29) | (on ? BIT(26) : 0)), 0);
    return (value_of(g, r, KVM_MIPS_CP0_32(12, 0)) >> 26 & 1) == on;
}

/* Config3.MSAP only after ENABLE_CAP, vectors only with Status.FR. */
static void case_msa(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    struct kvm_enable_cap cap = { .cap = KVM_MIPS_CAP_MSA };
    uint64_t v[2] = { 0 };
    if (!g) {
        return;
    }
    check_without_msa(g, r);
    if (kvm_test_cap(kvm, g->vm, KVM_MIPS_CAP_MSA) <= 0) {
        EXPECT(r, kvm_test_ioctl(kvm, g->vcpu, KVM_ENABLE_CAP, (uintptr_t)&cap), -EINVAL);
        return;
    }
    EXPECT(r, kvm_guest_enable_fpu(g), 0);
    EXPECT(r, kvm_test_ioctl(kvm, g->vcpu, KVM_ENABLE_CAP, (uintptr_t)&cap), 0);
    EXPECT(r, config(g, r, 3) & BIT(MSAP), 0);              /* possible, not yet there */
    EXPECT(r, can_have(g, r, 3, MSAP), true);
    uint64_t ir = value_of(g, r, KVM_MIPS_MSA_IR);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_MSA_IR, ~ir), 0);
    EXPECT(r, value_of(g, r, KVM_MIPS_MSA_IR), ir);
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_MSA_CSR, 0x01000003), 0);
    EXPECT(r, value_of(g, r, KVM_MIPS_MSA_CSR), 0x01000003);
    if (set_fr(g, r, false)) {
        EXPECT(r, vector_ioctl(g, KVM_GET_ONE_REG, 5, v), -EINVAL);
    }
    if (EXPECT(r, set_fr(g, r, true), true)) {
        check_vectors(g, r);
    }
}

/* ---- accesses of 64 bits ---- */

static const uint32_t wide_code[] = {
    0xdc820000,             /* ld    v0, 0(a0) */
    0x9c830008,             /* lwu   v1, 8(a0) */
    0xfc820010,             /* sd    v0, 0x10(a0) */
    0xfc830018,             /* sd    v1, 0x18(a0) */
    0x1000ffff, 0,          /* b     . */
};

static bool run_to(KvmGuest *g, Result *r, unsigned offset, unsigned len, bool write)
{
    int e;
    do {
        e = kvm_guest_run(g);
    } while (e == -EINTR);
    return EXPECT(r, e, 0) && EXPECT(r, g->run->exit_reason, KVM_EXIT_MMIO) &&
           EXPECT(r, g->run->mmio.phys_addr, BELL_PHYS + BELL_AREA + offset) &&
           EXPECT(r, g->run->mmio.is_write, write) && EXPECT(r, g->run->mmio.len, len);
}

static void check_wide(KvmGuest *g, Result *r, uint64_t window)
{
    uint64_t answer = UINT64_C(0x8123456789abcdef), data;
    uint32_t narrow = 0x87654321;
    memcpy(g->ram + CODE, wide_code, sizeof(wide_code));
    EXPECT(r, kvm_guest_enter(g, CODE, window + BELL_PHYS + BELL_AREA, 0), 0);
    if (!run_to(g, r, 0, 8, false)) {
        return;
    }
    memcpy(g->run->mmio.data, &answer, 8);
    if (!run_to(g, r, 8, 4, false)) {
        return;
    }
    memcpy(g->run->mmio.data, &narrow, 4);
    if (run_to(g, r, 16, 8, true)) {
        memcpy(&data, g->run->mmio.data, 8);
        EXPECT(r, data, answer);
    }
    if (run_to(g, r, 24, 8, true)) {
        memcpy(&data, g->run->mmio.data, 8);
        EXPECT(r, data, narrow);                            /* LWU: no sign */
    }
}

/* Through kseg1, and through xkphys, uncached, which takes Status.KX. */
static void case_wide(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    if (!g) {
        return;
    }
    EXPECT(r, kvm_test_cap(kvm, g->vm, KVM_MIPS_CAP_64BIT), kvm_test_cap(kvm, kvm->fd, KVM_MIPS_CAP_64BIT));
    if (kvm_test_cap(kvm, g->vm, KVM_MIPS_CAP_64BIT) != 2) {
        result_skip(r, "the host's kernel is one of 32 bits");
        return;
    }
    check_wide(g, r, UINT64_C(0xffffffffa0000000));
    uint64_t status = value_of(g, r, KVM_MIPS_CP0_32(12, 0));
    EXPECT(r, kvm_guest_set(g, KVM_MIPS_CP0_32(12, 0), status | 0x80), 0);
    check_wide(g, r, UINT64_C(0x9000000000000000));
}

const HostCase host_cases_vz[] = {
    { "vz/register-list", case_list },
    { "vz/config-masks", case_config },
    { "vz/after-creation", case_reset },
    { "vz/segctl-pwfield", case_segctl },
    { "vz/prid", case_prid },
    { "vz/msa", case_msa },
    { "vz/64-bit-accesses", case_wide },
    { 0 },
};
