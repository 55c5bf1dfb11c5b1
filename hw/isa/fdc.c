/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floppy disk controller of the FDC37M817, a core that is compatible with the 82077AA (data sheet, 290166,
 * sections 2, 5 and 6), in its PC/AT mode, and no drive on its cable.
 *
 * What needs no drive works: reset, the status commands, seeks (nobody counts the step pulses). A
 * recalibration ends without track 0. Commands that look for sectors wait for an index hole that never
 * comes, until a reset, as the chip does; so the driver's time limit finds out that there is no drive.
 * Not modelled: drives, DMA (no command comes that far), power down.
 */
#include <string.h>
#include "hw/isa/fdc.h"
#include "util/log.h"

enum { DOR_SELECT = 3, DOR_RUN = 4, DOR_GATE = 8 };
enum { DSR_RESET = 0x80, DSR_RATE = 3 };
enum { MSR_BUSY = 0x10, MSR_DIO = 0x40, MSR_RQM = 0x80 };
enum {
    ST0_EQUIPMENT = 0x10, ST0_SEEK_END = 0x20, ST0_ABNORMAL = 0x40, ST0_INVALID = 0x80, ST0_POLLED = 0xc0
};
enum { CONFIG_FIFO_THRESHOLD = 0x0f, CONFIG_NO_POLL = 0x10, CONFIG_NO_FIFO = 0x20, CONFIG_DEFAULT = 0x20 };
enum { RECALIBRATE_STEPS = 79, VERSION = 0x90 };

typedef struct {
    uint8_t mask, code;             /* the first byte, under mask */
    uint8_t length;                 /* with the first byte */
    void (*run)(Fdc *f);            /* NULL: needs a drive */
} Command;

/* ---- interrupts and time ---- */

static void update_irq(Fdc *f)
{
    bool level = f->pending && (f->dor & DOR_GATE);
    if (level != f->irq.level) {
        irq_set(&f->irq, level);
    }
}

static void tell(Fdc *f, unsigned drive, uint8_t st0)
{
    f->st0[drive] = st0;
    f->pending |= 1u << drive;
}

static void arm_next(Fdc *f)
{
    int64_t next = INT64_MAX;
    for (unsigned d = 0; d < FDC_DRIVES; d++) {
        if (f->moving >> d & 1) {
            next = MIN(next, f->done_at[d]);
        }
    }
    if (next == INT64_MAX) {
        timer_cancel(f->timer);
    } else {
        timer_arm(f->timer, next);
    }
}

static void seeks_done(void *opaque)
{
    Fdc *f = opaque;
    int64_t now = clock_now(f->clock, CLOCK_VIRTUAL);
    for (unsigned d = 0; d < FDC_DRIVES; d++) {
        if (!(f->moving >> d & 1) || f->done_at[d] > now) {
            continue;
        }
        bool lost = f->recalibrating >> d & 1;
        f->moving &= ~(1u << d);
        f->recalibrating &= ~(1u << d);
        f->pcn[d] = f->target[d];
        tell(f, d, ST0_SEEK_END | d | (lost ? ST0_ABNORMAL | ST0_EQUIPMENT : 0));
    }
    arm_next(f);
    update_irq(f);
}

/* The time of one step: 1 to 16 ms at 500 kbit/s, and in proportion. */
static int64_t step_ns(const Fdc *f)
{
    static const unsigned kbit[4] = { 500, 300, 250, 1000 };
    return (16 - (f->specify[0] >> 4)) * INT64_C(1000000) * 500 / kbit[f->dsr & DSR_RATE];
}

static void begin_move(Fdc *f, unsigned drive, uint8_t target, unsigned steps, bool recalibrate)
{
    f->moving |= 1u << drive;
    f->recalibrating = (f->recalibrating & ~(1u << drive)) | (recalibrate ? 1u << drive : 0);
    f->target[drive] = target;
    f->done_at[drive] = clock_now(f->clock, CLOCK_VIRTUAL) + steps * step_ns(f);
    arm_next(f);
}

/* ---- commands ---- */

static void answer(Fdc *f, const uint8_t *bytes, unsigned n)
{
    memcpy(f->result, bytes, n);
    f->result_len = n;
    f->result_read = 0;
}

static void run_specify(Fdc *f)
{
    f->specify[0] = f->command[1];
    f->specify[1] = f->command[2];
}

static void run_sense_drive(Fdc *f)
{
    uint8_t st3 = 0x28 | (f->command[1] & 7);       /* neither at track 0 nor write protected */
    answer(f, &st3, 1);
}

static void run_recalibrate(Fdc *f)
{
    begin_move(f, f->command[1] & DOR_SELECT, 0, RECALIBRATE_STEPS, true);
}

