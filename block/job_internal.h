/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job, as job*.c share it. */
#ifndef BLOCK_JOB_INTERNAL_H
#define BLOCK_JOB_INTERNAL_H

#include "block/graph_internal.h"
#include "block/guard.h"
#include "block/job.h"

/* Bytes that one step copies. */
#define JOB_PIECE MIB

enum { JOB_DONE, JOB_MORE, JOB_NEARLY };

typedef struct {
    const char *type;
    bool copies;
    /* In the job's thread, bounded: JOB_MORE, JOB_NEARLY (there is so little that who waits for the rest
     * hardly notices), JOB_DONE (for now), or a negative errno. */
    int (*step)(BlockJob *job);
    /* Main thread, no I/O under way: what it was for. False with err. NULL: nothing. */
    bool (*commit)(BlockJob *job, GError **err);
    /* Main thread, no I/O under way: gives back what it has. */
    void (*end)(BlockJob *job, bool committed);
} JobKind;

struct BlockJob {
    const JobKind *kind;
    BlockGraph *graph;
    BlockJobOptions options;        /* id is the job's own */
    bool mirrors;                   /* becomes ready, and goes on until it is completed */
    /* Main thread. */
    BlockJobStatus status;
    bool cancelled, stays;          /* stays: ends well without commit */
    char *error;
    GThread *thread;

    GMutex lock;
    GCond changed;
    /* lock */
    bool busy, stop, paused, completing, told;
    bool caught_up, may_finish;     /* for the main thread: is ready; is done */
    unsigned held;
    int result;                     /* of the last step */
    gint64 next;                    /* us: no step before */
    uint64_t speed;
    GError *why;
    GSource *notice;                /* brings the main thread here */
    uint64_t done, total;           /* atomic */

    /* Those that copy. */
    BlockNode *active, *top, *base; /* base of a stream: NULL */
    bool base_was_read_only;
    uint64_t at;
    gint64 patience;                /* us: from then on what is left will do; 0: not yet */
    char *backing_name;
    void *piece;
    /* Those that create. */
    BlockNode *file;
    Qcow2Layout layout;
    char *path;
};

/* NULL with err when options are wrong. job_start begins it; job_drop when that is not to be. */
BlockJob *job_new(BlockGraph *graph, const JobKind *kind, const BlockJobOptions *options, GError **err);
void job_start(BlockJob *job);
void job_drop(BlockJob *job);
/* Of a step: a reason in the place of that errno. Takes err. */
int job_fail(BlockJob *job, GError *err);

/* All jobs are between two steps, and no request of a device is under way, until block_go_on. */
void block_quiesce(BlockGraph *graph);
void block_go_on(BlockGraph *graph);

#endif
