/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who shows the back end "vc", a terminal among the machine's displays. */
#ifndef CHARDEV_SCREENS_H
#define CHARDEV_SCREENS_H

#include "system/machine.h"

typedef struct {
    /* A terminal called name of so many characters (1 to 500 each). typed gets what is typed there. NULL with
     * err. Machine lock held for all of them. */
    void *(*open)(Machine *machine, const char *name, unsigned columns, unsigned rows,
                  void (*typed)(void *opaque, const char *data, size_t len), void *opaque, GError **err);
    /* What the guest writes. */
    void (*write)(void *screen, const char *data, size_t len);
    void (*close)(void *screen);
} ChardevScreens;

#endif
