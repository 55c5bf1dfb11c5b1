/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM as the machine's runner. */
#ifndef ACCEL_KVM_KVM_H
#define ACCEL_KVM_KVM_H

#include "accel/kvm/vm.h"
#include "system/machine.h"

typedef struct Kvm Kvm;

/* Memory slots, vCPUs and their threads, parked; becomes machine->runner, which ends and frees
 * it. Devices and CPUs are complete; lock held. Takes vm over; false with err when KVM
 * refuses something: then vm is closed and the machine as it was. */
bool kvm_start(Machine *machine, const KvmVm *vm, bool put_prid, GError **err);

/* What is running, for "info kvm": exits by kind. */
void kvm_describe(Machine *machine, GString *out);

#endif
