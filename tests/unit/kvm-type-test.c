/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From kernel and options to KVM_CREATE_VM on scripted hosts: every kind of host there has
 * been, with what it answers to capabilities and types, times every kind of kernel and type
 * asked for. What each pair must come to stands in the host's row.
 */
#include <errno.h>
#include <string.h>
#include "accel/kvm/abi.h"
#include "accel/kvm/vm.h"

/* ---- hosts ---- */

typedef struct {
    const char *name;
    const char *machine;
    bool big_endian;
    int open;                   /* -errno, or 0 */
    int api;                    /* 0: the right one */
    int vz, te, wide;           /* capabilities 137, 138, 139 */
    bool asks_vm;               /* KVM_CAP_CHECK_EXTENSION_VM */
    /* What types 0, 1, 2 give: 't' or 'v' a VM, 'e' EINVAL, 'b' EBUSY. */
    const char *types;
    /* Outcomes in the order of cases below: "t0", "v1": a VM of that type after these numbers
     * were tried; "s": software; "r": refused. */
    const char *outcome[8];
    const char *reason;         /* part of each message when software */
} Host;

#define CASES 8
static const struct {
    const char *name;
    KvmRequest request;
} cases[CASES] = {
    { "useg, auto", { KVM_TYPE_AUTO, KVM_KERNEL_USEG, "k", 0x40100000, .cpus = 1 } },
    { "useg, TE", { KVM_TYPE_TE, KVM_KERNEL_USEG, "k", 0x40100000, .cpus = 1 } },
    { "kseg0, auto", { KVM_TYPE_AUTO, KVM_KERNEL_STANDARD, "k", 0xffffffff80100000, .cpus = 1 } },
    { "kseg0, VZ", { KVM_TYPE_VZ, KVM_KERNEL_STANDARD, "k", 0xffffffff80100000, .cpus = 1 } },
    { "64-bit kseg0, auto", { KVM_TYPE_AUTO, KVM_KERNEL_STANDARD, "k", 0xffffffff80100000, .is_64bit = true,
                              .cpus = 1 } },
    { "xkphys, auto", { KVM_TYPE_AUTO, KVM_KERNEL_STANDARD, "k", 0xa800000000100000, .is_64bit = true,
                        .cpus = 1 } },
    { "useg on a 64-bit CPU", { KVM_TYPE_AUTO, KVM_KERNEL_USEG, "k", 0x40100000, .is_64bit = true,
                                .cpus = 1 } },
    { "firmware, auto", { KVM_TYPE_AUTO, KVM_KERNEL_NONE, .cpus = 1 } },
};

#define ALL_SOFT { "s", "s", "s", "s", "s", "s", "s", "s" }

static const Host hosts[] = {
    { "no /dev/kvm", "mips", .open = -ENOENT, .outcome = ALL_SOFT, .reason = "no /dev/kvm" },
    { "no permission", "mips", .open = -EACCES, .outcome = ALL_SOFT, .reason = "no permission" },
    { "module without VZ hardware", "mips", .open = -ENODEV, .outcome = ALL_SOFT,
      .reason = "needs a CPU with VZ" },
    { "PC with a KVM of its own", "x86_64", .vz = 0, .types = "eee", .outcome = ALL_SOFT,
      .reason = "this host is x86_64" },
    { "other byte order", "mips", .big_endian = true, .te = 1, .types = "tet", .outcome = ALL_SOFT,
      .reason = "byte order" },
    { "another interface", "mips", .api = 11, .types = "eee", .outcome = ALL_SOFT, .reason = "version 11" },
    { "before 4.12", "mips", .types = "ttt", .outcome = { "t0", "t0", "s", "r", "s", "s", "s", "s" },
      .reason = "TE only" },
    { "4.12 to 5.8, TE", "mips", .te = 1, .asks_vm = true, .types = "tee",
      .outcome = { "t0", "t0", "s", "r", "s", "s", "s", "s" }, .reason = "TE only" },
    { "4.12 to 5.8, VZ", "mips64", .vz = 1, .wide = 2, .asks_vm = true, .types = "eve",
      .outcome = { "s", "r", "v1", "v1", "v1", "v1", "s", "s" }, .reason = "VZ only" },
    { "5.9 to 5.12, TE", "mips", .te = 1, .asks_vm = true, .types = "tet",
      .outcome = { "t0", "t0", "s", "r", "s", "s", "s", "s" }, .reason = "TE only" },
    { "5.9 and later, VZ", "mips64", .vz = 1, .wide = 2, .asks_vm = true, .types = "vve",
      .outcome = { "s", "r", "v1", "v1", "v1", "v1", "s", "s" }, .reason = "VZ only" },
    { "VZ, 64-bit registers in 32-bit segments", "mips", .vz = 1, .wide = 1, .asks_vm = true, .types = "vve",
      .outcome = { "s", "r", "v1", "v1", "v1", "s", "s", "s" } },
    { "VZ, 32-bit", "mips", .vz = 1, .asks_vm = true, .types = "vve",
      .outcome = { "s", "r", "v1", "v1", "s", "s", "s", "s" } },
    { "both, 0 is VZ", "mips", .vz = 1, .te = 1, .asks_vm = true, .types = "vvt",
      .outcome = { "t02", "t02", "v1", "v1", "s", "s", "s", "s" } },
    { "both, 0 is TE", "mips", .vz = 1, .te = 1, .asks_vm = true, .types = "tvt",
      .outcome = { "t0", "t0", "v1", "v1", "s", "s", "s", "s" } },
    { "both, 0 is refused", "mips", .vz = 1, .te = 1, .asks_vm = true, .types = "evt",
      .outcome = { "t02", "t02", "v1", "v1", "s", "s", "s", "s" } },
    { "hardware of an unknown kind", "mips", .vz = 2, .asks_vm = true, .types = "eee",
      .outcome = { "s", "r", "s", "r", "s", "s", "s", "s" }, .reason = "neither TE nor VZ" },
    { "capability without the type", "mips", .te = 1, .asks_vm = true, .types = "eee",
      .outcome = { "s", "s", "s", "r", "s", "s", "s", "s" } },
    { "too busy", "mips", .vz = 1, .te = 1, .asks_vm = true, .types = "bbb", .outcome = ALL_SOFT },
    { "1 is TE all the same", "mips", .vz = 1, .asks_vm = true, .types = "ttt",
      .outcome = { "s", "r", "s", "s", "s", "s", "s", "s" } },
};

