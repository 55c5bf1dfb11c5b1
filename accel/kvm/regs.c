/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers between KVM and the CPU structure: KVM_GET_REGS, and KVM_GET_ONE_REG for each
 * CP0 and FPU register that the host lists. Count belongs to the kernel: it is frozen while
 * the vCPU is parked and goes on from there, and is written after a reset only.
 *
 * Not copied, because KVM has no way to: the TLB. EntryLo is kept as KVM has it, which for
 * VZ is the 64-bit layout on 32-bit guests too. MSA registers belong to no CPU model yet.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include "accel/kvm/abi.h"
#include "accel/kvm/vcpu.h"
#include "util/error.h"

#define COUNT_FROZEN 1
#define CONFIG1_FP 1u

typedef struct {
    uint64_t id;
    uint16_t at;                /* in MipsCpu */
    uint8_t size;               /* of the field, bytes */
    bool fixed;                 /* what KVM has is right: never written */
} Reg;

#define R32(rd, sel, field) { KVM_MIPS_CP0_32(rd, sel), offsetof(MipsCpu, cp0.field), 4, false }
#define R64(rd, sel, field) { KVM_MIPS_CP0_64(rd, sel), offsetof(MipsCpu, cp0.field), 8, false }
#define FIXED(rd, sel, field) { KVM_MIPS_CP0_32(rd, sel), offsetof(MipsCpu, cp0.field), 4, true }

/* In the order of writing: Status before the FPU's, Cause after Compare. */
static const Reg regs[] = {
    FIXED(15, 0, prid), FIXED(16, 0, config[0]), FIXED(16, 1, config[1]), FIXED(16, 2, config[2]),
    FIXED(16, 3, config[3]), FIXED(16, 4, config[4]), FIXED(16, 5, config[5]), FIXED(16, 6, config[6]),
    FIXED(16, 7, config[7]),
    R32(0, 0, index), R64(2, 0, entrylo[0]), R64(3, 0, entrylo[1]), R64(4, 0, context), R64(4, 2, userlocal),
    R32(5, 0, pagemask), R32(5, 1, pagegrain), R32(6, 0, wired), R32(7, 0, hwrena), R64(8, 0, badvaddr),
    R32(8, 1, badinstr), R32(8, 2, badinstrp), R64(10, 0, entryhi), R32(11, 0, compare), R32(12, 0, status),
    R32(12, 1, intctl), R32(13, 0, cause), R64(14, 0, epc), R64(15, 1, ebase), R64(20, 0, xcontext),
    R64(30, 0, errorepc), R64(31, 2, kscratch[2]), R64(31, 3, kscratch[3]), R64(31, 4, kscratch[4]),
    R64(31, 5, kscratch[5]), R64(31, 6, kscratch[6]), R64(31, 7, kscratch[7]),
};

G_STATIC_ASSERT(G_N_ELEMENTS(regs) <= KVM_VCPU_REGS);

/* ---- one register ---- */

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

static bool get(const KvmVcpu *v, uint64_t id, uint64_t *value, GError **err)
{
    *value = 0;
    int r = one_reg(v, KVM_GET_ONE_REG, id, value);
    return r >= 0 || error_set(err, "KVM_GET_ONE_REG of register %016" G_GINT64_MODIFIER "x: %s", id,
                               g_strerror(-r));
}

static bool put(const KvmVcpu *v, uint64_t id, uint64_t value, GError **err)
{
    int r = one_reg(v, KVM_SET_ONE_REG, id, &value);
    return r >= 0 || error_set(err, "KVM_SET_ONE_REG of register %016" G_GINT64_MODIFIER "x: %s", id,
                               g_strerror(-r));
}

/* ---- what there is ---- */

static bool list_regs(KvmVcpu *v, GError **err)
{
    struct kvm_reg_list count = { 0 };
    int r = kvm_vm_ioctl(v->vm, v->fd, KVM_GET_REG_LIST, (uintptr_t)&count);
    if (r < 0 && r != -E2BIG) {
        return error_set(err, "KVM_GET_REG_LIST: %s", g_strerror(-r));
    }
    g_autofree struct kvm_reg_list *list = g_malloc0(sizeof(*list) + (count.n + 1) * sizeof(list->reg[0]));
    list->n = count.n;
    r = count.n ? kvm_vm_ioctl(v->vm, v->fd, KVM_GET_REG_LIST, (uintptr_t)list) : 0;
    if (r < 0) {
        return error_set(err, "KVM_GET_REG_LIST: %s", g_strerror(-r));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(regs); i++) {
        for (uint64_t k = 0; k < list->n; k++) {
            v->is_listed[i] = v->is_listed[i] || list->reg[k] == regs[i].id;
        }
    }
    return true;
}

/* The capability first, then Config1.FP; only then are there FPU registers. */
static bool enable_fpu(KvmVcpu *v, GError **err)
{
    struct kvm_enable_cap cap = { .cap = KVM_MIPS_CAP_FPU };
    uint64_t config1;
    if (!v->cpu->model->fcr0 || !v->vm->has_fpu) {
        return true;
    }
    int r = kvm_vm_ioctl(v->vm, v->fd, KVM_ENABLE_CAP, (uintptr_t)&cap);
    if (r < 0) {
        return error_set(err, "KVM_ENABLE_CAP of the FPU: %s", g_strerror(-r));
    }
    v->has_fpu = true;
    return get(v, KVM_MIPS_CP0_32(16, 1), &config1, err) &&
           put(v, KVM_MIPS_CP0_32(16, 1), config1 | CONFIG1_FP, err);
}

