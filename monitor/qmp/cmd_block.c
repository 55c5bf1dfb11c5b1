/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that come and go, and the media of drives. */
#include "block/block.h"
#include "monitor/media.h"
#include "monitor/qmp/qmp.h"
#include "util/error.h"

QMP(blockdev_add)
{
    g_autoptr(KeyVal) props = keyval_new("blockdev-add");
    if (!qmp_text(args, "node-name")) {
        return error_set(err, "'node-name' must be specified for the root node");
    }
    keyval_add_json(props, args);
    BlockNode *node = block_open(call->c->machine->blocks, props, err);
    if (node) {
        block_keep(node);
        block_unref(node);
    }
    return node != NULL;
}

QMP(blockdev_del)
{
    BlockGraph *blocks = call->c->machine->blocks;
    const char *name = qmp_text(args, "node-name");
    if (!block_find(blocks, name)) {
        return error_set(err, "Failed to find node with node-name='%s'", name);
    }
    return block_del(blocks, name, err);
}

static BlockUser *drive_of(QmpCall *call, JsonObject *args, GError **err)
{
    return media_drive(call->c, qmp_text(args, "device"), qmp_text(args, "id"), err);
}

QMP(block_resize_command)
{
    const char *name = qmp_text(args, "node-name"), *device = qmp_text(args, "device");
    int64_t size = qmp_int(args, "size", 0);
    BlockUser *user = name ? NULL : media_drive(call->c, device, NULL, err);
    if (name && device) {
        return error_set(err, "Need exactly one of 'device' and 'node-name'");
    }
    if (!name && !user) {
        return false;
    }
    BlockNode *node = user ? block_user_node(user) : block_find(call->c->machine->blocks, name);
    if (!node) {
        return error_set(err, user ? "Device '%s' has no medium" : "Cannot find node '%s'",
                         user ? media_name(user) : name);
    }
    if (size < 0) {
        return error_set(err, "Parameter 'size' expects a >0 size");
    }
    return media_resize(call->c, node, (uint64_t)size, err);
}

QMP(eject)
{
    BlockUser *user = drive_of(call, args, err);
    return user && media_eject(user, qmp_bool(args, "force"), err);
}

/* A locked tray is no error here: clients wait for DEVICE_TRAY_MOVED. */
QMP(open_tray)
{
    bool asked;
    BlockUser *user = drive_of(call, args, err);
    return user && media_open(user, qmp_bool(args, "force"), &asked, err);
}

static BlockUser *removable(QmpCall *call, JsonObject *args, GError **err)
{
    BlockUser *user = drive_of(call, args, err);
    if (user && !block_user_removable(user)) {
        error_set(err, "Device '%s' is not removable", media_name(user));
        return NULL;
    }
    return user;
}

QMP(close_tray)
{
    BlockUser *user = removable(call, args, err);
    if (user && block_user_tray_open(user, NULL)) {
        block_user_move_tray(user, false);
    }
    return user != NULL;
}

/* One with its tray open. */
static BlockUser *open_drive(QmpCall *call, JsonObject *args, GError **err)
{
    BlockUser *user = removable(call, args, err);
    if (user && !block_user_tray_open(user, NULL)) {
        error_set(err, "Tray of device '%s' is not open", media_name(user));
        return NULL;
    }
    return user;
}

QMP(remove_medium)
{
    BlockUser *user = open_drive(call, args, err);
    if (user && block_user_node(user)) {
        block_user_set_node(user, NULL);
    }
    return user != NULL;
}

QMP(insert_medium)
{
    const char *name = qmp_text(args, "node-name");
    BlockUser *user = open_drive(call, args, err);
    BlockNode *node = user ? block_find(call->c->machine->blocks, name) : NULL;
    if (!user) {
        return false;
    }
    if (!node) {
        return error_set(err, "Node '%s' not found", name);
    }
    if (block_user_node(user)) {
        return error_set(err, "There already is a medium in device '%s'", media_name(user));
    }
    return block_user_insert(user, node, err);
}

QMP(change_medium)
{
    BlockUser *user = drive_of(call, args, err);
    return user && media_change(call->c, user, qmp_text(args, "filename"), qmp_text(args, "format"),
                                qmp_text(args, "read-only-mode"), qmp_bool(args, "force"), err);
}

#define DRIVE { "device?", "str", "id of -drive" }, { "id?", "str", "id of the device" }
#define FORCE { "force?", "bool", "even when the guest has locked it" }

const QmpCommand qmp_block_commands[] = {
    { "block_resize", block_resize_command,
      MEMBERS({ "device?", "str", "id of -drive" }, { "node-name?", "str", NULL },
              { "size", "int", "bytes" }),
      .doc = "Another size of a disk; the guest is told. qcow2 images can only grow." },
    { "blockdev-add", blockdev_add,
      MEMBERS({ "driver", "str", "qcow2, raw, file, host_device or null-co" }, { "node-name?", "str", NULL }),
      .flags = QMP_OPEN, .doc = "Opens an image, as -blockdev does." },
    { "blockdev-change-medium", change_medium,
      MEMBERS(DRIVE, { "filename", "str", NULL }, { "format?", "str", "by its first bytes" }, FORCE,
              { "read-only-mode?", "BlockdevChangeReadOnlyMode", "retain" }),
      .doc = "Opens the tray, puts another medium in and closes it." },
    { "blockdev-close-tray", close_tray, MEMBERS(DRIVE), .doc = "Closes the tray of a drive." },
    { "blockdev-del", blockdev_del, MEMBERS({ "node-name", "str", NULL }),
      .doc = "Closes an image that nothing uses." },
    { "blockdev-insert-medium", insert_medium,
      MEMBERS({ "id", "str", "id of the device" }, { "node-name", "str", NULL }),
      .doc = "Puts an image into an open tray." },
    { "blockdev-open-tray", open_tray, MEMBERS(DRIVE, FORCE),
      .doc = "Opens the tray. Where the guest has locked it, it is asked to: DEVICE_TRAY_MOVED follows." },
    { "blockdev-remove-medium", remove_medium, MEMBERS({ "id", "str", "id of the device" }),
      .doc = "Takes the medium out of an open tray." },
    { "eject", eject, MEMBERS(DRIVE, FORCE), .doc = "Opens the tray and takes the medium out." },
    { 0 },
};
