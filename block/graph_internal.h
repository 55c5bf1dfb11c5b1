/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The graph, as graph.c and user.c share it. */
#ifndef BLOCK_GRAPH_INTERNAL_H
#define BLOCK_GRAPH_INTERNAL_H

#include "block/driver.h"

struct BlockGraph {
    Machine *machine;
    GPtrArray *nodes, *users;       /* of BlockNode *, BlockUser *, not owned */
    unsigned next_name;
    GThreadPool *pool, *late;       /* carry requests out; wait for the machine lock in their place */
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

#endif