static void run_seek(Fdc *f)
{
    unsigned drive = f->command[1] & DOR_SELECT;
    int way = f->command[2] - f->pcn[drive];
    begin_move(f, drive, f->command[2], (unsigned)(way < 0 ? -way : way), false);
}

/* The direction is in the first byte. */
static void run_relative_seek(Fdc *f)
{
    unsigned drive = f->command[1] & DOR_SELECT, steps = f->command[2];
    unsigned target = f->command[0] & 0x40 ? f->pcn[drive] + steps : f->pcn[drive] - steps;
    begin_move(f, drive, (uint8_t)target, steps, false);
}

static void run_sense_interrupt(Fdc *f)
{
    if (!f->pending) {
        answer(f, (uint8_t[]){ ST0_INVALID }, 1);
        return;
    }
    unsigned drive = (unsigned)__builtin_ctz(f->pending);
    f->pending &= ~(1u << drive);
    answer(f, (uint8_t[]){ f->st0[drive], f->pcn[drive] }, 2);
    update_irq(f);
}

static void run_dump(Fdc *f)
{
    answer(f, (uint8_t[]){ f->pcn[0], f->pcn[1], f->pcn[2], f->pcn[3], f->specify[0], f->specify[1], f->eot,
                           (uint8_t)(f->lock << 7 | f->perpendicular), f->config, f->pretrk }, 10);
}

static void run_version(Fdc *f)
{
    answer(f, (uint8_t[]){ VERSION }, 1);
}

static void run_perpendicular(Fdc *f)
{
    /* Drives are chosen anew only with OW. */
    uint8_t drives = f->command[1] & 0x80 ? f->command[1] & 0x3c : f->perpendicular & 0x3c;
    f->perpendicular = drives | (f->command[1] & 3);
}

static void run_configure(Fdc *f)
{
    f->config = f->command[2] & 0x7f;
    f->pretrk = f->command[3];
}

static void run_lock(Fdc *f)
{
    f->lock = f->command[0] >> 7;
    answer(f, (uint8_t[]){ (uint8_t)(f->lock << 4) }, 1);
}

static const Command commands[] = {
    { 0xff, 0x03, 3, run_specify },         { 0xff, 0x04, 2, run_sense_drive },
    { 0xff, 0x07, 2, run_recalibrate },     { 0xff, 0x08, 1, run_sense_interrupt },
    { 0xff, 0x0e, 1, run_dump },            { 0xff, 0x0f, 3, run_seek },
    { 0xff, 0x10, 1, run_version },         { 0xff, 0x12, 2, run_perpendicular },
    { 0xff, 0x13, 4, run_configure },       { 0x7f, 0x14, 1, run_lock },
    { 0xbf, 0x8f, 3, run_relative_seek },
    /* MT, MFM and SK are the upper bits. */
    { 0x9f, 0x02, 9, NULL },    /* READ TRACK */
    { 0x3f, 0x05, 9, NULL },    /* WRITE DATA */
    { 0x1f, 0x06, 9, NULL },    /* READ DATA */
    { 0x3f, 0x09, 9, NULL },    /* WRITE DELETED DATA */
    { 0xbf, 0x0a, 2, NULL },    /* READ ID */
    { 0x1f, 0x0c, 9, NULL },    /* READ DELETED DATA */
    { 0xbf, 0x0d, 6, NULL },    /* FORMAT TRACK */
    { 0x1f, 0x11, 9, NULL },    /* SCAN EQUAL */
    { 0x1f, 0x16, 9, NULL },    /* VERIFY */
    { 0x1f, 0x19, 9, NULL },    /* SCAN LOW OR EQUAL */
    { 0x1f, 0x1d, 9, NULL },    /* SCAN HIGH OR EQUAL */
};

static const Command *command_of(uint8_t byte)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        if ((byte & commands[i].mask) == commands[i].code) {
            return &commands[i];
        }
    }
    return NULL;
}

static void command_byte(Fdc *f, uint8_t value)
{
    f->command[f->received++] = value;
    const Command *c = command_of(f->command[0]);
    if (!c) {
        guest_log("fdc: there is no command 0x%02x", f->command[0]);
        f->received = 0;
        answer(f, (uint8_t[]){ ST0_INVALID }, 1);
    } else if (f->received == c->length) {
        f->received = 0;
        if (c->run) {
            c->run(f);
        } else {
            if (c->length == 9) {
                f->eot = f->command[6];
            }
            f->executing = true;
        }
    }
}

/* ---- reset ---- */

/* What RESET# and the two software resets have in common. */
static void reset_core(Fdc *f)
{
    f->received = f->result_len = f->result_read = 0;
    f->executing = false;
    f->moving = f->recalibrating = f->pending = 0;
    f->perpendicular &= 0x3c;
    memset(f->pcn, 0, sizeof(f->pcn));
    if (!f->lock) {
        f->config = CONFIG_DEFAULT;
        f->pretrk = 0;
    } else {
        f->config &= CONFIG_NO_FIFO | CONFIG_FIFO_THRESHOLD;
    }
    arm_next(f);
    update_irq(f);
}

