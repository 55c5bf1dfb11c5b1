/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of devices: threads carry them out, and call back with the machine lock held. */
#include <errno.h>
#include "block/job_internal.h"
#include "system/delivery.h"
#include "util/error.h"

/* Requests that may be under way at the host at once. */
#define THREADS 16

struct BlockUser {
    BlockGraph *graph;
    char *name, *device;            /* device: who has claimed it, or NULL */
    int no_cache;                   /* atomic */
    int cancelling;                 /* atomic: what has not begun is not done any more */
    BlockNode *node;                /* or NULL */
    void (*changed)(void *opaque);
    void *opaque;
    const BlockMedia *media;        /* or NULL */
    bool discs;
    void *media_opaque;
    unsigned inflight;              /* submitted, and done not called yet; machine lock */
    GQueue waiting;                 /* of BlockRequest *, not begun: the graph is quiet */
    GQueue finished;                /* of BlockRequest *, done not called yet; graph lock */
    BlockStats stats[BLOCK_ZERO + 1];
};

/* ---- carrying out, in a thread ---- */

static int write_through(BlockNode *node, const BlockRequest *r)
{
    int error = block_writev(node, r->offset, r->iov, r->niov);
    return error || !g_atomic_int_get(&r->user->no_cache) ? error : block_flush(node);
}

static int carry_out(BlockNode *node, const BlockRequest *r)
{
    switch (r->op) {
    case BLOCK_READ:    return block_readv(node, r->offset, r->iov, r->niov);
    case BLOCK_WRITE:   return write_through(node, r);
    case BLOCK_FLUSH:   return block_flush(node);
    case BLOCK_DISCARD: return block_discard(node, r->offset, r->bytes);
    case BLOCK_ZERO:    return block_zero(node, r->offset, r->bytes, r->unmap);
    }
    return -ENOTSUP;
}

static void count(BlockUser *user, const BlockRequest *r)
{
    BlockStats *s = &user->stats[r->op];
    bool listed = r->op == BLOCK_READ || r->op == BLOCK_WRITE;
    s->operations += r->error == 0;
    s->failed += r->error != 0;
    s->bytes += r->error ? 0 : listed ? iov_bytes(r->iov, r->niov) : r->bytes;
    s->ns += (uint64_t)(g_get_monotonic_time() - r->started) * 1000;
}

/* Calls done of one that has finished; false when there is none. Machine lock held. */
static bool deliver(void *owner)
{
    BlockUser *user = owner;
    BlockGraph *graph = user->graph;
    g_mutex_lock(&graph->lock);
    BlockRequest *r = g_queue_pop_head(&user->finished);
    g_mutex_unlock(&graph->lock);
    if (r) {
        count(user, r);
        r->done(r, r->error);
        user->inflight--;
    }
    return r != NULL;
}

static void work(gpointer data, gpointer opaque)
{
    BlockGraph *graph = opaque;
    BlockRequest *r = data;
    BlockUser *user = r->user;
    if (g_atomic_int_get(&user->cancelling)) {
        r->error = -ECANCELED;
    } else {
        r->error = user->node ? carry_out(user->node, r) : -ENOMEDIUM;
    }
    g_mutex_lock(&graph->lock);
    g_queue_push_tail(&user->finished, r);
    g_cond_broadcast(&graph->finished);
    g_mutex_unlock(&graph->lock);
    delivery_push(graph->delivery, user);
}

void block_pool_start(BlockGraph *graph)
{
    graph->pool = g_thread_pool_new(work, graph, THREADS, FALSE, NULL);
    graph->delivery = delivery_new(graph->machine, graph->users, deliver);
}

void block_pool_stop(BlockGraph *graph)
{
    g_thread_pool_free(graph->pool, FALSE, TRUE);
    delivery_free(graph->delivery);
}

void block_submit(BlockUser *user, BlockRequest *request)
{
    request->user = user;
    request->started = g_get_monotonic_time();
    user->inflight++;
    if (user->graph->quiet) {
        g_queue_push_tail(&user->waiting, request);
    } else {
        g_thread_pool_push(user->graph->pool, request, NULL);
    }
}

