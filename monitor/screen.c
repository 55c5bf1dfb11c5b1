/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures of displays. */
#include "monitor/screen.h"
#include <string.h>
#include "monitor/commands.h"
#include "ui/display.h"
#include "util/error.h"

bool screen_dump(const MonitorContext *c, const char *device, const char *path, const char *format,
                 GError **err)
{
    DisplaySet *set = c->machine->displays;
    Display *d = device ? display_by_device(set, device) : display_at(set, 0);
    if (!d && device) {
        g_set_error(err, VALLETTA_ERROR, ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", device);
        return false;
    }
    if (!d) {
        return error_set(err, "There is no display: the machine has no graphics device");
    }
    bool running = commands_park(c);
    display_update_now(d);
    commands_unpark(c, running);
    return strcmp(format, "png") == 0 ? display_write_png(d, path, err) : display_write_ppm(d, path, err);
}
