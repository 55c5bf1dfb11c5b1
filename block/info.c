/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of an image. */
#include "block/driver.h"

void block_info(BlockNode *node, BlockInfo *info)
{
    *info = (BlockInfo){ 0 };
    if (node->driver->info) {
        node->driver->info(node, info);
    }
}

void block_info_clear(BlockInfo *info)
{
    for (unsigned i = 0; i < info->snapshot_count; i++) {
        g_free(info->snapshots[i].id);
        g_free(info->snapshots[i].name);
    }
    g_free(info->snapshots);
    g_free(info->backing_name);
    g_free(info->backing_format);
    if (info->specific) {
        json_object_unref(info->specific);
    }
    *info = (BlockInfo){ 0 };
}
