/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audio/pace.h"
#include <glib.h>

#define SECOND 1000000000
#define MOST_LATE (SECOND / 5)      /* what is later than that is forgotten */

void audio_pace_start(AudioPace *p, int64_t now, uint32_t rate)
{
    *p = (AudioPace){ .base = now, .last = now, .rate = rate };
}

static int64_t frames_in(const AudioPace *p, int64_t ns)
{
    return ns / SECOND * p->rate + ns % SECOND * p->rate / SECOND;
}

/* The moment at which a frame is done that has that number since base. */
static int64_t moment(const AudioPace *p, int64_t frame)
{
    return p->base + (frame * SECOND + p->rate - 1) / p->rate;
}

uint32_t audio_pace_due(AudioPace *p, int64_t now, int64_t period)
{
    int64_t late = now - moment(p, p->done);
    if (late > MOST_LATE) {
        p->base += late - MOST_LATE;
    }
    /* Half as fast again, of the time that would have gone by had nobody been late. */
    int64_t most = frames_in(p, CLAMP(now - p->last, 0, period) * 3 / 2) + 1;
    int64_t due = frames_in(p, MAX(now - p->base, 0)) - p->done;
    p->last = now;
    return (uint32_t)CLAMP(due, 0, most);
}

void audio_pace_did(AudioPace *p, uint32_t frames)
{
    p->done += frames;
    while (p->done >= p->rate) {
        p->done -= p->rate;
        p->base += SECOND;
    }
}

int64_t audio_pace_when(const AudioPace *p, int64_t now, uint32_t frames)
{
    int64_t shortest = (int64_t)frames * SECOND / p->rate * 2 / 3;
    return MAX(moment(p, (int64_t)p->done + frames), now + shortest);
}
