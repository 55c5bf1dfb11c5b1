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

/* Makes and ends the threads (user.c). */
void block_pool_start(BlockGraph *graph);
void block_pool_stop(BlockGraph *graph);

#endif