void block_users_go_on(BlockGraph *graph)
{
    for (guint i = 0; i < graph->users->len; i++) {
        BlockUser *user = g_ptr_array_index(graph->users, i);
        BlockRequest *r;
        while ((r = g_queue_pop_head(&user->waiting))) {
            g_thread_pool_push(graph->pool, r, NULL);
        }
    }
}

void block_drain(BlockUser *user)
{
    BlockGraph *graph = user->graph;
    while (user->inflight > g_queue_get_length(&user->waiting)) {
        g_mutex_lock(&graph->lock);
        while (g_queue_is_empty(&user->finished)) {
            g_cond_wait(&graph->finished, &graph->lock);
        }
        g_mutex_unlock(&graph->lock);
        deliver(user);
    }
}

/* Those that wait for a quiet graph are over as well. */
static void cancel_waiting(BlockUser *user)
{
    BlockRequest *r;
    g_mutex_lock(&user->graph->lock);
    while ((r = g_queue_pop_head(&user->waiting))) {
        r->error = -ECANCELED;
        g_queue_push_tail(&user->finished, r);
    }
    g_mutex_unlock(&user->graph->lock);
}

void block_cancel(BlockUser *user)
{
    g_atomic_int_set(&user->cancelling, true);
    while (user->inflight) {
        cancel_waiting(user);
        block_drain(user);
    }
    g_atomic_int_set(&user->cancelling, false);
}

/* ---- users ---- */

/* One user may write to a node, and then nobody else has it. */
static bool may_use(const BlockGraph *graph, const BlockNode *node, GError **err)
{
    if (!block_is_free(node, err)) {
        return false;
    }
    for (guint i = 0; i < graph->users->len; i++) {
        const BlockUser *u = g_ptr_array_index(graph->users, i);
        if (u->node == node && !node->read_only) {
            return error_set(err, "node '%s' is written to by '%s' already", node->name, u->name);
        }
    }
    return true;
}

BlockUser *block_user_new(BlockGraph *graph, const char *name, BlockNode *node, GError **err)
{
    if (node && !may_use(graph, node, err)) {
        return NULL;
    }
    if (node && node->auto_read_only) {
        block_make_writable(node, NULL);        /* or it stays as it is */
    }
    BlockUser *user = g_new0(BlockUser, 1);
    user->graph = graph;
    user->name = g_strdup(name);
    user->node = node ? block_ref(node) : NULL;
    g_queue_init(&user->finished);
    g_queue_init(&user->waiting);
    g_ptr_array_add(graph->users, user);
    return user;
}

void block_user_free(BlockUser *user)
{
    if (!user) {
        return;
    }
    block_drain(user);
    block_cancel(user);                 /* what a quiet graph keeps waiting */
    g_ptr_array_remove(user->graph->users, user);
    block_unref(user->node);
    g_free(user->name);
    g_free(user->device);
    g_free(user);
}

/* What -drive has made, or a new one on a node of that name. */
static BlockUser *find_or_make(BlockGraph *graph, const char *drive, const char *device, GError **err)
{
    BlockUser *user = drive ? block_user_find(graph, drive) : NULL;
    BlockNode *node = drive && !user ? block_find(graph, drive) : NULL;
    if (user && user->device) {
        error_set(err, "%s: drive '%s' is in use by '%s'", device, drive, user->device);
        return NULL;
    }
    if (drive && !user && !node) {
        error_set(err, "%s: drive '%s': there is no -drive with that id and no -blockdev with that node-name",
                  device, drive);
        return NULL;
    }
    return user ? user : block_user_new(graph, "", node, err);
}

BlockUser *block_user_claim(BlockGraph *graph, const char *drive, const char *device, bool writes,
                            GError **err)
{
    BlockUser *user = find_or_make(graph, drive, device, err);
    if (user && writes && user->node && user->node->read_only) {
        error_set(err, "%s: drive '%s' is read-only, which this device cannot be", device, drive);
        if (!*user->name) {
            block_user_free(user);
        }
        return NULL;
    }
    if (user) {
        user->device = g_strdup(device);
    }
    return user;
}

