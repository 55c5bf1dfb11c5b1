/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -fsdev and -virtfs: folders of the host that a guest shares. */
#ifndef APP_SHARES_H
#define APP_SHARES_H

#include <glib.h>
#include <stdbool.h>
#include "app/settings.h"
#include "fsdev/fsdev.h"

/* Opens all folders. False with err. Machine lock held. */
bool shares_open(FsdevSet *set, const Settings *s, GError **err);
/* Adds the devices that -virtfs asks for. False with err. Machine lock held. */
bool shares_plug(Machine *machine, const Settings *s, GError **err);

#endif
