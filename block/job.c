/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of jobs: a thread takes steps; the main thread hears when there are no more, changes the
 * graph and tells. Who needs the graph to himself holds all jobs between two steps meanwhile.
 */
#include "block/job_internal.h"

#include <string.h>
#include "util/error.h"

/* How often a job that is ready looks for what was written, us. */
#define LOOK_AGAIN 20000

const char *block_job_status_name(BlockJobStatus status)
{
    static const char *const names[] = {
        [BLOCK_JOB_CREATED] = "created", [BLOCK_JOB_RUNNING] = "running", [BLOCK_JOB_PAUSED] = "paused",
        [BLOCK_JOB_READY] = "ready", [BLOCK_JOB_STANDBY] = "standby", [BLOCK_JOB_WAITING] = "waiting",
        [BLOCK_JOB_PENDING] = "pending", [BLOCK_JOB_ABORTING] = "aborting",
        [BLOCK_JOB_CONCLUDED] = "concluded", [BLOCK_JOB_NULL] = "null",
    };
    return names[status];
}

static void tell(BlockJob *job, BlockJobEvent event)
{
    if (job->graph->job_event) {
        job->graph->job_event(job->graph->job_opaque, job, event);
    }
}

static void set_status(BlockJob *job, BlockJobStatus status)
{
    job->status = status;
    tell(job, BLOCK_JOB_STATUS_CHANGED);
}

/* ---- beginning and end of the structure ---- */

BlockJob *job_new(BlockGraph *graph, const JobKind *kind, const BlockJobOptions *options, GError **err)
{
    if (!options->id || !*options->id) {
        error_set(err, "An explicit job ID is required for this node");
        return NULL;
    }
    if (!g_ascii_isalpha(*options->id) || strspn(options->id, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS
                                                 "-._") != strlen(options->id)) {
        error_set(err, "Invalid job ID '%s': a letter, then letters, digits, '-', '.' and '_'", options->id);
        return NULL;
    }
    if (block_job_find(graph, options->id)) {
        error_set(err, "Job ID '%s' already in use", options->id);
        return NULL;
    }
    BlockJob *job = g_new0(BlockJob, 1);
    job->kind = kind;
    job->graph = graph;
    job->options = *options;
    job->options.id = g_strdup(options->id);
    job->speed = options->speed;
    job->status = BLOCK_JOB_CREATED;
    job->result = JOB_MORE;
    g_mutex_init(&job->lock);
    g_cond_init(&job->changed);
    return job;
}

void job_drop(BlockJob *job)
{
    if (job->notice) {
        g_source_destroy(job->notice);
        g_source_unref(job->notice);
    }
    g_clear_error(&job->why);
    g_mutex_clear(&job->lock);
    g_cond_clear(&job->changed);
    g_free(job->backing_name);
    g_free(job->layout.backing_name);
    g_free(job->layout.backing_format);
    g_free(job->path);
    g_free(job->piece);
    g_free(job->error);
    g_free((char *)(uintptr_t)job->options.id);
    g_free(job);
}

int job_fail(BlockJob *job, GError *err)
{
    g_mutex_lock(&job->lock);
    job->why = err;
    g_mutex_unlock(&job->lock);
    return -1;
}

/* ---- the thread ---- */

static gboolean notice(gpointer data);

/* Lock held. */
static void call_main(BlockJob *job)
{
    if (!job->notice) {
        job->notice = g_idle_source_new();
        g_source_set_priority(job->notice, G_PRIORITY_DEFAULT);
        g_source_set_callback(job->notice, notice, job, NULL);
        g_source_attach(job->notice, job->graph->machine->context);
    }
}

/* Lock held. False: it has waited, and all may be different. */
static bool may_step(BlockJob *job)
{
    if (job->held || job->paused) {
        g_cond_wait(&job->changed, &job->lock);
        return false;
    }
    if (job->next > g_get_monotonic_time()) {
        g_cond_wait_until(&job->changed, &job->lock, job->next);
        return false;
    }
    return true;
}

