/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What disks and images there are, and how they are used. */
#include <string.h>
#include "block/block.h"
#include "hw/core/bus.h"
#include "monitor/qmp/qmp.h"

/* ---- images ---- */

static void set_int(JsonObject *o, const char *name, uint64_t value)
{
    json_object_set_int_member(o, name, (gint64)MIN(value, (uint64_t)G_MAXINT64));
}

static JsonObject *snapshot(const BlockSnapshot *s)
{
    JsonObject *o = json_object_new();
    json_object_set_string_member(o, "id", s->id);
    json_object_set_string_member(o, "name", s->name);
    set_int(o, "vm-state-size", s->vm_state_bytes);
    set_int(o, "date-sec", s->date_s);
    set_int(o, "date-nsec", s->date_ns);
    set_int(o, "vm-clock-sec", s->vm_clock_ns / 1000000000);
    set_int(o, "vm-clock-nsec", s->vm_clock_ns % 1000000000);
    if (s->icount != UINT64_MAX) {
        set_int(o, "icount", s->icount);
    }
    return o;
}

static void add_snapshots(JsonObject *o, const BlockInfo *info)
{
    JsonArray *list = json_array_new();
    for (unsigned i = 0; i < info->snapshot_count; i++) {
        json_array_add_object_element(list, snapshot(&info->snapshots[i]));
    }
    if (info->snapshot_count) {
        json_object_set_array_member(o, "snapshots", list);
    } else {
        json_array_unref(list);
    }
}

/* flat: without what is below. */
static JsonObject *image(BlockNode *node, bool flat)
{
    BlockInfo info;
    BlockNode *backing = block_backing(node);
    JsonObject *o = json_object_new();
    block_info(node, &info);
    json_object_set_string_member(o, "filename", block_filename(node));
    json_object_set_string_member(o, "format", block_driver_name(node));
    set_int(o, "virtual-size", block_size(node));
    set_int(o, "actual-size", block_allocated(node));
    if (info.cluster_size) {
        set_int(o, "cluster-size", info.cluster_size);
        json_object_set_boolean_member(o, "dirty-flag", info.dirty);
    }
    if (info.backing_name) {
        json_object_set_string_member(o, "backing-filename", info.backing_name);
    }
    if (info.backing_format) {
        json_object_set_string_member(o, "backing-filename-format", info.backing_format);
    }
    if (backing) {
        json_object_set_string_member(o, "full-backing-filename", block_filename(backing));
    }
    add_snapshots(o, &info);
    if (info.specific) {
        json_object_set_object_member(o, "format-specific", json_object_ref(info.specific));
    }
    if (backing && !flat) {
        json_object_set_object_member(o, "backing-image", image(backing, false));
    }
    block_info_clear(&info);
    return o;
}

static unsigned depth(const BlockNode *node)
{
    unsigned n = 0;
    while ((node = block_backing(node))) {
        n++;
    }
    return n;
}

static JsonObject *cache(const BlockNode *node, bool writeback)
{
    JsonObject *o = json_object_new();
    json_object_set_boolean_member(o, "writeback", writeback);
    json_object_set_boolean_member(o, "direct", block_direct(node));
    json_object_set_boolean_member(o, "no-flush", block_no_flush(node));
    return o;
}

/* BlockDeviceInfo */
static JsonObject *device_info(BlockNode *node, bool flat, bool writeback)
{
    static const char *const limits[] = { "bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr",
                                          "write_threshold" };
    JsonObject *o = json_object_new();
    json_object_set_string_member(o, "file", block_filename(node));
    json_object_set_string_member(o, "node-name", block_name(node));
    json_object_set_boolean_member(o, "ro", block_read_only(node));
    json_object_set_string_member(o, "drv", block_driver_name(node));
    if (block_backing(node)) {
        json_object_set_string_member(o, "backing_file", block_filename(block_backing(node)));
    }
    set_int(o, "backing_file_depth", depth(node));
    json_object_set_boolean_member(o, "encrypted", false);
    json_object_set_string_member(o, "detect_zeroes", "off");
    for (unsigned i = 0; i < G_N_ELEMENTS(limits); i++) {
        set_int(o, limits[i], 0);
    }
    json_object_set_object_member(o, "image", image(node, flat));
    json_object_set_object_member(o, "cache", cache(node, writeback));
    return o;
}

QMP(query_named_nodes)
{
    JsonArray *list = qmp_return_array(ret);
    BlockNode *node;
    for (unsigned i = 0; (node = block_at(call->c->machine->blocks, i)); i++) {
        json_array_add_object_element(list, device_info(node, qmp_bool(args, "flat"), true));
    }
    return true;
}

/* ---- drives ---- */

/* The device by its id; of a virtio disk the path of its inner part, by which clients know it. */
static void add_qdev(JsonObject *o, const MonitorContext *c, const BlockUser *user)
{
    const char *id = block_user_device(user);
    const Device *device = id ? device_find(c->machine, id) : NULL;
    bool virtio = device && strcmp(device->type->name, "virtio-blk-pci") == 0;
    g_autofree char *path = virtio ? g_strdup_printf("/machine/peripheral/%s/virtio-backend", id) : NULL;
    if (id) {
        json_object_set_string_member(o, "qdev", path ? path : id);
    }
}

