/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bus master of the AC'97 controller: a ring of 32 buffer descriptors, walked at the codec's rate. See
 * ac97.c for the manual.
 *
 * Nothing runs while nothing is played: a timer is armed for the next buffer's end that interrupts, or for
 * the next time at which the host should get something. While the interrupt of a buffer's end is unanswered
 * the next buffer does not begin, for some time; and who is late ends a buffer no sooner than after half of
 * its time. So a host on which the guest stands for a moment makes no gap, and a guest that stops at the
 * end of a buffer has not played more than it wanted. One that answers no interrupts is not waited for.
 */
#include <string.h>
#include "hw/audio/ac97_internal.h"
#include "util/bits.h"
#include "util/log.h"

#define RING 32u
#define PIECE 512u                  /* frames that are moved at a time */
#define PATIENCE_NS 50000000        /* how long an interrupt may be unanswered */
#define SHORT_NS 2000000            /* interrupts that follow each other sooner are not waited for */
#define TICK_NS 500000              /* the timer's shortest time */
#define FADE 64u                    /* frames in which a last sample that is held goes to 0 */
enum { BD_IOC = 0x8000, BD_BUP = 0x4000 };

static int64_t now_ns(const Ac97Channel *c)
{
    return clock_now(c->card->pci.dev.machine->clock, CLOCK_VIRTUAL);
}

static bool runs(const Ac97Channel *c)
{
    return (c->cr & CR_RPBM) && c->loaded;
}

bool ac97_channel_irq(const Ac97Channel *c)
{
    return ((c->sr & SR_LVBCI) && (c->cr & CR_LVBIE)) || ((c->sr & SR_BCIS) && (c->cr & CR_IOCE)) ||
           ((c->sr & SR_FIFOE) && (c->cr & CR_FEIE));
}

/* ---- descriptors ---- */

static void halt(Ac97Channel *c)
{
    c->sr |= SR_DCH;
    c->loaded = false;
}

/* Goes on to the buffer that is next and reads its descriptor. */
static void advance(Ac97Channel *c)
{
    uint8_t desc[8];
    c->civ = c->piv;
    c->piv = (uint8_t)((c->piv + 1) % RING);
    if (!pci_dma_read(&c->card->pci, c->bdbar + c->civ * 8u, desc, sizeof(desc))) {
        guest_log("AC97: descriptor %u at 0x%08x cannot be read", c->civ, c->bdbar + c->civ * 8u);
        halt(c);
        return;
    }
    c->addr = (uint32_t)load_le(desc, 4) & ~1u;
    c->picb = c->length = (uint16_t)load_le(desc + 4, 2);
    c->flags = (uint16_t)load_le(desc + 6, 2);
    c->loaded = true;
    c->sr &= (uint16_t)~(SR_DCH | SR_CELV);
}

/* After the last buffer the last sample stays, unless the guest wants silence. The output is coupled to the
 * world by a capacitor, so it goes to 0 soon. */
static void hold_last(Ac97Channel *c)
{
    int16_t fade[2 * FADE];
    for (unsigned i = 0; i < 2 * FADE; i++) {
        fade[i] = (int16_t)(c->last[i & 1] * (int)(FADE - i / 2) / (int)(FADE + 1));
    }
    /* What is heard takes no less time than it lasts. */
    if ((c->last[0] || c->last[1]) && now_ns(c) >= c->faded) {
        c->faded = now_ns(c) + FADE * INT64_C(1000000000) / c->pace.rate;
        audio_voice_play(c->voice, fade, FADE);
    }
}

static void complete(Ac97Channel *c)
{
    if (c->flags & BD_IOC) {
        int64_t now = now_ns(c);
        c->waits = c->patient && (c->cr & CR_IOCE) && now - c->irq_at >= SHORT_NS;
        c->sr |= SR_BCIS;
        c->irq_at = now;
    }
    if (c->civ != c->lvi) {
        advance(c);
        return;
    }
    c->sr |= SR_LVBCI | SR_CELV;
    halt(c);
    if (c->index == AC97_PO && !(c->flags & BD_BUP)) {
        hold_last(c);
    }
}

/* ---- samples ---- */

/* Whether the next buffer has to wait for the guest. */
static bool must_wait(Ac97Channel *c)
{
    if (c->waits && (!(c->sr & SR_BCIS) || now_ns(c) - c->irq_at >= PATIENCE_NS)) {
        c->waits = false;
        c->patient = !(c->sr & SR_BCIS);
    }
    return c->waits;
}

