/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that clients send and that are not there: why, in a sentence. */
#include <string.h>
#include "monitor/qmp/qmp.h"

#define NO_DISK "images are neither copied elsewhere nor served while the machine is there"
#define NO_SAVE "machine state cannot be saved, loaded or moved"
#define NO_DISPLAY "there is no display"

static const struct { const char *name, *reason; } absent[] = {
    { "add_client", NO_DISPLAY },
    { "block_set_io_throttle", "what drives do is not limited" },
    { "blockdev-backup", NO_DISK },
    { "blockdev-mirror", NO_DISK },
    { "change-backing-file", NO_DISK },
    { "client_migrate_info", NO_DISPLAY },
    { "migrate", NO_SAVE },
    { "migrate-continue", NO_SAVE },
    { "migrate-incoming", NO_SAVE },
    { "migrate-pause", NO_SAVE },
    { "migrate-set-parameters", NO_SAVE },
    { "migrate_cancel", NO_SAVE },
    { "nbd-server-start", NO_DISK },
    { "query-dirty-rate", NO_SAVE },
    { "query-migrate", NO_SAVE },
    { "query-spice", NO_DISPLAY },
    { "query-vnc", NO_DISPLAY },
    { "set_password", NO_DISPLAY },
    { "snapshot-delete", NO_SAVE },
    { "snapshot-load", NO_SAVE },
    { "snapshot-save", NO_SAVE },
    { "system_wakeup", "nothing is suspended: the guest cannot suspend itself" },
    { "watchdog-set-action", "there is no watchdog" },
};

const char *qmp_absent_reason(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(absent); i++) {
        if (strcmp(absent[i].name, name) == 0) {
            return absent[i].reason;
        }
    }
    return NULL;
}
