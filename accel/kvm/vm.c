/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a kernel and the type asked for to a VM. The numbers of the types changed their
 * meaning in Linux 5.9, so the order is: 1 for VZ; 0 for trap-and-emulate, then a look at
 * what that gave, and only then 2. No kernel's default decides.
 */
#include "accel/kvm/vm.h"

#include <errno.h>
#include <string.h>
#include "accel/kvm/abi.h"
#include "util/error.h"

#define HEX "0x%" G_GINT64_MODIFIER "x"

/* ---- names ---- */

bool kvm_type_parse(const char *text, KvmType *type, GError **err)
{
    static const KvmType all[] = { KVM_TYPE_AUTO, KVM_TYPE_TE, KVM_TYPE_VZ };
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        if (g_ascii_strcasecmp(text, kvm_type_name(all[i])) == 0) {
            *type = all[i];
            return true;
        }
    }
    return error_set(err, "-machine kvm-type=%s: must be TE (trap-and-emulate: kernels linked at "
                     "0x40000000), VZ (hardware virtualization: all others) or auto", text);
}

const char *kvm_type_name(KvmType type)
{
    return type == KVM_TYPE_TE ? "TE" : type == KVM_TYPE_VZ ? "VZ" : "auto";
}

/* "vmlinux is linked at 0x80100000", or what stands for it without a kernel. */
static char *describe_kernel(const KvmRequest *r)
{
    if (r->kernel == KVM_KERNEL_NONE) {
        return g_strdup("firmware begins at the reset vector in flash");
    }
    bool compat = (uint64_t)(int32_t)r->entry == r->entry;
    return g_strdup_printf("%s is linked at " HEX, r->path, compat ? (uint32_t)r->entry : r->entry);
}

/* ---- the kernel against the type ---- */

bool kvm_request_check(const KvmRequest *r, GError **err)
{
    g_autofree char *kernel = describe_kernel(r);
    if (r->type == KVM_TYPE_TE && r->kernel == KVM_KERNEL_NONE) {
        return error_set(err, "-machine kvm-type=TE: %s, where a trap-and-emulate VM cannot execute; "
                         "leave kvm-type out", kernel);
    }
    if (r->type == KVM_TYPE_TE && r->kernel == KVM_KERNEL_STANDARD) {
        return error_set(err, "-machine kvm-type=TE: %s, but a trap-and-emulate VM runs only kernels linked "
                         "at 0x40000000 to 0x5fffffff (CONFIG_KVM_GUEST); use kvm-type=VZ or auto for this "
                         "one", kernel);
    }
    if (r->type == KVM_TYPE_VZ && r->kernel == KVM_KERNEL_USEG) {
        return error_set(err, "-machine kvm-type=VZ: %s: it is a trap-and-emulate guest and would not run "
                         "where VZ puts it; use kvm-type=TE or auto for this one", kernel);
    }
    return true;
}

/* ---- what the host says of itself ---- */

int kvm_vm_ioctl(const KvmVm *vm, int fd, unsigned long request, uintptr_t arg)
{
    return vm->host.ioctl(vm->host.opaque, fd, request, arg);
}

/* An extension that the kernel does not know counts as 0. */
static int check(const KvmVm *vm, int fd, unsigned extension)
{
    int n = kvm_vm_ioctl(vm, fd, KVM_CHECK_EXTENSION, extension);
    return n > 0 ? n : 0;
}

typedef struct {
    bool te, vz;
} Offer;

/* KVM_CAP_MIPS_VZ is an enumeration of which only 0 and 1 are known; on those, value + 1 read
 * as a mask of types says the same. VZ never proves that trap-and-emulate is not there: that
 * is what KVM_CAP_MIPS_TE is for; before 4.12 there was neither, only trap-and-emulate. */
static Offer host_offer(const KvmVm *vm)
{
    int vz = check(vm, vm->system_fd, KVM_MIPS_CAP_VZ), te = check(vm, vm->system_fd, KVM_MIPS_CAP_TE);
    return (Offer){ .te = te > 0 || vz == 0, .vz = vz == 1 };
}

static const char *offer_name(Offer offer)
{
    return offer.te && offer.vz ? "TE and VZ" : offer.te ? "TE only"
           : offer.vz ? "VZ only" : "neither TE nor VZ";
}

/* The type of a VM that was made; on kernels that cannot be asked about one VM, the host's. */
static KvmType type_of(const KvmVm *vm, int fd)
{
    int of_vm = check(vm, vm->system_fd, KVM_CAP_CHECK_EXTENSION_VM) ? fd : vm->system_fd;
    return check(vm, of_vm, KVM_MIPS_CAP_VZ) == 1 ? KVM_TYPE_VZ : KVM_TYPE_TE;
}