/* The soonest end of the buffer, ns: nothing is hurried where the guest does not care. */
static int64_t soonest_end(const Ac97Channel *c)
{
    int64_t length = (int64_t)(c->length / c->samples) * 1000000000 / c->pace.rate;
    bool matters = (c->flags & BD_IOC) && (c->cr & CR_IOCE) && length >= SHORT_NS;
    return matters ? c->irq_at + length / 2 : INT64_MIN;
}

static bool move_out(Ac97Channel *c, int16_t *samples, unsigned frames)
{
    unsigned count = frames * c->samples;
    bool good = pci_dma_read(&c->card->pci, c->addr, samples, count * 2);
    for (unsigned i = 0; good && i < count; i++) {
        samples[i] = (int16_t)load_le(&samples[i], 2);
    }
    if (good) {
        c->last[0] = samples[count - 2];
        c->last[1] = samples[count - 1];
        audio_voice_play(c->voice, samples, frames);
    }
    return good;
}

static bool move_in(Ac97Channel *c, int16_t *samples, unsigned frames)
{
    unsigned count = frames * c->samples;
    audio_voice_record(c->voice, samples, frames);
    for (unsigned i = 0; i < count; i++) {
        store_le(&samples[i], 2, (uint16_t)samples[i]);
    }
    return pci_dma_write(&c->card->pci, c->addr, samples, count * 2);
}

/* Frames of the current buffer, which has some. */
static void move(Ac97Channel *c, unsigned frames)
{
    int16_t samples[2 * PIECE];
    if (!(c->index == AC97_PO ? move_out(c, samples, frames) : move_in(c, samples, frames))) {
        guest_log("AC97: %u frames at 0x%08x are no memory", frames, c->addr);
    }
    c->addr += frames * c->samples * 2;
    c->picb = (uint16_t)(c->picb - frames * c->samples);
    audio_pace_did(&c->pace, frames);
}

static void step(Ac97Channel *c, uint32_t due)
{
    unsigned empty = 0;
    while (runs(c) && empty <= RING) {
        unsigned frames = MIN(MIN(c->picb / c->samples, due), PIECE);
        bool ends = frames == c->picb / c->samples;
        if (ends && soonest_end(c) > now_ns(c)) {
            ends = false;
            frames -= frames > 0;
        }
        if (must_wait(c) || (frames == 0 && !ends)) {
            return;
        }
        empty = frames ? 0 : empty + 1;
        if (frames) {
            move(c, frames);
            due -= frames;
        }
        if (ends) {
            c->picb = 0;            /* half a frame too */
            complete(c);
        }
    }
}

/* ---- time ---- */

static void arm(Ac97Channel *c)
{
    if (!runs(c)) {
        timer_cancel(c->timer);
        return;
    }
    if (c->waits) {
        timer_arm(c->timer, c->irq_at + PATIENCE_NS);
        return;
    }
    int64_t when = now_ns(c) + TICK_NS;
    uint32_t frames = (uint32_t)(audio_voice_period(c->voice) * c->pace.rate / 1000000000);
    if ((c->flags & BD_IOC) && c->picb / c->samples <= frames) {
        frames = c->picb / c->samples;
        when = MAX(when, soonest_end(c));
    }
    timer_arm(c->timer, MAX(when, audio_pace_when(&c->pace, frames)));
}

static void settle(Ac97Channel *c)
{
    audio_voice_run(c->voice, runs(c));
    arm(c);
    ac97_update_irq(c->card);
}

void ac97_channel_run(Ac97Channel *c)
{
    if (runs(c)) {
        step(c, audio_pace_due(&c->pace, now_ns(c)));
        settle(c);
    }
}

static void timer_fired(void *opaque)
{
    ac97_channel_run(opaque);
}

static void begin(Ac97Channel *c)
{
    unsigned rate = ac97_codec_rate(c->card, c->index);
    audio_voice_set_form(c->voice, rate, c->samples);
    audio_pace_start(&c->pace, now_ns(c), rate);
    c->patient = c->waits = false;
    c->irq_at = now_ns(c) - SHORT_NS;
    settle(c);
}

void ac97_channel_rate_changed(Ac97Channel *c)
{
    if (c->pace.rate != ac97_codec_rate(c->card, c->index)) {
        ac97_channel_run(c);                /* at the rate that was */
        begin(c);
    }
}

/* ---- registers ---- */

static void start_or_stop(Ac97Channel *c, uint8_t old)
{
    if (!(c->cr & CR_RPBM)) {
        c->sr |= SR_DCH;
        settle(c);
        return;
    }
    if (old & CR_RPBM) {
        return;
    }
    if (c->loaded) {
        c->sr &= (uint16_t)~SR_DCH;         /* it was paused */
    } else if (!(c->sr & SR_CELV) || c->civ != c->lvi) {
        advance(c);
    }
    begin(c);
}

