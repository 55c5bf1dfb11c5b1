/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of chains of images while the guest uses them: snapshots, and jobs, which copy in threads of
 * their own and a bounded piece at a time. All functions: main thread, machine lock held.
 */
#ifndef BLOCK_JOB_H
#define BLOCK_JOB_H

#include "block/block.h"

typedef struct BlockJob BlockJob;

typedef enum {
    BLOCK_JOB_RUNNING, BLOCK_JOB_PAUSED, BLOCK_JOB_READY, BLOCK_JOB_STANDBY, BLOCK_JOB_WAITING,
    BLOCK_JOB_PENDING, BLOCK_JOB_ABORTING, BLOCK_JOB_CONCLUDED, BLOCK_JOB_NULL, BLOCK_JOB_CREATED,
} BlockJobStatus;

typedef struct {
    const char *id;                 /* NULL: the drive's, when it has one */
    uint64_t speed;                 /* bytes per second; 0: as fast as it goes */
    bool keep_pending;              /* waits for block_job_finalize before it changes the graph */
    bool keep_concluded;            /* stays listed until block_job_dismiss */
} BlockJobOptions;

/* ---- jobs: NULL with err when it cannot begin ---- */

/* Writes what the images from top (below or equal to active) down to base add to base into base. At the
 * end what stood on top stands on base; with top == active the job first becomes ready, and
 * block_job_complete moves the users of active to base. backing_name: how the image above top names base
 * from then on; NULL: by its file's name. */
BlockJob *block_commit(BlockGraph *graph, BlockNode *active, BlockNode *top, BlockNode *base,
                       const char *backing_name, const BlockJobOptions *options, GError **err);
/* Copies into node what it shows of the images between it and base (NULL: all), and at the end puts it on
 * base. */
BlockJob *block_stream(BlockGraph *graph, BlockNode *node, BlockNode *base, const char *backing_name,
                       const BlockJobOptions *options, GError **err);

typedef struct {
    uint64_t size, cluster_size;    /* bytes; cluster_size 0: 64 KiB */
    char *backing_name, *backing_format;    /* or NULL */
    unsigned version;               /* 2 or 3; 0: 3 */
} Qcow2Layout;

/* An empty qcow2 image in file, whose contents are lost. Takes what is in layout. */
BlockJob *block_create_qcow2(BlockGraph *graph, BlockNode *file, const Qcow2Layout *layout,
                             const BlockJobOptions *options, GError **err);
/* A file of size bytes of zeros. */
BlockJob *block_create_file(BlockGraph *graph, const char *path, uint64_t size,
                            const BlockJobOptions *options, GError **err);

/* The one of that id, or NULL; n: in the order they began. */
BlockJob *block_job_find(BlockGraph *graph, const char *id);
BlockJob *block_job_at(BlockGraph *graph, unsigned n);
const char *block_job_id(const BlockJob *job);
const char *block_job_type(const BlockJob *job);
BlockJobStatus block_job_status(const BlockJob *job);
const char *block_job_status_name(BlockJobStatus status);
/* Whether it copies: query-block-jobs lists those. */
bool block_job_copies(const BlockJob *job);
/* Bytes done, and of how many. */
void block_job_progress(BlockJob *job, uint64_t *done, uint64_t *total);
/* Why it failed, or NULL. */
const char *block_job_error(const BlockJob *job);
const BlockJobOptions *block_job_options(const BlockJob *job);

/* These are false with err in a status where they make no sense. force: also of one that is ready,
 * which else ends well without moving anybody. */
bool block_job_cancel(BlockJob *job, bool force, GError **err);
bool block_job_complete(BlockJob *job, GError **err);
bool block_job_finalize(BlockJob *job, GError **err);
bool block_job_dismiss(BlockJob *job, GError **err);
bool block_job_pause(BlockJob *job, bool pause, GError **err);
bool block_job_set_speed(BlockJob *job, uint64_t speed, GError **err);

typedef enum { BLOCK_JOB_STATUS_CHANGED, BLOCK_JOB_IS_READY, BLOCK_JOB_IS_PENDING, BLOCK_JOB_HAS_COMPLETED,
               BLOCK_JOB_WAS_CANCELLED } BlockJobEvent;
/* happened (one, or NULL) hears of all jobs. */
void block_graph_on_job(BlockGraph *graph, void (*happened)(void *opaque, BlockJob *job, BlockJobEvent event),
                        void *opaque);

/* ---- snapshots ---- */

/* A new file with an empty qcow2 image; false with err. */
bool qcow2_create(BlockGraph *graph, const char *path, const Qcow2Layout *layout, GError **err);

/* One node that gets an overlay, which was opened without a backing image. */
typedef struct {
    BlockNode *node, *overlay;
} BlockOverlay;

/* What uses each node uses its overlay from now on, which shows the node where it has nothing, and the
 * node becomes read-only: all of them at one moment, or, false with err, none. */
bool block_snapshot(BlockGraph *graph, const BlockOverlay *overlays, unsigned count, GError **err);

/* False with err when a job has the node. */
bool block_is_free(const BlockNode *node, GError **err);

#endif
