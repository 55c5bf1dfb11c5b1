/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Returns from KVM_RUN. An MMIO exit is an access to physical memory, whatever is there: under
 * trap-and-emulate every access through the guest's 0x80000000 to 0xbfffffff comes here, RAM
 * included. The data are bytes in the order of guest memory.
 */
#include "accel/kvm/abi.h"
#include "accel/kvm/vcpu.h"
#include "util/bits.h"
#include "util/log.h"

static bool handle_mmio(KvmVcpu *v, char **why)
{
    AddressSpace *as = v->cpu->base.machine->as;
    uint64_t addr = v->run->mmio.phys_addr, value = 0;
    uint32_t len = v->run->mmio.len;
    uint8_t *data = v->run->mmio.data;
    bool big = v->cpu->big_endian, write = v->run->mmio.is_write;
    if (len != 1 && len != 2 && len != 4 && len != 8) {
        *why = g_strdup_printf("KVM asks for an access of %u bytes", len);
        return false;
    }
    if (as_span(as, addr).host) {
        v->counts.mmio_ram++;
    } else {
        v->counts.mmio_device++;
    }
    if (write) {
        value = big ? load_be(data, len) : load_le(data, len);
    }
    MemResult r = write ? as_write(as, addr, len, big, value) : as_read(as, addr, len, big, &value);
    if (!write && big) {
        store_be(data, len, value);
    } else if (!write) {
        store_le(data, len, value);
    }
    if (r != MEM_OK) {
        v->counts.mmio_nothing++;
        guest_log("%s of %u bytes at 0x%" G_GINT64_MODIFIER "x: nothing there, and KVM cannot raise a bus "
                  "error", write ? "store" : "load", len, addr);
    }
    return true;
}

bool kvm_vcpu_handle_exit(KvmVcpu *v, char **why)
{
    switch (v->run->exit_reason) {
    case KVM_EXIT_MMIO:
        return handle_mmio(v, why);
    case KVM_EXIT_IRQ_WINDOW_OPEN:      /* WAIT has ended under trap-and-emulate */
        v->counts.windows++;
        return true;
    case KVM_EXIT_INTR:
        v->counts.signals++;
        return true;
    case KVM_EXIT_INTERNAL_ERROR:
        *why = g_strdup("KVM cannot go on: the guest did what this kernel's KVM does not emulate, or fetched "
                        "instructions from where no memory is (the host's kernel log has more)");
        return false;
    case KVM_EXIT_FAIL_ENTRY:
        *why = g_strdup_printf("KVM could not enter the guest: hardware reason 0x%" G_GINT64_MODIFIER "x",
                               (uint64_t)v->run->fail_entry.hardware_entry_failure_reason);
        return false;
    default:
        *why = g_strdup_printf("KVM ended the run for reason %u, which MIPS has not", v->run->exit_reason);
        return false;
    }
}