/* Lock held; took: bytes of the last step. */
static void after_step(BlockJob *job, uint64_t took)
{
    if (job->result == JOB_DONE) {
        job->next = g_get_monotonic_time() + LOOK_AGAIN;
    } else if (job->speed) {
        job->next = g_get_monotonic_time() + (gint64)(took * G_USEC_PER_SEC / job->speed);
    }
    bool good = job->mirrors ? job->result == JOB_DONE || job->result == JOB_NEARLY : job->result == JOB_DONE;
    if (good && job->mirrors && !job->told) {
        job->told = job->caught_up = true;
    } else if (good && (!job->mirrors || job->completing)) {
        job->may_finish = true;
    } else if (job->result >= 0) {
        return;
    }
    call_main(job);
}

static bool goes_on(const BlockJob *job)
{
    return !job->stop && (job->result > 0 || (job->result == JOB_DONE && job->mirrors));
}

static gpointer run(gpointer data)
{
    BlockJob *job = data;
    g_mutex_lock(&job->lock);
    while (goes_on(job)) {
        if (!may_step(job)) {
            continue;
        }
        uint64_t before = __atomic_load_n(&job->done, __ATOMIC_RELAXED);
        job->busy = true;
        g_mutex_unlock(&job->lock);
        int r = job->kind->step(job);
        g_mutex_lock(&job->lock);
        job->busy = false;
        job->result = r;
        g_cond_broadcast(&job->changed);
        after_step(job, __atomic_load_n(&job->done, __ATOMIC_RELAXED) - before);
    }
    g_mutex_unlock(&job->lock);
    return NULL;
}

void job_start(BlockJob *job)
{
    g_ptr_array_add(job->graph->jobs, job);
    tell(job, BLOCK_JOB_STATUS_CHANGED);
    set_status(job, BLOCK_JOB_RUNNING);
    job->thread = g_thread_new("block-job", run, job);
}

static void stop_thread(BlockJob *job)
{
    g_mutex_lock(&job->lock);
    job->stop = true;
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
    if (job->thread) {
        g_thread_join(g_steal_pointer(&job->thread));
    }
}

/* ---- the graph for oneself ---- */

void block_quiesce(BlockGraph *graph)
{
    for (guint i = 0; i < graph->jobs->len; i++) {
        BlockJob *job = g_ptr_array_index(graph->jobs, i);
        g_mutex_lock(&job->lock);
        job->held++;
        while (job->busy) {
            g_cond_wait(&job->changed, &job->lock);
        }
        g_mutex_unlock(&job->lock);
    }
    graph->quiet++;
    for (guint i = 0; i < graph->users->len; i++) {
        block_drain(g_ptr_array_index(graph->users, i));
    }
}

void block_go_on(BlockGraph *graph)
{
    for (guint i = 0; i < graph->jobs->len; i++) {
        BlockJob *job = g_ptr_array_index(graph->jobs, i);
        g_mutex_lock(&job->lock);
        job->held--;
        g_cond_broadcast(&job->changed);
        g_mutex_unlock(&job->lock);
    }
    if (--graph->quiet == 0) {
        block_users_go_on(graph);
    }
}

void block_jobs_stop(BlockGraph *graph)
{
    while (graph->jobs->len) {
        BlockJob *job = g_ptr_array_index(graph->jobs, 0);
        stop_thread(job);
        if (job->status != BLOCK_JOB_CONCLUDED) {
            block_quiesce(graph);
            job->kind->end(job, false);
            block_go_on(graph);
        }
        g_ptr_array_remove_index(graph->jobs, 0);
        job_drop(job);
    }
}

/* ---- ending, in the main thread ---- */

static void leave(BlockJob *job)
{
    set_status(job, BLOCK_JOB_NULL);
    g_ptr_array_remove(job->graph->jobs, job);
    job_drop(job);
}

