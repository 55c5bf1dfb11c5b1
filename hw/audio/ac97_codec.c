/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An AC '97 codec of the STAC9700's kind with variable rates. Follows the Audio Codec '97 Component
 * Specification, revision 2.1: sections 5.7 (mixer) and A.2 (variable rates), with a dedicated microphone
 * ADC.
 *
 * What is played passes the PCM out and master volumes; what is recorded, the record select and the record
 * gains. The host's sound comes in at the microphone and the line inputs. Not modelled: that other inputs and
 * what is played can be recorded, loopback, tone, 3D, the beeper, and a second codec.
 */
#include <math.h>
#include "hw/audio/ac97_internal.h"

#define MUTE 0x8000u
#define RATE 48000
#define RATE_MIN 8000
enum { EXT_VRA = 0x0001, EXT_VRM = 0x0008, EXT_MADC = 0x0200, EXT_PRL = 0x4000 };
enum { PR0 = 0x0100, PR1 = 0x0200, PR2 = 0x0400, PR3 = 0x0800, PR4 = 0x1000 };  /* what is without power */

static uint16_t codec(const Ac97 *a, unsigned reg)
{
    return a->codec[reg / 2];
}

/* ---- volumes ---- */

/* From steps of 1.5 dB. */
static float factor(int steps)
{
    return powf(10.0f, (float)steps * 1.5f / 20.0f);
}

static void apply_play(Ac97 *a)
{
    unsigned master = codec(a, AC97_MASTER), pcm = codec(a, AC97_PCM);
    bool silent = (master | pcm) & MUTE || codec(a, AC97_POWER) & (PR1 | PR2 | PR3);
    int left = 8 - (int)(pcm >> 8 & 31) - (int)(master >> 8 & 31);
    int right = 8 - (int)(pcm & 31) - (int)(master & 31);
    audio_voice_set_volume(a->ch[AC97_PO].voice, silent ? 0 : factor(left), silent ? 0 : factor(right));
}

/* Of a side: only the microphone (0) and the line inputs (4) are connected. */
static float record_factor(const Ac97 *a, unsigned shift)
{
    unsigned source = codec(a, AC97_RECORD_SELECT) >> shift & 7, gain = codec(a, AC97_RECORD_GAIN);
    bool silent = gain & MUTE || (source != 0 && source != 4) || codec(a, AC97_POWER) & (PR0 | PR3);
    return silent ? 0 : factor((int)(gain >> shift & 15));
}

void ac97_codec_apply_volumes(Ac97 *a)
{
    unsigned mic = codec(a, AC97_MIC_GAIN);
    bool silent = mic & MUTE || codec(a, AC97_EXTENDED) & EXT_PRL || codec(a, AC97_POWER) & PR3;
    float f = silent ? 0 : factor((int)(mic & 15));
    apply_play(a);
    audio_voice_set_volume(a->ch[AC97_PI].voice, record_factor(a, 8), record_factor(a, 0));
    audio_voice_set_volume(a->ch[AC97_MC].voice, f, f);
}

/* ---- registers ---- */

static void volume_written(Device *dev, const Reg *reg, uint64_t value)
{
    ac97_codec_apply_volumes((Ac97 *)dev);
}

/* A sixth bit of attenuation, which this one has not, means the most that it has. */
static void master_written(Device *dev, const Reg *reg, uint64_t value)
{
    Ac97 *a = (Ac97 *)dev;
    uint16_t *r = &a->codec[reg->addr / 2];
    *r = (uint16_t)((*r & 0x9f1f) | (*r & 0x2000 ? 0x1f00 : 0) | (*r & 0x0020 ? 0x1f : 0));
    ac97_codec_apply_volumes(a);
}

static void reset_written(Device *dev, const Reg *reg, uint64_t value)
{
    ac97_codec_reset((Ac97 *)dev);
}

static uint64_t power_read(Device *dev, const Reg *reg)
{
    unsigned v = codec((Ac97 *)dev, AC97_POWER);
    return v | (v & (PR0 | PR3) ? 0 : 1) | (v & (PR1 | PR3) ? 0 : 2) | (v & (PR2 | PR3) ? 0 : 4) |
           (v & PR3 ? 0 : 8);
}

static uint64_t extended_read(Device *dev, const Reg *reg)
{
    unsigned v = codec((Ac97 *)dev, AC97_EXTENDED);
    return v | (v & EXT_PRL ? 0 : EXT_MADC);
}

static void rates_changed(Ac97 *a)
{
    for (unsigned i = 0; i < AC97_CHANNELS; i++) {
        ac97_channel_rate_changed(&a->ch[i]);
    }
}

static void set_rate(Ac97 *a, unsigned reg, unsigned rate)
{
    unsigned enable = reg == AC97_MIC_RATE ? EXT_VRM : EXT_VRA;
    bool variable = codec(a, AC97_EXTENDED) & enable;
    a->codec[reg / 2] = (uint16_t)(variable ? CLAMP(rate, RATE_MIN, RATE) : RATE);
}

static void extended_written(Device *dev, const Reg *reg, uint64_t value)
{
    Ac97 *a = (Ac97 *)dev;
    static const unsigned rates[] = { AC97_DAC_RATE, AC97_ADC_RATE, AC97_MIC_RATE };
    for (unsigned i = 0; i < G_N_ELEMENTS(rates); i++) {
        set_rate(a, rates[i], codec(a, rates[i]));
    }
    rates_changed(a);
    ac97_codec_apply_volumes(a);
}