/* ---- a host that plays one of them ---- */

enum { SYSTEM_FD = 100, VM_FD = 200 };

typedef struct {
    const Host *host;
    GString *tried;             /* type numbers that reached KVM_CREATE_VM */
    GString *calls;             /* everything, in order */
    char vm_type;
    int opened;                 /* descriptors not closed again */
} Play;

static int play_open(void *opaque)
{
    Play *p = opaque;
    g_string_append(p->calls, "open ");
    if (p->host->open) {
        return p->host->open;
    }
    p->opened++;
    return SYSTEM_FD;
}

static void play_close(void *opaque, int fd)
{
    Play *p = opaque;
    g_assert_cmpint(fd == SYSTEM_FD || fd == VM_FD, !=, 0);
    g_string_append(p->calls, fd == VM_FD ? "close-vm " : "close ");
    p->opened--;
}

static int capability(const Play *p, int fd, unsigned which)
{
    const Host *h = p->host;
    switch (which) {
    case KVM_CAP_CHECK_EXTENSION_VM: return h->asks_vm;
    case KVM_MIPS_CAP_VZ: return fd == VM_FD ? p->vm_type == 'v' : h->vz;
    case KVM_MIPS_CAP_TE: return fd == VM_FD ? p->vm_type == 't' && h->te : h->te;
    case KVM_MIPS_CAP_64BIT: return h->wide;
    case KVM_CAP_NR_MEMSLOTS: return 16;
    default: return 0;
    }
}

static int create_vm(Play *p, unsigned type)
{
    g_string_append_printf(p->tried, "%u", type);
    g_assert_cmpuint(type, <=, 2);
    switch (p->host->types[type]) {
    case 'e': return -EINVAL;
    case 'b': return -EBUSY;
    default:
        p->vm_type = p->host->types[type];
        p->opened++;
        return VM_FD;
    }
}

static int play_ioctl(void *opaque, int fd, unsigned long request, uintptr_t arg)
{
    Play *p = opaque;
    if (request == KVM_GET_API_VERSION) {
        g_string_append(p->calls, "api ");
        return p->host->api ? p->host->api : KVM_API_VERSION;
    }
    if (request == KVM_CHECK_EXTENSION) {
        g_assert_true(fd != VM_FD || p->host->asks_vm);
        g_string_append_printf(p->calls, "%s%u ", fd == VM_FD ? "vm-cap" : "cap", (unsigned)arg);
        return capability(p, fd, (unsigned)arg);
    }
    if (request == KVM_CREATE_VM) {
        g_string_append_printf(p->calls, "create%u ", (unsigned)arg);
        return create_vm(p, (unsigned)arg);
    }
    if (request == KVM_GET_VCPU_MMAP_SIZE) {
        return 2 * 16384;
    }
    g_error("ioctl %lx is none of this test", request);
}

