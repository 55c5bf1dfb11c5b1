/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream of a card: its samples in the rate and channels of the host's end, or the other way round. */
#include <string.h>
#include "audio/backend.h"
#include "util/error.h"

#define PIECE 1024                      /* frames that are converted at a time */
#define QUALITY 5                       /* of speexdsp's, from 0 to 10 */
#define MOST_WAITING_MS 200             /* of what was recorded and nobody asked for */
#define MOST_MADE (4 * PIECE)           /* of an eighth of a piece: 24 times its rate, at most */
#define PERIOD 10000000                 /* ns, where there is no audiodev */

static bool plays(const AudioVoice *v)
{
    return v->dev && v->dev->driver->write;
}

static bool records(const AudioVoice *v)
{
    return v->dev && v->dev->driver->read;
}

static Audiodev *find(AudioSet *set, const char *id, const char *device, GError **err)
{
    for (guint i = 0; i < set->devs->len; i++) {
        Audiodev *dev = g_ptr_array_index(set->devs, i);
        if (strcmp(dev->id, id) == 0) {
            return dev;
        }
    }
    error_set(err, "%s: audiodev=%s: there is no -audiodev with that id", device, id);
    return NULL;
}

AudioVoice *audio_voice_new(AudioSet *set, const char *id, const char *device, AudioDirection direction,
                            GError **err)
{
    Audiodev *dev = NULL;
    if (id) {
        dev = set ? find(set, id, device, err) : NULL;
        if (!dev) {
            return NULL;
        }
    } else if (set && set->devs->len > 0) {
        dev = g_ptr_array_index(set->devs, 0);
    }
    AudioVoice *v = g_new0(AudioVoice, 1);
    *v = (AudioVoice){ .dev = dev, .direction = direction, .rate = 48000, .channels = 2,
                       .volume = { 1, 1 } };
    if (dev) {
        g_ptr_array_add(dev->voices, v);
    }
    return v;
}

static void forget_conversion(AudioVoice *v)
{
    if (v->resampler) {
        speex_resampler_destroy(v->resampler);
    }
    g_free(v->waiting);
    v->resampler = NULL;
    v->waiting = NULL;
    v->waiting_frames = 0;
}

void audio_voice_free(AudioVoice *v)
{
    if (v) {
        audio_voice_run(v, false);
        if (v->dev) {
            g_ptr_array_remove(v->dev->voices, v);
        }
        forget_conversion(v);
        g_free(v);
    }
}

void audio_voice_set_volume(AudioVoice *v, float left, float right)
{
    v->volume[0] = left;
    v->volume[1] = right;
}

int64_t audio_voice_period(const AudioVoice *v)
{
    return v->dev ? v->dev->period : PERIOD;
}

/* ---- playing ---- */

/* Makes it when it is needed; without delay at the beginning. */
static SpeexResamplerState *resampler(AudioVoice *v, unsigned channels, unsigned from, unsigned to)
{
    if (!v->resampler && from != to) {
        v->resampler = speex_resampler_init(channels, from, to, QUALITY, NULL);
        g_assert(v->resampler);
        speex_resampler_skip_zeros(v->resampler);
    }
    return v->resampler;
}

static void mix(AudioVoice *v, const float *frames, size_t count)
{
    unsigned channels = v->dev->out.channels;
    SpeexResamplerState *r = resampler(v, channels, v->rate, v->dev->out.rate);
    float out[2 * PIECE];
    if (!r) {
        audio_mix_add(v, frames, count);
    }
    while (r && count) {
        spx_uint32_t in = (spx_uint32_t)count, made = PIECE;
        speex_resampler_process_interleaved_float(r, frames, &in, out, &made);
        audio_mix_add(v, out, made);
        frames += in * channels;
        count -= in;
        g_assert(in || made);
    }
}

void audio_voice_play(AudioVoice *v, const int16_t *samples, size_t frames)
{
    float piece[2 * PIECE];
    if (!plays(v)) {
        return;
    }
    if (!v->heard) {
        audio_mix_join(v);
        v->heard = true;
    }
    while (frames) {
        size_t n = MIN(frames, PIECE);
        audio_int16_to_frames(piece, v->dev->out.channels, samples, v->channels, v->volume, n);
        mix(v, piece, n);
        samples += n * v->channels;
        frames -= n;
    }
    audio_mix_flush(v->dev);
}