/* ---- opening ---- */

static KvmOpened unusable(char **why, const char *format, ...) G_GNUC_PRINTF(2, 3);

static KvmOpened unusable(char **why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *why = g_strdup_vprintf(format, args);
    va_end(args);
    return KVM_UNUSABLE;
}

/* What needs no look at /dev/kvm. */
static KvmOpened check_host(const KvmHost *host, const KvmRequest *r, char **why)
{
    if (!g_str_has_prefix(host->machine, "mips")) {
        return unusable(why, "this host is %s, whose KVM does not run MIPS guests", host->machine);
    }
    if (host->big_endian != r->big_endian) {
        return unusable(why, "the guest is %s-endian and this host is not: KVM gives a guest the host's byte "
                        "order", r->big_endian ? "big" : "little");
    }
    if (r->kernel == KVM_KERNEL_NONE) {
        return unusable(why, "firmware runs from flash, which KVM cannot execute");
    }
    if (r->kernel == KVM_KERNEL_USEG && r->cpus > 1) {
        return unusable(why, "trap-and-emulate guests have one CPU, not %u", r->cpus);
    }
    return KVM_OPENED;
}

static KvmOpened open_device(KvmVm *vm, char **why)
{
    vm->system_fd = vm->host.open(vm->host.opaque);
    switch (vm->system_fd) {
    case -ENOENT:
        return unusable(why, "no /dev/kvm: the host's kernel %s was built without KVM, or its module is not "
                        "loaded", vm->host.release);
    case -ENODEV: case -ENXIO:
        return unusable(why, "/dev/kvm has nothing behind it: the host's KVM module needs a CPU with VZ");
    case -EACCES: case -EPERM:
        return unusable(why, "no permission to open /dev/kvm: be root, or of the group that owns it");
    default:
        if (vm->system_fd < 0) {
            return unusable(why, "/dev/kvm: %s", g_strerror(-vm->system_fd));
        }
    }
    int version = kvm_vm_ioctl(vm, vm->system_fd, KVM_GET_API_VERSION, 0);
    if (version != KVM_API_VERSION) {
        return version < 0 ? unusable(why, "/dev/kvm does not answer as KVM does: %s", g_strerror(-version))
                           : unusable(why, "/dev/kvm speaks version %d of the interface, not %d", version,
                                      KVM_API_VERSION);
    }
    return KVM_OPENED;
}

static KvmOpened check_offer(const KvmVm *vm, const KvmRequest *r, KvmType need, char **why)
{
    Offer offer = host_offer(vm);
    g_autofree char *kernel = describe_kernel(r);
    if (need == KVM_TYPE_TE ? offer.te : offer.vz) {
        return KVM_OPENED;
    }
    if (r->type == KVM_TYPE_AUTO) {
        return unusable(why, "%s and needs a VM of type %s, and this host's KVM offers %s", kernel,
                        kvm_type_name(need), offer_name(offer));
    }
    *why = g_strdup_printf("-machine kvm-type=%s: %s, and this host's KVM offers %s; kvm-type=auto or "
                           "accel=tcg runs it in software", kvm_type_name(r->type), kernel,
                           offer_name(offer));
    return KVM_REFUSED;
}

#define WORDS_32 "the guest's CPU is a 64-bit one, and this host's KVM runs 32-bit guests only"

static KvmOpened check_word_size(const KvmVm *vm, const KvmRequest *r, KvmType need, char **why)
{
    bool xkphys = (uint64_t)(int32_t)r->entry != r->entry;
    int level = r->is_64bit ? check(vm, vm->system_fd, KVM_MIPS_CAP_64BIT) : 0;
    if (!r->is_64bit) {
        return KVM_OPENED;
    }
    if (need == KVM_TYPE_TE) {
        return unusable(why, "trap-and-emulate guests are 32-bit, and the CPU model is a 64-bit one");
    }
    if (level < 1) {
        return unusable(why, WORDS_32);
    }
    if (xkphys && level < 2) {
        return unusable(why, "%s is linked outside of the 32-bit segments, where this KVM runs nothing",
                        r->path);
    }
    return KVM_OPENED;
}