static void write_control(Ac97Channel *c, uint8_t value)
{
    uint8_t old = c->cr;
    if ((old & CR_RPBM) && !(value & CR_RPBM)) {
        ac97_channel_run(c);                /* what has been played by now */
    }
    c->cr = value & CR_MASK & ~CR_RR;
    if (value & CR_RR) {
        if (value & CR_RPBM) {
            guest_log("AC97: a channel is reset while it runs");
        }
        ac97_channel_reset(c, false);
        return;
    }
    start_or_stop(c, old);
    ac97_update_irq(c->card);
}

static void write_last_valid(Ac97Channel *c, uint8_t value)
{
    c->lvi = value % RING;
    if ((c->cr & CR_RPBM) && !c->loaded) {
        advance(c);
        begin(c);
    }
}

void ac97_channel_write(Ac97Channel *c, unsigned at, uint8_t value)
{
    if (at < 4) {
        uint32_t mask = 0xffu << 8 * at;
        c->bdbar = ((c->bdbar & ~mask) | (uint32_t)value << 8 * at) & ~7u;
    } else if (at == 5) {
        write_last_valid(c, value);
    } else if (at == 6) {
        bool answered = value & c->sr & SR_BCIS;
        c->sr &= (uint16_t)~(value & SR_W1C);
        if (answered) {
            c->irq_at = c->waits ? now_ns(c) : c->irq_at;       /* the next buffer's time begins now */
            c->patient = true;
            c->waits = false;
            arm(c);
        }
        ac97_update_irq(c->card);
    } else if (at == 11) {
        write_control(c, value);
    }
}

uint8_t ac97_channel_read(const Ac97Channel *c, unsigned at)
{
    switch (at) {
    case 0: case 1: case 2: case 3:
        return (uint8_t)(c->bdbar >> 8 * at);
    case 4:
        return c->civ;
    case 5:
        return c->lvi;
    case 6:
        return (uint8_t)c->sr;
    case 8: case 9:
        return (uint8_t)(c->picb >> 8 * (at - 8));
    case 10:
        return c->piv;
    case 11:
        return c->cr;
    default:
        return 0;
    }
}

/* ---- life ---- */

bool ac97_channel_init(Ac97 *a, unsigned index, const char *audiodev, GError **err)
{
    Machine *m = a->pci.dev.machine;
    Ac97Channel *c = &a->ch[index];
    c->card = a;
    c->index = index;
    c->samples = index == AC97_MC ? 1 : 2;
    c->voice = audio_voice_new(m->audio, audiodev, device_name(&a->pci.dev),
                               index == AC97_PO ? AUDIO_PLAY : AUDIO_RECORD, err);
    c->timer = timer_new(m->clock, CLOCK_VIRTUAL, timer_fired, c);
    audio_pace_start(&c->pace, 0, 48000);
    return c->voice;
}

void ac97_channel_clear(Ac97Channel *c)
{
    audio_voice_free(c->voice);
    if (c->timer) {
        timer_free(c->timer);
    }
}

void ac97_channel_reset(Ac97Channel *c, bool with_enables)
{
    c->bdbar = 0;
    c->civ = c->lvi = c->piv = 0;
    c->cr &= with_enables ? 0 : CR_LVBIE | CR_FEIE | CR_IOCE;
    c->sr = SR_DCH;
    c->picb = c->length = c->flags = 0;
    c->addr = 0;
    c->loaded = false;
    memset(c->last, 0, sizeof(c->last));
    begin(c);
}

bool ac97_channel_post_load(Ac97Channel *c)
{
    bool good = c->civ < RING && c->lvi < RING && c->piv < RING && !(c->cr & ~(CR_MASK & ~CR_RR)) &&
                !(c->sr & ~(SR_W1C | SR_DCH | SR_CELV)) && !(c->bdbar & 7);
    if (good) {
        begin(c);
    }
    return good;
}

const VmField ac97_channel_state[] = {
    VM_U32(Ac97Channel, bdbar), VM_U8(Ac97Channel, civ), VM_U8(Ac97Channel, lvi), VM_U8(Ac97Channel, piv),
    VM_U8(Ac97Channel, cr), VM_U16(Ac97Channel, sr), VM_U16(Ac97Channel, picb), VM_BOOL(Ac97Channel, loaded),
    VM_U32(Ac97Channel, addr), VM_U16(Ac97Channel, flags), VM_U16(Ac97Channel, length),
    VM_ARRAY(Ac97Channel, last),
    { 0 }
};