/* What the resampler still has of the last frames. */
static void drain(AudioVoice *v)
{
    static const float silence[2 * PIECE];
    for (size_t left = v->resampler ? (size_t)speex_resampler_get_input_latency(v->resampler) : 0; left; ) {
        size_t n = MIN(left, PIECE);
        mix(v, silence, n);
        left -= n;
    }
}

/* Whether another voice of the same direction does. */
static bool others_run(const AudioVoice *v)
{
    for (guint i = 0; i < v->dev->voices->len; i++) {
        const AudioVoice *other = g_ptr_array_index(v->dev->voices, i);
        if (other != v && other->running && other->direction == v->direction) {
            return true;
        }
    }
    return false;
}

static void stop_playing(AudioVoice *v)
{
    Audiodev *dev = v->dev;
    if (v->heard) {
        drain(v);
    }
    v->heard = false;
    forget_conversion(v);
    audio_mix_flush(dev);
    if (!others_run(v) && dev->driver->pause) {
        dev->driver->pause(dev);
    }
}

/* ---- recording ---- */

/* What the host has recorded meanwhile: each voice reads it by itself. */
static void take(Audiodev *dev)
{
    unsigned channels = dev->in.channels, size = channels * audio_format_bytes(dev->in.format);
    uint8_t raw[PIECE * 8];
    for (;;) {
        size_t at = (size_t)(dev->taken % dev->in_capacity);
        size_t most = MIN(dev->in_capacity - at, PIECE);
        size_t got = dev->driver->read(dev, raw, most * size) / size;
        if (got == 0) {
            return;
        }
        audio_to_float(dev->in.format, dev->recorded + at * channels, raw, got * channels);
        dev->taken += got;
    }
}

/* Converts until wanted frames wait, or there are no more. */
static void collect(AudioVoice *v, size_t wanted)
{
    const Audiodev *dev = v->dev;
    SpeexResamplerState *r = resampler(v, v->channels, dev->in.rate, v->rate);
    uint64_t most = dev->in.rate * MOST_WAITING_MS / 1000;
    float piece[2 * PIECE];
    if (dev->taken - v->at > most) {
        v->at = dev->taken - most / 2;          /* the card was slower: what is old is lost */
    }
    v->waiting = g_renew(float, v->waiting, (wanted + MOST_MADE) * v->channels);
    while (v->waiting_frames < wanted && v->at < dev->taken) {
        size_t at = (size_t)(v->at % dev->in_capacity);
        size_t n = MIN(MIN(dev->in_capacity - at, dev->taken - v->at), PIECE / 8);
        audio_convert_channels(piece, v->channels, dev->recorded + at * dev->in.channels, dev->in.channels,
                               n);
        float *to = v->waiting + v->waiting_frames * v->channels;
        spx_uint32_t in = (spx_uint32_t)n, made = MOST_MADE;
        if (r) {
            speex_resampler_process_interleaved_float(r, piece, &in, to, &made);
        } else {
            memcpy(to, piece, n * v->channels * sizeof(float));
            made = in;
        }
        v->at += in;
        v->waiting_frames += made;
    }
}

void audio_voice_record(AudioVoice *v, int16_t *samples, size_t frames)
{
    size_t there = 0;
    if (records(v)) {
        take(v->dev);
        collect(v, frames);
        there = MIN(frames, v->waiting_frames);
        audio_frames_to_int16(samples, v->channels, v->waiting, v->volume, there);
        v->waiting_frames -= there;
        memmove(v->waiting, v->waiting + there * v->channels,
                v->waiting_frames * v->channels * sizeof(float));
    }
    memset(samples + there * v->channels, 0, (frames - there) * v->channels * sizeof(int16_t));
}

/* ---- both ---- */

void audio_voice_run(AudioVoice *v, bool running)
{
    if (v->running == running) {
        return;
    }
    v->running = running;
    if (v->direction == AUDIO_PLAY && plays(v) && !running) {
        stop_playing(v);
    }
    if (v->direction == AUDIO_RECORD && records(v)) {
        if (!others_run(v)) {
            v->dev->driver->record(v->dev, running);
        }
        forget_conversion(v);
        v->at = v->dev->taken;
    }
}

void audio_voice_set_form(AudioVoice *v, unsigned rate, unsigned channels)
{
    if (rate == v->rate && channels == v->channels) {
        return;
    }
    if (v->direction == AUDIO_PLAY && plays(v) && v->heard) {
        drain(v);
    }
    forget_conversion(v);
    v->rate = rate;
    v->channels = channels;
}
