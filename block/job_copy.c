/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs that shorten a chain of images. Commit: what images add goes into one below them, where nobody sees
 * it yet. Stream: what images below have goes into the one above. The chain becomes another one when all
 * is there; until then each image shows what it has shown.
 */
#include <errno.h>
#include <string.h>
#include "block/job_internal.h"
#include "util/error.h"

/* What is left when a job of an image in use is as good as done: bytes, and us after which more will do. */
#define LITTLE (4 * MIB)
#define PATIENCE (10 * G_USEC_PER_SEC)

/* ---- chains ---- */

static bool is_in_chain(const BlockNode *top, const BlockNode *base, const BlockNode *node)
{
    for (const BlockNode *n = top; n; n = n->backing) {
        if (n == node) {
            return true;
        }
        if (n == base) {
            return false;
        }
    }
    return false;
}

/* Nobody else stands on an image that is about to change, and no other job works here. */
static bool check_chain(BlockGraph *graph, BlockNode *active, const BlockNode *top, const BlockNode *base,
                        GError **err)
{
    for (const BlockNode *n = active; n; n = n == base ? NULL : n->backing) {
        if (!block_is_free(n, err)) {
            return false;
        }
    }
    for (guint i = 0; i < graph->nodes->len; i++) {
        const BlockNode *n = g_ptr_array_index(graph->nodes, i);
        bool inside = is_in_chain(active, base, n);
        if (!inside && ((n->backing && is_in_chain(top, base, n->backing)) ||
                        (n->file && is_in_chain(top, base, n->file)))) {
            return error_set(err, "Node '%s' stands on images that would change", n->name);
        }
    }
    for (guint i = 0; i < graph->users->len; i++) {
        const BlockUser *user = g_ptr_array_index(graph->users, i);
        const BlockNode *node = block_user_node(user);
        if (node && node != active && is_in_chain(top, base, node)) {
            return error_set(err, "Node '%s' is in use by '%s'", node->name, block_user_name(user));
        }
    }
    return true;
}

static void set_job(BlockNode *active, const BlockNode *base, const BlockJob *job)
{
    for (BlockNode *n = active; n; n = n == base ? NULL : n->backing) {
        n->job = job;
    }
}

/* Marks and keeps the chain; the job has it until let_go. */
static void take_hold(BlockJob *job, BlockNode *active, BlockNode *top, BlockNode *base)
{
    job->active = block_ref(active);
    job->top = block_ref(top);
    job->base = base ? block_ref(base) : NULL;
    job->piece = g_malloc(JOB_PIECE);
    __atomic_store_n(&job->total, block_size(top), __ATOMIC_RELAXED);
    set_job(active, base, job);
}

/* The chain may be another one than it was. */
static void let_go(BlockJob *job)
{
    for (guint i = 0; i < job->graph->nodes->len; i++) {
        BlockNode *n = g_ptr_array_index(job->graph->nodes, i);
        n->job = n->job == job ? NULL : n->job;
    }
    block_guard_free(g_steal_pointer(&job->active->guard));
    block_unref(g_steal_pointer(&job->active));
    block_unref(g_steal_pointer(&job->top));
    block_unref(g_steal_pointer(&job->base));
}

static const char *name_of(const BlockJob *job, const BlockNode *base)
{
    return job->backing_name ? job->backing_name : base->filename;
}

/* What stands on old stands on base from now on, in the image too. */
static int rebase(const BlockJob *job, BlockNode *above, BlockNode *base)
{
    bool read_only = above->read_only;
    if (!block_make_writable(above, NULL)) {
        return -EROFS;
    }
    int r = base ? above->driver->set_backing(above, name_of(job, base), base->driver->name)
                 : above->driver->set_backing(above, NULL, NULL);
    if (read_only) {
        block_make_read_only(above);
    }
    if (r == 0) {
        BlockNode *old = above->backing;
        above->backing = base ? block_ref(base) : NULL;
        block_unref(old);
    }
    return r;
}

/* ---- copying ---- */

