/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several voices into one stream. Each has its own place in a ring of what is to be heard; what all of those
 * that run have passed goes to the driver. So nobody's clock is needed here: the cards have one, the virtual
 * clock. A voice that runs and gives nothing for some time is not waited for.
 */
#include <string.h>
#include "audio/backend.h"

#define CAPACITY_MS 400
#define WAIT_MS 100

void audio_mix_init(Audiodev *dev)
{
    dev->capacity = dev->out.rate * CAPACITY_MS / 1000;
    dev->mix = g_new0(float, dev->capacity * dev->out.channels);
    dev->bytes = g_malloc(dev->capacity * dev->out.channels * audio_format_bytes(dev->out.format));
    dev->in_capacity = dev->in.rate * CAPACITY_MS / 1000;
    dev->recorded = g_new0(float, dev->in_capacity * dev->in.channels);
}

void audio_mix_clear(Audiodev *dev)
{
    g_free(dev->mix);
    g_free(dev->bytes);
    g_free(dev->recorded);
}

/* The driver gets everything before frame to. */
static void give(Audiodev *dev, uint64_t to)
{
    unsigned channels = dev->out.channels;
    while (dev->head < to) {
        size_t at = (size_t)(dev->head % dev->capacity);
        size_t frames = (size_t)MIN(to - dev->head, dev->capacity - at), samples = frames * channels;
        float *piece = dev->mix + at * channels;
        audio_from_float(dev->out.format, dev->bytes, piece, samples);
        memset(piece, 0, samples * sizeof(float));
        dev->driver->write(dev, dev->bytes, samples * audio_format_bytes(dev->out.format));
        dev->head += frames;
    }
}

void audio_mix_flush(Audiodev *dev)
{
    uint64_t to = dev->top, wait = dev->out.rate * WAIT_MS / 1000;
    for (guint i = 0; i < dev->voices->len; i++) {
        const AudioVoice *v = g_ptr_array_index(dev->voices, i);
        if (v->running && v->heard && v->direction == AUDIO_PLAY && dev->top - v->at < wait) {
            to = MIN(to, v->at);
        }
    }
    give(dev, to);
}

void audio_mix_join(AudioVoice *v)
{
    v->at = v->dev->head;
}

void audio_mix_add(AudioVoice *v, const float *frames, size_t count)
{
    Audiodev *dev = v->dev;
    unsigned channels = dev->out.channels;
    v->at = MAX(v->at, dev->head);          /* others have not waited */
    while (count) {
        size_t at = (size_t)(v->at % dev->capacity);
        size_t n = MIN(count, dev->capacity - at);
        if (v->at + n > dev->head + dev->capacity) {
            give(dev, v->at + n - dev->capacity);
        }
        float *to = dev->mix + at * channels;
        for (size_t i = 0; i < n * channels; i++) {
            to[i] += frames[i];
        }
        frames += n * channels;
        count -= n;
        v->at += n;
        dev->top = MAX(dev->top, v->at);
    }
}
