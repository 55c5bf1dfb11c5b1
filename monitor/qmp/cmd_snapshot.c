/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Overlays for images in use, several at one moment. */
#include <string.h>
#include "block/job.h"
#include "monitor/media.h"
#include "monitor/qmp/qmp.h"
#include "util/error.h"

/* ---- one action: overlay is a reference of ours ---- */

static bool prepare_nodes(BlockGraph *blocks, JsonObject *args, BlockOverlay *o, GError **err)
{
    const char *node = qmp_text(args, "node"), *overlay = qmp_text(args, "overlay");
    o->node = block_find(blocks, node);
    BlockNode *found = block_find(blocks, overlay);
    if (!o->node || !found) {
        return error_set(err, "Cannot find device='' nor node-name='%s'", o->node ? overlay : node);
    }
    o->overlay = block_ref(found);
    return true;
}

static BlockNode *node_of(const MonitorContext *c, JsonObject *args, GError **err)
{
    const char *device = qmp_text(args, "device"), *name = qmp_text(args, "node-name");
    if (!device == !name) {
        error_set(err, "Need exactly one of 'device' and 'node-name'");
        return NULL;
    }
    BlockUser *user = device ? media_drive(c, device, NULL, err) : NULL;
    if (device && !user) {
        return NULL;
    }
    BlockNode *node = user ? block_user_node(user) : block_find(c->machine->blocks, name);
    if (!node) {
        error_set(err, user ? "Device '%s' has no medium" : "Cannot find node '%s'", user ? device : name);
    }
    return node;
}

static BlockNode *open_overlay(BlockGraph *blocks, JsonObject *args, const BlockNode *node, GError **err)
{
    const char *path = qmp_text(args, "snapshot-file"), *name = qmp_text(args, "snapshot-node-name");
    g_autoptr(KeyVal) kv = keyval_new("blockdev-snapshot-sync");
    keyval_set(kv, "driver", "qcow2");
    keyval_set(kv, "backing", "");              /* the node will be that, not what the file names */
    keyval_set(kv, "discard", "unmap");
    keyval_set(kv, "cache.direct", block_direct(node) ? "on" : "off");
    keyval_set(kv, "cache.no-flush", block_no_flush(node) ? "on" : "off");
    keyval_set(kv, "file.driver", block_is_device(path) ? "host_device" : "file");
    keyval_set(kv, "file.filename", path);
    if (name) {
        keyval_set(kv, "node-name", name);
    }
    return block_open(blocks, kv, err);
}

static bool prepare_file(const MonitorContext *c, JsonObject *args, BlockOverlay *o, GError **err)
{
    const char *path = qmp_text(args, "snapshot-file"), *format = qmp_text(args, "format");
    const char *mode = qmp_text(args, "mode"), *name = qmp_text(args, "snapshot-node-name");
    BlockGraph *blocks = c->machine->blocks;
    o->node = node_of(c, args, err);
    if (!o->node || !block_is_free(o->node, err)) {
        return false;
    }
    if (format && strcmp(format, "qcow2") != 0) {
        return error_set(err, "format=%s: an overlay can be qcow2 only", format);
    }
    if (name && block_find(blocks, name)) {
        return error_set(err, "New overlay node-name already in use");
    }
    Qcow2Layout layout = { .size = block_size(o->node), .backing_name = (char *)block_filename(o->node),
                           .backing_format = (char *)block_driver_name(o->node) };
    if ((!mode || strcmp(mode, "existing") != 0) && !qcow2_create(blocks, path, &layout, err)) {
        return false;
    }
    o->overlay = open_overlay(blocks, args, o->node, err);
    return o->overlay != NULL;
}

/* ---- commands ---- */

static void forget(const BlockOverlay *overlays, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        block_unref(overlays[i].overlay);
    }
}

QMP(blockdev_snapshot)
{
    BlockOverlay o = { 0 };
    bool good = prepare_nodes(call->c->machine->blocks, args, &o, err) &&
                block_snapshot(call->c->machine->blocks, &o, 1, err);
    forget(&o, 1);
    return good;
}

QMP(blockdev_snapshot_sync)
{
    BlockOverlay o = { 0 };
    bool good = prepare_file(call->c, args, &o, err) &&
                block_snapshot(call->c->machine->blocks, &o, 1, err);
    forget(&o, 1);
    return good;
}

static bool prepare_all(const MonitorContext *c, JsonArray *actions, BlockOverlay *overlays, GError **err)
{
    for (guint i = 0; i < json_array_get_length(actions); i++) {
        JsonObject *action = json_array_get_object_element(actions, i), *data = qmp_object(action, "data");
        bool by_file = strcmp(qmp_text(action, "type"), "blockdev-snapshot-sync") == 0;
        if (!(by_file ? prepare_file(c, data, &overlays[i], err)
                      : prepare_nodes(c->machine->blocks, data, &overlays[i], err))) {
            return false;
        }
    }
    return true;
}

QMP(transaction)
{
    JsonArray *actions = json_object_get_array_member(args, "actions");
    JsonObject *properties = qmp_object(args, "properties");
    unsigned count = json_array_get_length(actions);
    g_autofree BlockOverlay *overlays = g_new0(BlockOverlay, count);
    const char *mode = qmp_text(properties, "completion-mode");
    if (mode && strcmp(mode, "individual") != 0) {
        return error_set(err, "Action does not support transaction property completion-mode = %s", mode);
    }
    bool good = prepare_all(call->c, actions, overlays, err) &&
                block_snapshot(call->c->machine->blocks, overlays, count, err);
    forget(overlays, count);
    return good;
}

const QmpCommand qmp_snapshot_commands[] = {
    { "blockdev-snapshot", blockdev_snapshot, .args_type = "BlockdevSnapshot",
      .features = "allow-write-only-overlay",
      .doc = "What uses a node uses an overlay from now on, which was opened without a backing image." },
    { "blockdev-snapshot-sync", blockdev_snapshot_sync, .args_type = "BlockdevSnapshotSync",
      .doc = "The same with a file, which is made (mode existing: is there)." },
    { "transaction", transaction,
      MEMBERS({ "actions", "[TransactionAction]", NULL },
              { "properties?", "TransactionProperties", NULL }),
      .doc = "Several actions at one moment: all, or none." },
    { 0 },
};
