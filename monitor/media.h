/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both monitors do with drives and their media. Main thread, machine lock held. */
#ifndef MONITOR_MEDIA_H
#define MONITOR_MEDIA_H

#include "block/block.h"
#include "monitor/monitor.h"

/* The drive of that -drive id or, id, of that device; NULL with err. */
BlockUser *media_drive(const MonitorContext *c, const char *device, const char *id, GError **err);
/* What errors call it. */
const char *media_name(const BlockUser *user);
/* Opens the tray. When the guest has locked it and without force it is asked to; then *asked is true. False
 * with err for drives that have none. */
bool media_open(BlockUser *user, bool force, bool *asked, GError **err);
/* Opens the tray and takes the medium out; false with err when the guest has to open it first. */
bool media_eject(BlockUser *user, bool force, GError **err);
/* Opens a file as a medium: format NULL: by its first bytes. NULL with err. */
BlockNode *media_load(const MonitorContext *c, const char *filename, const char *format, bool read_only,
                      GError **err);
/* Another medium from a file. */
bool media_change(const MonitorContext *c, BlockUser *user, const char *filename, const char *format,
                  const char *mode, bool force, GError **err);
/* Sets the size of a node. */
bool media_resize(const MonitorContext *c, BlockNode *node, uint64_t size, GError **err);

#endif