static KvmHost host_of(Play *p)
{
    KvmHost h = { .big_endian = p->host->big_endian, .page_size = 16384, .opaque = p, .open = play_open,
                  .close = play_close, .ioctl = play_ioctl };
    g_strlcpy(h.machine, p->host->machine, sizeof(h.machine));
    g_strlcpy(h.release, "5.10.0-test", sizeof(h.release));
    return h;
}

/* ---- every host with every case ---- */

static char *outcome_of(const Play *p, KvmOpened opened, const KvmVm *vm)
{
    if (opened == KVM_OPENED) {
        g_assert_cmpint(vm->type == KVM_TYPE_TE, ==, p->vm_type == 't');
        return g_strdup_printf("%c%s", p->vm_type, p->tried->str);
    }
    return g_strdup(opened == KVM_REFUSED ? "r" : "s");
}

static void run_case(const Host *host, unsigned n)
{
    Play p = { .host = host, .tried = g_string_new(NULL), .calls = g_string_new(NULL) };
    KvmHost h = host_of(&p);
    KvmVm vm;
    char *why = NULL;
    KvmOpened opened = kvm_vm_open(&h, &cases[n].request, &vm, &why);
    g_autofree char *got = outcome_of(&p, opened, &vm);
    if (strcmp(got, host->outcome[n]) != 0) {
        g_error("%s: %s: %s, not %s (%s; %s)", host->name, cases[n].name, got, host->outcome[n],
                p.calls->str, why);
    }
    g_assert_nonnull(why);
    if (opened == KVM_UNUSABLE && host->reason && n < 7 && n != 6 && !cases[n].request.is_64bit) {
        g_assert_nonnull(strstr(why, host->reason));
    }
    if (opened == KVM_REFUSED) {
        /* The kernel, where it is linked, the type, the offer, and the way out. */
        g_assert_nonnull(strstr(why, "k is linked at 0x"));
        g_assert_nonnull(strstr(why, kvm_type_name(cases[n].request.type)));
        g_assert_nonnull(strstr(why, "offers"));
        g_assert_nonnull(strstr(why, "kvm-type=auto or accel=tcg"));
        g_assert_cmpstr(p.tried->str, ==, "");
    }
    if (opened == KVM_OPENED) {
        g_assert_cmpint(p.opened, ==, 2);
        kvm_vm_close(&vm);
    }
    g_assert_cmpint(p.opened, ==, 0);
    g_string_free(p.tried, TRUE);
    g_string_free(p.calls, TRUE);
    g_free(why);
}

/* Whether there is a KVM at all for CPUs of that word size, for a machine without one: no VM is made. */
static void test_probe(const Host *host, bool is_64bit)
{
    Play p = { .host = host, .tried = g_string_new(NULL), .calls = g_string_new(NULL) };
    KvmHost h = host_of(&p);
    g_autofree char *why = NULL;
    bool wanted = !host->open && !host->api && !host->big_endian && host->vz != 2 &&
                  g_str_has_prefix(host->machine, "mips") && (!is_64bit || host->wide > 0);
    g_assert_cmpint(kvm_vm_probe(&h, false, is_64bit, &why), ==, wanted);
    g_assert_cmpint(why == NULL, ==, wanted);
    g_assert_cmpint(p.opened, ==, 0);
    g_assert_cmpstr(p.tried->str, ==, "");
    g_string_free(p.tried, TRUE);
    g_string_free(p.calls, TRUE);
}

static void test_host(gconstpointer data)
{
    for (unsigned n = 0; n < CASES; n++) {
        run_case(data, n);
    }
    test_probe(data, false);
    test_probe(data, true);
}

/* ---- the order of the calls ---- */

static void expect_calls(const char *host_name, unsigned n, const char *expected)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
        if (strcmp(hosts[i].name, host_name) == 0) {
            Play p = { .host = &hosts[i], .tried = g_string_new(NULL), .calls = g_string_new(NULL) };
            KvmHost h = host_of(&p);
            KvmVm vm;
            g_autofree char *why = NULL;
            kvm_vm_open(&h, &cases[n].request, &vm, &why);
            g_assert_true(g_str_has_prefix(p.calls->str, expected));
            g_string_free(p.tried, TRUE);
            g_string_free(p.calls, TRUE);
            return;
        }
    }
    g_assert_not_reached();
}

static void test_order(void)
{
    expect_calls("no /dev/kvm", 0, "open ");
    expect_calls("PC with a KVM of its own", 0, "");
    expect_calls("4.12 to 5.8, TE", 0, "open api cap137 cap138 create0 cap105 vm-cap137 ");
    expect_calls("before 4.12", 0, "open api cap137 cap138 create0 cap105 cap137 ");
    expect_calls("5.9 and later, VZ", 4, "open api cap137 cap138 cap139 create1 cap105 vm-cap137 ");
    expect_calls("both, 0 is VZ", 0, "open api cap137 cap138 create0 cap105 vm-cap137 close-vm create2 ");
    expect_calls("4.12 to 5.8, TE", 3, "open api cap137 cap138 close ");
}

