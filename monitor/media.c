/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor/media.h"

#include <errno.h>
#include <string.h>
#include "util/error.h"

const char *media_name(const BlockUser *user)
{
    const char *name = block_user_name(user), *device = block_user_device(user);
    return *name || !device ? name : device;
}

BlockUser *media_drive(const MonitorContext *c, const char *device, const char *id, GError **err)
{
    BlockUser *user = NULL;
    if (!device == !id) {
        error_set(err, "Need exactly one of 'device' and 'id'");
        return NULL;
    }
    for (unsigned i = 0; (user = block_user_at(c->machine->blocks, i)); i++) {
        if (id ? g_strcmp0(block_user_device(user), id) == 0 : strcmp(media_name(user), device) == 0) {
            return user;
        }
    }
    g_set_error(err, VALLETTA_ERROR, ERROR_DEVICE_NOT_FOUND, "Device '%s' not found", device ? device : id);
    return NULL;
}

bool media_open(BlockUser *user, bool force, bool *asked, GError **err)
{
    bool locked = false;
    *asked = false;
    if (!block_user_removable(user)) {
        return error_set(err, "Device '%s' is not removable", media_name(user));
    }
    if (block_user_tray_open(user, &locked)) {
        return true;
    }
    if (locked && !force) {
        block_user_ask(user);
        *asked = true;
        return true;
    }
    block_user_move_tray(user, true);
    return true;
}

bool media_eject(BlockUser *user, bool force, GError **err)
{
    bool asked;
    if (!media_open(user, force, &asked, err)) {
        return false;
    }
    if (asked) {
        return error_set(err, "Device '%s' is locked and force was not specified, wait for tray to open and "
                         "try again", media_name(user));
    }
    if (block_user_node(user)) {
        block_user_set_node(user, NULL);
    }
    return true;
}

BlockNode *media_load(const MonitorContext *c, const char *filename, const char *format, bool read_only,
                      GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new("medium");
    format = format ? format : block_probe_format(filename, err);
    if (!format) {
        return NULL;
    }
    keyval_set(kv, "driver", format);
    keyval_set(kv, "read-only", read_only ? "on" : "off");
    keyval_set(kv, "file.driver", block_is_device(filename) ? "host_device" : "file");
    keyval_set(kv, "file.filename", filename);
    return block_open(c->machine->blocks, kv, err);
}

bool media_change(const MonitorContext *c, BlockUser *user, const char *filename, const char *format,
                  const char *mode, bool force, GError **err)
{
    BlockNode *old = block_user_node(user);
    bool retain = !mode || strcmp(mode, "retain") == 0;
    bool read_only = retain ? !old || block_read_only(old) : strcmp(mode, "read-only") == 0;
    if (!block_user_removable(user)) {
        return error_set(err, "Device '%s' is not removable", media_name(user));
    }
    BlockNode *node = media_load(c, filename, format, read_only, err);
    if (!node) {
        return false;
    }
    bool good = media_eject(user, force, err) && block_user_insert(user, node, err);
    block_unref(node);
    if (good) {
        block_user_move_tray(user, false);
    }
    return good;
}

bool media_resize(const MonitorContext *c, BlockNode *node, uint64_t size, GError **err)
{
    int r = block_resize(c->machine->blocks, node, size);
    return r == 0 || error_set(err, "Could not resize '%s' to %" G_GUINT64_FORMAT " bytes: %s",
                               block_filename(node), size,
                               r == -ENOTSUP ? "images of this format cannot be made so" : g_strerror(-r));
}