static void conclude(BlockJob *job)
{
    tell(job, job->cancelled ? BLOCK_JOB_WAS_CANCELLED : BLOCK_JOB_HAS_COMPLETED);
    set_status(job, BLOCK_JOB_CONCLUDED);
    if (!job->options.keep_concluded) {
        leave(job);
    }
}

static void give_up(BlockJob *job, const char *why)
{
    stop_thread(job);
    job->error = g_strdup(why);
    set_status(job, BLOCK_JOB_ABORTING);
    block_quiesce(job->graph);
    job->kind->end(job, false);
    block_go_on(job->graph);
    conclude(job);
}

/* What was written since the last step; nobody writes any more. */
static int take_rest(BlockJob *job)
{
    int r = job->mirrors ? 1 : 0;
    while (r > 0) {
        r = job->kind->step(job);
    }
    return r;
}

static void finalize(BlockJob *job)
{
    g_autoptr(GError) err = NULL;
    stop_thread(job);
    block_quiesce(job->graph);
    int r = take_rest(job);
    bool good = r == 0 || error_set(&err, "%s", g_strerror(-r));
    if (good && !job->stays && job->kind->commit) {
        good = job->kind->commit(job, &err);
    }
    job->kind->end(job, good && !job->stays);
    block_go_on(job->graph);
    if (!good) {
        job->error = g_strdup(err->message);
        set_status(job, BLOCK_JOB_ABORTING);
    }
    conclude(job);
}

static void finish(BlockJob *job)
{
    set_status(job, BLOCK_JOB_WAITING);
    set_status(job, BLOCK_JOB_PENDING);
    if (job->options.keep_pending) {
        tell(job, BLOCK_JOB_IS_PENDING);
    } else {
        finalize(job);
    }
}

/* Something has happened to a job: a step was the last one for now, or has failed; or it is to end. */
static void look_at(BlockJob *job)
{
    g_mutex_lock(&job->lock);
    int result = job->result;
    bool caught_up = job->caught_up, may_finish = job->may_finish;
    job->caught_up = job->may_finish = false;
    g_autofree char *why = job->why ? g_strdup(job->why->message)
                           : result < 0 ? g_strdup(g_strerror(-result)) : NULL;
    g_mutex_unlock(&job->lock);
    /* A job that is paused was done just before. */
    bool lives = job->status == BLOCK_JOB_RUNNING || job->status == BLOCK_JOB_READY ||
                 job->status == BLOCK_JOB_PAUSED || job->status == BLOCK_JOB_STANDBY;
    if (job->cancelled && job->status != BLOCK_JOB_CONCLUDED) {
        give_up(job, NULL);
    } else if (!lives && !(job->status == BLOCK_JOB_PENDING && result < 0)) {
        return;
    } else if (result < 0) {
        give_up(job, why);
    } else if (may_finish) {
        finish(job);
    } else if (caught_up && job->status == BLOCK_JOB_RUNNING) {
        set_status(job, BLOCK_JOB_READY);
        tell(job, BLOCK_JOB_IS_READY);
    }
}

static gboolean notice(gpointer data)
{
    BlockJob *job = data;
    Machine *machine = job->graph->machine;
    machine_lock(machine);
    g_mutex_lock(&job->lock);
    g_clear_pointer(&job->notice, g_source_unref);
    g_mutex_unlock(&job->lock);
    look_at(job);
    machine_unlock(machine);
    return G_SOURCE_REMOVE;
}

/* ---- what clients ask for ---- */

static bool refuse(const BlockJob *job, const char *verb, GError **err)
{
    return error_set(err, "Job '%s' in state '%s' cannot accept command verb '%s'", job->options.id,
                     block_job_status_name(job->status), verb);
}

static bool is_ready(const BlockJob *job)
{
    return job->status == BLOCK_JOB_READY || job->status == BLOCK_JOB_STANDBY;
}

static void ask(BlockJob *job, bool completing)
{
    g_mutex_lock(&job->lock);
    job->completing |= completing;
    job->next = 0;
    if (!completing) {
        call_main(job);
    }
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
}

