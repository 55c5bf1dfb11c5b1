/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs the vCPUs: the choice among accelerators and their start. */
#ifndef ACCEL_ACCEL_H
#define ACCEL_ACCEL_H

#include <glib.h>
#include <stdbool.h>
#include "accel/kvm.h"
#include "system/machine.h"

typedef struct {
    bool kvm;           /* tried first */
    bool tcg;           /* named too: it runs without a warning what KVM cannot */
    bool qtest;         /* nothing runs, and time stands; the others are off */
    bool fallback;      /* it runs that even when only KVM was named (kvm: fallback=on) */
    bool one_insn;      /* tcg: one guest instruction a block (one-insn-per-tb=on) */
    bool ir_checks;     /* tcg: run the IR verifier on every block (ir-verify=on) */
    bool interpreter;   /* tcg: interpret, even where the host's machine code can be made */
    bool tier2;         /* tcg: blocks that are hot become regions */
    bool page_tables;   /* tcg: flat page tables for 32-bit addresses */
    bool victims;       /* tcg: what TLBWR displaces is used until software can know */
    unsigned hot;       /* tcg: entries after which a block is hot */
    unsigned check;     /* tcg: each so many blocks are compared with the interpreter; 0: none */
    bool regions_at_once;       /* tcg: the vCPU waits for each region; for tests, each run is the same */
    size_t cache_size;  /* tcg: bytes of translated code (tb-size=MiB) */
    bool perf_map, perf_dump;   /* -perfmap, -jitdump: tell perf of machine code */
    char *coverage;     /* tcg: file that says at the end which instructions were met, or NULL */
} AccelConfig;

/* What was chosen, for the start-up line and the monitor. */
typedef struct {
    const char *name;   /* "kvm", "tcg" or "qtest" */
    bool kvm_present;   /* the host's KVM answered */
    char *mode;         /* in words */
    char *why;          /* the reason, NULL when there is nothing to explain */
} AccelReport;

/* Nothing is chosen yet: tcg, unless accel_parse says otherwise. */
void accel_config_init(AccelConfig *config);
/* Reads "tcg" or "kvm:tcg", the value of -machine accel=, or one -accel option with its
 * properties ("tcg,one-insn-per-tb=on"); a later call adds to an earlier one. False with
 * err naming the accelerator or property that is unknown or not there. */
bool accel_parse(AccelConfig *config, const char *text, GError **err);
void accel_config_clear(AccelConfig *config);
/* The text of -accel help; the caller frees it. */
char *accel_help(void);

/* Creates the vCPU threads, parked, sets machine->runner and fills report, which is the
 * caller's to clear; prints what the user should know. Devices and CPUs are complete and
 * request has passed kvm_request_check; lock held. False with err when KVM was asked for
 * and can neither be had nor replaced. */
bool accel_start(Machine *machine, const AccelConfig *config, const KvmRequest *request,
                 AccelReport *report, GError **err);
/* The same for a machine without CPUs: nothing is started (qtest stops the clock), the report says
 * what would run one. KVM that is not there is an error only where nothing else was allowed. */
bool accel_probe(Machine *machine, const AccelConfig *config, const KvmRequest *request,
                 AccelReport *report, GError **err);
void accel_report_clear(AccelReport *report);
/* "info jit": what the translator has done; the vCPUs are parked. */
void accel_describe_jit(Machine *machine, const AccelReport *report, GString *out);
/* "info kvm". */
void accel_describe_kvm(Machine *machine, const AccelReport *report, GString *out);

#endif
