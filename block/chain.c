/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Overlays for images in use. */
#include "block/job_internal.h"
#include "util/error.h"

bool block_is_free(const BlockNode *node, GError **err)
{
    return !node->job || error_set(err, "Node '%s' is busy: job '%s' works on it", node->name,
                                   block_job_id(node->job));
}

static bool is_used(BlockGraph *graph, const BlockNode *node)
{
    for (guint i = 0; i < graph->users->len; i++) {
        if (block_user_node(g_ptr_array_index(graph->users, i)) == node) {
            return true;
        }
    }
    for (guint i = 0; i < graph->nodes->len; i++) {
        const BlockNode *n = g_ptr_array_index(graph->nodes, i);
        if (n->backing == node || n->file == node) {
            return true;
        }
    }
    return false;
}

static bool stands_on(const BlockNode *top, const BlockNode *node)
{
    for (; top; top = top->backing) {
        if (top == node || (top->file && stands_on(top->file, node))) {
            return true;
        }
    }
    return false;
}

static bool check(BlockGraph *graph, const BlockOverlay *o, GError **err)
{
    if (!block_is_free(o->node, err) || !block_is_free(o->overlay, err)) {
        return false;
    }
    if (o->node == o->overlay || stands_on(o->node, o->overlay)) {
        return error_set(err, "Making '%s' a backing child of '%s' would create a cycle", o->node->name,
                         o->overlay->name);
    }
    if (o->overlay->backing) {
        return error_set(err, "The overlay already has a backing image");
    }
    if (!o->overlay->driver->set_backing) {
        return error_set(err, "The overlay does not support backing images");
    }
    if (is_used(graph, o->overlay)) {
        return error_set(err, "The overlay is already in use");
    }
    if (o->overlay->read_only && !o->node->read_only) {
        return error_set(err, "The overlay is read-only");
    }
    if (block_size(o->overlay) < block_size(o->node)) {
        return error_set(err, "The overlay is smaller than '%s'", o->node->name);
    }
    return true;
}

static bool check_all(BlockGraph *graph, const BlockOverlay *overlays, unsigned count, GError **err)
{
    for (unsigned i = 0; i < count; i++) {
        if (!check(graph, &overlays[i], err)) {
            return false;
        }
        for (unsigned n = 0; n < i; n++) {
            if (overlays[n].node == overlays[i].node || overlays[n].overlay == overlays[i].overlay ||
                overlays[n].overlay == overlays[i].node) {
                return error_set(err, "Node '%s' is in two snapshots at once", overlays[i].node->name);
            }
        }
    }
    return true;
}

static bool flush_all(const BlockOverlay *overlays, unsigned count, GError **err)
{
    for (unsigned i = 0; i < count; i++) {
        int r = block_flush(overlays[i].node);
        if (r != 0) {
            return error_set(err, "%s: could not be flushed: %s", overlays[i].node->filename, g_strerror(-r));
        }
    }
    return true;
}

bool block_snapshot(BlockGraph *graph, const BlockOverlay *overlays, unsigned count, GError **err)
{
    if (!check_all(graph, overlays, count, err)) {
        return false;
    }
    block_quiesce(graph);
    bool good = flush_all(overlays, count, err);
    for (unsigned i = 0; i < count && good; i++) {
        BlockNode *node = overlays[i].node, *overlay = overlays[i].overlay;
        overlay->backing = block_ref(node);
        block_users_move(graph, node, overlay);
        if (block_make_read_only(node) != 0) {
            node->read_only = true;             /* it was flushed, and nobody writes to it */
        }
    }
    block_go_on(graph);
    return good;
}