bool block_job_cancel(BlockJob *job, bool force, GError **err)
{
    if (job->status == BLOCK_JOB_CONCLUDED || job->status == BLOCK_JOB_ABORTING) {
        return refuse(job, "cancel", err);
    }
    if (is_ready(job) && !force) {
        job->stays = true;
        ask(job, true);
        return true;
    }
    job->cancelled = true;
    ask(job, false);
    return true;
}

bool block_job_complete(BlockJob *job, GError **err)
{
    if (job->status == BLOCK_JOB_STANDBY) {
        return error_set(err, "Job '%s' is paused and so cannot be completed", job->options.id);
    }
    if (job->status != BLOCK_JOB_READY || job->cancelled || job->stays) {
        return refuse(job, "complete", err);
    }
    ask(job, true);
    return true;
}

bool block_job_finalize(BlockJob *job, GError **err)
{
    if (job->status != BLOCK_JOB_PENDING || job->cancelled) {
        return refuse(job, "finalize", err);
    }
    finalize(job);
    return true;
}

bool block_job_dismiss(BlockJob *job, GError **err)
{
    if (job->status != BLOCK_JOB_CONCLUDED) {
        return refuse(job, "dismiss", err);
    }
    leave(job);
    return true;
}

bool block_job_pause(BlockJob *job, bool pause, GError **err)
{
    BlockJobStatus from[2] = { BLOCK_JOB_RUNNING, BLOCK_JOB_READY };
    BlockJobStatus to[2] = { BLOCK_JOB_PAUSED, BLOCK_JOB_STANDBY };
    unsigned which = is_ready(job);
    if (job->status != (pause ? from : to)[which]) {
        return error_set(err, pause ? "Job '%s' cannot be paused now" : "Job '%s' is not paused",
                         job->options.id);
    }
    g_mutex_lock(&job->lock);
    job->paused = pause;
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
    set_status(job, (pause ? to : from)[which]);
    return true;
}

bool block_job_set_speed(BlockJob *job, uint64_t speed, GError **err)
{
    if (job->status == BLOCK_JOB_CONCLUDED || job->status == BLOCK_JOB_ABORTING || !job->kind->copies) {
        return refuse(job, "set-speed", err);
    }
    g_mutex_lock(&job->lock);
    job->speed = job->options.speed = speed;
    job->next = 0;
    g_cond_broadcast(&job->changed);
    g_mutex_unlock(&job->lock);
    return true;
}

/* ---- what they are told ---- */

BlockJob *block_job_at(BlockGraph *graph, unsigned n)
{
    return n < graph->jobs->len ? g_ptr_array_index(graph->jobs, n) : NULL;
}

BlockJob *block_job_find(BlockGraph *graph, const char *id)
{
    for (guint i = 0; i < graph->jobs->len; i++) {
        BlockJob *job = g_ptr_array_index(graph->jobs, i);
        if (strcmp(job->options.id, id) == 0) {
            return job;
        }
    }
    return NULL;
}

const char *block_job_id(const BlockJob *job)
{
    return job->options.id;
}

const char *block_job_type(const BlockJob *job)
{
    return job->kind->type;
}

BlockJobStatus block_job_status(const BlockJob *job)
{
    return job->status;
}

bool block_job_copies(const BlockJob *job)
{
    return job->kind->copies;
}

void block_job_progress(BlockJob *job, uint64_t *done, uint64_t *total)
{
    *done = __atomic_load_n(&job->done, __ATOMIC_RELAXED);
    *total = __atomic_load_n(&job->total, __ATOMIC_RELAXED);
    *total = MAX(*done, *total);
}

const char *block_job_error(const BlockJob *job)
{
    return job->error;
}

const BlockJobOptions *block_job_options(const BlockJob *job)
{
    return &job->options;
}

void block_graph_on_job(BlockGraph *graph, void (*happened)(void *opaque, BlockJob *job, BlockJobEvent event),
                        void *opaque)
{
    graph->job_event = happened;
    graph->job_opaque = opaque;
}
