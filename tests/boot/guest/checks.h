/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's init tries once it is up. */
#ifndef GUEST_CHECKS_H
#define GUEST_CHECKS_H

#include <stdbool.h>

typedef struct {
    const char *name;
    bool (*run)(void);
} Check;

/* Ended by an entry without name. */
extern const Check cpu_checks[];        /* arithmetic, signals, caches: what the CPU does */
extern const Check kernel_checks[];     /* processes, memory, time: what the kernel does with it */

#endif
