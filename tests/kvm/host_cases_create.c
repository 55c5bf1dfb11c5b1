/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMs, their types and capabilities, CPUs: what the host's kernel makes and what it refuses. */
#include <errno.h>
#include "tests/kvm/kvm_guest.h"

/* Types were renumbered in 5.9, and the change went back into stable kernels from 4.14 on. */
enum { RELEASE_TYPES = 4012, RELEASE_RENUMBERED = 5009, RELEASE_IMMEDIATE_EXIT = 4011 };

static int create(KvmTest *kvm, unsigned long type)
{
    return kvm_test_ioctl(kvm, kvm->fd, KVM_CREATE_VM, type);
}

/* A VM says of itself what it is: one of the two. */
static void check_kind(KvmTest *kvm, Result *r, int vm)
{
    bool vz = kvm->bit == MODE_KVM_VZ;
    if (kvm_test_release(kvm) >= RELEASE_TYPES) {
        EXPECT(r, kvm_test_cap(kvm, vm, KVM_MIPS_CAP_VZ), vz ? 1 : 0);
        EXPECT(r, kvm_test_cap(kvm, vm, KVM_MIPS_CAP_TE) > 0, !vz);
    }
}

static void check_type(KvmTest *kvm, Result *r, unsigned long type, bool may, bool must)
{
    int vm = create(kvm, type);
    r->checks++;
    if (vm >= 0) {
        check_kind(kvm, r, vm);
        kvm_test_close(kvm, vm);
        if (!may) {
            result_fail(r, "KVM_CREATE_VM(%ld) makes a VM, expected %s", (long)type, g_strerror(EINVAL));
        }
    } else if (must || vm != -EINVAL) {
        result_fail(r, "KVM_CREATE_VM(%ld): %s%s", (long)type, g_strerror(-vm),
                    must ? ", expected a VM" : "");
    }
}

static void case_types(KvmTest *kvm, Result *r)
{
    unsigned release = kvm_test_release(kvm);
    bool te = kvm->bit == MODE_KVM_TE, unchecked = release < RELEASE_TYPES;
    bool renumbered = release >= RELEASE_RENUMBERED;
    check_type(kvm, r, 0, true, te || renumbered);
    check_type(kvm, r, 1, !te || unchecked, !te || unchecked);
    check_type(kvm, r, 2, te, te && (renumbered || unchecked));
    check_type(kvm, r, 3, unchecked, unchecked);
    check_type(kvm, r, (unsigned long)-1, unchecked, unchecked);
    check_type(kvm, r, 0x7fffffff, unchecked, unchecked);
}

static void case_vm_caps(KvmTest *kvm, Result *r)
{
    int vm = kvm_test_vm(kvm);
    if (!EXPECT(r, vm >= 0, true)) {
        return;
    }
    check_kind(kvm, r, vm);
    EXPECT(r, kvm_test_ioctl(kvm, kvm->fd, KVM_GET_API_VERSION, 0), 12);
    EXPECT(r, kvm_test_cap(kvm, vm, KVM_CAP_NR_MEMSLOTS), kvm_test_cap(kvm, kvm->fd, KVM_CAP_NR_MEMSLOTS));
    EXPECT(r, kvm_test_cap(kvm, vm, 0x7fff), 0);
    kvm_test_close(kvm, vm);
}

/* Two VMs that live at the same time know nothing of each other. */
static void case_second_vm(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) a = kvm_guest_new(kvm, r);
    g_autoptr(KvmGuest) b = kvm_guest_new(kvm, r);
    if (!a || !b) {
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        EXPECT(r, kvm_guest_store(a, GUEST_PAGES, 0xaaaa0000 + i).error, 0);
        EXPECT(r, kvm_guest_store(b, GUEST_PAGES, 0xbbbb0000 + i).error, 0);
        EXPECT(r, kvm_guest_load(a, GUEST_PAGES, 0).value, 0xaaaa0000 + i);
        EXPECT(r, kvm_guest_load(b, GUEST_PAGES, 0).value, 0xbbbb0000 + i);
    }
}

