/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kvm/kvm_guest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* Where the guest's two small programs lie, see kvm_guest_load and _store. */
#define LOAD_CODE 0x1000
#define STORE_CODE 0x1040

static const uint32_t load_code[] = {
    0x8c820000,             /* lw    v0, 0(a0) */
    0x3c08bf00,             /* lui   t0, 0xbf00 */
    0xad020914,             /* sw    v0, 0x914(t0) */
    0x1000ffff, 0,          /* b     . */
};

static const uint32_t store_code[] = {
    0xac850000,             /* sw    a1, 0(a0) */
    0x3c08bf00,             /* lui   t0, 0xbf00 */
    0xad050914,             /* sw    a1, 0x914(t0) */
    0x1000ffff, 0,          /* b     . */
};

#define REPORT (BELL_PHYS + BELL_LOG)

int kvm_test_ioctl(KvmTest *kvm, int fd, unsigned long request, uintptr_t arg)
{
    return kvm->host.ioctl(kvm->host.opaque, fd, request, arg);
}

int kvm_test_cap(KvmTest *kvm, int fd, unsigned cap)
{
    return kvm_test_ioctl(kvm, fd, KVM_CHECK_EXTENSION, cap);
}

int kvm_test_vm(KvmTest *kvm)
{
    return kvm_test_ioctl(kvm, kvm->fd, KVM_CREATE_VM, kvm->type);
}

void kvm_test_close(KvmTest *kvm, int fd)
{
    if (fd >= 0) {
        kvm->host.close(kvm->host.opaque, fd);
    }
}

unsigned kvm_test_release(const KvmTest *kvm)
{
    unsigned version = 0, patch = 0;
    if (sscanf(kvm->host.release, "%u.%u", &version, &patch) != 2) {
        return 0;
    }
    return version * 1000 + patch;
}

uint64_t kvm_test_word(const KvmTest *kvm, uint64_t value)
{
    return g_str_equal(kvm->host.machine, "mips64") ? value : (uint32_t)value;
}

int kvm_guest_slot(KvmGuest *g, unsigned slot, unsigned flags, uint64_t phys, uint64_t size, const void *host)
{
    struct kvm_userspace_memory_region region = {
        .slot = slot, .flags = flags, .guest_phys_addr = phys, .memory_size = size,
        .userspace_addr = (uintptr_t)host,
    };
    return kvm_test_ioctl(g->kvm, g->vm, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region);
}

static bool make_vm(KvmGuest *g, Result *r)
{
    KvmTest *kvm = g->kvm;
    g->vm = kvm_test_vm(kvm);
    if (g->vm < 0) {
        result_fail(r, "KVM_CREATE_VM(%lu): %s", kvm->type, g_strerror(-g->vm));
        return false;
    }
    g->ram = mmap(NULL, GUEST_RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g->ram == MAP_FAILED) {
        g->ram = NULL;
        result_fail(r, "memory for the guest: %s", g_strerror(errno));
        return false;
    }
    int e = kvm_guest_slot(g, 0, 0, 0, GUEST_RAM, g->ram);
    if (e < 0) {
        result_fail(r, "KVM_SET_USER_MEMORY_REGION: %s", g_strerror(-e));
        return false;
    }
    return true;
}

static bool make_vcpu(KvmGuest *g, Result *r)
{
    KvmTest *kvm = g->kvm;
    int size = kvm_test_ioctl(kvm, kvm->fd, KVM_GET_VCPU_MMAP_SIZE, 0);
    g->vcpu = kvm_test_ioctl(kvm, g->vm, KVM_CREATE_VCPU, 0);
    if (size < (int)sizeof(struct kvm_run) || g->vcpu < 0) {
        result_fail(r, "KVM_CREATE_VCPU: %s (shared page: %d)", g_strerror(-MIN(g->vcpu, 0)), size);
        return false;
    }
    g->run_size = (size_t)size;
    g->run = kvm->host.map(kvm->host.opaque, g->vcpu, g->run_size);
    if (!g->run) {
        result_fail(r, "the shared page of the CPU cannot be mapped");
        return false;
    }
    return true;
}

KvmGuest *kvm_guest_new(KvmTest *kvm, Result *r)
{
    KvmGuest *g = g_new0(KvmGuest, 1);
    g->kvm = kvm;
    g->vm = g->vcpu = -1;
    if (!make_vm(g, r) || !make_vcpu(g, r)) {
        kvm_guest_free(g);
        return NULL;
    }
    memcpy(g->ram + LOAD_CODE, load_code, sizeof(load_code));
    memcpy(g->ram + STORE_CODE, store_code, sizeof(store_code));
    return g;
}

