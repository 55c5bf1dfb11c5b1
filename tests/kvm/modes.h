/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The modes in which cases run, and the cases. */
#ifndef TESTS_KVM_MODES_H
#define TESTS_KVM_MODES_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tests/kvm/guest/doorbell.h"
#include "tests/kvm/result.h"

typedef struct KvmTest KvmTest;

typedef struct {
    const char *name;       /* as --mode names it */
    unsigned bit;           /* MODE_* */
    bool big_endian;
    char *unavailable;      /* why it cannot be had here, or NULL */
    KvmTest *kvm;           /* of the KVM modes that can be had */
} Mode;

/* Case numbers of the guest are indexes of this table. */
typedef struct {
    const char *name;
    unsigned modes;         /* MODE_*: where it exists */
    unsigned fatal;         /* MODE_*: where the host's kernel is known to give up the VM */
    unsigned needs;         /* NEED_* */
} GuestCase;

enum { NEED_FPU = 1, NEED_STORM = 2 };

extern const GuestCase guest_cases[];
extern const unsigned guest_case_count;
/* The number of the case with that name, which exists. */
unsigned guest_case_find(const char *name);

/* A case that is the host's own: ioctls and what they do. */
typedef struct {
    const char *name;
    void (*func)(KvmTest *kvm, Result *r);
} HostCase;

/* Tables that end with a NULL name; they exist in the KVM modes. */
extern const HostCase host_cases_create[], host_cases_memory[], host_cases_regs[], host_cases_run[];
/* In the VZ mode only. */
extern const HostCase host_cases_vz[];

/* The guest's code in that byte order; NULL: there was no compiler for it. */
const unsigned char *mode_blob(bool big_endian, size_t *size);

/* Runs the case in a new machine of the software engine. */
void mode_soft_run(const Mode *mode, unsigned number, Result *r);

/* Opens the host's KVM for that MODE_KVM_*; NULL with *why when it cannot give it. */
KvmTest *mode_kvm_open(unsigned bit, char **why);
void mode_kvm_close(KvmTest *kvm);
/* Runs the case in a new VM. */
void mode_kvm_run(const Mode *mode, unsigned number, Result *r);

#endif
