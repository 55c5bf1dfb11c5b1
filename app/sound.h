/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -audiodev and -audio: sound of the host, and a card that uses it. */
#ifndef APP_SOUND_H
#define APP_SOUND_H

#include <glib.h>
#include <stdbool.h>
#include "app/settings.h"
#include "audio/audio.h"
#include "system/machine.h"

/* Opens all of them. False with err. Machine lock held. */
bool sound_open(AudioSet *set, const Settings *s, GError **err);
/* Adds the cards that -audio asks for. False with err. Machine lock held. */
bool sound_plug(Machine *machine, const Settings *s, GError **err);
/* The text of model=help when that is what an option -audio asks for, else NULL; freed by the caller. */
char *sound_help(const char *text);

#endif