static bool is_zero(const uint8_t *p, size_t len)
{
    return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

static void advance(BlockJob *job, uint64_t bytes)
{
    __atomic_fetch_add(&job->done, bytes, __ATOMIC_RELAXED);
}

/* What the images from top down to base have at offset, to base; *run: bytes that are right there now. */
static int commit_piece(BlockJob *job, uint64_t offset, uint64_t bytes, uint64_t *run)
{
    BlockStatus status;
    int r = block_status_above(job->top, job->base, offset, bytes, &status, run);
    if (r != 0 || status == BLOCK_NOTHING) {
        return r;
    }
    *run = MIN(*run, JOB_PIECE);
    r = status == BLOCK_DATA ? block_read(job->top, offset, job->piece, *run) : 0;
    if (r != 0) {
        return r;
    }
    bool zeros = status == BLOCK_ZEROS || is_zero(job->piece, *run);
    return zeros ? block_zero(job->base, offset, *run, true)
                 : block_write(job->base, offset, job->piece, *run);
}

static int commit_range(BlockJob *job, uint64_t offset, uint64_t bytes)
{
    int r = 0;
    for (uint64_t done = 0, run; done < bytes && r == 0; done += run) {
        r = commit_piece(job, offset + done, bytes - done, &run);
    }
    return r;
}

/* What the guest has written since; the end of the job is further off by that. */
static int follow(BlockJob *job)
{
    uint64_t offset, bytes, ever, size = block_size(job->top);
    BlockGuard *guard = job->active->guard;
    int r = 0;
    if (block_guard_take(guard, JOB_PIECE, &offset, &bytes)) {
        r = commit_range(job, offset, bytes);
    }
    uint64_t left = block_guard_marked(guard, &ever);
    __atomic_store_n(&job->total, size + ever, __ATOMIC_RELAXED);
    __atomic_store_n(&job->done, size + ever - MIN(left, ever), __ATOMIC_RELAXED);
    if (r != 0) {
        return r;
    }
    if (!job->patience) {
        job->patience = g_get_monotonic_time() + PATIENCE;
    }
    bool nearly = left <= LITTLE || g_get_monotonic_time() > job->patience;
    return left == 0 ? JOB_DONE : nearly ? JOB_NEARLY : JOB_MORE;
}

static int commit_step(BlockJob *job)
{
    uint64_t size = block_size(job->top), run;
    if (job->at < size) {
        int r = commit_piece(job, job->at, size - job->at, &run);
        job->at += r == 0 ? run : 0;
        advance(job, r == 0 ? run : 0);
        return r == 0 ? JOB_MORE : r;
    }
    return job->mirrors ? follow(job) : JOB_DONE;
}

/* ---- commit ---- */

static BlockNode *above_of(const BlockJob *job)
{
    BlockNode *n = job->active;
    while (n && n->backing != job->top) {
        n = n->backing;
    }
    return n;
}

static bool commit_commit(BlockJob *job, GError **err)
{
    int r = block_flush(job->base);
    if (r == 0 && job->mirrors) {
        block_users_move(job->graph, job->active, job->base);
        block_make_read_only(job->active);      /* it shows nothing that is right any more */
        return true;
    }
    BlockNode *above = above_of(job);
    r = r == 0 ? rebase(job, above, job->base) : r;
    return r == 0 || error_set(err, "%s: cannot become the backing image of %s: %s", job->base->filename,
                               above ? above->filename : job->active->filename, g_strerror(-r));
}

static void commit_end(BlockJob *job, bool committed)
{
    if (job->base_was_read_only && !(committed && job->mirrors)) {
        block_make_read_only(job->base);
    }
    let_go(job);
}

static const JobKind commit_kind = { "commit", true, commit_step, commit_commit, commit_end };

static bool check_commit(BlockGraph *graph, BlockNode *active, BlockNode *top, const BlockNode *base,
                         GError **err)
{
    if (top == base || !is_in_chain(top, NULL, base)) {
        return error_set(err, "'%s' is not in the backing chain of '%s'", base->filename, top->filename);
    }
    if (!is_in_chain(active, NULL, top)) {
        return error_set(err, "'%s' is not in the backing chain of '%s'", top->filename, active->filename);
    }
    for (const BlockNode *n = active; n != top; n = n->backing) {
        if (n->backing == top && !n->driver->set_backing) {
            return error_set(err, "%s: the name of its backing image cannot be changed", n->filename);
        }
    }
    return check_chain(graph, active, top, base, err);
}

/* Nothing is in flight. */
static bool prepare_base(BlockJob *job, BlockNode *top, BlockNode *base, GError **err)
{
    job->base_was_read_only = base->read_only;
    if (!block_make_writable(base, err)) {
        return false;
    }
    int r = block_size(base) < block_size(top) ? block_truncate(base, block_size(top)) : 0;
    if (r != 0 && job->base_was_read_only) {
        block_make_read_only(base);
    }
    return r == 0 || error_set(err, "%s: cannot grow to %" G_GUINT64_FORMAT " bytes: %s", base->filename,
                               block_size(top), g_strerror(-r));
}

BlockJob *block_commit(BlockGraph *graph, BlockNode *active, BlockNode *top, BlockNode *base,
                       const char *backing_name, const BlockJobOptions *options, GError **err)
{
    if (!check_commit(graph, active, top, base, err)) {
        return NULL;
    }
    if (top == active && backing_name) {
        error_set(err, "backing-file= goes with an image that stays above top; there is none");
        return NULL;
    }
    BlockJob *job = job_new(graph, &commit_kind, options, err);
    if (!job) {
        return NULL;
    }
    job->mirrors = top == active;
    job->backing_name = g_strdup(backing_name);
    block_quiesce(graph);
    bool good = prepare_base(job, top, base, err);
    if (good) {
        take_hold(job, active, top, base);
        active->guard = job->mirrors ? block_guard_new(block_size(active)) : NULL;
    }
    block_go_on(graph);
    if (!good) {
        job_drop(job);
        return NULL;
    }
    job_start(job);
    return job;
}

/* ---- stream ---- */

/* A piece of what only the images below have, with the guest's writes there kept out. */
static int stream_piece(BlockJob *job, uint64_t offset, uint64_t bytes, uint64_t *run)
{
    BlockNode *node = job->active;
    BlockStatus own, below;
    int r = block_status_above(node, node->backing, offset, bytes, &own, run);
    if (r != 0 || own != BLOCK_NOTHING) {
        return r;
    }
    r = block_status_above(node->backing, job->base, offset, *run, &below, run);
    if (r != 0 || below == BLOCK_NOTHING || (below == BLOCK_ZEROS && !job->base)) {
        return r;
    }
    struct iovec iov = { job->piece, *run };
    r = below == BLOCK_DATA ? block_readv(node, offset, &iov, 1) : 0;
    bool zeros = r == 0 && (below == BLOCK_ZEROS || is_zero(job->piece, *run));
    return r != 0 || (zeros && !job->base) ? r : block_write_guarded(node, offset, &iov, zeros);
}

/* Clusters are copied whole: a piece is at least as large. */
static int stream_step(BlockJob *job)
{
    uint64_t size = block_size(job->active), run;
    BlockStatus below;
    if (job->at >= size) {
        return JOB_DONE;
    }
    int r = block_status_above(job->active->backing, job->base, job->at, size - job->at, &below, &run);
    if (r == 0 && (below == BLOCK_DATA || (below == BLOCK_ZEROS && job->base))) {
        BlockRange range;
        uint64_t bytes = MIN(run, JOB_PIECE);
        block_guard_begin(job->active->guard, &range, job->at, bytes, true);
        r = stream_piece(job, job->at, bytes, &run);
        block_guard_end(job->active->guard, &range);
    }
    job->at += r == 0 ? run : 0;
    advance(job, r == 0 ? run : 0);
    return r == 0 ? JOB_MORE : r;
}

static bool stream_commit(BlockJob *job, GError **err)
{
    int r = block_flush(job->active);
    r = r == 0 ? rebase(job, job->active, job->base) : r;
    return r == 0 || error_set(err, "%s: cannot get another backing image: %s", job->active->filename,
                               g_strerror(-r));
}

static void stream_end(BlockJob *job, bool committed)
{
    let_go(job);
}

static const JobKind stream_kind = { "stream", true, stream_step, stream_commit, stream_end };

BlockJob *block_stream(BlockGraph *graph, BlockNode *node, BlockNode *base, const char *backing_name,
                       const BlockJobOptions *options, GError **err)
{
    if (!node->backing || !node->driver->set_backing) {
        error_set(err, "'%s' has no backing image that it could do without", node->filename);
        return NULL;
    }
    if (base && (base == node || !is_in_chain(node, NULL, base))) {
        error_set(err, "'%s' is not in the backing chain of '%s'", base->filename, node->filename);
        return NULL;
    }
    if (node->read_only) {
        error_set(err, "'%s' is read-only", node->filename);
        return NULL;
    }
    if (!base && backing_name) {
        error_set(err, "backing-file= goes with base=, the image that is named so");
        return NULL;
    }
    for (const BlockNode *n = node; n; n = n == base ? NULL : n->backing) {
        if (!block_is_free(n, err)) {
            return NULL;
        }
    }
    BlockJob *job = job_new(graph, &stream_kind, options, err);
    if (job) {
        job->backing_name = g_strdup(backing_name);
        block_quiesce(graph);
        take_hold(job, node, node, base);
        node->guard = block_guard_new(block_size(node));
        block_go_on(graph);
        job_start(job);
    }
    return job;
}
