/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The graphics card that a board has without being asked: -vga. */
#ifndef APP_GRAPHICS_H
#define APP_GRAPHICS_H

#include "app/settings.h"
#include "system/machine.h"

/* Whether -vga knows the word; the words, for messages. */
bool graphics_known(const char *word);
#define GRAPHICS_WORDS "none, std, cirrus"
/* Whether there will be a display: of the board's card or of a -device. */
bool graphics_wanted(const Settings *s, bool qtest);
/* Puts the card into the first connector that is free: slot 18, unless network cards took it. Machine lock
 * held; false with err. */
bool graphics_plug(Machine *machine, const Settings *s, bool qtest, GError **err);

#endif
