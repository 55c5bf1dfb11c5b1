/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples: what formats there are, and floats between -1 and 1. */
#include <math.h>
#include <string.h>
#include "audio/backend.h"

static const struct { const char *name; unsigned bytes; } formats[] = {
    [FORMAT_U8] = { "u8", 1 }, [FORMAT_S8] = { "s8", 1 }, [FORMAT_U16] = { "u16", 2 },
    [FORMAT_S16] = { "s16", 2 }, [FORMAT_U32] = { "u32", 4 }, [FORMAT_S32] = { "s32", 4 },
    [FORMAT_F32] = { "f32", 4 },
};

unsigned audio_format_bytes(AudioFormat format)
{
    return formats[format].bytes;
}

const char *audio_format_name(AudioFormat format)
{
    return formats[format].name;
}

bool audio_format_parse(const char *name, AudioFormat *format)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (strcmp(name, formats[i].name) == 0) {
            *format = (AudioFormat)i;
            return true;
        }
    }
    return false;
}

/* A sample as a signed number of that many bits. */
static inline int32_t scaled(float sample, unsigned bits)
{
    double most = (double)(INT64_C(1) << (bits - 1)), v = (double)sample * most;
    return (int32_t)lrint(v >= most - 1 ? most - 1 : v > -most ? v : -most);
}

void audio_from_float(AudioFormat format, void *to, const float *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        switch (format) {
        case FORMAT_U8:
            ((uint8_t *)to)[i] = (uint8_t)(scaled(from[i], 8) + 0x80);
            break;
        case FORMAT_S8:
            ((int8_t *)to)[i] = (int8_t)scaled(from[i], 8);
            break;
        case FORMAT_U16:
            ((uint16_t *)to)[i] = (uint16_t)(scaled(from[i], 16) + 0x8000);
            break;
        case FORMAT_S16:
            ((int16_t *)to)[i] = (int16_t)scaled(from[i], 16);
            break;
        case FORMAT_U32:
            ((uint32_t *)to)[i] = (uint32_t)scaled(from[i], 32) + 0x80000000u;
            break;
        case FORMAT_S32:
            ((int32_t *)to)[i] = scaled(from[i], 32);
            break;
        case FORMAT_F32:
            ((float *)to)[i] = CLAMP(from[i], -1.0f, 1.0f);
            break;
        }
    }
}

static inline float from_int(int64_t v, unsigned bits)
{
    return (float)((double)v / (double)(INT64_C(1) << (bits - 1)));
}

void audio_to_float(AudioFormat format, float *to, const void *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        switch (format) {
        case FORMAT_U8:
            to[i] = from_int(((const uint8_t *)from)[i] - 0x80, 8);
            break;
        case FORMAT_S8:
            to[i] = from_int(((const int8_t *)from)[i], 8);
            break;
        case FORMAT_U16:
            to[i] = from_int(((const uint16_t *)from)[i] - 0x8000, 16);
            break;
        case FORMAT_S16:
            to[i] = from_int(((const int16_t *)from)[i], 16);
            break;
        case FORMAT_U32:
            to[i] = from_int(((const uint32_t *)from)[i] - INT64_C(0x80000000), 32);
            break;
        case FORMAT_S32:
            to[i] = from_int(((const int32_t *)from)[i], 32);
            break;
        case FORMAT_F32:
            to[i] = ((const float *)from)[i];
            break;
        }
    }
}

void audio_int16_to_frames(float *to, unsigned to_channels, const int16_t *from, unsigned channels,
                           const float volume[2], size_t frames)
{
    const float left = volume[0] / 32768, right = volume[1] / 32768;
    for (size_t i = 0; i < frames; i++) {
        float l = from[i * channels] * left, r = from[i * channels + channels - 1] * right;
        if (to_channels == 1) {
            to[i] = (l + r) / 2;
        } else {
            to[2 * i] = l;
            to[2 * i + 1] = r;
        }
    }
}

void audio_frames_to_int16(int16_t *to, unsigned channels, const float *from, const float volume[2],
                           size_t frames)
{
    for (size_t i = 0; i < frames; i++) {
        for (unsigned n = 0; n < channels; n++) {
            to[i * channels + n] = (int16_t)scaled(from[i * channels + n] * volume[n], 16);
        }
    }
}

void audio_convert_channels(float *to, unsigned to_channels, const float *from, unsigned channels,
                            size_t frames)
{
    for (size_t i = 0; i < frames; i++) {
        float l = from[i * channels], r = from[i * channels + channels - 1];
        if (to_channels == 1) {
            to[i] = (l + r) / 2;
        } else {
            to[2 * i] = l;
            to[2 * i + 1] = r;
        }
    }
}
