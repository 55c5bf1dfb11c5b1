/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM of the host's KVM with one CPU, as the cases use it. Results are those of the ioctls:
 * a negative number is -errno. */
#ifndef TESTS_KVM_KVM_GUEST_H
#define TESTS_KVM_KVM_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include "accel/kvm/abi.h"
#include "accel/kvm/host.h"
#include "tests/kvm/modes.h"

struct KvmTest {
    KvmHost host;
    unsigned bit;           /* MODE_KVM_* */
    unsigned long type;     /* what KVM_CREATE_VM takes for it */
    int fd;
    uint64_t base;          /* virtual address of physical 0 in the guest */
    uint32_t extra_im;      /* see BELL_EXTRA_IM */
};

typedef struct {
    KvmTest *kvm;
    int vm, vcpu;
    struct kvm_run *run;
    size_t run_size;
    uint8_t *ram;           /* GUEST_RAM bytes at physical 0 */
} KvmGuest;

#define KVM_NO_PHYS UINT64_MAX

int kvm_test_ioctl(KvmTest *kvm, int fd, unsigned long request, uintptr_t arg);
int kvm_test_cap(KvmTest *kvm, int fd, unsigned cap);
/* A VM of the mode's type. */
int kvm_test_vm(KvmTest *kvm);
void kvm_test_close(KvmTest *kvm, int fd);
/* Linux of the host, version * 1000 + patchlevel: 5010. */
unsigned kvm_test_release(const KvmTest *kvm);

/* A register's value as GET_REGS gives it: of the host's word size, not sign-extended to more. */
uint64_t kvm_test_word(const KvmTest *kvm, uint64_t value);

/* A VM with RAM in slot 0 and one CPU; NULL: r has the failure. */
KvmGuest *kvm_guest_new(KvmTest *kvm, Result *r);
void kvm_guest_free(KvmGuest *g);
/* The FPU for the guest: ENABLE_CAP and Config1.FP. */
int kvm_guest_enable_fpu(KvmGuest *g);
int kvm_guest_get(KvmGuest *g, uint64_t id, uint64_t *value);
int kvm_guest_set(KvmGuest *g, uint64_t id, uint64_t value);
int kvm_guest_slot(KvmGuest *g, unsigned slot, unsigned flags, uint64_t phys, uint64_t size,
                   const void *host);
int kvm_guest_interrupt(KvmGuest *g, int irq);
/* All registers 0 but PC (physical), a0 and a1. */
int kvm_guest_enter(KvmGuest *g, uint64_t phys, uint64_t a0, uint64_t a1);
/* One KVM_RUN. */
int kvm_guest_run(KvmGuest *g);

typedef struct {
    int error;              /* of KVM_RUN, or 1: an exit that was no MMIO */
    uint64_t phys;          /* where the access left the guest, KVM_NO_PHYS if it did not */
    uint32_t value;         /* loaded, or what the exit would have stored */
} KvmAccess;

/* Lets the guest load a word, or store one, at a physical address through its own window;
 * a load that leaves the guest gets answer. */
KvmAccess kvm_guest_load(KvmGuest *g, uint64_t phys, uint32_t answer);
KvmAccess kvm_guest_store(KvmGuest *g, uint64_t phys, uint32_t value);

/* For the cases of the host: one check of a number. */
#define EXPECT(r, got, want) result_check(r, __FILE__, __LINE__, #got, (gint64)(got), (gint64)(want))

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KvmGuest, kvm_guest_free)

#endif
