/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making images, for the jobs that do it. Any thread. */
#ifndef BLOCK_QCOW2_CREATE_H
#define BLOCK_QCOW2_CREATE_H

#include "block/job.h"

/* An empty image in a file that is open for writing. False with err. */
bool qcow2_format(BlockNode *file, const Qcow2Layout *layout, GError **err);
/* A file of size bytes of zeros; false with err. */
bool block_create_plain(const char *path, uint64_t size, GError **err);

#endif
