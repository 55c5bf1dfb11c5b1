/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two kinds of MIPS virtual machine and what decides between them. Trap-and-emulate
 * (TE): the guest kernel runs in user mode, linked at 0x40000000 to 0x5fffffff. VZ: the
 * hardware's virtualization, the kernel runs where it always did.
 */
#ifndef ACCEL_KVM_H
#define ACCEL_KVM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum { KVM_TYPE_AUTO, KVM_TYPE_TE, KVM_TYPE_VZ } KvmType;
typedef enum { KVM_KERNEL_NONE, KVM_KERNEL_USEG, KVM_KERNEL_STANDARD } KvmKernel;

/* What is to run, and as what. */
typedef struct {
    KvmType type;               /* -machine kvm-type= */
    KvmKernel kernel;           /* NONE: firmware */
    const char *path;           /* of the kernel */
    uint64_t entry;             /* where it is linked, sign-extended */
    bool is_64bit;              /* the guest's CPU */
    bool big_endian;
    unsigned cpus;
    bool cpu_given;             /* -cpu was: the guest is to see that PRId */
} KvmRequest;

/* "TE", "VZ" or "auto" in any case; false with err that names the option. */
bool kvm_type_parse(const char *text, KvmType *type, GError **err);
const char *kvm_type_name(KvmType type);

/* Whether the type asked for can run the kernel at all, whatever the host; false with err
 * naming the kernel, where it is linked, the type, and what would work. Nothing is opened. */
bool kvm_request_check(const KvmRequest *request, GError **err);

#endif
