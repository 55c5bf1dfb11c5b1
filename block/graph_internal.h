/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The graph, as graph.c and user.c share it. */
#ifndef BLOCK_GRAPH_INTERNAL_H
#define BLOCK_GRAPH_INTERNAL_H

#include "block/driver.h"
#include "block/job.h"

struct BlockGraph {
    Machine *machine;
    GPtrArray *nodes, *users;       /* of BlockNode *, BlockUser *, not owned */
    GPtrArray *jobs;                /* of BlockJob * */
    void (*job_event)(void *opaque, BlockJob *job, BlockJobEvent event);
    void *job_opaque;
    unsigned quiet;                 /* requests that come now wait */
    unsigned next_name;
    void (*tray_moved)(void *opaque, BlockUser *user);
    void *tray_opaque;
    GThreadPool *pool;              /* carry requests out */
    struct Delivery *delivery;      /* of what they have finished (system/delivery.h) */
    GMutex lock;                    /* finished and inflight of the users */
    GCond finished;
};

/* Nodes that open each other. */
#define BLOCK_DEPTH_MAX 200u

/* block_open for a node that above, which is being opened, needs (NULL: none). */
BlockNode *block_open_below(BlockGraph *graph, const BlockNode *above, KeyVal *options, GError **err);

/* Makes and ends the threads (user.c). */
void block_pool_start(BlockGraph *graph);
void block_pool_stop(BlockGraph *graph);

/* The users of from have to from now on. Nothing is in flight. */
void block_users_move(BlockGraph *graph, BlockNode *from, BlockNode *to);
/* Begins the requests that wait; the graph is no longer quiet. */
void block_users_go_on(BlockGraph *graph);
/* Ends all jobs, as they are (job.c). Machine lock held. */
void block_jobs_stop(BlockGraph *graph);

#endif
