/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The choice at the start: KVM if it was asked for and can run this guest, else the
 * translator, in the same CPU mode. One line tells the user what it came to.
 */
#include "accel/accel.h"

#include <stdio.h>
#include <string.h>
#include "accel/kvm/kvm.h"
#include "accel/qtest/qtest.h"
#include "accel/tcg/tcg.h"
#include "util/error.h"

void accel_report_clear(AccelReport *report)
{
    g_free(report->mode);
    g_free(report->why);
    *report = (AccelReport){ 0 };
}

/* ---- KVM ---- */

/* Only these versions have the defect, and some of them were repaired: see for yourself. */
static void warn_of_lost_interrupts(const KvmVm *vm)
{
    unsigned major, minor;
    if (vm->type == KVM_TYPE_TE && sscanf(vm->host.release, "%u.%u", &major, &minor) == 2 && major == 5 &&
        minor >= 8 && minor <= 12 && !kvm_delivers_interrupts(vm)) {
        g_printerr("valletta: warning: this host's kernel %s delivers no interrupts to trap-and-emulate "
                   "guests (a defect of Linux 5.8 to 5.12): a Linux guest will hang; -accel tcg runs it\n",
                   vm->host.release);
    }
}

/* KVM runs the machine (OPENED), or why it does not. */
static KvmOpened start_kvm(Machine *machine, const KvmRequest *request, AccelReport *report, char **why)
{
    KvmHost host = kvm_host_real();
    KvmVm vm;
    g_autoptr(GError) err = NULL;
    KvmOpened opened = kvm_vm_open(&host, request, &vm, why);
    report->kvm_present = opened != KVM_UNUSABLE;
    if (opened != KVM_OPENED) {
        return opened;
    }
    warn_of_lost_interrupts(&vm);
    if (!kvm_start(machine, &vm, request->cpu_given, &err)) {
        g_free(*why);
        *why = g_strdup(err->message);
        return KVM_UNUSABLE;
    }
    report->name = "kvm";
    report->mode = g_strdup_printf("KVM, %s", vm.type == KVM_TYPE_TE ? "trap-and-emulate" : "VZ");
    report->why = g_steal_pointer(why);
    return KVM_OPENED;
}

/* ---- the translator ---- */

static bool start_tcg(Machine *machine, const AccelConfig *config, AccelReport *report, GError **err)
{
    if (!tcg_start_all(machine, config, err)) {
        return false;
    }
    report->name = "tcg";
    report->mode = g_strdup(machine->useg_kernel ? "translator, with trap-and-emulate segments"
                                                 : "translator");
    return true;
}

/* What KVM could not run, if that is allowed. Takes why. */
static bool fall_back(Machine *machine, const AccelConfig *config, char *why, AccelReport *report,
                      GError **err)
{
    report->why = why;
    if (!config->tcg && !config->fallback) {
        return error_set(err, "-accel kvm,fallback=off: %s; fallback=on or -accel tcg runs the guest in "
                         "software", why);
    }
    if (!start_tcg(machine, config, report, err)) {
        return false;
    }
    if (!config->tcg) {
        g_printerr("valletta: warning: -accel kvm: %s; the guest runs under the %s instead\n", why,
                   report->mode);
    } else {
        g_printerr("valletta: %s: %s\n", report->mode, why);
    }
    return true;
}

/* Until the host has told each thread who it is: monitors tell it to others. */
static void wait_for_threads(Machine *machine)
{
    for (guint i = 0; i < machine->cpus->len; i++) {
        Cpu *cpu = g_ptr_array_index(machine->cpus, i);
        while (!__atomic_load_n(&cpu->thread_id, __ATOMIC_ACQUIRE)) {
            g_usleep(50);
        }
    }
}

static void start_qtest(AccelReport *report)
{
    *report = (AccelReport){ .name = "qtest", .mode = g_strdup("qtest: no CPU runs") };
}

static bool start(Machine *machine, const AccelConfig *config, const KvmRequest *request,
                  AccelReport *report, GError **err)
{
    *report = (AccelReport){ 0 };
    if (config->qtest) {
        start_qtest(report);
        qtest_start_all(machine);
        return true;
    }
    if (config->kvm) {
        char *why = NULL;
        switch (start_kvm(machine, request, report, &why)) {
        case KVM_OPENED:
            g_printerr("valletta: %s: %s\n", report->mode, report->why);
            return true;
        case KVM_REFUSED:
            error_set(err, "%s", why);
            g_free(why);
            return false;
        default:
            return fall_back(machine, config, why, report, err);
        }
    }
    if (!start_tcg(machine, config, report, err)) {
        return false;
    }
    if (machine->useg_kernel) {
        report->why = g_strdup_printf("%s is linked at 0x%x", request->path, (unsigned)request->entry);
        g_printerr("valletta: %s: %s\n", report->mode, report->why);
    }
    return true;
}

bool accel_start(Machine *machine, const AccelConfig *config, const KvmRequest *request,
                 AccelReport *report, GError **err)
{
    if (!start(machine, config, request, report, err)) {
        return false;
    }
    wait_for_threads(machine);
    return true;
}

bool accel_probe(Machine *machine, const AccelConfig *config, const KvmRequest *request,
                 AccelReport *report, GError **err)
{
    char *why = NULL;
    if (config->qtest) {
        start_qtest(report);
        qtest_stop_time(machine);
        return true;
    }
    *report = (AccelReport){ .name = "tcg" };
    if (config->kvm) {
        KvmHost host = kvm_host_real();
        report->kvm_present = kvm_vm_probe(&host, request->big_endian, request->is_64bit, &why);
        report->why = why;
        report->name = report->kvm_present ? "kvm" : "tcg";
        if (!report->kvm_present && !config->tcg && !config->fallback) {
            return error_set(err, "-accel kvm,fallback=off: %s; fallback=on or -accel tcg runs guests in "
                             "software", why);
        }
    }
    report->mode = g_strdup(report->kvm_present ? "KVM, nothing runs" : "translator, nothing runs");
    return true;
}

void accel_describe_kvm(Machine *machine, const AccelReport *report, GString *out)
{
    bool enabled = strcmp(report->name, "kvm") == 0;
    g_string_append_printf(out, "kvm support: %s\n", enabled ? "enabled" : "disabled");
    g_string_append_printf(out, "mode: %s%s%s\n", report->mode, report->why ? ": " : "",
                           report->why ? report->why : "");
    if (enabled) {
        kvm_describe(machine, out);
    }
}

void accel_describe_jit(Machine *machine, const AccelReport *report, GString *out)
{
    if (g_strcmp0(report->name, "tcg") == 0) {
        tcg_describe_all(machine, out);
    } else {
        g_string_append_printf(out, "%s: nothing is translated\n", g_strcmp0(report->name, "kvm") == 0
                               ? "the guest runs under KVM" : "no CPU runs");
    }
}
