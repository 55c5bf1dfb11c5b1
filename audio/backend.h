/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this room share. Machine lock held for all, unless said otherwise. */
#ifndef AUDIO_BACKEND_H
#define AUDIO_BACKEND_H

#include <speex/speex_resampler.h>
#include "audio/audio.h"

typedef enum {
    FORMAT_U8, FORMAT_S8, FORMAT_U16, FORMAT_S16, FORMAT_U32, FORMAT_S32, FORMAT_F32,
} AudioFormat;

/* What the host's end takes or gives. */
typedef struct {
    unsigned rate, channels;            /* 1 or 2 channels */
    AudioFormat format;                 /* of the host's byte order */
    unsigned latency;                   /* us that a driver may keep; 0: its own choice */
    unsigned voices;                    /* of the host that may be used: one is */
} AudioForm;

typedef struct Audiodev Audiodev;

typedef struct {
    const char *name, *text;            /* text: of its own options, for help */
    bool (*open)(Audiodev *dev, KeyVal *props, GError **err);
    /* Frames in dev->out's form; takes them or drops them, and never waits. NULL: nobody hears anything. */
    void (*write)(Audiodev *dev, const void *frames, size_t bytes);
    /* No voice plays any more, until the next write. May be NULL. */
    void (*pause)(Audiodev *dev);
    /* The first voice records or the last one has ended; and up to that many bytes in dev->in's form that are
     * there. NULL: silence. */
    void (*record)(Audiodev *dev, bool on);
    size_t (*read)(Audiodev *dev, void *frames, size_t bytes);
    /* Lock not held. May be NULL. */
    void (*close)(Audiodev *dev);
} AudioDriver;

struct Audiodev {
    AudioSet *set;
    char *id;
    const AudioDriver *driver;
    void *state;                        /* the driver's */
    AudioForm out, in;
    int64_t period;                     /* ns */
    JsonObject *described;              /* for QMP */
    GPtrArray *voices;                  /* of AudioVoice * */
    /* The mix: a ring of floats, silent where nobody has played yet. */
    float *mix;
    uint8_t *bytes;                     /* room for a piece of it in out's form */
    size_t capacity;                    /* frames */
    uint64_t head, top;                 /* frames: given to the driver; played by any voice */
    float *recorded;                    /* the same for what the driver gave */
    size_t in_capacity;
    uint64_t taken;                     /* frames */
};

struct AudioVoice {
    Audiodev *dev;                      /* NULL: nobody hears it */
    AudioDirection direction;
    unsigned rate, channels;
    float volume[2];
    bool running, heard;                /* heard: it has played since it began to run */
    uint64_t at;                        /* frame of the mix, or of what was recorded, that comes next */
    SpeexResamplerState *resampler;     /* NULL: both rates are the same, or none needed yet */
    float *waiting;                     /* recorded frames that were not asked for yet, in the card's form */
    size_t waiting_frames;
};

struct AudioSet {
    GPtrArray *devs;                    /* of Audiodev * */
};

/* ---- options.c ---- */
/* Reads what all drivers take; false with err. */
bool audio_options_read(Audiodev *dev, KeyVal *props, GError **err);
JsonObject *audio_options_describe(const Audiodev *dev);

/* ---- convert.c ---- */
unsigned audio_format_bytes(AudioFormat format);
const char *audio_format_name(AudioFormat format);
bool audio_format_parse(const char *name, AudioFormat *format);
/* count samples of -1 to 1; what is more is clipped. */
void audio_from_float(AudioFormat format, void *to, const float *from, size_t count);
void audio_to_float(AudioFormat format, float *to, const void *from, size_t count);
/* Frames of from channels as frames of to channels, left and right with their factors. */
void audio_int16_to_frames(float *to, unsigned to_channels, const int16_t *from, unsigned channels,
                           const float volume[2], size_t frames);
void audio_frames_to_int16(int16_t *to, unsigned channels, const float *from, const float volume[2],
                           size_t frames);
void audio_convert_channels(float *to, unsigned to_channels, const float *from, unsigned channels,
                            size_t frames);

/* ---- mix.c ---- */
void audio_mix_init(Audiodev *dev);
void audio_mix_clear(Audiodev *dev);
/* The voice begins at what the driver gets next. */
void audio_mix_join(AudioVoice *v);
/* Adds frames of dev->out's rate and channels to what others play at the same time. */
void audio_mix_add(AudioVoice *v, const float *frames, size_t count);
/* Gives the driver what all running voices have played. */
void audio_mix_flush(Audiodev *dev);

/* ---- the drivers ---- */
extern const AudioDriver audio_wav, audio_sdl;

#endif