static void rate_written(Device *dev, const Reg *reg, uint64_t value)
{
    Ac97 *a = (Ac97 *)dev;
    set_rate(a, reg->addr, codec(a, reg->addr));
    rates_changed(a);
}

unsigned ac97_codec_rate(const Ac97 *a, unsigned channel)
{
    static const uint8_t regs[] = { [AC97_PI] = AC97_ADC_RATE, [AC97_PO] = AC97_DAC_RATE,
                                    [AC97_MC] = AC97_MIC_RATE };
    return codec(a, regs[channel]);
}

#define CODEC(reg) AT(Ac97, codec[(reg) / 2])
#define VOLUME(reg, name) { reg, name, 0x8808, 0x9f1f, 0, CODEC(reg) }

const Reg ac97_codec_regs[] = {
    /* What RESET says: a dedicated microphone ADC, and nothing else that may be there. */
    { AC97_RESET, "RESET", 0x0001, 0, 0, CODEC(AC97_RESET), .written = reset_written },
    { AC97_MASTER, "MASTER", 0x8000, 0xbf3f, 0, CODEC(AC97_MASTER), .written = master_written },
    { AC97_MASTER_MONO, "MASTER_MONO", 0x8000, 0x803f, 0, CODEC(AC97_MASTER_MONO),
      .written = master_written },
    { AC97_BEEP, "BEEP", 0x0000, 0x801e, 0, CODEC(AC97_BEEP) },
    { AC97_PHONE, "PHONE", 0x8008, 0x801f, 0, CODEC(AC97_PHONE) },
    { AC97_MIC, "MIC", 0x8008, 0x805f, 0, CODEC(AC97_MIC) },
    VOLUME(AC97_LINE, "LINE"), VOLUME(AC97_CD, "CD"), VOLUME(AC97_VIDEO, "VIDEO"), VOLUME(AC97_AUX, "AUX"),
    { AC97_PCM, "PCM", 0x8808, 0x9f1f, 0, CODEC(AC97_PCM), .written = volume_written },
    { AC97_RECORD_SELECT, "RECORD_SELECT", 0x0000, 0x0707, 0, CODEC(AC97_RECORD_SELECT),
      .written = volume_written },
    { AC97_RECORD_GAIN, "RECORD_GAIN", 0x8000, 0x8f0f, 0, CODEC(AC97_RECORD_GAIN),
      .written = volume_written },
    { AC97_MIC_GAIN, "MIC_GAIN", 0x8000, 0x800f, 0, CODEC(AC97_MIC_GAIN), .written = volume_written },
    { AC97_GENERAL, "GENERAL", 0x0000, 0x0300, 0, CODEC(AC97_GENERAL) },
    { AC97_POWER, "POWER", 0x0000, 0xff00, 0, CODEC(AC97_POWER), .read = power_read,
      .written = volume_written },
    { AC97_EXTENDED_ID, "EXTENDED_ID", EXT_VRA | EXT_VRM, 0, 0, CODEC(AC97_EXTENDED_ID) },
    { AC97_EXTENDED, "EXTENDED", 0x0000, EXT_VRA | EXT_VRM | EXT_PRL, 0, CODEC(AC97_EXTENDED),
      .read = extended_read, .written = extended_written },
    { AC97_DAC_RATE, "DAC_RATE", RATE, 0xffff, 0, CODEC(AC97_DAC_RATE), .written = rate_written },
    { AC97_ADC_RATE, "ADC_RATE", RATE, 0xffff, 0, CODEC(AC97_ADC_RATE), .written = rate_written },
    { AC97_MIC_RATE, "MIC_RATE", RATE, 0xffff, 0, CODEC(AC97_MIC_RATE), .written = rate_written },
    { AC97_VENDOR1, "VENDOR1", 0x8384, 0, 0, CODEC(AC97_VENDOR1) },
    { AC97_VENDOR2, "VENDOR2", 0x7600, 0, 0, CODEC(AC97_VENDOR2) },
    { 0 }
};

void ac97_codec_reset(Ac97 *a)
{
    reg_reset(&a->pci.dev);
    rates_changed(a);
    ac97_codec_apply_volumes(a);
}

/* ---- the way to it ---- */

bool ac97_codec_ready(const Ac97 *a)
{
    return (a->glob_cnt & CNT_COLD) && !(codec(a, AC97_POWER) & PR4);
}

static bool reaches(const Ac97 *a, PhysAddr addr)
{
    return addr < sizeof(a->codec) && ac97_codec_ready(a);
}

static uint64_t nam_read(void *opaque, PhysAddr addr, unsigned size)
{
    Ac97 *a = opaque;
    a->cas = 0;
    if (!reaches(a, addr)) {
        a->glob_sta |= STA_RCS;         /* nobody answers: the second codec, or one in reset */
        return size == 1 ? 0xff : 0xffff;
    }
    return reg_read(&a->pci.dev, (uint32_t)addr, size);
}

static void nam_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Ac97 *a = opaque;
    a->cas = 0;
    if (reaches(a, addr)) {
        reg_write(&a->pci.dev, (uint32_t)addr, value, size);
    }
}

const MemOps ac97_nam_ops = { .read = nam_read, .write = nam_write, .max_size = 2,
                               .traces_itself = true };
