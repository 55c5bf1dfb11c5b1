/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a trap-and-emulate host deliver interrupts? Linux 5.8 to 5.12 shift the mask that
 * gates them out of place, and only guests that enable software interrupt 0 ever see one.
 * The version says nothing of a repair, so a small guest tries: it enables IP2, which is
 * raised, and then writes to a device until the interrupt comes or has had its chances.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "accel/kvm/abi.h"
#include "accel/kvm/vm.h"

#define PROBE_MEMORY 0x10000
#define PROBE_CODE 0x1000
#define PROBE_TRIES 32
#define NOT_YET 0x1f000900          /* physical addresses that the guest writes to */
#define HERE_IT_IS 0x1f000904

static const uint32_t loop_code[] = {
    0x3c08bf00,     /* lui   t0, 0xbf00 */
    0x24090401,     /* li    t1, IM2 | IE */
    0x40896000,     /* mtc0  t1, Status */
    0xad000900,     /* sw    zero, 0x900(t0) */
    0x1000fffe,     /* b     . - 4 */
    0x00000000,
};

static const uint32_t vector_code[] = {
    0x3c08bf00,     /* lui   t0, 0xbf00 */
    0xad000904,     /* sw    zero, 0x904(t0) */
    0x1000ffff,     /* b     . */
    0x00000000,
};

static bool run_until_known(const KvmVm *vm, int cpu, struct kvm_run *run)
{
    for (int i = 0; i < PROBE_TRIES; i++) {
        int r = kvm_vm_ioctl(vm, cpu, KVM_RUN, 0);
        if (r == -EINTR) {
            continue;
        }
        if (r < 0 || run->exit_reason != KVM_EXIT_MMIO) {
            return false;
        }
        if (run->mmio.phys_addr == HERE_IT_IS) {
            return true;
        }
    }
    return false;
}

static bool probe_cpu(const KvmVm *vm, int cpu)
{
    struct kvm_run *run = vm->host.map(vm->host.opaque, cpu, vm->run_size);
    KvmMipsRegs regs = { .pc = 0x40000000 + PROBE_CODE };
    KvmMipsInterrupt irq = { KVM_MIPS_THIS_CPU, 2 };
    bool seen = run && kvm_vm_ioctl(vm, cpu, KVM_MIPS_SET_REGS, (uintptr_t)&regs) == 0 &&
                kvm_vm_ioctl(vm, cpu, KVM_INTERRUPT, (uintptr_t)&irq) == 0 && run_until_known(vm, cpu, run);
    if (run) {
        vm->host.unmap(vm->host.opaque, run, vm->run_size);
    }
    return seen;
}

static bool probe_vm(const KvmVm *vm, int fd, uint8_t *memory)
{
    struct kvm_userspace_memory_region slot = {
        .memory_size = PROBE_MEMORY, .userspace_addr = (uintptr_t)memory,
    };
    memcpy(memory + PROBE_CODE, loop_code, sizeof(loop_code));
    memcpy(memory + 0x180, vector_code, sizeof(vector_code));
    if (kvm_vm_ioctl(vm, fd, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&slot) != 0) {
        return false;
    }
    int cpu = kvm_vm_ioctl(vm, fd, KVM_CREATE_VCPU, 0);
    if (cpu < 0) {
        return false;
    }
    bool seen = probe_cpu(vm, cpu);
    vm->host.close(vm->host.opaque, cpu);
    return seen;
}

bool kvm_delivers_interrupts(const KvmVm *vm)
{
    int fd = kvm_vm_ioctl(vm, vm->system_fd, KVM_CREATE_VM, KVM_MIPS_TYPE_0);
    uint8_t *memory = mmap(NULL, PROBE_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool seen = fd >= 0 && memory != MAP_FAILED && probe_vm(vm, fd, memory);
    if (fd >= 0) {
        vm->host.close(vm->host.opaque, fd);
    }
    if (memory != MAP_FAILED) {
        munmap(memory, PROBE_MEMORY);
    }
    return seen;
}