static JsonObject *drive(const MonitorContext *c, const BlockUser *user)
{
    bool locked = false, open = block_user_tray_open(user, &locked);
    BlockNode *node = block_user_node(user);
    JsonObject *o = json_object_new();
    json_object_set_string_member(o, "device", block_user_name(user));
    add_qdev(o, c, user);
    json_object_set_string_member(o, "type", "unknown");
    json_object_set_boolean_member(o, "removable", block_user_removable(user));
    json_object_set_boolean_member(o, "locked", locked);
    if (block_user_removable(user)) {
        json_object_set_boolean_member(o, "tray_open", open);
    }
    if (node) {
        json_object_set_object_member(o, "inserted", device_info(node, false, block_user_write_cache(user)));
    }
    return o;
}

QMP(query_block)
{
    JsonArray *list = qmp_return_array(ret);
    const BlockUser *user;
    for (unsigned i = 0; (user = block_user_at(call->c->machine->blocks, i)); i++) {
        json_array_add_object_element(list, drive(call->c, user));
    }
    return true;
}

/* ---- how they are used ---- */

static void add_stats(JsonObject *o, const char *prefix, const BlockStats *s, bool has_bytes)
{
    static const struct { const char *format; size_t offset; } members[] = {
        { "%s_operations", offsetof(BlockStats, operations) },
        { "%s_total_time_ns", offsetof(BlockStats, ns) },
        { "failed_%s_operations", offsetof(BlockStats, failed) },
        { "%s_bytes", offsetof(BlockStats, bytes) },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(members) - !has_bytes; i++) {
        g_autofree char *name = g_strdup_printf(members[i].format, prefix);
        set_int(o, name, *(const uint64_t *)(const void *)((const char *)s + members[i].offset));
    }
    g_autofree char *invalid = g_strdup_printf("invalid_%s_operations", prefix);
    set_int(o, invalid, 0);
    if (has_bytes) {
        g_autofree char *merged = g_strdup_printf("%s_merged", prefix);
        set_int(o, merged, 0);
    }
}

/* BlockDeviceStats; user NULL: of a node that nothing uses by itself. */
static JsonObject *stats(const BlockUser *user, const BlockNode *node)
{
    static const struct { const char *prefix; BlockOp op; } kinds[] = {
        { "rd", BLOCK_READ }, { "wr", BLOCK_WRITE }, { "flush", BLOCK_FLUSH }, { "unmap", BLOCK_DISCARD },
    };
    static const BlockStats none;
    JsonObject *o = json_object_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        add_stats(o, kinds[i].prefix, user ? block_user_stats(user, kinds[i].op) : &none,
                  kinds[i].op != BLOCK_FLUSH);
    }
    set_int(o, "wr_highest_offset", node ? block_size(block_file(node) ? block_file(node) : node) : 0);
    json_object_set_boolean_member(o, "account_invalid", false);
    json_object_set_boolean_member(o, "account_failed", true);
    json_object_set_array_member(o, "timed_stats", json_array_new());
    return o;
}

/* BlockStats, with the nodes below. */
static JsonObject *node_stats(const BlockUser *user, const BlockNode *node)
{
    JsonObject *o = json_object_new();
    if (node) {
        json_object_set_string_member(o, "node-name", block_name(node));
    }
    json_object_set_object_member(o, "stats", stats(user, node));
    if (node && block_file(node)) {
        json_object_set_object_member(o, "parent", node_stats(NULL, block_file(node)));
    }
    if (node && block_backing(node)) {
        json_object_set_object_member(o, "backing", node_stats(NULL, block_backing(node)));
    }
    return o;
}

QMP(query_stats)
{
    JsonArray *list = qmp_return_array(ret);
    const BlockUser *user;
    const BlockNode *node;
    BlockGraph *blocks = call->c->machine->blocks;
    for (unsigned i = 0; qmp_bool(args, "query-nodes") && (node = block_at(blocks, i)); i++) {
        json_array_add_object_element(list, node_stats(NULL, node));
    }
    for (unsigned i = 0; !qmp_bool(args, "query-nodes") && (user = block_user_at(blocks, i)); i++) {
        JsonObject *o = node_stats(user, block_user_node(user));
        json_object_set_string_member(o, "device", block_user_name(user));
        add_qdev(o, call->c, user);
        json_array_add_object_element(list, o);
    }
    return true;
}

const QmpCommand qmp_query_block_commands[] = {
    { "query-block", query_block, .ret = "[BlockInfo]", .doc = "The drives, and the media in them." },
    { "query-blockstats", query_stats,
      MEMBERS({ "query-nodes?", "bool", "each node by itself; what drives do is not counted there" }),
      .ret = "[BlockStats]", .doc = "What the guest's drives have done." },
    { "query-named-block-nodes", query_named_nodes,
      MEMBERS({ "flat?", "bool", "without the images below each" }), .ret = "[BlockDeviceInfo]",
      .doc = "All nodes: images, and the files that they are in." },
    { 0 },
};
