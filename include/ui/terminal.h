/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terminals among the displays: what the character device "vc" is shown by. */
#ifndef UI_TERMINAL_H
#define UI_TERMINAL_H

#include "chardev/screens.h"

/* For chardev_set_screens. machine->displays must be there, and outlive the terminals. */
extern const ChardevScreens terminal_screens;

/* Whether the library that draws their text is there; false with err. */
bool terminal_can_draw(GError **err);

#endif
