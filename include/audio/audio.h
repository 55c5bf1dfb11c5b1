/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sound: ends of the host (-audiodev), and what sound cards play into and record from. Cards give samples at
 * the pace of the machine's virtual clock (audio/pace.h) and never wait for the host. Machine lock held for
 * all, unless said otherwise.
 */
#ifndef AUDIO_AUDIO_H
#define AUDIO_AUDIO_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "util/json_text.h"
#include "util/keyval.h"

typedef struct AudioSet AudioSet;
typedef struct AudioVoice AudioVoice;

/* ---- ends of the host ---- */

AudioSet *audio_set_new(void);
/* All voices are gone. Writes out what was played. Lock not held; NULL is allowed. */
void audio_set_free(AudioSet *set);
/* Makes what props (of -audiodev, first item "driver") describe. False with err. */
bool audio_set_add(AudioSet *set, KeyVal *props, GError **err);
/* Whether there is one with that id. */
bool audio_set_has(const AudioSet *set, const char *id);
/* The text of -audiodev help; the caller frees it. */
char *audio_help(void);
/* All of them as QMP's list of Audiodev. */
JsonArray *audio_set_describe(const AudioSet *set);

/* ---- voices: one for each stream of a card ---- */

typedef enum { AUDIO_PLAY, AUDIO_RECORD } AudioDirection;

/* A voice of the audiodev called id; NULL: the first there is, else one that is silent. device: what errors
 * name. NULL with err. */
AudioVoice *audio_voice_new(AudioSet *set, const char *id, const char *device, AudioDirection direction,
                            GError **err);
/* NULL is allowed. */
void audio_voice_free(AudioVoice *v);
/* What the card's samples are from now on: frames a second (1000 to 192000), 1 or 2 channels. */
void audio_voice_set_form(AudioVoice *v, unsigned rate, unsigned channels);
/* Factors for left and right; 1 leaves samples as they are. */
void audio_voice_set_volume(AudioVoice *v, float left, float right);
/* Plays frames of interleaved samples. */
void audio_voice_play(AudioVoice *v, const int16_t *samples, size_t frames);
/* Gives what was recorded, as many frames; silence where the host has none. */
void audio_voice_record(AudioVoice *v, int16_t *samples, size_t frames);
/* The stream has begun to run, or has ended: only those that run are waited for and cost something. */
void audio_voice_run(AudioVoice *v, bool running);
/* How often a card should hand samples over, in ns (timer-period). */
int64_t audio_voice_period(const AudioVoice *v);

#endif