/* One KVM_CREATE_VM; a VM of another type than need is closed again. vm->fd or -errno. */
static int try_create(KvmVm *vm, KvmType need, unsigned number)
{
    int fd = kvm_vm_ioctl(vm, vm->system_fd, KVM_CREATE_VM, number);
    if (fd < 0) {
        return fd;
    }
    if (type_of(vm, fd) != need) {
        vm->host.close(vm->host.opaque, fd);
        return -EXDEV;
    }
    return vm->fd = fd;
}

static KvmOpened create(KvmVm *vm, KvmType need, char **why)
{
    int fd = try_create(vm, need, need == KVM_TYPE_VZ ? KVM_MIPS_TYPE_VZ : KVM_MIPS_TYPE_0);
    if (need == KVM_TYPE_TE && (fd == -EXDEV || fd == -EINVAL)) {
        fd = try_create(vm, need, KVM_MIPS_TYPE_TE_SINCE_5_9);
    }
    if (fd == -EXDEV) {
        return unusable(why, "KVM_CREATE_VM made a VM of another type than %s", kvm_type_name(need));
    }
    if (fd == -EINVAL) {
        return unusable(why, "KVM_CREATE_VM refused: this kernel's KVM was built without %s",
                        kvm_type_name(need));
    }
    if (fd < 0) {
        return unusable(why, "KVM_CREATE_VM refused: %s", g_strerror(-fd));
    }
    vm->type = need;
    return KVM_OPENED;
}

static KvmOpened learn_limits(KvmVm *vm, char **why)
{
    int run_size = kvm_vm_ioctl(vm, vm->system_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (run_size < (int)sizeof(struct kvm_run)) {
        return unusable(why, "KVM_GET_VCPU_MMAP_SIZE answers %d", run_size);
    }
    vm->run_size = (size_t)run_size;
    vm->slots = check(vm, vm->system_fd, KVM_CAP_NR_MEMSLOTS);
    vm->slots = vm->slots ? vm->slots : 8;      /* the fewest there ever were */
    vm->has_fpu = check(vm, vm->system_fd, KVM_MIPS_CAP_FPU);
    vm->has_msa = check(vm, vm->system_fd, KVM_MIPS_CAP_MSA);
    return KVM_OPENED;
}

KvmOpened kvm_vm_open(const KvmHost *host, const KvmRequest *r, KvmVm *vm, char **why)
{
    KvmType need = r->kernel == KVM_KERNEL_USEG ? KVM_TYPE_TE : KVM_TYPE_VZ;
    *vm = (KvmVm){ .host = *host, .system_fd = -1, .fd = -1 };
    *why = NULL;
    KvmOpened result = check_host(host, r, why);
    result = result == KVM_OPENED ? open_device(vm, why) : result;
    result = result == KVM_OPENED ? check_offer(vm, r, need, why) : result;
    result = result == KVM_OPENED ? check_word_size(vm, r, need, why) : result;
    result = result == KVM_OPENED ? create(vm, need, why) : result;
    result = result == KVM_OPENED ? learn_limits(vm, why) : result;
    if (result != KVM_OPENED) {
        kvm_vm_close(vm);
        return result;
    }
    g_autofree char *kernel = describe_kernel(r);
    *why = g_strdup_printf("kvm-type=%s: %s; the host offers %s", kvm_type_name(r->type), kernel,
                           offer_name(host_offer(vm)));
    return KVM_OPENED;
}

bool kvm_vm_probe(const KvmHost *host, bool big_endian, bool is_64bit, char **why)
{
    const KvmRequest any = { .kernel = KVM_KERNEL_STANDARD, .big_endian = big_endian, .cpus = 1 };
    KvmVm vm = { .host = *host, .system_fd = -1, .fd = -1 };
    *why = NULL;
    bool usable = check_host(host, &any, why) == KVM_OPENED && open_device(&vm, why) == KVM_OPENED;
    if (usable) {
        Offer offer = host_offer(&vm);
        if (!offer.te && !offer.vz) {
            usable = unusable(why, "this host's KVM runs no guests") == KVM_OPENED;
        } else if (is_64bit && check(&vm, vm.system_fd, KVM_MIPS_CAP_64BIT) < 1) {
            usable = unusable(why, WORDS_32) == KVM_OPENED;
        }
    }
    kvm_vm_close(&vm);
    return usable;
}

void kvm_vm_close(KvmVm *vm)
{
    if (vm->fd >= 0) {
        vm->host.close(vm->host.opaque, vm->fd);
    }
    if (vm->system_fd >= 0) {
        vm->host.close(vm->host.opaque, vm->system_fd);
    }
    vm->fd = vm->system_fd = -1;
}
