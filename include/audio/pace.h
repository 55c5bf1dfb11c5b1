/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When samples are due: a sample clock that follows the virtual clock exactly over any length of time. What
 * is late is caught up gently, since the guest needs its time for each buffer; what is very late was not
 * played: the sample clock stood.
 */
#ifndef AUDIO_PACE_H
#define AUDIO_PACE_H

#include <stdint.h>

typedef struct {
    int64_t base;           /* ns of the virtual clock */
    int64_t last;           /* ns: when audio_pace_due was asked last */
    uint32_t done;          /* frames since base; less than rate */
    uint32_t rate;          /* frames a second */
} AudioPace;

/* A frame is due 1 / rate after now. */
void audio_pace_start(AudioPace *p, int64_t now, uint32_t rate);
/* Frames to do now, in steps that are asked for each period ns at least. */
uint32_t audio_pace_due(AudioPace *p, int64_t now, int64_t period);
/* That many of them were done. */
void audio_pace_did(AudioPace *p, uint32_t frames);
/* When that many (at most rate) will be due, ns: not before now, and not at once for those that are late. */
int64_t audio_pace_when(const AudioPace *p, int64_t now, uint32_t frames);

#endif