static bool put_prid(KvmVcpu *v, GError **err)
{
    return !v->put_prid || put(v, KVM_MIPS_CP0_32(15, 0), v->cpu->model->prid, err);
}

bool kvm_regs_init(KvmVcpu *v, GError **err)
{
    return list_regs(v, err) && enable_fpu(v, err) && put_prid(v, err);
}

/* ---- general registers ---- */

static bool get_general(KvmVcpu *v, GError **err)
{
    KvmMipsRegs general;
    MipsCpu *cpu = v->cpu;
    int r = kvm_vm_ioctl(v->vm, v->fd, KVM_MIPS_GET_REGS, (uintptr_t)&general);
    if (r < 0) {
        return error_set(err, "KVM_GET_REGS: %s", g_strerror(-r));
    }
    memcpy(cpu->gpr, general.gpr, sizeof(cpu->gpr));
    cpu->hi = general.hi;
    cpu->lo = general.lo;
    cpu->pc = general.pc;
    return true;
}

static uint64_t word(const KvmVcpu *v, uint64_t value)
{
    return v->cpu->base.is_64bit ? value : (uint64_t)(int32_t)value;
}

static bool put_general(KvmVcpu *v, GError **err)
{
    const MipsCpu *cpu = v->cpu;
    KvmMipsRegs general = { .hi = word(v, cpu->hi), .lo = word(v, cpu->lo), .pc = cpu->pc };
    for (unsigned i = 0; i < 32; i++) {
        general.gpr[i] = mips_gpr(cpu, i);
    }
    int r = kvm_vm_ioctl(v->vm, v->fd, KVM_MIPS_SET_REGS, (uintptr_t)&general);
    return r >= 0 || error_set(err, "KVM_SET_REGS: %s", g_strerror(-r));
}

/* ---- CP0 ---- */

static void *field(MipsCpu *cpu, const Reg *reg)
{
    return (char *)cpu + reg->at;
}

static uint64_t load_field(MipsCpu *cpu, const Reg *reg)
{
    return reg->size == 8 ? *(uint64_t *)field(cpu, reg) : *(uint32_t *)field(cpu, reg);
}

static void store_field(MipsCpu *cpu, const Reg *reg, uint64_t value)
{
    if (reg->size == 8) {
        *(uint64_t *)field(cpu, reg) = value;
    } else {
        *(uint32_t *)field(cpu, reg) = (uint32_t)value;
    }
}

static bool get_reg(KvmVcpu *v, unsigned i, GError **err)
{
    uint64_t value;
    if (!v->is_listed[i]) {
        return true;
    }
    if (!get(v, regs[i].id, &value, err)) {
        return false;
    }
    store_field(v->cpu, &regs[i], value);
    v->known[i] = value;
    v->is_known[i] = true;
    return true;
}

static bool put_reg(KvmVcpu *v, unsigned i, GError **err)
{
    uint64_t value = load_field(v->cpu, &regs[i]);
    if (!v->is_listed[i]) {
        return true;
    }
    if (regs[i].fixed) {
        return get_reg(v, i, err);
    }
    if (v->is_known[i] && v->known[i] == value) {
        return true;
    }
    v->is_known[i] = false;     /* KVM may keep other bits than these */
    return put(v, regs[i].id, value, err);
}

/* ---- FPU: with FR = 0 the even registers hold the pairs ---- */

static unsigned fpr_step(const KvmVcpu *v)
{
    return v->cpu->cp0.status & ST_FR ? 1 : 2;
}

static bool get_fpu(KvmVcpu *v, GError **err)
{
    uint64_t fcsr;
    if (!v->has_fpu) {
        return true;
    }
    for (unsigned n = 0; n < 32; n += fpr_step(v)) {
        if (!get(v, KVM_MIPS_FPR64(n), &v->cpu->fpr[n], err)) {
            return false;
        }
    }
    if (!get(v, KVM_MIPS_FCR_CSR, &fcsr, err)) {
        return false;
    }
    v->cpu->fcr31 = (uint32_t)fcsr;
    return true;
}

static bool put_fpu(KvmVcpu *v, GError **err)
{
    if (!v->has_fpu) {
        return true;
    }
    for (unsigned n = 0; n < 32; n += fpr_step(v)) {
        if (!put(v, KVM_MIPS_FPR64(n), v->cpu->fpr[n], err)) {
            return false;
        }
    }
    return put(v, KVM_MIPS_FCR_CSR, v->cpu->fcr31, err);
}

/* ---- Count ---- */

static bool freeze_count(KvmVcpu *v, GError **err)
{
    return put(v, KVM_MIPS_COUNT_CTL, COUNT_FROZEN, err);
}

/* Count goes on from where it stood, as if no time had passed. */
static bool thaw_count(KvmVcpu *v, GError **err)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return put(v, KVM_MIPS_COUNT_RESUME, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec, err) &&
           put(v, KVM_MIPS_COUNT_CTL, 0, err);
}

/* ---- all ---- */

bool kvm_regs_get(KvmVcpu *v, GError **err)
{
    if (!freeze_count(v, err) || !get_general(v, err)) {
        return false;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(regs); i++) {
        if (!get_reg(v, i, err)) {
            return false;
        }
    }
    return get_fpu(v, err);
}

bool kvm_regs_put(KvmVcpu *v, GError **err)
{
    if (!freeze_count(v, err) || !put_general(v, err)) {
        return false;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(regs); i++) {
        if (!put_reg(v, i, err)) {
            return false;
        }
    }
    if (v->was_reset && !put(v, KVM_MIPS_CP0_32(9, 0), 0, err)) {
        return false;
    }
    v->was_reset = false;
    return put_fpu(v, err) && thaw_count(v, err);
}
