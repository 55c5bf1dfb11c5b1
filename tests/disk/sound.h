/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the first programs of guests: sound by ALSA's own interface of the kernel, and by its emulation of OSS.
 * What is played is a sine; what is recorded is added up.
 */
#ifndef TESTS_DISK_SOUND_H
#define TESTS_DISK_SOUND_H

#include <errno.h>
#include <fcntl.h>
#include <linux/soundcard.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <sound/asound.h>

/* Frames of ALSA's. The buffer is long: Linux waits for its end no longer than a tenth more than it takes. */
#define SOUND_PERIOD 2048u
#define SOUND_PERIODS 8u
#define SOUND_PEAK 16000

/* Sets a control of the mixer by its name, both sides. */
static inline int sound_set(const char *name, long value)
{
    struct snd_ctl_elem_value v = { .id.iface = SNDRV_CTL_ELEM_IFACE_MIXER };
    int fd = open("/dev/snd/controlC0", O_RDWR), result;
    strncpy((char *)v.id.name, name, sizeof(v.id.name) - 1);
    v.value.integer.value[0] = v.value.integer.value[1] = value;
    result = fd < 0 ? -1 : ioctl(fd, SNDRV_CTL_IOCTL_ELEM_WRITE, &v);
    int saved = errno;
    close(fd);
    errno = saved;
    return result < 0 ? -1 : 0;
}

static inline void sound_wave(int16_t *to, unsigned rate, unsigned channels, unsigned at, unsigned frames)
{
    for (unsigned i = 0; i < frames; i++) {
        for (unsigned n = 0; n < channels; n++) {
            /* The second channel has half of it, so that a test can tell them apart. */
            double s = sin(2 * M_PI * 440 * (at + i) / rate) * SOUND_PEAK / (n + 1);
            to[i * channels + n] = (int16_t)lrint(s);
        }
    }
}

static inline void sound_interval(struct snd_pcm_hw_params *p, int what, unsigned value)
{
    struct snd_interval *i = &p->intervals[what - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL];
    i->min = i->max = value;
    i->integer = 1;
}

static inline void sound_mask(struct snd_pcm_hw_params *p, int what, unsigned bit)
{
    struct snd_mask *m = &p->masks[what - SNDRV_PCM_HW_PARAM_FIRST_MASK];
    memset(m, 0, sizeof(*m));
    m->bits[bit / 32] = 1u << bit % 32;
}

/* 16-bit stereo at that rate: a descriptor, or -1. */
static inline int sound_open(const char *path, int flags, unsigned rate)
{
    struct snd_pcm_hw_params p = { .rmask = ~0u };
    struct snd_pcm_sw_params sw = { .period_step = 1, .avail_min = SOUND_PERIOD,
                                    .start_threshold = 2 * SOUND_PERIOD,
                                    .stop_threshold = SOUND_PERIODS * SOUND_PERIOD,
                                    .boundary = SOUND_PERIODS * SOUND_PERIOD };
    int fd = open(path, flags);
    memset(p.masks, 0xff, sizeof(p.masks));
    for (unsigned i = 0; i < sizeof(p.intervals) / sizeof(p.intervals[0]); i++) {
        p.intervals[i].max = ~0u;
    }
    sound_mask(&p, SNDRV_PCM_HW_PARAM_ACCESS, SNDRV_PCM_ACCESS_RW_INTERLEAVED);
    sound_mask(&p, SNDRV_PCM_HW_PARAM_FORMAT, SNDRV_PCM_FORMAT_S16_LE);
    sound_interval(&p, SNDRV_PCM_HW_PARAM_CHANNELS, 2);
    sound_interval(&p, SNDRV_PCM_HW_PARAM_RATE, rate);
    sound_interval(&p, SNDRV_PCM_HW_PARAM_PERIOD_SIZE, SOUND_PERIOD);
    sound_interval(&p, SNDRV_PCM_HW_PARAM_PERIODS, SOUND_PERIODS);
    while (sw.boundary * 2 <= 0x7fffffffu - SOUND_PERIODS * SOUND_PERIOD) {
        sw.boundary *= 2;
    }
    if (flags == O_RDONLY) {
        sw.start_threshold = 1;
    }
    if (fd < 0 || ioctl(fd, SNDRV_PCM_IOCTL_HW_PARAMS, &p) < 0 ||
        ioctl(fd, SNDRV_PCM_IOCTL_SW_PARAMS, &sw) < 0 || ioctl(fd, SNDRV_PCM_IOCTL_PREPARE) < 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

/* Plays periods of the sine; an interruption is an error (EPIPE). */
static inline int sound_play(unsigned rate, unsigned periods)
{
    static int16_t samples[2 * SOUND_PERIOD];
    int fd = sound_open("/dev/snd/pcmC0D0p", O_WRONLY, rate), result = fd < 0 ? -1 : 0;
    for (unsigned i = 0; i < periods && result == 0; i++) {
        struct snd_xferi x = { .buf = samples, .frames = SOUND_PERIOD };
        sound_wave(samples, rate, 2, i * SOUND_PERIOD, SOUND_PERIOD);
        result = ioctl(fd, SNDRV_PCM_IOCTL_WRITEI_FRAMES, &x);
    }
    result = result == 0 ? ioctl(fd, SNDRV_PCM_IOCTL_DRAIN) : result;
    int saved = errno;
    close(fd);
    errno = saved;
    return result < 0 ? -1 : 0;
}

/* Records periods, and prints the sum of their absolute values. */
static inline int sound_record(const char *path, unsigned rate, unsigned periods)
{
    static int16_t samples[2 * SOUND_PERIOD];
    int fd = sound_open(path, O_RDONLY, rate), result = fd < 0 ? -1 : 0;
    unsigned long sum = 0;
    for (unsigned i = 0; i < periods && result == 0; i++) {
        struct snd_xferi x = { .buf = samples, .frames = SOUND_PERIOD };
        result = ioctl(fd, SNDRV_PCM_IOCTL_READI_FRAMES, &x);
        for (unsigned n = 0; n < 2 * SOUND_PERIOD && result == 0; n++) {
            sum += (unsigned)abs(samples[n]);
        }
    }
    int saved = errno;
    close(fd);
    errno = saved;
    if (result >= 0) {
        printf("%lu ", sum);
    }
    return result < 0 ? -1 : 0;
}

/* The sine by OSS, for that many milliseconds. */
static inline int sound_dsp(int rate, int channels, unsigned ms)
{
    static int16_t samples[2 * 1000];
    int format = AFMT_S16_LE, fd = open("/dev/dsp", O_WRONLY);
    unsigned total = (unsigned)rate * ms / 1000, frames = 0;
    bool good = fd >= 0 && ioctl(fd, SNDCTL_DSP_SETFMT, &format) >= 0 &&
                ioctl(fd, SNDCTL_DSP_CHANNELS, &channels) >= 0 && ioctl(fd, SNDCTL_DSP_SPEED, &rate) >= 0;
    for (unsigned at = 0; good && at < total; at += frames) {
        frames = total - at < 1000 ? total - at : 1000;
        sound_wave(samples, (unsigned)rate, (unsigned)channels, at, frames);
        size_t bytes = frames * (unsigned)channels * 2;
        good = write(fd, samples, bytes) == (ssize_t)bytes;
    }
    good = good && ioctl(fd, SNDCTL_DSP_SYNC, NULL) >= 0;
    int saved = errno;
    close(fd);
    errno = saved;
    return good ? 0 : -1;
}

#endif