const char *block_user_device(const BlockUser *user)
{
    return user->device;
}

void block_user_set_write_cache(BlockUser *user, bool on)
{
    g_atomic_int_set(&user->no_cache, !on);
}

bool block_user_write_cache(const BlockUser *user)
{
    return !g_atomic_int_get(&user->no_cache);
}

const char *block_user_name(const BlockUser *user)
{
    return user->name;
}

BlockNode *block_user_node(const BlockUser *user)
{
    return user->node;
}

void block_user_set_node(BlockUser *user, BlockNode *node)
{
    block_drain(user);
    BlockNode *old = user->node;
    user->node = node ? block_ref(node) : NULL;
    block_unref(old);
    if (user->changed) {
        user->changed(user->opaque);
    }
}

bool block_user_insert(BlockUser *user, BlockNode *node, GError **err)
{
    if (!may_use(user->graph, node, err)) {
        return false;
    }
    block_user_set_node(user, node);
    return true;
}

void block_users_move(BlockGraph *graph, BlockNode *from, BlockNode *to)
{
    bool other_size = block_size(from) != block_size(to);
    for (guint i = 0; i < graph->users->len; i++) {
        BlockUser *user = g_ptr_array_index(graph->users, i);
        if (user->node != from) {
            continue;
        }
        user->node = block_ref(to);
        block_unref(from);
        if (other_size && user->changed) {
            user->changed(user->opaque);
        }
    }
}

int block_resize(BlockGraph *graph, BlockNode *node, uint64_t size)
{
    if (node->job) {
        return -EBUSY;
    }
    block_quiesce(graph);
    int r = block_truncate(node, size);
    block_go_on(graph);
    for (guint i = 0; r == 0 && i < graph->users->len; i++) {
        BlockUser *user = g_ptr_array_index(graph->users, i);
        if (user->node == node && user->changed) {
            user->changed(user->opaque);
        }
    }
    return r;
}

/* ---- media ---- */

void block_user_set_media(BlockUser *user, const BlockMedia *media, void *opaque)
{
    user->media = media;
    user->media_opaque = opaque;
}

void block_user_set_discs(BlockUser *user)
{
    user->discs = true;
}

bool block_user_has_discs(const BlockUser *user)
{
    return user->discs;
}

bool block_user_removable(const BlockUser *user)
{
    return user->media != NULL;
}

bool block_user_tray_open(const BlockUser *user, bool *locked)
{
    bool unused = false;
    return user->media && user->media->tray_open(user->media_opaque, locked ? locked : &unused);
}

void block_user_move_tray(BlockUser *user, bool open)
{
    user->media->move_tray(user->media_opaque, open);
}

void block_user_ask(BlockUser *user)
{
    user->media->ask(user->media_opaque);
}

void block_user_tray_moved(BlockUser *user)
{
    if (user->graph->tray_moved) {
        user->graph->tray_moved(user->graph->tray_opaque, user);
    }
}

void block_graph_on_tray(BlockGraph *graph, void (*moved)(void *opaque, BlockUser *user), void *opaque)
{
    graph->tray_moved = moved;
    graph->tray_opaque = opaque;
}

void block_user_on_change(BlockUser *user, void (*changed)(void *opaque), void *opaque)
{
    user->changed = changed;
    user->opaque = opaque;
}

const BlockStats *block_user_stats(const BlockUser *user, BlockOp op)
{
    return &user->stats[op];
}

BlockUser *block_user_at(BlockGraph *graph, unsigned n)
{
    return n < graph->users->len ? g_ptr_array_index(graph->users, n) : NULL;
}

BlockUser *block_user_find(BlockGraph *graph, const char *name)
{
    for (guint i = 0; i < graph->users->len; i++) {
        BlockUser *user = g_ptr_array_index(graph->users, i);
        if (g_strcmp0(user->name, name) == 0) {
            return user;
        }
    }
    return NULL;
}
