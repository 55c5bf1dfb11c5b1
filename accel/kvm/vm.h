/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual machine of the host's KVM: whether it can be had, and of which type. */
#ifndef ACCEL_KVM_VM_H
#define ACCEL_KVM_VM_H

#include "accel/kvm.h"
#include "accel/kvm/host.h"

typedef struct {
    KvmHost host;
    int system_fd, fd;          /* /dev/kvm, the VM */
    KvmType type;               /* TE or VZ: what it is, not what was asked for */
    int slots;                  /* memory slots there are */
    size_t run_size;            /* bytes of a vCPU's shared pages */
    bool has_fpu, has_msa;      /* can be enabled for a vCPU */
} KvmVm;

typedef enum {
    KVM_OPENED,
    KVM_UNUSABLE,               /* not on this host, or not for this kernel: software may run it */
    KVM_REFUSED,                /* the type was asked for by name, and the host has the other one */
} KvmOpened;

/* Creates a VM that can run request, which kvm_request_check has passed, on the host. *why:
 * OPENED: why this type; UNUSABLE: the reason; REFUSED: the whole error; freed by the caller.
 * Closed with kvm_vm_close when OPENED, else nothing stays open. */
KvmOpened kvm_vm_open(const KvmHost *host, const KvmRequest *request, KvmVm *vm, char **why);
void kvm_vm_close(KvmVm *vm);
/* Whether the host's KVM runs any guest of that byte order and word size; else *why says what is missing
 * (freed by the caller). Nothing stays open. */
bool kvm_vm_probe(const KvmHost *host, bool big_endian, bool is_64bit, char **why);

/* An ioctl on one of the VM's descriptors: its result or -errno. */
int kvm_vm_ioctl(const KvmVm *vm, int fd, unsigned long request, uintptr_t arg);

/* Whether a trap-and-emulate host delivers interrupts: runs a few instructions in a VM of
 * its own. Kernels 5.8 to 5.12 do not unless they were repaired. (irq_probe.c) */
bool kvm_delivers_interrupts(const KvmVm *vm);

#endif
