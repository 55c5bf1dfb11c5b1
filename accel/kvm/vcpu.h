/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One virtual CPU of the host's KVM and the thread that runs it. */
#ifndef ACCEL_KVM_VCPU_H
#define ACCEL_KVM_VCPU_H

#include <linux/kvm.h>
#include <pthread.h>
#include "accel/kvm/slots.h"
#include "accel/kvm/vm.h"
#include "target/mips/cpu.h"

#define KVM_VCPU_REGS 64            /* CP0 registers that are copied, at most */
#define KVM_VCPU_OTHERS 64          /* and that only a reset writes */

typedef struct {
    uint64_t runs, mmio_device, mmio_ram, mmio_nothing, windows, signals, interrupts;
} KvmExitCounts;

typedef struct {
    const KvmVm *vm;
    KvmSlots *slots;
    MipsCpu *cpu;
    int fd;
    struct kvm_run *run;
    bool has_fpu, has_msa;      /* enabled for this vCPU */
    bool put_prid;              /* the guest is to see the model's PRId */

    /* Registers: what KVM has, as far as known, so that only what differs is written. */
    uint64_t known[KVM_VCPU_REGS];
    bool is_known[KVM_VCPU_REGS], is_listed[KVM_VCPU_REGS];
    uint64_t other_id[KVM_VCPU_OTHERS], other_value[KVM_VCPU_OTHERS];
    unsigned others;
    uint64_t msa_high[32];      /* of vectors; the low halves are FPU registers */
    uint32_t msa_csr;
    uint64_t count;             /* Count while the vCPU is parked */
    bool entered;               /* KVM's registers count, not only those of cpu */
    bool was_reset;             /* Count begins anew, and what only KVM has is as it was at first */

    uint32_t lines;             /* atomic: Cause.IP bits that KVM was told are high */
    KvmExitCounts counts;

    GThread *thread;
    pthread_t thread_id;        /* set by the thread before it first parks */
    GMutex lock;                /* of what follows */
    GCond changed;
    bool park, parked, quit;
} KvmVcpu;

/* ---- vcpu.c: life and thread ---- */

/* vCPU number cpu->base.index with its thread, parked. NULL with err when KVM refuses. Lock held. */
KvmVcpu *kvm_vcpu_new(const KvmVm *vm, KvmSlots *slots, MipsCpu *cpu, bool put_prid, GError **err);
/* Ends and joins the thread; machine lock not held. */
void kvm_vcpu_stop(KvmVcpu *v);
/* The thread has ended. */
void kvm_vcpu_free(KvmVcpu *v);
/* Asks the thread to stand still, with the registers in cpu, or to go on with what is there. */
void kvm_vcpu_park(KvmVcpu *v, bool park);
/* Until it stands; machine lock not held. */
void kvm_vcpu_wait_parked(KvmVcpu *v);
/* Tells KVM which interrupt lines changed; any thread, machine lock held. */
void kvm_vcpu_update_lines(KvmVcpu *v);

/* ---- exit.c: what a return from KVM_RUN asks for ---- */

/* Handles the exit; false when the guest cannot go on (why says it; the caller frees it). */
bool kvm_vcpu_handle_exit(KvmVcpu *v, char **why);

/* ---- regs.c and regs_*.c: registers between KVM and cpu; the vCPU's thread, not in KVM_RUN ---- */

/* Asks which registers there are and enables the FPU if the model has one and KVM can. */
bool kvm_regs_init(KvmVcpu *v, GError **err);
/* Freezes Count and copies everything to cpu. False with err when KVM refuses. */
bool kvm_regs_get(KvmVcpu *v, GError **err);
/* Copies what differs from cpu and lets Count go on from where it stood. */
bool kvm_regs_put(KvmVcpu *v, GError **err);

#endif