/* The end of a reset: the drives are polled for the first time, and each seems to have become ready. */
static void leave_reset(Fdc *f)
{
    for (unsigned d = 0; d < FDC_DRIVES && !(f->config & CONFIG_NO_POLL); d++) {
        tell(f, d, ST0_POLLED | d);
    }
    update_irq(f);
}

static void dor_write(Fdc *f, uint8_t value)
{
    bool ran = f->dor & DOR_RUN, runs = value & DOR_RUN;
    f->dor = value;
    if (ran && !runs) {
        reset_core(f);
    } else if (!ran && runs) {
        leave_reset(f);
    }
    update_irq(f);
}

static void dsr_write(Fdc *f, uint8_t value)
{
    f->dsr = value & ~DSR_RESET;
    if ((value & DSR_RESET) && (f->dor & DOR_RUN)) {
        reset_core(f);
        leave_reset(f);
    }
}

/* ---- registers ---- */

static uint8_t status(const Fdc *f)
{
    if (!(f->dor & DOR_RUN)) {
        return 0;
    }
    if (f->executing) {
        return MSR_BUSY | f->moving;
    }
    uint8_t busy = f->received || f->result_len ? MSR_BUSY : 0;
    return MSR_RQM | (f->result_len ? MSR_DIO : 0) | busy | f->moving;
}

static uint8_t data_read(Fdc *f)
{
    if (!f->result_len) {
        guest_log("fdc: read of the data register, and there is no result");
        return 0xff;
    }
    uint8_t value = f->result[f->result_read++];
    if (f->result_read == f->result_len) {
        f->result_len = f->result_read = 0;
    }
    return value;
}

uint8_t fdc_read(Fdc *f, unsigned reg)
{
    switch (reg) {
    case 2:
        return f->dor;
    case 3:
        return f->tdr | 0xfc;
    case 4:
        return status(f);
    case 5:
        return data_read(f);
    case 7:
        return 0x7f;            /* no disk was changed; the other bits are nobody's */
    default:
        return 0xff;
    }
}

void fdc_write(Fdc *f, unsigned reg, uint8_t value)
{
    switch (reg) {
    case 2:
        dor_write(f, value);
        break;
    case 3:
        f->tdr = value & 3;
        break;
    case 4:
        dsr_write(f, value);
        break;
    case 5:
        if ((f->dor & DOR_RUN) && !f->executing && !f->result_len) {
            command_byte(f, value);
        } else {
            guest_log("fdc: byte 0x%02x written while none is taken", value);
        }
        break;
    case 7:
        f->dsr = (f->dsr & ~DSR_RATE) | (value & DSR_RATE);
        break;
    default:
        break;
    }
}

/* ---- life ---- */

void fdc_init(Fdc *f, Clock *clock)
{
    f->clock = clock;
    f->timer = timer_new(clock, CLOCK_VIRTUAL, seeks_done, f);
}

void fdc_free(Fdc *f)
{
    timer_free(f->timer);
}

void fdc_reset(Fdc *f)
{
    f->dor = f->tdr = f->eot = f->perpendicular = 0;
    f->dsr = 2;
    f->lock = false;
    memset(f->specify, 0, sizeof(f->specify));
    reset_core(f);
}

void fdc_post_load(Fdc *f)
{
    const Command *c = f->received ? command_of(f->command[0]) : NULL;
    if (!c || f->received >= c->length) {
        f->received = 0;
    }
    f->result_len = MIN(f->result_len, FDC_MAX_BYTES);
    if (f->result_read >= f->result_len) {
        f->result_len = f->result_read = 0;
    }
    f->moving &= 15;
    f->pending &= 15;
    arm_next(f);
    update_irq(f);
}

const VmField fdc_state[] = {
    VM_U8(Fdc, dor), VM_U8(Fdc, tdr), VM_U8(Fdc, dsr), VM_BUFFER(Fdc, command), VM_U8(Fdc, received),
    VM_BUFFER(Fdc, result), VM_U8(Fdc, result_len), VM_U8(Fdc, result_read), VM_BOOL(Fdc, executing),
    VM_BUFFER(Fdc, specify), VM_U8(Fdc, config), VM_U8(Fdc, pretrk), VM_U8(Fdc, perpendicular),
    VM_U8(Fdc, eot), VM_BOOL(Fdc, lock), VM_BUFFER(Fdc, pcn), VM_BUFFER(Fdc, target), VM_U8(Fdc, moving),
    VM_U8(Fdc, recalibrating), VM_U8(Fdc, pending), VM_BUFFER(Fdc, st0), VM_ARRAY(Fdc, done_at),
    { 0 }
};
