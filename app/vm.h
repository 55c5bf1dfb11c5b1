/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual machine with everything around it, made from a plan. */
#ifndef APP_VM_H
#define APP_VM_H

#include <glib.h>
#include <stdbool.h>
#include "app/plan.h"
#include "app/settings.h"
#include "system/machine.h"

typedef struct Vm Vm;

/* Machine, CPU, board, kernel, character devices, monitors and vCPU threads; after the
 * first reset, nothing runs. NULL with err, and then nothing is left. Main thread. */
Vm *vm_new(const Plan *plan, const Settings *s, GError **err);
/* Waits for the servers that want it, starts the guest unless -S, and runs to the end. */
ShutdownCause vm_run(Vm *vm, bool start_stopped);
/* Asks the running machine to end: for a signal handler of the main loop. */
void vm_end(Vm *vm);
/* Ends the threads, writes out what is queued, restores the terminal. NULL is allowed. */
void vm_free(Vm *vm);

#endif
