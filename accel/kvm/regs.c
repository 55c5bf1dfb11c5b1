/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers between KVM and the CPU structure: KVM_GET_REGS, and KVM_GET_ONE_REG for each
 * CP0 and FPU register that the host lists. Count belongs to the kernel: it is frozen while
 * the vCPU is parked and goes on from there.
 *
 * Not copied, because KVM has no way to: the TLB. EntryLo is kept as KVM has it, which for
 * VZ is the 64-bit layout on 32-bit guests too. CP0 registers that cpu has no place for stay
 * where they are, but for resets (regs_other.c).
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include "accel/kvm/abi.h"
#include "accel/kvm/regs_internal.h"
#include "accel/kvm/vcpu.h"
#include "util/error.h"

#define COUNT KVM_MIPS_CP0_32(9, 0)
#define COUNT_FROZEN 1
#define TE_COUNT_HZ 100000000       /* trap-and-emulate kernels take it for granted */

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

/* ---- what there is ---- */

/* Count has its own time of writing. */
static void note_listed(KvmVcpu *v, uint64_t id)
{
    bool cp0 = (id & ~KVM_MIPS_REG_SIZE) >> 16 == (KVM_MIPS_CP0_32(0, 0) & ~KVM_MIPS_REG_SIZE) >> 16;
    bool known = id == COUNT;
    for (size_t i = 0; i < G_N_ELEMENTS(regs); i++) {
        if (id == regs[i].id) {
            v->is_listed[i] = true;
            known = known || !regs[i].fixed;
        }
    }
    if (cp0 && !known && v->others < KVM_VCPU_OTHERS) {
        v->other_id[v->others++] = id;
    }
}

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
    for (uint64_t k = 0; k < list->n; k++) {
        note_listed(v, list->reg[k]);
    }
    return true;
}

static bool put_prid(KvmVcpu *v, GError **err)
{
    return !v->put_prid || kvm_reg_put(v, KVM_MIPS_CP0_32(15, 0), v->cpu->model->prid, err);
}

static bool put_count_hz(KvmVcpu *v, GError **err)
{
    return v->vm->type != KVM_TYPE_TE || kvm_reg_put(v, KVM_MIPS_COUNT_HZ, TE_COUNT_HZ, err);
}

bool kvm_regs_init(KvmVcpu *v, GError **err)
{
    return list_regs(v, err) && kvm_fpu_enable(v, err) && put_prid(v, err) && put_count_hz(v, err) &&
           kvm_others_keep(v, err);
}

/* ---- general registers ---- */

static uint64_t word(const KvmVcpu *v, uint64_t value)
{
    return v->cpu->base.is_64bit ? value : (uint64_t)(int32_t)value;
}

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
    cpu->pc = word(v, general.pc);      /* a 32-bit host gives it without its sign */
    return true;
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
    if (!kvm_reg_get(v, regs[i].id, &value, err)) {
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
    return kvm_reg_put(v, regs[i].id, value, err);
}

/* ---- Count ---- */

static bool freeze_count(KvmVcpu *v, GError **err)
{
    return kvm_reg_put(v, KVM_MIPS_COUNT_CTL, COUNT_FROZEN, err);
}

/* Count goes on from where it stood, as if no time had passed: the kernel goes on counting from
 * the moment that is told to it, and from the Count that is written then. */
static bool thaw_count(KvmVcpu *v, GError **err)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    return kvm_reg_put(v, KVM_MIPS_COUNT_RESUME, ns, err) && kvm_reg_put(v, COUNT, v->count, err) &&
           kvm_reg_put(v, KVM_MIPS_COUNT_CTL, 0, err);
}

/* ---- all ---- */

bool kvm_regs_get(KvmVcpu *v, GError **err)
{
    if (!freeze_count(v, err) || !kvm_reg_get(v, COUNT, &v->count, err) || !get_general(v, err)) {
        return false;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(regs); i++) {
        if (!get_reg(v, i, err)) {
            return false;
        }
    }
    return kvm_fpu_get(v, err);
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
    if (v->was_reset && !kvm_others_reset(v, err)) {
        return false;
    }
    v->count = v->was_reset ? 0 : v->count;
    if (!kvm_fpu_put(v, err)) {
        return false;
    }
    v->was_reset = false;
    return thaw_count(v, err);
}