void kvm_guest_free(KvmGuest *g)
{
    if (!g) {
        return;
    }
    if (g->run) {
        g->kvm->host.unmap(g->kvm->host.opaque, g->run, g->run_size);
    }
    kvm_test_close(g->kvm, g->vcpu);
    kvm_test_close(g->kvm, g->vm);
    if (g->ram) {
        munmap(g->ram, GUEST_RAM);
    }
    g_free(g);
}

static bool is_32(uint64_t id)
{
    return (id & KVM_MIPS_REG_SIZE) == (KVM_MIPS_REG_U32 & KVM_MIPS_REG_SIZE);
}

int kvm_guest_get(KvmGuest *g, uint64_t id, uint64_t *value)
{
    uint32_t narrow = 0;
    struct kvm_one_reg one = { .id = id, .addr = is_32(id) ? (uintptr_t)&narrow : (uintptr_t)value };
    int e = kvm_test_ioctl(g->kvm, g->vcpu, KVM_GET_ONE_REG, (uintptr_t)&one);
    if (is_32(id)) {
        *value = narrow;
    }
    return e;
}

int kvm_guest_set(KvmGuest *g, uint64_t id, uint64_t value)
{
    uint32_t narrow = (uint32_t)value;
    struct kvm_one_reg one = { .id = id, .addr = is_32(id) ? (uintptr_t)&narrow : (uintptr_t)&value };
    return kvm_test_ioctl(g->kvm, g->vcpu, KVM_SET_ONE_REG, (uintptr_t)&one);
}

int kvm_guest_enable_fpu(KvmGuest *g)
{
    struct kvm_enable_cap cap = { .cap = KVM_MIPS_CAP_FPU };
    uint64_t config1 = 0;
    int e = kvm_test_ioctl(g->kvm, g->vcpu, KVM_ENABLE_CAP, (uintptr_t)&cap);
    if (e >= 0) {
        e = kvm_guest_get(g, KVM_MIPS_CP0_32(16, 1), &config1);
    }
    return e < 0 ? e : kvm_guest_set(g, KVM_MIPS_CP0_32(16, 1), config1 | 1);
}

int kvm_guest_interrupt(KvmGuest *g, int irq)
{
    KvmMipsInterrupt i = { .cpu = KVM_MIPS_THIS_CPU, .irq = irq };
    return kvm_test_ioctl(g->kvm, g->vcpu, KVM_INTERRUPT, (uintptr_t)&i);
}

int kvm_guest_enter(KvmGuest *g, uint64_t phys, uint64_t a0, uint64_t a1)
{
    KvmMipsRegs regs = { .pc = g->kvm->base + phys };
    regs.gpr[4] = a0;
    regs.gpr[5] = a1;
    return kvm_test_ioctl(g->kvm, g->vcpu, KVM_MIPS_SET_REGS, (uintptr_t)&regs);
}

int kvm_guest_run(KvmGuest *g)
{
    return kvm_test_ioctl(g->kvm, g->vcpu, KVM_RUN, 0);
}

/* Runs up to the report; an exit before it is the access itself. */
static KvmAccess run_access(KvmGuest *g, bool store, uint32_t answer)
{
    KvmAccess a = { .phys = KVM_NO_PHYS };
    for (;;) {
        uint32_t data;
        a.error = kvm_guest_run(g);
        if (a.error == -EINTR) {
            continue;
        }
        if (a.error < 0 || g->run->exit_reason != KVM_EXIT_MMIO) {
            a.error = a.error < 0 ? a.error : 1;
            return a;
        }
        memcpy(&data, g->run->mmio.data, 4);
        if (g->run->mmio.phys_addr == REPORT) {
            if (!store) {
                a.value = data;
            }
            return a;
        }
        if (a.phys != KVM_NO_PHYS) {
            a.error = 1;
            return a;
        }
        a.phys = g->run->mmio.phys_addr;
        if (g->run->mmio.is_write) {
            a.value = data;
        } else {
            memcpy(g->run->mmio.data, &answer, 4);
        }
    }
}

KvmAccess kvm_guest_load(KvmGuest *g, uint64_t phys, uint32_t answer)
{
    int e = kvm_guest_enter(g, LOAD_CODE, g->kvm->base + phys, 0);
    return e < 0 ? (KvmAccess){ .error = e } : run_access(g, false, answer);
}

KvmAccess kvm_guest_store(KvmGuest *g, uint64_t phys, uint32_t value)
{
    int e = kvm_guest_enter(g, STORE_CODE, g->kvm->base + phys, (uint64_t)(int64_t)(int32_t)value);
    return e < 0 ? (KvmAccess){ .error = e } : run_access(g, true, 0);
}