static void case_vcpu_ids(KvmTest *kvm, Result *r)
{
    int vm = kvm_test_vm(kvm), max = kvm_test_cap(kvm, kvm->fd, KVM_CAP_MAX_VCPUS);
    if (!EXPECT(r, vm >= 0, true) || !EXPECT(r, max >= 1 && max <= 1024, true)) {
        kvm_test_close(kvm, vm);
        return;
    }
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));
    for (int id = 0; id < max; id++) {
        int fd = kvm_test_ioctl(kvm, vm, KVM_CREATE_VCPU, (uintptr_t)id);
        uint64_t ebase = 0;
        if (EXPECT(r, fd >= 0, true)) {
            KvmGuest one = { .kvm = kvm, .vcpu = fd };
            g_array_append_val(fds, fd);
            EXPECT(r, kvm_guest_get(&one, KVM_MIPS_CP0_64(15, 1), &ebase), 0);
            EXPECT(r, ebase & 0x3ff, id);
        }
    }
    EXPECT(r, kvm_test_ioctl(kvm, vm, KVM_CREATE_VCPU, (uintptr_t)max), -EINVAL);
    EXPECT(r, kvm_test_ioctl(kvm, vm, KVM_CREATE_VCPU, 0x7fffffff), -EINVAL);
    EXPECT(r, kvm_test_ioctl(kvm, vm, KVM_CREATE_VCPU, (uintptr_t)-1), -EINVAL);
    for (unsigned i = 0; i < fds->len; i++) {
        kvm_test_close(kvm, g_array_index(fds, int, i));
    }
    kvm_test_close(kvm, vm);
    vm = kvm_test_vm(kvm);
    int first = kvm_test_ioctl(kvm, vm, KVM_CREATE_VCPU, 3);
    EXPECT(r, first >= 0, true);
    EXPECT(r, kvm_test_ioctl(kvm, vm, KVM_CREATE_VCPU, 3), -EEXIST);
    kvm_test_close(kvm, first);
    kvm_test_close(kvm, vm);
}

static void case_caps(KvmTest *kvm, Result *r)
{
    static const unsigned ones[] = {
        KVM_CAP_USER_MEMORY, KVM_CAP_SYNC_MMU, KVM_CAP_ENABLE_CAP, KVM_CAP_ONE_REG, KVM_CAP_READONLY_MEM,
        KVM_CAP_DESTROY_MEMORY_REGION_WORKS, KVM_CAP_JOIN_MEMORY_REGIONS_WORKS,
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(ones); i++) {
        if (!EXPECT(r, kvm_test_cap(kvm, kvm->fd, ones[i]), 1)) {
            result_note(r, "that was capability %u", ones[i]);
        }
    }
    EXPECT(r, kvm_test_cap(kvm, kvm->fd, KVM_CAP_IMMEDIATE_EXIT),
           kvm_test_release(kvm) >= RELEASE_IMMEDIATE_EXIT);
    EXPECT(r, kvm_test_cap(kvm, kvm->fd, KVM_CAP_MP_STATE), 0);
    EXPECT(r, kvm_test_cap(kvm, kvm->fd, KVM_CAP_NR_MEMSLOTS) >= 8, true);
    EXPECT(r, kvm_test_cap(kvm, kvm->fd, KVM_CAP_NR_VCPUS) >= 1, true);
    int wide = kvm_test_cap(kvm, kvm->fd, KVM_MIPS_CAP_64BIT);
    bool host_64 = g_str_equal(kvm->host.machine, "mips64");
    EXPECT(r, wide, kvm->bit == MODE_KVM_VZ && host_64 ? 2 : 0);
    result_note(r, "Linux %s, pages of %zu KiB, %d memory slots, FPU %d, MSA %d", kvm->host.release,
                kvm->host.page_size / 1024, kvm_test_cap(kvm, kvm->fd, KVM_CAP_NR_MEMSLOTS),
                kvm_test_cap(kvm, kvm->fd, KVM_MIPS_CAP_FPU), kvm_test_cap(kvm, kvm->fd, KVM_MIPS_CAP_MSA));
}

static int enable(KvmGuest *g, unsigned cap, unsigned flags, uint64_t arg)
{
    struct kvm_enable_cap e = { .cap = cap, .flags = flags, .args = { arg } };
    return kvm_test_ioctl(g->kvm, g->vcpu, KVM_ENABLE_CAP, (uintptr_t)&e);
}

static void case_enable_cap(KvmTest *kvm, Result *r)
{
    g_autoptr(KvmGuest) g = kvm_guest_new(kvm, r);
    if (!g) {
        return;
    }
    static const unsigned caps[] = { KVM_MIPS_CAP_FPU, KVM_MIPS_CAP_MSA };
    EXPECT(r, enable(g, 0x7fff, 0, 0), -EINVAL);
    EXPECT(r, enable(g, KVM_CAP_ONE_REG, 0, 0), -EINVAL);
    for (unsigned i = 0; i < G_N_ELEMENTS(caps); i++) {
        EXPECT(r, enable(g, caps[i], 1, 0), -EINVAL);
        EXPECT(r, enable(g, caps[i], 0, 1), -EINVAL);
        bool there = kvm_test_cap(kvm, g->vm, caps[i]) > 0;
        EXPECT(r, enable(g, caps[i], 0, 0), there ? 0 : -EINVAL);
    }
}

const HostCase host_cases_create[] = {
    { "create/types", case_types },
    { "create/vm-capabilities", case_vm_caps },
    { "create/second-vm", case_second_vm },
    { "create/vcpu-ids", case_vcpu_ids },
    { "caps/values", case_caps },
    { "caps/enable", case_enable_cap },
    { 0 },
};
