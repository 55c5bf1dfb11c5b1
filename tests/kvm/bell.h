/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The doorbell's side that is not in the guest; guest/doorbell.h has the registers. */
#ifndef TESTS_KVM_BELL_H
#define TESTS_KVM_BELL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "tests/kvm/modes.h"

/* What a mode does for the guest; called in the thread that serves the access, set_line also
 * in another. */
typedef struct {
    /* Drives line 2..4. hold: keep it so until it is lowered, as a device would. */
    void (*set_line)(void *opaque, unsigned line, bool level, bool hold);
    uint32_t (*count_hz)(void *opaque);
    /* ACT_SET_COUNT_HZ, ACT_FPU_SWAP; the result, or a negative number when the mode has no such
     * action. */
    int64_t (*act)(void *opaque, uint32_t action, uint32_t arg);
    /* Makes the machine's time stand for ms; calls bell_idle, now or later. */
    void (*stop_clock)(void *opaque, uint32_t ms);
    void (*ended)(void *opaque);
} BellOps;

typedef struct {
    const Mode *mode;
    const BellOps *ops;
    void *opaque;
    Result *result;
    uint32_t page_shift, extra_im;
    bool done;
    int busy;               /* atomic */
    uint32_t where, got, cause, epc, log_id, arg, last_result, width, accesses;
    uint8_t area[BELL_AREA_SIZE];
    GThread *helper;
    uint32_t helper_arg;
} Bell;

/* For one run: mode, ops, opaque, result, page_shift and extra_im are set by the caller. One
 * access of len bytes (1 to 4) at an offset below BELL_SIZE; bytes in the guest's order. */
void bell_access(Bell *bell, uint32_t offset, uint8_t *bytes, unsigned len, bool write);
/* What went on in the background is over. */
void bell_idle(Bell *bell);
/* Waits for what still goes on. */
void bell_clear(Bell *bell);

#endif
