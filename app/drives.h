/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disk images of the command line: -blockdev, -drive and its short forms. */
#ifndef APP_DRIVES_H
#define APP_DRIVES_H

#include "app/settings.h"
#include "system/machine.h"

/* One -drive or short form of it. */
typedef struct {
    char *option;               /* "-hda": what errors name */
    char *text;                 /* as -drive takes it */
} DriveOption;

DriveOption *drive_option_new(const char *option, const char *text);
void drive_option_free(gpointer option);
/* The text of -drive for an image called file on IDE place index. */
char *drive_text(const char *file, unsigned index, bool cdrom);

typedef struct Drives Drives;

/* Opens all images, in machine->blocks; board: it has the drives that a Malta has by itself. NULL with
 * err. Machine lock held. */
Drives *drives_open(Machine *machine, const Settings *s, bool board, GError **err);
/* Adds the devices that -drive if=ide and if=virtio ask for. False with err. Machine lock held. */
bool drives_plug(Drives *drives, Machine *machine, GError **err);
/* NULL is allowed. */
void drives_free(Drives *drives);

#endif
