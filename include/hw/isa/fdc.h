/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core of a floppy disk controller of the 82077AA's kind with an empty cable; no bus. */
#ifndef HW_ISA_FDC_H
#define HW_ISA_FDC_H

#include "hw/core/irq.h"
#include "hw/core/state.h"
#include "system/clock.h"

#define FDC_DRIVES 4
#define FDC_MAX_BYTES 10

typedef struct {
    uint8_t dor, tdr, dsr;
    uint8_t command[FDC_MAX_BYTES];     /* the command and its parameters, as far as they have come */
    uint8_t received;
    uint8_t result[FDC_MAX_BYTES];
    uint8_t result_len, result_read;
    bool executing;                     /* waits for index pulses, of which there are none */
    uint8_t specify[2];                 /* step rate and head unload time; head load time and no DMA */
    uint8_t config, pretrk, perpendicular, eot;
    bool lock;
    uint8_t pcn[FDC_DRIVES];            /* present cylinder numbers */
    uint8_t target[FDC_DRIVES];         /* where a seek ends */
    uint8_t moving;                     /* a bit per drive: it seeks or recalibrates */
    uint8_t recalibrating;              /* which of these recalibrate */
    uint8_t pending;                    /* a bit per drive: SENSE INTERRUPT STATUS has something to tell */
    uint8_t st0[FDC_DRIVES];            /* what it tells */
    int64_t done_at[FDC_DRIVES];        /* virtual ns */

    Clock *clock;
    Timer *timer;
    IrqLine irq;
} Fdc;

extern const VmField fdc_state[];

/* Prepares a zeroed core. Machine lock for all. */
void fdc_init(Fdc *fdc, Clock *clock);
void fdc_free(Fdc *fdc);
void fdc_reset(Fdc *fdc);
/* After a load: counts that are impossible are cut, the timer and the interrupt line follow. */
void fdc_post_load(Fdc *fdc);
/* Register reg 2 to 5 and 7, counted from the base. */
uint8_t fdc_read(Fdc *fdc, unsigned reg);
void fdc_write(Fdc *fdc, unsigned reg, uint8_t value);

#endif
