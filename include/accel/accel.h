/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs the vCPUs: the choice among accelerators and their start. */
#ifndef ACCEL_ACCEL_H
#define ACCEL_ACCEL_H

#include <glib.h>
#include <stdbool.h>
#include "system/machine.h"

typedef struct {
    char *name;         /* "tcg" */
    bool one_insn;      /* tcg: one guest instruction a block (one-insn-per-tb=on) */
    bool ir_checks;     /* tcg: run the IR verifier on every block (ir-verify=on) */
    char *coverage;     /* tcg: file that says at the end which instructions were met, or NULL */
} AccelConfig;

/* Reads "tcg" or "kvm:tcg", the value of -machine accel=, or one -accel option with its
 * properties ("tcg,one-insn-per-tb=on"); a later call replaces an earlier one. False with
 * err naming the accelerator or property that is unknown or not there. */
bool accel_parse(AccelConfig *config, const char *text, GError **err);
void accel_config_clear(AccelConfig *config);
/* The text of -accel help; the caller frees it. */
char *accel_help(void);

/* Creates the vCPU threads, parked, and sets machine->runner. Devices and CPUs are
 * complete; lock held. */
bool accel_start(Machine *machine, const AccelConfig *config, GError **err);

#endif
