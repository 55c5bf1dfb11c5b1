/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings, checked and resolved: what will be made. Nothing is made here. */
#ifndef APP_PLAN_H
#define APP_PLAN_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "accel/accel.h"
#include "app/sandbox.h"
#include "app/screens.h"
#include "app/settings.h"
#include "hw/mips/boot.h"
#include "target/mips/model.h"

#define PLAN_SERIALS 3

typedef struct {
    const MipsModel *model;
    bool big_endian;
    uint64_t ram_size;
    AccelConfig accel;
    KvmRequest kvm;                 /* what is to run, as KVM and its stand-in need to know it */
    Sandbox sandbox;
    ScreenPlan screens;
    bool mem_lock;                  /* -overcommit mem-lock=on */
    bool no_board;                  /* -machine none */
    bool ram_given;
    const char *memory_backend;     /* -machine memory-backend=, or NULL */
    const char *target;             /* "mipsel" ... */
    bool dump_guest_core;
    bool rtc_localtime;
    ClockType rtc_clock;
    int64_t rtc_offset;             /* seconds */

    bool has_kernel;
    BootKernel kernel;
    BootConfig boot;                /* strings of the settings or of texts below */
    char *bios;                     /* resolved through -L, or NULL */

    const char *name, *process;     /* -name */
    const char *serial[PLAN_SERIALS];   /* short forms; NULL: not connected */
    const char *parallel;               /* likewise */
    const char *monitor;            /* the default monitor's, or NULL */
} Plan;

/* Fills plan, which lives as long as the settings do. False with err naming the option. */
bool plan_make(Plan *plan, Settings *s, GError **err);
void plan_clear(Plan *plan);

/* Seconds to add to the host's UTC so that the clock reads base ("2026-01-31" or
 * "2026-01-31T12:00:00") at the host time now (seconds since 1970). */
bool plan_rtc_offset(const char *base, int64_t now, int64_t *offset, GError **err);

#endif
