/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audio/pace.h"
#include <glib.h>

#define SECOND 1000000000
#define MOST_LATE (SECOND / 5)

void audio_pace_start(AudioPace *p, int64_t now, uint32_t rate)
{
    *p = (AudioPace){ .base = now, .rate = rate };
}

int64_t audio_pace_when(const AudioPace *p, uint32_t frames)
{
    return p->base + (((int64_t)p->done + frames) * SECOND + p->rate - 1) / p->rate;
}

uint32_t audio_pace_due(AudioPace *p, int64_t now)
{
    int64_t late = now - audio_pace_when(p, 0);
    if (late > MOST_LATE) {
        p->base += late - MOST_LATE;
    }
    int64_t since = MAX(now - p->base, 0);      /* less than two seconds */
    return (uint32_t)MAX(since * p->rate / SECOND - p->done, 0);
}

void audio_pace_did(AudioPace *p, uint32_t frames)
{
    p->done += frames;
    while (p->done >= p->rate) {
        p->done -= p->rate;
        p->base += SECOND;
    }
}
