/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line asked for, before anything is made. */
#ifndef APP_SETTINGS_H
#define APP_SETTINGS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "util/keyval.h"

typedef enum { BYTE_ORDER_ANY, BYTE_ORDER_LITTLE, BYTE_ORDER_BIG } ByteOrder;

/* What the program's own name fixes. */
typedef struct {
    const char *name;       /* "mipsel" ...; NULL: nothing is fixed */
    bool is_64bit;
    ByteOrder order;
} Target;

typedef struct {
    Target target;

    KeyVal *machine, *memory, *smp, *rtc, *guest_name, *boot, *msg;     /* merged over repetitions */
    KeyVal *sandbox, *overcommit;                                       /* the same */
    KeyVal *cpu;
    GPtrArray *accels;      /* of char *, in order, as are the next six */
    GPtrArray *serials, *monitors, *mons, *chardevs, *data_dirs;
    GPtrArray *fds;         /* -add-fd */
    GPtrArray *netdevs, *nics;  /* -netdev; -nic and -net, with 'n' or 't' before each */
    GPtrArray *objects, *devices, *qmps;    /* the last with a 'p' (pretty) or '-' before each */
    GPtrArray *blockdevs;   /* -blockdev */
    GPtrArray *vncs;        /* -vnc and -display vnc= */
    char *display;          /* -display and -sdl, the last one; or NULL */
    char *keyboard;         /* -k, or NULL */
    char *parallel;         /* -parallel, or NULL */
    GPtrArray *drives;      /* of DriveOption * (drives.h) */
    bool snapshot;          /* all of them are */
    GPtrArray *fsdevs, *virtfs;     /* -fsdev, -virtfs */
    char *bios, *kernel, *initrd, *append, *dtb;
    char *gdb;              /* -gdb and -s, or NULL */
    char *vga;              /* or NULL */
    char *pidfile, *log_items, *log_file, *uuid, *qtest, *qtest_log;
    bool nographic, nodefaults, no_reboot, no_shutdown, start_stopped, daemonize;
    bool preconfig, full_screen;
    bool perfmap, jitdump;

    /* An option that only prints (-help, -machine help): what it prints. Main prints it
     * and ends the program. */
    char *print;
} Settings;

/* Defaults; program is argv[0]: its base name may fix the target. */
Settings *settings_new(const char *program);
void settings_free(Settings *s);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_free)

#endif