/* ---- contradictions, before any of that ---- */

static void test_contradictions(void)
{
    static const struct {
        KvmRequest request;
        const char *parts[4];       /* none: it is no contradiction */
    } all[] = {
        { { KVM_TYPE_TE, KVM_KERNEL_STANDARD, "vmlinux", 0xffffffff80100000 },
          { "kvm-type=TE", "vmlinux is linked at 0x80100000", "0x40000000 to 0x5fffffff",
            "kvm-type=VZ or auto" } },
        { { KVM_TYPE_TE, KVM_KERNEL_STANDARD, "vmlinux", 0xa800000000100000, .is_64bit = true },
          { "kvm-type=TE", "vmlinux is linked at 0xa800000000100000", "CONFIG_KVM_GUEST", "auto" } },
        { { KVM_TYPE_VZ, KVM_KERNEL_USEG, "vmlinux", 0x40100000 },
          { "kvm-type=VZ", "vmlinux is linked at 0x40100000", "trap-and-emulate guest",
            "kvm-type=TE or auto" } },
        { { KVM_TYPE_TE, KVM_KERNEL_NONE },
          { "kvm-type=TE", "firmware", "cannot execute", "leave kvm-type out" } },
        { { KVM_TYPE_TE, KVM_KERNEL_USEG, "vmlinux", 0x40100000 }, { 0 } },
        { { KVM_TYPE_VZ, KVM_KERNEL_STANDARD, "vmlinux", 0xffffffff80100000 }, { 0 } },
        { { KVM_TYPE_VZ, KVM_KERNEL_NONE }, { 0 } },
        { { KVM_TYPE_AUTO, KVM_KERNEL_USEG, "vmlinux", 0x40100000 }, { 0 } },
        { { KVM_TYPE_AUTO, KVM_KERNEL_STANDARD, "vmlinux", 0xffffffff80100000 }, { 0 } },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autoptr(GError) err = NULL;
        g_assert_cmpint(kvm_request_check(&all[i].request, &err), ==, all[i].parts[0] == NULL);
        for (size_t k = 0; k < 4 && all[i].parts[k]; k++) {
            g_assert_nonnull(strstr(err->message, all[i].parts[k]));
        }
    }
}

static void test_names(void)
{
    static const struct { const char *text; KvmType type; } good[] = {
        { "TE", KVM_TYPE_TE }, { "te", KVM_TYPE_TE }, { "Vz", KVM_TYPE_VZ }, { "VZ", KVM_TYPE_VZ },
        { "auto", KVM_TYPE_AUTO }, { "AUTO", KVM_TYPE_AUTO },
    };
    KvmType type;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_assert_true(kvm_type_parse(good[i].text, &type, NULL));
        g_assert_cmpint(type, ==, good[i].type);
    }
    g_autoptr(GError) err = NULL;
    g_assert_false(kvm_type_parse("HV", &type, &err));
    g_assert_nonnull(strstr(err->message, "kvm-type=HV: must be TE"));
}

static void test_one_cpu(void)
{
    const Host *te = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
        te = strcmp(hosts[i].name, "5.9 to 5.12, TE") == 0 ? &hosts[i] : te;
    }
    Play p = { .host = te, .tried = g_string_new(NULL), .calls = g_string_new(NULL) };
    KvmHost h = host_of(&p);
    KvmRequest r = cases[0].request;
    KvmVm vm;
    g_autofree char *why = NULL;
    r.cpus = 2;
    g_assert_cmpint(kvm_vm_open(&h, &r, &vm, &why), ==, KVM_UNUSABLE);
    g_assert_nonnull(strstr(why, "one CPU, not 2"));
    g_assert_cmpstr(p.calls->str, ==, "");
    g_string_free(p.tried, TRUE);
    g_string_free(p.calls, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kvm-type/names", test_names);
    g_test_add_func("/kvm-type/contradictions", test_contradictions);
    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autofree char *name = g_strdup_printf("/kvm-type/host %s", hosts[i].name);
        for (char *s = name + 1; *s; s++) {
            *s = *s == '/' && s > name + 9 ? ' ' : *s;
        }
        g_test_add_data_func(name, &hosts[i], test_host);
    }
    g_test_add_func("/kvm-type/order", test_order);
    g_test_add_func("/kvm-type/one-cpu", test_one_cpu);
    return g_test_run();
}
