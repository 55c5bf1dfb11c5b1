/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory as KVM knows it: slots that follow the flat view of physical memory. */
#ifndef ACCEL_KVM_SLOTS_H
#define ACCEL_KVM_SLOTS_H

#include "accel/kvm/vm.h"
#include "system/memory.h"

typedef struct KvmSlots KvmSlots;

/* No slots yet. vm and as outlive it. */
KvmSlots *kvm_slots_new(const KvmVm *vm, AddressSpace *as);
/* Takes all slots away. */
void kvm_slots_free(KvmSlots *slots);

/* Makes the slots what the flat view is now: RAM and all its aliases writable, ROM and flash
 * that is read directly read-only, everything else no slot, so that accesses come to us. A
 * slot begins and ends at a page of the host; what is left of a range at its edges comes to
 * us too. False with err when KVM refuses one or has too few. Lock held. */
bool kvm_slots_update(KvmSlots *slots, GError **err);

/* Starts or stops recording which pages the guest writes. False with err when KVM refuses. */
bool kvm_slots_log_dirty(KvmSlots *slots, bool on, GError **err);
/* Which pages of the RAM at host, len bytes, were written since the last call, through
 * whichever alias: sets bits (one for each page of the host, bit 0 of bitmap[0] first) and
 * clears none. False with err when KVM refuses. Recording is on; lock held. */
bool kvm_slots_fetch_dirty(KvmSlots *slots, const uint8_t *host, uint64_t len, uint64_t *bitmap,
                           GError **err);

#endif
