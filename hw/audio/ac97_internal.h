/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the AC'97 card share. Machine lock held for all. */
#ifndef HW_AUDIO_AC97_INTERNAL_H
#define HW_AUDIO_AC97_INTERNAL_H

#include "audio/audio.h"
#include "audio/pace.h"
#include "hw/pci/pci.h"

/* Registers of the codec. */
enum {
    AC97_RESET = 0x00, AC97_MASTER = 0x02, AC97_MASTER_MONO = 0x06, AC97_BEEP = 0x0a, AC97_PHONE = 0x0c,
    AC97_MIC = 0x0e, AC97_LINE = 0x10, AC97_CD = 0x12, AC97_VIDEO = 0x14, AC97_AUX = 0x16, AC97_PCM = 0x18,
    AC97_RECORD_SELECT = 0x1a, AC97_RECORD_GAIN = 0x1c, AC97_MIC_GAIN = 0x1e, AC97_GENERAL = 0x20,
    AC97_POWER = 0x26, AC97_EXTENDED_ID = 0x28, AC97_EXTENDED = 0x2a, AC97_DAC_RATE = 0x2c,
    AC97_ADC_RATE = 0x32, AC97_MIC_RATE = 0x34, AC97_VENDOR1 = 0x7c, AC97_VENDOR2 = 0x7e,
};

/* Bus masters, in the order of their registers. */
enum { AC97_PI, AC97_PO, AC97_MC, AC97_CHANNELS };

enum { SR_DCH = 1, SR_CELV = 2, SR_LVBCI = 4, SR_BCIS = 8, SR_FIFOE = 0x10, SR_W1C = 0x1c };
enum { CR_RPBM = 1, CR_RR = 2, CR_LVBIE = 4, CR_FEIE = 8, CR_IOCE = 0x10, CR_MASK = 0x1f };
enum { CNT_GIE = 1, CNT_COLD = 2, CNT_WARM = 4, CNT_MASK = 0x3b };   /* COLD: 0 holds the codec in reset */
enum { STA_PI = 0x20, STA_PO = 0x40, STA_MC = 0x80, STA_PCR = 0x100, STA_RCS = 0x8000 };

typedef struct Ac97 Ac97;

typedef struct {
    uint32_t bdbar;
    uint8_t civ, lvi, piv, cr;
    uint16_t sr, picb;
    /* The descriptor of civ. */
    bool loaded;                /* and not at its end */
    uint32_t addr;              /* of the next sample */
    uint16_t flags;             /* its upper bits */
    uint16_t length;            /* samples of the whole buffer */
    int16_t last[2];            /* the last frame that was played */
    /* Not saved: */
    Ac97 *card;
    unsigned index, samples;    /* samples: of a frame */
    AudioVoice *voice;
    Timer *timer;
    AudioPace pace;
    bool patient;               /* the guest answers interrupts: it will be waited for */
    bool waits;                 /* for it, before the next buffer begins */
    int64_t faded;              /* ns: until when a last sample that is held is heard */
    int64_t irq_at;             /* ns: when BCIS was set, or answered late; or it began */
} Ac97Channel;

struct Ac97 {
    PciDevice pci;
    uint16_t codec[64];
    Ac97Channel ch[AC97_CHANNELS];
    uint32_t glob_cnt, glob_sta;    /* glob_sta: what is not read off other registers */
    uint8_t cas;                    /* bit 0: somebody is about to access the codec */
    char *audiodev;
    MemRegion *nam, *nabm;
};

/* ---- ac97.c ---- */
void ac97_update_irq(Ac97 *a);

/* ---- ac97_codec.c ---- */
extern const Reg ac97_codec_regs[];
extern const MemOps ac97_nam_ops;
/* Its registers to their reset values. */
void ac97_codec_reset(Ac97 *a);
/* Whether the link to it runs. */
bool ac97_codec_ready(const Ac97 *a);
/* Frames a second of a channel. */
unsigned ac97_codec_rate(const Ac97 *a, unsigned channel);
/* Gives the voices the volumes that the registers have. */
void ac97_codec_apply_volumes(Ac97 *a);

/* ---- ac97_dma.c ---- */
extern const VmField ac97_channel_state[];
bool ac97_channel_init(Ac97 *a, unsigned index, const char *audiodev, GError **err);
void ac97_channel_clear(Ac97Channel *c);
/* Registers to their reset values; with_enables: also what enables interrupts. */
void ac97_channel_reset(Ac97Channel *c, bool with_enables);
/* Moves what is due by now. */
void ac97_channel_run(Ac97Channel *c);
/* The codec's rate is another now. */
void ac97_channel_rate_changed(Ac97Channel *c);
/* After a load: runs on. False when the registers cannot be so. */
bool ac97_channel_post_load(Ac97Channel *c);
/* Byte at of its 16; reading has no effect. */
uint8_t ac97_channel_read(const Ac97Channel *c, unsigned at);
void ac97_channel_write(Ac97Channel *c, unsigned at, uint8_t value);
bool ac97_channel_irq(const Ac97Channel *c);

#endif
