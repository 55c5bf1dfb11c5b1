/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When samples are due: a sample clock that follows the virtual clock exactly over any length of time. Who is
 * late makes up for it; what is very late was not played: the sample clock stood.
 */
#ifndef AUDIO_PACE_H
#define AUDIO_PACE_H

#include <stdint.h>

typedef struct {
    int64_t base;           /* ns of the virtual clock */
    uint32_t done;          /* frames since base; less than rate */
    uint32_t rate;          /* frames a second */
} AudioPace;

/* A frame is due 1 / rate after now. */
void audio_pace_start(AudioPace *p, int64_t now, uint32_t rate);
/* Frames to do by now: at most a fifth of a second. */
uint32_t audio_pace_due(AudioPace *p, int64_t now);
/* That many of them were done. */
void audio_pace_did(AudioPace *p, uint32_t frames);
/* When that many (at most rate) will be due, ns. */
int64_t audio_pace_when(const AudioPace *p, uint32_t frames);

#endif
