/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures of displays. */
#include "monitor/screen.h"
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include "monitor/commands.h"
#include "ui/display.h"
#include "util/error.h"

bool screen_dump(const MonitorContext *c, const char *device, int64_t head, const char *path,
                 const char *format, GError **err)
{
    DisplaySet *set = c->machine->displays;
    Display *d = head >= 0 && head <= UINT_MAX ? display_find(set, device, (unsigned)head) : NULL;
    if (!d && device && !display_by_device(set, device, 0)) {
        g_set_error(err, VALLETTA_ERROR, ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", device);
        return false;
    }
    if (!d && display_at(set, 0)) {
        return error_set(err, "Parameter 'head': %s has no display %" PRId64,
                         device ? device : display_name(display_at(set, 0)), head);
    }
    if (!d) {
        return error_set(err, "There is no display: the machine has no graphics device");
    }
    bool running = commands_park(c);
    display_update_now(d);
    commands_unpark(c, running);
    return strcmp(format, "png") == 0 ? display_write_png(d, path, err) : display_write_ppm(d, path, err);
}
